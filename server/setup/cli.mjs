import { SetupError } from './setup-error.mjs';

/**
 * Runs the body of a command; what goes wrong in a way that its user can mend is told without a stack.
 * @param {() => Promise<void>} main
 * @returns {Promise<void>}
 */
export async function runCli(main) {
  try {
    await main();
  } catch (error) {
    process.stderr.write(
      error instanceof SetupError
        ? `\n${error.message}\n`
        : `${error instanceof Error ? error.stack : error}\n`,
    );
    process.exitCode = 1;
  }
}
