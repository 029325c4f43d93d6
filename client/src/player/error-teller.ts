import type { Reason } from '../live/index.ts';
import type { EngineStatus } from './player-state.ts';

/** Tells each trouble once, not at each of the tries that follow. */
export class ErrorTeller {
  readonly #tell: (reason: Reason) => void;
  #told = '';

  constructor(tell: (reason: Reason) => void) {
    this.#tell = tell;
  }

  look(status: EngineStatus): void {
    const reason = 'reason' in status && status.kind !== 'waiting' ? status.reason : undefined;
    // On its way without a word to say: what was told may still be so.
    if (reason === undefined && status.kind === 'connecting') return;
    const key = reason === undefined ? '' : `${reason.code} ${reason.message}`;
    if (key === this.#told) return;
    this.#told = key;
    if (reason !== undefined) this.#tell(reason);
  }
}
