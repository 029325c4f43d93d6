import { describe, expect, it } from 'vitest';
import { waitFor } from '../../support/wait.ts';
import { define, type Fixture, Probe, publish, readFrames, start, startServer } from './support.ts';

const SECRET = { url: 'publish:', username: 'camera', password: 'pass word/1' };
const USERINFO = `camera:${encodeURIComponent('pass word/1')}`;

const stateOf = (fixture: Fixture) => fixture.hub.get('live/pub')?.state;
const isLive = (fixture: Fixture) =>
  waitFor('the stream to be live', () => stateOf(fixture)?.state === 'live');

const SDP = [
  'v=0',
  'o=- 0 0 IN IP4 127.0.0.1',
  's=x',
  'c=IN IP4 127.0.0.1',
  't=0 0',
  'm=video 0 RTP/AVP 96',
  'a=rtpmap:96 H264/90000',
  'a=control:streamid=0',
  '',
].join('\r\n');

describe('publishing', () => {
  it.each(['tcp', 'udp'] as const)('FFmpeg publishes over %s and is read back', async (transport) => {
    const fixture = await startServer([define('pub', SECRET)]);
    expect(stateOf(fixture)).toMatchObject({ state: 'waiting', reason: { code: 'NO_PUBLISHER' } });
    publish(fixture.url('live/pub', USERINFO), { transport, audio: ['-c:a', 'libopus'] });
    await isLive(fixture);
    const tracks = fixture.hub.get('live/pub')?.tracks ?? [];
    expect(tracks).toMatchObject([
      { codec: 'h264', width: 320, height: 240 },
      { codec: 'opus', clockRate: 48_000, channels: 2 },
    ]);
    const { code, stdout, stderr } = await readFrames(fixture.url('live/pub'), 50).done;
    expect(stderr).not.toMatch(/corrupt|missing|lost/i);
    expect(code).toBe(0);
    expect(stdout.split('\n').filter((line) => line.startsWith('0,'))).toHaveLength(50);
    expect(stdout.split('\n').filter((line) => line.startsWith('1,')).length).toBeGreaterThan(25);
  });

  it('AAC goes through with its configuration', async () => {
    const fixture = await startServer([define('pub', SECRET)]);
    publish(fixture.url('live/pub', USERINFO), { audio: ['-c:a', 'aac', '-ar', '44100'] });
    await isLive(fixture);
    const { stdout } = await start('ffprobe', [
      ...['-v', 'error', '-rtsp_transport', 'tcp', '-of', 'csv=p=0'],
      ...['-show_entries', 'stream=codec_name,sample_rate,channels', fixture.url('live/pub')],
    ]).done;
    expect(stdout.trim().split('\n')).toContain('aac,44100,1');
  });

  it('waits again when the publisher is gone, and goes on with the next one', async () => {
    const fixture = await startServer([define('pub', SECRET)]);
    const first = publish(fixture.url('live/pub', USERINFO));
    await isLive(fixture);
    first.kill();
    await waitFor('the stream to wait', () => stateOf(fixture)?.reason?.code === 'NO_PUBLISHER');
    publish(fixture.url('live/pub', USERINFO));
    await isLive(fixture);
  });

  it('a newer publisher replaces an older one; readers stay', async () => {
    const fixture = await startServer([define('pub', SECRET)]);
    const first = publish(fixture.url('live/pub', USERINFO));
    await isLive(fixture);
    const reader = readFrames(fixture.url('live/pub'), 100_000);
    const frames = () => reader.stdout().split('\n').length;
    await waitFor('frames', () => frames() > 20);
    publish(fixture.url('live/pub', USERINFO));
    await first.done;
    const before = frames();
    await waitFor('frames of the new one', () => frames() > before + 50);
    expect(stateOf(fixture)?.state).toBe('live');
  });

  it('lets a publisher go that sends nothing', async () => {
    const fixture = await startServer([define('pub', { ...SECRET, silenceTimeoutMs: 500 })]);
    const publisher = publish(fixture.url('live/pub', USERINFO));
    await isLive(fixture);
    process.kill(publisher.pid, 'SIGSTOP');
    await waitFor('the stream to wait', () => stateOf(fixture)?.reason?.code === 'NO_PUBLISHER');
    process.kill(publisher.pid, 'SIGCONT');
  });

  it('a removed stream ends its publisher', async () => {
    const fixture = await startServer([define('pub', SECRET)]);
    const publisher = publish(fixture.url('live/pub', USERINFO));
    await isLive(fixture);
    await fixture.hub.remove('live/pub');
    expect((await publisher.done).code).not.toBe(0);
  });

  it.each([
    ['a wrong password', 'live/pub', 'camera:wrong', /401/],
    ['a wrong user', 'live/pub', `somebody:${encodeURIComponent('pass word/1')}`, /401/],
    ['no password', 'live/pub', undefined, /401/],
    ['a stream that was not declared', 'live/new', USERINFO, /404/],
    ['a stream that has another source', 'live/cam', USERINFO, /403/],
    ['a stream without a password', 'live/open', USERINFO, /403/],
  ])('refuses FFmpeg with %s', async (_what, path, userinfo, status) => {
    const fixture = await startServer([
      define('pub', SECRET),
      define('cam'),
      define('open', { url: 'publish:' }),
    ]);
    const { code, stderr } = await publish(fixture.url(path, userinfo)).done;
    expect(code).not.toBe(0);
    expect(stderr).toMatch(status);
    expect(stateOf(fixture)?.state).toBe('waiting');
  });

  it('refuses an SDP without H.264, and one that is none', async () => {
    const fixture = await startServer([define('pub', SECRET)]);
    const credentials = `Basic ${Buffer.from('camera:pass word/1').toString('base64')}`;
    const announce = (body: string) =>
      new Probe(fixture.port).ask(
        'ANNOUNCE',
        fixture.url('live/pub'),
        { Authorization: credentials, 'Content-Type': 'application/sdp' },
        body,
      );
    expect((await announce(SDP.replace('H264', 'VP9'))).statusCode).toBe(415);
    expect((await announce('nonsense')).statusCode).toBe(400);
    expect((await announce(SDP)).statusCode).toBe(200);
  });

  it('needs ANNOUNCE before SETUP, and SETUP names an announced track', async () => {
    const fixture = await startServer([define('pub', SECRET)]);
    const headers = { Authorization: `Basic ${Buffer.from('camera:pass word/1').toString('base64')}` };
    const Transport = 'RTP/AVP/TCP;unicast;interleaved=0-1;mode=record';
    const probe = new Probe(fixture.port);
    const url = fixture.url('live/pub');
    expect((await probe.ask('SETUP', `${url}/track1`, { Transport })).statusCode).toBe(455);
    expect((await probe.ask('ANNOUNCE', url, headers, SDP)).statusCode).toBe(200);
    expect((await probe.ask('ANNOUNCE', url, headers, SDP)).statusCode).toBe(455);
    expect((await probe.ask('SETUP', `${url}/streamid=7`, { Transport })).statusCode).toBe(404);
    expect((await probe.ask('SETUP', `${url}/streamid=0`, { Transport })).statusCode).toBe(200);
    expect((await probe.ask('SETUP', `${url}/streamid=0`, { Transport })).statusCode).toBe(455);
  });

  it.each(['0-0', '6000-0', '0-6000', '65535', '70000-70001'])(
    'refuses client_port=%s, to which nothing can be sent',
    async (ports) => {
      const fixture = await startServer([define('pub', SECRET)]);
      const Authorization = `Basic ${Buffer.from('camera:pass word/1').toString('base64')}`;
      const probe = new Probe(fixture.port);
      const url = fixture.url('live/pub');
      expect((await probe.ask('ANNOUNCE', url, { Authorization }, SDP)).statusCode).toBe(200);
      const Transport = `RTP/AVP;unicast;client_port=${ports};mode=record`;
      expect((await probe.ask('SETUP', `${url}/streamid=0`, { Transport })).statusCode).toBe(461);
    },
  );
});
