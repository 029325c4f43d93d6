import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { VARIABLES } from '../server/base/config/environment.ts';
import { WAIT_REASONS } from '../shared/errors.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

function markdownFiles(): string[] {
  const inDocs = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' });
  return [
    'README.md',
    'CHANGELOG.md',
    ...inDocs.filter((file) => file.endsWith('.md')).map((file) => `docs/${file}`),
  ];
}

describe('documentation', () => {
  it('lists every environment variable, and no other', () => {
    const text = readFileSync(join(ROOT, 'docs/settings.md'), 'utf8');
    const named = new Set(text.match(/SLUICE_[A-Z_]+/g));
    expect([...named].sort()).toEqual([...VARIABLES.keys()].sort());
  });

  it('names every metric, and no other', () => {
    const metrics = (file: string) => readFileSync(join(ROOT, file), 'utf8').match(/sluice_[a-z_]+/g);
    const named = new Set(metrics('docs/metrics.md'));
    expect([...named].sort()).toEqual([...new Set(metrics('server/gateway/metrics.ts'))].sort());
  });

  it('tells what each reason to wait and each piece of advice means', () => {
    const text = readFileSync(join(ROOT, 'docs/cameras.md'), 'utf8');
    const source = ['camera-advice', 'not-live-advice']
      .map((name) => readFileSync(join(ROOT, `server/gateway/${name}.ts`), 'utf8'))
      .join('');
    const advice = [...source.matchAll(/\b(?:(?:problem|warning|note)\(|code:)\s*'(\w+)'/g)].map(
      (match) => match[1],
    );
    expect(advice.length).toBeGreaterThan(20);
    expect([...WAIT_REASONS, ...advice].filter((code) => !text.includes(`\`${code}\``))).toEqual([]);
  });

  it('shows every picture that it has, each small enough to be read over a slow line', () => {
    const text = markdownFiles()
      .map((file) => readFileSync(join(ROOT, file), 'utf8'))
      .join('');
    const pictures = readdirSync(join(ROOT, 'docs/images'));
    expect(pictures.filter((name) => !text.includes(`images/${name}`))).toEqual([]);
    const large = pictures.filter((name) => statSync(join(ROOT, 'docs/images', name)).size > 150_000);
    expect(large).toEqual([]);
  });

  it('links to files that are there', () => {
    const broken = markdownFiles().flatMap((file) => {
      const text = readFileSync(join(ROOT, file), 'utf8');
      const targets = [...text.matchAll(/(?:\]\(|<img src=")(?!https?:|#|mailto:)([^)"#\s]+)/g)].map(
        (match) => match[1] ?? '',
      );
      return targets.filter((target) => {
        const stats = statSync(join(ROOT, dirname(file), target), { throwIfNoEntry: false });
        return stats === undefined;
      });
    });
    expect(broken).toEqual([]);
  });
});
