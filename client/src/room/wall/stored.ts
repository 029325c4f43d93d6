/** What this browser keeps; undefined where it keeps nothing, or nothing that `read` takes. */
export function readStored<T>(key: string, read: (value: unknown) => T | undefined): T | undefined {
  try {
    const text = localStorage.getItem(key);
    return text === null ? undefined : read(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Undefined forgets it. Private windows keep nothing; what was chosen holds until the page is left. */
export function writeStored(key: string, value: unknown): void {
  try {
    if (value === undefined) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // As said.
  }
}
