// `npm run bench` and its like: `node server/setup/run.mjs bench [NAME ...]` runs test/bench/main.ts with what is left.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { endLike, runChild } from './child.mjs';
import { runCli } from './cli.mjs';
import { ensure } from './ensure.mjs';
import { projectRoot } from './paths.mjs';
import { SetupError } from './setup-error.mjs';

await runCli(async () => {
  const [group = '', ...args] = process.argv.slice(2);
  const main = join(projectRoot, 'test', group, 'main.ts');
  if (!/^[a-z-]+$/.test(group) || !existsSync(main))
    throw new SetupError(`There is no test/${group}/main.ts to run.`);
  const { node, env } = await ensure({ media: true, tests: true });
  endLike(await runChild({ node, args: [main, ...args], env }));
});
