import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { StreamStatus } from '../../../../shared/stream.ts';
import { go, hrefOf } from '../app/router.ts';
import {
  CameraDialogs,
  isDialogOpen,
  isMendedByChange,
  openDialog,
  restartCamera,
  waitText,
} from '../cameras/index.ts';
import type { StreamKey } from '../recordings/api.ts';
import { diskWords } from '../recordings/disk-words.ts';
import { CameraReport } from '../report/index.ts';
import { factsLine, keptText, notesOf, stateName, viewersText } from '../store/facts.ts';
import { reach } from '../store/streams.ts';
import { titleOf } from '../store/titles.ts';
import { Button, Icon, Menu, Notice } from '../ui/index.ts';
import { CameraLine } from './camera-line.ts';
import { Embed } from './embed.tsx';
import { ExportPanel } from './export-panel.tsx';
import { Figures } from './figures.tsx';
import { Happenings } from './happenings.tsx';
import { CameraModel } from './model.ts';
import { PtzPad } from './ptz/pad.tsx';
import { Steering } from './ptz/steering.ts';
import { RecordSwitch } from './record-switch.tsx';
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
  }, [model, status]);
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
            <Transport model={model} onFullscreen={() => void toggleFullscreen(main.current, model)} />
            <Timeline model={model} label={t('recorded-time')} />
            <TimeTools model={model} />
          </section>
          <p class="camera-keys">{t('keys')}</p>
        </div>
        <aside class="camera-side">
          <Tabs label={t('tabs')} tabs={tabsOf({ model, steering, id, status })} />
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

function Head({
  stream,
  status,
  model,
}: {
  stream: StreamKey;
  status: StreamStatus | undefined;
  model: CameraModel;
}) {
  const id = `${stream.app}/${stream.name}`;
  const title = status === undefined ? id : titleOf(status);
  const isAway = reach.value.kind !== 'there';
  const state = isAway ? 'unknown' : (status?.state ?? 'idle');
  const facts = status === undefined ? [] : [factsLine(status), viewersText(status.viewers)];
  const reason = useLastReason(isAway ? undefined : status);
  const why = reason === undefined ? undefined : waitText(reason);
  const disk = status?.recorder.state === 'waiting' ? diskWords(status.recorder.reason?.code) : undefined;
  const notes = status === undefined ? [] : notesOf(status);
  return (
    <div class="camera-head">
      <div class="camera-title">
        <a
          class="icon-button"
          href={hrefOf({ page: 'wall' })}
          aria-label={t('back-to-wall')}
          title={t('back-to-wall')}
        >
          <Icon name="back" />
        </a>
        <h1 title={id}>{title}</h1>
        {status === undefined ? undefined : (
          <span class="camera-state" data-state={state}>
            {isAway ? t('out-of-reach') : stateName(status.state)}
          </span>
        )}
        {status === undefined ? undefined : (
          <div class="camera-actions">
            <RecordSwitch status={status} />
            <Menu label={t('menu', { camera: title })} items={() => menuItems(status, model)} />
          </div>
        )}
      </div>
      {status === undefined ? undefined : (
        <p class="camera-facts">
          <span class="camera-media">{facts.filter((part) => part !== '').join(' · ')}</span>
          <span>{keptText(status.recorder)}</span>
        </p>
      )}
      {why === undefined ? undefined : (
        <p class="camera-why" role="status">
          <strong>{why.title}.</strong> {why.todo}{' '}
          {/* The gateway's own words tell the address too, in English. */}
          <span class="camera-quiet" lang="en">
            {reason?.message}
          </span>
          {status?.readOnly === false && isMendedByChange(reason?.code) ? (
            <Button class="small" onClick={() => openDialog({ kind: 'edit', stream: id })}>
              {t('edit')}
            </Button>
          ) : undefined}
        </p>
      )}
      {disk === undefined ? undefined : (
        <p class="camera-why" role="status">
          <strong>{disk.title}</strong> {disk.todo} <a href={hrefOf({ page: 'system' })}>{t('to-disks')}</a>
        </p>
      )}
      {notes.length === 0 ? undefined : (
        <ul class="camera-notes" aria-label={t('notes')}>
          {notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** Why there is no picture, also while it is tried again: words that come and go would move all below them up and down. */
function useLastReason(status: StreamStatus | undefined): StreamStatus['reason'] {
  const last = useRef<StreamStatus['reason']>(undefined);
  const isTried = status?.state === 'connecting' && status.reason === undefined;
  if (!isTried) last.current = status?.reason;
  return last.current;
}

function menuItems(status: StreamStatus, model: CameraModel) {
  const id = `${status.app}/${status.name}`;
  const timeMs = model.isLive.peek() ? {} : { timeMs: model.headMs.peek() };
  return [
    {
      key: 'sync',
      label: t('open-sync'),
      icon: 'sync' as const,
      href: hrefOf({ page: 'sync', streams: [id], ...timeMs }),
    },
    {
      key: 'restart',
      label: t('restart'),
      icon: 'restart' as const,
      onChoose: () => void restartCamera(status),
    },
    ...(status.readOnly
      ? []
      : [
          {
            key: 'edit',
            label: t('edit'),
            icon: 'pencil' as const,
            onChoose: () => openDialog({ kind: 'edit', stream: id }),
          },
          {
            key: 'remove',
            label: t('remove'),
            icon: 'bin' as const,
            danger: true,
            onChoose: () => openDialog({ kind: 'remove', stream: id, onDone: () => go({ page: 'wall' }) }),
          },
        ]),
  ];
}

/** Keys work while the focus is in the picture, on the time line or on a button beside them. */
function onKey(event: KeyboardEvent, model: CameraModel, main: HTMLElement | null): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target))
    return;
  const isButton = event.target instanceof HTMLElement && event.target.closest('button') !== null;
  const actions: Readonly<Record<string, () => void>> = {
    ...(isButton ? {} : { ' ': () => model.togglePlay() }),
    k: () => model.togglePlay(),
    l: () => model.goLive(),
    b: () => model.markIn(),
    e: () => model.markOut(),
    m: () => model.toggleMuted(),
    f: () => void toggleFullscreen(main, model),
    s: () => void model.player?.saveSnapshot(),
    ',': () => model.step(-1),
    '.': () => model.step(1),
    '+': () => model.zoom(0.5),
    '-': () => model.zoom(2),
  };
  const key = event.key.toLowerCase();
  const action = Object.hasOwn(actions, key) ? actions[key] : undefined;
  if (action === undefined) return;
  event.preventDefault();
  action();
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLInputElement ||
    target instanceof HTMLTextAreaElement ||
    target instanceof HTMLSelectElement
  );
}

/** Picture, buttons and time line together; where a page's part cannot fill the screen (iPhones), the video alone. */
async function toggleFullscreen(main: HTMLElement | null, model: CameraModel): Promise<void> {
  try {
    if (document.fullscreenElement !== null) await document.exitFullscreen();
    else if (document.fullscreenEnabled) await main?.requestFullscreen();
    else
      (model.player?.video as { webkitEnterFullscreen?: () => void } | undefined)?.webkitEnterFullscreen?.();
  } catch {
    // The page may not be allowed to; then there is nothing to do about it.
  }
}
