import { useEffect, useRef, useState } from 'preact/hooks';
import type { KeptRecordings } from '../../../../shared/recording.ts';
import { failureText } from '../api/failure-text.ts';
import { FormTrouble } from '../cameras/camera-fields.tsx';
import { size } from '../i18n/formats.ts';
import { Button, Dialog, Progress, toast } from '../ui/index.ts';
import { eraseRecordings } from './api.ts';
import { type Erased, eraseAll } from './erase.ts';
import { nameOf, spanText } from './names.ts';
import { t } from './texts.ts';

/** Asks whether to delete all that is kept of a camera, says how much that is, and does. */
export function DeleteRecordings({
  kept,
  onClose,
  onDeleted,
}: {
  kept: KeptRecordings;
  onClose: () => void;
  onDeleted: () => void;
}) {
  // As it was when it was asked: what is recorded meanwhile stays.
  const [asked] = useState(kept);
  const [erased, setErased] = useState<Erased>();
  const [trouble, setTrouble] = useState<string>();
  const stop = useRef(new AbortController());
  const isDone = useRef(false);
  useEffect(() => () => stop.current.abort(), []);
  const what = nameOf(asked);
  const isBusy = erased !== undefined && trouble === undefined;
  const erase = async (): Promise<void> => {
    setTrouble(undefined);
    setErased({ bytes: 0, locked: 0 });
    const answer = await eraseAll(() => eraseRecordings(asked), stop.current.signal, setErased);
    onDeleted();
    if (!answer.ok) {
      setTrouble(failureText(answer.error));
      return;
    }
    isDone.current = answer.value.locked === 0 && !asked.exists;
    const { bytes, locked } = answer.value;
    toast(t(locked === 0 ? 'deleted' : 'deleted-but-locked', { what, size: size(bytes), locked }));
    // Who stopped it may have another dialog open by now.
    if (!stop.current.signal.aborted) onClose();
  };
  return (
    <Dialog title={t('delete-title', { what })} onClose={onClose} isOpenerGone={() => isDone.current}>
      <p>{t('delete-text', { span: spanText(asked.start, asked.end), size: size(asked.bytes) })}</p>
      <p>{t(asked.exists ? 'delete-goes-on' : 'delete-removed')}</p>
      {isBusy ? (
        <>
          <Progress value={erased.bytes / Math.max(1, asked.bytes)} label={t('deleting', { what })} />
          <p role="status">{t('deleted-so-far', { size: size(erased.bytes) })}</p>
        </>
      ) : undefined}
      <FormTrouble text={trouble} />
      <div class="form-actions">
        <Button kind="danger" disabled={isBusy} onClick={() => void erase()}>
          {t('delete-size', { size: size(asked.bytes) })}
        </Button>
        <Button autofocus onClick={onClose}>
          {t(isBusy ? 'delete-stop' : 'delete-keep')}
        </Button>
      </div>
    </Dialog>
  );
}
