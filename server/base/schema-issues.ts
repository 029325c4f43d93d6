import type { core, z } from 'zod';

/** One thing that is wrong with outside input: where, and what was expected there. */
export interface InputIssue {
  /** Dotted path of the field, for example `source.url`; empty for the whole. */
  readonly path: string;
  readonly message: string;
}

const MAX_ISSUES = 8;
const MAX_NAME_LENGTH = 64;
/** How a schema's own message about unknown keys begins, where it names those that there are. */
export const KNOWN_KEYS = 'known are';

/**
 * What a failed schema check found, in words for people. The values themselves are never repeated: one of them
 * may be a password.
 */
export function inputIssues(error: z.ZodError): InputIssue[] {
  return flatten(error.issues, []).slice(0, MAX_ISSUES);
}

/** All issues as one text, for example `source.url must be a string, but is missing`. */
export function describeIssues(issues: readonly InputIssue[], whole: string): string {
  return issues.map(({ path, message }) => `${path === '' ? whole : path} ${message}`).join('; ');
}

function flatten(issues: readonly core.$ZodIssue[], parent: readonly PropertyKey[]): InputIssue[] {
  return issues.flatMap((issue) => {
    const path = [...parent, ...issue.path];
    if (issue.code === 'invalid_union') {
      const nearest = nearestBranch(issue.errors);
      if (nearest !== undefined) return flatten(nearest, path);
    }
    return [{ path: pathText(path), message: predicate(issue) }];
  });
}

/**
 * Of the branches of a union the one that got furthest: whose first complaint lies deepest. Where all of them
 * complain about the value itself there is none.
 */
function nearestBranch(branches: readonly core.$ZodIssue[][]): core.$ZodIssue[] | undefined {
  let nearest: core.$ZodIssue[] | undefined;
  for (const branch of branches) {
    const ofTheValueItself = branch.every(
      (issue) => issue.code === 'invalid_type' && issue.path.length === 0,
    );
    if (branch.length === 0 || ofTheValueItself) continue;
    if (nearest === undefined || branch.length < nearest.length) nearest = branch;
  }
  return nearest;
}

function predicate(issue: core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type': {
      const received = /received (.+)$/.exec(issue.message)?.[1] ?? 'something else';
      const expected = article(issue.expected);
      if (issue.expected === 'int' && received === 'number') return `must be ${expected}`;
      return received === 'undefined'
        ? `is missing; expected ${expected}`
        : `must be ${expected}, but is ${article(received)}`;
    }
    case 'unrecognized_keys':
      return `has unknown keys: ${issue.keys
        .slice(0, MAX_ISSUES)
        .map((key) => `"${shownKey(key)}"`)
        .join(', ')}${issue.message.startsWith(KNOWN_KEYS) ? `; ${issue.message}` : ''}`;
    case 'invalid_value':
      return `must be one of ${issue.values.map((value) => JSON.stringify(value)).join(', ')}`;
    case 'too_big':
    case 'too_small':
      return isPredicate(issue.message) ? issue.message : `is ${lowerFirst(issue.message)}`;
    case 'invalid_key':
      // What is wrong with the key is told by the check of keys, such as "must look like live/front-door".
      return issue.issues[0] === undefined ? 'is no key that fits' : predicate(issue.issues[0]);
    case 'invalid_union':
      return `does not fit any of the shapes expected: ${expectedTypes(issue.errors)}`;
    default:
      return isPredicate(issue.message) ? issue.message : `is not right: ${lowerFirst(issue.message)}`;
  }
}

/** Whether a message goes on after the name of a field: one of our own, such as "must be at least 16 characters". */
function isPredicate(message: string): boolean {
  return /^(?:must|is|has|holds|names)\b/.test(message);
}

function expectedTypes(branches: readonly core.$ZodIssue[][]): string {
  const types = branches.flatMap((branch) =>
    branch.flatMap((issue) => (issue.code === 'invalid_type' ? [article(issue.expected)] : [])),
  );
  return [...new Set(types)].join(' or ') || 'another value';
}

function article(type: string): string {
  if (type === 'null' || type === 'undefined' || type === 'NaN') return type;
  if (type === 'int') return 'a whole number';
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}

function pathText(path: readonly PropertyKey[]): string {
  return path.map((part) => shorten(String(part))).join('.');
}

function shorten(text: string): string {
  return text.length <= MAX_NAME_LENGTH ? text : `${text.slice(0, MAX_NAME_LENGTH)}...`;
}

/**
 * As much of a key that nobody knows as is surely one: in YAML a blank that is missing makes a key of a value too, as in
 * `{password:hunter2}`.
 */
export function shownKey(key: string): string {
  const [name = ''] = /^[\p{L}\p{N} _./-]*/u.exec(key) ?? [];
  return name === key ? shorten(key) : `${shorten(name)}...`;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
