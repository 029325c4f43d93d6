import type { StreamId } from '../../shared/names.ts';
import type {
  DeviceAccess,
  DeviceFacts,
  Preset,
  PtzCommand,
  PtzStatus,
  Scan,
  ScanRequest,
} from '../../shared/onvif.ts';

/** Searches for devices. Failures are `ApiError`. */
export interface ScansPort {
  /** BAD_REQUEST, FORBIDDEN, TOO_MANY_SCANS. */
  start(request: ScanRequest): Scan;
  /** Newest first. */
  list(): readonly Scan[];
  /** SCAN_NOT_FOUND. */
  get(id: string): Scan;
  /** SCAN_NOT_FOUND. */
  remove(id: string): void;
}

/**
 * ONVIF cameras. All reject with DEVICE_UNREACHABLE, DEVICE_AUTH_FAILED or DEVICE_REFUSED where the camera is to blame, and those
 * that name a stream with STREAM_NOT_FOUND and ONVIF_UNSUPPORTED.
 */
export interface OnvifPort {
  /** BAD_REQUEST, FORBIDDEN, TOO_MANY_PROBES. */
  inspect(access: DeviceAccess): Promise<DeviceFacts>;
  facts(stream: StreamId): Promise<DeviceFacts>;
  ptzStatus(stream: StreamId): Promise<PtzStatus>;
  /** PTZ_BUSY. `operator`: who asks. */
  ptz(operator: string, stream: StreamId, command: PtzCommand): Promise<void>;
  addPreset(stream: StreamId, name: string): Promise<Preset>;
  removePreset(stream: StreamId, token: string): Promise<void>;
  /** A JPEG. */
  snapshot(stream: StreamId): Promise<{ readonly bytes: Buffer }>;
}
