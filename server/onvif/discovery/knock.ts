import type { Clock } from '../../base/clock.ts';
import { deadline } from '../soap/deadline.ts';
import { envelope, readReply } from '../soap/envelope.ts';
import type { PinnedAddress } from '../soap/http-exchange.ts';
import { exchangeHttp } from '../soap/http-exchange.ts';
import { DEVICE_SERVICE_PATH } from '../target.ts';
import { parseXmlInTurns } from '../xml/parse.ts';

const TIMEOUT_MS = 1_500;
const MAX_REPLY_BYTES = 64 * 1024;
const MESSAGE = envelope('<GetSystemDateAndTime xmlns="http://www.onvif.org/ver10/device/wsdl"/>');

/**
 * Whether a device service answers at an address and port, by the one question that devices answer everybody (ONVIF Core section 8.3). For those who are
 * asked by name or beyond a router, where no UDP gets through or discovery is switched off.
 */
export async function answersOnvif(
  address: Pick<PinnedAddress, 'ip' | 'host' | 'port'>,
  clock: Clock,
  signal: AbortSignal,
): Promise<boolean> {
  const limit = deadline(clock, TIMEOUT_MS, 'no answer', [signal]);
  try {
    const reply = await exchangeHttp({
      address: { ...address, secure: false },
      method: 'POST',
      path: DEVICE_SERVICE_PATH,
      headers: { 'Content-Type': 'application/soap+xml; charset=utf-8' },
      body: MESSAGE,
      maxBytes: MAX_REPLY_BYTES,
      signal: limit.signal,
      action: 'GetSystemDateAndTime',
    });
    const parsed = await parseXmlInTurns(reply.body.toString('utf8'));
    // A fault is an answer too: that of a device that wants a log-in even for this.
    return parsed.ok && readReply(parsed.value).kind !== 'none';
  } catch {
    return false;
  } finally {
    limit.clear();
  }
}
