import onvif from 'onvif';
import { sleep } from '../../base/clock.ts';
import { OnvifError } from '../errors.ts';
import { readDateAndTime } from '../read/date-time.ts';
import { hostPort } from '../target.ts';
import { parseXml, parseXmlInTurns, type XmlElement } from '../xml/parse.ts';
import { escapeDeep } from '../xml/write.ts';
import type { AskOptions, CamMethod, PostOptions, SafeCamParts, ServiceName } from './asking.ts';
import type { DeviceEndpoint, PlaceOnDevice } from './camera-address.ts';
import { type Deadline, deadline } from './deadline.ts';
import { type AuthPlan, NO_LOGIN } from './device-auth.ts';
import {
  envelope,
  envelopeStart,
  isAuthFault,
  operationOf,
  readReply,
  type SoapFault,
  securityHeader,
  withSecurity,
} from './envelope.ts';
import { exchangeHttp, type HttpReply } from './http-exchange.ts';
import { LoginWays } from './login-ways.ts';
import { Ration } from './ration.ts';
import {
  type FailedExchange,
  faulty,
  noService,
  notLoggedIn,
  notOnvif,
  tooManyLogins,
  tooSlowMessage,
} from './refusals.ts';

/** What the package gives its `_request`. */
interface CamRequest {
  readonly service?: string;
  readonly body: string;
  readonly replyTimeout?: number;
}

type CamCallback = (error: Error | null, data: unknown, xml: string) => void;

interface Asking {
  readonly options: AskOptions;
  readonly resolve: (reply: XmlElement) => void;
  readonly reject: (failure: unknown) => void;
}

const MAX_REPLY_BYTES = 1024 * 1024;
const DEFAULT_TIMEOUT_MS = 8_000;
/** A log-in by each way, a stale nonce, and those with another time. */
const MAX_TRIES = 6;
/** The operations that devices answer whoever asks (ONVIF Core section 5.9.4.3). */
const OPEN_OPERATIONS = new Set([
  'GetSystemDateAndTime',
  'GetServices',
  'GetCapabilities',
  'GetServiceCapabilities',
]);

/**
 * The package's Cam, which knows how ONVIF's messages look, made safe. All that it asks goes through `_request`, which is ours: to the one address
 * that was checked, whatever addresses the device names; within a deadline and a megabyte; with every text escaped; logged in as the device
 * wants it, by the device's own clock. Answers are read by our own readers, as the package's turn versions and tokens into numbers
 * and throw where a device leaves something out.
 */
export class SafeCam extends onvif.Cam {
  readonly #parts: SafeCamParts;
  readonly #places = new Map<ServiceName, PlaceOnDevice>();
  /** Set only while a method of the package is called, which asks at once. */
  #asking: Asking | undefined;
  #hasLoggedIn = false;
  readonly #ration: Ration;

  constructor(parts: SafeCamParts) {
    // No user and password: those are ours to send. Nor does it ever connect by itself.
    super({
      hostname: parts.endpoint.host,
      port: parts.endpoint.port,
      autoconnect: false,
      preserveAddress: true,
    });
    this.#parts = parts;
    this.#ration = new Ration(parts.clock);
    this.#places.set('device', {
      port: parts.endpoint.port,
      secure: parts.endpoint.secure,
      path: parts.devicePath,
    });
  }

  get endpoint(): DeviceEndpoint {
    return this.#parts.endpoint;
  }

  /** Where a service is, once the device has told. */
  setPlaces(places: ReadonlyMap<ServiceName, PlaceOnDevice>): void {
    for (const [name, place] of places) this.#places.set(name, place);
  }

  has(service: ServiceName): boolean {
    return this.#places.has(service);
  }

  /**
   * Sends what the package's method would send, and gives the answer: the one element in its body.
   *
   * @throws {OnvifError}
   */
  ask(method: CamMethod, parameters?: unknown, options: AskOptions = {}): Promise<XmlElement> {
    return new Promise((resolve, reject) => {
      this.media2Support = options.media2 ?? false;
      const methods = this as unknown as Record<CamMethod, (...given: readonly unknown[]) => void>;
      const nobody: CamCallback = () => {};
      this.#asking = { options, resolve, reject };
      try {
        if (parameters === undefined) methods[method](nobody);
        else methods[method](escapeDeep(parameters), nobody);
      } catch (failure) {
        reject(failure);
      } finally {
        this.#asking = undefined;
      }
    });
  }

  /** Sends a message of ours. */
  post(options: PostOptions): Promise<XmlElement> {
    const { service, place = this.#places.get(service), body, headers, isOpen = false } = options;
    return this.#send(service, place, envelope(body, headers), options, { isOpen, action: options.action });
  }

  /** Overrides the package's: the one way out. */
  _request(request: CamRequest, callback: CamCallback): void {
    const asking = this.#asking;
    const service = (request.service ?? 'device') as ServiceName;
    const sent = this.#send(service, this.#places.get(service), request.body, asking?.options ?? {}, {
      isOpen: false,
    });
    if (asking !== undefined) sent.then(asking.resolve, asking.reject);
    // Nothing of ours calls the package without `ask`, but what does gets an answer.
    else
      sent.then(
        () => callback(null, undefined, ''),
        (failure: Error) => callback(failure, undefined, ''),
      );
  }

  /** Overrides the package's, which does not escape the user's name: the log-in is put in when the message is sent. */
  _envelopeHeader(openHeader?: boolean): string {
    return envelopeStart(openHeader === true);
  }

  async #send(
    service: ServiceName,
    place: PlaceOnDevice | undefined,
    message: string,
    options: AskOptions,
    { isOpen, action }: { readonly isOpen: boolean; readonly action?: string | undefined },
  ): Promise<XmlElement> {
    const { clock, signal } = this.#parts;
    // Our own message, read as the device will read it: what is no XML was never sent.
    const parsed = parseXml(message);
    const operation = parsed.ok ? operationOf(parsed.value) : undefined;
    if (operation === undefined) throw new Error(`no SOAP message: ${parsed.ok ? 'empty' : parsed.error}`);
    if (place === undefined) throw noService(this.#failed({ operation }), service);
    const { timeoutMs = DEFAULT_TIMEOUT_MS } = options;
    const tooSlow = tooSlowMessage(this.#failed({ operation }), timeoutMs);
    const limit = deadline(clock, timeoutMs, tooSlow, [signal, options.signal]);
    try {
      return await this.#exchange({
        service,
        place,
        message,
        operation: { name: operation.name, action: action ?? operation.action },
        isOpen,
        limit,
      });
    } finally {
      limit.clear();
    }
  }

  #exchange(request: SoapRequest): Promise<XmlElement> {
    const { auth } = this.#parts;
    if (request.isOpen || auth.isProven) return this.#tryLogins(request);
    return auth.oneByOne(() => this.#tryLogins(request));
  }

  async #tryLogins(request: SoapRequest): Promise<XmlElement> {
    const { auth } = this.#parts;
    const standing = request.isOpen ? undefined : auth.standingRefusal(this.#parts.isAsked);
    if (standing !== undefined) throw standing;
    let plan: AuthPlan = request.isOpen ? NO_LOGIN : auth.plan;
    const ways = new LoginWays(this.#parts, () => this.#clockMoved(request.limit.signal));
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const reply = await this.#post(request, plan);
      const read = await this.#read(request, reply);
      const fault = read.kind === 'fault' ? read.fault : undefined;
      const verdict = auth.judge(plan, {
        status: reply.status,
        challenges: reply.challenges,
        isAuthFault: fault !== undefined && isAuthFault(fault),
      });
      if (verdict.kind === 'accepted') {
        if (!OPEN_OPERATIONS.has(request.operation.name)) {
          this.#hasLoggedIn ||= plan !== NO_LOGIN;
          auth.proven();
        }
        if (read.kind === 'reply') return read.element;
        throw read.kind === 'fault' ? faulty(this.#failed(request, reply), read.fault) : read.error;
      }
      const next = request.isOpen ? undefined : await ways.after(plan, verdict);
      if (next === undefined) {
        const hasCredentials = auth.credentials !== undefined;
        const failed = this.#failed(request, reply);
        const failure = notLoggedIn(failed, { hasCredentials, hasLoggedIn: this.#hasLoggedIn });
        if (!request.isOpen) auth.refused(failure);
        throw failure;
      }
      plan = next;
    }
    throw tooManyLogins(this.#failed(request));
  }

  #post({ place, message, operation, limit }: SoapRequest, plan: AuthPlan): Promise<HttpReply> {
    const { auth, deviceClock, endpoint, fingerprint } = this.#parts;
    const { credentials } = auth;
    const body =
      plan.wsse && credentials !== undefined
        ? withSecurity(message, securityHeader({ ...credentials, createdMs: deviceClock.nowMs() }))
        : message;
    const authorization = auth.authorization(plan, 'POST', place.path, body);
    return exchangeHttp({
      address: { ip: endpoint.ip, host: endpoint.host, port: place.port, secure: place.secure, fingerprint },
      method: 'POST',
      path: place.path,
      headers: {
        'Content-Type': `application/soap+xml; charset=utf-8; action="${operation.action}"`,
        ...(authorization === undefined ? {} : { Authorization: authorization }),
      },
      body,
      maxBytes: MAX_REPLY_BYTES,
      signal: limit.signal,
      action: operation.name,
    });
  }

  async #read(request: SoapRequest, reply: HttpReply): Promise<ReadReply> {
    const { signal } = request.limit;
    const waitMs = this.#ration.take(reply.body.length);
    if (waitMs > 0) {
      await sleep(this.#parts.clock, waitMs, signal);
      if (signal.aborted) throw signal.reason;
    }
    const parsed = await parseXmlInTurns(reply.body.toString('utf8'));
    const read = parsed.ok ? readReply(parsed.value) : undefined;
    if (read !== undefined && read.kind !== 'none') return read;
    const { service, place } = request;
    const problem = parsed.ok ? 'it is no SOAP' : parsed.error;
    return {
      kind: 'none',
      error: notOnvif(this.#failed(request, reply), { service, path: place.path, problem }),
    };
  }

  /** Asks the device for its time again; whether it is another than we thought. */
  async #clockMoved(signal: AbortSignal): Promise<boolean> {
    try {
      return await this.readClock({ signal });
    } catch {
      return false;
    }
  }

  /** Asks the device for its time, which needs no log-in; gives whether that is news. */
  async readClock(options: AskOptions = {}): Promise<boolean> {
    const { clock, deviceClock, auth } = this.#parts;
    const askedAtMs = clock.monotonicMs();
    const ask = (isOpen: boolean) =>
      this.post({
        ...options,
        service: 'device',
        body: '<GetSystemDateAndTime xmlns="http://www.onvif.org/ver10/device/wsdl"/>',
        isOpen,
      });
    let reply: XmlElement;
    try {
      reply = await ask(true);
    } catch (failure) {
      // Some by Panasonic and Digital Barriers want a log-in even for this, which their clock must then be right for.
      const mayLogIn = failure instanceof OnvifError && failure.kind === 'auth-failed';
      if (!mayLogIn || auth.credentials === undefined || deviceClock.ageMs !== undefined) throw failure;
      reply = await ask(false);
    }
    const deviceMs = readDateAndTime(reply);
    return deviceMs === undefined ? false : deviceClock.set(deviceMs, askedAtMs);
  }

  #failed(request: Pick<SoapRequest, 'operation'>, reply?: HttpReply): FailedExchange {
    const { host, port } = this.#parts.endpoint;
    const status = reply === undefined ? {} : { status: reply.status };
    return { peer: hostPort(host, port), action: request.operation.name, ...status };
  }
}

interface SoapRequest {
  readonly service: ServiceName;
  readonly place: PlaceOnDevice;
  readonly message: string;
  readonly operation: { readonly name: string; readonly action: string };
  readonly isOpen: boolean;
  readonly limit: Deadline;
}

type ReadReply =
  | { readonly kind: 'reply'; readonly element: XmlElement }
  | { readonly kind: 'fault'; readonly fault: SoapFault }
  | { readonly kind: 'none'; readonly error: OnvifError };
