import { ApiError } from '../../../shared/errors.ts';
import type { StreamId } from '../../../shared/names.ts';
import type { GapReason, RecordingTimeline } from '../../../shared/recording.ts';
import { isoTime } from '../../../shared/time.ts';

const MAX_REASONS = 5;

/** Why nothing was recorded, to go on after "Nothing of live/door was recorded from ... to ...: ". */
const WORDS: Readonly<Record<GapReason, string>> = {
  CAMERA_UNREACHABLE: 'the camera could not be reached',
  CAMERA_AUTH_FAILED: 'the camera refused user name or password',
  CAMERA_NOT_RTSP: 'what answered was no RTSP camera',
  CAMERA_REFUSED: 'the camera refused to play',
  CAMERA_NO_H264: 'the camera sent no H.264',
  CAMERA_BAD_DATA: 'the camera sent what could not be read',
  CAMERA_SILENT: 'the camera sent nothing',
  CAMERA_CLOSED: 'the camera closed the connection',
  ADDRESS_FORBIDDEN: "the camera's address was not allowed",
  NO_PUBLISHER: 'nobody published',
  STOPPED: 'the stream was stopped',
  NO_KEY_FRAME: 'the camera sent no key frame',
  RECORDER_RESTARTED: 'the recorder was restarting',
  SERVER_STOPPED: 'the gateway did not run',
  DISK_FULL: 'the disk was full',
  DISK_MISSING: 'the disk was missing',
  DISK_SLOW: 'the disk was too slow',
  DISK_ERROR: 'the disk failed',
  RECORDING_OFF: 'recording was switched off',
  CLOCK_STEPPED: "this machine's clock was set forward",
  EXPIRED: 'it was recorded, and has been deleted since to make room',
  FILE_LOST: 'it was recorded, but the files have disappeared',
};

/** A 404 for a time of which nothing is kept, with the reasons that the ledger has. */
export function notRecorded(
  stream: StreamId,
  range: { startMs: number; endMs: number },
  gaps: RecordingTimeline['gaps'],
): ApiError {
  const reasons = [...new Set(gaps.map(({ reason }) => reason))];
  const words = reasons.slice(0, MAX_REASONS).map((reason) => WORDS[reason]);
  const why = words.length === 0 ? '' : `: ${words.join('; ')}`;
  return new ApiError(
    'NOT_RECORDED',
    `Nothing of ${stream} is recorded from ${isoTime(range.startMs)} to ${isoTime(range.endMs)}${why}.`,
    { reasons },
  );
}
