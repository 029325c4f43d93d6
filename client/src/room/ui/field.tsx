import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

/** A label with its control, what helps to fill it in, and what is wrong with it. `control` gets the ids to point to. */
export function Field({
  label,
  hint,
  error,
  control,
}: {
  label: string;
  hint?: ComponentChildren;
  error?: string | undefined;
  control: (ids: { id: string; 'aria-describedby': string; 'aria-invalid': boolean }) => ComponentChildren;
}) {
  const id = useId();
  const invalid = error !== undefined && error !== '';
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {control({ id, 'aria-describedby': `${id}-hint ${id}-error`, 'aria-invalid': invalid })}
      <span class="hint" id={`${id}-hint`} hidden={hint === undefined}>
        {hint}
      </span>
      <span class="field-error" id={`${id}-error`} hidden={!invalid}>
        {error}
      </span>
    </div>
  );
}
