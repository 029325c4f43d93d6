/** How ONVIF meets the rest: a part of `main.ts`, which alone imports it. */

import type { StreamId } from '../shared/names.ts';
import { resolveAnyAddress, resolveCameraAddress } from './base/address-policy.ts';
import type { Clock } from './base/clock.ts';
import type { Settings } from './base/config/settings.ts';
import type { Logger } from './base/log.ts';
import type { LoginHistories } from './base/login-histories.ts';
import {
  type CameraAccess,
  OnvifCameras,
  OnvifDesk,
  type OpenedCamera,
  PtzDesk,
  ScanDesk,
} from './gateway/index.ts';
import type { OnvifPort, ScansPort } from './http/index.ts';
import { OnvifDevice, OnvifEvents, OnvifScan } from './onvif/index.ts';
import type { Recording } from './recording/index.ts';
import type { CameraDesk } from './signaling/index.ts';
import type { Hub } from './stream/index.ts';

/** What the parts of the gateway get of ONVIF. */
export interface WiredOnvif {
  /** For the sources and the hub: where an `onvif://` source is to be dialled, and what else its camera has. */
  readonly cameras: OnvifCameras;
  readonly ptz: PtzDesk;
  /** Once recording and all streams are there: cameras are listened to from here on. */
  follow(parts: { readonly hub: Hub; readonly events: Recording['events'] }): {
    readonly port: OnvifPort;
    readonly scans: ScansPort;
    readonly desk: CameraDesk;
    close(): Promise<void>;
  };
}

export function wireOnvif(parts: {
  readonly clock: Clock;
  readonly log: Logger;
  readonly settings: Settings;
  readonly logins: LoginHistories;
  /** Streams whose cameras may be on this machine whatever the settings say. */
  readonly isFixed: (stream: StreamId) => boolean;
}): WiredOnvif {
  const { clock, log, settings, logins, isFixed } = parts;
  let events: Recording['events'] | undefined;
  const listening = new OnvifEvents({ clock, log });
  const open = ({ mayBeLocal, ...access }: CameraAccess): OpenedCamera => {
    const resolveAddress = mayBeLocal ? resolveAnyAddress : resolveCameraAddress;
    const device = new OnvifDevice({ clock, log, logins, resolveAddress, ...access });
    return {
      camera: device,
      listen: ({ signal, ...told }) => listening.listen({ device, ...told }, signal),
    };
  };
  const cameras = new OnvifCameras({
    clock,
    log,
    open,
    mayBeLocal: (stream) => settings.sources.allowLoopback || isFixed(stream),
    events: {
      report: (stream, news) => events?.report(stream, news),
      endAll: (stream) => events?.endAll(stream, 'onvif'),
    },
  });
  const ptz = new PtzDesk({ clock, log, camera: (stream) => cameras.steering(stream) });
  return {
    cameras,
    ptz,
    follow: ({ hub, events: kept }) => {
      events = kept;
      cameras.follow(hub);
      const scans = new ScanDesk({
        clock,
        log,
        hub,
        open: (request) =>
          new OnvifScan({
            ...{ request, clock, log, allowLoopback: settings.sources.allowLoopback },
            interfaces: settings.onvif.interfaces,
          }),
      });
      return {
        scans,
        port: new OnvifDesk({ cameras, ptz, open, mayBeLocal: settings.sources.allowLoopback }),
        desk: {
          ptz: (operator, stream, command) => ptz.do(operator, stream, command),
          releasePtz: (operator) => ptz.release(operator),
          activeEvents: (streams) => kept.active(streams),
          onEvent: (listener) => kept.onChange(listener),
        },
        close: async () => {
          scans.close();
          await ptz.close();
          await cameras.close();
        },
      };
    },
  };
}
