import { readFileSync } from 'node:fs';
import { cloneOf, elements, escapeXml, need, parseXml, writeXml, type XmlElement } from './xml.ts';

const FOLDER = new URL('../../fixtures/onvif/', import.meta.url);
const kept = new Map<string, XmlElement>();

/** What a captured reply has in its body, to be changed at will. */
export function captured(name: string): XmlElement {
  const envelope = kept.get(name) ?? parseXml(capturedText(name), PREFIXES);
  kept.set(name, envelope);
  const [reply] = elements(need(envelope, 'Body'));
  if (reply === undefined) throw new Error(`${name} has an empty body`);
  return cloneOf(reply);
}

/** A whole captured file, with the marks of the template language it was written in taken out. */
export function capturedText(name: string): string {
  return readFileSync(new URL(`${name}.xml`, FOLDER), 'utf8').replaceAll(/\{\{[\s\S]*?\}\}/g, '');
}

/** Of the captured replies, and of what they have not: Media2, and what devices say of an error. */
const NAMESPACES: readonly (readonly [string, string])[] = [
  ...[...parseXml(capturedText('GetServices')).attributes].map(([name, uri]) => [name, uri] as const),
  ['xmlns:tr2', 'http://www.onvif.org/ver20/media/wsdl'],
  ['xmlns:wsrf-rw', 'http://docs.oasis-open.org/wsrf/rw-2'],
];

/** Some captured replies have lost their declarations. */
const PREFIXES = new Map(NAMESPACES.map(([name, uri]) => [name.slice('xmlns:'.length), uri]));
const DECLARED = NAMESPACES.map(([name, uri]) => ` ${name}="${uri}"`).join('');

/** What is to be put into a reply, with the prefixes of `envelope`. */
export function piece(text: string): XmlElement {
  return parseXml(text, PREFIXES);
}

/** A SOAP 1.2 message around a body. */
export function envelope(body: XmlElement | string, header = ''): string {
  const inside = typeof body === 'string' ? body : writeXml(body);
  return (
    `<?xml version="1.0" encoding="UTF-8"?>\n<SOAP-ENV:Envelope${DECLARED}>` +
    `<SOAP-ENV:Header>${header}</SOAP-ENV:Header><SOAP-ENV:Body>${inside}</SOAP-ENV:Body></SOAP-ENV:Envelope>`
  );
}

/** A refusal as a device words it (ONVIF Core, section 5.8.2). */
export class SoapFault extends Error {
  readonly code: 'Sender' | 'Receiver';
  /** From the outer to the inner one: `ter:InvalidArgVal`, `ter:NoProfile`. */
  readonly subcodes: readonly string[];
  readonly status: number;

  constructor(
    code: 'Sender' | 'Receiver',
    subcodes: readonly string[],
    reason: string,
    status = code === 'Sender' ? 400 : 500,
  ) {
    super(reason);
    this.code = code;
    this.subcodes = subcodes;
    this.status = status;
  }

  toXml(): string {
    const subcode = this.subcodes.reduceRight(
      (inner, value) =>
        `<SOAP-ENV:Subcode><SOAP-ENV:Value>${value}</SOAP-ENV:Value>${inner}</SOAP-ENV:Subcode>`,
      '',
    );
    return envelope(
      `<SOAP-ENV:Fault><SOAP-ENV:Code><SOAP-ENV:Value>SOAP-ENV:${this.code}</SOAP-ENV:Value>${subcode}</SOAP-ENV:Code>` +
        `<SOAP-ENV:Reason><SOAP-ENV:Text xml:lang="en">${escapeXml(this.message)}</SOAP-ENV:Text></SOAP-ENV:Reason></SOAP-ENV:Fault>`,
    );
  }
}

export function invalid(subcode: string, reason: string): SoapFault {
  return new SoapFault('Sender', ['ter:InvalidArgVal', `ter:${subcode}`], reason);
}

export function notSupported(action: string): SoapFault {
  return new SoapFault('Receiver', ['ter:ActionNotSupported'], `Optional Action Not Implemented: ${action}`);
}
