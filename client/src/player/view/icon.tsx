import type { ButtonHTMLAttributes } from 'preact';
import { ICONS, type IconName } from './icons.ts';

/** Hidden from assistive technology: its button carries the label. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={ICONS[name]} />
    </svg>
  );
}

type Native = Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'icon' | 'label' | 'class'> & { class?: string };

export function IconButton({ name, label, ...rest }: Native & { name: IconName; label: string }) {
  return (
    <button type="button" title={label} aria-label={label} {...rest}>
      <Icon name={name} />
    </button>
  );
}
