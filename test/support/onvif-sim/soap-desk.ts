import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Doorkeeper } from './auth.ts';
import type { ActiveFault, SimMood } from './cues.ts';
import type { Action, SimDevice, SoapReply } from './device.ts';
import { deviceService, isOpenToAll } from './device-service.ts';
import { eventsService, REFERENCE_NAMESPACE, subscriptionService } from './events-service.ts';
import { refuse, spoil } from './faults.ts';
import { type Maker, NAMESPACES, type ServiceName } from './maker.ts';
import { media2Service, mediaService } from './media-service.ts';
import { ptzService } from './ptz-service.ts';
import { envelope as envelopeOf, notSupported, SoapFault } from './replies.ts';
import { elements, find, localName, parseXml, textOf, type XmlElement } from './xml.ts';

const CHUNK_CHARACTERS = 1_000;
const MAX_BODY_BYTES = 1 << 20;
const SUBSCRIPTION_NAMESPACE = 'http://docs.oasis-open.org/wsn/b-2';

/** By namespace, then by name. */
const ACTIONS: ReadonlyMap<string, Readonly<Record<string, Action>>> = new Map([
  [NAMESPACES.device, deviceService],
  [NAMESPACES.media, mediaService],
  [NAMESPACES.media2, media2Service],
  [NAMESPACES.ptz, ptzService],
  [NAMESPACES.events, eventsService],
  [SUBSCRIPTION_NAMESPACE, subscriptionService],
]);

/** A call, and how it was answered. */
export interface SoapRequest {
  readonly atMs: number;
  /** `GetProfiles`; `snapshot` for its picture; empty where it was nothing that can be read. */
  readonly action: string;
  readonly service: ServiceName | 'subscription' | undefined;
  readonly path: string;
  /** As it came. */
  readonly xml: string;
  readonly by: 'none' | 'wsse' | 'digest' | 'basic';
  /** Undefined while it is not answered, or spoilt. */
  status: number | undefined;
  /** Why it was refused. */
  refusal: string | undefined;
}

export interface SoapDeskDeps {
  readonly device: SimDevice;
  readonly mood: SimMood;
  /** Undefined: everybody is let in. */
  readonly door: Doorkeeper | undefined;
  /** For pictures: a GET has no token. */
  readonly pictureDoor: Doorkeeper | undefined;
  readonly snapshot: Buffer;
  onRequest(request: SoapRequest): void;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Takes requests, lets in who may, and has the services answer. */
export class SoapDesk {
  readonly #deps: SoapDeskDeps;

  constructor(deps: SoapDeskDeps) {
    this.#deps = deps;
  }

  get isLocked(): boolean {
    return this.#deps.door?.isLocked === true;
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => {});
    try {
      if (request.method === 'GET') this.#get(request, response);
      else await this.#post(request, response);
    } catch (error) {
      // A mistake of the simulator's own.
      if (!response.headersSent && !response.destroyed) {
        send(response, {
          status: 500,
          text: new SoapFault('Receiver', ['ter:Action'], String(error)).toXml(),
        });
      }
    }
  }

  #get(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? '';
    if (!path.startsWith('/snapshot')) {
      response.writeHead(404, { 'Content-Type': 'text/html' }).end('<html><body>Not found</body></html>');
      return;
    }
    const door = this.#deps.pictureDoor;
    const outcome = door?.check(request, undefined) ?? { is: 'good', by: 'digest' };
    const entry = this.#note({ action: 'snapshot', path, by: outcome.is === 'none' ? 'none' : outcome.by });
    const fault = this.#faultFor('snapshot');
    if (fault !== undefined) {
      this.#spoil(response, fault, { status: 200, text: '' });
      return;
    }
    if (outcome.is !== 'good') {
      entry.status = 401;
      response.writeHead(401, { 'WWW-Authenticate': door?.challenges() ?? [] }).end();
      return;
    }
    entry.status = 200;
    const { snapshot } = this.#deps;
    response
      .writeHead(200, { 'Content-Type': 'image/jpeg', 'Content-Length': snapshot.length })
      .end(snapshot);
  }

  async #post(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const xml = await bodyOf(request);
    const envelope = parsed(xml);
    const body = find(envelope, 'Body');
    const [call] = body === undefined ? [] : elements(body);
    const door = this.#deps.door;
    const outcome = door?.check(request, envelope) ?? { is: 'none' };
    const action = call === undefined ? '' : localName(call);
    const entry = this.#note({
      action,
      service: call === undefined ? undefined : serviceOf(call),
      path: request.url ?? '',
      xml,
      by: outcome.is === 'none' ? 'none' : outcome.by,
    });
    const fault = this.#faultFor(action);
    if (fault?.fault.is === 'unauthorised') {
      this.#spoil(response, fault, { status: 200, text: '' });
      return;
    }
    const isOpen = call !== undefined && isOpenToAll(call) && !this.#deps.device.maker.isClosed;
    // A wrong log-in is refused even where none is needed.
    if (
      door !== undefined &&
      envelope !== undefined &&
      outcome.is !== 'good' &&
      !(isOpen && outcome.is === 'none')
    ) {
      entry.refusal = outcome.is === 'bad' ? `${outcome.by} ${outcome.why}` : 'no log-in';
      entry.status = this.#refusalOf(outcome.is === 'bad' ? outcome.by : undefined, door);
      const isStale = outcome.is === 'bad' && outcome.why === 'stale';
      const { refusalPage, staleReason } = this.#deps.device.maker;
      refuse(response, {
        status: entry.status as 400 | 401,
        challenges: door.challenges(isStale && outcome.by === 'digest'),
        page: refusalPage,
        ...(isStale ? { reason: staleReason } : {}),
      });
      return;
    }
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const answer = await this.#called(envelope, call, request.url ?? '', gone.signal);
    if (fault !== undefined) {
      this.#spoil(response, fault, answer);
      return;
    }
    entry.status = answer.status;
    const { transfer, hangsUp } = this.#deps.device.maker;
    if (hangsUp) response.once('finish', () => response.socket?.destroySoon());
    send(response, answer, transfer);
  }

  async #called(
    envelope: XmlElement | undefined,
    call: XmlElement | undefined,
    path: string,
    signal: AbortSignal,
  ): Promise<Answer> {
    try {
      if (envelope === undefined || call === undefined) {
        throw new SoapFault('Sender', ['ter:WellFormed'], 'Well-formed Error');
      }
      const { device } = this.#deps;
      const act = this.#actionFor(call, path);
      const subscriptionId = subscriptionOf(envelope, path);
      const reply: SoapReply = await act({ device, request: call, envelope, subscriptionId, signal });
      const text = envelopeOf(reply.body, reply.header);
      return { status: 200, text: device.maker.declaresNamespaces ? text : withoutNamespaces(text) };
    } catch (error) {
      if (!(error instanceof SoapFault)) throw error;
      return { status: error.status, text: error.toXml() };
    }
  }

  /** Its services stand at their own addresses; at another's they are not known. */
  #actionFor(call: XmlElement, path: string): Action {
    const { paths } = this.#deps.device.maker;
    const service = serviceOf(call);
    const wanted = paths[service === 'subscription' || service === undefined ? 'events' : service];
    const [plainPath = ''] = path.split('?');
    const isThere =
      wanted !== undefined &&
      (plainPath === wanted || (wanted === paths.events && plainPath.startsWith(`${wanted}/`)));
    const act = ACTIONS.get(call.namespace)?.[localName(call)];
    const isBroken = service === 'media2' && this.#deps.device.maker.media2Fails;
    if (service === undefined || act === undefined || !isThere || isBroken)
      throw notSupported(localName(call));
    return act;
  }

  #refusalOf(by: 'wsse' | 'digest' | 'basic' | undefined, door: Doorkeeper): 400 | 401 {
    const { refusal } = this.#deps.device.maker;
    if (refusal !== 'standard') return refusal;
    if (by === 'wsse') return 400;
    return door.challenges().length > 0 ? 401 : 400;
  }

  #faultFor(action: string): ActiveFault | undefined {
    const { faults } = this.#deps.mood;
    const active = faults.find(({ on, timesLeft }) => {
      if (timesLeft <= 0) return false;
      return on === undefined || (typeof on === 'string' ? on === action : on.test(action));
    });
    if (active === undefined) return undefined;
    active.timesLeft -= 1;
    active.count += 1;
    return active;
  }

  #spoil(response: ServerResponse, active: ActiveFault, good: Answer): void {
    spoil(
      response,
      active.fault,
      { ...good, count: active.count },
      { clock: this.#deps.device.clock, challenges: () => this.#deps.door?.challenges() ?? [] },
    );
  }

  #note(entry: Partial<SoapRequest> & Pick<SoapRequest, 'action' | 'path' | 'by'>): SoapRequest {
    const whole: SoapRequest = {
      atMs: this.#deps.device.clock.monotonicMs(),
      service: undefined,
      xml: '',
      status: undefined,
      refusal: undefined,
      ...entry,
    };
    this.#deps.onRequest(whole);
    return whole;
  }
}

function serviceOf(call: XmlElement): ServiceName | 'subscription' | undefined {
  if (call.namespace === SUBSCRIPTION_NAMESPACE) return 'subscription';
  return (Object.keys(NAMESPACES) as ServiceName[]).find((name) => NAMESPACES[name] === call.namespace);
}

function subscriptionOf(envelope: XmlElement, path: string): number | undefined {
  const header = find(envelope, 'Header', 'SubscriptionId');
  const text =
    header?.namespace === REFERENCE_NAMESPACE
      ? textOf(header)
      : (/\/subscription\/(\d+)$/.exec(path) ?? /[?&]Idx=(\d+)/.exec(path))?.[1];
  return text === undefined || !/^\d+$/.test(text) ? undefined : Number(text);
}

function parsed(xml: string): XmlElement | undefined {
  try {
    return parseXml(xml);
  } catch {
    return undefined;
  }
}

/** Only the envelope's own is left. */
function withoutNamespaces(text: string): string {
  return text.replaceAll(/ xmlns:(?!SOAP-ENV)[\w-]+="[^"]*"/g, '');
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_BODY_BYTES) throw new Error('too large a request');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function send(
  response: ServerResponse,
  { status, text }: Answer,
  transfer: Maker['transfer'] = 'length',
): void {
  const type = { 'Content-Type': 'application/soap+xml; charset=utf-8' };
  if (transfer === 'length') {
    response.writeHead(status, { ...type, 'Content-Length': Buffer.byteLength(text) }).end(text);
    return;
  }
  // As HTTP/1.0 has it: whole when the connection ends.
  if (transfer === 'close') {
    response.useChunkedEncodingByDefault = false;
    response.writeHead(status, { ...type, Connection: 'close' }).end(text);
    return;
  }
  response.writeHead(status, type);
  // In pieces, that tear a name in two.
  for (let at = 0; at < text.length; at += CHUNK_CHARACTERS) {
    response.write(text.slice(at, at + CHUNK_CHARACTERS));
  }
  response.end();
}
