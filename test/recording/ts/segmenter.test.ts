import { describe, expect, test } from 'vitest';
import {
  accessUnits,
  type CutSegment,
  probeTs,
  Segmenter,
  type SegmenterOptions,
  type SegmenterTrouble,
  TABLES_BYTES,
} from '../../../server/recording/ts/index.ts';
import { parseSpropParameterSets } from '../../../server/rtsp/parse/index.ts';
import { type MadeUnit, TsMaker } from '../../support/ts-maker.ts';

const FRAME_90K = 3600;
const other = parseSpropParameterSets('Z2QAM6zoAoALWQ==,aO48MA==');

/** A segmenter and what it said. */
function house(options: Partial<SegmenterOptions> = {}) {
  const cuts: CutSegment[] = [];
  const troubles: SegmenterTrouble[] = [];
  const segmenter = new Segmenter({
    segmentMs: 2000,
    onSegment: (cut) => cuts.push(cut),
    onTrouble: (trouble) => troubles.push(trouble),
    ...options,
  });
  segmenter.begin({ expectedPts90k: 90_000, cause: 'started' });
  return { cuts, troubles, segmenter };
}

/** Pictures at 25 a second with a key frame every `keyFrameEvery`, and sound in between. */
function footage(
  frames: number,
  options: { from?: number; keyFrameEvery?: number; hasAudio?: boolean; sps?: Buffer; pps?: Buffer } = {},
): MadeUnit[] {
  const { from = 0, keyFrameEvery = 25, hasAudio = false, sps, pps } = options;
  return Array.from({ length: frames }, (_, i): MadeUnit[] => {
    const id = from + i;
    const pts90k = 90_000 + id * FRAME_90K;
    const isKeyFrame = id % keyFrameEvery === 0;
    const sets = { ...(sps === undefined ? {} : { sps }), ...(pps === undefined ? {} : { pps }) };
    const picture: MadeUnit = {
      kind: 'video',
      pts90k,
      id,
      isKeyFrame,
      sizeBytes: isKeyFrame ? 900 : 300,
      ...sets,
    };
    const sound: MadeUnit = { kind: 'audio', pts90k: pts90k + 10, id };
    return hasAudio ? [picture, sound] : [picture];
  }).flat();
}

function stream(units: readonly MadeUnit[], maker = new TsMaker()): Buffer {
  return Buffer.concat([maker.tables(), maker.units(units)]);
}

/** The pictures in a segment, by their ids. */
function ids(data: Buffer): number[] {
  return accessUnits(data).map((unit) => {
    const at = unit.data.lastIndexOf(Buffer.from([0, 0, 0, 1]));
    return Number.parseInt(unit.data.toString('latin1', at + 6, at + 12), 16);
  });
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

describe('Segmenter', () => {
  test('cuts at the first key frame at or after segmentMs, each segment playable alone', () => {
    const { cuts, segmenter } = house();
    segmenter.push(stream(footage(150)));
    segmenter.end();
    expect(cuts.map((cut) => ids(cut.data))).toEqual([range(0, 50), range(50, 100), range(100, 150)]);
    expect(cuts.map((cut) => [cut.startPts90k, cut.duration90k, cut.begins])).toEqual([
      [90_000, 180_000, 'started'],
      [270_000, 180_000, undefined],
      [450_000, 180_000, undefined],
    ]);
    for (const cut of cuts) {
      expect(cut.data.buffer).toBeInstanceOf(SharedArrayBuffer);
      expect(probeTs(cut.data)).toMatchObject({ isWhole: true, startPts90k: cut.startPts90k, pictures: 50 });
      expect(cut.keyFrames[0]).toEqual({ offset: TABLES_BYTES, pts90k: cut.startPts90k });
      expect(cut.keyFrames).toEqual(probeTs(cut.data)?.keyFrames);
      expect(cut.format).toMatchObject({ videoCodec: 'h264', width: 240, height: 160 });
    }
  });

  test('keeps the average where key frames do not fit the grid, and does not lose a cut to a trembling clock', () => {
    const uneven = house();
    uneven.segmenter.push(stream(footage(3000, { keyFrameEvery: 30 })));
    expect(uneven.cuts.length).toBe(Math.floor(3000 / 50) - 1);
    const trembling = house();
    const units = footage(1000).map((unit) => ({
      ...unit,
      pts90k: unit.pts90k - (((unit.id ?? 0) * 7) % 90),
    }));
    trembling.segmenter.push(stream(units));
    expect(trembling.cuts.every((cut) => Math.abs(cut.duration90k - 180_000) < 100)).toBe(true);
  });

  test('a camera with a key frame every 12 s gets segments of 12 s', () => {
    const { cuts, segmenter } = house({ segmentMs: 1000 });
    segmenter.push(stream(footage(1000, { keyFrameEvery: 300 })));
    expect(cuts.map((cut) => cut.duration90k)).toEqual([1_080_000, 1_080_000, 1_080_000]);
  });

  test('segmentMs counts from the next cut on', () => {
    const { cuts, segmenter } = house();
    const maker = new TsMaker();
    segmenter.push(stream(footage(60), maker));
    segmenter.segmentMs = 4000;
    segmenter.push(maker.units(footage(240, { from: 60 })));
    expect(cuts.map((cut) => cut.duration90k)).toEqual([180_000, 180_000, 360_000]);
  });

  test('sound goes with the pictures', () => {
    const { cuts, segmenter } = house();
    segmenter.push(stream(footage(150, { hasAudio: true }), new TsMaker({ hasAudio: true })));
    segmenter.end();
    expect(cuts).toHaveLength(3);
    for (const cut of cuts) {
      expect(cut.format.audio).toEqual({ clockRate: 48_000, channels: 1 });
      expect(probeTs(cut.data)).toMatchObject({
        isWhole: true,
        audioStartPts90k: cut.startPts90k + 10,
        audioEndPts90k: cut.startPts90k + 49 * FRAME_90K + 10,
      });
    }
  });

  test.each([
    ['other PIDs', { videoPid: 0x1011, audioPid: 0x1100, hasAudio: true }],
    ['the clock in the sound', { pcrPid: 0x101, hasAudio: true }],
    ['the clock apart', { pcrPid: 0x1ff, hasAudio: true }],
  ])('takes a stream with %s', (_name, options) => {
    const { cuts, segmenter } = house();
    segmenter.push(stream(footage(150, { hasAudio: true }), new TsMaker(options)));
    expect(cuts.map((cut) => ids(cut.data))).toEqual([range(0, 50), range(50, 100)]);
    expect(cuts.every((cut) => probeTs(cut.data)?.isWhole)).toBe(true);
    expect(cuts.every((cut) => probeTs(cut.data)?.format?.audio !== undefined)).toBe(true);
  });

  test('begins at the first key frame', () => {
    const { cuts, segmenter } = house();
    segmenter.push(stream(footage(100, { from: 10 })));
    segmenter.end();
    expect(cuts.map((cut) => ids(cut.data))).toEqual([range(25, 75), range(75, 110)]);
    expect(cuts[0]?.begins).toBe('started');
    expect(cuts[1]?.duration90k).toBe(35 * FRAME_90K);
  });

  test('counts on over the wrap of the 33 bits', () => {
    const { cuts, segmenter } = house();
    const by90k = 2 ** 33 - 90_000 - 60 * FRAME_90K;
    segmenter.begin({ expectedPts90k: by90k, cause: 'started' });
    segmenter.push(stream(footage(150).map((unit) => ({ ...unit, pts90k: unit.pts90k + by90k }))));
    expect(cuts.map((cut) => [cut.startPts90k, cut.duration90k])).toEqual([
      [90_000 + by90k, 180_000],
      [270_000 + by90k, 180_000],
    ]);
  });

  test('moves the times of a run that counts from 0, in the bytes too', () => {
    const { cuts, segmenter } = house();
    const shift90k = 3 * 2 ** 33 + 4_000_000_001;
    segmenter.begin({ expectedPts90k: shift90k, cause: 'started', shift90k });
    const units = footage(60, { hasAudio: true }).map((unit) => ({ ...unit, pts90k: unit.pts90k - 90_000 }));
    segmenter.push(stream(units, new TsMaker({ hasAudio: true })));
    expect(cuts[0]?.startPts90k).toBe(shift90k);
    expect(probeTs(cuts[0]?.data ?? Buffer.alloc(0), { nearPts90k: shift90k })).toMatchObject({
      startPts90k: shift90k,
      audioStartPts90k: shift90k + 10,
      isWhole: true,
    });
  });

  test('pictures that are shown in another order than they are decoded', () => {
    const { cuts, segmenter } = house();
    // I P B B P B B, each group closed.
    const order = [0, 3, 1, 2, 6, 4, 5, 9, 7, 8];
    const units = Array.from({ length: 20 }, (_, group) =>
      order.map((shown, i): MadeUnit => {
        const at90k = 90_000 + group * 10 * FRAME_90K;
        return {
          kind: 'video',
          pts90k: at90k + shown * FRAME_90K,
          dts90k: at90k + (i - 1) * FRAME_90K,
          isKeyFrame: i === 0,
          id: group * 10 + i,
        };
      }),
    ).flat();
    segmenter.push(stream(units));
    segmenter.end();
    expect(cuts.map((cut) => cut.duration90k)).toEqual([180_000, 180_000, 180_000, 180_000]);
    expect(cuts.flatMap((cut) => ids(cut.data))).toEqual(range(0, 200));
  });

  test('recovery points are taken where IDR pictures stay away', () => {
    const { cuts, segmenter } = house();
    const units = footage(300).map((unit) =>
      (unit.id ?? 0) === 0 ? unit : { ...unit, isRecoveryPoint: true },
    );
    segmenter.push(stream(units));
    expect(cuts.length).toBeGreaterThanOrEqual(2);
    expect(cuts.flatMap((cut) => ids(cut.data))).toEqual(range(0, 100 * cuts.length));
  });

  test('other parameter sets end the recording at once', () => {
    const { cuts, segmenter } = house();
    const maker = new TsMaker();
    segmenter.push(stream(footage(25), maker));
    const [sps, pps] = [other.sps[0], other.pps[0]];
    if (sps === undefined || pps === undefined) throw new Error('no parameter sets');
    segmenter.push(maker.units(footage(75, { from: 25, sps, pps })));
    segmenter.end();
    expect(cuts.map((cut) => [ids(cut.data).length, cut.duration90k, cut.begins])).toEqual([
      [25, 90_000, 'started'],
      [50, 180_000, 'format-changed'],
      [25, 90_000, undefined],
    ]);
    expect(cuts.map((cut) => cut.format.width)).toEqual([240, 2560, 2560]);
    expect(cuts[0]?.format.parameterSetsId).not.toBe(cuts[1]?.format.parameterSetsId);
  });

  test('a split begins a new recording at the next key frame', () => {
    const { cuts, segmenter } = house();
    const maker = new TsMaker();
    segmenter.push(stream(footage(30), maker));
    segmenter.split('clock-stepped');
    segmenter.push(maker.units(footage(100, { from: 30 })));
    expect(cuts.map((cut) => [cut.duration90k, cut.begins])).toEqual([
      [180_000, 'started'],
      [180_000, 'clock-stepped'],
    ]);
  });

  test('a jump of the timeline ends the recording with its last picture', () => {
    const { cuts, troubles, segmenter } = house();
    const maker = new TsMaker();
    segmenter.push(stream(footage(40), maker));
    segmenter.push(maker.units(footage(60, { from: 1040 })));
    segmenter.end();
    expect(cuts.map((cut) => [ids(cut.data)[0], cut.duration90k, cut.begins])).toEqual([
      [0, 40 * FRAME_90K, 'started'],
      [1050, 50 * FRAME_90K, 'timeline-jumped'],
    ]);
    expect(troubles.map((trouble) => trouble.kind)).toEqual(['timeline-jumped']);
  });

  test('sound that goes on without a picture is left out, and told', () => {
    const { cuts, troubles, segmenter } = house();
    const maker = new TsMaker({ hasAudio: true });
    segmenter.push(stream(footage(40, { hasAudio: true }), maker));
    const silentPicture = footage(400, { from: 40, hasAudio: true }).filter((unit) => unit.kind === 'audio');
    segmenter.push(maker.units(silentPicture));
    expect(cuts.map((cut) => cut.duration90k)).toEqual([40 * FRAME_90K]);
    const probe = probeTs(cuts[0]?.data ?? Buffer.alloc(0));
    expect((probe?.audioEndPts90k ?? 0) - (probe?.endPts90k ?? 0)).toBeLessThanOrEqual(90_000);
    expect(troubles).toEqual([{ kind: 'no-key-frame', fromPts90k: 90_000 + 40 * FRAME_90K }]);
    segmenter.push(maker.units(footage(50, { from: 450, hasAudio: true })));
    segmenter.end();
    expect(cuts[1]?.begins).toBe('recovered');
    expect(ids(cuts[1]?.data ?? Buffer.alloc(0))).toEqual(range(450, 500));
  });

  test('a camera that never sends another key frame: the recording ends, and memory is bounded', () => {
    const { cuts, troubles, segmenter } = house({ maxSegmentMs: 30_000 });
    const maker = new TsMaker();
    segmenter.push(stream(footage(10_000, { keyFrameEvery: 100_000 }), maker));
    expect(cuts).toHaveLength(1);
    expect(cuts[0]?.duration90k).toBe(751 * FRAME_90K);
    expect(troubles).toEqual([{ kind: 'no-key-frame', fromPts90k: 90_000 + 751 * FRAME_90K }]);
    expect(segmenter.openBytes).toBeLessThan(1024 * 1024);
    segmenter.push(maker.units(footage(50, { from: 10_000 })));
    segmenter.end();
    expect(cuts[1]?.begins).toBe('recovered');
  });

  test('a stream without any key frame is told once', () => {
    const { cuts, troubles, segmenter } = house();
    segmenter.push(stream(footage(2000, { from: 1, keyFrameEvery: 100_000 })));
    segmenter.end();
    expect(cuts).toEqual([]);
    expect(troubles).toEqual([{ kind: 'no-key-frame', fromPts90k: 90_000 + FRAME_90K }]);
  });

  test('large pictures: every key frame is a cut from half of the bound on, none goes over it', () => {
    const { cuts, segmenter } = house({ segmentMs: 60_000, maxSegmentBytes: 1024 * 1024 });
    segmenter.push(stream(footage(500).map((unit) => ({ ...unit, sizeBytes: 10_000 }))));
    expect(cuts.every((cut) => cut.data.length <= 1024 * 1024)).toBe(true);
    expect(cuts.every((cut) => cut.begins === undefined || cut === cuts[0])).toBe(true);
    expect(cuts.flatMap((cut) => ids(cut.data))).toEqual(range(0, 75 * cuts.length));
  });

  test('a picture of unbounded size ends the recording without harm', () => {
    const { cuts, troubles, segmenter } = house({ maxSegmentBytes: 256 * 1024 });
    const maker = new TsMaker();
    segmenter.push(stream(footage(30), maker));
    const huge: MadeUnit = { kind: 'video', pts90k: 90_000 + 30 * FRAME_90K, sizeBytes: 5_000_000, id: 30 };
    segmenter.push(maker.unit(huge));
    expect(troubles.map((trouble) => trouble.kind)).toEqual(['no-key-frame']);
    expect(cuts).toHaveLength(1);
    segmenter.push(maker.units(footage(100, { from: 50 })));
    segmenter.end();
    expect(ids(cuts[1]?.data ?? Buffer.alloc(0))[0]).toBe(50);
    expect(segmenter.openBytes).toBeLessThan(1024 * 1024);
  });

  test('key frames with a head over several packets, and with one that is too long to read', () => {
    const { cuts, segmenter } = house();
    const sei = (bytes: number) => Buffer.concat([Buffer.from([6, 5]), Buffer.alloc(bytes, 0x55)]);
    const long = footage(100).map((unit) => (unit.isKeyFrame ? { ...unit, sei: sei(5000) } : unit));
    segmenter.push(stream(long));
    expect(cuts.map((cut) => ids(cut.data))).toEqual([range(0, 50)]);
    const endless = house();
    endless.segmenter.push(stream(footage(100).map((unit) => ({ ...unit, sei: sei(40_000) }))));
    endless.segmenter.end();
    expect(endless.cuts).toEqual([]);
  });

  test('a unit without a picture does not take the key frame behind it along', () => {
    const { cuts, segmenter } = house();
    const maker = new TsMaker();
    const empty = maker.unit({ kind: 'video', pts90k: 90_000 });
    // Its slice becomes a second access unit delimiter.
    empty[empty.lastIndexOf(Buffer.from([0, 0, 0, 1])) + 4] = 9;
    segmenter.push(Buffer.concat([maker.tables(), empty, maker.units(footage(60))]));
    expect(cuts.map((cut) => ids(cut.data))).toEqual([range(0, 50)]);
  });

  test('packets that came twice are taken once, packets that say they are damaged not at all', () => {
    const { cuts, segmenter } = house();
    const bytes = stream(footage(60));
    const packets = Array.from({ length: bytes.length / 188 }, (_, i) =>
      bytes.subarray(i * 188, i * 188 + 188),
    );
    const damaged = Buffer.from(packets[30] ?? Buffer.alloc(188));
    damaged[1] = (damaged[1] ?? 0) | 0x80;
    segmenter.push(
      Buffer.concat(packets.flatMap((packet, i) => (i === 30 ? [damaged, packet] : [packet, packet]))),
    );
    expect(cuts.map((cut) => ids(cut.data))).toEqual([range(0, 50)]);
    expect(probeTs(cuts[0]?.data ?? Buffer.alloc(0))?.isWhole).toBe(true);
  });

  test('sound that is announced and never comes is not in the format nor in the tables', () => {
    const { cuts, segmenter } = house();
    segmenter.push(stream(footage(60), new TsMaker({ hasAudio: true })));
    expect(cuts[0]?.format.audio).toBeUndefined();
    expect(probeTs(cuts[0]?.data ?? Buffer.alloc(0))?.isWhole).toBe(true);
  });
});

describe('Segmenter over several runs', () => {
  test('goes on without a gap where the hub replays the group of pictures', () => {
    const { cuts, segmenter } = house();
    segmenter.push(stream(footage(60, { hasAudio: true }), new TsMaker({ hasAudio: true })));
    segmenter.interrupt({ isWhole: false });
    segmenter.begin({ expectedPts90k: 90_000, cause: 'recorder-restarted' });
    segmenter.push(stream(footage(100, { from: 50, hasAudio: true }), new TsMaker({ hasAudio: true })));
    segmenter.end();
    expect(cuts.map((cut) => ids(cut.data))).toEqual([range(0, 50), range(50, 100), range(100, 150)]);
    expect(cuts.map((cut) => cut.begins)).toEqual(['started', undefined, undefined]);
    expect(cuts.every((cut) => probeTs(cut.data)?.isWhole)).toBe(true);
    expect(probeTs(Buffer.concat(cuts.map((cut) => cut.data)))?.isWhole).toBe(true);
  });

  test('goes on in the middle of a segment, and its counters with it', () => {
    const { cuts, segmenter } = house({ segmentMs: 8000 });
    segmenter.push(stream(footage(90)));
    segmenter.interrupt({ isWhole: false });
    segmenter.begin({ expectedPts90k: 90_000, cause: 'recorder-restarted' });
    segmenter.push(stream(footage(100, { from: 75 })));
    segmenter.end();
    expect(cuts.map((cut) => ids(cut.data))).toEqual([range(0, 175)]);
    expect(cuts[0]?.duration90k).toBe(175 * FRAME_90K);
    expect(probeTs(cuts[0]?.data ?? Buffer.alloc(0))?.isWhole).toBe(true);
  });

  test('goes on with the very next key frame after an orderly end', () => {
    const { cuts, segmenter } = house({ segmentMs: 8000 });
    segmenter.push(stream(footage(75)));
    segmenter.interrupt({ isWhole: true });
    segmenter.begin({ expectedPts90k: 90_000, cause: 'recorder-restarted' });
    segmenter.push(stream(footage(50, { from: 75 })));
    segmenter.end();
    expect(cuts.map((cut) => ids(cut.data))).toEqual([range(0, 125)]);
  });

  test('a key frame that was written in part is taken from the next run', () => {
    const { cuts, segmenter } = house();
    const bytes = stream(footage(51));
    segmenter.push(bytes.subarray(0, bytes.length - 188));
    segmenter.interrupt({ isWhole: false });
    segmenter.begin({ expectedPts90k: 90_000, cause: 'recorder-restarted' });
    // The hub may begin one group earlier still.
    segmenter.push(stream(footage(75, { from: 25 })));
    segmenter.end();
    expect(cuts.map((cut) => ids(cut.data))).toEqual([range(0, 50), range(50, 100)]);
    expect(cuts.map((cut) => cut.begins)).toEqual(['started', undefined]);
  });

  test('a picture that was written in part is thrown away, and a later start is a new recording', () => {
    const { cuts, segmenter } = house({ segmentMs: 8000 });
    const bytes = stream(footage(40));
    segmenter.push(bytes.subarray(0, bytes.length - 188));
    segmenter.interrupt({ isWhole: false });
    segmenter.begin({ expectedPts90k: 90_000, cause: 'recorder-restarted' });
    segmenter.push(stream(footage(50, { from: 75 })));
    segmenter.end();
    expect(cuts.map((cut) => [ids(cut.data).length, cut.duration90k, cut.begins])).toEqual([
      [39, 39 * FRAME_90K, 'started'],
      [50, 50 * FRAME_90K, 'recorder-restarted'],
    ]);
  });

  test('sound that comes or goes with the run begins a new recording without a gap', () => {
    const { cuts, segmenter } = house({ segmentMs: 8000 });
    segmenter.push(stream(footage(60)));
    segmenter.interrupt({ isWhole: true });
    segmenter.begin({ expectedPts90k: 90_000, cause: 'format-changed' });
    segmenter.push(stream(footage(100, { from: 50, hasAudio: true }), new TsMaker({ hasAudio: true })));
    segmenter.interrupt({ isWhole: true });
    segmenter.begin({ expectedPts90k: 90_000, cause: 'format-changed' });
    segmenter.push(stream(footage(25, { from: 125 })));
    segmenter.end();
    expect(cuts.map((cut) => [ids(cut.data), cut.begins, cut.format.audio !== undefined])).toEqual([
      [range(0, 50), 'started', false],
      [range(50, 125), 'format-changed', true],
      [range(125, 150), 'format-changed', false],
    ]);
    expect(cuts.map((cut) => cut.startPts90k + cut.duration90k).slice(0, 2)).toEqual(
      cuts.map((cut) => cut.startPts90k).slice(1),
    );
  });

  test('after its end nothing is recorded twice', () => {
    const { cuts, segmenter } = house();
    segmenter.push(stream(footage(60)));
    segmenter.end();
    segmenter.begin({ expectedPts90k: 90_000, cause: 'camera-back' });
    segmenter.push(stream(footage(50, { from: 50 })));
    segmenter.end();
    expect(cuts.map((cut) => ids(cut.data))).toEqual([range(0, 50), range(50, 60), range(75, 100)]);
    expect(cuts.map((cut) => cut.begins)).toEqual(['started', undefined, 'camera-back']);
  });

  test('a run without a single key frame leaves what is held alone', () => {
    const { cuts, segmenter } = house();
    segmenter.push(stream(footage(60)));
    for (let i = 0; i < 3; i += 1) {
      segmenter.interrupt({ isWhole: false });
      segmenter.begin({ expectedPts90k: 90_000, cause: 'recorder-restarted' });
      segmenter.push(stream(footage(5, { from: 61 })));
    }
    segmenter.end();
    expect(cuts.map((cut) => ids(cut.data))).toEqual([range(0, 50), range(50, 59)]);
  });
});
