import { afterEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../../server/base/log.ts';
import { type LowerTransport, type RtspSource, startRtspSource } from '../../../server/rtsp/index.ts';
import type { StreamId } from '../../../shared/names.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { type FakeConnection, fakePicture, rtpPacket } from '../../support/fake-rtsp-server.ts';
import { cameraAt, RecordingSink } from '../../support/recording-sink.ts';
import { waitFor } from '../../support/wait.ts';
import { type UdpCamera, udpCamera } from './udp-camera.ts';

const undo: Array<() => unknown> = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

/** A camera, its stream, and a clock that only `seconds` moves. */
interface House {
  readonly camera: UdpCamera;
  readonly sink: RecordingSink;
  readonly source: RtspSource;
  /** Lets so many seconds pass over UDP, each with 100 pictures, of which `lost` never arrive. */
  seconds(count: number, lost: number): Promise<void>;
}

async function house(options: {
  transport: 'auto' | 'udp';
  udpOnly?: boolean;
  onTcpPlay?: (connection: FakeConnection) => void;
}): Promise<House> {
  const clock = new FakeClock();
  const camera = await udpCamera((step) => undo.push(step), {
    udpOnly: options.udpOnly,
    onPlay: (_camera, connection) => {
      if (connection.clientPorts.length === 0) options.onTcpPlay?.(connection);
    },
  });
  const sink = new RecordingSink();
  const workedTransports = new Map<StreamId, LowerTransport>([['live/cam', 'udp']]);
  const source = startRtspSource(cameraAt(camera.server.url(), { transport: options.transport }), sink, {
    clock,
    log: silentLogger,
    workedTransports,
  });
  undo.push(() => source.close());
  await waitFor('PLAY over UDP', () => sink.playings.length === 1);
  expect(sink.playings[0]?.transport).toBe('udp');
  let sequence = 0;
  /** On the present connection. */
  let sent = 0;
  let connections = 1;
  const cameCount = () => source.report()?.received[0]?.packets.count ?? 0;
  const seconds = async (count: number, lost: number) => {
    for (let second = 0; second < count; second++) {
      if (connections !== sink.playings.length) sent = 0;
      connections = sink.playings.length;
      for (let n = 0; n < 100; n++, sequence++) {
        // A lost one is never the last, so that it is missed at once.
        if (n < 2 * lost && n % 2 === 1) continue;
        const payload = fakePicture(n % 10 === 0);
        camera.send(rtpPacket({ sequence, timestamp: sequence * 900, marker: true, payload }));
        sent += 1;
      }
      await waitFor('the packets', () => cameCount() === sent);
      clock.advance(1_000);
    }
  };
  return { camera, sink, source, seconds };
}

describe('a lossy way over UDP', () => {
  it('is left for TCP by auto, which says why, and stays there', async () => {
    const { camera, sink, seconds, source } = await house({
      transport: 'auto',
      onTcpPlay: (connection) => connection.sendPicture({ timestamp: 0 }),
    });
    await seconds(21, 3);
    await waitFor('TCP', () => sink.playings.length === 2 && sink.units.length > 0);
    expect(sink.playings[1]?.transport).toBe('tcp');
    expect(sink.lastTransportReason).toMatch(/Over UDP 3 % of the camera's packets were lost.*TCP/);
    // Not a failure: nobody was told that the camera is gone.
    expect(sink.waits).toEqual([]);
    expect(camera.server.requests.map(({ method }) => method)).toContain('TEARDOWN');
    expect(source.report()?.connection.transport).toMatchObject({
      used: 'tcp',
      why: sink.lastTransportReason,
    });
  });

  it('is told of, and kept, where the source asks for UDP', async () => {
    const { camera, sink, seconds } = await house({ transport: 'udp' });
    await seconds(21, 3);
    expect(sink.lastTransportReason).toMatch(/3 %.*Set the transport of the source to auto or tcp/);
    expect(camera.server.connections).toHaveLength(1);
    await seconds(10, 0);
    expect(sink.lastTransportReason).toBeUndefined();
  });

  it('is gone back to where the camera has no TCP, which is not asked again at once', async () => {
    const { camera, sink, seconds } = await house({ transport: 'auto', udpOnly: true });
    await seconds(21, 3);
    await waitFor('UDP again', () => sink.playings.length === 2);
    expect(sink.playings[1]?.transport).toBe('udp');
    expect(sink.lastTransportReason).toMatch(/cannot be had over TCP/);
    expect(sink.waits).toEqual([]);
    const { length } = camera.server.connections;
    await seconds(30, 3);
    expect(camera.server.connections).toHaveLength(length);
  });

  it('costs pictures up to the next key frame only, which is asked for each time', async () => {
    const { sink, seconds } = await house({ transport: 'udp' });
    await seconds(1, 1);
    await seconds(1, 0);
    // Picture 1 is lost: 2 to 9 build upon it, 10 is a key frame.
    await waitFor('the rest', () => sink.units.length === 191);
    expect(sink.units.map((unit) => unit.rtpTimestamp / 900).slice(0, 3)).toEqual([0, 10, 11]);
    expect(sink.damages).toBe(8);
    expect(sink.lastCounters).toMatchObject({ lostPackets: 1, droppedUnits: 8 });
  });
});
