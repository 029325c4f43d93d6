import { testAudio, testVideo } from '../../support/camera-sim/index.ts';
import { waitFor } from '../../support/wait.ts';
import { type Fault, type Limits, type Outcome, pause } from '../support/fault.ts';
import type { FaultSite, Subject } from '../support/site.ts';
import { seams, withSubject } from './camera-gone.ts';

/** After each blow the stream has to go on for so long. */
const AFTER_MS = 4_000;

interface Blow {
  readonly id: string;
  readonly what: string;
  readonly limits?: Limits;
  readonly options?: (site: FaultSite) => Promise<Parameters<FaultSite['subject']>[0]>;
  strike(subject: Subject, site: FaultSite): Promise<void> | void;
  /** Nothing of the stream is damaged by it, so nothing may be dropped. Default true. */
  readonly isWhole?: boolean;
  /** Whether the gateway tells of it. */
  isTold?(subject: Subject): Promise<boolean>;
}

/** Something odd in the middle of a stream: nobody goes away, and nothing may stop. */
function oddStream({ id, what, limits, options, strike, isTold, isWhole = true }: Blow): Fault {
  return {
    id,
    what,
    limits: { pauseMs: 500, lostMs: 0, ...limits },
    run: async (site) =>
      withSubject(site, [(await options?.(site)) ?? {}], async (subject): Promise<Outcome> => {
        await pause(300);
        const wallMs = Date.now();
        const struckMs = performance.now();
        const connections = subject.camera.connections.length;
        await strike(subject, site);
        let detectedMs: number | undefined;
        if (isTold !== undefined) {
          await waitFor(`${what} to be told`, () => isTold(subject), 20_000);
          detectedMs = performance.now() - struckMs;
        }
        await pause(Math.max(0, AFTER_MS - (performance.now() - struckMs)));
        const pauseMs = subject.watch.longestPauseMs(struckMs - 100);
        const missing = await subject.missing(wallMs);
        const { problems = [] } = seams(subject);
        const all = [...problems];
        const video = await videoOf(subject);
        if (isWhole && (video?.lostPackets ?? 1) + (video?.droppedUnits ?? 1) > 0)
          all.push(
            `the gateway took ${video?.lostPackets} packets for lost and dropped ${video?.droppedUnits} pictures`,
          );
        if (subject.watch.lostPackets > 0) all.push(`the viewer missed ${subject.watch.lostPackets} packets`);
        if (subject.camera.connections.length !== connections) all.push('the camera was dialled anew');
        return {
          ...(detectedMs === undefined ? {} : { detectedMs }),
          pauseMs,
          ...missing,
          problems: all,
        };
      }),
  };
}

export const streamFaults: readonly Fault[] = [
  oddStream({
    id: '7 jump',
    what: 'the camera’s clock jumps by an hour',
    async strike(subject) {
      const session = subject.camera.session;
      if (session === undefined) throw new Error('no session');
      const [track] = session.tracks;
      subject.camera.cues.senderReport(Date.now() + 3_600_000, track?.timestampAt(session.mediaMs) ?? 0);
    },
    isTold: async (subject) => Math.abs((await subject.report()).clock?.offsetMs ?? 0) > 3_000_000,
  }),
  oddStream({
    id: '7 drift',
    what: 'the camera’s clock drifts by +500 ppm',
    strike: (subject) => subject.camera.cues.drift(500),
  }),
  oddStream({
    id: '8 seq',
    what: 'RTP sequence numbers wrap',
    options: async () => ({ first: { sequence: 65_536 - 400 } }),
    strike: async (subject) => {
      const sequence = () => subject.camera.session?.tracks[0]?.state.sequence ?? 65_535;
      await waitFor('the sequence to wrap', () => sequence() < 60_000);
    },
  }),
  oddStream({
    id: '8 reset',
    what: 'RTP sequence numbers begin anew',
    // What is missing cannot be known: up to the next key frame.
    limits: { pauseMs: 1_300, lostMs: 1_500 },
    isWhole: false,
    strike: (subject) => subject.camera.cues.jumpSequence(20_000),
  }),
  oddStream({
    id: '8 time',
    what: 'RTP timestamps wrap',
    strike: (subject) => subject.camera.cues.wrapTimestampIn(700),
  }),
  oddStream({
    id: '8 jump',
    what: 'RTP timestamps jump an hour ahead',
    strike: (subject) => subject.camera.cues.jumpTimestamp(3_600_000),
    isTold: async (subject) => (await videoOf(subject))?.timestampJumps === 1,
  }),
  oddStream({
    id: '8 back',
    what: 'RTP timestamps jump a minute back',
    strike: (subject) => subject.camera.cues.jumpTimestamp(-60_000),
    isTold: async (subject) => (await videoOf(subject))?.timestampJumps === 1,
  }),
  oddStream({
    id: '8 ssrc',
    what: 'another SSRC, sequence and timestamps without a new SETUP',
    // Up to the next key frame, which comes each second.
    limits: { pauseMs: 1_300, lostMs: 1_500 },
    isWhole: false,
    strike: (subject) => subject.camera.cues.newSsrc(),
    isTold: async (subject) => (await videoOf(subject))?.restarts === 1,
  }),
  oddStream({
    id: '9',
    what: 'another resolution and SPS at a key frame, told in band only',
    strike: async (subject) =>
      subject.camera.cues.switchMedia(
        await testVideo({ width: 640, height: 360, frames: 50, keyFrameEvery: 25 }),
      ),
    isTold: async (subject) => (await subject.status()).width === 640,
  }),
  oddStream({
    id: '11 sei',
    what: 'a flood of packets that no decoder knows',
    async strike(subject) {
      for (let n = 0; n < 50; n += 1) {
        subject.camera.cues.noise(Buffer.from([6, 5, 4, 1, 2, 3, 4, 0x80]));
        await pause(20);
      }
    },
    limits: { pauseMs: 2_500, lostMs: 3_000 },
    isWhole: false,
  }),
  oddStream({
    id: '12',
    what: 'sound that is none (random bytes as AAC)',
    options: async () => ({ audio: await testAudio('aac') }),
    async strike(subject) {
      for (let n = 0; n < 100; n += 1) {
        subject.camera.cues.noise(100, 'audio');
        await pause(20);
      }
    },
  }),
  start('11 in band', 'no parameter sets in the SDP', async () => ({
    packetisation: { parameterSets: 'in-band' },
  })),
  start('11 sdp', 'parameter sets in the SDP only', async () => ({
    packetisation: { parameterSets: 'sdp' },
  })),
  start('11 marks', 'no marker bits', async () => ({ packetisation: { markers: 'none' } })),
  start('11 slices', 'four slices a picture', async () => ({
    video: await testVideo({ params: 'slices=4', frames: 50, keyFrameEvery: 25 }),
  })),
  start('11 b', 'B-frames', async () => ({
    video: await testVideo({
      bFrames: 2,
      profile: 'main',
      params: 'b-pyramid=none',
      frames: 50,
      keyFrameEvery: 25,
    }),
  })),
  start('11 annexb', 'start codes inside RTP', async () => ({ packetisation: { annexB: true } })),
];

/** A camera that is odd from the start: how long until there is a picture, from its first key frame on. */
function start(id: string, what: string, options: () => Promise<Parameters<FaultSite['subject']>[0]>): Fault {
  return {
    id,
    what,
    limits: { recoveredMs: 1_000, pauseMs: 500, lostMs: 0 },
    run: async (site) =>
      withSubject(site, [await options()], async (subject) => {
        const wallMs = Date.now();
        const fromMs = performance.now();
        await pause(2_000);
        const pauseMs = subject.watch.longestPauseMs(fromMs);
        const missing = await subject.missing(wallMs);
        await subject.camera.reboot();
        const recoveredMs = await subject.recovered(performance.now());
        return { recoveredMs, pauseMs, ...missing, ...seams(subject) };
      }),
  };
}

async function videoOf(subject: Subject) {
  const { camera } = await subject.report();
  return camera?.received.find(({ kind }) => kind === 'video');
}
