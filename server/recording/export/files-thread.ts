/** Entry of the thread that keeps the jobs and reads finished files: whatever may wait for the disk that they are on. */

import { flushCompileCache } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../base/clock.ts';
import { answerCall, type CallMessage } from '../store/rpc.ts';
import { FilesContext, filesHandlers } from './files-handlers.ts';

const port = parentPort;
if (port === null) throw new Error('files-thread.ts runs as a thread only');
const { databasePath } = workerData as { databasePath: string };
const context = new FilesContext(databasePath, () => systemClock.wallMs());

port.on('message', (message: CallMessage | { readonly kind: 'close' }) => {
  if (message.kind === 'close') {
    context.close();
    port.close();
    return;
  }
  const { answer, buffers } = answerCall(filesHandlers, context, message);
  port.postMessage(answer, [...buffers]);
});

// What was loaded so far is all there is; a crash must not make the next start a slow one.
flushCompileCache();
