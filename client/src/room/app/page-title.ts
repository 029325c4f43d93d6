import { useEffect } from 'preact/hooks';
import { streamOf } from '../store/streams.ts';
import { nameOf, titleOf } from '../store/titles.ts';
import { type Place, place } from './router.ts';
import { t } from './texts.ts';

/** The window, the browser's history and bookmarks are called after the place: `Front door · Sluice`. */
export function useTitle(): void {
  const title = `${titleOfPlace(place.value)} · Sluice`;
  useEffect(() => {
    document.title = title;
  }, [title]);
}

function titleOfPlace(to: Place): string {
  switch (to.page) {
    case 'camera':
      return cameraTitle(to.app, to.name);
    case 'wall': {
      const [app = '', name = ''] = (to.large ?? '').split('/');
      return name === '' ? t('wall') : cameraTitle(app, name);
    }
    default:
      return t(to.page);
  }
}

function cameraTitle(app: string, name: string): string {
  const status = streamOf(app, name);
  return status === undefined ? nameOf({ app, name }) : titleOf(status);
}
