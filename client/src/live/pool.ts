import { Connection } from './connection.ts';
import { loadMedia } from './media.ts';
import { probeRefusal } from './probe.ts';
import { openWebSocket, type Target } from './wire.ts';

/** The server lets one session watch 64 streams; a page of more cameras opens a second one. */
const MAX_WATCHES = 60;

interface Pooled {
  readonly key: string;
  readonly connection: Connection;
}

let pool: readonly Pooled[] = [];
let listening = false;

/** The connection to that server with that token which all players of the page share. */
export function connectionTo(target: Target): Connection {
  const key = JSON.stringify([target.server, target.token ?? null]);
  const roomy = pool.find((pooled) => pooled.key === key && pooled.connection.watchCount < MAX_WATCHES);
  if (roomy !== undefined) return roomy.connection;
  const connection = new Connection({ target, openWire: openWebSocket, loadMedia, probe: probeRefusal });
  // One that is no longer used closes by itself.
  pool = [...pool.filter((pooled) => !pooled.connection.unused), { key, connection }];
  listenForWake();
  return connection;
}

/** What makes waiting pointless: the network is back, or somebody looks at the page again. */
function listenForWake(): void {
  if (listening) return;
  listening = true;
  const wakeAll = (): void => {
    for (const { connection } of pool) connection.wake();
  };
  addEventListener('online', wakeAll);
  addEventListener('pageshow', wakeAll);
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') wakeAll();
  });
}
