import { describe, expect, test } from 'vitest';
import { selectTracks } from '../../../server/rtsp/client/track-selection.ts';
import {
  aggregateUrl,
  describeTracks,
  parseSdp,
  parseTransport,
  type RtspTrack,
  resolveBase,
  resolveControl,
} from '../../../server/rtsp/parse/index.ts';
import { FAKE_PPS, FAKE_SPS } from '../../support/fake-rtsp-server.ts';

/*
 * Habits of cameras and servers that no captured reply here shows, each in a description made for it.
 */

const SETS = `sprop-parameter-sets=${FAKE_SPS.toString('base64')},${FAKE_PPS.toString('base64')}`;
const VIDEO = ['m=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/90000', `a=fmtp:96 ${SETS}`, 'a=control:track1'];

function tracksOf(lines: readonly string[], base = 'rtsp://10.0.0.5/live/'): RtspTrack[] {
  const session = parseSdp(['v=0', 's=x', ...lines, ''].join('\r\n'));
  if (!session.ok) throw new Error(session.error);
  return describeTracks(session.value, base);
}

const codecs = (tracks: readonly RtspTrack[]) =>
  tracks.map((track) => (track.supported ? track.codec : track.encoding));

describe('descriptions', () => {
  test('parameters under another payload type than the only one of the media', () => {
    const [video] = tracksOf(['m=video 0 RTP/AVP 98', 'a=rtpmap:98 H264/90000', `a=fmtp:62 ${SETS}`]);
    expect(video?.supported && video.kind === 'video' && video.format?.width).toBe(320);
  });

  test('parameters of other payload types are not mixed up where there are several', () => {
    const lines = ['m=video 0 RTP/AVP 98 62', 'a=rtpmap:98 H264/90000', 'a=rtpmap:62 VP8/90000'];
    const [video] = tracksOf([...lines, `a=fmtp:62 ${SETS}`]);
    expect(video).toMatchObject({ codec: 'h264', payloadType: 98, format: undefined });
  });

  test('a payload type without an rtpmap is what its parameters say', () => {
    expect(codecs(tracksOf(['m=video 0 RTP/AVP 96', `a=fmtp:96 packetization-mode=1;${SETS}`]))).toEqual([
      'h264',
    ]);
    expect(codecs(tracksOf(['m=video 0 RTP/AVP 97', 'a=fmtp:97 sprop-vps=;sprop-sps=;sprop-pps=']))).toEqual([
      'h265',
    ]);
    expect(codecs(tracksOf(['m=video 0 RTP/AVP 97', 'a=fmtp:97 config=00']))).toEqual(['unknown']);
  });

  test('NAL units with another nal_ref_idc, and a profile-level-id that is no hex', () => {
    const other = [FAKE_SPS, FAKE_PPS].map((nal) => {
      const changed = Buffer.from(nal);
      changed[0] = ((changed[0] ?? 0) & 0x1f) | 0x20;
      return changed.toString('base64');
    });
    const [video] = tracksOf([
      'm=video 0 RTP/AVP 96',
      'a=rtpmap:96 H264/90000 ',
      `a=fmtp:96 profile-level-id=TeAo; packetization-mode=1; sprop-parameter-sets=${other.join(',')}`,
    ]);
    expect(video).toMatchObject({ format: { profileLevelId: '42c00d', width: 320, height: 240 } });
  });

  test('AAC under a payload type that stands for PCMU, with nothing but a config', () => {
    const [audio] = tracksOf([
      'm=audio 0 RTP/AVP 0',
      'a=rtpmap:0 MPEG4-GENERIC/16000/2',
      'a=fmtp:0 config=1408',
    ]);
    expect(audio).toMatchObject({
      codec: 'aac',
      clockRate: 16_000,
      aac: { sizeLength: 13, indexLength: 3, indexDeltaLength: 3 },
    });
  });

  test("media lines with blanks at their end, a vendor's media, a transport that is none", () => {
    const tracks = tracksOf([
      ...VIDEO,
      ...['m=audio 0 RTP/AVP 8\t ', 'a=control:track2', 'a=rtpmap:8 PCMA/8000/1'],
      ...['m=application/TP-LINK 0 RTP/AVP smart/1/90000', 'a=rtpmap:95 TP-LINK/90000', 'a=control:track3'],
      ...['m=video 0 MP2T/AVP 33', 'a=control:track4'],
    ]);
    expect(tracks.map(({ supported, controlUrl }) => [supported, controlUrl.slice(-6)])).toEqual([
      [true, 'track1'],
      [true, 'track2'],
      [false, 'track3'],
      [false, 'track4'],
    ]);
  });

  test('ONVIF metadata is known as such and kept out of the way, wherever it stands', () => {
    for (const encoding of ['vnd.onvif.metadata', 'VND.ONVIF.METADATA.GZIP']) {
      const tracks = tracksOf([
        ...['m=application 0 RTP/AVP 107', `a=rtpmap:107 ${encoding}/90000`, 'a=control:metadata'],
        ...VIDEO,
      ]);
      expect(tracks[0]).toMatchObject({ supported: false, isOnvifMetadata: true, kind: 'application' });
      const selection = selectTracks(tracks);
      expect(selection).toMatchObject({ ok: true, value: { video: tracks[1], audio: undefined } });
    }
    const [data] = tracksOf(['m=application 0 RTP/AVP 98', 'a=rtpmap:98 smpte336m/90000']);
    expect(data).toMatchObject({ supported: false, isOnvifMetadata: false });
  });

  test('of several sounds Opus is chosen, for browsers take it as it is, else the first', () => {
    const aac = [
      'm=audio 0 RTP/AVP 96',
      'a=rtpmap:96 mpeg4-generic/48000/1',
      'a=fmtp:96 config=1188',
      'a=control:a0',
    ];
    const opus = ['m=audio 0 RTP/AVP 96', 'a=rtpmap:96 opus/48000/2', 'a=fmtp:96', 'a=control:a1'];
    const pcmu = ['m=audio 0 RTP/AVP 0', 'a=control:a2'];
    const chosen = (lines: readonly string[]) => {
      const selection = selectTracks(tracksOf([...VIDEO, ...lines]));
      return selection.ok && selection.value.audio?.controlUrl.slice(-2);
    };
    expect(chosen([...aac, ...opus, ...pcmu])).toBe('a1');
    expect(chosen([...aac, ...pcmu])).toBe('a0');
    expect(chosen([...pcmu, ...aac])).toBe('a2');
  });
});

describe('addresses', () => {
  const requestUrl = 'rtsp://10.0.0.5:554/cam?channel=1&subtype=0';

  test.each([
    ['nothing', {}, requestUrl],
    ['no scheme', { contentBase: '192.168.1.10:554/stream0/' }, requestUrl],
    ['an empty text', { contentBase: '  ', contentLocation: '' }, requestUrl],
    ['http', { contentBase: 'http://10.0.0.5/cam/' }, requestUrl],
    ['another place', { contentBase: 'rtsp://10.0.0.6/a/' }, 'rtsp://10.0.0.6/a/'],
    ['a path', { contentBase: '/cam/' }, 'rtsp://10.0.0.5:554/cam/'],
    ['a location only', { contentLocation: 'rtsp://10.0.0.5/b' }, 'rtsp://10.0.0.5/b'],
    ['credentials', { contentBase: 'rtsp://admin:secret@10.0.0.5/c/' }, 'rtsp://10.0.0.5/c/'],
  ])('a Content-Base of %s', (_what, headers, base) => {
    expect(resolveBase({ requestUrl, ...headers })).toBe(base);
  });

  test.each([
    ['rtsp://c/live', 'trackID=1', 'rtsp://c/live/trackID=1'],
    ['rtsp://c/live/', 'trackID=1', 'rtsp://c/live/trackID=1'],
    ['rtsp://c/live/', '/trackID=1', 'rtsp://c/live/trackID=1'],
    ['rtsp://c/live?ch=1&sub=0', 'trackID=1', 'rtsp://c/live?ch=1&sub=0/trackID=1'],
    ['rtsp://c/live', '?ctype=video', 'rtsp://c/live?ctype=video'],
    ['rtsp://c/live', 'rtsp://d/other?x=1', 'rtsp://d/other?x=1'],
    ['rtsp://c/live', 'RTSP://c/upper', 'RTSP://c/upper'],
    ['rtsp://c/live', '*', 'rtsp://c/live'],
    ['rtsp://c/live', '', 'rtsp://c/live'],
    ['rtsp://c/live', undefined, 'rtsp://c/live'],
    ['rtsp://c/live', 'rtsp://u:p@c/live/t1', 'rtsp://c/live/t1'],
    ['rtsp://c/live', 'track 1', 'rtsp://c/live/track%201'],
  ])('control of %s and %s', (base, control, url) => {
    expect(resolveControl(base, control)).toBe(url);
  });

  test.each([
    ['rtsp://c/live/main', 'trackID=1', ['rtsp://c/live/trackID=1']],
    ['rtsp://c/live/', 'trackID=1', []],
    ['rtsp://c', 'trackID=1', []],
    ['rtsp://c/cam?ch=1', 'trackID=1', ['rtsp://c/cam/trackID=1?ch=1', 'rtsp://c/trackID=1']],
    ['rtsp://c/cam/?ch=1/2', 't', ['rtsp://c/cam/t?ch=1/2', 'rtsp://c/cam/t']],
    ['rtsp://c:554/a/b', '/t', ['rtsp://c:554/t']],
    ['rtsp://c/live', 'rtsp://c/other', []],
    ['rtsp://c/live', '*', []],
    ['rtsp://c/live', undefined, []],
  ])('what else a control of %s and %s may mean', (base, control, urls) => {
    const [track] = tracksOf(
      ['m=video 0 RTP/AVP 96', ...(control === undefined ? [] : [`a=control:${control}`])],
      base,
    );
    expect(track?.otherControlUrls).toEqual(urls);
  });

  test("relative controls stand behind the session's where that is a URL, else behind the base", () => {
    const at = (control: string) =>
      tracksOf([`a=control:${control}`, 'm=video 0 RTP/AVP 96', 'a=control:track1'], 'rtsp://c/live?ch=1')[0];
    expect(at('rtsp://c/media/live/')).toMatchObject({
      controlUrl: 'rtsp://c/media/live/track1',
      otherControlUrls: ['rtsp://c/live?ch=1/track1'],
    });
    for (const control of ['*', '/', 'live/'])
      expect(at(control)?.controlUrl).toBe('rtsp://c/live?ch=1/track1');
  });

  test('a session without a control of its own is controlled at its base', () => {
    const session = parseSdp(['v=0', ...VIDEO].join('\n'));
    expect(session.ok && aggregateUrl(session.value, requestUrl)).toBe(requestUrl);
  });
});

describe('answers to SETUP', () => {
  test.each([
    ['RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=0x6f7c;mode="PLAY"', { lower: 'tcp', interleaved: [0, 1] }],
    ['RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=A046', { lower: 'tcp', ssrc: 0xa046 }],
    ['RTP/AVP/TCP;ssrc=22345684;interleaved=0-1', { lower: 'tcp', delivery: 'unicast', interleaved: [0, 1] }],
    ['RTP/AVP/TCP;unicast;interleaved=0-1;ssrc= 4cacc3d1', { ssrc: 0x4cacc3d1 }],
    ['RTP/AVP;unicast;interleaved=4-5', { lower: 'tcp', interleaved: [4, 5] }],
    [
      'RTP/AVP/UDP;unicast;client_port=5000-5001;server_port=6000',
      { lower: 'udp', serverPorts: [6000, 6001] },
    ],
    ['RTP/AVP/TCP;unicast;interleaved=0', { interleaved: [0, 1] }],
  ])('%s', (header, expected) => {
    expect(parseTransport(header)[0]).toMatchObject(expected);
  });
});
