// SPDX-License-Identifier: Apache-2.0
// A titled part of a page.

import type { ReactElement, ReactNode } from 'react';

import './card.css';

export interface CardProps {
  readonly title: string;
  /** Beside the title: counts, switches. */
  readonly aside?: ReactNode;
  readonly className?: string;
  readonly children: ReactNode;
}

export function Card({ title, aside, className = '', children }: CardProps): ReactElement {
  return (
    <section className={`card ${className}`} aria-label={title}>
      <header className="card-head">
        <h2>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  );
}
