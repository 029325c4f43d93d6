import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { parentStreamId, type StreamId } from '../../shared/names.ts';
import { RECORDER_STATES, type RecorderStatus } from '../../shared/recording.ts';
import { VERSION } from '../base/version.ts';
import type { Hub, Stream } from '../stream/index.ts';
import { isProbe } from './probes.ts';

const STATES = ['connecting', 'live', 'waiting', 'idle'] as const;

/** What the metrics are read from when somebody asks for them. */
export interface MetricsSources {
  readonly hub: Hub;
  /** Watches over WebRTC; `sub` and `paused` are those whose link is too slow. */
  readonly viewers: () => { readonly all: number; readonly sub: number; readonly paused: number };
  readonly recorders: () => readonly RecorderMetrics[];
  /** FFmpegs that run for viewers. */
  readonly legs?: () => { readonly video: number; readonly audio: number };
  /** ONVIF cameras and what they were told. */
  readonly onvif?: () => OnvifMetrics;
  /** What happened at cameras since the start. */
  readonly events?: () => { readonly byKind: ReadonlyMap<string, number>; readonly lost: number };
}

export interface OnvifMetrics {
  readonly cameras: number;
  /** Those that tell their events now. */
  readonly subscribed: number;
  /** Events of cameras that told too many. */
  readonly droppedEvents: number;
  readonly ptz: { readonly commands: number; readonly deadManStops: number; readonly refused: number };
}

/** The recorder of one stream. */
export interface RecorderMetrics {
  readonly stream: StreamId;
  readonly state: RecorderStatus['state'];
  readonly ringBytes: number;
  readonly segments: number;
  readonly bytes: number;
  readonly restarts: number;
}

/** The gateway's metrics in the Prometheus text format; read at each request, nothing is kept in between. */
export class Metrics {
  readonly #registry = new Registry();

  constructor(sources: MetricsSources) {
    collectDefaultMetrics({ register: this.#registry });
    const { hub } = sources;
    this.#single('sluice_info', 'Always 1; the version is a label.', ['version'], (gauge) =>
      gauge.set({ version: VERSION }, 1),
    );
    this.#single('sluice_streams', 'Streams by state.', ['state'], (gauge) => {
      for (const state of STATES)
        gauge.set(
          { state },
          hub.list().filter((s) => s.state.state === state && parentStreamId(s.id) === s.id && !isProbe(s.id))
            .length,
        );
    });
    this.#single(
      'sluice_legs',
      'FFmpegs that convert a track for viewers, by what they convert.',
      ['kind'],
      (gauge) => {
        const { video, audio } = sources.legs?.() ?? { video: 0, audio: 0 };
        gauge.set({ kind: 'video' }, video);
        gauge.set({ kind: 'audio' }, audio);
      },
    );
    this.#single('sluice_webrtc_viewers', 'Watches over WebRTC.', [], (gauge) =>
      gauge.set(sources.viewers().all),
    );
    this.#single(
      'sluice_webrtc_congested_viewers',
      "Watches that get the camera's second stream or no picture, for their link is too slow.",
      ['level'],
      (gauge) => {
        const { sub, paused } = sources.viewers();
        gauge.set({ level: 'sub' }, sub);
        gauge.set({ level: 'paused' }, paused);
      },
    );
    this.#single('sluice_gop_cache_bytes', 'Kept groups of pictures.', [], (gauge) =>
      gauge.set(hub.gopBytes),
    );
    this.#eachStream(hub, 'sluice_stream_live', 'Whether the stream is live.', (s) =>
      s.state.state === 'live' ? 1 : 0,
    );
    this.#eachStream(hub, 'sluice_stream_fps', 'Frames a second as measured.', (s) => s.figures.fps);
    this.#eachStream(
      hub,
      'sluice_stream_bitrate_kbps',
      'Bit rate as measured.',
      (s) => s.figures.bitrateKbps,
    );
    this.#eachStream(
      hub,
      'sluice_stream_readers',
      'Readers.',
      (s) => s.readerCounts.viewers + s.readerCounts.services,
    );
    this.#eachStream(
      hub,
      'sluice_stream_received_packets',
      'RTP packets received.',
      (s) => s.counters?.receivedPackets,
    );
    this.#eachStream(
      hub,
      'sluice_stream_received_bytes',
      'RTP bytes received.',
      (s) => s.counters?.receivedBytes,
    );
    this.#eachStream(hub, 'sluice_stream_lost_packets', 'RTP packets lost.', (s) => s.counters?.lostPackets);
    this.#eachStream(
      hub,
      'sluice_stream_dropped_units',
      'Damaged units dropped.',
      (s) => s.counters?.droppedUnits,
    );
    this.#eachStream(
      hub,
      'sluice_reader_dropped_units',
      'Units dropped for slow readers.',
      (s) => s.readerCounts.droppedUnits,
    );
    this.#recorders(sources.recorders);
    this.#cameras(sources);
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #cameras({ onvif, events }: MetricsSources): void {
    const each = (name: string, help: string, value: (metrics: OnvifMetrics) => number) =>
      this.#single(name, help, [], (gauge) => {
        const metrics = onvif?.();
        if (metrics !== undefined) gauge.set(value(metrics));
      });
    each('sluice_onvif_cameras', 'Cameras that are asked over ONVIF.', ({ cameras }) => cameras);
    each('sluice_onvif_subscribed', 'Of those, which tell their events now.', ({ subscribed }) => subscribed);
    each('sluice_ptz_commands', 'Commands for cameras to move.', ({ ptz }) => ptz.commands);
    each(
      'sluice_ptz_refused',
      'Those refused since somebody else moved the camera.',
      ({ ptz }) => ptz.refused,
    );
    each('sluice_ptz_dead_man_stops', 'Moves that nobody ended.', ({ ptz }) => ptz.deadManStops);
    this.#single('sluice_events', 'Events of cameras by kind.', ['kind'], (gauge) => {
      for (const [kind, count] of events?.().byKind ?? []) gauge.set({ kind }, count);
    });
    this.#single('sluice_events_dropped', 'Events not kept, by why.', ['why'], (gauge) => {
      gauge.set({ why: 'too_many' }, onvif?.().droppedEvents ?? 0);
      gauge.set({ why: 'disk' }, events?.().lost ?? 0);
    });
  }

  #recorders(recorders: () => readonly RecorderMetrics[]): void {
    this.#single('sluice_recorders', 'Recorders by state.', ['state'], (gauge) => {
      for (const state of RECORDER_STATES)
        gauge.set({ state }, recorders().filter((recorder) => recorder.state === state).length);
    });
    const each = (name: string, help: string, value: (recorder: RecorderMetrics) => number) =>
      this.#single(name, help, ['stream'], (gauge) => {
        for (const recorder of recorders()) gauge.set({ stream: recorder.stream }, value(recorder));
      });
    each('sluice_recorder_segments', 'Segments cut since the start.', ({ segments }) => segments);
    each('sluice_recorder_bytes', 'Bytes of segments cut since the start.', ({ bytes }) => bytes);
    each('sluice_recorder_ring_bytes', 'Segments held in memory.', ({ ringBytes }) => ringBytes);
    each('sluice_recorder_restarts', 'FFmpegs that failed or got stuck.', ({ restarts }) => restarts);
  }

  #single(name: string, help: string, labelNames: string[], fill: (gauge: Gauge) => void): void {
    new Gauge({
      name,
      help,
      labelNames,
      registers: [this.#registry],
      collect() {
        this.reset();
        fill(this);
      },
    });
  }

  #eachStream(hub: Hub, name: string, help: string, value: (stream: Stream) => number | undefined): void {
    this.#single(name, help, ['stream'], (gauge) => {
      for (const stream of hub.list()) {
        // Each has a name of its own, which no metric is asked for again.
        if (isProbe(stream.id)) continue;
        const figure = value(stream);
        if (figure !== undefined) gauge.set({ stream: stream.id }, figure);
      }
    });
  }
}
