import { usePreferences, type Theme } from '../state/preferences.ts';

const prefersDark = matchMedia('(prefers-color-scheme: dark)');
const prefersContrast = matchMedia('(prefers-contrast: more)');

function resolveTheme(theme: Theme): Exclude<Theme, 'system'> {
  if (theme !== 'system') return theme;
  if (prefersContrast.matches) return 'contrast';
  return prefersDark.matches ? 'dark' : 'light';
}

/** Puts the chosen theme on the page as `data-theme` and keeps it there as the choice or the system's wish changes. */
export function followTheme(page: HTMLElement): void {
  const apply = (): void => {
    page.dataset['theme'] = resolveTheme(usePreferences.getState().theme);
  };
  usePreferences.subscribe(apply);
  prefersDark.addEventListener('change', apply);
  prefersContrast.addEventListener('change', apply);
  apply();
}
