import { SIGNALING_PROTOCOL, TOKEN_PROTOCOL_PREFIX } from '../../../shared/signaling.ts';

/** The little of a WebSocket that signaling needs, so that tests can stand in for it. */
export interface Wire {
  send(text: string): void;
  close(): void;
}

export interface WireEvents {
  onMessage(text: string): void;
  /** Once, whether it ever opened or not, unless `close()` was called before. */
  onClose(code: number): void;
}

export type OpenWire = (target: Target, events: WireEvents) => Wire;

/** A server and who we are there. */
export interface Target {
  /** The server's base URL, http or https, without a slash at its end. */
  readonly server: string;
  readonly token: string | undefined;
}

/** The characters of an RFC 9110 token: all that a WebSocket subprotocol may hold. */
const SUBPROTOCOL = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Where signaling is and which subprotocols to offer; a token that no subprotocol can carry goes into the query. */
export function signalingAddress(target: Target): { url: string; protocols: string[] } {
  const url = new URL(`${target.server}/api/v1/signaling`);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const protocols: string[] = [SIGNALING_PROTOCOL];
  if (target.token !== undefined) {
    if (SUBPROTOCOL.test(target.token)) protocols.push(TOKEN_PROTOCOL_PREFIX + target.token);
    else url.searchParams.set('access_token', target.token);
  }
  return { url: url.href, protocols };
}

/** A wire over the browser's WebSocket. */
export function openWebSocket(target: Target, events: WireEvents): Wire {
  const { url, protocols } = signalingAddress(target);
  const socket = new WebSocket(url, protocols);
  let told = false;
  const tellClosed = (code: number): void => {
    if (told) return;
    told = true;
    events.onClose(code);
  };
  socket.onmessage = (event) => {
    if (typeof event.data === 'string') events.onMessage(event.data);
  };
  socket.onclose = (event) => tellClosed(event.code);
  return {
    send: (text) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    close: () => {
      told = true;
      socket.close();
    },
  };
}
