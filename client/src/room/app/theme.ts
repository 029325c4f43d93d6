import { effect, signal } from '@preact/signals';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const STORED = 'sluice.theme';
const prefersDark = matchMedia('(prefers-color-scheme: dark)');
const systemIsDark = signal(prefersDark.matches);
prefersDark.addEventListener('change', ({ matches }) => {
  systemIsDark.value = matches;
});

export const theme = signal<Theme>(storedTheme());

/** Keeps the page in its theme: `data-theme` of the root is `light` or `dark`. */
effect(() => {
  const isDark = theme.value === 'dark' || (theme.value === 'system' && systemIsDark.value);
  document.documentElement.dataset.theme = isDark ? 'dark' : 'light';
});

export function setTheme(chosen: Theme): void {
  theme.value = chosen;
  try {
    localStorage.setItem(STORED, chosen);
  } catch {
    // Private windows keep nothing; the choice holds until the page is left.
  }
}

function storedTheme(): Theme {
  try {
    return THEMES.find((one) => one === localStorage.getItem(STORED)) ?? 'system';
  } catch {
    return 'system';
  }
}
