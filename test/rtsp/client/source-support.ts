import { afterEach } from 'vitest';
import { systemClock } from '../../../server/base/clock.ts';
import { silentLogger } from '../../../server/base/log.ts';
import { type RtspSource, type RtspSourceDeps, startRtspSource } from '../../../server/rtsp/index.ts';
import {
  type FakeConnection,
  type FakeRtspServer,
  type FakeServerOptions,
  startFakeRtspServer,
} from '../../support/fake-rtsp-server.ts';
import { cameraAt, RecordingSink } from '../../support/recording-sink.ts';
import { waitFor } from '../../support/wait.ts';

const sources: RtspSource[] = [];
const servers: FakeRtspServer[] = [];

/** A scripted camera that is closed after the test. */
export async function camera(options: FakeServerOptions = {}): Promise<FakeRtspServer> {
  const server = await startFakeRtspServer(options);
  servers.push(server);
  return server;
}

interface Pulled {
  readonly sink: RecordingSink;
  readonly source: RtspSource;
}

/** A source that pulls from `url` until the test ends. */
export function pull(
  url: string,
  source: Readonly<Record<string, unknown>> = {},
  deps: Partial<RtspSourceDeps> = {},
): Pulled {
  const sink = new RecordingSink();
  const started = startRtspSource(cameraAt(url, source), sink, {
    clock: systemClock,
    log: silentLogger,
    ...deps,
  });
  sources.push(started);
  return { sink, source: started };
}

afterEach(async () => {
  await Promise.all(sources.splice(0).map((source) => source.close()));
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

/** Sends a key frame and then a picture every 40 ms until the connection ends. */
export function stream(connection: FakeConnection): void {
  let timestamp = 0;
  const send = () => {
    connection.sendPicture({ timestamp, key: timestamp % 90_000 === 0 });
    timestamp += 3_600;
  };
  send();
  const timer = setInterval(send, 40);
  connection.socket.once('close', () => clearInterval(timer));
}

export const firstWait = (sink: RecordingSink) => waitFor('the reason', () => sink.waits[0]);
