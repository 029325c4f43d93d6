import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { keyFramesFor, playlistUrl } from '../../client/src/hls/playlist-address.ts';
import { FrameLength, FrameStepper } from '../../client/src/player/frame-stepper.ts';
import { commandOf, KEY_HELP, type KeyPress } from '../../client/src/player/keyboard.ts';
import { posterAddress } from '../../client/src/player/poster.ts';
import { qualityChoice, qualityFor } from '../../client/src/player/quality.ts';
import { reasonText } from '../../client/src/player/reason-text.ts';
import { RewindWindow } from '../../client/src/player/rewind-window.ts';
import { defaultServer } from '../../client/src/player/server-base.ts';
import { SkipGoal } from '../../client/src/player/skip-goal.ts';
import { snapshotName } from '../../client/src/player/snapshot.ts';
import { nextSpeed, SPEEDS, speedOf, speedText } from '../../client/src/player/speed.ts';
import { takeUpProperties } from '../../client/src/player/take-up.ts';
import { translator } from '../../client/src/player/texts.ts';
import { statsRows } from '../../client/src/player/view/stats-overlay.tsx';
import { WAIT_REASONS } from '../../shared/errors.ts';

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 10, 21, 14);

test('a speed is within what can be done, whatever was asked for', () => {
  expect([speedOf('2'), speedOf(0.1), speedOf(99), speedOf('fast'), speedOf(null), speedOf('-1')]).toEqual([
    2, 0.25, 16, 1, 1, 1,
  ]);
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.double(), fc.constant(null)), (asked) => {
      const speed = speedOf(asked);
      expect(speed).toBeGreaterThanOrEqual(0.25);
      expect(speed).toBeLessThanOrEqual(16);
    }),
  );
});

test('faster and slower go through the offered speeds, and stop at their ends', () => {
  const up = [0.25];
  while (up.length < 20 && up.at(-1) !== 16) up.push(nextSpeed(up.at(-1) ?? 1, 1));
  expect(up).toEqual(SPEEDS);
  expect(nextSpeed(16, 1)).toBe(16);
  expect(nextSpeed(0.25, -1)).toBe(0.25);
  expect(nextSpeed(3, -1)).toBe(2);
  expect(speedText(1.5)).toBe('1.5×');
});

test('a small player is given the small picture, and one near the limit keeps what it has', () => {
  expect(qualityFor(320, 1, undefined)).toBe('sub');
  expect(qualityFor(1_280, 1, undefined)).toBe('main');
  expect(qualityFor(680, 1, 'sub')).toBe('sub');
  expect(qualityFor(680, 1, 'main')).toBe('main');
  // Fine screens want more, but not as much as they have points.
  expect(qualityFor(500, 3, undefined)).toBe('main');
  expect(qualityFor(420, 3, undefined)).toBe('sub');
  // Not laid out yet.
  expect(qualityFor(0, 1, undefined)).toBe('main');
  expect([qualityChoice(null), qualityChoice('auto'), qualityChoice('best')]).toEqual([
    'main',
    'auto',
    'main',
  ]);
});

test('key frames are asked for an hour at a time, to the end that was asked for and never into the future', () => {
  expect(keyFramesFor({ startMs: NOW - 3 * HOUR, endMs: undefined }, NOW)).toEqual({
    kind: 'key-frames',
    startMs: NOW - 3 * HOUR,
    endMs: NOW - 2 * HOUR,
    after: 'next',
  });
  expect(keyFramesFor({ startMs: NOW - HOUR / 2, endMs: undefined }, NOW)).toMatchObject({
    endMs: NOW,
    after: 'next',
  });
  expect(keyFramesFor({ startMs: NOW - HOUR / 2, endMs: NOW - HOUR / 4 }, NOW)).toMatchObject({
    after: 'end',
  });
  expect(keyFramesFor({ startMs: NOW - 1_000, endMs: undefined }, NOW)).toBeUndefined();
  const target = { server: 'https://host', token: undefined };
  expect(playlistUrl(target, 'live/cam', { kind: 'key-frames', startMs: 1, endMs: 2, after: 'end' })).toBe(
    'https://host/live/cam/playlist.m3u8?start_time=1&end_time=2&key_frames=true',
  );
});

test('the length of a frame is the shortest lately: some are passed over, and a seek is none', () => {
  const length = new FrameLength();
  expect(length.seconds).toBe(0.04);
  for (const atS of [0, 0.1, 0.15, 0.2, 0.3, 7, 7.05]) length.shown(atS);
  expect(length.seconds).toBeCloseTo(0.05, 6);
});

const press = (key: string, more: Partial<KeyPress> = {}): KeyPress => ({
  ...{ key, shiftKey: false, ctrlKey: false, metaKey: false, altKey: false },
  ...more,
});

test('a video that is watched anew before its next frame came is watched once', () => {
  const asked = new Map<number, VideoFrameRequestCallback>();
  let last = 0;
  const video = {
    requestVideoFrameCallback: (callback: VideoFrameRequestCallback) => {
      last += 1;
      asked.set(last, callback);
      return last;
    },
    cancelVideoFrameCallback: (handle: number) => void asked.delete(handle),
    addEventListener: () => {},
    removeEventListener: () => {},
  } as unknown as HTMLVideoElement;
  const stepper = new FrameStepper(video);
  for (let turn = 0; turn < 3; turn += 1) {
    stepper.watch();
    stepper.watch();
    stepper.unwatch();
  }
  expect(asked.size).toBe(0);
  stepper.watch();
  const [[handle, shown] = []] = asked;
  asked.delete(handle ?? 0);
  shown?.(0, { mediaTime: 1 } as VideoFrameCallbackMetadata);
  expect(asked.size).toBe(1);
});

test('a step counts from where the video is, where the browser told of an earlier frame last', async () => {
  const asked: VideoFrameRequestCallback[] = [];
  const show = (mediaTime: number) => {
    for (const shown of asked.splice(0)) shown(0, { mediaTime } as VideoFrameCallbackMetadata);
  };
  let positionS = 10;
  let seeking = () => {};
  const video = {
    duration: 60,
    get currentTime() {
      return positionS;
    },
    set currentTime(toS: number) {
      positionS = toS;
      seeking();
      queueMicrotask(() => show(Math.floor(toS / 0.04) * 0.04));
    },
    requestVideoFrameCallback: (shown: VideoFrameRequestCallback) => asked.push(shown),
    cancelVideoFrameCallback: () => {},
    addEventListener: (_: string, listener: () => void) => {
      seeking = listener;
    },
  } as unknown as HTMLVideoElement;
  const stepper = new FrameStepper(video);
  stepper.watch();
  show(10);
  // It played on, and nothing was told of it.
  positionS = 11.44;
  await stepper.step(-1);
  expect(positionS).toBeCloseTo(11.42, 6);
  await stepper.step(1);
  // The leap from one frame to the other is not how long a frame lasts.
  expect(Math.abs(positionS - 11.44)).toBeLessThan(0.08);
});

test('every key of the help does something, and keys of the page and of its fields are left alone', () => {
  const typed = new Map([
    ['Space', press(' ')],
    ['←', press('ArrowLeft')],
    ['→', press('ArrowRight')],
    ['Shift ←', press('ArrowLeft', { shiftKey: true })],
    ['Shift →', press('ArrowRight', { shiftKey: true })],
  ]);
  const commands = KEY_HELP.flatMap(({ keys }) =>
    keys.map((key) => commandOf(typed.get(key) ?? press(key), undefined)),
  );
  expect(commands).not.toContain(undefined);
  expect(commandOf(press('s', { ctrlKey: true }), undefined)).toBeUndefined();
  expect(commandOf(press(' '), 'button')).toBeUndefined();
  expect(commandOf(press('M'), 'button')).toBe('toggle-muted');
  expect(commandOf(press('ArrowLeft'), 'choice')).toBeUndefined();
  expect(commandOf(press('x'), undefined)).toBeUndefined();
});

test('a picture that is saved is named by its stream and time, good for every file system', () => {
  const name = snapshotName('live/front-door', new Date(2026, 10, 21, 4, 5, 6, 7).getTime());
  expect(name).toBe('live-front-door_2026-11-21_04-05-06-007.jpg');
});

test('a poster is asked for in one of few widths, of now or of a time, without a token', () => {
  const target = { server: 'https://host', token: 'secret' };
  const at = (widthPx: number, atMs?: number) =>
    posterAddress({ target, stream: 'live/cam', atMs, widthPx }).replace('https://host/api/v1/streams', '');
  expect(at(300)).toBe('/live/cam/frame?width=320');
  expect(at(390)).toBe('/live/cam/frame?width=320');
  expect(at(600)).toBe('/live/cam/frame?width=640');
  expect(at(4_000, 12.6)).toBe('/live/cam/frame?width=1280&at=13');
});

test('what can be gone back to from live is asked for once, and whoever asks meanwhile gets that answer', async () => {
  const answers: Array<(response: Response) => void> = [];
  vi.stubGlobal('fetch', () => new Promise<Response>((resolve) => answers.push(resolve)));
  try {
    const nowMs = Date.now();
    const target = { server: 'https://host', token: undefined };
    const rewind = new RewindWindow();
    expect(rewind.playhead(nowMs)).toBeUndefined();
    const both = [rewind.ask(target, 'live/cam'), rewind.ask(target, 'live/cam')];
    expect(answers).toHaveLength(1);
    const range = { start: nowMs - 60_000, end: nowMs - 2_000 };
    answers[0]?.(Response.json({ ranges: [range], gaps: [], bytes: 1 }));
    await Promise.all(both);
    const playhead = rewind.playhead(nowMs);
    expect(playhead?.lengthS).toBe(60);
    expect(playhead?.timeAt(0)).toBe(range.start);
    expect(playhead?.timeMs).toBe(nowMs);
    // Of a player that shows another stream it says nothing.
    rewind.forget();
    expect(rewind.playhead(nowMs)).toBeUndefined();
    // What another stream has is not known yet.
    const other = rewind.ask(target, 'live/other');
    expect(rewind.playhead(nowMs)).toBeUndefined();
    answers[1]?.(new Response('', { status: 503 }));
    await other;
    expect(rewind.playhead(nowMs)).toBeUndefined();
  } finally {
    vi.unstubAllGlobals();
  }
});

test('every reason why a camera has no picture is told in German, and none that is unknown is swallowed', () => {
  for (const code of WAIT_REASONS) {
    const text = reasonText({ code, message: 'In English.' }, 'de');
    expect(text, code).not.toBe('In English.');
    expect(text.length, code).toBeGreaterThan(15);
    // The gateway knows more than the code says.
    expect(reasonText({ code, message: 'In English.' }, 'en'), code).toBe('In English.');
  }
  expect(reasonText({ code: 'NEW_ONE', message: 'Something new.' }, 'de')).toBe('Something new.');
});

test('figures are told line by line in both languages, and what is not known is left out', () => {
  const stats = {
    mode: 'webrtc',
    fallback: undefined,
    framesDecoded: 300,
    framesDropped: 3,
    fps: 24.96,
    width: 1280,
    height: 720,
    codec: 'H264',
    quality: 'main',
    bitrateKbps: 2_064.5,
    packetsLost: 2,
    lossPercent: 0.5,
    jitterMs: 4,
    rttMs: undefined,
    transport: 'tcp',
    latencyMs: 45,
  } as const;
  expect(Object.fromEntries(statsRows(stats, false, 'en', translator('en')))).toEqual({
    way: 'WebRTC over TCP, as UDP does not get through',
    latency: '45 ms',
    picture: '1280 × 720 · H264',
    frameRate: '25 a second, 3 dropped',
    bitrate: '2,064.5 kbit/s',
    loss: '0.5 % now, 2 packets in all',
    jitter: '4 ms',
  });
  const fallback = { code: 'NO_MEDIA_PATH', message: 'No media.' };
  const german = statsRows({ ...stats, mode: 'hls', fallback }, false, 'de', translator('de'));
  expect(Object.fromEntries(german)).toMatchObject({
    way: 'HLS, einige Sekunden zurück',
    why: expect.stringMatching(/Firewall/),
    bitrate: '2.064,5 kbit/s',
  });
});

test('what was set on an element before its class was there counts afterwards', () => {
  const element: Record<string, unknown> = Object.assign({}, { muted: true, src: '/live/door', other: 1 });
  const set: unknown[] = [];
  Object.setPrototypeOf(element, {
    set muted(value: unknown) {
      set.push(['muted', value]);
    },
    set src(value: unknown) {
      set.push(['src', value]);
    },
  });
  takeUpProperties(element, ['src', 'muted', 'speed']);
  expect(set).toEqual([
    ['src', '/live/door'],
    ['muted', true],
  ]);
  element.muted = false;
  expect(set.at(-1)).toEqual(['muted', false]);
  expect(element.other).toBe(1);
});

test('the gateway is where the script is, also below a path of a proxy', () => {
  expect(defaultServer('https://cams.example.com/sluice-player.js')).toBe('https://cams.example.com');
  expect(defaultServer('https://example.com/cams/sluice-player.js?v=2')).toBe('https://example.com/cams');
  // Bundled by the page: nothing tells where the gateway is.
  expect(defaultServer('https://shop.example.com/assets/index-1a2b.js')).toBe('https://shop.example.com');
});

test('quick skips in a row add up while the first of them is on its way, and begin anew once it is there', () => {
  const skips = new SkipGoal();
  expect(skips.next(-10_000, undefined, 0)).toBeUndefined();
  expect(skips.next(-10_000, NOW, 1_000)).toBe(NOW - 10_000);
  // The player tells no time yet, or still the one before.
  expect(skips.next(-10_000, undefined, 1_200)).toBe(NOW - 20_000);
  expect(skips.next(-10_000, NOW + 400, 1_400)).toBe(NOW - 30_000);
  expect(skips.next(10_000, NOW, 1_500)).toBe(NOW - 20_000);
  // It is there and played on.
  expect(skips.next(-10_000, NOW - 18_500, 3_000)).toBe(NOW - 28_500);
  // Where nothing was recorded it went on elsewhere.
  expect(skips.next(-10_000, NOW + 60_000, 60_000)).toBe(NOW + 50_000);
  skips.forget();
  expect(skips.next(-10_000, NOW, 60_100)).toBe(NOW - 10_000);
});
