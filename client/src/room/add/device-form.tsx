import { useEffect, useRef, useState } from 'preact/hooks';
import type { DeviceFacts, DiscoveredDevice, MediaProfile } from '../../../../shared/onvif.ts';
import { failureText } from '../api/failure-text.ts';
import { FormTrouble, UserFields } from '../cameras/camera-fields.tsx';
import type { SourceWish } from '../cameras/source-fields.tsx';
import { bitrate, number } from '../i18n/formats.ts';
import { codecName } from '../store/facts.ts';
import { Button, Field, Notice } from '../ui/index.ts';
import { inspect } from './api.ts';
import { CameraForm } from './camera-form.tsx';
import { withProfile } from './names.ts';
import { t } from './texts.ts';

const CLOCK_OFF_MS = 120_000;

/** A camera that was found: logged in to, its streams chosen. */
export function DeviceForm({ device, onBack }: { device: DiscoveredDevice; onBack: () => void }) {
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const [facts, setFacts] = useState<DeviceFacts>();
  const [trouble, setTrouble] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const section = useRef<HTMLElement>(null);
  // What was pressed is gone by then: keys go on where the next thing is to be done.
  useEffect(() => {
    section.current?.querySelector<HTMLElement>(facts === undefined ? 'input' : 'h2')?.focus();
  }, [facts]);
  const logIn = {
    ...(username.trim() === '' ? {} : { username: username.trim() }),
    ...(password === '' ? {} : { password }),
  };
  const ask = async (): Promise<void> => {
    setTrouble(undefined);
    setBusy(true);
    const answer = await inspect({ url: device.url, ...logIn });
    setBusy(false);
    if (answer.ok) setFacts(answer.value);
    else setTrouble(failureText(answer.error));
  };
  return (
    <section ref={section} class="add-device" aria-labelledby="add-device-heading">
      <div class="add-device-head">
        <div>
          <h2 id="add-device-heading" tabIndex={-1}>
            {deviceName(device, facts)}
          </h2>
          <p class="quiet">{[device.url, ...factsOf(facts)].join(' · ')}</p>
        </div>
        <Button icon="back" onClick={onBack}>
          {t('device-back')}
        </Button>
      </div>
      {facts === undefined ? (
        <form
          class="add-fields"
          autocomplete="off"
          onSubmit={(event) => {
            event.preventDefault();
            void ask();
          }}
        >
          <p class="quiet">{t('device-text')}</p>
          <UserFields
            username={username}
            password={password}
            onUsername={setUsername}
            onPassword={setPassword}
          />
          <FormTrouble text={trouble} />
          <div class="form-actions">
            <Button kind="primary" type="submit" disabled={isBusy}>
              {t(isBusy ? 'device-asking' : 'device-log-in')}
            </Button>
          </div>
        </form>
      ) : (
        <StreamsOf device={device} facts={facts} logIn={logIn} onOtherLogIn={() => setFacts(undefined)} />
      )}
    </section>
  );
}

function StreamsOf({
  device,
  facts,
  logIn,
  onOtherLogIn,
}: {
  device: DiscoveredDevice;
  facts: DeviceFacts;
  logIn: { username?: string; password?: string };
  onOtherLogIn: () => void;
}) {
  const [main, setMain] = useState('');
  const [sub, setSub] = useState('');
  const source = (): SourceWish => ({
    url: withProfile(device.url, main),
    transport: 'auto',
    ...logIn,
    ...(sub === '' ? {} : { sub: { url: withProfile(device.url, sub) } }),
  });
  const used = (as: MediaProfile['usedAs']) => facts.profiles.find(({ usedAs }) => usedAs === as);
  const offMs = Math.abs(facts.clockOffsetMs ?? 0);
  return (
    <>
      {offMs < CLOCK_OFF_MS ? undefined : (
        <Notice kind="tip">{t('device-clock', { minutes: String(Math.round(offMs / 60_000)) })}</Notice>
      )}
      <CameraForm source={source} sourceKey={`${main} ${sub}`} suggestion={deviceName(device, facts)}>
        {(issues) => (
          <>
            <div class="pair">
              <ProfileField
                label={t('main')}
                hint={t('main-hint')}
                error={issues.get('url')}
                profiles={facts.profiles}
                own={used('main')}
                value={main}
                onChoose={setMain}
                name="main"
              />
              <ProfileField
                label={t('second-stream')}
                hint={t('second-stream-hint')}
                error={issues.get('sub')}
                profiles={facts.profiles}
                own={used('sub')}
                value={sub}
                onChoose={setSub}
                name="sub"
              />
            </div>
            <div class="form-actions">
              <Button class="small" onClick={onOtherLogIn}>
                {t('log-in-other')}
              </Button>
            </div>
          </>
        )}
      </CameraForm>
    </>
  );
}

function ProfileField(props: {
  label: string;
  hint: string;
  error: string | undefined;
  profiles: readonly MediaProfile[];
  /** The one that the gateway takes by itself. */
  own: MediaProfile | undefined;
  value: string;
  onChoose: (token: string) => void;
  name: string;
}) {
  const { label, hint, error, profiles, own, value, onChoose, name } = props;
  return (
    <Field
      label={label}
      hint={hint}
      error={error}
      control={(ids) => (
        <select
          {...ids}
          name={name}
          value={value}
          onChange={({ currentTarget }) => onChoose(currentTarget.value)}
        >
          <option value="">
            {own === undefined ? t('profile-auto-none') : t('profile-auto', { profile: profileText(own) })}
          </option>
          {profiles.map((profile) => (
            <option key={profile.token} value={profile.token}>
              {profileText(profile)}
            </option>
          ))}
        </select>
      )}
    />
  );
}

/** `mainStream: H.264, 2560 × 1440, 25 fps`. */
function profileText({ name, codec, width, height, fps, bitrateKbps }: MediaProfile): string {
  const facts = [
    codec === undefined ? '' : codecName(codec),
    width === undefined || height === undefined ? '' : `${width} × ${height}`,
    fps === undefined ? '' : `${number(fps)} fps`,
    bitrateKbps === undefined ? '' : bitrate(bitrateKbps),
  ].filter((fact) => fact !== '');
  return facts.length === 0 ? name : `${name}: ${facts.join(', ')}`;
}

export function deviceName(device: DiscoveredDevice, facts?: DeviceFacts): string {
  const told = [facts?.manufacturer, facts?.model].filter((part) => part !== undefined && part !== '');
  if (told.length > 0) return told.join(' ');
  return device.name ?? device.hardware ?? device.host;
}

function factsOf(facts: DeviceFacts | undefined): string[] {
  if (facts?.firmware === undefined) return [];
  return [t('device-firmware', { firmware: facts.firmware })];
}
