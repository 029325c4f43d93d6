import { z } from 'zod';
import type { StreamDefinition, StreamStatus } from '../../../../shared/stream.ts';
import { call, streamPath } from '../api/call.ts';
import { failureText } from '../api/failure-text.ts';
import { setRecord } from '../recordings/api.ts';
import { askSoon } from '../store/streams.ts';
import { titleOf } from '../store/titles.ts';
import { toast } from '../ui/index.ts';
import { t } from './texts.ts';

/** Connects to a camera anew, and tells how that went. */
export async function restartCamera(status: StreamStatus): Promise<void> {
  const camera = titleOf(status);
  const answer = await call('POST', `${streamPath(status.app, status.name)}/restart`, z.unknown());
  toast(
    answer.ok ? t('restarted', { camera }) : t('restart-failed', { camera, why: failureText(answer.error) }),
  );
  askSoon();
}

type Record = NonNullable<StreamDefinition['record']>;
/** What recording was set to, with its own limits, to be restored when it is switched on again. */
const policies = new Map<string, Record>();

/** Whether it is recorded, or would be were there a picture. */
export function isRecorded({ recorder }: Pick<StreamStatus, 'recorder'>): boolean {
  return recorder.state === 'recording' || recorder.state === 'waiting';
}

/** The configuration file decides about its own cameras; of the demo, recording may be tried. */
export function mayRecord({ readOnly, demo }: Pick<StreamStatus, 'readOnly' | 'demo'>): boolean {
  return !readOnly || demo === true;
}

/** Switches recording on or off, and tells how that went. */
export async function toggleRecording(status: StreamStatus): Promise<void> {
  const id = `${status.app}/${status.name}`;
  if (typeof status.record === 'object') policies.set(id, status.record);
  const on = !isRecorded(status);
  const camera = titleOf(status);
  const answer = await setRecord(status, on ? (policies.get(id) ?? true) : false);
  toast(
    answer.ok
      ? t(on ? 'record-on' : 'record-off', { camera })
      : t('record-failed', { camera, why: failureText(answer.error) }),
  );
  askSoon();
}
