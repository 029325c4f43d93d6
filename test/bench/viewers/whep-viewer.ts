import { PeerConnection, RtcpReceivingSession, type Track, Video } from 'node-datachannel';

export interface WhepViewer {
  /** Milliseconds of the whole negotiation till DTLS was up. */
  readonly connectMs: number;
  close(): Promise<void>;
}

export interface WhepViewerOptions {
  /** For example `http://127.0.0.1:8080/whep/live/cam0`. */
  readonly url: string;
  onPacket(packet: Buffer): void;
  /** Stands between the gateway's answer and the viewer, to lead it another way. */
  readonly alterAnswer?: ((sdp: string) => Promise<string>) | undefined;
}

/** The payload types that the gateway's routers send with by themselves, so that no further router is needed. */
const H264_PAYLOAD_TYPE = 102;
const RTX_PAYLOAD_TYPE = 103;
const H264_FMTP = 'profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1';

/** libdatachannel falls silent when its JavaScript handles are collected, so they are held here. */
const tracks = new Set<Track>();

/** A viewer that decrypts and does not decode, by libdatachannel: light enough to have many. */
export async function openWhepViewer({ url, onPacket, alterAnswer }: WhepViewerOptions): Promise<WhepViewer> {
  const startMs = performance.now();
  const peer = new PeerConnection('viewer', { iceServers: [], bindAddress: '127.0.0.1' });
  let session: string | undefined;
  let held: Track | undefined;
  const close = async () => {
    peer.close();
    if (held !== undefined) tracks.delete(held);
    if (session !== undefined) await fetch(session, { method: 'DELETE' }).catch(() => {});
  };
  try {
    const gathered = new Promise<void>((resolve) => {
      peer.onGatheringStateChange((state) => {
        if (state === 'complete') resolve();
      });
    });
    const connected = new Promise<void>((resolve, reject) => {
      peer.onStateChange((state) => {
        if (state === 'connected') resolve();
        else if (state === 'failed' || state === 'closed')
          reject(new Error(`the viewer's connection ${state}`));
      });
    });
    connected.catch(() => {});
    const video = new Video('video', 'RecvOnly');
    video.addVideoCodec(H264_PAYLOAD_TYPE, 'H264', H264_FMTP);
    video.addRTXCodec(RTX_PAYLOAD_TYPE, H264_PAYLOAD_TYPE, 90_000);
    const track = peer.addTrack(video);
    track.setMediaHandler(new RtcpReceivingSession());
    track.onMessage(onPacket);
    tracks.add(track);
    held = track;
    peer.setLocalDescription('offer');
    await gathered;
    const offer = peer.localDescription();
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/sdp' },
      body: offer?.sdp ?? '',
    });
    const text = await answer.text();
    if (answer.status !== 201) throw new Error(`${url} answered ${answer.status}: ${text}`);
    session = new URL(answer.headers.get('location') ?? '', url).href;
    peer.setRemoteDescription((await alterAnswer?.(text)) ?? text, 'answer');
    await connected;
  } catch (failure) {
    await close();
    throw failure;
  }
  return { connectMs: performance.now() - startMs, close };
}
