import type { ServerResponse } from 'node:http';
import type { Clock } from '../../../server/base/clock.ts';
import { capturedText, envelope, SoapFault } from './replies.ts';

/** What can be wrong with an answer. */
export type SimFault =
  /** A SOAP fault with these subcodes from outer to inner. */
  | {
      readonly is: 'soap';
      readonly subcodes?: readonly string[];
      readonly reason?: string;
      readonly status?: number;
    }
  /** A page of the camera's web server with that status. */
  | { readonly is: 'status'; readonly status: number }
  /** A page with 200. */
  | { readonly is: 'html' }
  /** The connection is taken, and nothing is ever said. */
  | { readonly is: 'silent' }
  | { readonly is: 'reset' }
  /** The right answer, so much later. */
  | { readonly is: 'late'; readonly delayMs: number }
  /** The right answer, byte by byte (or by so many): whole after minutes. */
  | { readonly is: 'drip'; readonly everyMs: number; readonly bytes?: number }
  /** FIN in the middle of the answer. */
  | { readonly is: 'half' }
  /** HTTP is whole, the XML in it is not. */
  | { readonly is: 'cut' }
  /** Never ends. */
  | { readonly is: 'endless' }
  /** The right answer with so many blanks in front. */
  | { readonly is: 'big'; readonly sizeBytes: number }
  /** A billion laughs, by a DOCTYPE. */
  | { readonly is: 'entity-bomb' }
  /** A file of the reader's, by a DOCTYPE. */
  | { readonly is: 'external-entity'; readonly url: string }
  | { readonly is: 'deep'; readonly depth: number }
  /** A fault that is not even XML, as one device makes it. */
  | { readonly is: 'broken-fault' }
  | { readonly is: 'empty' }
  /** Another document in its place. */
  | { readonly is: 'reply'; readonly text: string; readonly status?: number }
  | { readonly is: 'redirect'; readonly location: string }
  /** Refused whatever it proves; `mixed` is 400 and 401 by turns. */
  | { readonly is: 'unauthorised'; readonly status: 400 | 401 | 'mixed' };

const LOGIN_PAGE =
  '<!DOCTYPE html><html><head><title>Web Service</title></head><body onload="login()"><p>Please log in&nbsp;<br></body></html>';

/** As a Hikvision's web server words it: not even HTML. */
const REFUSAL_PAGE =
  '<head><title>Unauthorized</title></head><body><h2>Access Error: 401 -- Unauthorized</h2><pre></pre></body>';

const LAUGHS = Array.from(
  { length: 9 },
  (_, index) => `<!ENTITY lol${index + 1} "${`&lol${index};`.repeat(10)}">`,
).join('');

/** Spoils an answer. `good` is what would have been said. */
export function spoil(
  response: ServerResponse,
  fault: SimFault,
  good: { readonly status: number; readonly text: string; readonly count: number },
  deps: { readonly clock: Clock; readonly challenges: () => readonly string[] },
): void {
  const soap = { 'Content-Type': 'application/soap+xml; charset=utf-8' };
  const send = (status: number, text: string | Buffer, headers: Record<string, string> = soap): void => {
    response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(text) }).end(text);
  };
  const html = { 'Content-Type': 'text/html' };
  switch (fault.is) {
    case 'soap': {
      const { subcodes = ['ter:Action'], reason = 'The action failed.', status } = fault;
      const made = new SoapFault('Receiver', subcodes, reason, status);
      send(made.status, made.toXml());
      return;
    }
    case 'status':
      send(fault.status, `<html><body><h1>${fault.status}</h1></body></html>`, html);
      return;
    case 'html':
      send(200, LOGIN_PAGE, html);
      return;
    case 'silent':
      return;
    case 'reset':
      response.socket?.resetAndDestroy();
      return;
    case 'late':
      response.once(
        'close',
        deps.clock.after(fault.delayMs, () => send(good.status, good.text)),
      );
      return;
    case 'drip':
      drip(response, good, fault, deps.clock);
      return;
    case 'half': {
      const bytes = Buffer.from(good.text);
      response.writeHead(good.status, { ...soap, 'Content-Length': bytes.length });
      response.write(bytes.subarray(0, bytes.length / 2), () => response.socket?.end());
      return;
    }
    case 'cut':
      send(good.status, good.text.slice(0, good.text.length / 2));
      return;
    case 'endless':
      flood(response);
      return;
    case 'big':
      send(good.status, good.text.replace('?>', `?>${' '.repeat(fault.sizeBytes)}`));
      return;
    case 'entity-bomb':
      send(200, withDoctype(`<!ENTITY lol0 "lol">${LAUGHS}`, '&lol9;'));
      return;
    case 'external-entity':
      send(200, withDoctype(`<!ENTITY x SYSTEM "${fault.url}">`, '&x;'));
      return;
    case 'deep':
      send(200, envelope(`${'<tt:A>'.repeat(fault.depth)}${'</tt:A>'.repeat(fault.depth)}`));
      return;
    case 'broken-fault':
      send(500, capturedText('Error'));
      return;
    case 'empty':
      send(200, '');
      return;
    case 'reply':
      send(fault.status ?? 200, fault.text);
      return;
    case 'redirect':
      send(302, '', { Location: fault.location });
      return;
    case 'unauthorised': {
      const status = fault.status === 'mixed' ? (good.count % 2 === 0 ? 400 : 401) : fault.status;
      refuse(response, { status, challenges: deps.challenges() });
      return;
    }
  }
}

/** Says that the log-in is wrong or missing (ONVIF Core, section 5.9.1). */
export function refuse(
  response: ServerResponse,
  options: {
    readonly status: 400 | 401;
    readonly challenges: readonly string[];
    readonly page?: 'soap' | 'html';
    readonly reason?: string;
  },
): void {
  const { status, challenges, page = 'soap', reason = 'Sender not Authorized' } = options;
  const text =
    page === 'html' ? REFUSAL_PAGE : new SoapFault('Sender', ['ter:NotAuthorized'], reason, status).toXml();
  response.writeHead(status, {
    'Content-Type': page === 'html' ? 'text/html' : 'application/soap+xml; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
    ...(status === 401 && challenges.length > 0 ? { 'WWW-Authenticate': [...challenges] } : {}),
  });
  response.end(text);
}

function withDoctype(declarations: string, text: string): string {
  return envelope(
    `<tds:GetDeviceInformationResponse><tds:Manufacturer>${text}</tds:Manufacturer></tds:GetDeviceInformationResponse>`,
  ).replace('?>', `?><!DOCTYPE x [${declarations}]>`);
}

function drip(
  response: ServerResponse,
  good: { readonly status: number; readonly text: string },
  { everyMs, bytes: step = 1 }: { readonly everyMs: number; readonly bytes?: number },
  clock: Clock,
): void {
  const bytes = Buffer.from(good.text);
  response.writeHead(good.status, {
    'Content-Type': 'application/soap+xml; charset=utf-8',
    'Content-Length': bytes.length,
  });
  let at = 0;
  const stop = clock.every(everyMs, () => {
    response.write(bytes.subarray(at, at + step));
    at += step;
    if (at < bytes.length) return;
    stop();
    response.end();
  });
  response.once('close', stop);
}

/** As fast as the other side takes it. */
function flood(response: ServerResponse): void {
  const piece = Buffer.alloc(65_536, 0x20);
  response.writeHead(200, { 'Content-Type': 'application/soap+xml; charset=utf-8' });
  const more = (): void => {
    while (!response.destroyed && response.write(piece));
  };
  response.on('drain', more);
  more();
}
