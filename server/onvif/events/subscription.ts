import { randomUUID } from 'node:crypto';
import { OnvifError } from '../errors.ts';
import type { AskOptions } from '../soap/asking.ts';
import { type PlaceOnDevice, placeOnDevice } from '../soap/camera-address.ts';
import type { SafeCam } from '../soap/safe-cam.ts';
import { at, textAt, toUnixMs } from '../xml/find.ts';
import type { XmlElement } from '../xml/parse.ts';
import { escapeXml } from '../xml/write.ts';
import { type PulledMessages, readPulled } from './notification.ts';

/** How long a subscription is asked for. In seconds: some devices take `PT2M` for two of them. */
const WISHED_LIFETIME_MS = 120_000;
const MIN_PULL_MS = 2_000;
const MAX_PULL_MS = 20_000;
/** How much later than its timeout a pull may be answered. */
const PULL_GRACE_MS = 10_000;
const MAX_MESSAGES = 64;
/** What a device has itself named by goes along with each pull, and costs each time; it is some hundred characters. */
const MAX_REFERENCE_CHARS = 8_192;

const EVENTS = 'http://www.onvif.org/ver10/events/wsdl';
const NOTIFICATION = 'http://docs.oasis-open.org/wsn/b-2';

/** A pull point on a device (ONVIF Core section 9.1). */
export class Subscription {
  readonly #cam: SafeCam;
  readonly #place: PlaceOnDevice | undefined;
  readonly #headers: string;
  /** How long it lasts after each renewal. */
  readonly lifetimeMs: number;

  private constructor(cam: SafeCam, reply: XmlElement) {
    this.#cam = cam;
    const reference = at(reply, 'SubscriptionReference');
    const address = textAt(reference, 'Address');
    // To the device and nobody else, whatever address it names; the name itself goes along, as it knows its subscription by it.
    this.#place = address === undefined ? undefined : placeOnDevice(address, cam.endpoint);
    const parameters = at(reference, 'ReferenceParameters') ?? at(reference, 'ReferenceProperties');
    this.#headers =
      (address === undefined ? '' : `<a:To>${escapeXml(address)}</a:To>`) +
      (parameters?.children ?? []).map((parameter) => writeParameter(parameter)).join('');
    if (this.#headers.length > MAX_REFERENCE_CHARS) {
      const message = `The camera's name for its event subscription is longer than ${MAX_REFERENCE_CHARS} characters, which is no ONVIF.`;
      throw new OnvifError('not-onvif', message);
    }
    this.lifetimeMs = lifetimeOf(reply) ?? WISHED_LIFETIME_MS;
  }

  /** @throws {OnvifError} */
  static async create(cam: SafeCam, options: AskOptions): Promise<Subscription> {
    const body = `<CreatePullPointSubscription xmlns="${EVENTS}"><InitialTerminationTime>PT${WISHED_LIFETIME_MS / 1000}S</InitialTerminationTime></CreatePullPointSubscription>`;
    const action = `${EVENTS}/EventPortType/CreatePullPointSubscriptionRequest`;
    const reply = await cam.post({
      ...options,
      service: 'events',
      body,
      action,
      headers: addressing(action),
    });
    return new Subscription(cam, reply);
  }

  /** Waits for messages for some seconds; gives none where none came. */
  async pull(options: AskOptions): Promise<PulledMessages> {
    const waitMs = Math.min(MAX_PULL_MS, Math.max(MIN_PULL_MS, Math.floor(this.lifetimeMs / 3000) * 1000));
    const body = `<PullMessages xmlns="${EVENTS}"><Timeout>PT${waitMs / 1000}S</Timeout><MessageLimit>${MAX_MESSAGES}</MessageLimit></PullMessages>`;
    const action = `${EVENTS}/PullPointSubscription/PullMessagesRequest`;
    return readPulled(await this.#post(body, action, { ...options, timeoutMs: waitMs + PULL_GRACE_MS }));
  }

  /** Asks for all states, so that those are known that were on before (section 9.1.4). */
  async synchronise(options: AskOptions): Promise<void> {
    const action = `${EVENTS}/PullPointSubscription/SetSynchronizationPointRequest`;
    await this.#post(`<SetSynchronizationPoint xmlns="${EVENTS}"/>`, action, options);
  }

  async renew(options: AskOptions): Promise<void> {
    const body = `<Renew xmlns="${NOTIFICATION}"><TerminationTime>PT${WISHED_LIFETIME_MS / 1000}S</TerminationTime></Renew>`;
    await this.#post(body, 'http://docs.oasis-open.org/wsn/bw-2/SubscriptionManager/RenewRequest', options);
  }

  async unsubscribe(options: AskOptions): Promise<void> {
    const action = 'http://docs.oasis-open.org/wsn/bw-2/SubscriptionManager/UnsubscribeRequest';
    await this.#post(`<Unsubscribe xmlns="${NOTIFICATION}"/>`, action, options);
  }

  #post(body: string, action: string, options: AskOptions): Promise<XmlElement> {
    return this.#cam.post({
      ...options,
      service: 'events',
      ...(this.#place === undefined ? {} : { place: this.#place }),
      headers: addressing(action) + this.#headers,
      action,
      body,
    });
  }
}

/** WS-Addressing 1.0: without these some devices do not know what is wanted of a subscription. */
function addressing(action: string): string {
  return `<a:Action>${action}</a:Action><a:MessageID>urn:uuid:${randomUUID()}</a:MessageID>`;
}

/** The device's own words for its subscription, given back as they came (WS-Addressing 1.0 section 2.1). */
function writeParameter({ name, namespace, text, attributes }: XmlElement): string {
  if (!/^[\w.-]+$/.test(name)) return '';
  const own = [...attributes]
    .filter(([attribute]) => /^[\w.-]+$/.test(attribute))
    .map(([attribute, value]) => ` ${attribute}="${escapeXml(value)}"`)
    .join('');
  return `<${name} xmlns="${escapeXml(namespace)}" a:IsReferenceParameter="true"${own}>${escapeXml(text)}</${name}>`;
}

function lifetimeOf(reply: XmlElement): number | undefined {
  const currentMs = toUnixMs(textAt(reply, 'CurrentTime'));
  const terminationMs = toUnixMs(textAt(reply, 'TerminationTime'));
  if (currentMs === undefined || terminationMs === undefined || terminationMs <= currentMs) return undefined;
  return Math.min(terminationMs - currentMs, 3_600_000);
}
