import type { StreamId } from '../../../shared/names.ts';
import { timelineSchema } from '../../../shared/recording.ts';
import { streamStatusSchema } from '../../../shared/stream.ts';
import type { Reason, Target } from '../live/index.ts';

const TIMEOUT_MS = 5_000;
/** The gateway answers for at most 31 days at once. */
const MAX_LOOK_BACK_MS = 30 * 86_400_000;

/** Why no picture comes, as the gateway sees it; undefined where the camera is live, or nobody answers. */
export async function cameraTrouble(target: Target, stream: StreamId): Promise<Reason | undefined> {
  const parsed = streamStatusSchema.safeParse(await ask(target, `/api/v1/streams/${stream}`));
  if (!parsed.success || parsed.data.state === 'live') return undefined;
  const { reason } = parsed.data;
  if (reason !== undefined) return { code: reason.code, message: reason.message };
  return { code: 'CAMERA_CONNECTING', message: 'Connecting to the camera.' };
}

/** When the next recorded picture from a time on was; undefined where there is none, or nobody answers. */
export async function nextRecordedMs(
  target: Target,
  stream: StreamId,
  fromMs: number,
  toMs: number,
): Promise<number | undefined> {
  const query = `from=${Math.round(Math.max(fromMs, toMs - MAX_LOOK_BACK_MS))}&to=${Math.round(toMs)}`;
  const answer = await ask(target, `/api/v1/streams/${stream}/timeline?${query}`);
  const parsed = timelineSchema.pick({ ranges: true }).safeParse(answer);
  if (!parsed.success) return undefined;
  const starts = parsed.data.ranges.filter(({ end }) => end > fromMs).map(({ start }) => start);
  return starts.length === 0 ? undefined : Math.max(fromMs, Math.min(...starts));
}

async function ask({ server, token }: Target, path: string): Promise<unknown> {
  try {
    const response = await fetch(server + path, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return await response.json();
  } catch {
    return undefined;
  }
}
