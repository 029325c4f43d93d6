import { backoffDelayMs } from '../../base/backoff.ts';
import { type Clock, sleep } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { OnvifDevice } from '../device.ts';
import { asOnvifError, OnvifError } from '../errors.ts';
import type { Audience } from './audience.ts';
import type { PulledMessages } from './notification.ts';
import { Subscription } from './subscription.ts';

export interface EventLoopParts {
  /** One of its audience's. */
  readonly device: OnvifDevice;
  readonly audience: Audience;
  readonly clock: Clock;
  readonly log: Logger;
}

/** As seldom as a camera's stream is dialled, so that both are back at the same time. */
const BACKOFF = { minMs: 1_000, maxMs: 30_000 };
/** A wrong password is not tried often: devices lock accounts. What a device cannot it may learn with a new firmware. */
const SLOW_BACKOFF = { minMs: 60_000, maxMs: 900_000 };
/** A subscription that lasted so long was a good one. */
const GOOD_MS = 60_000;
/** Between pulls that are answered at once: some devices never wait, some tell something all the time. */
const EMPTY_PACE_MS = 1_000;
const BUSY_PACE_MS = 100;
/** How long a device has to tell again what is on. */
const DOUBT_MS = 30_000;
/** What goes on for so long (twice that at most) is asked for again: some devices tell of motion and never of its end. */
const SILENT_MS = 10 * 60_000;
const SHORT_TIMEOUT_MS = 3_000;
/** What is older by its own stamps was not sent when it happened, or is stamped by another clock. */
const MAX_AGE_MS = 60_000;

/**
 * Keeps a pull point at a device alive, and has its audience told starts and ends by the gateway's clock. Nothing a device answers ends `run`,
 * and nothing makes it ask without a pause.
 */
export class EventLoop {
  readonly #parts: EventLoopParts;

  constructor(parts: EventLoopParts) {
    this.#parts = parts;
  }

  /** Listens until aborted, whatever fails. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, device, audience } = this.#parts;
    let failures = 0;
    while (!signal.aborted) {
      const beganMs = clock.monotonicMs();
      try {
        await this.runOnce(signal);
      } catch (thrown) {
        if (signal.aborted) break;
        const failure = asOnvifError(thrown);
        if (clock.monotonicMs() - beganMs > GOOD_MS) failures = 0;
        const isSlow = failure.kind === 'auth-failed' || failure.kind === 'unsupported';
        const delayMs = backoffDelayMs(isSlow ? SLOW_BACKOFF : BACKOFF, failures);
        failures += 1;
        if (failure.kind === 'internal')
          log.error({ err: thrown }, 'ONVIF events failed in an unforeseen way');
        audience.tellState(failure.kind === 'unsupported' ? 'unsupported' : 'waiting', failure.message);
        log.debug(
          { device: device.name, kind: failure.kind, delayMs },
          'ONVIF events: waiting for the next try',
        );
        await sleep(clock, delayMs, signal);
      }
    }
  }

  /**
   * Subscribes and listens until aborted; rejects with what ended it.
   *
   * @throws {OnvifError}
   */
  async runOnce(signal: AbortSignal): Promise<void> {
    const { device, audience } = this.#parts;
    const connected = await device.connect(signal);
    const { cam } = connected;
    if (!cam.has('events')) {
      throw new OnvifError('unsupported', `The camera at ${device.name} tells no events over ONVIF.`);
    }
    await audience.learn(signal);
    const subscription = await device.with(() => Subscription.create(cam, { signal }), signal);
    try {
      audience.doubt();
      audience.tellState('subscribed');
      // Those that cannot tell their states to a new subscriber by themselves or not at all.
      await subscription.synchronise({ signal, timeoutMs: SHORT_TIMEOUT_MS }).catch(ignoreRefusal);
      await this.#listen(subscription, signal);
    } finally {
      // Devices have room for few; one that is gone keeps ours until it runs out.
      await subscription.unsubscribe({ timeoutMs: SHORT_TIMEOUT_MS }).catch(() => {});
    }
  }

  async #listen(subscription: Subscription, signal: AbortSignal): Promise<void> {
    const { clock, device, audience } = this.#parts;
    const synchronise = () =>
      subscription.synchronise({ signal, timeoutMs: SHORT_TIMEOUT_MS }).catch(ignoreRefusal);
    const beganMs = clock.monotonicMs();
    let renewedMs = beganMs;
    let mayRenew = true;
    let doubtedMs: number | undefined = beganMs;
    let lookedMs = beganMs;
    while (!signal.aborted) {
      const askedMs = clock.monotonicMs();
      if (mayRenew && askedMs - renewedMs > subscription.lifetimeMs / 3) {
        // A device without Renew keeps those alive that pull.
        mayRenew = await subscription.renew({ signal }).then(() => true, ignoreRefusal);
        renewedMs = askedMs;
      }
      const pulled = await device.with(() => subscription.pull({ signal }), signal);
      const { notifications } = pulled;
      this.#take(pulled);
      const nowMs = clock.monotonicMs();
      if (doubtedMs !== undefined && nowMs - doubtedMs > DOUBT_MS) {
        doubtedMs = undefined;
        audience.endDoubtful(clock.wallMs());
      }
      if (nowMs - lookedMs > SILENT_MS) {
        lookedMs = nowMs;
        const hasLearnt = await audience.learnMissing(signal);
        if (audience.doubtSilent() || hasLearnt) {
          doubtedMs = nowMs;
          await synchronise();
        }
      }
      if (await audience.hasNew(signal)) await synchronise();
      const paceMs = notifications.length === 0 ? EMPTY_PACE_MS : BUSY_PACE_MS;
      const tookMs = clock.monotonicMs() - askedMs;
      if (tookMs < paceMs) await sleep(clock, paceMs - tookMs, signal);
    }
  }

  #take({ notifications, currentMs }: PulledMessages): void {
    const nowMs = this.#parts.clock.wallMs();
    for (const notification of notifications) {
      const isInitial = notification.operation === 'initialized';
      const atMs = isInitial
        ? nowMs
        : nowMs - ageMs(notification.utcMs, currentMs ?? this.#deviceNowMs(nowMs));
      this.#parts.audience.take(notification, atMs);
    }
  }

  #deviceNowMs(nowMs: number): number {
    return nowMs + (this.#parts.device.clockOffsetMs ?? 0);
  }
}

/** How long ago something was, by two stamps of one clock: whatever time that clock has, and whatever ours has. */
function ageMs(utcMs: number | undefined, deviceNowMs: number): number {
  if (utcMs === undefined) return 0;
  const age = deviceNowMs - utcMs;
  return age >= 0 && age <= MAX_AGE_MS ? age : 0;
}

/** False for a device that cannot do it; anything else is a failure. */
function ignoreRefusal(failure: unknown): false {
  const isRefusal =
    failure instanceof OnvifError &&
    (failure.kind === 'refused' ||
      failure.kind === 'unsupported' ||
      failure.kind === 'not-onvif' ||
      failure.kind === 'timeout');
  if (!isRefusal) throw failure;
  return false;
}
