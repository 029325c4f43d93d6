import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { ClipCamera, OPUS } from '../support/clip-camera.ts';
import { encodeClip } from '../support/h264-clip.ts';
import { waitFor } from '../support/wait.ts';
import { openHouse, untilLive } from '../support/webrtc-house.ts';

const SCRIPT = fileURLToPath(new URL('../support/gst-whep-player.py', import.meta.url));

const cleanups: Array<() => Promise<unknown>> = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** GStreamer's webrtcbin in a process of its own. */
class GstPlayer {
  offer: string | undefined;
  frames = 0;
  size: readonly number[] = [];
  readonly errors: string[] = [];
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;

  constructor(caps: readonly string[]) {
    this.#child = spawn('/usr/bin/python3', [SCRIPT, ...caps], { stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      const message: { offer?: string; frames?: number; size?: number[]; error?: string } = JSON.parse(line);
      this.offer ??= message.offer;
      this.frames = message.frames ?? this.frames;
      this.size = message.size ?? this.size;
      if (message.error !== undefined) this.errors.push(message.error);
    });
  }

  answer(sdp: string): void {
    this.#child.stdin.write(`${JSON.stringify({ answer: sdp })}\n`);
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.stdin.end();
    const giveUp = setTimeout(() => this.#child.kill('SIGKILL'), 3000);
    await exited;
    clearTimeout(giveUp);
  }
}

const VIDEO = 'application/x-rtp,media=video,encoding-name=H264,clock-rate=90000,payload=96';
const AUDIO =
  'application/x-rtp,media=audio,encoding-name=OPUS,clock-rate=48000,encoding-params=(string)2,payload=97';

test.each([
  ['says its packetization mode', `${VIDEO},packetization-mode=(string)1,profile-level-id=(string)42e01f`],
  ['leaves the packetization mode out', VIDEO],
])('webrtcbin decodes a stream when its offer %s', async (_name, caps) => {
  const house = await openHouse({ cam: new ClipCamera(await encodeClip({ profile: 'high' }), OPUS) });
  cleanups.push(() => house.close());
  await untilLive(house.hub, 'live/cam');
  const player = new GstPlayer([caps, AUDIO]);
  cleanups.push(() => player.close());
  const offer = await waitFor('the offer', () => player.offer);
  const { answerSdp } = await house.webrtc.whep.create('live/cam', offer);
  player.answer(answerSdp);
  await waitFor('decoded pictures', () => player.frames > 20);
  expect(player.size).toEqual([320, 240]);
  expect(player.errors).toEqual([]);
});
