import type { types } from 'mediasoup-client';
import { Device } from 'mediasoup-client';
import type {
  EventData,
  Params,
  WireConsumer,
  WireRtpCapabilities,
  WireTransport,
} from '../../../shared/signaling.ts';
import { LiveError } from './live-error.ts';

export type DtlsParameters = Params<'transport.connect'>['dtlsParameters'];
export type IceParameters = WireTransport['iceParameters'];

/** One track as it arrives. */
export interface MediaConsumer {
  readonly id: string;
  readonly kind: 'audio' | 'video';
  readonly track: MediaStreamTrack;
  /** Decoding, loss, and the path of the packets. */
  getStats(): Promise<RTCStatsReport>;
  close(): void;
}

/** The peer connection that carries every track of a session. */
export interface MediaTransport {
  readonly id: string;
  consume(consumer: WireConsumer): Promise<MediaConsumer>;
  restartIce(iceParameters: IceParameters): Promise<void>;
  close(): void;
}

export interface TransportEvents {
  /** The server has to know our DTLS fingerprint before anything flows. */
  connect(dtlsParameters: DtlsParameters): Promise<void>;
  onState(state: RTCPeerConnectionState): void;
}

/** What this browser can receive from this server. */
export interface Media {
  readonly rtpCapabilities: WireRtpCapabilities;
  openTransport(transport: WireTransport, events: TransportEvents): MediaTransport;
}

export type LoadMedia = (hello: EventData<'hello'>) => Promise<Media>;

/** Loads a mediasoup-client device. Rejects with UNSUPPORTED_BROWSER where there is no usable WebRTC. */
export const loadMedia: LoadMedia = async (hello) => {
  let device: Device;
  try {
    device = await Device.factory();
  } catch (error) {
    throw new LiveError('UNSUPPORTED_BROWSER', 'This browser cannot play WebRTC.', error);
  }
  await device.load({ routerRtpCapabilities: hello.routerRtpCapabilities as types.RtpCapabilities });
  return {
    rtpCapabilities: device.recvRtpCapabilities as WireRtpCapabilities,
    openTransport: (transport, events) => openTransport(device, hello, transport, events),
  };
};

function openTransport(
  device: Device,
  hello: EventData<'hello'>,
  wire: WireTransport,
  events: TransportEvents,
): MediaTransport {
  const transport = device.createRecvTransport({
    // The schemas of `shared` checked these; mediasoup-client types some of their texts more narrowly.
    ...(wire as unknown as types.TransportOptions),
    iceServers: hello.iceServers as unknown as RTCIceServer[],
  });
  transport.on('connect', ({ dtlsParameters }, done, failed) => {
    events.connect(dtlsParameters as DtlsParameters).then(done, failed);
  });
  transport.on('connectionstatechange', (state) => events.onState(state));
  return {
    id: transport.id,
    consume: async (wireConsumer) => {
      const consumer = await transport.consume({
        ...wireConsumer,
        rtpParameters: wireConsumer.rtpParameters as unknown as types.RtpParameters,
      });
      askForLowLatency(consumer.rtpReceiver);
      return consumer;
    },
    restartIce: (iceParameters) =>
      transport.restartIce({ iceParameters: iceParameters as types.IceParameters }),
    close: () => transport.close(),
  };
}

/** Asks the jitter buffer to hold back no more than it must; Chromium took the second name before the first. */
function askForLowLatency(receiver: RTCRtpReceiver | undefined): void {
  if (receiver === undefined) return;
  if ('jitterBufferTarget' in receiver) receiver.jitterBufferTarget = 0;
  if ('playoutDelayHint' in receiver) receiver.playoutDelayHint = 0;
}
