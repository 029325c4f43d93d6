import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { failureText } from '../api/failure-text.ts';
import { reach, streams } from '../store/streams.ts';
import { Button, Notice, Toasts } from '../ui/index.ts';
import { Wall } from '../wall/index.tsx';
import { Header } from './header.tsx';
import { LogIn } from './log-in.tsx';
import { useTitle } from './page-title.ts';
import { type Place, place } from './router.ts';
import { t } from './texts.ts';

interface LoadedPage {
  readonly Page: (props: { place: never }) => JSX.Element | null;
}

/** The pages besides the wall come when they are first opened, so that the first picture waits for none of them. */
const PAGES: Readonly<Record<Exclude<Place['page'], 'wall'>, () => Promise<LoadedPage>>> = {
  camera: () => import('../camera/index.tsx'),
  sync: () => import('../sync/index.tsx'),
  add: () => import('../add/index.tsx'),
  exports: () => import('../exports/index.tsx'),
  system: () => import('../system/index.tsx'),
};

/** The control room: a header, and below it the page that the address names. */
export function App() {
  const now = reach.value;
  useTitle();
  return (
    <>
      <button class="skip" type="button" onClick={skip}>
        {t('skip')}
      </button>
      <Header />
      {now.kind === 'away' ? (
        <Notice kind="trouble">
          {now.failure.code === 'UNREACHABLE' ? t('away') : failureText(now.failure)}
        </Notice>
      ) : undefined}
      <main id="main" tabIndex={-1}>
        <Content />
      </main>
      <Toasts />
    </>
  );
}

/** A link would do, were the address behind `#` not the page's own. */
function skip(): void {
  document.getElementById('main')?.focus();
}

/**
 * Preact keeps what an element was first given as its content, with all that is drawn there until it is drawn anew. Hence this
 * step between: of a form that was left nothing stays in memory, nor the password that was typed into it.
 */
function Content() {
  return <Current />;
}

function Current() {
  const now = reach.value;
  if (now.kind === 'login') return <LogIn />;
  if (streams.value === undefined) return null;
  const to = place.value;
  if (to.page === 'wall') return <Wall />;
  return <LazyPage key={to.page} place={to} />;
}

function LazyPage({ place: to }: { place: Exclude<Place, { page: 'wall' }> }) {
  const [page, setPage] = useState<LoadedPage>();
  const [failed, setFailed] = useState(false);
  const { page: name } = to;
  const isThere = reach.value.kind === 'there';
  // Again once the gateway is back; browsers that will not ask anew for what failed once, and a gateway that was updated
  // meanwhile, need the whole page anew.
  useEffect(() => {
    if (page !== undefined) return;
    PAGES[name]().then(setPage, () => setFailed(true));
  }, [name, isThere, page]);
  if (page === undefined) {
    if (!failed) return null;
    return (
      <Notice kind="trouble">
        {t('page-missing')}{' '}
        {isThere ? (
          <Button class="small" onClick={() => location.reload()}>
            {t('reload')}
          </Button>
        ) : undefined}
      </Notice>
    );
  }
  const { Page } = page;
  // Each page takes the place of its own name, and is given no other.
  return <Page place={to as never} />;
}
