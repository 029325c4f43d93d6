import type { LogLine } from '../../shared/system.ts';
import { harmless } from './log-pretty.ts';
import { redactUrl } from './redact.ts';

const MAX_LINES = 2_000;
const MAX_LINE_CHARS = 4_000;
const URL_IN_TEXT = /\b[a-z][a-z0-9+.-]{1,15}:\/\/[^\s"'<>]+/gi;
const LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/**
 * The newest lines of the log, for people who have no terminal at hand. It takes the lines as the logger writes them, in
 * which nothing secret stands by rule, and all the same takes out of every URL what could be one.
 */
export class LogRing {
  readonly #maxLines: number;
  #lines: { readonly seq: number; readonly json: string }[] = [];
  #seq = 0;

  constructor(maxLines = MAX_LINES) {
    this.#maxLines = maxLines;
  }

  /** A JSON line of the logger. What takes time is done when somebody reads. */
  push(json: string): void {
    this.#seq += 1;
    this.#lines.push({ seq: this.#seq, json: json.slice(0, MAX_LINE_CHARS * 2) });
    // Now and then, as moving all of them for each line would be a waste.
    if (this.#lines.length >= this.#maxLines * 1.25) this.#lines = this.#lines.slice(-this.#maxLines);
  }

  /** The newest `max` lines behind `after`, oldest first, and the number of the newest there is. */
  tail({ after = 0, max }: { after?: number | undefined; max: number }): {
    lines: LogLine[];
    newest: number;
  } {
    const lines = this.#lines.slice(-this.#maxLines).filter(({ seq }) => seq > after);
    return {
      lines: lines.slice(-max).map(({ seq, json }) => readLine(seq, json)),
      newest: this.#seq,
    };
  }
}

/** A destination for the logger that also fills the ring. */
export function teeToRing(ring: LogRing, target: NodeJS.WritableStream): NodeJS.WritableStream {
  // Of a stream the logger uses no more than this.
  const tee = {
    write(chunk: string): boolean {
      for (const line of chunk.split('\n')) if (line !== '') ring.push(line);
      return target.write(chunk);
    },
  };
  return tee as unknown as NodeJS.WritableStream;
}

function readLine(seq: number, json: string): LogLine {
  let entry: Record<string, unknown> = {};
  try {
    const parsed: unknown = JSON.parse(json);
    if (typeof parsed === 'object' && parsed !== null) entry = parsed as Record<string, unknown>;
  } catch {
    // A very long line was cut, or something else was written: shown as it is.
    entry = { msg: json };
  }
  const { level, time, msg, stream, part, err, ...rest } = entry;
  const fields = Object.entries(rest).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const failure = (err as { message?: unknown } | null | undefined)?.message;
  const message = [
    typeof part === 'string' ? `${part}: ` : '',
    String(msg ?? ''),
    failure === undefined ? '' : `: ${String(failure)}`,
    fields.length === 0 ? '' : `  (${fields.join(' ')})`,
  ].join('');
  const atMs = Date.parse(String(time ?? ''));
  return {
    seq,
    time: Number.isNaN(atMs) ? 0 : atMs,
    level: LEVELS.find((each) => each === level) ?? 'info',
    ...(typeof stream === 'string' ? { stream: harmless(stream) } : {}),
    message: withoutSecrets(harmless(message)).slice(0, MAX_LINE_CHARS),
  };
}

function withoutSecrets(text: string): string {
  return text.replace(URL_IN_TEXT, (url) => redactUrl(url));
}
