import { randomBytes } from 'node:crypto';
import type { StreamId } from '../../../shared/names.ts';
import type { Reader, ReaderOptions, TrackFormat } from '../../stream/index.ts';

/** What an admitted reader is given. */
export interface AdmissionOptions {
  /** Whether sound is described to it. FFmpeg waits without end for a track that was promised and stays silent. */
  readonly audio: boolean;
  /** Where its units come from; default: the stream itself. */
  read?(options: ReaderOptions): Reader;
  /**
   * The reader begins: the first unit it is sent lies here on the stream's timeline. What it is sent counts from there, so
   * for FFmpeg that is time 0.
   */
  onBegin?(startPts90k: number): void;
}

/** A permission for one connection to read one stream, for a program that the gateway itself has started. */
export interface Admission {
  /**
   * The `access_token` to ask with. It is good for one connection and worthless from then on, so that it may stand in a
   * process list.
   */
  readonly ticket: string;
  /** Withdraws the ticket, or ends the connection that used it: its reader sees the end of the stream. Idempotent. */
  end(): void;
}

/** An admission as the connection that used its ticket sees it. */
export interface Admitted {
  readonly stream: StreamId;
  /** Those of the stream's tracks that this reader is told of. */
  tracksOf(tracks: readonly TrackFormat[]): readonly TrackFormat[];
  readonly read: AdmissionOptions['read'] | undefined;
  readonly onBegin: AdmissionOptions['onBegin'] | undefined;
}

const TICKET_PREFIX = 'ticket-';
const TICKET_BYTES = 24;

interface Entry {
  readonly admitted: Admitted;
  /** Set once the ticket was used. */
  endConnection: (() => void) | undefined;
}

/** The tickets that are good just now. */
export class Admissions {
  readonly #entries = new Map<string, Entry>();

  admit(stream: StreamId, options: AdmissionOptions): Admission {
    const ticket = `${TICKET_PREFIX}${randomBytes(TICKET_BYTES).toString('hex')}`;
    const admitted: Admitted = {
      stream,
      tracksOf: (tracks) => tracks.filter(({ kind }) => kind === 'video' || options.audio),
      read: options.read?.bind(options),
      onBegin: options.onBegin?.bind(options),
    };
    const entry: Entry = { admitted, endConnection: undefined };
    this.#entries.set(ticket, entry);
    return {
      ticket,
      end: () => {
        this.#entries.delete(ticket);
        entry.endConnection?.();
        entry.endConnection = undefined;
      },
    };
  }

  /** Uses a ticket up. Undefined where it is not good (any more), or for another stream. */
  take(ticket: string, stream: StreamId, endConnection: () => void): Admitted | undefined {
    const entry = this.#entries.get(ticket);
    if (entry === undefined || entry.admitted.stream !== stream) return undefined;
    this.#entries.delete(ticket);
    entry.endConnection = endConnection;
    return entry.admitted;
  }
}

/** Whether a token is a ticket, good or not: one that was withdrawn must not pass where everybody else may read. */
export function isTicket(token: string): boolean {
  return token.startsWith(TICKET_PREFIX);
}
