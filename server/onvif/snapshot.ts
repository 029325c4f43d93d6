import type { Clock } from '../base/clock.ts';
import { OnvifError } from './errors.ts';
import type { DeviceEndpoint, PlaceOnDevice } from './soap/camera-address.ts';
import { deadline } from './soap/deadline.ts';
import type { DeviceAuth } from './soap/device-auth.ts';
import { exchangeHttp } from './soap/http-exchange.ts';
import { hostPort } from './target.ts';

/** A picture as the device made it. */
export interface Snapshot {
  /** A JPEG. */
  readonly bytes: Buffer;
  readonly contentType: 'image/jpeg';
}

const TIMEOUT_MS = 10_000;
/** A picture of 8K in good quality. */
const MAX_SNAPSHOT_BYTES = 16 * 1024 * 1024;
const MAX_TRIES = 3;

/** Gets a picture from a place on the device, logged in by HTTP as it asks for. Redirects are not followed. */
export async function fetchSnapshot(parts: {
  readonly endpoint: DeviceEndpoint;
  readonly place: PlaceOnDevice;
  /** Of pictures alone: their nonces are not those of SOAP. */
  readonly auth: DeviceAuth;
  readonly fingerprint: string | undefined;
  readonly clock: Clock;
  readonly signals: readonly (AbortSignal | undefined)[];
}): Promise<Snapshot> {
  const { endpoint, place, auth, fingerprint, clock } = parts;
  const { host, ip } = endpoint;
  const peer = hostPort(host, place.port);
  const context = { peer, action: 'snapshot' };
  const limit = deadline(
    clock,
    TIMEOUT_MS,
    `The camera at ${peer} sent no picture within ${TIMEOUT_MS / 1000} s.`,
    parts.signals,
  );
  try {
    const standing = auth.standingRefusal(false);
    if (standing !== undefined) throw standing;
    let plan = auth.plainPlan;
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const authorization = auth.authorization(plan, 'GET', place.path);
      const reply = await exchangeHttp({
        address: { ip, host, port: place.port, secure: place.secure, fingerprint },
        method: 'GET',
        path: place.path,
        headers: {
          Accept: 'image/jpeg',
          ...(authorization === undefined ? {} : { Authorization: authorization }),
        },
        maxBytes: MAX_SNAPSHOT_BYTES,
        signal: limit.signal,
        action: context.action,
      });
      const verdict = auth.judge(plan, { ...reply, isAuthFault: false });
      if (verdict.kind !== 'accepted') {
        if (verdict.kind !== 'retry' || verdict.plan.wsse) {
          const message = `The camera at ${peer} does not give single pictures to this user. Check the user in the camera's own settings.`;
          const failure = new OnvifError('auth-failed', message, { ...context, status: 401 });
          auth.refused(failure);
          throw failure;
        }
        plan = verdict.plan;
        continue;
      }
      auth.proven();
      if (reply.status !== 200 || !isJpeg(reply.body)) {
        const what =
          reply.status === 200 ? 'sent something that is no JPEG' : `answered with HTTP ${reply.status}`;
        throw new OnvifError('refused', `The camera at ${peer} ${what} when asked for a picture.`, {
          ...context,
          status: reply.status,
        });
      }
      return { bytes: reply.body, contentType: 'image/jpeg' };
    }
    throw new OnvifError('auth-failed', `The camera at ${peer} asks for one log-in after another.`, context);
  } finally {
    limit.clear();
  }
}

/** SOI, then a marker (ITU-T T.81 section B.1.1). */
function isJpeg(bytes: Buffer): boolean {
  return bytes.length > 4 && bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
}
