import type { AddressResolver } from '../base/address-policy.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import { OnvifError } from './errors.ts';
import { readCapabilities, readServices } from './read/services.ts';
import type { ServiceName } from './soap/asking.ts';
import type { DeviceEndpoint, PlaceOnDevice } from './soap/camera-address.ts';
import type { DeviceAuth } from './soap/device-auth.ts';
import { DeviceClock } from './soap/device-clock.ts';
import { SafeCam } from './soap/safe-cam.ts';
import { hostPort, type OnvifTarget } from './target.ts';

export interface DeviceConnectionOptions {
  readonly target: OnvifTarget;
  readonly auth: DeviceAuth;
  /** SHA-256 of the one certificate that is taken. */
  readonly fingerprint: string | undefined;
  readonly isAsked: boolean;
  readonly resolveAddress: AddressResolver;
  readonly clock: Clock;
  readonly log: Logger;
  /** What was read of the device may hold no more. */
  onForgotten(): void;
}

/** What is known of a device once it was asked for its services. */
export interface Connected {
  readonly cam: SafeCam;
  readonly endpoint: DeviceEndpoint;
}

/** How often the device is asked for its time at least: its log-in depends on it. */
const CLOCK_REFRESH_MS = 3_600_000;

/**
 * The way to one device: where it is, which services it has and where, and its clock. Made with the first question, and anew after one
 * that failed in a way that says that things have changed; questions that come meanwhile wait for the same.
 */
export class DeviceConnection {
  readonly #options: DeviceConnectionOptions;
  readonly #deviceClock: DeviceClock;
  readonly #closing = new AbortController();
  #connected: Promise<Connected> | undefined;

  constructor(options: DeviceConnectionOptions) {
    this.#options = options;
    this.#deviceClock = new DeviceClock(options.clock);
  }

  /** `host:port` for people. */
  get name(): string {
    const { host, port } = this.#options.target;
    return hostPort(host, port);
  }

  /** The device's clock less ours; undefined until it has told. */
  get clockOffsetMs(): number | undefined {
    return this.#deviceClock.offsetMs;
  }

  /** Aborted by `close`. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Gives up all that runs. */
  close(): void {
    this.#closing.abort();
  }

  /** The device with its services, asked for where they are not known. */
  async connect(signal?: AbortSignal): Promise<Connected> {
    if (this.#closing.signal.aborted) throw new OnvifError('stopped', 'The camera is no longer asked.');
    this.#connected ??= this.#open().catch((failure: unknown) => {
      this.#connected = undefined;
      throw failure;
    });
    const connected = await unlessAborted(this.#connected, signal);
    const { ageMs } = this.#deviceClock;
    if (ageMs !== undefined && ageMs > CLOCK_REFRESH_MS)
      await connected.cam.readClock({ signal }).catch(() => {});
    return connected;
  }

  /**
   * Runs a question to the connected device. Where its services are no longer where they were (another firmware, another address of a name)
   * the next question looks for them anew.
   */
  async with<T>(ask: (connected: Connected) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const connected = await this.connect(signal);
    try {
      return await ask(connected);
    } catch (failure) {
      if (failure instanceof OnvifError && FORGET_AFTER.has(failure.kind)) this.#forget(connected);
      throw failure;
    }
  }

  async #open(): Promise<Connected> {
    const { resolveAddress, clock, log, auth, fingerprint, isAsked } = this.#options;
    const { host, port, secure, path } = this.#options.target;
    const resolved = await resolveAddress(host);
    if (!resolved.ok) throw new OnvifError(resolved.error.kind, resolved.error.message, { peer: this.name });
    const endpoint: DeviceEndpoint = { host, ip: resolved.value, port, secure };
    const cam = new SafeCam({
      endpoint,
      devicePath: path,
      fingerprint,
      auth,
      isAsked,
      deviceClock: this.#deviceClock,
      clock,
      signal: this.#closing.signal,
    });
    await readClockGently(cam);
    cam.setPlaces(await readPlaces(cam, endpoint));
    log.debug({ device: this.name, clockOffsetMs: this.clockOffsetMs }, 'ONVIF device answers');
    return { cam, endpoint };
  }

  #forget(connected: Connected): void {
    void this.#connected
      ?.then((current) => {
        if (current === connected) this.#connected = undefined;
      })
      .catch(() => {});
    this.#options.onForgotten();
  }
}

/** After these the services are looked for anew. */
const FORGET_AFTER: ReadonlySet<string> = new Set([
  'connect-failed',
  'not-onvif',
  'tls-failed',
  'certificate',
  'timeout',
  'closed',
]);

/** What is not reachable is not asked further; a device without a clock is asked by ours. */
async function readClockGently(cam: SafeCam): Promise<void> {
  try {
    await cam.readClock();
  } catch (failure) {
    const mayGoOn =
      failure instanceof OnvifError &&
      (failure.kind === 'refused' || failure.kind === 'unsupported' || failure.kind === 'auth-failed');
    if (!mayGoOn) throw failure;
  }
}

async function readPlaces(cam: SafeCam, endpoint: DeviceEndpoint): Promise<Map<ServiceName, PlaceOnDevice>> {
  try {
    const places = readServices(await cam.ask('getServices', false), endpoint);
    if (places.size > 0) return places;
  } catch (failure) {
    // GetServices came with ONVIF 2.0.
    const mayBeOld =
      failure instanceof OnvifError &&
      (failure.kind === 'refused' || failure.kind === 'unsupported' || failure.kind === 'not-onvif');
    if (!mayBeOld) throw failure;
  }
  return readCapabilities(await cam.ask('getCapabilities'), endpoint);
}

/** Waits with a signal of its own for what others wait for too. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(new OnvifError('stopped', 'The gateway no longer waits for the camera.'));
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
