import { describe, expect, it } from 'vitest';
import type { ResolveFailure } from '../../../server/rtsp/index.ts';
import { err, ok } from '../../../shared/result.ts';
import { waitFor } from '../../support/wait.ts';
import { camera, firstWait, pull, stream } from './source-support.ts';

const ONVIF = 'onvif://127.0.0.1';

describe('a source whose address has to be asked for', () => {
  it('asks before each connection, and dials what it is told', async () => {
    const first = await camera({ onPlay: stream });
    const second = await camera({ onPlay: stream });
    const urls = [first.url(), second.url()];
    const asked: string[] = [];
    const { sink, source } = pull(
      ONVIF,
      {},
      {
        resolve: async ({ source: { url } }) => {
          asked.push(url);
          return ok({ url: urls[Math.min(asked.length, 2) - 1] ?? '' });
        },
      },
    );
    await waitFor('a picture', () => sink.units.length > 0);
    expect(second.connections).toHaveLength(0);
    // The camera restarts, and has its stream at another address now.
    first.connections[0]?.socket.destroy();
    await waitFor('the other address to be dialled', () => second.connections.length > 0);
    const before = sink.units.length;
    await waitFor('pictures of there', () => sink.units.length > before);
    expect(asked).toEqual([ONVIF, ONVIF]);
    await source.close();
  });

  it('waits with the reason that it is told, and tries again', async () => {
    const failures: ResolveFailure[] = [
      { reason: 'CAMERA_NOT_ONVIF', message: 'There is a printer.' },
      { reason: 'CAMERA_AUTH_FAILED', message: 'Wrong password.' },
    ];
    for (const failure of failures) {
      const { sink, source } = pull(ONVIF, {}, { resolve: async () => err(failure) });
      expect(await firstWait(sink)).toMatchObject(failure);
      expect(source.state).toMatchObject({ state: 'waiting', reason: failure.reason });
      await source.close();
    }
  });

  it('dials another host that it is told only where a redirect may lead', async () => {
    const elsewhere = await camera({ onPlay: stream });
    const { sink } = pull(
      'onvif://localhost',
      {},
      {
        resolve: async () => ok({ url: elsewhere.url() }),
        resolveAddress: async (host) => ok(host),
        resolveRedirect: async () => err({ kind: 'address-forbidden', message: 'not there' }),
      },
    );
    expect(await firstWait(sink)).toMatchObject({ reason: 'ADDRESS_FORBIDDEN', message: 'not there' });
    expect(elsewhere.connections).toHaveLength(0);
  });

  it('waits where nobody can ask', async () => {
    const { sink } = pull(ONVIF);
    expect(await firstWait(sink)).toMatchObject({ reason: 'CAMERA_NOT_ONVIF' });
  });

  it('gives up asking when it is closed', async () => {
    let isAborted = false;
    const { source } = pull(
      ONVIF,
      {},
      {
        resolve: (_, signal) =>
          new Promise((resolve) => {
            signal.addEventListener('abort', () => {
              isAborted = true;
              resolve(err({ reason: 'STOPPED', message: 'Stopped.' }));
            });
          }),
      },
    );
    await source.close();
    expect(isAborted).toBe(true);
  });
});
