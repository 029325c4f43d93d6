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

/** How much is told; it may be changed while the logger and its children are in use. */
export interface LogGate {
  level: LogLevel;
}

const RANKS: Readonly<Record<LogLevel, number>> = { debug: 20, info: 30, warn: 40, error: 50, silent: 99 };

/** With a gate in place of a level the level can be changed later; pino's own children keep theirs for good. */
export function createLogger(
  level: LogLevel | LogGate,
  destination: NodeJS.WritableStream = process.stderr,
): Logger {
  if (typeof level === 'object') return gated(pinoLogger('debug', destination), level);
  return pinoLogger(level, destination);
}

function gated(log: Logger, gate: LogGate): Logger {
  const tell = (level: Exclude<LogLevel, 'silent'>) => (fields: object, message: string) => {
    if (RANKS[gate.level] <= RANKS[level]) log[level](fields, message);
  };
  return {
    debug: tell('debug'),
    info: tell('info'),
    warn: tell('warn'),
    error: tell('error'),
    child: (fields) => gated(log.child(fields), gate),
  };
}

function pinoLogger(level: LogLevel, destination: NodeJS.WritableStream): Logger {
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
