import type { CameraReport, Drift, ReceivedTrack } from '../../../../shared/report.ts';
import { bitrateText, codecName } from './format.ts';

/** One line of a camera report. */
export interface ReportRow {
  readonly name: string;
  readonly text: string;
}

/** A camera report as lines for people; what was not measured has none. */
export function reportRows(report: CameraReport): ReportRow[] {
  const connection = report.camera?.connection;
  const video = report.camera?.received.find(({ kind }) => kind === 'video');
  const audio = report.camera?.received.find(({ kind }) => kind === 'audio');
  const rows: [string, (string | undefined)[]][] = [
    ['Camera', [connection?.server, connection?.address]],
    ['Video', videoText(report)],
    ['Pictures', picturesText(report, video)],
    ['Key frames', keyFramesText(report)],
    ['B-frames', [bFramesText(report)]],
    ['Parameter sets', [setsText(video)]],
    ['Sound', audioText(report)],
    ['Transport', transportText(report)],
    ['Log-in', [authenticationText(report)]],
    ['Video packets', packetsText(video)],
    ['Sound packets', packetsText(audio)],
    ['Clock', clockText(report)],
    ['Offered', connection?.offered.map(offeredText) ?? []],
  ];
  return rows
    .map(([name, parts]) => ({
      name,
      text: parts.filter((part) => part !== undefined && part !== '').join(' · '),
    }))
    .filter(({ text }) => text !== '');
}

function videoText({ video }: CameraReport): (string | undefined)[] {
  if (video === undefined) return [];
  const { codec, profile, width, height, bitrateKbps } = video;
  const rate = bitrateKbps === undefined ? undefined : bitrateText(bitrateKbps);
  return [`${codecName(codec)} ${profile}`, `${width} × ${height}`, rate];
}

function picturesText(
  { video, pictures }: CameraReport,
  track: ReceivedTrack | undefined,
): (string | undefined)[] {
  const fps = (value: number | undefined, what: string) =>
    value === undefined ? undefined : `${tenths(value)} fps ${what}`;
  return [
    fps(pictures?.fps, 'measured'),
    fps(video?.declaredFps, 'declared'),
    fps(track?.timestampFps, 'by time stamps'),
    pictures?.largestGapMs === undefined ? undefined : `longest gap ${pictures.largestGapMs} ms`,
  ];
}

function keyFramesText({ pictures }: CameraReport): (string | undefined)[] {
  const { intervalMs, meanBytes } = pictures?.keyFrames ?? {};
  if (intervalMs === undefined) return [];
  const { mean, min, max, stdDev } = intervalMs;
  return [
    max - min < 100
      ? `every ${tenths(mean / 1000)} s, evenly`
      : `every ${tenths(mean / 1000)} s (${tenths(min / 1000)} to ${tenths(max / 1000)} s, ± ${tenths(stdDev / 1000)} s)`,
    meanBytes === undefined ? undefined : `${Math.round(meanBytes / 1000)} kB each`,
  ];
}

function bFramesText({ pictures }: CameraReport): string | undefined {
  if (pictures === undefined) return undefined;
  const { kind, share, reorderDepth } = pictures.bFrames;
  if (kind === 'none') return 'none';
  const need = kind === 'disposable' ? 'no other picture needs them' : 'other pictures need them';
  return `${Math.round(share * 100)} % of the pictures, ${need}, ${reorderDepth} held back`;
}

function setsText(track: ReceivedTrack | undefined): string | undefined {
  const sets = track?.parameterSets;
  if (sets === undefined) return undefined;
  const places = [sets.inSdp ? 'in the description' : '', inBandText(sets)].filter((place) => place !== '');
  if (sets.changes > 0) places.push(`changed ${sets.changes === 1 ? 'once' : `${sets.changes} times`}`);
  return places.length === 0 ? 'none seen' : places.join(', ');
}

function inBandText({
  inBand,
  keyFrames,
  keyFramesWithSets,
}: NonNullable<ReceivedTrack['parameterSets']>): string {
  if (!inBand) return '';
  return keyFrames > 0 && keyFramesWithSets >= keyFrames - 1
    ? 'before every key frame'
    : 'now and then in the stream';
}

function audioText({ audio }: CameraReport): string[] {
  if (audio === undefined) return [];
  const channels = audio.channels === 1 ? 'mono' : `${audio.channels} channels`;
  return [codecName(audio.codec), `${audio.clockRate / 1000} kHz`, channels];
}

function transportText({ camera }: CameraReport): (string | undefined)[] {
  if (camera === undefined) return [];
  const { transport, encrypted, keepAlive } = camera.connection;
  return [
    `${transport.used?.toUpperCase() ?? 'none yet'} (set: ${transport.configured})`,
    encrypted ? 'encrypted' : undefined,
    keepAlive === undefined
      ? undefined
      : `kept alive by ${keepAlive.method} every ${keepAlive.everyMs / 1000} s`,
    transport.why,
  ];
}

function authenticationText({ camera }: CameraReport): string | undefined {
  if (camera === undefined) return undefined;
  const { scheme, algorithm } = camera.connection.authentication;
  if (scheme === 'none') return 'none asked for';
  return scheme === 'basic' ? 'Basic' : `Digest ${algorithm ?? ''}`.trim();
}

function packetsText(track: ReceivedTrack | undefined): (string | undefined)[] {
  if (track === undefined || track.packets.count === 0) return [];
  const { packets, lossPercent, jitterMs, latePackets = 0, clockDrift } = track;
  return [
    `${packets.meanBytes} bytes each, at most ${packets.maxBytes}`,
    `${lossPercent} % lost`,
    latePackets === 0 ? undefined : `${latePackets} late`,
    `jitter ${jitterMs} ms`,
    clockDrift === undefined ? undefined : `time stamps ${driftText(clockDrift)}`,
  ];
}

function clockText({ clock, camera }: CameraReport): (string | undefined)[] {
  const offset = clock?.offsetMs;
  const drift = camera?.wallClockDrift;
  return [
    offset === undefined
      ? undefined
      : `${Math.abs(offset)} ms ${offset >= 0 ? 'ahead of' : 'behind'} this gateway`,
    // Measured on few reports it says nothing yet.
    drift === undefined || drift.uncertaintyPpm > 100 ? undefined : `drift ${driftText(drift)}`,
  ];
}

function offeredText({ kind, encoding, used }: { kind: string; encoding: string; used: boolean }): string {
  return `${kind} ${encoding}${used ? '' : ' (not used)'}`;
}

function driftText({ ppm, uncertaintyPpm }: Drift): string {
  const rounded = Math.round(ppm);
  return `${rounded > 0 ? '+' : ''}${rounded} ± ${Math.ceil(uncertaintyPpm)} ppm`;
}

const tenths = (value: number) => String(Math.round(value * 10) / 10);
