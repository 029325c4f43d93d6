import type { DeviceFacts, MediaProfile } from '../../shared/onvif.ts';
import type { AddressResolver } from '../base/address-policy.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import { OnvifError } from './errors.ts';
import type { LensTokens } from './events/event-states.ts';
import {
  askKeyFrame,
  type Media,
  noProfile,
  readMedia,
  shownProfile,
  snapshotPlace,
  streamAddress,
} from './media.ts';
import { OnvifPtz } from './ptz/ptz.ts';
import { readDeviceInformation } from './read/device-information.ts';
import { chooseProfiles, choosePtzProfile, type ProfileRecord } from './read/profiles.ts';
import { readCapabilities, readServices } from './read/services.ts';
import { fetchSnapshot, type Snapshot } from './snapshot.ts';
import type { ServiceName } from './soap/asking.ts';
import { type DeviceEndpoint, type PlaceOnDevice, streamUrlOnDevice } from './soap/camera-address.ts';
import { DeviceAuth } from './soap/device-auth.ts';
import { DeviceClock } from './soap/device-clock.ts';
import { LoginHistories, LoginHistory } from './soap/login-history.ts';
import { SafeCam } from './soap/safe-cam.ts';
import { hostPort, type OnvifTarget, parseOnvifUrl } from './target.ts';

export interface OnvifDeviceOptions {
  /** `onvif://host[:port][/path][?profile=TOKEN]`. */
  readonly url: string;
  /** Those in the URL count where there is none. */
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** SHA-256 of the one certificate that is taken, where its services are asked over TLS. */
  readonly tlsFingerprint?: string | undefined;
  /** Says which address a host is, and whether it may be asked at all; asked anew for each connection. */
  readonly resolveAddress: AddressResolver;
  readonly clock: Clock;
  readonly log: Logger;
  /** Shared by all devices whose refused log-ins are to count together; default: its own. */
  readonly logins?: LoginHistories | undefined;
  /** Somebody waits for the answer: a refused log-in is tried again after 30 s, not after ever more. */
  readonly isAsked?: boolean | undefined;
}

export interface StreamAddress {
  /** `rtsp://` or `rtsps://` at the device's own host, without user and password. */
  readonly url: string;
  readonly profile: MediaProfile;
}

/** What is known of a device once it was asked for its services. */
export interface Connected {
  readonly cam: SafeCam;
  readonly endpoint: DeviceEndpoint;
}

/** How often the device is asked for its time at least: its log-in depends on it. */
const CLOCK_REFRESH_MS = 3_600_000;

/**
 * One ONVIF device. Connects by itself with the first question, and anew after one that failed; questions that come meanwhile wait for the
 * same connection. All methods reject with an OnvifError.
 */
export class OnvifDevice {
  readonly #options: OnvifDeviceOptions;
  readonly #target: OnvifTarget;
  readonly #auth: DeviceAuth;
  readonly #snapshotAuth: DeviceAuth;
  readonly #deviceClock: DeviceClock;
  readonly #closing = new AbortController();
  #connected: Promise<Connected> | undefined;
  #media: Media | undefined;
  readonly ptz: OnvifPtz;

  /** @throws {OnvifError} bad-url */
  constructor(options: OnvifDeviceOptions) {
    this.#options = options;
    const target = parseOnvifUrl(options.url);
    if (!target.ok) throw target.error;
    this.#target = target.value;
    const username = options.username ?? this.#target.user?.username;
    const password = options.password ?? this.#target.user?.password ?? '';
    const credentials = username === undefined ? undefined : { username, password };
    const { logins = new LoginHistories(options.clock) } = options;
    const authFor = (what: string) =>
      new DeviceAuth(
        credentials,
        credentials === undefined
          ? new LoginHistory(options.clock)
          : logins.of(this.#target.host, credentials, what),
      );
    this.#auth = authFor('questions');
    this.#snapshotAuth = authFor('pictures');
    this.#deviceClock = new DeviceClock(options.clock);
    this.ptz = new OnvifPtz(this);
  }

  /** `host:port` for people. */
  get name(): string {
    return hostPort(this.#target.host, this.#target.port);
  }

  /** The device's clock less ours; undefined until it has told. */
  get clockOffsetMs(): number | undefined {
    return this.#deviceClock.offsetMs;
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

  /** What it says of itself. */
  facts(signal?: AbortSignal): Promise<DeviceFacts> {
    return this.with(async (connected) => {
      const { cam } = connected;
      const information = readDeviceInformation(await cam.ask('getDeviceInformation', undefined, { signal }));
      const media = await this.#readMedia(connected, signal);
      const { clockOffsetMs } = this;
      const main = chooseProfiles(media.records, this.#target.profile).main ?? media.records[0];
      const snapshot =
        main === undefined
          ? undefined
          : await snapshotPlace(connected.cam, media, main.token, signal).catch(() => undefined);
      return {
        ...information,
        profiles: this.#shown(media),
        services: {
          media2: cam.has('media2'),
          ptz: cam.has('ptz') && choosePtzProfile(media.records, this.#target.profile) !== undefined,
          events: cam.has('events'),
          imaging: cam.has('imaging'),
          snapshot: snapshot !== undefined,
        },
        ...(clockOffsetMs === undefined ? {} : { clockOffsetMs }),
      };
    }, signal);
  }

  /** All its media profiles, read anew. */
  profiles(signal?: AbortSignal): Promise<readonly MediaProfile[]> {
    return this.with(async (connected) => this.#shown(await this.#readMedia(connected, signal)), signal);
  }

  /**
   * Where the picture is to be had, asked anew: it may be another after a restart or a change of settings. `profile` (token or name) wins
   * over that of the URL.
   */
  streamUri(
    { as, profile }: { readonly as: 'main' | 'sub'; readonly profile?: string | undefined },
    signal?: AbortSignal,
  ): Promise<StreamAddress> {
    return this.with(async (connected) => {
      const media = await this.#readMedia(connected, signal);
      const asked = profile ?? this.#target.profile;
      const record = chooseProfiles(media.records, asked)[as];
      if (record === undefined) throw noProfile(this.name, media, as, asked);
      const address = await streamAddress(connected.cam, media, record.token, signal);
      const url = address === undefined ? undefined : streamUrlOnDevice(address, connected.endpoint);
      if (url === undefined) {
        const message = `The camera at ${this.name} names no RTSP address for its profile "${record.name}". Use another one: onvif://…?profile=NAME, or the camera's rtsp:// address.`;
        throw new OnvifError('unsupported', message);
      }
      return { url, profile: { ...shownProfile(record), usedAs: as } };
    }, signal);
  }

  /** A picture that the device makes itself, of `profile` (token or name) or of the main one. */
  snapshot(profile?: string, signal?: AbortSignal): Promise<Snapshot> {
    return this.with(async (connected) => {
      const media = await this.#knownMedia(connected, signal);
      const asked = profile ?? this.#target.profile;
      const record =
        chooseProfiles(media.records, asked).main ?? (asked === undefined ? media.records[0] : undefined);
      if (record === undefined) throw noProfile(this.name, media, 'main', asked);
      const place = await snapshotPlace(connected.cam, media, record.token, signal);
      if (place === undefined) {
        throw new OnvifError(
          'unsupported',
          `The camera at ${this.name} names no address for single pictures.`,
        );
      }
      const { fingerprint } = this;
      return fetchSnapshot({
        endpoint: connected.endpoint,
        place,
        auth: this.#snapshotAuth,
        fingerprint,
        clock: this.#options.clock,
        signals: [signal, this.#closing.signal],
      });
    }, signal);
  }

  /** Asks for a key frame of a profile (ONVIF Media section 5.16), of the main one where none is named. */
  askKeyFrame(profileToken?: string, signal?: AbortSignal): Promise<void> {
    return this.with(async (connected) => {
      const media = await this.#knownMedia(connected, signal);
      const token = profileToken ?? chooseProfiles(media.records, this.#target.profile).main?.token;
      if (token === undefined) throw noProfile(this.name, media, 'main', undefined);
      await askKeyFrame(connected.cam, media, token, signal);
    }, signal);
  }

  /** The profile whose lens is steered. */
  async ptzProfile(connected: Connected, signal?: AbortSignal): Promise<ProfileRecord> {
    const media = await this.#knownMedia(connected, signal);
    const record = choosePtzProfile(media.records, this.#target.profile);
    if (record === undefined || !connected.cam.has('ptz')) {
      throw new OnvifError('unsupported', `The camera at ${this.name} cannot be moved over ONVIF.`);
    }
    return record;
  }

  /** By which tokens events name the lens of the main profile, and the device's others. */
  async lensTokens(connected: Connected, signal?: AbortSignal): Promise<LensTokens> {
    const media = await this.#knownMedia(connected, signal);
    const { main } = chooseProfiles(media.records, this.#target.profile);
    const tokens = (isOwn: boolean) =>
      media.records
        .filter(({ videoSource }) => (videoSource === main?.videoSource) === isOwn)
        .flatMap(({ videoSource, videoSourceConfiguration }) => [videoSource, videoSourceConfiguration])
        .filter((token) => token !== undefined);
    return { own: new Set(tokens(true)), others: new Set(tokens(false)) };
  }

  get fingerprint(): string | undefined {
    return this.#options.tlsFingerprint;
  }

  async #open(): Promise<Connected> {
    const { resolveAddress, clock, log } = this.#options;
    const { host, port, secure, path } = this.#target;
    const resolved = await resolveAddress(host);
    if (!resolved.ok) throw new OnvifError(resolved.error.kind, resolved.error.message, { peer: this.name });
    const endpoint: DeviceEndpoint = { host, ip: resolved.value, port, secure };
    const cam = new SafeCam({
      endpoint,
      devicePath: path,
      fingerprint: this.fingerprint,
      auth: this.#auth,
      isAsked: this.#options.isAsked === true,
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
    this.#media = undefined;
  }

  async #readMedia({ cam }: Connected, signal?: AbortSignal): Promise<Media> {
    this.#media = await readMedia(cam, this.name, signal);
    return this.#media;
  }

  /** As read last, for what stays the same for longer. */
  async #knownMedia(connected: Connected, signal?: AbortSignal): Promise<Media> {
    return this.#media ?? this.#readMedia(connected, signal);
  }

  #shown({ records }: Media): MediaProfile[] {
    const { main, sub } = chooseProfiles(records, this.#target.profile);
    return records.map((record) => {
      const usedAs = record === main ? 'main' : record === sub ? 'sub' : undefined;
      return { ...shownProfile(record), ...(usedAs === undefined ? {} : { usedAs }) };
    });
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
