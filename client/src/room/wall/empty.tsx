import { hrefOf } from '../app/router.ts';
import { Button, Icon } from '../ui/index.ts';
import { showAll } from './state.ts';
import { t } from './texts.ts';

/** What is shown where there is no camera at all. */
export function NoCameras() {
  return (
    <section class="nothing-here">
      <Icon name="camera" />
      <h2>{t('empty-title')}</h2>
      <p>{t('empty-text')}</p>
      <a class="button primary" href={hrefOf({ page: 'add' })}>
        <Icon name="add" />
        {t('add-camera')}
      </a>
      <p class="hint">{t('empty-demo')}</p>
    </section>
  );
}

/** What is shown where no camera fits what is sought. */
export function NothingFound() {
  return (
    <section class="nothing-here">
      <Icon name="search" />
      <p role="status">{t('nothing-found')}</p>
      <Button onClick={showAll}>{t('show-all')}</Button>
    </section>
  );
}

/** Beside the demo camera, while that is the only one. */
export function DemoTip() {
  return (
    <p class="wall-demo">
      <span>{t('demo-text')}</span>
      <a class="button small" href={hrefOf({ page: 'add' })}>
        <Icon name="add" />
        {t('add-camera')}
      </a>
    </p>
  );
}
