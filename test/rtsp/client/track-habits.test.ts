import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { h264Parts, h265Parts, PART, spsIn } from '../../../server/rtsp/client/picture-parts.ts';
import { TrackHabits } from '../../../server/rtsp/client/track-habits.ts';

const SPS = Buffer.from([0x67, 0x42, 0xc0, 0x1f, 1]);
const OTHER_SPS = Buffer.from([0x67, 0x42, 0xc0, 0x1f, 2]);
const PPS = Buffer.from([0x68, 0xce, 0x3c, 0x80]);
const IDR = Buffer.concat([Buffer.from([0x65, 0x88]), Buffer.alloc(500)]);
const SLICE = Buffer.concat([Buffer.from([0x41, 0x9a]), Buffer.alloc(200)]);

function stapA(...nals: Buffer[]): Buffer {
  const parts: Buffer[] = [Buffer.from([24])];
  for (const nal of nals) {
    const size = Buffer.alloc(2);
    size.writeUInt16BE(nal.length);
    parts.push(size, nal);
  }
  return Buffer.concat(parts);
}

class Camera {
  readonly habits: TrackHabits;
  atMs = 1_000;
  timestamp = 4_294_900_000;
  #sequence = 65_500;

  constructor(setsInSdp = true) {
    this.habits = new TrackHabits({ kind: 'video', codec: 'h264', clockRate: 90_000, setsInSdp });
  }

  /** One picture, each payload a packet, the last one marked. */
  picture(payloads: readonly Buffer[], marked = true): void {
    for (const [index, payload] of payloads.entries()) {
      this.habits.packet(
        {
          payloadType: 96,
          marker: marked && index === payloads.length - 1,
          sequence: this.#sequence++ & 0xffff,
          timestamp: this.timestamp >>> 0,
          ssrc: 1,
          payload,
        },
        this.atMs,
      );
    }
    this.timestamp += 3_600;
    this.atMs += 40;
  }
}

describe('habits of a track', () => {
  it.each([
    ['in the SDP only', true, [IDR], { inSdp: true, inBand: false, keyFramesWithSets: 0 }],
    [
      'in band before each key frame',
      false,
      [SPS, PPS, IDR],
      { inSdp: false, inBand: true, keyFramesWithSets: 10 },
    ],
    ['as one packet', true, [stapA(SPS, PPS), IDR], { inSdp: true, inBand: true, keyFramesWithSets: 10 }],
  ])('sees parameter sets %s', (_name, inSdp, keyPicture, expected) => {
    const camera = new Camera(inSdp);
    for (let n = 0; n <= 250; n += 1) camera.picture(n % 25 === 0 ? keyPicture : [SLICE]);
    expect(camera.habits.report.parameterSets).toMatchObject({ ...expected, changes: 0 });
    expect(camera.habits.report).toMatchObject({ maxSlices: 1, withoutMarker: 0, timestampJumps: 0 });
    expect(camera.habits.report.timestampFps).toBe(25);
  });

  it('counts parameter sets that have a time of their own to the picture that follows', () => {
    const camera = new Camera(false);
    for (let n = 0; n < 5; n += 1) {
      camera.picture([SPS, PPS]);
      camera.picture([IDR]);
      camera.picture([SLICE]);
    }
    expect(camera.habits.report.parameterSets).toMatchObject({ keyFrames: 5, keyFramesWithSets: 5 });
  });

  it('counts a change of the parameter sets, not their repetition nor two that take turns', () => {
    const camera = new Camera();
    for (let n = 0; n < 10; n += 1) camera.picture([n < 5 ? SPS : OTHER_SPS, PPS, IDR]);
    expect(camera.habits.report.parameterSets?.changes).toBe(1);
    for (let n = 0; n < 10; n += 1) camera.picture([n % 2 === 0 ? SPS : OTHER_SPS, PPS, IDR]);
    expect(camera.habits.report.parameterSets?.changes).toBe(1);
  });

  it('tells of packets that are too large, missing marks and slices', () => {
    const camera = new Camera();
    for (let n = 0; n < 11; n += 1) camera.picture([SLICE, SLICE, Buffer.alloc(1_600, 0x41)], false);
    const { packets, withoutMarker, maxSlices } = camera.habits.report;
    expect(packets).toMatchObject({ count: 33, maxBytes: 1_612, overMtu: 11 });
    expect(withoutMarker).toBe(1);
    expect(maxSlices).toBe(3);
  });

  it('counts jumps of the time stamps, restarts and sender reports', () => {
    const camera = new Camera();
    for (let n = 0; n < 50; n += 1) camera.picture([SLICE]);
    camera.timestamp += 90_000 * 3_600;
    for (let n = 0; n < 50; n += 1) camera.picture([SLICE]);
    camera.habits.restarted();
    camera.timestamp = 17;
    for (let n = 0; n < 50; n += 1) camera.picture([SLICE]);
    for (const atMs of [0, 5_000, 10_000]) camera.habits.senderReport(atMs);
    expect(camera.habits.report).toMatchObject({
      timestampJumps: 1,
      restarts: 1,
      senderReports: { count: 3, everyMs: 5_000 },
    });
  });

  it('reads any bytes without failing, and finds an SPS only where there is one', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const payload = Buffer.from(bytes);
        for (const parts of [h264Parts(payload), h265Parts(payload)]) expect(parts & ~15).toBe(0);
        const sps = spsIn(payload, 'h264');
        if (sps !== undefined && sps.length > 0) expect((sps[0] ?? 0) & 0x1f).toBe(7);
      }),
    );
    expect(spsIn(stapA(PPS, SPS), 'h264')).toEqual(SPS);
    expect(h265Parts(Buffer.from([0x26, 1]))).toBe(PART.keyPicture | PART.slice);
    expect(h265Parts(Buffer.from([0x42, 1]))).toBe(PART.parameterSet | PART.sps);
    expect(h265Parts(Buffer.from([0x62, 1, 0x93]))).toBe(PART.keyPicture | PART.slice);
  });
});
