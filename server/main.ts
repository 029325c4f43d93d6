/**
 * Where the parts meet: nothing else imports across layers. `start` is one list of steps; each registers its undo,
 * and read backwards it is the stop list.
 */

import { flushCompileCache } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { StreamId } from '../shared/names.ts';
import { parentStreamId, streamId } from '../shared/names.ts';
import { resolveAnyAddress, resolveCameraAddress, resolveLocalRedirect } from './base/address-policy.ts';
import { type Clock, systemClock } from './base/clock.ts';
import { Closers } from './base/closers.ts';
import { ConfigError, type LoadedConfig, loadConfig } from './base/config/load.ts';
import type { Settings } from './base/config/settings.ts';
import { createLogger, type LogGate, type Logger } from './base/log.ts';
import { prettyStream } from './base/log-pretty.ts';
import { LogRing, teeToRing } from './base/log-ring.ts';
import { LoginHistories } from './base/login-histories.ts';
import { stopOnSignals } from './base/stop-on-signals.ts';
import { VERSION } from './base/version.ts';
import { SqliteCatalog } from './catalog/index.ts';
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
import { CameraLogins, DialPacer, type LowerTransport, RtspServer, startRtspSource } from './rtsp/index.ts';
import { SignalingServer } from './signaling/index.ts';
import { Hub, type StartSource } from './stream/index.ts';
import { FrameDecoder, Legs, LiveFrames, startDemoCamera } from './transcode/index.ts';
import { WebRtc } from './webrtc/index.ts';
import { type WiredOnvif, wireOnvif } from './wire-onvif.ts';

/** How long viewers wait before they look for the gateway again after an orderly stop. */
const RETRY_AFTER_MS = 2_000;
const STATIC_DIR = fileURLToPath(new URL('../client/dist', import.meta.url));

function sourceStarter(parts: {
  clock: Clock;
  log: Logger;
  settings: Settings;
  workedTransports: Map<StreamId, LowerTransport>;
  logins: LoginHistories;
  mayBeLocal: (id: StreamId) => boolean;
  cameras: WiredOnvif['cameras'];
}): StartSource {
  const { clock, log, settings, workedTransports } = parts;
  const dialPacer = new DialPacer(clock);
  const logins = new CameraLogins(clock, parts.logins);
  return (definition, sink) => {
    // A camera's second stream is declared where its first one is.
    const declared = parentStreamId(streamId(definition.app, definition.name));
    const mayBeLocal = settings.sources.allowLoopback || parts.mayBeLocal(declared);
    return startRtspSource(definition, sink, {
      clock,
      log,
      udpPorts: settings.rtsp.udpPorts,
      workedTransports,
      dialPacer,
      logins,
      resolveAddress: mayBeLocal ? resolveAnyAddress : resolveCameraAddress,
      // The file speaks for its cameras, not for where they send us.
      resolveRedirect: settings.sources.allowLoopback ? resolveLocalRedirect : resolveCameraAddress,
      resolve: (asked, signal) => parts.cameras.resolve(asked, signal),
      askKeyFrame: (asked) => parts.cameras.askKeyFrame(asked),
    });
  };
}

async function startWebRtc(parts: {
  settings: Settings;
  clock: Clock;
  log: Logger;
  hub: Hub;
}): Promise<WebRtc> {
  const { settings, clock, log, hub } = parts;
  const host = settings.webrtc.host ?? settings.http.host;
  const start = WebRtc.start({
    clock,
    log,
    streams: hub,
    listen: {
      hosts: [host === 'localhost' ? '127.0.0.1' : host],
      port: settings.webrtc.port,
      announcedAddresses: settings.webrtc.announcedAddresses ?? [],
    },
    ...(settings.webrtc.workers === undefined ? {} : { workers: settings.webrtc.workers }),
  });
  return listening('webrtc.port', `${host}:${settings.webrtc.port} (UDP and TCP)`, start);
}

async function startRtspServer(parts: { settings: Settings; clock: Clock; log: Logger; hub: Hub }) {
  const { settings, clock, log, hub } = parts;
  const { host, port, udpPorts } = settings.rtsp;
  const token = settings.auth.apiToken;
  const server = new RtspServer({
    clock,
    log,
    host,
    port,
    udpPorts,
    streams: hub,
    ...(token === undefined ? {} : { authorize: (credentials) => credentials.matches(token) }),
  });
  const bound = await listening('rtsp.port', `${host}:${port}`, server.listen());
  return { server, port: bound.port };
}

/** The streams of the file and of the catalog; a damaged row costs only its own stream. */
async function addStreams(parts: { config: LoadedConfig; hub: Hub; catalog: SqliteCatalog; log: Logger }) {
  const { config, hub, catalog, log } = parts;
  for (const definition of config.streams) hub.add(definition);
  const { definitions, problems } = await catalog.streams();
  for (const { id, message } of problems) log.error({ stream: id }, `this stream was left out: ${message}`);
  for (const definition of definitions) {
    const id = streamId(definition.app, definition.name);
    if (hub.get(id) === undefined) hub.add(definition);
    else log.warn({ stream: id }, 'the configuration file has this stream too; the one of the API rests');
  }
}

/** How this machine reaches a server that it listens with at `host`, as it stands in a URL. */
function hostForOwnUse(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

/** Throws StartError where `dataDir` is none that can be worked with. */
function openCatalog({ dataDir }: Settings): SqliteCatalog {
  try {
    return new SqliteCatalog({ dataDir, clock: systemClock });
  } catch (failure) {
    const why = failure instanceof Error ? failure.message : String(failure);
    throw new StartError(
      `dataDir (${resolve(dataDir)}) cannot be used: ${why}. It has to be a folder that Sluice may write to.`,
    );
  }
}

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
    const configured = directory.list().filter(({ app, name }) => !isDemo(streamId(app, name)));
    demo
      .set(settings.demo ?? configured.length === 0)
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

/** What lies at `dir` now is where recordings belong, whatever was there before. */
async function acceptDisk({ settings }: LoadedConfig, dir: string): Promise<void> {
  const catalog = openCatalog(settings);
  try {
    const path = resolve(dir);
    if (!(await catalog.forgetDisk(path))) {
      throw new StartError(
        `No disk was seen at ${path} before. Give the dataDir, or the dir of an application, as the settings have it.`,
      );
    }
    process.stdout.write(`The next disk that is seen at ${path} is taken for recordings.\n`);
  } finally {
    await catalog.close();
  }
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
