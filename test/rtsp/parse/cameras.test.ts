import { describe, expect, test } from 'vitest';
import {
  aggregateUrl,
  describeTracks,
  parseSdp,
  type RtspTrack,
  resolveBase,
  type SessionDescription,
} from '../../../server/rtsp/parse/index.ts';
import { fixtureResponse } from './fixture.ts';

/** Reads a captured DESCRIBE reply as the client does. */
function described(name: string): { session: SessionDescription; tracks: RtspTrack[]; aggregate: string } {
  const { headers, body } = fixtureResponse(name);
  const session = parseSdp(body.toString());
  if (!session.ok) throw new Error(session.error);
  const base = resolveBase({
    requestUrl: 'rtsp://asked/for',
    contentBase: headers.get('Content-Base'),
    contentLocation: headers.get('Content-Location'),
  });
  return {
    session: session.value,
    tracks: describeTracks(session.value, base),
    aggregate: aggregateUrl(session.value, base),
  };
}

/** What matters of a track, without its parameter sets. */
function summary(track: RtspTrack): unknown {
  const { controlUrl, payloadType, clockRate } = track;
  if (!track.supported) return { kind: track.kind, encoding: track.encoding, controlUrl };
  if (track.kind === 'audio') {
    const { codec, format } = track;
    return {
      codec,
      controlUrl,
      payloadType,
      clockRate,
      channels: format.channels,
      config: format.config?.toString('hex'),
    };
  }
  if (track.codec === 'h265') {
    const { width, height, declaredFps, codecString, vps, sps, pps } = track.format ?? {};
    const sets = [vps?.length, sps?.length, pps?.length];
    const size = `${width}x${height}`;
    return { codec: 'h265', controlUrl, payloadType, size, fps: declaredFps, codecString, sets };
  }
  const { width, height, declaredFps, profileLevelId, sps, pps } = track.format ?? {};
  return {
    codec: track.codec,
    controlUrl,
    payloadType,
    size: `${width}x${height}`,
    fps: declaredFps,
    profileLevelId,
    sets: [sps?.length, pps?.length],
  };
}

describe('captured replies of cameras', () => {
  test('Wowza: audio before video, AAC stereo at 12 kHz', () => {
    const { tracks, aggregate } = described('bunny_describe');
    const base = 'rtsp://wowzaec2demo.streamlock.net/vod/mp4:BigBuckBunny_115k.mov/';
    expect(aggregate).toBe(base);
    expect(tracks.map(summary)).toEqual([
      {
        codec: 'aac',
        controlUrl: `${base}trackID=1`,
        payloadType: 96,
        clockRate: 12_000,
        channels: 2,
        config: '1490',
      },
      {
        codec: 'h264',
        controlUrl: `${base}trackID=2`,
        payloadType: 97,
        size: '240x160',
        fps: 24,
        profileLevelId: '42c01e',
        sets: [1, 1],
      },
    ]);
  });

  test('Dahua: H.264, AAC without channels in its rtpmap, metadata; a base that ends in a query', () => {
    const { tracks, aggregate } = described('dahua_describe_h264_aac_onvif');
    const base = 'rtsp://192.168.5.111:554/cam/realmonitor?channel=1&subtype=1&unicast=true&proto=Onvif/';
    expect(aggregate).toBe(base);
    expect(tracks.map(summary)).toEqual([
      {
        codec: 'h264',
        controlUrl: `${base}trackID=0`,
        payloadType: 96,
        size: '704x480',
        fps: 15,
        profileLevelId: '64001e',
        sets: [1, 1],
      },
      {
        codec: 'aac',
        controlUrl: `${base}trackID=1`,
        payloadType: 97,
        clockRate: 48_000,
        channels: 1,
        config: '1188',
      },
      { kind: 'application', encoding: 'VND.ONVIF.METADATA', controlUrl: `${base}trackID=4` },
    ]);
  });

  test('Dahua: H.265 and PCMA', () => {
    const { tracks } = described('dahua_describe_h265_pcma');
    const base = 'rtsp://cam-driveway/cam/realmonitor?channel=1&subtype=2/';
    expect(tracks.map(summary)).toEqual([
      {
        codec: 'h265',
        controlUrl: `${base}trackID=0`,
        payloadType: 98,
        size: '704x480',
        fps: 12,
        codecString: 'hvc1.1.6.L90.B0',
        sets: [1, 1, 1],
      },
      {
        codec: 'pcma',
        controlUrl: `${base}trackID=1`,
        payloadType: 8,
        clockRate: 8000,
        channels: 1,
        config: undefined,
      },
    ]);
  });

  test('Foscam: PCMU by its static payload type alone', () => {
    const { tracks } = described('foscam_describe');
    const base = 'rtsp://192.168.5.107:65534/videoMain/';
    expect(tracks.map(summary)).toEqual([
      {
        codec: 'h264',
        controlUrl: `${base}track1`,
        payloadType: 96,
        size: '1280x720',
        fps: undefined,
        profileLevelId: '4d001f',
        sets: [1, 1],
      },
      {
        codec: 'pcmu',
        controlUrl: `${base}track2`,
        payloadType: 0,
        clockRate: 8000,
        channels: 1,
        config: undefined,
      },
    ]);
  });

  test('GW main: start codes behind the parameter sets, a bad profile-level-id, PCMU on payload type 8', () => {
    const { tracks } = described('gw_main_describe');
    const base = 'rtsp://192.168.1.110:5050/H264?channel=1&subtype=0&unicast=true&proto=Onvif';
    expect(tracks.map(summary)).toEqual([
      {
        codec: 'h264',
        controlUrl: `${base}/video`,
        payloadType: 96,
        size: '1920x1080',
        fps: undefined,
        profileLevelId: '4d002a',
        sets: [1, 1],
      },
      {
        codec: 'pcmu',
        controlUrl: `${base}/audio`,
        payloadType: 8,
        clockRate: 8000,
        channels: 1,
        config: undefined,
      },
    ]);
  });

  test('GW sub: video alone', () => {
    const { tracks } = described('gw_sub_describe');
    expect(tracks.map(summary)).toEqual([
      {
        codec: 'h264',
        controlUrl: 'rtsp://192.168.1.110:5049/H264?channel=1&subtype=1&unicast=true&proto=Onvif/video',
        payloadType: 96,
        size: '720x480',
        fps: undefined,
        profileLevelId: '4d001e',
        sets: [1, 1],
      },
    ]);
  });

  test('H264DVR: `Cseq`, blanks in rtpmap and fmtp, a frame rate of `0S` before the true one', () => {
    const { tracks, session } = described('h264dvr_describe');
    expect(fixtureResponse('h264dvr_describe').headers.get('CSeq')).toBe('3');
    expect(session.media[0]?.framerate).toBe(25);
    expect(tracks.map(summary)).toEqual([
      {
        codec: 'h264',
        controlUrl: 'rtsp://127.0.0.1:554/camera/trackID=3',
        payloadType: 96,
        size: '1920x1080',
        fps: 15,
        profileLevelId: '420029',
        sets: [1, 1],
      },
      {
        codec: 'pcma',
        controlUrl: 'rtsp://127.0.0.1:554/camera/trackID=4',
        payloadType: 8,
        clockRate: 8000,
        channels: 1,
        config: undefined,
      },
    ]);
  });

  test('Hikvision: absolute control URLs with queries, for the session too', () => {
    const { tracks, aggregate } = described('hikvision_describe');
    const base = 'rtsp://192.168.5.106:554/Streaming/Channels/101/';
    const query = '?transportmode=unicast&profile=Profile_1';
    expect(aggregate).toBe(base + query);
    expect(tracks.map(summary)).toEqual([
      {
        codec: 'h264',
        controlUrl: `${base}trackID=1${query}`,
        payloadType: 96,
        size: '1920x1080',
        fps: 30,
        profileLevelId: '4d0029',
        sets: [1, 1],
      },
      { kind: 'application', encoding: 'VND.ONVIF.METADATA', controlUrl: `${base}trackID=3${query}` },
    ]);
  });

  test('Reolink: AAC with a trailing semicolon and blanks in its fmtp', () => {
    const { tracks } = described('reolink_describe');
    const base = 'rtsp://192.168.5.206/h264Preview_01_main/';
    expect(tracks.map(summary)).toEqual([
      {
        codec: 'h264',
        controlUrl: `${base}trackID=1`,
        payloadType: 96,
        size: '2560x1440',
        fps: undefined,
        profileLevelId: '640033',
        sets: [1, 1],
      },
      {
        codec: 'aac',
        controlUrl: `${base}trackID=2`,
        payloadType: 97,
        clockRate: 16_000,
        channels: 1,
        config: '1408',
      },
    ]);
  });
});
