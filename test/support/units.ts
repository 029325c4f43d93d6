import type { AudioFormat, H264Format, SourceSink, SourceUnit } from '../../server/stream/index.ts';

/** A tiny but valid-looking H.264 format for tests that never decode. */
export function h264Format(width = 640, height = 360): H264Format {
  return {
    kind: 'video',
    codec: 'h264',
    clockRate: 90_000,
    sps: [Buffer.from([0x67, 0x42, 0xc0, 0x1f, width & 0xff, height & 0xff])],
    pps: [Buffer.from([0x68, 0xce, 0x3c, 0x80])],
    profileLevelId: '42c01f',
    width,
    height,
  };
}

export const pcmuFormat: AudioFormat = { kind: 'audio', codec: 'pcmu', clockRate: 8_000, channels: 1 };

export function videoUnit(
  n: number,
  options: { key?: boolean; atMs?: number; sizeBytes?: number } = {},
): SourceUnit {
  const payload = Buffer.alloc(options.sizeBytes ?? 100, n);
  payload[0] = options.key === true ? 0x65 : 0x41;
  return {
    kind: 'video',
    rtpTimestamp: (n * 3_600) >>> 0,
    payloads: [payload],
    isKeyFrame: options.key === true,
    receivedAtMs: options.atMs ?? 1_000 + n * 40,
  };
}

export function audioUnit(n: number, atMs = 1_000 + n * 20): SourceUnit {
  return {
    kind: 'audio',
    rtpTimestamp: (n * 160) >>> 0,
    payloads: [Buffer.alloc(160, n)],
    isKeyFrame: true,
    receivedAtMs: atMs,
  };
}

/** Feeds a sink with a stream that has a key frame every `gop` frames. */
export function playVideo(sink: SourceSink, options: { from: number; count: number; gop: number }): void {
  for (let n = options.from; n < options.from + options.count; n += 1) {
    sink.unit(videoUnit(n, { key: n % options.gop === 0 }));
  }
}
