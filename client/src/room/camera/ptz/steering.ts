import { type ReadonlySignal, signal } from '@preact/signals';
import type { PtzCommand, PtzStatus } from '../../../../../shared/onvif.ts';
import { LiveError } from '../../../live/live-error.ts';
import type { Failure } from '../../api/call.ts';
import { failureText } from '../../api/failure-text.ts';
import type { StreamKey } from '../../recordings/api.ts';
import { PtzHold } from './hold.ts';
import { addPreset, readPtz, removePreset, sendPtz } from './link.ts';

const ASK_AGAIN_MS = 15_000;

/** What moves travel over; false where it cannot take them just now. */
export interface MoveLine {
  move(command: PtzCommand): Promise<boolean>;
}

/** Steering of one camera: what it can, its positions, and commands to it. */
export class Steering {
  readonly hold: PtzHold;
  readonly #stream: StreamKey;
  readonly #line: MoveLine;
  readonly #status = signal<PtzStatus | undefined>(undefined);
  readonly #trouble = signal<string | undefined>(undefined);
  readonly #isCentring = signal(false);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;
  #requests: Promise<Failure | undefined> = Promise.resolve(undefined);
  #asked = 0;

  constructor(stream: StreamKey, line: MoveLine) {
    this.#stream = stream;
    this.#line = line;
    this.hold = new PtzHold((command) => void this.send(command));
    void this.#ask();
  }

  /** Undefined while it is not known, and of a camera that cannot be steered. */
  get status(): ReadonlySignal<PtzStatus | undefined> {
    return this.#status;
  }
  get trouble(): ReadonlySignal<string | undefined> {
    return this.#trouble;
  }
  /** Whether a click into the picture steers. */
  get isCentring(): ReadonlySignal<boolean> {
    return this.#isCentring;
  }

  toggleCentring(): void {
    this.#isCentring.value = !this.#isCentring.value;
  }

  async send(command: PtzCommand): Promise<void> {
    const failure = await this.#deliver(command);
    this.#trouble.value = failure === undefined ? undefined : failureText(failure);
  }

  /** True where the camera took it. */
  async keepPreset(name: string): Promise<boolean> {
    const answer = await addPreset(this.#stream, name);
    this.#trouble.value = answer.ok ? undefined : failureText(answer.error);
    await this.#ask();
    return answer.ok;
  }

  async forgetPreset(token: string): Promise<void> {
    const answer = await removePreset(this.#stream, token);
    this.#trouble.value = answer.ok ? undefined : failureText(answer.error);
    await this.#ask();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.hold.release();
  }

  /** Over the open connection, where there is one, as that is quickest; else as a request. */
  async #deliver(command: PtzCommand): Promise<Failure | undefined> {
    try {
      if (await this.#line.move(command)) return undefined;
    } catch (error) {
      if (!(error instanceof LiveError)) throw error;
      if (error.code !== 'CONNECTION_LOST') return { code: error.code, message: error.message, issues: [] };
    }
    return this.#request(command);
  }

  /** Requests may overtake each other on their way: a stop would come before the move that it ends. So one after the other. */
  #request(command: PtzCommand): Promise<Failure | undefined> {
    this.#asked += 1;
    const mine = this.#asked;
    this.#requests = this.#requests.then(async () => {
      // What was asked for since then counts.
      if (command.action === 'move' && mine !== this.#asked) return undefined;
      const answer = await sendPtz(this.#stream, command);
      return answer.ok ? undefined : answer.error;
    });
    return this.#requests;
  }

  async #ask(): Promise<void> {
    clearTimeout(this.#timer);
    const answer = await readPtz(this.#stream);
    if (this.#isClosed) return;
    if (answer.ok) this.#status.value = answer.value;
    // One that is away may come back; one that cannot be steered never will, and is asked in vain but seldom.
    else this.#timer = setTimeout(() => void this.#ask(), ASK_AGAIN_MS);
  }
}
