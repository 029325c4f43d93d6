import { signal } from '@preact/signals';
import { useRef, useState } from 'preact/hooks';
import type { Layout } from '../../../../shared/layouts.ts';
import { Button, Dialog, Field } from '../ui/index.ts';
import { remove, rename, saveAs } from './state.ts';
import { t } from './texts.ts';

type LayoutDialog =
  | { readonly kind: 'save' }
  | { readonly kind: 'rename'; readonly layout: Layout }
  | { readonly kind: 'remove'; readonly layout: Layout };

/** The dialog about saved walls that is open. */
export const layoutDialog = signal<LayoutDialog | undefined>(undefined);

const close = (): void => {
  layoutDialog.value = undefined;
};

/** The place where they open. */
export function LayoutDialogs() {
  const dialog = layoutDialog.value;
  if (dialog === undefined) return null;
  switch (dialog.kind) {
    case 'save':
      return <NameDialog title={t('save-as-title')} name="" onSave={saveAs} />;
    case 'rename': {
      const { id, title } = dialog.layout;
      return <NameDialog title={t('rename-title')} name={title} onSave={(name) => rename(id, name)} />;
    }
    case 'remove':
      return <RemoveLayout layout={dialog.layout} />;
  }
}

function NameDialog({
  title,
  name,
  onSave,
}: {
  title: string;
  name: string;
  /** Undefined where that went well, else what is to be said. */
  onSave: (name: string) => Promise<string | undefined>;
}) {
  const input = useRef<HTMLInputElement>(null);
  const [trouble, setTrouble] = useState('');
  const [isBusy, setBusy] = useState(false);
  const save = async (): Promise<void> => {
    const wished = input.current?.value.trim() ?? '';
    if (wished === '') {
      setTrouble(t('name-missing'));
      input.current?.focus();
      return;
    }
    setBusy(true);
    const failed = await onSave(wished);
    setBusy(false);
    if (failed === undefined) close();
    else setTrouble(failed);
  };
  return (
    <Dialog title={title} onClose={close}>
      <form
        class="wall-form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <Field
          label={t('save-as-name')}
          hint={t('save-as-hint')}
          error={trouble}
          control={(ids) => (
            <input
              {...ids}
              ref={input}
              type="text"
              name="title"
              maxLength={64}
              autocomplete="off"
              autofocus
              defaultValue={name}
            />
          )}
        />
        <div class="form-actions">
          <Button kind="primary" type="submit" disabled={isBusy}>
            {t('save')}
          </Button>
          <Button onClick={close}>{t('cancel')}</Button>
        </div>
      </form>
    </Dialog>
  );
}

function RemoveLayout({ layout }: { layout: Layout }) {
  const [trouble, setTrouble] = useState('');
  const [isBusy, setBusy] = useState(false);
  const go = async (): Promise<void> => {
    setBusy(true);
    const failed = await remove(layout);
    setBusy(false);
    if (failed === undefined) close();
    else setTrouble(failed);
  };
  return (
    <Dialog title={t('remove-layout-title', { title: layout.title })} onClose={close}>
      <p>{t('remove-layout-text')}</p>
      <p class="form-error" role="alert" hidden={trouble === ''}>
        {trouble}
      </p>
      <div class="form-actions">
        <Button kind="danger" disabled={isBusy} onClick={() => void go()}>
          {t('remove')}
        </Button>
        <Button autofocus onClick={close}>
          {t('keep')}
        </Button>
      </div>
    </Dialog>
  );
}
