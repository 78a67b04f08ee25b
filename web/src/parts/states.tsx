// SPDX-License-Identifier: Apache-2.0
// What a part of a page shows when it has nothing to show yet, nothing at all, or could not read it.

import type { ReactElement, ReactNode } from 'react';

import { useErrorText } from '../language/error-text.ts';
import { useLanguage } from '../language/language.tsx';
import { Button } from './button.tsx';
import './states.css';

export interface EmptyProps {
  readonly title: string;
  readonly hint?: ReactNode;
  readonly action?: ReactNode;
}

/** One sentence that teaches, and at most one button. */
export function Empty({ title, hint, action }: EmptyProps): ReactElement {
  return (
    <div className="empty">
      <p className="empty-title">{title}</p>
      {hint === undefined ? null : <p className="empty-hint">{hint}</p>}
      {action}
    </div>
  );
}

export function Failed({
  error,
  onRetry,
}: {
  readonly error: unknown;
  readonly onRetry: () => void;
}): ReactElement {
  const { text } = useLanguage();
  const errorText = useErrorText();
  return (
    <div className="empty" role="alert">
      <p className="empty-title">{text.failed.title}</p>
      <p className="empty-hint">{errorText(error)}</p>
      <Button onClick={onRetry}>{text.common.retry}</Button>
    </div>
  );
}

/** Grey rows in the place of what is being read, of the same height. */
export function Skeleton({
  rows = 1,
  height = 32,
}: {
  readonly rows?: number;
  readonly height?: number;
}): ReactElement {
  const { text } = useLanguage();
  return (
    <div className="skeleton" role="status" aria-label={text.common.loading}>
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className="skeleton-row" style={{ height }}>
          <span style={{ width: `${68 - ((row * 17) % 40)}%` }} />
        </div>
      ))}
    </div>
  );
}
