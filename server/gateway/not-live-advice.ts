import type { Advice, CameraReport } from '../../shared/report.ts';

/** Why there is no picture now; the reason says what to do about it. */
export function notLiveAdvice({ state, reason, camera }: Omit<CameraReport, 'advice'>): Advice | undefined {
  if (state === 'waiting' && reason !== undefined) {
    const before =
      camera === undefined || camera.connections === 0 ? '' : ' What stands here is from before.';
    return { code: reason.code, severity: 'problem', message: `${reason.message}${before}` };
  }
  if (state === 'idle' && camera === undefined) {
    return {
      code: 'NOT_STARTED',
      severity: 'note',
      message: 'The stream is on demand and was not watched yet, so nothing is known of its camera.',
    };
  }
  return undefined;
}
