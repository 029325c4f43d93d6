import { readRows } from '../../../server/gateway/bulk/read-rows.ts';
import { MAX_ROWS } from '../../../server/gateway/bulk/rows.ts';
import { readHostList } from '../../../server/onvif/discovery/host-list.ts';
import { parseOnvifUrl } from '../../../server/onvif/target.ts';
import { eventPatchSchema, newEventSchema } from '../../../shared/events.ts';
import { layoutPatchSchema, MAX_COLUMNS, MAX_TILES, newLayoutSchema } from '../../../shared/layouts.ts';
import { deviceAccessSchema, ptzCommandSchema, scanRequestSchema } from '../../../shared/onvif.ts';
import { newProbeSchema } from '../../../shared/probe.ts';
import { settingsPatchSchema } from '../../../shared/system.ts';
import { mutatedText } from '../support/mutations.ts';
import { type FuzzTarget, must, plainBytes, reviveBytes } from '../support/target.ts';

/** With a character that no key has, as passwords have. */
const SECRET = 'canary$p4ssword';
const bodies = [
  {
    hosts: ['10.0.0.7', '10.0.0.0/24', '10.0.0.10-10.0.0.40', 'cam.local:8080', '[2001:db8::7]:81'],
    multicast: true,
  },
  { hosts: [`${'a'.repeat(120)}.b`, `${'a-'.repeat(50)}b`], multicast: false },
  {
    url: 'onvif://admin:a%20b@[2001:db8::7]:8080/onvif/x?profile=a&tls=true',
    username: 'admin',
    password: SECRET,
  },
  { action: 'move', pan: 0.5, tilt: -1, zoom: 1e-9 },
  { action: 'centre', x: 0.25, y: 1 },
  { action: 'preset', token: '1' },
  { kind: 'motion', start: 1_795_000_000_000, end: 1_795_000_001_000, isActive: false, label: 'Gate' },
  { title: 'Wall', columns: 3, tiles: ['live/a', null, 'live/b-2'] },
  { 'log.level': 'debug', 'recording.defaults.keepDays': 7.5, 'http.allowedOrigins': 'http://a, http://b' },
  {
    source: {
      url: 'rtsp://10.0.0.5/s1',
      username: 'a',
      password: SECRET,
      sub: { url: 'rtsp://10.0.0.5/s2' },
    },
  },
].map((body) => Buffer.from(JSON.stringify(body)));
const bodyWords = [
  '"__proto__":',
  '"constructor":',
  'null',
  '1e308',
  '-0',
  '[]',
  '{}',
  '"\\u0000"',
  '"pan":',
  '"hosts":',
  '/24',
  '-',
  '.',
];

const SCHEMAS = [
  ...[scanRequestSchema, deviceAccessSchema, ptzCommandSchema, newEventSchema, eventPatchSchema],
  ...[newLayoutSchema, layoutPatchSchema, settingsPatchSchema, newProbeSchema],
];

/** What the API takes for cameras, walls, events and settings: whatever the body, and whichever route it is sent to. */
export const apiBodies: FuzzTarget<Buffer> = {
  name: 'bodies',
  summary: 'bodies of requests: searches, PTZ, events, layouts, settings, probes',
  share: 2,
  countInTests: 1_000,
  maxCpuMs: 20,
  input: mutatedText(bodies, bodyWords),
  run(bytes) {
    let body: unknown;
    try {
      body = JSON.parse(bytes.toString('utf8'));
    } catch {
      return;
    }
    for (const schema of SCHEMAS) schema.safeParse(body);
    const scan = scanRequestSchema.safeParse(body);
    if (scan.success) tryHosts(scan.data.hosts);
    const access = deviceAccessSchema.safeParse(body);
    if (access.success) tryUrl(access.data.url);
    const command = ptzCommandSchema.safeParse(body);
    if (command.success) {
      for (const value of Object.values(command.data))
        must(
          typeof value === 'string' || Math.abs(value) <= 1,
          'a movement is a share of what the camera can',
        );
    }
    const layout = newLayoutSchema.safeParse(body);
    if (layout.success) {
      must(layout.data.columns <= MAX_COLUMNS && layout.data.tiles.length <= MAX_TILES, 'a wall has bounds');
    }
  },
  plain: plainBytes,
  revive: reviveBytes,
};

function tryHosts(hosts: readonly string[]): void {
  const list = readHostList(hosts, { mayAsk: (address) => !address.startsWith('169.254.') });
  if (!list.ok) {
    must(list.error.message.length < 400, 'an error says why in a few words');
    return;
  }
  must(list.value.length <= 1024, 'no more are asked than may be');
  for (const { host, port } of list.value) {
    must(!host.startsWith('169.254.'), 'who may not be asked is not');
    must(port === undefined || (port > 0 && port < 65_536), 'a port is one');
    must(/^[\w.:%-]+$/.test(host), 'a host is a name or an address');
  }
}

function tryUrl(url: string): void {
  const target = parseOnvifUrl(url);
  if (!target.ok) return;
  const { host, port, path } = target.value;
  must(host !== '' && port >= 0 && port < 65_536, 'a device has a host and a port');
  must(/^\/[\x21-\x7e]*$/.test(path), 'a path is fit to stand in a request');
}

const lists = [
  `name,url,username,password,sub,record\nfront,rtsp://10.0.0.5/s1,admin,"${SECRET}",rtsp://10.0.0.5/s2,yes\nback,onvif://10.0.0.6,,,,no\n`,
  `Name;Address;User;Pass;Title\nfront;rtsp://10.0.0.5/s1;admin;${SECRET};"Front; ""door"""\n# no\n\nyard;publish:;u;${SECRET};\n`,
  `front\trtsp://10.0.0.5/s1\tadmin\t${SECRET}\nback\trtsp://10.0.0.6/s1\n`,
  `- {name: front, url: "rtsp://10.0.0.5/s1", user: admin, pass: "${SECRET}", record: yes}\n- name: back\n  url: onvif://10.0.0.6\n`,
  `streams:\n  live/front:\n    source: { url: "rtsp://10.0.0.5/s1", username: a, password: "${SECRET}" }\n    record: true\n  back: &b\n    url: rtsp://10.0.0.6/\n  yard: *b\n`,
  `[{"name":"front","source":{"url":"rtsp://10.0.0.5/s1","username":"a","password":"${SECRET}"}}]`,
].map((text) => Buffer.from(text));
const listWords = [
  '"',
  '""',
  ',',
  ';',
  '\t',
  '#',
  '- ',
  ': ',
  '&a ',
  '*a',
  '<<: ',
  '!!js ',
  '|',
  '>',
  '{',
  '[',
  'name',
  'url',
  '__proto__',
  '\uFEFF',
];

/** Each mistake costs the YAML reader some microseconds: a text of nothing else is ended with its thread (`readInThread`). */
const MAX_LIST_BYTES = 8 * 1024;

/** Lists of cameras as people paste them. They are read by a thread of their own, so they may take a little longer. */
export const cameraLists: FuzzTarget<Buffer> = {
  name: 'lists',
  summary: 'lists of cameras to be added, as CSV and as YAML',
  share: 1,
  countInTests: 120,
  maxCpuMs: 400,
  input: mutatedText(lists, listWords).map((bytes) => bytes.subarray(0, MAX_LIST_BYTES)),
  run(bytes) {
    const text = bytes.toString('utf8');
    for (const format of ['csv', 'yaml'] as const) {
      const rows = readRows(format, text);
      must(rows.length <= MAX_ROWS + 2, 'no more rows than are taken');
      for (const row of rows) {
        if (row.kind === 'stream')
          must(/^[A-Za-z0-9][\w-]{0,63}$/.test(row.definition.name), 'a name is one');
        else must(!row.message.includes(SECRET), 'no message repeats what stands in the text');
      }
    }
  },
  plain: plainBytes,
  revive: reviveBytes,
};
