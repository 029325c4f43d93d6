import { randomBytes } from 'node:crypto';
import { ApiError } from '../../shared/errors.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import { CongestionGuard } from './congestion-guard.ts';
import type { FeedLease } from './feeds.ts';
import type { LevelCounts } from './level-counts.ts';
import {
  type AudioChoice,
  chooseAudio,
  chooseVideo,
  payloadTypesFor,
  type VideoChoice,
} from './payload-choice.ts';
import type { Pipes } from './pipes.ts';
import { ICE_CONSENT_TIMEOUT_SECONDS, type Placement, type PlacementDeps, placeViewer } from './placement.ts';
import { type AnsweredTrack, buildIceFragment, buildSdpAnswer } from './sdp-answer.ts';
import type { SdpFragment } from './sdp-fragment.ts';
import type { SdpOffer } from './sdp-offer.ts';
import { consumeTrack, type TrackConsumer } from './track-consumers.ts';
import type { Watching } from './viewer-session.ts';
import { whepCapabilities } from './whep-capabilities.ts';

export interface WhepSessionDeps extends PlacementDeps {
  readonly pipes: Pipes;
  readonly clock: Clock;
  readonly counts: LevelCounts;
  readonly log: Logger;
}

export interface WhepSessionOptions extends WhepSessionDeps {
  readonly lease: FeedLease;
  readonly offer: SdpOffer;
  onEnded(): void;
}

/** A player that is not connected within this time, or loses its connection for as long, is gone. */
const LOST_AFTER_MS = 30_000;
/** mediasoup tells of a lost connection only once consent has run out. */
const GRACE_AFTER_CONSENT_MS = LOST_AFTER_MS - ICE_CONSENT_TIMEOUT_SECONDS * 1000;

type Choice = { readonly video: VideoChoice; readonly audio: AudioChoice | undefined };

/**
 * One WHEP player: a transport on a router that sends with the payload types of its offer. It lives till it is
 * removed, its player is lost, or its worker or its producer is gone; players then begin anew.
 */
export class WhepSession {
  readonly id: string = randomBytes(18).toString('base64url');
  readonly #options: WhepSessionOptions;
  readonly #sinceMs: number;
  readonly #undo: Array<() => void> = [];
  readonly #tracks: TrackConsumer[] = [];
  #placement: Placement | undefined;
  #guard: CongestionGuard | undefined;
  #cancelLost: (() => void) | undefined;
  #etag = newEtag();
  #iceUfrag: string;
  #icePwd: string;
  #isEnded = false;

  constructor(options: WhepSessionOptions) {
    this.#options = options;
    this.#sinceMs = options.clock.wallMs();
    this.#iceUfrag = options.offer.iceUfrag;
    this.#icePwd = options.offer.icePwd;
    this.#undo.push(
      options.lease.feed.want(),
      options.lease.feed.stream.onRemoved(() => this.end()),
      options.lease.feed.onChanged(() => {
        if (options.lease.feed.unsuitable !== undefined) this.end();
      }),
    );
  }

  get watching(): Watching {
    return {
      stream: this.#options.lease.feed.stream.id,
      sinceMs: this.#sinceMs,
      address: this.#placement?.transport.iceSelectedTuple?.remoteIp,
    };
  }

  get etag(): string {
    return this.#etag;
  }

  /** Sets everything up; gives the SDP answer. Throws `NO_COMMON_CODEC` and what mediasoup throws. */
  async open(): Promise<string> {
    const { lease, offer } = this.#options;
    const choice = chooseTracks(lease, offer);
    const payloadTypes = payloadTypesFor(choice.video, choice.audio);
    const placement = await placeViewer(this.#options, lease.feed, payloadTypes);
    this.#placement = placement;
    if (this.#isEnded) placement.close();
    this.#requireOpen();
    this.#undo.push(placement.router.worker.onDied(() => this.end()));
    const { transport } = placement;
    const isPassive = offer.setup === 'passive';
    await transport.connect({
      dtlsParameters: { role: isPassive ? 'server' : 'client', fingerprints: [...offer.fingerprints] },
    });
    const tracks = await this.#consume(placement, choice);
    this.#requireOpen();
    this.#watchConnection(placement);
    return buildSdpAnswer({
      offer,
      tracks,
      iceParameters: transport.iceParameters,
      iceCandidates: placement.iceCandidates,
      dtlsParameters: transport.dtlsParameters,
      setup: isPassive ? 'active' : 'passive',
      sessionVersion: 1,
      streamLabel: lease.feed.stream.id.replace('/', '-'),
    });
  }

  /** Takes a trickle fragment: other ICE parameters than before are an ICE restart, whose answer is returned. */
  async trickle(fragment: SdpFragment, ifMatch: string | undefined): Promise<string | undefined> {
    const { iceUfrag, icePwd } = fragment;
    const placement = this.#placement;
    if (placement === undefined) throw new ApiError('CONFLICT', 'The session is not set up yet.');
    if (ifMatch !== undefined && ifMatch !== '*' && ifMatch !== this.#etag) {
      throw new ApiError('CONFLICT', 'The If-Match header names an ICE session that is over.');
    }
    if (iceUfrag === undefined || icePwd === undefined) return undefined;
    if (iceUfrag === this.#iceUfrag && icePwd === this.#icePwd) return undefined;
    this.#iceUfrag = iceUfrag;
    this.#icePwd = icePwd;
    const iceParameters = await placement.transport.restartIce();
    this.#etag = newEtag();
    const media = this.#options.offer.media.find(({ mid }) => mid === this.#answeredMid());
    return buildIceFragment({
      mid: media?.mid ?? '0',
      kind: media?.kind ?? 'video',
      iceParameters,
      iceCandidates: placement.iceCandidates,
    });
  }

  /** Idempotent. */
  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#cancelLost?.();
    this.#guard?.close();
    for (const step of this.#undo) step();
    for (const track of this.#tracks) track.close();
    this.#placement?.close();
    this.#options.lease.release();
    this.#options.onEnded();
  }

  async #consume(placement: Placement, choice: Choice): Promise<AnsweredTrack[]> {
    const answered: AnsweredTrack[] = [];
    for (const track of this.#options.lease.feed.tracks) {
      const chosen = track.kind === 'video' ? choice.video : choice.audio;
      if (chosen === undefined) continue;
      const { mid } = chosen.media;
      const held = await consumeTrack({
        pipes: this.#options.pipes,
        router: placement.router,
        transport: placement.transport,
        track,
        rtpCapabilities: whepCapabilities(chosen),
        ...(Buffer.byteLength(mid) <= 8 ? { mid } : {}),
        // Without its picture a player is better off beginning anew; sound may come and go.
        onClosed: () => {
          if (track.kind === 'video') this.end();
        },
      });
      if (held === undefined) continue;
      this.#tracks.push(held);
      if (this.#isEnded) held.close();
      const profile = chosen.kind === 'video' ? { profileLevelId: chosen.profileLevelId } : {};
      answered.push({ mid, rtpParameters: held.consumer.rtpParameters, ...profile });
    }
    return answered;
  }

  #watchConnection({ transport }: Placement): void {
    this.#cancelLost = this.#options.clock.after(LOST_AFTER_MS, () => this.end());
    transport.on('dtlsstatechange', (state) => {
      if (state === 'failed' || state === 'closed') this.end();
      if (state !== 'connected') return;
      this.#found();
      // Only now has the player a decoder; before, the first key frame would have been lost.
      Promise.all(this.#tracks.map(({ consumer }) => consumer.resume())).then(
        () => {
          this.#options.lease.feed.viewerReady();
          if (!this.#isEnded) this.#guard ??= this.#startGuard(transport);
        },
        () => this.end(),
      );
    });
    transport.on('icestatechange', (state) => {
      if (state === 'disconnected') {
        this.#cancelLost?.();
        this.#cancelLost = this.#options.clock.after(GRACE_AFTER_CONSENT_MS, () => this.end());
      } else if (transport.dtlsState === 'connected') {
        this.#found();
      }
    });
  }

  /**
   * WHEP has no word for it and an answer names its one picture, so that of a congested player is paused, and tried again
   * with back-off; its sound goes on.
   */
  #startGuard(transport: Placement['transport']): CongestionGuard {
    const picture = this.#tracks.find(({ track }) => track.kind === 'video')?.consumer;
    const guard = new CongestionGuard(this.#options.clock, {
      counts: this.#options.counts,
      transport,
      hasSub: () => false,
      picture: () => (picture?.paused === false ? picture : undefined),
      apply: async (level) => {
        // A worker that has died, or a producer that is gone, ends the session by another way.
        await (level === 'full' ? picture?.resume() : picture?.pause())?.catch(() => {});
        return level !== 'sub';
      },
      tell: ({ level, cause }) =>
        this.#options.log.debug({ level, cause }, 'what a WHEP player gets changed with its link'),
    });
    picture?.on('score', () => guard.hurry());
    return guard;
  }

  #found(): void {
    this.#cancelLost?.();
    this.#cancelLost = undefined;
  }

  #answeredMid(): string | undefined {
    const answered = new Set(this.#tracks.map(({ consumer }) => consumer.rtpParameters.mid));
    return this.#options.offer.media.find(({ mid }) => answered.has(mid))?.mid;
  }

  #requireOpen(): void {
    if (this.#isEnded) throw new ApiError('WORKER_DIED', 'The session ended while it was set up; try again.');
  }
}

function chooseTracks(lease: FeedLease, offer: SdpOffer): Choice {
  let video: VideoChoice | undefined;
  let audio: AudioChoice | undefined;
  for (const { format } of lease.feed.tracks) {
    if (format.kind === 'video') video = chooseVideo(offer, format);
    else audio = chooseAudio(offer, format);
  }
  if (video === undefined) {
    throw new ApiError(
      'NO_COMMON_CODEC',
      'The offer has no section that receives H.264 video with packetization-mode=1 over the bundled transport.',
    );
  }
  return { video, audio };
}

function newEtag(): string {
  return `"${randomBytes(9).toString('base64url')}"`;
}
