import type { Readable } from 'node:stream';
import type { Clock } from './clock.ts';
import { redactUrl } from './redact.ts';

const KEPT_LINES = 20;
const KEPT_LINE_CHARS = 400;
const WINDOW_MS = 100;
/** What is looked at of a window's messages in full; of what comes beyond, the end of each chunk only. */
const READ_BYTES = 16 * 1024;
const GLANCE_BYTES = 1024;
/** Beyond this, 10 MB/s, the program has to wait with its messages. */
const TAKEN_BYTES = 1024 * 1024;

/** The last lines of a program's messages: bounded whatever it writes, and without secrets. */
export class MessageTail {
  readonly #secrets: readonly string[];
  readonly #lines: string[] = [];
  #partial = '';

  constructor(secrets: readonly string[]) {
    this.#secrets = secrets.filter((secret) => secret.length > 0);
  }

  push(chunk: Buffer): void {
    const parts = chunk.toString('utf8').split(/[\r\n]+/);
    for (const [index, part] of parts.entries()) {
      if (index > 0) this.#endLine();
      if (this.#partial.length < KEPT_LINE_CHARS * 4) this.#partial += part.slice(0, KEPT_LINE_CHARS * 4);
    }
  }

  lines(): readonly string[] {
    this.#endLine();
    return this.#lines.map((line) => this.#redact(line).slice(0, KEPT_LINE_CHARS));
  }

  #endLine(): void {
    const line = this.#partial.trimEnd();
    this.#partial = '';
    if (line === '') return;
    this.#lines.push(line);
    if (this.#lines.length > KEPT_LINES) this.#lines.shift();
  }

  #redact(line: string): string {
    let clean = line.replace(/[a-z][a-z0-9+.-]*:\/\/\S+/gi, redactUrl);
    for (const secret of this.#secrets) clean = clean.replaceAll(secret, '***');
    return clean;
  }
}

/**
 * Reads a program's messages into `tail`, so that a program which complains without end costs this process next to
 * nothing. Returns its undo.
 */
export function followMessages(messages: Readable, tail: MessageTail, clock: Clock): () => void {
  let windowEndsAtMs = 0;
  let takenBytes = 0;
  let cancelWait = () => {};
  const onData = (chunk: Buffer) => {
    const nowMs = clock.monotonicMs();
    if (nowMs >= windowEndsAtMs) {
      windowEndsAtMs = nowMs + WINDOW_MS;
      takenBytes = 0;
    }
    tail.push(takenBytes < READ_BYTES ? chunk.subarray(-READ_BYTES) : chunk.subarray(-GLANCE_BYTES));
    takenBytes += chunk.length;
    if (takenBytes < TAKEN_BYTES) return;
    messages.pause();
    cancelWait = clock.after(windowEndsAtMs - nowMs, () => messages.resume());
  };
  messages.on('data', onData);
  return () => {
    cancelWait();
    messages.off('data', onData);
    messages.resume();
  };
}
