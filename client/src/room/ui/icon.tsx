/** Line icons, 24 by 24; a button that shows one carries the words. */
export const ICONS = {
  wall: 'M4 5h7v6H4zM13 5h7v6h-7zM4 13h7v6H4zM13 13h7v6h-7z',
  sync: 'M4 6h16M4 12h16M4 18h16M9 4v16',
  add: 'M12 5v14M5 12h14',
  exports: 'M12 4v10M8 10.5l4 4 4-4M5 19h14',
  system: 'M4 12h4l2.5-6 3 12 2.5-6h4',
  enlarge: 'M14 4h6v6M20 4l-7 7M10 20H4v-6M4 20l7-7',
  shrink: 'M6 6l12 12M18 6L6 18',
  close: 'M6 6l12 12M18 6L6 18',
  pencil: 'M5 19l1-4L16 5l3 3L9 18l-4 1M14 7l3 3',
  bin: 'M5 7h14M10 7V4.5h4V7M7 7l.8 12.5h8.4L17 7M10.5 11v5M13.5 11v5',
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  back: 'M15 5l-7 7 7 7',
  forward: 'M9 5l7 7-7 7',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  alert: 'M12 4l9 16H3zM12 10v4.5M12 17.2v.1',
  camera: 'M4 7h11a2 2 0 0 1 2 2v6a2 2 0 0 1-2 2H4zM17 11l4-2.5v7L17 13',
  search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14M20 20l-4-4',
  restart: 'M19 12a7 7 0 1 1-2.2-5.1M19 4v4h-4',
  lock: 'M6.5 11h11v8.5h-11zM9 11V8a3 3 0 0 1 6 0v3',
  snapshot: 'M4 8h3.5L9 5.5h6L16.5 8H20v11H4zM12 16.500a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4',
  settings: 'M4 7h9M17 7h3M4 17h3M11 17h9M15 4.500v5M9 14.500v5',
  record: 'M12 17a5 5 0 1 0 0-10 5 5 0 0 0 0 10M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18',
  stop: 'M8.500 8.500h7v7h-7zM12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18',
  move: 'M12 3v18M3 12h18M12 3l-2.500 2.500M12 3l2.500 2.500M12 21l-2.500-2.500M12 21l2.500-2.500M3 12l2.500-2.500M3 12l2.500 2.500M21 12l-2.500-2.500M21 12l-2.500 2.500',
  moon: 'M19 14.500A8 8 0 0 1 9.5 5a8 8 0 1 0 9.5 9.5',
  sun: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8M12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.600L7 7M17 17l1.4 1.400M18.4 5.600L17 7M7 17l-1.4 1.4',
  play: 'M8 5l11 7-11 7z',
  pause: 'M8 5v14M16 5v14',
  'step-back': 'M17 6l-8 6 8 6zM6 6v12',
  'step-forward': 'M7 6l8 6-8 6zM18 6v12',
  'jump-back': 'M4 5v5h5M4.5 10A8 8 0 1 1 4 13',
  'jump-forward': 'M20 5v5h-5M19.500 10A8 8 0 1 0 20 13',
  sound: 'M4 9.500v5h3.500L12 18.500v-13L7.500 9.500zM15.500 9a4 4 0 0 1 0 6M18 6.500a8 8 0 0 1 0 11',
  muted: 'M4 9.500v5h3.500L12 18.500v-13L7.500 9.500zM16 9.500l5 5M21 9.500l-5 5',
  floating: 'M4 5h16v14H4zM12 12h6v5h-6z',
  day: 'M5 6.500h14v13H5zM5 10.500h14M9 4v4M15 4v4',
  minus: 'M5 12h14',
  'mark-in': 'M10 5H6v14h4M11 12h8M16 9l-5 3 5 3',
  'mark-out': 'M14 5h4v14h-4M13 12H5M8 9l5 3-5 3',
  link: 'M10 14a4 4 0 0 0 5.700 0l3-3a4 4 0 0 0-5.700-5.700l-1 1M14 10a4 4 0 0 0-5.700 0l-3 3a4 4 0 0 0 5.700 5.700l1-1',
  home: 'M5 11l7-6 7 6v8.500h-5v-5h-4v5H5z',
} as const;

export type IconName = keyof typeof ICONS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={ICONS[name]} />
    </svg>
  );
}
