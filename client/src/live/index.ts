export { Connection, type ConnectionState } from './connection.ts';
export { LiveError, type Reason } from './live-error.ts';
export type { MediaConsumer } from './media.ts';
export { connectionTo } from './pool.ts';
export type { Qualities, WatchWishes } from './session.ts';
export type { Watch, WatchListener, WatchStatus } from './watch.ts';
export type { Target } from './wire.ts';
