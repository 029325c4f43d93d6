import './cameras.css';

// What the dialogs are made of is loaded when one is opened (`dialog-contents.ts`), so it is not to be had from here.
export { isRecorded, mayRecord, restartCamera, toggleRecording } from './actions.ts';
export { CameraDialogs, isDialogOpen, openDialog } from './dialogs.tsx';
export { isMendedByChange, waitText } from './wait-text.ts';
