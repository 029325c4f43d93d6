import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const spec = readFileSync(new URL('../../docs/signaling.md', import.meta.url), 'utf8');
const rules = [...spec.matchAll(/^- \*\*(SG\d+)\*\*/gm)].map((match) => match[1] ?? '');
const titles = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith('.test.ts') && name !== 'rules.test.ts')
  .flatMap((name) => {
    const text = readFileSync(new URL(name, import.meta.url), 'utf8');
    // The title of a test begins with the ids of the rules it proves: 'SG3, SG5: ...'.
    return [...text.matchAll(/['"`]((?:SG\d+, )*SG\d+): /g)].flatMap((match) => (match[1] ?? '').split(', '));
  });

describe('docs/signaling.md', () => {
  it('has rules, each with an id of its own', () => {
    expect(rules.length).toBeGreaterThan(20);
    expect(new Set(rules).size).toBe(rules.length);
  });

  it('has a test for every rule', () => {
    expect(rules.filter((rule) => !titles.includes(rule))).toEqual([]);
  });

  it('has a rule for every id that a test quotes', () => {
    expect(titles.filter((id) => !rules.includes(id))).toEqual([]);
  });

  it('names no rule in its text that there is not', () => {
    const named = [...spec.matchAll(/\bSG\d+\b/g)].map((match) => match[0]);
    expect(named.filter((id) => !rules.includes(id))).toEqual([]);
  });
});
