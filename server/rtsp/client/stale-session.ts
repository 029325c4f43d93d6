import type { CameraSession } from './connection-options.ts';
import { asRtspError } from './errors.ts';
import type { RtspExchange } from './exchange.ts';

/**
 * Sets the tracks up. A camera with few places may still keep one for a session of ours whose connection broke; that
 * one is ended first where there is no room.
 */
export async function setUpWithRoom(
  setUp: () => Promise<void>,
  exchange: RtspExchange,
  stale: CameraSession | undefined,
): Promise<void> {
  try {
    await setUp();
  } catch (thrown) {
    const { status } = asRtspError(thrown).context;
    if (stale === undefined || (status !== 453 && status !== 503)) throw thrown;
    await exchange.request({ method: 'TEARDOWN', uri: stale.url, headers: [['Session', stale.id]] });
    await setUp();
  }
}
