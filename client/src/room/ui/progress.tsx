/** How far something is, 0 to 1; undefined while that is not known. */
export function Progress({ value, label }: { value: number | undefined; label: string }) {
  return (
    <progress
      class="progress"
      aria-label={label}
      {...(value === undefined ? {} : { value: Math.min(1, Math.max(0, value)), max: 1 })}
    />
  );
}
