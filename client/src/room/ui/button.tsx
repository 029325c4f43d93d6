import type { ButtonHTMLAttributes, ComponentChildren } from 'preact';
import { Icon, type IconName } from './icon.tsx';

type Native = Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'icon' | 'label' | 'class'> & { class?: string };

/** A button with words. `primary` is what most people want here, `danger` what cannot be undone. */
export function Button({
  kind = 'plain',
  icon,
  children,
  ...rest
}: Native & { kind?: 'plain' | 'primary' | 'danger'; icon?: IconName; children: ComponentChildren }) {
  return (
    <button type="button" {...rest} class={`button ${kind} ${rest.class ?? ''}`}>
      {icon === undefined ? undefined : <Icon name={icon} />}
      {children}
    </button>
  );
}

/** A button that shows a picture alone; `label` is what it is called, and its tooltip. */
export function IconButton({ icon, label, ...rest }: Native & { icon: IconName; label: string }) {
  return (
    <button
      type="button"
      title={label}
      aria-label={label}
      {...rest}
      class={`icon-button ${rest.class ?? ''}`}
    >
      <Icon name={icon} />
    </button>
  );
}
