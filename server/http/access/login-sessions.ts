import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';

const MAX_SESSIONS = 1000;
const LIFETIME_MS = 7 * 24 * 3_600_000;

/**
 * Sessions of the control room: a random id stands for the token, so that the cookie never holds the token. They
 * live in memory, so a restart asks everybody to log in again.
 */
export class LoginSessions {
  readonly #clock: Clock;
  /** Keyed by the id's hash, so that looking one up tells nothing about how near a guess is; oldest first. */
  readonly #expiryByKey = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Begins a session; beyond the limit the oldest one ends. */
  begin(): { id: string; lifetimeMs: number } {
    const id = randomBytes(32).toString('base64url');
    const nowMs = this.#clock.monotonicMs();
    for (const [key, expiresAtMs] of this.#expiryByKey) {
      if (expiresAtMs > nowMs && this.#expiryByKey.size < MAX_SESSIONS) break;
      this.#expiryByKey.delete(key);
    }
    this.#expiryByKey.set(keyOf(id), nowMs + LIFETIME_MS);
    return { id, lifetimeMs: LIFETIME_MS };
  }

  isValid(id: string): boolean {
    const key = keyOf(id);
    const expiresAtMs = this.#expiryByKey.get(key);
    if (expiresAtMs === undefined) return false;
    if (expiresAtMs > this.#clock.monotonicMs()) return true;
    this.#expiryByKey.delete(key);
    return false;
  }

  end(id: string): void {
    this.#expiryByKey.delete(keyOf(id));
  }

  get size(): number {
    return this.#expiryByKey.size;
  }
}

function keyOf(id: string): string {
  return createHash('sha256').update(id).digest('base64');
}
