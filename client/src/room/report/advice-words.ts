import type { Advice } from '../../../../shared/report.ts';
import { waitText } from '../cameras/wait-text.ts';
import { language } from '../i18n/index.ts';

/** What the gateway advises, in German; the figures stand in the report's lines. */
export const GERMAN_ADVICE: Readonly<Record<string, string>> = {
  PACKET_LOSS:
    'Pakete des Videos gehen verloren, darum fehlen Bilder bis zum nächsten Schlüsselbild. Bessern Sie das Netz zwischen Kamera und Gateway (schwaches WLAN, volle Leitung), nehmen Sie TCP oder senken Sie die Bitrate der Kamera.',
  NO_PARAMETER_SETS:
    'Die Kamera nennt ihre Parametersätze (SPS, PPS) weder in der Beschreibung noch im Stream; so ist nichts zu dekodieren. Starten Sie sie neu oder aktualisieren Sie ihre Firmware.',
  TIMESTAMPS_AT_WRONG_PACE:
    'Die Zeitstempel sagen eine andere Bildrate, als wirklich ankommt. Sluice richtet sich nach der Ankunft; andere Abspieler laufen nach. Stellen Sie in der Kamera eine Bildrate ein, die sie halten kann.',
  DECLARED_FPS_WRONG:
    'Die Kamera nennt eine andere Bildrate, als sie sendet. Sluice misst selbst; manche Abspieler verlassen sich auf die Angabe.',
  KEY_FRAMES_FAR_APART:
    'Schlüsselbilder kommen selten. Neue Zuschauer, verlorene Pakete und Sprünge warten auf das nächste: Stellen Sie den I-Frame-Abstand (GOP) auf 1 bis 2 s.',
  KEY_FRAMES_UNEVEN:
    'Schlüsselbilder kommen ungleichmäßig, wie es „smarte“ Codecs tun (H.264+, Smart Codec, Zipstream): Schalten Sie das aus oder stellen Sie einen festen I-Frame-Abstand ein.',
  KEY_FRAMES_CLOSE:
    'Schlüsselbilder kommen sehr oft, das kostet Bitrate. Alle 1 s genügt, damit Zuschauer schnell dabei sind.',
  B_FRAMES:
    'Die Kamera sendet B-Bilder, die verzögern und die WebRTC nicht zeigen kann: Dort fehlen sie, mit niedrigerer Bildrate. Schalten Sie B-Bilder aus oder wählen Sie das Profil Baseline.',
  B_FRAMES_REFERENCED:
    'Die Kamera sendet B-Bilder, die andere Bilder brauchen; für WebRTC lassen sie sich nicht weglassen, und Browser nehmen HLS, Sekunden später. Schalten Sie B-Bilder aus oder wählen Sie das Profil Baseline.',
  H265: 'Das Video ist H.265. Aufgenommen wird es so; für WebRTC muss es umgewandelt werden, das kostet Rechenzeit und etwas Verzögerung. Wählen Sie H.264, wo das Zusehen mehr zählt als der Platz.',
  AAC: 'Der Ton ist AAC, das WebRTC nicht überträgt: Er wird in Opus umgewandelt, solange jemand zusieht. Mit G.711 in der Kamera entfällt das.',
  UNUSUAL_PROFILE:
    'Dieses Profil von H.264 können Browser selten. Wählen Sie in der Kamera Baseline, Main oder High.',
  PACKETS_OVER_MTU:
    'Videopakete kommen über UDP und sind so groß, dass sie unterwegs zerteilt werden; geht ein Stück verloren, ist das ganze Paket verloren. Senken Sie die MTU der Kamera auf 1400 oder nehmen Sie TCP.',
  JITTER:
    'Die Pakete kommen ungleichmäßig, darum halten Abspieler mehr zurück. Suchen Sie nach schwachem WLAN oder einem überlasteten Switch.',
  PICTURES_STALL: 'Zwischendurch kamen keine Bilder. Die Kamera oder ihr Netz stockt.',
  TIMESTAMP_JUMPS:
    'Die Zeitstempel der Kamera sind gesprungen. Sluice gleicht das aus. Kameras tun das, wenn ihre Uhr im Betrieb gestellt wird: Geben Sie ihnen einen NTP-Server, der immer da ist.',
  STREAM_RESTARTS:
    'Die Kamera hat ihren Stream ungefragt neu begonnen, wie nach einer Änderung ihrer Einstellungen.',
  MEDIA_CLOCK_DRIFTS: 'Die Zeitstempel laufen zu schnell oder zu langsam. Sluice gleicht das aus.',
  CLOCK_OFF: 'Die Uhr der Kamera geht falsch. Stellen Sie in der Kamera einen NTP-Server ein.',
  CLOCK_DRIFTS:
    'Die Uhr der Kamera läuft zu schnell oder zu langsam. Stellen Sie in ihr einen NTP-Server ein.',
  NO_SENDER_REPORTS:
    'Die Kamera sendet keine Berichte (RTCP), die Ton und Bild verbinden; beide werden nach der Ankunft zusammengebracht und können etwas auseinander liegen.',
  PASSWORD_IN_CLEAR:
    'Die Kamera nimmt das Passwort unverschlüsselt (Basic). Stellen Sie ihre RTSP-Anmeldung auf Digest oder nehmen Sie rtsps://.',
  NO_PASSWORD: 'Die Kamera fragt nach keinem Passwort: Jeder in ihrem Netz kann zusehen.',
  UDP_SET:
    'Die Verbindung ist auf UDP gestellt, das nichts wiederholt, was im Netz verloren geht. Lassen Sie sie auf Automatisch, außer die Kamera braucht UDP.',
  PARAMETER_SETS_CHANGE:
    'Die Kamera hat im Betrieb ihre Parametersätze gewechselt, wie zwischen Tag- und Nachtprofil. Aufnahmen haben dort einen Schnitt.',
  NO_MARKERS:
    'Die Kamera kennzeichnet das Ende ihrer Bilder nicht (RTP-Marker); jedes gilt erst als ganz, wenn das nächste kommt: ein Bild Verzögerung.',
  HIGH_BITRATE:
    'Der Stream braucht für jeden Zuschauer viel Bitrate. Geben Sie der Kamera für schmale Leitungen einen zweiten Stream.',
  TRACKS_NOT_USED: 'Manches, was die Kamera anbietet, wird nicht genutzt.',
  NOT_STARTED:
    'Die Kamera wird nur verbunden, solange jemand zusieht, und bisher sah niemand zu; darum ist nichts von ihr bekannt.',
};

/** A piece of advice in the page's language; what the page has no words for stays as the gateway says it. */
export function adviceText({ code, message }: Advice): string {
  if (language.value === 'en') return message;
  const reason = waitText(code);
  return GERMAN_ADVICE[code] ?? (reason === undefined ? message : `${reason.title}. ${reason.todo}`);
}
