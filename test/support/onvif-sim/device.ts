import type { Clock } from '../../../server/base/clock.ts';
import type { PullPoints } from './events.ts';
import type { Maker, ServiceName } from './maker.ts';
import type { PtzHead } from './ptz.ts';
import { invalid } from './replies.ts';
import { find, textOf, type XmlElement } from './xml.ts';

/** A stream that it offers. */
export interface SimProfile {
  readonly token: string;
  readonly name: string;
  /** Where it is watched: a CameraSim's `url()`. */
  readonly uri: string;
  /** `none`: a profile that has no encoder. */
  readonly codec: 'H264' | 'H265' | 'JPEG' | 'none';
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly bitrateKbps: number;
  readonly govLength: number;
  readonly hasAudio: boolean;
  /** Which of its eyes it shows. Default the first. */
  readonly videoSource?: string;
}

/** What its services share. */
export interface SimDevice {
  readonly maker: Maker;
  readonly clock: Clock;
  readonly head: PtzHead | undefined;
  readonly pullPoints: PullPoints;
  profiles(): readonly SimProfile[];
  /** By its own clock, which may be wrong. */
  wallMs(): number;
  readonly videoSources: readonly string[];
  readonly name: string;
  readonly location: string;
  /** Addresses as it writes them, which may be wrong. */
  serviceUrl(service: ServiceName): string;
  streamUrl(profile: SimProfile): string;
  snapshotUrl(profile: SimProfile): string;
  subscriptionUrl(id: number): string;
  askedForSync(profileToken: string): void;
  rebootSoon(): void;
}

/** One call, with what came around it. */
export interface SoapCall {
  readonly device: SimDevice;
  /** The body's element. */
  readonly request: XmlElement;
  readonly envelope: XmlElement;
  /** Of the subscription that it is about, by address or by reference parameter. */
  readonly subscriptionId: number | undefined;
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
}

export interface SoapReply {
  readonly body: XmlElement | string;
  readonly header?: string;
}

export type Action = (call: SoapCall) => SoapReply | Promise<SoapReply>;

export function argument(call: SoapCall, ...path: readonly string[]): string | undefined {
  return textOf(find(call.request, ...path));
}

/** The profile that is spoken of; none where none is. @throws SoapFault where there is no such. */
export function profileOf(call: SoapCall): SimProfile {
  const token = argument(call, 'ProfileToken');
  const profile = call.device.profiles().find((one) => one.token === token);
  if (profile === undefined) throw invalid('NoProfile', 'The requested profile token does not exist.');
  return profile;
}

/** `PT1M30.5S` (XML Schema's duration, without years and months) in milliseconds. */
export function durationMs(text: string): number | undefined {
  const [all, days, hours, minutes, seconds] =
    /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/.exec(text.trim()) ?? [];
  if (all === undefined || all === 'P' || all.endsWith('T')) return undefined;
  const of = (number: string | undefined): number => Number(number ?? 0);
  return (((of(days) * 24 + of(hours)) * 60 + of(minutes)) * 60 + of(seconds)) * 1_000;
}
