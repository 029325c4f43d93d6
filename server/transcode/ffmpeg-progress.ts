const KEPT_CHARS = 4096;

/**
 * Reads what `ffmpeg -progress pipe:1` writes and calls `progress` whenever more media has come out: a process
 * that only says the same time again and again is as dead as a silent one.
 */
export class FfmpegProgress {
  #partial = '';
  #outTimeUs = -1;

  push(chunk: Buffer, progress: () => void): void {
    const lines = (this.#partial + chunk.toString('latin1')).split('\n');
    this.#partial = (lines.pop() ?? '').slice(-KEPT_CHARS);
    for (const line of lines) {
      const outTimeUs = /^out_time_us=(\d+)$/.exec(line.trim())?.[1];
      if (outTimeUs === undefined || Number(outTimeUs) <= this.#outTimeUs) continue;
      this.#outTimeUs = Number(outTimeUs);
      progress();
    }
  }
}
