import { pino } from 'pino';

/**
 * Structured log. Rubric: `info` tells exactly one line per meaningful lifecycle transition; nothing that can
 * fire more than about once a second; no secret ever (see redact.ts). Context is bound at construction.
 */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(fields: object): Logger;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export function createLogger(level: LogLevel, destination: NodeJS.WritableStream = process.stderr): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: ['password', '*.password', 'token', '*.token', 'authorization', '*.authorization'],
        censor: '***',
      },
    },
    destination,
  );
}

/** The same logger, with everything but errors told at `debug`: for what only looks like news to a user. */
export function quieted(log: Logger): Logger {
  const debug = (fields: object, message: string) => log.debug(fields, message);
  return {
    debug,
    info: debug,
    warn: debug,
    error: (fields, message) => log.error(fields, message),
    child: (fields) => quieted(log.child(fields)),
  };
}

/** A logger that says nothing, for tests and tools. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child() {
    return silentLogger;
  },
};
