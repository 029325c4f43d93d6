/** Lets go of all that a command holds. */
type Leave = () => Promise<void>;

const SIGNALS = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const;

export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Ends the process with the status that `main` gives, or with 1 where it fails. */
export function runCommand(main: () => Promise<number>, leave: Leave = async () => {}): void {
  main().then(
    (status) => process.exit(status),
    async (failure: unknown) => {
      say(failure instanceof Error ? (failure.stack ?? failure.message) : String(failure));
      await leave().catch(() => {});
      process.exit(1);
    },
  );
}

/** A signal ends the process in order, a second one at once. */
export function leaveOnSignals(leave: Leave): void {
  let isLeaving = false;
  for (const [signal, status] of SIGNALS) {
    process.on(signal, () => {
      if (isLeaving) process.exit(status);
      isLeaving = true;
      say('stopping');
      leave()
        .catch(() => {})
        .finally(() => process.exit(status));
    });
  }
}
