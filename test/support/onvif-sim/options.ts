import type { TlsOptions } from 'node:tls';
import type { Clock } from '../../../server/base/clock.ts';
import type { SimAuth } from './auth.ts';
import type { SimProfile } from './device.ts';
import type { DiscoveryOptions } from './discovery.ts';
import type { Maker } from './maker.ts';
import type { MakerName } from './makers.ts';
import type { SoapRequest } from './soap-desk.ts';

/** Hosts in the addresses that it gives, as `10.0.0.9` or `10.0.0.9:80`, where they are not its own. */
export interface ToldHosts {
  /** Of its services. */
  readonly services?: string;
  readonly streams?: string;
  readonly snapshots?: string;
  readonly subscriptions?: string;
}

export interface OnvifSimOptions {
  /** Where its main stream is watched: a CameraSim's `url()`. */
  readonly main?: string;
  readonly sub?: string;
  /** What its main stream is by its own words, e.g. `{ codec: 'H265' }`. Default H.264, 1920x1080, 25/s. */
  readonly mainFacts?: Partial<SimProfile>;
  /** Default H.264, 640x360, 15/s. */
  readonly subFacts?: Partial<SimProfile>;
  /** In place of main and sub, or of what they say of themselves. */
  readonly profiles?: readonly SimProfile[];
  /** Its eyes, as an encoder or a recorder with many has them. Default those of its profiles. */
  readonly videoSources?: readonly string[];
  /** Default 127.0.0.1; any 127.x.y.z will do, to be another device. */
  readonly host?: string;
  /** 0 or absent: any free port. */
  readonly port?: number;
  readonly tls?: TlsOptions;
  /** Whose habits it has, by name, or own ones. Default `plain`, which does all by the standard. */
  readonly maker?: MakerName | Maker;
  /** Some habits otherwise. */
  readonly habits?: Partial<Maker>;
  /** Default `admin` with `secret`; null: everybody is let in. */
  readonly auth?: SimAuth | null;
  /** As its scopes and its host name tell. */
  readonly name?: string;
  readonly location?: string;
  /** `urn:uuid:...`; random where absent. */
  readonly endpoint?: string;
  /** Default: not found by anybody. `true`: on port 3702 of its host, and in the multicast group on loopback. */
  readonly discovery?: boolean | DiscoveryOptions;
  readonly clock?: Clock;
  /** Its wall clock less this machine's. */
  readonly clockOffsetMs?: number;
  readonly told?: ToldHosts;
  /** What its snapshot address gives. Default a small grey picture. */
  readonly snapshot?: Buffer;
  /** A key frame is asked for, e.g. `() => camera.cues.keyFrame()`. */
  readonly onSync?: (profileToken: string) => void;
  /** A call has come, and is not answered yet. */
  readonly onRequest?: (request: SoapRequest) => void;
  /** It goes down and comes back, e.g. `() => camera.reboot()`. */
  readonly onReboot?: () => void;
}
