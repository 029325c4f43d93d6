import { afterEach, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../../server/base/clock.ts';
import { silentLogger } from '../../../server/base/log.ts';
import { type RtspSource, startRtspSource } from '../../../server/rtsp/index.ts';
import { cameraAt, RecordingSink } from '../recording-sink.ts';
import { waitFor } from '../wait.ts';
import {
  type CameraOptions,
  CameraSim,
  type SimAudio,
  type SimVideo,
  testAudio,
  testVideo,
} from './index.ts';

let video: SimVideo;
let audio: SimAudio;
const undo: Array<() => Promise<void>> = [];

beforeAll(async () => {
  [video, audio] = await Promise.all([testVideo(), testAudio('pcmu')]);
});

afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
});

async function start(options: CameraOptions = {}): Promise<CameraSim> {
  const camera = await CameraSim.start({ video, audio, ...options });
  undo.push(() => camera.close());
  return camera;
}

function pull(camera: CameraSim, settings: Readonly<Record<string, unknown>> = {}) {
  const sink = new RecordingSink();
  const deps = { clock: systemClock, log: silentLogger };
  const source: RtspSource = startRtspSource(cameraAt(camera.url(), settings), sink, deps);
  undo.push(() => source.close());
  return { sink, source };
}

const units = (sink: RecordingSink, kind: 'video' | 'audio') =>
  sink.units.filter((unit) => unit.kind === kind);

for (const transport of ['tcp', 'udp'] as const) {
  it(`plays picture and sound over ${transport}, byte for byte as they lie in the film`, async () => {
    const camera = await start();
    const { sink } = pull(camera, { transport });
    await waitFor('60 pictures', () => units(sink, 'video').length >= 60 && units(sink, 'audio').length > 50);
    const sent = [...video.pictures, ...video.pictures].map(({ nals }) =>
      nals.filter((nal) => ![6, 7, 8, 9].includes((nal[0] ?? 0) & 31)),
    );
    const got = units(sink, 'video').slice(0, 60);
    expect(got.map(({ isKeyFrame }) => isKeyFrame)).toEqual(got.map((_, index) => index % 25 === 0));
    for (const [index, { payloads }] of got.entries()) {
      expect(payloads.filter((nal) => ((nal[0] ?? 0) & 31) !== 6)).toEqual(sent[index]);
    }
    const steps = got
      .slice(1)
      .map((unit, index) => (unit.rtpTimestamp - (got[index]?.rtpTimestamp ?? 0)) >>> 0);
    expect(new Set(steps)).toEqual(new Set([3600]));
    expect(units(sink, 'audio')[7]?.payloads[0]).toEqual(audio.frames[7]);
  });
}
