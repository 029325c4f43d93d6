import { useRef, useState } from 'preact/hooks';
import type { StreamStatus } from '../../../../shared/stream.ts';
import { removeStream } from '../api/call.ts';
import { failureText } from '../api/failure-text.ts';
import { askSoon } from '../store/streams.ts';
import { titleOf } from '../store/titles.ts';
import { Button, Dialog, toast } from '../ui/index.ts';
import { t } from './texts.ts';

/** Asks whether to remove a camera, and does. */
export function RemoveCamera({
  status,
  onClose,
  onRemoved,
}: {
  status: StreamStatus;
  onClose: () => void;
  onRemoved?: () => void;
}) {
  const [trouble, setTrouble] = useState('');
  const [isBusy, setBusy] = useState(false);
  const isRemoved = useRef(false);
  const camera = titleOf(status);
  const remove = async (): Promise<void> => {
    setTrouble('');
    setBusy(true);
    const answer = await removeStream(status.app, status.name);
    setBusy(false);
    // Somebody was quicker.
    if (!answer.ok && answer.error.code !== 'STREAM_NOT_FOUND') {
      setTrouble(failureText(answer.error));
      return;
    }
    isRemoved.current = true;
    toast(t('removed', { camera }));
    askSoon();
    onRemoved?.();
    onClose();
  };
  return (
    <Dialog title={t('remove-title', { camera })} onClose={onClose} isOpenerGone={() => isRemoved.current}>
      <p>{t('remove-text')}</p>
      <p class="form-error" role="alert" hidden={trouble === ''}>
        {trouble}
      </p>
      <div class="form-actions">
        <Button kind="danger" disabled={isBusy} onClick={() => void remove()}>
          {t('remove')}
        </Button>
        <Button autofocus onClick={onClose}>
          {t('keep')}
        </Button>
      </div>
    </Dialog>
  );
}
