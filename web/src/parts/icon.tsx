// SPDX-License-Identifier: Apache-2.0
// The desk's icons: sixteen-pixel strokes in the colour of the text beside them.

import type { ReactElement } from 'react';

const PATHS = {
  overview: 'M2.5 13.5V9m3.7 4.5V5.5M9.8 13.5V8m3.7 5.5v-11',
  bots: 'M3 6.5h10v6H3zM8 6.5v-3M6 9.5h.01M10 9.5h.01M1.5 9v1.5M14.5 9v1.5',
  deals: 'M2.5 4h11M2.5 8h11M2.5 12h7',
  connections: 'M9.5 6.5 14 2m-3 0h3v3M6.5 9.5a3 3 0 1 0-4.2 4.2 3 3 0 0 0 4.2-4.2Zm0 0 3-3',
  settings: 'M2 4.5h6m4 0h2M2 11.5h2m4 0h6M10 2.8v3.4M6 9.8v3.4',
  search: 'M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10Zm3.6-1.4L14 14',
  log: 'M3.5 2.5h9v11h-9zM6 5.5h4M6 8h4m-4 2.5h2',
  close: 'm3.5 3.5 9 9m0-9-9 9',
  open: 'M6 3H3v10h10v-3M9 3h4v4M13 3 7.5 8.5',
  up: 'M8 12.5v-9M4 7.5l4-4 4 4',
  down: 'M8 3.5v9M4 8.5l4 4 4-4',
  chevron: 'm4.5 6.5 3.5 3.5 3.5-3.5',
  check: 'm3 8.5 3.2 3.2L13 5',
  copy: 'M5.5 5.5h8v8h-8zM3.5 10.5h-1v-8h8v1',
  keyboard: 'M1.5 4h13v8h-13zM4 6.5h.01M6.6 6.5h.01M9.3 6.5h.01M12 6.5h.01M5 9.5h6',
  export: 'M8 2.5v7.5M4.8 7 8 10.2 11.2 7M2.5 13.5h11',
  fit: 'M2.5 5.5v-3h3M10.5 2.5h3v3M13.5 10.5v3h-3M5.5 13.5h-3v-3M5 8h6',
  warning: 'M8 2 1.7 13.3h12.6zM8 6.5v3M8 11.5h.01',
  play: 'M4.5 2.8 13 8l-8.5 5.2z',
  stop: 'M4 4h8v8H4z',
  bookmark: 'M4.5 2.5h7v11L8 10.6 4.5 13.5z',
  back: 'M12.5 8h-9M7.5 4l-4 4 4 4',
  more: 'M3.2 8h.01M8 8h.01M12.8 8h.01',
  plus: 'M8 3.5v9M3.5 8h9',
  people:
    'M6 7.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM1.5 13.5c0-2.5 2-4 4.5-4s4.5 1.5 4.5 4M10.5 2.8a2.5 2.5 0 0 1 0 4.4M12.3 10c1.4.6 2.2 1.8 2.2 3.5',
  shield: 'M8 1.8 13 3.6v4.2c0 3-2 5.2-5 6.4-3-1.2-5-3.4-5-6.4V3.6z',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { readonly name: IconName }): ReactElement {
  return (
    <svg
      className="icon"
      width="16"
      height="16"
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
