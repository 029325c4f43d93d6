import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { authorize, parseChallenges, type RtspResponse } from '../../../server/rtsp/parse/index.ts';
import { readWithGStreamer } from './gstreamer-reader.ts';
import { type Clip, define, makeClip, Probe, readFrames, sourceOf, startServer } from './support.ts';

const TOKEN = 'a-token';

let clip: Clip;

beforeAll(async () => {
  clip = await makeClip();
});

async function lockedServer() {
  const fixture = await startServer([define('cam'), define('pub', { url: 'publish:', password: 'p' })], {
    authorize: (credentials) => credentials.matches(TOKEN),
  });
  sourceOf(fixture, 'live/cam').loop(clip);
  return fixture;
}

const challengesOf = (response: RtspResponse) => parseChallenges(response.headers.all('WWW-Authenticate'));

function answerTo(
  response: RtspResponse,
  uri: string,
  options: { password?: string; scheme?: RegExp; nc?: number } = {},
) {
  const { password = TOKEN, scheme = /./, nc = 1 } = options;
  const challenges = challengesOf(response).filter((challenge) =>
    scheme.test(challenge.scheme === 'digest' ? challenge.algorithm : 'basic'),
  );
  const value = authorize(challenges, {
    method: 'DESCRIBE',
    uri,
    username: 'viewer',
    password,
    nc,
    cnonce: '0123456789abcdef',
  });
  return { Authorization: value ?? '' };
}

describe('who may read', () => {
  it.each([
    ['FFmpeg (MD5)', 'viewer:a-token@', ''],
    ['a token in the URL', '', '?access_token=a-token'],
  ])('lets in %s', async (_what, userinfo, query) => {
    const { port } = await lockedServer();
    const { code, stdout } = await readFrames(`rtsp://${userinfo}127.0.0.1:${port}/live/cam${query}`, 5).done;
    expect(code).toBe(0);
    expect(stdout.split('\n').filter((line) => line.startsWith('0,'))).toHaveLength(5);
  });

  it('lets in GStreamer', async () => {
    const { url } = await lockedServer();
    const { pictures, stderr } = await readWithGStreamer({
      source: [`location=${url('live/cam')}`, 'user-id=viewer', `user-pw=${TOKEN}`, 'protocols=4'],
      elements: ['rtph264depay'],
      count: 5,
    });
    expect(pictures, stderr).toBe(5);
  });

  it.each([
    ['FFmpeg with a wrong one', 'viewer:wrong@', ''],
    ['FFmpeg with none', '', ''],
    ['a wrong token in the URL', '', '?access_token=wrong'],
  ])('keeps out %s', async (_what, userinfo, query) => {
    const { port } = await lockedServer();
    const { code, stderr } = await readFrames(`rtsp://${userinfo}127.0.0.1:${port}/live/cam${query}`, 5).done;
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/401/);
  });

  it.each([['SHA-256'], ['MD5'], ['basic']])('takes %s', async (scheme) => {
    const { port, url } = await lockedServer();
    const probe = new Probe(port);
    const uri = url('live/cam');
    const challenge = await probe.ask('DESCRIBE', uri);
    expect(challenge.statusCode).toBe(401);
    const headers = answerTo(challenge, uri, { scheme: new RegExp(`^${scheme}$`) });
    expect((await probe.ask('DESCRIBE', uri, headers)).statusCode).toBe(200);
  });

  it('takes the bare Digest of live555 (VLC), which names neither algorithm nor qop and signs the URL of the stream', async () => {
    const { port, url } = await lockedServer();
    const probe = new Probe(port);
    const uri = url('live/cam');
    const [first] = challengesOf(await probe.ask('DESCRIBE', uri));
    if (first?.scheme !== 'digest') throw new Error('no digest challenge');
    const md5 = (text: string) => createHash('md5').update(text).digest('hex');
    const header = (method: string) => {
      const response = md5(
        `${md5(`viewer:${first.realm}:${TOKEN}`)}:${first.nonce}:${md5(`${method}:${uri}/`)}`,
      );
      return `Digest username="viewer", realm="${first.realm}", nonce="${first.nonce}", uri="${uri}/", response="${response}"`;
    };
    const described = await probe.ask('DESCRIBE', uri, { Authorization: header('DESCRIBE') });
    expect(described.statusCode).toBe(200);
    const Transport = 'RTP/AVP/TCP;unicast;interleaved=0-1';
    const setup = await probe.ask('SETUP', `${uri}/track1`, { Authorization: header('SETUP'), Transport });
    expect(setup.statusCode).toBe(200);
  });

  it('tells nobody without credentials which streams there are', async () => {
    const { port, url } = await lockedServer();
    for (const name of ['cam', 'nothing', 'pub']) {
      const probe = new Probe(port);
      expect((await probe.ask('DESCRIBE', url(`live/${name}`))).statusCode).toBe(401);
      expect((await probe.ask('SETUP', url(`live/${name}/track1`))).statusCode).toBe(401);
      expect((await probe.ask('ANNOUNCE', url(`live/${name}`))).statusCode).toBe(401);
    }
  });

  it('takes a nonce count only once, and a nonce only on the connection it was made for', async () => {
    const { port, url } = await lockedServer();
    const uri = url('live/nothing');
    const probe = new Probe(port);
    const challenge = await probe.ask('DESCRIBE', uri);
    const headers = answerTo(challenge, uri);
    const elsewhere = await new Probe(port).ask('DESCRIBE', uri, headers);
    expect(elsewhere.statusCode).toBe(401);
    expect((await probe.ask('DESCRIBE', uri, headers)).statusCode).toBe(404);
    // Another stream, so that the connection has to prove itself again.
    const other = url('live/other');
    const first = await probe.ask('DESCRIBE', other, answerTo(challenge, other, { nc: 1 }));
    expect(first.statusCode).toBe(401);
    expect(challengesOf(first)[0]).toMatchObject({ stale: true });
  });

  it('closes the connection of somebody who guesses', async () => {
    const { port, url } = await lockedServer();
    const probe = new Probe(port);
    const uri = url('live/cam');
    let answer: RtspResponse | undefined;
    for (let guess = 0; guess < 5; guess++) {
      const challenge: RtspResponse = answer ?? (await probe.ask('DESCRIBE', uri));
      answer = await probe.ask('DESCRIBE', uri, answerTo(challenge, uri, { password: `guess${guess}` }));
      expect(answer.statusCode).toBe(401);
    }
    expect(answer?.headers.get('Connection')).toBe('close');
    expect(await probe.tryAsk('OPTIONS', uri)).toBeUndefined();
  });
});
