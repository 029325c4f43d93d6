import { describe, expect, it } from 'vitest';
import { MemoryBudget, WriteQueue } from '../../../server/recording/store/write-queue.ts';
import { recordingOf, segmentOf } from '../../support/recorded-segments.ts';

const recording = recordingOf('one', 0);
const item = (stream: 'live/a' | 'live/b', startMs: number, sizeBytes = 1_000) => ({
  kind: 'segment' as const,
  stream,
  segment: segmentOf(recording, startMs, { sizeBytes }),
});

describe('write queue', () => {
  it('bounds what waits of one stream, and of all', () => {
    const budget = new MemoryBudget(5_000);
    const limits = { streamBytes: 2_000, totalBytes: 5_000 };
    const queue = new WriteQueue(limits, budget);
    const other = new WriteQueue(limits, budget);
    expect(queue.fits('live/a', 9_000)).toBe(true);
    queue.push(item('live/a', 0));
    queue.push(item('live/a', 2_000));
    expect(queue.fits('live/a', 1)).toBe(false);
    expect(queue.fits('live/b', 2_000)).toBe(true);
    other.push(item('live/b', 0, 2_000));
    expect(queue.fits('live/b', 1_001)).toBe(false);
    queue.settle(1);
    expect(budget.usedBytes).toBe(3_000);
    expect(queue.fits('live/a', 1_000)).toBe(true);
    queue.clear();
    other.clear();
    expect(budget.usedBytes).toBe(0);
  });

  it('tells what waits, and gives its media', () => {
    const queue = new WriteQueue({ streamBytes: 9_999, totalBytes: 9_999 }, new MemoryBudget(9_999));
    const first = item('live/a', 0);
    const { seq } = queue.push(first);
    queue.push({ kind: 'note', stream: 'live/a', atMs: 7, reason: 'CAMERA_SILENT' });
    queue.push(item('live/b', 4_000));
    expect(queue.queued('live/a')).toEqual({
      segments: [{ startMs: 0, endMs: 2_000, sizeBytes: 1_000 }],
      notes: [{ atMs: 7, reason: 'CAMERA_SILENT' }],
    });
    expect(queue.find('live/a', 0)).toBe(first.segment.data);
    expect(queue.find('live/a', 4_000)).toBeUndefined();
    queue.settle(seq);
    expect(queue.find('live/a', 0)).toBeUndefined();
    expect(queue.items.map((one) => one.seq)).toEqual([2, 3]);
  });
});
