import type { Advice, CameraReport, ReceivedTrack } from '../../shared/report.ts';
import { notLiveAdvice } from './not-live-advice.ts';

type Facts = Omit<CameraReport, 'advice'>;
type Rule = (facts: Facts) => Advice | undefined;

/** Key frames further apart make joining, recovery and seeking slow. */
const LONG_KEY_INTERVAL_MS = 4_000;
const SHORT_KEY_INTERVAL_MS = 500;
/** Less is what a good quartz and our own measuring leave. */
const DRIFT_PPM = 200;
const CLOCK_OFF_MS = 2_000;
const JITTER_MS = 40;
const LOSS_PERCENT = 0.1;
/** Up to here a viewer over WebRTC on a usual line is served well. */
const HIGH_BITRATE_KBPS = 8_000;

/**
 * Plain advice for each thing that costs latency or compatibility, the worst first. Each rule is for itself and says
 * nothing where its figures were not measured.
 */
export function cameraAdvice(facts: Facts): Advice[] {
  return RULES.map((rule) => rule(facts))
    .filter((advice) => advice !== undefined)
    .sort((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity));
}

const ORDER: readonly Advice['severity'][] = ['problem', 'warning', 'note'];

const RULES: readonly Rule[] = [
  notLiveAdvice,
  loss,
  missingParameterSets,
  oddFrameRate,
  longKeyInterval,
  unevenKeyInterval,
  shortKeyInterval,
  bFrames,
  h265,
  aac,
  unusualProfile,
  udpPacketsOverMtu,
  jitter,
  stutter,
  timestamps,
  restarts,
  mediaClockDrift,
  wallClock,
  noSenderReports,
  authentication,
  udpTransport,
  changingParameterSets,
  markers,
  highBitrate,
  unusedTracks,
];

function loss(facts: Facts): Advice | undefined {
  const video = received(facts, 'video');
  if (video === undefined || video.lossPercent < LOSS_PERCENT) return undefined;
  return problem(
    'PACKET_LOSS',
    `Of the video's packets ${video.lossPercent} % are lost, so pictures are missing up to the next key frame. ${againstLoss(facts)}`,
  );
}

function againstLoss({ camera }: Facts): string {
  const { used, configured } = camera?.connection.transport ?? {};
  if (used === 'tcp')
    return 'Over TCP only the camera itself can lose them: lower its bit rate, or restart it.';
  const network = 'Mend the network between it and the gateway (a weak wireless link, a full uplink)';
  if (configured === 'udp')
    return `${network}, or set the transport of the source to auto: TCP loses nothing.`;
  return `${network}, or lower its bit rate; it goes over to TCP by itself where the camera takes that.`;
}

/** Pictures that the network lost are missing in all that counts pictures; the loss is the thing to tell then. */
function isLossy(facts: Facts): boolean {
  return (received(facts, 'video')?.lossPercent ?? 0) >= LOSS_PERCENT;
}

function missingParameterSets(facts: Facts): Advice | undefined {
  const sets = received(facts, 'video')?.parameterSets;
  if (sets === undefined || sets.inSdp || sets.inBand) return undefined;
  if ((received(facts, 'video')?.packets.count ?? 0) < 100) return undefined;
  return problem(
    'NO_PARAMETER_SETS',
    'The camera tells its parameter sets (SPS, PPS) neither in its description nor in the stream, so nothing can be decoded. Restart it, or update its firmware.',
  );
}

function oddFrameRate(facts: Facts): Advice | undefined {
  const { video, pictures, camera } = facts;
  const real = pictures?.fps;
  const declared = video?.declaredFps;
  const claimed = camera?.received.find(({ kind }) => kind === 'video')?.timestampFps;
  if (real === undefined || real <= 0 || isLossy(facts)) return undefined;
  if (claimed !== undefined && Math.abs(claimed - real) > Math.max(0.5, real * 0.05)) {
    return warning(
      'TIMESTAMPS_AT_WRONG_PACE',
      `The time stamps say ${tenths(claimed)} pictures a second, but ${tenths(real)} come. Sluice goes by arrival; players that take the camera's time run late. Set a frame rate in the camera that it can keep.`,
    );
  }
  if (declared === undefined || Math.abs(declared - real) <= Math.max(1, real * 0.1)) return undefined;
  return note(
    'DECLARED_FPS_WRONG',
    `The camera declares ${tenths(declared)} pictures a second and sends ${tenths(real)}. Sluice measures; some players trust the declaration.`,
  );
}

function longKeyInterval({ pictures }: Facts): Advice | undefined {
  const { intervalMs, sinceMs = 0 } = pictures?.keyFrames ?? {};
  const mean = intervalMs?.mean ?? 0;
  // Before the second key frame nothing but its absence tells.
  const meanMs = Math.max(mean, sinceMs > 2 * mean ? sinceMs : 0);
  if (meanMs <= LONG_KEY_INTERVAL_MS) return undefined;
  const often =
    meanMs === mean ? `every ${seconds(mean)} s` : `seldom: the last was ${seconds(sinceMs)} s ago`;
  return warning(
    'KEY_FRAMES_FAR_APART',
    `Key frames come ${often}. A new viewer, a lost packet and a seek wait for the next one: set the I-frame interval (GOP) to 1 or 2 s.`,
  );
}

function unevenKeyInterval(facts: Facts): Advice | undefined {
  const { pictures } = facts;
  const interval = pictures?.keyFrames.intervalMs;
  if (interval === undefined || isLossy(facts) || (pictures?.keyFrames.count ?? 0) < 6) return undefined;
  if (interval.stdDev <= Math.max(250, interval.mean * 0.25)) return undefined;
  return warning(
    'KEY_FRAMES_UNEVEN',
    `Key frames come between ${seconds(interval.min)} and ${seconds(interval.max)} s apart. That is what "smart" codecs (H.264+, Smart Codec, Zipstream) do: switch it off, or set a fixed I-frame interval.`,
  );
}

function shortKeyInterval({ pictures }: Facts): Advice | undefined {
  const interval = pictures?.keyFrames.intervalMs;
  if (interval === undefined || interval.mean >= SHORT_KEY_INTERVAL_MS) return undefined;
  return note(
    'KEY_FRAMES_CLOSE',
    `Key frames come every ${interval.mean} ms, which costs bit rate. 1 s is enough for quick joining.`,
  );
}

function bFrames({ pictures }: Facts): Advice | undefined {
  if (pictures === undefined || pictures.bFrames.kind === 'none') return undefined;
  const { kind, reorderDepth } = pictures.bFrames;
  const advice = 'Switch B-frames off in the camera, or choose the Baseline profile.';
  if (kind === 'disposable') {
    return warning(
      'B_FRAMES',
      `The camera sends B-frames (${reorderDepth} held back), which add delay and which WebRTC cannot show: its viewers get the stream without them, at a lower frame rate. ${advice}`,
    );
  }
  return warning(
    'B_FRAMES_REFERENCED',
    `The camera sends B-frames that other pictures need, so they cannot be left out for WebRTC; browsers fall back to HLS, seconds later. ${advice}`,
  );
}

function h265({ video }: Facts): Advice | undefined {
  if (video?.codec !== 'h265') return undefined;
  return warning(
    'H265',
    'The video is H.265. It is recorded as it is, but for WebRTC it has to be converted, which costs CPU and some delay. Choose H.264 in the camera where viewing counts more than disk.',
  );
}

function aac({ audio }: Facts): Advice | undefined {
  if (audio?.codec !== 'aac') return undefined;
  return note(
    'AAC',
    'The sound is AAC, which WebRTC does not carry: it is converted to Opus while somebody watches. Choose G.711 in the camera to do without.',
  );
}

function unusualProfile({ video }: Facts): Advice | undefined {
  if (video?.codec !== 'h264' || /^(42|4d|58|64)/.test(video.codecString)) return undefined;
  return warning(
    'UNUSUAL_PROFILE',
    `Browsers rarely decode H.264 ${video.profile}. Choose Baseline, Main or High in the camera.`,
  );
}

function udpPacketsOverMtu(facts: Facts): Advice | undefined {
  const video = received(facts, 'video');
  if (facts.camera?.connection.transport.used !== 'udp' || video === undefined) return undefined;
  if (video.packets.overMtu === 0) return undefined;
  return warning(
    'PACKETS_OVER_MTU',
    `Video packets of up to ${video.packets.maxBytes} bytes come over UDP and are cut up on the way; one lost piece loses the whole packet. Lower the camera's MTU to 1400, or set the transport to tcp.`,
  );
}

function jitter(facts: Facts): Advice | undefined {
  const video = received(facts, 'video');
  // Key frames that take long to send look like jitter too, at any camera: only much counts.
  if (video === undefined || video.jitterMs <= JITTER_MS) return undefined;
  return warning(
    'JITTER',
    `The packets come unevenly (jitter ${video.jitterMs} ms), so players hold more back. Look for a weak wireless link or a busy switch.`,
  );
}

function stutter(facts: Facts): Advice | undefined {
  const { fps, largestGapMs } = facts.pictures ?? {};
  if (fps === undefined || largestGapMs === undefined || fps <= 0 || isLossy(facts)) return undefined;
  if (largestGapMs <= Math.max(500, (10 * 1000) / fps)) return undefined;
  return warning(
    'PICTURES_STALL',
    `Within ten seconds there were ${seconds(largestGapMs)} s without a picture. The camera or its network stalls.`,
  );
}

function timestamps(facts: Facts): Advice | undefined {
  const jumps = Math.max(0, ...(facts.camera?.received.map((track) => track.timestampJumps) ?? []));
  if (jumps === 0) return undefined;
  return note(
    'TIMESTAMP_JUMPS',
    `The camera's time stamps jumped ${jumps === 1 ? 'once' : `${jumps} times`} on this connection. Sluice evens that out. Cameras do it when their clock is set while they run: give them an NTP server that is always there.`,
  );
}

function restarts(facts: Facts): Advice | undefined {
  const count = Math.max(0, ...(facts.camera?.received.map((track) => track.restarts) ?? []));
  if (count === 0) return undefined;
  return note(
    'STREAM_RESTARTS',
    `The camera began its stream anew ${count === 1 ? 'once' : `${count} times`} without being asked (its SSRC changed), as after a change of its settings.`,
  );
}

function mediaClockDrift(facts: Facts): Advice | undefined {
  const drift = received(facts, 'video')?.clockDrift;
  if (drift === undefined || Math.abs(drift.ppm) - drift.uncertaintyPpm <= DRIFT_PPM) return undefined;
  // A wrong pace altogether is told as such.
  if (Math.abs(drift.ppm) > 20_000) return undefined;
  return note('MEDIA_CLOCK_DRIFTS', `The time stamps run ${driftText(drift.ppm)}. Sluice evens that out.`);
}

function wallClock({ clock, camera }: Facts): Advice | undefined {
  const { offsetMs, trusted } = clock ?? {};
  const drift = camera?.wallClockDrift;
  if (offsetMs !== undefined && Math.abs(offsetMs) > CLOCK_OFF_MS) {
    const which = offsetMs > 0 ? 'ahead of' : 'behind';
    const text = `The camera's clock is ${spanText(Math.abs(offsetMs))} ${which} this machine's. Set an NTP server in the camera.`;
    return trusted === true
      ? problem(
          'CLOCK_OFF',
          `${text} Recordings carry the camera's wrong time, since trustCameraClock is set for this source.`,
        )
      : note('CLOCK_OFF', `${text} Recordings go by this machine's clock.`);
  }
  if (drift === undefined || Math.abs(drift.ppm) - drift.uncertaintyPpm <= DRIFT_PPM) return undefined;
  return note('CLOCK_DRIFTS', `The camera's clock runs ${driftText(drift.ppm)}. Set an NTP server in it.`);
}

function noSenderReports({ camera }: Facts): Advice | undefined {
  const tracks = camera?.received ?? [];
  if (tracks.length < 2 || tracks.some(({ packets }) => packets.count < 200)) return undefined;
  if (tracks.every(({ senderReports }) => senderReports.count > 0)) return undefined;
  return note(
    'NO_SENDER_REPORTS',
    'The camera sends no reports (RTCP) that tie sound to picture, so they are matched by arrival and may be off a little.',
  );
}

function authentication({ camera }: Facts): Advice | undefined {
  if (camera === undefined) return undefined;
  const { authentication: asked, encrypted } = camera.connection;
  if (asked.scheme === 'basic' && !encrypted) {
    return warning(
      'PASSWORD_IN_CLEAR',
      'The camera takes the password unencrypted (Basic). Set its RTSP authentication to Digest, or use rtsps://.',
    );
  }
  if (asked.scheme === 'none' && camera.received.length > 0) {
    return note('NO_PASSWORD', 'The camera asks for no password: anybody in its network can watch.');
  }
  return undefined;
}

function udpTransport({ camera }: Facts): Advice | undefined {
  const transport = camera?.connection.transport;
  if (transport?.used !== 'udp' || transport.configured !== 'udp') return undefined;
  return note(
    'UDP_SET',
    'The transport is set to udp, which cannot repeat what the network loses. Leave it at auto unless the camera needs UDP.',
  );
}

function changingParameterSets(facts: Facts): Advice | undefined {
  const sets = received(facts, 'video')?.parameterSets;
  if (sets === undefined || sets.changes === 0) return undefined;
  return note(
    'PARAMETER_SETS_CHANGE',
    `The camera changed its parameter sets ${sets.changes === 1 ? 'once' : `${sets.changes} times`} while it ran, as at a switch between day and night profiles. Recordings get a cut there.`,
  );
}

function markers(facts: Facts): Advice | undefined {
  const without = received(facts, 'video')?.withoutMarker;
  if (without === undefined || without < 0.5) return undefined;
  return warning(
    'NO_MARKERS',
    'The camera does not mark the end of its pictures (RTP marker bit), so each is known to be whole only when the next one comes: that is one picture of delay.',
  );
}

function highBitrate({ video }: Facts): Advice | undefined {
  if (video?.bitrateKbps === undefined || video.bitrateKbps <= HIGH_BITRATE_KBPS) return undefined;
  return note(
    'HIGH_BITRATE',
    `The stream takes ${tenths(video.bitrateKbps / 1000)} Mbit/s for each viewer. For viewers on thin lines, give the source a sub-stream (source.sub).`,
  );
}

function unusedTracks({ camera }: Facts): Advice | undefined {
  const unused = camera?.connection.offered.filter(({ used }) => !used) ?? [];
  if (unused.length === 0 || camera?.received.length === 0) return undefined;
  const names = unused.slice(0, 4).map(({ kind, encoding }) => `${kind} ${encoding}`.trim());
  return note('TRACKS_NOT_USED', `Not used of what the camera offers: ${names.join(', ')}.`);
}

function received({ camera }: Facts, kind: ReceivedTrack['kind']): ReceivedTrack | undefined {
  return camera?.received.find((track) => track.kind === kind);
}

const problem = (code: string, message: string): Advice => ({ code, severity: 'problem', message });
const warning = (code: string, message: string): Advice => ({ code, severity: 'warning', message });
const note = (code: string, message: string): Advice => ({ code, severity: 'note', message });

const tenths = (value: number) => String(Math.round(value * 10) / 10);
const seconds = (ms: number) => tenths(ms / 1000);

function driftText(ppm: number): string {
  const perDayS = (Math.abs(ppm) / 1e6) * 86_400;
  return `${ppm > 0 ? 'fast' : 'slow'} by ${Math.round(Math.abs(ppm))} ppm (${tenths(perDayS)} s in a day)`;
}

function spanText(ms: number): string {
  const s = ms / 1000;
  if (s < 120) return `${tenths(s)} s`;
  if (s < 7_200) return `${Math.round(s / 60)} minutes`;
  return s < 172_800 ? `${Math.round(s / 3600)} hours` : `${Math.round(s / 86_400)} days`;
}
