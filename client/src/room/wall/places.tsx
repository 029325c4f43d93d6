import { idOf } from '../store/streams.ts';
import { titleOf } from '../store/titles.ts';
import { Button, Icon } from '../ui/index.ts';
import { notShown, setPlace } from './state.ts';
import { t } from './texts.ts';

/** A place of a saved wall where no camera stands. */
export function EmptyPlace({ index }: { index: number }) {
  return (
    <li class="wall-tile empty" data-place={index}>
      <div class="wall-empty">
        <span class="unseen">{t('empty-place')}</span>
        <ChooseCamera index={index} />
      </div>
    </li>
  );
}

/** A saved wall keeps the place of a camera that is not there any more: it may come back. */
export function GonePlace({ index, id }: { index: number; id: string }) {
  return (
    <li class="wall-tile empty" data-place={index}>
      <div class="wall-empty">
        <Icon name="alert" />
        <strong>{t('gone-camera')}</strong>
        <p>
          {id}: {t('gone-text')}
        </p>
        <ChooseCamera index={index} />
        <Button class="small" onClick={() => setPlace(index, null)}>
          {t('clear-place')}
        </Button>
      </div>
    </li>
  );
}

function ChooseCamera({ index }: { index: number }) {
  return (
    <select
      class="compact"
      aria-label={t('choose-camera')}
      value=""
      onChange={({ currentTarget }) => {
        if (currentTarget.value !== '') setPlace(index, currentTarget.value);
      }}
    >
      <option value="">{t('choose-camera')}</option>
      {notShown.value.map((stream) => (
        <option key={idOf(stream)} value={idOf(stream)}>
          {titleOf(stream)}
        </option>
      ))}
    </select>
  );
}
