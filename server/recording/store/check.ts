import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { crc32 } from 'node:zlib';
import type { StreamId } from '../../../shared/names.ts';
import { isoTime, unixMsOf } from '../../../shared/time.ts';
import { probeTs } from '../ts/index.ts';
import { readSegmentFile } from './adopt.ts';
import { readMarker } from './disk-marker.ts';
import { IndexReader } from './index-reader.ts';
import { RECORDINGS_FOLDER, segmentFile, startOfFile } from './layout.ts';
import { foldersOf } from './reconcile.ts';
import { INDEX_FILE } from './schema.ts';
import { FOOTER_BYTES } from './segment-footer.ts';

/** The invariants of docs/recording-store.md. */
export type Invariant = 'R1' | 'R2' | 'R3' | 'R4' | 'R5' | 'R6';

export interface Violation {
  readonly invariant: Invariant;
  readonly message: string;
}

export interface CheckReport {
  readonly recordingsDir: string;
  readonly streams: number;
  readonly segments: number;
  readonly bytes: number;
  readonly garbage: number;
  /** Hours in which files may lie that the index does not tell of: after a crash, or while the gateway runs. */
  readonly openHours: number;
  /** As many as `maxViolations` allows. */
  readonly violations: readonly Violation[];
  readonly violationCount: number;
}

export interface CheckOptions {
  /** Read every file in full: its checksum, and whether it plays. */
  readonly isDeep?: boolean;
  /** It was stopped in order, so nothing may be open (R3). */
  readonly isStopped?: boolean;
  /** At most so many violations are told. */
  readonly maxViolations?: number;
}

/**
 * Proves the invariants of a recordings folder, or of the `recordings` in a folder that holds it. Changes nothing.
 * Throws where there is no index.
 */
export function checkRecordings(dir: string, options: CheckOptions = {}): CheckReport {
  const recordingsDir = existsSync(join(dir, RECORDINGS_FOLDER)) ? join(dir, RECORDINGS_FOLDER) : dir;
  if (!existsSync(join(recordingsDir, INDEX_FILE)))
    throw new Error(`${recordingsDir} has no ${INDEX_FILE}; give the folder that holds the recordings`);
  const index = IndexReader.open(recordingsDir);
  try {
    return new Check(index, options).run();
  } finally {
    index.close();
  }
}

class Check {
  readonly #index: IndexReader;
  readonly #options: CheckOptions;
  readonly #violations: Violation[] = [];
  readonly #maxViolations: number;
  #count = 0;

  constructor(index: IndexReader, options: CheckOptions) {
    this.#index = index;
    this.#options = options;
    this.#maxViolations = options.maxViolations ?? 1_000;
  }

  run(): CheckReport {
    const { recordingsDir } = this.#index;
    this.#checkDatabase();
    this.#checkMarker();
    const streams = this.#index.streams();
    let segments = 0;
    let bytes = 0;
    for (const { id, stream, ...totals } of streams) {
      const found = this.#checkStream(id, stream);
      segments += found.segments;
      bytes += found.bytes;
      if (found.segments !== totals.segments || found.bytes !== totals.bytes) {
        this.#tell(
          'R5',
          `${stream}: the totals tell of ${totals.segments} segments and ${totals.bytes} bytes, the rows of ${found.segments} and ${found.bytes}`,
        );
      }
    }
    const openHours = this.#openHours();
    this.#checkFiles(new Map(streams.map(({ id, stream }) => [stream, id])), openHours);
    const garbage = this.#rowsOf('garbage');
    if (this.#options.isStopped === true && openHours.size > 0)
      this.#tell('R3', `${openHours.size} hours are open after an orderly stop`);
    return {
      recordingsDir,
      streams: streams.length,
      segments,
      bytes,
      garbage,
      openHours: openHours.size,
      violations: this.#violations,
      violationCount: this.#count,
    };
  }

  #checkDatabase(): void {
    const rows = this.#index.database.prepare('PRAGMA integrity_check(10)').all();
    const messages = rows.map((row) => String(row.integrity_check)).filter((text) => text !== 'ok');
    for (const message of messages) this.#tell('R1', `${INDEX_FILE} is damaged: ${message}`);
  }

  #checkMarker(): void {
    const marker = readMarker(this.#index.recordingsDir);
    const ids = this.#index
      .arrays("SELECT value FROM meta WHERE key IN ('open_id', 'previous_open_id')")
      .all() as unknown as [string][];
    if (marker === undefined) this.#tell('R6', 'the marker of this disk is not there or cannot be read');
    else if (!ids.some(([id]) => id === marker.openId))
      this.#tell('R6', `${INDEX_FILE} is not the one that was last used here`);
  }

  /** Rows against files, and against one another. */
  #checkStream(id: number, stream: StreamId): { segments: number; bytes: number } {
    const rows = this.#index.arrays(
      `SELECT start_ms, end_ms, recording_id, duration_90k, size_bytes FROM segments
       WHERE stream_id = ? ORDER BY start_ms`,
    );
    const recordings = new Map<number, { key: string | undefined; endMs: number }>();
    let segments = 0;
    let bytes = 0;
    for (const row of rows.iterate(id)) {
      const [startMs, endMs, recordingId, duration90k, sizeBytes] = row as unknown as number[] as [
        number,
        number,
        number,
        number,
        number,
      ];
      segments += 1;
      bytes += sizeBytes;
      let recording = recordings.get(recordingId);
      if (recording === undefined) {
        recording = { key: this.#index.recordings([recordingId]).get(recordingId)?.key, endMs: 0 };
        recordings.set(recordingId, recording);
        if (recording.key === undefined)
          this.#tell(
            'R5',
            `${stream}: segment ${startMs} belongs to recording ${recordingId}, which is not there`,
          );
      }
      if (endMs <= startMs || duration90k <= 0)
        this.#tell('R4', `${stream}: segment ${startMs} ends at ${endMs}, after ${duration90k} ticks`);
      if (startMs < recording.endMs)
        this.#tell(
          'R4',
          `${stream}: segment ${startMs} begins before the one before it ends (${recording.endMs})`,
        );
      recording.endMs = Math.max(recording.endMs, endMs);
      this.#checkSegmentFile(stream, { startMs, endMs, duration90k, sizeBytes, key: recording.key });
    }
    return { segments, bytes };
  }

  #checkSegmentFile(
    stream: StreamId,
    row: { startMs: number; endMs: number; duration90k: number; sizeBytes: number; key: string | undefined },
  ): void {
    const path = segmentFile(this.#index.recordingsDir, stream, row.startMs);
    try {
      const { size } = statSync(path);
      if (size !== row.sizeBytes + FOOTER_BYTES) {
        this.#tell('R1', `${this.#short(path)} has ${size} bytes instead of ${row.sizeBytes + FOOTER_BYTES}`);
        return;
      }
      const content = readSegmentFile(path, row.startMs, this.#options.isDeep);
      if (content.kind === 'damaged') {
        this.#tell('R1', `${this.#short(path)} has no whole footer`);
        return;
      }
      const { footer } = content;
      if (
        footer.recording.key !== row.key ||
        footer.endMs !== row.endMs ||
        footer.duration90k !== row.duration90k
      )
        this.#tell('R1', `${this.#short(path)} tells another story than its row`);
      if (content.data === undefined) return;
      if (crc32(content.data) !== footer.dataCrc32)
        this.#tell('R1', `${this.#short(path)} was changed: its checksum does not fit`);
      else if (probeTs(content.data)?.isWhole !== true)
        this.#tell('R1', `${this.#short(path)} does not play from its start to its end`);
    } catch (failure) {
      this.#tell('R1', `${this.#short(path)} cannot be read: ${String(failure)}`);
    }
  }

  /** Files against rows. */
  #checkFiles(streams: ReadonlyMap<StreamId, number>, openHours: ReadonlySet<string>): void {
    const { recordingsDir } = this.#index;
    const row = this.#index.arrays('SELECT 1 FROM segments WHERE stream_id = ? AND start_ms = ?');
    const garbage = this.#index.arrays('SELECT 1 FROM garbage WHERE stream_id = ? AND start_ms = ?');
    for (const { stream, day, hour } of foldersOf(recordingsDir)) {
      const hourMs = unixMsOf(`${day}T${hour}:00:00Z`);
      if (hourMs === undefined) continue;
      const id = streams.get(stream) ?? 0;
      const isOpen = openHours.has(`${id}/${hourMs}`);
      for (const file of readdirSync(join(recordingsDir, stream, day, hour))) {
        const name = join(stream, day, hour, file);
        if (file.endsWith('.part')) {
          if (!isOpen) this.#tell('R3', `${name} was left half-written`);
          continue;
        }
        const startMs = startOfFile(file);
        if (startMs === undefined) continue;
        if (name !== relative(recordingsDir, segmentFile(recordingsDir, stream, startMs)))
          this.#tell('R2', `${name} lies in the wrong folder (${isoTime(startMs)})`);
        else if (!isOpen && row.get(id, startMs) === undefined && garbage.get(id, startMs) === undefined)
          this.#tell('R2', `${name} is neither in the index nor garbage, and its hour is not open`);
      }
    }
  }

  #openHours(): ReadonlySet<string> {
    const rows = this.#index.arrays('SELECT stream_id, hour_ms FROM open_hours').all();
    return new Set((rows as unknown as [number, number][]).map(([id, hourMs]) => `${id}/${hourMs}`));
  }

  #rowsOf(table: 'garbage'): number {
    const row = this.#index.arrays(`SELECT count(*) FROM ${table}`).get();
    return Number((row as unknown as [number])[0]);
  }

  #short(path: string): string {
    return relative(this.#index.recordingsDir, path);
  }

  #tell(invariant: Invariant, message: string): void {
    this.#count += 1;
    if (this.#violations.length < this.#maxViolations) this.#violations.push({ invariant, message });
  }
}
