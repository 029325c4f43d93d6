import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { Icon } from './icon.tsx';

/** What a person has to know here and now. Troubles are read out at once. */
export function Notice({ kind, children }: { kind: 'trouble' | 'tip'; children: ComponentChildren }) {
  return (
    <p class={`notice ${kind}`} role={kind === 'trouble' ? 'alert' : 'status'}>
      {kind === 'trouble' ? <Icon name="alert" /> : undefined}
      <span>{children}</span>
    </p>
  );
}

const TOAST_MS = 6_000;
const toastText = signal('');
let toastTimer: ReturnType<typeof setTimeout> | undefined;

/** Tells for some seconds, and to screen readers, what was done. */
export function toast(text: string): void {
  toastText.value = text;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => {
    toastText.value = '';
  }, TOAST_MS);
}

/** The place where {@link toast} tells; once on the page. */
export function Toasts() {
  return (
    <p class="toast" role="status" data-empty={toastText.value === ''}>
      {toastText.value}
    </p>
  );
}
