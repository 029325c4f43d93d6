import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

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
    (name) => name !== 'addEventListener',
  );
  expect(own.length).toBeGreaterThan(10);
  expect(told).toEqual(own);
  const group = await read('client/src/player/sync/sync-group.ts');
  const ofGroup = members(group, 'export class SyncGroup').filter((name) => !INTERNAL.has(name));
  expect(ofGroup.length).toBeGreaterThan(5);
  expect(
    members(published, 'export declare class SyncGroup').filter(
      (name) => name !== 'addEventListener' && !INTERNAL.has(name),
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
