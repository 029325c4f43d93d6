import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const pathOf = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const read = (path: string): Promise<string> => readFile(new URL(`../../${path}`, import.meta.url), 'utf8');

/** Names of members as a source declares them: `readonly fps:`, `get stats():`, `play():`. */
function members(source: string, start: string): string[] {
  const body = source.slice(source.indexOf(start));
  const end = body.indexOf('\n}');
  const found = body.slice(0, end).matchAll(/^ {2}(?:readonly |get |set |async )?([a-z][A-Za-z]*)(?=[:(])/gm);
  return [...new Set([...found].map(([, name = '']) => name))].sort();
}

const INTERNAL = new Set([
  'constructor',
  'connectedCallback',
  'disconnectedCallback',
  'attributeChangedCallback',
]);

test('the published types name what the element has', async () => {
  const published = await read('client/public/sluice-player.d.ts');
  const player = await read('client/src/player/sluice-player.ts');
  const attributes = await read('client/src/player/player-attributes.ts');
  const own = [
    ...members(player, 'export class SluicePlayer').filter((name) => !INTERNAL.has(name)),
    ...members(attributes, 'export abstract class PlayerAttributes'),
  ].sort();
  const told = members(published, 'export declare class SluicePlayer').filter(
    (name) => !/EventListener$/.test(name),
  );
  expect(own.length).toBeGreaterThan(10);
  expect(told).toEqual(own);
  const group = await read('client/src/player/sync/sync-group.ts');
  const ofGroup = members(group, 'export class SyncGroup').filter((name) => !INTERNAL.has(name));
  expect(ofGroup.length).toBeGreaterThan(5);
  expect(
    members(published, 'export declare class SyncGroup').filter(
      (name) => !/EventListener$/.test(name) && !INTERNAL.has(name),
    ),
  ).toEqual(ofGroup);
  const stats = await read('client/src/player/stats.ts');
  expect(members(published, 'export interface PlayerStats')).toEqual(
    members(stats, 'export interface PlayerStats'),
  );
  const states = await read('client/src/player/player-state.ts');
  const union = /export type PlayerState =[^;]*;/;
  expect(published.match(union)?.[0]).toBe(states.match(union)?.[0]);
});

/** What programs do besides. */
const MORE = `
const told = (event: CustomEvent<{ state: string }>): void => console.log(event.detail.state);
player.addEventListener('statechange', told);
player.removeEventListener('statechange', told);
const clicked = (event: MouseEvent): void => console.log(event.clientX);
player.addEventListener('click', clicked);
player.removeEventListener('click', clicked);
player.addEventListener('keydown', ({ key }) => console.log(key));
player.addEventListener('error', ({ detail }) => console.log(detail.code));
player.startTime = Date.now();
player.stats = true;
const group = new SyncGroup(document.querySelectorAll('sluice-player'));
group.addEventListener('timechange', ({ detail }) => console.log(detail.timeMs, stats?.fps));
`;

test('the example of the documentation compiles in a strict project, set up as it says', async () => {
  const text = await read('docs/embedding.md');
  const [, paths = '{}'] = /```json\n(.*?)```/s.exec(text) ?? [];
  const [, example = ''] = /```ts\n(.*?)```/s.exec(text) ?? [];
  const dir = await mkdtemp(join(tmpdir(), 'sluice-types-'));
  try {
    const { compilerOptions } = JSON.parse(paths) as { compilerOptions: object };
    const strict = { strict: true, exactOptionalPropertyTypes: true, noEmit: true, types: [] };
    const modern = { target: 'es2022', module: 'esnext', moduleResolution: 'bundler' };
    const options = { ...compilerOptions, ...strict, ...modern, lib: ['es2022', 'dom', 'dom.iterable'] };
    await writeFile(
      join(dir, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: options, files: ['a.ts'] }),
    );
    await writeFile(join(dir, 'sluice-player.d.ts'), await read('client/public/sluice-player.d.ts'));
    await writeFile(join(dir, 'a.ts'), example + MORE);
    const told = await run(process.execPath, [pathOf('node_modules/typescript/bin/tsc'), '-p', dir]).then(
      () => '',
      ({ stdout }: { stdout: string }) => stdout,
    );
    expect(told).toBe('');
  } finally {
    await rm(dir, { recursive: true });
  }
}, 60_000);
