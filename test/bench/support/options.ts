import { parseArgs } from 'node:util';
import { err, ok, type Result } from '../../../shared/result.ts';
import type { Bench, BenchOptions } from './bench.ts';

/** Also long enough for Chromium's jitter buffer to settle. */
const SETTLE_MS = 3000;

export interface CommandLine extends BenchOptions {
  readonly help: boolean;
  /** Which benches to run, in the order of the list. */
  readonly names: readonly string[];
  readonly jsonFile: string | undefined;
}

export function helpText(benches: readonly Bench[]): string {
  return [
    'Usage: npm run bench [-- NAME...] [OPTIONS]',
    '',
    ...benches.map((bench) => `  ${bench.name.padEnd(12)}${bench.summary}`),
    '',
    '  --seconds N  length of each measurement (default 20, at most 60)',
    '  --cameras N  cameras of the full load (default 20, at most 100)',
    '  --joins N    clicks of each part of the join bench (default 20, at most 40)',
    '  --json FILE  writes the figures to a file as well',
    '',
  ].join('\n');
}

/** Pure. */
export function parseOptions(args: readonly string[], known: readonly string[]): Result<CommandLine, string> {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (failure) {
    return err(failure instanceof Error ? failure.message : 'the arguments cannot be read');
  }
  const { values, positionals } = parsed;
  const unknown = positionals.find((name) => !known.includes(name));
  if (unknown !== undefined) return err(`There is no bench "${unknown}"; there are ${known.join(', ')}.`);
  const seconds = wholeNumber(values.seconds, { fallback: 20, max: 60 });
  const cameras = wholeNumber(values.cameras, { fallback: 20, max: 100 });
  const joins = wholeNumber(values.joins, { fallback: 20, max: 40 });
  if (seconds === undefined || cameras === undefined || joins === undefined) {
    return err('--seconds, --cameras and --joins take whole numbers from 1 to 60, 100 and 40.');
  }
  return ok({
    help: values.help === true,
    names: positionals.length === 0 ? known : positionals,
    seconds,
    settleMs: SETTLE_MS,
    cameras,
    joins,
    jsonFile: values.json,
  });
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h' },
      seconds: { type: 'string' },
      cameras: { type: 'string' },
      joins: { type: 'string' },
      json: { type: 'string' },
    },
  });
}

function wholeNumber(text: string | undefined, { fallback, max }: { fallback: number; max: number }) {
  if (text === undefined) return fallback;
  const value = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  return value >= 1 && value <= max ? value : undefined;
}
