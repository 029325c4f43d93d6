import { useLayoutEffect, useRef } from 'preact/hooks';
import { KEY_HELP } from '../keyboard.ts';
import { isSmallerPicture, overlayTitle } from '../player-state.ts';
import { reasonText } from '../reason-text.ts';
import { isStopped, type PartProps } from './controls.tsx';
import { Icon, IconButton } from './icon.tsx';

/** What covers the picture: why there is none, and what can be done about it. */
export function Overlay({ model, actions, t }: PartProps) {
  const { shown, language, recorded } = model;
  const title = overlayTitle(shown);
  const busy = shown.state === 'connecting' || shown.state === 'reconnecting';
  return (
    <div class={model.hasPicture ? 'overlay over-picture' : 'overlay'} hidden={title === undefined}>
      <div class="mark">
        {busy ? <div class="spinner" /> : <Icon name={shown.state === 'failed' ? 'alert' : 'noCamera'} />}
      </div>
      <div class="words" role="status">
        <div class="title">{title === undefined ? '' : t(title)}</div>
        <div class="detail">
          {title === undefined || shown.reason === undefined ? '' : reasonText(shown.reason, language)}
        </div>
      </div>
      {shown.state === 'failed' ? (
        <div class="ways">
          <button type="button" onClick={actions.tryAgain}>
            {t('tryAgain')}
          </button>
          {recorded ? (
            <button type="button" onClick={() => actions.do('go-live')}>
              {t('backToLive')}
            </button>
          ) : undefined}
        </div>
      ) : undefined}
    </div>
  );
}

/** Words over a picture that plays, and buttons in its middle. */
export function OverPicture({ model, actions, t }: PartProps) {
  const { shown, language, soundBlocked, flash } = model;
  const stopped = isStopped(model);
  const ended = shown.state === 'ended';
  const smaller = isSmallerPicture(shown);
  const note = flash !== '' ? flash : smaller ? t('smallerPicture') : '';
  const detail = smaller && shown.reason !== undefined ? reasonText(shown.reason, language) : '';
  return (
    <>
      <div class="note" role="status" hidden={note === ''} title={detail}>
        {note}
      </div>
      <button
        type="button"
        class={ended ? 'start again' : 'start'}
        aria-label={t(ended ? 'playAgain' : 'play')}
        hidden={!stopped}
        onClick={() => actions.do('toggle-play')}
      >
        <Icon name={ended ? 'again' : 'play'} />
      </button>
      <button type="button" class="unmute" hidden={!soundBlocked || stopped} onClick={actions.unmute}>
        <Icon name="muted" />
        {t('turnOnSound')}
      </button>
    </>
  );
}

/** The list of keys. */
export function KeyHelp({ actions, t }: PartProps) {
  const close = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    close.current?.querySelector('button')?.focus();
  }, []);
  return (
    <dialog open class="help" ref={close} aria-label={t('keys')}>
      <header>
        <strong>{t('keys')}</strong>
        <IconButton name="close" label={t('close')} onClick={() => actions.do('toggle-help')} />
      </header>
      <dl>
        {KEY_HELP.map(({ keys, text }) => (
          <div key={text}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{t(text)}</dd>
          </div>
        ))}
      </dl>
    </dialog>
  );
}
