import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../server/base/clock.ts';
import { readRows } from '../../server/gateway/bulk/read-rows.ts';
import { BulkAdd, readInThread } from '../../server/gateway/index.ts';
import { ApiError } from '../../shared/errors.ts';
import { type StreamId, streamId } from '../../shared/names.ts';
import type { StreamDefinition } from '../../shared/stream.ts';
import { FakeClock } from '../support/fake-clock.ts';

const SECRET = 'canary-p4ssword';

/** A clock whose next turn comes at once. */
class PromptClock extends FakeClock {
  override after(delayMs: number, callback: () => void): () => void {
    if (delayMs > 0) return super.after(delayMs, callback);
    queueMicrotask(callback);
    return () => {};
  }
}

function house(existing: StreamId[] = []) {
  const added = new Map<StreamId, StreamDefinition>();
  const has = (id: StreamId) => added.has(id) || existing.includes(id);
  const bulk = new BulkAdd({
    clock: new PromptClock(),
    read: async ({ format, text }) => readRows(format, text),
    streams: {
      has,
      check({ source }) {
        if (source.url === 'publish:' && source.password === undefined) {
          throw new ApiError('BAD_REQUEST', 'source.password is needed with publish:.');
        }
      },
      async create(definition) {
        added.set(streamId(definition.app, definition.name), definition);
      },
    },
  });
  const add = (format: 'csv' | 'yaml', text: string, dryRun = false) => bulk.add({ format, text, dryRun });
  return { added, add };
}

describe('cameras as CSV', () => {
  it('are added by their headings, whatever the separator, with quotes, comments and empty lines', async () => {
    for (const separator of [',', ';', '\t']) {
      const { add, added } = house();
      const text = [
        '# our cameras',
        ['Name', 'URL', 'User', 'Password', 'Sub URL', 'record', 'on_demand', 'Title'].join(separator),
        [
          'front',
          'rtsp://10.0.0.5/s1',
          'admin',
          `"a${separator}""b"`,
          'rtsp://10.0.0.5/s2',
          'yes',
          'no',
          'Front door',
        ].join(separator),
        '',
        ['yard/gate', `rtsp://viewer:${SECRET}@10.0.0.6/h264`].join(separator),
      ].join('\r\n');
      const { rows, added: count } = await add('csv', `\uFEFF${text}\r\n`);
      expect(rows).toEqual([
        { line: 3, id: 'live/front', url: 'rtsp://10.0.0.5/s1', outcome: 'added' },
        { line: 5, id: 'yard/gate', url: 'rtsp://10.0.0.6/h264', outcome: 'added' },
      ]);
      expect(count).toBe(2);
      expect(added.get('live/front')).toMatchObject({
        source: {
          url: 'rtsp://10.0.0.5/s1',
          username: 'admin',
          password: `a${separator}"b`,
          sub: { url: 'rtsp://10.0.0.5/s2' },
        },
        record: true,
        onDemand: false,
        labels: { title: 'Front door' },
      });
      expect(added.get('yard/gate')?.source).toMatchObject({ username: 'viewer', password: SECRET });
      expect(added.get('yard/gate')?.record).toBeUndefined();
    }
  });

  it('need no headings where name and address come first', async () => {
    const { add, added } = house();
    await add('csv', 'front,rtsp://10.0.0.5/s1,admin,secret\nyard,onvif://10.0.0.6\n');
    expect([...added.keys()]).toEqual(['live/front', 'live/yard']);
    expect(added.get('live/front')?.source).toMatchObject({ username: 'admin', password: 'secret' });
  });

  it('are told apart by what is wrong with each, and the others are added', async () => {
    const { add, added } = house(['live/old']);
    const { rows, added: count } = await add(
      'csv',
      [
        'name,url,username,password,record,transport',
        `bad name,rtsp://10.0.0.5/s1,u,${SECRET}`,
        `ftp,ftp://u:${SECRET}@10.0.0.5/`,
        'old,rtsp://10.0.0.5/s1',
        'good,rtsp://10.0.0.5/s1',
        'good,rtsp://10.0.0.6/s1',
        'noaddress,',
        `maybe,rtsp://10.0.0.5/s1,u,${SECRET},maybe`,
        `many,rtsp://10.0.0.5/s1,u,${SECRET},yes,tcp,more`,
        'nobody,publish:',
        `shown,rtsp://10.0.0.7/s?password=${SECRET}`,
      ].join('\n'),
    );
    expect(rows.map(({ line, outcome }) => [line, outcome])).toEqual([
      [2, 'wrong'],
      [3, 'wrong'],
      [4, 'exists'],
      [5, 'added'],
      [6, 'wrong'],
      [7, 'wrong'],
      [8, 'wrong'],
      [9, 'wrong'],
      [10, 'wrong'],
      [11, 'added'],
    ]);
    expect(rows.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^name must be 1 to 64 letters/),
      expect.stringMatching(/^url has the scheme "ftp:"/),
      expect.stringMatching(/already; it stays as it is/),
      undefined,
      expect.stringMatching(/stands here twice, first in line 5/),
      expect.stringMatching(/^url is missing/),
      expect.stringMatching(/^record must be/),
      expect.stringMatching(/has 7 values, the headings are 6/),
      expect.stringMatching(/needed with publish:/),
      undefined,
    ]);
    expect(count).toBe(2);
    expect([...added.keys()]).toEqual(['live/good', 'live/shown']);
    expect(JSON.stringify(rows)).not.toContain(SECRET);
  });

  it.each([
    ['name,uri\na,rtsp://10.0.0.5/', 'not known: "uri"'],
    ['name,username\na,b', 'with name and url among them'],
    [`front,10.0.0.5,admin,${SECRET}\nback,10.0.0.6,admin,x`, 'with name and url among them'],
    ['name,url,address\na,b,c', 'Two columns are both "url"'],
    [`name,url,password\na,rtsp://10.0.0.5/,"${SECRET}`, 'is not closed'],
  ])('are refused as a whole where the text is odd: %j', async (text, message) => {
    const { rows } = await house().add('csv', text);
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ outcome: 'wrong', message: expect.stringContaining(message) });
    expect(JSON.stringify(rows)).not.toContain(SECRET);
  });

  it('are only looked at in a dry run', async () => {
    const { add, added } = house(['live/old']);
    const { rows, added: count } = await add(
      'csv',
      'name,url\nold,rtsp://10.0.0.5/\nnew,rtsp://10.0.0.6/',
      true,
    );
    expect(rows.map(({ outcome }) => outcome)).toEqual(['exists', 'would-add']);
    expect([count, added.size]).toEqual([0, 0]);
  });

  it('are refused where there are none, or too many', async () => {
    await expect(house().add('csv', 'name,url\n\n')).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    await expect(house().add('csv', '')).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    const many = Array.from({ length: 501 }, (_, at) => `c${at},rtsp://10.0.0.5/${at}`).join('\n');
    await expect(house().add('csv', `name,url\n${many}`)).rejects.toThrow('more than 500');
  });
});

describe('cameras as YAML', () => {
  it('never have a value told as a key, as a forgotten blank makes one of it', async () => {
    for (const text of [
      `- {name: front, url: "rtsp://10.0.0.5/", password:${SECRET}}`,
      `- {name: front, source: {url: "rtsp://10.0.0.5/", password:${SECRET}}}`,
    ]) {
      const { rows } = await house().add('yaml', text);
      expect(rows).toMatchObject([{ outcome: 'wrong', message: expect.stringContaining('"password..."') }]);
      expect(JSON.stringify(rows)).not.toContain(SECRET);
    }
  });

  it('are the streams of a sluice.yaml, a map like it, or a list, in JSON too', async () => {
    const { add, added } = house();
    const file = `
dataDir: /tmp/x
streams:
  live/front:
    source: { url: "rtsp://10.0.0.5/s1", username: admin, password: ${SECRET} }
    record: { keepDays: 3 }
  yard: { url: "rtsp://10.0.0.6/s1", record: true }
`;
    expect((await add('yaml', file)).rows).toEqual([
      { line: 4, id: 'live/front', url: 'rtsp://10.0.0.5/s1', outcome: 'added' },
      { line: 7, id: 'live/yard', url: 'rtsp://10.0.0.6/s1', outcome: 'added' },
    ]);
    expect(added.get('live/front')).toMatchObject({ source: { password: SECRET }, record: { keepDays: 3 } });
    expect(added.get('live/yard')).toMatchObject({ record: true });
    const list =
      '- name: barn\n  url: rtsp://10.0.0.7/\n  password: 1234\n- { name: 7, source: { url: onvif://10.0.0.8 } }\n';
    expect((await add('yaml', list)).rows).toMatchObject([
      { line: 1, id: 'live/barn', outcome: 'added' },
      { line: 4, outcome: 'wrong', message: expect.stringMatching(/^name must be a string/) },
    ]);
    expect(added.get('live/barn')?.source.password).toBe('1234');
    const json = JSON.stringify([{ app: 'shop', name: 'till', source: { url: 'rtsp://10.0.0.9/' } }]);
    expect((await add('yaml', json)).rows).toMatchObject([{ id: 'shop/till', outcome: 'added' }]);
  });

  it.each([
    ['- just text', 'must be a camera'],
    ['just text', 'Expected a list'],
    ['streams:\n  live/a: 7', 'no camera below it'],
    ['- { name: a, url: "rtsp://10.0.0.5/", colour: red }', 'unknown key "colour"'],
    [`- name: a\n  password: "${SECRET}`, 'not closed'],
    [`a: 1\na: 2 # ${SECRET}`, 'twice'],
    ['- { name: a/b/c, url: "rtsp://10.0.0.5/" }', 'name must be'],
    ['- &a [*a]', 'camera'],
  ])('are refused with what is wrong: %j', async (text, message) => {
    const { rows } = await house().add('yaml', text);
    expect(rows[0]).toMatchObject({ outcome: 'wrong', message: expect.stringContaining(message) });
    expect(JSON.stringify(rows)).not.toContain(SECRET);
  });
});

it('never throws anything but an error for people, whatever the text', async () => {
  const bits = fc.constantFrom(
    'name',
    'url',
    'rtsp://10.0.0.5/',
    ',',
    ';',
    '\t',
    '\n',
    '\r\n',
    '"',
    "'",
    '#',
    ':',
    '- ',
    '{',
    '}',
    '[',
    ']',
    '&a ',
    '*a',
    '!!x ',
    '  ',
    '<<: ',
    '\0',
    'ä',
    '?',
    '|',
    '__proto__',
    'streams:\n',
    'password',
    '%',
  );
  const text = fc.oneof(
    fc.array(bits, { maxLength: 40 }).map((parts) => parts.join('')),
    fc.string(),
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('csv' as const, 'yaml' as const), text, async (format, given) => {
      try {
        const { rows } = await house().add(format, given, true);
        for (const { outcome, message } of rows) if (outcome === 'wrong') expect(message).toMatch(/\w/);
      } catch (failure) {
        expect(failure).toBeInstanceOf(ApiError);
      }
    }),
  );
});

it('adds what was written as CSV as it was, whatever the password', async () => {
  const password = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
    .filter((text) => text.trim() === text);
  await fc.assert(
    fc.asyncProperty(password, fc.constantFrom(',', ';', '\t'), async (secret, separator) => {
      const { add, added } = house();
      const quoted = `"${secret.replaceAll('"', '""')}"`;
      await add(
        'csv',
        `name${separator}url${separator}password\nfront${separator}rtsp://10.0.0.5/${separator}${quoted}\n`,
      );
      expect(added.get('live/front')?.source.password).toBe(secret);
    }),
  );
});

it('is taken from a few at a time; further ones are told to come again', async () => {
  const reading: Array<() => void> = [];
  const bulk = new BulkAdd({
    clock: new PromptClock(),
    read: ({ format, text }) => new Promise((resolve) => reading.push(() => resolve(readRows(format, text)))),
    streams: { has: () => false, check: () => {}, create: async () => {} },
  });
  const text = 'front,rtsp://10.0.0.5/s1';
  const all = Array.from({ length: 30 }, () =>
    bulk.add({ format: 'csv', text, dryRun: true }).then(
      () => 'done',
      (failure: ApiError) => failure.code,
    ),
  );
  expect(reading).toHaveLength(2);
  for (let done = 0; done < 10; done += 1) {
    reading.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const outcomes = await Promise.all(all);
  expect(outcomes.filter((outcome) => outcome === 'done')).toHaveLength(10);
  expect(outcomes.filter((outcome) => outcome === 'RATE_LIMITED')).toHaveLength(20);
});

it('is read in a thread of its own, which deep nesting does not outlast', async () => {
  const clock = systemClock;
  const rows = await readInThread({ clock, format: 'csv', text: 'front,rtsp://10.0.0.5/s1' });
  expect(rows).toMatchObject([{ kind: 'stream', definition: { name: 'front' } }]);
  for (const text of ['['.repeat(200_000), `${'- '.repeat(100_000)}x`]) {
    const read = await readInThread({ clock, format: 'yaml', text }).catch((failure: unknown) => failure);
    if (read instanceof ApiError) expect(read.code).toBe('BAD_REQUEST');
    else expect(read).toMatchObject([{ kind: 'wrong' }]);
  }
});
