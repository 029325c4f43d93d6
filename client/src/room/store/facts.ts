import type { StreamState, StreamStatus } from '../../../../shared/stream.ts';
import { bitrate, day, number, size, timeOfDay } from '../i18n/formats.ts';
import { texts } from '../i18n/index.ts';

const t = texts({
  en: {
    live: 'Live',
    connecting: 'Connecting',
    waiting: 'Waiting',
    idle: 'On demand',
    viewers: '{viewers, plural, one {# viewer} other {# viewers}}',
    kept: '{size} kept',
    'kept-since': '{size} kept since {since}',
    'room-days': 'room for about {days, plural, one {# day} other {# days}}',
    'room-hours': 'room for about {hours, plural, one {# hour} other {# hours}}',
  },
  de: {
    live: 'Live',
    connecting: 'Verbindet',
    waiting: 'Wartet',
    idle: 'Auf Abruf',
    viewers: '{viewers, plural, one {# Zuschauer} other {# Zuschauer}}',
    kept: '{size} aufbewahrt',
    'kept-since': '{size} aufbewahrt seit {since}',
    'room-days': 'Platz für etwa {days, plural, one {# Tag} other {# Tage}}',
    'room-hours': 'Platz für etwa {hours, plural, one {# Stunde} other {# Stunden}}',
  },
});

/** What a stream's state is called. */
export function stateName(state: StreamState): string {
  return t(state);
}

const CODEC_NAMES: ReadonlyMap<string, string> = new Map([
  ['h264', 'H.264'],
  ['h265', 'H.265'],
  ['pcmu', 'G.711'],
  ['pcma', 'G.711'],
  ['g722', 'G.722'],
  ['aac', 'AAC'],
  ['opus', 'Opus'],
]);

export function codecName(codec: string): string {
  return CODEC_NAMES.get(codec.toLowerCase()) ?? codec.toUpperCase();
}

/** `H.264 High · 1920 × 1080 · 25 fps · 4.1 Mbit/s · Opus`: as much of it as is known. */
export function factsLine(status: StreamStatus): string {
  const { codec, profile, width, height, fps, bitrateKbps, audioCodec } = status;
  const video = [codec === undefined ? '' : codecName(codec), profile ?? ''].filter((part) => part !== '');
  return [
    video.join(' '),
    width === undefined || height === undefined ? '' : `${width} × ${height}`,
    fps === undefined ? '' : `${number(fps, 1)} fps`,
    bitrateKbps === undefined ? '' : bitrate(bitrateKbps),
    audioCodec === undefined ? '' : codecName(audioCodec),
  ]
    .filter((part) => part !== '')
    .join(' · ');
}

/** Why a live picture is not just what the camera sends, and how it comes from there; none where all is well. */
export function notesOf({ state, transportReason, webrtc }: StreamStatus): string[] {
  if (state !== 'live') return [];
  // Where there is no WebRTC the player tells why, beside what it plays instead.
  const way = webrtc?.video === 'unavailable' ? undefined : webrtc?.reason;
  return [transportReason, way].filter((note) => note !== undefined);
}

/** Those who watch as HLS or read over RTSP are not among them; empty where there are none. */
export function viewersText(viewers: number): string {
  return viewers === 0 ? '' : t('viewers', { viewers });
}

/** `3.2 GB kept since 14 Nov 2026 10:20 · room for about 12 days`: as much of it as is known. */
export function keptText({ bytes, oldestMs, daysLeft }: StreamStatus['recorder']): string {
  if (bytes === undefined || bytes === 0) return '';
  const kept =
    oldestMs === undefined
      ? t('kept', { size: size(bytes) })
      : t('kept-since', {
          size: size(bytes),
          since: `${day(oldestMs)} ${timeOfDay(oldestMs).slice(0, 5)}`,
        });
  if (daysLeft === undefined) return kept;
  const room =
    daysLeft < 2
      ? t('room-hours', { hours: Math.max(1, Math.round(daysLeft * 24)) })
      : t('room-days', { days: Math.round(daysLeft) });
  return `${kept} · ${room}`;
}
