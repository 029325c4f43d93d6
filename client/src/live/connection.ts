import type { StreamId } from '../../../shared/names.ts';
import { backoffDelayMs } from '../base/backoff.ts';
import { type LiveError, toLiveError } from './live-error.ts';
import type { LoadMedia } from './media.ts';
import { Session, type WatchWishes } from './session.ts';
import { Watch, type WatchListener } from './watch.ts';
import type { OpenWire, Target } from './wire.ts';

/** Time between tries to reach a server that is gone. */
const RETRY = { firstMs: 500, maxMs: 10_000 };
/** A token that is wrong now may be right later (a new log-in), but asking often would look like guessing. */
const HOPELESS_RETRY_MS = 30_000;
/** A session that lived that long was a good one: the next back-off starts from the beginning. */
const GOOD_SESSION_MS = 5_000;
/** How long the session outlives its last watch, so that a page may swap one player for another. */
const LINGER_MS = 2_000;

export type ConnectionState =
  | { readonly kind: 'idle' }
  | { readonly kind: 'connecting'; readonly lastError: LiveError | undefined }
  | { readonly kind: 'open'; readonly session: Session; readonly sinceMs: number }
  | { readonly kind: 'waiting'; readonly error: LiveError };

export interface ConnectionOptions {
  readonly target: Target;
  readonly openWire: OpenWire;
  readonly loadMedia: LoadMedia;
  /** Why signaling was refused, as HTTP tells it. */
  readonly probe?: (target: Target) => Promise<LiveError | undefined>;
  readonly random?: () => number;
}

/**
 * The way to one server, shared by all players of a page. It dials when there is something to watch, dials again
 * with back-off for as long as there is, and starts every watch again in each new session.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #watches = new Set<Watch>();
  #state: ConnectionState = { kind: 'idle' };
  #attempt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #linger: ReturnType<typeof setTimeout> | undefined;
  #dialling: AbortController | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Whether nobody needs this connection any more. */
  get unused(): boolean {
    return this.#watches.size === 0;
  }

  get watchCount(): number {
    return this.#watches.size;
  }

  /** Begins to watch and goes on until `watch.stop()`, through every loss of the server. */
  watch(stream: StreamId, wishes: WatchWishes, listener: WatchListener): Watch {
    const watch = new Watch(stream, wishes, listener, () => this.#forget(watch));
    this.#watches.add(watch);
    clearTimeout(this.#linger);
    if (this.#state.kind === 'open') {
      watch.begin(this.#state.session);
    } else if (this.#state.kind === 'idle') {
      void this.#dial(undefined);
    } else if (this.#state.kind === 'waiting') {
      const { error } = this.#state;
      // Whoever comes alone asks anew: somebody pressed "Try again", or wants to see something else.
      if (this.#watches.size === 1 && error.retryable) this.#retry(error);
      else watch.lost(error);
    }
    return watch;
  }

  /** The network or the page came back: no need to sit out the back-off, and good reason to doubt the session. */
  wake(): void {
    if (this.#state.kind === 'open') this.#state.session.checkAlive();
    else if (this.#state.kind === 'waiting') this.#retry(this.#state.error);
  }

  async #dial(lastError: LiveError | undefined): Promise<void> {
    clearTimeout(this.#timer);
    this.#state = { kind: 'connecting', lastError };
    const dialling = new AbortController();
    this.#dialling = dialling;
    const { target, openWire, loadMedia } = this.#options;
    try {
      const session = await Session.open({ target, openWire, loadMedia, signal: dialling.signal });
      if (dialling.signal.aborted) session.close();
      else this.#opened(session);
    } catch (error) {
      if (dialling.signal.aborted) return;
      const told = await this.#explained(toLiveError(error));
      if (!dialling.signal.aborted) this.#wait(told, 0);
    }
  }

  async #explained(error: LiveError): Promise<LiveError> {
    if (error.code !== 'SERVER_UNREACHABLE' && error.code !== 'TIMED_OUT') return error;
    return (await this.#options.probe?.(this.#options.target)) ?? error;
  }

  #opened(session: Session): void {
    const sinceMs = performance.now();
    this.#state = { kind: 'open', session, sinceMs };
    session.onClosed((error) => {
      if (performance.now() - sinceMs > GOOD_SESSION_MS) this.#attempt = 0;
      this.#wait(error, session.retryAfterMs);
    });
    for (const watch of [...this.#watches]) watch.begin(session);
  }

  #wait(error: LiveError, atLeastMs: number): void {
    this.#state = { kind: 'waiting', error };
    for (const watch of [...this.#watches]) watch.lost(error);
    if (this.unused) {
      this.#state = { kind: 'idle' };
      return;
    }
    const { random } = this.#options;
    const delayMs = backoffDelayMs(this.#attempt, random === undefined ? RETRY : { ...RETRY, random });
    this.#attempt += 1;
    const boundMs = error.retryable ? Math.min(atLeastMs, RETRY.maxMs) : HOPELESS_RETRY_MS;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#retry(error), Math.max(delayMs, boundMs));
  }

  #retry(error: LiveError): void {
    for (const watch of this.#watches) watch.dialling();
    void this.#dial(error);
  }

  #forget(watch: Watch): void {
    this.#watches.delete(watch);
    if (!this.unused) return;
    // The next try to reach a server that is away stays planned: another player may come.
    clearTimeout(this.#linger);
    this.#linger = setTimeout(() => {
      if (this.unused) this.#rest();
    }, LINGER_MS);
  }

  #rest(): void {
    clearTimeout(this.#timer);
    this.#dialling?.abort();
    if (this.#state.kind === 'open') this.#state.session.close();
    this.#state = { kind: 'idle' };
    this.#attempt = 0;
  }
}
