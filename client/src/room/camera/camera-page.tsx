import { useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { StreamStatus } from '../../../../shared/stream.ts';
import { go } from '../app/router.ts';
import { CameraDialogs, isDialogOpen } from '../cameras/index.ts';
import type { StreamKey } from '../recordings/api.ts';
import { CameraReport } from '../report/index.ts';
import { Notice } from '../ui/index.ts';
import { CameraLine } from './camera-line.ts';
import { Embed } from './embed.tsx';
import { ExportPanel } from './export-panel.tsx';
import { Figures } from './figures.tsx';
import { Happenings } from './happenings.tsx';
import { Head } from './head.tsx';
import { isTyping, onKey, toggleFullscreen } from './keys.ts';
import { CameraModel } from './model.ts';
import { PtzPad } from './ptz/pad.tsx';
import { Steering } from './ptz/steering.ts';
import { Stage } from './stage.tsx';
import { type Tab, Tabs } from './tabs.tsx';
import { t } from './texts.ts';
import { Timeline } from './timeline/timeline.tsx';
import { TimeTools, Transport } from './transport.tsx';
import './camera.css';

/** One camera, live and recorded in one. `status` is undefined of one that was removed, but of which something is kept. */
export function CameraPage({
  stream,
  status,
  timeMs,
}: {
  stream: StreamKey;
  status: StreamStatus | undefined;
  timeMs: number | undefined;
}) {
  const { app, name } = stream;
  const id = `${app}/${name}`;
  /** The place that this page itself wrote into the address. */
  const written = useRef(timeMs);
  const model = useMemo(
    () =>
      new CameraModel({ app, name }, (atMs) => {
        written.current = atMs;
        go({ page: 'camera', app, name, ...(atMs === undefined ? {} : { timeMs: atMs }) }, { replace: true });
      }),
    [app, name],
  );
  useEffect(() => () => model.close(), [model]);
  useEffect(() => {
    if (timeMs === written.current) return;
    written.current = timeMs;
    if (timeMs === undefined) model.goLive();
    else model.goTo(timeMs);
  }, [model, timeMs]);
  const line = useMemo(
    () => new CameraLine({ app, name }, (event) => model.footage.take(event)),
    [app, name, model],
  );
  useEffect(() => () => line.close(), [line]);
  const source = status?.source;
  const isSteered = source?.url.startsWith('onvif:') === true || source?.onvif !== undefined;
  const steering = useMemo(
    () => (isSteered ? new Steering({ app, name }, line) : undefined),
    [isSteered, app, name, line],
  );
  useEffect(() => () => steering?.close(), [steering]);
  useEffect(() => {
    model.recording = status?.recorder.state === 'recording';
    model.isGone = status === undefined;
  }, [model, status]);
  const tab = useSignal<string | undefined>(undefined);
  // Whoever has marked a piece wants to export it, or to lock it.
  useEffect(
    () =>
      model.isMarked.subscribe((isMarked) => {
        if (isMarked) tab.value = 'export';
      }),
    [model, tab],
  );
  const main = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const place = main.current;
    if (place === null) return;
    const listen = (event: KeyboardEvent): void => onKey(event, model, place);
    place.addEventListener('keydown', listen);
    return () => place.removeEventListener('keydown', listen);
  }, [model]);
  useEffect(() => {
    const onEscape = (event: KeyboardEvent): void => {
      if (event.key !== 'Escape' || event.defaultPrevented || isTyping(event.target)) return;
      if (
        document.fullscreenElement === null &&
        !isDialogOpen() &&
        document.querySelector('dialog[open], :popover-open') === null
      ) {
        go({ page: 'wall' });
      }
    };
    document.addEventListener('keydown', onEscape);
    return () => document.removeEventListener('keydown', onEscape);
  }, []);

  return (
    <div class="camera-page">
      <Head stream={stream} status={status} model={model} />
      {status === undefined ? <Notice kind="tip">{t('removed')}</Notice> : undefined}
      <div class="camera-columns">
        {/* A click anywhere in it is enough for the keys to work. */}
        <div class="camera-main" ref={main} tabIndex={-1}>
          <Stage model={model} id={id} startMs={timeMs} steering={steering} />
          <section class="camera-time" aria-label={t('recording')}>
            <Transport
              model={model}
              isGone={status === undefined}
              onFullscreen={() => void toggleFullscreen(main.current, model)}
            />
            <Timeline model={model} label={t('recorded-time')} />
            <TimeTools model={model} />
          </section>
          <p class="camera-keys">{t('keys')}</p>
        </div>
        <aside class="camera-side">
          <Tabs label={t('tabs')} tabs={tabsOf({ model, steering, id, status })} chosen={tab} />
        </aside>
      </div>
      <CameraDialogs />
    </div>
  );
}

function tabsOf({
  model,
  steering,
  id,
  status,
}: {
  model: CameraModel;
  steering: Steering | undefined;
  id: string;
  status: StreamStatus | undefined;
}): readonly Tab[] {
  const { app, name } = model.stream;
  const can = steering?.status.value?.can;
  const isSteered = can !== undefined && (can.panTilt || can.zoom || can.presets || can.home);
  return [
    ...(isSteered && steering !== undefined
      ? [{ key: 'steer', label: t('steer'), content: () => <PtzPad steering={steering} model={model} /> }]
      : []),
    { key: 'events', label: t('events'), content: () => <Happenings model={model} /> },
    { key: 'export', label: t('export'), content: () => <ExportPanel model={model} /> },
    {
      key: 'details',
      label: t('details'),
      content: () => (
        <div class="camera-details">
          <Figures model={model} />
          {status === undefined ? undefined : (
            <section aria-label={t('report')}>
              <h2>{t('report')}</h2>
              <CameraReport app={app} name={name} />
            </section>
          )}
          <details>
            <summary>{t('embed')}</summary>
            <Embed id={id} />
          </details>
        </div>
      ),
    },
  ];
}
