import { computed, effect, signal } from '@preact/signals';
import type { StreamStatus } from '../../../../shared/stream.ts';
import { type Failure, listStreams, logOut, readSession } from '../api/call.ts';

const POLL_MS = 5_000;
/** While the gateway is away it is asked more often, to be there when it comes back. */
const POLL_AWAY_MS = 2_000;
/** After something was changed, or a player changed its state: the list has something new to tell. */
const POLL_SOON_MS = 600;

/** How the page stands with its gateway. */
export type Reach =
  | { readonly kind: 'asking' }
  | { readonly kind: 'there' }
  | { readonly kind: 'login' }
  /** `streams` are those of before. */
  | { readonly kind: 'away'; readonly failure: Failure };

export const reach = signal<Reach>({ kind: 'asking' });
/** Whether the page says above all of it that the gateway is away, so that its parts need not say it again. */
export function isToldAbove({ code }: Failure): boolean {
  return code === 'UNREACHABLE' && reach.value.kind === 'away';
}

/** All streams as last told, by app and name. Undefined before the first answer. */
export const streams = signal<readonly StreamStatus[] | undefined>(undefined);
/** Whether there is a log-in that can be left. */
export const canLogOut = signal(false);

export const onlyDemo = computed(() => streams.value?.length === 1 && streams.value[0]?.demo === true);

export const idOf = ({ app, name }: { app: string; name: string }): string => `${app}/${name}`;

export function streamOf(app: string, name: string): StreamStatus | undefined {
  return streams.value?.find((one) => one.app === app && one.name === name);
}

let timer: ReturnType<typeof setTimeout> | undefined;
let polls = 0;

/** Asks for the streams from now on, while the page is seen. */
export async function startAsking(): Promise<void> {
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') void ask();
  });
  addEventListener('online', () => void ask());
  // Both at once, for the first picture waits for the streams; without a token that is needed they are refused.
  await Promise.all([ask(), offerLogOut()]);
}

/** After a log-in. */
export function loggedIn(): void {
  void ask();
  void offerLogOut();
}

export async function leave(): Promise<void> {
  await logOut();
  void ask();
}

/** Something changed that the list will tell. */
export function askSoon(): void {
  askIn(POLL_SOON_MS);
}

export async function ask(): Promise<void> {
  clearTimeout(timer);
  polls += 1;
  const poll = polls;
  const answer = await listStreams();
  // A later one is under way, and knows better.
  if (poll !== polls) return;
  if (answer.ok) {
    streams.value = answer.value;
    reach.value = { kind: 'there' };
  } else if (answer.error.code === 'UNAUTHORIZED') {
    streams.value = undefined;
    reach.value = { kind: 'login' };
    return;
  } else {
    reach.value = { kind: 'away', failure: answer.error };
  }
  // A hidden page asks again when it is seen.
  if (document.visibilityState === 'hidden') return;
  askIn(answer.ok ? POLL_MS : POLL_AWAY_MS);
}

function askIn(delayMs: number): void {
  clearTimeout(timer);
  timer = setTimeout(() => void ask(), delayMs);
}

async function offerLogOut(): Promise<void> {
  const answer = await readSession();
  canLogOut.value = answer.ok && answer.value.authRequired && answer.value.authenticated;
}

effect(() => {
  if (reach.value.kind === 'login') canLogOut.value = false;
});
