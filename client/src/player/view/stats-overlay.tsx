import { reasonText } from '../reason-text.ts';
import type { PlayerStats } from '../stats.ts';
import type { Language, TextKey, Translate } from '../texts.ts';
import { IconButton } from './icon.tsx';
import type { ViewActions } from './model.ts';

interface StatsProps {
  readonly stats: PlayerStats | 'none yet';
  readonly recorded: boolean;
  readonly language: Language;
  readonly actions: ViewActions;
  readonly t: Translate;
}

/** How the picture comes, renewed every second. */
export function StatsOverlay({ stats, recorded, language, actions, t }: StatsProps) {
  const rows = stats === 'none yet' ? [] : statsRows(stats, recorded, language, t);
  return (
    <section class="stats" aria-label={t('figures')}>
      <IconButton name="close" label={t('close')} onClick={() => actions.do('toggle-stats')} />
      <dl>
        {rows.map(([key, text]) => (
          <div key={key}>
            <dt>{t(key)}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

/** What is known, line by line. */
export function statsRows(
  stats: PlayerStats,
  recorded: boolean,
  language: Language,
  t: Translate,
): [TextKey, string][] {
  const number = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
  const of = (value: number | undefined, unit: string): string | undefined =>
    value === undefined ? undefined : `${number.format(value)} ${unit}`;
  // Browsers take UDP wherever it gets through.
  const webrtc =
    stats.transport === 'tcp'
      ? t('wayTcp')
      : t('wayWebrtc', { transport: stats.transport?.toUpperCase() ?? '…' });
  const hls = t(recorded ? 'wayRecorded' : 'wayHls');
  const fps = stats.fps === undefined ? undefined : number.format(stats.fps);
  const dropped = stats.framesDropped ?? 0;
  const size = stats.width === undefined ? [] : [`${stats.width} × ${stats.height}`];
  const picture = [...size, ...(stats.codec === undefined ? [] : [stats.codec])].join(' · ');
  const rows: readonly [TextKey, string | undefined][] = [
    ['way', stats.mode === 'webrtc' ? webrtc : hls],
    ['why', stats.fallback === undefined ? undefined : reasonText(stats.fallback, language)],
    ['latency', recorded ? undefined : of(stats.latencyMs, 'ms')],
    ['picture', picture === '' ? undefined : picture],
    [
      'frameRate',
      fps === undefined
        ? undefined
        : dropped > 0
          ? t('framesDropped', { fps, dropped })
          : t('framesOnly', { fps }),
    ],
    ['bitrate', of(stats.bitrateKbps, 'kbit/s')],
    [
      'loss',
      stats.packetsLost === undefined
        ? undefined
        : t('lossOf', {
            percent: number.format(stats.lossPercent ?? 0),
            packets: number.format(stats.packetsLost),
          }),
    ],
    ['jitter', of(stats.jitterMs, 'ms')],
    ['roundTrip', of(stats.rttMs, 'ms')],
  ];
  return rows.filter((row): row is [TextKey, string] => row[1] !== undefined);
}
