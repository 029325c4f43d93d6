import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { failureText } from '../../client/src/room/api/failure-text.ts';
import { gatewayWords } from '../../client/src/room/api/gateway-words.ts';
import { language } from '../../client/src/room/i18n/index.ts';
import { adviceText, GERMAN_ADVICE } from '../../client/src/room/report/advice-words.ts';
import { fieldText, fieldValue } from '../../client/src/room/system/setting-values.ts';
import { inputIssues } from '../../server/base/schema-issues.ts';
import { ERROR_TABLE } from '../../shared/errors.ts';
import { streamDefinitionSchema } from '../../shared/stream.ts';

/** Told to programs alone: no button of the page leads to them. */
const FOR_PROGRAMS = new Set([
  ...['SESSION_NOT_FOUND', 'METHOD_NOT_FOUND', 'UNSUPPORTED_MEDIA_TYPE', 'RANGE_NOT_SATISFIABLE'],
  ...['NO_COMMON_CODEC', 'WEBRTC_UNSUITABLE', 'WORKER_DIED'],
]);
const ENGLISH = 'The gateway says this.';
const codes = Object.keys(ERROR_TABLE).filter((code) => !FOR_PROGRAMS.has(code));

afterEach(() => {
  language.value = 'en';
});

it('names a camera that is gone in words for people, also in English', () => {
  const message = 'There is no stream "live/door"; GET /api/v1/streams lists those there are.';
  expect(failureText({ code: 'STREAM_NOT_FOUND', message })).toMatch(/somebody removed it\. Go on/);
  expect(failureText({ code: 'PTZ_BUSY', message: ENGLISH })).toBe(ENGLISH);
});

describe('in German', () => {
  beforeEach(() => {
    language.value = 'de';
  });

  it.each(codes)('%s is told in German', (code) => {
    const told = failureText({ code, message: ENGLISH });
    expect(told.replace(` (${ENGLISH})`, '')).toMatch(/[a-zäöü]\.$/);
    expect(told.replace(` (${ENGLISH})`, '')).not.toContain(ENGLISH);
  });

  it('what is wrong with a camera is told at its fields', () => {
    const wrong = [
      { name: 'a b', source: { url: 'rtsp://10.0.0.7/s' } },
      { name: 'a', source: { url: 'nowhere' } },
      { name: 'a', source: { url: 'http://10.0.0.7/s' } },
      { name: 'a', source: { url: 'rtsp:///s' } },
      { name: 'a', source: { url: 'rtsp://u:***@10.0.0.7/s' } },
      { name: 'a', source: { url: '' } },
      { name: 'a', source: { url: 'rtsp://10.0.0.7/s', username: 'u'.repeat(300) } },
      { name: 'a', source: { url: 'rtsps://10.0.0.7/s', tlsFingerprint: 'x' } },
      { name: 'a', source: { url: 'rtsp://10.0.0.7/s', transport: 'smoke' } },
      { source: { url: 'rtsp://10.0.0.7/s' } },
    ];
    for (const one of wrong) {
      const { error } = streamDefinitionSchema.safeParse({ app: 'live', ...one });
      const issues = error === undefined ? [] : inputIssues(error);
      expect(issues, JSON.stringify(one)).not.toEqual([]);
      for (const { message } of issues) expect(gatewayWords(message), message).toBeDefined();
    }
    expect(gatewayWords('this row url is no URL; expected something like rtsp://10.0.0.5/stream1.')).toBe(
      'url: ist keine Adresse; erwartet wird etwas wie rtsp://10.0.0.5/stream1.',
    );
    expect(failureText({ code: 'BAD_REQUEST', message: 'recording.maxDays has to be at most 3650.' })).toBe(
      'recording.maxDays darf höchstens 3650 sein.',
    );
  });

  it('a size stands in its field as the language writes it, and is read so', () => {
    expect(fieldText({ kind: 'bytes' }, 1024 ** 3)).toBe('1,074');
    expect(fieldValue({ kind: 'bytes' }, '1,074')).toBe(1_074_000_000);
    expect(fieldText({ kind: 'number' }, 8080)).toBe('8080');
  });

  it('so is all that a camera report advises', () => {
    const rules = new URL('../../server/gateway/camera-advice.ts', import.meta.url);
    const codes = [...readFileSync(rules, 'utf8').matchAll(/(?:problem|warning|note)\(\s*'(\w+)'/g)];
    expect(codes.length).toBeGreaterThan(20);
    for (const [, code = ''] of codes) expect(Object.keys(GERMAN_ADVICE)).toContain(code);
    const told = { code: 'CAMERA_AUTH_FAILED', severity: 'problem' as const, message: ENGLISH };
    expect(adviceText(told)).toMatch(/^Anmeldung abgelehnt\. /);
  });
});
