import type { WaitReason } from '../../../shared/errors.ts';
import type { Result } from '../../../shared/result.ts';
import type { StreamDefinition } from '../../../shared/stream.ts';
import { RtspError, type RtspErrorKind } from './errors.ts';

/** Why a source's address is not known; `message` is for people and holds no secret. */
export interface ResolveFailure {
  readonly reason: WaitReason;
  readonly message: string;
}

/**
 * Asks for the `rtsp://` URL of a source that is given by another one (`onvif://`): anew for each connection, for it may be
 * another after a restart of the camera. Never rejects.
 */
export type ResolveSource = (
  definition: StreamDefinition,
  signal: AbortSignal,
) => Promise<Result<{ readonly url: string }, ResolveFailure>>;

/** Whether a source has to be resolved before it can be dialled. */
export function needsResolving(url: string): boolean {
  return /^onvif:/i.test(url);
}

const KINDS: Partial<Record<WaitReason, RtspErrorKind>> = {
  CAMERA_UNREACHABLE: 'connect-failed',
  CAMERA_AUTH_FAILED: 'auth-failed',
  CAMERA_CERTIFICATE: 'certificate',
  CAMERA_REFUSED: 'refused',
  CAMERA_SILENT: 'request-timeout',
  ADDRESS_FORBIDDEN: 'address-forbidden',
  INTERNAL: 'local-failure',
  STOPPED: 'stopped',
};

/** The source of a definition with a URL that can be dialled. Throws RtspError. */
export async function resolvedSource(
  definition: StreamDefinition,
  resolve: ResolveSource | undefined,
  signal: AbortSignal,
): Promise<StreamDefinition['source']> {
  const { source } = definition;
  if (!needsResolving(source.url)) return source;
  if (resolve === undefined)
    throw new RtspError('not-onvif', 'This gateway does not speak ONVIF; use the rtsp:// URL.');
  const resolved = await resolve(definition, signal);
  if (resolved.ok) return { ...source, url: resolved.value.url };
  const { reason, message } = resolved.error;
  throw new RtspError(KINDS[reason] ?? 'not-onvif', message);
}
