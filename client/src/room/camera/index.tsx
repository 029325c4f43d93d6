import { useEffect, useState } from 'preact/hooks';
import { z } from 'zod';
import { keptRecordingsSchema } from '../../../../shared/recording.ts';
import { call } from '../api/call.ts';
import { hrefOf, type Place } from '../app/router.ts';
import { streamOf } from '../store/streams.ts';
import { Icon } from '../ui/index.ts';
import { CameraPage } from './camera-page.tsx';
import { t } from './texts.ts';

const keptSchema = z.object({ recordings: z.array(keptRecordingsSchema) });

/** A camera's place; of one that is no more, what is kept of it. */
export function Page({ place }: { place: Extract<Place, { page: 'camera' }> }) {
  const { app, name, timeMs } = place;
  const status = streamOf(app, name);
  const id = `${app}/${name}`;
  const [kept, setKept] = useState<{ id: string; newestMs: number | undefined }>();
  const isGone = status === undefined;
  useEffect(() => {
    if (!isGone) return;
    let isLeft = false;
    void call('GET', 'api/v1/recordings', keptSchema).then((answer) => {
      const found = answer.ok
        ? answer.value.recordings.find((one) => one.app === app && one.name === name)
        : undefined;
      if (!isLeft) setKept({ id, newestMs: found?.end });
    });
    return () => {
      isLeft = true;
    };
  }, [app, name, isGone]);
  if (status !== undefined) {
    return <CameraPage key={id} stream={{ app, name }} status={status} timeMs={timeMs} />;
  }
  if (kept?.id !== id) return null;
  if (kept.newestMs === undefined) {
    return (
      <section class="nothing-here">
        <Icon name="camera" />
        <h1>{t('not-there', { id })}</h1>
        <p>{t('not-there-todo')}</p>
        <a class="button primary" href={hrefOf({ page: 'wall' })}>
          {t('back-to-wall')}
        </a>
      </section>
    );
  }
  // The last minute of it, unless the address names another.
  const atMs = timeMs ?? kept.newestMs - 60_000;
  return <CameraPage key={id} stream={{ app, name }} status={undefined} timeMs={atMs} />;
}
