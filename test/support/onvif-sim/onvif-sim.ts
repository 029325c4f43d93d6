import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type Clock, systemClock } from '../../../server/base/clock.ts';
import { Doorkeeper, type SimAuth } from './auth.ts';
import { OnvifCues, type SimMood } from './cues.ts';
import type { SimDevice, SimProfile } from './device.ts';
import { scopesOf } from './device-service.ts';
import { DiscoveryResponder } from './discovery.ts';
import { type PullPoint, PullPoints } from './events.ts';
import type { Maker, ServiceName } from './maker.ts';
import { makers } from './makers.ts';
import type { OnvifSimOptions } from './options.ts';
import { PtzHead } from './ptz.ts';
import { GREY_JPEG } from './snapshot.ts';
import { SoapDesk, type SoapDeskDeps, type SoapRequest } from './soap-desk.ts';
import { usualProfiles } from './usual-profiles.ts';

/** One that runs by hand for days keeps the newest only. */
const MANY_REQUESTS = 20_000;
const REBOOT_AFTER_MS = 100;

/** Starts a simulated ONVIF device. */
export function startOnvifSim(options: OnvifSimOptions = {}): Promise<OnvifSim> {
  return OnvifSim.start(options);
}

/**
 * An ONVIF device in this process, that shows the streams of others (CameraSims) as its own and does what a test tells
 * it.
 *
 * 1. `startOnvifSim({ main: camera.url() })` listens.
 * 2. `requests`, `ptz`, `syncs` and `subscriptions` tell what was done to it.
 * 3. `cues` makes things happen, and makes it misbehave.
 * 4. `stop()` ends it as a power cut does, `start()` brings it back on the same port; `close()` ends it for good.
 */
export class OnvifSim {
  readonly cues: OnvifCues;
  /** All SOAP calls and snapshots (the newest 10 000 at least), in order, with how they were answered. */
  readonly requests: SoapRequest[] = [];
  /** Tokens of profiles that a key frame was asked for. */
  readonly syncs: string[] = [];
  readonly endpoint: string;
  readonly host: string;
  readonly maker: Maker;
  readonly #options: OnvifSimOptions;
  readonly #clock: Clock;
  readonly #mood: SimMood;
  readonly #head: PtzHead | undefined;
  readonly #pullPoints: PullPoints;
  readonly #discovery: DiscoveryResponder | undefined;
  readonly #desk: SoapDesk;
  #profiles: readonly SimProfile[];
  #server: Server | undefined;
  #port: number;

  static async start(options: OnvifSimOptions = {}): Promise<OnvifSim> {
    const sim = new OnvifSim(options);
    await sim.start();
    return sim;
  }

  private constructor(options: OnvifSimOptions) {
    const { maker = 'plain', clock = systemClock, host = '127.0.0.1' } = options;
    this.#options = options;
    this.#clock = clock;
    this.host = host;
    this.#port = options.port ?? 0;
    this.maker = { ...(typeof maker === 'string' ? makers[maker] : maker), ...options.habits };
    this.endpoint = options.endpoint ?? `urn:uuid:${randomUUID()}`;
    this.#profiles = options.profiles ?? usualProfiles(this.maker, options);
    this.#mood = {
      clockOffsetMs: options.clockOffsetMs ?? 0,
      faults: [],
      told: options.told ?? {},
      discovery: undefined,
    };
    this.#head = this.maker.ptz === undefined ? undefined : new PtzHead(clock, this.maker.ptz);
    this.#pullPoints = new PullPoints(clock, this.maker.pullPoints);
    const device = this.#device();
    this.#desk = new SoapDesk({
      device,
      mood: this.#mood,
      ...this.#doors(options.auth),
      snapshot: options.snapshot ?? GREY_JPEG,
      onRequest: (request) => {
        this.requests.push(request);
        if (this.requests.length > MANY_REQUESTS) this.requests.splice(0, MANY_REQUESTS / 2);
        options.onRequest?.(request);
      },
    });
    this.cues = new OnvifCues({
      mood: this.#mood,
      maker: this.maker,
      pullPoints: this.#pullPoints,
      wallMs: () => this.wallMs,
    });
    const { discovery = false } = options;
    if (discovery !== false) {
      this.#discovery = new DiscoveryResponder(
        {
          host,
          endpoint: this.endpoint,
          xaddrs: () =>
            this.#mood.discovery?.xaddrs ?? [...this.maker.foreignXaddrs, device.serviceUrl('device')],
          scopes: () => scopesOf(device),
          override: () => this.#mood.discovery?.datagrams,
        },
        discovery === true ? {} : discovery,
      );
    }
  }

  get port(): number {
    return this.#port;
  }

  /** For a stream's source. */
  get url(): string {
    return `onvif://${this.host}:${this.#port}`;
  }

  /** Of its device service. */
  get serviceUrl(): string {
    return `${this.#scheme}://${this.host}:${this.#port}${this.maker.paths.device}`;
  }

  get hasHead(): boolean {
    return this.#head !== undefined;
  }

  /** Where the head is, and what it was told. @throws Error for a fixed camera. */
  get ptz(): PtzHead {
    if (this.#head === undefined) throw new Error('this camera has no head');
    return this.#head;
  }

  get profiles(): readonly SimProfile[] {
    return this.#profiles;
  }

  /** Those that have not run out. */
  get subscriptions(): PullPoint[] {
    return this.#pullPoints.list;
  }

  /** Too many wrong log-ins came: nobody is let in for half an hour of its clock. */
  get isLocked(): boolean {
    return this.#desk.isLocked;
  }

  /** Ids of the WS-Discovery probes that it heard. */
  get probes(): readonly string[] {
    return this.#discovery?.probes ?? [];
  }

  /** By its own clock. */
  get wallMs(): number {
    return this.#clock.wallMs() + this.#mood.clockOffsetMs;
  }

  get isUp(): boolean {
    return this.#server !== undefined;
  }

  /** How often it was asked that. */
  asked(action: string): number {
    return this.requests.filter((request) => request.action === action).length;
  }

  /** Other streams from now on: a client that reads the address again at each connect is led there. */
  change(streams: Pick<OnvifSimOptions, 'main' | 'sub' | 'profiles' | 'mainFacts' | 'subFacts'>): void {
    this.#profiles = streams.profiles ?? usualProfiles(this.maker, streams);
  }

  /** Comes (back) up, on the port it had. Idempotent. */
  async start(): Promise<void> {
    if (this.#server !== undefined) return;
    const answer: RequestListener = (request, response) => void this.#desk.answer(request, response);
    const { tls } = this.#options;
    const server: Server = tls === undefined ? createServer(answer) : createTlsServer(tls, answer);
    server.on('clientError', (_error, socket) => socket.destroy());
    // A pull may take a minute, and a drip longer.
    server.requestTimeout = 0;
    server.listen(this.#port, this.host);
    await once(server, 'listening');
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
    await this.#discovery?.start();
  }

  /** Is gone at once: connections are reset, and its subscriptions are lost. Idempotent. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    await this.#discovery?.stop();
    if (server === undefined) return;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
    this.#pullPoints.forget();
  }

  async reboot(): Promise<void> {
    await this.stop();
    await this.start();
  }

  close(): Promise<void> {
    return this.stop();
  }

  get #scheme(): 'http' | 'https' {
    return this.#options.tls === undefined ? 'http' : 'https';
  }

  #doors(given: OnvifSimOptions['auth']): Pick<SoapDeskDeps, 'door' | 'pictureDoor'> {
    if (given === null) return { door: undefined, pictureDoor: undefined };
    const auth: SimAuth = { ...this.maker.auth, ...(given ?? { username: 'admin', password: 'secret' }) };
    const door = new Doorkeeper(auth, () => this.wallMs);
    if (door.challenges().length > 0) return { door, pictureDoor: door };
    return { door, pictureDoor: new Doorkeeper({ ...auth, schemes: ['digest'] }, () => this.wallMs) };
  }

  #device(): SimDevice {
    const { name = this.maker.model, location = '', onSync, onReboot } = this.#options;
    const at = (told: string | undefined): string =>
      `${this.#scheme}://${told ?? `${this.host}:${this.#port}`}`;
    const { maker } = this;
    return {
      maker,
      clock: this.#clock,
      head: this.#head,
      pullPoints: this.#pullPoints,
      profiles: () => this.#profiles,
      wallMs: () => this.wallMs,
      videoSources: this.#options.videoSources ?? [
        ...new Set(this.#profiles.map(({ videoSource = 'vidsrc0' }) => videoSource)),
      ],
      name,
      location,
      serviceUrl: (service: ServiceName) => `${at(this.#mood.told.services)}${maker.paths[service] ?? ''}`,
      streamUrl: ({ uri }) => withHost(uri, this.#mood.told.streams),
      snapshotUrl: ({ token }) =>
        `${at(this.#mood.told.snapshots)}/snapshot?profile=${encodeURIComponent(token)}`,
      subscriptionUrl: (id) => {
        const base = `${at(this.#mood.told.subscriptions)}${maker.paths.events ?? ''}`;
        if (maker.subscription === 'path') return `${base}/subscription/${id}`;
        return maker.subscription === 'query' ? `${base}?Idx=${id}` : base;
      },
      askedForSync: (token) => {
        this.syncs.push(token);
        onSync?.(token);
      },
      rebootSoon: () => {
        // Not before it has said that it will.
        this.#clock.after(REBOOT_AFTER_MS, () => {
          onReboot?.();
          void this.reboot();
        });
      },
    };
  }
}

function withHost(uri: string, host: string | undefined): string {
  if (host === undefined) return uri;
  return uri.replace(/^([a-z]+:\/\/(?:[^@/]*@)?)([^:/]+)(:\d+)?/, (_all, scheme: string, _old, port = '') =>
    host.includes(':') ? `${scheme}${host}` : `${scheme}${host}${port}`,
  );
}
