/**
 * The part of fluent-ffmpeg 2.1.3 that is used here (it has no types of its own).
 */
declare module 'fluent-ffmpeg' {
  import type { Readable, Writable } from 'node:stream';

  interface FfmpegCommand {
    /** Several arguments reach FFmpeg as they are; one alone would be split at its blank. */
    inputOptions(...options: [string, string, ...string[]]): this;
    outputOptions(...options: [string, string, ...string[]]): this;
    output(target: string | Writable, pipeOptions?: { end?: boolean }): this;
    on(event: 'start', listener: (commandLine: string) => void): this;
    on(event: 'stderr', listener: (line: string) => void): this;
    on(event: 'end', listener: () => void): this;
    on(event: 'error', listener: (failure: Error) => void): this;
    run(): this;
    /** Does nothing before `start`. */
    kill(signal?: string): this;
  }

  interface FfmpegOptions {
    readonly source: Readable;
    readonly niceness?: number;
    readonly stdoutLines?: number;
  }

  const ffmpeg: {
    (options: FfmpegOptions): FfmpegCommand;
    setFfmpegPath(path: string): void;
    getAvailableFormats(callback: (failure: Error | null) => void): void;
    getAvailableEncoders(callback: (failure: Error | null) => void): void;
  };
  // biome-ignore lint/style/noDefaultExport: this is how the library exports it.
  export default ffmpeg;
}
