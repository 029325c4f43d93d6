import { testVideo } from '../../support/camera-sim/index.ts';
import { UdpRelay } from '../../support/udp-relay.ts';
import { waitFor } from '../../support/wait.ts';
import { type Fault, pause } from '../support/fault.ts';
import { PictureWatch } from '../support/picture-watch.ts';
import { withSubject } from './camera-gone.ts';
import { rssOf } from './processes.ts';

const THIN_BITS_PER_SECOND = 500_000;
const FOR_MS = 15_000;

/** One viewer's link takes an eighth of what its camera sends. */
export const thinLinkFault: Fault = {
  id: '5',
  what: 'a viewer’s link is thin (500 kbit/s for 4 Mbit/s)',
  limits: { detectedMs: 12_000, recoveredMs: 60_000, pauseMs: 500 },
  async run(site) {
    const video = await testVideo({ width: 1280, height: 720, frames: 50, keyFrameEvery: 25, bitrate: '4M' });
    let relay: UdpRelay | undefined;
    let thin: PictureWatch | undefined;
    try {
      return await withSubject(site, [{ video }], async (subject) => {
        thin = await PictureWatch.open(`${site.gateway.url}/whep/${subject.id}`, async (sdp) => {
          const { port, text } = overUdpOnly(sdp);
          relay = await UdpRelay.open(port);
          return text.replaceAll(` ${port} typ host`, ` ${relay.port} typ host`);
        });
        const watch = thin;
        await waitFor('pictures behind the relay', () => watch.pictures.length > 25);
        const before = rssOf(site.gateway.pid);
        const struckMs = performance.now();
        relay?.set({ bitsPerSecond: THIN_BITS_PER_SECOND });
        // It is no longer sent what it cannot have: nothing whole comes, and its link is free again.
        await waitFor(
          'the viewer to be spared',
          () => {
            const last = watch.lastPacketAtMs;
            return performance.now() - struckMs > 2_000 && performance.now() - last > 1_000;
          },
          30_000,
        );
        const detectedMs = performance.now() - struckMs - 1_000;
        await pause(Math.max(0, FOR_MS - (performance.now() - struckMs)));
        const grownBytes = rssOf(site.gateway.pid) - before;
        relay?.set({ bitsPerSecond: undefined });
        const mendedMs = performance.now();
        await waitFor(
          'pictures to flow again',
          () => watch.countSince(Math.max(mendedMs, performance.now() - 2_000)) >= 40,
          90_000,
        );
        const recoveredMs = performance.now() - mendedMs;
        return {
          detectedMs,
          recoveredMs,
          // Of the viewer beside it, of the same camera.
          pauseMs: subject.watch.longestPauseMs(struckMs),
          note: `the gateway’s memory ${grownBytes > 0 ? 'grew' : 'shrank'} by ${(Math.abs(grownBytes) / 2 ** 20).toFixed(1)} MiB; noticed: it is sent nothing more; again: two seconds of whole pictures`,
        };
      });
    } finally {
      await thin?.close();
      await relay?.close();
    }
  },
};

/** The answer without its TCP candidates, and the port of its UDP one. */
function overUdpOnly(sdp: string): { port: number; text: string } {
  const lines = sdp.split('\r\n').filter((line) => !/^a=candidate:.* tcp /i.test(line));
  const port = Number(/^a=candidate:\S+ \d+ udp \d+ \S+ (\d+) typ host/im.exec(lines.join('\r\n'))?.[1]);
  if (!Number.isInteger(port)) throw new Error('the answer has no UDP candidate');
  return { port, text: lines.join('\r\n') };
}
