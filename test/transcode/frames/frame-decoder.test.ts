import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../server/base/clock.ts';
import { FrameDecoder, type FrameDecoderOptions } from '../../../server/transcode/index.ts';
import { encodeClip } from '../../support/h264-clip.ts';
import { decodeJpeg, encodeLevels, type LevelsClip, levelOf, levelsOf } from '../../support/levels-clip.ts';
import { childrenNamed } from '../../support/processes.ts';
import { waitFor } from '../../support/wait.ts';

const undo: Array<() => Promise<void>> = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

function decoder(options: Partial<FrameDecoderOptions> = {}): FrameDecoder {
  const made = new FrameDecoder({ clock: systemClock, ...options });
  undo.push(() => made.close());
  return made;
}

/** The request for the nth picture in order of presentation, with what comes before it in order of decoding. */
function pictureAt(clip: LevelsClip, n: number) {
  const pts90k = clip.pictures.map((picture) => picture.pts90k).sort((a, b) => a - b)[n] ?? -1;
  const last = clip.pictures.findIndex((picture) => picture.pts90k === pts90k);
  return { ...clip, pictures: clip.pictures.slice(0, last + 1), pts90k };
}

/** What went in and what came out, for whoever does not want to be the one that holds them. */
async function decodeWeakly(frames: FrameDecoder, clip: LevelsClip, n: number): Promise<WeakRef<object>[]> {
  const request = pictureAt(clip, n);
  return [new WeakRef(request), new WeakRef(await frames.decode(request))];
}

interface Shown {
  readonly jpeg: Buffer;
  /** The picture that it has to show, in order of presentation. */
  readonly n: number;
  readonly what: string;
}

async function expectLevels(shown: readonly Shown[]): Promise<void> {
  const levels = await levelsOf(shown.map(({ jpeg }) => jpeg));
  for (const [index, { n, what }] of shown.entries()) {
    expect(Math.abs((levels[index] ?? -1) - n), what).toBeLessThan(0.4);
  }
}

function garbageCollector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc');
}

function damaged(clip: LevelsClip) {
  const [first] = clip.pictures;
  const slice = first?.nalUnits.at(-1);
  if (first === undefined || slice === undefined) throw new Error('no picture');
  const broken = slice.map((byte, index) => (index > 40 && index % 7 === 0 ? byte ^ 0x5b : byte));
  return {
    ...pictureAt(clip, 0),
    pictures: [{ ...first, nalUnits: [...first.nalUnits.slice(0, -1), Buffer.from(broken)] }],
  };
}

describe('frame decoder', () => {
  it('shows exactly the picture that was asked for, with every kind of reordering', async () => {
    const frames = decoder();
    const shown: Shown[] = [];
    for (const options of [
      { profile: 'baseline' },
      { profile: 'high', bFrames: 3, x264: 'b-pyramid=normal:ref=4' },
      { profile: 'main', bFrames: 2, x264: 'open-gop=0' },
    ] as const) {
      const clip = await encodeLevels(options);
      for (const n of [0, 1, 2, 3, 7, 18]) {
        const jpeg = await frames.decode(pictureAt(clip, n));
        shown.push({ jpeg, n, what: `picture ${n} of ${JSON.stringify(options)}` });
      }
    }
    await expectLevels(shown);
  });

  it('takes streams of different sizes, one after the other, and scales to an even size of the same shape', async () => {
    const frames = decoder();
    const wide = await encodeLevels({ width: 640, height: 360, frames: 2 });
    const small = await encodeLevels({ width: 352, height: 288, frames: 2, profile: 'baseline' });
    const shapes = [];
    for (const request of [
      pictureAt(wide, 0),
      pictureAt(small, 0),
      { ...pictureAt(wide, 1), scaledWidth: 320 },
      { ...pictureAt(small, 1), scaledWidth: 101 },
      { ...pictureAt(wide, 0), scaledWidth: 5000 },
    ]) {
      const { width, height } = await decodeJpeg(await frames.decode(request));
      shapes.push(`${width}x${height}`);
    }
    expect(shapes).toEqual(['640x360', '352x288', '320x180', '102x84', '640x360']);
  });

  it('serves several streams of the same picture size by one process', async () => {
    const frames = decoder();
    const before = await childrenNamed('ffmpeg');
    const clips = await Promise.all(
      [{}, { profile: 'baseline' }, { bFrames: 2 }].map((o) => encodeLevels(o as object)),
    );
    const shown: Shown[] = [];
    for (const n of [3, 5]) {
      for (const [index, clip] of clips.entries()) {
        shown.push({ jpeg: await frames.decode(pictureAt(clip, n)), n, what: `picture ${n} of ${index}` });
      }
    }
    await expectLevels(shown);
    expect((await childrenNamed('ffmpeg')).filter((pid) => !before.includes(pid))).toHaveLength(1);
  });

  it('shows them in any order and mixture by one process, of which nothing of one stream is left for the next', async () => {
    const frames = decoder();
    const before = await childrenNamed('ffmpeg');
    const own = async () => (await childrenNamed('ffmpeg')).filter((pid) => !before.includes(pid));
    const clips = await Promise.all([
      encodeLevels({ bFrames: 2 }),
      encodeLevels({ profile: 'baseline' }),
      encodeLevels({ bFrames: 3, width: 640, height: 384, x264: 'b-pyramid=normal' }),
    ]);
    const wanted = [
      ...[0, 0, 5, 0, 5, 5, 0, 11, 2, 1, 0].flatMap((n) => clips.map((clip) => ({ clip, n }))),
      ...clips.flatMap((clip) => [11, 1, 0, 3].map((n) => ({ clip, n }))),
    ];
    const shown: Shown[] = [];
    let first: number | undefined;
    for (const { clip, n } of wanted) {
      const jpeg = await frames.decode({ ...pictureAt(clip, n), scaledWidth: 320 });
      shown.push({ jpeg, n, what: `request ${shown.length}, picture ${n}` });
      const [pid, ...more] = await own();
      first ??= pid;
      // A fresh process would hide that the one before did not answer.
      expect([pid, more.length], `picture ${n}`).toEqual([first, 0]);
    }
    await expectLevels(shown);
  });

  it('does the same with H.265, of which a process of its own serves all streams', async () => {
    const frames = decoder();
    const before = await childrenNamed('ffmpeg');
    const clips = await Promise.all([
      encodeLevels({ codec: 'h265', frames: 8, bFrames: 4, x264: 'b-pyramid=1:ref=4' }),
      encodeLevels({ codec: 'h265', frames: 8, width: 640, height: 384 }),
    ]);
    const shown: Shown[] = [];
    for (const n of [0, 5, 5, 0, 7, 2]) {
      for (const clip of clips) {
        const jpeg = await frames.decode({ ...pictureAt(clip, n), scaledWidth: 320 });
        shown.push({ jpeg, n, what: `picture ${n} of ${clip.width}` });
      }
    }
    await expectLevels(shown);
    expect((await childrenNamed('ffmpeg')).filter((pid) => !before.includes(pid))).toHaveLength(1);
    const [clip] = clips;
    if (clip === undefined) throw new Error('no clip');
    // An IDR slice that names a parameter set which there cannot be.
    const noise = { nalUnits: [Buffer.from('28018010000000', 'hex')], pts90k: 0 };
    await expect(frames.decode({ ...clip, pictures: [noise], pts90k: 0 })).rejects.toMatchObject({
      code: 'PICTURE_DAMAGED',
    });
    expect(Math.abs((await levelOf(await frames.decode(pictureAt(clip, 3)))) - 3)).toBeLessThan(0.4);
  });

  it('answers a damaged picture with an error, and hurts nobody else by it', async () => {
    const frames = decoder();
    const clip = await encodeLevels({ frames: 8, x264: 'cabac=1', height: 480, width: 640 });
    const noise = { ...clip, pictures: [{ nalUnits: [Buffer.alloc(3000, 0x65)], pts90k: 0 }], pts90k: 0 };
    const answers = await Promise.allSettled([
      frames.decode(pictureAt(clip, 0)),
      frames.decode(noise),
      frames.decode(pictureAt(clip, 5)),
      frames.decode({ ...noise, sps: [Buffer.from([0x67, 1, 2, 3, 4, 5, 6, 7])] }),
      frames.decode(pictureAt(clip, 7)),
      frames.decode({ ...clip, pictures: [], pts90k: 0 }),
    ]);
    expect(answers.map((answer) => (answer.status === 'fulfilled' ? 'ok' : answer.reason.code))).toEqual([
      'ok',
      'PICTURE_DAMAGED',
      'ok',
      'PICTURE_DAMAGED',
      'ok',
      'PICTURE_DAMAGED',
    ]);
    for (const [index, n] of [
      [0, 0],
      [2, 5],
      [4, 7],
    ] as const) {
      const answer = answers[index];
      if (answer?.status !== 'fulfilled') throw new Error('not answered');
      expect(Math.abs((await levelOf(answer.value)) - n)).toBeLessThan(0.4);
    }
  });

  it('does not show a picture of which some bytes are wrong', async () => {
    const frames = decoder();
    const clip = await clipWithDetail();
    await expect(frames.decode(damaged(clip))).rejects.toMatchObject({ code: 'PICTURE_DAMAGED' });
    expect((await decodeJpeg(await frames.decode(pictureAt(clip, 0)))).width).toBe(320);
  });

  it('holds nothing of what it has decoded, however long its process lives', async () => {
    const frames = decoder();
    const before = await childrenNamed('ffmpeg');
    const clip = await encodeLevels({ frames: 12 });
    const refs: WeakRef<object>[] = [];
    for (let n = 0; n < 12; n += 1) refs.push(...(await decodeWeakly(frames, clip, n)));
    const collect = garbageCollector();
    await waitFor('all but the last of them to be let go', () => {
      collect();
      return refs.filter((ref) => ref.deref() !== undefined).length <= 2;
    });
    expect((await childrenNamed('ffmpeg')).filter((pid) => !before.includes(pid))).toHaveLength(1);
  });

  it('goes on after its process was killed', async () => {
    const frames = decoder();
    const before = await childrenNamed('ffmpeg');
    const clip = await encodeLevels({ frames: 3 });
    await frames.decode(pictureAt(clip, 0));
    const [pid] = (await childrenNamed('ffmpeg')).filter((one) => !before.includes(one));
    if (pid === undefined) throw new Error('no FFmpeg');
    process.kill(pid, 'SIGKILL');
    expect(Math.abs((await levelOf(await frames.decode(pictureAt(clip, 2)))) - 2)).toBeLessThan(0.4);
  });

  it('gives up on a process that hangs, and goes on with another', async () => {
    const frames = decoder({ timeoutMs: 1500 });
    const before = await childrenNamed('ffmpeg');
    const clip = await encodeLevels({ frames: 3 });
    await frames.decode(pictureAt(clip, 0));
    const [pid] = (await childrenNamed('ffmpeg')).filter((one) => !before.includes(one));
    if (pid === undefined) throw new Error('no FFmpeg');
    process.kill(pid, 'SIGSTOP');
    expect(Math.abs((await levelOf(await frames.decode(pictureAt(clip, 1)))) - 1)).toBeLessThan(0.4);
    expect(await childrenNamed('ffmpeg')).not.toContain(pid);
  });

  it('refuses more than may wait, and what waits when it closes', async () => {
    const frames = decoder({ maxRunning: 1, maxWaiting: 2 });
    const clip = await encodeLevels({ frames: 3 });
    const answered = Promise.allSettled([0, 1, 2, 0].map((n) => frames.decode(pictureAt(clip, n))));
    await frames.close();
    const codes = (await answered).map((one) => (one.status === 'rejected' ? one.reason.code : 'ok'));
    expect(codes).toEqual(['SHUTTING_DOWN', 'SHUTTING_DOWN', 'SHUTTING_DOWN', 'RATE_LIMITED']);
    await expect(frames.decode(pictureAt(clip, 0))).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
  });

  it('keeps few processes however many sizes are asked for, and none when nobody asks', async () => {
    const before = await childrenNamed('ffmpeg');
    const own = async () => (await childrenNamed('ffmpeg')).filter((pid) => !before.includes(pid));
    const frames = decoder({ maxRunning: 1, idleMs: 300 });
    const clip = await encodeLevels({ frames: 2 });
    for (const scaledWidth of [64, 80, 96, 112, 128, 144]) {
      await frames.decode({ ...pictureAt(clip, 0), scaledWidth });
    }
    await waitFor('the idle ones to end', async () => (await own()).length === 0);
  });

  it('leaves no process behind', async () => {
    const before = await childrenNamed('ffmpeg');
    const frames = decoder();
    await frames.decode(pictureAt(await encodeLevels({ frames: 2 }), 0));
    await frames.close();
    expect((await childrenNamed('ffmpeg')).filter((pid) => !before.includes(pid))).toEqual([]);
  });

  it('says so where there is no FFmpeg', async () => {
    const frames = decoder({ ffmpegPath: '/nowhere/ffmpeg' });
    const clip = await encodeLevels({ frames: 2 });
    await expect(frames.decode(pictureAt(clip, 0))).rejects.toMatchObject({
      code: 'INTERNAL',
      message: expect.stringContaining('FFmpeg'),
    });
  });
});

/** The conformance clip's own first picture: bytes that mean something. */
async function clipWithDetail(): Promise<LevelsClip> {
  const { format, units } = await encodeClip({ width: 320, height: 240, frames: 2, profile: 'main' });
  const pictures = units.map(({ payloads }, n) => ({ nalUnits: payloads, pts90k: n * 3600 }));
  return { codec: 'h264', vps: [], sps: format.sps, pps: format.pps, width: 320, height: 240, pictures };
}
