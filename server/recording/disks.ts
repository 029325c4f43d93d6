import { ApiError } from '../../shared/errors.ts';
import { type Clock, withTimeout } from '../base/clock.ts';
import type { RecordingArchive, RootInfo } from './store/recording-archive.ts';

/** A disk that does not answer within this time is told of without its figures. */
const ASK_TIMEOUT_MS = 1_500;

/** A folder of recordings and the disk it is on, as people see it. */
export interface RecordingDisk {
  /** The folder that holds `recordings`. */
  readonly path: string;
  readonly state: 'ready' | 'full' | 'opening' | 'missing' | 'failing';
  readonly reason?: string;
  readonly totalBytes?: number;
  readonly freeBytes?: number;
  readonly recordedBytes: number;
  /** The least of its streams. */
  readonly daysLeft?: number;
  /** Streams of which something is kept. */
  readonly streams: number;
}

export function recordingDisks(
  clock: Clock,
  archive: Pick<RecordingArchive, 'roots' | 'keptIn' | 'queryRoot'>,
): Promise<RecordingDisk[]> {
  return Promise.all(archive.roots().map((root) => diskOf(clock, archive, root)));
}

async function diskOf(
  clock: Clock,
  archive: Pick<RecordingArchive, 'keptIn' | 'queryRoot'>,
  { dir, state }: RootInfo,
): Promise<RecordingDisk> {
  const kept = archive.keptIn(dir).filter(({ segments }) => segments > 0);
  const days = kept.flatMap(({ daysLeft }) => (daysLeft === undefined ? [] : [daysLeft]));
  const told = {
    path: dir,
    ...stateOf(state),
    recordedBytes: kept.reduce((sum, { bytes }) => sum + bytes, 0),
    ...(days.length === 0 ? {} : { daysLeft: Math.min(...days) }),
    streams: kept.length,
  };
  // A thread that waits for its disk answers nobody.
  if (state.kind !== 'ready' && told.state !== 'full') return told;
  try {
    const silent = () => new ApiError('STORAGE_UNAVAILABLE', 'The disk does not answer.');
    const room = await withTimeout(clock, ASK_TIMEOUT_MS, archive.queryRoot(dir, 'diskRoom', {}), silent);
    return { ...told, ...room };
  } catch {
    return told;
  }
}

function stateOf(state: RootInfo['state']): Pick<RecordingDisk, 'state' | 'reason'> {
  switch (state.kind) {
    case 'ready':
      return { state: 'ready' };
    case 'failing':
      return { state: state.reason === 'DISK_FULL' ? 'full' : 'failing', reason: state.message };
    case 'missing':
      return { state: 'missing', reason: state.message };
    default:
      return { state: 'opening' };
  }
}
