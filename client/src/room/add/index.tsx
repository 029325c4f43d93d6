import { go, type Place } from '../app/router.ts';
import { Choice } from '../ui/index.ts';
import { ByAddress, ByMaker } from './by-address.tsx';
import { Find } from './find.tsx';
import { Many } from './many.tsx';
import { t } from './texts.ts';
import './add.css';

const WAYS = ['find', 'address', 'maker', 'many'] as const;
type Way = (typeof WAYS)[number];

/** Adds cameras: those that are found, one by its address, or many by a list. */
export function Page({ place }: { place: Extract<Place, { page: 'add' }> }) {
  const { way = 'find' } = place;
  return (
    <div class="add-page">
      <h1>{t('heading')}</h1>
      <Choice
        label={t('ways')}
        options={WAYS.map((value) => ({ value, label: t(`way-${value}`) }))}
        value={way}
        onChoose={(chosen) => go({ page: 'add', ...(chosen === 'find' ? {} : { way: chosen }) })}
      />
      <div class="add-panel">{contents(way)}</div>
    </div>
  );
}

function contents(way: Way) {
  switch (way) {
    case 'find':
      return <Find />;
    case 'address':
      return <ByAddress />;
    case 'maker':
      return <ByMaker />;
    default:
      return <Many />;
  }
}
