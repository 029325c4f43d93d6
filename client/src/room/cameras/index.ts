import './cameras.css';

export { isRecorded, mayRecord, restartCamera, toggleRecording } from './actions.ts';
export { type CameraDialog, CameraDialogs, closeDialog, isDialogOpen, openDialog } from './dialogs.tsx';
export { EditCamera } from './edit-camera.tsx';
export { RemoveCamera } from './remove-camera.tsx';
export {
  draftOf,
  EMPTY_SOURCE,
  type FieldIssues,
  fieldIssues,
  type SourceDraft,
  SourceFields,
  type SourceWish,
  sourceWish,
} from './source-fields.tsx';
export { isMendedByChange, type WaitText, waitText } from './wait-text.ts';
