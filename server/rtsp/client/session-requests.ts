import type { RtspResponse } from '../parse/index.ts';
import type { RtspErrorContext } from './errors.ts';
import { refusal } from './refusals.ts';

export interface SessionRequestsOptions {
  /** Sends a request within the session; resolves with its response, whatever its status. */
  send(method: string, url: string, headers: Record<string, string>): Promise<RtspResponse>;
  /** Those of the tracks that are set up. */
  controlUrls(): readonly string[];
  context(method: string): RtspErrorContext;
}

/** What cameras answer to PLAY at a URL that they know, but for a slash. */
const MAY_BE_MISSPELT: ReadonlySet<number> = new Set([400, 404, 454, 455]);
/** What they answer to a Range: live sources know no time, and some no such field. */
const MAY_BE_THE_RANGE: ReadonlySet<number> = new Set([400, 451, 456, 457, 501, 551]);

/** The requests for the whole of a session, as the camera takes them. */
export class SessionRequests {
  /** The aggregate URL, in the spelling that the camera took last; the stream's own before it is described. */
  url = '';
  readonly #options: SessionRequestsOptions;

  constructor(options: SessionRequestsOptions) {
    this.#options = options;
  }

  /** Rejects with an RtspError where the camera refuses. */
  async play(): Promise<void> {
    let response = await this.#sendForAll('PLAY', { Range: 'npt=0.000-' });
    if (MAY_BE_THE_RANGE.has(response.statusCode)) response = await this.#sendForAll('PLAY', {});
    if (response.statusCode >= 300) throw refusal(response, this.#options.context('PLAY'));
  }

  /** Rejects with an RtspError where the camera refuses. */
  async pause(): Promise<void> {
    const response = await this.#sendForAll('PAUSE', {});
    if (response.statusCode >= 300) throw refusal(response, this.#options.context('PAUSE'));
  }

  /** A keep-alive, or TEARDOWN: for the session itself, not its tracks. */
  send(method: string): Promise<RtspResponse> {
    return this.#options.send(method, this.url, {});
  }

  /**
   * For all tracks at once, or one by one where the camera insists (459) or knows nothing else (404). Some know the whole
   * only with a slash at its end, or only without, and refuse the other spelling.
   */
  async #sendForAll(method: string, headers: Record<string, string>): Promise<RtspResponse> {
    const { send, controlUrls } = this.#options;
    let response = await send(method, this.url, headers);
    if (MAY_BE_MISSPELT.has(response.statusCode)) {
      const other = otherSpelling(this.url);
      const second = await send(method, other, headers);
      if (!MAY_BE_MISSPELT.has(second.statusCode)) {
        // What comes later goes there too: keep-alives, PAUSE, TEARDOWN.
        this.url = other;
        response = second;
      }
    }
    if (response.statusCode !== 459 && response.statusCode !== 404) return response;
    let last = response;
    for (const controlUrl of controlUrls()) {
      last = await send(method, controlUrl, headers);
      if (last.statusCode >= 300) return last;
    }
    return last;
  }
}

function otherSpelling(url: string): string {
  return url.endsWith('/') ? url.slice(0, -1) : `${url}/`;
}
