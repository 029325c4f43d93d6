import onvif from 'onvif';
import type { Clock } from '../../base/clock.ts';
import { OnvifError, type OnvifErrorContext } from '../errors.ts';
import { readDateAndTime } from '../read/date-time.ts';
import { hostPort } from '../target.ts';
import { parseXml, parseXmlInTurns, type XmlElement } from '../xml/parse.ts';
import { escapeDeep } from '../xml/write.ts';
import type { DeviceEndpoint, PlaceOnDevice } from './camera-address.ts';
import { type Deadline, deadline } from './deadline.ts';
import { type AuthPlan, type DeviceAuth, NO_LOGIN } from './device-auth.ts';
import type { DeviceClock } from './device-clock.ts';
import {
  envelope,
  envelopeStart,
  isAuthFault,
  isUnsupportedFault,
  operationOf,
  readReply,
  type SoapFault,
  securityHeader,
  withSecurity,
} from './envelope.ts';
import { exchangeHttp, type HttpReply } from './http-exchange.ts';
import { LoginWays } from './login-ways.ts';

/** Services of a device that we use. */
export type ServiceName = 'device' | 'media' | 'media2' | 'ptz' | 'events' | 'imaging';

/** Methods of the package's Cam of which we take the message. */
export type CamMethod =
  | 'getServices'
  | 'getCapabilities'
  | 'getDeviceInformation'
  | 'getProfiles'
  | 'getStreamUri'
  | 'getSnapshotUri'
  | 'setSynchronizationPoint'
  | 'getNodes'
  | 'getConfigurations'
  | 'getConfigurationOptions'
  | 'getStatus'
  | 'getPresets'
  | 'setPreset'
  | 'removePreset'
  | 'gotoPreset'
  | 'gotoHomePosition'
  | 'continuousMove'
  | 'absoluteMove'
  | 'stop';

export interface AskOptions {
  /** For the whole exchange with its log-ins; default 8 s. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** Whether media calls speak to the Media2 service (ONVIF Profile T). */
  readonly media2?: boolean;
}

export interface PostOptions extends AskOptions {
  readonly service: ServiceName;
  /** Instead of the service's own place, e.g. that of a subscription. */
  readonly place?: PlaceOnDevice;
  /** XML, with all texts in it escaped. */
  readonly body: string;
  readonly headers?: string;
  /** What the HTTP header says is wanted; default: by the body. */
  readonly action?: string;
  /** Sent without a log-in. */
  readonly isOpen?: boolean;
}

export interface SafeCamParts {
  readonly endpoint: DeviceEndpoint;
  readonly devicePath: string;
  readonly fingerprint: string | undefined;
  readonly auth: DeviceAuth;
  readonly deviceClock: DeviceClock;
  readonly clock: Clock;
  /** Ends everything that runs. */
  readonly signal: AbortSignal;
}

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

  constructor(parts: SafeCamParts) {
    // No user and password: those are ours to send. Nor does it ever connect by itself.
    super({
      hostname: parts.endpoint.host,
      port: parts.endpoint.port,
      autoconnect: false,
      preserveAddress: true,
    });
    this.#parts = parts;
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
    const { clock, endpoint, signal } = this.#parts;
    // Our own message, read as the device will read it: what is no XML was never sent.
    const parsed = parseXml(message);
    const operation = parsed.ok ? operationOf(parsed.value) : undefined;
    if (operation === undefined) throw new Error(`no SOAP message: ${parsed.ok ? 'empty' : parsed.error}`);
    const peer = hostPort(endpoint.host, endpoint.port);
    if (place === undefined) {
      const message = `The camera at ${peer} has no ${service} service for ONVIF.`;
      throw new OnvifError('unsupported', message, { peer, action: operation.name });
    }
    const { timeoutMs = DEFAULT_TIMEOUT_MS } = options;
    const tooSlow = `The camera at ${peer} did not answer ${operation.name} within ${Math.round(timeoutMs / 1000)} s. Check its network, or restart it.`;
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

  async #exchange(request: SoapRequest): Promise<XmlElement> {
    const { auth } = this.#parts;
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
        if (!OPEN_OPERATIONS.has(request.operation.name)) this.#hasLoggedIn ||= plan !== NO_LOGIN;
        if (read.kind === 'reply') return read.element;
        throw read.kind === 'fault' ? this.#refused(request, reply, read.fault) : read.error;
      }
      const next = request.isOpen ? undefined : await ways.after(plan, verdict);
      if (next === undefined) throw this.#notLoggedIn(request, reply);
      plan = next;
    }
    const message = `${this.#peerName()} asks for one log-in after another.`;
    throw new OnvifError('auth-failed', message, this.#context(request));
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
    const parsed = await parseXmlInTurns(reply.body.toString('utf8'));
    const read = parsed.ok ? readReply(parsed.value) : undefined;
    if (read !== undefined && read.kind !== 'none') return read;
    const context = { ...this.#context(request), status: reply.status };
    const problem = parsed.ok ? 'it is no SOAP' : parsed.error;
    const what =
      reply.status === 404
        ? `has no ${request.service} service for ONVIF at ${request.place.path}`
        : `does not answer as ONVIF has it (HTTP ${reply.status}; ${problem})`;
    const message = `${this.#peerName()} ${what}. Check address and port, and that ONVIF is switched on in its own settings.`;
    return { kind: 'none', error: new OnvifError('not-onvif', message, context) };
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

  #refused(request: SoapRequest, reply: HttpReply, fault: SoapFault): OnvifError {
    const context = { ...this.#context(request), status: reply.status, faultCodes: fault.codes };
    const said = [fault.codes.at(-1), fault.reason].filter(Boolean).join(': ') || 'no reason given';
    if (isUnsupportedFault(fault)) {
      return new OnvifError(
        'unsupported',
        `${this.#peerName()} cannot do ${request.operation.name} (${said}).`,
        context,
      );
    }
    const message = `${this.#peerName()} refuses ${request.operation.name} (${said}).`;
    return new OnvifError('refused', message, context);
  }

  #notLoggedIn(request: SoapRequest, reply: HttpReply): OnvifError {
    const context = { ...this.#context(request), status: reply.status };
    const peer = this.#peerName();
    if (this.#parts.auth.credentials === undefined) {
      return new OnvifError('auth-failed', `${peer} wants a user name and a password.`, context);
    }
    const message = this.#hasLoggedIn
      ? `${peer} refuses ${request.operation.name} to this user: its password was changed, or it may not do that. Check the user in the camera's own settings.`
      : `${peer} does not take this user name and password. Many cameras have users for ONVIF of their own: look for "ONVIF user" in the camera's own settings. After a few wrong tries a camera may refuse for some minutes.`;
    return new OnvifError('auth-failed', message, context);
  }

  #peerName(): string {
    const { host, port } = this.#parts.endpoint;
    return `The camera at ${hostPort(host, port)}`;
  }

  #context(request: SoapRequest): OnvifErrorContext {
    const { host, port } = this.#parts.endpoint;
    return { peer: hostPort(host, port), action: request.operation.name };
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
