import { asRtspError, RtspError, type RtspErrorContext } from './errors.ts';
import type { SupportedTrack, TrackSelection } from './track-selection.ts';
import { setUpTrack, type TrackLink, type TrackSetupOptions } from './track-setup.ts';
import type { LowerTransport } from './transport-choice.ts';

/** Takes a connection's packets; called on the media loop, once for each packet. */
export interface PacketListener {
  onRtp(track: number, packet: Buffer, receivedAtMs: number): void;
  onRtcp(track: number, packet: Buffer, receivedAtMs: number): void;
  /** A packet on a channel that no track has. */
  onUnassigned(): void;
}

export interface TrackLinksOptions
  extends Pick<
    TrackSetupOptions,
    'lower' | 'clock' | 'udpPorts' | 'random' | 'localAddress' | 'peerAddress' | 'onFailure' | 'admits'
  > {
  readonly listener: PacketListener;
  /** Taken in place of `lower` where the camera refuses that one for the video (461). */
  readonly fallback: LowerTransport | undefined;
  context(): RtspErrorContext;
  setup(url: string, transport: string): ReturnType<TrackSetupOptions['setup']>;
  /** Sends a packet on an interleaved channel. */
  sendInterleaved(channel: number, packet: Buffer): void;
}

const NOBODY = -1;
/** What may become of SETUP of the sound while the connection is as good as before. */
const SOUND_ALONE: ReadonlySet<RtspError['kind']> = new Set([
  'refused',
  'unsupported-transport',
  'bad-data',
  'session-lost',
  'request-timeout',
]);

/** The tracks that are set up, and the ways of their packets. */
export class TrackLinks {
  readonly #options: TrackLinksOptions;
  readonly #links: TrackLink[] = [];
  readonly #tracks: SupportedTrack[] = [];
  /** By channel: 2 * track for RTP, 2 * track + 1 for RTCP. */
  readonly #routes = new Int16Array(256).fill(NOBODY);
  #lower: LowerTransport;
  #closed = false;
  #isAskingForSound = false;

  constructor(options: TrackLinksOptions) {
    this.#options = options;
    this.#lower = options.lower;
  }

  /** In the order of the numbers that the listener gets. */
  get tracks(): readonly SupportedTrack[] {
    return this.#tracks;
  }

  /** What the packets travel over, once the video is set up. */
  get lower(): LowerTransport {
    return this.#lower;
  }

  /** The camera has yet to answer to SETUP of its sound. */
  get isAskingForSound(): boolean {
    return this.#isAskingForSound;
  }

  isKnownChannel(channel: number): boolean {
    return (this.#routes[channel] ?? NOBODY) !== NOBODY;
  }

  /** Sets up the video, then the audio. Rejects where the video fails. */
  async setUp(selection: TrackSelection): Promise<void> {
    await this.#setUpVideo(selection.video);
    if (selection.audio === undefined) return;
    this.#isAskingForSound = true;
    try {
      await this.#setUpOne(selection.audio);
    } catch (thrown) {
      // A camera whose sound cannot be had still has its picture.
      if (!SOUND_ALONE.has(asRtspError(thrown).kind)) throw thrown;
    } finally {
      this.#isAskingForSound = false;
    }
  }

  /** Hands an interleaved packet to its track; true where it is RTCP. Undefined: nobody's. */
  deliver(channel: number, packet: Buffer, receivedAtMs: number): boolean | undefined {
    const route = this.#routes[channel] ?? NOBODY;
    const { listener } = this.#options;
    if (route === NOBODY) {
      listener.onUnassigned();
      return undefined;
    }
    const isControl = (route & 1) === 1;
    if (isControl) listener.onRtcp(route >> 1, packet, receivedAtMs);
    else listener.onRtp(route >> 1, packet, receivedAtMs);
    return isControl;
  }

  sendControl(track: number, packet: Buffer): void {
    const link = this.#links[track];
    if (link === undefined || this.#closed) return;
    if (link.lower === 'udp') link.udp.sendControl(packet);
    else this.#options.sendInterleaved(link.rtcpChannel, packet);
  }

  /** Once more when the media is to flow: a packet may have been lost, and some cameras open their ports with PLAY only. */
  punchHoles(): void {
    for (const link of this.#links) if (link.lower === 'udp') link.udp.punchHole();
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const link of this.#links) if (link.lower === 'udp') link.udp.close();
  }

  /** On one connection, for a camera that is left and dialled anew at once may still be busy with the first one. */
  async #setUpVideo(track: SupportedTrack): Promise<void> {
    const { fallback } = this.#options;
    try {
      await this.#setUpOne(track);
    } catch (thrown) {
      if (fallback === undefined || asRtspError(thrown).kind !== 'unsupported-transport') throw thrown;
      this.#lower = fallback;
      await this.#setUpOne(track);
    }
  }

  async #setUpOne(track: SupportedTrack): Promise<void> {
    const index = this.#links.length;
    const { listener, setup, context, ...options } = this.#options;
    let { controlUrl } = track;
    const link = await setUpTrack({
      ...options,
      lower: this.#lower,
      profile: track.profile,
      index,
      context,
      setup: async (transport) => {
        const usual = await setup(controlUrl, transport);
        if (usual.statusCode !== 404) return usual;
        for (const other of track.otherControlUrls) {
          const response = await setup(other, transport);
          if (response.statusCode === 404) continue;
          controlUrl = other;
          return response;
        }
        return usual;
      },
      isChannelTaken: (channel) => this.isKnownChannel(channel),
      onRtp: (packet, receivedAtMs) => listener.onRtp(index, packet, receivedAtMs),
      onRtcp: (packet, receivedAtMs) => listener.onRtcp(index, packet, receivedAtMs),
    });
    if (this.#closed) {
      if (link.lower === 'udp') link.udp.close();
      throw new RtspError('stopped', 'The connection was closed by the gateway.');
    }
    this.#links.push(link);
    this.#tracks.push({ ...track, controlUrl });
    if (link.lower === 'udp') return;
    // A camera may put RTP and RTCP on one channel; its RTP is what counts.
    this.#routes[link.rtcpChannel] = 2 * index + 1;
    this.#routes[link.rtpChannel] = 2 * index;
  }
}
