import type { ConnectionOptions } from 'node:tls';
import type { AddressResolver } from '../../base/address-policy.ts';
import type { Clock } from '../../base/clock.ts';
import type { Challenge } from '../parse/index.ts';
import type { PacketListener } from './track-links.ts';
import type { LowerTransport } from './transport-choice.ts';
import type { PortRange } from './udp-ports.ts';

export interface GatewayRtspConnectionOptions {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly transport: LowerTransport;
  /** Taken where the camera refuses `transport` (461). */
  readonly fallbackTransport?: LowerTransport | undefined;
  readonly clock: Clock;
  readonly resolveAddress: AddressResolver;
  readonly udpPorts: PortRange;
  readonly random: () => number;
  readonly connectTimeoutMs: number;
  /** For each request. */
  readonly requestTimeoutMs: number;
  readonly tls?: ConnectionOptions | undefined;
  readonly tlsFingerprint?: string | undefined;
  /** What the camera asked for on an earlier connection that it closed with that. */
  readonly challenge?: Challenge | undefined;
  /** The camera is known to hang up on any other keep-alive than OPTIONS. */
  readonly onlyOptions?: boolean | undefined;
  /** The camera is known not to answer OPTIONS. */
  readonly ignoresOptions?: boolean | undefined;
  /** The camera is known to hang up when it is asked for its sound. */
  readonly withoutSound?: boolean | undefined;
  /** A session of an earlier connection that the camera may still hold a place for. */
  readonly staleSession?: CameraSession | undefined;
  readonly listener: PacketListener;
  /** Whether video has come since that monotonic time; asked where the camera's answers are in doubt. */
  isVideoComing?(sinceMs: number): boolean;
}

/** A session as a camera knows it. */
export interface CameraSession {
  readonly id: string;
  /** What TEARDOWN goes to. */
  readonly url: string;
}
