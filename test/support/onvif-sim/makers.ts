import type { EventWording, Maker } from './maker.ts';

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
  toldClockOffsetMs: 0,
  hasSync: true,
  hasSnapshot: true,
  refusalPage: 'soap',
  staleReason: 'Sender not Authorized',
  declaresNamespaces: true,
  needsTerminationTime: false,
  tellsTermination: true,
  takesMinutesForSeconds: false,
  pullKeepsAlive: true,
  media2Fails: false,
  foreignXaddrs: [],
  claimsPtz: false,
  transfer: 'length',
  hangsUp: false,
  jumblesProfiles: false,
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

const { media2: _noMedia2, imaging: _noImaging, ...FIRST_MEDIA } = plain.paths;

/** Names of services and tokens are as those makers have them; what is told of their firmware is of some, not of all. */
const MAKERS = {
  plain,

  /** No head, no sound, nothing but pictures. */
  fixed: {
    ...plain,
    model: 'Simulated bullet',
    hardware: 'SIM-B',
    ptz: undefined,
    scopes: ['type/video_encoder', 'Profile/Streaming'],
  },

  /**
   * Two challenges at once, MD5 without a name and SHA-256; a page of its web server for a wrong log-in, and
   * nobody is let in after seven of them; cell motion; no
   * moves by shares of the picture.
   */
  hikvision: {
    ...plain,
    manufacturer: 'HIKVISION',
    model: 'DS-2DE4425IW-DE',
    firmware: 'V5.8.4',
    serial: 'DS-2DE4425IW-DE20210101AAWRF00000001W',
    hardware: '88',
    paths: {
      device: '/onvif/device_service',
      media: '/onvif/Media',
      media2: '/onvif/Media2',
      ptz: '/onvif/PTZ',
      events: '/onvif/Events',
      imaging: '/onvif/Imaging',
    },
    tokens: ['Profile_1', 'Profile_2'],
    auth: { algorithms: ['MD5', 'SHA-256'], qop: 'auth', locksAfter: 7 },
    refusal: 401,
    refusalPage: 'html',
    stamp: 'seconds',
    motion: cellMotion,
    ptz: { ...ALL_PTZ, fov: false, maxPresets: 300 },
    foreignXaddrs: ['http://[fe80::1]/onvif/device_service'],
    scopes: ['type/video_encoder', 'Profile/Streaming', 'Profile/G', 'Profile/T', 'MAC/00:00:5e:00:53:01'],
  },

  /** As it is sold now: digest alone, tokens refused; a fixed one that tells of a PTZ service all the same. */
  'hikvision-digest': {
    ...plain,
    manufacturer: 'HIKVISION',
    model: 'DS-2CD2143G2-I',
    firmware: 'V5.7.3',
    serial: 'DS-2CD2143G2-I20220202AAWRJ00000002',
    hardware: '88',
    paths: {
      device: '/onvif/device_service',
      media: '/onvif/Media',
      media2: '/onvif/Media2',
      ptz: '/onvif/PTZ',
      events: '/onvif/Events',
    },
    tokens: ['Profile_1', 'Profile_2'],
    auth: { schemes: ['digest'], algorithms: ['MD5', 'SHA-256'], qop: 'auth', locksAfter: 7 },
    refusal: 401,
    refusalPage: 'html',
    stamp: 'seconds',
    motion: cellMotion,
    ptz: undefined,
    claimsPtz: true,
    scopes: ['type/video_encoder', 'Profile/Streaming', 'Profile/T'],
  },

  /** Checks the time of tokens, and says so in words of its own (scrypted #1142); `&` in addresses; subscriptions by query. */
  dahua: {
    ...plain,
    manufacturer: 'Dahua',
    model: 'SD49425XB-HNR',
    firmware: '2.840.0000000.10.R',
    serial: '6D000000PAG00001',
    hardware: '1.00',
    paths: {
      device: '/onvif/device_service',
      media: '/onvif/media_service',
      media2: '/onvif/media2_service',
      ptz: '/onvif/ptz_service',
      events: '/onvif/event_service',
      imaging: '/onvif/imaging_service',
    },
    tokens: ['MediaProfile00000', 'MediaProfile00001'],
    auth: { clockToleranceMs: 5_000 },
    refusal: 400,
    staleReason: 'Wsse authorized time check failed.',
    subscription: 'query',
    transfer: 'close',
    stamp: 'seconds',
    motion: { ...cellMotion, source: { VideoSourceConfigurationToken: '00000', Rule: '00000' } },
    ptz: { ...ALL_PTZ, fov: false, maxPresets: 300 },
    scopes: [
      'type/Network_Video_Transmitter',
      'type/ptz',
      'Profile/Streaming',
      'extension/unique_identifier',
    ],
  },

  /**
   * One address for all services and all subscriptions: what is meant stands in a header; services of its own; degrees; profiles of JPEG
   * before those of H.264.
   */
  axis: {
    ...plain,
    manufacturer: 'AXIS',
    model: 'P5655-E',
    firmware: '11.11.73',
    serial: 'ACCC8E000001',
    hardware: '786.4',
    paths: {
      device: '/onvif/device_service',
      media: '/onvif/services',
      media2: '/onvif/services',
      ptz: '/onvif/services',
      events: '/onvif/services',
      imaging: '/onvif/services',
    },
    tokens: ['profile_1_h264', 'profile_2_h264'],
    ownServices: ['http://www.axis.com/vapix/ws/action1', 'http://www.axis.com/vapix/ws/event1'],
    subscription: 'reference-parameter',
    transfer: 'chunked',
    jumblesProfiles: true,
    motion: {
      topic: 'tns1:VideoSource/MotionAlarm',
      source: { Source: '0' },
      item: 'State',
    },
    input: { topic: 'tns1:Device/tnsaxis:IO/Port', source: { port: '1' }, item: 'state' },
    ptz: { ...ALL_PTZ, panTiltRange: [-180, 180] },
    scopes: ['Profile/Streaming', 'Profile/T', 'hardware/P5655-E'],
  },

  /** Moves only as long as it is told, knows not where it looks; prefixes that nothing declares; tokens that look like numbers. */
  reolink: {
    ...plain,
    manufacturer: 'Reolink',
    model: 'RLC-823A',
    firmware: 'v3.1.0.1643',
    serial: '00000000000001',
    hardware: 'IPC_523B18D8MP',
    paths: FIRST_MEDIA,
    tokens: ['000', '001'],
    auth: { schemes: ['wsse'] },
    declaresNamespaces: false,
    stamp: 'seconds',
    motion: {
      topic: 'tns1:RuleEngine/CellMotionDetector/Motion',
      source: { VideoSourceConfigurationToken: '000' },
      item: 'IsMotion',
    },
    input: { topic: 'tns1:RuleEngine/MyRuleDetector/Visitor', source: { Source: '000' }, item: 'State' },
    pullPoints: { maxPullPoints: 4, answersAtOnce: true },
    hasSync: false,
    ptz: {
      ...ALL_PTZ,
      absolute: false,
      relative: false,
      fov: false,
      home: false,
      hasPosition: false,
      maxPresets: 64,
    },
    scopes: ['Profile/Streaming', 'type/video_encoder', 'type/ptz'],
  },

  /** Every subscription has to say how long; a few presets; no home, no snapshots. On port 2020. */
  tapo: {
    ...plain,
    manufacturer: 'tp-link',
    model: 'Tapo C225',
    firmware: '1.1.3 Build 240116 Rel.36137n(4555)',
    serial: '00000001',
    hardware: '2.0',
    paths: {
      device: '/onvif/device_service',
      media: '/onvif/service',
      ptz: '/onvif/service',
      events: '/onvif/service',
    },
    tokens: ['profile_1', 'profile_2'],
    auth: { schemes: ['wsse'] },
    needsTerminationTime: true,
    hangsUp: true,
    stamp: 'seconds',
    motion: {
      topic: 'tns1:RuleEngine/CellMotionDetector/Motion',
      source: {
        VideoSourceConfigurationToken: 'vsconf',
        VideoAnalyticsConfigurationToken: 'VideoAnalyticsToken',
        Rule: 'MyMotionDetectorRule',
      },
      item: 'IsMotion',
    },
    input: {
      topic: 'tns1:RuleEngine/TPSmartEventDetector/TPSmartEvent',
      source: { VideoSourceConfigurationToken: 'vsconf', Rule: 'MyTPSmartEventDetectorRule' },
      item: 'IsPet',
    },
    pullPoints: { maxPullPoints: 2 },
    hasSync: false,
    hasSnapshot: false,
    ptz: { ...ALL_PTZ, absolute: false, fov: false, home: false, hasPosition: false, maxPresets: 8 },
    scopes: ['Profile/Streaming', 'hardware/2.0', 'type/NetworkVideoTransmitter'],
  },

  /** Never says when a subscription ends, tells local time only, and its head moves on until it is stopped. */
  xiongmai: {
    ...plain,
    manufacturer: 'H264',
    model: '50H20L_18_X',
    firmware: 'V4.02.R11.00000117',
    serial: '0000000000000001',
    hardware: '00001',
    paths: {
      device: '/onvif/device_service',
      media: '/onvif/Media',
      ptz: '/onvif/PTZ',
      events: '/onvif/Events',
    },
    tokens: ['000', '001'],
    auth: { schemes: ['wsse'], takesPasswordText: true },
    hidesUtc: true,
    tellsTermination: false,
    hasRenew: false,
    hasSync: false,
    stamp: 'seconds',
    ptz: {
      ...ALL_PTZ,
      absolute: false,
      relative: false,
      fov: false,
      home: false,
      hasPosition: false,
      ignoresTimeout: true,
    },
    scopes: ['Profile/Streaming', 'type/video_encoder'],
  },

  /** Times with an offset, minutes taken for seconds, and only Renew keeps a subscription alive. */
  careless: {
    ...plain,
    manufacturer: 'Careless',
    stamp: 'offset',
    takesMinutesForSeconds: true,
    pullKeepsAlive: false,
    media2Fails: true,
  },

  /** Of 2009: GetCapabilities only, no Media2, Basic for its pictures, no Renew. */
  legacy: {
    ...plain,
    manufacturer: 'Legacy',
    model: 'true',
    firmware: '1.10',
    paths: FIRST_MEDIA,
    auth: { schemes: ['wsse', 'basic'] },
    hasGetServices: false,
    hasRenew: false,
    hasSync: false,
  },

  /** Nothing without a log-in, not even the time; digest by `auth, auth-int`, its nonces for one request each. */
  locked: {
    ...plain,
    manufacturer: 'Locked',
    auth: { schemes: ['digest'], qop: 'auth, auth-int', digestNonceOnce: true },
    isClosed: true,
    refusal: 401,
  },

  /** Tells its local time as UTC, ten hours ahead, and refuses tokens of that time: only digest gets in. */
  'wrong-zone': {
    ...plain,
    manufacturer: 'Wrong zone',
    toldClockOffsetMs: 36_000_000,
  },
} satisfies Record<string, Maker>;

export type MakerName = keyof typeof MAKERS;

export const makers: Readonly<Record<MakerName, Maker>> = MAKERS;
