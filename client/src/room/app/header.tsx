import { LANGUAGE_NAMES, LANGUAGES, language, setLanguage } from '../i18n/index.ts';
import { canLogOut, leave, reach, streams } from '../store/streams.ts';
import { Button, Icon, type IconName } from '../ui/index.ts';
import { hrefOf, type Place, place } from './router.ts';
import { t } from './texts.ts';
import { setTheme, THEMES, theme } from './theme.ts';

const LINKS: readonly { readonly to: Place; readonly icon: IconName }[] = [
  { to: { page: 'wall' }, icon: 'wall' },
  { to: { page: 'sync', streams: [] }, icon: 'sync' },
  { to: { page: 'exports' }, icon: 'exports' },
  { to: { page: 'system' }, icon: 'system' },
];

export function Header() {
  const loggedOut = reach.value.kind === 'login';
  return (
    <header class="top">
      <a class="wordmark" href="#/" aria-label={t('title')}>
        <svg viewBox="0 0 32 32" aria-hidden="true" focusable="false">
          <rect class="mark-ground" width="32" height="32" rx="8" />
          <path class="mark-gate" d="M9 5.5v21M23 5.5v21" />
          <path
            class="mark-flow"
            d="M5.5 13c3.5-2.6 7-2.6 10.5 0s7 2.6 10.5 0M5.5 20c3.5-2.6 7-2.6 10.5 0s7 2.6 10.5 0"
          />
        </svg>
        <span>Sluice</span>
      </a>
      {loggedOut ? undefined : (
        <nav class="pages" aria-label={t('pages')}>
          {LINKS.map(({ to, icon }) => (
            <a
              key={to.page}
              href={hrefOf(to)}
              aria-current={place.value.page === to.page ? 'page' : undefined}
            >
              <Icon name={icon} />
              <span>{t(to.page as 'wall')}</span>
            </a>
          ))}
        </nav>
      )}
      <p class="tally" role="status">
        {tally()}
      </p>
      <div class="tools">
        <Preferences />
        {canLogOut.value ? <Button onClick={() => void leave()}>{t('log-out')}</Button> : undefined}
        {loggedOut ? undefined : (
          <a class="button primary" href={hrefOf({ page: 'add' })} aria-label={t('add')}>
            <Icon name="add" />
            <span>{t('add')}</span>
          </a>
        )}
      </div>
    </header>
  );
}

/** `3 of 4 live`. */
function tally(): string {
  const all = streams.value ?? [];
  if (all.length === 0 || reach.value.kind !== 'there') return '';
  const live = all.filter(({ state }) => state === 'live').length;
  return live === all.length ? t('all-live', { all: all.length }) : t('some-live', { live, all: all.length });
}

function Preferences() {
  return (
    <details class="preferences">
      <summary
        class="icon-button"
        aria-label={`${t('theme')}, ${t('language')}`}
        title={`${t('theme')}, ${t('language')}`}
      >
        <Icon name="settings" />
      </summary>
      <div class="preferences-body">
        <label>
          {t('theme')}
          <select
            class="compact"
            value={theme.value}
            onChange={({ currentTarget }) =>
              setTheme(THEMES.find((one) => one === currentTarget.value) ?? 'system')
            }
          >
            {THEMES.map((one) => (
              <option key={one} value={one}>
                {t(`theme-${one}`)}
              </option>
            ))}
          </select>
        </label>
        <label>
          {t('language')}
          <select
            class="compact"
            value={language.value}
            onChange={({ currentTarget }) =>
              setLanguage(LANGUAGES.find((one) => one === currentTarget.value) ?? 'en')
            }
          >
            {LANGUAGES.map((one) => (
              <option key={one} value={one} lang={one}>
                {LANGUAGE_NAMES[one]}
              </option>
            ))}
          </select>
        </label>
      </div>
    </details>
  );
}
