/**
 * Where the parts meet: nothing else imports across layers. `start` is one list of steps; each registers its undo,
 * and read backwards it is the stop list.
 */

import { fileURLToPath } from 'node:url';
import type { StreamId } from '../shared/names.ts';
import { streamId } from '../shared/names.ts';
import type { StreamDefinition } from '../shared/stream.ts';
import { resolveAnyAddress, resolveCameraAddress } from './base/address-policy.ts';
import { isLoopback } from './base/addresses.ts';
import { type Clock, systemClock } from './base/clock.ts';
import { Closers } from './base/closers.ts';
import { ConfigError, type LoadedConfig, loadConfig } from './base/config/load.ts';
import type { Settings } from './base/config/settings.ts';
import { createLogger, type Logger } from './base/log.ts';
import { prettyStream } from './base/log-pretty.ts';
import { VERSION } from './base/version.ts';
import { SqliteCatalog } from './catalog/index.ts';
import { HELP, parseCommandLine } from './cli.ts';
import { Demo, Metrics, StreamDirectory } from './gateway/index.ts';
import { createHttpApp, Gate } from './http/index.ts';
import { RtspServer, startRtspSource } from './rtsp/index.ts';
import { SignalingServer } from './signaling/index.ts';
import { Hub, type StartSource } from './stream/index.ts';
import { startDemoCamera } from './transcode/index.ts';
import { WebRtc } from './webrtc/index.ts';

/** How long viewers wait before they look for the gateway again after an orderly stop. */
const RETRY_AFTER_MS = 2_000;
/** An orderly stop that takes longer than this is given up. */
const STOP_TIMEOUT_MS = 15_000;
/** systemd signals every process of a service, and whoever started us passes the signal on: that is one and the same. */
const SAME_SIGNAL_MS = 300;
const STATIC_DIR = fileURLToPath(new URL('../client/dist', import.meta.url));

/** Something a person has to mend before the gateway can start; the message says how. */
class StartError extends Error {}

function requireLogin(settings: Settings): void {
  const open = [
    ['http.host', settings.http.host],
    ['rtsp.host', settings.rtsp.host],
  ] as const;
  for (const [key, host] of open) {
    if (settings.auth.apiToken !== undefined || host === 'localhost' || isLoopback(host)) continue;
    throw new StartError(
      `${key} is ${host}, so other machines could watch without logging in. Set auth.apiToken (SLUICE_API_TOKEN), ` +
        'for example to the output of "openssl rand -hex 24", or keep the address 127.0.0.1.',
    );
  }
}

/** `what` failed with a system error: says which setting to change. */
async function listening<T>(key: string, address: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (failure) {
    const code = failure instanceof Error && 'code' in failure ? String(failure.code) : '';
    const text = failure instanceof Error ? failure.message : String(failure);
    if (code === 'EADDRINUSE' || /address already in use|port bind failed/i.test(text)) {
      throw new StartError(
        `${address} is in use by another program. Stop that one, or choose another ${key}.`,
      );
    }
    if (code === 'EACCES' || code === 'EADDRNOTAVAIL') {
      throw new StartError(`Cannot listen at ${address} (${code}). Choose another ${key}.`);
    }
    throw failure;
  }
}

function sourceStarter(parts: {
  clock: Clock;
  log: Logger;
  settings: Settings;
  trusted: Set<StreamId>;
}): StartSource {
  const { clock, log, settings, trusted } = parts;
  const workedTransports = new Map();
  return (definition, sink) => {
    const mayBeLocal =
      settings.sources.allowLoopback || trusted.has(streamId(definition.app, definition.name));
    return startRtspSource(definition, sink, {
      clock,
      log,
      udpPorts: settings.rtsp.udpPorts,
      workedTransports,
      resolveAddress: mayBeLocal ? resolveAnyAddress : resolveCameraAddress,
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

function checkPublishers(streams: readonly StreamDefinition[], file: string | undefined): void {
  for (const { app, name, source } of streams) {
    if (source.url !== 'publish:' || (source.username !== undefined && source.password !== undefined))
      continue;
    throw new StartError(
      `${file}: streams.${app}/${name}.source needs username and password; publishers log in with them.`,
    );
  }
}

interface Gateway {
  readonly url: string;
  close(): Promise<void>;
}

async function start(config: LoadedConfig, log: Logger): Promise<Gateway> {
  const closers = new Closers();
  try {
    return { url: await startParts(config, log, closers), close: () => closers.close() };
  } catch (failure) {
    await closers.close();
    throw failure;
  }
}

async function startParts(config: LoadedConfig, log: Logger, closers: Closers): Promise<string> {
  const { settings } = config;
  const clock = systemClock;
  const base = { settings, clock, log };
  requireLogin(settings);
  checkPublishers(config.streams, config.file);

  const catalog = new SqliteCatalog({ dataDir: settings.dataDir, clock });
  closers.add(() => catalog.close());

  const readOnly = new Set(config.streams.map(({ app, name }) => streamId(app, name)));
  const trusted = new Set<StreamId>([...readOnly, 'live/demo']);
  const hub = new Hub({ clock, log, startSource: sourceStarter({ ...base, trusted }) });
  closers.add(() => hub.close());

  const webRtc = await startWebRtc({ ...base, hub });
  closers.add(() => webRtc.close());

  const rtsp = await startRtspServer({ ...base, hub });
  closers.add(() => rtsp.server.close());
  await addStreams({ config, hub, catalog, log });

  const { apiToken } = settings.auth;
  const ffmpegPath = process.env.FFMPEG_PATH;
  const demo = new Demo({
    hub,
    log,
    rtspPort: rtsp.port,
    apiToken,
    startCamera: (secret) =>
      startDemoCamera({
        clock,
        log,
        rtspPort: rtsp.port,
        ...(ffmpegPath === undefined ? {} : { ffmpegPath }),
        ...secret,
      }),
  });
  closers.add(() => demo.set(false));
  const directory = new StreamDirectory({
    hub,
    catalog,
    readOnly: new Set<StreamId>([...readOnly, 'live/demo']),
    sharedViewers: (id) => webRtc.viewersOf(id),
    onCountChanged: () => updateDemo(),
  });
  const updateDemo = () => {
    const configured = directory
      .list()
      .filter(({ app, name }) => readOnly.has(streamId(app, name)) || name !== 'demo');
    demo
      .set(settings.demo ?? configured.length === 0)
      .catch((failure) => log.error({ err: failure }, 'the demo failed'));
  };
  updateDemo();

  const metrics = new Metrics({
    hub,
    viewers: () => hub.list().reduce((sum, { id }) => sum + webRtc.viewersOf(id), 0),
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
    ports: {
      streams: directory,
      whep: webRtc.whep,
      metrics: () => metrics.text(),
      readiness: () => ({ ready: webRtc.isReady, checks: { webrtc: webRtc.isReady } }),
    },
  });
  closers.add(() => app.close());
  const signaling = new SignalingServer({
    clock,
    log,
    gateway: webRtc.viewers,
    streams: directory,
    guard: gate,
  });
  app.server.on('upgrade', (request, socket, head) => signaling.handleUpgrade(request, socket, head));
  closers.add(() => signaling.closeAll(RETRY_AFTER_MS));
  const { host, port } = settings.http;
  return listening('http.port', `${host}:${port}`, app.listen({ host, port }));
}

/** The first signal stops everything in order; the second one exits at once. */
function stopOnSignals(gateway: () => Gateway | undefined, log: Logger): void {
  let stoppingSinceMs: number | undefined;
  const stop = (signal: NodeJS.Signals) => {
    const nowMs = systemClock.monotonicMs();
    if (stoppingSinceMs !== undefined) {
      if (nowMs - stoppingSinceMs > SAME_SIGNAL_MS) process.exit(130);
      return;
    }
    stoppingSinceMs = nowMs;
    log.info({ signal }, 'stopping; once more to exit at once');
    const cancel = systemClock.after(STOP_TIMEOUT_MS, () => {
      log.error({}, 'stopping took too long; giving up');
      process.exit(1);
    });
    const closed = gateway()?.close() ?? Promise.resolve();
    closed
      .catch((failure: unknown) => log.error({ err: failure }, 'something did not stop in order'))
      .finally(() => {
        cancel();
        log.info({}, 'stopped');
        process.exit(0);
      });
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop(signal));
}

async function run(config: LoadedConfig): Promise<void> {
  const terminal = process.stderr.isTTY === true;
  const log = createLogger(
    config.settings.log.level,
    terminal ? prettyStream(process.stderr, true) : process.stderr,
  );
  // A bug that nobody caught leaves parts in an unknown state: end, so that a supervisor starts afresh.
  process.on('uncaughtException', (failure) => {
    log.error({ err: failure }, 'unforeseen failure; the gateway ends');
    process.exit(1);
  });
  let gateway: Gateway | undefined;
  stopOnSignals(() => gateway, log);
  gateway = await start(config, log);
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
    case 'check':
    case 'run': {
      const config = loadConfig({ file: command.configFile, env: process.env });
      requireLogin(config.settings);
      checkPublishers(config.streams, config.file);
      if (command.kind === 'run') return run(config);
      process.stdout.write(`${config.file ?? 'The settings'}: ok, ${config.streams.length} streams.\n`);
    }
  }
}

main().catch((failure: unknown) => {
  if (failure instanceof ConfigError || failure instanceof StartError)
    process.stderr.write(`${failure.message}\n`);
  else process.stderr.write(`${failure instanceof Error ? failure.stack : String(failure)}\n`);
  process.exit(1);
});
