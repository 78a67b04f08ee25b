// SPDX-License-Identifier: Apache-2.0
// A number that matters, under its name.

import type { ReactElement, ReactNode } from 'react';

import './figure.css';

export function Figures({
  label,
  isSmall = false,
  children,
}: {
  readonly label: string;
  readonly isSmall?: boolean;
  readonly children: ReactNode;
}): ReactElement {
  return (
    <dl className={isSmall ? 'figures figures-small' : 'figures'} aria-label={label}>
      {children}
    </dl>
  );
}

export function Figure({
  name,
  tag,
  note,
  children,
}: {
  readonly name: string;
  /** Beside the name. */
  readonly tag?: string | undefined;
  /** At the end of the name's line. */
  readonly note?: ReactNode;
  readonly children: ReactNode;
}): ReactElement {
  return (
    <div className="figure">
      <dt>
        {name} {tag === undefined ? null : <span className="figure-tag">{tag}</span>}
        {note === undefined ? null : <span className="figure-note">{note}</span>}
      </dt>
      <dd>{children}</dd>
    </div>
  );
}
