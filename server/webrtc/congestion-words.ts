import { assertNever } from '../../shared/result.ts';
import type { EventData } from '../../shared/signaling.ts';
import type { CongestionNotice } from './congestion-guard.ts';

type CongestedData = EventData<'watch.congested'>;

/** A guard's notice as the viewer is told it. */
export function congestedEvent(watchId: string, notice: CongestionNotice): CongestedData {
  const { level, retryInMs } = notice;
  const reason = reasonOf(notice);
  return {
    watchId,
    action: level === 'full' ? 'resumed' : level,
    ...(reason === undefined ? {} : { reason }),
    ...(retryInMs === undefined ? {} : { retryInMs: Math.round(retryInMs) }),
  };
}

function reasonOf({ level, cause, lostShare }: CongestionNotice): CongestedData['reason'] {
  if (level === 'full') return undefined;
  const consequence =
    level === 'sub'
      ? "the camera's smaller picture is shown; the full one is tried again by itself."
      : 'the picture is paused; it is tried again by itself.';
  switch (cause) {
    case 'loss': {
      const share = lostShare === undefined ? 'too much' : `${Math.round(lostShare * 100)} %`;
      return {
        code: 'VIEWER_LOSES_DATA',
        message: `This connection loses ${share} of what is sent: ${consequence}`,
      };
    }
    case 'delay':
      return {
        code: 'VIEWER_FALLS_BEHIND',
        message: `This connection is too slow for the picture: ${consequence}`,
      };
    case 'silence':
      return {
        code: 'VIEWER_SILENT',
        message: 'This player has not been heard of for a while: the picture goes on when it is.',
      };
    case undefined:
      return { code: 'VIEWER_RECOVERS', message: `This connection was too slow: ${consequence}` };
    default:
      return assertNever(cause);
  }
}
