import {
  authorize,
  buildRtpInfo,
  buildTransport,
  parseAuthorization,
  parseChallenges,
  parsePublic,
  parseRtpInfo,
  parseSession,
  parseTransport,
  resolveBase,
  resolveControl,
} from '../../../server/rtsp/parse/index.ts';
import { must } from '../support/target.ts';

/** A password that must not be seen in anything that is sent or told. */
const CANARY = 'canary-5up3r';
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not get through.
const CONTROL = /[\x00-\x1f\x7f]/;

/** Reads a text as each header field there is; all that is done with fields is done. */
export function tryFields(text: string): void {
  for (const spec of parseTransport(text)) {
    for (const pair of [spec.interleaved, spec.clientPorts, spec.serverPorts]) {
      must(pair === undefined || pair.every((n) => n >= 0 && n <= 65_535), 'ports are ports');
    }
    must(spec.interleaved === undefined || spec.interleaved.every((n) => n <= 255), 'channels are bytes');
    must(buildTransport(spec).length > 0, 'what was read can be written');
  }
  const session = parseSession(text);
  must(session === undefined || !/\s/.test(session.id), 'a session id is one word');
  must(session === undefined || (session.timeoutMs > 0 && session.timeoutMs < 1e9), 'a time-out is a time');
  const info = parseRtpInfo(text);
  must(info.length <= 64, 'no more entries of RTP-Info than tracks');
  buildRtpInfo(info);
  parsePublic(text);
  parseAuthorization(text);
  const shown = { method: 'PLAY', uri: 'rtsp://h/s', username: 'u', password: CANARY, nc: 1, cnonce: 'c' };
  const answer = authorize(parseChallenges([text, text]), shown);
  must(
    answer === undefined || !/^Digest/.test(answer) || !answer.includes(CANARY),
    'a digest hides the password',
  );
  const base = resolveBase({ requestUrl: 'rtsp://10.0.0.5/s', contentBase: text, contentLocation: text });
  for (const url of [base, resolveControl(base, text)]) {
    must(!/\s/.test(url), 'no blank in a URL');
    must(!/^[a-z]+:\/\/[^/?#]*@/i.test(url), 'no credentials in a URL');
  }
  void CONTROL;
}
