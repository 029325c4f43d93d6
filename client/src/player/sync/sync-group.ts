import { HOLD } from '../player-events.ts';
import type { SluicePlayer } from '../sluice-player.ts';
import { speedOf } from '../speed.ts';
import { clockRest, type Follower, GroupClock, syncStep } from './sync-plan.ts';

const TICK_MS = 80;
/** Ticks that were longer say nothing of the players. */
const MAX_TICK_MS = 250;
/** The clock waits for who loads, but not for ever. */
const PATIENCE_MS = 5_000;
/** Who all are behind by more are not waited for, but followed. */
const COMMON_DELAY_MS = 40;
/** What a leap takes is not known at first. */
const FIRST_LEAP_MS = 250;
/** What one step of a group that stands still is: a frame at the usual 25 a second. */
const STEP_MS = 40;

/** `playing`: the clock runs; `waiting`: it will once the players have what they need; `ended`: nothing more is recorded. */
export type SyncState = 'paused' | 'waiting' | 'playing' | 'ended';

/** `detail` of the group's `timechange`. */
export interface SyncTimeDetail {
  readonly timeMs: number;
  readonly state: SyncState;
}

/** What a group knows of one of its players. */
interface Member {
  readonly player: SluicePlayer;
  held: boolean;
  leptAtMs: number;
  /** Until its first picture after that. */
  leaping: boolean;
  leapTakesMs: number;
  waitedForSinceMs: number | undefined;
}

/**
 * Plays recorded time of several cameras on one clock, within 100 ms of each other. A camera that has nothing at
 * some time waits with a word on it; where none has anything the clock leaps on. Events: `timechange`
 * ({@link SyncTimeDetail}).
 *
 * 1. `new SyncGroup(players)`; 2. `seek(timeMs)`, then `play()`; 3. `close()`, which leaves the players as they are.
 */
export class SyncGroup extends EventTarget {
  #members: readonly Member[] = [];
  readonly #clock: GroupClock;
  readonly #ticker: ReturnType<typeof setInterval>;
  #state: SyncState = 'paused';
  #speed = 1;
  #tickedAtMs = performance.now();

  constructor(players: Iterable<SluicePlayer> = []) {
    super();
    this.#clock = new GroupClock(Date.now(), performance.now());
    this.#ticker = setInterval(() => this.#tick(), TICK_MS);
    for (const player of players) this.add(player);
  }

  get players(): readonly SluicePlayer[] {
    return this.#members.map(({ player }) => player);
  }

  get state(): SyncState {
    return this.#state;
  }

  get paused(): boolean {
    return this.#state === 'paused' || this.#state === 'ended';
  }

  /** Unix milliseconds: where the group is. */
  get time(): number {
    return this.#clock.time(performance.now());
  }
  set time(timeMs: number) {
    this.seek(timeMs);
  }

  /** 0.25 to 4, and up to 16 by key frames alone. */
  get speed(): number {
    return this.#speed;
  }
  set speed(value: number) {
    this.#speed = speedOf(value);
    this.#clock.setSpeed(this.#speed, performance.now());
    for (const { player } of this.#members) player.speed = this.#speed;
  }

  /** Has one more player follow the clock. */
  add(player: SluicePlayer): void {
    if (this.players.includes(player)) return;
    const member: Member = {
      player,
      held: false,
      leptAtMs: Number.NEGATIVE_INFINITY,
      leaping: false,
      leapTakesMs: FIRST_LEAP_MS,
      waitedForSinceMs: undefined,
    };
    this.#members = [...this.#members, member];
    player.speed = this.#speed;
    if (this.#members.length > 1) this.#leap(member, this.time);
    if (!this.paused) player.play();
  }

  /** Leaves a player as it is. */
  remove(player: SluicePlayer): void {
    for (const member of this.#members) if (member.player === player) this.#release(member);
    this.#members = this.#members.filter((member) => member.player !== player);
  }

  /** Unix milliseconds. */
  seek(timeMs: number): void {
    this.#clock.set(timeMs, performance.now());
    if (this.#state === 'ended') this.#setState('paused');
    if (this.#state === 'playing') this.#wait();
    for (const member of this.#members) this.#leap(member, timeMs);
    this.#tell();
  }

  play(): void {
    if (!this.paused) return;
    this.#wait();
    for (const { player } of this.#members) player.play();
    this.#tell();
  }

  /** All stand still at the same moment. */
  pause(): void {
    if (this.paused) return;
    this.#stop('paused');
  }

  /** One frame on, or with -1 back, while the group stands still. */
  step(by: 1 | -1 = 1): void {
    this.pause();
    this.seek(this.time + by * STEP_MS);
  }

  /** Ends the group; the players stay as they are. */
  close(): void {
    clearInterval(this.#ticker);
    for (const member of this.#members) this.#release(member);
    this.#members = [];
  }

  #stop(state: 'paused' | 'ended'): void {
    const timeMs = this.time;
    this.#clock.setRunning(false, performance.now());
    this.#setState(state);
    for (const member of this.#members) {
      this.#release(member);
      member.player.pause();
      // They were a few frames apart, which a picture that stands still would show.
      if (state === 'paused') this.#leap(member, timeMs);
    }
    this.#tell();
  }

  #wait(): void {
    const nowMs = performance.now();
    this.#clock.setRunning(false, nowMs);
    this.#setState('waiting');
    for (const member of this.#members) member.waitedForSinceMs = nowMs;
  }

  #leap(member: Member, toMs: number): void {
    member.leptAtMs = performance.now();
    member.leaping = true;
    this.#release(member);
    member.player.seek(toMs);
  }

  #release(member: Member): void {
    member.held = false;
    member.player[HOLD](undefined);
    member.player.video.playbackRate = member.player.video.defaultPlaybackRate;
  }

  #tick(): void {
    const nowMs = performance.now();
    const tickMs = nowMs - this.#tickedAtMs;
    this.#tickedAtMs = nowMs;
    if (this.paused || this.#members.length === 0) {
      this.#settle(nowMs);
      return;
    }
    this.#followSlowest();
    const present = this.#members.filter(({ player }) => isPresent(player));
    if (this.#members.every(({ player }) => isOver(player))) {
      this.#stop('ended');
      return;
    }
    const late = present.filter((member) => !this.#isReady(member, nowMs));
    const stalls = late.some((member) => nowMs - (member.waitedForSinceMs ?? nowMs) < PATIENCE_MS);
    const ready = present.filter((member) => !late.includes(member));
    const runs = !stalls && ready.length > 0;
    if (runs !== this.#clock.running) {
      this.#clock.setRunning(runs, nowMs);
      this.#setState(runs ? 'playing' : 'waiting');
    }
    if (runs) this.#waitForAll(ready, nowMs, tickMs);
    for (const member of ready) this.#follow(member, nowMs, runs);
    if (runs) this.#leapOverNothing(ready, nowMs);
    this.#tell();
  }

  /** A leap while the group stands still ends too. */
  #settle(nowMs: number): void {
    for (const member of this.#members) this.#isReady(member, nowMs);
  }

  /** Who has caught up with what is recorded now plays at its pace, and so do all. */
  #followSlowest(): void {
    const slowed = this.#speed > 1 && this.#members.some(({ player }) => player.speed === 1);
    if (slowed) this.speed = 1;
  }

  #isReady(member: Member, nowMs: number): boolean {
    const { player } = member;
    const { video } = player;
    const shows =
      player.time !== undefined && !video.seeking && video.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA;
    const ready = shows && (member.held || player.paused || player.state === 'playing');
    if (!ready) {
      member.waitedForSinceMs ??= nowMs;
      return false;
    }
    member.waitedForSinceMs = undefined;
    if (member.leaping) {
      member.leaping = false;
      const tookMs = nowMs - member.leptAtMs;
      member.leapTakesMs = Math.min(1_500, (member.leapTakesMs + tookMs) / 2);
    }
    return true;
  }

  #follow(member: Member, nowMs: number, runs: boolean): void {
    const { player } = member;
    const follower: Follower = {
      timeMs: player.time ?? 0,
      held: member.held,
      sinceLeapMs: nowMs - member.leptAtMs,
      leapTakesMs: member.leapTakesMs,
    };
    const clockMs = this.#clock.time(nowMs);
    const step = syncStep(follower, clockMs, this.#speed);
    if (!runs) {
      // Who is ready stands still while the clock waits for the others.
      const cause = step.kind === 'hold' ? step.cause : 'early';
      this.#hold(member, cause);
      return;
    }
    switch (step.kind) {
      case 'hold':
        this.#hold(member, step.cause);
        return;
      case 'leap':
        this.#leap(member, step.toMs);
        return;
      case 'run':
        if (member.held) this.#release(member);
        if (Math.abs(player.video.playbackRate - step.rate) > 0.004) player.video.playbackRate = step.rate;
        return;
    }
  }

  #hold(member: Member, cause: 'early' | 'not recorded'): void {
    member.held = true;
    member.player[HOLD](cause);
  }

  /**
   * A machine that is busy holds all of them up: then the clock is wrong, and nobody has to leap. Where it holds up some, the
   * clock slows down for them.
   */
  #waitForAll(ready: readonly Member[], nowMs: number, tickMs: number): void {
    const clockMs = this.#clock.time(nowMs);
    const running = ready.filter(({ held, leaping }) => !held && !leaping);
    const aheadMs = running.map(({ player }) => (player.time ?? clockMs) - clockMs);
    const commonMs = running.length < ready.length ? 0 : Math.max(...aheadMs);
    if (commonMs < -COMMON_DELAY_MS * this.#speed) {
      this.#clock.set(clockMs + commonMs, nowMs);
      return;
    }
    const restMs = clockRest(aheadMs.map((ms) => ms / this.#speed)) * Math.min(tickMs, MAX_TICK_MS);
    if (restMs > 0) this.#clock.set(clockMs - restMs * this.#speed, nowMs);
  }

  /** Where no camera has anything the clock goes on to what comes next. */
  #leapOverNothing(ready: readonly Member[], nowMs: number): void {
    const clockMs = this.#clock.time(nowMs);
    const times = ready.map(({ player }) => player.time ?? clockMs);
    const nextMs = Math.min(...times);
    if (ready.every(({ held }) => held) && nextMs - clockMs > 1_000) this.#clock.set(nextMs, nowMs);
  }

  #setState(state: SyncState): void {
    this.#state = state;
  }

  #tell(): void {
    const detail: SyncTimeDetail = { timeMs: this.time, state: this.#state };
    this.dispatchEvent(new CustomEvent('timechange', { detail }));
  }
}

/** Neither at its end, nor failed, nor out of sight. */
function isPresent(player: SluicePlayer): boolean {
  return !isOver(player) && !(player.state === 'paused' && player.reason !== undefined);
}

function isOver({ state }: SluicePlayer): boolean {
  return state === 'ended' || state === 'failed';
}
