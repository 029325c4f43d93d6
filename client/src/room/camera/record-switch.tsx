import { useState } from 'preact/hooks';
import type { StreamStatus } from '../../../../shared/stream.ts';
import { isRecorded, mayRecord, toggleRecording, waitText } from '../cameras/index.ts';
import { gapWords } from '../recordings/gap-words.ts';
import { t } from './texts.ts';
import './record-switch.css';

/** Switches recording on and off, and says how it stands with it. */
export function RecordSwitch({ status }: { status: StreamStatus }) {
  const [isSending, setSending] = useState(false);
  const isOn = isRecorded(status);
  const may = mayRecord(status);
  const toggle = async (): Promise<void> => {
    setSending(true);
    await toggleRecording(status);
    setSending(false);
  };
  return (
    <button
      type="button"
      role="switch"
      class="switch"
      aria-checked={isOn}
      disabled={!may || isSending}
      title={may ? undefined : t('record-fixed')}
      onClick={() => void toggle()}
    >
      <span class="knob" aria-hidden="true" />
      <span>{switchText(status)}</span>
    </button>
  );
}

function switchText({ recorder: { state, reason } }: StreamStatus): string {
  if (state === 'recording') return t('record-on');
  if (state !== 'waiting') return t('record-off');
  if (reason === undefined) return t('record-waits-picture');
  return t('record-waits', { why: waitText(reason)?.title ?? gapWords(reason.code) });
}
