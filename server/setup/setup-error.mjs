/**
 * A stop of the set-up that its reader can do something about. Its message is printed as it stands, without a stack.
 */
export class SetupError extends Error {
  /** @param {string} message What is wrong and what to do, in one or a few lines. */
  constructor(message) {
    super(message);
    this.name = 'SetupError';
  }
}
