import { createContext } from 'preact';
import { useContext, useEffect, useState } from 'preact/hooks';

type Theme = 'light' | 'dark';
const KEY = 'anneal-theme';

const Shown = createContext<Theme>('light');

/** The theme that is shown; charts are drawn anew when it changes. */
export const useTheme = () => useContext(Shown);
export const ThemeProvider = Shown.Provider;

/** The system's theme, until the reader chooses. */
export function useThemeChoice(): readonly [Theme, () => void] {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const [theme, setTheme] = useState<Theme>(() => stored() ?? (dark.matches ? 'dark' : 'light'));
  useEffect(() => {
    const follow = () => {
      if (stored() === undefined) setTheme(dark.matches ? 'dark' : 'light');
    };
    dark.addEventListener('change', follow);
    return () => dark.removeEventListener('change', follow);
  }, []);
  document.documentElement.dataset.theme = theme;
  const toggle = () => {
    const next = theme === 'dark' ? 'light' : 'dark';
    store(next);
    setTheme(next);
  };
  return [theme, toggle];
}

/** Storage may be shut for a file or a private window; then a choice lasts as long as the page. */
let session: Theme | undefined;

function stored(): Theme | undefined {
  try {
    const value = localStorage.getItem(KEY);
    return value === 'light' || value === 'dark' ? value : session;
  } catch {
    return session;
  }
}

function store(theme: Theme): void {
  session = theme;
  try {
    localStorage.setItem(KEY, theme);
  } catch {}
}
