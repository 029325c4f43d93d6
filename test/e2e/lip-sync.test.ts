import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, it } from 'vitest';
import { GatewayProcess } from '../support/gateway.ts';
import { waitFor } from '../support/wait.ts';
import { h264Codec, inSentOrder, type ReceivedPacket, WeriftViewer } from '../support/werift-viewer.ts';

const PERIOD_S = 2;
const FLASH_S = 0.2;
/** One picture. People notice sound that is 45 ms early or 125 ms late (ITU-R BT.1359). */
const TOGETHER_S = 0.04;

const undo: Array<() => Promise<unknown>> = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

function ffmpeg(args: readonly string[]): ChildProcess {
  const path = process.env.FFMPEG_PATH ?? 'ffmpeg';
  return spawn(path, ['-nostdin', '-hide_banner', '-loglevel', 'error', ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}

/** A white picture and a tone together, for a fifth of every second second; else black and silence. */
function publishFlashAndBeep(url: string): void {
  const isOn = `lt(mod(t,${PERIOD_S}),${FLASH_S})`;
  const child = ffmpeg([
    ...['-re', '-f', 'lavfi', '-i', `color=black:s=160x120:r=25,drawbox=t=fill:c=white:enable='${isOn}'`],
    ...['-re', '-f', 'lavfi', '-i', `aevalsrc='0.8*cos(2*PI*1000*t)*${isOn}':s=8000`],
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p', '-g', '25'],
    ...['-c:a', 'pcm_mulaw', '-f', 'rtsp', '-rtsp_transport', 'tcp', url],
  ]);
  undo.push(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  });
}

/** The payload of an H.264 packet (RFC 6184) as a byte stream; FU-A, STAP-A and single NAL units. */
function annexB({ payload }: ReceivedPacket): Buffer[] {
  const startCode = Buffer.from([0, 0, 0, 1]);
  const type = payload.readUInt8(0) & 0x1f;
  if (type === 24) {
    const parts: Buffer[] = [];
    for (let at = 1; at < payload.length; at += 2 + payload.readUInt16BE(at)) {
      parts.push(startCode, payload.subarray(at + 2, at + 2 + payload.readUInt16BE(at)));
    }
    return parts;
  }
  if (type !== 28) return [startCode, payload];
  const header = payload.readUInt8(1);
  const nalHeader = Buffer.of((payload.readUInt8(0) & 0xe0) | (header & 0x1f));
  return (header & 0x80) === 0 ? [payload.subarray(2)] : [startCode, nalHeader, payload.subarray(2)];
}

/** The mean brightness of each picture, by another decoder than any of ours. */
async function brightness(packets: readonly ReceivedPacket[]): Promise<Buffer> {
  const decoder = ffmpeg([
    ...['-f', 'h264', '-i', 'pipe:0', '-fps_mode', 'passthrough'],
    ...['-vf', 'scale=1:1:flags=area,format=gray', '-f', 'rawvideo', 'pipe:1'],
  ]);
  const pictures: Buffer[] = [];
  decoder.stdout?.on('data', (chunk: Buffer) => pictures.push(chunk));
  const closed = once(decoder, 'close');
  decoder.stdin?.end(Buffer.concat(packets.flatMap(annexB)));
  await closed;
  return Buffer.concat(pictures);
}

/** Exponent of a G.711 mu-law sample: 0 in silence, up to 7. */
const loudness = (sample: number): number => (~sample >> 4) & 0x07;

/** RTP timestamps at which something goes on after it was off. */
function onsets(samples: ReadonlyArray<{ timestamp: number; isOn: boolean }>): number[] {
  return samples.flatMap(({ timestamp, isOn }, index) =>
    isOn && samples[index - 1]?.isOn === false ? [timestamp] : [],
  );
}

async function flashes(viewer: WeriftViewer): Promise<number[]> {
  const packets = inSentOrder(viewer.ofKind('video'));
  const timestamps = [...new Set(packets.map(({ timestamp }) => timestamp))];
  const levels = await brightness(packets);
  // The last picture may have been cut off.
  expect(levels.length).toBeGreaterThanOrEqual(timestamps.length - 1);
  return onsets(
    [...levels].map((level, index) => ({ timestamp: timestamps[index] ?? 0, isOn: level > 128 })),
  );
}

function beeps(viewer: WeriftViewer): number[] {
  // The tone itself crosses zero, so 4 ms count as one sample.
  const blocks = inSentOrder(viewer.ofKind('audio')).flatMap(({ payload, timestamp }) =>
    Array.from({ length: Math.floor(payload.length / 32) }, (_, index) => ({
      timestamp: timestamp + index * 32,
      isOn: payload.subarray(index * 32, index * 32 + 32).some((sample) => loudness(sample) > 4),
    })),
  );
  return onsets(blocks);
}

/** Seconds on the sender's clock, by the last sender report of the track (RFC 3550 section 6.4.1). */
function toSeconds(viewer: WeriftViewer, kind: string, clockRate: number, timestamps: number[]): number[] {
  const report = viewer.reports.filter((one) => one.kind === kind).at(-1);
  if (report === undefined) throw new Error(`no sender report for ${kind}`);
  return timestamps.map((timestamp) => report.ntpSeconds + ((timestamp - report.timestamp) | 0) / clockRate);
}

it('a flash and its beep reach a viewer together, by the times that sender reports give them', async () => {
  const gateway = await GatewayProcess.start({
    settings: {
      sources: { allowLoopback: true },
      streams: { 'live/studio': { source: { url: 'publish:', username: 'studio', password: 'a-secret' } } },
    },
  });
  undo.push(() => gateway.close());
  publishFlashAndBeep(`rtsp://studio:a-secret@127.0.0.1:${gateway.rtspPort}/live/studio`);
  // The whole way: in by the RTSP server, out by it, and in again as any camera's stream.
  const source = { url: `rtsp://127.0.0.1:${gateway.rtspPort}/live/studio` };
  await fetch(`${gateway.url}/api/v1/streams`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'cam', source }),
  });
  const stateOfCamera = async () => {
    const response = await fetch(`${gateway.url}/api/v1/streams/live/cam`);
    return ((await response.json()) as { state: string }).state;
  };
  await waitFor('the camera to be live', async () => (await stateOfCamera()) === 'live', 20_000);

  const viewer = new WeriftViewer({ video: [h264Codec(102)] });
  undo.push(() => viewer.close());
  const answer = await fetch(`${gateway.url}/whep/live/cam`, {
    method: 'POST',
    headers: { 'content-type': 'application/sdp' },
    body: await viewer.offer(),
  });
  const answerSdp = await answer.text();
  // One name for both tracks: else the browser would not relate their reports (RFC 3550 section 6.5.1).
  const names = [...answerSdp.matchAll(/ cname:(\S+)/g)].map(([, name]) => name);
  expect(names).toHaveLength(2);
  expect(names[0]).toBe(names[1]);
  await viewer.acceptAnswer(answerSdp);

  await waitFor(
    'three beeps and reports of both tracks',
    () => {
      const kinds = new Set(viewer.reports.map(({ kind }) => kind));
      const third = beeps(viewer)[2];
      const last = inSentOrder(viewer.ofKind('audio')).at(-1);
      if (kinds.size < 2 || third === undefined || last === undefined) return false;
      // Two of them are surely whole, sound before and behind.
      return ((last.timestamp - third) | 0) / 8_000 > 2 * FLASH_S;
    },
    30_000,
  );
  const flashTimes = toSeconds(viewer, 'video', 90_000, await flashes(viewer));
  const beepTimes = toSeconds(viewer, 'audio', 8_000, beeps(viewer));
  // The picture begins earlier than the sound, with the key frame that was there already, and may have come further by now.
  const sound = inSentOrder(viewer.ofKind('audio')).map(({ timestamp }) => timestamp);
  const [heardFrom = 0, heardTo = 0] = toSeconds(viewer, 'audio', 8_000, [
    sound.at(0) ?? 0,
    sound.at(-1) ?? 0,
  ]);
  const heardFlashes = flashTimes.filter((flash) => flash > heardFrom + FLASH_S && flash < heardTo - FLASH_S);
  expect(heardFlashes.length).toBeGreaterThanOrEqual(2);
  for (const flash of heardFlashes) {
    const apart = Math.min(...beepTimes.map((beep) => Math.abs(beep - flash)));
    expect(apart).toBeLessThan(TOGETHER_S);
  }
}, 120_000);
