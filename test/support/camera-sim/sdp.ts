import { roleOf } from './access-units.ts';
import { parameterSets, type SimAudio, type SimMedia, type SimVideo } from './media.ts';
import type { Packetisation } from './packetise.ts';

export interface PayloadTypes {
  readonly video?: number;
  readonly audio?: number;
}

/** The description of a camera that plays these, in the order of video, audio. */
export function buildSdp(
  media: { video?: SimVideo | undefined; audio?: SimAudio | undefined },
  payloadTypes: PayloadTypes,
  habits: Packetisation,
): string {
  const lines = ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=camera', 't=0 0', 'a=control:*'];
  const { video, audio } = media;
  let track = 0;
  if (video !== undefined) {
    const type = payloadTypeOf(video, payloadTypes);
    lines.push(`m=video 0 RTP/AVP ${type}`, `a=rtpmap:${type} ${video.codec.toUpperCase()}/90000`);
    lines.push(...videoFmtp(video, type, habits), `a=control:trackID=${track}`);
    track += 1;
  }
  if (audio !== undefined) {
    const type = payloadTypeOf(audio, payloadTypes);
    lines.push(`m=audio 0 RTP/AVP ${type}`, ...audioAttributes(audio, type), `a=control:trackID=${track}`);
  }
  return `${lines.join('\r\n')}\r\n`;
}

export function payloadTypeOf(media: SimMedia, payloadTypes: PayloadTypes): number {
  if (media.kind === 'video') return payloadTypes.video ?? 96;
  const fixed = { pcmu: 0, pcma: 8, aac: 97, opus: 98 };
  return payloadTypes.audio ?? fixed[media.codec];
}

function videoFmtp(video: SimVideo, type: number, habits: Packetisation): string[] {
  const told = habits.parameterSets === 'in-band' || habits.parameterSets === 'first-only';
  const sets = told ? [] : parameterSets(video);
  const base64 = (nalType: number): string =>
    sets
      .filter((nal) => nalTypeOf(nal, video) === nalType)
      .map((nal) => nal.toString('base64'))
      .join(',');
  if (video.codec === 'h265') {
    if (sets.length === 0) return [];
    return [`a=fmtp:${type} sprop-vps=${base64(32)};sprop-sps=${base64(33)};sprop-pps=${base64(34)}`];
  }
  const profile = parameterSets(video).find((nal) => nalTypeOf(nal, video) === 7);
  const fields = ['packetization-mode=1', `profile-level-id=${profile?.toString('hex', 1, 4) ?? '42e01f'}`];
  if (sets.length > 0) fields.push(`sprop-parameter-sets=${[base64(7), base64(8)].join(',')}`);
  return [`a=fmtp:${type} ${fields.join(';')}`];
}

function nalTypeOf(nal: Buffer, { codec }: SimVideo): number {
  return roleOf(nal, codec) === 'other'
    ? -1
    : codec === 'h264'
      ? (nal[0] ?? 0) & 0x1f
      : ((nal[0] ?? 0) >> 1) & 0x3f;
}

function audioAttributes(audio: SimAudio, type: number): string[] {
  switch (audio.codec) {
    case 'pcmu':
    case 'pcma':
      return [`a=rtpmap:${type} ${audio.codec.toUpperCase()}/${audio.clockRate}`];
    case 'opus':
      return [`a=rtpmap:${type} opus/48000/2`];
    case 'aac': {
      const config = audio.config?.toString('hex') ?? '';
      return [
        `a=rtpmap:${type} mpeg4-generic/${audio.clockRate}/${audio.channels}`,
        `a=fmtp:${type} streamtype=5;profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config=${config}`,
      ];
    }
  }
}

/** A media section of a description as it was sent, also of one that a test wrote. */
export interface SdpSection {
  readonly kind: string;
  readonly payloadType: number;
  readonly control: string | undefined;
}

export function sectionsOf(sdp: string): SdpSection[] {
  return sdp
    .split(/^(?=m=)/m)
    .filter((section) => section.startsWith('m='))
    .map((section) => {
      const [, kind = '', type = '96'] = /^m=(\S+) \S+ \S+ (\d+)/.exec(section) ?? [];
      const control = /^a=control:(.*?)\s*$/m.exec(section)?.[1];
      return { kind, payloadType: Number(type), control };
    });
}
