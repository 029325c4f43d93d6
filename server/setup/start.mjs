// `npm start`: sets up what is missing, then runs the gateway with the arguments given.
import { join } from 'node:path';
import { endLike, runChild } from './child.mjs';
import { runCli } from './cli.mjs';
import { ensure } from './ensure.mjs';
import { gatewayNodeFlags } from './node-flags.mjs';
import { projectRoot } from './paths.mjs';

await runCli(async () => {
  const { node, env } = await ensure({ media: true });
  const main = join(projectRoot, 'server/main.ts');
  endLike(await runChild({ node, args: [...gatewayNodeFlags, main, ...process.argv.slice(2)], env }));
});
