import { useEffect, useState } from 'preact/hooks';
import type { PlayerStats } from '../../player/index.ts';
import { bitrate, number } from '../i18n/formats.ts';
import type { CameraModel } from './model.ts';
import { t } from './texts.ts';
import './details.css';

const REFRESH_MS = 1_000;
const UNKNOWN = '–';

/** How the picture gets here: measured once a second while it is looked at. */
export function Figures({ model }: { model: CameraModel }) {
  const [stats, setStats] = useState<PlayerStats>();
  useEffect(() => {
    let isGone = false;
    const ask = async (): Promise<void> => {
      const answer = await model.player?.stats;
      if (!isGone) setStats(answer);
    };
    void ask();
    const timer = setInterval(() => void ask(), REFRESH_MS);
    return () => {
      isGone = true;
      clearInterval(timer);
    };
  }, [model]);
  const rows: readonly (readonly [string, string])[] = [
    [t('delay'), unit(stats?.latencyMs, 'ms')],
    [t('frame-rate'), unit(stats?.fps, 'fps')],
    [t('bit-rate'), stats?.bitrateKbps === undefined ? UNKNOWN : bitrate(stats.bitrateKbps)],
    [t('lost'), unit(stats?.packetsLost, '')],
    [t('jitter'), unit(stats?.jitterMs, 'ms')],
    [t('round-trip'), unit(stats?.rttMs, 'ms')],
    [t('path'), stats?.mode === 'hls' ? 'HLS' : (stats?.transport?.toUpperCase() ?? UNKNOWN)],
  ];
  const why = stats?.fallback?.message;
  return (
    <>
      <dl class="camera-figures" aria-label={t('figures')}>
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {why === undefined || !model.isLive.value ? undefined : (
        <p class="camera-why">{t('over-hls', { why })}</p>
      )}
    </>
  );
}

function unit(value: number | undefined, name: string): string {
  return value === undefined ? UNKNOWN : `${number(value, 1)} ${name}`.trim();
}
