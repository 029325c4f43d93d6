import { useEffect, useRef, useState } from 'preact/hooks';
import type { Probe } from '../../../../shared/probe.ts';
import type { StreamStatus } from '../../../../shared/stream.ts';
import type { Failure } from '../api/call.ts';
import { failureText } from '../api/failure-text.ts';
import type { SourceWish } from '../cameras/source-fields.tsx';
import { waitText } from '../cameras/wait-text.ts';
import { timeOfDay } from '../i18n/formats.ts';
import { ReportFacts } from '../report/index.ts';
import { factsLine } from '../store/facts.ts';
import { Button, Icon, Progress } from '../ui/index.ts';
import { endProbe, probeFrameUrl, readProbe, startProbe } from './api.ts';
import { t } from './texts.ts';
import './add.css';

const ASK_EVERY_MS = 1_000;
/** Once the picture is there the figures change slowly. */
const ASK_LIVE_EVERY_MS = 2_000;

export type TestState =
  | { readonly kind: 'none' }
  | { readonly kind: 'starting' }
  | { readonly kind: 'running'; readonly probe: Probe; readonly turn: number; readonly atMs: number }
  /** `last`: what was seen until then. */
  | { readonly kind: 'over'; readonly why: 'changed' | 'ended' };

export interface LiveTest {
  readonly state: TestState;
  /** What the gateway did not take of the source. */
  readonly failure: Failure | undefined;
  start(source: SourceWish): void;
  stop(): void;
  /** The source is another one now. */
  changed(): void;
}

/** Tries a camera as long as its form is open; `passwordOf` as in {@link startProbe}. */
export function useLiveTest(passwordOf?: string): LiveTest {
  const [state, setState] = useState<TestState>({ kind: 'none' });
  const [failure, setFailure] = useState<Failure>();
  const running = useRef({ run: 0, id: '', timer: 0 as unknown as ReturnType<typeof setTimeout> });
  const end = () => {
    const { id, timer } = running.current;
    clearTimeout(timer);
    if (id !== '') void endProbe(id);
    running.current = { run: running.current.run + 1, id: '', timer };
  };
  useEffect(() => end, []);

  const begin = async (source: SourceWish): Promise<void> => {
    end();
    const { run } = running.current;
    setFailure(undefined);
    setState({ kind: 'starting' });
    const answer = await startProbe(source, passwordOf);
    if (running.current.run !== run) {
      if (answer.ok) void endProbe(answer.value.id);
      return;
    }
    if (!answer.ok) {
      setFailure(answer.error);
      setState({ kind: 'none' });
      return;
    }
    running.current.id = answer.value.id;
    show(answer.value, run, 0);
  };
  const show = (probe: Probe, run: number, turn: number) => {
    setState({ kind: 'running', probe, turn, atMs: Date.now() });
    const wait = probe.hasPicture ? ASK_LIVE_EVERY_MS : ASK_EVERY_MS;
    running.current.timer = setTimeout(() => void ask(probe, run, turn + 1), wait);
  };
  const ask = async (before: Probe, run: number, turn: number): Promise<void> => {
    const answer = await readProbe(before.id);
    if (running.current.run !== run) return;
    if (answer.ok) show(answer.value, run, turn);
    else if (answer.error.code === 'PROBE_NOT_FOUND') {
      running.current.id = '';
      setState({ kind: 'over', why: 'ended' });
    } else show(before, run, turn);
  };
  const finish = (next: TestState) => {
    end();
    setState(next);
  };
  return {
    state,
    failure,
    start: (source) => void begin(source),
    stop: () => finish({ kind: 'none' }),
    changed: () => {
      setFailure(undefined);
      if (state.kind === 'starting' || state.kind === 'running') finish({ kind: 'over', why: 'changed' });
    },
  };
}

/** Whether the test has shown a picture of the source as it is now. */
export function isProven({ state }: LiveTest): boolean {
  return state.kind === 'running' && state.probe.hasPicture;
}

/** The button, the picture, and what the camera is. */
export function LiveTestPanel({
  test,
  source,
  onFingerprint,
}: {
  test: LiveTest;
  source: () => SourceWish;
  /** Takes over the certificate that the camera showed. */
  onFingerprint?: ((fingerprint: string) => void) | undefined;
}) {
  const { state } = test;
  const isOn = state.kind === 'starting' || state.kind === 'running';
  const words = useRef<HTMLDivElement>(null);
  const picture = useRef<HTMLDivElement>(null);
  const hasPicture = isProven(test);
  // In a dialog, or on a phone, what is told would be below the edge.
  useEffect(() => {
    if (isOn) words.current?.scrollIntoView({ block: 'nearest' });
  }, [isOn]);
  useEffect(() => {
    if (hasPicture) picture.current?.scrollIntoView({ block: 'nearest' });
  }, [hasPicture]);
  return (
    <section class="add-test" aria-labelledby="add-test-heading">
      <h2 id="add-test-heading">{t('test-heading')}</h2>
      <p class="quiet">{t('test-text')}</p>
      <div class="form-actions">
        <Button icon="camera" onClick={() => test.start(source())}>
          {t(state.kind === 'none' ? 'test' : 'test-again')}
        </Button>
        {isOn ? <Button onClick={() => test.stop()}>{t('test-stop')}</Button> : undefined}
      </div>
      <div role="status" class="add-test-state" ref={words}>
        <TestWords state={state} onFingerprint={onFingerprint} />
      </div>
      {state.kind === 'running' ? (
        <div class="add-seen" ref={picture}>
          <Seen probe={state.probe} turn={state.turn} atMs={state.atMs} />
        </div>
      ) : undefined}
    </section>
  );
}

/** As the gateway writes the certificate that a camera showed into its reason. */
const FINGERPRINT = /(?:[0-9A-F]{2}:){31}[0-9A-F]{2}/;

function TestWords({
  state,
  onFingerprint,
}: {
  state: TestState;
  onFingerprint: ((fingerprint: string) => void) | undefined;
}) {
  switch (state.kind) {
    case 'none':
      return null;
    case 'over':
      return <p class="quiet">{t(state.why === 'changed' ? 'test-changed' : 'test-over')}</p>;
    case 'starting':
      return <Working text={t('testing')} />;
    default: {
      const { status, hasPicture } = state.probe;
      if (hasPicture) {
        return (
          <p class="add-good">
            <Icon name="check" />
            {t('test-good')}
          </p>
        );
      }
      if (status.state === 'live') return <Working text={t('test-picture')} />;
      const { reason } = status;
      if (reason === undefined) return <Working text={t('testing')} />;
      const words = waitText(reason);
      const shown = reason.code === 'CAMERA_CERTIFICATE' ? FINGERPRINT.exec(reason.message)?.[0] : undefined;
      return (
        <div class="add-bad">
          <Icon name="alert" />
          <p>
            <strong>{words?.title ?? reason.message}</strong>
            {words === undefined ? undefined : <span>{words.todo}</span>}
          </p>
          {shown === undefined || onFingerprint === undefined ? undefined : (
            <Button class="small" onClick={() => onFingerprint(shown)}>
              {t('take')}
            </Button>
          )}
        </div>
      );
    }
  }
}

function Working({ text }: { text: string }) {
  return (
    <div class="add-working">
      <p>{text}</p>
      <Progress value={undefined} label={text} />
    </div>
  );
}

function Seen({ probe, turn, atMs }: { probe: Probe; turn: number; atMs: number }) {
  const { status, report, sub, id, hasPicture } = probe;
  // The lines of facts are those of a stream; a probe has no name and is not recorded.
  const asStream: StreamStatus = {
    ...status,
    app: 'live',
    name: 'camera',
    readOnly: false,
    recorder: { state: 'off' },
  };
  const whole = report === undefined ? undefined : { ...report, app: 'live', name: 'camera' };
  return (
    <>
      {hasPicture ? (
        <figure class="add-picture">
          <img src={probeFrameUrl(id, turn)} alt={t('test-alt', { time: timeOfDay(atMs) })} />
          <figcaption>{factsLine(asStream)}</figcaption>
        </figure>
      ) : undefined}
      {sub === undefined || !hasPicture ? undefined : <SubWords sub={sub} />}
      {whole?.video === undefined ? undefined : (
        <details class="add-report">
          <summary>{t('report')}</summary>
          <ReportFacts report={whole} />
        </details>
      )}
    </>
  );
}

function SubWords({ sub }: { sub: NonNullable<Probe['sub']> }) {
  if (sub.state === 'live' && sub.width !== undefined && sub.height !== undefined) {
    return (
      <p class="add-good">
        <Icon name="check" />
        {t('test-sub-good', { width: String(sub.width), height: String(sub.height) })}
      </p>
    );
  }
  if (sub.reason === undefined) return <p class="quiet">{t('test-sub-wait')}</p>;
  const words = waitText(sub.reason);
  const why = words === undefined ? sub.reason.message : `${words.title}. ${words.todo}`;
  return <p class="add-warning">{t('test-sub-bad', { why })}</p>;
}

/** What is wrong with the source as a whole, where it belongs to no field. */
export function testTrouble({ failure }: LiveTest): string | undefined {
  return failure === undefined || failure.issues.length > 0 ? undefined : failureText(failure);
}
