import { createHash } from 'node:crypto';
import type { Clock } from './clock.ts';

/** Five tries in half an hour, over all doors of a device together. */
const REFUSAL_WAITS_MS = [30_000, 120_000, 480_000, 900_000];
/** Of somebody who waits for the answer, and may have mended the camera's user meanwhile. */
const ASKED_WAIT_MS = 30_000;
/** Of doors that let us in before, a refusal may be of one channel or one question alone; after so many in a row it is not. */
const DOUBTS = 3;
/** More than anybody has devices; the eldest is forgotten. */
const MAX_LOGINS = 4_096;
/** More than a recorder has; one that names another port for each connection is not remembered for ever. */
const MAX_DOORS = 64;

export interface LoginCredentials {
  readonly username: string;
  readonly password: string;
}

/** What all doors of one device have refused of one user name and password. */
interface Login {
  readonly doors: Map<string, LoginHistory>;
  /** When a door refused it last. */
  refusedMs: number;
}

/**
 * How devices take user names and passwords: one for the whole gateway, for they lock their users out after some five to seven wrong
 * log-ins, for half an hour, whoever made them and by whatever protocol. A device has doors (its RTSP port, its ONVIF services, its
 * pictures), which may have users of their own: so what one has refused says nothing yet of another that was never tried, but those that
 * have refused share the time until the next try.
 */
export class LoginHistories {
  readonly #clock: Clock;
  readonly #byLogin = new Map<string, Login>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The history of a log-in at one door of a host, the same for all who ask for it. */
  of(host: string, credentials: LoginCredentials, door: string): LoginHistory {
    const key = keyOf(host, credentials);
    const login: Login = this.#byLogin.get(key) ?? { doors: new Map(), refusedMs: 0 };
    this.#byLogin.delete(key);
    this.#byLogin.set(key, login);
    forgetEldest(this.#byLogin, MAX_LOGINS);
    const known = login.doors.get(door) ?? new LoginHistory(this.#clock, login);
    login.doors.delete(door);
    login.doors.set(door, known);
    forgetEldest(login.doors, MAX_DOORS);
    return known;
  }

  /** Somebody says that the user and password of a source are to be tried now. */
  forgive({
    url,
    username,
    password = '',
  }: {
    url: string;
    username?: string | undefined;
    password?: string | undefined;
  }): void {
    if (username === undefined || !URL.canParse(url)) return;
    const login = this.#byLogin.get(keyOf(new URL(url).hostname, { username, password }));
    for (const history of login?.doors.values() ?? []) history.forgive();
  }
}

/** How a device has taken one user name and password at one of its doors. */
export class LoginHistory {
  readonly #clock: Clock;
  readonly #login: Login;
  #isProven = false;
  #wasProven = false;
  /** Refused since it let us in last. */
  #refused = 0;
  /** It is not tried for a while. */
  #isRefusing = false;
  #message = '';
  #sessions = 0;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(clock: Clock, login: Login = { doors: new Map(), refusedMs: 0 }) {
    this.#clock = clock;
    this.#login = login;
  }

  /** Whether this door has let us in, and has not refused us since. */
  get isProven(): boolean {
    return this.#isProven;
  }

  /** Why it is not tried again just now, for people; undefined: it may be. `isAsked`: somebody waits for it. */
  standing(isAsked = false): string | undefined {
    const alike = this.#alike;
    // Where the log-in let us in before, the doors that refuse it now speak for each other.
    const isHeld = this.#wasProven && this.#refused > 0 && alike.some((door) => door.#isRefusing);
    if (!this.#isRefusing && !isHeld) return undefined;
    const refused = alike.reduce((sum, door) => sum + door.#refused, 0);
    const waitMs = REFUSAL_WAITS_MS[Math.min(refused, REFUSAL_WAITS_MS.length) - 1] ?? 0;
    const untilMs = this.#login.refusedMs + (isAsked ? Math.min(waitMs, ASKED_WAIT_MS) : waitMs);
    const leftMs = untilMs - this.#clock.monotonicMs();
    if (leftMs <= 0) return undefined;
    const seconds = Math.ceil(leftMs / 1_000);
    return `${this.#message} So that it locks nobody out, it is not asked again with these for ${seconds} s.`;
  }

  /** One after another: a wrong password, asked by many at once, would be many wrong log-ins. */
  oneByOne<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(work);
    this.#queue = turn.catch(() => {});
    return turn;
  }

  /** Something was done that needs a log-in, or did not need one. */
  proven(): void {
    this.#isProven = true;
    this.#wasProven = true;
    this.forgive();
  }

  /** It was proven for something that goes on; as long as that does, a refusal is of who was refused alone. Gives its end, idempotent. */
  hold(): () => void {
    this.proven();
    this.#sessions += 1;
    let isOver = false;
    return () => {
      if (!isOver) this.#sessions -= 1;
      isOver = true;
    };
  }

  /** The log-in was refused for good: it is not tried again for a while, which grows. */
  refused(message: string): void {
    if (this.#isProven && this.#sessions > 0) return;
    this.#refused += 1;
    this.#message = message;
    const inARow = this.#alike.reduce((sum, door) => sum + door.#refused, 0);
    if (this.#isProven && inARow < DOUBTS) return;
    this.#isProven = false;
    this.#isRefusing = true;
    this.#login.refusedMs = this.#clock.monotonicMs();
  }

  /** What was refused counts no more. */
  forgive(): void {
    this.#refused = 0;
    this.#isRefusing = false;
  }

  /** The doors for which a refusal means the same: those that let us in once, or those that never did, as they may have users of their own. */
  get #alike(): readonly LoginHistory[] {
    const doors = new Set([this, ...this.#login.doors.values()]);
    return [...doors].filter((door) => door.#wasProven === this.#wasProven);
  }
}

/** Of the order in which they were put in. */
function forgetEldest(map: Map<string, unknown>, most: number): void {
  for (const eldest of map.keys()) {
    if (map.size <= most) return;
    map.delete(eldest);
  }
}

/** So that no list of passwords lies in memory for as long as the gateway runs. */
function keyOf(host: string, { username, password }: LoginCredentials): string {
  const bare = host.toLowerCase().replace(/^\[|\]$/g, '');
  const login = JSON.stringify([bare, username, password]);
  return createHash('sha256').update(login).digest('base64');
}
