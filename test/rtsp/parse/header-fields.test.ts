import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  buildRtpInfo,
  buildTransport,
  parsePublic,
  parseRtpInfo,
  parseSession,
  parseTransport,
} from '../../../server/rtsp/parse/index.ts';
import { fixtureResponse } from './fixture.ts';

function header(fixture: string, name: string): string {
  const value = fixtureResponse(fixture).headers.get(name);
  if (value === undefined) throw new Error(`${fixture} has no ${name}`);
  return value;
}

describe('Transport', () => {
  const tcp = { profile: 'RTP/AVP', lower: 'tcp', delivery: 'unicast', interleaved: [0, 1] };

  test.each([
    ['bunny_setup', tcp],
    ['dahua_setup', { ...tcp, ssrc: 0x30a98ee7 }],
    ['hikvision_setup', { ...tcp, ssrc: 0x4cacc3d1, mode: 'play' }],
    ['reolink_setup', { ...tcp, destination: '192.168.1.210', source: '192.168.5.206' }],
    [
      'gw_main_setup_audio',
      { ...tcp, interleaved: [2, 3], destination: '192.168.1.210', source: '192.168.1.110' },
    ],
    [
      'h264dvr_setup_video',
      {
        profile: 'RTP/AVP',
        lower: 'udp',
        delivery: 'unicast',
        mode: 'play',
        source: '127.0.0.1',
        clientPorts: [18714, 18715],
        serverPorts: [40004, 40005],
        ssrc: 0,
      },
    ],
  ])('of %s', (fixture, spec) => {
    expect(parseTransport(header(fixture, 'Transport'))).toEqual([spec]);
  });

  test('parameters in any order and with spaces; a lone port means it and the next', () => {
    expect(parseTransport('ssrc= 4CACC3D1 ; RTP/AVP/UDP;unicast;Client_Port=5000')).toEqual([
      { profile: 'RTP/AVP', lower: 'udp', delivery: 'unicast', ssrc: 0x4cacc3d1, clientPorts: [5000, 5001] },
    ]);
  });

  test('alternatives in their order, what is none left out', () => {
    const specs = parseTransport(
      'MP2T/H2221/UDP;unicast, RTP/AVP;multicast;ttl=1,RTP/AVP/TCP;interleaved=999-1000',
    );
    expect(specs).toEqual([
      { profile: 'RTP/AVP', lower: 'udp', delivery: 'multicast' },
      { profile: 'RTP/AVP', lower: 'tcp', delivery: 'unicast' },
    ]);
  });

  test('what is written reads back', () => {
    const spec = {
      profile: 'RTP/AVP',
      lower: 'udp',
      delivery: 'unicast',
      clientPorts: [5000, 5001],
      serverPorts: [6000, 6001],
      ssrc: 0xabc,
      mode: 'record',
    } as const;
    expect(buildTransport(spec)).toBe(
      'RTP/AVP;unicast;client_port=5000-5001;server_port=6000-6001;ssrc=00000ABC;mode=record',
    );
    expect(parseTransport(buildTransport(spec))).toEqual([spec]);
  });
});

describe('Session', () => {
  test.each([
    ['hikvision_setup', { id: '708345999', timeoutMs: 60_000 }],
    ['gw_main_play', { id: '9a90de54', timeoutMs: 120_000 }],
    ['reolink_setup', { id: 'F8F8E425', timeoutMs: 60_000 }],
  ])('of %s', (fixture, session) => {
    expect(parseSession(header(fixture, 'Session'))).toEqual(session);
  });

  test('a long number stays as it is, a time-out of 0 is none', () => {
    expect(parseSession('00123456789012345678;timeout=0')).toEqual({
      id: '00123456789012345678',
      timeoutMs: 60_000,
    });
    expect(parseSession(';timeout=60')).toBeUndefined();
    expect(parseSession('a b')).toBeUndefined();
  });
});

test('Public lists methods in upper case', () => {
  expect(parsePublic(header('dahua_options', 'Public')).has('GET_PARAMETER')).toBe(true);
  expect(parsePublic('options, Get_Parameter')).toEqual(new Set(['OPTIONS', 'GET_PARAMETER']));
  expect(parsePublic(undefined).size).toBe(0);
});

describe('RTP-Info', () => {
  const bunny = 'rtsp://wowzaec2demo.streamlock.net/vod/mp4:BigBuckBunny_115k.mov/trackID=2';
  test.each([
    [
      'bunny_play',
      [
        { url: 'trackID=1', sequence: 1, rtpTimestamp: 0 },
        { url: bunny, sequence: 1, rtpTimestamp: 0 },
      ],
    ],
    [
      'hikvision_play',
      [
        {
          url: 'rtsp://192.168.5.106:554/Streaming/Channels/101/trackID=1?transportmode=unicast&profile=Profile_1',
          sequence: 24104,
          rtpTimestamp: 1270711678,
        },
      ],
    ],
    [
      'reolink_play',
      [
        { url: 'trackID=1', sequence: 16852, rtpTimestamp: 1070938629 },
        { url: 'trackID=2', sequence: 39409, rtpTimestamp: 3075976528 },
      ],
    ],
  ])('of %s', (fixture, entries) => {
    expect(parseRtpInfo(header(fixture, 'RTP-Info'))).toEqual(entries);
  });

  test('bad numbers are left out, trailing and inner semicolons do no harm', () => {
    expect(parseRtpInfo('url=rtsp://h/a;b,c;seq=70000;rtptime=-5;,url=x;seq=1;')).toEqual([
      { url: 'rtsp://h/a;b,c' },
      { url: 'x', sequence: 1 },
    ]);
    expect(parseRtpInfo('')).toEqual([]);
  });

  test('what is written reads back', () => {
    const entries = [{ url: 'rtsp://h/s/trackID=0', sequence: 7, rtpTimestamp: 4294967295 }, { url: 'x' }];
    expect(parseRtpInfo(buildRtpInfo(entries))).toEqual(entries);
  });
});

test('no header parser throws on any text', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc
      .array(fc.constantFrom('RTP/AVP', ';', ',', '=', 'url=', 'seq=', 'ssrc', 'timeout', '"', ' ', '-', '9'))
      .map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(text, (value) => {
      for (const parse of [parseTransport, parseSession, parseRtpInfo, parsePublic]) parse(value);
    }),
  );
});
