import { type Action, argument, durationMs, type SimDevice, type SoapCall } from './device.ts';
import type { SimEvent } from './events.ts';
import { captured, invalid, notSupported, piece, SoapFault } from './replies.ts';
import {
  cloneOf,
  elements,
  find,
  localName,
  need,
  removeAll,
  setText,
  textOf,
  type XmlElement,
} from './xml.ts';

const DEFAULT_TERMINATION_MS = 60_000;
const MAX_MESSAGES = 100;
export const REFERENCE_NAMESPACE = 'http://www.axis.com/2009/event';

/** Of the event service and its pull points (ONVIF Core, section 9). */
export const eventsService: Readonly<Record<string, Action>> = {
  GetServiceCapabilities: () => ({ body: captured('events.GetServiceCapabilities') }),

  GetEventProperties: ({ device }) => ({
    body: properties(device),
    header: action('http://www.onvif.org/ver10/events/wsdl/EventPortType/GetEventPropertiesResponse'),
  }),

  CreatePullPointSubscription: (call) => {
    const { device } = call;
    if (device.maker.needsTerminationTime && argument(call, 'InitialTerminationTime') === undefined) {
      throw new SoapFault('Receiver', ['ter:InvalidArgVal'], 'InitialTerminationTime is missing.');
    }
    const id = device.pullPoints.create(
      terminationMs(call, 'InitialTerminationTime'),
      textOf(find(call.request, 'Filter', 'TopicExpression')),
    );
    const reply = captured('events.CreatePullPointSubscription');
    setText(need(reply, 'Address'), device.subscriptionUrl(id));
    if (device.maker.subscription === 'reference-parameter') {
      need(reply, 'SubscriptionReference').children.push(referenceParameter(id));
    }
    setTimes(reply, device, device.pullPoints.endOf(id));
    return {
      body: reply,
      header: action(
        'http://www.onvif.org/ver10/events/wsdl/EventPortType/CreatePullPointSubscriptionResponse',
      ),
    };
  },

  PullMessages: async (call) => {
    const { device, signal } = call;
    const id = idOf(call);
    const timeoutMs = durationMs(argument(call, 'Timeout') ?? '');
    const limit = Number(argument(call, 'MessageLimit') ?? 'nothing');
    if (timeoutMs === undefined || !Number.isInteger(limit) || limit < 1) {
      throw invalid('InvalidArgVal', 'Timeout and MessageLimit are needed.');
    }
    const letGo = (): void => device.pullPoints.letGo(id);
    signal.addEventListener('abort', letGo, { once: true });
    try {
      const events = await device.pullPoints.pull(id, timeoutMs, Math.min(limit, MAX_MESSAGES));
      if (device.maker.pullKeepsAlive) device.pullPoints.keep(id, timeoutMs);
      return {
        body: pulled(events, id, device),
        header: action('http://www.onvif.org/ver10/events/wsdl/PullPointSubscription/PullMessagesResponse'),
      };
    } finally {
      signal.removeEventListener('abort', letGo);
    }
  },

  SetSynchronizationPoint: (call) => {
    call.device.pullPoints.synchronise(idOf(call));
    return {
      body: '<tev:SetSynchronizationPointResponse/>',
      header: action(
        'http://www.onvif.org/ver10/events/wsdl/PullPointSubscription/SetSynchronizationPointResponse',
      ),
    };
  },
};

/** What WS-BaseNotification adds, at the same address. */
export const subscriptionService: Readonly<Record<string, Action>> = {
  Renew: (call) => {
    const { device } = call;
    if (!device.maker.hasRenew) throw notSupported('Renew');
    const endsAtMs = device.pullPoints.renew(idOf(call), terminationMs(call, 'TerminationTime'));
    return {
      body:
        `<wsnt:RenewResponse><wsnt:TerminationTime>${stamp(device, wallAt(device, endsAtMs))}</wsnt:TerminationTime>` +
        `<wsnt:CurrentTime>${stamp(device, device.wallMs())}</wsnt:CurrentTime></wsnt:RenewResponse>`,
      header: action('http://docs.oasis-open.org/wsn/bw-2/SubscriptionManager/RenewResponse'),
    };
  },

  Unsubscribe: (call) => {
    call.device.pullPoints.end(idOf(call));
    return {
      body: captured('Unsubscribe'),
      header: action('http://docs.oasis-open.org/wsn/bw-2/SubscriptionManager/UnsubscribeResponse'),
    };
  },
};

/** The captured topics, and the maker's own. */
function properties({ maker }: SimDevice): XmlElement {
  const reply = captured('GetEventProperties');
  const set = need(reply, 'TopicSet');
  for (const { topic, source, item } of [maker.motion, maker.input]) {
    const names = topic.split('/');
    const inner =
      '<tt:MessageDescription IsProperty="true"><tt:Source>' +
      Object.keys(source)
        .map((name) => `<tt:SimpleItemDescription Name="${name}" Type="tt:ReferenceToken"/>`)
        .join('') +
      `</tt:Source><tt:Data><tt:SimpleItemDescription Name="${item}" Type="xsd:boolean"/></tt:Data></tt:MessageDescription>`;
    const whole = names.reduceRight(
      (inside, name, index) =>
        `<${name}${index === names.length - 1 ? ' wstop:topic="true"' : ''}>${inside}</${name}>`,
      inner,
    );
    set.children.push(piece(whole));
  }
  return reply;
}

function idOf({ subscriptionId }: SoapCall): number {
  if (subscriptionId !== undefined) return subscriptionId;
  throw new SoapFault('Sender', ['wsrf-rw:ResourceUnknownFault'], 'The request names no subscription.', 400);
}

function action(name: string): string {
  return `<wsa5:Action SOAP-ENV:mustUnderstand="true">${name}</wsa5:Action>`;
}

function referenceParameter(id: number): XmlElement {
  return piece(
    `<wsa5:ReferenceParameters><dom0:SubscriptionId xmlns:dom0="${REFERENCE_NAMESPACE}">${id}</dom0:SubscriptionId></wsa5:ReferenceParameters>`,
  );
}

/** A duration, or an instant by the device's clock. */
function terminationMs(call: SoapCall, name: string): number {
  const text = argument(call, name);
  if (text === undefined || text === '') return DEFAULT_TERMINATION_MS;
  const { takesMinutesForSeconds } = call.device.maker;
  const taken = takesMinutesForSeconds ? text.replace(/(\d)M$/, '$1S') : text;
  const ms = durationMs(taken) ?? Date.parse(taken) - call.device.wallMs();
  if (!(ms > 0)) {
    throw new SoapFault(
      'Sender',
      ['wsnt:UnacceptableInitialTerminationTimeFault'],
      'The termination time is not acceptable.',
    );
  }
  return ms;
}

function pulled(events: readonly SimEvent[], id: number, device: SimDevice): XmlElement {
  const reply = captured('PullMessages');
  const [first] = reply.children.flatMap((child) =>
    typeof child !== 'string' && child.name === 'wsnt:NotificationMessage' ? [child] : [],
  );
  if (first === undefined) throw new Error('the captured reply has no message');
  setTimes(reply, device, device.pullPoints.endOf(id));
  reply.children = [
    ...elements(reply).filter((one) => localName(one).endsWith('Time')),
    ...events.map((event) => notification(cloneOf(first), event, id, device)),
  ];
  return reply;
}

function notification(one: XmlElement, event: SimEvent, id: number, device: SimDevice): XmlElement {
  setText(need(one, 'Address'), device.subscriptionUrl(id));
  setText(need(one, 'Topic'), event.topic);
  const message = need(one, 'Message', 'Message');
  message.attributes.set('UtcTime', stamp(device, event.wallMs));
  if (event.operation !== undefined) message.attributes.set('PropertyOperation', event.operation);
  need(message, 'Source').children = items(event.source, message);
  need(message, 'Data').children = items(event.data, message);
  return one;
}

function items(values: Readonly<Record<string, string>>, { namespace }: XmlElement): XmlElement[] {
  return Object.entries(values).map(([name, value]) => ({
    name: 'tt:SimpleItem',
    attributes: new Map([
      ['Name', name],
      ['Value', value],
    ]),
    children: [],
    namespace,
  }));
}

function setTimes(reply: XmlElement, device: SimDevice, endsAtMs: number): void {
  if (!device.maker.tellsTermination) {
    removeAll(reply, 'TerminationTime');
    removeAll(reply, 'CurrentTime');
    return;
  }
  setText(need(reply, 'CurrentTime'), stamp(device, device.wallMs()));
  setText(need(reply, 'TerminationTime'), stamp(device, wallAt(device, endsAtMs)));
}

function wallAt({ clock, wallMs }: SimDevice, monotonicMs: number): number {
  return wallMs() + monotonicMs - clock.monotonicMs();
}

function stamp({ maker }: SimDevice, wallMs: number): string {
  const text = new Date(wallMs).toISOString();
  if (maker.stamp === 'milliseconds') return text;
  return text.replace(/\.\d+Z$/, maker.stamp === 'seconds' ? 'Z' : '+00:00');
}
