import type { SimAuth } from './auth.ts';
import type { PullPointTraits } from './events.ts';
import type { PtzTraits } from './ptz.ts';

export type ServiceName = 'device' | 'media' | 'media2' | 'ptz' | 'events' | 'imaging';

export const NAMESPACES: Readonly<Record<ServiceName, string>> = {
  device: 'http://www.onvif.org/ver10/device/wsdl',
  media: 'http://www.onvif.org/ver10/media/wsdl',
  media2: 'http://www.onvif.org/ver20/media/wsdl',
  ptz: 'http://www.onvif.org/ver20/ptz/wsdl',
  events: 'http://www.onvif.org/ver10/events/wsdl',
  imaging: 'http://www.onvif.org/ver20/imaging/wsdl',
};

/** How a maker words that something moves, or that an input is on. */
export interface EventWording {
  readonly topic: string;
  readonly source: Readonly<Record<string, string>>;
  /** The name of the item that is `true` or `false`. */
  readonly item: string;
}

/** What one maker's devices do in a way of their own. */
export interface Maker {
  readonly manufacturer: string;
  readonly model: string;
  readonly firmware: string;
  readonly serial: string;
  readonly hardware: string;
  /** Where its services are; one that is absent it has not. */
  readonly paths: Readonly<Partial<Record<ServiceName, string>> & { device: string }>;
  /** Main and sub. */
  readonly tokens: readonly [string, string];
  readonly auth: Partial<Omit<SimAuth, 'username' | 'password'>>;
  /** What a wrong log-in is answered with: by the standard a token with 400 and a digest with 401, or always the same. */
  readonly refusal: 'standard' | 400 | 401;
  /** Even what is open to all by the standard (ONVIF Core, section 5.9.5: date, services …) asks for a log-in. */
  readonly isClosed: boolean;
  /** False: not there, as in devices before 2011; only GetCapabilities is. */
  readonly hasGetServices: boolean;
  /** Services that it tells of besides, with namespaces that are not ONVIF's. */
  readonly ownServices: readonly string[];
  /** How times in events are written: `2026-11-21T10:00:00Z`, with milliseconds, or with an offset. */
  readonly stamp: 'seconds' | 'milliseconds' | 'offset';
  /** How a subscription is told from another. */
  readonly subscription: 'path' | 'query' | 'reference-parameter';
  readonly motion: EventWording;
  readonly input: EventWording;
  readonly pullPoints: Partial<PullPointTraits>;
  readonly hasRenew: boolean;
  /** Only the local time, with no UTC, in GetSystemDateAndTime (agsh/onvif #160). */
  readonly hidesUtc: boolean;
  /** The time that it tells less the one it goes by: of a camera that tells its local time as UTC (OpenIPC majestic-webui #292). */
  readonly toldClockOffsetMs: number;
  readonly hasSync: boolean;
  /** False: GetSnapshotUri is refused. */
  readonly hasSnapshot: boolean;
  /** The page that a wrong log-in gets: a SOAP fault, or the web server's own (home-assistant #119107). */
  readonly refusalPage: 'soap' | 'html';
  /** How it words that a token's time is wrong. */
  readonly staleReason: string;
  /** Names in its replies have prefixes that nothing declares. */
  readonly declaresNamespaces: boolean;
  /** CreatePullPointSubscription fails without an InitialTerminationTime (home-assistant #85902). */
  readonly needsTerminationTime: boolean;
  /** Its replies about a subscription tell when it ends. */
  readonly tellsTermination: boolean;
  /** Takes `PT10M` for ten seconds (home-assistant #92551). */
  readonly takesMinutesForSeconds: boolean;
  /** By the standard (ONVIF Core, section 9.1.1) a pull keeps its subscription alive; else only Renew does (onvif/specs #506). */
  readonly pullKeepsAlive: boolean;
  /** Media2 is there by GetServices, and refuses everything (D-Link DCS-8635LH). */
  readonly media2Fails: boolean;
  /** Addresses of its device service besides the right one, put first in what discovery tells. */
  readonly foreignXaddrs: readonly string[];
  /** GetServices and GetCapabilities tell of a PTZ service though it has no head. */
  readonly claimsPtz: boolean;
  /** How the length of an answer is told: by its number, in chunks, or by the connection's end. */
  readonly transfer: 'length' | 'chunked' | 'close';
  /** Ends its connections after each answer though it said nothing of it: a client that keeps them finds them reset (kopiro/homebridge-tapo-camera). */
  readonly hangsUp: boolean;
  /** Profiles that are no video, such as one without an encoder and one of single pictures, stand first, and the sub stream before the main one. */
  readonly jumblesProfiles: boolean;
  /** Undefined: a fixed camera. */
  readonly ptz:
    | (Partial<PtzTraits> & {
        readonly absolute: boolean;
        readonly relative: boolean;
        readonly continuous: boolean;
        /** Relative moves by shares of the picture. */
        readonly fov: boolean;
        readonly home: boolean;
        readonly hasPosition: boolean;
        /** How its absolute pan and tilt are counted. Default -1..1. */
        readonly panTiltRange?: readonly [number, number];
      })
    | undefined;
  readonly scopes: readonly string[];
}
