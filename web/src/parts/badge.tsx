// SPDX-License-Identifier: Apache-2.0
// The state of a thing: a mark whose shape, not only colour, tells it, and a word.

import type { ReactElement, ReactNode } from 'react';

import './badge.css';

/** `on` runs, `busy` is changing, `off` rests, `done` is over, `needsYou` waits for a person. */
export type BadgeLook = 'on' | 'busy' | 'off' | 'done' | 'needsYou';

export function Badge({
  look,
  children,
}: {
  readonly look: BadgeLook;
  readonly children: ReactNode;
}): ReactElement {
  return (
    <span className={`badge badge-${look}`}>
      <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">
        {MARKS[look]}
      </svg>
      <span>{children}</span>
    </span>
  );
}

const MARKS: Readonly<Record<BadgeLook, ReactElement>> = {
  on: <circle cx="5" cy="5" r="4" fill="currentColor" />,
  busy: (
    <>
      <circle cx="5" cy="5" r="3.4" fill="none" stroke="currentColor" strokeWidth="1.4" />
      <path d="M5 1.6a3.4 3.4 0 0 1 0 6.8z" fill="currentColor" />
    </>
  ),
  off: <circle cx="5" cy="5" r="3.4" fill="none" stroke="currentColor" strokeWidth="1.4" />,
  done: <path d="m1.5 5.4 2.4 2.4L8.6 2.6" fill="none" stroke="currentColor" strokeWidth="1.5" />,
  needsYou: <path d="M5 .8 9.6 9.2H.4z" fill="currentColor" />,
};
