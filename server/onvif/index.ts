export { OnvifDevice, type OnvifDeviceOptions, type StreamAddress } from './device.ts';
export { asOnvifError, OnvifError, type OnvifErrorContext, type OnvifErrorKind } from './errors.ts';
export type { OnvifEvent } from './events/event-states.ts';
export { type EventsState, OnvifEvents, type OnvifEventsParts } from './events/events.ts';
export type { OnvifPtz } from './ptz/ptz.ts';
export type { Snapshot } from './snapshot.ts';
export { type OnvifTarget, onvifUrl, parseOnvifUrl } from './target.ts';
