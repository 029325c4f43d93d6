import type { Page, Request, Response, WebSocket } from 'playwright-core';

/** All that a document holds: its markup with that of shadow trees, what stands in its fields, storages, history. */
const KEPT = `(async () => {
  const parts = [location.href, document.title, document.cookie, JSON.stringify(history.state)];
  const walk = (root) => {
    parts.push(root.innerHTML);
    for (const element of root.querySelectorAll('*')) {
      if ('value' in element) parts.push(String(element.value));
      if (element.shadowRoot) walk(element.shadowRoot);
    }
  };
  walk(document.documentElement);
  for (const storage of [localStorage, sessionStorage]) parts.push(JSON.stringify({ ...storage }));
  // Nobody uses these, so nobody looks into them.
  const others = [...(await caches.keys()), ...(await indexedDB.databases()).map(({ name }) => name)];
  if (others.length > 0) throw new Error('the page keeps more: ' + others);
  return parts.join('\\n');
})()`;

/** The ways in which a text may stand in others: as it is, in a URL, in Base64 with whatever is before it, as hex digits. */
export function spellingsOf(text: string): string[] {
  const bytes = Buffer.from(text);
  const base64 = [0, 1, 2].flatMap((before) => {
    const shifted = Buffer.concat([Buffer.alloc(before), bytes]);
    // Only whole groups of which no bit belongs to a neighbour.
    const coded = shifted
      .toString('base64')
      .slice(Math.ceil((before * 8) / 6), Math.floor(shifted.length / 3) * 4);
    return [coded, coded.replaceAll('+', '-').replaceAll('/', '_')];
  });
  const json = JSON.stringify(text).slice(1, -1);
  return [...new Set([text, json, encodeURIComponent(text), ...base64, bytes.toString('hex')])];
}

/**
 * Follows a text through a page: all that it asks, is answered, keeps, shows and says. A secret may be in the bodies of the
 * requests in which a person just sent it, and nowhere else.
 */
export class SecretWatch {
  /** Requests with it in their bodies: `POST /api/v1/streams`. */
  readonly sent: string[] = [];
  /** Where else it was, such as `body of GET /api/v1/streams`. */
  readonly found = new Set<string>();
  readonly #spellings: readonly string[];
  readonly #page: Page;
  readonly #unfinished = new Map<Request, Promise<void>>();

  constructor(page: Page, text: string) {
    this.#spellings = spellingsOf(text);
    this.#page = page;
    page.on('request', (request) => this.#request(request));
    page.on('requestfailed', (request) => this.#unfinished.delete(request));
    page.on('response', (response) => this.#response(response));
    page.on('websocket', (socket) => this.#socket(socket));
    page.on('console', (message) => this.look('the console', message.text()));
    page.on('pageerror', (error) => this.look('an error', `${error.message} ${error.stack}`));
  }

  /** Another text in which it may be. */
  look(where: string, text: string): void {
    if (this.#has(text)) this.found.add(where);
  }

  /** What the page keeps now; all answers that are on their way are waited for. */
  async end(): Promise<void> {
    this.look('the page', await this.#page.evaluate<string>(KEPT));
    this.look('a cookie', JSON.stringify(await this.#page.context().cookies()));
    await Promise.all(this.#unfinished.values());
  }

  /** Whether the page's scripts hold it in memory that is not free to be taken back. Of Chromium alone. */
  async isInMemory(): Promise<boolean> {
    const debug = await this.#page.context().newCDPSession(this.#page);
    let heap = '';
    debug.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => {
      heap += chunk;
    });
    await debug.send('HeapProfiler.collectGarbage');
    await debug.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false });
    await debug.detach();
    if (!heap.includes('"sluice-player"')) throw new Error('the snapshot holds nothing of the page');
    return this.#has(heap);
  }

  #has(text: string): boolean {
    return this.#spellings.some((spelling) => text.includes(spelling));
  }

  #request(request: Request): void {
    const name = nameOf(request);
    this.look(`address of ${name}`, request.url());
    if (this.#has(request.postDataBuffer()?.toString('latin1') ?? '')) this.sent.push(name);
  }

  #response(response: Response): void {
    const request = response.request();
    const name = nameOf(request);
    const read = async (): Promise<void> => {
      this.look(`head of ${name}`, JSON.stringify(await request.allHeaders()));
      this.look(`head of the answer to ${name}`, JSON.stringify(await response.allHeaders()));
      // What is left by the page has no whole body.
      const isWhole = (await response.finished()) === null;
      if (isWhole) this.look(`body of ${name}`, (await response.body()).toString('latin1'));
    };
    this.#unfinished.set(
      request,
      read().then(
        () => void this.#unfinished.delete(request),
        (error: unknown) => void this.found.add(`unknown: ${name}: ${error}`),
      ),
    );
  }

  #socket(socket: WebSocket): void {
    this.look('address of a socket', socket.url());
    socket.on('framesent', ({ payload }) => this.look('a frame sent', bytesOf(payload)));
    socket.on('framereceived', ({ payload }) => this.look('a frame received', bytesOf(payload)));
  }
}

function nameOf(request: Request): string {
  return `${request.method()} ${new URL(request.url()).pathname}`;
}

function bytesOf(payload: string | Buffer): string {
  return typeof payload === 'string' ? payload : payload.toString('latin1');
}
