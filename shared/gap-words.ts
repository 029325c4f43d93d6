import type { GapReason } from './recording.ts';

/** Why nothing was recorded, as the end of a sentence such as "Nothing was recorded then: ...". */
export const GAP_WORDS: Readonly<Record<GapReason, string>> = {
  CAMERA_UNREACHABLE: 'the camera could not be reached',
  CAMERA_AUTH_FAILED: 'the camera refused user name or password',
  CAMERA_CERTIFICATE: "the camera's certificate was not trusted",
  CAMERA_NOT_RTSP: 'what answered was no RTSP camera',
  CAMERA_REFUSED: 'the camera refused to play',
  CAMERA_NO_H264: 'the camera sent neither H.264 nor H.265',
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
  CLOCK_STEPPED: "the gateway's clock was set forward",
  EXPIRED: 'it was recorded, and has been deleted since to make room',
  FILE_LOST: 'it was recorded, but the files have disappeared',
};
