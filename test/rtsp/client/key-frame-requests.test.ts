import { describe, expect, it } from 'vitest';
import { parseRtcp } from '../../../server/rtsp/parse/index.ts';
import type { StreamDefinition } from '../../../shared/stream.ts';
import { FAKE_SDP } from '../../support/fake-rtsp-server.ts';
import { waitFor } from '../../support/wait.ts';
import { camera, pull, stream } from './source-support.ts';

/** RTCP payload-specific feedback that came to the camera, as its bytes from the feedback's header on. */
function feedbackAt(server: Awaited<ReturnType<typeof camera>>): Buffer[] {
  const packets = server.connections[0]?.interleaved ?? [];
  return packets.filter(({ channel }) => channel === 1).flatMap(({ packet }) => feedbackIn(packet));
}

function feedbackIn(packet: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at + 4 <= packet.length; at += 4 + 4 * packet.readUInt16BE(at + 2)) {
    if (packet[at + 1] === 206) found.push(packet.subarray(at, at + 12));
  }
  return found;
}

describe('a key frame', () => {
  it('is asked for through the hook, with the stream, only while the camera plays', async () => {
    const asked: StreamDefinition[] = [];
    const server = await camera({ onPlay: stream });
    const { sink, source } = pull(server.url(), {}, { askKeyFrame: (definition) => asked.push(definition) });
    source.requestKeyFrame();
    expect(asked).toEqual([]);
    await waitFor('a picture', () => sink.units.length > 0);
    source.requestKeyFrame();
    expect(asked.map(({ app, name }) => `${app}/${name}`)).toEqual(['live/cam']);
    // This camera does not say that it takes feedback, so it gets none.
    source.requestKeyFrame();
    await source.close();
    expect(feedbackAt(server)).toEqual([]);
  });

  it('is asked for by RTCP where the camera says that it takes that', async () => {
    const server = await camera({ sdp: `${FAKE_SDP}a=rtcp-fb:* nack pli\r\n`, onPlay: stream });
    const { sink, source } = pull(server.url());
    await waitFor('a picture', () => sink.units.length > 0);
    source.requestKeyFrame();
    const [pli] = await waitFor('the request', () => {
      const found = feedbackAt(server);
      return found.length > 0 && found;
    });
    // RFC 4585 section 6.3.1: format 1, length 2, then our SSRC and the camera's.
    expect(pli?.subarray(0, 4)).toEqual(Buffer.from([0x81, 206, 0, 2]));
    expect(pli?.readUInt32BE(8)).toBe(0x11223344);
    const whole = server.connections[0]?.interleaved.find(({ packet }) => feedbackIn(packet).length > 0);
    expect(
      parseRtcp(whole?.packet ?? Buffer.alloc(0))
        .map(({ kind }) => kind)
        .slice(0, 2),
    ).toEqual(['rr', 'sdes']);
  });
});
