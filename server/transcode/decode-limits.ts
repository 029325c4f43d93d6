/** FFmpeg decodes nothing larger: damaged parameter sets may claim any size, which would fill the memory. */
export const MAX_PIXELS_ARGUMENTS: readonly string[] = ['-max_pixels', '40000000'];
