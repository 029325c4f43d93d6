import { H265_NAL, isH265Irap, isH265Slice } from '../../stream/h265/index.ts';
import type { VideoCodec } from '../segment.ts';

/** What a NAL unit is to those who look for key frames; `key-slice`: of a picture that decoding can begin with. */
export type NalKind = 'slice' | 'key-slice' | 'vps' | 'sps' | 'pps' | 'delimiter' | 'other';

/** Tells it by the first byte of the NAL unit (ITU-T H.264 table 7-1, H.265 table 7-1). */
export function nalKind(codec: VideoCodec, firstByte: number): NalKind {
  return codec === 'h265' ? h265Kind((firstByte >> 1) & 0x3f) : h264Kind(firstByte & 0x1f);
}

function h264Kind(type: number): NalKind {
  switch (type) {
    case 1:
    case 2:
    case 3:
    case 4:
      return 'slice';
    case 5:
      return 'key-slice';
    case 7:
      return 'sps';
    case 8:
      return 'pps';
    case 9:
      return 'delimiter';
    default:
      return 'other';
  }
}

function h265Kind(type: number): NalKind {
  if (isH265Slice(type)) return isH265Irap(type) ? 'key-slice' : 'slice';
  switch (type) {
    case H265_NAL.vps:
      return 'vps';
    case H265_NAL.sps:
      return 'sps';
    case H265_NAL.pps:
      return 'pps';
    case H265_NAL.accessUnitDelimiter:
      return 'delimiter';
    default:
      return 'other';
  }
}
