import { readFileSync } from 'node:fs';
import { type Document, isMap, isPair, isScalar, LineCounter, parseDocument } from 'yaml';
import { streamId } from '../../../shared/names.ts';
import { type StreamDefinition, streamDefinitionSchema } from '../../../shared/stream.ts';
import { inputIssues } from '../schema-issues.ts';
import { readEnvironment } from './environment.ts';
import { type Settings, settingsSchema } from './settings.ts';

/** A setting that stops the start: each line says file, line, key and what was expected. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

export interface LoadedConfig {
  readonly settings: Settings;
  /** The streams of the file, complete. */
  readonly streams: readonly StreamDefinition[];
  /** What file and environment set, for whoever sets the rest. */
  readonly given: GivenSettings;
  /** Undefined where there is no file. */
  readonly file: string | undefined;
}

/** The settings as they were given, before defaults and without streams. */
export interface GivenSettings {
  readonly plain: Readonly<Record<string, unknown>>;
  /** Of a key such as `recording.keepDays`: what set it, if anything did. */
  setBy(key: string): 'file' | 'environment' | undefined;
}

export interface LoadOptions {
  /** `--config FILE`: has to be there. Otherwise `sluice.yaml` in the working directory, if there is one. */
  readonly file: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const DEFAULT_FILE = 'sluice.yaml';

/** Reads file and environment. Throws `ConfigError` with every problem at once. */
export function loadConfig(options: LoadOptions): LoadedConfig {
  const file = options.file ?? DEFAULT_FILE;
  const text = readText(file, options.file !== undefined);
  return { ...parseConfig(text ?? '', file, options.env), file: text === undefined ? undefined : file };
}

/** Checks the text of a configuration file together with the environment. Throws `ConfigError`. */
export function parseConfig(text: string, file: string, env: LoadOptions['env']): Omit<LoadedConfig, 'file'> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    throw new ConfigError(
      document.errors.map((error) => `${file}:${lines.linePos(error.pos[0]).line}: ${error.message}`),
    );
  }
  const root = toPlain(document, file);
  const environment = readEnvironment(env);
  const problems = environment.issues.map((issue) => `environment: ${issue.name} ${issue.message}`);
  const setBy = new Map<string, string>();
  for (const { name, path, value } of environment.values) {
    setIn(root, path, value);
    setBy.set(path.join('.'), name);
  }
  const parsed = settingsSchema.safeParse(root);
  if (!parsed.success) {
    for (const issue of inputIssues(parsed.error)) {
      const name = setBy.get(issue.path);
      const where = name === undefined ? `${file}:${lineOf(document, lines, issue)}` : `environment: ${name}`;
      problems.push(`${where}: ${issue.path === '' ? 'the file' : issue.path} ${issue.message}`);
    }
  }
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  const { streams: _, ...plain } = root;
  return {
    settings: parsed.data,
    streams: streamsOf(parsed.data),
    given: {
      plain,
      setBy: (key) =>
        setBy.has(key) ? 'environment' : valueAt(root, key.split('.')) === undefined ? undefined : 'file',
    },
  };
}

/** The value at a path of keys; undefined where there is none. */
export function valueAt(root: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, key)
        ? (value as Record<string, unknown>)[key]
        : undefined,
    root,
  );
}

function readText(file: string, required: boolean): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (failure) {
    const code = failure instanceof Error && 'code' in failure ? failure.code : undefined;
    if (code === 'ENOENT' && !required) return undefined;
    const why = code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${String(code)})`;
    throw new ConfigError([`${file}: ${why}; give the path of a YAML file with --config`]);
  }
}

function toPlain(document: Document.Parsed, file: string): Record<string, unknown> {
  if (document.contents === null) return {};
  if (!isMap(document.contents)) throw new ConfigError([`${file}:1: the file must be a map of settings`]);
  try {
    return document.toJS({ maxAliasCount: 100 }) as Record<string, unknown>;
  } catch (failure) {
    throw new ConfigError([`${file}: ${failure instanceof Error ? failure.message : 'cannot be read'}`]);
  }
}

/** Sets the value at a path of keys; objects on the way are copied, so that no other holder of them sees it. */
export function setIn(root: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [key, ...rest] = path;
  if (key === undefined) return;
  if (rest.length === 0) {
    root[key] = value;
    return;
  }
  const child = root[key];
  const next: Record<string, unknown> =
    typeof child === 'object' && child !== null && !Array.isArray(child) ? { ...child } : {};
  root[key] = next;
  setIn(next, rest, value);
}

/** The line of the deepest part of the path that is in the file; of the key itself where that is unknown. */
function lineOf(
  document: Document.Parsed,
  lines: LineCounter,
  issue: { path: string; message: string },
): number {
  const unknownKey = /^has unknown keys: "([^"]+)"/.exec(issue.message)?.[1];
  const parts = issue.path === '' ? [] : issue.path.split('.');
  if (unknownKey !== undefined) parts.push(unknownKey);
  let node: unknown = document.contents;
  let offset = 0;
  for (const part of parts) {
    if (!isMap(node)) break;
    const pair = node.items.find(
      (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === part,
    );
    if (pair === undefined || !isScalar(pair.key)) break;
    offset = pair.key.range?.[0] ?? offset;
    node = pair.value;
  }
  return lines.linePos(offset).line;
}

function streamsOf(settings: Settings): StreamDefinition[] {
  return Object.entries(settings.streams).map(([id, body]) => {
    const [app = '', name = ''] = id.split('/');
    const definition = streamDefinitionSchema.safeParse({ app, name, ...body });
    // The body passed the same rules a moment ago, so this is a bug of ours, not of the file.
    if (!definition.success) throw new Error(`stream ${streamId(app, name)}: ${definition.error.message}`);
    return definition.data;
  });
}
