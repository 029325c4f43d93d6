import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { SluicePlayer } from '../../player/index.ts';
import { dateTime } from '../i18n/formats.ts';
import { askSoon } from '../store/streams.ts';
import type { CameraModel } from './model.ts';
import { CentringLayer } from './ptz/pad.tsx';
import type { Steering } from './ptz/steering.ts';
import type { Preview } from './scrub-preview.ts';
import { t } from './texts.ts';
import './stage.css';

/** Without the place behind `#`, which changes: a player whose server changes begins anew. */
const SERVER = new URL('.', document.baseURI).href;

/** The player, and over it the picture of the time that is dragged to. */
export function Stage({
  model,
  id,
  startMs,
  steering,
}: {
  model: CameraModel;
  id: string;
  /** Where it begins; undefined is live. What comes later goes through the model. */
  startMs: number | undefined;
  steering: Steering | undefined;
}) {
  const player = useRef<SluicePlayer>(null);
  const box = useRef<HTMLDivElement>(null);
  const [firstMs] = useState(startMs);
  useEffect(() => {
    const element = player.current;
    if (element === null) return;
    model.attach(element);
    const changed = (): void => askSoon();
    element.addEventListener('statechange', changed);
    const observer = new ResizeObserver(() => {
      model.preview.widthPx = box.current?.clientWidth ?? 640;
    });
    if (box.current !== null) observer.observe(box.current);
    return () => {
      element.removeEventListener('statechange', changed);
      observer.disconnect();
      model.attach(undefined);
    };
  }, [model]);
  const shown = model.preview.shown.value;
  return (
    <div class="camera-stage" ref={box}>
      <sluice-player
        ref={player}
        src={`/${id}`}
        server={SERVER}
        poster="auto"
        muted
        autoplay
        start-time={firstMs}
      />
      {steering === undefined ? undefined : <CentringLayer steering={steering} model={model} />}
      {shown === undefined ? undefined : <PreviewPicture preview={shown} />}
    </div>
  );
}

/** The picture is there, decoded, before it is put into its place: so nothing flickers. */
function PreviewPicture({ preview }: { preview: Preview }) {
  const place = useRef<HTMLDivElement>(null);
  const { picture, timeMs, kind } = preview;
  // Before it is seen: an empty canvas would be black for a frame.
  useLayoutEffect(() => {
    const canvas = place.current?.querySelector('canvas');
    const context = canvas?.getContext('2d');
    if (canvas == null || context == null) return;
    canvas.width = picture.naturalWidth;
    canvas.height = picture.naturalHeight;
    context.drawImage(picture, 0, 0);
  }, [picture]);
  return (
    <div class="camera-preview" data-kind={kind} data-time={timeMs} ref={place}>
      <canvas role="img" aria-label={t('preview', { time: dateTime(timeMs) })} />
      <span>{dateTime(timeMs)}</span>
    </div>
  );
}
