/** Entry of a store's thread: the only writer of one recordings folder. */

import { flushCompileCache } from 'node:module';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../base/clock.ts';
import { Store } from './store.ts';
import type { FromStore, ToStore } from './store-messages.ts';

const port = parentPort;
if (port === null) throw new Error('store-thread.ts runs as a thread only');
const { recordingsDir } = workerData as { recordingsDir: string };

const store = new Store({
  recordingsDir,
  clock: systemClock,
  post: (message: FromStore, buffers = []) => port.postMessage(message, [...buffers]),
  receive: () => receiveMessageOnPort(port)?.message as ToStore | undefined,
  onClosed: () => port.close(),
});
port.on('message', (message: ToStore) => store.handle(message));

// What was loaded so far is all there is; a crash must not make the next start a slow one.
flushCompileCache();
