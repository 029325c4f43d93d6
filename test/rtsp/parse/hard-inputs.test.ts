import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  authorize,
  createDepacketiser,
  describeTracks,
  parseAuthorization,
  parseChallenges,
  parseRtcp,
  parseRtp,
  parseRtpInfo,
  parseSdp,
  parseSession,
  parseTransport,
  RtspFramer,
  type RtspTrack,
} from '../../../server/rtsp/parse/index.ts';
import { fixtureResponse } from './fixture.ts';

const seeds = JSON.parse(
  readFileSync(new URL('../../fixtures/fuzz/gortsplib-fuzz-seeds.json', import.meta.url), 'utf8'),
) as Record<string, string[][]>;

const shown = { method: 'PLAY', uri: 'rtsp://h', username: 'u', password: 'p', nc: 1, cnonce: 'c' };

function tracksOf(text: string): RtspTrack[] {
  const session = parseSdp(text);
  return session.ok ? describeTracks(session.value, 'rtsp://h/s') : [];
}

function feedDepacketisers(payload: Buffer): void {
  for (const track of tracksOf(fixtureResponse('reolink_describe').body.toString())) {
    if (!track.supported) continue;
    const depacketiser = createDepacketiser(track, { onUnit: () => {}, onFormat: () => {} });
    for (let sequence = 0; sequence < 3; sequence += 1) {
      const marker = sequence === 2;
      depacketiser.push({ payloadType: 96, marker, sequence, timestamp: 0, ssrc: 0, payload }, 0);
    }
  }
}

test.each(Object.entries(seeds))('%s: every parser takes it without a throw', (_name, inputs) => {
  expect(inputs.length).toBeGreaterThan(0);
  for (const bytes of inputs.flat().map((hex) => Buffer.from(hex, 'hex'))) {
    const text = bytes.toString();
    tracksOf(text);
    parseTransport(text);
    parseSession(text);
    parseRtpInfo(text);
    parseAuthorization(text);
    authorize(parseChallenges([text]), shown);
    parseRtcp(bytes);
    parseRtp(bytes);
    feedDepacketisers(bytes);
    for (const resync of [true, false]) {
      const nothing = (): void => {};
      const framer = new RtspFramer(
        { request: nothing, response: nothing, interleaved: nothing, error: nothing },
        { resync },
      );
      framer.push(bytes);
    }
  }
});

test('long texts made to be slow are read in time that grows with their length', () => {
  // A parser that goes back and forth over one of these takes many seconds, and the test's time-out ends it.
  const blanks = ' '.repeat(60_000);
  const texts = [
    `url=a${';'.repeat(60_000)}x`,
    `url=${blanks}x`,
    `,${blanks}`,
    `RTP/AVP;${'='.repeat(60_000)}`,
    `RTP/AVP;client_port=1${blanks}x`,
    `Digest ${'a='.repeat(30_000)}`,
    `Digest a="${'\\"'.repeat(30_000)}`,
    `${'a'.repeat(60_000)} ${'='.repeat(10)}`,
    `v=0\r\nm=audio 0 RTP/AVP 97\r\na=rtpmap:97${blanks}x\r\n`,
    `v=0\r\nm=${'a '.repeat(30_000)}\r\n`,
    `v=0\r\nm=audio 0 RTP/AVP 97\r\na=fmtp:97 ${';'.repeat(60_000)}\r\n`,
  ];
  for (const text of texts) {
    tracksOf(text);
    parseTransport(text);
    parseSession(text);
    parseRtpInfo(text);
    parseAuthorization(text);
    expect(authorize(parseChallenges([text]), shown)).toBeUndefined();
  }
});

test('a description of many payload types and attributes is read in little time', () => {
  const types = Array.from({ length: 128 }, (_, i) => i).join(' ');
  const media = `m=audio 0 RTP/AVP ${types}\r\n${'a=rtpmap:\r\n'.repeat(80)}`;
  expect(tracksOf(`v=0\r\n${media.repeat(40)}`.slice(0, 64_000)).length).toBeGreaterThan(30);
});
