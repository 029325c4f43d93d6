import { isIP } from 'node:net';
import { z } from 'zod';
import { appSchema, RESERVED_APPS } from '../../../shared/names.ts';
import { streamBodySchema } from '../../../shared/stream.ts';
import { BLOCKED_PORTS } from '../blocked-ports.ts';
import { KNOWN_KEYS } from '../schema-issues.ts';

const HOST_NAME = /^(?!-)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?$/;
const host = z
  .string()
  .min(1)
  .max(253)
  .refine((text) => isIP(text) !== 0 || HOST_NAME.test(text), 'must be an IP address or a host name');
const port = z.number().int().min(0).max(65_535);
/** One that browsers take. */
const httpPort = port.refine((value) => !BLOCKED_PORTS.has(value), {
  message: 'is a port that browsers refuse to open pages from; take another one, such as 8080',
});
const bytes = z.number().int().min(0);

const origin = z.string().superRefine((text, context) => {
  const message = 'must be an origin such as https://cams.example.com, without a path';
  try {
    const url = new URL(text);
    if (url.origin !== text || !/^https?:$/.test(url.protocol)) context.addIssue({ code: 'custom', message });
  } catch {
    context.addIssue({ code: 'custom', message });
  }
});

/** `20000-29999` as two numbers. */
const portRange = z
  .string()
  .regex(/^\d{1,5}-\d{1,5}$/, 'must be a range of ports such as 20000-29999')
  .transform((text, context) => {
    const [min = 0, max = 0] = text.split('-').map(Number);
    if (min < 1024 || max > 65_535 || max - min < 3) {
      context.addIssue({ code: 'custom', message: 'must lie within 1024-65535 and hold at least 4 ports' });
    }
    return { min, max };
  });

/** A section that takes no other keys, and tells which it takes. */
function section<T extends z.core.$ZodLooseShape>(shape: T) {
  return z.strictObject(shape, {
    error: ({ code }) =>
      code === 'unrecognized_keys' ? `${KNOWN_KEYS} ${Object.keys(shape).join(', ')}` : undefined,
  });
}

const appSettings = section({
  record: z.boolean().optional(),
  segmentMs: z.number().int().min(1000).max(60_000).optional(),
  keepDays: z.number().positive().max(3650).optional(),
  maxBytes: bytes.optional(),
  dir: z.string().min(1).optional(),
});

/** Every setting of `sluice.yaml`, with its default. Section by section as in the docs. */
export const settingsSchema = section({
  dataDir: z.string().min(1).default('./data'),
  http: section({
    host: host.default('127.0.0.1'),
    port: httpPort.default(8080),
    allowedOrigins: z.array(origin).max(64).default([]),
  }).prefault({}),
  rtsp: section({
    host: host.default('127.0.0.1'),
    port: port.default(8554),
    udpPorts: portRange.prefault('20000-29999'),
  }).prefault({}),
  webrtc: section({
    host: host.optional(),
    port: port.default(8189),
    announcedAddresses: z.array(host).max(16).optional(),
    workers: z.number().int().min(1).max(64).optional(),
  }).prefault({}),
  recording: section({
    segmentMs: z.number().int().min(1000).max(60_000).default(2000),
    keepDays: z.number().positive().max(3650).default(7),
    maxBytes: bytes.optional(),
    minFreeBytes: bytes.default(1024 ** 3),
    thumbnails: z.boolean().default(true),
  }).prefault({}),
  exports: section({
    maxRunning: z.number().int().min(1).max(16).default(1),
    keepDays: z.number().positive().max(3650).optional(),
  }).prefault({}),
  transcode: section({ maxVideoLegs: z.number().int().min(0).max(64).optional() }).prefault({}),
  apps: z.record(appSchema, appSettings).default({}),
  sources: section({ allowLoopback: z.boolean().default(false) }).prefault({}),
  onvif: section({ interfaces: z.array(z.string().min(1).max(64)).max(32).optional() }).prefault({}),
  demo: z.boolean().optional(),
  auth: section({
    apiToken: z
      .string()
      .min(16, 'must be at least 16 characters; make one with: openssl rand -hex 24')
      .max(256)
      .regex(/^[A-Za-z0-9._~-]+$/, 'must hold only letters, digits and . _ ~ -')
      .optional(),
  }).prefault({}),
  log: section({ level: z.enum(['debug', 'info', 'warn', 'error']).default('info') }).prefault({}),
  streams: z
    .record(
      z
        .string()
        .regex(
          /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}\/[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/,
          'must be named app/name, such as live/front-door',
        )
        .refine((id) => !RESERVED_APPS.has(id.split('/')[0] ?? ''), {
          message: `has an app that is reserved (${[...RESERVED_APPS].join(', ')}); choose another, such as live`,
        }),
      streamBodySchema,
    )
    .default({}),
}).superRefine(({ http, rtsp, webrtc }, context) => {
  const { port: first, workers } = webrtc;
  if (workers === undefined || first === 0) return;
  const last = first + workers - 1;
  const path = ['webrtc', 'workers'];
  const range = `takes the ports ${first} to ${last}, one for each worker`;
  if (last > 65_535)
    context.addIssue({ code: 'custom', path, message: `${range}, and there are only 65535` });
  for (const [key, { host: other, port: taken }] of Object.entries({ http, rtsp })) {
    if (taken < first || taken > last || !mayMeet(webrtc.host ?? http.host, other)) continue;
    const message = `${range}; ${taken} of these is ${key}.port. Choose fewer workers, or another webrtc.port`;
    context.addIssue({ code: 'custom', path, message });
  }
});

/** Whether two that listen at these addresses may need the same port. */
function mayMeet(one: string, other: string): boolean {
  const addresses = [one, other].map((text) => (text === 'localhost' ? '127.0.0.1' : text));
  return addresses[0] === addresses[1] || addresses.some((text) => text === '0.0.0.0' || text === '::');
}

export type Settings = z.output<typeof settingsSchema>;
