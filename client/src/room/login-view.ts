import { element } from '../base/dom.ts';
import { logIn } from './api.ts';

/** Asks for the token; `onLoggedIn` is told when the gateway took it. */
export function loginView(onLoggedIn: () => void): HTMLElement {
  const input = element('input', {
    attributes: {
      id: 'token',
      name: 'token',
      type: 'password',
      required: true,
      maxlength: '1024',
      autocomplete: 'current-password',
      'aria-describedby': 'token-hint token-error',
    },
  });
  const trouble = element('p', {
    class: 'form-error',
    attributes: { id: 'token-error', role: 'alert', hidden: true },
  });
  const submit = element('button', {
    class: 'button primary',
    text: 'Log in',
    attributes: { type: 'submit' },
  });
  const form = element(
    'form',
    { class: 'panel login' },
    element('h1', { text: 'Log in' }),
    // There is one user only; password managers want a name all the same.
    element('input', {
      attributes: { type: 'text', name: 'username', value: 'sluice', autocomplete: 'username', hidden: true },
    }),
    element(
      'div',
      { class: 'field' },
      element('label', { text: 'Token', attributes: { for: 'token' } }),
      input,
      element('span', {
        class: 'hint',
        text: 'The gateway’s access token: the value of SLUICE_API_TOKEN where it was started.',
        attributes: { id: 'token-hint' },
      }),
    ),
    trouble,
    element('div', { class: 'form-actions' }, submit),
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void send();
  });
  const send = async (): Promise<void> => {
    trouble.hidden = true;
    submit.disabled = true;
    const answer = await logIn(input.value);
    submit.disabled = false;
    if (answer.ok) {
      onLoggedIn();
      return;
    }
    trouble.textContent =
      answer.error.code === 'UNAUTHORIZED' ? 'That is not the token.' : answer.error.message;
    trouble.hidden = false;
    input.select();
  };
  queueMicrotask(() => input.focus());
  return form;
}
