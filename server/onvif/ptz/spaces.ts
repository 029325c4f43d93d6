import { at, childrenOf, numberAt, textAt } from '../xml/find.ts';
import type { XmlElement } from '../xml/parse.ts';

/** A range of numbers of the camera's; `max` may be below `min` in none we know, but no sum here minds. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** A coordinate system for pan and tilt. */
export interface PanTiltSpace {
  readonly uri: string;
  readonly x: Range;
  readonly y: Range;
}

export interface ZoomSpace {
  readonly uri: string;
  readonly x: Range;
}

/** The coordinate systems that a camera takes, by what they are for (ONVIF PTZ section 5.8). Undefined: it cannot do that. */
export interface PtzSpaces {
  readonly absolutePanTilt: PanTiltSpace | undefined;
  readonly absoluteZoom: ZoomSpace | undefined;
  readonly relativePanTilt: PanTiltSpace | undefined;
  /** By shares of the picture as it is now. */
  readonly relativeFov: PanTiltSpace | undefined;
  /** By degrees. */
  readonly relativeDegrees: PanTiltSpace | undefined;
  readonly relativeZoom: ZoomSpace | undefined;
  readonly continuousPanTilt: PanTiltSpace | undefined;
  readonly continuousZoom: ZoomSpace | undefined;
}

const FOV_SPACE = /\/TranslationSpaceFov$/i;
const DEGREES_SPACE = /\/Spherical\w*Degrees$/i;
const SIGNED: Range = { min: -1, max: 1 };
const UNSIGNED: Range = { min: 0, max: 1 };

/** Reads `SupportedPTZSpaces` of a node, or `Spaces` of configuration options. */
export function readSpaces(spaces: XmlElement | undefined): PtzSpaces {
  const panTilt = (name: string) => childrenOf(spaces, name).map((each) => readPanTilt(each));
  const zoom = (name: string, usual: Range) => {
    const found = childrenOf(spaces, name)[0];
    return found === undefined
      ? undefined
      : { uri: textAt(found, 'URI') ?? '', x: readRange(at(found, 'XRange'), usual) };
  };
  const relative = panTilt('RelativePanTiltTranslationSpace');
  const absolute = panTilt('AbsolutePanTiltPositionSpace');
  const isGeneric = ({ uri }: PanTiltSpace) => !FOV_SPACE.test(uri) && !DEGREES_SPACE.test(uri);
  return {
    absolutePanTilt: absolute.find(isGeneric) ?? absolute[0],
    absoluteZoom: zoom('AbsoluteZoomPositionSpace', UNSIGNED),
    relativePanTilt: relative.find(isGeneric),
    relativeFov: relative.find(({ uri }) => FOV_SPACE.test(uri)),
    relativeDegrees: relative.find(({ uri }) => DEGREES_SPACE.test(uri)),
    relativeZoom: zoom('RelativeZoomTranslationSpace', SIGNED),
    continuousPanTilt: panTilt('ContinuousPanTiltVelocitySpace')[0],
    continuousZoom: zoom('ContinuousZoomVelocitySpace', SIGNED),
  };
}

function readPanTilt(space: XmlElement): PanTiltSpace {
  return {
    uri: textAt(space, 'URI') ?? '',
    x: readRange(at(space, 'XRange'), SIGNED),
    y: readRange(at(space, 'YRange'), SIGNED),
  };
}

/** Degrees, pulses of motors, shares: none is longer. Beyond it some cameras mean that there is no end, and sums would have none. */
const MAX_REACH = 1e9;

/** Some cameras give `-INF` and `+INF`, the largest float, or nothing: they mean the usual. */
function readRange(range: XmlElement | undefined, usual: Range): Range {
  const min = numberAt(range, 'Min');
  const max = numberAt(range, 'Max');
  if (min === undefined || max === undefined || min >= max) return usual;
  return Math.max(Math.abs(min), Math.abs(max)) > MAX_REACH ? usual : { min, max };
}

/**
 * A share -1..1 as a number of a range that moves by: nothing stays nothing, each side goes to its own end. A range on one side only (0..1)
 * is of a camera that means both.
 */
export function toMovement(share: number, { min, max }: Range): number {
  const reach = Math.max(Math.abs(min), Math.abs(max));
  if (share >= 0) return tidy(share * (max > 0 ? max : reach));
  return tidy(-share * (min < 0 ? min : -reach));
}

/** A share `from` (e.g. -1..1) as a place in a range. */
export function toPlace(share: number, from: Range, { min, max }: Range): number {
  return tidy(min + ((share - from.min) / (from.max - from.min)) * (max - min));
}

/** A place in a range as a share `to`. */
export function fromPlace(place: number, { min, max }: Range, to: Range): number {
  const share = to.min + ((place - min) / (max - min)) * (to.max - to.min);
  return tidy(Math.min(to.max, Math.max(to.min, share)));
}

/** As it is written into a message: no exponents, which some cameras cannot read, and no -0. */
function tidy(value: number): number {
  return Math.round(value * 1e6) / 1e6 + 0;
}

export const PAN_TILT_SHARES = SIGNED;
export const ZOOM_SHARES = UNSIGNED;
