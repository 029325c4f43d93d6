/** Paths of 24 x 24 line icons, drawn for this player. */
export const ICONS = {
  play: 'M7 4.5v15l12.5-7.5z',
  pause: 'M8 5v14M16 5v14',
  sound: 'M4 9.5v5h3.5L12 19V5L7.5 9.5zM15.5 9a4.2 4.2 0 0 1 0 6M18 6.3a8 8 0 0 1 0 11.4',
  muted: 'M4 9.5v5h3.5L12 19V5L7.5 9.5zM16 9.5l5 5M21 9.5l-5 5',
  enterFullscreen: 'M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5',
  leaveFullscreen: 'M9 4v5H4M20 9h-5V4M15 20v-5h5M4 15h5v5',
  back: 'M11.5 5.5 5 12l6.5 6.5M19 5.5 12.5 12l6.5 6.5',
  forward: 'M12.5 5.5 19 12l-6.5 6.5M5 5.5 11.5 12 5 18.5',
  frameBack: 'M15 6l-7 6 7 6zM5 6v12',
  frameForward: 'M9 6l7 6-7 6zM19 6v12',
  again: 'M5 5v5h5M5.6 10A7.5 7.5 0 1 1 4.5 14',
  floating: 'M3.5 5h17v14h-17zM12 12h5.5v4H12z',
  camera: 'M4 8h3.5l1.5-2.5h6L16.5 8H20v11H4zM12 10.5a3 3 0 1 0 0 6 3 3 0 0 0 0-6',
  figures: 'M5 19v-6M10 19V9M15 19v-9M20 19V5',
  keyboard: 'M3 7h18v11H3zM7 11h.2M11 11h.2M15 11h.2M8 14.5h8',
  more: 'M5.5 12h.2M12 12h.2M18.5 12h.2',
  close: 'M6 6l12 12M18 6 6 18',
  noCamera: 'M3 7.5h11.5v9H3zM14.5 10.5l6-3v9l-6-3M3 3l18 18',
  alert: 'M12 3.5 2.5 20h19zM12 10v4.5M12 17.2v.3',
} as const;

export type IconName = keyof typeof ICONS;
