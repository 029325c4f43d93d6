import { Connection } from './connection.ts';
import { loadMedia } from './media.ts';
import { probeRefusal } from './probe.ts';
import { openWebSocket, type Target } from './wire.ts';

const connections = new Map<string, Connection>();

/** The page's one connection to that server with that token. */
export function connectionTo(target: Target): Connection {
  const key = JSON.stringify([target.server, target.token ?? null]);
  const known = connections.get(key);
  if (known !== undefined) return known;
  for (const [oldKey, old] of connections) if (old.unused) connections.delete(oldKey);
  const made = new Connection({ target, openWire: openWebSocket, loadMedia, probe: probeRefusal });
  connections.set(key, made);
  if (connections.size === 1) listenForWake();
  return made;
}

let listening = false;

function listenForWake(): void {
  if (listening) return;
  listening = true;
  const wakeAll = (): void => {
    for (const connection of connections.values()) connection.wake();
  };
  addEventListener('online', wakeAll);
  addEventListener('pageshow', wakeAll);
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') wakeAll();
  });
}
