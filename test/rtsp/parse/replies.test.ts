import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  describeTracks,
  parsePublic,
  parseRtpInfo,
  parseSdp,
  parseSession,
  parseTransport,
  RtspFramer,
  type RtspRequest,
  resolveBase,
} from '../../../server/rtsp/parse/index.ts';
import { fixtureBytes, fixtureResponse } from './fixture.ts';

const FOLDER = new URL('../../fixtures/rtsp/', import.meta.url);

/** What each captured SETUP means: its transport, and the session with its time-out. */
const TCP = { profile: 'RTP/AVP', lower: 'tcp', delivery: 'unicast' } as const;
const GW = { ...TCP, destination: '192.168.1.210', source: '192.168.1.110' } as const;
const H264DVR = {
  ...{ profile: 'RTP/AVP', lower: 'udp', delivery: 'unicast', mode: 'play', ssrc: 0 },
  source: '127.0.0.1',
} as const;
const SETUPS = new Map<string, { transport: object; id: string; seconds: number }>([
  ['bunny_setup', { transport: { ...TCP, interleaved: [0, 1] }, id: '1642021126', seconds: 60 }],
  [
    'dahua_setup',
    { transport: { ...TCP, interleaved: [0, 1], ssrc: 0x30a98ee7 }, id: '634214675641', seconds: 60 },
  ],
  ['gw_main_setup_video', { transport: { ...GW, interleaved: [0, 1] }, id: '9a90de54', seconds: 60 }],
  ['gw_main_setup_audio', { transport: { ...GW, interleaved: [2, 3] }, id: '9a90de54', seconds: 60 }],
  ['gw_sub_setup', { transport: { ...GW, interleaved: [0, 1] }, id: '9b0d0e54', seconds: 60 }],
  [
    'h264dvr_setup_video',
    {
      transport: { ...H264DVR, clientPorts: [18714, 18715], serverPorts: [40004, 40005] },
      id: '231970',
      seconds: 60,
    },
  ],
  [
    'h264dvr_setup_audio',
    {
      transport: { ...H264DVR, clientPorts: [18716, 18717], serverPorts: [40006, 40007] },
      id: '231980',
      seconds: 60,
    },
  ],
  [
    'hikvision_setup',
    {
      transport: { ...TCP, interleaved: [0, 1], ssrc: 0x4cacc3d1, mode: 'play' },
      id: '708345999',
      seconds: 60,
    },
  ],
  [
    'reolink_setup',
    {
      transport: { ...TCP, interleaved: [0, 1], destination: '192.168.1.210', source: '192.168.5.206' },
      id: 'F8F8E425',
      // RFC 2326 section 12.37: 60 where the camera says nothing.
      seconds: 60,
    },
  ],
]);

test.each([...SETUPS])('%s sets a track up', (name, expected) => {
  const { statusCode, headers } = fixtureResponse(name);
  expect(statusCode).toBe(200);
  expect(parseTransport(headers.get('Transport') ?? '')).toEqual([expected.transport]);
  expect(parseSession(headers.get('Session') ?? '')).toEqual({
    id: expected.id,
    timeoutMs: expected.seconds * 1000,
  });
});

const GW_URL = 'rtsp://192.168.1.110';
const BUNNY = 'rtsp://wowzaec2demo.streamlock.net/vod/mp4:BigBuckBunny_115k.mov/';
const HIKVISION =
  'rtsp://192.168.5.106:554/Streaming/Channels/101/trackID=1?transportmode=unicast&profile=Profile_1';
/** What each captured PLAY means: session, and sequence and time of each track's first packet. */
const PLAYS = new Map<string, { id: string; seconds: number; info: object[] }>([
  [
    'bunny_play',
    {
      id: '551045787',
      seconds: 60,
      info: [
        { url: 'trackID=1', sequence: 1, rtpTimestamp: 0 },
        { url: `${BUNNY}trackID=2`, sequence: 1, rtpTimestamp: 0 },
      ],
    },
  ],
  [
    'dahua_play',
    {
      id: '634214684047',
      seconds: 60,
      info: [
        { url: 'trackID=0', sequence: 47121, rtpTimestamp: 3475222385 },
        { url: 'trackID=1', sequence: 45186, rtpTimestamp: 2234446919 },
        { url: 'trackID=4', sequence: 36583, rtpTimestamp: 816418535 },
      ],
    },
  ],
  [
    'gw_main_play',
    {
      id: '9a90de54',
      seconds: 120,
      info: [{ url: `${GW_URL}:5050/H264/video`, sequence: 271, rtpTimestamp: 1621990950 }],
    },
  ],
  [
    'gw_sub_play',
    {
      id: '9b0d0e54',
      seconds: 120,
      info: [{ url: `${GW_URL}:5049/H264/video`, sequence: 273, rtpTimestamp: 1621810809 }],
    },
  ],
  ['h264dvr_play', { id: '231970', seconds: 60, info: [] }],
  [
    'hikvision_play',
    { id: '708345999', seconds: 60, info: [{ url: HIKVISION, sequence: 24104, rtpTimestamp: 1270711678 }] },
  ],
  [
    'reolink_play',
    {
      id: 'F8F8E425',
      seconds: 60,
      info: [
        { url: 'trackID=1', sequence: 16852, rtpTimestamp: 1070938629 },
        { url: 'trackID=2', sequence: 39409, rtpTimestamp: 3075976528 },
      ],
    },
  ],
]);

test.each([...PLAYS])('%s starts the media', (name, expected) => {
  const { statusCode, headers } = fixtureResponse(name);
  expect(statusCode).toBe(200);
  expect(parseSession(headers.get('Session') ?? '')).toEqual({
    id: expected.id,
    timeoutMs: expected.seconds * 1000,
  });
  expect(parseRtpInfo(headers.get('RTP-Info') ?? '')).toEqual(expected.info);
});

test('dahua_options offers GET_PARAMETER for the keep-alive', () => {
  const methods = parsePublic(fixtureResponse('dahua_options').headers.get('Public'));
  expect([...methods]).toEqual(
    'OPTIONS DESCRIBE ANNOUNCE SETUP PLAY RECORD PAUSE TEARDOWN SET_PARAMETER GET_PARAMETER'.split(' '),
  );
});

test('reolink_teardown ends the session without naming it', () => {
  const { statusCode, headers, body } = fixtureResponse('reolink_teardown');
  expect({ statusCode, session: headers.get('Session'), bytes: body.length }).toEqual({
    statusCode: 200,
    session: undefined,
    bytes: 0,
  });
});

test('request is a DESCRIBE of a client', () => {
  const requests: RtspRequest[] = [];
  const framer = new RtspFramer({
    request: (request) => requests.push(request),
    response: () => expect.unreachable(),
    interleaved: () => expect.unreachable(),
    error: ({ message }) => expect.unreachable(message),
  });
  framer.push(fixtureBytes('request'));
  expect(requests).toHaveLength(1);
  expect(requests[0]).toMatchObject({ method: 'DESCRIBE', uri: 'rtsp://192.168.5.225/h264Preview_01_main' });
  expect(requests[0]?.headers.get('Accept')).toBe('application/sdp');
});

/** Parameter sets as they stand in the description: without start codes behind or before them. */
const SETS = new Map<string, readonly string[]>([
  ['bunny_describe', ['Z0LAHtkDxWhAAAADAEAAAAwDxYuS', 'aMuMsg==']],
  ['response', ['Z0LAHtkDxWhAAAADAEAAAAwDxYuS', 'aMuMsg==']],
  ['dahua_describe_h264_aac_onvif', ['Z2QAHqwsaoLA9puCgIKgAAADACAAAAMD0IAA', 'aO4xshsA']],
  [
    'dahua_describe_h265_pcma',
    [
      'QAEMAf//AWAAAAMAsAAAAwAAAwBarAwAAAMABAAAAwAyqA==',
      'QgEBAWAAAAMAsAAAAwAAAwBaoAWCAeFja5JFL83BQYFBAAADAAEAAAMADKE=',
      'RAHA8saNA7NA',
    ],
  ],
  ['foscam_describe', ['Z00AH5WoFAFuQA==', 'aO48gA==']],
  ['gw_main_describe', ['Z00AKpWoHgCJ+WbgICAgQA==', 'aO48gA==']],
  ['gw_sub_describe', ['Z00AHpWoLQ9puAgICBA=', 'aO48gA==']],
  ['h264dvr_describe', ['Z0IAKZY1QPAET8s3AQEBQAAAAwBAAAAHoQ==', 'aM4xsg==']],
  ['hikvision_describe', ['Z00AKZpkA8ARPyzUBAQFAAADA+gAAOpgBA==', 'aO48gA==']],
  ['reolink_describe', ['Z2QAM6zoAoALWQ==', 'aO48MA==']],
]);

test.each([...SETS])('%s tells the parameter sets of its picture', (name, expected) => {
  const { headers, body } = fixtureResponse(name);
  const session = parseSdp(body.toString());
  if (!session.ok) throw new Error(session.error);
  const base = resolveBase({ requestUrl: 'rtsp://asked/for', contentBase: headers.get('Content-Base') });
  const video = describeTracks(session.value, base).find(
    (track) => track.supported && track.kind === 'video',
  );
  if (!video?.supported || video.kind !== 'video') throw new Error('no picture');
  const format = video.format;
  const vps = format?.codec === 'h265' ? format.vps : [];
  const sets = [...vps, ...(format?.sps ?? []), ...(format?.pps ?? [])];
  // Zero bytes behind a NAL unit are no part of it (H.264 annex B, trailing_zero_8bits).
  const trimmed = (set: Buffer) => set.toString('hex').replace(/(?:00)+$/, '');
  expect(sets.map(trimmed)).toEqual(expected.map((text) => trimmed(Buffer.from(text, 'base64'))));
});

test('every captured reply has a test of its name', () => {
  const files = readdirSync(FOLDER)
    .filter((file) => file.endsWith('.txt') && !file.startsWith('LICENSE'))
    .map((file) => file.replace('.txt', ''));
  const tested = [...SETUPS.keys(), ...PLAYS.keys(), ...SETS.keys()];
  expect([...tested, 'dahua_options', 'reolink_teardown', 'request'].sort()).toEqual(files.sort());
});
