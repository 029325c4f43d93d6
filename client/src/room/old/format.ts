import { DEFAULT_APP } from '../../../../shared/names.ts';
import type { StreamState, StreamStatus } from '../../../../shared/stream.ts';
import { localIso } from '../camera/time-window.ts';

/** What a stream's state is called on the page. */
export const STATE_NAMES: Readonly<Record<StreamState, string>> = {
  live: 'Live',
  connecting: 'Connecting',
  waiting: 'Waiting',
  idle: 'On demand',
};

/** What people call the stream: its label `title` where it has one, else its name, with the app where that is not `live`. */
export function displayName({ app, name, labels }: StreamStatus): string {
  return labels?.title ?? (app === DEFAULT_APP ? name : `${app} / ${name}`);
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

/** `H.264 High · 1920 × 1080 · 25 fps · 4.1 Mbit/s · Opus`: as much of it as is known. */
export function factsLine(status: StreamStatus): string {
  const { codec, profile, width, height, fps, bitrateKbps, audioCodec } = status;
  const video = [codec === undefined ? '' : codecName(codec), profile ?? ''].filter((part) => part !== '');
  return [
    video.join(' '),
    width === undefined || height === undefined ? '' : `${width} × ${height}`,
    fps === undefined ? '' : `${Math.round(fps * 10) / 10} fps`,
    bitrateKbps === undefined ? '' : bitrateText(bitrateKbps),
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

export function viewersText(viewers: number): string {
  // Those who watch as HLS or read over RTSP are not among them.
  if (viewers === 0) return '';
  return viewers === 1 ? '1 viewer' : `${viewers} viewers`;
}

export function bitrateText(kbps: number): string {
  return kbps >= 1000 ? `${(kbps / 1000).toFixed(1)} Mbit/s` : `${Math.round(kbps)} kbit/s`;
}

/** `4.1 GB`, as disks count. */
export function sizeText(bytes: number): string {
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value >= 10 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** `3.2 GB kept since 2026-11-14 · room for about 12 days`: as much of it as is known. */
export function keptText({ bytes, oldestMs, daysLeft }: StreamStatus['recorder']): string {
  if (bytes === undefined || bytes === 0) return '';
  const since = oldestMs === undefined ? '' : ` since ${localIso(oldestMs).slice(0, 16).replace('T', ' ')}`;
  const room = daysLeft === undefined ? '' : ` · room for about ${daysText(daysLeft)}`;
  return `${sizeText(bytes)} kept${since}${room}`;
}

function daysText(days: number): string {
  if (days < 2) return `${Math.max(1, Math.round(days * 24))} h`;
  return `${Math.round(days)} days`;
}

/** `3 of 4 live`. */
export function tallyText(streams: readonly StreamStatus[]): string {
  if (streams.length === 0) return '';
  const live = streams.filter(({ state }) => state === 'live').length;
  return live === streams.length ? `${live} live` : `${live} of ${streams.length} live`;
}

export function codecName(codec: string): string {
  return CODEC_NAMES.get(codec.toLowerCase()) ?? codec.toUpperCase();
}
