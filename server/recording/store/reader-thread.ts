/** Entry of a reader's thread: answers questions about one recordings folder, from its index and its files. */

import { flushCompileCache } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import { diskFaultOf } from './disk-fault.ts';
import { IndexReader } from './index-reader.ts';
import { readerHandlers } from './reader-handlers.ts';
import { answerCall } from './rpc.ts';
import type { FromReader, ToReader } from './store-messages.ts';

const port = parentPort;
if (port === null) throw new Error('reader-thread.ts runs as a thread only');
const { recordingsDir } = workerData as { recordingsDir: string };

const post = (message: FromReader, buffers: readonly ArrayBuffer[] = []) =>
  port.postMessage(message, [...buffers]);
let index: IndexReader | undefined;
let openFailure = 'The disk with the recordings is not ready yet; try again in a moment.';

function release(): void {
  const opened = index;
  index = undefined;
  opened?.close();
}

function open(): void {
  release();
  try {
    index = IndexReader.open(recordingsDir);
  } catch (failure) {
    openFailure = `The index in ${recordingsDir} cannot be read (${String(failure)}).`;
  }
}

port.on('message', (message: ToReader) => {
  switch (message.kind) {
    case 'open':
      open();
      break;
    case 'release':
      release();
      break;
    case 'call': {
      if (index === undefined) {
        post({ kind: 'failure', id: message.id, code: 'STORAGE_UNAVAILABLE', message: openFailure });
        break;
      }
      const { answer, buffers, failure } = answerCall(readerHandlers, index, message);
      post(answer, buffers);
      if (failure !== undefined && diskFaultOf(failure, recordingsDir).isIndexDamaged)
        post({ kind: 'damaged' });
      break;
    }
    case 'close':
      release();
      post({ kind: 'closed' });
      port.close();
  }
});

// What was loaded so far is all there is; a crash must not make the next start a slow one.
flushCompileCache();
