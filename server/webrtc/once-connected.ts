import type { types } from 'mediasoup';

/** Calls back when the transport is connected, at once where it is. Gives its undo. */
export function onceConnected(
  transport: Pick<types.WebRtcTransport, 'dtlsState' | 'on' | 'off'>,
  connected: () => void,
): () => void {
  if (transport.dtlsState === 'connected') {
    connected();
    return () => {};
  }
  const onState = () => {
    if (transport.dtlsState !== 'connected') return;
    transport.off('dtlsstatechange', onState);
    connected();
  };
  transport.on('dtlsstatechange', onState);
  return () => transport.off('dtlsstatechange', onState);
}
