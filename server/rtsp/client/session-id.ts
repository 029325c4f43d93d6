import { parseSession, type RtspResponse } from '../parse/index.ts';
import { DEFAULT_SESSION_TIMEOUT_MS } from './keep-alive.ts';

/**
 * The session's id and time-out (RFC 2326 section 12.37). The id is text and kept as it came: yellowstone made a
 * number of it and rounded long ones, and sent the time-out back as part of it.
 */
export class SessionId {
  #id: string | undefined;
  #timeoutMs = DEFAULT_SESSION_TIMEOUT_MS;

  get id(): string | undefined {
    return this.#id;
  }

  get timeoutMs(): number {
    return this.#timeoutMs;
  }

  /** Takes the Session header of a response, if it has one. Some cameras change the id on the way; the last counts. */
  take(response: RtspResponse): void {
    const header = response.headers.get('Session');
    if (header === undefined || response.statusCode >= 300) return;
    const parsed = parseSession(header);
    if (parsed === undefined) return;
    // The time-out comes with SETUP; later responses often repeat the bare id.
    if (parsed.id !== this.#id || /;\s*timeout/i.test(header)) this.#timeoutMs = parsed.timeoutMs;
    this.#id = parsed.id;
  }
}
