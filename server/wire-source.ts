/** How cameras are dialled: a part of `main.ts`, which alone imports it. */

import { parentStreamId, type StreamId, streamId } from '../shared/names.ts';
import { resolveAnyAddress, resolveCameraAddress, resolveLocalRedirect } from './base/address-policy.ts';
import type { Clock } from './base/clock.ts';
import type { Settings } from './base/config/settings.ts';
import type { Logger } from './base/log.ts';
import type { LoginHistories } from './base/login-histories.ts';
import type { OnvifCameras } from './gateway/index.ts';
import { CameraLogins, DialPacer, type LowerTransport, startRtspSource } from './rtsp/index.ts';
import type { StartSource } from './stream/index.ts';

export function sourceStarter(parts: {
  clock: Clock;
  log: Logger;
  settings: Settings;
  workedTransports: Map<StreamId, LowerTransport>;
  logins: LoginHistories;
  mayBeLocal: (id: StreamId) => boolean;
  cameras: Pick<OnvifCameras, 'resolve' | 'askKeyFrame'>;
}): StartSource {
  const { clock, log, settings, workedTransports } = parts;
  const dialPacer = new DialPacer(clock);
  const logins = new CameraLogins(clock, parts.logins);
  return (definition, sink) => {
    // A camera's second stream is declared where its first one is.
    const declared = parentStreamId(streamId(definition.app, definition.name));
    const mayBeLocal = settings.sources.allowLoopback || parts.mayBeLocal(declared);
    return startRtspSource(definition, sink, {
      clock,
      log,
      udpPorts: settings.rtsp.udpPorts,
      workedTransports,
      dialPacer,
      logins,
      resolveAddress: mayBeLocal ? resolveAnyAddress : resolveCameraAddress,
      // The file speaks for its cameras, not for where they send us.
      resolveRedirect: settings.sources.allowLoopback ? resolveLocalRedirect : resolveCameraAddress,
      resolve: (asked, signal) => parts.cameras.resolve(asked, signal),
      askKeyFrame: (asked) => parts.cameras.askKeyFrame(asked),
    });
  };
}
