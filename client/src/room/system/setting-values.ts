import type { Setting, SettingValue } from '../../../../shared/system.ts';
import { plainNumber } from '../i18n/formats.ts';

const GB = 1e9;

/** A setting as it stands in its field. */
export function fieldText({ kind }: Pick<Setting, 'kind'>, value: SettingValue): string {
  if (value === null) return '';
  // Without groups: a port of 8.080 would be read as another number.
  if (typeof value === 'number') return plainNumber(kind === 'bytes' ? value / GB : value, 3);
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
