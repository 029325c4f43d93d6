import { Worker } from 'node:worker_threads';
import { ApiError } from '../../../shared/errors.ts';
import type { BulkRequest } from '../../../shared/probe.ts';
import type { Clock } from '../../base/clock.ts';
import type { ReadRow } from './rows.ts';

const TIMEOUT_MS = 10_000;
const HEAP_MB = 192;

/**
 * Takes a list of cameras apart in a thread of its own: half a megabyte of YAML takes longer than media can wait. Rejects with
 * BAD_REQUEST where that takes too long or too much memory, as no list of cameras does.
 */
export function readInThread(asked: {
  readonly clock: Clock;
  readonly format: BulkRequest['format'];
  readonly text: string;
}): Promise<ReadRow[]> {
  const { clock, format, text } = asked;
  return new Promise((resolve, reject) => {
    const thread = new Worker(new URL('./read-thread.ts', import.meta.url), {
      workerData: { format, text },
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    });
    const end = (failure: unknown) => {
      cancel();
      reject(failure);
      void thread.terminate();
    };
    const refuse = () =>
      end(
        new ApiError(
          'BAD_REQUEST',
          'This text cannot be read; it has to be a plain list of cameras, not nested deep.',
        ),
      );
    const cancel = clock.after(TIMEOUT_MS, refuse);
    thread.once('message', (rows: ReadRow[]) => {
      cancel();
      resolve(rows);
    });
    // Out of stack or of memory; anything else is a bug of ours.
    thread.once('error', (failure) =>
      failure instanceof RangeError || ('code' in failure && failure.code === 'ERR_WORKER_OUT_OF_MEMORY')
        ? refuse()
        : end(failure),
    );
    // Nothing was said, and nothing will be; otherwise this changes nothing any more.
    thread.once('exit', refuse);
  });
}
