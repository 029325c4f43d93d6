/** A thread with one hostile camera, so that what it sends costs neither the good camera nor the viewer beside it any time. */
import { parentPort, workerData } from 'node:worker_threads';
import { startFakeRtspServer } from '../../support/fake-rtsp-server.ts';
import { HOSTILE_CAMERAS } from '../../support/hostile-cameras.ts';

const options = HOSTILE_CAMERAS[workerData as string];
if (options === undefined) throw new Error(`no camera ${workerData}`);
const server = await startFakeRtspServer(options);
parentPort?.postMessage(server.url());
