import { describe, expect, test } from 'vitest';
import { H264Depacketiser, h264Format } from '../../../server/rtsp/parse/index.ts';
import type { SourceUnit } from '../../../server/stream/index.ts';
import { mediaOfFile } from '../../support/camera-sim/index.ts';
import { encodeReorderedClip, type ReorderedClipOptions } from '../../support/reordered-clip.ts';
import { packetiser, received, unitOf } from '../../support/rtp-units.ts';

/** What the depacketiser makes of a clip whose times are in the order of decoding, so that only the pictures tell. */
async function depacketised(options: ReorderedClipOptions) {
  const clip = await encodeReorderedClip(options);
  const { sps, pps } = clip.format;
  const format = h264Format(sps, pps);
  if (format === undefined) throw new Error('the clip has no format');
  const sender = packetiser({ firstSequence: 1 });
  const units: SourceUnit[] = [];
  const depacketiser = new H264Depacketiser({
    sps,
    pps,
    onUnit: (unit) => units.push(unit),
    onFormat: () => {},
  });
  clip.units.forEach(({ payloads, isKeyFrame }, i) => {
    const packets = sender.packetise(unitOf(format, payloads, { isKeyFrame, pts90k: i * 3600 }));
    for (const packet of received(packets)) depacketiser.push(packet, 0);
  });
  let newest = -1;
  const expected = clip.units.map(({ order }) => {
    const isReordered = order < newest;
    newest = Math.max(newest, order);
    return isReordered;
  });
  return { format, units, expected };
}

describe('B-pictures are known by the pictures themselves', () => {
  test.each([
    ['one between two others', { bFrames: 1 }, 1],
    ['three between two others', { bFrames: 3 }, 1],
    ['three, one of which the others refer to', { bFrames: 3, pyramid: true }, 2],
    ['a count that wraps within the group', { bFrames: 2, frames: 120, keyFrameEvery: 120 }, 1],
    ['interlaced pictures', { bFrames: 2, x264Params: 'interlaced=1' }, 1],
  ])('%s', async (_name, options, reorderFrames) => {
    const { format, units, expected } = await depacketised(options);
    expect(format.reorderFrames).toBe(reorderFrames);
    expect(units.map(({ isReordered }) => isReordered)).toEqual(expected);
    expect(expected.some((isReordered) => isReordered)).toBe(true);
    // What others do not refer to is a B-picture here, and without a pyramid each of them is.
    const disposable = units.map(({ isDisposable }) => isDisposable);
    if ('pyramid' in options) {
      expect(units.filter((unit) => unit.isReordered === true && !unit.isDisposable).length).toBeGreaterThan(
        5,
      );
      disposable.forEach((can, i) => {
        if (can) expect(expected[i]).toBe(true);
      });
    } else {
      expect(disposable).toEqual(expected);
    }
  });

  test('a stream without them says so, picture by picture', async () => {
    const { format, units } = await depacketised({ bFrames: 0 });
    expect(format.reorderFrames).toBe(0);
    expect(units.every((unit) => unit.isReordered === false && unit.isDisposable === false)).toBe(true);
  });

  test.each([
    ['Cisco_Men_whisper_640x320_CABAC_Bframe_9', { reordered: 7, disposable: 7 }],
    ['NRF_MW_E', { reordered: 0, disposable: 66 }],
    ['MPS_MW_A', { reordered: 0, disposable: 0 }],
  ])('%s: as FFmpeg shows it', async (name, counts) => {
    const path = new URL(`../../fixtures/h264/${name}.264`, import.meta.url).pathname;
    const { video } = await mediaOfFile(path, { fps: 25 });
    if (video === undefined) throw new Error('no pictures');
    const units: SourceUnit[] = [];
    const depacketiser = new H264Depacketiser({ onUnit: (unit) => units.push(unit), onFormat: () => {} });
    let sequence = 0;
    video.pictures.forEach(({ nals }, i) => {
      nals.forEach((payload, n) => {
        const marker = n === nals.length - 1;
        const packet = { payloadType: 96, marker, sequence, timestamp: i * 3600, ssrc: 1, payload };
        sequence = (sequence + 1) & 0xffff;
        depacketiser.push(packet, 0);
      });
    });
    expect(units.length).toBe(video.pictures.length);
    let newest = -1;
    const expected = video.pictures.map((_, i) => {
      const shown = video.displayOrder?.[i] ?? i;
      const isReordered = shown < newest;
      newest = Math.max(newest, shown);
      return isReordered;
    });
    expect(units.map(({ isReordered }) => isReordered ?? false)).toEqual(expected);
    expect({
      reordered: units.filter(({ isReordered }) => isReordered === true).length,
      disposable: units.filter(({ isDisposable }) => isDisposable === true).length,
    }).toEqual(counts);
  });
});
