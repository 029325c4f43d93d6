import type { Preset, PtzStatus } from '../../../shared/onvif.ts';
import { fromPlace, PAN_TILT_SHARES, type PtzSpaces, readSpaces, ZOOM_SHARES } from '../ptz/spaces.ts';
import { at, childrenOf, numberAt, shown, textAt, toBoolean, toNumber } from '../xml/find.ts';
import type { XmlElement } from '../xml/parse.ts';

/** What a camera's motors can. */
export interface PtzNode {
  readonly spaces: PtzSpaces;
  readonly home: boolean;
  /** Undefined where it does not say. */
  readonly maxPresets: number | undefined;
}

/** The node of that token of a GetNodesResponse; its first one where it has no such. */
export function readNode(reply: XmlElement, token: string | undefined): PtzNode | undefined {
  const nodes = childrenOf(reply, 'PTZNode');
  const node = nodes.find((each) => each.attributes.get('token') === token) ?? nodes[0];
  if (node === undefined) return undefined;
  return {
    spaces: readSpaces(at(node, 'SupportedPTZSpaces')),
    home: toBoolean(textAt(node, 'HomeSupported')) ?? false,
    maxPresets: numberAt(node, 'MaximumNumberOfPresets'),
  };
}

/** Of a GetConfigurationOptionsResponse: how long a movement without an end may be let go on, in milliseconds. */
export function readTimeoutRange(
  reply: XmlElement,
): { readonly minMs: number; readonly maxMs: number } | undefined {
  const range = at(reply, 'PTZConfigurationOptions', 'PTZTimeout');
  const minMs = toDurationMs(textAt(range, 'Min'));
  const maxMs = toDurationMs(textAt(range, 'Max'));
  return minMs === undefined || maxMs === undefined || maxMs < minMs ? undefined : { minMs, maxMs };
}

const DURATION = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/;

/** An `xs:duration` of days at most. */
export function toDurationMs(text: string | undefined): number | undefined {
  if (text === undefined || text.length > 32) return undefined;
  const match = DURATION.exec(text.trim());
  if (match === null) return undefined;
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1).map((part) => Number(part ?? 0));
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
}

const MAX_PRESETS = 512;

/** Of a GetPresetsResponse. Tokens stay texts, whatever they look like; one without a name goes by its token. */
export function readPresets(reply: XmlElement): Preset[] {
  return childrenOf(reply, 'Preset')
    .slice(0, MAX_PRESETS)
    .flatMap((preset) => {
      const token = preset.attributes.get('token');
      if (token === undefined || token === '' || token.length > 64) return [];
      return [{ token, name: shown(textAt(preset, 'Name'), 64) ?? token }];
    });
}

/** Position and movement of a GetStatusResponse, as shares of what the camera can. */
export function readStatus(reply: XmlElement, spaces: PtzSpaces): Pick<PtzStatus, 'position' | 'moving'> {
  const status = at(reply, 'PTZStatus');
  const panTilt = at(status, 'Position', 'PanTilt');
  const zoom = at(status, 'Position', 'Zoom');
  const place = (element: XmlElement | undefined, name: string) => toNumber(element?.attributes.get(name));
  const { absolutePanTilt, absoluteZoom } = spaces;
  const pan = place(panTilt, 'x');
  const tilt = place(panTilt, 'y');
  const zoomed = place(zoom, 'x');
  const position = {
    ...(pan === undefined
      ? {}
      : { pan: fromPlace(pan, absolutePanTilt?.x ?? PAN_TILT_SHARES, PAN_TILT_SHARES) }),
    ...(tilt === undefined
      ? {}
      : { tilt: fromPlace(tilt, absolutePanTilt?.y ?? PAN_TILT_SHARES, PAN_TILT_SHARES) }),
    ...(zoomed === undefined ? {} : { zoom: fromPlace(zoomed, absoluteZoom?.x ?? ZOOM_SHARES, ZOOM_SHARES) }),
  };
  const states = [textAt(status, 'MoveStatus', 'PanTilt'), textAt(status, 'MoveStatus', 'Zoom')].map(
    (state) => state?.toUpperCase(),
  );
  const isKnown = states.some((state) => state === 'IDLE' || state === 'MOVING');
  return {
    ...(Object.keys(position).length === 0 ? {} : { position }),
    ...(isKnown ? { moving: states.includes('MOVING') } : {}),
  };
}
