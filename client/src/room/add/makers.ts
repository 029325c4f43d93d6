/** Where a maker's cameras have their streams, `{host}` and `{channel}` to be filled in. */
export interface MakerTemplate {
  readonly maker: string;
  readonly url: string;
  readonly sub?: string;
}

/**
 * What most cameras of a maker answer to, as their manuals have it. Where it does not fit, the camera's own page or ONVIF tells.
 */
export const MAKERS: readonly MakerTemplate[] = [
  {
    maker: 'Amcrest',
    url: 'rtsp://{host}:554/cam/realmonitor?channel={channel}&subtype=0',
    sub: 'rtsp://{host}:554/cam/realmonitor?channel={channel}&subtype=1',
  },
  {
    maker: 'Axis',
    url: 'rtsp://{host}:554/axis-media/media.amp?videocodec=h264&camera={channel}',
    sub: 'rtsp://{host}:554/axis-media/media.amp?videocodec=h264&camera={channel}&resolution=640x360',
  },
  {
    maker: 'Dahua, Imou, Lorex',
    url: 'rtsp://{host}:554/cam/realmonitor?channel={channel}&subtype=0',
    sub: 'rtsp://{host}:554/cam/realmonitor?channel={channel}&subtype=1',
  },
  {
    maker: 'EZVIZ',
    url: 'rtsp://{host}:554/h264/ch{channel}/main/av_stream',
    sub: 'rtsp://{host}:554/h264/ch{channel}/sub/av_stream',
  },
  { maker: 'Foscam', url: 'rtsp://{host}:88/videoMain', sub: 'rtsp://{host}:88/videoSub' },
  {
    maker: 'Hanwha (Wisenet)',
    url: 'rtsp://{host}:554/profile2/media.smp',
    sub: 'rtsp://{host}:554/profile3/media.smp',
  },
  {
    maker: 'Hikvision, Annke, HiLook',
    url: 'rtsp://{host}:554/Streaming/Channels/{channel}01',
    sub: 'rtsp://{host}:554/Streaming/Channels/{channel}02',
  },
  { maker: 'Instar', url: 'rtsp://{host}:554/11', sub: 'rtsp://{host}:554/12' },
  {
    maker: 'i-PRO (Panasonic)',
    url: 'rtsp://{host}:554/MediaInput/h264/stream_1',
    sub: 'rtsp://{host}:554/MediaInput/h264/stream_2',
  },
  { maker: 'Milesight', url: 'rtsp://{host}:554/main', sub: 'rtsp://{host}:554/sub' },
  {
    maker: 'Reolink',
    url: 'rtsp://{host}:554/h264Preview_0{channel}_main',
    sub: 'rtsp://{host}:554/h264Preview_0{channel}_sub',
  },
  { maker: 'Sony', url: 'rtsp://{host}:554/media/video1', sub: 'rtsp://{host}:554/media/video2' },
  { maker: 'TP-Link Tapo, VIGI', url: 'rtsp://{host}:554/stream1', sub: 'rtsp://{host}:554/stream2' },
  {
    maker: 'Uniview',
    url: 'rtsp://{host}:554/unicast/c{channel}/s0/live',
    sub: 'rtsp://{host}:554/unicast/c{channel}/s1/live',
  },
  { maker: 'Vivotek', url: 'rtsp://{host}:554/live1s1.sdp', sub: 'rtsp://{host}:554/live1s2.sdp' },
];

export function fillTemplate(template: string, host: string, channel: number): string {
  const shown = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  return template.replace('{host}', shown).replace('{channel}', String(channel));
}
