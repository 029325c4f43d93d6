import { type Action, argument, durationMs, profileOf, type SoapCall } from './device.ts';
import type { PtzHead, PtzVector } from './ptz.ts';
import { captured, invalid, notSupported } from './replies.ts';
import {
  cloneOf,
  elements,
  escapeXml,
  find,
  localName,
  need,
  removeAll,
  setText,
  type XmlElement,
} from './xml.ts';

const FOV_SPACE = 'http://www.onvif.org/ver10/tptz/PanTiltSpaces/TranslationSpaceFov';
const ABSOLUTE_SPACE = 'http://www.onvif.org/ver10/tptz/PanTiltSpaces/PositionGenericSpace';

/** Of the PTZ service (ONVIF PTZ). */
export const ptzService: Readonly<Record<string, Action>> = {
  GetNodes: (call) => {
    headOf(call);
    return { body: nodes(call) };
  },

  GetNode: (call) => {
    headOf(call);
    if (argument(call, 'NodeToken') !== 'default')
      throw invalid('NoEntity', 'No such PTZ node on the device.');
    const reply = nodes(call);
    reply.name = 'tptz:GetNodeResponse';
    return { body: reply };
  },

  GetConfigurations: (call) => {
    headOf(call);
    return { body: captured('GetConfigurations') };
  },

  GetConfiguration: (call) => {
    headOf(call);
    const reply = captured('GetConfigurations');
    reply.name = 'tptz:GetConfigurationResponse';
    return { body: reply };
  },

  GetConfigurationOptions: (call) => {
    headOf(call);
    const reply = captured('GetConfigurationOptions');
    limitSpaces(need(reply, 'Spaces'), call);
    return { body: reply };
  },

  GetServiceCapabilities: (call) => {
    headOf(call);
    return {
      body: '<tptz:GetServiceCapabilitiesResponse><tptz:Capabilities EFlip="false" Reverse="false" MoveStatus="true" StatusPosition="true"/></tptz:GetServiceCapabilitiesResponse>',
    };
  },

  GetStatus: (call) => {
    const head = headOf(call);
    profileOf(call);
    const reply = captured('GetStatus');
    if (traits(call).hasPosition) {
      const { pan, tilt, zoom } = head.position;
      const panTilt = need(reply, 'Position', 'PanTilt');
      panTilt.attributes.set('x', String(toRange(pan, call)));
      panTilt.attributes.set('y', String(toRange(tilt, call)));
      need(reply, 'Position', 'Zoom').attributes.set('x', String(zoom));
    } else {
      removeAll(reply, 'Position');
    }
    setText(need(reply, 'MoveStatus', 'PanTilt'), head.isPanTiltMoving ? 'MOVING' : 'IDLE');
    setText(need(reply, 'MoveStatus', 'Zoom'), head.isZooming ? 'MOVING' : 'IDLE');
    setText(need(reply, 'UtcTime'), new Date(call.device.wallMs()).toISOString());
    return { body: reply };
  },

  ContinuousMove: (call) => {
    const head = headOf(call);
    profileOf(call);
    if (!traits(call).continuous) throw notSupported('ContinuousMove');
    const timeout = argument(call, 'Timeout');
    const timeoutMs = timeout === undefined ? undefined : durationMs(timeout);
    if (timeout !== undefined && timeoutMs === undefined) {
      throw invalid('TimeoutNotSupported', 'The timeout is not within the range.');
    }
    head.continuous(vectorOf(need(call.request, 'Velocity')).vector, timeoutMs);
    return { body: captured('ptz.ContinuousMove') };
  },

  RelativeMove: (call) => {
    const head = headOf(call);
    profileOf(call);
    if (!traits(call).relative) throw notSupported('RelativeMove');
    const { vector, space } = vectorOf(need(call.request, 'Translation'));
    if (space === FOV_SPACE) {
      if (!traits(call).fov) throw invalid('SpaceNotSupported', 'The space is not supported.');
      head.relativeToView(vector);
    } else {
      head.relative(vector);
    }
    return { body: captured('ptz.RelativeMove') };
  },

  AbsoluteMove: (call) => {
    const head = headOf(call);
    profileOf(call);
    if (!traits(call).absolute) throw notSupported('AbsoluteMove');
    const { vector } = vectorOf(need(call.request, 'Position'));
    head.absolute({
      ...(vector.pan === undefined ? {} : { pan: fromRange(vector.pan, call) }),
      ...(vector.tilt === undefined ? {} : { tilt: fromRange(vector.tilt, call) }),
      ...(vector.zoom === undefined ? {} : { zoom: vector.zoom }),
    });
    return { body: captured('ptz.AbsoluteMove') };
  },

  Stop: (call) => {
    const head = headOf(call);
    profileOf(call);
    // Absent: both are stopped.
    const isMeant = (name: string): boolean => argument(call, name) !== 'false';
    const isAsked = (name: string): boolean => argument(call, name) === 'true';
    const isOneAsked = isAsked('PanTilt') || isAsked('Zoom');
    head.stop(
      isOneAsked
        ? { panTilt: isAsked('PanTilt'), zoom: isAsked('Zoom') }
        : { panTilt: isMeant('PanTilt'), zoom: isMeant('Zoom') },
    );
    return { body: captured('ptz.Stop') };
  },

  GetPresets: (call) => {
    const head = headOf(call);
    profileOf(call);
    const reply = captured('ptz.GetPresets');
    const first = need(reply, 'Preset');
    reply.children = [...head.presets].map(([token, { name }]) => {
      const one = cloneOf(first);
      one.attributes.set('token', token);
      setText(need(one, 'Name'), name);
      return one;
    });
    return { body: reply };
  },

  GotoPreset: (call) => {
    profileOf(call);
    headOf(call).goTo(argument(call, 'PresetToken') ?? '');
    return { body: captured('ptz.GotoPreset') };
  },

  SetPreset: (call) => {
    profileOf(call);
    const token = argument(call, 'PresetToken');
    const name = argument(call, 'PresetName') ?? '';
    const reply = captured('ptz.SetPreset');
    setText(need(reply, 'PresetToken'), headOf(call).setPreset(name, token));
    return { body: reply };
  },

  RemovePreset: (call) => {
    profileOf(call);
    headOf(call).removePreset(argument(call, 'PresetToken') ?? '');
    return { body: captured('ptz.RemovePreset') };
  },

  GotoHomePosition: (call) => {
    const head = headOf(call);
    profileOf(call);
    if (!traits(call).home) throw invalid('NoHomePosition', 'No home position has been defined.');
    head.goHome();
    return { body: captured('ptz.GotoHomePosition') };
  },

  SetHomePosition: (call) => {
    const head = headOf(call);
    profileOf(call);
    if (!traits(call).home) throw notSupported('SetHomePosition');
    head.home = head.position;
    return { body: captured('ptz.SetHomePosition') };
  },
};

function headOf({ device, request }: SoapCall): PtzHead {
  if (device.head === undefined) throw notSupported(localName(request));
  return device.head;
}

function traits({ device }: SoapCall): NonNullable<SoapCall['device']['maker']['ptz']> {
  if (device.maker.ptz === undefined) throw notSupported('PTZ');
  return device.maker.ptz;
}

/** -1..1 as this camera counts its absolute positions. */
function toRange(value: number, call: SoapCall): number {
  const [low, high] = traits(call).panTiltRange ?? [-1, 1];
  return Math.round((low + ((value + 1) / 2) * (high - low)) * 1e6) / 1e6;
}

function fromRange(value: number, call: SoapCall): number {
  const [low, high] = traits(call).panTiltRange ?? [-1, 1];
  return ((value - low) / (high - low)) * 2 - 1;
}

/** @throws SoapFault where a number is none. */
function vectorOf(element: XmlElement): { vector: PtzVector; space: string | undefined } {
  const panTilt = find(element, 'PanTilt');
  const zoom = find(element, 'Zoom');
  const number = (one: XmlElement, name: string): number => {
    const value = Number(one.attributes.get(name) ?? 'nothing');
    if (!Number.isFinite(value)) throw invalid('InvalidTranslation', `${escapeXml(name)} is no number.`);
    return value;
  };
  return {
    vector: {
      ...(panTilt === undefined ? {} : { pan: number(panTilt, 'x'), tilt: number(panTilt, 'y') }),
      ...(zoom === undefined ? {} : { zoom: number(zoom, 'x') }),
    },
    space: panTilt?.attributes.get('space'),
  };
}

function nodes(call: SoapCall): XmlElement {
  const reply = captured('GetNodes');
  limitSpaces(need(reply, 'SupportedPTZSpaces'), call);
  setText(need(reply, 'MaximumNumberOfPresets'), headOf(call).traits.maxPresets);
  setText(need(reply, 'HomeSupported'), traits(call).home);
  return reply;
}

/** Takes out the spaces that it has not, and adds the one for shares of the picture. */
function limitSpaces(spaces: XmlElement, call: SoapCall): void {
  const { absolute, relative, continuous, fov, panTiltRange = [-1, 1] } = traits(call);
  const absoluteSpace = elements(spaces).find((one) => localName(one) === 'AbsolutePanTiltPositionSpace');
  if (absoluteSpace !== undefined) {
    setText(need(absoluteSpace, 'URI'), ABSOLUTE_SPACE);
    for (const range of ['XRange', 'YRange']) {
      setText(need(absoluteSpace, range, 'Min'), panTiltRange[0]);
      setText(need(absoluteSpace, range, 'Max'), panTiltRange[1]);
    }
  }
  const relativeSpace = find(spaces, 'RelativePanTiltTranslationSpace');
  if (fov && relativeSpace !== undefined) {
    const one = cloneOf(relativeSpace);
    setText(need(one, 'URI'), FOV_SPACE);
    spaces.children.push(one);
  }
  spaces.children = elements(spaces).filter((one) => {
    const name = localName(one);
    return (
      (absolute || !name.startsWith('Absolute')) &&
      (relative || !name.startsWith('Relative')) &&
      (continuous || !name.startsWith('Continuous'))
    );
  });
}
