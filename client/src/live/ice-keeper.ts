import { LiveError } from './live-error.ts';

/** How long the first connection may take, and a restarted one. */
const CONNECT_TIMEOUT_MS = 12_000;
const RESTART_TIMEOUT_MS = 8_000;
/** A short `disconnected` often heals by itself: one lost check is enough to raise it. */
const DISCONNECTED_GRACE_MS = 1_000;

export interface IceKeeperOptions {
  restart(): Promise<void>;
  /** The media path is beyond repair; the whole session has to be made anew. */
  giveUp(error: LiveError): void;
  /** Where media were to come from, for the message: `192.0.2.5:8189`. */
  readonly addresses: readonly string[];
}

type Phase = 'new' | 'connecting' | 'connected' | 'shaky' | 'restarting' | 'closed';

/** Watches over the peer connection: restarts ICE when it breaks, gives up when that does not help. */
export class IceKeeper {
  readonly #options: IceKeeperOptions;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #phase: Phase = 'new';
  #everConnected = false;

  constructor(options: IceKeeperOptions) {
    this.#options = options;
  }

  onState(state: RTCPeerConnectionState): void {
    if (this.#phase === 'closed') return;
    switch (state) {
      case 'connected':
        this.#everConnected = true;
        this.#enter('connected');
        return;
      case 'connecting':
        if (this.#phase === 'new') this.#enter('connecting', CONNECT_TIMEOUT_MS, () => this.#restart());
        return;
      case 'disconnected':
        if (this.#phase === 'connected') {
          this.#enter('shaky', DISCONNECTED_GRACE_MS, () => this.#restart());
        }
        return;
      case 'failed':
        if (this.#phase === 'restarting') this.#giveUp();
        else this.#restart();
        return;
      case 'closed':
        this.#giveUp();
        return;
      case 'new':
        return;
    }
  }

  close(): void {
    this.#enter('closed');
  }

  #restart(): void {
    this.#enter('restarting', RESTART_TIMEOUT_MS, () => this.#giveUp());
    this.#options.restart().catch(() => this.#giveUp());
  }

  #giveUp(): void {
    if (this.#phase === 'closed') return;
    this.close();
    const { addresses, giveUp } = this.#options;
    const where = addresses.length === 0 ? 'the server' : addresses.join(', ');
    giveUp(
      new LiveError(
        'NO_MEDIA_PATH',
        this.#everConnected
          ? 'The media connection to the server was lost.'
          : `No media from ${where} over UDP or TCP. A firewall or a wrong announced address is the usual cause.`,
      ),
    );
  }

  #enter(phase: Phase, afterMs?: number, then?: () => void): void {
    clearTimeout(this.#timer);
    this.#phase = phase;
    this.#timer = afterMs === undefined || then === undefined ? undefined : setTimeout(then, afterMs);
  }
}
