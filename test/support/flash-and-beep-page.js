// In a page: `watch(url)` plays a stream over WHEP and notes in `seen` when, by the page's clock, pictures turn white and
// sound begins, both as they are shown and heard.
globalThis.watch = async (url) => {
  const seen = { flashes: [], beeps: [], frames: 0 };
  Object.assign(globalThis, { seen });
  const peer = new RTCPeerConnection();
  Object.assign(globalThis, { peer });
  const video = document.createElement('video');
  video.autoplay = true;
  document.body.append(video);
  const stream = new MediaStream();
  video.srcObject = stream;
  const audio = new AudioContext();
  const analyser = audio.createAnalyser();
  analyser.fftSize = 256;
  const samples = new Float32Array(256);
  let isLoud = true;
  const listen = () => {
    analyser.getFloatTimeDomainData(samples);
    const loud = samples.some((sample) => Math.abs(sample) > 0.1);
    if (loud && !isLoud) seen.beeps.push(performance.now() + (audio.outputLatency || 0) * 1000);
    isLoud = loud;
  };
  setInterval(listen, 2);
  peer.ontrack = ({ track }) => {
    stream.addTrack(track);
    if (track.kind === 'audio') audio.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    void video.play();
  };
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 1;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  let isWhite = true;
  const look = (_now, { expectedDisplayTime }) => {
    seen.frames += 1;
    context?.drawImage(video, 0, 0, 1, 1);
    const white = (context?.getImageData(0, 0, 1, 1).data[0] ?? 0) > 128;
    if (white && !isWhite) seen.flashes.push(expectedDisplayTime);
    isWhite = white;
    video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
  peer.addTransceiver('video', { direction: 'recvonly' });
  peer.addTransceiver('audio', { direction: 'recvonly' });
  await peer.setLocalDescription(await peer.createOffer());
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/sdp' },
    body: peer.localDescription?.sdp ?? '',
  });
  if (!answer.ok) throw new Error(await answer.text());
  await peer.setRemoteDescription({ type: 'answer', sdp: await answer.text() });
};
