import { expect, test } from 'vitest';
import { reportRows } from '../../client/src/room/report/report-rows.ts';
import { notesOf } from '../../client/src/room/store/facts.ts';
import type { CameraReport } from '../../shared/report.ts';
import type { StreamStatus } from '../../shared/stream.ts';

const report: CameraReport = {
  app: 'live',
  name: 'door',
  state: 'live',
  isCurrent: true,
  video: {
    codec: 'h264',
    profile: 'Main 4.0',
    codecString: '4d0028',
    width: 1920,
    height: 1080,
    declaredFps: 25,
    bitrateKbps: 4_100,
  },
  audio: { codec: 'pcma', clockRate: 8_000, channels: 1 },
  pictures: {
    pictures: 500,
    fps: 20.04,
    largestGapMs: 61,
    bFrames: { kind: 'disposable', share: 0.5, disposableShare: 0.5, reorderDepth: 1 },
    keyFrames: {
      count: 10,
      intervalMs: { mean: 2_000, min: 1_960, max: 2_040, stdDev: 12 },
      meanBytes: 81_000,
    },
  },
  camera: {
    connection: {
      address: '10.0.0.5:554',
      server: 'Rtsp Server/3.0',
      encrypted: false,
      authentication: { scheme: 'digest', algorithm: 'SHA-256' },
      keepAlive: { method: 'GET_PARAMETER', everyMs: 30_000, sessionTimeoutMs: 60_000 },
      methods: [],
      transport: { configured: 'auto', used: 'udp' },
      offered: [
        { kind: 'video', encoding: 'H264', used: true },
        { kind: 'application', encoding: 'VND.ONVIF.METADATA', used: false, reason: 'No video.' },
      ],
    },
    received: [
      {
        kind: 'video',
        packets: { count: 5_000, meanBytes: 900, maxBytes: 1_412, overMtu: 0 },
        lostPackets: 5,
        lossPercent: 0.1,
        latePackets: 2,
        jitterMs: 3.5,
        droppedUnits: 1,
        restarts: 0,
        timestampJumps: 0,
        clockDrift: { ppm: -48.6, uncertaintyPpm: 2.2, overMs: 60_000 },
        senderReports: { count: 3 },
        parameterSets: { inSdp: true, inBand: true, keyFrames: 10, keyFramesWithSets: 10, changes: 1 },
        timestampFps: 25,
      },
    ],
    connections: 1,
  },
  clock: { offsetMs: -1_200, trusted: false },
  advice: [],
};

test('a camera report reads as plain lines', () => {
  const lines = Object.fromEntries(reportRows(report).map(({ name, text }) => [name, text]));
  expect(lines).toEqual({
    Camera: 'Rtsp Server/3.0 · 10.0.0.5:554',
    Video: 'H.264 Main 4.0 · 1920 × 1080 · 4.1 Mbit/s',
    Pictures: '20 fps measured · 25 fps declared · 25 fps by time stamps · longest gap 61 ms',
    'Key frames': 'every 2 s, evenly · 81 kB each',
    'B-frames': '50 % of the pictures, no other picture needs them, 1 held back',
    'Parameter sets': 'in the description, before every key frame, changed once',
    Sound: 'G.711 · 8 kHz · mono',
    Transport: 'UDP (set: auto) · kept alive by GET_PARAMETER every 30 s',
    'Log-in': 'Digest SHA-256',
    'Video packets':
      '900 bytes each, at most 1,412 · 0.1 % lost · 2 late · jitter 3.5 ms · time stamps -49 ± 3 ppm',
    Clock: '1,200 ms behind this gateway',
    Offered: 'video H264 · application VND.ONVIF.METADATA (not used)',
  });
});

test('what is not known has no line', () => {
  const rows = reportRows({ app: 'live', name: 'x', state: 'idle', isCurrent: false, advice: [] });
  expect(rows).toEqual([]);
});

test('notes tell why a live picture is not as the camera sends it', () => {
  const status = { state: 'live' } as StreamStatus;
  expect(notesOf({ ...status, webrtc: { video: 'as-is' } })).toEqual([]);
  const notes = notesOf({
    ...status,
    transportReason: 'Over UDP too much was lost.',
    webrtc: { video: 'transcoded', audio: 'transcoded', reason: 'It is H.265.' },
  });
  expect(notes).toEqual(['Over UDP too much was lost.', 'It is H.265.']);
  // The player tells that itself, and what it plays instead.
  expect(notesOf({ ...status, webrtc: { video: 'unavailable', reason: 'No way.' } })).toEqual([]);
  expect(notesOf({ ...status, state: 'waiting', transportReason: 'Long ago.' })).toEqual([]);
});
