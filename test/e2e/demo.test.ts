import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type StreamStatus, streamStatusSchema } from '../../shared/stream.ts';
import { GatewayProcess } from '../support/gateway.ts';
import { anewForAnotherTry } from '../support/tried-again.ts';
import { waitFor } from '../support/wait.ts';

describe('demo camera', () => {
  let gateway: GatewayProcess;

  const open = async () => {
    gateway = await GatewayProcess.start();
  };
  const close = () => gateway?.close();
  beforeAll(open);
  afterAll(close);
  anewForAnotherTry(close, open);

  const headers = { 'content-type': 'application/json' };
  const list = async (): Promise<StreamStatus[]> => {
    const body = (await (await fetch(`${gateway.url}/api/v1/streams`)).json()) as { streams: unknown[] };
    return body.streams.map((stream) => streamStatusSchema.parse(stream));
  };
  const ids = async () => (await list()).map(({ app, name }) => `${app}/${name}`);
  const post = (name: string, url: string) =>
    fetch(`${gateway.url}/api/v1/streams`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ name, source: { url } }),
    });

  it('shows itself with picture and sound while no stream is configured', async () => {
    const demo = await waitFor('the demo to be live', async () => {
      const [stream] = await list();
      return stream?.state === 'live' && stream.fps !== undefined ? stream : undefined;
    });
    expect(demo).toMatchObject({
      app: 'live',
      name: 'demo',
      codec: 'h264',
      audioCodec: 'opus',
      readOnly: true,
    });
    expect(demo.fps).toBeGreaterThan(10);
    const refused = await fetch(`${gateway.url}/api/v1/streams/live/demo`, { method: 'DELETE' });
    expect(refused.status).toBe(409);
  });

  it('makes room for the first camera, comes back after the last one, and survives restarts', async () => {
    expect((await post('door', 'rtsp://192.0.2.1/x')).status).toBe(201);
    await waitFor('the demo to go', async () => (await ids()).join() === 'live/door');
    expect(await gateway.stop()).toBe(0);
    await gateway.startAgain();
    expect(await ids()).toEqual(['live/door']);
    expect((await fetch(`${gateway.url}/api/v1/streams/live/door`, { method: 'DELETE' })).status).toBe(204);
    await waitFor('the demo to come back', async () => (await ids()).join() === 'live/demo');
  });

  it('lends its name to nobody: a stream live/demo of the API may not point at this machine', async () => {
    await post('door', 'rtsp://192.0.2.1/x');
    await waitFor('the demo to go', async () => (await ids()).join() === 'live/door');
    expect((await post('demo', 'rtsp://127.0.0.1:9/x')).status).toBe(201);
    const mine = await waitFor('a reason', async () => {
      const stream = (await list()).find(({ name }) => name === 'demo');
      return stream?.reason === undefined ? undefined : stream;
    });
    expect(mine).toMatchObject({ readOnly: false, reason: { code: 'ADDRESS_FORBIDDEN' } });
  });
});
