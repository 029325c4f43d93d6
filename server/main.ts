/**
 * Where the parts meet: nothing else imports across layers. `start` is one list of steps; each registers its undo,
 * and read backwards it is the stop list.
 */

import { flushCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';
import { isInternalStream, parentStreamId, type StreamId, streamId } from '../shared/names.ts';
import { systemClock } from './base/clock.ts';
import { Closers } from './base/closers.ts';
import { ConfigError, type LoadedConfig, loadConfig } from './base/config/load.ts';
import { createLogger, type LogGate, type Logger } from './base/log.ts';
import { prettyStream } from './base/log-pretty.ts';
import { LogRing, teeToRing } from './base/log-ring.ts';
import { LoginHistories } from './base/login-histories.ts';
import { stopOnSignals } from './base/stop-on-signals.ts';
import { VERSION } from './base/version.ts';
import { HELP, parseCommandLine } from './cli.ts';
import {
  BulkAdd,
  checkPublishers,
  Demo,
  Layouts,
  listening,
  Metrics,
  objectToEmptyDisks,
  Probes,
  readInThread,
  requireLogin,
  SettingsDesk,
  StartError,
  StreamDirectory,
  System,
  versionsOf,
} from './gateway/index.ts';
import {
  createHttpApp,
  eventRoutes,
  exportRoutes,
  frameRoutes,
  Gate,
  HlsViewers,
  hlsRoutes,
  layoutRoutes,
  onvifRoutes,
  probeRoutes,
  recordingRoutes,
  reportRoutes,
  scanRoutes,
  systemRoutes,
} from './http/index.ts';
import { Recording } from './recording/index.ts';
import type { LowerTransport } from './rtsp/index.ts';
import { SignalingServer } from './signaling/index.ts';
import { Hub } from './stream/index.ts';
import { FrameDecoder, Legs, LiveFrames, startDemoCamera } from './transcode/index.ts';
import { acceptDisk, addStreams, openCatalog } from './wire-catalog.ts';
import { hostForOwnUse, startRtspServer, startWebRtc } from './wire-media.ts';
import { wireOnvif } from './wire-onvif.ts';
import { sourceStarter } from './wire-source.ts';

/** How long viewers wait before they look for the gateway again after an orderly stop. */
const RETRY_AFTER_MS = 2_000;
const STATIC_DIR = fileURLToPath(new URL('../client/dist', import.meta.url));

interface Gateway {
  readonly url: string;
  close(): Promise<void>;
}

/** The log as the gateway's parts have it: how much is told, and what was told last. */
interface Logging {
  readonly log: Logger;
  readonly gate: LogGate;
  readonly ring: LogRing;
}

async function start(config: LoadedConfig, logging: Logging): Promise<Gateway> {
  const closers = new Closers();
  try {
    return { url: await startParts(config, logging, closers), close: () => closers.close() };
  } catch (failure) {
    await closers.close();
    throw failure;
  }
}

async function startParts(config: LoadedConfig, logging: Logging, closers: Closers): Promise<string> {
  const { settings } = config;
  const { log, gate: logGate, ring } = logging;
  const clock = systemClock;
  const base = { settings, clock, log };
  requireLogin(settings);
  checkPublishers(config.streams, config.file);

  const catalog = openCatalog(settings);
  closers.add(() => catalog.close());
  const settingsDesk = await SettingsDesk.open({ catalog, log, given: config.given, settings });
  logGate.level = settings.log.level;

  const ofFile = new Set(config.streams.map(({ app, name }) => streamId(app, name)));
  const isDemo = (id: StreamId) => id === 'live/demo' && demo.isOn;
  const isFixed = (id: StreamId) => ofFile.has(id) || isDemo(id);
  const workedTransports = new Map<StreamId, LowerTransport>();
  const logins = new LoginHistories(clock);
  const onvif = wireOnvif({ ...base, logins, isFixed });
  const startSource = sourceStarter({
    ...{ ...base, workedTransports, logins, mayBeLocal: isFixed, cameras: onvif.cameras },
  });
  const ffmpegPath = process.env.FFMPEG_PATH;
  const legs = new Legs({
    clock,
    log,
    stream: (id) => hub.get(id),
    ...(settings.transcode.maxVideoLegs === undefined
      ? {}
      : { maxVideoLegs: settings.transcode.maxVideoLegs }),
    ...(ffmpegPath === undefined ? {} : { ffmpegPath }),
  });
  const hub = new Hub({
    clock,
    log,
    startSource,
    startLeg: (request, sink) => legs.start(request, sink),
    hasOwnSub: (definition) => onvif.cameras.hasOwnSub(definition),
  });
  closers.add(() => hub.close());

  const webRtc = await startWebRtc({ ...base, hub });
  closers.add(() => webRtc.close());

  const rtsp = await startRtspServer({ ...base, hub });
  closers.add(() => rtsp.server.close());

  const { apiToken } = settings.auth;
  const rtspHost = hostForOwnUse(settings.rtsp.host);
  const demo = new Demo({
    hub,
    log,
    rtspAddress: `${rtspHost}:${rtsp.port}`,
    apiToken,
    startCamera: (secret) =>
      startDemoCamera({
        clock,
        log,
        rtspPort: rtsp.port,
        rtspHost,
        ...(ffmpegPath === undefined ? {} : { ffmpegPath }),
        ...secret,
      }),
  });
  closers.add(() => demo.set(false));
  const decoder = new FrameDecoder({ clock, ...(ffmpegPath === undefined ? {} : { ffmpegPath }) });
  closers.add(() => decoder.close());
  const liveFrames = new LiveFrames({ clock, hub, decoder });
  const recording = new Recording({
    ...base,
    hub,
    disks: catalog,
    ffmpegPath,
    pictures: {
      decode: (request) => decoder.decode(request),
      now: (id, width) => liveFrames.now(id, width),
    },
    admit: (id, options) => {
      const { ticket, end } = rtsp.server.admit(id, options);
      return { url: `rtsp://${rtspHost}:${rtsp.port}/${id}?access_token=${ticket}`, end };
    },
  });
  closers.add(() => recording.close());
  await addStreams({ config, hub, catalog, log });
  recording.desk.startRetention();
  const cameras = onvif.follow({ hub, events: recording.events });
  closers.add(() => cameras.close());
  const directory = new StreamDirectory({
    hub,
    catalog,
    isReadOnly: isFixed,
    isDemo,
    sharedViewers: (id) => webRtc.viewersOf(id),
    recorder: (id) => recording.status(id),
    legs: (id) => legs.status(id),
    onRestart: ({ app, name, source }) => {
      logins.forgive(source);
      onvif.cameras.askAnew(streamId(app, name));
    },
    onCountChanged: () => {
      forgetTransports();
      updateDemo();
    },
  });
  const forgetTransports = () => {
    for (const id of workedTransports.keys()) if (hub.get(id) === undefined) workedTransports.delete(id);
  };
  const updateDemo = () => {
    // Of the hub, as the status of a thousand streams takes longer than media can wait each time that one is added.
    const isConfigured = hub.list().some(({ id }) => !isInternalStream(id) && !isDemo(parentStreamId(id)));
    demo
      .set(settings.demo ?? !isConfigured)
      .catch((failure) => log.error({ err: failure }, 'the demo failed'));
  };
  updateDemo();

  const probes = new Probes({
    clock,
    hub,
    picture: (id, width) => liveFrames.now(id, width),
    withKeptPassword: (id, source) => directory.withKeptPassword(id, source),
    onEnded: forgetTransports,
  });
  closers.add(() => probes.close());
  const bulk = new BulkAdd({
    clock,
    read: (text) => readInThread({ clock, ...text }),
    streams: {
      has: (id) => hub.get(id) !== undefined,
      check: (definition) => directory.check(definition),
      create: (definition) => directory.create(definition),
    },
  });
  settingsDesk.onChange = () => {
    logGate.level = settings.log.level;
    legs.maxVideoLegs = settings.transcode.maxVideoLegs;
    recording.settingsChanged();
    updateDemo();
  };
  settingsDesk.objection = objectToEmptyDisks(() => recording.disks());
  const readiness = () => {
    const checks = { webrtc: webRtc.isReady, recordings: recording.isOpen };
    return { ready: checks.webrtc && checks.recordings, checks };
  };
  const hlsViewers = new HlsViewers(clock);
  const system = new System({
    clock,
    hub,
    readiness,
    workers: () => webRtc.workers(),
    watching: () => webRtc.watching(),
    hlsViewers: () => hlsViewers.list(),
    disks: () => recording.disks(),
    recorder: (id) => recording.status(id),
    versions: versionsOf(ffmpegPath ?? 'ffmpeg'),
  });
  const metrics = new Metrics({
    hub,
    recorders: () => recording.figures(),
    viewers: () => webRtc.viewerCounts(),
    legs: () => legs.running,
    onvif: () => ({ ...onvif.cameras.counts, ptz: onvif.ptz.counts }),
    events: () => recording.events.counts,
  });
  const gate = new Gate({
    clock,
    apiToken,
    boundHost: settings.http.host,
    announcedAddresses: settings.webrtc.announcedAddresses ?? [],
    allowedOrigins: settings.http.allowedOrigins,
  });
  const app = await createHttpApp({
    clock,
    log,
    gate,
    staticDir: STATIC_DIR,
    hlsViewers,
    routes: [
      ...hlsRoutes(recording.hls),
      ...recordingRoutes(recording.desk),
      ...frameRoutes(recording.frames),
      ...exportRoutes(recording.exports),
      ...eventRoutes(recording.events),
      ...onvifRoutes(cameras.port),
      ...scanRoutes(cameras.scans),
      ...reportRoutes(directory),
      ...probeRoutes(probes, bulk),
      ...systemRoutes({
        status: () => system.status(),
        viewers: () => system.viewers(),
        log: (asked) => ring.tail(asked),
        settings: () => settingsDesk.list(),
        changeSettings: (changes) => settingsDesk.patch(changes),
      }),
      ...layoutRoutes(new Layouts(catalog)),
    ],
    ports: {
      streams: directory,
      whep: webRtc.whep,
      metrics: () => metrics.text(),
      readiness,
    },
  });
  closers.add(() => app.close());
  const signaling = new SignalingServer({
    clock,
    log,
    gateway: webRtc.viewers,
    streams: directory,
    cameras: cameras.desk,
    guard: gate,
  });
  app.server.on('upgrade', (request, socket, head) => signaling.handleUpgrade(request, socket, head));
  closers.add(() => signaling.closeAll(RETRY_AFTER_MS));
  const { host, port } = settings.http;
  return listening('http.port', `${host}:${port}`, app.listen({ host, port }));
}

async function run(config: LoadedConfig): Promise<void> {
  // Media workers inherit the environment, and none of them needs the token.
  delete process.env.SLUICE_API_TOKEN;
  const terminal = process.stderr.isTTY === true;
  const ring = new LogRing();
  const gate: LogGate = { level: config.settings.log.level };
  const log = createLogger(
    gate,
    teeToRing(ring, terminal ? prettyStream(process.stderr, true) : process.stderr),
  );
  // A bug that nobody caught leaves parts in an unknown state: end, so that a supervisor starts afresh.
  process.on('uncaughtException', (failure) => {
    log.error({ err: failure }, 'unforeseen failure; the gateway ends');
    process.exit(1);
  });
  let gateway: Gateway | undefined;
  stopOnSignals(async () => gateway?.close(), log);
  gateway = await start(config, { log, gate, ring });
  // Else it would be kept at an orderly stop only, and a start after a crash is the one that has to be quick.
  flushCompileCache();
  process.stdout.write(`Sluice ${VERSION} is running. Open ${gateway.url}/ in a browser. Ctrl-C stops it.\n`);
}

async function main(): Promise<void> {
  const command = parseCommandLine(process.argv.slice(2));
  switch (command.kind) {
    case 'help':
      process.stdout.write(HELP);
      return;
    case 'version':
      process.stdout.write(`${VERSION}\n`);
      return;
    case 'wrong':
      throw new StartError(command.message);
    case 'accept-disk':
      return acceptDisk(loadConfig({ file: command.configFile, env: process.env }), command.dir);
    case 'check':
    case 'run': {
      const config = loadConfig({ file: command.configFile, env: process.env });
      requireLogin(config.settings);
      checkPublishers(config.streams, config.file);
      if (command.kind === 'run') return run(config);
      process.stdout.write(`${config.file ?? 'The settings'}: ok, streams: ${config.streams.length}.\n`);
    }
  }
}

main().catch((failure: unknown) => {
  if (failure instanceof ConfigError || failure instanceof StartError)
    process.stderr.write(`${failure.message}\n`);
  else process.stderr.write(`${failure instanceof Error ? failure.stack : String(failure)}\n`);
  process.exit(1);
});
