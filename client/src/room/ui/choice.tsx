/** One of a few, as buttons in a row. */
export function Choice<T extends string | number>({
  label,
  options,
  value,
  onChoose,
}: {
  label: string;
  options: readonly { readonly value: T; readonly label: string; readonly title?: string }[];
  value: T | undefined;
  onChoose: (value: T) => void;
}) {
  return (
    <fieldset class="choice" aria-label={label}>
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          title={option.title}
          aria-pressed={option.value === value}
          onClick={() => onChoose(option.value)}
        >
          {option.label}
        </button>
      ))}
    </fieldset>
  );
}
