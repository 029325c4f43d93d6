import type { DeviceFacts } from '../../../shared/onvif.ts';
import { shown, textAt } from '../xml/find.ts';
import type { XmlElement } from '../xml/parse.ts';

export type DeviceInformation = Pick<
  DeviceFacts,
  'manufacturer' | 'model' | 'firmware' | 'serial' | 'hardware'
>;

/** Of a GetDeviceInformationResponse. All are texts, whatever they look like: firmware 1.10 is not 1.1. */
export function readDeviceInformation(reply: XmlElement): DeviceInformation {
  const fields = {
    manufacturer: shown(textAt(reply, 'Manufacturer')),
    model: shown(textAt(reply, 'Model')),
    firmware: shown(textAt(reply, 'FirmwareVersion')),
    serial: shown(textAt(reply, 'SerialNumber')),
    hardware: shown(textAt(reply, 'HardwareId')),
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
