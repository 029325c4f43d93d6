import type { BulkRequest } from '../../../shared/probe.ts';
import { readCsv } from './csv.ts';
import type { ReadRow } from './rows.ts';
import { readYaml } from './yaml.ts';

/** Takes a list of cameras apart. Never throws, but for what is nested too deep for any stack. */
export function readRows(format: BulkRequest['format'], text: string): ReadRow[] {
  return format === 'csv' ? readCsv(text) : readYaml(text);
}
