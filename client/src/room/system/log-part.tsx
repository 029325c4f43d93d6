import { useEffect, useRef, useState } from 'preact/hooks';
import { type LogLine, logTailSchema } from '../../../../shared/system.ts';
import { call, type Failure } from '../api/call.ts';
import { failureText } from '../api/failure-text.ts';
import { dateTime, timeOfDay } from '../i18n/formats.ts';
import { isToldAbove } from '../store/streams.ts';
import { Button, Field, Notice, toast } from '../ui/index.ts';
import { filterLines, LEVELS, type Level } from './log-filter.ts';
import { t } from './texts.ts';

const ASK_EVERY_MS = 1_000;
const FIRST = 500;
const KEPT = 2_000;

/** The newest lines of the log, followed as they come. */
export function LogPart() {
  const [level, setLevel] = useState<Level>('info');
  const [search, setSearch] = useState('');
  const [paused, setPaused] = useState(false);
  const { lines, failure } = useTail(paused);
  const shown = filterLines(lines, level, search);
  const box = useRef<HTMLElement>(null);
  // At its end it stays there; whoever has scrolled up reads.
  const isAtEnd = useRef(true);
  useEffect(() => {
    const { current } = box;
    if (current !== null && isAtEnd.current) current.scrollTop = current.scrollHeight;
  });
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(shown.map(lineText).join('\n'));
      toast(t('log-copied'));
    } catch {
      toast(t('log-copy-failed'));
    }
  };
  return (
    <div class="system-log">
      <div class="system-log-tools">
        <Field
          label={t('log-level')}
          control={(ids) => (
            <select
              {...ids}
              name="level"
              value={level}
              onChange={({ currentTarget }) =>
                setLevel(LEVELS.find((one) => one === currentTarget.value) ?? 'info')
              }
            >
              {LEVELS.map((one) => (
                <option key={one} value={one}>
                  {t(`level-${one}`)}
                </option>
              ))}
            </select>
          )}
        />
        <Field
          label={t('log-search')}
          control={(ids) => (
            <input
              {...ids}
              name="search"
              type="search"
              autocomplete="off"
              spellcheck={false}
              value={search}
              onInput={({ currentTarget }) => setSearch(currentTarget.value)}
            />
          )}
        />
        <div class="form-actions">
          <Button aria-pressed={paused} onClick={() => setPaused(!paused)}>
            {t(paused ? 'log-follow' : 'log-pause')}
          </Button>
          <Button disabled={shown.length === 0} onClick={() => void copy()}>
            {t('log-copy')}
          </Button>
        </div>
      </div>
      {failure === undefined || isToldAbove(failure) ? undefined : (
        <Notice kind="trouble">{t('no-answer', { why: failureText(failure) })}</Notice>
      )}
      <section
        ref={box}
        class="system-lines"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard.
        tabIndex={0}
        aria-label={t('log')}
        onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
          isAtEnd.current = scrollHeight - scrollTop - clientHeight < 24;
        }}
      >
        {shown.length === 0 ? <p class="quiet">{t('log-empty')}</p> : undefined}
        <ol>
          {shown.map((line) => (
            <li key={line.seq} data-level={line.level}>
              <time title={dateTime(line.time)}>{timeOfDay(line.time)}</time>
              <span class="system-level">{line.level}</span>
              <span class="system-message">
                {line.stream === undefined ? undefined : <b>{line.stream} </b>}
                {line.message}
              </span>
            </li>
          ))}
        </ol>
      </section>
      <p class="quiet">
        {t('log-lines', { count: shown.length })} · {t('log-note')}
      </p>
    </div>
  );
}

function lineText({ time, level, stream, message }: LogLine): string {
  return [new Date(time).toISOString(), level, stream, message]
    .filter((part) => part !== undefined)
    .join(' ');
}

/** Asks for what is new; a gateway that was started anew begins with its first line again. */
function useTail(paused: boolean): { lines: readonly LogLine[]; failure: Failure | undefined } {
  const [lines, setLines] = useState<readonly LogLine[]>([]);
  const [failure, setFailure] = useState<Failure>();
  const newest = useRef(0);
  useEffect(() => {
    if (paused) return undefined;
    let isOver = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async (): Promise<void> => {
      const after = newest.current;
      const query = after === 0 ? `max=${FIRST}` : `after=${after}&max=1000`;
      const answer = await call('GET', `api/v1/system/log?${query}`, logTailSchema);
      if (isOver) return;
      setFailure(answer.ok ? undefined : answer.error);
      if (answer.ok) {
        const isAnew = answer.value.newest < after;
        newest.current = isAnew ? 0 : answer.value.newest;
        if (isAnew) setLines([]);
        else if (answer.value.lines.length > 0)
          setLines((old) => [...old, ...answer.value.lines].slice(-KEPT));
      }
      timer = setTimeout(
        () => void ask(),
        document.visibilityState === 'visible' ? ASK_EVERY_MS : 5 * ASK_EVERY_MS,
      );
    };
    void ask();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [paused]);
  return { lines, failure };
}
