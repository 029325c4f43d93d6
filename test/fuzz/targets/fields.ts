import { mutatedText } from '../support/mutations.ts';
import { cameraReplies, seedsOf, words } from '../support/seeds.ts';
import { type FuzzTarget, plainBytes, reviveBytes } from '../support/target.ts';
import { tryFields } from './try-fields.ts';

/** The values of real replies, and what was hard on another server. */
const values = cameraReplies.flatMap((reply) => {
  const [head = ''] = reply.toString('latin1').split('\r\n\r\n');
  return head
    .split('\r\n')
    .slice(1)
    .map((line) => Buffer.from(line.slice(line.indexOf(':') + 1).trim(), 'latin1'));
});
const challenges = [
  'Digest realm="Login to 4K01", nonce="7d7ba4d0", stale="FALSE", qop="auth", algorithm=SHA-256, opaque="x"',
  'Basic realm="cam", Digest realm="cam", nonce="a\\"b", algorithm=MD5-sess',
  'RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=4cacc3d1;mode="PLAY"',
  'RTP/AVP;unicast;source=10.0.0.5;client_port=5000-5001;server_port=6000-6001',
  'url=rtsp://10.0.0.5/a,b;c/trackID=1;seq=1;rtptime=-5,url=rtsp://10.0.0.5/t2;seq=65535;rtptime=4294967295;',
].map((text) => Buffer.from(text));

/** Each header field that a camera's or client's word stands in. */
export const fields: FuzzTarget<Buffer> = {
  name: 'fields',
  summary: 'Transport, Session, RTP-Info, challenges, URLs',
  share: 4,
  maxCpuMs: 40,
  input: mutatedText([...values, ...challenges, ...seedsOf(/^headers\./)], words),
  run: (bytes) => tryFields(bytes.toString('utf8')),
  plain: plainBytes,
  revive: reviveBytes,
};
