import type { ComponentChildren } from 'preact';
import type { SystemStatus } from '../../../../shared/system.ts';
import { hrefOf } from '../app/router.ts';
import { waitText } from '../cameras/wait-text.ts';
import { number, size } from '../i18n/formats.ts';
import { durationText } from '../recordings/times.ts';
import { streams } from '../store/streams.ts';
import { titleOf } from '../store/titles.ts';
import { Notice } from '../ui/index.ts';
import { t } from './texts.ts';

/** Less is what an answer takes on its way. */
const CLOCK_OFF_MS = 3_000;

/** The gateway at a glance. `receivedAtMs`: by this device's clock. */
export function OverviewPart({ status, receivedAtMs }: { status: SystemStatus; receivedAtMs: number }) {
  const offMs = Math.abs(receivedAtMs - status.now);
  return (
    <div class="system-overview">
      {offMs < CLOCK_OFF_MS ? undefined : (
        <Notice kind="tip">{t('clock-off', { seconds: Math.round(offMs / 1000) })}</Notice>
      )}
      <Health status={status} />
      <Load status={status} />
      <Streams status={status} />
      <Viewers status={status} />
      <Disks status={status} />
      <Workers status={status} />
    </div>
  );
}

function Panel({
  name,
  wide = false,
  children,
}: {
  name: Heading;
  wide?: boolean;
  children: ComponentChildren;
}) {
  return (
    <section class={wide ? 'system-panel wide' : 'system-panel'} aria-labelledby={`system-${name}`}>
      <h2 id={`system-${name}`}>{t(name)}</h2>
      {children}
    </section>
  );
}

type Heading = 'health' | 'load' | 'streams' | 'viewers-now' | 'disks' | 'workers';

function Health({ status }: { status: SystemStatus }) {
  const { ready, checks, disks, version, versions, startedAt, now } = status;
  return (
    <Panel name="health">
      <p class="system-state" data-good={ready}>
        {t(ready ? 'ready' : 'not-ready')}
      </p>
      {ready ? undefined : <p class="quiet">{t('not-ready-todo')}</p>}
      <dl class="system-facts">
        {Object.entries(checks).map(([check, isGood]) => (
          <Fact key={check} name={checkName(check)}>
            {t(checkWords(check, isGood, disks.every(isGoodDisk)))}
          </Fact>
        ))}
        <Fact name={t('running')}>{durationText(now - startedAt)}</Fact>
        <Fact name={t('version')}>
          Sluice {version}
          <span class="quiet">
            {t('versions-of', {
              node: versions.node,
              mediasoup: versions.mediasoup ?? t('unknown'),
              ffmpeg: versions.ffmpeg ?? t('unknown'),
            })}
          </span>
        </Fact>
        <Fact name={t('machine')}>{versions.system}</Fact>
      </dl>
    </Panel>
  );
}

/** The recorder may run well and yet have nowhere to write. */
function checkWords(check: string, isGood: boolean, areDisksGood: boolean) {
  if (!isGood) return 'check-bad';
  return check === 'recordings' && !areDisksGood ? 'check-disk' : 'check-good';
}

const isGoodDisk = ({ state }: SystemStatus['disks'][number]): boolean =>
  state === 'ready' || state === 'opening';

function checkName(check: string): string {
  return check === 'webrtc' || check === 'recordings' ? t(`check-${check}`) : check;
}

function Load({ status: { cpu, memory } }: { status: SystemStatus }) {
  const used = memory.machineBytes - memory.machineFreeBytes;
  return (
    <Panel name="load">
      <Meter name={t('load-gateway')} value={cpu.gateway} max={1}>
        {t('load-gateway-text', { cores: Math.round(cpu.gateway * 100) / 100, all: cpu.cores })}
      </Meter>
      <Meter name={t('load-machine')} value={cpu.machine} max={1}>
        {`${number(cpu.machine * 100)} %`}
      </Meter>
      <Meter name={t('memory')} value={used} max={memory.machineBytes}>
        {t('memory-machine', { free: size(memory.machineFreeBytes), all: size(memory.machineBytes) })}
        {' · '}
        {t('memory-gateway', { size: size(memory.gatewayBytes) })}
      </Meter>
    </Panel>
  );
}

function Meter({
  name,
  value,
  max,
  children,
}: {
  name: string;
  value: number;
  max: number;
  children: ComponentChildren;
}) {
  const share = max <= 0 ? 0 : Math.min(1, Math.max(0, value / max));
  return (
    <div class="system-meter">
      <p>
        <span>{name}</span>
        <span class="quiet">{children}</span>
      </p>
      <meter aria-label={name} min={0} max={1} low={0.7} high={0.9} optimum={0} value={share} />
    </div>
  );
}

function Streams({ status }: { status: SystemStatus }) {
  const { total, live, waiting, toRecord, recorded } = status.streams;
  const inTrouble = (streams.value ?? []).filter(({ state }) => state === 'waiting');
  return (
    <Panel name="streams">
      <dl class="system-facts">
        <Fact name={t('streams-live')}>{t('streams-of', { live, all: total })}</Fact>
        <Fact name={t('streams-recorded')}>{t('streams-of', { live: recorded, all: toRecord })}</Fact>
        <Fact name={t('streams-waiting')}>{number(waiting)}</Fact>
      </dl>
      {inTrouble.length === 0 ? undefined : (
        <ul class="system-troubles" aria-label={t('streams-trouble')}>
          {inTrouble.slice(0, 20).map((stream) => (
            <li key={`${stream.app}/${stream.name}`}>
              <a href={hrefOf({ page: 'camera', app: stream.app, name: stream.name })}>{titleOf(stream)}</a>
              <span class="quiet">
                {stream.reason === undefined ? '' : (waitText(stream.reason)?.title ?? stream.reason.message)}
              </span>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Viewers({ status: { viewers } }: { status: SystemStatus }) {
  return (
    <Panel name="viewers-now">
      <dl class="system-facts">
        {(['webrtc', 'whep', 'hls', 'rtsp'] as const).map((by) => (
          <Fact key={by} name={t(`by-${by}`)}>
            {number(viewers[by])}
          </Fact>
        ))}
      </dl>
    </Panel>
  );
}

function Disks({ status: { disks } }: { status: SystemStatus }) {
  return (
    <Panel name="disks" wide>
      <ul class="system-disks">
        {disks.map((disk) => (
          <li key={disk.path}>
            <p class="system-disk-head">
              <code>{disk.path}</code>
              <span class="system-state" data-good={isGoodDisk(disk)}>
                {t(`disk-${disk.state}`)}
              </span>
            </p>
            {disk.reason === undefined ? undefined : <p class="system-warning">{disk.reason}</p>}
            {disk.totalBytes === undefined || disk.freeBytes === undefined ? undefined : (
              <>
                <meter
                  aria-label={t('disk-used', { path: disk.path })}
                  min={0}
                  max={1}
                  value={1 - disk.freeBytes / Math.max(1, disk.totalBytes)}
                />
                <p class="quiet">
                  {t('disk-free', { free: size(disk.freeBytes), all: size(disk.totalBytes) })}
                </p>
              </>
            )}
            <p>
              {disk.recordedBytes === 0
                ? t('disk-nothing')
                : t('disk-recorded', { size: size(disk.recordedBytes), streams: disk.streams })}
              {'. '}
              {disk.daysLeft === undefined
                ? disk.recordedBytes === 0
                  ? undefined
                  : t('disk-days-unknown')
                : `${t('disk-days', { days: daysText(disk.daysLeft) })}.`}
            </p>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function daysText(days: number): string {
  return days < 2
    ? t('disk-hours-of', { hours: Math.floor(days * 24) })
    : t('disk-days-of', { days: Math.floor(days) });
}

function Workers({ status: { workers } }: { status: SystemStatus }) {
  return (
    <Panel name="workers" wide>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard. */}
      <div class="system-table" tabIndex={0}>
        <table aria-labelledby="system-workers">
          <thead>
            <tr>
              <th scope="col">{t('worker')}</th>
              <th scope="col">{t('state')}</th>
              <th scope="col">{t('consumers')}</th>
              <th scope="col">{t('cpu')}</th>
              <th scope="col">{t('memory')}</th>
              <th scope="col">{t('restarts')}</th>
            </tr>
          </thead>
          <tbody>
            {workers.map((worker) => (
              <tr key={worker.id}>
                <td>{worker.id + 1}</td>
                <td>{t(`worker-${worker.state}`)}</td>
                <td>{number(worker.consumers)}</td>
                <td>{worker.cpu === undefined ? '–' : `${number(worker.cpu * 100)} %`}</td>
                <td>{worker.memoryBytes === undefined ? '–' : size(worker.memoryBytes)}</td>
                <td>{number(worker.restarts)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
