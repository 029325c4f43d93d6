import './cameras.css';

export { EditCamera } from './edit-camera.tsx';
export { RemoveCamera } from './remove-camera.tsx';
export { ReportDialog } from './report-dialog.tsx';
