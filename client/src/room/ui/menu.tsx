import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { Icon, type IconName } from './icon.tsx';

/** A line of a menu: a link where it has `href`, else a button. */
export interface MenuItem {
  readonly key: string;
  readonly label: ComponentChildren;
  readonly icon?: IconName;
  readonly href?: string;
  readonly onChoose?: () => void;
  readonly danger?: boolean;
  readonly disabled?: boolean;
  /** Why it cannot be chosen, or what it does. */
  readonly hint?: string;
}

const GAP_PX = 4;
const EDGE_PX = 8;

/**
 * A button that opens a menu, as ARIA's menu button pattern has it: arrows, Home and End go through it, Escape and a
 * click elsewhere close it. `items` are asked for when it opens.
 */
export function Menu({
  label,
  items,
  icon = 'more',
  children,
  class: className = '',
  onToggle,
}: {
  label: string;
  items: () => readonly MenuItem[];
  icon?: IconName;
  /** Words of the button, where it shows some. */
  children?: ComponentChildren;
  class?: string;
  onToggle?: (isOpen: boolean) => void;
}) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const [isOpen, setOpen] = useState(false);
  useEffect(() => {
    if (!isOpen || list.current === null || button.current === null) return;
    place(list.current, button.current);
    itemsOf(list.current)[0]?.focus();
  }, [isOpen]);
  const close = (): void => {
    list.current?.hidePopover();
    // Not every browser does it by itself; a dialog that is opened gives the focus back to here.
    button.current?.focus();
  };
  return (
    <>
      <button
        ref={button}
        type="button"
        class={children === undefined ? `icon-button ${className}` : `button ${className}`}
        title={children === undefined ? label : undefined}
        aria-label={label}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        popovertarget={id}
        onKeyDown={(event) => {
          if (event.key !== 'ArrowDown' || isOpen) return;
          event.preventDefault();
          list.current?.showPopover();
        }}
      >
        <Icon name={icon} />
        {children}
      </button>
      <div
        ref={list}
        id={id}
        class="menu"
        popover="auto"
        role="menu"
        aria-label={label}
        onToggle={(event) => {
          const open = (event as unknown as ToggleEvent).newState === 'open';
          setOpen(open);
          onToggle?.(open);
        }}
        onKeyDown={(event) => onKey(event, close)}
      >
        {isOpen ? items().map((item) => <Line key={item.key} item={item} close={close} />) : undefined}
      </div>
    </>
  );
}

function Line({ item, close }: { item: MenuItem; close: () => void }) {
  const { label, icon, href, onChoose, danger, disabled, hint } = item;
  const content = (
    <>
      {icon === undefined ? <span class="icon" /> : <Icon name={icon} />}
      <span>{label}</span>
    </>
  );
  const common = {
    role: 'menuitem' as const,
    tabIndex: -1,
    class: danger === true ? 'danger' : '',
    ...(hint === undefined ? {} : { title: hint }),
  };
  if (href !== undefined) {
    return (
      <a {...common} href={href} onClick={close}>
        {content}
      </a>
    );
  }
  return (
    <button
      {...common}
      type="button"
      // It can be reached all the same, so that its hint can be read.
      aria-disabled={disabled === true}
      onClick={() => {
        if (disabled === true) return;
        close();
        onChoose?.();
      }}
    >
      {content}
    </button>
  );
}

function itemsOf(list: HTMLElement): HTMLElement[] {
  return [...list.querySelectorAll<HTMLElement>('[role="menuitem"]')];
}

function onKey(event: KeyboardEvent & { currentTarget: HTMLElement }, close: () => void): void {
  const all = itemsOf(event.currentTarget);
  const at = all.findIndex((item) => item.matches(':focus'));
  const to: Readonly<Record<string, number>> = {
    ArrowDown: at + 1,
    ArrowUp: at - 1,
    Home: 0,
    End: all.length - 1,
  };
  // The menu's own keys are nothing for what lies behind it.
  event.stopPropagation();
  if (event.key === 'Tab') close();
  const next = Object.hasOwn(to, event.key) ? to[event.key] : undefined;
  if (next === undefined) return;
  event.preventDefault();
  all.at(next % all.length)?.focus();
}

/** Below its button, or above where there is no room; always within the window. */
function place(list: HTMLElement, button: HTMLElement): void {
  const { left, right, top, bottom } = button.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = list;
  const below = bottom + GAP_PX;
  const y = below + height <= innerHeight - EDGE_PX ? below : Math.max(EDGE_PX, top - GAP_PX - height);
  const x = Math.min(
    left + width <= innerWidth - EDGE_PX ? left : right - width,
    innerWidth - width - EDGE_PX,
  );
  list.style.setProperty('left', `${Math.max(EDGE_PX, x)}px`);
  list.style.setProperty('top', `${y}px`);
}
