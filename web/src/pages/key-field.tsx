// SPDX-License-Identifier: Apache-2.0
// A labelled field about a key: what it is for above it, what is wrong with it below.

import { useId, type ReactElement, type ReactNode } from 'react';

import './keys.css';

export interface FieldIds {
  readonly id: string;
  readonly 'aria-invalid': boolean;
  readonly 'aria-describedby': string;
}

export function KeyField({
  label,
  help = null,
  error,
  children,
}: {
  readonly label: string;
  readonly help?: ReactNode;
  readonly error: string | null;
  readonly children: (ids: FieldIds) => ReactElement;
}): ReactElement {
  const id = useId();
  return (
    <div className="key-field">
      <label htmlFor={id}>{label}</label>
      <p id={`${id}-help`} className="muted">
        {help}
      </p>
      {children({
        id,
        'aria-invalid': error !== null,
        'aria-describedby': `${id}-error ${id}-help`,
      })}
      <p id={`${id}-error`} className="key-error" role="alert">
        {error}
      </p>
    </div>
  );
}
