import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isMatroskaTrack, matroskaHeader, matroskaUnit } from '../../../server/transcode/legs/matroska.ts';
import { type CodedUnit, opusPacket, TsOutput } from '../../../server/transcode/legs/ts-output.ts';
import { AAC, OPUS } from '../../support/clip-camera.ts';
import { encodeClip } from '../../support/h264-clip.ts';
import { h265Clip, h265Units } from '../../support/h265-clip.ts';

const run = promisify(execFile);
const ffmpeg = process.env.FFMPEG_PATH ?? 'ffmpeg';
const options = { encoding: 'buffer', maxBuffer: 2 ** 28 } as const;

async function ffmpegOf(input: Buffer, args: readonly string[]): Promise<Buffer> {
  const child = run(ffmpeg, ['-v', 'error', ...args], options);
  child.child.stdin?.end(input);
  return (await child).stdout;
}

/** Time in ms, and a hash, of each picture that FFmpeg decodes. */
async function decoded(input: Buffer, format: string): Promise<Array<{ timeMs: number; hash: string }>> {
  const args = [
    '-copyts',
    '-f',
    format,
    '-i',
    'pipe:0',
    '-fps_mode',
    'passthrough',
    '-enc_time_base',
    '1:1000',
  ];
  const text = (await ffmpegOf(input, [...args, '-f', 'framemd5', 'pipe:1'])).toString();
  return [...text.matchAll(/^0,\s*-?\d+,\s*(\d+),.*,\s*([0-9a-f]{32})$/gm)].map(([, time, hash]) => ({
    timeMs: Number(time),
    hash: hash ?? '',
  }));
}

const annexB = (nals: readonly Buffer[]) => nals.flatMap((nal) => [Buffer.of(0, 0, 0, 1), nal]);

describe('Matroska for FFmpeg', () => {
  it('holds every picture of H.264, at its time', async () => {
    const clip = await encodeClip({ frames: 12, keyFrameEvery: 5 });
    const file = clip.units.map((unit, n) => matroskaUnit({ format: clip.format, ...unit }, 10_000 + n * 40));
    const pictures = await decoded(Buffer.concat([matroskaHeader(clip.format), ...file]), 'matroska');
    const plain = clip.units.flatMap(({ payloads, isKeyFrame }) =>
      annexB(isKeyFrame ? [...clip.format.sps, ...clip.format.pps, ...payloads] : payloads),
    );
    const expected = await decoded(Buffer.concat(plain), 'h264');
    expect(pictures.map(({ hash }) => hash)).toEqual(expected.map(({ hash }) => hash));
    expect(pictures.map(({ timeMs }) => timeMs)).toEqual(clip.units.map((_, n) => 10_000 + n * 40));
  });

  it.each(['closed-gop', 'slices'] as const)('holds every picture of H.265 (%s)', async (name) => {
    const clip = h265Clip(name);
    const units = h265Units(clip).map((unit, n) => matroskaUnit(unit, 10_000 + n * 40));
    const pictures = await decoded(Buffer.concat([matroskaHeader(clip.format), ...units]), 'matroska');
    const plain = [...clip.format.vps, ...clip.format.sps, ...clip.format.pps];
    const all = annexB([...plain, ...clip.pictures.flatMap(({ payloads }) => payloads)]);
    const expected = await decoded(Buffer.concat(all), 'hevc');
    expect(pictures.length).toBe(clip.pictures.length);
    expect(pictures.map(({ hash }) => hash)).toEqual(expected.map(({ hash }) => hash));
  });

  it.each([
    ['pcma', 8000, 2, 'alaw'],
    ['pcmu', 16_000, 1, 'mulaw'],
  ] as const)('holds %s of %i Hz and %i channels', async (codec, clockRate, channels, raw) => {
    const samples = Buffer.from(Array.from({ length: 3200 }, (_, n) => (n * 37) & 0xff));
    const format = { kind: 'audio', codec, clockRate, channels } as const;
    const unit = { format, payloads: [samples], isKeyFrame: true };
    const wave = await ffmpegOf(Buffer.concat([matroskaHeader(format), matroskaUnit(unit, 0)]), [
      ...['-f', 'matroska', '-i', 'pipe:0', '-f', 's16le', 'pipe:1'],
    ]);
    const args = ['-f', raw, '-ar', String(clockRate), '-ac', String(channels), '-i', 'pipe:0'];
    expect(wave.equals(await ffmpegOf(samples, [...args, '-f', 's16le', 'pipe:1']))).toBe(true);
  });

  it('knows what it cannot hold', () => {
    expect(isMatroskaTrack(AAC)).toBe(true);
    expect(isMatroskaTrack({ ...AAC, config: undefined as never })).toBe(false);
    expect(isMatroskaTrack(OPUS)).toBe(false);
  });
});

describe('MPEG-TS from FFmpeg', () => {
  const OUT = ['-muxdelay', '0', '-muxpreload', '0', '-omit_video_pes_length', '0', '-pes_payload_size', '0'];

  function unitsOf(
    ts: Buffer,
    cuts: readonly number[] = [],
  ): Array<CodedUnit & { readonly afterBytes: number }> {
    const units: Array<CodedUnit & { afterBytes: number }> = [];
    let afterBytes = 0;
    const output = new TsOutput((unit) => units.push({ ...unit, afterBytes }));
    for (const end of [...new Set([...cuts, ts.length])].sort((a, b) => a - b)) {
      const chunk = Buffer.from(ts.subarray(afterBytes, end));
      afterBytes = end;
      output.push(chunk);
      chunk.fill(0xaa);
    }
    return units;
  }

  it('gives out each picture whole with its last packet, however large it is and however the bytes come', async () => {
    // Noise, so that pictures are far over the 64 KB that a PES header can tell.
    const noise = ['-f', 'lavfi', '-i', 'nullsrc=s=640x480:r=25,geq=random(1)*255:128:128', '-frames:v', '6'];
    const encode = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-qp', '8', '-g', '3'];
    const { stdout: ts } = await run(
      ffmpeg,
      ['-v', 'error', ...noise, ...encode, ...OUT, '-f', 'mpegts', 'pipe:1'],
      options,
    );
    const plain = await ffmpegOf(ts, ['-f', 'mpegts', '-i', 'pipe:0', '-c', 'copy', '-f', 'h264', 'pipe:1']);
    const whole = unitsOf(ts);
    expect(Math.max(...whole.map(({ data }) => data.length))).toBeGreaterThan(65_536);
    expect(Buffer.concat(whole.map(({ data }) => data)).equals(plain)).toBe(true);
    expect(whole.map(({ pts90k }) => pts90k - (whole[0]?.pts90k ?? 0))).toEqual(
      [0, 1, 2, 3, 4, 5].map((n) => n * 3600),
    );
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: ts.length }), { maxLength: 40 }), (cuts) => {
        const units = unitsOf(ts, cuts);
        expect(units.map(({ data }) => data.length)).toEqual(whole.map(({ data }) => data.length));
        expect(Buffer.concat(units.map(({ data }) => data)).equals(plain)).toBe(true);
      }),
      { numRuns: 30 },
    );
    // Packet by packet: no picture waits for the one after it.
    const packets = Array.from({ length: ts.length / 188 }, (_, n) => n * 188);
    const starts = packets.filter((at) => (ts.readUInt16BE(at + 1) & 0x5fff) === 0x4100);
    for (const [n, unit] of unitsOf(ts, packets).entries()) {
      expect(unit.afterBytes).toBeLessThanOrEqual((starts[n + 1] ?? ts.length) + 3 * 188);
    }
  });

  it('gives out each packet of Opus, without its control header, at its time', async () => {
    const tone = ['-f', 'lavfi', '-i', 'sine=440:r=48000:d=1', '-c:a', 'libopus', '-frame_duration', '20'];
    const { stdout: ts } = await run(
      ffmpeg,
      ['-v', 'error', ...tone, ...OUT, '-f', 'mpegts', 'pipe:1'],
      options,
    );
    const units = unitsOf(ts);
    expect(units.length).toBeGreaterThanOrEqual(50);
    for (const [n, unit] of units.entries()) {
      expect(unit.pts90k - (units[0]?.pts90k ?? 0)).toBe(n * 1800);
      const packet = opusPacket(unit.data);
      // CELT of 20 ms (RFC 6716 section 3.1).
      expect([31, 15]).toContain((packet?.readUInt8(0) ?? 0) >> 3);
    }
  });

  it('refuses what is no MPEG-TS, and takes no packet of Opus for one that is none', () => {
    expect(() => new TsOutput(() => {}).push(Buffer.alloc(188))).toThrow(/no MPEG-TS/);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const packet = opusPacket(Buffer.from(bytes));
        expect(packet === undefined || packet.length > 0).toBe(true);
      }),
    );
  });
});
