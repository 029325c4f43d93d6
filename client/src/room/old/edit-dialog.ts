import type { StreamStatus } from '../../../../shared/stream.ts';
import { element } from '../../base/dom.ts';
import { changeStream } from '../api/call.ts';
import {
  type CameraFields,
  followAddress,
  makeFields,
  showIssues,
  sourceOf,
  sourceRows,
} from './camera-fields.ts';

/** As the gateway writes the certificate that a camera showed into its reason. */
const FINGERPRINT = /(?:[0-9A-F]{2}:){31}[0-9A-F]{2}/;

/** Asks how a camera is to be reached from now on: a new password, another address, the certificate that it shows. */
export function editCamera(status: StreamStatus, onChanged: () => void): void {
  const { app, name, source } = status;
  const fields = makeFields();
  fill(fields, source);
  const onDemand = element('input', { attributes: { type: 'checkbox', name: 'onDemand' } });
  onDemand.checked = status.onDemand;
  const trouble = element('p', { class: 'form-error', attributes: { role: 'alert', hidden: true } });
  const save = element('button', { class: 'button primary', text: 'Save', attributes: { type: 'submit' } });
  const cancel = element('button', { class: 'button', text: 'Cancel', attributes: { type: 'button' } });
  offerCertificate(fields, status);
  const form = element(
    'form',
    { class: 'add-form', attributes: { novalidate: true, autocomplete: 'off' } },
    ...sourceRows(fields),
    element('label', { class: 'check' }, onDemand, 'Connect only while somebody watches'),
    trouble,
    element('div', { class: 'form-actions' }, save, cancel),
  );
  followAddress(fields, form);
  const dialog = element(
    'dialog',
    { class: 'dialog', attributes: { 'aria-labelledby': 'edit-title' } },
    element('h2', { text: `Change ${app}/${name}`, attributes: { id: 'edit-title' } }),
    form,
  );
  const send = async (): Promise<void> => {
    showIssues(fields, trouble, undefined);
    const typed = sourceOf(fields);
    if (source.hasPassword && typed.username !== undefined && typed.password === undefined) {
      showIssues(fields, trouble, PASSWORD_MISSING);
      return;
    }
    save.disabled = true;
    const change = { source: { ...kept(source), ...typed }, onDemand: onDemand.checked };
    const answer = await changeStream(app, name, change);
    save.disabled = false;
    if (answer.ok) {
      dialog.close();
      onChanged();
    } else {
      showIssues(fields, trouble, answer.error);
    }
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void send();
  });
  cancel.addEventListener('click', () => dialog.close());
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** The gateway gives no password out, so it cannot come back from here. */
const PASSWORD_MISSING = {
  code: 'BAD_REQUEST',
  message: '',
  issues: [{ path: 'source.password', message: 'has to be typed again, for the gateway shows it to nobody' }],
};

function fill(fields: CameraFields, source: StreamStatus['source']): void {
  const values = {
    url: source.url,
    username: source.username,
    tlsFingerprint: source.tlsFingerprint,
    sub: source.sub?.url,
  };
  for (const [name, value] of Object.entries(values)) {
    const input = fields.get(name)?.input;
    if (input !== undefined) input.value = value ?? '';
  }
  if (source.hasPassword) fields.get('password')?.input.setAttribute('placeholder', 'Type it again');
}

/** What the form does not ask stays as it is. */
function kept({
  transport,
  trustCameraClock,
  connectTimeoutMs,
  silenceTimeoutMs,
}: StreamStatus['source']): object {
  return { transport, trustCameraClock, connectTimeoutMs, silenceTimeoutMs };
}

/** Next to the fingerprint's field: the one that the camera shows, which nobody has vouched for yet. */
function offerCertificate(fields: CameraFields, { reason }: StreamStatus): void {
  const field = fields.get('tlsFingerprint');
  const shown = reason?.code === 'CAMERA_CERTIFICATE' ? FINGERPRINT.exec(reason.message)?.[0] : undefined;
  if (field === undefined || shown === undefined) return;
  const take = element('button', {
    class: 'button small',
    text: 'Take this one',
    attributes: { type: 'button' },
  });
  take.addEventListener('click', () => {
    field.input.value = shown;
    field.input.focus();
  });
  field.error.before(
    element('span', {
      class: 'hint fingerprint',
      text: `The camera shows ${shown}. Compare it with the camera’s own page.`,
    }),
    take,
  );
}
