import { start } from './support.ts';

/**
 * Plays with GStreamer until `count` pictures have come. Success is told by the pictures and not by the exit status:
 * when gst-launch ends, rtspsrc's CLOSE may overtake its own PAUSE, which it then reports as an error, with its own
 * server as well as with ours.
 */
export async function readWithGStreamer(options: {
  readonly source: readonly string[];
  /** What depacketises, and perhaps decodes. */
  readonly elements: readonly string[];
  readonly count: number;
}): Promise<{ pictures: number; stdout: string; stderr: string }> {
  const { stdout, stderr } = await start('gst-launch-1.0', [
    ...['-v', 'rtspsrc', 'latency=0', ...options.source, '!', ...options.elements, '!'],
    // The picture with which it ends the stream is not told as one that went in.
    ...['identity', 'name=pictures', 'silent=false', `eos-after=${options.count + 1}`, '!', 'fakesink'],
  ]).done;
  const pictures = stdout.split('\n').filter((line) => /:pictures: .*= chain /.test(line)).length;
  return { pictures, stdout, stderr };
}
