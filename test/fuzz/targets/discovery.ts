import { readProbeMatches } from '../../../server/onvif/discovery/probe.ts';
import { parseOnvifUrl } from '../../../server/onvif/target.ts';
import { discoveredDeviceSchema } from '../../../shared/onvif.ts';
import { mutatedText } from '../support/mutations.ts';
import { onvifWords, probeReplies } from '../support/seeds.ts';
import { type FuzzTarget, must, plainBytes, reviveBytes } from '../support/target.ts';

const FROM = '10.0.0.5';

/** What anybody on the network may send while cameras are searched for. */
export const discovery: FuzzTarget<Buffer> = {
  name: 'discovery',
  summary: 'datagrams in answer to WS-Discovery',
  share: 1,
  countInTests: 300,
  maxCpuMs: 20,
  input: mutatedText(probeReplies, onvifWords),
  run(bytes) {
    const found = readProbeMatches(bytes.toString('utf8'), FROM, () => true);
    must(found.length <= 16, 'one message names some devices');
    for (const device of found) {
      const target = parseOnvifUrl(device.url);
      must(
        target.ok && target.value.host === FROM,
        'a device is where it answered from, in a URL that can be read',
      );
      must(discoveredDeviceSchema.safeParse({ ...device, knownAs: [] }).success, 'as the page expects it');
      for (const text of [device.name, device.hardware, device.location, device.id])
        must((text ?? '').length <= 2_200, 'what it says of itself is bounded');
    }
  },
  plain: plainBytes,
  revive: reviveBytes,
};
