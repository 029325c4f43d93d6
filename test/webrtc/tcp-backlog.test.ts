import type { types } from 'mediasoup';
import { expect, test } from 'vitest';
import { TcpBacklog } from '../../server/webrtc/tcp-backlog.ts';

const ROUND_TRIP_MS = 20;

/** A viewer of 4 Mbit/s, with this much in the queue of its connection at each second. */
function viewer(queues: ReadonlyArray<number | undefined>, protocol = 'tcp') {
  let second = -1;
  const transport = {
    iceSelectedTuple: { protocol, localPort: 8189, remoteIp: '192.0.2.7', remotePort: 40_000 },
    getStats: async () => [{ sendBitrate: 4_000_000 }],
  } as unknown as types.WebRtcTransport;
  const backlog = new TcpBacklog(transport, async (ends) => {
    expect(ends).toEqual({ localPort: 8189, remoteIp: '192.0.2.7', remotePort: 40_000 });
    return queues[second];
  });
  const verdicts = async (roundTripMs = ROUND_TRIP_MS) => {
    const all: boolean[] = [];
    for (second = 0; second < queues.length; second += 1) {
      all.push(await backlog.isLong(second * 1000, roundTripMs));
    }
    return all;
  };
  return { backlog, verdicts };
}

test('a queue that stays longer than the link explains for 3 s is too long', async () => {
  const { verdicts } = viewer([0, 200_000, 200_000, 200_000, 200_000, 200_000]);
  expect(await verdicts()).toEqual([false, false, false, false, true, true]);
});

test('what another level fills it with has 3 s of its own', async () => {
  const { backlog, verdicts } = viewer(Array(5).fill(200_000));
  expect((await verdicts()).at(-1)).toBe(true);
  backlog.restart();
  expect(await verdicts()).toEqual([false, false, false, true, true]);
});

test('a key frame that fills it for a moment is not', async () => {
  const { verdicts } = viewer([200_000, 200_000, 200_000, 10_000, 200_000, 200_000, 200_000]);
  expect(await verdicts()).not.toContain(true);
});

test('a viewer far away has more on its way', async () => {
  const { verdicts } = viewer(Array(10).fill(200_000));
  expect(await verdicts(300)).not.toContain(true);
  expect(await verdicts()).toContain(true);
});

test('over UDP, and where the queue cannot be known, nothing is said', async () => {
  const udp = viewer(Array(10).fill(9_000_000), 'udp');
  expect(await udp.verdicts()).not.toContain(true);
  expect(udp.backlog.isTcp).toBe(false);
  expect(await viewer(Array(10).fill(undefined)).verdicts()).not.toContain(true);
});
