import type { Setting } from '../../../shared/system.ts';

/** A setting as the page shows it, and whether it may be changed there. */
export interface SettingFacts {
  readonly key: string;
  readonly kind: Setting['kind'];
  /** `live`: takes effect at once; `restart`: at the next start; `fixed`: only in the file or the environment. */
  readonly change: 'live' | 'restart' | 'fixed';
  readonly choices?: readonly string[];
  readonly min?: number;
  readonly max?: number;
  readonly description: string;
}

/**
 * Every scalar setting, in the order of the docs. What opens the gateway to others (addresses, ports, origins, sources on
 * this machine) or says where its data lies is not for a page to change: one wrong value would lock everybody out.
 */
export const SETTING_FACTS: readonly SettingFacts[] = [
  {
    key: 'recording.keepDays',
    kind: 'days',
    change: 'live',
    min: 0.01,
    max: 3650,
    description:
      'Recordings that are older are deleted, where neither the application nor the camera says otherwise.',
  },
  {
    key: 'recording.maxBytes',
    kind: 'bytes',
    change: 'live',
    // A slip of the finger must not cost all that is kept.
    min: 100_000_000,
    description:
      'The most that each folder of recordings may take; then its oldest goes. Empty: as much as the disk holds.',
  },
  {
    key: 'recording.minFreeBytes',
    kind: 'bytes',
    change: 'live',
    min: 0,
    description: 'So much of each disk is left free; the oldest recordings go for it.',
  },
  {
    key: 'recording.segmentMs',
    kind: 'milliseconds',
    change: 'live',
    min: 1000,
    max: 60_000,
    description: 'How long a recorded piece lasts about. Shorter: HLS is less behind; longer: fewer files.',
  },
  {
    key: 'recording.thumbnails',
    kind: 'switch',
    change: 'restart',
    description: 'Small pictures along each recording, one every 10 s, for quick scrubbing.',
  },
  {
    key: 'exports.maxRunning',
    kind: 'number',
    change: 'live',
    min: 1,
    max: 16,
    description: 'How many exports are made at once; the others wait.',
  },
  {
    key: 'exports.keepDays',
    kind: 'days',
    change: 'live',
    min: 0.01,
    max: 3650,
    description: 'Finished exports are removed after so many days. Empty: when somebody removes them.',
  },
  {
    key: 'transcode.maxVideoLegs',
    kind: 'number',
    change: 'live',
    min: 0,
    max: 64,
    description:
      'How many H.265 cameras are converted for WebRTC at once. Empty: one for each core, 16 with a hardware encoder.',
  },
  {
    key: 'demo',
    kind: 'switch',
    change: 'live',
    description: 'The demo camera. Empty: as long as there is no camera.',
  },
  {
    key: 'log.level',
    kind: 'choice',
    change: 'live',
    choices: ['debug', 'info', 'warn', 'error'],
    description: 'How much the log tells; debug is for looking into trouble.',
  },
  {
    key: 'webrtc.workers',
    kind: 'number',
    change: 'restart',
    min: 1,
    max: 64,
    description: 'Processes that send to viewers. Empty: one for each core.',
  },
  {
    key: 'webrtc.announcedAddresses',
    kind: 'list',
    change: 'restart',
    description:
      'Addresses that viewers are told to connect to, with commas; needed behind NAT or in a container. Empty: all of this machine.',
  },
  {
    key: 'webrtc.host',
    kind: 'text',
    change: 'fixed',
    description: 'Where viewers’ media goes out. Empty: as http.host.',
  },
  {
    key: 'webrtc.port',
    kind: 'number',
    change: 'fixed',
    description: 'The port of viewers’ media, UDP and TCP; worker n takes the n-th after it.',
  },
  { key: 'http.host', kind: 'text', change: 'fixed', description: 'The address of page and API.' },
  { key: 'http.port', kind: 'number', change: 'fixed', description: 'The port of page and API.' },
  {
    key: 'http.allowedOrigins',
    kind: 'list',
    change: 'fixed',
    description: 'Other sites whose pages may show streams.',
  },
  { key: 'rtsp.host', kind: 'text', change: 'fixed', description: 'The address of the RTSP server.' },
  { key: 'rtsp.port', kind: 'number', change: 'fixed', description: 'The port of the RTSP server.' },
  {
    key: 'sources.allowLoopback',
    kind: 'switch',
    change: 'fixed',
    description: 'Whether a camera that is added here may be at this machine or at a link-local address.',
  },
  {
    key: 'onvif.interfaces',
    kind: 'list',
    change: 'fixed',
    description: 'The network interfaces on which cameras are searched for; all where none is named.',
  },
  {
    key: 'dataDir',
    kind: 'text',
    change: 'fixed',
    description: 'Where the database, recordings and exports are.',
  },
];
