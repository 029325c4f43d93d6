/** `avc1.640028` is what people call H264; the text is that of a `codecs` parameter (RFC 6381). */
export function codecName(codec: string): string {
  const [kind = ''] = codec.trim().split('.');
  if (kind.startsWith('avc')) return 'H264';
  return kind === 'hvc1' || kind === 'hev1' ? 'H265' : kind.toUpperCase();
}

/** What a person is told whose browser has no decoder for `video/mp4; codecs="..."`. */
export function cannotDecode(mimeType: string | undefined): string {
  const codecs = /codecs="?([^"]*)/.exec(mimeType ?? '')?.[1] ?? '';
  if (!codecs.split(',').some((codec) => codecName(codec) === 'H265')) {
    return "This browser cannot decode this stream's video.";
  }
  return (
    'This browser cannot decode H.265, which this camera sends. Live it can be watched over WebRTC, where the gateway ' +
    'converts it; recorded time needs a browser with H.265, such as Safari, or Chrome and Edge where the hardware has it, or can be exported as MP4.'
  );
}
