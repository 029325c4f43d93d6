import { eventById, keepEvents, removeEvents } from '../events/event-handlers.ts';
import { keepThumbnail } from '../frames/thumbnail-handlers.ts';
import { erase } from './erase.ts';
import type { IndexWriter } from './index-writer.ts';
import { lock, unlock } from './locks.ts';
import { setRetentionPolicies } from './retention.ts';
import type { HandlerMap } from './rpc.ts';
import { noteSwitchedOff } from './switched-off.ts';

/** What other threads may ask of a store's thread. Each runs between two batches, so it has to be quick. */
export const storeHandlers = {
  lock,
  unlock,
  erase,
  setRetentionPolicies,
  noteSwitchedOff,
  keepThumbnail,
  keepEvents,
  removeEvents,
  eventById,
} satisfies HandlerMap<IndexWriter>;

export type StoreHandlers = typeof storeHandlers;
