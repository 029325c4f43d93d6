import type { ServiceName } from '../soap/asking.ts';
import { type DeviceEndpoint, type PlaceOnDevice, placeOnDevice } from '../soap/camera-address.ts';
import { at, childrenOf, textAt } from '../xml/find.ts';
import type { XmlElement } from '../xml/parse.ts';

/** Which service a namespace of GetServices is (ONVIF Core section 8.1.2.1). The imaging service and others have no place in `device` of ver10. */
const BY_NAMESPACE: ReadonlyMap<string, ServiceName> = new Map([
  ['http://www.onvif.org/ver10/device/wsdl', 'device'],
  ['http://www.onvif.org/ver10/media/wsdl', 'media'],
  ['http://www.onvif.org/ver20/media/wsdl', 'media2'],
  ['http://www.onvif.org/ver20/ptz/wsdl', 'ptz'],
  ['http://www.onvif.org/ver10/events/wsdl', 'events'],
  ['http://www.onvif.org/ver20/imaging/wsdl', 'imaging'],
]);

/** The same in GetCapabilities, which came before GetServices and knows no Media2. */
const BY_CAPABILITY: ReadonlyMap<string, ServiceName> = new Map([
  ['Device', 'device'],
  ['Media', 'media'],
  ['PTZ', 'ptz'],
  ['Events', 'events'],
  ['Imaging', 'imaging'],
]);

/** Where the services of a GetServicesResponse are on the device. */
export function readServices(reply: XmlElement, endpoint: DeviceEndpoint): Map<ServiceName, PlaceOnDevice> {
  const places = new Map<ServiceName, PlaceOnDevice>();
  for (const service of childrenOf(reply, 'Service')) {
    const name = BY_NAMESPACE.get((textAt(service, 'Namespace') ?? '').replace(/\/$/, ''));
    const place = placeOf(textAt(service, 'XAddr'), endpoint);
    if (name !== undefined && place !== undefined && !places.has(name)) places.set(name, place);
  }
  return places;
}

/** The same of a GetCapabilitiesResponse. */
export function readCapabilities(
  reply: XmlElement,
  endpoint: DeviceEndpoint,
): Map<ServiceName, PlaceOnDevice> {
  const places = new Map<ServiceName, PlaceOnDevice>();
  for (const capability of at(reply, 'Capabilities')?.children ?? []) {
    const name = BY_CAPABILITY.get(capability.name);
    const place = placeOf(textAt(capability, 'XAddr'), endpoint);
    if (name !== undefined && place !== undefined) places.set(name, place);
  }
  return places;
}

function placeOf(address: string | undefined, endpoint: DeviceEndpoint): PlaceOnDevice | undefined {
  return address === undefined ? undefined : placeOnDevice(address, endpoint);
}
