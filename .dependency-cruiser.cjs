/**
 * The import map of docs/architecture.md, kept true by `npm run check`. Imports go from the outside in: a folder
 * never knows who reads it.
 */

/** What each folder of `server/` may import besides its own files. */
const LAYERS = {
  'server/base': ['shared'],
  'server/stream': ['shared', 'server/base'],
  'server/catalog': ['shared', 'server/base'],
  'server/rtsp': ['shared', 'server/base', 'server/stream'],
  'server/webrtc': ['shared', 'server/base', 'server/stream'],
  'server/transcode': ['shared', 'server/base', 'server/stream'],
  'server/recording': ['shared', 'server/base', 'server/stream', 'server/catalog'],
  'server/onvif': ['shared', 'server/base'],
  'server/access': ['shared', 'server/base', 'server/catalog'],
  'server/signaling': ['shared', 'server/base'],
  'server/http': ['shared', 'server/base'],
  'server/gateway': ['shared', 'server/base', 'server/stream', 'server/catalog'],
  'server/setup': [],
};

const OURS = '^(server|shared|client|test)/';

const layerRules = Object.entries(LAYERS).map(([folder, allowed]) => ({
  name: `${folder.replace('/', '-')}-layer`,
  comment: `${folder} may import ${allowed.length === 0 ? 'nothing of ours' : allowed.join(', ')} and its own files.`,
  severity: 'error',
  from: { path: `^${folder}/` },
  to: { path: OURS, pathNot: [folder, ...allowed].map((path) => `^${path}/`) },
}));

module.exports = {
  forbidden: [
    ...layerRules,
    {
      name: 'shared-imports-nothing',
      comment: 'shared runs in browser and server alike: a schema library and its own files only.',
      severity: 'error',
      from: { path: '^shared/' },
      to: { pathNot: ['^shared/', '^node_modules/zod/'] },
    },
    {
      name: 'client-imports-shared-only',
      severity: 'error',
      from: { path: '^client/' },
      to: { path: OURS, pathNot: ['^client/', '^shared/'] },
    },
    {
      name: 'nothing-imports-test',
      severity: 'error',
      from: { pathNot: '^test/' },
      to: { path: '^test/' },
    },
    {
      name: 'nothing-imports-main',
      comment: 'Only server/main.ts and its server/wire-*.ts wire, and nothing knows them.',
      severity: 'error',
      from: { pathNot: '^test/' },
      to: { path: '^server/(main|cli)\\.ts$', pathNot: '^server/cli\\.ts$' },
    },
    {
      name: 'only-main-imports-its-wiring',
      severity: 'error',
      from: { pathNot: '^server/main\\.ts$' },
      to: { path: '^server/wire-[a-z]+\\.ts$' },
    },
    {
      name: 'front-door-only',
      comment:
        'From another folder import only its index.ts (base and shared are leaves of one-file modules; the reading of H.264 and H.265 has doors of its own, for threads that do without the hub).',
      severity: 'error',
      from: { path: '^(server/[^/]+|client)/' },
      to: {
        path: '^server/[^/]+/.+',
        pathNot: ['^server/base/', '^server/[^/]+/index\\.ts$', '^server/stream/h26[45]/index\\.ts$', '^$1/'],
      },
    },
    {
      name: 'main-uses-front-doors',
      severity: 'error',
      from: { path: '^server/(main|wire-[a-z]+)\\.ts$' },
      to: { path: '^server/[^/]+/.+', pathNot: ['^server/base/', '^server/[^/]+/index\\.ts$'] },
    },
    {
      name: 'only-webrtc-imports-mediasoup',
      severity: 'error',
      from: { path: '^server/', pathNot: ['^server/webrtc/', '^server/setup/'] },
      to: { path: '^node_modules/mediasoup/' },
    },
    {
      name: 'only-onvif-imports-onvif',
      comment: 'Its requests are safe only as server/onvif sends them.',
      severity: 'error',
      from: { path: '^(server|client|shared)/', pathNot: '^server/onvif/' },
      to: { path: '^node_modules/onvif/' },
    },
    {
      name: 'werift-stays-off-the-hot-path',
      severity: 'error',
      from: { path: '^(server|client|shared)/' },
      to: { path: '^node_modules/(werift|node-datachannel)/' },
    },
    {
      name: 'no-value-cycles',
      comment: 'Value imports form no cycle; type imports may, inside a folder.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'resolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^(bun|deno|virtual):' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|node_modules/.+/node_modules)/' },
    // dependency-cruiser has no support for TypeScript 7 yet; swc reads the sources just as well, type imports included.
    parser: 'swc',
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
