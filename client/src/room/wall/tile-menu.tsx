import type { StreamStatus } from '../../../../shared/stream.ts';
import type { SluicePlayer } from '../../player/index.ts';
import { hrefOf } from '../app/router.ts';
import { isRecorded, mayRecord, restartCamera, toggleRecording } from '../cameras/actions.ts';
import { openDialog } from '../cameras/dialogs.tsx';
import { idOf } from '../store/streams.ts';
import { titleOf } from '../store/titles.ts';
import { Menu, type MenuItem } from '../ui/index.ts';
import { canArrange, layout, setPlace } from './state.ts';
import { t } from './texts.ts';
import { moving } from './tile-signals.ts';

/** All that can be done with a camera of the wall. */
export function TileMenu({
  status,
  index,
  player,
  isLarge,
}: {
  status: StreamStatus;
  index: number;
  player: { readonly current: SluicePlayer | null };
  isLarge: boolean;
}) {
  return (
    <Menu
      class="wall-menu"
      label={t('menu-of', { camera: titleOf(status) })}
      items={() => [...watching(status, player), ...(isLarge ? [] : placing(index)), ...changing(status)]}
    />
  );
}

function watching(
  status: StreamStatus,
  { current: player }: { readonly current: SluicePlayer | null },
): MenuItem[] {
  const { app, name } = status;
  const items: MenuItem[] = [
    { key: 'open', icon: 'camera', label: t('open'), href: hrefOf({ page: 'camera', app, name }) },
    {
      key: 'full',
      icon: 'enlarge',
      label: t('full-screen'),
      onChoose: () => void player?.requestFullscreen?.().catch(() => {}),
    },
  ];
  if (status.audioCodec !== undefined && player !== null) {
    const { muted } = player;
    items.push({
      key: 'sound',
      icon: muted ? 'sound' : 'muted',
      label: t(muted ? 'sound-on' : 'sound-off'),
      onChoose: () => {
        player.muted = !muted;
      },
    });
  }
  return items;
}

function placing(index: number): MenuItem[] {
  if (!canArrange.value) return [];
  const move: MenuItem = {
    key: 'move',
    icon: 'move',
    label: t('move'),
    onChoose: () => {
      moving.value = index;
    },
  };
  if (layout.value === undefined) return [move];
  return [
    move,
    { key: 'clear', icon: 'close', label: t('clear-place'), onChoose: () => setPlace(index, null) },
  ];
}

function changing(status: StreamStatus): MenuItem[] {
  const stream = idOf(status);
  const fixed = status.readOnly
    ? { disabled: true, hint: t(status.demo === true ? 'is-demo' : 'read-only') }
    : {};
  const isOn = isRecorded(status);
  return [
    {
      key: 'record',
      icon: isOn ? 'stop' : 'record',
      label: t(isOn ? 'record-off' : 'record-on'),
      onChoose: () => void toggleRecording(status),
      ...(mayRecord(status) ? {} : { disabled: true, hint: t('read-only') }),
    },
    {
      key: 'report',
      icon: 'system',
      label: t('report'),
      onChoose: () => openDialog({ kind: 'report', stream }),
    },
    { key: 'restart', icon: 'restart', label: t('restart'), onChoose: () => void restartCamera(status) },
    {
      key: 'edit',
      icon: 'pencil',
      label: t('edit'),
      onChoose: () => openDialog({ kind: 'edit', stream }),
      ...fixed,
    },
    {
      key: 'remove',
      icon: 'bin',
      danger: !status.readOnly,
      label: t('remove-camera'),
      onChoose: () => openDialog({ kind: 'remove', stream }),
      ...fixed,
    },
  ];
}
