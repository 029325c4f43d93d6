import { afterEach, beforeAll, expect, test } from 'vitest';
import { ClipCamera, PCMU } from '../support/clip-camera.ts';
import { freePorts } from '../support/free-ports.ts';
import { type Clip, encodeClip } from '../support/h264-clip.ts';
import { waitFor } from '../support/wait.ts';
import { openHouse, TestSession, untilLive, type WebRtcHouse } from '../support/webrtc-house.ts';
import { h264Codec, VIEWER_CAPABILITIES, WeriftViewer } from '../support/werift-viewer.ts';

let clip: Clip;
beforeAll(async () => {
  clip = await encodeClip();
});

const cleanups: Array<() => Promise<unknown>> = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Two workers; a third viewer of a stream goes to the other one. */
async function house(names: readonly string[]): Promise<WebRtcHouse> {
  const cameras = Object.fromEntries(names.map((name) => [name, new ClipCamera(clip, PCMU)]));
  const opened = await openHouse(cameras, { workers: 2, spreadSlack: 3 });
  cleanups.push(() => opened.close());
  for (const name of names) await untilLive(opened.hub, `live/${name}`);
  return opened;
}

async function play(session: TestSession, stream: `${string}/${string}`) {
  const playing = await session.play(stream);
  cleanups.push(() => playing.viewer.close());
  await waitFor('picture and sound', () => {
    const { viewer } = playing;
    return viewer.ofKind('video').length > 20 && viewer.ofKind('audio').length > 5;
  });
  return playing;
}

/** The index and process of the worker on which a stream enters. */
async function homeOf({ webrtc }: WebRtcHouse, stream: string) {
  const { streams, workers } = await webrtc.stats();
  const index = streams.find((entry) => entry.stream === stream)?.worker;
  const worker = workers.find((entry) => entry.worker === index);
  if (worker === undefined) throw new Error(`${stream} is in no worker`);
  return worker;
}

test('viewers of one stream spread over two workers, joined by a pipe that goes with the last of them', async () => {
  const opened = await house(['cam']);
  const sessions = [
    new TestSession(opened.webrtc),
    new TestSession(opened.webrtc),
    new TestSession(opened.webrtc),
  ];
  for (const session of sessions) await play(session, 'live/cam');
  const stats = await opened.webrtc.stats();
  expect(stats.workers.map(({ consumers }) => consumers > 0)).toEqual([true, true]);
  // One for the picture, one for the sound, however many watch through it.
  expect(stats.pipes).toBe(2);
  for (const { session } of sessions) session.close();
  expect((await opened.webrtc.stats()).pipes).toBe(0);
  expect((await opened.webrtc.stats()).workers.map(({ consumers }) => consumers)).toEqual([0, 0]);
});

test('streams watched by one session enter at its own worker, so nothing has to be piped', async () => {
  const opened = await house(['one', 'two']);
  const { session } = new TestSession(opened.webrtc);
  for (const stream of ['live/one', 'live/two'] as const) {
    await session.startWatch({ stream, rtpCapabilities: VIEWER_CAPABILITIES });
  }
  const { pipes, streams } = await opened.webrtc.stats();
  expect(pipes).toBe(0);
  expect(new Set(streams.map(({ worker }) => worker)).size).toBe(1);
});

test('a killed worker takes its viewers with it, tells them, and is replaced; others do not notice', async () => {
  const opened = await house(['front', 'back']);
  const doomed = new TestSession(opened.webrtc);
  const { watchId } = await play(doomed, 'live/front');
  const safe = new TestSession(opened.webrtc);
  const { viewer } = await play(safe, 'live/back');
  const home = await homeOf(opened, 'live/front');
  expect((await homeOf(opened, 'live/back')).worker).not.toBe(home.worker);

  process.kill(home.pid, 'SIGKILL');
  const closed = await waitFor('the news', () => doomed.ofEvent('watch.closed')[0]);
  expect(closed).toEqual({ watchId, code: 'WORKER_DIED', retryable: true });
  const seen = viewer.packets.length;
  await waitFor('the other viewer to go on', () => viewer.packets.length > seen + 50);
  expect(safe.events).toEqual([]);
  expect(new Set(viewer.ofKind('video').map(({ ssrc }) => ssrc)).size).toBe(1);

  await play(doomed, 'live/front');
  await waitFor('another worker', async () => {
    const { workers } = await opened.webrtc.stats();
    return workers.length === 2 && workers.every(({ pid }) => pid !== home.pid);
  });
});

test('a worker that hangs is killed and replaced, and its viewers are told', async () => {
  const opened = await house(['front', 'back']);
  const doomed = new TestSession(opened.webrtc);
  const { watchId } = await play(doomed, 'live/front');
  const safe = new TestSession(opened.webrtc);
  const { viewer } = await play(safe, 'live/back');
  const home = await homeOf(opened, 'live/front');

  process.kill(home.pid, 'SIGSTOP');
  const closed = await waitFor('the news', () => doomed.ofEvent('watch.closed')[0]);
  expect(closed).toEqual({ watchId, code: 'WORKER_DIED', retryable: true });
  const seen = viewer.packets.length;
  await play(doomed, 'live/front');
  expect(viewer.packets.length).toBeGreaterThan(seen);
  expect(safe.events).toEqual([]);
  const { workers } = await opened.webrtc.stats();
  expect(workers.map(({ pid }) => pid)).not.toContain(home.pid);
});

test('a worker that hangs does not keep the gateway from ending', async () => {
  const opened = await openHouse({ cam: new ClipCamera(clip) }, { workers: 1 });
  const [worker] = (await opened.webrtc.stats()).workers;
  if (worker === undefined) throw new Error('no worker');
  process.kill(worker.pid, 'SIGSTOP');
  await opened.close();
  expect(() => process.kill(worker.pid, 0)).toThrow(/ESRCH/);
});

test("a viewer on another worker than its stream's keeps its session when that one dies, and gets new tracks", async () => {
  const opened = await house(['cam']);
  const first = new TestSession(opened.webrtc);
  await play(first, 'live/cam');
  const home = await homeOf(opened, 'live/cam');
  const sessions = [new TestSession(opened.webrtc), new TestSession(opened.webrtc)];
  for (const session of sessions) await play(session, 'live/cam');

  process.kill(home.pid, 'SIGKILL');
  await waitFor('the first viewer to be told', () => first.ofEvent('watch.closed').length === 1);
  const survivors = sessions.filter((session) => session.ofEvent('watch.closed').length === 0);
  expect(survivors.length).toBeGreaterThan(0);
  for (const session of survivors) {
    await waitFor('new tracks', () => session.ofEvent('consumer.added').length === 2);
    expect(session.ofEvent('consumer.closed')).toHaveLength(2);
  }
});

test('a WHEP player whose worker dies finds its session ended', async () => {
  const opened = await openHouse({ cam: new ClipCamera(clip) }, { workers: 1 });
  cleanups.push(() => opened.close());
  await untilLive(opened.hub, 'live/cam');
  const viewer = new WeriftViewer({ video: [h264Codec(97)] });
  cleanups.push(() => viewer.close());
  const { sessionId, answerSdp } = await opened.webrtc.whep.create('live/cam', await viewer.offer());
  await viewer.acceptAnswer(answerSdp);
  await waitFor('packets', () => viewer.packets.length > 20);
  process.kill((await homeOf(opened, 'live/cam')).pid, 'SIGKILL');
  await waitFor('the end', () => opened.webrtc.whep.size === 0);
  await expect(opened.webrtc.whep.remove(sessionId)).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
  // The only worker is on its way back: a new offer waits for it.
  const next = new WeriftViewer({ video: [h264Codec(97)] });
  cleanups.push(() => next.close());
  const again = await opened.webrtc.whep.create('live/cam', await next.offer());
  await next.acceptAnswer(again.answerSdp);
  await waitFor('packets again', () => next.packets.length > 20);
});

test('closing ends the processes of all workers', async () => {
  const opened = await openHouse({ cam: new ClipCamera(clip) }, { workers: 2 });
  const pids = (await opened.webrtc.stats()).workers.map(({ pid }) => pid);
  expect(pids).toHaveLength(2);
  await opened.close();
  for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
  expect(() => opened.webrtc.viewers.openSession({ onEvent: () => {} })).toThrow(/shutting down/);
});

test('worker n listens on port + n, and so does its replacement', async () => {
  const port = await freePorts(2);
  const opened = await openHouse({ cam: new ClipCamera(clip) }, { workers: 2, listen: { port } });
  cleanups.push(() => opened.close());
  await untilLive(opened.hub, 'live/cam');
  const portsOf = async (session: TestSession) => {
    const { transport } = await session.session.startWatch({
      stream: 'live/cam',
      rtpCapabilities: VIEWER_CAPABILITIES,
    });
    return transport?.iceCandidates.map((candidate) => candidate.port - port);
  };
  const session = new TestSession(opened.webrtc);
  const before = await portsOf(session);
  const home = await homeOf(opened, 'live/cam');
  expect(before).toEqual([home.worker, home.worker]);
  process.kill(home.pid, 'SIGKILL');
  await waitFor('the news', () => session.ofEvent('watch.closed').length === 1);
  await waitFor('both workers', async () => {
    const { workers } = await opened.webrtc.stats();
    return workers.length === 2 && workers.every(({ pid }) => pid !== home.pid);
  });
  const after = await portsOf(new TestSession(opened.webrtc));
  expect(after).toEqual([
    (await homeOf(opened, 'live/cam')).worker,
    (await homeOf(opened, 'live/cam')).worker,
  ]);
});

test('a taken port stops the start, and leaves no worker behind', async () => {
  const port = await freePorts(2);
  const opened = await openHouse({ cam: new ClipCamera(clip) }, { listen: { port } });
  cleanups.push(() => opened.close());
  await expect(openHouse({ cam: new ClipCamera(clip) }, { listen: { port } })).rejects.toThrow(
    /bind|address/i,
  );
});
