import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../server/base/clock.ts';
import { silentLogger } from '../../server/base/log.ts';
import { SqliteCatalog } from '../../server/catalog/index.ts';
import { Metrics, StreamDirectory } from '../../server/gateway/index.ts';
import { Hub, type SourceSink } from '../../server/stream/index.ts';
import { sourceSchema, streamDefinitionSchema, streamStatusSchema } from '../../shared/stream.ts';
import { h264Format, pcmuFormat, playVideo } from '../support/units.ts';

const SECRET = 'canary-p4ssword';

describe('stream directory', () => {
  let dataDir: string;
  let catalog: SqliteCatalog;
  let hub: Hub;
  let directory: StreamDirectory;
  let sink: SourceSink | undefined;
  let dialled: (string | undefined)[] = [];

  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'sluice-directory-'));
    catalog = new SqliteCatalog({ dataDir, clock: systemClock });
    dialled = [];
    hub = new Hub({
      clock: systemClock,
      log: silentLogger,
      startSource(definition, given) {
        sink = given;
        dialled.push(definition.source.password);
        return { setWatched() {}, requestKeyFrame() {}, close: async () => {} };
      },
    });
    directory = new StreamDirectory({
      hub,
      catalog,
      isReadOnly: (id) => id === 'live/fixed' || id === 'live/demo',
      isDemo: (id) => id === 'live/demo',
      sharedViewers: () => 3,
      recorder: () => ({ state: 'waiting', reason: { code: 'NO_KEY_FRAME', message: 'No key frame yet.' } }),
    });
  });
  afterEach(async () => {
    await hub.close();
    await catalog.close();
    rmSync(dataDir, { recursive: true });
  });

  const definitionOf = (name: string, source: object = {}) =>
    streamDefinitionSchema.parse({
      name,
      source: { url: `rtsp://admin:${SECRET}@10.0.0.5/s1`, ...source },
    });

  it('creates a stream that is in the catalog and the hub, and gives its status without the password', async () => {
    const status = await directory.create(definitionOf('door'));
    sink?.playing([h264Format(), pcmuFormat], 'tcp');
    playVideo(sink as SourceSink, { from: 0, count: 101, gop: 25 });
    const now = directory.get('live/door');
    expect(status.state).toBe('connecting');
    expect(streamStatusSchema.parse(now)).toMatchObject({
      source: { url: 'rtsp://10.0.0.5/s1', username: 'admin', hasPassword: true },
      state: 'live',
      codec: 'h264',
      profile: 'Constrained Baseline 3.1',
      width: 640,
      fps: 25,
      keyFrameIntervalMs: 1000,
      audioCodec: 'pcmu',
      viewers: 3,
      readOnly: false,
      recorder: { state: 'waiting', reason: { code: 'NO_KEY_FRAME' } },
    });
    expect(JSON.stringify([status, now, directory.list()])).not.toContain(SECRET);
    expect((await catalog.streams()).definitions).toHaveLength(1);
    await expect(directory.create(definitionOf('door'))).rejects.toMatchObject({ code: 'STREAM_EXISTS' });
  });

  it('keeps the password where the new source leaves it out, but never for another host or user', async () => {
    await directory.create(definitionOf('door'));
    const patchTo = (source: object) => directory.patch('live/door', { source: sourceSchema.parse(source) });
    await patchTo({ url: 'rtsp://10.0.0.5/s2', username: 'admin' });
    await patchTo({ url: 'rtsp://10.0.0.5/s1', username: 'admin', password: 'new' });
    await patchTo({ url: 'rtsp://10.0.0.5/s1', username: 'admin', sub: { url: 'rtsp://10.0.0.66/s2' } });
    await patchTo({ url: 'rtsp://10.0.0.66/s1', username: 'admin' });
    expect(dialled).toEqual([SECRET, SECRET, 'new', undefined, undefined]);
  });

  it.each([
    ['rtsps://10.0.0.5:322/s1', 'rtsp://10.0.0.5:322/s1', {}],
    ['rtsp://10.0.0.5/s1', 'rtsp://10.0.0.5:8554/s1', {}],
    ['onvif://10.0.0.5:8443?tls=true', 'onvif://10.0.0.5:8443', {}],
    ['rtsps://10.0.0.5/s1', 'rtsps://10.0.0.5/s1', { onvif: { url: 'onvif://10.0.0.5' } }],
    ['onvif://10.0.0.5', 'onvif://10.0.0.5?followHosts=true', {}],
    ['rtsps://10.0.0.5/s1', 'rtsps://10.0.0.5/s1', { sub: { url: 'rtsp://10.0.0.5/s2' } }],
  ])('a kept password goes neither to a weaker nor to another place (%s to %s)', async (url, next, more) => {
    await directory.create(definitionOf('door', { url, username: 'admin', password: SECRET }));
    const source = sourceSchema.parse({ url: next, username: 'admin', ...more });
    await directory.patch('live/door', { source });
    expect(dialled).toEqual([SECRET, undefined]);
  });

  it.each([
    ['rtsp://10.0.0.5/s1', 'rtsps://10.0.0.5/s1', {}],
    ['rtsp://10.0.0.5/s1', 'onvif://10.0.0.5', {}],
    ['rtsp://10.0.0.5/s1', 'rtsp://10.0.0.5/s1', { onvif: { url: 'onvif://10.0.0.5:8000' } }],
    ['rtsps://10.0.0.5/s1', 'rtsps://10.0.0.5/s2', { onvif: { url: 'onvif://10.0.0.5:443' } }],
  ])('but stays with the same machine as well kept as before (%s to %s)', async (url, next, more) => {
    await directory.create(definitionOf('door', { url, username: 'admin', password: SECRET }));
    const source = sourceSchema.parse({ url: next, username: 'admin', ...more });
    await directory.patch('live/door', { source });
    expect(dialled).toEqual([SECRET, SECRET]);
  });

  it('dials again for another source only, however the same one was written', async () => {
    await directory.create(definitionOf('door'));
    await directory.patch('live/door', { labels: { place: 'north' } });
    const same = { transport: 'auto', password: SECRET, username: 'admin', url: 'rtsp://10.0.0.5/s1' };
    await directory.patch('live/door', { source: sourceSchema.parse(same) });
    expect(dialled).toEqual([SECRET]);
  });

  it('shows all that can be changed, so that an editor can send it back', async () => {
    const source = {
      url: 'rtsp://10.0.0.5/s1',
      transport: 'udp',
      sub: { url: `rtsp://admin:${SECRET}@10.0.0.5/s2` },
      trustCameraClock: true,
      connectTimeoutMs: 3000,
      silenceTimeoutMs: 9000,
    };
    const record = { keepDays: 3 };
    await directory.create(streamDefinitionSchema.parse({ name: 'door', source, record }));
    sink?.playing([h264Format()], 'udp');
    sink?.senderReport({
      kind: 'video',
      ntpMs: Date.now() - 60_000,
      rtpTimestamp: 0,
      receivedAtMs: performance.now(),
    });
    const status = directory.get('live/door');
    expect(streamStatusSchema.parse(status)).toMatchObject({
      source: { ...source, sub: { url: 'rtsp://10.0.0.5/s2' }, username: 'admin', hasPassword: true },
      record,
    });
    expect(status?.cameraClockOffsetMs).toBeLessThan(-59_000);
    expect(JSON.stringify(status)).not.toContain(SECRET);
    expect(dialled).toEqual([SECRET]);
  });

  it('neither changes nor removes what the configuration file holds, and hides what is internal', async () => {
    hub.add(definitionOf('fixed'));
    hub.add({ ...definitionOf('demo'), app: 'internal' });
    await expect(directory.patch('live/fixed', { onDemand: true })).rejects.toMatchObject({
      code: 'STREAM_READ_ONLY',
    });
    await expect(directory.remove('live/fixed')).rejects.toMatchObject({ code: 'STREAM_READ_ONLY' });
    await expect(directory.remove('internal/demo')).rejects.toMatchObject({ code: 'STREAM_NOT_FOUND' });
    expect(directory.list().map(({ name, readOnly }) => [name, readOnly])).toEqual([['fixed', true]]);
    expect(directory.get('internal/demo')).toBeUndefined();
  });

  it('connects anew when asked, also to what the configuration file holds, and to nothing internal', async () => {
    hub.add(definitionOf('fixed'));
    hub.add({ ...definitionOf('demo'), app: 'internal' });
    dialled = [];
    await directory.restart('live/fixed');
    expect(dialled).toEqual([SECRET]);
    expect(directory.get('live/fixed')?.state).toBe('connecting');
    await expect(directory.restart('internal/demo')).rejects.toMatchObject({ code: 'STREAM_NOT_FOUND' });
    await expect(directory.restart('live/nobody')).rejects.toMatchObject({ code: 'STREAM_NOT_FOUND' });
  });

  it('lets nothing but the recording of the demo camera be changed, and keeps that nowhere', async () => {
    hub.add(definitionOf('demo'));
    expect(await directory.patch('live/demo', { record: true })).toMatchObject({ demo: true, record: true });
    expect(await directory.patch('live/demo', { record: false })).toMatchObject({ record: false });
    for (const patch of [{}, { onDemand: true }, { record: true, labels: { title: 'Mine' } }]) {
      await expect(directory.patch('live/demo', patch)).rejects.toMatchObject({ code: 'STREAM_READ_ONLY' });
    }
    await expect(directory.remove('live/demo')).rejects.toThrow('is the demo camera');
    expect(hub.get('live/demo')?.definition.record).toBe(false);
    expect((await catalog.streams()).definitions).toEqual([]);
  });

  it('removes a stream from both', async () => {
    await directory.create(definitionOf('door'));
    await directory.remove('live/door');
    expect(directory.list()).toEqual([]);
    expect((await catalog.streams()).definitions).toEqual([]);
    await expect(directory.remove('live/door')).rejects.toMatchObject({ code: 'STREAM_NOT_FOUND' });
  });

  it('takes no URL back in which a secret was hidden', () => {
    const shown = sourceSchema.safeParse({ url: 'rtsp://10.0.0.5/s?user=***&password=***' });
    expect(shown.success).toBe(false);
    expect(shown.error?.issues[0]?.message).toMatch(/enter the whole URL/);
  });

  it('asks for a secret where a stream is published', async () => {
    const bare = streamDefinitionSchema.parse({ name: 'cam', source: { url: 'publish:' } });
    await expect(directory.create(bare)).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    const withSecret = { ...bare, source: { ...bare.source, username: 'obs', password: 'a-secret' } };
    expect((await directory.create(withSecret)).reason?.code).toBe('NO_PUBLISHER');
  });

  it('is told in metrics that Prometheus reads', async () => {
    await directory.create(definitionOf('door'));
    sink?.counters({ receivedPackets: 7, receivedBytes: 900, lostPackets: 1, droppedUnits: 0 });
    const text = await new Metrics({
      hub,
      viewers: () => ({ all: 2, sub: 1, paused: 0 }),
      recorders: () => [
        { stream: 'live/door', state: 'recording', ringBytes: 5, segments: 3, bytes: 9, restarts: 1 },
      ],
    }).text();
    expect(text).toContain('sluice_streams{state="connecting"} 1');
    expect(text).toContain('sluice_stream_received_packets{stream="live/door"} 7');
    expect(text).toContain('sluice_webrtc_viewers 2');
    expect(text).toContain('sluice_webrtc_congested_viewers{level="sub"} 1');
    expect(text).toContain('sluice_recorders{state="recording"} 1');
    expect(text).toContain('sluice_recorder_restarts{stream="live/door"} 1');
    for (const line of text.split('\n').filter((each) => each !== '')) {
      expect(line).toMatch(/^(#.*|[a-z0-9_]+(\{.*\})? -?[0-9.e+-]+|.* (NaN|\+Inf))$/i);
    }
  });
});
