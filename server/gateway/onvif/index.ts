export { OnvifCameras } from './onvif-cameras.ts';
export { OnvifDesk } from './onvif-desk.ts';
export type { CameraAccess, OnvifCamera, OnvifNews, OpenedCamera, RunningScan } from './ports.ts';
export { PtzDesk } from './ptz-desk.ts';
export { ScanDesk } from './scan-desk.ts';
