import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { adtsFrames } from './camera-sim/audio-frames.ts';
import { type SimAudio, type SimVideo, videoOfAnnexB } from './camera-sim/index.ts';
import { madeOnce } from './made-once.ts';

const run = promisify(execFile);
const ffmpeg = process.env.FFMPEG_PATH ?? 'ffmpeg';

/** After so long picture and AAC frames end at the same instant, so that both can be played over and over: 375 frames of 1024. */
const SECONDS = 8;
const AAC_FRAMES = 375;
const FPS = 25;

/** A white picture and a tone of 1 kHz for the first 200 ms of every second, on the instant together. */
export async function flashAndBeep(codec: 'h264' | 'h265'): Promise<{ video: SimVideo; audio: SimAudio }> {
  const isOn = 'lt(mod(t,1),0.2)';
  const options = { encoding: 'buffer', maxBuffer: 2 ** 28 } as const;
  const quiet = ['-v', 'error', '-nostdin', '-f', 'lavfi', '-i'];
  const encoder =
    codec === 'h264'
      ? [
          'libx264',
          '-preset',
          'ultrafast',
          '-tune',
          'zerolatency',
          '-g',
          '25',
          '-sc_threshold',
          '0',
          '-f',
          'h264',
        ]
      : [
          'libx265',
          '-preset',
          'ultrafast',
          '-tune',
          'zerolatency',
          '-x265-params',
          'log-level=error:keyint=25:min-keyint=25:scenecut=0',
          '-f',
          'hevc',
        ];
  const picture = `color=black:s=320x240:r=${FPS}:d=${SECONDS},drawbox=t=fill:c=white:enable='${isOn}'`;
  const [video, audio] = await madeOnce(import.meta.url, codec, () =>
    Promise.all([
      run(ffmpeg, [...quiet, picture, '-pix_fmt', 'yuv420p', '-c:v', ...encoder, 'pipe:1'], options),
      run(
        ffmpeg,
        [
          ...quiet,
          `aevalsrc='0.8*cos(2*PI*1000*t)*${isOn}':s=48000:d=${SECONDS + 1}`,
          '-c:a',
          'aac',
          '-f',
          'adts',
          'pipe:1',
        ],
        options,
      ),
    ]),
  );
  const { frames, config, clockRate, channels } = adtsFrames(audio.stdout);
  return {
    video: videoOfAnnexB(video.stdout, codec, FPS),
    audio: {
      kind: 'audio',
      codec: 'aac',
      clockRate,
      channels,
      config,
      frameTicks: 1024,
      // The first frame only primes a decoder.
      frames: frames.slice(1, 1 + AAC_FRAMES),
    },
  };
}
