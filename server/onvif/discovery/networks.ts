import { networkInterfaces } from 'node:os';

/** A network that the gateway is on. */
export interface Network {
  /** For people: `eth0 10.0.0.5/24`. */
  readonly label: string;
  /** Our address there. */
  readonly address: string;
}

const MAX_NETWORKS = 32;

/**
 * The IPv4 networks of this machine; its loopback only where cameras may be there. Over IPv6 devices answer from link-local
 * addresses, which no source can name. With `interfaces` only those of these names.
 */
export function ownNetworks(withLoopback: boolean, interfaces?: readonly string[]): Network[] {
  return Object.entries(networkInterfaces())
    .filter(([name]) => interfaces?.includes(name) ?? true)
    .flatMap(([name, entries = []]) =>
      entries
        .filter(({ family, internal }) => family === 'IPv4' && (withLoopback || !internal))
        .map(({ address, cidr }) => ({ label: `${name} ${cidr ?? address}`, address })),
    )
    .slice(0, MAX_NETWORKS);
}
