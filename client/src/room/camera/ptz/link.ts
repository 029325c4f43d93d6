import { z } from 'zod';
import {
  type Preset,
  type PtzCommand,
  type PtzStatus,
  presetSchema,
  ptzStatusSchema,
} from '../../../../../shared/onvif.ts';
import type { Result } from '../../../../../shared/result.ts';
import { call, type Failure } from '../../api/call.ts';
import type { StreamKey } from '../../recordings/api.ts';

function onvifPath({ app, name }: StreamKey): string {
  return `api/v1/onvif/${encodeURIComponent(app)}/${encodeURIComponent(name)}`;
}

/** What the camera can, and where it looks. Refused where it is no ONVIF camera or has no motors. */
export function readPtz(stream: StreamKey): Promise<Result<PtzStatus, Failure>> {
  return call('GET', `${onvifPath(stream)}/ptz`, ptzStatusSchema);
}

export function sendPtz(stream: StreamKey, command: PtzCommand): Promise<Result<unknown, Failure>> {
  return call('POST', `${onvifPath(stream)}/ptz`, z.unknown(), command);
}

/** Keeps where the camera looks now under a name. */
export function addPreset(stream: StreamKey, name: string): Promise<Result<Preset, Failure>> {
  return call('POST', `${onvifPath(stream)}/presets`, presetSchema, { name });
}

export function removePreset(stream: StreamKey, token: string): Promise<Result<unknown, Failure>> {
  return call('DELETE', `${onvifPath(stream)}/presets/${encodeURIComponent(token)}`, z.unknown());
}
