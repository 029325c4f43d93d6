import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toNumber, toUnixMs } from '../../server/onvif/xml/find.ts';
import { parseXml, parseXmlInTurns, type XmlElement } from '../../server/onvif/xml/parse.ts';
import { escapeDeep, escapeXml } from '../../server/onvif/xml/write.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: those are the ones that XML has not
const NO_CHARACTERS = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g;

function read(text: string): XmlElement | string {
  const parsed = parseXml(text);
  return parsed.ok ? parsed.value : parsed.error;
}

/** Of what an element holds, for comparing. */
function plain(element: XmlElement | string): unknown {
  if (typeof element === 'string') return element;
  const { name, text, children, attributes } = element;
  return { name, text, attributes: Object.fromEntries(attributes), children: children.map(plain) };
}

describe('XML', () => {
  test('is read without its prefixes, with the namespaces they stand for', () => {
    const root = read(
      '\uFEFF<?xml version="1.0"?>\n<!-- c --><a:r xmlns:a="urn:a" xmlns="urn:d" n="1 &amp; &#x41;&#66;"><b a:t=\'x\'>  q&lt;<![CDATA[<&]]> </b><c xmlns="urn:e"/><u:v/></a:r> \0\0',
    );
    expect(plain(root)).toEqual({
      name: 'r',
      text: '',
      attributes: { n: '1 & AB' },
      children: [
        { name: 'b', text: 'q<<&', attributes: { t: 'x' }, children: [] },
        { name: 'c', text: '', attributes: {}, children: [] },
        { name: 'v', text: '', attributes: {}, children: [] },
      ],
    });
    if (typeof root === 'string') throw new Error(root);
    expect([root, ...root.children].map(({ namespace }) => namespace)).toEqual([
      'urn:a',
      'urn:d',
      'urn:e',
      '',
    ]);
  });

  test.each([
    ['a document type', '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'],
    ['a document type behind a comment', '<!-- --><!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>'],
    ['an entity within', '<a><!ENTITY b "c"></a>'],
  ])('with %s is refused', (_what, text) => {
    expect(read(text)).toMatch(/document type/);
  });

  test.each([
    '',
    'hello',
    '<a>',
    '<a></b>',
    '<a',
    '<a b></a>',
    '<a b="1></a>',
    '</a>',
    '<a><b></a></b>',
    '<!--',
    '<a><![CDATA[x</a>',
    'x<a/>',
    '<a>&lt;',
    '<<a/>',
  ])('%j is none', (text) => {
    expect(typeof read(text)).toBe('string');
  });

  test('knows no entities but those of XML; what else has an ampersand stands for itself', () => {
    expect(plain(read('<a>rtsp://h/?a=1&b=2 &nbsp; &#0; &#xD800; &#1114112;</a>'))).toMatchObject({
      text: 'rtsp://h/?a=1&b=2 &nbsp; &#0; &#xD800; &#1114112;',
    });
  });

  test('that would cost too much is refused', () => {
    expect(read('<a>'.repeat(1000))).toMatch(/deep/);
    expect(read(`<a>${'<b/>'.repeat(50_000)}</a>`)).toMatch(/too many elements/);
    expect(read(`<a>${'x'.repeat(100_000)}</a>`)).toMatch(/too long/);
    expect(read(`<a b="${'x'.repeat(100_000)}"/>`)).toMatch(/too long/);
    expect(read(`<a ${Array.from({ length: 300 }, (_, n) => `b${n}=""`).join(' ')}/>`)).toMatch(/attributes/);
  });

  test('gives back any text that was escaped', () => {
    const character = fc.oneof(
      fc.constantFrom(
        '<',
        '>',
        '&',
        '"',
        "'",
        ' ',
        ']]>',
        '\0',
        '\uFFFF',
        '\uD800',
        '\u{1F600}',
        'é',
        '\x0B',
        '&amp;',
      ),
      fc.string({ maxLength: 2 }),
    );
    fc.assert(
      fc.property(
        fc.array(character).map((all) => all.join('')),
        (text) => {
          const root = read(`<a b="${escapeXml(text)}">${escapeXml(text)}</a>`);
          // What XML has no character for is gone.
          const kept = text.toWellFormed().replace(NO_CHARACTERS, '');
          expect(root).toMatchObject({ text: kept.trim() });
          if (typeof root !== 'string') expect(root.attributes.get('b')).toBe(kept);
        },
      ),
    );
  });

  test('of any kind is read or refused, in turns as at once', async () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '<a>',
        '</a>',
        '<b c="d">',
        '</b>',
        '<e/>',
        '&amp;',
        '<!--',
        '-->',
        '<![CDATA[',
        ']]>',
        '<?x ?>',
        ' ',
        '"',
      ),
      fc.string({ maxLength: 4 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 40 }), async (pieces) => {
        const text = `<a>${pieces.join('')}</a>`;
        const inTurns = await parseXmlInTurns(text);
        expect(plain(inTurns.ok ? inTurns.value : inTurns.error)).toEqual(plain(read(text)));
      }),
    );
  });

  test('is not kept as a whole for a few words of it', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const padding = 'x'.repeat(500_000);
    const kept: unknown[] = [];
    const heapMb = () => {
      collect();
      return process.memoryUsage().heapUsed / 1e6;
    };
    const beforeMb = heapMb();
    for (let nth = 0; nth < 100; nth++) {
      // As an answer comes: its own bytes each time, not one string of many.
      const text = Buffer.from(
        `<a b="the attribute of answer ${nth}"><!--${padding}-->some text of answer ${nth}</a>`,
      );
      const root = read(text.toString('utf8'));
      if (typeof root !== 'string') kept.push(root.text, root.attributes.get('b'));
    }
    expect(kept).toHaveLength(200);
    // Whole they would be 50.
    expect(heapMb() - beforeMb).toBeLessThan(15);
  });

  test('of a megabyte lets others have their turns', async () => {
    const text = `<a>${'<b c="d">some text of some length</b>'.repeat(25_000)}</a>`;
    let turns = 0;
    let isDone = false;
    const count = () => {
      turns += 1;
      if (!isDone) setImmediate(count);
    };
    setImmediate(count);
    const parsed = await parseXmlInTurns(text);
    isDone = true;
    expect(parsed.ok && parsed.value.children.length).toBe(25_000);
    expect(turns).toBeGreaterThan(10);
  });
});

describe('values', () => {
  test('are numbers and times only where they are asked for as such', () => {
    expect([
      toNumber('1.10'),
      toNumber(''),
      toNumber(' '),
      toNumber('0x10z'),
      toNumber('INF'),
      toNumber('-1e3'),
    ]).toEqual([1.1, undefined, undefined, undefined, undefined, -1000]);
    const at = Date.UTC(2026, 10, 21, 10, 0, 0);
    for (const text of [
      '2026-11-21T10:00:00Z',
      '2026-11-21T10:00:00',
      '2026-11-21T12:00:00+02:00',
      '2026-11-21T10:00:00.000Z',
    ]) {
      expect(toUnixMs(text), text).toBe(at);
    }
    for (const text of ['', 'yesterday', '10:00:00', '2026-13-41T10:00:00Z', '2026'])
      expect(toUnixMs(text)).toBeUndefined();
  });

  test('are escaped at any depth', () => {
    expect(escapeDeep({ a: '<', b: [{ c: '&"' }, 1, true, null], d: undefined })).toEqual({
      a: '&lt;',
      b: [{ c: '&amp;&quot;' }, 1, true, null],
      d: undefined,
    });
  });
});
