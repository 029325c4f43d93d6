/** Entry of an export's thread: makes files and clips out of one recordings folder. */

import { parentPort, workerData } from 'node:worker_threads';
import { IndexReader } from '../store/index-reader.ts';
import { describeFailure } from '../store/rpc.ts';
import type { ExportThreadData, FromExportThread, ToExportThread } from './export-messages.ts';
import { useFfmpeg, warmUp } from './ffmpeg-job.ts';
import { ExportStopped } from './make-part.ts';
import { asStoreError, runExport } from './run-export.ts';
import { streamClip } from './stream-clip.ts';

const port = parentPort;
if (port === null) throw new Error('export-thread.ts runs as a thread only');
const { recordingsDir, env, ffmpegPath } = workerData as ExportThreadData;
// The environment of this thread is its own, and FFmpeg inherits it.
for (const [name, value] of Object.entries(env)) process.env[name] = value;
if (ffmpegPath !== undefined) useFfmpeg(ffmpegPath);
const warm = warmUp();

const post = (message: FromExportThread, buffers: readonly ArrayBuffer[] = []) =>
  port.postMessage(message, [...buffers]);

interface Task {
  readonly stop: AbortController;
  /** Chunks that may be sent, and who waits for more. */
  credit: number;
  wake: (() => void) | undefined;
}
const tasks = new Map<number, Task>();

async function run(id: number, work: (index: IndexReader, task: Task) => Promise<void>): Promise<void> {
  const task: Task = { stop: new AbortController(), credit: 0, wake: undefined };
  tasks.set(id, task);
  let index: IndexReader | undefined;
  try {
    await warm;
    index = IndexReader.open(recordingsDir);
    await work(index, task);
  } catch (failure) {
    const told = asStoreError(failure);
    if (told instanceof ExportStopped) post({ kind: 'stopped', id });
    else post({ kind: 'failed', id, code: 'INTERNAL', ...describeFailure(told) });
  } finally {
    tasks.delete(id);
    index?.close();
  }
}

function exportFiles(message: ToExportThread & { kind: 'export' }): Promise<void> {
  const { id, spec } = message;
  return run(id, async (index, task) => {
    const outcome = await runExport({
      index,
      id,
      spec,
      stop: task.stop.signal,
      onProgress: (progress) => post({ kind: 'progress', id, progress }),
    });
    post({ kind: 'exported', id, outcome });
  });
}

function clip(message: ToExportThread & { kind: 'clip' }): Promise<void> {
  const { id, spec } = message;
  return run(id, async (index, task) => {
    await streamClip({
      index,
      spec,
      stop: task.stop.signal,
      onBegin: (head) => post({ kind: 'clip-begins', id, ...head }),
      onChunk: async (data) => {
        while (task.credit === 0 && !task.stop.signal.aborted) {
          await new Promise<void>((resolve) => {
            task.wake = resolve;
          });
        }
        task.credit -= 1;
        if (!task.stop.signal.aborted) post({ kind: 'chunk', id, data }, [data.buffer as ArrayBuffer]);
      },
    });
    post({ kind: 'clip-ends', id });
  });
}

port.on('message', (message: ToExportThread) => {
  switch (message.kind) {
    case 'export':
      void exportFiles(message);
      break;
    case 'clip':
      void clip(message);
      break;
    case 'more': {
      const task = tasks.get(message.id);
      if (task === undefined) break;
      task.credit += message.chunks;
      task.wake?.();
      break;
    }
    case 'stop': {
      const task = tasks.get(message.id);
      task?.stop.abort();
      task?.wake?.();
      break;
    }
    case 'close':
      for (const task of tasks.values()) {
        task.stop.abort();
        task.wake?.();
      }
      port.close();
  }
});
