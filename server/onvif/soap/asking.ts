import type { Clock } from '../../base/clock.ts';
import type { DeviceEndpoint, PlaceOnDevice } from './camera-address.ts';
import type { DeviceAuth } from './device-auth.ts';
import type { DeviceClock } from './device-clock.ts';

/** Services of a device that we use. */
export type ServiceName = 'device' | 'media' | 'media2' | 'ptz' | 'events' | 'imaging';

/** Methods of the package's Cam of which we take the message. */
export type CamMethod =
  | 'getServices'
  | 'getCapabilities'
  | 'getDeviceInformation'
  | 'getProfiles'
  | 'getStreamUri'
  | 'getSnapshotUri'
  | 'setSynchronizationPoint'
  | 'getNodes'
  | 'getConfigurations'
  | 'getConfigurationOptions'
  | 'getStatus'
  | 'getPresets'
  | 'setPreset'
  | 'removePreset'
  | 'gotoPreset'
  | 'gotoHomePosition'
  | 'continuousMove'
  | 'absoluteMove'
  | 'stop';

export interface AskOptions {
  /** For the whole exchange with its log-ins; default 8 s. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** Whether media calls speak to the Media2 service (ONVIF Profile T). */
  readonly media2?: boolean;
}

export interface PostOptions extends AskOptions {
  readonly service: ServiceName;
  /** Instead of the service's own place, e.g. that of a subscription. */
  readonly place?: PlaceOnDevice;
  /** XML, with all texts in it escaped. */
  readonly body: string;
  readonly headers?: string;
  /** What the HTTP header says is wanted; default: by the body. */
  readonly action?: string;
  /** Sent without a log-in. */
  readonly isOpen?: boolean;
}

export interface SafeCamParts {
  readonly endpoint: DeviceEndpoint;
  readonly devicePath: string;
  readonly fingerprint: string | undefined;
  readonly auth: DeviceAuth;
  /** Somebody waits for the answer: a refused log-in is tried again sooner. */
  readonly isAsked: boolean;
  readonly deviceClock: DeviceClock;
  readonly clock: Clock;
  /** Ends everything that runs. */
  readonly signal: AbortSignal;
}
