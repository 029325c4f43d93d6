import { existsSync, readFileSync } from 'node:fs';

/** @typedef {{ passed: number, failed: number, skipped: number }} Summary */

/**
 * Counts the tests in vitest's JSON report. A file that could not even be loaded counts as one failed test.
 * @param {any} report
 * @returns {Summary}
 */
export function summarise(report) {
  const summary = { passed: 0, failed: 0, skipped: 0 };
  for (const file of report.testResults) {
    let failedInFile = 0;
    for (const test of file.assertionResults) {
      if (test.status === 'passed') summary.passed += 1;
      else if (test.status === 'failed') failedInFile += 1;
      else summary.skipped += 1;
    }
    summary.failed += file.status === 'failed' ? Math.max(failedInFile, 1) : failedInFile;
  }
  return summary;
}

/**
 * @param {string} path Of vitest's JSON report.
 * @returns {Summary | undefined} Undefined where there is none, as when vitest was interrupted.
 */
export function readSummary(path) {
  return existsSync(path) ? summarise(JSON.parse(readFileSync(path, 'utf8'))) : undefined;
}

/**
 * @param {Summary} summary
 * @returns {string} The closing line that machines read.
 */
export function summaryLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
