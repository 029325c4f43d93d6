import type { CameraEvent } from '../../../../shared/events.ts';
import { parseStreamId, type StreamId } from '../../../../shared/names.ts';
import type { PtzCommand } from '../../../../shared/onvif.ts';
import { backoffDelayMs } from '../../base/backoff.ts';
import { SignalingClient } from '../../live/signaling-client.ts';
import { openWebSocket } from '../../live/wire.ts';
import type { StreamKey } from '../recordings/api.ts';

const RETRY = { firstMs: 1_000, maxMs: 30_000 };

export type CameraLineEvent = CameraEvent & { readonly removed?: true | undefined };

/** A signaling connection for one camera's page: what happens there is told at once, and moves travel without delay. */
export class CameraLine {
  readonly #stream: StreamId | undefined;
  readonly #onEvent: (event: CameraLineEvent) => void;
  #client: SignalingClient | undefined;
  #isReady = false;
  #tries = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  constructor({ app, name }: StreamKey, onEvent: (event: CameraLineEvent) => void) {
    this.#stream = parseStreamId(`${app}/${name}`)?.id;
    this.#onEvent = onEvent;
    this.#open();
  }

  /** Rejects with the gateway's reason; false where there is no connection to send it over. */
  async move(command: PtzCommand): Promise<boolean> {
    if (!this.#isReady || this.#client === undefined || this.#stream === undefined) return false;
    await this.#client.request('ptz.command', { stream: this.#stream, command });
    return true;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#client?.close();
    this.#client = undefined;
    this.#isReady = false;
  }

  #open(): void {
    const stream = this.#stream;
    if (this.#isClosed || stream === undefined) return;
    const server = new URL('.', document.baseURI).href.replace(/\/+$/, '');
    const client = new SignalingClient({ server, token: undefined }, openWebSocket);
    this.#client = client;
    client.onEvent((event) => {
      if (event.event !== 'camera.event') return;
      if (`${event.data.app}/${event.data.name}` === stream) this.#onEvent(event.data);
    });
    client.onClosed(() => {
      this.#isReady = false;
      this.#client = undefined;
      if (this.#isClosed) return;
      // Where no WebSocket gets through, events come with the time line, and moves as requests.
      this.#timer = setTimeout(() => this.#open(), backoffDelayMs(this.#tries, RETRY));
      this.#tries += 1;
    });
    void this.#greet(client, stream);
  }

  async #greet(client: SignalingClient, stream: StreamId): Promise<void> {
    try {
      await client.hello;
      this.#isReady = true;
      this.#tries = 0;
      const { active } = await client.request('events.subscribe', { streams: [stream] });
      for (const event of active) this.#onEvent(event);
    } catch {
      // An end is told by `onClosed`; a gateway that knows no events has told so.
    }
  }
}
