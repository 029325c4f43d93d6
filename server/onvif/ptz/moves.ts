import { OnvifError } from '../errors.ts';
import type { SafeCam } from '../soap/safe-cam.ts';
import { escapeXml } from '../xml/write.ts';
import type { RelativePanTilt } from './centre.ts';
import { type Motors, PTZ_TIMEOUT_MS } from './motors.ts';
import type { ZoomSpace } from './spaces.ts';

/** Has motors go on at a speed. A camera that refuses it is asked in simpler ways, and by the one that it takes from then on. */
export async function moveOn(
  cam: SafeCam,
  motors: Motors,
  panTilt: { readonly x: number; readonly y: number } | undefined,
  zoomed: { readonly zoom: number } | undefined,
  signal?: AbortSignal,
): Promise<void> {
  const send = async (parts: { readonly x?: number; readonly y?: number; readonly zoom?: number }) => {
    const { timeoutMs } = motors;
    const parameters = {
      profileToken: motors.profileToken,
      ...parts,
      ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }),
      // The package else makes zeros of what is left out, which cameras refuse that have no such motor.
      onlySendPanTilt: parts.zoom === undefined,
      onlySendZoom: parts.x === undefined,
    };
    await cam.ask('continuousMove', parameters, { signal, timeoutMs: PTZ_TIMEOUT_MS });
  };
  const both = async () => {
    if (!motors.isZoomApart || panTilt === undefined || zoomed === undefined) {
      await send({ ...panTilt, ...zoomed });
      return;
    }
    await send(panTilt);
    await send(zoomed);
  };
  try {
    await both();
  } catch (failure) {
    // Either the timeout or both at once is too much for it. What works is kept.
    if (!isRefusal(failure)) throw failure;
    const before = { timeoutMs: motors.timeoutMs, isZoomApart: motors.isZoomApart };
    for (const simpler of [
      { timeoutMs: undefined },
      { timeoutMs: before.timeoutMs, isZoomApart: true },
      { timeoutMs: undefined, isZoomApart: true },
    ]) {
      Object.assign(motors, before, simpler);
      if (motors.timeoutMs === before.timeoutMs && motors.isZoomApart === before.isZoomApart) continue;
      try {
        await both();
        return;
      } catch (again) {
        if (!isRefusal(again)) throw again;
      }
    }
    Object.assign(motors, before);
    throw failure;
  }
}

/** Moves by a step. Ours, as the package always sends a zoom along, which cameras without one refuse. */
export async function moveBy(
  cam: SafeCam,
  { profileToken }: Motors,
  panTilt: RelativePanTilt | undefined,
  zoom: { readonly space: ZoomSpace; readonly x: number } | undefined,
  signal?: AbortSignal,
): Promise<void> {
  if (panTilt === undefined && zoom === undefined) return;
  const schema = 'xmlns="http://www.onvif.org/ver10/schema"';
  const vectors =
    (panTilt === undefined
      ? ''
      : `<PanTilt ${schema} x="${panTilt.x}" y="${panTilt.y}"${spaceOf(panTilt.space.uri)}/>`) +
    (zoom === undefined ? '' : `<Zoom ${schema} x="${zoom.x}"${spaceOf(zoom.space.uri)}/>`);
  await cam.post({
    service: 'ptz',
    body: `<RelativeMove xmlns="http://www.onvif.org/ver20/ptz/wsdl"><ProfileToken>${escapeXml(profileToken)}</ProfileToken><Translation>${vectors}</Translation></RelativeMove>`,
    signal,
    timeoutMs: PTZ_TIMEOUT_MS,
  });
}

export function isRefusal(failure: unknown): boolean {
  return failure instanceof OnvifError && (failure.kind === 'refused' || failure.kind === 'unsupported');
}

function spaceOf(uri: string): string {
  return uri === '' ? '' : ` space="${escapeXml(uri)}"`;
}
