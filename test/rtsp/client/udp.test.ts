import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../server/base/clock.ts';
import { silentLogger } from '../../../server/base/log.ts';
import { bindUdpPair } from '../../../server/rtsp/client/udp-ports.ts';
import { type RtspSource, type RtspSourceDeps, startRtspSource } from '../../../server/rtsp/index.ts';
import { fakePicture, openUdpPorts, rtpPacket } from '../../support/fake-rtsp-server.ts';
import { cameraAt, RecordingSink } from '../../support/recording-sink.ts';
import { waitFor } from '../../support/wait.ts';
import { udpCamera as startUdpCamera, type UdpCamera } from './udp-camera.ts';

const undo: Array<() => unknown> = [];

afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

const udpCamera = (onPlay?: (camera: UdpCamera) => void) =>
  startUdpCamera((step) => undo.push(step), { onPlay });

function pull(
  url: string,
  source: Readonly<Record<string, unknown>>,
  deps: Partial<RtspSourceDeps> = {},
): { sink: RecordingSink; source: RtspSource } {
  const sink = new RecordingSink();
  const started = startRtspSource(cameraAt(url, source), sink, {
    clock: systemClock,
    log: silentLogger,
    ...deps,
  });
  undo.push(() => started.close());
  return { sink, source: started };
}

const picture = (sequence: number, key = false, ssrc = 9) =>
  rtpPacket({ sequence, timestamp: sequence * 3_600, marker: true, payload: fakePicture(key), ssrc });

describe('RTP over UDP', () => {
  it('comes to an even port of the range, RTCP to the next, after a hole was punched for each', async () => {
    const camera = await udpCamera((on) => on.send(picture(1, true)));
    const { sink } = pull(
      camera.server.url(),
      { transport: 'udp' },
      { udpPorts: { min: 21_001, max: 21_999 } },
    );
    await waitFor('a picture', () => sink.units.length === 1);
    expect(camera.clientPort() % 2).toBe(0);
    expect(camera.clientPort()).toBeGreaterThanOrEqual(21_002);
    expect(camera.clientPort()).toBeLessThanOrEqual(21_998);
    await waitFor('the punches, after SETUP and after PLAY', () => {
      return camera.rtpIn.length === 2 && camera.rtcpIn.length === 2;
    });
    expect(camera.rtcpIn[0]?.[1]).toBe(201);
  });

  it('is put in order, without duplicates', async () => {
    const camera = await udpCamera((on) => {
      for (const sequence of [1, 3, 3, 2, 2, 5, 4, 6]) on.send(picture(sequence, sequence === 1));
    });
    const { sink } = pull(camera.server.url(), { transport: 'udp' });
    await waitFor('six pictures', () => sink.units.length === 6);
    expect(sink.units.map((unit) => unit.rtpTimestamp / 3_600)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('goes on after a lost packet with the next key frame, even if nothing follows', async () => {
    const camera = await udpCamera((on) => {
      for (const sequence of [1, 2, 4, 5]) on.send(picture(sequence, sequence === 1 || sequence === 5));
    });
    const { sink } = pull(camera.server.url(), { transport: 'udp' });
    await waitFor('three pictures', () => sink.units.length === 3);
    expect(sink.units.map((unit) => unit.rtpTimestamp / 3_600)).toEqual([1, 2, 5]);
  });

  it('counts from the camera only: another sender is not heard', async () => {
    const stranger = createSocket('udp4');
    undo.push(() => stranger.close());
    let told = false;
    const camera = await udpCamera((on) => {
      on.send(picture(1, true));
      for (let n = 0; n < 50; n++) stranger.send(picture(100 + n, true, 9), on.clientPort(), '127.0.0.1');
      setTimeout(() => {
        on.send(picture(2));
        told = true;
      }, 100);
    });
    const { sink } = pull(camera.server.url(), { transport: 'udp' });
    await waitFor('two pictures', () => told && sink.units.length === 2);
    expect(sink.units.map((unit) => unit.rtpTimestamp / 3_600)).toEqual([1, 2]);
  });

  it('is taken from another port of the camera than the one it names', async () => {
    const other = createSocket('udp4');
    undo.push(() => other.close());
    const camera = await udpCamera((on) => {
      for (const sequence of [1, 2])
        other.send(picture(sequence, sequence === 1), on.clientPort(), '127.0.0.1');
    });
    const { sink } = pull(camera.server.url(), { transport: 'udp' });
    await waitFor('two pictures', () => sink.units.length === 2);
    // The named port counts all the same, once something comes from there.
    camera.send(picture(3));
    await waitFor('the third', () => sink.units.length === 3);
    other.send(picture(4), camera.clientPort(), '127.0.0.1');
    camera.send(picture(5));
    camera.send(picture(6, true));
    await waitFor('the sixth', () => sink.units.length === 4);
    expect(sink.units.map((unit) => unit.rtpTimestamp / 3_600)).toEqual([1, 2, 3, 6]);
  });

  it('that never comes makes auto go over to TCP, and that is remembered', async () => {
    const workedTransports = new Map([['live/cam' as const, 'udp' as const]]) as Map<
      'live/cam',
      'udp' | 'tcp'
    >;
    const camera = await udpCamera();
    let connections = 0;
    const timer = setInterval(() => {
      const connection = camera.server.connections.at(-1);
      if (connection === undefined || camera.server.connections.length < 2) return;
      connections = camera.server.connections.length;
      connection.sendPicture({ timestamp: 0 });
    }, 40);
    undo.push(() => clearInterval(timer));
    const { sink } = pull(
      camera.server.url(),
      { transport: 'auto', silenceTimeoutMs: 500 },
      { workedTransports: workedTransports as RtspSourceDeps['workedTransports'] & object },
    );
    await waitFor('pictures', () => sink.playings.at(-1)?.transport === 'tcp' && sink.units.length > 1);
    expect(sink.waits).toEqual([]);
    expect(connections).toBe(2);
    await waitFor('the memory', () => workedTransports.get('live/cam') === 'tcp');
  });

  it('asked for by the user is not replaced by TCP', async () => {
    const camera = await udpCamera();
    const { sink } = pull(camera.server.url(), { transport: 'udp', silenceTimeoutMs: 500 });
    const wait = await waitFor('the reason', () => sink.waits[0]);
    expect(wait.reason).toBe('CAMERA_SILENT');
    expect(wait.message).toMatch(/firewall/);
    expect(camera.server.connections).toHaveLength(1);
  });

  it('costs this connection only when whoever takes the units throws', async () => {
    const camera = await udpCamera((on) => on.send(picture(1, true)));
    const { sink } = pull(camera.server.url(), { transport: 'udp' });
    sink.unit = () => {
      throw new Error('a bug elsewhere');
    };
    const wait = await waitFor('the reason', () => sink.waits[0]);
    expect(wait.message).toContain('a bug elsewhere');
  });

  it('gives its ports back', async () => {
    const camera = await udpCamera((on) => on.send(picture(1, true)));
    const { sink, source } = pull(camera.server.url(), { transport: 'udp' });
    await waitFor('a picture', () => sink.units.length === 1);
    const port = camera.clientPort();
    await source.close();
    const again = createSocket('udp4');
    again.bind(port, '127.0.0.1');
    await once(again, 'listening');
    again.close();
  });
});

describe('the ports', () => {
  it('are skipped where taken, and missed with words where none is left', async () => {
    const taken = await openUdpPorts();
    undo.push(
      () => taken.rtp.close(),
      () => taken.rtcp.close(),
    );
    const even = taken.port - (taken.port % 2);
    await expect(bindUdpPair({ min: even, max: even + 1 }, '127.0.0.1')).rejects.toMatchObject({
      message: expect.stringContaining('No pair of free UDP ports'),
    });
    const pair = await bindUdpPair({ min: even, max: even + 40 }, '127.0.0.1', () => 0);
    expect(pair.rtpPort).toBeGreaterThan(even);
    pair.close();
    pair.close();
  });
});
