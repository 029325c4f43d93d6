import type { RecordingRow, SegmentList, SegmentRow } from '../archive.ts';
import { type VideoCodec, videoCodecOf } from '../segment.ts';

/** What happens in a file to time that was not recorded: it is left out, or the last picture stands for so long. */
export type GapMode = 'skip' | 'keep';

/** Segments of one recording that follow each other without a gap. */
export interface ExportRun {
  readonly recordingId: number;
  readonly segments: readonly SegmentRow[];
  /** On the recording's timeline: what of it is to be seen. */
  readonly fromPts90k: number;
  readonly toPts90k: number;
  /** The same by the hub's clock, Unix milliseconds. */
  readonly startMs: number;
  readonly endMs: number;
  /** Where `fromPts90k` lies in the file. */
  readonly outStart90k: number;
  readonly hasAudio: boolean;
}

/** One MP4 file: one picture format, at most one sound format. */
export interface ExportPart {
  readonly runs: readonly ExportRun[];
  readonly startMs: number;
  readonly endMs: number;
  readonly duration90k: number;
  /** Of the segments that are read for it. */
  readonly sizeBytes: number;
  readonly videoCodec: VideoCodec;
  readonly audio?: { readonly clockRate: number; readonly channels: number };
}

export interface TimeRange {
  readonly start: number;
  readonly end: number;
}

export interface ExportPlan {
  readonly parts: readonly ExportPart[];
  /** What of the asked time is not in the parts. */
  readonly gaps: readonly TimeRange[];
  readonly duration90k: number;
  readonly sizeBytes: number;
}

/** A picture that stands still for longer is no film any more, and MP4 counts its time with 32 bits: a new file begins. */
export const MAX_KEPT_GAP_MS = 3_600_000;

/**
 * An unbroken recording of all of the asked time lasts just as long as that, though the camera's clock may have run so much
 * faster or slower than the hub's: its last pictures may lie in the segment behind.
 */
export const PLAN_SLACK_MS = 250;

const PER_MS = 90;

/**
 * Says what of a stream goes where in which file. `list` holds the segments that overlap [start, end + PLAN_SLACK_MS), as
 * `Archive.segments` gives them. No parts: nothing of the time was recorded.
 */
export function planExport(list: SegmentList, range: TimeRange, gapMode: GapMode): ExportPlan {
  const runs = runsOf(list, range);
  const parts: ExportPart[] = [];
  let open: OpenPart | undefined;
  for (const run of runs) {
    const recording = list.recordings.get(run.recordingId);
    if (open === undefined || !open.takes(run, recording, gapMode)) {
      if (open !== undefined) parts.push(open.close());
      open = new OpenPart(recording);
    }
    open.add(run, recording, gapMode);
  }
  if (open !== undefined) parts.push(open.close());
  return {
    parts,
    gaps: gapsBetween(runs, range),
    duration90k: sum(parts.map((part) => part.duration90k)),
    sizeBytes: sum(parts.map((part) => part.sizeBytes)),
  };
}

type Run = Omit<ExportRun, 'outStart90k' | 'hasAudio'>;

/** Cuts the segments where one does not go on exactly where the one before ended. */
function runsOf({ segments }: SegmentList, range: TimeRange): Run[] {
  const groups: SegmentRow[][] = [];
  for (const segment of segments) {
    if (segment.endMs <= range.start || segment.startMs >= range.end) continue;
    const group = groups.at(-1);
    const before = group?.at(-1);
    if (group !== undefined && before !== undefined && follows(before, segment)) group.push(segment);
    else groups.push([segment]);
  }
  return groups.map((group) => {
    // A group is never empty.
    const first = group[0] as SegmentRow;
    const last = group.at(-1) as SegmentRow;
    const run = {
      recordingId: first.recordingId,
      segments: group,
      startMs: Math.max(range.start, first.startMs),
      endMs: Math.min(range.end, last.endMs),
      fromPts90k: range.start <= first.startMs ? first.startPts90k : ptsAt(first, range.start),
      toPts90k: range.end >= last.endMs ? endPts90k(last) : ptsAt(last, range.end),
    };
    const isAll = groups.length === 1 && first.startMs <= range.start && last.endMs >= range.end;
    return isAll ? withExactLength(run, last, segments) : run;
  });
}

function withExactLength(run: Run, last: SegmentRow, all: readonly SegmentRow[]): Run {
  const toPts90k = run.fromPts90k + (run.endMs - run.startMs) * PER_MS;
  if (Math.abs(toPts90k - run.toPts90k) > PLAN_SLACK_MS * PER_MS) return run;
  if (toPts90k <= endPts90k(last)) return { ...run, toPts90k };
  const next = all.find((segment) => follows(last, segment));
  return next === undefined
    ? { ...run, toPts90k: endPts90k(last) }
    : { ...run, segments: [...run.segments, next], toPts90k: Math.min(toPts90k, endPts90k(next)) };
}

function endPts90k({ startPts90k, duration90k }: SegmentRow): number {
  return startPts90k + duration90k;
}

function follows(before: SegmentRow, segment: SegmentRow): boolean {
  return segment.recordingId === before.recordingId && segment.startPts90k === endPts90k(before);
}

/** The instant on the recording's timeline; the hub's clock may have run a little faster or slower than that. */
export function ptsAt(segment: SegmentRow, ms: number): number {
  const share = (ms - segment.startMs) / (segment.endMs - segment.startMs);
  return segment.startPts90k + Math.round(share * segment.duration90k);
}

/** What has to be the same in all of a file, beside the sound. */
function pictureOf(recording: RecordingRow | undefined): string {
  return recording?.parameterSetsId ?? '';
}

class OpenPart {
  readonly #picture: string;
  readonly #videoCodec: VideoCodec;
  readonly #runs: ExportRun[] = [];
  #audio: ExportPart['audio'];
  #end90k = 0;

  constructor(recording: RecordingRow | undefined) {
    this.#picture = pictureOf(recording);
    this.#videoCodec = videoCodecOf(recording?.profileLevelId ?? '');
  }

  takes(run: Run, recording: RecordingRow | undefined, gapMode: GapMode): boolean {
    const before = this.#runs.at(-1);
    const audio = recording?.audio;
    const isOtherAudio =
      audio !== undefined &&
      this.#audio !== undefined &&
      (audio.clockRate !== this.#audio.clockRate || audio.channels !== this.#audio.channels);
    const gapMs = before === undefined ? 0 : run.startMs - before.endMs;
    return (
      pictureOf(recording) === this.#picture &&
      !isOtherAudio &&
      (gapMode === 'skip' || gapMs <= MAX_KEPT_GAP_MS)
    );
  }

  add(run: Run, recording: RecordingRow | undefined, gapMode: GapMode): void {
    const before = this.#runs.at(-1);
    const gapMs = before === undefined || gapMode === 'skip' ? 0 : Math.max(0, run.startMs - before.endMs);
    const outStart90k = this.#end90k + gapMs * PER_MS;
    this.#audio ??= recording?.audio;
    this.#runs.push({ ...run, outStart90k, hasAudio: recording?.audio !== undefined });
    this.#end90k = outStart90k + run.toPts90k - run.fromPts90k;
  }

  close(): ExportPart {
    const runs = this.#runs;
    return {
      runs,
      startMs: runs[0]?.startMs ?? 0,
      endMs: runs.at(-1)?.endMs ?? 0,
      duration90k: this.#end90k,
      videoCodec: this.#videoCodec,
      sizeBytes: sum(runs.flatMap(({ segments }) => segments.map(({ sizeBytes }) => sizeBytes))),
      ...(this.#audio === undefined ? {} : { audio: this.#audio }),
    };
  }
}

function gapsBetween(runs: readonly Run[], range: TimeRange): TimeRange[] {
  const gaps: TimeRange[] = [];
  let atMs = range.start;
  for (const run of runs) {
    if (run.startMs > atMs) gaps.push({ start: atMs, end: run.startMs });
    atMs = Math.max(atMs, run.endMs);
  }
  if (atMs < range.end) gaps.push({ start: atMs, end: range.end });
  return gaps;
}

function sum(values: readonly number[]): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
