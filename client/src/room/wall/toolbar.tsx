import type { ComponentChildren } from 'preact';
import { GRID_SIZES } from '../../../../shared/layouts.ts';
import { streams } from '../store/streams.ts';
import { Button, Icon, Menu, type MenuItem } from '../ui/index.ts';
import { layoutDialog } from './layout-dialogs.tsx';
import { FILTERS } from './model.ts';
import {
  chooseLayout,
  dropChanges,
  filter,
  isArranged,
  layout,
  layoutIsChanged,
  layouts,
  page,
  resetOrder,
  saveChanges,
  savedLayout,
  setSize,
  size,
  text,
  view,
} from './state.ts';
import { t } from './texts.ts';
import { TURN_SECONDS, turnSeconds } from './turning.ts';

/** So many cameras are found at a glance. */
const SEARCH_FROM = 7;

export function Toolbar({ onFullScreen }: { onFullScreen: () => void }) {
  const shown = layout.value;
  const cameras = streams.value?.length ?? 0;
  const saved = layouts.value ?? [];
  const canTurn = view.value.pages > 1 || saved.length > 1 || turnSeconds.value > 0;
  return (
    <fieldset class="wall-bar" aria-label={t('wall')}>
      {saved.length === 0 ? undefined : (
        <Select
          label={t('layout')}
          value={savedLayout.value?.id ?? ''}
          onChoose={(id) => chooseLayout(id === '' ? undefined : id)}
        >
          <option value="">{t('layout-all')}</option>
          {saved.map(({ id, title }) => (
            <option key={id} value={id}>
              {title}
            </option>
          ))}
        </Select>
      )}
      <Select
        label={t('tiles')}
        value={String(shown?.tiles.length ?? size.value)}
        onChoose={(value) => setSize(Number(value))}
      >
        {shown === undefined ? <option value="0">{t('tiles-auto')}</option> : undefined}
        {sizes(shown?.tiles.length).map((one) => (
          <option key={one} value={String(one)}>
            {one}
          </option>
        ))}
      </Select>
      {shown === undefined && cameras >= SEARCH_FROM ? <Search /> : undefined}
      {canTurn ? (
        <Select
          label={t('turn')}
          value={String(turnSeconds.value)}
          onChoose={(value) => {
            turnSeconds.value = Number(value);
          }}
        >
          {TURN_SECONDS.map((seconds) => (
            <option key={seconds} value={String(seconds)}>
              {seconds === 0 ? t('turn-off') : t('turn-every', { seconds })}
            </option>
          ))}
        </Select>
      ) : undefined}
      {layoutIsChanged.value ? (
        <span class="wall-changed">
          <span role="status">{t('layout-changed')}</span>
          <Button kind="primary" class="small" onClick={() => void saveChanges()}>
            {t('save-changes')}
          </Button>
          <Button class="small" onClick={dropChanges}>
            {t('drop-changes')}
          </Button>
        </span>
      ) : undefined}
      <Menu class="wall-more" label={t('more')} items={() => moreItems(onFullScreen)} />
    </fieldset>
  );
}

function moreItems(onFullScreen: () => void): MenuItem[] {
  const saved = savedLayout.value;
  const open = (dialog: NonNullable<typeof layoutDialog.value>) => () => {
    layoutDialog.value = dialog;
  };
  return [
    {
      key: 'full',
      icon: 'enlarge',
      label: t(document.fullscreenElement === null ? 'full-wall' : 'leave-full-wall'),
      onChoose: onFullScreen,
    },
    { key: 'save', icon: 'wall', label: t('save-as'), onChoose: open({ kind: 'save' }) },
    ...(saved === undefined
      ? []
      : ([
          {
            key: 'rename',
            icon: 'pencil',
            label: t('rename'),
            onChoose: open({ kind: 'rename', layout: saved }),
          },
          {
            key: 'remove',
            icon: 'bin',
            danger: true,
            label: t('remove-layout'),
            onChoose: open({ kind: 'remove', layout: saved }),
          },
        ] satisfies MenuItem[])),
    ...(saved === undefined && isArranged.value
      ? ([{ key: 'order', icon: 'sync', label: t('reset-order'), onChoose: resetOrder }] satisfies MenuItem[])
      : []),
  ];
}

function Search() {
  return (
    <>
      <label class="wall-search">
        <Icon name="search" />
        <input
          class="compact"
          type="search"
          aria-label={t('search')}
          placeholder={t('search')}
          value={text.value}
          onInput={({ currentTarget }) => {
            text.value = currentTarget.value;
            page.value = 0;
          }}
        />
      </label>
      <Select
        label={t('show')}
        value={filter.value}
        onChoose={(value) => {
          filter.value = FILTERS.find((one) => one === value) ?? 'all';
          page.value = 0;
        }}
      >
        {FILTERS.map((one) => (
          <option key={one} value={one}>
            {t(`filter-${one}`)}
          </option>
        ))}
      </Select>
    </>
  );
}

function Select({
  label,
  value,
  onChoose,
  children,
}: {
  label: string;
  value: string;
  onChoose: (value: string) => void;
  children: ComponentChildren;
}) {
  return (
    <label class="wall-select">
      <span>{label}</span>
      <select class="compact" value={value} onChange={({ currentTarget }) => onChoose(currentTarget.value)}>
        {children}
      </select>
    </label>
  );
}

/** A saved wall may have a size of its own, made over the API. */
function sizes(own: number | undefined): number[] {
  return [...new Set([...GRID_SIZES, ...(own === undefined ? [] : [own])])].sort((a, b) => a - b);
}
