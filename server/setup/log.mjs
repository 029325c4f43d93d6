/**
 * What the set-up tells its user: one line for each thing it does, nothing where nothing is missing. Everything goes to
 * standard error, so that what a command prints (`--version`, `--check`) can be piped.
 */

/** @typedef {(line: string) => void} Say */

/** @type {Say} */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/**
 * Reports the state of a long step, at most once every `everyMs`, and always its end.
 * @param {{ label: string, total: number, say?: Say, everyMs?: number, nowMs?: () => number }} options
 * @returns {(done: number) => void}
 */
export function progress({ label, total, say: print = say, everyMs = 5000, nowMs = Date.now }) {
  let lastMs = nowMs();
  return (done) => {
    const now = nowMs();
    if (done < total && now - lastMs < everyMs) return;
    lastMs = now;
    print(`${label}: ${done}/${total}`);
  };
}
