/** `npm run check:recordings -- DIR [--deep]`: proves that what the index tells and what lies on the disk agree. */

import { parseArgs } from 'node:util';
import { type CheckReport, checkRecordings } from './check.ts';

const HELP = `Checks recordings: every segment that the index tells of is there and whole, and nothing else.

Usage: npm run check:recordings -- DIR [--deep] [--stopped]

  DIR         the folder that holds "recordings" (dataDir, or an application's dir)
  --deep      read every file in full: its checksum, and whether it plays from start to end
  --stopped   the gateway was stopped in order, so nothing may be unfinished

It changes nothing. Exit status 0: all is well; 1: it is not; 2: it could not be checked.
`;

function print(report: CheckReport): void {
  const gib = (report.bytes / 1024 ** 3).toFixed(2);
  process.stdout.write(
    `${report.recordingsDir}: streams ${report.streams}, segments ${report.segments} (${gib} GiB), files to be unlinked ${report.garbage}, open hours ${report.openHours}\n`,
  );
  for (const { invariant, message } of report.violations) process.stdout.write(`[${invariant}] ${message}\n`);
  process.stdout.write(
    report.violationCount === 0
      ? 'All is well.\n'
      : `Wrong: ${report.violationCount}${report.violationCount > report.violations.length ? `; the first ${report.violations.length} are listed` : ''}.\n`,
  );
}

function main(): number {
  const { values, positionals } = parseArgs({
    options: { deep: { type: 'boolean' }, stopped: { type: 'boolean' }, help: { type: 'boolean' } },
    allowPositionals: true,
  });
  const [dir] = positionals;
  if (values.help === true || dir === undefined || positionals.length > 1) {
    process.stdout.write(HELP);
    return values.help === true ? 0 : 2;
  }
  const report = checkRecordings(dir, { isDeep: values.deep === true, isStopped: values.stopped === true });
  print(report);
  return report.violationCount === 0 ? 0 : 1;
}

try {
  process.exitCode = main();
} catch (failure) {
  process.stderr.write(`${failure instanceof Error ? failure.message : String(failure)}\n`);
  process.exitCode = 2;
}
