import { integer, type Random } from '../../support/camera-sim/index.ts';
import type { SoakCamera } from './soak-camera.ts';

/** Something that happens to a camera; `strike` gives what undoes it. */
export interface Blow {
  readonly name: string;
  /** How long it lasts before it is undone. */
  readonly forMs: readonly [least: number, most: number];
  strike(camera: SoakCamera, random: Random): Promise<(() => Promise<void> | void) | undefined>;
}

const NO_TIME = [0, 0] as const;

const calmNetwork = (camera: SoakCamera) => () => camera.sim.cues.network();

/** What is done once and needs no undoing. */
function at(name: string, strike: (camera: SoakCamera, random: Random) => void): Blow {
  return {
    name,
    forMs: NO_TIME,
    async strike(camera, random) {
      strike(camera, random);
      return undefined;
    },
  };
}

export const BLOWS: readonly Blow[] = [
  {
    name: 'dies',
    forMs: [500, 8_000],
    async strike({ sim }) {
      await sim.stop();
      return () => sim.start();
    },
  },
  {
    name: 'reboots',
    forMs: NO_TIME,
    async strike({ sim }) {
      await sim.reboot();
      return undefined;
    },
  },
  {
    name: 'reboots with another picture',
    forMs: NO_TIME,
    async strike(camera, random) {
      await camera.sim.reboot({ video: camera.films[integer(random, camera.films.length)] });
      return undefined;
    },
  },
  {
    name: 'silent',
    forMs: [2_000, 12_000],
    async strike({ sim }, random) {
      sim.cues.silence({ answers: random() < 0.5 });
      return () => sim.cues.speak();
    },
  },
  {
    name: 'loss',
    forMs: [3_000, 10_000],
    async strike(camera, random) {
      camera.sim.cues.network({ lossFraction: 0.001 + random() * 0.2, lossBurst: 1 + integer(random, 5) });
      return calmNetwork(camera);
    },
  },
  {
    name: 'jitter',
    forMs: [3_000, 10_000],
    async strike(camera, random) {
      camera.sim.cues.network({
        delayMs: integer(random, 300),
        jitterMs: integer(random, 200),
        reorderFraction: random() * 0.1,
        duplicateFraction: random() * 0.1,
      });
      return calmNetwork(camera);
    },
  },
  {
    name: 'slow answers',
    forMs: [2_000, 8_000],
    async strike({ sim }, random) {
      sim.cues.slowReplies(500 + integer(random, 4_000));
      sim.cues.reset();
      return () => sim.cues.slowReplies(0);
    },
  },
  {
    name: 'refuses the password',
    forMs: NO_TIME,
    async strike({ sim, source }) {
      // One dial is refused, and the next comes 30 s later: a name and password are tried again with the camera's nonce.
      sim.cues.unauthorised('username' in source ? 2 : 1);
      sim.cues.reset();
      return undefined;
    },
  },
  at('ends the connection', ({ sim }) => sim.cues.halfClose()),
  at('resets', ({ sim }) => sim.cues.reset()),
  at('new SSRC', ({ sim }) => sim.cues.newSsrc()),
  at('sequence jumps', ({ sim }, random) => sim.cues.jumpSequence(integer(random, 65_536))),
  at('timestamps jump', ({ sim }, random) => sim.cues.jumpTimestamp(integer(random, 7_200_000) - 3_600_000)),
  at('timestamps wrap', ({ sim }) => sim.cues.wrapTimestampIn(500)),
  at('another picture', (camera, random) => {
    const film = camera.films[integer(random, camera.films.length)];
    if (film !== undefined) camera.sim.cues.switchMedia(film);
  }),
  at('drifts', ({ sim }, random) => sim.cues.drift(integer(random, 2_000) - 1_000)),
  at('garbage', ({ sim }, random) => sim.cues.garbage(1 + integer(random, 2_000))),
  at('noise', ({ sim }, random) => sim.cues.noise(1 + integer(random, 1_200))),
  at('nonsense report', ({ sim }, random) =>
    sim.cues.senderReport(random() * 4e12, integer(random, 2 ** 32)),
  ),
  at('says bye', ({ sim }) => sim.cues.bye()),
  at('drops packets', ({ sim }, random) => sim.cues.dropNext(1 + integer(random, 40))),
];
