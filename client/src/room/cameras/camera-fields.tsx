import { Field } from '../ui/index.ts';
import type { FieldIssues } from './source-fields.tsx';
import { t } from './texts.ts';

/** Fields that stand in more than one form about cameras. */

/** Who logs in at the camera. The password is nowhere but in its form. */
export function UserFields({
  username,
  password,
  issues,
  passwordHint,
  onUsername,
  onPassword,
}: {
  username: string;
  password: string;
  issues?: FieldIssues;
  /** What stands in the password's empty field. */
  passwordHint?: string | undefined;
  onUsername: (username: string) => void;
  onPassword: (password: string) => void;
}) {
  return (
    <div class="pair">
      <Field
        label={t('user')}
        error={issues?.get('username')}
        control={(ids) => (
          <input
            {...ids}
            name="username"
            type="text"
            maxLength={256}
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            value={username}
            onInput={({ currentTarget }) => onUsername(currentTarget.value)}
          />
        )}
      />
      <Field
        label={t('password')}
        error={issues?.get('password')}
        control={(ids) => (
          <input
            {...ids}
            name="password"
            type="password"
            maxLength={256}
            autocomplete="new-password"
            placeholder={passwordHint}
            value={password}
            onInput={({ currentTarget }) => onPassword(currentTarget.value)}
          />
        )}
      />
    </div>
  );
}

/** What people call the camera. */
export function TitleField({
  label,
  hint,
  title,
  issues,
  onChange,
}: {
  label: string;
  hint: string;
  title: string;
  issues: FieldIssues;
  onChange: (title: string) => void;
}) {
  return (
    <Field
      label={label}
      hint={hint}
      error={issues.get('title')}
      control={(ids) => (
        <input
          {...ids}
          name="title"
          type="text"
          maxLength={64}
          value={title}
          onInput={({ currentTarget }) => onChange(currentTarget.value)}
        />
      )}
    />
  );
}

/** One thing that is so or not. */
export function CheckField({
  name,
  label,
  checked,
  onChange,
}: {
  name: string;
  label: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
}) {
  return (
    <label class="check">
      <input
        type="checkbox"
        name={name}
        checked={checked}
        onChange={({ currentTarget }) => onChange(currentTarget.checked)}
      />
      {label}
    </label>
  );
}

/** What is wrong and belongs to no field, read out at once. */
export function FormTrouble({ text }: { text: string | undefined }) {
  if (text === undefined || text === '') return null;
  return (
    <p class="form-error" role="alert">
      {text}
    </p>
  );
}
