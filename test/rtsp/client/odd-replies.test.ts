import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { CameraSim, type CameraTraits, type SimVideo, testVideo } from '../../support/camera-sim/index.ts';
import type { RecordingSink } from '../../support/recording-sink.ts';
import { waitFor } from '../../support/wait.ts';
import { pull } from './source-support.ts';

/* Cameras whose replies break RTSP in ways that clients can live with: each plays, at the first try. */

let video: SimVideo;

beforeAll(async () => {
  video = await testVideo({ fps: 50, frames: 10, keyFrameEvery: 10 });
});

interface Played {
  readonly camera: CameraSim;
  readonly sink: RecordingSink;
}

/** A camera with these habits, once a source of its has got pictures. */
async function play(
  traits: Partial<CameraTraits>,
  source: Readonly<Record<string, unknown>> = {},
): Promise<Played> {
  const camera = await CameraSim.start({ video, ...traits });
  onTestFinished(() => camera.close());
  const { sink } = pull(camera.url(), { transport: 'tcp', ...source });
  await waitFor('pictures', () => sink.videoUnits.length > 5 || sink.waits[0]);
  expect(sink.waits).toEqual([]);
  expect(camera.connections).toHaveLength(1);
  return { camera, sink };
}

const sent = ({ requests }: CameraSim): string[] => requests.map(({ method }) => method);

describe('log-in', () => {
  it.each(['auth', 'auth-int'] as const)('Digest with nothing but qop=%s', async (qop) => {
    const auth = { scheme: 'digest', username: 'admin', password: 'secret', qop } as const;
    const { camera } = await play({ auth }, { username: 'admin', password: 'secret' });
    expect(sent(camera)).toEqual(['OPTIONS', 'DESCRIBE', 'DESCRIBE', 'SETUP', 'PLAY']);
  });
});
