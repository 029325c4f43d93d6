import type { EventEmitter } from 'node:events';
import { redactUrl } from '../../base/redact.ts';
import { parseRtp, type RtspRequest, type RtspResponse } from '../parse/index.ts';

/*
 * The events of yellowstone's client, in its shapes. They cost strings and objects, so they are made only where
 * somebody listens; the gateway itself does not.
 */

/** `log` (text, direction): every message, without its credentials, which yellowstone printed. */
export function emitLog(emitter: EventEmitter, message: Buffer, direction: 'C->S' | 'S->C'): void {
  if (emitter.listenerCount('log') === 0) return;
  const text = message.toString('utf8').replace(/^((?:Proxy-)?Authorization:).*$/gim, '$1 ***');
  emitter.emit('log', redactUrl(text), direction);
}

/** `response` (first line, headers, lines of the body), for responses and for the camera's requests alike. */
export function emitMessage(
  emitter: EventEmitter,
  firstLine: string,
  message: RtspRequest | RtspResponse,
): void {
  if (emitter.listenerCount('log') > 0) {
    const lines = [firstLine, ...[...message.headers].map(([name, value]) => `${name}: ${value}`)];
    emitLog(emitter, Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), 'S->C');
  }
  if (emitter.listenerCount('response') === 0) return;
  const headers: Record<string, string> = Object.create(null);
  for (const [name, value] of message.headers) headers[name] = value;
  const lines = message.body.length === 0 ? [] : message.body.toString('utf8').split(/\r?\n/);
  emitter.emit('response', firstLine, headers, lines);
}

/** `data` (channel, payload, packet) for RTP, `controlData` (channel, packet) for RTCP. */
export function emitPacket(emitter: EventEmitter, channel: number, packet: Buffer, isControl: boolean): void {
  const event = isControl ? 'controlData' : 'data';
  if (emitter.listenerCount(event) === 0) return;
  if (isControl) {
    emitter.emit('controlData', channel, { packetType: packet[1], payload: packet });
    return;
  }
  const rtp = parseRtp(packet);
  if (rtp === undefined) return;
  const { sequence: id, timestamp, payload } = rtp;
  const marker = rtp.marker ? 1 : 0;
  emitter.emit('data', channel, payload, { id, timestamp, marker, payload, length: payload.length });
}
