// SPDX-License-Identifier: Apache-2.0
// Fields to filter and choose with.

import { useEffect, useRef, useState, type ReactElement } from 'react';

import { useLanguage } from '../language/language.tsx';
import { Icon } from './icon.tsx';
import { useKeys } from './keyboard.ts';
import './field.css';

export interface SelectOption {
  readonly value: string;
  readonly name: string;
}

export function Select({
  label,
  value,
  options,
  onChange,
}: {
  readonly label: string;
  readonly value: string;
  readonly options: readonly SelectOption[];
  readonly onChange: (value: string) => void;
}): ReactElement {
  return (
    <span className="select">
      <select aria-label={label} value={value} onChange={(event) => onChange(event.target.value)}>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.name}
          </option>
        ))}
      </select>
      <Icon name="chevron" />
    </span>
  );
}

const TYPING_MS = 120;

/** Filters while typing, a moment after the last key; `/` leads here from anywhere on the page. */
export function FilterField({
  label,
  value,
  onChange,
}: {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
}): ReactElement {
  const { text } = useLanguage();
  const input = useRef<HTMLInputElement>(null);
  const [typed, setTyped] = useState(value);
  const [known, setKnown] = useState(value);
  if (value !== known) {
    setKnown(value);
    setTyped(value);
  }
  useKeys({ '/': () => input.current?.focus() });
  useEffect(() => {
    if (typed === value) return undefined;
    const timer = setTimeout(() => onChange(typed), TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed, value, onChange]);
  return (
    <span className="filter-field">
      <Icon name="search" />
      <input
        ref={input}
        type="search"
        aria-label={label}
        placeholder={label}
        value={typed}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => setTyped(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return;
          event.stopPropagation();
          if (typed === '') input.current?.blur();
          else onChange('');
        }}
      />
      {typed === '' ? (
        <kbd aria-hidden="true">/</kbd>
      ) : (
        <button type="button" aria-label={text.common.clear} onClick={() => onChange('')}>
          <Icon name="close" />
        </button>
      )}
    </span>
  );
}
