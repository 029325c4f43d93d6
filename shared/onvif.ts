import { z } from 'zod';
import { streamIdSchema } from './names.ts';

/*
 * ONVIF as the API gives it. Nothing here ever holds a password, nor a URL with one. Addresses are texts as a camera wrote
 * them once they were checked (`server/onvif`), never followed by a browser.
 */

/** A device that answered a probe (WS-Discovery 1.1, ONVIF Core section 7.3), by what it says of itself without a log-in. */
export const discoveredDeviceSchema = z.object({
  /** The endpoint reference, mostly `urn:uuid:...`; the same device at all its addresses. */
  id: z.string(),
  /** Where the answer came from. */
  host: z.string(),
  /** Of its device service. */
  port: z.number().int(),
  /** For a stream's source: `onvif://10.0.0.7` or `onvif://10.0.0.7:8080`. */
  url: z.string(),
  /** By its scopes: `onvif://www.onvif.org/name/...`, `/hardware/...`, `/location/...`. */
  name: z.string().optional(),
  hardware: z.string().optional(),
  location: z.string().optional(),
  /** Streams that are dialled there already, as `app/name`. */
  knownAs: z.array(z.string()),
});
export type DiscoveredDevice = z.infer<typeof discoveredDeviceSchema>;

/** What is looked through. Without `hosts` only those who answer the multicast probe are found. */
export const scanRequestSchema = z.strictObject({
  /** Addresses to ask one by one: `10.0.0.7`, `10.0.0.0/24`, `10.0.0.10-10.0.0.40`; at most 1024 in all. */
  hosts: z.array(z.string().min(1).max(128)).max(16).default([]),
  /** Whether to ask everybody on every network that the gateway is on. */
  multicast: z.boolean().default(true),
});
export type ScanRequest = z.output<typeof scanRequestSchema>;

export const scanSchema = z.object({
  id: z.string(),
  state: z.enum(['running', 'done', 'cancelled']),
  startedAt: z.number(),
  /** Networks that were asked by multicast, e.g. `eth0 10.0.0.5/24`. */
  interfaces: z.array(z.string()),
  /** Single addresses asked, of how many. */
  asked: z.number(),
  toAsk: z.number(),
  devices: z.array(discoveredDeviceSchema),
  /** What stood in the way, for people, e.g. that the gateway is on no network. */
  notes: z.array(z.string()),
});
export type Scan = z.infer<typeof scanSchema>;

/** How to get at a device that is no stream yet. */
export const deviceAccessSchema = z.strictObject({
  /** `onvif://host[:port]`, as a source has it. */
  url: z.string().min(1).max(2048),
  username: z.string().min(1).max(256).optional(),
  password: z.string().max(256).optional(),
});
export type DeviceAccess = z.output<typeof deviceAccessSchema>;

export const mediaProfileSchema = z.object({
  token: z.string(),
  name: z.string(),
  codec: z.string().optional(),
  width: z.number().optional(),
  height: z.number().optional(),
  fps: z.number().optional(),
  bitrateKbps: z.number().optional(),
  /** Pictures from one key frame to the next. */
  govLength: z.number().optional(),
  hasAudio: z.boolean(),
  hasPtz: z.boolean(),
  /** Which of the two `onvif://` takes by itself. */
  usedAs: z.enum(['main', 'sub']).optional(),
});
export type MediaProfile = z.infer<typeof mediaProfileSchema>;

/** What one lens of a device shows, or one camera behind a recorder: a stream of its own. */
export const deviceChannelSchema = z.object({
  /** Of its main profile. */
  name: z.string(),
  /** For a stream's source; names the main profile. */
  url: z.string(),
  /** Tokens of its profiles: the largest picture, and the smaller one that is its second stream by itself. */
  main: z.string(),
  sub: z.string().optional(),
});
export type DeviceChannel = z.infer<typeof deviceChannelSchema>;

/** What a device said of itself once it was logged in to. */
export const deviceFactsSchema = z.object({
  manufacturer: z.string().optional(),
  model: z.string().optional(),
  firmware: z.string().optional(),
  serial: z.string().optional(),
  hardware: z.string().optional(),
  profiles: z.array(mediaProfileSchema),
  /** One of most cameras, many of a recorder; in the device's order. */
  channels: z.array(deviceChannelSchema),
  services: z.object({
    media2: z.boolean(),
    ptz: z.boolean(),
    events: z.boolean(),
    imaging: z.boolean(),
    snapshot: z.boolean(),
  }),
  /** The device's clock less ours. */
  clockOffsetMs: z.number().optional(),
});
export type DeviceFacts = z.infer<typeof deviceFactsSchema>;

/** -1..1: left to right, down to up, out to in. */
const axis = z.number().min(-1).max(1);
const vector = { pan: axis.optional(), tilt: axis.optional(), zoom: axis.optional() };

/** A preset's token and name, as the camera has them. */
export const presetSchema = z.object({ token: z.string(), name: z.string() });
export type Preset = z.infer<typeof presetSchema>;

export const ptzStatusSchema = z.object({
  /** What this camera can. */
  can: z.object({
    continuous: z.boolean(),
    relative: z.boolean(),
    absolute: z.boolean(),
    /** Relative moves by shares of the picture, so that a click can be put in the middle. */
    centre: z.boolean(),
    zoom: z.boolean(),
    panTilt: z.boolean(),
    home: z.boolean(),
    presets: z.boolean(),
  }),
  /** -1..1 of its range; 0..1 for zoom. */
  position: z
    .object({ pan: z.number().optional(), tilt: z.number().optional(), zoom: z.number().optional() })
    .optional(),
  moving: z.boolean().optional(),
  presets: z.array(presetSchema),
});
export type PtzStatus = z.infer<typeof ptzStatusSchema>;

/**
 * One thing for a camera to do. `move` goes on until `stop`, or until nobody has asked for it again for 1 s: a lost
 * connection stops the camera.
 */
export const ptzCommandSchema = z.discriminatedUnion('action', [
  z.strictObject({ action: z.literal('move'), ...vector }),
  z.strictObject({ action: z.literal('stop') }),
  z.strictObject({ action: z.literal('relative'), ...vector }),
  z.strictObject({ action: z.literal('absolute'), ...vector }),
  /** Puts that place of the picture (0..1 from the left and from the top) in its middle. */
  z.strictObject({ action: z.literal('centre'), x: z.number().min(0).max(1), y: z.number().min(0).max(1) }),
  z.strictObject({ action: z.literal('preset'), token: z.string().min(1).max(64) }),
  z.strictObject({ action: z.literal('home') }),
]);
export type PtzCommand = z.output<typeof ptzCommandSchema>;

/** The same over signaling, for low delay. */
export const ptzParamsSchema = z.strictObject({ stream: streamIdSchema, command: ptzCommandSchema });

/** A move that is not asked for again within this time ends. */
export const PTZ_DEAD_MAN_MS = 1_000;
