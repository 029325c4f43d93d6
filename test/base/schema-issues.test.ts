import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { describeIssues, inputIssues } from '../../server/base/schema-issues.ts';

function told(schema: z.ZodType, value: unknown): string {
  const parsed = schema.safeParse(value);
  return parsed.success ? 'fits' : describeIssues(inputIssues(parsed.error), 'the whole');
}

const either = z.union([
  z.boolean(),
  z.strictObject({ kind: z.enum(['a', 'b']), size: z.number().int().max(9) }),
]);

describe('what a failed check is told as', () => {
  it.each<[z.ZodType, unknown, string]>([
    [z.string(), 7, 'the whole must be a string, but is a number'],
    [z.object({ a: z.number() }), {}, 'a is missing; expected a number'],
    [z.object({ a: z.number().int() }), { a: 1.5 }, 'a must be a whole number'],
    [z.object({ a: z.array(z.string()) }), { a: [1] }, 'a.0 must be a string, but is a number'],
    [z.strictObject({}), { b: 1 }, 'the whole has unknown keys: "b"'],
    [z.enum(['x', 'y']), 'z', 'the whole must be one of "x", "y"'],
    [z.string().max(2), 'abc', 'the whole is too big: expected string to have <=2 characters'],
    [z.string().min(2, 'must be long'), 'a', 'the whole must be long'],
    [z.record(z.string().regex(/^b/, 'must begin with b'), z.any()), { a: 1 }, 'a must begin with b'],
    [z.string().refine(() => false, { message: 'must be odd' }), 'a', 'the whole must be odd'],
    [z.string().refine(() => false, { message: 'Odd one' }), 'a', 'the whole is not right: odd one'],
    [z.object({ e: either }), { e: { kind: 'c', size: 1 } }, 'e.kind must be one of "a", "b"'],
    [
      z.object({ e: either }),
      { e: 'text' },
      'e does not fit any of the shapes expected: a boolean or an object',
    ],
  ])('%#', (schema, value, text) => {
    expect(told(schema, value)).toBe(text);
  });

  it('is bounded, in number and in length of names', () => {
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`k${index}`, 1]));
    const schema = z.object(Object.fromEntries(Object.keys(many).map((key) => [key, z.string()])));
    expect(told(schema, many).split('; ')).toHaveLength(8);
    expect(told(z.strictObject({}), { ['x'.repeat(5000)]: 1 }).length).toBeLessThan(120);
  });

  it('never repeats a value', () => {
    expect(told(z.object({ p: z.enum(['a']) }), { p: 'canary' })).not.toContain('canary');
    expect(told(z.object({ p: z.url() }), { p: 'canary' })).not.toContain('canary');
  });
});
