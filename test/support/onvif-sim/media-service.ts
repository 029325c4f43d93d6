import { type Action, argument, profileOf, type SimDevice, type SimProfile } from './device.ts';
import { captured, invalid, notSupported } from './replies.ts';
import { cloneOf, elements, escapeXml, need, removeAll, setText, type XmlElement } from './xml.ts';

/** Of the media service (ONVIF Media). */
export const mediaService: Readonly<Record<string, Action>> = {
  GetProfiles: ({ device }) => {
    const reply = captured('GetProfiles');
    const first = need(reply, 'Profiles');
    reply.children = device.profiles().map((profile) => filled(cloneOf(first), profile, device));
    return { body: reply };
  },

  GetProfile: (call) => {
    const one = filled(need(captured('GetProfiles'), 'Profiles'), profileOf(call), call.device);
    one.name = 'trt:Profile';
    return { body: { ...one, name: 'trt:GetProfileResponse', attributes: new Map(), children: [one] } };
  },

  GetVideoSources: ({ device }) => {
    const reply = captured('media.GetVideoSources');
    const first = need(reply, 'VideoSources');
    reply.children = device.videoSources.map((token) => {
      const one = cloneOf(first);
      one.attributes.set('token', token);
      return one;
    });
    return { body: reply };
  },

  GetVideoEncoderConfigurations: ({ device }) => {
    const reply = captured('media.GetVideoEncoderConfigurations');
    const first = need(reply, 'Configurations');
    reply.children = withEncoder(device).map((profile) => encoder(cloneOf(first), profile));
    return { body: reply };
  },

  GetServiceCapabilities: () => ({ body: captured('media.GetServiceCapabilities') }),

  GetStreamUri: (call) => {
    const protocol = argument(call, 'Protocol');
    if (protocol !== undefined && !['RTSP', 'UDP', 'TCP', 'HTTP'].includes(protocol)) {
      throw invalid('InvalidStreamSetup', 'The stream setup is not supported.');
    }
    const reply = captured('GetStreamUri');
    setText(need(reply, 'Uri'), call.device.streamUrl(profileOf(call)));
    return { body: reply };
  },

  GetSnapshotUri: (call) => {
    if (!call.device.maker.hasSnapshot) throw notSupported('GetSnapshotUri');
    const reply = captured('GetSnapshotUri');
    setText(need(reply, 'Uri'), call.device.snapshotUrl(profileOf(call)));
    return { body: reply };
  },

  SetSynchronizationPoint: (call) => {
    if (!call.device.maker.hasSync) throw notSupported('SetSynchronizationPoint');
    call.device.askedForSync(profileOf(call).token);
    return { body: '<trt:SetSynchronizationPointResponse/>' };
  },
};

function filled(one: XmlElement, profile: SimProfile, device: SimDevice): XmlElement {
  one.attributes.set('token', profile.token);
  const [name] = elements(one);
  if (name !== undefined) setText(name, profile.name);
  setText(need(one, 'VideoSourceConfiguration', 'SourceToken'), sourceOf(profile, device));
  if (profile.codec === 'none') removeAll(one, 'VideoEncoderConfiguration');
  else encoder(need(one, 'VideoEncoderConfiguration'), profile);
  if (device.head === undefined) removeAll(one, 'PTZConfiguration');
  if (profile.hasAudio) one.children.push(audioEncoder(one));
  return one;
}

export function sourceOf(profile: SimProfile, device: SimDevice): string {
  return profile.videoSource ?? device.videoSources[0] ?? 'vidsrc0';
}

function withEncoder(device: SimDevice): SimProfile[] {
  return device.profiles().filter(({ codec }) => codec !== 'none');
}

function encoder(one: XmlElement, profile: SimProfile): XmlElement {
  one.attributes.set('token', `encoder_${profile.token}`);
  setText(need(one, 'Encoding'), profile.codec === 'H265' ? 'H264' : profile.codec);
  setText(need(one, 'Width'), profile.width);
  setText(need(one, 'Height'), profile.height);
  setText(need(one, 'FrameRateLimit'), profile.fps);
  setText(need(one, 'BitrateLimit'), profile.bitrateKbps);
  setText(need(one, 'GovLength'), profile.govLength);
  if (profile.codec === 'JPEG') removeAll(one, 'H264');
  return one;
}

function audioEncoder({ namespace }: XmlElement): XmlElement {
  const part = (name: string, children: XmlElement['children']): XmlElement => ({
    name: `tt:${name}`,
    attributes: new Map(),
    children,
    namespace,
  });
  const one = part('AudioEncoderConfiguration', [
    part('Name', ['audio']),
    part('UseCount', ['1']),
    part('Encoding', ['G711']),
    part('Bitrate', ['64']),
    part('SampleRate', ['8']),
    part('SessionTimeout', ['PT60S']),
  ]);
  one.attributes.set('token', 'audio0');
  return one;
}

/** Of the second media service (ONVIF Media2), which H.265 cameras need: Media has no word for it. */
export const media2Service: Readonly<Record<string, Action>> = {
  GetProfiles: (call) => {
    const token = argument(call, 'Token');
    const wanted = call.device
      .profiles()
      .filter((one) => token === undefined || token === '' || one.token === token);
    if (wanted.length === 0) throw invalid('NoProfile', 'The requested profile token does not exist.');
    const hasAll = call.request.children.length > 0;
    const profiles = wanted.map(
      (profile) =>
        `<tr2:Profiles token="${escapeXml(profile.token)}" fixed="true"><tr2:Name>${escapeXml(profile.name)}</tr2:Name>` +
        `${hasAll ? configurations2(profile, call.device) : ''}</tr2:Profiles>`,
    );
    return { body: `<tr2:GetProfilesResponse>${profiles.join('')}</tr2:GetProfilesResponse>` };
  },

  GetVideoEncoderConfigurations: ({ device }) => ({
    body: `<tr2:GetVideoEncoderConfigurationsResponse>${withEncoder(device)
      .map((profile) => encoder2('Configurations', profile))
      .join('')}</tr2:GetVideoEncoderConfigurationsResponse>`,
  }),

  GetServiceCapabilities: () => ({
    body:
      '<tr2:GetServiceCapabilitiesResponse><tr2:Capabilities SnapshotUri="true" Rotation="false"><tr2:ProfileCapabilities MaximumNumberOfProfiles="10"/>' +
      '<tr2:StreamingCapabilities RTSPStreaming="true" RTPMulticast="false" RTP_RTSP_TCP="true"/></tr2:Capabilities></tr2:GetServiceCapabilitiesResponse>',
  }),

  GetStreamUri: (call) => {
    const protocol = argument(call, 'Protocol') ?? '';
    if (!['RtspUnicast', 'RTSP', 'RtspOverHttp'].includes(protocol)) {
      throw invalid('InvalidStreamSetup', 'The stream setup is not supported.');
    }
    return {
      body: `<tr2:GetStreamUriResponse><tr2:Uri>${escapeXml(call.device.streamUrl(profileOf(call)))}</tr2:Uri></tr2:GetStreamUriResponse>`,
    };
  },

  GetSnapshotUri: (call) => {
    if (!call.device.maker.hasSnapshot) throw notSupported('GetSnapshotUri');
    const url = escapeXml(call.device.snapshotUrl(profileOf(call)));
    return { body: `<tr2:GetSnapshotUriResponse><tr2:Uri>${url}</tr2:Uri></tr2:GetSnapshotUriResponse>` };
  },

  SetSynchronizationPoint: (call) => {
    if (!call.device.maker.hasSync) throw notSupported('SetSynchronizationPoint');
    call.device.askedForSync(profileOf(call).token);
    return { body: '<tr2:SetSynchronizationPointResponse/>' };
  },
};

function configurations2(profile: SimProfile, device: SimDevice): string {
  const ptz =
    device.head === undefined
      ? ''
      : '<tr2:PTZ token="default"><tt:Name>default</tt:Name><tt:UseCount>1</tt:UseCount><tt:NodeToken>default</tt:NodeToken></tr2:PTZ>';
  const audio = profile.hasAudio
    ? '<tr2:AudioEncoder token="audio0"><tt:Name>audio</tt:Name><tt:UseCount>1</tt:UseCount><tt:Encoding>PCMU</tt:Encoding><tt:Bitrate>64</tt:Bitrate><tt:SampleRate>8</tt:SampleRate></tr2:AudioEncoder>'
    : '';
  return (
    `<tr2:Configurations><tr2:VideoSource token="vscfg0"><tt:Name>vscfg0</tt:Name><tt:UseCount>1</tt:UseCount>` +
    `<tt:SourceToken>${escapeXml(sourceOf(profile, device))}</tt:SourceToken><tt:Bounds x="0" y="0" width="${profile.width}" height="${profile.height}"/></tr2:VideoSource>` +
    `${profile.codec === 'none' ? '' : encoder2('VideoEncoder', profile)}${audio}${ptz}</tr2:Configurations>`
  );
}

function encoder2(name: string, profile: SimProfile): string {
  return (
    `<tr2:${name} token="encoder_${escapeXml(profile.token)}" GovLength="${profile.govLength}" Profile="Main">` +
    `<tt:Name>${escapeXml(profile.name)}</tt:Name><tt:UseCount>1</tt:UseCount><tt:Encoding>${profile.codec}</tt:Encoding>` +
    `<tt:Resolution><tt:Width>${profile.width}</tt:Width><tt:Height>${profile.height}</tt:Height></tt:Resolution>` +
    `<tt:RateControl ConstantBitRate="false"><tt:FrameRateLimit>${profile.fps}</tt:FrameRateLimit><tt:BitrateLimit>${profile.bitrateKbps}</tt:BitrateLimit></tt:RateControl>` +
    `<tt:Quality>4</tt:Quality></tr2:${name}>`
  );
}
