// What `npm start` does after set-up, for a script of the test's: the wrapper process alone.
import { endLike, runChild } from '../../server/setup/child.mjs';

endLike(await runChild({ node: process.execPath, args: process.argv.slice(2), env: process.env }));
