import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../support/fake-clock.ts';
import {
  FAKE_PPS,
  FAKE_SDP,
  FAKE_SPS,
  type FakeConnection,
  fakePicture,
  interleaved,
  rtpPacket,
  senderReport,
} from '../../support/fake-rtsp-server.ts';
import { waitFor } from '../../support/wait.ts';
import { camera, firstWait, pull, stream } from './source-support.ts';

describe('units', () => {
  it('that come before the reply to PLAY are told after playing()', async () => {
    const server = await camera({
      onRequest: (request, connection) => {
        if (request.method !== 'PLAY') return undefined;
        connection.write(interleaved(1, senderReport({ ntpMs: 1_700_000_000_000, rtpTimestamp: 0 })));
        connection.sendPicture({ timestamp: 0 });
        return undefined;
      },
      onPlay: (connection) => connection.sendPicture({ timestamp: 3_600, key: false }),
    });
    const { sink } = pull(server.url());
    await waitFor('pictures', () => sink.units.length === 2);
    expect(sink.calls).toEqual(['connecting', 'playing', 'senderReport', 'unit', 'unit']);
    expect(sink.units[0]?.isKeyFrame).toBe(true);
  });

  it('of a camera with parameter sets in band only: playing() without video, then format()', async () => {
    const sdp = FAKE_SDP.replace(/;sprop-parameter-sets=[^\r]*/, '');
    const server = await camera({
      sdp,
      onPlay: (connection) => {
        for (const nal of [FAKE_SPS, FAKE_PPS]) {
          const packet = connection.nextPacket(0, nal);
          packet[1] = 96;
          connection.write(interleaved(0, packet));
        }
        connection.sendPicture({ timestamp: 0 });
        connection.sendPicture({ timestamp: 3_600, key: false });
      },
    });
    const { sink } = pull(server.url());
    await waitFor('pictures', () => sink.units.length === 2);
    expect(sink.playings[0]?.formats).toEqual([]);
    expect(sink.formats).toMatchObject([
      { codec: 'h264', width: 320, height: 240, profileLevelId: '42c00d' },
    ]);
    expect(sink.calls.indexOf('format')).toBeLessThan(sink.calls.indexOf('unit'));
    expect(sink.units[0]?.payloads.map((nal) => (nal[0] ?? 0) & 31)).toEqual([5]);
  });

  it('of a camera that begins in the middle of a group: it is asked for a key frame, and told of after 5 s', async () => {
    const clock = new FakeClock();
    const server = await camera({
      onPlay: (connection) => connection.sendPicture({ timestamp: 0, key: false }),
    });
    const { sink } = pull(server.url(), { transport: 'tcp', silenceTimeoutMs: 60_000 }, { clock });
    await waitFor('packets', () => {
      clock.advance(100);
      return sink.damages > 0;
    });
    await waitFor('the reason', () => {
      clock.advance(100);
      return sink.waits[0];
    });
    expect(sink.waits).toMatchObject([{ reason: 'CAMERA_NO_KEY_FRAME', retryInMs: undefined }]);
    expect(sink.waits[0]?.message).toMatch(/key frame.*intra refresh off/);
    server.connections[0]?.sendPicture({ timestamp: 3_600 });
    await waitFor('the picture', () => sink.units.length === 1);
    expect(sink.connections).toBe(1);
  });

  it('of a camera that changes its picture on the way: format() before the first unit it holds for', async () => {
    const sps = Buffer.from('Z2QADay0Cg/YC1BgYGpQAAADABAAAAMDKPFCqg==', 'base64');
    const pps = Buffer.from('aO88sA==', 'base64');
    const server = await camera({
      onPlay: (connection) => {
        connection.sendPicture({ timestamp: 0 });
        for (const nal of [sps, pps]) {
          const packet = connection.nextPacket(3_600, nal);
          packet[1] = 96;
          connection.write(interleaved(0, packet));
        }
        connection.sendPicture({ timestamp: 3_600 });
      },
    });
    const { sink } = pull(server.url());
    await waitFor('pictures', () => sink.units.length === 2);
    expect(sink.calls).toEqual(['connecting', 'playing', 'unit', 'format', 'unit']);
    expect(sink.formats).toMatchObject([{ profileLevelId: '64000d' }]);
  });

  it('go on when the camera restarts its encoder with a new SSRC', async () => {
    const send = (connection: FakeConnection, fields: { sequence: number; ssrc: number; key: boolean }) =>
      connection.write(
        interleaved(
          0,
          rtpPacket({
            ...fields,
            timestamp: fields.sequence * 3_600,
            marker: true,
            payload: fakePicture(fields.key),
          }),
        ),
      );
    const server = await camera({
      onPlay: (connection) => {
        send(connection, { sequence: 1, ssrc: 1, key: true });
        send(connection, { sequence: 2, ssrc: 1, key: false });
        // One stray packet of somebody else costs nothing.
        send(connection, { sequence: 900, ssrc: 7, key: false });
        send(connection, { sequence: 3, ssrc: 1, key: false });
        send(connection, { sequence: 50_000, ssrc: 2, key: true });
        send(connection, { sequence: 50_001, ssrc: 2, key: false });
      },
    });
    const { sink } = pull(server.url());
    await waitFor('five pictures', () => sink.units.length === 5);
    expect(sink.units.map((unit) => unit.isKeyFrame)).toEqual([true, false, false, true, false]);
  });

  it('carry the time at which their last packet came, and sender reports theirs', async () => {
    const clock = new FakeClock();
    const server = await camera();
    const { sink } = pull(server.url(), { transport: 'tcp' }, { clock });
    const connection = await waitFor('PLAY', () => sink.playings.length === 1 && server.connections[0]);
    clock.advance(123);
    const atMs = clock.monotonicMs();
    connection.sendPicture({ timestamp: 0 });
    connection.write(interleaved(1, senderReport({ ntpMs: 1_700_000_000_500, rtpTimestamp: 90_000 })));
    await waitFor('both', () => sink.units.length === 1 && sink.senderReports.length === 1);
    expect(sink.units[0]?.receivedAtMs).toBe(atMs);
    const report = sink.senderReports[0];
    expect(report).toMatchObject({ kind: 'video', rtpTimestamp: 90_000, receivedAtMs: atMs });
    expect(Math.round(report?.ntpMs ?? 0)).toBe(1_700_000_000_500);
  });

  it('that miss packets are dropped up to the next key frame, and counted', async () => {
    const server = await camera({
      onPlay: (connection) => {
        connection.sendPicture({ timestamp: 0 });
        connection.nextPacket(0, Buffer.alloc(0));
        connection.sendPicture({ timestamp: 3_600, key: false });
        connection.sendPicture({ timestamp: 7_200, key: true });
        connection.sendPicture({ timestamp: 10_800, key: false });
      },
    });
    const { sink } = pull(server.url());
    await waitFor('three pictures', () => sink.units.length === 3);
    expect(sink.units.map((unit) => unit.rtpTimestamp)).toEqual([0, 7_200, 10_800]);
    await waitFor('the counters', () => sink.lastCounters?.lostPackets === 1);
    expect(sink.lastCounters?.receivedPackets).toBe(4);
    expect(sink.lastCounters?.droppedUnits).toBeGreaterThan(0);
  });

  it('cost this connection only when whoever takes them throws', async () => {
    const server = await camera({ onPlay: stream });
    const { sink } = pull(server.url());
    sink.unit = () => {
      throw new Error('a bug elsewhere');
    };
    expect((await firstWait(sink)).message).toContain('a bug elsewhere');
  });

  it('are told of in receiver reports with a name, every 5 s', async () => {
    const clock = new FakeClock();
    const server = await camera({ onPlay: (connection) => connection.sendPicture({ timestamp: 0 }) });
    const { sink } = pull(server.url(), { transport: 'tcp', silenceTimeoutMs: 60_000 }, { clock });
    await waitFor('a picture', () => sink.units.length === 1);
    clock.advance(5_000);
    const report = await waitFor('the report', () => server.connections[0]?.interleaved[0]);
    expect(report.channel).toBe(1);
    expect(report.packet[1]).toBe(201);
    expect(report.packet.readUInt32BE(8)).toBe(0x11223344);
    expect(report.packet.toString('latin1')).toContain('sluice-');
  });
});
