import { element } from '../base/dom.ts';
import { addStream, type Failure, type NewStream } from './api.ts';

interface Field {
  readonly input: HTMLInputElement;
  readonly error: HTMLElement;
  readonly row: HTMLElement;
}

interface FieldOptions {
  readonly label: string;
  readonly hint?: string;
  readonly attributes: Readonly<Record<string, string | boolean>>;
}

/** Which field an issue of the API belongs to. */
const FIELD_OF_ISSUE: ReadonlyMap<string, string> = new Map([
  ['name', 'name'],
  ['app', 'name'],
  ['source.url', 'url'],
  ['source.username', 'username'],
  ['source.password', 'password'],
  ['source.tlsFingerprint', 'tlsFingerprint'],
]);

let nextId = 1;

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
    fields.get('url')?.row,
    element('div', { class: 'pair' }, fields.get('username')?.row, fields.get('password')?.row),
    fields.get('tlsFingerprint')?.row,
    element('label', { class: 'check' }, record, 'Record'),
    element('label', { class: 'check' }, onDemand, 'Connect only while somebody watches'),
    trouble,
    element('div', { class: 'form-actions' }, submit, cancel),
  );
  const showFingerprint = (): void => {
    const row = fields.get('tlsFingerprint')?.row;
    if (row !== undefined) row.hidden = !isSecure(fields);
  };
  showFingerprint();
  fields.get('url')?.input.addEventListener('input', showFingerprint);
  form.addEventListener('reset', () => queueMicrotask(showFingerprint));
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

function makeFields(): ReadonlyMap<string, Field> {
  return new Map([
    [
      'name',
      makeField({
        label: 'Name',
        hint: 'Letters, digits, "-" and "_". It becomes part of the address.',
        attributes: {
          name: 'name',
          required: true,
          maxlength: '64',
          placeholder: 'front-door',
          spellcheck: 'false',
        },
      }),
    ],
    [
      'url',
      makeField({
        label: 'Address',
        hint: 'The camera’s RTSP address; its manual or its web page tells it.',
        attributes: {
          name: 'url',
          required: true,
          maxlength: '2048',
          placeholder: 'rtsp://192.168.1.20:554/stream1',
          inputmode: 'url',
          spellcheck: 'false',
          autocapitalize: 'off',
        },
      }),
    ],
    [
      'username',
      makeField({
        label: 'User name',
        attributes: { name: 'username', maxlength: '256', autocomplete: 'off', autocapitalize: 'off' },
      }),
    ],
    [
      'password',
      makeField({
        label: 'Password',
        attributes: { name: 'password', type: 'password', maxlength: '256', autocomplete: 'new-password' },
      }),
    ],
    [
      'tlsFingerprint',
      makeField({
        label: 'Certificate fingerprint',
        hint: 'Optional: the SHA-256 of the camera’s own certificate. Left empty, the camera’s card tells which one it shows.',
        attributes: { name: 'tlsFingerprint', maxlength: '95', spellcheck: 'false', autocapitalize: 'off' },
      }),
    ],
  ]);
}

function makeField({ label, hint, attributes }: FieldOptions): Field {
  const id = `field-${nextId++}`;
  const input = element('input', {
    attributes: { id, type: 'text', ...attributes, 'aria-describedby': `${id}-hint ${id}-error` },
  });
  const error = element('span', { class: 'field-error', attributes: { id: `${id}-error` } });
  const row = element(
    'div',
    { class: 'field' },
    element('label', { text: label, attributes: { for: id } }),
    input,
    hint === undefined
      ? undefined
      : element('span', { class: 'hint', text: hint, attributes: { id: `${id}-hint` } }),
    error,
  );
  return { input, error, row };
}

/** Only rtsps cameras show a certificate. */
function isSecure(fields: ReadonlyMap<string, Field>): boolean {
  return /^\s*rtsps:/i.test(fields.get('url')?.input.value ?? '');
}

function newStream(
  fields: ReadonlyMap<string, Field>,
  { onDemand, record }: { onDemand: boolean; record: boolean },
): NewStream {
  const text = (name: string): string => fields.get(name)?.input.value ?? '';
  const username = text('username').trim();
  const password = text('password');
  const tlsFingerprint = isSecure(fields) ? text('tlsFingerprint').trim() : '';
  // `app/name` names both; a bare name belongs to the app `live`.
  const [first = '', second] = text('name').trim().split('/', 2);
  return {
    ...(second === undefined ? { name: first } : { app: first, name: second }),
    source: {
      url: text('url').trim(),
      ...(username === '' ? {} : { username }),
      ...(password === '' ? {} : { password }),
      ...(tlsFingerprint === '' ? {} : { tlsFingerprint }),
    },
    ...(onDemand ? { onDemand } : {}),
    // Left out, the application's own setting holds.
    ...(record ? { record } : {}),
  };
}

function showIssues(
  fields: ReadonlyMap<string, Field>,
  trouble: HTMLElement,
  failure: Failure | undefined,
): void {
  for (const { input, error } of fields.values()) {
    input.removeAttribute('aria-invalid');
    error.textContent = '';
  }
  const placed = (failure?.issues ?? []).filter((issue) => {
    const field = fields.get(FIELD_OF_ISSUE.get(issue.path) ?? '');
    if (field === undefined) return false;
    field.input.setAttribute('aria-invalid', 'true');
    field.error.textContent = sentence(issue.message);
    return true;
  });
  if (failure?.code === 'STREAM_EXISTS') fields.get('name')?.input.setAttribute('aria-invalid', 'true');
  const rest = failure === undefined || (placed.length > 0 && placed.length === failure.issues.length);
  trouble.hidden = rest;
  trouble.textContent = rest ? '' : (failure?.message ?? '');
  [...fields.values()].find(({ input }) => input.hasAttribute('aria-invalid'))?.input.focus();
}

function sentence(text: string): string {
  const whole = `This ${text}`;
  return whole.endsWith('.') ? whole : `${whole}.`;
}
