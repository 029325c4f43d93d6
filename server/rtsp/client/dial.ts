import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, getCACertificates } from 'node:tls';
import type { AddressResolver } from '../../base/address-policy.ts';
import { type Clock, withTimeout } from '../../base/clock.ts';
import { RtspError } from './errors.ts';
import { hostPort, type RtspTarget } from './target.ts';

export interface DialOptions {
  readonly target: RtspTarget;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly resolveAddress: AddressResolver;
  readonly tls?: ConnectionOptions | undefined;
  readonly signal: AbortSignal;
}

/** Opens the socket to a camera: plain TCP, or TLS checked against the system's roots for rtsps. */
export async function dial(options: DialOptions): Promise<Socket> {
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
  const open = async (): Promise<Socket> => {
    const resolved = await options.resolveAddress(target.host);
    if (!resolved.ok) throw new RtspError(resolved.error.kind, resolved.error.message, { peer });
    if (abandoned) throw stopped();
    const opened = openSocket(target, resolved.value, options.tls);
    socket = opened;
    await connected(opened, target);
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

function openSocket(target: RtspTarget, address: string, tls: ConnectionOptions | undefined): Socket {
  if (!target.secure) return connectTcp({ host: address, port: target.port, noDelay: true });
  return connectTls({
    ca: [...getCACertificates('default'), ...getCACertificates('system')],
    ...tls,
    host: address,
    port: target.port,
    // RFC 6066 section 3 allows names only.
    ...(isIP(target.host) === 0 ? { servername: target.host } : {}),
  }).setNoDelay(true);
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
      if (target.secure && /CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO|EPROTO/.test(code)) {
        const message = `No trusted TLS connection to ${peer} (${code}). Install the certificate's authority on this machine, or use rtsp:// inside a network you trust.`;
        return new RtspError('tls-failed', message, context, failure);
      }
      return new RtspError('connect-failed', `The connection to ${peer} failed (${code}).`, context, failure);
    }
  }
}
