import { expect, test } from 'vitest';
import { readSummary, summarise, summaryLine } from '../../server/setup/test-summary.mjs';

const file = (status: string, ...tests: string[]) => ({
  status,
  assertionResults: tests.map((testStatus) => ({ status: testStatus })),
});

test('passed, failed and everything else is counted', () => {
  const testResults = [
    file('passed', 'passed', 'passed', 'pending'),
    file('failed', 'failed', 'passed', 'todo'),
  ];
  expect(summaryLine(summarise({ testResults }))).toBe('3 passed, 1 failed, 2 skipped');
});

test('a file that could not be loaded is a failure', () => {
  expect(summaryLine(summarise({ testResults: [file('passed', 'passed'), file('failed')] }))).toBe(
    '1 passed, 1 failed',
  );
});

test('without a report there is no summary', () => {
  expect(readSummary('/nonexistent/result.json')).toBeUndefined();
});
