import type { StreamStatus } from '../../../../shared/stream.ts';
import { element } from '../../base/dom.ts';
import { removeStream } from '../api/call.ts';

/** Asks whether to remove a stream, and does. */
export function confirmRemoval({ app, name }: StreamStatus, onRemoved: () => void): void {
  const trouble = element('p', { class: 'form-error', attributes: { role: 'alert', hidden: true } });
  const remove = element('button', {
    class: 'button danger',
    text: 'Remove',
    attributes: { type: 'button' },
  });
  const cancel = element('button', {
    class: 'button',
    text: 'Keep',
    attributes: { type: 'button', autofocus: true },
  });
  const dialog = element(
    'dialog',
    { class: 'dialog', attributes: { 'aria-labelledby': 'remove-title' } },
    element('h2', { text: `Remove ${app}/${name}?`, attributes: { id: 'remove-title' } }),
    element('p', {
      text: 'The gateway forgets the camera and its password. Whoever watches it now sees it end.',
    }),
    trouble,
    element('div', { class: 'form-actions' }, remove, cancel),
  );
  dialog.addEventListener('close', () => dialog.remove());
  cancel.addEventListener('click', () => dialog.close());
  remove.addEventListener('click', async () => {
    remove.disabled = true;
    const answer = await removeStream(app, name);
    remove.disabled = false;
    if (answer.ok) {
      dialog.close();
      onRemoved();
    } else {
      trouble.textContent = answer.error.message;
      trouble.hidden = false;
    }
  });
  document.body.append(dialog);
  dialog.showModal();
}
