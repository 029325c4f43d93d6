import { connect } from 'node:net';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  parseRtcp,
  parseRtp,
  parseRtpInfo,
  parseSdp,
  parseTransport,
} from '../../../server/rtsp/parse/index.ts';
import type { AudioFormat } from '../../../server/stream/index.ts';
import { waitFor } from '../../support/wait.ts';
import { manualTimers } from './manual-timers.ts';
import { afterTest, type Clip, define, makeClip, Probe, sourceOf, startServer } from './support.ts';

const PCMA: AudioFormat = { kind: 'audio', codec: 'pcma', clockRate: 8000, channels: 1 };

let clip: Clip;
let largerClip: Clip;

beforeAll(async () => {
  [clip, largerClip] = await Promise.all([makeClip(), makeClip('640x480')]);
});

async function liveServer(audio?: AudioFormat) {
  const fixture = await startServer([define('cam')]);
  const source = sourceOf(fixture, 'live/cam');
  source.loop(clip, audio);
  return { ...fixture, source, cam: fixture.url('live/cam') };
}

const rtpOn = (probe: Probe, channel: number) =>
  probe.packets
    .filter((packet) => packet.channel === channel)
    .map((packet) => parseRtp(packet.payload))
    .filter((packet) => packet !== undefined);

describe('RTSP server, a session by hand', () => {
  it('names its methods', async () => {
    const { port, cam } = await liveServer();
    const response = await new Probe(port).ask('OPTIONS', cam);
    expect(response.statusCode).toBe(200);
    expect(response.headers.get('Public')).toBe(
      'OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, ANNOUNCE, RECORD, GET_PARAMETER, SET_PARAMETER, TEARDOWN',
    );
    expect(response.headers.get('CSeq')).toBe('1');
  });

  it('describes its tracks', async () => {
    const { port, cam } = await liveServer(PCMA);
    const response = await new Probe(port).ask('DESCRIBE', cam, { Accept: 'application/sdp' });
    expect(response.statusCode).toBe(200);
    expect(response.headers.get('Content-Base')).toBe(`${cam}/`);
    expect(response.headers.get('Content-Type')).toBe('application/sdp');
    const sdp = parseSdp(response.body.toString());
    if (!sdp.ok) throw new Error(sdp.error);
    expect(sdp.value.media.map(({ type, control }) => ({ type, control }))).toEqual([
      { type: 'video', control: 'track1' },
      { type: 'audio', control: 'track2' },
    ]);
    const [video, audio] = sdp.value.media.map((media) => media.formats[0]);
    expect(video).toMatchObject({ payloadType: 96, encoding: 'H264', clockRate: 90_000 });
    expect(video?.parameters.get('profile-level-id')?.toLowerCase()).toBe(
      clip.format.codec === 'h264' && clip.format.profileLevelId,
    );
    const sets = [...clip.format.sps, ...clip.format.pps].map((nal) => nal.toString('base64')).join(',');
    expect(video?.parameters.get('sprop-parameter-sets')).toBe(sets);
    expect(audio).toMatchObject({ payloadType: 8, encoding: 'PCMA', clockRate: 8000 });
  });

  it('answers PLAY with the time and sequence of the first packets', async () => {
    const { port, cam } = await liveServer(PCMA);
    const probe = new Probe(port);
    const response = await probe.play(cam, ['track1', 'track2']);
    expect(response.statusCode).toBe(200);
    const info = parseRtpInfo(response.headers.get('RTP-Info') ?? '');
    expect(info.map(({ url }) => url)).toEqual([`${cam}/track1`, `${cam}/track2`]);
    await waitFor('packets of both tracks', () => rtpOn(probe, 0).length > 5 && rtpOn(probe, 2).length > 5);
    const [video] = rtpOn(probe, 0);
    const [audio] = rtpOn(probe, 2);
    expect(video).toMatchObject({
      sequence: info[0]?.sequence,
      timestamp: info[0]?.rtpTimestamp,
      payloadType: 96,
    });
    expect(audio).toMatchObject({ sequence: info[1]?.sequence, payloadType: 8 });
    // The first key frame and the first sound lie at the same instant of the timeline, each on its own clock.
    const soundAfterPictureMs = ((audio?.timestamp ?? 0) - (info[1]?.rtpTimestamp ?? 0)) / 8;
    expect(soundAfterPictureMs).toBeGreaterThanOrEqual(0);
    expect(soundAfterPictureMs).toBeLessThan(40);
  });

  it('sends parameter sets before each key frame and numbers packets without a gap', async () => {
    const { port, cam } = await liveServer();
    const probe = new Probe(port);
    await probe.play(cam);
    const isSps = (payload: Buffer) => ((payload[0] ?? 0) & 0x1f) === 7;
    await waitFor(
      'two key frames',
      () => rtpOn(probe, 0).filter(({ payload }) => isSps(payload)).length >= 2,
    );
    const packets = rtpOn(probe, 0);
    expect(packets[0]?.payload).toEqual(clip.format.sps[0]);
    expect(packets[1]?.payload).toEqual(clip.format.pps[0]);
    const steps = packets
      .slice(1)
      .map(({ sequence }, n) => (sequence - (packets[n]?.sequence ?? 0)) & 0xffff);
    expect(new Set(steps)).toEqual(new Set([1]));
    expect(Math.max(...probe.packets.map(({ payload }) => payload.length))).toBeLessThanOrEqual(1440);
  });

  it('sends a sender report each second on the timeline of the packets', async () => {
    const { port, cam } = await liveServer(PCMA);
    const probe = new Probe(port);
    await probe.play(cam, ['track1', 'track2']);
    const reports = (channel: number) =>
      probe.packets
        .filter((packet) => packet.channel === channel)
        .flatMap((packet) => parseRtcp(packet.payload))
        .filter((packet) => packet.kind === 'sr');
    await waitFor('two reports on each track', () => reports(1).length >= 2 && reports(3).length >= 2);
    const [first, second] = reports(1);
    const [sound] = reports(3);
    if (first === undefined || second === undefined || sound === undefined) throw new Error('no reports');
    expect(Math.abs(first.ntpMs - Date.now())).toBeLessThan(10_000);
    const wallMs = second.ntpMs - first.ntpMs;
    expect(wallMs).toBeCloseTo((second.rtpTimestamp - first.rtpTimestamp) / 90, 0);
    // Both tracks' reports lie on one line through time, which is what lip sync is made from.
    const videoOriginMs = first.ntpMs - first.rtpTimestamp / 90;
    const audioOriginMs = sound.ntpMs - sound.rtpTimestamp / 8;
    expect(Math.abs(videoOriginMs - audioOriginMs)).toBeLessThan(1);
  });

  it('pauses and plays again, with numbers that go on', async () => {
    const { port, cam } = await liveServer();
    const probe = new Probe(port);
    const session = await probe.setup(cam);
    await probe.ask('PLAY', cam, { Session: session });
    await waitFor('packets', () => rtpOn(probe, 0).length > 10);
    expect((await probe.ask('PAUSE', cam, { Session: session })).statusCode).toBe(200);
    const last = rtpOn(probe, 0).at(-1);
    const before = rtpOn(probe, 0).length;
    const again = await probe.ask('PLAY', cam, { Session: session });
    await waitFor('packets again', () => rtpOn(probe, 0).length > before);
    const next = rtpOn(probe, 0)[before];
    expect(next?.sequence).toBe(((last?.sequence ?? 0) + 1) & 0xffff);
    expect(parseRtpInfo(again.headers.get('RTP-Info') ?? '')[0]?.rtpTimestamp).toBe(next?.timestamp);
  });

  it('answers pipelined requests in their order', async () => {
    const { port, cam } = await liveServer();
    const probe = new Probe(port);
    const answers = await Promise.all([
      probe.ask('OPTIONS', cam),
      probe.ask('DESCRIBE', cam),
      probe.ask('GET_PARAMETER', cam),
      probe.ask('OPTIONS', '*'),
    ]);
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200, 200]);
    expect(answers.map(({ headers }) => headers.get('CSeq'))).toEqual(['1', '2', '3', '4']);
  });

  it('keeps several sessions on one connection apart', async () => {
    const { port, cam } = await liveServer();
    const probe = new Probe(port);
    const sessions: string[] = [];
    const channels: unknown[] = [];
    for (let n = 0; n < 2; n++) {
      const response = await probe.ask('SETUP', `${cam}/track1`, {
        Transport: 'RTP/AVP/TCP;unicast;interleaved=0-1',
      });
      sessions.push(response.headers.get('Session')?.split(';')[0] ?? '');
      channels.push(parseTransport(response.headers.get('Transport') ?? '')[0]?.interleaved);
    }
    expect(channels).toEqual([
      [0, 1],
      [2, 3],
    ]);
    for (const Session of sessions) await probe.ask('PLAY', cam, { Session });
    await waitFor('both play', () => rtpOn(probe, 0).length > 5 && rtpOn(probe, 2).length > 5);
    await probe.ask('TEARDOWN', cam, { Session: sessions[0] ?? '' });
    const first = rtpOn(probe, 0).length;
    const second = rtpOn(probe, 2).length;
    await waitFor('the second to go on', () => rtpOn(probe, 2).length > second + 10);
    expect(rtpOn(probe, 0).length).toBe(first);
  });

  it('gives 128 random bits as a session id, with its time-out', async () => {
    const { port, cam } = await liveServer();
    const probe = new Probe(port);
    const response = await probe.ask('SETUP', `${cam}/track1`, { Transport: 'RTP/AVP/TCP;unicast' });
    expect(response.headers.get('Session')).toMatch(/^[0-9a-f]{32};timeout=60$/);
  });

  it.each([
    ['a method it does not know', 'REDIRECT', 'live/cam', {}, 501],
    ['an extension it does not know', 'DESCRIBE', 'live/cam', { Require: 'com.example.x' }, 551],
    ['a stream that does not exist', 'DESCRIBE', 'live/nothing', {}, 404],
    ['a path that is no stream', 'DESCRIBE', 'a/b/c/../d', {}, 404],
    ['a track that does not exist', 'SETUP', 'live/cam/track2', { Transport: 'RTP/AVP/TCP;unicast' }, 404],
    ['a track of another name', 'SETUP', 'live/cam/constructor', { Transport: 'RTP/AVP/TCP;unicast' }, 404],
    ['SETUP without a transport', 'SETUP', 'live/cam/track1', {}, 400],
    ['multicast', 'SETUP', 'live/cam/track1', { Transport: 'RTP/AVP;multicast' }, 461],
    ['PLAY without a session', 'PLAY', 'live/cam', {}, 454],
    ['PLAY with a session of nobody', 'PLAY', 'live/cam', { Session: 'f'.repeat(32) }, 454],
    ['TEARDOWN without a session', 'TEARDOWN', 'live/cam', {}, 454],
    ['RECORD without ANNOUNCE', 'RECORD', 'live/cam', { Session: 'x' }, 454],
  ])('refuses %s', async (_what, method, path, headers, status) => {
    const { port, url } = await liveServer();
    const response = await new Probe(port).ask(method, url(path), headers as Record<string, string>);
    expect(response.statusCode).toBe(status);
  });

  it("does not accept another connection's session", async () => {
    const { port, cam } = await liveServer();
    const session = await new Probe(port).setup(cam);
    expect((await new Probe(port).ask('PLAY', cam, { Session: session })).statusCode).toBe(454);
  });

  it('says goodbye and closes when the stream is removed', async () => {
    const { port, cam, hub } = await liveServer();
    const probe = new Probe(port);
    await probe.play(cam);
    await hub.remove('live/cam');
    await waitFor('the end', () => probe.isClosed);
    const rtcp = probe.packets
      .filter(({ channel }) => channel === 1)
      .flatMap(({ payload }) => parseRtcp(payload));
    expect(rtcp.at(-1)?.kind).toBe('bye');
  });

  it('ends the session when the tracks change', async () => {
    const { port, cam, source } = await liveServer();
    const probe = new Probe(port);
    await probe.play(cam);
    source.pauseMedia();
    source.loop(clip, PCMA);
    await waitFor('the end', () => probe.isClosed);
  });

  it('goes on with new parameter sets when only the picture size changes', async () => {
    const { port, cam, source } = await liveServer();
    const probe = new Probe(port);
    await probe.play(cam);
    source.pauseMedia();
    source.loop(largerClip);
    const newSps = largerClip.format.sps[0];
    if (newSps === undefined) throw new Error('no SPS');
    await waitFor('the new SPS', () => rtpOn(probe, 0).some(({ payload }) => payload.equals(newSps)));
    expect(probe.isClosed).toBe(false);
  });

  it('waits for an on-demand stream to connect', async () => {
    const fixture = await startServer([define('lazy', {}, { onDemand: true })]);
    expect(fixture.sources.size).toBe(0);
    const probe = new Probe(fixture.port);
    const described = probe.ask('DESCRIBE', fixture.url('live/lazy'));
    const source = await waitFor('the source to be started', () => fixture.sources.get('live/lazy'));
    source.loop(clip);
    expect((await described).statusCode).toBe(200);
    expect((await probe.play(fixture.url('live/lazy'))).statusCode).toBe(200);
  });

  it('answers 503 with the reason for a stream that stays away', async () => {
    const clock = manualTimers();
    const fixture = await startServer([define('away')], { clock });
    sourceOf(fixture, 'live/away').sink.waiting('CAMERA_UNREACHABLE', 'No answer from the camera.', 1000);
    const answer = new Probe(fixture.port).ask('DESCRIBE', fixture.url('live/away'));
    await waitFor('the wait to begin', () => clock.isWaiting(10_000));
    clock.fire(10_000);
    const { statusCode, reason } = await answer;
    expect(statusCode).toBe(503);
    expect(reason).toBe('Stream Not Live: CAMERA_UNREACHABLE, No answer from the camera.');
  });

  it('ends readers 10 s after the camera has gone, and not when it comes back before', async () => {
    const clock = manualTimers();
    const fixture = await startServer([define('cam')], { clock });
    const source = sourceOf(fixture, 'live/cam');
    source.loop(clip);
    const probe = new Probe(fixture.port);
    await probe.play(fixture.url('live/cam'));
    source.pauseMedia();
    source.sink.waiting('CAMERA_CLOSED', 'The camera closed the connection.');
    expect(clock.isWaiting(10_000)).toBe(true);
    source.loop(clip);
    expect(clock.isWaiting(10_000)).toBe(false);
    source.pauseMedia();
    source.sink.waiting('CAMERA_CLOSED', 'The camera closed the connection.');
    expect(probe.isClosed).toBe(false);
    clock.fire(10_000);
    await waitFor('the end', () => probe.isClosed);
  });

  it('closes connections that say nothing, and those that say garbage, and no other', async () => {
    const clock = manualTimers();
    const { port, url } = await startServer([define('cam')], { clock });
    const bystander = new Probe(port);
    await bystander.ask('OPTIONS', '*');
    const silent = connect(port, '127.0.0.1').resume();
    const garbage = connect(port, '127.0.0.1').resume();
    const ends = new Set<unknown>();
    for (const socket of [silent, garbage]) {
      socket.on('error', () => {});
      socket.on('close', () => ends.add(socket));
      afterTest(() => {
        socket.destroy();
      });
    }
    garbage.write(Buffer.alloc(200_000, 0xfe));
    await waitFor('garbage to be closed', () => ends.has(garbage));
    expect(ends.has(silent)).toBe(false);
    clock.advance(11_000);
    await waitFor('silence to be closed', () => ends.has(silent));
    expect((await bystander.ask('DESCRIBE', url('live/none'))).statusCode).toBe(404);
    clock.advance(61_000);
    await waitFor('the idle one to be closed', () => bystander.isClosed);
  });

  it('keeps to its limit of connections, of which one client has at most half', async () => {
    const { port } = await startServer([], { maxConnections: 4 });
    const isServed = async (address: string) => {
      const probe = new Probe(port, address);
      const isAnswered = (await probe.tryAsk('OPTIONS', '*')) !== undefined;
      return { probe, isAnswered };
    };
    const first = await isServed('127.0.0.1');
    expect([first.isAnswered, (await isServed('127.0.0.1')).isAnswered]).toEqual([true, true]);
    expect((await isServed('127.0.0.1')).isAnswered).toBe(false);
    const other = await isServed('127.0.0.2');
    expect([other.isAnswered, (await isServed('127.0.0.3')).isAnswered]).toEqual([true, true]);
    expect((await isServed('127.0.0.4')).isAnswered).toBe(false);
    expect((await first.probe.ask('OPTIONS', '*')).statusCode).toBe(200);
    first.probe.socket.destroy();
    await waitFor('room again', async () => (await isServed('127.0.0.1')).isAnswered);
  });

  it('closes a reader that takes nothing while data waits for it; others play on', async () => {
    const clock = manualTimers();
    const fixture = await startServer([define('cam')], { clock });
    const source = sourceOf(fixture, 'live/cam');
    source.sink.playing([largerClip.format], 'test');
    const slow = new Probe(fixture.port);
    const quick = new Probe(fixture.port);
    const url = fixture.url('live/cam');
    let frame = 0;
    const send = (payloadBytes: number) => {
      const rtpTimestamp = frame * 3600;
      const payloads = [Buffer.alloc(payloadBytes, frame === 0 ? 0x65 : 0x41)];
      const receivedAtMs = clock.monotonicMs();
      source.sink.unit({ kind: 'video', rtpTimestamp, payloads, isKeyFrame: frame === 0, receivedAtMs });
      frame += 1;
    };
    send(1000);
    await slow.play(url);
    await quick.play(url);
    slow.socket.pause();
    // Far more than the kernel's buffers and the server's own take.
    let seen = 0;
    let taken = 0;
    const hasTaken = (frames: number) => {
      // Each packet is looked at once: there are tens of thousands.
      for (; seen < quick.packets.length; seen++) {
        const packet = quick.packets[seen];
        if (packet?.channel === 0 && parseRtp(packet.payload)?.marker) taken += 1;
      }
      return taken === frames;
    };
    for (let n = 0; n < 40; n++) {
      for (let m = 0; m < 10; m++) send(100_000);
      await waitFor('the quick one to have it all', () => hasTaken(frame));
    }
    const readers = fixture.hub.get('live/cam')?.readerCounts;
    expect(readers?.viewers).toBe(2);
    expect(readers?.droppedUnits).toBeGreaterThan(0);
    clock.advance(12_000);
    await waitFor('the slow one to be gone', () => fixture.hub.get('live/cam')?.readerCounts.viewers === 1);
    expect(quick.isClosed).toBe(false);
  });

  it('close ends every session and socket', async () => {
    const { port, cam, server } = await liveServer();
    const probe = new Probe(port);
    await probe.play(cam);
    const idle = new Probe(port);
    await idle.ask('OPTIONS', '*');
    await server.close();
    await waitFor('both to be closed', () => probe.isClosed && idle.isClosed);
    expect(server.connectionCount).toBe(0);
  });
});
