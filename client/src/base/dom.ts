const SVG_NAMESPACE = 'http://www.w3.org/2000/svg';

type Attribute = string | number | boolean | undefined;
export type Child = Node | string | undefined;

interface Props {
  readonly class?: string;
  readonly text?: string;
  /** Attributes; `true` sets an empty one, `false` and undefined set none. */
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly on?: Readonly<Record<string, (event: Event) => void>>;
}

/**
 * Makes an element. Text only ever goes in as text nodes, so nothing that a server or a user wrote becomes markup.
 */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (props.class !== undefined) made.className = props.class;
  if (props.text !== undefined) made.textContent = props.text;
  setAttributes(made, props.attributes ?? {});
  for (const [type, listener] of Object.entries(props.on ?? {})) made.addEventListener(type, listener);
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

/** A 24 x 24 line icon of the given path, hidden from assistive technology: its button carries the label. */
export function icon(path: string): SVGSVGElement {
  const svg = document.createElementNS(SVG_NAMESPACE, 'svg');
  setAttributes(svg, { viewBox: '0 0 24 24', 'aria-hidden': 'true', focusable: 'false' });
  svg.classList.add('icon');
  const shape = document.createElementNS(SVG_NAMESPACE, 'path');
  shape.setAttribute('d', path);
  svg.append(shape);
  return svg;
}

export function setIcon(svg: SVGSVGElement, path: string): void {
  const shape = svg.firstElementChild;
  if (shape?.getAttribute('d') !== path) shape?.setAttribute('d', path);
}

/** Writes only what differs, so that screen readers and selections are left alone by a refresh. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

function setAttributes(target: Element, attributes: Readonly<Record<string, Attribute>>): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    target.setAttribute(name, value === true ? '' : String(value));
  }
}
