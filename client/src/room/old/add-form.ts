import { element } from '../../base/dom.ts';
import { addStream, type NewStream } from '../api/call.ts';
import {
  type CameraFields,
  followAddress,
  makeFields,
  showIssues,
  sourceOf,
  sourceRows,
} from './camera-fields.ts';

/** The form that adds a camera; `onAdded` is told when the gateway took it. */
export function addForm(onAdded: () => void, onCancel?: () => void): HTMLFormElement {
  const fields = makeFields();
  const onDemand = element('input', { attributes: { type: 'checkbox', name: 'onDemand' } });
  const record = element('input', { attributes: { type: 'checkbox', name: 'record' } });
  const trouble = element('p', { class: 'form-error', attributes: { role: 'alert', hidden: true } });
  const submit = element('button', {
    class: 'button primary',
    text: 'Add camera',
    attributes: { type: 'submit' },
  });
  const cancel =
    onCancel === undefined
      ? undefined
      : element('button', {
          class: 'button',
          text: 'Cancel',
          attributes: { type: 'button' },
          on: { click: onCancel },
        });
  const form = element(
    'form',
    { class: 'add-form', attributes: { novalidate: true, autocomplete: 'off' } },
    fields.get('name')?.row,
    ...sourceRows(fields),
    element('label', { class: 'check' }, record, 'Record'),
    element('label', { class: 'check' }, onDemand, 'Connect only while somebody watches'),
    trouble,
    element('div', { class: 'form-actions' }, submit, cancel),
  );
  followAddress(fields, form);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void send();
  });
  const send = async (): Promise<void> => {
    showIssues(fields, trouble, undefined);
    submit.disabled = true;
    const answer = await addStream(newStream(fields, { onDemand: onDemand.checked, record: record.checked }));
    submit.disabled = false;
    if (answer.ok) {
      form.reset();
      onAdded();
    } else {
      showIssues(fields, trouble, answer.error);
    }
  };
  return form;
}

function newStream(
  fields: CameraFields,
  { onDemand, record }: { onDemand: boolean; record: boolean },
): NewStream {
  // `app/name` names both; a bare name belongs to the app `live`.
  const [first = '', second] = (fields.get('name')?.input.value ?? '').trim().split('/', 2);
  return {
    ...(second === undefined ? { name: first } : { app: first, name: second }),
    source: sourceOf(fields),
    ...(onDemand ? { onDemand } : {}),
    // Left out, the application's own setting holds.
    ...(record ? { record } : {}),
  };
}
