import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../server/base/clock.ts';
import { silentLogger } from '../../../server/base/log.ts';
import { type RtspSource, type RtspSourceDeps, startRtspSource } from '../../../server/rtsp/index.ts';
import { type FakeRtspServer, startFakeRtspServer } from '../../support/fake-rtsp-server.ts';
import { cameraAt, RecordingSink } from '../../support/recording-sink.ts';
import { waitFor } from '../../support/wait.ts';

const fixture = (name: string) => readFileSync(new URL(`../../fixtures/tls/${name}`, import.meta.url));
const FINGERPRINT = new X509Certificate(fixture('camera.crt')).fingerprint256;
const certificate = { key: fixture('camera.key'), cert: fixture('camera.crt') };

const sources: RtspSource[] = [];
const servers: FakeRtspServer[] = [];

afterEach(async () => {
  await Promise.all(sources.splice(0).map((source) => source.close()));
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function pull(
  url: string,
  deps: Partial<RtspSourceDeps> = {},
  source: Readonly<Record<string, unknown>> = {},
): Promise<RecordingSink> {
  const sink = new RecordingSink();
  sources.push(
    startRtspSource(cameraAt(url, source), sink, { clock: systemClock, log: silentLogger, ...deps }),
  );
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

  it('does not talk to a camera whose certificate nobody vouches for, and tells its fingerprint', async () => {
    const server = await startFakeRtspServer({ tls: certificate });
    servers.push(server);
    const sink = await pull(server.url());
    const wait = await waitFor('the reason', () => sink.waits[0]);
    expect(wait.reason).toBe('CAMERA_CERTIFICATE');
    expect(wait.message).toContain('self-signed');
    expect(wait.message).toContain(`set tlsFingerprint in the stream's source to ${FINGERPRINT}`);
    expect(server.requests).toEqual([]);
  });

  it.each([
    ['as told', FINGERPRINT],
    ['without colons, in small letters', FINGERPRINT.replaceAll(':', '').toLowerCase()],
  ])('plays from a camera whose certificate is pinned, written %s', async (_how, tlsFingerprint) => {
    const server = await startFakeRtspServer({
      tls: certificate,
      onPlay: (connection) => connection.sendPicture({ timestamp: 0 }),
    });
    servers.push(server);
    const sink = await pull(server.url(), {}, { tlsFingerprint });
    await waitFor('a picture', () => sink.units.length === 1);
    expect(sink.playings[0]?.transport).toBe('tcp');
  });

  it('plays from a camera with a weak certificate, if that is pinned', async () => {
    const server = await startFakeRtspServer({
      tls: { key: fixture('weak.key'), cert: fixture('weak.crt'), ciphers: 'DEFAULT@SECLEVEL=0' },
      onPlay: (connection) => connection.sendPicture({ timestamp: 0 }),
    });
    servers.push(server);
    const tlsFingerprint = new X509Certificate(fixture('weak.crt')).fingerprint256;
    const sink = await pull(server.url(), {}, { tlsFingerprint });
    await waitFor('a picture', () => sink.units.length === 1);
  });

  it('does not talk to a camera with another certificate than the pinned one, trusted or not', async () => {
    const server = await startFakeRtspServer({ tls: certificate });
    servers.push(server);
    const tlsFingerprint = FINGERPRINT.replace(/^../, FINGERPRINT.startsWith('00') ? '01' : '00');
    const sink = await pull(server.url(), { tls: { ca: [certificate.cert] } }, { tlsFingerprint });
    const wait = await waitFor('the reason', () => sink.waits[0]);
    expect(wait.reason).toBe('CAMERA_CERTIFICATE');
    expect(wait.message).toContain(FINGERPRINT);
    expect(wait.message).toContain(tlsFingerprint);
    expect(server.requests).toEqual([]);
  });

  it('does not take a trusted certificate of another name', async () => {
    const server = await startFakeRtspServer({ tls: certificate });
    servers.push(server);
    const sink = await pull(server.url().replace('127.0.0.1', 'other.example'), {
      tls: { ca: [certificate.cert] },
      resolveAddress: async () => ({ ok: true, value: '127.0.0.1' }),
    });
    const wait = await waitFor('the reason', () => sink.waits[0]);
    expect(wait).toMatchObject({
      reason: 'CAMERA_CERTIFICATE',
      message: expect.stringContaining('another name'),
    });
    expect(server.requests).toEqual([]);
  });

  it('says so where the port speaks no TLS', async () => {
    const server = await startFakeRtspServer({
      onConnection: ({ socket }) => socket.write('RTSP/1.0 400 Bad\r\n\r\n'),
    });
    servers.push(server);
    const sink = await pull(server.url().replace('rtsp:', 'rtsps:'));
    const wait = await waitFor('the reason', () => sink.waits[0]);
    expect(wait).toMatchObject({ reason: 'CAMERA_UNREACHABLE', message: expect.stringContaining('322') });
  });

  it('keeps the media inside: UDP is not asked for, and told where the source wants it', async () => {
    const server = await startFakeRtspServer({ tls: certificate });
    servers.push(server);
    const tlsFingerprint = FINGERPRINT;
    const asked = await pull(server.url(), {}, { tlsFingerprint, transport: 'udp' });
    const wait = await waitFor('the reason', () => asked.waits[0]);
    expect(wait).toMatchObject({ reason: 'CAMERA_REFUSED', message: expect.stringContaining('encrypted') });
    expect(server.requests).toEqual([]);
    // No media comes, so over rtsp the other transport would be tried next.
    const auto = await pull(server.url(), {}, { tlsFingerprint, silenceTimeoutMs: 500 });
    await waitFor('the end', () => auto.waits[0]);
    const transports = server.requests.flatMap((request) => request.headers.get('transport') ?? []);
    expect(transports.every((transport) => transport.includes('RTP/AVP/TCP'))).toBe(true);
    expect(transports).not.toHaveLength(0);
  });

  it('holds every place that the camera sends us to, to the pinned certificate', async () => {
    const other = await startFakeRtspServer({
      tls: { key: fixture('other.key'), cert: fixture('other.crt') },
    });
    const server = await startFakeRtspServer({
      tls: certificate,
      onRequest: () => ({ status: 302, headers: { Location: other.url() } }),
    });
    servers.push(other, server);
    const sink = await pull(server.url(), {}, { tlsFingerprint: FINGERPRINT });
    const wait = await waitFor('the reason', () => sink.waits[0]);
    expect(wait.reason).toBe('CAMERA_CERTIFICATE');
    expect(other.requests).toEqual([]);
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

describe('tlsFingerprint', () => {
  it.each([
    ['rtsps://10.0.0.5/s1', 'no hex'],
    ['rtsps://10.0.0.5/s1', FINGERPRINT.slice(3)],
    ['rtsp://10.0.0.5/s1', FINGERPRINT],
    ['publish:', FINGERPRINT],
  ])('of %s is not %s', (url, tlsFingerprint) => {
    expect(() => cameraAt(url, { tlsFingerprint })).toThrow(/tlsFingerprint/);
  });
});
