/** How an environment variable's text becomes a setting's value. */
type Kind = 'text' | 'number' | 'boolean' | 'list';

interface Variable {
  readonly path: readonly [string, ...string[]];
  readonly kind: Kind;
}

/** Every scalar setting by environment variable. */
export const VARIABLES: ReadonlyMap<string, Variable> = new Map<string, Variable>([
  ['SLUICE_DATA_DIR', { path: ['dataDir'], kind: 'text' }],
  ['SLUICE_HTTP_HOST', { path: ['http', 'host'], kind: 'text' }],
  ['SLUICE_HTTP_PORT', { path: ['http', 'port'], kind: 'number' }],
  ['SLUICE_ALLOWED_ORIGINS', { path: ['http', 'allowedOrigins'], kind: 'list' }],
  ['SLUICE_RTSP_HOST', { path: ['rtsp', 'host'], kind: 'text' }],
  ['SLUICE_RTSP_PORT', { path: ['rtsp', 'port'], kind: 'number' }],
  ['SLUICE_RTSP_UDP_PORTS', { path: ['rtsp', 'udpPorts'], kind: 'text' }],
  ['SLUICE_WEBRTC_HOST', { path: ['webrtc', 'host'], kind: 'text' }],
  ['SLUICE_WEBRTC_PORT', { path: ['webrtc', 'port'], kind: 'number' }],
  ['SLUICE_WEBRTC_WORKERS', { path: ['webrtc', 'workers'], kind: 'number' }],
  ['SLUICE_ANNOUNCED_ADDRESSES', { path: ['webrtc', 'announcedAddresses'], kind: 'list' }],
  ['SLUICE_SEGMENT_MS', { path: ['recording', 'segmentMs'], kind: 'number' }],
  ['SLUICE_KEEP_DAYS', { path: ['recording', 'keepDays'], kind: 'number' }],
  ['SLUICE_MAX_BYTES', { path: ['recording', 'maxBytes'], kind: 'number' }],
  ['SLUICE_MIN_FREE_BYTES', { path: ['recording', 'minFreeBytes'], kind: 'number' }],
  ['SLUICE_THUMBNAILS', { path: ['recording', 'thumbnails'], kind: 'boolean' }],
  ['SLUICE_MAX_EXPORTS', { path: ['exports', 'maxRunning'], kind: 'number' }],
  ['SLUICE_KEEP_EXPORT_DAYS', { path: ['exports', 'keepDays'], kind: 'number' }],
  ['SLUICE_MAX_VIDEO_LEGS', { path: ['transcode', 'maxVideoLegs'], kind: 'number' }],
  ['SLUICE_ALLOW_LOOPBACK_SOURCES', { path: ['sources', 'allowLoopback'], kind: 'boolean' }],
  ['SLUICE_ONVIF_INTERFACES', { path: ['onvif', 'interfaces'], kind: 'list' }],
  ['SLUICE_DEMO', { path: ['demo'], kind: 'boolean' }],
  ['SLUICE_API_TOKEN', { path: ['auth', 'apiToken'], kind: 'text' }],
  ['SLUICE_LOG_LEVEL', { path: ['log', 'level'], kind: 'text' }],
]);

/**
 * Prefix of variables that set-up reads; they are no settings. Everything else that starts with SLUICE_ and is not
 * known is an error: a misspelt SLUICE_API_TOKEN must not leave the door open.
 */
const SETUP_PREFIXES = ['SLUICE_SETUP_', 'SLUICE_TEST_', 'SLUICE_CACHE_'];

export interface EnvironmentValue {
  readonly name: string;
  readonly path: readonly [string, ...string[]];
  readonly value: string | number | boolean | string[];
}

export interface EnvironmentIssue {
  readonly name: string;
  readonly message: string;
}

/** Reads every SLUICE_ variable; an empty one counts as not set. */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): {
  values: EnvironmentValue[];
  issues: EnvironmentIssue[];
} {
  const values: EnvironmentValue[] = [];
  const issues: EnvironmentIssue[] = [];
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith('SLUICE_') || SETUP_PREFIXES.some((prefix) => name.startsWith(prefix))) continue;
    const variable = VARIABLES.get(name);
    if (variable === undefined) {
      issues.push({ name, message: `is no setting; known are ${[...VARIABLES.keys()].join(', ')}` });
      continue;
    }
    if (text === undefined || text === '') continue;
    const value = convert(text, variable.kind);
    if (value === undefined) issues.push({ name, message: EXPECTED[variable.kind] });
    else values.push({ name, path: variable.path, value });
  }
  return { values, issues };
}

const EXPECTED: Record<Kind, string> = {
  text: 'must be a text',
  number: 'must be a number',
  boolean: 'must be true or false',
  list: 'must be a list with commas',
};

function convert(text: string, kind: Kind): EnvironmentValue['value'] | undefined {
  switch (kind) {
    case 'text':
      return text;
    case 'number':
      return /^\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
    case 'boolean':
      if (/^(true|1|yes|on)$/i.test(text)) return true;
      return /^(false|0|no|off)$/i.test(text) ? false : undefined;
    case 'list':
      return text
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== '');
  }
}
