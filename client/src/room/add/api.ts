import { z } from 'zod';
import { type DeviceFacts, deviceFactsSchema, type Scan, scanSchema } from '../../../../shared/onvif.ts';
import { type BulkResult, bulkResultSchema, type Probe, probeSchema } from '../../../../shared/probe.ts';
import type { Result } from '../../../../shared/result.ts';
import { type StreamStatus, streamStatusSchema } from '../../../../shared/stream.ts';
import { call, type Failure } from '../api/call.ts';
import type { SourceWish } from '../cameras/source-fields.tsx';

type Answer<T> = Promise<Result<T, Failure>>;

export function startScan(request: { hosts: readonly string[]; multicast: boolean }): Answer<Scan> {
  return call('POST', 'api/v1/onvif/scans', scanSchema, request);
}

export function readScan(id: string): Answer<Scan> {
  return call('GET', `api/v1/onvif/scans/${id}`, scanSchema);
}

export function cancelScan(id: string): Answer<unknown> {
  return call('DELETE', `api/v1/onvif/scans/${id}`, z.unknown());
}

/** Asks a device what it is; the password is in this one request. */
export function inspect(access: { url: string; username?: string; password?: string }): Answer<DeviceFacts> {
  return call('POST', 'api/v1/onvif/inspect', deviceFactsSchema, access);
}

/** `passwordOf`: the stream, as `app/name`, whose kept password serves where the source has none. */
export function startProbe(source: SourceWish, passwordOf?: string): Answer<Probe> {
  const kept = passwordOf === undefined ? {} : { passwordOf };
  return call('POST', 'api/v1/probes', probeSchema, { source, ...kept });
}

export function readProbe(id: string): Answer<Probe> {
  return call('GET', `api/v1/probes/${id}`, probeSchema);
}

export function endProbe(id: string): Answer<unknown> {
  return call('DELETE', `api/v1/probes/${id}`, z.unknown());
}

/** `turn` makes it another address, so that the browser asks again. */
export function probeFrameUrl(id: string, turn: number): string {
  return `api/v1/probes/${id}/frame?turn=${turn}`;
}

export interface NewCamera {
  readonly app?: string;
  readonly name: string;
  readonly source: SourceWish;
  readonly onDemand: boolean;
  readonly record?: boolean;
  readonly labels?: Readonly<Record<string, string>>;
}

export function addCamera(camera: NewCamera): Answer<StreamStatus> {
  return call('POST', 'api/v1/streams', streamStatusSchema, camera);
}

export function addMany(format: 'csv' | 'yaml', text: string, dryRun: boolean): Answer<BulkResult> {
  return call('POST', 'api/v1/streams/bulk', bulkResultSchema, { format, text, dryRun });
}
