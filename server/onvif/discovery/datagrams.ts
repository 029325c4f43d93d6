import { createSocket, type Socket } from 'node:dgram';

export interface Datagrams {
  /** Failures are told to `onTrouble`, never thrown. */
  send(text: string, port: number, address: string): void;
  close(): void;
}

export interface DatagramsParts {
  /** Ours, on the network that is asked; undefined: any. */
  readonly address: string | undefined;
  readonly onMessage: (text: string, from: string) => void;
  /** A code such as `EPERM` or `ENETUNREACH`. */
  readonly onTrouble: (code: string) => void;
}

/** Routers of a building may pass it on; the internet does not. */
const MULTICAST_TTL = 4;

/** A UDP socket on one network, for both kinds of probes. Answers come to its own port. */
export function openDatagrams(parts: DatagramsParts): Promise<Datagrams | undefined> {
  const { address, onMessage, onTrouble } = parts;
  return new Promise((resolve) => {
    const socket = createSocket({ type: 'udp4', reuseAddr: false });
    let isOpen = true;
    const close = () => {
      if (!isOpen) return;
      isOpen = false;
      socket.close();
    };
    socket.on('error', (failure: NodeJS.ErrnoException) => {
      onTrouble(failure.code ?? failure.message);
      close();
      resolve(undefined);
    });
    socket.on('message', (datagram, { address: from }) => onMessage(datagram.toString('utf8'), from));
    socket.bind({ address: address ?? '0.0.0.0', port: 0 }, () => {
      if (address !== undefined && !prepare(socket, address, onTrouble)) {
        close();
        resolve(undefined);
        return;
      }
      const send = (text: string, port: number, to: string) => {
        if (!isOpen) return;
        socket.send(text, port, to, (failure: NodeJS.ErrnoException | null) => {
          if (failure !== null && isOpen) onTrouble(failure.code ?? failure.message);
        });
      };
      resolve({ send, close });
    });
  });
}

function prepare(socket: Socket, address: string, onTrouble: (code: string) => void): boolean {
  try {
    socket.setMulticastInterface(address);
    socket.setMulticastTTL(MULTICAST_TTL);
    return true;
  } catch (failure) {
    onTrouble((failure as NodeJS.ErrnoException).code ?? String(failure));
    return false;
  }
}
