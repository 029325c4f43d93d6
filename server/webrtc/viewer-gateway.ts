import { ApiError } from '../../shared/errors.ts';
import { shuttingDown } from './failures.ts';
import { type ViewerEvent, ViewerSession, type ViewerSessionDeps, type Watching } from './viewer-session.ts';

const MAX_SESSIONS = 2000;

/** The sessions of all viewers that come by signaling. */
export class ViewerGateway {
  readonly #deps: ViewerSessionDeps;
  readonly #sessions = new Set<ViewerSession>();
  #isClosed = false;

  constructor(deps: ViewerSessionDeps) {
    this.#deps = deps;
  }

  /** The same for every router and worker. */
  get routerRtpCapabilities(): Record<string, unknown> {
    return { ...this.#deps.pool.routerRtpCapabilities };
  }

  get size(): number {
    return this.#sessions.size;
  }

  get watching(): Watching[] {
    return [...this.#sessions].flatMap((session) => session.watching);
  }

  /** Makes nothing in a worker yet. Throws `SHUTTING_DOWN`, `TOO_MANY_VIEWERS`. */
  openSession(options: { onEvent(event: ViewerEvent): void }): ViewerSession {
    if (this.#isClosed) throw shuttingDown();
    if (this.#sessions.size >= MAX_SESSIONS) {
      throw new ApiError('TOO_MANY_VIEWERS', 'This gateway has all the viewers it takes; try again later.');
    }
    const session: ViewerSession = new ViewerSession({
      ...this.#deps,
      onEvent: (event) => options.onEvent(event),
      onClosed: () => this.#sessions.delete(session),
    });
    this.#sessions.add(session);
    return session;
  }

  close(): void {
    this.#isClosed = true;
    for (const session of [...this.#sessions]) session.close();
  }
}
