import { type Fault, type Outcome, pause } from '../support/fault.ts';
import type { FaultSite, Subject } from '../support/site.ts';

/** How long the camera stays away once it was noticed. */
const AWAY_MS = 1_500;

/**
 * Strikes, waits until the gateway says so, brings the camera back a moment later, and looks at what it has cost.
 */
async function goAndComeBack(
  subject: Subject,
  strike: () => Promise<void> | void,
  comeBack: () => Promise<void> | void,
): Promise<Outcome> {
  // Not always at the same place of a group of pictures.
  await pause(200 + Math.random() * 600);
  const wallMs = Date.now();
  const struckMs = performance.now();
  await strike();
  const detectedMs = await subject.detected(struckMs);
  await pause(AWAY_MS);
  const backMs = performance.now();
  await comeBack();
  const recoveredMs = await subject.recovered(backMs);
  const awayMs = (subject.camera.session?.firstKeyFrameAtMs ?? Number.NaN) - struckMs;
  const pauseMs = subject.watch.longestPauseMs(struckMs - 100);
  return { detectedMs, recoveredMs, pauseMs, awayMs, ...(await subject.missing(wallMs)), ...seams(subject) };
}

/** The viewer's connection outlives it all: one stream of packets, and timestamps that only go forward. */
function seams(subject: Subject): Pick<Outcome, 'problems'> {
  const { watch } = subject;
  const problems: string[] = [];
  if (watch.ssrcs.size !== 1) problems.push(`the viewer saw ${watch.ssrcs.size} streams`);
  if (watch.timestampJumps > 0) problems.push(`the viewer's timestamps jumped ${watch.timestampJumps} times`);
  return { problems };
}

async function withSubject(
  site: FaultSite,
  options: Parameters<FaultSite['subject']>,
  run: (subject: Subject) => Promise<Outcome>,
): Promise<Outcome> {
  const subject = await site.subject(...options);
  try {
    return await run(subject);
  } finally {
    await subject.close();
  }
}

const BACK = { recoveredMs: 1_000, lostMs: 3_000 };

export const cameraGoneFaults: readonly Fault[] = [
  {
    id: '1',
    what: 'the camera dies (RST)',
    limits: { detectedMs: 1_000, ...BACK },
    run: (site) =>
      withSubject(site, [], (subject) =>
        goAndComeBack(
          subject,
          () => subject.camera.stop(),
          () => subject.camera.start(),
        ),
      ),
  },
  {
    id: '1 fin',
    what: 'the camera ends the connection (FIN)',
    limits: { detectedMs: 1_000, recoveredMs: 1_000 },
    async run(site) {
      return withSubject(site, [], async (subject) => {
        await pause(300);
        const wallMs = Date.now();
        const struckMs = performance.now();
        subject.camera.cues.halfClose();
        const detectedMs = await subject.detected(struckMs);
        const recoveredMs = await subject.recovered(struckMs);
        const awayMs = (subject.camera.session?.firstKeyFrameAtMs ?? Number.NaN) - struckMs;
        const pauseMs = subject.watch.longestPauseMs(struckMs - 100);
        return { detectedMs, recoveredMs, pauseMs, awayMs, ...(await subject.missing(wallMs)) };
      });
    },
  },
  {
    id: '2 tcp',
    what: 'power or cable gone (silence), over TCP',
    limits: { detectedMs: 5_600, ...BACK },
    run: (site) =>
      withSubject(site, [], (subject) =>
        goAndComeBack(
          subject,
          () => subject.camera.cues.silence(),
          () => subject.camera.reboot(),
        ),
      ),
  },
  {
    id: '2 udp',
    what: 'power or cable gone (silence), over UDP',
    limits: { detectedMs: 5_600, ...BACK },
    run: (site) =>
      withSubject(site, [{}, { source: { transport: 'udp' } }], (subject) =>
        goAndComeBack(
          subject,
          () => subject.camera.cues.silence(),
          () => subject.camera.reboot(),
        ),
      ),
  },
  {
    id: '2 encoder',
    what: 'the camera answers, but sends no more pictures',
    limits: { detectedMs: 5_600, ...BACK },
    run: (site) =>
      withSubject(site, [], (subject) =>
        goAndComeBack(
          subject,
          () => subject.camera.cues.silence({ answers: true }),
          () => subject.camera.cues.speak(),
        ),
      ),
  },
];

export { goAndComeBack, seams, withSubject };
