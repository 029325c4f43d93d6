import { describe, expect, it } from 'vitest';
import {
  FAKE_SDP_WITH_AUDIO,
  type FakeConnection,
  type FakeReply,
  type FakeRequest,
} from '../../support/fake-rtsp-server.ts';
import { waitFor } from '../../support/wait.ts';
import { camera, pull, stream } from './source-support.ts';

const isForSound = ({ method, url }: FakeRequest) => method === 'SETUP' && url.endsWith('trackID=1');

describe('a camera whose sound cannot be set up shows its picture', () => {
  const answers: [string, (connection: FakeConnection) => FakeReply | 'silent'][] = [
    ['it has forgotten the session (454)', () => ({ status: 454 })],
    ['it does not answer', () => 'silent'],
  ];
  it.each(answers)('%s', async (_what, answer) => {
    const server = await camera({
      sdp: FAKE_SDP_WITH_AUDIO,
      onPlay: stream,
      onRequest: (request, connection) => (isForSound(request) ? answer(connection) : undefined),
    });
    const { sink } = pull(server.url(), { connectTimeoutMs: 1_000 });
    await waitFor('a picture', () => sink.videoUnits.length > 0);
    expect(sink.waits).toEqual([]);
    expect(server.connections).toHaveLength(1);
  });

  it('it hangs up: asked twice, then no more', async () => {
    const server = await camera({
      sdp: FAKE_SDP_WITH_AUDIO,
      onPlay: stream,
      onRequest: (request, connection) => {
        if (!isForSound(request)) return undefined;
        connection.socket.destroy();
        return 'silent';
      },
    });
    const { sink, source } = pull(server.url());
    source.setWatched(true);
    await waitFor('a picture', () => sink.videoUnits.length > 0);
    expect(server.requests.filter(isForSound)).toHaveLength(2);
    expect(server.connections).toHaveLength(3);
  });
});

it('a server that knows no PLAY of the whole plays its tracks one by one', async () => {
  const server = await camera({
    onRequest: ({ method, url }) =>
      method === 'PLAY' && !url.includes('trackID') ? { status: 404 } : undefined,
    onPlay: stream,
  });
  const { sink } = pull(server.url());
  await waitFor('a picture', () => sink.videoUnits.length > 0);
  expect(sink.waits).toEqual([]);
});

it('a session that is given before anything is described is ended at the URL of the stream', async () => {
  const server = await camera({
    onRequest: ({ method }) =>
      method === 'DESCRIBE' ? { headers: { Session: '7' }, body: 'no description' } : undefined,
  });
  const { sink } = pull(server.url());
  await waitFor('the reason', () => sink.waits.length > 0);
  expect(server.requests.at(-1)).toMatchObject({ method: 'TEARDOWN', url: server.url() });
});

it('100 Continue is not the answer', async () => {
  const server = await camera({
    onPlay: stream,
    onRequest: (request, connection) => {
      connection.write(`RTSP/1.0 100 Continue\r\nCSeq: ${request.headers.get('cseq')}\r\n\r\n`);
      return undefined;
    },
  });
  const { sink } = pull(server.url());
  await waitFor('a picture', () => sink.videoUnits.length > 0);
});

it('a field over two lines, and blanks in the status line', async () => {
  const server = await camera({
    onPlay: stream,
    onRequest: (request, connection) => {
      if (request.headers.has('authorization')) return undefined;
      const field = 'WWW-Authenticate: Digest realm="cam",\r\n\tnonce="1"';
      connection.write(
        `RTSP/1.0  401  Unauthorized\r\nCSeq: ${request.headers.get('cseq')}\r\n${field}\r\n\r\n`,
      );
      return 'silent';
    },
  });
  const { sink } = pull(server.url(), { username: 'admin', password: 'secret' });
  await waitFor('a picture', () => sink.videoUnits.length > 0);
  expect(server.requests[1]?.headers.get('authorization')).toMatch(/realm="cam", nonce="1"/);
});
