/**
 * Calls from one thread to functions of another. A thread offers a map of plain synchronous functions; what they take
 * and give passes as a structured clone.
 */

/** Functions of a thread by name: `(context, args) => result`. */
export type HandlerMap<C> = Readonly<Record<string, (context: C, args: never) => unknown>>;

export type ArgsOf<H, K extends keyof H> = H[K] extends (context: never, args: infer A) => unknown
  ? A
  : never;

export type ResultOf<H, K extends keyof H> = H[K] extends (context: never, args: never) => infer R
  ? R extends Transferred<infer T>
    ? T
    : R
  : never;

/** A result whose buffers move to the caller instead of being copied. */
export class Transferred<T> {
  readonly value: T;
  readonly buffers: readonly ArrayBuffer[];

  constructor(value: T, buffers: readonly ArrayBuffer[]) {
    this.value = value;
    this.buffers = buffers;
  }
}

/** Gives `value` with `buffers`, which must be part of it, moved: they are unusable here afterwards. */
export function transfer<T>(value: T, buffers: readonly ArrayBuffer[]): Transferred<T> {
  return new Transferred(value, buffers);
}

export interface CallMessage {
  readonly kind: 'call';
  readonly id: number;
  readonly name: string;
  readonly args: unknown;
}

export type AnswerMessage =
  | { readonly kind: 'result'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly code?: string; readonly message: string };

/** Runs one call; never throws. Gives the answer and the buffers to move with it. */
export function answerCall<C>(
  handlers: HandlerMap<C>,
  context: C,
  { id, name, args }: CallMessage,
): { answer: AnswerMessage; buffers: readonly ArrayBuffer[]; failure?: unknown } {
  try {
    const handler = Object.hasOwn(handlers, name) ? handlers[name] : undefined;
    if (handler === undefined) throw new Error(`this thread has no ${name}`);
    const result = handler(context, args as never);
    const moved = result instanceof Transferred ? result : new Transferred(result, []);
    return { answer: { kind: 'result', id, value: moved.value }, buffers: moved.buffers };
  } catch (failure) {
    return { answer: { kind: 'failure', id, ...describeFailure(failure) }, buffers: [], failure };
  }
}

/** Code and message of whatever was thrown, for another thread. */
export function describeFailure(failure: unknown): { code?: string; message: string } {
  if (!(failure instanceof Error)) return { message: String(failure) };
  const { code } = failure as { code?: unknown };
  return { ...(typeof code === 'string' ? { code } : {}), message: failure.message };
}
