import { parentPort, workerData } from 'node:worker_threads';
import { bulkRequestSchema } from '../../../shared/probe.ts';
import { readRows } from './read-rows.ts';

/** The body of the thread that `readInThread` starts: one text in, its rows out. */
const { format, text } = bulkRequestSchema.pick({ format: true, text: true }).parse(workerData);
parentPort?.postMessage(readRows(format, text));
