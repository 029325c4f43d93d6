import { err, ok, type Result } from '../../../shared/result.ts';

/** An element of a device's answer. Prefixes are gone: devices bind them as they like, and some do not bind them at all. */
export interface XmlElement {
  /** Without its prefix. */
  readonly name: string;
  /** What the prefix stands for; empty where the document does not say. */
  readonly namespace: string;
  /** By their names without prefixes; no namespace declarations. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** The text right in it, without blanks around. */
  readonly text: string;
}

/** Deeper than any answer: ONVIF's own schemas stay below 20. */
const MAX_DEPTH = 64;
/** A reply of 1 MiB of real profiles has some 15,000. */
const MAX_ELEMENTS = 40_000;
const MAX_ATTRIBUTES = 128;
/** Certificates are the longest texts there are. */
const MAX_TEXT_CHARS = 64 * 1024;
/** Read at a stretch, about 1 ms of work. */
const TURN_CHARS = 48 * 1024;

/** An element while it is read. */
interface OpenElement {
  readonly qualified: string;
  readonly name: string;
  readonly namespace: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: XmlElement[];
  readonly scope: Scope | undefined;
  text: string;
}

/** What prefixes stand for: what an element binds itself, then what those around it do. Never copied, so it costs nothing to nest. */
interface Scope {
  readonly own: ReadonlyMap<string, string>;
  readonly outer: Scope | undefined;
}

const NO_ATTRIBUTES: ReadonlyMap<string, string> = new Map();
const TAG_NAME = /[^\s/>"'=<&]+/y;
const ATTRIBUTE = /\s+([^\s/>"'=<&]+)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/y;
const TAG_END = /\s*(\/?)>/y;

class XmlProblem extends Error {}

/**
 * Reads an XML document to its root element. Document types are refused, so there are no entities but the five of
 * XML itself (CVE-2026-26278 and its kind), as is what is too deep. Gentle otherwise: a stray `&` stands for itself, unbound prefixes and what
 * follows the root are let through, as cameras send all of these.
 */
export function parseXml(text: string): Result<XmlElement, string> {
  try {
    const reader = new XmlReader(text);
    for (;;) {
      const root = reader.read(text.length);
      if (root !== undefined) return ok(root);
    }
  } catch (problem) {
    if (problem instanceof XmlProblem) return err(problem.message);
    throw problem;
  }
}

/** The same, with turns for others in between: a megabyte takes longer than media may be held up. */
export async function parseXmlInTurns(text: string): Promise<Result<XmlElement, string>> {
  try {
    const reader = new XmlReader(text);
    for (;;) {
      const root = reader.read(TURN_CHARS);
      if (root !== undefined) return ok(root);
      await new Promise((resolve) => setImmediate(resolve));
    }
  } catch (problem) {
    if (problem instanceof XmlProblem) return err(problem.message);
    throw problem;
  }
}

class XmlReader {
  readonly #text: string;
  readonly #open: OpenElement[] = [];
  #root: XmlElement | undefined;
  #elements = 0;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Goes on for about so many characters; gives the root element once it is closed. */
  read(maxChars: number): XmlElement | undefined {
    const until = this.#at + maxChars;
    while (this.#root === undefined && this.#at <= until) {
      const tag = this.#text.indexOf('<', this.#at);
      if (tag === -1)
        throw new XmlProblem(this.#open.length > 0 ? 'it ends within an element' : 'it is no XML');
      this.#takeText(tag);
      this.#at = tag;
      this.#readMarkup();
    }
    return this.#root;
  }

  #takeText(until: number): void {
    if (until === this.#at) return;
    const element = this.#open.at(-1);
    const piece = this.#text.slice(this.#at, until);
    if (element !== undefined) addText(element, unescapeXml(checkedLength(piece)));
    else if (piece.replace('\uFEFF', '').trim() !== '') throw new XmlProblem('it is no XML');
  }

  #readMarkup(): void {
    const text = this.#text;
    const at = this.#at;
    if (text.startsWith('<!--', at)) this.#skipPast('-->', 4);
    else if (text.startsWith('<![CDATA[', at)) this.#readCdata();
    else if (text.startsWith('<!', at)) throw new XmlProblem('it declares a document type or an entity');
    else if (text.startsWith('<?', at)) this.#skipPast('?>', 2);
    else if (text.startsWith('</', at)) this.#readEndTag();
    else this.#readStartTag();
  }

  #skipPast(end: string, from: number): void {
    const found = this.#text.indexOf(end, this.#at + from);
    if (found === -1) throw new XmlProblem('it ends too early');
    this.#at = found + end.length;
  }

  #readCdata(): void {
    const begin = this.#at + '<![CDATA['.length;
    this.#skipPast(']]>', '<![CDATA['.length);
    const element = this.#open.at(-1);
    if (element === undefined) throw new XmlProblem('it is no XML');
    addText(element, this.#text.slice(begin, this.#at - 3));
  }

  #readStartTag(): void {
    if (++this.#elements > MAX_ELEMENTS) throw new XmlProblem('it has too many elements');
    if (this.#open.length >= MAX_DEPTH) throw new XmlProblem('its elements are nested too deep');
    this.#at += 1;
    const qualified = this.#take(TAG_NAME)?.[0];
    if (qualified === undefined) throw new XmlProblem('it is no XML');
    const parent = this.#open.at(-1);
    let own: Map<string, string> | undefined;
    let attributes: Map<string, string> | undefined;
    for (let count = 0; ; count++) {
      const found = this.#take(ATTRIBUTE);
      if (found === undefined) break;
      if (count >= MAX_ATTRIBUTES) throw new XmlProblem('an element of it has too many attributes');
      const name = found[1] ?? '';
      const value = apart(unescapeXml(checkedLength(found[2] ?? found[3] ?? '')));
      if (name === 'xmlns' || name.startsWith('xmlns:')) {
        own ??= new Map();
        own.set(name.slice('xmlns:'.length), value);
      } else {
        attributes ??= new Map();
        const local = localName(name);
        if (!attributes.has(local)) attributes.set(local, value);
      }
    }
    const end = this.#take(TAG_END);
    if (end === undefined) throw new XmlProblem('one of its tags is broken');
    const scope = own === undefined ? parent?.scope : { own, outer: parent?.scope };
    const colon = qualified.indexOf(':');
    this.#open.push({
      qualified,
      name: localName(qualified),
      namespace: namespaceOf(colon === -1 ? '' : qualified.slice(0, colon), scope),
      attributes: attributes ?? NO_ATTRIBUTES,
      children: [],
      scope,
      text: '',
    });
    if (end[1] === '/') this.#close();
  }

  #readEndTag(): void {
    this.#at += 2;
    const qualified = this.#take(TAG_NAME)?.[0];
    const end = this.#take(TAG_END);
    if (end === undefined || end[1] === '/' || qualified !== this.#open.at(-1)?.qualified) {
      throw new XmlProblem('its tags do not match');
    }
    this.#close();
  }

  #close(): void {
    const open = this.#open.pop();
    if (open === undefined) return;
    const { name, namespace, attributes, children } = open;
    const element: XmlElement = { name, namespace, attributes, children, text: apart(open.text.trim()) };
    const parent = this.#open.at(-1);
    if (parent === undefined) this.#root = element;
    else parent.children.push(element);
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#at = pattern.lastIndex;
    return match;
  }
}

/** A scope for each element that binds anything, so at most as many steps as elements may be nested. */
function namespaceOf(prefix: string, scope: Scope | undefined): string {
  for (let each = scope; each !== undefined; each = each.outer) {
    const namespace = each.own.get(prefix);
    if (namespace !== undefined) return namespace;
  }
  return '';
}

function addText(element: OpenElement, piece: string): void {
  if (element.text.length + piece.length > MAX_TEXT_CHARS) throw new XmlProblem('a text in it is too long');
  element.text += piece;
}

/** Before it is worked on, as even that would take a while. */
function checkedLength(piece: string): string {
  if (piece.length > MAX_TEXT_CHARS) throw new XmlProblem('a text in it is too long');
  return piece;
}

/** Shorter ones V8 copies by itself. */
const MAX_COPIED_CHARS = 12;

/**
 * The same text with memory of its own. A piece of a string keeps the whole of it: a device that hides each event in a megabyte of
 * comments would have a megabyte kept for each event that goes on.
 */
function apart(text: string): string {
  return text.length <= MAX_COPIED_CHARS ? text : Buffer.from(text, 'utf8').toString('utf8');
}

function localName(qualified: string): string {
  return qualified.slice(qualified.indexOf(':') + 1);
}

const REFERENCE = /&(?:#x([0-9a-fA-F]{1,6})|#([0-9]{1,7})|(lt|gt|amp|quot|apos));/g;
const NAMED: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/** Each reference stands for one character, so the text never grows. */
function unescapeXml(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(REFERENCE, (whole, hex?: string, decimal?: string, named?: string) => {
    if (named !== undefined) return NAMED[named] ?? whole;
    const code = hex === undefined ? Number.parseInt(decimal ?? '', 10) : Number.parseInt(hex, 16);
    const isCharacter = code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
    return isCharacter ? String.fromCodePoint(code) : whole;
  });
}
