import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { HlsEngine } from '../../client/src/hls/hls-engine.ts';
import type { HlsMediaOptions } from '../../client/src/hls/hls-media.ts';
import type { Picture } from '../../client/src/player/playback-engine.ts';

const { opened } = vi.hoisted(() => ({ opened: [] as HlsMediaOptions[] }));
/** A playlist of an hour, whose first second is at position 0. */
vi.mock('../../client/src/hls/open-media.ts', () => ({
  openMedia: (options: HlsMediaOptions) => {
    opened.push(options);
    const startMs = Number(new URL(options.url).searchParams.get('start_time'));
    return {
      hasAudio: false,
      growing: false,
      figures: {},
      times: {
        ...{ startS: 0, lengthS: 3_600, startMs, endMs: startMs + 3_600_000 },
        timeAt: (positionS: number) => startMs + positionS * 1_000,
        positionOf: (timeMs: number) => (timeMs - startMs) / 1_000,
      },
      attach: () => () => undefined,
      setLoading: () => undefined,
      close: () => undefined,
    };
  },
}));

const HOUR_MS = 3_600_000;
const NOW_MS = 1_790_000_000_000;
const THERE_MS = NOW_MS - 10 * HOUR_MS;
const NOWHERE_MS = NOW_MS - 20 * HOUR_MS;
const NOT_RECORDED = { code: 'NOT_RECORDED', message: 'Nothing is recorded of that time.' };
let engine: ReturnType<typeof HlsEngine.start>;
let answer = Promise.withResolvers<Response>();
const statuses: string[] = [];
const video = {
  currentTime: 0,
  paused: true,
  pause: () => undefined,
  getVideoPlaybackQuality: () => ({ totalVideoFrames: 0 }),
};

beforeEach(async () => {
  vi.useFakeTimers({ now: NOW_MS });
  answer = Promise.withResolvers();
  vi.stubGlobal('fetch', () => answer.promise);
  opened.length = 0;
  statuses.length = 0;
  video.currentTime = 0;
  engine = HlsEngine.start({
    target: { server: 'https://gateway', token: undefined },
    stream: 'live/cam',
    range: { startMs: THERE_MS, endMs: undefined },
    wishes: { quality: 'main', sound: false, speed: 1 },
    events: {
      onStatus: ({ kind }) => statuses.push(kind),
      onPicture: (picture: Picture) => {
        if (picture.kind === 'source') picture.source.attach(video as unknown as HTMLVideoElement);
      },
      onProgress: () => undefined,
    },
  });
  await vi.advanceTimersByTimeAsync(0);
  opened[0]?.events.onReady();
  // On the way to where nothing is recorded.
  engine.seek(NOWHERE_MS);
  opened[1]?.events.onFailure({ kind: 'fail', reason: NOT_RECORDED });
});
afterEach(() => {
  engine.close();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test('who goes back while it is asked what comes next stays there', async () => {
  engine.seek(THERE_MS + 5_000);
  answer.resolve(Response.json({ ranges: [{ start: NOWHERE_MS + 60_000, end: NOW_MS }] }));
  await vi.advanceTimersByTimeAsync(60_000);
  expect([opened.length, video.currentTime]).toEqual([2, 5]);
});

test('who goes back from where nothing is recorded stays there, and is told of it no more', async () => {
  answer.resolve(Response.json({ ranges: [] }));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(statuses.at(-1)).toBe('failed');
  engine.seek(THERE_MS + 5_000);
  expect(statuses.at(-1)).toBe('connecting');
  await vi.advanceTimersByTimeAsync(60_000);
  expect([opened.length, video.currentTime]).toEqual([2, 5]);
});

test('what is on the screen is opened anew for a seek once it has failed', async () => {
  answer.resolve(Response.json({ ranges: [] }));
  engine.seek(THERE_MS + 5_000);
  opened[0]?.events.onFailure({ kind: 'retry', reason: { code: 'SERVER_UNREACHABLE', message: '' } });
  engine.seek(THERE_MS + 9_000);
  expect(opened).toHaveLength(3);
  expect(opened[2]?.startMs).toBe(THERE_MS + 9_000);
});
