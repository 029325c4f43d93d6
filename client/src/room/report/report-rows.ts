import type { CameraReport, Drift, ReceivedTrack } from '../../../../shared/report.ts';
import { bitrate, number, size } from '../i18n/formats.ts';
import { codecName } from '../store/facts.ts';
import { t } from './texts.ts';

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
    [t('camera'), [connection?.server, connection?.address]],
    [t('video'), videoText(report)],
    [t('pictures'), picturesText(report, video)],
    [t('key-frames'), keyFramesText(report)],
    [t('b-frames'), [bFramesText(report)]],
    [t('sets'), [setsText(video)]],
    [t('sound'), audioText(report)],
    [t('transport'), transportText(report)],
    [t('log-in'), [authenticationText(report)]],
    [t('video-packets'), packetsText(video)],
    [t('sound-packets'), packetsText(audio)],
    [t('clock'), clockText(report)],
    [t('offered'), connection?.offered.map(offeredText) ?? []],
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
  const rate = bitrateKbps === undefined ? undefined : bitrate(bitrateKbps);
  return [`${codecName(codec)} ${profile}`, `${width} × ${height}`, rate];
}

function picturesText(
  { video, pictures }: CameraReport,
  track: ReceivedTrack | undefined,
): (string | undefined)[] {
  const fps = (value: number | undefined, key: 'fps-measured' | 'fps-declared' | 'fps-stamps') =>
    value === undefined ? undefined : t(key, { fps: number(value, 1) });
  return [
    fps(pictures?.fps, 'fps-measured'),
    fps(video?.declaredFps, 'fps-declared'),
    fps(track?.timestampFps, 'fps-stamps'),
    pictures?.largestGapMs === undefined
      ? undefined
      : t('longest-gap', { ms: number(pictures.largestGapMs) }),
  ];
}

function keyFramesText({ pictures }: CameraReport): (string | undefined)[] {
  const { intervalMs, meanBytes } = pictures?.keyFrames ?? {};
  if (intervalMs === undefined) return [];
  const seconds = (ms: number): string => number(ms / 1000, 1);
  const { mean, min, max, stdDev } = intervalMs;
  return [
    max - min < 100
      ? t('key-evenly', { mean: seconds(mean) })
      : t('key-unevenly', {
          ...{ mean: seconds(mean), min: seconds(min), max: seconds(max) },
          deviation: seconds(stdDev),
        }),
    meanBytes === undefined ? undefined : t('key-size', { size: size(meanBytes) }),
  ];
}

function bFramesText({ pictures }: CameraReport): string | undefined {
  if (pictures === undefined) return undefined;
  const { kind, share, reorderDepth } = pictures.bFrames;
  if (kind === 'none') return t('none');
  return t(kind === 'disposable' ? 'b-disposable' : 'b-needed', {
    share: number(share * 100),
    depth: number(reorderDepth),
  });
}

function setsText(track: ReceivedTrack | undefined): string | undefined {
  const sets = track?.parameterSets;
  if (sets === undefined) return undefined;
  const places = [sets.inSdp ? t('sets-sdp') : '', inBandText(sets)].filter((place) => place !== '');
  if (sets.changes > 0) places.push(t('sets-changed', { changes: sets.changes }));
  return places.length === 0 ? t('sets-none') : places.join(', ');
}

function inBandText({
  inBand,
  keyFrames,
  keyFramesWithSets,
}: NonNullable<ReceivedTrack['parameterSets']>): string {
  if (!inBand) return '';
  return t(keyFrames > 0 && keyFramesWithSets >= keyFrames - 1 ? 'sets-every' : 'sets-some');
}

function audioText({ audio }: CameraReport): string[] {
  if (audio === undefined) return [];
  const channels = audio.channels === 1 ? t('mono') : t('channels', { channels: audio.channels });
  return [codecName(audio.codec), `${number(audio.clockRate / 1000, 3)} kHz`, channels];
}

function transportText({ camera }: CameraReport): (string | undefined)[] {
  if (camera === undefined) return [];
  const { transport, encrypted, keepAlive } = camera.connection;
  return [
    t('transport-used', {
      used: transport.used?.toUpperCase() ?? t('transport-none'),
      configured: transport.configured,
    }),
    encrypted ? t('encrypted') : undefined,
    keepAlive === undefined
      ? undefined
      : t('keep-alive', { method: keepAlive.method, seconds: number(keepAlive.everyMs / 1000, 1) }),
    transport.why,
  ];
}

function authenticationText({ camera }: CameraReport): string | undefined {
  if (camera === undefined) return undefined;
  const { scheme, algorithm } = camera.connection.authentication;
  if (scheme === 'none') return t('no-log-in');
  return scheme === 'basic' ? 'Basic' : `Digest ${algorithm ?? ''}`.trim();
}

function packetsText(track: ReceivedTrack | undefined): (string | undefined)[] {
  if (track === undefined || track.packets.count === 0) return [];
  const { packets, lossPercent, jitterMs, latePackets = 0, clockDrift } = track;
  return [
    t('packet-size', { mean: number(packets.meanBytes), max: number(packets.maxBytes) }),
    t('lost', { percent: number(lossPercent, 2) }),
    latePackets === 0 ? undefined : t('late', { count: number(latePackets) }),
    t('jitter', { ms: number(jitterMs, 1) }),
    clockDrift === undefined ? undefined : t('stamps-drift', { drift: driftText(clockDrift) }),
  ];
}

function clockText({ clock, camera }: CameraReport): (string | undefined)[] {
  const offset = clock?.offsetMs;
  const drift = camera?.wallClockDrift;
  return [
    offset === undefined ? undefined : t(offset >= 0 ? 'ahead' : 'behind', { ms: number(Math.abs(offset)) }),
    // Measured on few reports it says nothing yet.
    drift === undefined || drift.uncertaintyPpm > 100 ? undefined : t('drift', { drift: driftText(drift) }),
  ];
}

function offeredText({ kind, encoding, used }: { kind: string; encoding: string; used: boolean }): string {
  const what = `${kind} ${encoding}`;
  return used ? what : t('unused', { what });
}

function driftText({ ppm, uncertaintyPpm }: Drift): string {
  const rounded = Math.round(ppm);
  return `${rounded > 0 ? '+' : ''}${rounded} ± ${Math.ceil(uncertaintyPpm)} ppm`;
}
