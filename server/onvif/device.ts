import { createHash } from 'node:crypto';
import type { DeviceFacts, MediaProfile } from '../../shared/onvif.ts';
import type { AddressResolver } from '../base/address-policy.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import { LoginHistories, LoginHistory } from '../base/login-histories.ts';
import { type Connected, DeviceConnection } from './device-connection.ts';
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
import { chooseChannels, chooseProfiles, choosePtzProfile, type ProfileRecord } from './read/profiles.ts';
import { fetchSnapshot, type Snapshot } from './snapshot.ts';
import { streamUrlOnDevice } from './soap/camera-address.ts';
import { DeviceAuth } from './soap/device-auth.ts';
import { type OnvifTarget, parseOnvifUrl, profileUrl } from './target.ts';

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
  /** Shared by all whose refused log-ins are to count together, whatever they speak; default: its own. */
  readonly logins?: LoginHistories | undefined;
  /** Somebody waits for the answer: a refused log-in is tried again after 30 s, not after ever more. */
  readonly isAsked?: boolean | undefined;
}

export interface StreamAddress {
  /** `rtsp://` or `rtsps://`, without user and password; at the device's own host, unless its URL says `followHosts`. */
  readonly url: string;
  readonly profile: MediaProfile;
}

/** What can be asked of one ONVIF device, which is dialled with the first question. All methods reject with an OnvifError. */
export class OnvifDevice {
  readonly #options: OnvifDeviceOptions;
  readonly #target: OnvifTarget;
  readonly #snapshotAuth: DeviceAuth;
  readonly #connection: DeviceConnection;
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
          : logins.of(this.#target.host, credentials, `onvif ${what}`),
      );
    this.#snapshotAuth = authFor('pictures');
    const { resolveAddress, clock, log, tlsFingerprint: fingerprint, isAsked = false } = options;
    this.#connection = new DeviceConnection({
      ...{
        target: this.#target,
        auth: authFor('questions'),
        fingerprint,
        isAsked,
        resolveAddress,
        clock,
        log,
      },
      onForgotten: () => {
        this.#media = undefined;
      },
    });
    this.ptz = new OnvifPtz(this);
  }

  /** `host:port` for people. */
  get name(): string {
    return this.#connection.name;
  }

  /** The device's clock less ours; undefined until it has told. */
  get clockOffsetMs(): number | undefined {
    return this.#connection.clockOffsetMs;
  }

  /** Gives up all that runs. */
  close(): void {
    this.#connection.close();
  }

  /** The device with its services, asked for where they are not known. */
  connect(signal?: AbortSignal): Promise<Connected> {
    return this.#connection.connect(signal);
  }

  /** See `DeviceConnection.with`. */
  with<T>(ask: (connected: Connected) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#connection.with(ask, signal);
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
        channels: chooseChannels(media.records).map(({ main, sub }) => ({
          name: main.name,
          url: profileUrl(this.#target, main.token),
          main: main.token,
          ...(sub === undefined ? {} : { sub: sub.token }),
        })),
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
      const { followsHosts } = this.#target;
      const url =
        address === undefined ? undefined : streamUrlOnDevice(address, connected.endpoint, followsHosts);
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
        signals: [signal, this.#connection.closing],
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

  /** The same for all who ask this device with the same log-in, whichever of its profiles they mean. */
  get identity(): string {
    const { host, port, secure, path, user } = this.#target;
    const { username, password, tlsFingerprint } = this.#options;
    const parts = [
      host,
      port,
      secure,
      path,
      user ?? null,
      username ?? null,
      password ?? null,
      tlsFingerprint ?? null,
    ];
    return createHash('sha256').update(JSON.stringify(parts)).digest('base64');
  }

  get resolveAddress(): AddressResolver {
    return this.#options.resolveAddress;
  }

  get fingerprint(): string | undefined {
    return this.#options.tlsFingerprint;
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
