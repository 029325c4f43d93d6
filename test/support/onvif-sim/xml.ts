/** A piece of an XML document: enough for SOAP, with namespaces, and strict, so that a client's bad XML is found out. */
export interface XmlElement {
  /** As written, with its prefix. */
  name: string;
  readonly attributes: Map<string, string>;
  children: (XmlElement | string)[];
  readonly namespace: string;
}

const TOKEN =
  /<\?[\s\S]*?\?>|<!--[\s\S]*?-->|<!\[CDATA\[([\s\S]*?)\]\]>|<\/([^\s<>/]+)\s*>|<([^\s<>/!?]+)((?:\s+[^\s=<>/]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/y;
const ATTRIBUTE = /([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;
const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['amp', '&'],
  ['quot', '"'],
  ['apos', "'"],
]);

/**
 * @param declared Prefixes that need no declaration.
 * @throws Error where the text is not well-formed, has a DOCTYPE, or a prefix that nothing declares.
 */
export function parseXml(text: string, declared: ReadonlyMap<string, string> = new Map()): XmlElement {
  const root: XmlElement = { name: '', attributes: new Map(), children: [], namespace: '' };
  const open: { element: XmlElement; scope: ReadonlyMap<string, string> }[] = [
    { element: root, scope: new Map([...declared, ['xml', 'http://www.w3.org/XML/1998/namespace']]) },
  ];
  TOKEN.lastIndex = 0;
  let at = 0;
  while (at < text.length) {
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(text);
    const top = open.at(-1);
    if (token === null || top === undefined) throw new Error(`not well-formed at ${at}`);
    at = TOKEN.lastIndex;
    const [, cdata, closing, opening, attributeText = '', isEmpty, characters] = token;
    if (cdata !== undefined) top.element.children.push(cdata);
    else if (characters !== undefined) {
      if (open.length === 1 && characters.trim() !== '') throw new Error('text outside of the root');
      top.element.children.push(decoded(characters));
    } else if (closing !== undefined) {
      if (open.length === 1 || top.element.name !== closing) throw new Error(`</${closing}> closes nothing`);
      open.pop();
    } else if (opening !== undefined) {
      const attributes = attributesOf(attributeText);
      const scope = scopeWith(top.scope, attributes);
      const element = { name: opening, attributes, children: [], namespace: namespaceOf(opening, scope) };
      for (const name of attributes.keys()) {
        if (name.includes(':') && !name.startsWith('xmlns:')) namespaceOf(name, scope);
      }
      top.element.children.push(element);
      if (isEmpty !== '/') open.push({ element, scope });
    }
  }
  const [only, ...others] = elements(root);
  if (open.length !== 1 || only === undefined || others.length > 0) throw new Error('not one whole document');
  return only;
}

function attributesOf(text: string): Map<string, string> {
  const attributes = new Map<string, string>();
  for (const [, name = '', double, single] of text.matchAll(ATTRIBUTE)) {
    if (attributes.has(name)) throw new Error(`${name} stands there twice`);
    attributes.set(name, decoded(double ?? single ?? ''));
  }
  return attributes;
}

function scopeWith(
  outer: ReadonlyMap<string, string>,
  attributes: Map<string, string>,
): ReadonlyMap<string, string> {
  const declared = [...attributes].flatMap(([name, value]): [string, string][] => {
    if (name === 'xmlns') return [['', value]];
    return name.startsWith('xmlns:') ? [[name.slice(6), value]] : [];
  });
  return declared.length === 0 ? outer : new Map([...outer, ...declared]);
}

function namespaceOf(name: string, scope: ReadonlyMap<string, string>): string {
  const prefix = name.includes(':') ? name.slice(0, name.indexOf(':')) : '';
  const namespace = scope.get(prefix);
  if (namespace === undefined && prefix !== '') throw new Error(`nothing declares ${prefix}:`);
  return namespace ?? '';
}

function decoded(text: string): string {
  return text.replaceAll(/&([^;&\s]*)(;?)/g, (_all, name: string, end: string) => {
    const code = /^#(?:x([\da-fA-F]+)|(\d+))$/.exec(name);
    const character =
      code === null
        ? ENTITIES.get(name)
        : String.fromCodePoint(code[1] === undefined ? Number(code[2]) : Number.parseInt(code[1], 16));
    if (character === undefined || end === '') throw new Error(`&${name} is no entity`);
    return character;
  });
}

export function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&apos;');
}

export function writeXml(element: XmlElement): string {
  const attributes = [...element.attributes]
    .map(([name, value]) => ` ${name}="${escapeXml(value)}"`)
    .join('');
  const inside = element.children
    .map((child) => (typeof child === 'string' ? escapeXml(child) : writeXml(child)))
    .join('');
  return `<${element.name}${attributes}>${inside}</${element.name}>`;
}

export function localName(element: XmlElement): string {
  return element.name.slice(element.name.indexOf(':') + 1);
}

export function elements(element: XmlElement): XmlElement[] {
  return element.children.filter((child): child is XmlElement => typeof child !== 'string');
}

/** The first one below it, at any depth, that has the local name; a path goes on below that one. */
export function find(element: XmlElement | undefined, ...path: readonly string[]): XmlElement | undefined {
  const [name, ...rest] = path;
  if (element === undefined || name === undefined) return element;
  for (const child of elements(element)) {
    const found = localName(child) === name ? child : find(child, name);
    if (found !== undefined) return find(found, ...rest);
  }
  return undefined;
}

/** As `find`, of what has to be there: a reply's own parts. */
export function need(element: XmlElement, ...path: readonly string[]): XmlElement {
  const found = find(element, ...path);
  if (found === undefined) throw new Error(`${element.name} has no ${path.join('/')}`);
  return found;
}

export function findAll(element: XmlElement, name: string): XmlElement[] {
  return elements(element).flatMap((child) =>
    localName(child) === name ? [child, ...findAll(child, name)] : findAll(child, name),
  );
}

/** All text below it, without the blanks around; undefined without an element. */
export function textOf(element: XmlElement | undefined): string | undefined {
  if (element === undefined) return undefined;
  const all = (one: XmlElement): string =>
    one.children.map((child) => (typeof child === 'string' ? child : all(child))).join('');
  return all(element).trim();
}

export function setText(element: XmlElement, value: string | number | boolean): void {
  element.children = [String(value)];
}

export function cloneOf(element: XmlElement): XmlElement {
  return {
    ...element,
    attributes: new Map(element.attributes),
    children: element.children.map((child) => (typeof child === 'string' ? child : cloneOf(child))),
  };
}

/** Takes out all with that local name, wherever they stand. */
export function removeAll(element: XmlElement, name: string): void {
  element.children = element.children.filter(
    (child) => typeof child === 'string' || localName(child) !== name,
  );
  for (const child of elements(element)) removeAll(child, name);
}
