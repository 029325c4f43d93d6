import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../server/base/clock.ts';
import type { Logger } from '../../../server/base/log.ts';
import { CameraLogins } from '../../../server/rtsp/index.ts';
import type { FakeReply, FakeRequest, FakeRtspServer } from '../../support/fake-rtsp-server.ts';
import { waitFor } from '../../support/wait.ts';
import { camera, firstWait, pull, stream } from './source-support.ts';

describe('passwords', () => {
  it.each([
    ['rtsp://10.0.0.5/1', 'rtsp://10.0.0.5:554/2'],
    ['rtsps://cam/1', 'rtsps://CAM:322/2'],
  ])('refused to %s are refused to %s, which is the same door', (one, other) => {
    const logins = new CameraLogins(systemClock);
    const user = { username: 'admin', password: 'secret' };
    expect(logins.of({ url: other, ...user })).toBe(logins.of({ url: one, ...user }));
    expect(logins.of({ url: other, ...user })).toBeDefined();
  });

  const deny = (challenges: readonly string[]): FakeReply => ({
    status: 401,
    headers: { 'WWW-Authenticate': challenges },
  });

  it('the strongest of several challenges is answered', async () => {
    const server = await camera({
      onPlay: stream,
      onRequest: (request) =>
        request.headers.has('authorization')
          ? undefined
          : deny([
              'Basic realm="cam"',
              'Digest realm="cam", nonce="m", algorithm=MD5, qop="auth"',
              'Digest realm="cam", nonce="s", algorithm=SHA-256, qop="auth"',
            ]),
    });
    const { sink } = pull(server.url(), { username: 'admin', password: 'secret' });
    await waitFor('pictures', () => sink.videoUnits.length > 0);
    const sent = server.requests[1]?.headers.get('authorization') ?? '';
    expect(sent).toMatch(/algorithm="?SHA-256"?/);
    expect(/response="([0-9a-f]+)"/.exec(sent)?.[1]).toHaveLength(64);
  });

  it('a nonce that went stale is replaced on the way, without a stop', async () => {
    let nonce = 1;
    const server = await camera({
      onPlay: stream,
      onRequest: (request) => {
        const sent = request.headers.get('authorization') ?? '';
        if (request.method === 'PLAY' && nonce === 1) nonce = 2;
        if (sent.includes(`nonce="${nonce}"`)) return undefined;
        return deny([`Digest realm="cam", nonce="${nonce}"${nonce > 1 ? ', stale=TRUE' : ''}`]);
      },
    });
    const { sink } = pull(server.url(), { username: 'admin', password: 'secret' });
    await waitFor('pictures', () => sink.videoUnits.length > 0);
    expect(sink.waits).toEqual([]);
    expect(server.requests.filter((request) => request.method === 'PLAY')).toHaveLength(2);
  });

  it('a wrong one is sent once, told, and not asked again for a while even when watched', async () => {
    const server = await camera({ onRequest: () => deny(['Digest realm="cam", nonce="1"']) });
    const { sink, source } = pull(server.url(), { username: 'admin', password: 'very-secret' });
    source.setWatched(true);
    const wait = await firstWait(sink);
    expect(wait.reason).toBe('CAMERA_AUTH_FAILED');
    expect(wait.retryInMs).toBeGreaterThanOrEqual(15_000);
    expect(server.requests.filter((request) => request.headers.has('authorization'))).toHaveLength(1);
    expect(JSON.stringify(sink.waits)).not.toContain('very-secret');
  });

  it('a wrong one for all channels of a recorder is sent once, so that it locks nobody out', async () => {
    const server = await camera({ onRequest: () => deny(['Digest realm="nvr", nonce="1"']) });
    const logins = new CameraLogins(systemClock);
    const source = { username: 'admin', password: 'very-secret' };
    const pulled = Array.from({ length: 12 }, (_, n) => pull(server.url(`/ch${n}`), source, { logins }));
    for (const { sink } of pulled) expect((await firstWait(sink)).reason).toBe('CAMERA_AUTH_FAILED');
    expect(server.requests.filter((request) => request.headers.has('authorization'))).toHaveLength(1);
  });

  it('a right one lets all channels of a recorder play, but those that this user may not see', async () => {
    const server = await camera({
      onPlay: stream,
      onRequest: (request) =>
        request.headers.has('authorization') && !request.url.includes('/closed')
          ? undefined
          : deny(['Digest realm="nvr", nonce="1"']),
    });
    const logins = new CameraLogins(systemClock);
    const source = { username: 'admin', password: 'secret' };
    const open = (path: string) => pull(server.url(path), source, { logins });
    const before = open('/ch0');
    await waitFor('pictures', () => before.sink.videoUnits.length > 0);
    expect((await firstWait(open('/closed').sink)).reason).toBe('CAMERA_AUTH_FAILED');
    const after = Array.from({ length: 4 }, (_, n) => open(`/ch${n + 1}`));
    await waitFor('pictures of all', () => after.every(({ sink }) => sink.videoUnits.length > 0));
  });

  it('a wrong one that the camera refuses without asking again is told as that', async () => {
    const server = await camera({
      onRequest: (request) =>
        request.headers.has('authorization') ? { status: 401 } : deny(['Digest realm="cam", nonce="1"']),
    });
    const wait = await firstWait(pull(server.url(), { username: 'admin', password: 'secret' }).sink);
    expect(wait).toMatchObject({
      reason: 'CAMERA_AUTH_FAILED',
      message: expect.stringContaining('refused the user name or the password'),
    });
  });

  it('a camera that asks and closes the connection with that gets the answer on another one', async () => {
    let nonces = 0;
    const server = await camera({
      onPlay: stream,
      onRequest: (request, connection) => {
        if (request.headers.has('authorization')) return undefined;
        nonces += 1;
        connection.write(
          `RTSP/1.0 401 Unauthorized\r\nCSeq: ${request.headers.get('cseq')}\r\nWWW-Authenticate: Digest realm="cam", nonce="${nonces}"\r\n\r\n`,
        );
        connection.socket.end();
        return 'silent';
      },
    });
    const { sink } = pull(server.url(), { username: 'admin', password: 'secret' });
    await waitFor('pictures', () => sink.videoUnits.length > 0);
    expect(sink.waits).toEqual([]);
    expect(server.connections).toHaveLength(2);
  });

  it('a wrong one is not sent more than twice to such a camera', async () => {
    const server = await camera({
      onRequest: (request, connection) => {
        connection.write(
          `RTSP/1.0 401 Unauthorized\r\nCSeq: ${request.headers.get('cseq')}\r\nWWW-Authenticate: Digest realm="cam", nonce="${request.headers.get('cseq')}"\r\n\r\n`,
        );
        connection.socket.end();
        return 'silent';
      },
    });
    const { sink } = pull(server.url(), { username: 'admin', password: 'secret' });
    await firstWait(sink);
    const sent = server.requests.filter((request) => request.headers.has('authorization'));
    expect(sent.length).toBeLessThanOrEqual(2);
    expect(server.connections).toHaveLength(2);
  });

  it('never reach a log', async () => {
    const lines: string[] = [];
    const write = (fields: object, message: string) => lines.push(JSON.stringify({ ...fields, message }));
    const log: Logger = { debug: write, info: write, warn: write, error: write, child: () => log };
    const server = await camera({ onRequest: () => deny(['Basic realm="cam"']) });
    const { sink } = pull(server.url().replace('rtsp://', 'rtsp://admin:very-secret@'), {}, { log });
    await firstWait(sink);
    await waitFor('a line', () => lines.length > 0);
    expect(lines.join('\n')).not.toMatch(/very-secret|YWRtaW4/);
  });
});

describe('redirects', () => {
  it('are followed, with the credentials on the same host only', async () => {
    const reply = (request: FakeRequest): FakeReply | undefined =>
      request.headers.has('authorization')
        ? undefined
        : { status: 401, headers: { 'WWW-Authenticate': 'Basic realm="cam"' } };
    const target = await camera({ onPlay: stream, onRequest: reply });
    const other = await camera({ onRequest: reply });
    const server = await camera({
      onRequest: (request) =>
        request.method === 'DESCRIBE'
          ? { status: 302, headers: { Location: target.url('/new') } }
          : undefined,
    });
    const credentials = { username: 'admin', password: 'secret' };
    const { sink } = pull(server.url(), credentials);
    await waitFor('pictures', () => sink.videoUnits.length > 0);
    expect(target.requests[1]?.headers.has('authorization')).toBe(true);

    const elsewhere = await camera({
      onRequest: () => ({
        status: 301,
        headers: { Location: other.url().replace('127.0.0.1', 'localhost') },
      }),
    });
    const away = pull(elsewhere.url(), credentials);
    expect((await firstWait(away.sink)).reason).toBe('CAMERA_AUTH_FAILED');
    expect(other.requests.length).toBeGreaterThan(0);
    expect(other.requests.some((request) => request.headers.has('authorization'))).toBe(false);
  });

  it('ask the address policy again', async () => {
    const target = await camera();
    const server = await camera({
      onRequest: () => ({
        status: 302,
        headers: { Location: target.url().replace('127.0.0.1', 'localhost') },
      }),
    });
    const { sink } = pull(
      server.url(),
      {},
      {
        resolveAddress: async (host) =>
          host === '127.0.0.1'
            ? { ok: true, value: host }
            : { ok: false, error: { kind: 'address-forbidden', message: 'no' } },
      },
    );
    expect((await firstWait(sink)).reason).toBe('ADDRESS_FORBIDDEN');
    expect(target.connections).toHaveLength(0);
  });

  it('to another host ask the policy for redirects, also on the way back; those to the same host do not', async () => {
    const asked: string[] = [];
    const here = { ok: true, value: '127.0.0.1' } as const;
    const home = await camera({ onPlay: stream });
    const away = await camera({
      onRequest: () => ({ status: 302, headers: { Location: home.url() } }),
    });
    const first: FakeRtspServer = await camera({
      onRequest: (request) => {
        const next = request.url.endsWith('/again') ? away.url().replace('127.0.0.1', 'localhost') : '/again';
        return { status: 302, headers: { Location: next } };
      },
    });
    const resolver = (name: string) => async (host: string) => {
      asked.push(`${name} ${host}`);
      return here;
    };
    const { sink } = pull(
      first.url(),
      {},
      { resolveAddress: resolver('own'), resolveRedirect: resolver('redirect') },
    );
    await waitFor('pictures', () => sink.videoUnits.length > 0);
    expect(asked).toEqual(['own 127.0.0.1', 'own 127.0.0.1', 'redirect localhost', 'redirect 127.0.0.1']);
  });

  it('do not bring credentials of their own into the log', async () => {
    const lines: string[] = [];
    const write = (fields: object, message: string) => lines.push(JSON.stringify({ ...fields, message }));
    const log: Logger = { debug: write, info: write, warn: write, error: write, child: () => log };
    const loop: FakeRtspServer = await camera({
      onRequest: () => ({
        status: 302,
        headers: { Location: loop.url().replace('rtsp://', 'rtsp://admin:very-secret@') },
      }),
    });
    await firstWait(pull(loop.url(), {}, { log }).sink);
    await waitFor('a line', () => lines.some((line) => line.includes('redirect-refused')));
    expect(lines.join('\n')).not.toContain('very-secret');
  });

  it('end after three, and lead to RTSP only', async () => {
    const loop: FakeRtspServer = await camera({
      onRequest: () => ({ status: 302, headers: { Location: loop.url('/again') } }),
    });
    const { sink } = pull(loop.url());
    const wait = await firstWait(sink);
    expect(wait).toMatchObject({ reason: 'CAMERA_REFUSED' });
    expect(wait.message).toMatch(/more than 3 times/);
    expect(loop.connections).toHaveLength(4);

    const web = await camera({
      onRequest: () => ({ status: 302, headers: { Location: 'http://127.0.0.1/' } }),
    });
    expect((await firstWait(pull(web.url()).sink)).message).toMatch(/no RTSP; it is not followed/);
  });
});
