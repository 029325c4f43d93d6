import { useEffect, useRef, useState } from 'preact/hooks';
import type { DiscoveredDevice, Scan } from '../../../../shared/onvif.ts';
import { failureText } from '../api/failure-text.ts';
import { Button, Field, Icon, Progress } from '../ui/index.ts';
import { cancelScan, readScan, startScan } from './api.ts';
import { DeviceForm, deviceName } from './device-form.tsx';
import { t } from './texts.ts';

const ASK_EVERY_MS = 700;

/** Cameras that answer to ONVIF's discovery. */
export function Find() {
  const [chosen, setChosen] = useState<DiscoveredDevice>();
  const search = useSearch();
  const [everybody, setEverybody] = useState(true);
  const [ranges, setRanges] = useState('');
  const { scan, trouble, isRunning } = search;
  // Whoever opens this page wants to see what there is.
  useEffect(() => search.start({ hosts: [], multicast: true }), []);
  if (chosen !== undefined) {
    return <DeviceForm key={chosen.id} device={chosen} onBack={() => setChosen(undefined)} />;
  }
  const hosts = ranges.split(/[\s,;]+/).filter((part) => part !== '');
  return (
    <div class="add-find">
      <p class="quiet">{t('find-text')}</p>
      <form
        class="add-fields"
        onSubmit={(event) => {
          event.preventDefault();
          search.start({ hosts, multicast: everybody });
        }}
      >
        <label class="check">
          <input
            type="checkbox"
            name="multicast"
            checked={everybody}
            onChange={({ currentTarget }) => setEverybody(currentTarget.checked)}
          />
          {t('find-everybody')}
        </label>
        <Field
          label={t('find-ranges')}
          hint={t('find-ranges-hint')}
          error={trouble}
          control={(ids) => (
            <input
              {...ids}
              name="hosts"
              type="text"
              maxLength={1024}
              autocomplete="off"
              autocapitalize="off"
              spellcheck={false}
              placeholder="10.0.0.0/24"
              value={ranges}
              onInput={({ currentTarget }) => setRanges(currentTarget.value)}
            />
          )}
        />
        <div class="form-actions">
          <Button
            kind="primary"
            type="submit"
            icon="search"
            disabled={isRunning || (!everybody && hosts.length === 0)}
          >
            {t(scan === undefined ? 'find-start' : 'find-again')}
          </Button>
          {isRunning ? <Button onClick={() => search.cancel()}>{t('find-cancel')}</Button> : undefined}
        </div>
      </form>
      {scan === undefined ? undefined : <Found scan={scan} onChoose={setChosen} />}
    </div>
  );
}

function Found({ scan, onChoose }: { scan: Scan; onChoose: (device: DiscoveredDevice) => void }) {
  const { devices, state, asked, toAsk, interfaces, notes } = scan;
  const found = devices.length;
  const words = t(
    state === 'running' ? 'find-running' : state === 'cancelled' ? 'find-cancelled' : 'find-done',
    { found: found },
  );
  return (
    <section class="add-found" aria-label={t('found')}>
      <p role="status">{words}</p>
      {state === 'running' ? (
        <Progress value={toAsk === 0 ? undefined : asked / toAsk} label={words} />
      ) : undefined}
      {toAsk === 0 ? undefined : <p class="quiet">{t('find-asked', { asked: asked, all: toAsk })}</p>}
      {notes.map((note) => (
        <p key={note} class="add-warning">
          {note}
        </p>
      ))}
      <ul class="add-devices">
        {devices.map((device) => (
          <li key={`${device.id} ${device.url}`} class="add-device-row">
            <Icon name="camera" />
            <div>
              <strong>{deviceName(device)}</strong>
              <p class="quiet">
                {[device.host, device.name === undefined ? undefined : device.hardware, device.location]
                  .filter((part) => part !== undefined)
                  .join(' · ')}
              </p>
              {device.knownAs.length === 0 ? undefined : (
                <p class="add-known">{t('known-as', { names: device.knownAs.join(', ') })}</p>
              )}
            </div>
            <Button
              aria-label={t('choose-which', { camera: `${deviceName(device)} ${device.host}` })}
              onClick={() => onChoose(device)}
            >
              {t('choose')}
            </Button>
          </li>
        ))}
      </ul>
      {state !== 'running' && found === 0 ? <p class="quiet">{t('find-none')}</p> : undefined}
      {interfaces.length === 0 ? undefined : (
        <p class="quiet add-networks">{t('find-networks', { networks: interfaces.join(', ') })}</p>
      )}
    </section>
  );
}

interface Search {
  readonly scan: Scan | undefined;
  readonly trouble: string | undefined;
  readonly isRunning: boolean;
  start(request: { hosts: readonly string[]; multicast: boolean }): void;
  cancel(): void;
}

/** One search at a time; it is cancelled with the page. */
function useSearch(): Search {
  const [scan, setScan] = useState<Scan>();
  const [trouble, setTrouble] = useState<string>();
  const [isRunning, setRunning] = useState(false);
  const own = useRef({ run: 0, id: '' });
  const drop = () => {
    const { id, run } = own.current;
    if (id !== '') void cancelScan(id);
    own.current = { run: run + 1, id: '' };
  };
  useEffect(() => drop, []);
  const follow = (now: Scan, run: number): void => {
    if (own.current.run !== run) return;
    setScan(now);
    if (now.state !== 'running') {
      setRunning(false);
      return;
    }
    setTimeout(async () => {
      if (own.current.run !== run) return;
      const answer = await readScan(now.id);
      if (own.current.run !== run) return;
      if (answer.ok) follow(answer.value, run);
      else if (answer.error.code === 'SCAN_NOT_FOUND') follow({ ...now, state: 'cancelled' }, run);
      else follow(now, run);
    }, ASK_EVERY_MS);
  };
  return {
    scan,
    trouble,
    isRunning,
    start(request) {
      drop();
      const { run } = own.current;
      setTrouble(undefined);
      setRunning(true);
      void startScan(request).then((answer) => {
        if (own.current.run !== run) {
          if (answer.ok) void cancelScan(answer.value.id);
          return;
        }
        if (answer.ok) {
          own.current.id = answer.value.id;
          follow(answer.value, run);
        } else {
          setRunning(false);
          setTrouble(failureText(answer.error));
        }
      });
    },
    cancel() {
      drop();
      setRunning(false);
      if (scan !== undefined) setScan({ ...scan, state: 'cancelled' });
    },
  };
}
