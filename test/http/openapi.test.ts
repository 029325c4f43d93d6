import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EdgeApp, HOST, startEdgeApp } from '../support/edge-app.ts';

let edge: EdgeApp;
beforeEach(async () => {
  edge = await startEdgeApp();
});
afterEach(() => edge.close());

const get = (url: string) => edge.app.inject({ url, headers: { host: HOST } });
const asOpenApi = (url: string) => url.replace(/:(\w+)/g, '{$1}').replace('*', '{path}');

function* nodesOf(value: unknown): Generator<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield value as Record<string, unknown>;
  for (const child of Object.values(value)) yield* nodesOf(child);
}

describe('the OpenAPI document', () => {
  it('holds every route that is registered, and no other', async () => {
    const registered = edge.routes
      .flatMap(({ method, url }) => [method].flat().map((name) => `${name} ${asOpenApi(url)}`))
      // Fastify adds HEAD to every GET.
      .filter((route) => !route.startsWith('HEAD '));
    const { paths } = (await get('/api/openapi.json')).json();
    const described = Object.entries<object>(paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(registered.length).toBeGreaterThan(15);
    expect([...new Set(described)].sort()).toEqual([...new Set(registered)].sort());
  });

  it('is OpenAPI 3.1, with every reference leading somewhere and every path parameter described', async () => {
    const document = (await get('/api/openapi.json')).json();
    expect(document.openapi).toBe('3.1.0');
    for (const node of nodesOf(document)) {
      if (typeof node.$ref !== 'string') continue;
      const name = node.$ref.replace('#/components/schemas/', '');
      expect(Object.keys(document.components.schemas)).toContain(name);
    }
    for (const [path, operations] of Object.entries<
      Record<string, { parameters?: Array<{ name: string; in: string }> }>
    >(document.paths)) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      for (const [method, operation] of Object.entries(operations)) {
        expect(
          (operation.parameters ?? []).filter((one) => one.in === 'path').map(({ name }) => name),
          `${method} ${path}`,
        ).toEqual(inPath);
      }
    }
  });

  it('describes what the schemas check', async () => {
    const { components } = (await get('/api/openapi.json')).json();
    const { StreamDefinition, Stream } = components.schemas;
    expect(StreamDefinition.required).toEqual(['name', 'source']);
    expect(StreamDefinition.additionalProperties).toBe(false);
    expect(StreamDefinition.properties.source.properties.transport.enum).toEqual(['auto', 'tcp', 'udp']);
    expect(Object.keys(Stream.properties)).toContain('state');
    expect(JSON.stringify(Stream)).not.toContain('"password"');
  });

  it('says which routes are public', async () => {
    const { paths } = (await get('/api/openapi.json')).json();
    expect(paths['/healthz'].get.security).toEqual([]);
    expect(paths['/api/v1/streams'].get.security).toEqual([{ bearer: [] }, { query: [] }, { cookie: [] }]);
    expect(paths['/api/v1/streams'].post.security).toEqual([{ bearer: [] }, { cookie: [] }]);
  });
});

describe('the page for people', () => {
  it('shows every route, asks nothing of anybody else and runs no script', async () => {
    const answer = await get('/docs');
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
    const { paths } = (await get('/api/openapi.json')).json();
    for (const path of Object.keys(paths)) expect(answer.body).toContain(path);
    expect(answer.body).not.toMatch(/<script|src=|https?:\/\//);
    expect(answer.body).toContain('&#60;sluice-player&#62;');
    expect(answer.headers['content-security-policy']).toMatch(/^default-src 'none';style-src 'sha256-/);
  });
});
