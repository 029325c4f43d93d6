import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../server/base/clock.ts';
import { SqliteCatalog } from '../../server/catalog/index.ts';
import { Layouts } from '../../server/gateway/index.ts';
import { layoutRoutes } from '../../server/http/index.ts';
import { type Layout, layoutSchema, MAX_LAYOUTS } from '../../shared/layouts.ts';
import { type EdgeApp, HOST, startEdgeApp, TOKEN } from '../support/edge-app.ts';

let dataDir: string;
let catalog: SqliteCatalog;
let edge: EdgeApp;

const openCatalog = () => new SqliteCatalog({ dataDir, clock: systemClock });

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'sluice-layouts-'));
  catalog = openCatalog();
  edge = await startEdgeApp({ apiToken: TOKEN, routes: layoutRoutes(new Layouts(catalog)) });
});
afterEach(async () => {
  await edge.close();
  await catalog.close();
  rmSync(dataDir, { recursive: true });
});

async function ask(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, payload?: object) {
  const answer = await edge.app.inject({
    method,
    url: `/api/v1/layouts${path}`,
    headers: { host: HOST, authorization: `Bearer ${TOKEN}` },
    ...(payload === undefined ? {} : { payload }),
  });
  return {
    status: answer.statusCode,
    headers: answer.headers,
    body: answer.body === '' ? '' : answer.json(),
  };
}

const entry = { title: 'Entrances', columns: 2, tiles: ['live/front-door', null, 'live/gate', 'yard/back'] };

describe('layouts', () => {
  it('are saved, listed by title, read, changed and removed', async () => {
    const made = await ask('POST', '', entry);
    expect(made.status).toBe(201);
    const layout: Layout = layoutSchema.parse(made.body);
    expect(layout).toEqual({ id: layout.id, ...entry });
    expect(made.headers.location).toBe(`/api/v1/layouts/${layout.id}`);
    await ask('POST', '', { ...entry, title: 'Floor 10' });
    await ask('POST', '', { ...entry, title: 'Floor 2' });
    const titles = (await ask('GET', '')).body.layouts.map(({ title }: Layout) => title);
    expect(titles).toEqual(['Entrances', 'Floor 2', 'Floor 10']);
    const changed = await ask('PATCH', `/${layout.id}`, { title: ' Doors ', tiles: [null, 'gate'] });
    // A bare name belongs to the app `live`, as everywhere.
    expect(changed.body).toEqual({ id: layout.id, title: 'Doors', columns: 2, tiles: [null, 'live/gate'] });
    expect((await ask('GET', `/${layout.id}`)).body).toEqual(changed.body);
    expect((await ask('DELETE', `/${layout.id}`)).status).toBe(204);
    for (const method of ['GET', 'DELETE'] as const)
      expect((await ask(method, `/${layout.id}`)).body.error.code).toBe('LAYOUT_NOT_FOUND');
  });

  it('outlive a restart, and a damaged one costs only itself', async () => {
    const { id } = (await ask('POST', '', entry)).body;
    await ask('POST', '', { ...entry, title: 'Damaged' });
    await catalog.close();
    const database = new DatabaseSync(join(dataDir, 'sluice.db'));
    database.prepare(`UPDATE layouts SET layout = '{"id":' WHERE id <> ?`).run(id);
    database.close();
    catalog = openCatalog();
    expect(await catalog.layouts()).toEqual([{ id, ...entry }]);
  });

  it.each([
    ['no title', { ...entry, title: '  ' }],
    ['seven columns', { ...entry, columns: 7 }],
    ['37 tiles', { ...entry, tiles: Array.from({ length: 37 }, () => null) }],
    ['no tile', { ...entry, tiles: [] }],
    ['a tile that is no stream', { ...entry, tiles: ['../etc/passwd'] }],
    ['an id of its own', { ...entry, id: 'mine' }],
  ])('are refused with %s', async (_, body) => {
    const refused = await ask('POST', '', body);
    expect([refused.status, refused.body.error.code]).toEqual([400, 'BAD_REQUEST']);
  });

  it('are limited in number, with what to do about it', async () => {
    for (let made = 0; made < MAX_LAYOUTS - 2; made += 1) {
      await catalog.putLayout({ id: `l${made}`, title: `Wall ${made}`, columns: 1, tiles: [null] });
    }
    let reads = 0;
    const { layouts } = catalog;
    catalog.layouts = () => {
      reads += 1;
      return layouts.call(catalog);
    };
    const made = await Promise.all(Array.from({ length: 12 }, () => ask('POST', '', entry)));
    expect(made.filter(({ status }) => status === 201)).toHaveLength(2);
    expect((await ask('GET', '')).body.layouts).toHaveLength(MAX_LAYOUTS);
    // To check them all takes longer than media can wait each time.
    expect(reads).toBe(1);
    const refused = await ask('POST', '', entry);
    expect(refused.status).toBe(409);
    expect(refused.body.error.message).toBe('There are 100 layouts already; remove one first.');
  });

  it('ask for the token', async () => {
    const answer = await edge.app.inject({ url: '/api/v1/layouts', headers: { host: HOST } });
    expect(answer.statusCode).toBe(401);
  });
});
