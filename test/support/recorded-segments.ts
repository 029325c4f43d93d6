import type { Recording, Segment } from '../../server/recording/segment.ts';

/** A recording for tests; keys are 16 characters made of `name`. */
export function recordingOf(name: string, startMs: number, more: Partial<Recording> = {}): Recording {
  return {
    key: name.padEnd(16, '0').slice(0, 16),
    startMs,
    cause: 'started',
    isRepeat: false,
    format: {
      parameterSetsId: 'a1b2c3d4',
      videoCodec: 'h264',
      profileLevelId: '42e01f',
      width: 640,
      height: 360,
      audio: { clockRate: 48_000, channels: 1 },
    },
    ...more,
  };
}

/** A segment whose media is `sizeBytes` bytes that differ from segment to segment. */
export function segmentOf(
  recording: Recording,
  startMs: number,
  options: { durationMs?: number; sizeBytes?: number } = {},
): Segment {
  const { durationMs = 2_000, sizeBytes = 188 * 8 } = options;
  const data = Buffer.from(new SharedArrayBuffer(sizeBytes));
  data.fill(`${recording.key}/${startMs};`);
  return {
    recording,
    startMs,
    endMs: startMs + durationMs,
    startPts90k: (startMs - recording.startMs) * 90,
    duration90k: durationMs * 90,
    data,
  };
}

/** `count` segments without a gap. */
export function segmentsOf(recording: Recording, count: number, durationMs = 2_000): Segment[] {
  return Array.from({ length: count }, (_, i) =>
    segmentOf(recording, recording.startMs + i * durationMs, { durationMs }),
  );
}
