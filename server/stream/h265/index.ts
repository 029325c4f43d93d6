/** Reading of H.265, pure: a door of its own beside the hub's, for threads that have to stay small. */

export {
  beginsH265Picture,
  H265_NAL,
  H265_NAL_HEADER_BYTES,
  h265LayerId,
  h265NalType,
  isH265Irap,
  isH265Rasl,
  isH265Slice,
  isH265SubLayerNonReference,
} from './nal.ts';
export {
  h265CodecString,
  h265ProfileName,
  type ProfileTierLevel,
} from './profile-tier-level.ts';
export { type H265SpsInfo, parseH265Sps } from './sps.ts';
