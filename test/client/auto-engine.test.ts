import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { AutoEngine } from '../../client/src/player/auto-engine.ts';
import {
  type EngineEvents,
  type EngineOptions,
  NO_PICTURE,
  type Picture,
  type PlaybackEngine,
  type Wishes,
} from '../../client/src/player/playback-engine.ts';
import type { EngineStatus } from '../../client/src/player/player-state.ts';

/** An engine that says what the test makes it say. */
class FakeEngine implements PlaybackEngine {
  readonly playhead = undefined;
  readonly events: EngineEvents;
  readonly mode: 'webrtc' | 'hls';
  wishes: Wishes;
  paused = false;
  closed = false;

  constructor(mode: 'webrtc' | 'hls', options: EngineOptions) {
    this.mode = mode;
    this.events = options.events;
    this.wishes = options.wishes;
  }
  pause(): void {
    this.paused = true;
  }
  hold(): void {
    this.paused = true;
  }
  resume(): void {
    this.paused = false;
  }
  tune(wishes: Wishes): void {
    this.wishes = wishes;
  }
  seek(): void {}
  stats(): ReturnType<PlaybackEngine['stats']> {
    return Promise.resolve({ mode: this.mode } as Awaited<ReturnType<PlaybackEngine['stats']>>);
  }
  close(): void {
    this.closed = true;
    this.events.onPicture(NO_PICTURE);
  }
}

let servers = 0;
const NO_PATH: EngineStatus = {
  kind: 'connecting',
  reason: { code: 'NO_MEDIA_PATH', message: 'No media have come.' },
};

function start(server = `https://gateway-${servers++}`, stream: `${string}/${string}` = 'live/cam') {
  const made: FakeEngine[] = [];
  const statuses: EngineStatus[] = [];
  const pictures: Picture[] = [];
  let progress = 0;
  const make = (mode: 'webrtc' | 'hls') => (options: EngineOptions) => {
    const engine = new FakeEngine(mode, options);
    made.push(engine);
    return engine;
  };
  const engine = AutoEngine.starter({ webrtc: make('webrtc'), hls: make('hls') })({
    target: { server, token: undefined },
    stream,
    range: undefined,
    wishes: { quality: 'main', sound: false, speed: 1 },
    events: {
      onStatus: (status) => statuses.push(status),
      onPicture: (picture) => pictures.push(picture),
      onProgress: () => {
        progress += 1;
      },
    },
  });
  const of = (mode: string): FakeEngine[] => made.filter((one) => one.mode === mode);
  return { engine, made, statuses, pictures, of, server, progress: () => progress };
}

/** What is shown where the test does not care what. */
function picture(): Picture {
  return { kind: 'source', source: { hasAudio: false, attach: () => () => undefined } };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('while WebRTC plays there is nothing else', async () => {
  const { engine, made, statuses, progress } = start();
  made[0]?.events.onStatus({ kind: 'live' });
  made[0]?.events.onProgress();
  vi.advanceTimersByTime(10 * 60_000);
  expect(made).toHaveLength(1);
  expect([statuses, progress()]).toEqual([[{ kind: 'live' }], 1]);
  expect(await engine.stats()).toEqual({ mode: 'webrtc' });
});

test.each([
  ['no path for media', NO_PATH],
  ['no WebSocket', { kind: 'connecting', reason: { code: 'SIGNALING_BLOCKED', message: '' } }],
  ['no WebRTC in the browser', { kind: 'failed', reason: { code: 'UNSUPPORTED_BROWSER', message: '' } }],
  ['no H.264 in WebRTC', { kind: 'failed', reason: { code: 'NO_COMMON_CODEC', message: '' } }],
  ['B-frames', { kind: 'failed', reason: { code: 'WEBRTC_UNSUITABLE', message: 'B-frames.' } }],
  ['a decoder without pictures', { kind: 'connecting', reason: { code: 'NO_PICTURE', message: '' } }],
] as const)('%s leads to HLS, with the reason in the figures', async (_, status) => {
  const { engine, made, of } = start();
  made[0]?.events.onStatus(status);
  expect(of('hls')).toHaveLength(1);
  expect(await engine.stats()).toEqual({ mode: 'hls', fallback: status.reason });
});

test("what is known of one stream is not held against the server's others", () => {
  const { made, server } = start();
  const reason = { code: 'WEBRTC_UNSUITABLE', message: 'B-frames.' };
  made[0]?.events.onStatus({ kind: 'failed', reason });
  expect(start(server).made.map(({ mode }) => mode)).toEqual(['hls']);
  expect(start(server, 'live/other').made.map(({ mode }) => mode)).toEqual(['webrtc']);
});

test.each([
  { kind: 'waiting', reason: { code: 'CAMERA_UNREACHABLE', message: '' } },
  { kind: 'connecting', reason: { code: 'SERVER_UNREACHABLE', message: '' } },
  { kind: 'connecting', reason: { code: 'CONNECTION_LOST', message: '' } },
  { kind: 'failed', reason: { code: 'UNAUTHORIZED', message: '' } },
  { kind: 'failed', reason: { code: 'STREAM_NOT_FOUND', message: '' } },
] as const)('what HLS cannot help with stays with WebRTC: %s', (status) => {
  const { made, statuses } = start();
  made[0]?.events.onStatus(status);
  expect(made).toHaveLength(1);
  expect(statuses).toEqual([status]);
});

test('a decoder that has shown pictures is not given up for a stall', () => {
  const { made } = start();
  made[0]?.events.onProgress();
  made[0]?.events.onStatus({ kind: 'connecting', reason: { code: 'NO_PICTURE', message: '' } });
  expect(made).toHaveLength(1);
});

test('WebRTC that gets through after all takes over, and HLS ends without a word', () => {
  const { made, of, pictures, statuses } = start();
  const [webrtc] = made;
  webrtc?.events.onStatus(NO_PATH);
  const [hls] = of('hls');
  const [first, second] = [picture(), picture()];
  hls?.events.onPicture(first);
  hls?.events.onStatus({ kind: 'live' });
  webrtc?.events.onPicture(second);
  webrtc?.events.onStatus({ kind: 'live' });
  expect(pictures).toEqual([first]);
  webrtc?.events.onProgress();
  expect(pictures).toEqual([first, second]);
  expect(statuses.at(-1)).toEqual({ kind: 'live' });
  expect(hls?.closed).toBe(true);
  hls?.events.onStatus({ kind: 'connecting', reason: undefined });
  expect(statuses.at(-1)).toEqual({ kind: 'live' });
  expect(pictures).toHaveLength(2);
});

test('WebRTC is tried again now and then, for a while each time, and ever less often', () => {
  const { made, of } = start();
  made[0]?.events.onStatus(NO_PATH);
  vi.advanceTimersByTime(20_000);
  expect(made[0]?.closed).toBe(true);
  vi.advanceTimersByTime(30_000);
  expect(of('webrtc')).toHaveLength(2);
  // What a trial says is no news while HLS plays.
  of('webrtc')[1]?.events.onStatus(NO_PATH);
  expect(of('hls')).toHaveLength(1);
  vi.advanceTimersByTime(20_000);
  expect(of('webrtc')[1]?.closed).toBe(true);
  vi.advanceTimersByTime(59_000);
  expect(of('webrtc')).toHaveLength(2);
  vi.advanceTimersByTime(1_000);
  expect(of('webrtc')).toHaveLength(3);
});

test('nothing is tried while nobody looks', () => {
  const { engine, made, of } = start();
  made[0]?.events.onStatus(NO_PATH);
  engine.pause();
  expect(of('hls')[0]?.paused).toBe(true);
  vi.advanceTimersByTime(60 * 60_000);
  expect(of('webrtc')).toHaveLength(1);
  engine.resume();
  expect(of('hls')[0]?.paused).toBe(false);
  vi.advanceTimersByTime(5 * 60_000);
  expect(of('webrtc').length).toBeGreaterThan(1);
});

test("the page's next player begins with HLS where the last one ended up", () => {
  const first = start();
  first.made[0]?.events.onStatus(NO_PATH);
  const second = start(first.server);
  expect(second.made.map(({ mode }) => mode)).toEqual(['hls']);
  vi.advanceTimersByTime(30_000);
  second.of('webrtc')[0]?.events.onProgress();
  expect(start(first.server).made.map(({ mode }) => mode)).toEqual(['webrtc']);
});

test('closing ends all of it, and nothing is heard or tried any more', () => {
  const { engine, made, pictures, statuses } = start();
  made[0]?.events.onStatus(NO_PATH);
  engine.close();
  engine.close();
  expect(made.map(({ closed }) => closed)).toEqual([true, true]);
  expect(pictures.at(-1)).toBe(NO_PICTURE);
  const told = statuses.length;
  made[1]?.events.onStatus({ kind: 'live' });
  vi.advanceTimersByTime(60 * 60_000);
  expect([made.length, statuses.length]).toEqual([2, told]);
});
