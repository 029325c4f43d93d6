// `npm run check`: format, lint, types, import map. Every step runs, whatever the one before it found.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { runChild } from './child.mjs';
import { runCli } from './cli.mjs';
import { ensure } from './ensure.mjs';
import { projectRoot } from './paths.mjs';

/** @returns {string[]} The TypeScript projects: in the root and one folder below it. */
function typeProjects() {
  const dirs = readdirSync(projectRoot, { withFileTypes: true }).filter(
    (entry) => entry.isDirectory() && !entry.name.startsWith('.') && entry.name !== 'node_modules',
  );
  return ['.', ...dirs.map((dir) => dir.name)].flatMap((dir) =>
    readdirSync(join(projectRoot, dir))
      .filter((name) => /^tsconfig(\..+)?\.json$/.test(name))
      .map((name) => join(dir, name)),
  );
}

/** @returns {{ name: string, args: string[] }[]} Each step as arguments for Node. */
function checks() {
  const modules = join(projectRoot, 'node_modules');
  const cruised = ['server', 'shared', 'client', 'test'].filter((dir) => existsSync(join(projectRoot, dir)));
  return [
    { name: 'format and lint', args: [join(modules, '@biomejs/biome/bin/biome'), 'ci', '.'] },
    ...typeProjects().map((project) => ({
      name: `types (${project})`,
      args: [join(modules, 'typescript/bin/tsc'), '--noEmit', '-p', project],
    })),
    {
      name: 'import map',
      args: [
        join(modules, 'dependency-cruiser/bin/dependency-cruiser.mjs'),
        '--config',
        '.dependency-cruiser.cjs',
        ...cruised,
      ],
    },
  ];
}

await runCli(async () => {
  const { node, env } = await ensure({});
  const results = [];
  for (const { name, args } of checks()) {
    const end = await runChild({ node, args, env, cwd: projectRoot });
    if (end.signal !== null) process.exit(130);
    results.push({ name, ok: end.code === 0 });
  }
  for (const { name, ok } of results) process.stdout.write(`${ok ? 'ok    ' : 'FAILED'} ${name}\n`);
  process.exitCode = results.every(({ ok }) => ok) ? 0 : 1;
});
