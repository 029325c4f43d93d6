import { describe, expect, it } from 'vitest';
import { type Logger, silentLogger } from '../../server/base/log.ts';
import { Hub, type Source, type SourceSink, type StateChange, type Unit } from '../../server/stream/index.ts';
import { TIMELINE_START_90K } from '../../server/stream/timeline.ts';
import { heldBytes } from '../../server/stream/unit.ts';
import { streamDefinitionSchema } from '../../shared/stream.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { audioUnit, h264Format, pcmuFormat, playVideo, videoUnit } from '../support/units.ts';

interface FakeSource extends Source {
  readonly url: string;
  readonly sink: SourceSink;
  watched: boolean;
  keyFrameRequests: number;
  closed: boolean;
}

function setUp(log: Logger = silentLogger) {
  const clock = new FakeClock();
  const sources: FakeSource[] = [];
  const hub = new Hub({
    clock,
    log,
    lingerMs: 10_000,
    startSource(definition, sink) {
      const source: FakeSource = {
        url: definition.source.url,
        sink,
        watched: false,
        keyFrameRequests: 0,
        closed: false,
        setWatched(watched) {
          this.watched = watched;
        },
        requestKeyFrame() {
          this.keyFrameRequests += 1;
        },
        async close() {
          this.closed = true;
        },
      };
      sources.push(source);
      return source;
    },
  });
  return { clock, hub, sources };
}

function definitionOf(fields: Record<string, unknown> = {}) {
  return streamDefinitionSchema.parse({ name: 'door', source: { url: 'rtsp://10.0.0.5/s1' }, ...fields });
}

function collector(options: { start?: 'cached' | 'next'; accept?: () => boolean } = {}) {
  const units: Unit[] = [];
  const states: StateChange[] = [];
  const trackCounts: number[] = [];
  let ended = false;
  return {
    units,
    states,
    trackCounts,
    get ended() {
      return ended;
    },
    get frames() {
      return units
        .filter((unit) => unit.format.kind === 'video')
        .map((unit) => (unit.pts90k - TIMELINE_START_90K) / 3_600);
    },
    options: {
      name: 'test',
      role: 'viewer' as const,
      start: options.start ?? ('next' as const),
      // Ten frames of 100 bytes with what they cost as objects.
      maxQueueBytes: 10 * heldBytes({ sizeBytes: 100, payloads: [Buffer.alloc(100)] }),
      write: (unit: Unit) => {
        units.push(unit);
        return options.accept?.() ?? true;
      },
      onTracks: (tracks: readonly unknown[]) => trackCounts.push(tracks.length),
      onState: (change: StateChange) => states.push(change),
      onEnd: () => {
        ended = true;
      },
    },
  };
}

const settle = () => new Promise<void>((resolve) => queueMicrotask(resolve));

function live(source: FakeSource | undefined): FakeSource {
  if (source === undefined) throw new Error('no source was started');
  source.sink.connecting();
  source.sink.playing([h264Format(), pcmuFormat], 'tcp');
  return source;
}

describe('hub', () => {
  it('dials a camera once, however many readers there are', async () => {
    const { hub, sources } = setUp();
    const stream = hub.add(definitionOf());
    const readers = [collector(), collector(), collector()];
    for (const reader of readers) stream.read(reader.options);
    await settle();
    playVideo(live(sources[0]).sink, { from: 0, count: 5, gop: 5 });
    expect(sources).toHaveLength(1);
    for (const reader of readers) expect(reader.frames).toEqual([0, 1, 2, 3, 4]);
    expect(stream.state.state).toBe('live');
    expect(stream.readerCounts).toEqual({ viewers: 3, services: 0, droppedUnits: 0 });
  });

  it('refuses a second stream of the same name, and readers of a removed one are told', async () => {
    const { hub, sources } = setUp();
    const stream = hub.add(definitionOf());
    expect(() => hub.add(definitionOf())).toThrow(/already/);
    const reader = collector();
    stream.read(reader.options);
    await settle();
    await hub.remove(stream.id);
    expect(reader.ended).toBe(true);
    expect(sources[0]?.closed).toBe(true);
    await expect(hub.remove(stream.id)).rejects.toMatchObject({ code: 'STREAM_NOT_FOUND' });
  });

  it('starts a reader with the kept group of pictures, or with the next key frame', async () => {
    const { hub, sources } = setUp();
    const stream = hub.add(definitionOf());
    const { sink } = live(sources[0]);
    playVideo(sink, { from: 0, count: 13, gop: 10 });
    const cached = collector({ start: 'cached' });
    const next = collector({ start: 'next' });
    stream.read(cached.options);
    stream.read(next.options);
    await settle();
    playVideo(sink, { from: 13, count: 9, gop: 10 });
    expect(cached.frames).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21]);
    expect(next.frames).toEqual([20, 21]);
    expect(cached.trackCounts).toEqual([2]);
  });

  it('drops for a slow reader, counts it, and goes on at a key frame; others lose nothing', async () => {
    const { hub, sources } = setUp();
    const stream = hub.add(definitionOf());
    let accepts = true;
    const slow = collector({ accept: () => accepts });
    const fast = collector();
    const reader = stream.read(slow.options);
    stream.read(fast.options);
    await settle();
    const { sink } = live(sources[0]);
    playVideo(sink, { from: 0, count: 2, gop: 20 });
    accepts = false;
    // Frame 2 is taken and says full; the queue holds ten frames; then it is dropped.
    playVideo(sink, { from: 2, count: 15, gop: 20 });
    expect(slow.frames).toEqual([0, 1, 2]);
    expect(reader.droppedUnits).toBe(11);
    accepts = true;
    reader.drained();
    playVideo(sink, { from: 17, count: 5, gop: 20 });
    expect(slow.frames).toEqual([0, 1, 2, 20, 21]);
    expect(fast.frames).toHaveLength(22);
  });

  it('closes a reader that fails, and keeps the others', async () => {
    const { hub, sources } = setUp();
    const stream = hub.add(definitionOf());
    const good = collector();
    stream.read({
      ...collector().options,
      write: () => {
        throw new Error('a bug');
      },
    });
    stream.read(good.options);
    await settle();
    playVideo(live(sources[0]).sink, { from: 0, count: 3, gop: 1 });
    expect(good.frames).toEqual([0, 1, 2]);
    expect(stream.readerCounts.viewers).toBe(1);
  });

  it('writes a queue out in order once there is room', async () => {
    const { hub, sources } = setUp();
    const stream = hub.add(definitionOf());
    let room = 1;
    const slow = collector({
      accept: () => {
        room -= 1;
        return room > 0;
      },
    });
    const reader = stream.read(slow.options);
    await settle();
    playVideo(live(sources[0]).sink, { from: 0, count: 6, gop: 20 });
    expect(slow.frames).toEqual([0]);
    room = 3;
    reader.drained();
    expect(slow.frames).toEqual([0, 1, 2, 3]);
    room = 100;
    reader.drained();
    expect(slow.frames).toEqual([0, 1, 2, 3, 4, 5]);
    expect(reader.droppedUnits).toBe(0);
  });

  it('connects an on-demand stream with its first reader and lets it rest after a linger', async () => {
    const { hub, sources, clock } = setUp();
    const stream = hub.add(definitionOf({ onDemand: true }));
    expect(sources).toHaveLength(0);
    expect(stream.state.state).toBe('idle');
    const first = stream.read(collector().options);
    expect(sources).toHaveLength(1);
    first.close();
    clock.advance(9_000);
    const second = stream.read(collector().options);
    clock.advance(60_000);
    expect(sources[0]?.closed).toBe(false);
    second.close();
    clock.advance(10_000);
    expect(sources[0]?.closed).toBe(true);
    expect(stream.state.state).toBe('idle');
    stream.read(collector().options);
    expect(sources).toHaveLength(2);
    expect(clock.timers).toBe(0);
  });

  it('tells a source whether somebody watches, and asks it for key frames at most once in 2 s', () => {
    const { hub, sources, clock } = setUp();
    const stream = hub.add(definitionOf());
    expect(sources[0]?.watched).toBe(false);
    const reader = stream.read(collector().options);
    stream.read(collector().options);
    stream.requestKeyFrame();
    expect(sources[0]).toMatchObject({ watched: true, keyFrameRequests: 1 });
    clock.advance(2_000);
    stream.requestKeyFrame();
    expect(sources[0]?.keyFrameRequests).toBe(2);
    reader.close();
    expect(sources[0]?.watched).toBe(true);
  });

  it('keeps a wish for a key frame that comes too soon, and drops it when one comes by itself', async () => {
    const { hub, sources, clock } = setUp();
    const stream = hub.add(definitionOf());
    const { sink } = live(sources[0]);
    stream.requestKeyFrame();
    stream.requestKeyFrame();
    expect(sources[0]?.keyFrameRequests).toBe(1);
    clock.advance(2_000);
    expect(sources[0]?.keyFrameRequests).toBe(2);
    stream.requestKeyFrame();
    playVideo(sink, { from: 0, count: 1, gop: 1 });
    clock.advance(10_000);
    expect(sources[0]?.keyFrameRequests).toBe(2);
    expect(clock.timers).toBe(0);
  });

  it('keeps readers over a camera that goes and comes back, and starts them at a key frame', async () => {
    const { hub, sources, clock } = setUp();
    const stream = hub.add(definitionOf());
    const reader = collector();
    stream.read(reader.options);
    await settle();
    const { sink } = live(sources[0]);
    playVideo(sink, { from: 0, count: 3, gop: 10 });
    sink.waiting('CAMERA_SILENT', 'The camera sent nothing for 5 s.', 1_000);
    expect(stream.state).toMatchObject({
      state: 'waiting',
      reason: { code: 'CAMERA_SILENT', retryInMs: 1_000 },
    });
    clock.advance(10_000);
    sink.connecting();
    sink.playing([h264Format(), pcmuFormat], 'tcp');
    sink.unit(videoUnit(8, { atMs: 11_000 }));
    sink.unit(videoUnit(10, { key: true, atMs: 11_080 }));
    expect(reader.units).toHaveLength(4);
    // Same parameter sets, same format object: readers see no change.
    expect(reader.units[3]?.format).toBe(reader.units[0]?.format);
    expect(reader.trackCounts).toEqual([2]);
    expect(reader.states.map(({ state }) => state)).toEqual([
      'connecting',
      'live',
      'waiting',
      'connecting',
      'live',
    ]);
    // 1,080 ms after start came the 3rd unit, at 11,080 ms this one: the gap is there on the timeline.
    expect(((reader.units[3]?.pts90k ?? 0) - TIMELINE_START_90K) / 90).toBeCloseTo(10_080, -1);
  });

  it('is not live before a picture came, and ignores sound until then', async () => {
    const { hub, sources } = setUp();
    const stream = hub.add(definitionOf());
    const reader = collector();
    stream.read(reader.options);
    await settle();
    const { sink } = live(sources[0]);
    sink.unit(audioUnit(0));
    expect(stream.state.state).toBe('connecting');
    sink.unit(videoUnit(0, { key: true }));
    sink.unit(audioUnit(1));
    expect(reader.units.map((unit) => unit.format.kind)).toEqual(['video', 'audio']);
  });

  it('gives a changed format to readers with the first unit it holds for', async () => {
    const { hub, sources } = setUp();
    const stream = hub.add(definitionOf());
    const reader = collector();
    stream.read(reader.options);
    await settle();
    const { sink } = live(sources[0]);
    playVideo(sink, { from: 0, count: 1, gop: 1 });
    sink.format(h264Format(1280, 720));
    playVideo(sink, { from: 1, count: 1, gop: 1 });
    expect(reader.units.map(({ format }) => (format.kind === 'video' ? format.width : 0))).toEqual([
      640, 1280,
    ]);
    expect(reader.trackCounts).toEqual([2, 2]);
  });

  it('switches to another source and keeps its readers; the old one is not heard any more', async () => {
    const { hub, sources } = setUp();
    const stream = hub.add(definitionOf());
    const reader = collector();
    stream.read(reader.options);
    await settle();
    playVideo(live(sources[0]).sink, { from: 0, count: 2, gop: 10 });
    await hub.update(definitionOf({ source: { url: 'rtsp://10.0.0.6/s2' } }));
    expect(sources[0]?.closed).toBe(true);
    playVideo(sources[0]?.sink ?? live(undefined).sink, { from: 2, count: 2, gop: 1 });
    expect(reader.frames).toEqual([0, 1]);
    playVideo(live(sources[1]).sink, { from: 100, count: 2, gop: 10 });
    expect(sources[1]?.url).toBe('rtsp://10.0.0.6/s2');
    expect(reader.units).toHaveLength(4);
    expect(reader.ended).toBe(false);
  });

  it('connects anew when asked, to both streams of a camera, and keeps its readers', async () => {
    const { hub, sources } = setUp();
    const sub = { url: 'rtsp://10.0.0.5/s2' };
    const stream = hub.add(definitionOf({ source: { url: 'rtsp://10.0.0.5/s1', sub } }));
    const [reader, small] = [collector(), collector()];
    stream.read(reader.options);
    hub.derived('live/door', 'sub')?.read(small.options);
    await settle();
    playVideo(live(sources[0]).sink, { from: 0, count: 2, gop: 10 });
    await hub.restart('live/door');
    expect(sources.map(({ url, closed }) => [url, closed])).toEqual([
      ['rtsp://10.0.0.5/s1', true],
      [sub.url, true],
      ['rtsp://10.0.0.5/s1', false],
      [sub.url, false],
    ]);
    playVideo(live(sources[2]).sink, { from: 100, count: 2, gop: 10 });
    expect(reader.units).toHaveLength(4);
    expect([reader.ended, small.ended]).toEqual([false, false]);
    await expect(hub.restart('live/nobody')).rejects.toMatchObject({ code: 'STREAM_NOT_FOUND' });
  });

  it('restarts no camera that nobody wants, and no stream that is going', async () => {
    const { hub, sources } = setUp();
    const stream = hub.add(definitionOf({ onDemand: true }));
    await hub.restart('live/door');
    expect(stream.state.state).toBe('idle');
    const restarting = hub.restart('live/door');
    await Promise.all([hub.remove('live/door'), restarting]);
    expect(sources).toEqual([]);
  });

  it('tells once why there is no picture, however often the camera is tried', () => {
    const told: string[] = [];
    const log: Logger = {
      ...silentLogger,
      info: (_fields, message) => told.push(message),
      warn: (_fields, message) => told.push(message),
      child: () => log,
    };
    const { hub, sources } = setUp(log);
    hub.add(definitionOf());
    const { sink } = live(sources[0]);
    for (const message of ['no answer', 'no answer', 'wrong password', 'wrong password']) {
      sink.connecting();
      sink.waiting('CAMERA_UNREACHABLE', message);
    }
    expect(told).toEqual(['connecting', 'no answer', 'wrong password']);
    sink.playing([h264Format()], 'tcp');
    playVideo(sink, { from: 0, count: 1, gop: 1 });
    sink.waiting('CAMERA_UNREACHABLE', 'wrong password');
    expect(told.slice(3)).toEqual(['live', 'wrong password']);
  });

  it('takes a publisher, replaces it by a newer one, and waits when it goes', async () => {
    const { hub, sources } = setUp();
    const stream = hub.add(definitionOf({ source: { url: 'publish:' } }));
    expect(stream.state).toMatchObject({ state: 'waiting', reason: { code: 'NO_PUBLISHER' } });
    expect(sources).toHaveLength(0);
    const reader = collector();
    stream.read(reader.options);
    await settle();
    let replaced = 0;
    const first = stream.publish({ replaced: () => (replaced += 1) });
    first.sink.playing([h264Format()], 'tcp');
    playVideo(first.sink, { from: 0, count: 1, gop: 1 });
    const second = stream.publish({ replaced: () => {} });
    expect(replaced).toBe(1);
    second.sink.playing([h264Format()], 'tcp');
    playVideo(first.sink, { from: 1, count: 1, gop: 1 });
    playVideo(second.sink, { from: 50, count: 1, gop: 1 });
    expect(reader.units).toHaveLength(2);
    first.close();
    expect(stream.state.state).toBe('live');
    second.close();
    expect(stream.state.state).toBe('waiting');
  });

  it('goes on showing a publisher over a change of anything but the source, and over a time without readers', async () => {
    const { hub, clock } = setUp();
    const fields = { source: { url: 'publish:', username: 'cam', password: 'a-secret' }, onDemand: true };
    const stream = hub.add(definitionOf(fields));
    const publication = stream.publish({ replaced: () => {} });
    publication.sink.playing([h264Format()], 'tcp');
    playVideo(publication.sink, { from: 0, count: 2, gop: 10 });
    const states: string[] = [];
    stream.onState(({ state }) => states.push(state));
    stream.read(collector().options).close();
    clock.advance(60_000);
    await hub.update(definitionOf({ ...fields, labels: { title: 'Door' } }));
    await hub.update(definitionOf({ ...fields, onDemand: false }));
    playVideo(publication.sink, { from: 2, count: 1, gop: 10 });
    expect(stream.state.state).toBe('live');
    expect(states).toEqual([]);
  });

  it('measures frame rate, bit rate and key-frame interval', () => {
    const { hub, sources } = setUp();
    const stream = hub.add(definitionOf());
    playVideo(live(sources[0]).sink, { from: 0, count: 101, gop: 25 });
    expect(stream.figures).toEqual({ fps: 25, bitrateKbps: 20, keyFrameIntervalMs: 1_000 });
  });

  it('bounds what it keeps of a stream without key frames', () => {
    const { hub, sources } = setUp();
    hub.add(definitionOf());
    const { sink } = live(sources[0]);
    sink.unit(videoUnit(0, { key: true, sizeBytes: 1_000_000 }));
    expect(hub.gopBytes).toBeGreaterThanOrEqual(1_000_000);
    for (let n = 1; n < 20; n += 1) sink.unit(videoUnit(n, { sizeBytes: 1_000_000 }));
    expect(hub.gopBytes).toBe(0);
    sink.unit(videoUnit(20, { key: true, sizeBytes: 5_000 }));
    expect(hub.gopBytes).toBeGreaterThanOrEqual(5_000);
  });

  it('bounds what it keeps of a flood of the tiniest pictures, in number too', async () => {
    const { hub, sources } = setUp();
    const stream = hub.add(definitionOf());
    const { sink } = live(sources[0]);
    const slow = collector({ start: 'next', accept: () => false });
    const reader = stream.read(slow.options);
    await settle();
    sink.unit(videoUnit(0, { key: true }));
    for (let n = 1; n < 10_000; n += 1) sink.unit(videoUnit(n, { sizeBytes: 2 }));
    // They are 20 KB, and some megabytes of objects.
    expect(hub.gopBytes).toBeGreaterThan(4_000_000);
    expect(reader.droppedUnits).toBe(12);
    for (let n = 10_000; n < 30_000; n += 1) sink.unit(videoUnit(n, { sizeBytes: 2 }));
    expect(hub.gopBytes).toBe(0);
  });

  it('closes every source and ends every reader', async () => {
    const { hub, sources, clock } = setUp();
    const reader = collector();
    hub.add(definitionOf()).read(reader.options);
    hub.add(definitionOf({ name: 'yard' }));
    await settle();
    await hub.close();
    expect(sources.map((source) => source.closed)).toEqual([true, true]);
    expect(reader.ended).toBe(true);
    expect(() => hub.add(definitionOf({ name: 'late' }))).toThrow(/shutting down/);
    expect(clock.timers).toBe(0);
  });
});
