// Loaded into the child of child.mjs before its own script: ends it in good order when the parent is gone.
import { isMainThread } from 'node:worker_threads';

// A child's own children inherit this module with its flags; the tether is not theirs.
const isTied = isMainThread && process.channel && process.env.SLUICE_SETUP_TETHER === String(process.ppid);
delete process.env.SLUICE_SETUP_TETHER;

if (isTied) {
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  // The listener keeps the channel, and so the process, alive otherwise.
  process.channel?.unref();
}
