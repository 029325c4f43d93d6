import { createHash, randomBytes } from 'node:crypto';
import { isoTime } from '../../../shared/time.ts';
import { at, child, shown, textAt } from '../xml/find.ts';
import type { XmlElement } from '../xml/parse.ts';
import { escapeXml } from '../xml/write.ts';

const ENVELOPE_START =
  '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing"><s:Header>';
const BODY_START =
  '</s:Header><s:Body xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema">';
const ENVELOPE_END = '</s:Body></s:Envelope>';

/**
 * The start of a message, without a log-in: that is put in by `withSecurity` when the message is sent, as it holds the time and may have to
 * be made anew. With `isHeaderOpen` more headers may follow.
 */
export function envelopeStart(isHeaderOpen = false): string {
  return isHeaderOpen ? ENVELOPE_START : ENVELOPE_START + BODY_START;
}

/** A whole message. `body` and `headers` are XML, with all texts in them escaped. */
export function envelope(body: string, headers = ''): string {
  return ENVELOPE_START + headers + BODY_START + body + ENVELOPE_END;
}

export interface SecurityInput {
  readonly username: string;
  readonly password: string;
  /** Unix milliseconds by the device's clock. */
  readonly createdMs: number;
  readonly nonce?: Uint8Array;
}

const WSSE = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss';

/**
 * The header of a WS-UsernameToken with a password digest (WS-Security UsernameToken Profile 1.0 section 3.1): Base64 of SHA-1 over nonce,
 * time and password, in UTF-8.
 */
export function securityHeader(input: SecurityInput): string {
  const { username, password, createdMs, nonce = randomBytes(16) } = input;
  const created = isoTime(createdMs);
  const digest = createHash('sha1').update(nonce).update(created).update(password).digest('base64');
  return (
    `<Security s:mustUnderstand="1" xmlns="${WSSE}-wssecurity-secext-1.0.xsd"><UsernameToken>` +
    `<Username>${escapeXml(username)}</Username>` +
    `<Password Type="${WSSE}-username-token-profile-1.0#PasswordDigest">${digest}</Password>` +
    `<Nonce EncodingType="${WSSE}-soap-message-security-1.0#Base64Binary">${Buffer.from(nonce).toString('base64')}</Nonce>` +
    `<Created xmlns="${WSSE}-wssecurity-utility-1.0.xsd">${created}</Created>` +
    '</UsernameToken></Security>'
  );
}

/** The message with a log-in as its first header; as it is where it has no header of ours. */
export function withSecurity(message: string, header: string): string {
  return message.startsWith(ENVELOPE_START)
    ? ENVELOPE_START + header + message.slice(ENVELOPE_START.length)
    : message;
}

/** What a message asks for: the one element in its body. */
export function operationOf(
  message: XmlElement,
): { readonly name: string; readonly action: string } | undefined {
  const operation = child(message, 'Body')?.children[0];
  if (operation === undefined) return undefined;
  return { name: operation.name, action: `${operation.namespace}/${operation.name}` };
}

/** A SOAP fault (SOAP 1.2 section 5.4; some devices send that of SOAP 1.1). */
export interface SoapFault {
  /** From the outermost in, without prefixes: `Sender`, `NotAuthorized`. */
  readonly codes: readonly string[];
  /** As the device has it, for people; bounded. */
  readonly reason: string;
}

export type SoapReply =
  | { readonly kind: 'reply'; readonly element: XmlElement }
  | { readonly kind: 'fault'; readonly fault: SoapFault }
  | { readonly kind: 'none' };

/** What an envelope holds. */
export function readReply(envelopeElement: XmlElement): SoapReply {
  const element = child(envelopeElement, 'Body')?.children[0];
  if (envelopeElement.name !== 'Envelope' || element === undefined) return { kind: 'none' };
  if (element.name !== 'Fault') return { kind: 'reply', element };
  const codes: string[] = [];
  let code = child(element, 'Code');
  while (code !== undefined && codes.length < 8) {
    const value = textAt(code, 'Value');
    if (value !== undefined) codes.push(codeOf(value));
    code = child(code, 'Subcode');
  }
  const oldCode = textAt(element, 'faultcode');
  if (oldCode !== undefined) codes.push(codeOf(oldCode));
  const reason =
    textAt(element, 'Reason', 'Text') ??
    textAt(element, 'faultstring') ??
    at(element, 'Detail', 'Text')?.text;
  return { kind: 'fault', fault: { codes, reason: shown(reason, 200) ?? '' } };
}

const AUTH_CODES = new Set([
  'NotAuthorized',
  'FailedAuthentication',
  'InvalidSecurity',
  'InvalidSecurityToken',
]);

/** Whether the device wants another log-in, or one at all. Some say so in the reason alone. */
export function isAuthFault(fault: SoapFault): boolean {
  if (fault.codes.some((code) => AUTH_CODES.has(code))) return true;
  return /not ?authori[sz]ed|unauthori[sz]ed|authori[sz]ation failed|authentication failed|digest/i.test(
    fault.reason,
  );
}

/** Whether the device does not know what it was asked to do (ONVIF Core section 5.8.2.3). */
export function isUnsupportedFault(fault: SoapFault): boolean {
  return fault.codes.some((code) =>
    /^(?:ActionNotSupported|OptionalActionNotImplemented|NotSupported)$/i.test(code),
  );
}

function codeOf(value: string): string {
  return shown(value.slice(value.indexOf(':') + 1).trim(), 64) ?? '';
}
