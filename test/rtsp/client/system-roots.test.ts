import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, expect, it } from 'vitest';
import { type FakeRtspServer, startFakeRtspServer } from '../../support/fake-rtsp-server.ts';

const run = promisify(execFile);
const place = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const CERTIFICATE = place('../../fixtures/tls/camera.crt');

/** Dials as the gateway does, without a pin, and tells what it made of the certificate. */
const DIAL = `
import { once } from 'node:events';
import { parseTarget } from ${JSON.stringify(place('../../../server/rtsp/client/target.ts'))};
import { certificateError, openTls } from ${JSON.stringify(place('../../../server/rtsp/client/tls.ts'))};
const target = parseTarget(process.argv[1]).value;
const socket = openTls({ target, address: '127.0.0.1', fingerprint: undefined, tls: undefined });
await once(socket, 'secureConnect');
console.log(certificateError(socket, { target, fingerprint: undefined })?.kind ?? 'trusted');
socket.destroy();
`;

let server: FakeRtspServer | undefined;
afterEach(() => server?.close());

it('rtsps trusts what the system trusts, and nothing else', async () => {
  server = await startFakeRtspServer({
    tls: { key: readFileSync(place('../../fixtures/tls/camera.key')), cert: readFileSync(CERTIFICATE) },
  });
  const url = server.url();
  const dial = async (roots: string) => {
    // OpenSSL's own variable for where the system keeps its roots.
    const env = { ...process.env, SSL_CERT_FILE: roots, SSL_CERT_DIR: '/nonexistent' };
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', DIAL, url], { env });
    return stdout.trim();
  };
  expect(await Promise.all([dial(CERTIFICATE), dial(place('../../fixtures/tls/other.crt'))])).toEqual([
    'trusted',
    'certificate',
  ]);
});
