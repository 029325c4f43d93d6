/** Reading of H.264, pure: a door of its own beside the hub's, for threads that have to stay small. */

export { beginsWithStartCode, containsStartCode, splitAtStartCodes } from './annexb.ts';
export { BitReader } from './bit-reader.ts';
export { PictureOrder } from './picture-order.ts';
export { reorderFree } from './reorder-free.ts';
export { readSliceHead, type SliceHead } from './slice-head.ts';
export { MAX_PARAMETER_SET_BYTES, parseSps, type SpsInfo, withoutEmulationPrevention } from './sps.ts';
export { skipDisplay } from './vui.ts';
