import { type ReadonlySignal, useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { Button } from '../ui/index.ts';
import { fromLocalIso, localIso } from './times.ts';

/** Date and time of the picture, to be typed over to go elsewhere; `children` stand behind its button. */
export function JumpForm({
  class: className,
  label,
  button,
  headMs,
  onJump,
  children,
}: {
  class: string;
  label: string;
  button: string;
  headMs: ReadonlySignal<number>;
  onJump: (timeMs: number) => void;
  children?: ComponentChildren;
}) {
  const typed = useSignal<string | undefined>(undefined);
  return (
    <form
      class={className}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        const timeMs = fromLocalIso(typed.peek() ?? '');
        typed.value = undefined;
        if (timeMs !== undefined) onJump(timeMs);
      }}
    >
      <input
        class="compact"
        type="datetime-local"
        step="1"
        aria-label={label}
        value={typed.value ?? localIso(headMs.value)}
        onInput={({ currentTarget }) => {
          typed.value = currentTarget.value;
        }}
        // While somebody types the clock keeps its hands off.
        onFocus={({ currentTarget }) => {
          typed.value = currentTarget.value;
        }}
        onBlur={({ relatedTarget, currentTarget }) => {
          const { form } = currentTarget;
          if (!(relatedTarget instanceof Node) || form?.contains(relatedTarget) !== true) {
            typed.value = undefined;
          }
        }}
      />
      <Button type="submit" class="small">
        {button}
      </Button>
      {children}
    </form>
  );
}
