import { useEffect, useRef, useState } from 'preact/hooks';
import { logIn } from '../api/call.ts';
import { failureText } from '../api/failure-text.ts';
import { loggedIn } from '../store/streams.ts';
import { Button, Field } from '../ui/index.ts';
import { t } from './texts.ts';

/** Asks for the token. */
export function LogIn() {
  const input = useRef<HTMLInputElement>(null);
  const [trouble, setTrouble] = useState('');
  const [isBusy, setBusy] = useState(false);
  useEffect(() => input.current?.focus(), []);
  const send = async (): Promise<void> => {
    setTrouble('');
    setBusy(true);
    const answer = await logIn(input.current?.value ?? '');
    setBusy(false);
    if (answer.ok) {
      loggedIn();
      return;
    }
    setTrouble(answer.error.code === 'UNAUTHORIZED' ? t('token-wrong') : failureText(answer.error));
    input.current?.select();
  };
  return (
    <form
      class="panel login"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <h1>{t('log-in')}</h1>
      {/* There is one user only; password managers want a name all the same. */}
      <input type="text" name="username" value="sluice" autocomplete="username" hidden readOnly />
      <Field
        label={t('token')}
        hint={t('token-hint')}
        control={(ids) => (
          <input
            {...ids}
            ref={input}
            name="token"
            type="password"
            required
            maxLength={1024}
            autocomplete="current-password"
          />
        )}
      />
      <p class="form-error" role="alert" hidden={trouble === ''}>
        {trouble}
      </p>
      <div class="form-actions">
        <Button kind="primary" type="submit" disabled={isBusy}>
          {t('log-in')}
        </Button>
      </div>
    </form>
  );
}
