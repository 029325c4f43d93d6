import type { types } from 'mediasoup';
import { ApiError } from '../../shared/errors.ts';
import { DEFAULT_PAYLOAD_TYPES, type PayloadTypes, routerCodecs } from './rtp-parameters.ts';
import type { WorkerHandle } from './worker-handle.ts';

/** A router and the worker it lives on. */
export interface RouterRef {
  readonly id: string;
  readonly router: types.Router;
  readonly worker: WorkerHandle;
}

export interface RouterLease extends RouterRef {
  release(): void;
}

/** Browsers of one kind and version offer the same payload types, so a handful of sets is in use at a time. */
const MAX_ROUTERS = 24;
const MAX_UNUSED = 6;

interface Entry {
  readonly ref: Promise<RouterRef>;
  users: number;
  lastUsed: number;
}

/**
 * The routers of one worker: the default one, on which streams enter and signaling sessions live, and one for
 * each set of payload types that WHEP offers brought. A consumer sends its router's payload types whatever an
 * SDP answer says, so an offer with other numbers needs another router.
 */
export class RouterSet {
  readonly default: RouterRef;
  readonly #worker: types.Worker;
  readonly #handle: WorkerHandle;
  readonly #entries = new Map<string, Entry>();
  #uses = 0;

  constructor(handle: WorkerHandle, worker: types.Worker, defaultRouter: types.Router) {
    this.#handle = handle;
    this.#worker = worker;
    this.default = { id: defaultRouter.id, router: defaultRouter, worker: handle };
  }

  get size(): number {
    return this.#entries.size + 1;
  }

  /** A router that sends with these payload types, kept at least until released. Throws `TOO_MANY_VIEWERS`. */
  async lease(payloadTypes: PayloadTypes): Promise<RouterLease> {
    const key = keyOf(payloadTypes);
    if (key === keyOf(DEFAULT_PAYLOAD_TYPES)) return { ...this.default, release() {} };
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      this.#makeRoom();
      entry = { ref: this.#create(payloadTypes), users: 0, lastUsed: 0 };
      this.#entries.set(key, entry);
    }
    const held = entry;
    held.users += 1;
    let isReleased = false;
    const release = () => {
      if (isReleased) return;
      isReleased = true;
      held.users -= 1;
      this.#uses += 1;
      held.lastUsed = this.#uses;
      this.#trimUnused();
    };
    try {
      return { ...(await held.ref), release };
    } catch (failure) {
      if (this.#entries.get(key) === held) this.#entries.delete(key);
      throw failure;
    }
  }

  async #create(payloadTypes: PayloadTypes): Promise<RouterRef> {
    const router = await this.#worker.createRouter({ mediaCodecs: routerCodecs(payloadTypes) });
    return { id: router.id, router, worker: this.#handle };
  }

  #makeRoom(): void {
    if (this.#entries.size < MAX_ROUTERS) return;
    if (!this.#closeLeastRecent()) {
      throw new ApiError(
        'TOO_MANY_VIEWERS',
        'Too many kinds of WebRTC players at once; try again when some have left.',
      );
    }
  }

  #trimUnused(): void {
    const unused = [...this.#entries.values()].filter((entry) => entry.users === 0).length;
    if (unused > MAX_UNUSED) this.#closeLeastRecent();
  }

  #closeLeastRecent(): boolean {
    let oldest: [string, Entry] | undefined;
    for (const candidate of this.#entries) {
      if (candidate[1].users > 0) continue;
      if (oldest === undefined || candidate[1].lastUsed < oldest[1].lastUsed) oldest = candidate;
    }
    if (oldest === undefined) return false;
    this.#entries.delete(oldest[0]);
    oldest[1].ref.then(
      (ref) => ref.router.close(),
      () => {},
    );
    return true;
  }
}

function keyOf(payloadTypes: PayloadTypes): string {
  return `${payloadTypes.h264} ${payloadTypes.h264Rtx ?? '-'} ${payloadTypes.opus}`;
}
