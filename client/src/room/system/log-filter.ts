import type { LogLine } from '../../../../shared/system.ts';

export type Level = LogLine['level'];
export const LEVELS = ['debug', 'info', 'warn', 'error'] as const satisfies readonly Level[];

/** Lines of at least that level in which all words stand. */
export function filterLines(lines: readonly LogLine[], level: Level, search: string): LogLine[] {
  const from = LEVELS.indexOf(level);
  const words = search
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  return lines.filter((line) => {
    if (LEVELS.indexOf(line.level) < from) return false;
    const text = `${line.stream ?? ''} ${line.level} ${line.message}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}
