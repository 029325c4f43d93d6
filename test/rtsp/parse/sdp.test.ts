import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  buildSdp,
  describeTracks,
  h264Format,
  parseSdp,
  parseSpropParameterSets,
  type RtspTrack,
  resolveBase,
  resolveControl,
  withoutUserInfo,
} from '../../../server/rtsp/parse/index.ts';
import type { TrackFormat } from '../../../server/stream/index.ts';
import { fixtureBytes } from './fixture.ts';

function tracksOf(...lines: string[]): RtspTrack[] {
  const session = parseSdp(lines.join('\r\n'));
  if (!session.ok) throw new Error(session.error);
  return describeTracks(session.value, 'rtsp://h/s');
}

const SPROP = 'Z0LAHtkDxWhAAAADAEAAAAwDxYuS,aMuMsg==';

describe('parseSdp', () => {
  test('refuses what is no session description, and one that is too large', () => {
    expect(parseSdp('<html>')).toEqual({ ok: false, error: 'no session description' });
    expect(parseSdp('')).toMatchObject({ ok: false });
    expect(parseSdp(`v=0\r\n${'a=x\r\n'.repeat(20_000)}`)).toMatchObject({ ok: false });
    expect(parseSdp('m=video 0 RTP/AVP 96\r\n'.repeat(65))).toMatchObject({ ok: false });
  });

  test('a media line that cannot be read takes nothing else with it', () => {
    const tracks = tracksOf(
      'm=video 0 RTP/AVP 96',
      'a=rtpmap:96 H264/90000',
      'm=application',
      'a=control:x',
      'm=audio 0 RTP/AVP 0',
      'a=control:y',
    );
    expect(tracks).toMatchObject([
      { codec: 'h264', controlUrl: 'rtsp://h/s' },
      { codec: 'pcmu', controlUrl: 'rtsp://h/s/y' },
    ]);
  });

  test('MPEG-TS and text media are described and not taken', () => {
    expect(
      tracksOf('m=video 0 MP2T/H2221/UDP 33', 'm=video 0 RTP/AVP 33', 'm=text 0 RTP/AVP 98'),
    ).toMatchObject([
      { supported: false, encoding: 'MP2T' },
      { supported: false, encoding: 'MP2T' },
      { supported: false, encoding: 'unknown' },
    ]);
  });

  test('bare line ends, doubled and missing lines, names in any case, a bad clock rate', () => {
    const tracks = tracksOf(
      'v=0\no=\no=a\nm=VIDEO 0 rtp/avp/tcp 26 96\nA=x\na=RTPMAP:96  h264/x ',
      'a=fmtp:96 Packetization-Mode=1',
    );
    expect(tracks).toMatchObject([{ codec: 'h264', payloadType: 96, clockRate: 90_000, format: undefined }]);
  });

  test('parameter sets in Annex B form are found', () => {
    const [sps = '', pps = ''] = SPROP.split(',').map((text) => Buffer.from(text, 'base64').toString('hex'));
    const annexB = Buffer.from(`00000001${sps}000001${pps}0000`, 'hex').toString('base64');
    expect(parseSpropParameterSets(`${annexB},,!!,AAAA`)).toEqual(parseSpropParameterSets(SPROP));
    const { sps: found } = parseSpropParameterSets(annexB);
    expect(found.map((nal) => nal.toString('hex'))).toEqual([sps]);
  });

  test('an ONVIF back-channel is not taken; sendonly alone is a way to say that the server sends', () => {
    const audio = ['m=audio 0 RTP/AVP 0', 'a=sendonly'];
    expect(tracksOf('m=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/90000', 'a=recvonly', ...audio)).toMatchObject([
      { supported: true },
      { supported: false, reason: 'is a back-channel to the camera' },
    ]);
    expect(tracksOf(...audio)).toMatchObject([{ supported: true, codec: 'pcmu' }]);
  });

  test('a picture is never a back-channel: with one that is sendonly, what the camera receives is', () => {
    const tracks = tracksOf(
      ...['m=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/90000', 'a=sendonly'],
      ...['m=audio 0 RTP/AVP 8', 'a=sendonly', 'm=audio 0 RTP/AVP 0', 'a=recvonly'],
    );
    expect(tracks).toMatchObject([
      { supported: true, codec: 'h264' },
      { supported: true, codec: 'pcma' },
      { supported: false, reason: 'is a back-channel to the camera' },
    ]);
  });

  test('of several sounds, the one that alone is sendonly is the back-channel, with no other direction named', () => {
    expect(
      tracksOf('m=audio 0 RTP/AVP 97', 'a=rtpmap:97 opus/48000/2', 'a=sendonly', 'm=audio 0 RTP/AVP 0'),
    ).toMatchObject([{ supported: false }, { supported: true, codec: 'pcmu' }]);
  });

  test('AAC without a config gets one, with a wrong config it is not taken', () => {
    const aac = (fmtp: string): RtspTrack[] =>
      tracksOf('m=audio 0 RTP/AVP 97', 'a=rtpmap:97 mpeg4-generic/16000/1', `a=fmtp:97 ${fmtp}`);
    expect(aac('mode=AAC-hbr')).toMatchObject([{ format: { config: Buffer.from('1408', 'hex') } }]);
    expect(aac('mode=AAC-hbr;config=zz')).toMatchObject([{ supported: false }]);
    expect(aac('mode=CELP-cbr;config=1408')).toMatchObject([{ supported: false }]);
    // HE-AAC with SBR declared: the RTP clock runs at twice the core's rate.
    expect(
      tracksOf('m=audio 0 RTP/AVP 97', 'a=rtpmap:97 mpeg4-generic/48000/2', 'a=fmtp:97 config=2b118800'),
    ).toMatchObject([{ aac: { ticksPerFrame: 2048 }, format: { channels: 2 } }]);
  });

  test('Opus has two channels whatever is inside', () => {
    expect(tracksOf('m=audio 0 RTP/AVP 97', 'a=rtpmap:97 opus/48000')).toMatchObject([
      { format: { channels: 2 } },
    ]);
  });
});

describe('buildSdp', () => {
  test('what is written reads back to the same formats', () => {
    const { sps, pps } = parseSpropParameterSets(SPROP);
    const video = h264Format(sps, pps);
    if (video === undefined) throw new Error('no format');
    const formats: TrackFormat[] = [
      video,
      { kind: 'audio', codec: 'opus', clockRate: 48_000, channels: 2 },
      { kind: 'audio', codec: 'aac', clockRate: 16_000, channels: 1, config: Buffer.from('1408', 'hex') },
      { kind: 'audio', codec: 'pcmu', clockRate: 8000, channels: 1 },
      { kind: 'audio', codec: 'g722', clockRate: 8000, channels: 1 },
    ];
    const text = buildSdp({
      sessionName: 'a\r\nm=audio 0 RTP/AVP 0',
      tracks: formats.map((format, i) => ({ format, payloadType: 96 + i, control: `trackID=${i}` })),
    });
    const tracks = tracksOf(text);
    expect(tracks.map((track) => (track.supported ? track.format : track))).toEqual(formats);
    expect(tracks.map((track) => track.controlUrl)).toEqual(
      [0, 1, 2, 3, 4].map((i) => `rtsp://h/s/trackID=${i}`),
    );
  });
});

describe('URLs', () => {
  const requestUrl = 'rtsp://10.0.0.5/s1';

  test.each([
    [{}, requestUrl],
    [{ contentBase: 'rtsp://10.0.0.5/s1/' }, 'rtsp://10.0.0.5/s1/'],
    [{ contentBase: '10.0.0.5/s1/' }, requestUrl],
    [{ contentBase: '', contentLocation: 'rtsp://u:p@h/x' }, 'rtsp://h/x'],
    [{ contentBase: '/other/' }, 'rtsp://10.0.0.5/other/'],
  ])('base of %j', (given, base) => {
    expect(resolveBase({ requestUrl, ...given })).toBe(base);
  });

  test.each([
    ['rtsp://h/s', undefined, 'rtsp://h/s'],
    ['rtsp://h/s', '*', 'rtsp://h/s'],
    ['rtsp://h/s', 'trackID=1', 'rtsp://h/s/trackID=1'],
    ['rtsp://h/s/', 'trackID=1', 'rtsp://h/s/trackID=1'],
    ['rtsp://h/s/', '/trackID=1', 'rtsp://h/s/trackID=1'],
    ['rtsp://h/s', '?ctype=video', 'rtsp://h/s?ctype=video'],
    ['rtsp://h/s?a=b', 'video', 'rtsp://h/s?a=b/video'],
    ['rtsp://h/s', 'RTSP://u:p@other/x', 'RTSP://other/x'],
    ['rtsp://h/s', 'a b', 'rtsp://h/s/a%20b'],
  ])('control of %s and %s', (base, control, url) => {
    expect(resolveControl(base, control)).toBe(url);
  });

  test('user and password are taken out, even odd ones', () => {
    expect(withoutUserInfo('rtsp://a:b@c@h/x@y')).toBe('rtsp://h/x@y');
  });
});

test('nothing throws on any description, and a broken one of a camera stays small', () => {
  const real = ['bunny_describe', 'reolink_describe', 'hikvision_describe'].map((name) =>
    fixtureBytes(name)
      .toString()
      .replace(/^.*?\r\n\r\n/s, ''),
  );
  const broken = fc
    .tuple(
      fc.constantFrom(...real),
      fc.array(fc.tuple(fc.nat(2000), fc.nat(20), fc.string({ maxLength: 6 }))),
    )
    .map(([text, edits]) =>
      edits.reduce((now, [at, drop, add]) => now.slice(0, at) + add + now.slice(at + drop), text),
    );
  fc.assert(
    fc.property(fc.oneof(broken, fc.string({ unit: 'binary' })), (text) => {
      const session = parseSdp(text);
      if (!session.ok) return;
      const tracks = describeTracks(session.value, 'rtsp://h/s');
      expect(tracks.length).toBe(session.value.media.length);
    }),
    { numRuns: 500 },
  );
});
