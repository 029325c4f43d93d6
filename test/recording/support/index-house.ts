import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Recording, Segment } from '../../../server/recording/segment.ts';
import { GarbageChore } from '../../../server/recording/store/garbage.ts';
import { IndexWriter } from '../../../server/recording/store/index-writer.ts';
import { type BatchItem, writeBatch } from '../../../server/recording/store/write-batch.ts';
import type { StreamId } from '../../../shared/names.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const FORMAT = {
  parameterSetsId: 'abc',
  videoCodec: 'h264',
  profileLevelId: '42e01f',
  width: 640,
  height: 360,
} as const;
const TS_PACKET_BYTES = 188;

/** A recordings folder with a real index and real files, and a clock that stands still. */
export class IndexHouse {
  readonly clock = new FakeClock();
  readonly dir: string;
  readonly lines: string[] = [];
  readonly #top: string;
  index: IndexWriter;

  constructor() {
    this.#top = mkdtempSync(join(tmpdir(), 'sluice-index-'));
    this.dir = join(this.#top, 'recordings');
    mkdirSync(this.dir);
    this.index = this.open();
  }

  open(): IndexWriter {
    return new IndexWriter({
      recordingsDir: this.dir,
      clock: this.clock,
      log: (_level, _fields, message) => this.lines.push(message),
    });
  }

  /** Segments of one recording, back to back; gives the recording's key. */
  record(
    stream: StreamId,
    options: {
      startMs: number;
      count: number;
      segmentMs?: number;
      packets?: number;
      key?: string;
      isRepeat?: boolean;
    },
  ): string {
    const { startMs, count, segmentMs = 2_000, packets = 10, isRepeat = false } = options;
    const key = options.key ?? Math.random().toString(36).slice(2, 12).padEnd(16, '0');
    const recording: Recording = { key, startMs, cause: 'started', isRepeat, format: FORMAT };
    const items = Array.from({ length: count }, (_, index): BatchItem => {
      const segment: Segment = {
        recording,
        startMs: startMs + index * segmentMs,
        endMs: startMs + (index + 1) * segmentMs,
        startPts90k: index * segmentMs * 90,
        duration90k: segmentMs * 90,
        data: Buffer.alloc(packets * TS_PACKET_BYTES, 0x47),
      };
      return { kind: 'segment', stream, segment };
    });
    for (let at = 0; at < items.length; at += 100) writeBatch(this.index, items.slice(at, at + 100));
    return key;
  }

  note(stream: StreamId, atMs: number, reason: (BatchItem & { kind: 'note' })['reason']): void {
    writeBatch(this.index, [{ kind: 'note', stream, atMs, reason }]);
  }

  startsOf(stream: StreamId): number[] {
    const rows = this.index.reader
      .arrays('SELECT start_ms FROM segments WHERE stream_id = ? ORDER BY start_ms')
      .all(this.index.reader.findStreamId(stream) ?? 0);
    return (rows as unknown as [number][]).map(([startMs]) => startMs);
  }

  /** Unlinks what the index gave up. */
  collectGarbage(): void {
    const chore = new GarbageChore(this.index);
    while (chore.step()) {}
  }

  close(): void {
    this.index.close();
    rmSync(this.#top, { recursive: true, force: true });
  }
}
