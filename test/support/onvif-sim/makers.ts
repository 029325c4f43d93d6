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
  /** Only the local time, with no UTC, in GetSystemDateAndTime. */
  readonly hidesUtc: boolean;
  readonly hasSync: boolean;
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

const ALL_PTZ = {
  absolute: true,
  relative: true,
  continuous: true,
  fov: true,
  home: true,
  hasPosition: true,
} as const;

/** Does all by the standard. */
const plain: Maker = {
  manufacturer: 'Sluice',
  model: 'Simulated PTZ',
  firmware: '1.10',
  serial: '00000000000000000042',
  hardware: 'SIM-PTZ',
  paths: {
    device: '/onvif/device_service',
    media: '/onvif/media_service',
    media2: '/onvif/media2_service',
    ptz: '/onvif/ptz_service',
    events: '/onvif/event_service',
    imaging: '/onvif/imaging_service',
  },
  tokens: ['main', 'sub'],
  auth: {},
  refusal: 'standard',
  isClosed: false,
  hasGetServices: true,
  ownServices: [],
  stamp: 'milliseconds',
  subscription: 'path',
  motion: { topic: 'tns1:VideoSource/MotionAlarm', source: { Source: 'vidsrc0' }, item: 'State' },
  input: {
    topic: 'tns1:Device/Trigger/DigitalInput',
    source: { InputToken: 'input0' },
    item: 'LogicalState',
  },
  pullPoints: {},
  hasRenew: true,
  hidesUtc: false,
  hasSync: true,
  ptz: ALL_PTZ,
  scopes: ['type/video_encoder', 'type/ptz', 'Profile/Streaming', 'Profile/T'],
};

const cellMotion: EventWording = {
  topic: 'tns1:RuleEngine/CellMotionDetector/Motion',
  source: {
    VideoSourceConfigurationToken: 'vscfg0',
    VideoAnalyticsConfigurationToken: 'VideoAnalyticsToken',
    Rule: 'MyMotionDetectorRule',
  },
  item: 'IsMotion',
};

const MAKERS = {
  plain,
  /** No head, no sound, nothing but pictures. */
  fixed: {
    ...plain,
    model: 'Simulated bullet',
    hardware: 'SIM-B',
    ptz: undefined,
    scopes: ['Profile/Streaming'],
  },
} satisfies Record<string, Maker>;

export type MakerName = keyof typeof MAKERS;

export const makers: Readonly<Record<MakerName, Maker>> = MAKERS;
export { ALL_PTZ, cellMotion, plain };
