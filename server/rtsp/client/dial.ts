import { connect as connectTcp, type Socket } from 'node:net';
import { type ConnectionOptions, TLSSocket } from 'node:tls';
import type { AddressResolver } from '../../base/address-policy.ts';
import { type Clock, withTimeout } from '../../base/clock.ts';
import { RtspError } from './errors.ts';
import { SlabReader } from './slab-reader.ts';
import { hostPort, type RtspTarget } from './target.ts';
import { certificateError, handshakeError, openTls } from './tls.ts';

export interface DialOptions {
  readonly target: RtspTarget;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly resolveAddress: AddressResolver;
  readonly tls?: ConnectionOptions | undefined;
  /** SHA-256 of the certificate that the camera has to show, for rtsps. */
  readonly tlsFingerprint?: string | undefined;
  readonly signal: AbortSignal;
}

/** A socket to a camera, and how it is read. */
export interface CameraSocket {
  readonly socket: Socket;
  /** Each chunk that comes goes to `take`; nobody ever writes to it again. To be called once. */
  read(take: (chunk: Buffer) => void): void;
}

/** Opens the socket to a camera: plain TCP, or for rtsps TLS, checked against the pinned certificate or the system's roots. */
export async function dial(options: DialOptions): Promise<CameraSocket> {
  const { target, clock, timeoutMs, signal } = options;
  const peer = hostPort(target.host, target.port);
  let socket: Socket | undefined;
  const stopped = () => new RtspError('stopped', 'The stream was stopped.', { peer });
  let abandoned = signal.aborted;
  let onAbort = () => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(stopped());
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  const open = async (): Promise<CameraSocket> => {
    const resolved = await options.resolveAddress(target.host);
    if (!resolved.ok) throw new RtspError(resolved.error.kind, resolved.error.message, { peer });
    if (abandoned) throw stopped();
    const opened = openSocket(options, resolved.value);
    socket = opened.socket;
    await connected(opened.socket, target);
    if (opened.socket instanceof TLSSocket) {
      const refused = certificateError(opened.socket, { target, fingerprint: options.tlsFingerprint });
      if (refused !== undefined) throw refused;
    }
    return opened;
  };
  try {
    return await withTimeout(clock, timeoutMs, Promise.race([open(), aborted]), () => {
      const message = `${peer} did not answer within ${timeoutMs / 1000} s. Check that the camera is on, its address, and the network in between.`;
      return new RtspError('connect-timeout', message, { peer });
    });
  } catch (thrown) {
    abandoned = true;
    socket?.destroy();
    throw thrown;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function openSocket({ target, tls, tlsFingerprint }: DialOptions, address: string): CameraSocket {
  if (target.secure) {
    const secure = openTls({ target, address, fingerprint: tlsFingerprint, tls });
    return { socket: secure, read: (take) => secure.on('data', take) };
  }
  const reader = new SlabReader();
  const { onread } = reader;
  const socket = connectTcp({ host: address, port: target.port, noDelay: true, onread });
  return { socket, read: (take) => reader.start(socket, take) };
}

function connected(socket: Socket, target: RtspTarget): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once(target.secure ? 'secureConnect' : 'connect', resolve);
    socket.once('close', () => reject(new RtspError('stopped', 'The stream was stopped.')));
    // The listener stays on for the socket's life: an error that nobody hears would end the process.
    socket.on('error', (failure: NodeJS.ErrnoException) => reject(connectError(failure, target)));
  });
}

function connectError(failure: NodeJS.ErrnoException, target: RtspTarget): RtspError {
  const peer = hostPort(target.host, target.port);
  const code = failure.code ?? failure.message;
  const context = { peer };
  switch (code) {
    case 'ECONNREFUSED': {
      const message = `${peer} refused the connection. Check the port (RTSP is usually 554) and that RTSP is switched on in the camera.`;
      return new RtspError('connect-failed', message, context, failure);
    }
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EHOSTDOWN': {
      const message = `${peer} cannot be reached (${code}). Check the address, and that the gateway is on the same network.`;
      return new RtspError('connect-failed', message, context, failure);
    }
    default: {
      const handshake = target.secure ? handshakeError(failure, peer) : undefined;
      if (handshake !== undefined) return handshake;
      return new RtspError('connect-failed', `The connection to ${peer} failed (${code}).`, context, failure);
    }
  }
}
