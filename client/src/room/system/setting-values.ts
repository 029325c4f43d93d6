import type { Setting, SettingValue } from '../../../../shared/system.ts';

const GB = 1e9;

/** A setting as it stands in its field. */
export function fieldText({ kind }: Pick<Setting, 'kind'>, value: SettingValue): string {
  if (value === null) return '';
  if (kind === 'bytes' && typeof value === 'number') return String(Math.round((value / GB) * 1000) / 1000);
  return String(value);
}

/** What a field says; undefined where it is none that could be sent. Empty is the default. */
export function fieldValue({ kind }: Pick<Setting, 'kind'>, text: string): SettingValue | undefined {
  const plain = text.trim();
  if (plain === '') return null;
  switch (kind) {
    case 'switch':
      return plain === 'true';
    case 'number':
    case 'days':
    case 'milliseconds':
    case 'bytes': {
      // As people write it, with a comma too.
      const value = Number(plain.replace(',', '.'));
      if (!Number.isFinite(value)) return undefined;
      return kind === 'bytes' ? Math.round(value * GB) : value;
    }
    default:
      return plain;
  }
}
