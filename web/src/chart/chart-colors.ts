// SPDX-License-Identifier: Apache-2.0
// The desk's colours as a canvas needs them: computed values, read again when the theme changes.

import { useMemo, useSyncExternalStore } from 'react';

import { usePreferences } from '../preferences.ts';

const NAMES = [
  'surface', 'raised', 'text', 'muted', 'faint', 'accent', 'accent-solid', 'profit', 'loss', 'needs-you',
  'line', 'line-strong', 'grid', 'volume', 'candle-up', 'candle-down',
] as const; // prettier-ignore

export type ChartColors = Readonly<Record<(typeof NAMES)[number], string>>;

const darkQuery = window.matchMedia('(prefers-color-scheme: dark)');

export function useChartColors(): ChartColors {
  const { theme } = usePreferences();
  const isSystemDark = useSyncExternalStore(
    (listener) => {
      darkQuery.addEventListener('change', listener);
      return () => darkQuery.removeEventListener('change', listener);
    },
    () => darkQuery.matches,
  );
  // The values are not in the arguments but in the style sheet, which changes with these two.
  return useMemo(() => readColors(`${theme} ${isSystemDark}`), [theme, isSystemDark]);
}

function readColors(_theme: string): ChartColors {
  const probe = document.createElement('span');
  document.body.append(probe);
  const style = getComputedStyle(probe);
  const read = (name: string): string => {
    probe.style.color = `var(--${name})`;
    return style.color;
  };
  const colors = {
    surface: read('surface'),
    raised: read('raised'),
    text: read('text'),
    muted: read('muted'),
    faint: read('faint'),
    accent: read('accent'),
    'accent-solid': read('accent-solid'),
    profit: read('profit'),
    loss: read('loss'),
    'needs-you': read('needs-you'),
    line: read('line'),
    'line-strong': read('line-strong'),
    grid: read('grid'),
    volume: read('volume'),
    'candle-up': read('candle-up'),
    'candle-down': read('candle-down'),
  };
  probe.remove();
  return colors;
}
