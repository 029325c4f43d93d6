import type { Action, SimDevice } from './device.ts';
import { NAMESPACES, type ServiceName } from './maker.ts';
import { captured, notSupported } from './replies.ts';
import { cloneOf, elements, localName, need, removeAll, setText, type XmlElement } from './xml.ts';

/** Of the device service (ONVIF Core, section 8). */
export const deviceService: Readonly<Record<string, Action>> = {
  GetSystemDateAndTime({ device }) {
    const reply = captured('GetSystemDateAndTime');
    const now = new Date(device.wallMs() + device.maker.toldClockOffsetMs);
    const utc = need(reply, 'UTCDateTime');
    const parts = {
      Hour: now.getUTCHours(),
      Minute: now.getUTCMinutes(),
      Second: now.getUTCSeconds(),
      Year: now.getUTCFullYear(),
      Month: now.getUTCMonth() + 1,
      Day: now.getUTCDate(),
    };
    for (const [name, value] of Object.entries(parts)) setText(need(utc, name), value);
    setText(need(reply, 'DaylightSavings'), false);
    setText(need(reply, 'TZ'), 'UTC0');
    if (device.maker.hidesUtc) utc.name = 'tt:LocalDateTime';
    return { body: reply };
  },

  GetDeviceInformation({ device: { maker } }) {
    const reply = captured('GetDeviceInformation');
    setText(need(reply, 'Manufacturer'), maker.manufacturer);
    setText(need(reply, 'Model'), maker.model);
    setText(need(reply, 'FirmwareVersion'), maker.firmware);
    setText(need(reply, 'SerialNumber'), maker.serial);
    setText(need(reply, 'HardwareId'), maker.hardware);
    return { body: reply };
  },

  GetCapabilities({ device }) {
    const reply = captured('GetCapabilities');
    const inside = need(reply, 'Capabilities');
    for (const [part, service] of CAPABILITIES) {
      if (!servicesOf(device).includes(service)) removeAll(inside, part);
      else setText(need(inside, part, 'XAddr'), device.serviceUrl(service));
    }
    removeAll(inside, 'Extension');
    return { body: reply };
  },

  GetServices({ device }) {
    if (!device.maker.hasGetServices) throw notSupported('GetServices');
    const reply = captured('GetServices');
    const [first] = elements(reply);
    if (first === undefined) throw new Error('the captured reply is empty');
    const service = (namespace: string, url: string): XmlElement => {
      const one = cloneOf(first);
      setText(need(one, 'Namespace'), namespace);
      setText(need(one, 'XAddr'), url);
      return one;
    };
    reply.children = [
      ...servicesOf(device).map((name) => service(NAMESPACES[name], device.serviceUrl(name))),
      ...device.maker.ownServices.map((namespace) => service(namespace, device.serviceUrl('device'))),
    ];
    return { body: reply };
  },

  GetServiceCapabilities: () => ({ body: captured('GetServiceCapabilities') }),

  GetScopes({ device }) {
    const reply = captured('GetScopes');
    const [first] = elements(reply);
    if (first === undefined) throw new Error('the captured reply is empty');
    reply.children = scopesOf(device).map((scope) => {
      const one = cloneOf(first);
      setText(need(one, 'ScopeItem'), scope);
      return one;
    });
    return { body: reply };
  },

  GetHostname({ device }) {
    const reply = captured('GetHostname');
    setText(need(reply, 'Name'), device.name);
    return { body: reply };
  },

  GetNetworkInterfaces: () => ({ body: captured('device.GetNetworkInterfaces') }),

  SystemReboot({ device }) {
    device.rebootSoon();
    return { body: captured('SystemReboot') };
  },
};

const CAPABILITIES: readonly (readonly [string, ServiceName])[] = [
  ['Device', 'device'],
  ['Events', 'events'],
  ['Imaging', 'imaging'],
  ['Media', 'media'],
  ['PTZ', 'ptz'],
];

/** Those it has. A device without a head tells of no PTZ. */
export function servicesOf({ maker, head }: SimDevice): ServiceName[] {
  const all = Object.keys(maker.paths) as ServiceName[];
  return all.filter((service) => service !== 'ptz' || head !== undefined || maker.claimsPtz);
}

/** What it says of itself without a log-in (ONVIF Core, section 7.3.3.2). */
export function scopesOf({ maker, name, location }: SimDevice): string[] {
  return [
    ...maker.scopes,
    `hardware/${encodeURIComponent(maker.hardware)}`,
    `name/${encodeURIComponent(name)}`,
    `location/${encodeURIComponent(location)}`,
  ].map((scope) => `onvif://www.onvif.org/${scope}`);
}

/** Whether a call needs no log-in (ONVIF Core, section 5.9.5, access class PRE_AUTH). */
export function isOpenToAll(request: XmlElement): boolean {
  return (
    request.namespace === NAMESPACES.device &&
    [
      'GetSystemDateAndTime',
      'GetServices',
      'GetServiceCapabilities',
      'GetCapabilities',
      'GetHostname',
    ].includes(localName(request))
  );
}
