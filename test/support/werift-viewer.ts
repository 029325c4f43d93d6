import {
  ntpTime2Sec,
  RTCPeerConnection,
  RTCRtpCodecParameters,
  type RTCRtpHeaderExtensionParameters,
  type RtcpPayloadSpecificFeedback,
  RtcpSrPacket,
} from 'werift';
import type { WireConsumer, WireRtpCapabilities, WireTransport } from '../../shared/signaling.ts';

/** mediasoup's bandwidth prober; its packets are no media. */
const PROBATOR_SSRC = 1234;

/** A decrypted RTP packet as a viewer got it. */
export interface ReceivedPacket {
  readonly kind: string;
  readonly ssrc: number;
  readonly payloadType: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly marker: boolean;
  readonly payload: Buffer;
  /** RFC 8285 elements by id. */
  readonly extensions: ReadonlyMap<number, Buffer>;
}

/** A sender report as a viewer got it: at that time of the sender's clock the track's clock stood there. */
export interface ReceivedReport {
  readonly kind: string;
  readonly ssrc: number;
  readonly ntpSeconds: number;
  readonly timestamp: number;
}

/** In the order in which they were sent: what a viewer lost and asked for again comes late. */
export function inSentOrder(packets: readonly ReceivedPacket[]): ReceivedPacket[] {
  const [first] = packets;
  if (first === undefined) return [];
  // None lie more than half of the sequence numbers apart.
  const offset = ({ sequence }: ReceivedPacket) => ((sequence - first.sequence + 0x18000) % 0x10000) - 0x8000;
  return packets.toSorted((a, b) => offset(a) - offset(b));
}

export function h264Codec(payloadType: number, profileLevelId = '42e01f'): RTCRtpCodecParameters {
  return new RTCRtpCodecParameters({
    mimeType: 'video/H264',
    clockRate: 90_000,
    payloadType,
    parameters: `level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=${profileLevelId}`,
    rtcpFeedback: [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }, { type: 'ccm', parameter: 'fir' }],
  });
}

export const AUDIO_CODECS: RTCRtpCodecParameters[] = [
  new RTCRtpCodecParameters({ mimeType: 'audio/opus', clockRate: 48_000, channels: 2, payloadType: 111 }),
  new RTCRtpCodecParameters({ mimeType: 'audio/PCMU', clockRate: 8000, channels: 1, payloadType: 0 }),
  new RTCRtpCodecParameters({ mimeType: 'audio/PCMA', clockRate: 8000, channels: 1, payloadType: 8 }),
];

/** A headless viewer, from which a test sees every decrypted packet. */
export class WeriftViewer {
  readonly packets: ReceivedPacket[] = [];
  readonly reports: ReceivedReport[] = [];
  readonly #connection: RTCPeerConnection;
  #firSequence = 0;

  constructor(options: {
    video: RTCRtpCodecParameters[];
    audio?: RTCRtpCodecParameters[];
    videoExtensions?: RTCRtpHeaderExtensionParameters[];
  }) {
    this.#connection = new RTCPeerConnection({
      codecs: { video: options.video, audio: options.audio ?? AUDIO_CODECS },
      headerExtensions: { video: options.videoExtensions ?? [], audio: [] },
      iceServers: [],
      iceUseIpv6: false,
      iceAdditionalHostAddresses: ['127.0.0.1'],
    });
    this.#connection.onTrack.subscribe((track) => {
      track.onReceiveRtcp.subscribe((packet) => {
        if (!(packet instanceof RtcpSrPacket) || packet.ssrc === PROBATOR_SSRC) return;
        const { ntpTimestamp, rtpTimestamp } = packet.senderInfo;
        this.reports.push({
          kind: track.kind,
          ssrc: packet.ssrc,
          ntpSeconds: ntpTime2Sec(ntpTimestamp),
          timestamp: rtpTimestamp,
        });
      });
      track.onReceiveRtp.subscribe((packet) => {
        const { header } = packet;
        if (header.ssrc === PROBATOR_SSRC) return;
        this.packets.push({
          kind: track.kind,
          ssrc: header.ssrc,
          payloadType: header.payloadType,
          sequence: header.sequenceNumber,
          timestamp: header.timestamp,
          marker: header.marker,
          payload: Buffer.from(packet.payload),
          extensions: new Map(header.extensions.map(({ id, payload }) => [id, Buffer.from(payload)])),
        });
      });
    });
  }

  get connection(): RTCPeerConnection {
    return this.#connection;
  }

  ofKind(kind: string): ReceivedPacket[] {
    return this.packets.filter((packet) => packet.kind === kind);
  }

  /** Answers as a browser under mediasoup-client does; gives the fingerprint for `transport.connect`. */
  async answer(transport: WireTransport, consumers: readonly WireConsumer[]): Promise<DtlsFingerprint> {
    await this.#connection.setRemoteDescription({ type: 'offer', sdp: offerOf(transport, consumers) });
    await this.#connection.setLocalDescription(await this.#connection.createAnswer());
    const sdp = this.#connection.localDescription?.sdp ?? '';
    const value = /a=fingerprint:sha-256 (\S+)/.exec(sdp)?.[1];
    if (value === undefined) throw new Error('the answer has no fingerprint');
    return { algorithm: 'sha-256', value };
  }

  /** A WHEP offer that asks for video and sound. */
  async offer(): Promise<string> {
    this.#connection.addTransceiver('video', { direction: 'recvonly' });
    this.#connection.addTransceiver('audio', { direction: 'recvonly' });
    await this.#connection.setLocalDescription(await this.#connection.createOffer());
    return this.#connection.localDescription?.sdp ?? '';
  }

  async acceptAnswer(sdp: string): Promise<void> {
    await this.#connection.setRemoteDescription({ type: 'answer', sdp });
  }

  /** Key frames so far: the gateway puts SPS and PPS in one STAP-A in front of each. */
  keyFrames(): number {
    const heads = this.ofKind('video').filter(({ payload }) => ((payload[0] ?? 0) & 0x1f) === 24);
    return new Set(heads.map(({ timestamp }) => timestamp)).size;
  }

  /** Sends a picture loss indication and a full intra request for the video. */
  async askForKeyFrame(): Promise<void> {
    const ssrc = this.ofKind('video')[0]?.ssrc;
    const receiver = this.#connection.getTransceivers().find(({ kind }) => kind === 'video')?.receiver;
    if (ssrc === undefined || receiver === undefined) return;
    await receiver.sendRtcpPLI(ssrc);
    this.#firSequence = (this.#firSequence + 1) & 0xff;
    const fir = Buffer.from([
      0x84,
      206,
      0,
      4,
      0,
      0,
      0,
      1,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      this.#firSequence,
      0,
      0,
      0,
    ]);
    fir.writeUInt32BE(ssrc, 12);
    // werift does not export the class of this message; all that it does with one is to serialise it.
    const message = { serialize: () => fir } as unknown as RtcpPayloadSpecificFeedback;
    await receiver.dtlsTransport.sendRtcp([message]).catch(() => {});
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }
}

export interface DtlsFingerprint {
  readonly algorithm: 'sha-256';
  readonly value: string;
}

/** RTP capabilities that fit the routers' default payload types. */
export const VIEWER_CAPABILITIES: WireRtpCapabilities = {
  codecs: [
    {
      kind: 'video',
      mimeType: 'video/H264',
      preferredPayloadType: 102,
      clockRate: 90_000,
      parameters: { 'packetization-mode': 1, 'level-asymmetry-allowed': 1, 'profile-level-id': '42e01f' },
      rtcpFeedback: [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }, { type: 'ccm', parameter: 'fir' }],
    },
    { kind: 'audio', mimeType: 'audio/opus', preferredPayloadType: 111, clockRate: 48_000, channels: 2 },
    { kind: 'audio', mimeType: 'audio/PCMU', preferredPayloadType: 0, clockRate: 8000 },
    { kind: 'audio', mimeType: 'audio/PCMA', preferredPayloadType: 8, clockRate: 8000 },
  ],
  headerExtensions: [
    {
      kind: 'video',
      uri: 'http://www.webrtc.org/experiments/rtp-hdrext/playout-delay',
      preferredId: 11,
    },
  ],
};

interface RtpParameters {
  readonly mid?: string;
  readonly codecs: ReadonlyArray<{
    mimeType: string;
    payloadType: number;
    clockRate: number;
    channels?: number;
    parameters?: Record<string, unknown>;
    rtcpFeedback?: ReadonlyArray<{ type: string; parameter?: string }>;
  }>;
  readonly headerExtensions: ReadonlyArray<{ id: number; uri: string }>;
  readonly encodings: ReadonlyArray<{ ssrc: number }>;
  readonly rtcp: { cname: string };
}

/** The offer that mediasoup-client makes of a transport and its consumers, for the browser to answer. */
export function offerOf(transport: WireTransport, consumers: readonly WireConsumer[]): string {
  const all = consumers.map((consumer) => ({
    kind: consumer.kind,
    // The wire has it as an opaque object; this is what mediasoup makes it of.
    parameters: consumer.rtpParameters as unknown as RtpParameters,
  }));
  const mids = all.map(({ parameters }) => parameters.mid ?? '');
  const lines = [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    'a=ice-lite',
    `a=group:BUNDLE ${mids.join(' ')}`,
  ];
  for (const { kind, parameters } of all) {
    lines.push(
      `m=${kind} 9 UDP/TLS/RTP/SAVPF ${parameters.codecs.map((codec) => codec.payloadType).join(' ')}`,
      ...['c=IN IP4 0.0.0.0', `a=mid:${parameters.mid ?? ''}`, 'a=sendonly', 'a=rtcp-mux'],
      ...[
        `a=ice-ufrag:${transport.iceParameters.usernameFragment}`,
        `a=ice-pwd:${transport.iceParameters.password}`,
      ],
      ...transport.dtlsParameters.fingerprints
        .filter(({ algorithm }) => algorithm === 'sha-256')
        .map(({ algorithm, value }) => `a=fingerprint:${algorithm} ${value}`),
      ...['a=setup:actpass', ...codecLines(parameters)],
      ...parameters.headerExtensions.map(({ id, uri }) => `a=extmap:${id} ${uri}`),
      `a=ssrc:${parameters.encodings[0]?.ssrc} cname:${parameters.rtcp.cname}`,
      ...transport.iceCandidates
        .filter(({ protocol }) => protocol === 'udp')
        .map((c) => `a=candidate:${c.foundation} 1 udp ${c.priority} ${c.address} ${c.port} typ host`),
      'a=end-of-candidates',
    );
  }
  return `${lines.join('\r\n')}\r\n`;
}

function codecLines(parameters: RtpParameters): string[] {
  return parameters.codecs.flatMap((codec) => {
    const name = codec.mimeType.split('/')[1] ?? '';
    const channels = (codec.channels ?? 1) > 1 ? `/${codec.channels}` : '';
    const fmtp = Object.entries(codec.parameters ?? {}).map(([key, value]) => `${key}=${String(value)}`);
    return [
      `a=rtpmap:${codec.payloadType} ${name}/${codec.clockRate}${channels}`,
      ...(fmtp.length === 0 ? [] : [`a=fmtp:${codec.payloadType} ${fmtp.join(';')}`]),
      ...(codec.rtcpFeedback ?? []).map(({ type, parameter }) =>
        `a=rtcp-fb:${codec.payloadType} ${type} ${parameter ?? ''}`.trimEnd(),
      ),
    ];
  });
}
