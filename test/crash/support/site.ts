import type { Closers } from '../../../server/base/closers.ts';
import { type LoadCameras, startLoadCameras } from '../../bench/camera/load-cameras.ts';
import type { FootageSpec } from '../../bench/media/footage.ts';
import { GatewayProcess } from '../../support/gateway.ts';
import { waitFor } from '../../support/wait.ts';

/** Small pictures, so that cameras and decoding cost little beside what is looked at. */
export const SMALL_FOOTAGE: FootageSpec = {
  width: 320,
  height: 180,
  fps: 15,
  kbps: 300,
  gop: 15,
  frames: 150,
};

export interface SiteOptions {
  readonly closers: Closers;
  readonly cameras?: number;
  readonly footage?: FootageSpec;
  /** Of each stream; default `true`. */
  readonly record?: boolean | object;
  readonly settings?: Readonly<Record<string, object | boolean | string>>;
  readonly env?: Readonly<Record<string, string>>;
}

/** A gateway that records cameras, each a process of its own. */
export interface Site {
  readonly gateway: GatewayProcess;
  readonly cameras: LoadCameras;
  /** `live/cam0` and so on. */
  readonly streams: readonly string[];
}

export async function startSite(options: SiteOptions): Promise<Site> {
  const { closers, cameras: count = 1, footage = SMALL_FOOTAGE, record = true } = options;
  const cameras = await startLoadCameras({ cameras: count, spec: footage });
  closers.add(() => cameras.close());
  const streams = cameras.urls.map((_, index) => `live/cam${index}`);
  const gateway = await GatewayProcess.start({
    settings: {
      demo: false,
      log: { level: 'info' },
      streams: Object.fromEntries(
        cameras.urls.map((url, index) => [`live/cam${index}`, { source: { url, transport: 'tcp' }, record }]),
      ),
      ...options.settings,
    },
    env: options.env ?? {},
  });
  closers.add(() => gateway.close());
  return { gateway, cameras, streams };
}

export interface StreamStatus {
  readonly state: string;
  readonly recorder: {
    readonly state: string;
    readonly reason?: { readonly code: string; readonly message: string };
    readonly newestMs?: number;
    readonly segments?: number;
  };
}

export async function statusOf(site: Site, stream: string): Promise<StreamStatus> {
  const answer = await fetch(`${site.gateway.url}/api/v1/streams/${stream}`);
  // The API's own shape; only these fields are looked at.
  return (await answer.json()) as StreamStatus;
}

/** Waits till segments that begin after `afterMs` are kept of every stream. */
export async function untilRecorded(site: Site, afterMs: number, timeoutMs = 60_000): Promise<void> {
  for (const stream of site.streams) {
    await waitFor(
      `${stream} to be recorded`,
      async () => ((await statusOf(site, stream)).recorder.newestMs ?? 0) > afterMs,
      timeoutMs,
    );
  }
}

export interface Timeline {
  readonly ranges: readonly { start: number; end: number; repeated?: boolean }[];
  readonly gaps: readonly { start: number; end: number; reason: string }[];
}

export async function timelineOf(site: Site, stream: string, from: number, to: number): Promise<Timeline> {
  const url = `${site.gateway.url}/api/v1/streams/${stream}/timeline?from=${Math.floor(from)}&to=${Math.ceil(to)}`;
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Timeline;
}
