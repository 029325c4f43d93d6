// Runs in the browser's page. Plain JavaScript, for it is handed to the page as it is.
(() => {
  const CODE_BITS = 40;
  const CODE_HEIGHT = 64;
  /** Of the gateway's own origin. */
  const PLAYER_URL = '/sluice-player.js';

  /** To add to performance.now(), so that times fit those of other processes to a fraction of a millisecond. */
  function wallOffset() {
    let offset = Number.NEGATIVE_INFINITY;
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const edge = Date.now();
      let now = edge;
      while (now === edge) now = Date.now();
      offset = Math.max(offset, now - performance.now());
    }
    return offset;
  }
  const offsetMs = wallOffset();
  const wallMs = () => performance.now() + offsetMs;

  /** When a peer connection was last connected, whoever opened it. */
  let connectedMs = 0;
  const NativePeerConnection = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends NativePeerConnection {
    constructor(...args) {
      super(...args);
      this.addEventListener('connectionstatechange', () => {
        if (this.connectionState === 'connected') connectedMs = wallMs();
      });
    }
  };

  const nextFrame = (video) =>
    new Promise((resolve) => {
      video.requestVideoFrameCallback((now, metadata) => resolve({ now, metadata }));
    });

  function newVideo() {
    const video = document.createElement('video');
    video.muted = true;
    video.autoplay = true;
    video.playsInline = true;
    document.body.append(video);
    return video;
  }

  /** What any WHEP page does: one offer, one answer, nothing of ours. */
  async function playWhep(url) {
    const video = newVideo();
    const playing = { video, clickMs: wallMs(), stop: async () => {} };
    const peer = new RTCPeerConnection();
    peer.addTransceiver('video', { direction: 'recvonly' });
    peer.addTransceiver('audio', { direction: 'recvonly' });
    peer.addEventListener('track', ({ track, receiver }) => {
      receiver.jitterBufferTarget = 0;
      if (track.kind === 'video') video.srcObject = new MediaStream([track]);
    });
    await peer.setLocalDescription();
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/sdp' },
      body: peer.localDescription.sdp,
    });
    const text = await answer.text();
    if (answer.status !== 201) throw new Error(`${url}: ${answer.status} ${text}`);
    const session = answer.headers.get('location');
    playing.stop = async () => {
      peer.close();
      video.remove();
      await fetch(session, { method: 'DELETE' });
    };
    await peer.setRemoteDescription({ type: 'answer', sdp: text });
    return playing;
  }

  /** What people have: the player element, from the moment at which it is told what to play. */
  async function playElement(stream) {
    const player = document.createElement('sluice-player');
    player.setAttribute('muted', '');
    player.setAttribute('autoplay', '');
    player.style.width = '640px';
    player.style.height = '360px';
    const clickMs = wallMs();
    player.setAttribute('src', `/${stream}`);
    document.body.append(player);
    return {
      video: player.video,
      clickMs,
      stop: async () => player.remove(),
    };
  }

  const play = (way, stream) => (way === 'whep' ? playWhep(`/whep/${stream}`) : playElement(stream));

  /** The drawn time, or undefined where the check sum does not fit. */
  function readCode(context, video) {
    const height = Math.max(1, Math.floor(CODE_HEIGHT / 2));
    context.drawImage(video, 0, height / 2, video.videoWidth, height, 0, 0, CODE_BITS, 1);
    const { data } = context.getImageData(0, 0, CODE_BITS, 1);
    let value = 0;
    let check = 0;
    for (let index = 0; index < CODE_BITS; index += 1) {
      const bit = data[index * 4 + 1] > 127 ? 1 : 0;
      if (index < 32) value = ((value << 1) | bit) >>> 0;
      else check = (check << 1) | bit;
    }
    const expected = (0xa5 ^ (value >>> 24) ^ (value >>> 16) ^ (value >>> 8) ^ value) & 0xff;
    return check === expected ? value : undefined;
  }

  window.sluiceBench = {
    /** Loads the player element; false where the gateway has none. */
    async loadPlayer() {
      try {
        await import(PLAYER_URL);
        return customElements.get('sluice-player') !== undefined;
      } catch {
        return false;
      }
    },

    /** Plays one stream, waits for its first frame, stops. Unix times in milliseconds. */
    async join(way, stream) {
      const playing = await play(way, stream);
      await nextFrame(playing.video);
      const firstFrameMs = wallMs();
      await playing.stop();
      return { clickMs: playing.clickMs, connectedMs, firstFrameMs };
    },

    /** Plays one stream and reads the time code of every frame shown. */
    async glass(way, stream, { warmUpMs, lengthMs }) {
      const playing = await play(way, stream);
      const { video } = playing;
      const canvas = new OffscreenCanvas(CODE_BITS, 1);
      const context = canvas.getContext('2d', { willReadFrequently: true });
      await nextFrame(video);
      const fromMs = wallMs() + warmUpMs;
      const result = { frames: [], unread: 0, width: video.videoWidth };
      while (wallMs() < fromMs + lengthMs) {
        const { metadata } = await nextFrame(video);
        const seenMs = wallMs();
        if (seenMs < fromMs) continue;
        const code = readCode(context, video);
        if (code === undefined) {
          result.unread += 1;
          continue;
        }
        result.frames.push({
          code,
          // With WebRTC Chromium expects some frames to be shown before it had them.
          shownMs: Math.max(seenMs, metadata.expectedDisplayTime + offsetMs),
          submittedMs: metadata.presentationTime + offsetMs,
          receivedMs: (metadata.receiveTime ?? Number.NaN) + offsetMs,
          decodeMs: (metadata.processingDuration ?? Number.NaN) * 1000,
        });
      }
      await playing.stop();
      return result;
    },
  };
})();
