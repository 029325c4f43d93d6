import { err, ok, type Result } from '../../shared/result.ts';
import { isPwd, isUfrag, MAX_SDP_BYTES } from './sdp-offer.ts';

/** The ICE parameters in a trickle fragment (RFC 8840 section 9); its candidates are of no use to ICE-lite. */
export interface SdpFragment {
  readonly iceUfrag: string | undefined;
  readonly icePwd: string | undefined;
}

/** The error is a sentence for whoever sent it. */
export function parseSdpFragment(text: string): Result<SdpFragment, string> {
  if (Buffer.byteLength(text) > MAX_SDP_BYTES) return err('The SDP fragment is longer than 64 KiB.');
  let iceUfrag: string | undefined;
  let icePwd: string | undefined;
  for (const line of text.split(/\r\n|\n|\r/)) {
    if (line === '') continue;
    if (!/^[a-z]=/.test(line)) return err('A line of the SDP fragment does not look like "a=...".');
    const ufrag = /^a=ice-ufrag:(.*)$/.exec(line)?.[1]?.trim();
    const pwd = /^a=ice-pwd:(.*)$/.exec(line)?.[1]?.trim();
    iceUfrag ??= ufrag;
    icePwd ??= pwd;
  }
  if ((iceUfrag === undefined) !== (icePwd === undefined)) {
    return err('The SDP fragment has only one of a=ice-ufrag and a=ice-pwd.');
  }
  if (iceUfrag !== undefined && icePwd !== undefined && !(isUfrag(iceUfrag) && isPwd(icePwd))) {
    return err('The a=ice-ufrag or a=ice-pwd of the SDP fragment is not valid.');
  }
  return ok({ iceUfrag, icePwd });
}
