import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import type { SegmentRow } from '../archive.ts';
import type { IndexReader } from '../store/index-reader.ts';
import { StoreError } from '../store/store-error.ts';
import type { ExportedFile, ExportOutcome, ExportSpec } from './export-messages.ts';
import { ExportStopped, FfmpegFailed, makePart } from './make-part.ts';
import { digestsOf, writeManifest } from './manifest.ts';
import type { SegmentSource } from './part-stream.ts';
import { type ExportPlan, PLAN_SLACK_MS, planExport } from './plan.ts';
import { partName, publishNew, publishOver } from './published-names.ts';

/** Segments may be deleted by retention while they are exported; then it is planned anew without them. */
const MAX_PLANS = 5;
/** Of the progress, where digests are made too. */
const HASH_SHARE = 0.1;
/** MP4 is smaller than TS, but not always by much. */
const SIZE_MARGIN_BYTES = 16 * 1024 ** 2;

export interface RunExportOptions {
  readonly index: IndexReader;
  /** Part of the temporary names; files of a try that was cut short are removed by it. */
  readonly id: number;
  readonly spec: ExportSpec;
  readonly stop: AbortSignal;
  onProgress(progress: number): void;
}

/**
 * Makes all files of an export and gives them their names, durably. Nothing is left behind where it fails. Throws
 * StoreError with codes of the API (NOT_RECORDED, INSUFFICIENT_STORAGE, STORAGE_UNAVAILABLE, INTERNAL) and ExportStopped.
 */
export async function runExport(options: RunExportOptions): Promise<ExportOutcome> {
  const { spec } = options;
  // Films are for whoever may read the recordings, who are not all users of the machine.
  mkdirSync(spec.dir, { recursive: true, mode: 0o750 });
  const gone = new Set<number>();
  try {
    for (let tries = 1; ; tries += 1) {
      const plan = planOf(options, gone);
      try {
        return await runPlan(options, plan, gone);
      } catch (failure) {
        if (!(failure instanceof SegmentGone) || tries === MAX_PLANS) throw failure;
      }
    }
  } catch (failure) {
    throw asStoreError(failure);
  } finally {
    removeTemporary(options);
  }
}

/** Removes what exports left in a folder that were cut short by a crash. */
export function removeLeftovers(dir: string): void {
  let names: string[];
  try {
    names = readdirSync(dir);
  } catch {
    return;
  }
  for (const name of names) {
    if (/^\.[0-9]+\.[0-9]+\.mp4\.partial$/.test(name)) rmSync(join(dir, name), { force: true });
  }
}

class SegmentGone extends Error {}

function planOf({ index, spec }: RunExportOptions, gone: ReadonlySet<number>): ExportPlan {
  const segments = index
    .segments(spec.stream, spec.start, spec.end + PLAN_SLACK_MS)
    .filter(({ startMs }) => !gone.has(startMs));
  const recordings = index.recordings(segments.map(({ recordingId }) => recordingId));
  const plan = planExport({ segments, recordings }, spec, spec.gapMode);
  if (plan.parts.length === 0)
    throw new StoreError('NOT_RECORDED', 'Nothing of that time is recorded (any more).');
  requireSpace(spec, plan.sizeBytes);
  return plan;
}

function requireSpace({ dir, minFreeBytes }: ExportSpec, sizeBytes: number): void {
  const { bavail, bsize } = statfsSync(dir);
  const free = bavail * bsize;
  const needed = sizeBytes + SIZE_MARGIN_BYTES;
  if (free - needed >= minFreeBytes) return;
  throw new StoreError(
    'INSUFFICIENT_STORAGE',
    `The export needs ${mb(needed)}; ${mb(free)} are free in ${dir}, of which ${mb(minFreeBytes)} are kept free ` +
      '(recording.minFreeBytes). Delete exports that are not needed any more, or choose a shorter time.',
  );
}

async function runPlan(
  options: RunExportOptions,
  plan: ExportPlan,
  gone: Set<number>,
): Promise<ExportOutcome> {
  const { spec, stop } = options;
  const mediaShare = spec.manifest ? 1 - HASH_SHARE : 1;
  const files: ExportedFile[] = [];
  let done90k = 0;
  for (const [index, part] of plan.parts.entries()) {
    const made = await makePart({
      part,
      source: sourceOf(options, gone),
      path: temporaryPath(options, index + 1),
      title: spec.stream,
      niceness: spec.niceness,
      stop,
      onProgress: (out90k) =>
        options.onProgress(Math.min(1, (done90k + out90k) / plan.duration90k) * mediaShare),
    });
    done90k += part.duration90k;
    const { durationMs, sizeBytes, startMs } = made;
    files.push({ name: '', sizeBytes, durationMs, start: startMs, end: part.endMs });
  }
  const temporary = files.map((_, index) => temporaryPath(options, index + 1));
  const digests = spec.manifest
    ? await digestsOf(temporary, {
        stop,
        onProgress: (share) => options.onProgress(1 - HASH_SHARE * (1 - share)),
      })
    : [];
  if (stop.aborted) throw new ExportStopped();
  let baseName = spec.baseName;
  if (spec.whenTaken === 'suffix') baseName = publishNew(spec.dir, baseName, temporary);
  else publishOver(spec.dir, baseName, temporary);
  const named = files.map((file, index) => ({
    ...file,
    name: partName(baseName, index + 1),
    ...(digests[index] === undefined ? {} : { sha256: digests[index] }),
  }));
  if (spec.manifest) writeManifest(spec, baseName, named, plan.gaps);
  syncFolder(spec.dir);
  return { files: named, gaps: plan.gaps, baseName };
}

function sourceOf({ index, spec, stop }: RunExportOptions, gone: Set<number>): SegmentSource {
  return {
    read(segment) {
      if (stop.aborted) throw new ExportStopped();
      try {
        const bytes = index.readSegment(spec.stream, segment.startMs);
        return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      } catch (failure) {
        if (!(failure instanceof StoreError) || failure.code !== 'NOT_RECORDED') throw failure;
        gone.add(segment.startMs);
        throw new SegmentGone();
      }
    },
    neighbour: (segment, side) => neighbourOf(index, spec, segment, side, gone),
  };
}

/** What was recorded just before or after a segment, without a gap. */
export function neighbourOf(
  index: IndexReader,
  { stream }: Pick<ExportSpec, 'stream'>,
  segment: SegmentRow,
  side: 'before' | 'after',
  gone: ReadonlySet<number> = new Set(),
): SegmentRow | undefined {
  const [fromMs, toMs] =
    side === 'before' ? [segment.startMs - 1, segment.startMs] : [segment.endMs, segment.endMs + 1];
  return index
    .segments(stream, fromMs, toMs)
    .find(
      ({ recordingId, startPts90k, duration90k, startMs }) =>
        recordingId === segment.recordingId &&
        !gone.has(startMs) &&
        (side === 'before'
          ? startPts90k + duration90k === segment.startPts90k
          : startPts90k === segment.startPts90k + segment.duration90k),
    );
}

function syncFolder(dir: string): void {
  const folder = openSync(dir, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function temporaryPath({ id, spec }: RunExportOptions, part: number): string {
  return join(spec.dir, `.${id}.${part}.mp4.partial`);
}

function removeTemporary(options: RunExportOptions): void {
  try {
    const prefix = `.${options.id}.`;
    for (const name of readdirSync(options.spec.dir)) {
      if (name.startsWith(prefix) && name.endsWith('.partial'))
        rmSync(join(options.spec.dir, name), { force: true });
    }
  } catch {
    // The folder cannot be read any more; the next start cleans up.
  }
}

/** Failures in the words and codes of the API. */
export function asStoreError(failure: unknown): unknown {
  if (failure instanceof StoreError || failure instanceof ExportStopped) return failure;
  const message = failure instanceof Error ? failure.message : String(failure);
  const code = (failure as NodeJS.ErrnoException | null)?.code;
  if (code === 'ENOSPC' || code === 'EDQUOT' || /No space left|Disk quota exceeded/.test(message)) {
    return new StoreError(
      'INSUFFICIENT_STORAGE',
      'The disk became full during the export. Delete exports that are not needed any more, then retry.',
    );
  }
  if (failure instanceof SegmentGone) {
    return new StoreError(
      'NOT_RECORDED',
      'The footage was deleted while it was exported; retry with what is left.',
    );
  }
  if (failure instanceof FfmpegFailed)
    return new StoreError('INTERNAL', `FFmpeg could not make the file: ${message}`);
  return new StoreError(
    'STORAGE_UNAVAILABLE',
    `The disk failed during the export (${message}). Check it, then retry.`,
  );
}

function mb(bytes: number): string {
  return `${Math.ceil(bytes / 1e6)} MB`;
}
