import { signal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { idOf, streams } from '../store/streams.ts';
import { Button, Dialog, Notice, toast } from '../ui/index.ts';
import { t } from './texts.ts';

/** A dialog about one camera; `stream` is its `app/name`. */
interface CameraDialog {
  readonly kind: 'edit' | 'remove' | 'report';
  readonly stream: string;
  /** After it was changed or removed, where that is where one stands. */
  readonly onDone?: () => void;
}

const open = signal<CameraDialog | undefined>(undefined);

/** Whether one of them is open. */
export const isDialogOpen = (): boolean => open.value !== undefined;

export function openDialog(dialog: CameraDialog): void {
  open.value = dialog;
}

function closeDialog(): void {
  open.value = undefined;
}

type Contents = typeof import('./dialog-contents.ts');

/** The place where {@link openDialog} opens them; once on a page. The forms come when they are first needed. */
export function CameraDialogs() {
  const dialog = open.value;
  const [contents, setContents] = useState<Contents>();
  const isOpen = dialog !== undefined;
  useEffect(() => {
    if (isOpen) import('./dialog-contents.ts').then((loaded) => setContents(() => loaded), tellMissing);
  }, [isOpen]);
  useEffect(() => closeDialog, []);
  if (dialog === undefined || contents === undefined) return null;
  const status = (streams.value ?? []).find((one) => idOf(one) === dialog.stream);
  if (status === undefined) return <Gone />;
  const { EditCamera, RemoveCamera, ReportDialog } = contents;
  const done = () => dialog.onDone?.();
  switch (dialog.kind) {
    case 'edit':
      return <EditCamera key={dialog.stream} status={status} onClose={closeDialog} onChanged={done} />;
    case 'remove':
      return <RemoveCamera key={dialog.stream} status={status} onClose={closeDialog} onRemoved={done} />;
    case 'report':
      return <ReportDialog key={dialog.stream} status={status} onClose={closeDialog} />;
  }
}

/** The gateway is away, or was updated since the page came from it. */
function tellMissing(): void {
  closeDialog();
  toast(t('part-missing'));
}

function Gone() {
  return (
    <Dialog title={t('gone-title')} onClose={closeDialog}>
      <Notice kind="trouble">{t('gone-text')}</Notice>
      <div class="form-actions">
        <Button kind="primary" onClick={closeDialog}>
          {t('close')}
        </Button>
      </div>
    </Dialog>
  );
}
