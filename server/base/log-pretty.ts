import { Writable } from 'node:stream';

const COLOURS: Record<string, string> = {
  debug: '\x1b[2m',
  info: '\x1b[36m',
  warn: '\x1b[33m',
  error: '\x1b[31m',
};
const RESET = '\x1b[0m';

/** Turns a JSON log line into one that a person reads in a terminal; what is no JSON passes as it is. */
export function prettyLine(line: string, withColour: boolean): string {
  let entry: unknown;
  try {
    entry = JSON.parse(line);
  } catch {
    return line;
  }
  if (typeof entry !== 'object' || entry === null) return line;
  const { level, time, msg, stream, part, err, ...rest } = entry as Record<string, unknown>;
  const label = String(level ?? 'info');
  const colour = withColour ? (COLOURS[label] ?? '') : '';
  const clock = String(time ?? '').slice(11, 19);
  const subject = [part, stream].filter((value) => typeof value === 'string').join(' ');
  const fields = Object.entries(rest)
    .map(([key, value]) => `${key}=${harmless(typeof value === 'string' ? value : JSON.stringify(value))}`)
    .join(' ');
  const failure = stackOf(err);
  return (
    `${clock} ${colour}${label.padEnd(5)}${withColour ? RESET : ''} ${subject === '' ? '' : `${subject}: `}` +
    `${harmless(String(msg ?? ''))}${fields === '' ? '' : `  (${fields})`}${failure === '' ? '' : `\n${failure}`}`
  );
}

function stackOf(err: unknown): string {
  if (typeof err !== 'object' || err === null) return '';
  const { stack, message } = err as { stack?: unknown; message?: unknown };
  return String(stack ?? message ?? '')
    .split('\n')
    .map(harmless)
    .join('\n');
}

/** A camera or a client may have put in escape sequences of terminals, line ends, or marks that turn text around. */
export function harmless(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]+/gu, ' ');
}

/** A destination for the logger: readable lines in a terminal. */
export function prettyStream(target: NodeJS.WritableStream, withColour: boolean): Writable {
  return new Writable({
    decodeStrings: false,
    write(chunk: string | Buffer, _encoding, done) {
      for (const line of String(chunk).split('\n'))
        if (line !== '') target.write(`${prettyLine(line, withColour)}\n`);
      done();
    },
  });
}
