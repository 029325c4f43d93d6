import type { Clock } from '../../base/clock.ts';
import { buildTransport, parseTransport, type RtspResponse, type TransportSpec } from '../parse/index.ts';
import { asRtspError, RtspError, type RtspErrorContext } from './errors.ts';
import { encryptedMedia, refusal, unsupportedTransport } from './refusals.ts';
import type { LowerTransport } from './transport-choice.ts';
import { bindUdpPair, type PortRange } from './udp-ports.ts';
import { UdpTrack } from './udp-track.ts';

/** What a track's packets travel over, once it is set up. */
export type TrackLink =
  | { readonly lower: 'tcp'; readonly rtpChannel: number; readonly rtcpChannel: number }
  | { readonly lower: 'udp'; readonly udp: UdpTrack };

const PLAIN_PROFILE = 'RTP/AVP';

export interface TrackSetupOptions {
  readonly lower: LowerTransport;
  /** `RTP/AVP`, or `RTP/AVPF` with feedback. */
  readonly profile: string;
  /** Position among the tracks that are set up; asks for channels 2n and 2n + 1. */
  readonly index: number;
  readonly clock: Clock;
  readonly udpPorts: PortRange;
  readonly random: () => number;
  readonly localAddress: string;
  readonly peerAddress: string;
  context(): RtspErrorContext;
  /** Sends SETUP with this Transport header. */
  setup(transport: string): Promise<RtspResponse>;
  isChannelTaken(channel: number): boolean;
  onRtp(packet: Buffer, receivedAtMs: number): void;
  onRtcp(packet: Buffer, receivedAtMs: number): void;
  onFailure(thrown: unknown): void;
  /** As UdpTrackOptions has it. */
  admits(sizeBytes: number): boolean;
}

/**
 * Sets one track up. Rejects with an RtspError; nothing stays open then. A camera that describes its media with feedback and
 * refuses to be asked for it so (461) is asked for the profile that every server has.
 */
export async function setUpTrack(options: TrackSetupOptions): Promise<TrackLink> {
  const setUp = options.lower === 'tcp' ? setUpOverTcp : setUpOverUdp;
  try {
    return await setUp(options);
  } catch (thrown) {
    if (options.profile === PLAIN_PROFILE || asRtspError(thrown).kind !== 'unsupported-transport')
      throw thrown;
    return setUp({ ...options, profile: PLAIN_PROFILE });
  }
}

async function setUpOverTcp(options: TrackSetupOptions): Promise<TrackLink> {
  const asked = [2 * options.index, 2 * options.index + 1] as const;
  const transport = buildTransport({
    profile: options.profile,
    lower: 'tcp',
    delivery: 'unicast',
    interleaved: asked,
  });
  const answered = answeredTransport(await options.setup(transport), options);
  // A server may choose other channels than asked for (RFC 2326 section 12.39); one that names none took ours.
  const [rtpChannel, rtcpChannel] = answered?.interleaved ?? asked;
  if (rtpChannel > 255 || options.isChannelTaken(rtpChannel)) {
    const message = `The camera gave two tracks the same channel ${rtpChannel}. Try transport udp.`;
    throw new RtspError('bad-data', message, options.context());
  }
  return { lower: 'tcp', rtpChannel, rtcpChannel };
}

async function setUpOverUdp(options: TrackSetupOptions): Promise<TrackLink> {
  const pair = await bindUdpPair(options.udpPorts, options.localAddress, options.random);
  const { clock, peerAddress, onRtp, onRtcp, onFailure, admits } = options;
  const udp = new UdpTrack({ pair, peerAddress, clock, onRtp, onRtcp, onFailure, admits });
  try {
    const transport = buildTransport({
      profile: options.profile,
      lower: 'udp',
      delivery: 'unicast',
      clientPorts: udp.clientPorts,
    });
    const answered = answeredTransport(await options.setup(transport), options);
    if (answered?.serverPorts !== undefined) udp.setServerPorts(...answered.serverPorts);
    udp.punchHole();
    return { lower: 'udp', udp };
  } catch (thrown) {
    udp.close();
    throw thrown;
  }
}

/** The Transport of a response to SETUP, where it is one that we asked for; undefined where it names none. */
function answeredTransport(response: RtspResponse, options: TrackSetupOptions): TransportSpec | undefined {
  if (response.statusCode >= 300) throw refusal(response, options.context());
  const header = response.headers.get('Transport');
  const answered = header === undefined ? undefined : parseTransport(header)[0];
  if (answered === undefined) return undefined;
  if (answered.profile.startsWith('RTP/SAVP')) throw encryptedMedia(options.context());
  if (answered.lower !== options.lower || answered.delivery !== 'unicast') {
    throw unsupportedTransport(options.context());
  }
  return answered;
}
