import type { RtspRequest } from '../parse/index.ts';

export interface Reply {
  readonly statusCode: number;
  /** Shown by many clients as the error; default: the standard phrase. */
  readonly reason?: string;
  readonly headers?: ReadonlyArray<readonly [name: string, value: string]>;
  readonly body?: string;
}

/** A request that is not granted; whoever handles it throws this and the connection answers with it. */
export class Refusal extends Error {
  readonly reply: Reply;

  constructor(reply: Reply) {
    super(reply.reason ?? `status ${reply.statusCode}`);
    this.name = 'Refusal';
    this.reply = reply;
  }
}

export function refuse(statusCode: number, reason?: string): Refusal {
  return new Refusal(reason === undefined ? { statusCode } : { statusCode, reason });
}

/** One request and the way to answer it, once. */
export interface Exchange {
  readonly request: RtspRequest;
  /** Aborts when the connection goes. */
  readonly signal: AbortSignal;
  reply(reply: Reply): void;
}
