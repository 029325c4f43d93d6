import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { find, parseXml, textOf, writeXml, type XmlElement } from './xml.ts';

const name = fc.stringMatching(/^[a-zA-Z_][\w.-]{0,8}$/).filter((text) => !/^xmlns$/i.test(text));
const text = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((one) => one !== '');

const element: fc.Arbitrary<XmlElement> = fc.letrec<{ element: XmlElement }>((tie) => ({
  element: fc.record({
    name,
    attributes: fc.dictionary(name, text, { maxKeys: 3 }).map((all) => new Map(Object.entries(all))),
    // No two texts side by side: they would be read as one.
    children: fc.oneof(
      { depthSize: 'small' },
      fc.tuple(text),
      fc.array(tie('element'), { maxLength: 3 }),
    ) as fc.Arbitrary<(XmlElement | string)[]>,
    namespace: fc.constant(''),
  }),
})).element;

describe('the reader of requests', () => {
  it('reads what it writes', () => {
    fc.assert(
      fc.property(element, (one) => {
        expect(parseXml(writeXml(one))).toEqual(one);
      }),
    );
  });

  it('knows namespaces, and texts in all their forms', () => {
    const root = parseXml(
      '<?xml version="1.0"?><!-- a --><a:A xmlns:a="urn:a" xmlns="urn:b"><B c=\'&quot;&#x41;&#66;\'>x &amp; <![CDATA[<y>]]></B></a:A>',
    );
    expect(root.namespace).toBe('urn:a');
    const inner = find(root, 'B');
    expect(inner?.namespace).toBe('urn:b');
    expect(inner?.attributes.get('c')).toBe('"AB');
    expect(textOf(inner)).toBe('x & <y>');
  });

  it.each([
    '',
    'text',
    '<a>',
    '<a></b>',
    '<a/><b/>',
    '<a b=c/>',
    '<a b="1" b="2"/>',
    '<a>&</a>',
    '<a>&nbsp;</a>',
    '<a><Username>x<y</Username></a>',
    '<p:a/>',
    '<!DOCTYPE a [<!ENTITY x "y">]><a/>',
  ])('refuses %j', (text) => {
    expect(() => parseXml(text)).toThrow(Error);
  });
});
