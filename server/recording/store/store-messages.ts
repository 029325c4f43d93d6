import type { StreamId } from '../../../shared/names.ts';
import type { GapReason } from '../../../shared/recording.ts';
import type { AnswerMessage, CallMessage } from './rpc.ts';
import type { BatchItem } from './write-batch.ts';

/** What the media loop tells a store's thread. */
export type ToStore =
  /**
   * Open the folder, or try again. `expectedUuid`: the disk that was there before, if any was. `isNewRun`: it was not open
   * since the gateway started.
   */
  | { readonly kind: 'open'; readonly expectedUuid: string | undefined; readonly isNewRun: boolean }
  /** `seq` ascends; it is named again when the item is durable. */
  | { readonly kind: 'item'; readonly seq: number; readonly item: BatchItem }
  | CallMessage
  /** A reader came upon damage in the index: look at all of it. */
  | { readonly kind: 'suspect' }
  /** Persist what is queued, close everything, end. */
  | { readonly kind: 'close' };

/** How a folder of recordings fares, as its thread sees it. */
export type StoreState =
  | { readonly kind: 'ready' }
  /** Writing fails; it is tried again. */
  | { readonly kind: 'failing'; readonly reason: GapReason; readonly message: string }
  /** The folder is not there, or belongs to another disk; to be opened again. */
  | { readonly kind: 'missing'; readonly message: string };

/** What is kept of a stream. */
export interface KeptStream {
  readonly stream: StreamId;
  readonly bytes: number;
  readonly segments: number;
  readonly oldestMs?: number;
  readonly newestMs?: number;
  readonly daysLeft?: number;
}

/** What a store's thread tells. */
export type FromStore =
  | { readonly kind: 'opened'; readonly uuid: string }
  | { readonly kind: 'state'; readonly state: StoreState }
  /** Everything up to `upToSeq` is durable. */
  | {
      readonly kind: 'written';
      readonly upToSeq: number;
      readonly segments: readonly { stream: StreamId; startMs: number; endMs: number }[];
    }
  | { readonly kind: 'kept'; readonly streams: readonly KeptStream[] }
  | {
      readonly kind: 'log';
      readonly level: 'info' | 'warn' | 'error';
      readonly fields: object;
      readonly message: string;
    }
  | { readonly kind: 'closed' }
  | AnswerMessage;

export type ToReader =
  | { readonly kind: 'open' }
  /** Lets go of the folder, so that its disk can be unmounted. */
  | { readonly kind: 'release' }
  | CallMessage
  | { readonly kind: 'close' };

export type FromReader =
  | { readonly kind: 'closed' }
  /** The index cannot be read: SQLite says that it is damaged. */
  | { readonly kind: 'damaged' }
  | AnswerMessage;
