import { randomBytes } from 'node:crypto';
import { streamDefinitionSchema } from '../../shared/stream.ts';
import type { Logger } from '../base/log.ts';
import type { Hub } from '../stream/index.ts';

/** The demo's own user on the loopback RTSP server. */
const DEMO_USER = 'demo';

/** FFmpeg's side of the demo; the one in `server/transcode` fits. */
export interface DemoCamera {
  close(): Promise<void>;
}

export interface DemoOptions {
  readonly hub: Hub;
  readonly log: Logger;
  /** `host:port` at which the gateway reaches its own RTSP server. */
  readonly rtspAddress: string;
  /** Readers of the loopback server prove themselves with this where a token is set. */
  readonly apiToken: string | undefined;
  readonly startCamera: (secret: { username: string; password: string }) => DemoCamera;
}

/**
 * The demo camera: FFmpeg publishes `internal/demo` on the gateway's own RTSP server, and `live/demo` pulls it from
 * there through the same client as any camera, so that what a newcomer sees has gone the whole way.
 */
export class Demo {
  readonly #options: DemoOptions;
  #camera: DemoCamera | undefined;
  #isOn = false;
  #last: Promise<void> = Promise.resolve();

  constructor(options: DemoOptions) {
    this.#options = options;
  }

  /** Whether `live/demo` is the demo just now; otherwise the name is as good as any. */
  get isOn(): boolean {
    return this.#isOn;
  }

  /** Starts or stops it, one change after the other. */
  set(wanted: boolean): Promise<void> {
    this.#last = this.#last.then(() => this.#change(wanted));
    return this.#last;
  }

  async #change(wanted: boolean): Promise<void> {
    if (wanted === (this.#camera !== undefined)) return;
    if (wanted) this.#start();
    else await this.#stop();
  }

  #start(): void {
    const { hub, log, rtspAddress, apiToken } = this.#options;
    if (hub.get('live/demo') !== undefined) {
      log.warn({}, 'there is a stream live/demo already; the demo camera stays off');
      return;
    }
    this.#isOn = true;
    const secret = { username: DEMO_USER, password: randomBytes(24).toString('hex') };
    const definitionOf = (app: string, source: object) => ({
      ...streamDefinitionSchema.parse({ name: 'demo', source, labels: { title: 'Demo camera' } }),
      // `internal` is reserved for the gateway, so the schema does not take it.
      app,
    });
    hub.add(definitionOf('internal', { url: 'publish:', ...secret }));
    const login = apiToken === undefined ? {} : { username: DEMO_USER, password: apiToken };
    hub.add(definitionOf('live', { url: `rtsp://${rtspAddress}/internal/demo`, transport: 'tcp', ...login }));
    this.#camera = this.#options.startCamera(secret);
    log.info({}, 'no stream is configured yet: live/demo shows a demo camera');
  }

  async #stop(): Promise<void> {
    const camera = this.#camera;
    this.#camera = undefined;
    await this.#options.hub.remove('live/demo');
    this.#isOn = false;
    await camera?.close();
    await this.#options.hub.remove('internal/demo');
  }
}
