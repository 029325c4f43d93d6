import { createHash } from 'node:crypto';
import { ERROR_TABLE } from '../../shared/errors.ts';

const STYLE = `
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --accent: #2563eb; }
@media (prefers-color-scheme: dark) { :root { --accent: #93c5fd; } }
body { font: 16px/1.55 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { margin-bottom: 0; }
h2 { margin-top: 3rem; text-transform: capitalize; }
article { border: 1px solid var(--line); border-radius: .5rem; margin: 1rem 0; padding: .75rem 1rem; }
article > h3 { margin: 0; font: 600 1rem/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
.method { color: var(--accent); display: inline-block; min-width: 5rem; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; }
tr > :first-child { width: 4.5rem; }
tr > :nth-child(3) { width: 17rem; }
td, th { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; border-top: 1px solid var(--line); }
pre { background: var(--soft); border-radius: .25rem; padding: .75rem; overflow: auto; font-size: .85rem; }
.wide tr > :first-child { width: 16rem; }
.note { opacity: .75; }
`;

type Operation = {
  summary: string;
  description?: string;
  tags: string[];
  security: unknown[];
  parameters?: ReadonlyArray<{ name: string; in: string; required?: boolean; description?: string }>;
  requestBody?: { content: Record<string, { schema: unknown }> };
  responses: Record<string, { description: string; content?: Record<string, { schema: unknown }> }>;
};

/** The parts of the OpenAPI document that the page shows; our own `openApiDocument` makes it. */
export interface DocumentForPage {
  info: { title: string; version: string; description: string };
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, unknown> };
}

/**
 * The API for people to read: one page without scripts or outside requests, made from the OpenAPI document. Its
 * style is let in by hash, so the policy has no hole for others.
 */
export function docsPage(document: DocumentForPage): { html: string; contentSecurityPolicy: string } {
  const hash = createHash('sha256').update(STYLE).digest('base64');
  const { info } = document;
  const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escapeHtml(info.title)} API</title><style>${STYLE}</style></head><body>
<h1>${escapeHtml(info.title)} API</h1>
<p class="note">Version ${escapeHtml(info.version)} · <a href="/api/openapi.json">OpenAPI 3.1</a> · <a href="/">control room</a></p>
<p>${escapeHtml(info.description)}</p>
<p>Where a token is set, send it as <code>Authorization: Bearer TOKEN</code>; for GET and WHEP
<code>?access_token=TOKEN</code> will do.</p>
${sections(document)}
<h2>Errors</h2>${errorTable()}
<h2>Schemas</h2>${Object.entries(document.components.schemas).map(schemaBlock).join('\n')}
</body></html>`;
  return {
    html,
    contentSecurityPolicy: `default-src 'none';style-src 'sha256-${hash}';base-uri 'none';form-action 'none';frame-ancestors 'none'`,
  };
}

function sections(document: DocumentForPage): string {
  const articlesByTag = new Map<string, string[]>();
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      const tag = operation.tags[0] ?? 'other';
      articlesByTag.set(tag, [...(articlesByTag.get(tag) ?? []), article(method, path, operation)]);
    }
  }
  return [...articlesByTag]
    .map(([tag, articles]) => `<h2>${escapeHtml(tag)}</h2>${articles.join('\n')}`)
    .join('\n');
}

function article(method: string, path: string, operation: Operation): string {
  const open = operation.security.length === 0 ? ' <span class="note">(public)</span>' : '';
  const body = Object.entries(operation.requestBody?.content ?? {}).map(
    ([type, { schema }]) => `<p>Body: <code>${escapeHtml(type)}</code></p>${schemaText(schema)}`,
  );
  const parameters = (operation.parameters ?? [])
    .filter((parameter) => parameter.in === 'query')
    .map(
      ({ name, required, description }) =>
        `<tr><th>${escapeHtml(name)}</th><td>${required === true ? '' : 'optional; '}${escapeHtml(description ?? '')}</td></tr>`,
    );
  const query = parameters.length === 0 ? '' : `<table class="wide">${parameters.join('')}</table>`;
  const rows = Object.entries(operation.responses).map(
    ([status, response]) =>
      `<tr><th>${escapeHtml(status)}</th><td>${escapeHtml(response.description)}</td>` +
      `<td>${Object.keys(response.content ?? {})
        .map(escapeHtml)
        .join(', ')}</td></tr>`,
  );
  return `<article><h3><span class="method">${escapeHtml(method.toUpperCase())}</span> ${escapeHtml(path)}</h3>
<p>${escapeHtml(operation.summary)}${open} ${escapeHtml(operation.description ?? '')}</p>${query}${body.join('')}
<table>${rows.join('')}</table></article>`;
}

function schemaText(schema: unknown): string {
  if (typeof schema === 'object' && schema !== null && '$ref' in schema) {
    const name = String(schema.$ref).split('/').at(-1) ?? '';
    return `<p>Schema: <a href="#${escapeHtml(name)}">${escapeHtml(name)}</a></p>`;
  }
  return `<pre>${escapeHtml(JSON.stringify(schema, undefined, 2))}</pre>`;
}

function schemaBlock([name, schema]: [string, unknown]): string {
  return `<article id="${escapeHtml(name)}"><h3>${escapeHtml(name)}</h3>${schemaText(schema)}</article>`;
}

function errorTable(): string {
  const rows = Object.entries(ERROR_TABLE).map(
    ([code, { status, retryable }]) =>
      `<tr><th>${code}</th><td>${status}</td><td>${retryable ? 'trying again may help' : ''}</td></tr>`,
  );
  return `<table class="wide">${rows.join('')}</table>`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
