import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../server/base/clock.ts';
import { silentLogger } from '../../../server/base/log.ts';
import { type RtspSource, type RtspSourceDeps, startRtspSource } from '../../../server/rtsp/index.ts';
import { type FakeRtspServer, startFakeRtspServer } from '../../support/fake-rtsp-server.ts';
import { cameraAt, RecordingSink } from '../../support/recording-sink.ts';
import { waitFor } from '../../support/wait.ts';

const fixture = (name: string) => readFileSync(new URL(`../../fixtures/tls/${name}`, import.meta.url));
const certificate = { key: fixture('camera.key'), cert: fixture('camera.crt') };

const sources: RtspSource[] = [];
const servers: FakeRtspServer[] = [];

afterEach(async () => {
  await Promise.all(sources.splice(0).map((source) => source.close()));
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function pull(url: string, deps: Partial<RtspSourceDeps> = {}): Promise<RecordingSink> {
  const sink = new RecordingSink();
  sources.push(startRtspSource(cameraAt(url), sink, { clock: systemClock, log: silentLogger, ...deps }));
  return sink;
}

describe('rtsps', () => {
  it('plays from a camera whose certificate is trusted, by address and by name', async () => {
    const server = await startFakeRtspServer({
      tls: certificate,
      onPlay: (connection) => connection.sendPicture({ timestamp: 0 }),
    });
    servers.push(server);
    for (const host of ['127.0.0.1', 'camera.example']) {
      const sink = await pull(server.url().replace('127.0.0.1', host), {
        tls: { ca: [certificate.cert] },
        resolveAddress: async () => ({ ok: true, value: '127.0.0.1' }),
      });
      await waitFor('a picture', () => sink.units.length === 1);
    }
  });

  it('does not talk to a camera whose certificate nobody vouches for', async () => {
    const server = await startFakeRtspServer({ tls: certificate });
    servers.push(server);
    const sink = await pull(server.url());
    const wait = await waitFor('the reason', () => sink.waits[0]);
    expect(wait.reason).toBe('CAMERA_UNREACHABLE');
    expect(wait.message).toMatch(/No trusted TLS connection.*SELF_SIGNED/);
    expect(server.requests).toEqual([]);
  });

  it('is not left by a redirect to rtsp', async () => {
    const plain = await startFakeRtspServer();
    const server = await startFakeRtspServer({
      tls: certificate,
      onRequest: () => ({ status: 302, headers: { Location: plain.url() } }),
    });
    servers.push(plain, server);
    const sink = await pull(server.url(), { tls: { ca: [certificate.cert] } });
    const wait = await waitFor('the reason', () => sink.waits[0]);
    expect(wait).toMatchObject({ reason: 'CAMERA_REFUSED' });
    expect(wait.message).toMatch(/from rtsps to rtsp/);
    expect(plain.connections).toHaveLength(0);
  });
});
