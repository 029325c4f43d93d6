import { z } from 'zod';
import { WAIT_REASONS } from './errors.ts';

/**
 * Why a second was not recorded: the camera's own reasons, and the recorder's. Codes are never renamed and never used
 * again for something else.
 */
export const GAP_REASONS = [
  ...WAIT_REASONS,
  /** The camera is connected but sends no picture that a recording can begin with. */
  'NO_KEY_FRAME',
  /** FFmpeg ended, hung or was replaced; also when nothing better is known. */
  'RECORDER_RESTARTED',
  /** The gateway did not run. */
  'SERVER_STOPPED',
  'DISK_FULL',
  /** The disk is not mounted, or another one is in its place. */
  'DISK_MISSING',
  /** The disk takes less than the cameras send; what did not fit into memory was dropped. */
  'DISK_SLOW',
  /** The disk answers with errors, or is mounted read-only. */
  'DISK_ERROR',
  /** Recording is switched off for this stream, or the stream did not exist. */
  'RECORDING_OFF',
  /** This machine's clock was set forward. */
  'CLOCK_STEPPED',
  /** It was recorded; retention has deleted it since. */
  'EXPIRED',
  /** It was recorded; somebody has had it deleted since. */
  'DELETED',
  /** It was recorded; its file has disappeared. */
  'FILE_LOST',
] as const;
export const gapReasonSchema = z.enum(GAP_REASONS);
export type GapReason = z.infer<typeof gapReasonSchema>;

/** Unix milliseconds, UTC. */
const timeMs = z.number().int().nonnegative();

/** What was recorded of a stream and what was not, each second of the asked time in exactly one of the two. */
export const timelineSchema = z.object({
  ranges: z.array(
    z.object({
      start: timeMs,
      end: timeMs,
      /** This machine's clock was set back: the time was recorded before, and this newer recording is what plays. */
      repeated: z.boolean().optional(),
    }),
  ),
  gaps: z.array(z.object({ start: timeMs, end: timeMs, reason: gapReasonSchema })),
  locks: z.array(
    z.object({ id: z.number().int(), start: timeMs, end: timeMs, label: z.string().optional() }),
  ),
  bytes: z.number().int().nonnegative(),
});
export type RecordingTimeline = z.infer<typeof timelineSchema>;

/** A range that retention leaves alone. */
export const lockSchema = z.object({
  id: z.number().int(),
  start: timeMs,
  end: timeMs,
  label: z.string().optional(),
  createdAt: timeMs,
});
export type RecordingLock = z.infer<typeof lockSchema>;

/** What is kept of a stream, which may be gone itself. */
export const keptRecordingsSchema = z.object({
  app: z.string(),
  name: z.string(),
  /** Whether the stream still exists. */
  exists: z.boolean(),
  bytes: z.number().int().nonnegative(),
  segments: z.number().int().nonnegative(),
  /** Of the oldest and the newest second; there may be gaps between the two. */
  start: timeMs,
  end: timeMs,
});
export type KeptRecordings = z.infer<typeof keptRecordingsSchema>;

/** What was deleted of a stream because somebody asked for it. */
export const erasedRecordingsSchema = z.object({
  segments: z.number().int().nonnegative(),
  bytes: z.number().int().nonnegative(),
  /** Segments that stay, as a lock is on them. */
  locked: z.number().int().nonnegative(),
  /** It took long, and there is more: ask for the same again. */
  more: z.boolean(),
});
export type ErasedRecordings = z.infer<typeof erasedRecordingsSchema>;

export const RECORDER_STATES = ['off', 'idle', 'recording', 'waiting'] as const;

/** The recorder's part of a stream's status. */
export const recorderStatusSchema = z.object({
  /** `off`: not to be recorded; `idle`: on demand, nobody there; `waiting`: see `reason`. */
  state: z.enum(RECORDER_STATES),
  reason: z.object({ code: gapReasonSchema, message: z.string() }).optional(),
  /** What is kept of this stream. */
  bytes: z.number().int().nonnegative().optional(),
  segments: z.number().int().nonnegative().optional(),
  oldestMs: timeMs.optional(),
  newestMs: timeMs.optional(),
  /** How many days of this stream the disk and the policy will hold, by what it has needed so far. */
  daysLeft: z.number().nonnegative().optional(),
});
export type RecorderStatus = z.infer<typeof recorderStatusSchema>;

export const EXPORT_STATES = ['queued', 'running', 'done', 'failed', 'cancelled'] as const;

/** A job that makes MP4 files of a recorded time. */
export const exportJobSchema = z.object({
  id: z.string(),
  app: z.string(),
  name: z.string(),
  state: z.enum(EXPORT_STATES),
  /** 0 to 1, by media time. */
  progress: z.number().min(0).max(1),
  /** While running, as far as it can be told. */
  etaMs: z.number().nonnegative().optional(),
  /** What was asked for. */
  start: timeMs,
  end: timeMs,
  gapMode: z.enum(['skip', 'keep']),
  createdAt: timeMs,
  startedAt: timeMs.optional(),
  finishedAt: timeMs.optional(),
  attempts: z.number().int().nonnegative(),
  /** What of the asked time is not in the files. */
  gaps: z.array(z.object({ start: timeMs, end: timeMs, reason: gapReasonSchema })),
  /** The first is `file_name`; further ones where the camera's picture format changed (`.part2.mp4`). */
  files: z.array(
    z.object({
      name: z.string(),
      sizeBytes: z.number().int().nonnegative(),
      durationMs: z.number().nonnegative(),
      sha256: z.string().optional(),
      start: timeMs,
      end: timeMs,
    }),
  ),
  fileName: z.string(),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
});
export type ExportJob = z.infer<typeof exportJobSchema>;

/** An MP4 file of one fixed period of one stream. */
export const periodFileSchema = z.object({
  id: z.string(),
  app: z.string(),
  name: z.string(),
  /** The period, aligned to the clock (UTC); what of it was recorded may be less. */
  start: timeMs,
  end: timeMs,
  fileName: z.string(),
  sizeBytes: z.number().int().nonnegative(),
  durationMs: z.number().nonnegative(),
});
export type PeriodFile = z.infer<typeof periodFileSchema>;
