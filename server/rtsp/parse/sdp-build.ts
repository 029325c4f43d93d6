import { assertNever } from '../../../shared/result.ts';
import type { AudioFormat, TrackFormat, VideoFormat } from '../../stream/index.ts';

export interface SdpTrack {
  readonly format: TrackFormat;
  readonly payloadType: number;
  readonly control: string;
}

export interface SdpOptions {
  readonly sessionName: string;
  /** Default 0.0.0.0: RTSP says in SETUP where media goes. */
  readonly address?: string;
  readonly sessionId?: number | string;
  readonly tracks: readonly SdpTrack[];
}

/** A session description of tracks that we send (RFC 4566; RFC 2326 appendix C). */
export function buildSdp(options: SdpOptions): string {
  const address = options.address ?? '0.0.0.0';
  const family = address.includes(':') ? 'IP6' : 'IP4';
  const id = options.sessionId ?? 1;
  // A line end in a name would begin a line of its own; an empty name is not allowed.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out.
  const name = options.sessionName.replace(/[\x00-\x1f\x7f]+/g, ' ').trim() || '-';
  const lines = [
    'v=0',
    `o=- ${id} 1 IN ${family} ${address}`,
    `s=${name}`,
    `c=IN ${family} ${address}`,
    't=0 0',
    'a=control:*',
    'a=range:npt=now-',
    ...options.tracks.flatMap(trackLines),
  ];
  return `${lines.join('\r\n')}\r\n`;
}

function trackLines({ format, payloadType, control }: SdpTrack): string[] {
  const head = `m=${format.kind} 0 RTP/AVP ${payloadType}`;
  const attributes =
    format.kind === 'video' ? videoLines(format, payloadType) : audioLines(format, payloadType);
  return [head, ...attributes, `a=control:${control}`];
}

function videoLines(format: VideoFormat, payloadType: number): string[] {
  if (format.codec === 'h265') {
    const sets = (nals: readonly Buffer[]) => nals.map((nal) => nal.toString('base64')).join(',');
    // RFC 7798 section 7.1.
    return [
      `a=rtpmap:${payloadType} H265/90000`,
      `a=fmtp:${payloadType} sprop-vps=${sets(format.vps)};sprop-sps=${sets(format.sps)};sprop-pps=${sets(format.pps)}`,
    ];
  }
  const sets = [...format.sps, ...format.pps].map((nal) => nal.toString('base64')).join(',');
  return [
    `a=rtpmap:${payloadType} H264/90000`,
    `a=fmtp:${payloadType} packetization-mode=1;profile-level-id=${format.profileLevelId.toUpperCase()};sprop-parameter-sets=${sets}`,
  ];
}

function audioLines(format: AudioFormat, payloadType: number): string[] {
  const rtpmap = (encoding: string): string => `a=rtpmap:${payloadType} ${encoding}`;
  const { codec, clockRate, channels } = format;
  switch (codec) {
    case 'opus':
      return [rtpmap('opus/48000/2'), `a=fmtp:${payloadType} sprop-stereo=1`];
    case 'aac': {
      const config = (format.config ?? Buffer.alloc(0)).toString('hex');
      return [
        rtpmap(`MPEG4-GENERIC/${clockRate}/${channels}`),
        `a=fmtp:${payloadType} streamtype=5;profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config=${config}`,
      ];
    }
    case 'pcmu':
    case 'pcma':
    case 'g722':
      return [rtpmap(`${codec.toUpperCase()}/${clockRate}${channels === 1 ? '' : `/${channels}`}`)];
    default:
      return assertNever(codec);
  }
}
