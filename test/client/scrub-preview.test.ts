import { afterEach, expect, test, vi } from 'vitest';
import { ScrubPreview } from '../../client/src/room/camera/scrub-preview.ts';
import { Film } from '../../client/src/room/camera/timeline/film.ts';

const T0 = 1_800_000_000_000;

/** Pictures that are decoded when the test says so, by the end of their address. */
const loading: { src: string; done: () => void }[] = [];
class FakeImage {
  src = '';
  decode(): Promise<void> {
    return new Promise((done) => loading.push({ src: this.src, done }));
  }
}
const arrive = async (what: RegExp) => {
  const at = loading.findIndex(({ src }) => what.test(src));
  expect(at, String(what)).toBeGreaterThanOrEqual(0);
  loading.splice(at, 1)[0]?.done();
  await vi.advanceTimersByTimeAsync(0);
};

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  loading.length = 0;
});

test('a picture that comes late never takes the place of one that was asked for after it', async () => {
  vi.useFakeTimers();
  vi.stubGlobal('Image', FakeImage);
  vi.stubGlobal('devicePixelRatio', 1);
  const stream = { app: 'live', name: 'door' };
  const preview = new ScrubPreview(stream, new Film(stream), () => [T0, T0 + 60_000]);
  preview.show(T0 + 1_000);
  await vi.advanceTimersByTimeAsync(50);
  preview.show(T0 + 61_000);
  await arrive(new RegExp(`thumbnail.*${T0 + 60_000}`));
  expect(preview.shown.value).toMatchObject({ timeMs: T0 + 61_000, kind: 'kept' });
  await arrive(new RegExp(`thumbnail.*${T0}$`));
  expect(preview.shown.value).toMatchObject({ timeMs: T0 + 61_000, kind: 'kept' });
  // Nor does the very picture of the time before; that of the time that is wanted follows.
  await arrive(new RegExp(`frame.*${T0 + 1_000}`));
  expect(preview.shown.value).toMatchObject({ timeMs: T0 + 61_000, kind: 'kept' });
  await arrive(new RegExp(`frame.*${T0 + 61_000}`));
  expect(preview.shown.value).toMatchObject({ timeMs: T0 + 61_000, kind: 'exact' });
  preview.close();
});
