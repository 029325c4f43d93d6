import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';

/** A modal dialog, open as long as it is rendered. Escape, the backdrop and its own buttons call `onClose`. */
export function Dialog({
  title,
  onClose,
  wide = false,
  isOpenerGone,
  children,
}: {
  title: string;
  onClose: () => void;
  wide?: boolean;
  /** Asked when it has closed: whether what opened it goes away with what was done in it. */
  isOpenerGone?: () => boolean;
  children: ComponentChildren;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  const [opener] = useState(() => document.activeElement);
  useEffect(() => {
    dialog.current?.showModal();
    // The browser would give the focus back when the dialog is closed, but by now it is taken out of the page.
    return () => focusAgain(isOpenerGone?.() === true ? null : opener);
  }, []);
  return (
    <dialog
      ref={dialog}
      class={wide ? 'dialog wide' : 'dialog'}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onPointerDown={(event) => {
        if (event.target === dialog.current) onClose();
      }}
    >
      <div class="dialog-body">
        <h2 id={id}>{title}</h2>
        {children}
      </div>
    </dialog>
  );
}

/** Who opened it goes on from there; where that is gone, as a removed camera's button is, from the page's content. */
function focusAgain(opener: Element | null): void {
  if (opener instanceof HTMLElement && opener !== document.body) opener.focus();
  if (document.activeElement === document.body) document.getElementById('main')?.focus();
}
