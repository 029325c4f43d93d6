import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../server/base/clock.ts';
import { silentLogger } from '../../../server/base/log.ts';
import { type RtspSource, startRtspSource } from '../../../server/rtsp/index.ts';
import {
  type FakeRtspServer,
  fakePicture,
  interleaved,
  rtpPacket,
  startFakeRtspServer,
} from '../../support/fake-rtsp-server.ts';
import { cameraAt, RecordingSink } from '../../support/recording-sink.ts';
import { waitFor } from '../../support/wait.ts';

/** Captured replies of real devices (test/fixtures/rtsp/README.md), replayed request by request. */
interface Device {
  readonly name: string;
  readonly describe: string;
  /** One for each SETUP, in order. */
  readonly setups: readonly string[];
  readonly play: string;
  readonly payloadType: number;
  readonly expected: readonly string[];
}

const DEVICES: readonly Device[] = [
  {
    name: 'Hikvision (absolute control URLs with queries)',
    describe: 'hikvision_describe',
    setups: ['hikvision_setup'],
    play: 'hikvision_play',
    payloadType: 96,
    expected: [
      'SETUP rtsp://192.168.5.106:554/Streaming/Channels/101/trackID=1?transportmode=unicast&profile=Profile_1',
      'PLAY rtsp://192.168.5.106:554/Streaming/Channels/101/?transportmode=unicast&profile=Profile_1',
    ],
  },
  {
    name: 'Dahua (AAC beside H.264, a session id that changes)',
    describe: 'dahua_describe_h264_aac_onvif',
    setups: ['dahua_setup', 'dahua_setup'],
    play: 'dahua_play',
    payloadType: 96,
    expected: [
      'SETUP rtsp://192.168.5.111:554/cam/realmonitor?channel=1&subtype=1&unicast=true&proto=Onvif/trackID=0',
      'SETUP rtsp://192.168.5.111:554/cam/realmonitor?channel=1&subtype=1&unicast=true&proto=Onvif/trackID=1',
      'PLAY rtsp://192.168.5.111:554/cam/realmonitor?channel=1&subtype=1&unicast=true&proto=Onvif/',
    ],
  },
  {
    name: 'Reolink',
    describe: 'reolink_describe',
    setups: ['reolink_setup', 'reolink_setup'],
    play: 'reolink_play',
    payloadType: 96,
    expected: [
      'SETUP rtsp://192.168.5.206/h264Preview_01_main/trackID=1',
      'SETUP rtsp://192.168.5.206/h264Preview_01_main/trackID=2',
      'PLAY rtsp://192.168.5.206/h264Preview_01_main/',
    ],
  },
  {
    name: 'GW Security (a base with a query and no slash, a Session with a blank)',
    describe: 'gw_main_describe',
    setups: ['gw_main_setup_video', 'gw_main_setup_audio'],
    play: 'gw_main_play',
    payloadType: 96,
    expected: [
      'SETUP rtsp://192.168.1.110:5050/H264?channel=1&subtype=0&unicast=true&proto=Onvif/video',
      'SETUP rtsp://192.168.1.110:5050/H264?channel=1&subtype=0&unicast=true&proto=Onvif/audio',
      'PLAY rtsp://192.168.1.110:5050/H264?channel=1&subtype=0&unicast=true&proto=Onvif',
    ],
  },
];

const sources: RtspSource[] = [];
const servers: FakeRtspServer[] = [];

afterEach(async () => {
  await Promise.all(sources.splice(0).map((source) => source.close()));
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

describe('the replies of real cameras', () => {
  it.each(DEVICES)('$name', async (device) => {
    let setups = 0;
    const server = await startFakeRtspServer({
      onRequest: (request, connection) => {
        const file =
          request.method === 'DESCRIBE'
            ? device.describe
            : request.method === 'SETUP'
              ? device.setups[setups++]
              : request.method === 'PLAY'
                ? device.play
                : undefined;
        if (file === undefined) return undefined;
        connection.write(recorded(file, request.headers.get('cseq') ?? ''));
        if (request.method === 'PLAY') {
          const payload = fakePicture(true);
          const { payloadType } = device;
          const packet = rtpPacket({ sequence: 1, timestamp: 0, marker: true, payload, payloadType });
          connection.write(interleaved(0, packet));
        }
        return 'silent';
      },
    });
    servers.push(server);
    const sink = new RecordingSink();
    sources.push(startRtspSource(cameraAt(server.url()), sink, { clock: systemClock, log: silentLogger }));
    await waitFor('a picture', () => sink.units.length === 1);
    const sent = server.requests.slice(2).map((request) => `${request.method} ${request.url}`);
    expect(sent).toEqual(device.expected);
  });
});

/** A recorded reply with the CSeq of the request at hand, and line ends as on the wire. */
function recorded(name: string, cseq: string): string {
  const url = new URL(`../../fixtures/rtsp/${name}.txt`, import.meta.url);
  const text = readFileSync(url, 'latin1').replace(/\r?\n/g, '\r\n');
  const end = text.indexOf('\r\n\r\n');
  const head = text
    .slice(0, end)
    .replace(/^CSeq:.*$/im, `CSeq: ${cseq}`)
    .replace(/^Content-Length:.*\r\n/im, '');
  const body = text.slice(end + 4);
  return body.trim() === '' ? `${head}\r\n\r\n` : `${head}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}
