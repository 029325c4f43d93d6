import { type AddressResolver, resolveAnyAddress } from '../../server/base/address-policy.ts';
import { type Clock, systemClock } from '../../server/base/clock.ts';
import { silentLogger } from '../../server/base/log.ts';
import type { LoginHistories } from '../../server/base/login-histories.ts';
import { OnvifDevice, OnvifError } from '../../server/onvif/index.ts';
import { type OnvifSim, type OnvifSimOptions, startOnvifSim } from '../support/onvif-sim/index.ts';

export const STREAMS = { main: 'rtsp://127.0.0.1:5544/main?a=1&b=2', sub: 'rtsp://127.0.0.1:5544/sub' };

/** Simulators and devices of a test file, and their end. */
export class DeviceHouse {
  readonly #sims: OnvifSim[] = [];
  readonly #devices: OnvifDevice[] = [];

  async sim(options: OnvifSimOptions = {}): Promise<OnvifSim> {
    const sim = await startOnvifSim({ ...STREAMS, ...options });
    this.#sims.push(sim);
    return sim;
  }

  device(
    sim: { readonly url: string },
    options: {
      readonly clock?: Clock;
      readonly username?: string | undefined;
      readonly password?: string;
      readonly url?: string;
      readonly resolveAddress?: AddressResolver;
      readonly tlsFingerprint?: string | undefined;
      readonly logins?: LoginHistories;
      readonly isAsked?: boolean;
    } = {},
  ): OnvifDevice {
    const device = new OnvifDevice({
      url: sim.url,
      username: 'admin',
      password: 'secret',
      resolveAddress: resolveAnyAddress,
      clock: systemClock,
      log: silentLogger,
      ...options,
    });
    this.#devices.push(device);
    return device;
  }

  async close(): Promise<void> {
    for (const device of this.#devices.splice(0)) device.close();
    await Promise.all(this.#sims.splice(0).map((sim) => sim.close()));
  }
}

/** What a question that has to fail fails with. */
export async function failureOf(question: Promise<unknown>): Promise<OnvifError> {
  try {
    await question;
  } catch (failure) {
    if (failure instanceof OnvifError) return failure;
    throw failure;
  }
  throw new Error('it did not fail');
}
