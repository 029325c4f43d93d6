// `npm run check:recordings -- DIR`: proves the invariants of a folder of recordings; it changes nothing there.
import { join } from 'node:path';
import { endLike, runChild } from './child.mjs';
import { runCli } from './cli.mjs';
import { ensure } from './ensure.mjs';
import { projectRoot } from './paths.mjs';

await runCli(async () => {
  const { node, env } = await ensure({ production: true });
  const main = join(projectRoot, 'server/recording/store/check-main.ts');
  // npm runs scripts in the project's folder; a relative DIR means where the person is.
  const cwd = process.env.INIT_CWD ?? process.cwd();
  endLike(await runChild({ node, args: [main, ...process.argv.slice(2)], env, cwd }));
});
