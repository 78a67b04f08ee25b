// SPDX-License-Identifier: Apache-2.0
// The controls of a form, one for each simple kind of field.

import { useId, useRef, useState, type KeyboardEvent, type ReactElement } from 'react';

import { useLanguage } from '../language/language.tsx';
import { useSettingsLanguage } from '../language/use-settings-language.ts';
import { decimalMark, readNumber, writeNumber } from '../number/number-entry.ts';
import { Icon } from '../parts/icon.tsx';
import { isUnread, type Draft } from './draft.ts';

export interface ControlProps {
  readonly id: string;
  readonly value: Draft;
  readonly onChange: (value: Draft) => void;
  readonly onLeave: () => void;
  readonly isWrong: boolean;
  /** Names the control where no label points to it. */
  readonly label?: string | undefined;
  /** IDs of the texts that explain it. */
  readonly describedBy?: string | undefined;
}

export function TextControl({
  id,
  value,
  onChange,
  onLeave,
  isWrong,
  label,
  describedBy,
  lengthMax,
}: ControlProps & { readonly lengthMax: number }): ReactElement {
  return (
    <input
      id={id}
      className="control"
      type="text"
      value={typeof value === 'string' ? value : ''}
      maxLength={lengthMax}
      spellCheck={false}
      autoComplete="off"
      aria-label={label}
      aria-invalid={isWrong}
      aria-describedby={describedBy}
      onChange={(event) => onChange(event.target.value === '' ? undefined : event.target.value)}
      onBlur={onLeave}
    />
  );
}

/**
 * A number in the reader's own notation. What is typed stays as it is while the field has the focus; what cannot be
 * read as one number stays, marked, until it can.
 */
export function NumberControl({
  id,
  value,
  onChange,
  onLeave,
  isWrong,
  label,
  describedBy,
  isWhole,
  before,
  after,
}: ControlProps & {
  readonly isWhole: boolean;
  /** Units that stand before or after the number. */
  readonly before?: string | undefined;
  readonly after?: string | undefined;
}): ReactElement {
  const { format } = useLanguage();
  const mark = decimalMark(format.locale);
  const shown = shownNumber(value, mark);
  const [typed, setTyped] = useState<string | null>(null);
  return (
    <span className={isWrong ? 'number-control is-wrong' : 'number-control'}>
      {before === undefined ? null : <span className="number-control-unit">{before}</span>}
      <input
        id={id}
        type="text"
        inputMode={isWhole ? 'numeric' : 'decimal'}
        value={typed ?? shown}
        spellCheck={false}
        autoComplete="off"
        aria-label={label}
        aria-invalid={isWrong}
        aria-describedby={describedBy}
        onFocus={(event) => event.target.select()}
        onChange={(event) => {
          setTyped(event.target.value);
          onChange(readDraft(event.target.value, mark, isWhole));
        }}
        onBlur={() => {
          setTyped(null);
          onLeave();
        }}
      />
      {after === undefined ? null : <span className="number-control-unit">{after}</span>}
    </span>
  );
}

/** A switch: on or off at once. */
export function SwitchControl({
  id,
  value,
  onChange,
  onLeave,
  isWrong,
  label,
  describedBy,
}: ControlProps): ReactElement {
  const isOn = value === true;
  return (
    <button
      id={id}
      type="button"
      role="switch"
      className="switch"
      aria-checked={isOn}
      aria-label={label}
      aria-invalid={isWrong || undefined}
      aria-describedby={describedBy}
      onClick={() => onChange(!isOn)}
      onBlur={onLeave}
    >
      <span className="switch-knob" />
    </button>
  );
}

export interface Option {
  readonly value: string;
  readonly name: string;
}

export function SelectControl({
  id,
  value,
  onChange,
  onLeave,
  isWrong,
  label,
  describedBy,
  options,
}: ControlProps & { readonly options: readonly Option[] }): ReactElement {
  const chosen = typeof value === 'string' ? value : '';
  const isKnown = options.some((option) => option.value === chosen);
  return (
    <span className="select select-control">
      <select
        id={id}
        value={chosen}
        aria-label={label}
        aria-invalid={isWrong}
        aria-describedby={describedBy}
        onChange={(event) => onChange(event.target.value)}
        onBlur={onLeave}
      >
        {/* A value that is no choice any more stays visible, so that it is not lost unseen. */}
        {isKnown ? null : <option value={chosen}>{chosen}</option>}
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

/** Several of many: what is chosen stands as a row of words, and typing finds more. */
export function SymbolsControl({
  id,
  value,
  onChange,
  onLeave,
  isWrong,
  describedBy,
  symbols,
  most,
}: ControlProps & {
  readonly symbols: readonly string[];
  readonly most: number;
}): ReactElement {
  const { text } = useSettingsLanguage();
  const listId = useId();
  const input = useRef<HTMLInputElement>(null);
  const [typed, setTyped] = useState('');
  const [isOpen, setOpen] = useState(false);
  const [cursor, setCursor] = useState(0);
  const chosen = Array.isArray(value)
    ? value.filter((each): each is string => typeof each === 'string')
    : [];
  const words = typed.trim().toLowerCase();
  const found = symbols.filter(
    (symbol) => !chosen.includes(symbol) && symbol.toLowerCase().includes(words),
  );
  const at = Math.min(cursor, found.length - 1);

  const add = (symbol: string | undefined): void => {
    if (symbol === undefined) return;
    onChange(most === 1 ? [symbol] : [...chosen, symbol]);
    setTyped('');
    setCursor(0);
    // A second Enter must not choose the next one unseen.
    setOpen(false);
    input.current?.focus();
  };
  const remove = (symbol: string): void => {
    onChange(chosen.filter((each) => each !== symbol));
    input.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      setOpen(true);
      const step = event.key === 'ArrowDown' ? 1 : -1;
      setCursor(Math.max(0, Math.min(found.length - 1, isOpen ? at + step : at)));
    } else if (event.key === 'Enter' && isOpen && found[at] !== undefined) {
      add(found[at]);
    } else if (event.key === 'Escape' && isOpen) {
      setOpen(false);
      setTyped('');
      event.stopPropagation();
    } else if (event.key === 'Backspace' && typed === '' && chosen.length > 0) {
      onChange(chosen.slice(0, -1));
    } else {
      return;
    }
    event.preventDefault();
  };

  return (
    <span
      className={isWrong ? 'symbols-control is-wrong' : 'symbols-control'}
      onBlur={(event) => {
        if (event.currentTarget.contains(event.relatedTarget)) return;
        setOpen(false);
        onLeave();
      }}
    >
      {chosen.map((symbol) => (
        <span key={symbol} className="symbols-control-chosen">
          {symbol}
          <button
            type="button"
            aria-label={text.form.remove(symbol)}
            onClick={() => remove(symbol)}
          >
            <Icon name="close" />
          </button>
        </span>
      ))}
      <input
        ref={input}
        id={id}
        type="text"
        role="combobox"
        aria-expanded={isOpen}
        aria-controls={listId}
        aria-autocomplete="list"
        aria-activedescendant={isOpen && found[at] !== undefined ? `${listId}-${at}` : undefined}
        aria-invalid={isWrong}
        aria-describedby={describedBy}
        placeholder={chosen.length === 0 ? text.form.chooseSymbols : ''}
        value={typed}
        spellCheck={false}
        autoComplete="off"
        onFocus={() => setOpen(chosen.length < most)}
        onClick={() => setOpen(true)}
        onChange={(event) => {
          setTyped(event.target.value);
          setCursor(0);
          setOpen(true);
        }}
        onKeyDown={onKeyDown}
      />
      <span
        id={listId}
        className="symbols-control-list"
        role="listbox"
        aria-label={text.form.chooseSymbols}
        aria-multiselectable={most > 1}
        hidden={!isOpen}
      >
        {found.map((symbol, place) => (
          <span
            key={symbol}
            id={`${listId}-${place}`}
            role="option"
            tabIndex={-1}
            aria-selected={place === at}
            className="symbols-control-option"
            onPointerMove={() => setCursor(place)}
            // The focus stays in the field: a press on the list is no leaving.
            onPointerDown={(event) => event.preventDefault()}
            onClick={() => add(symbol)}
            onKeyDown={onKeyDown}
          >
            {symbol}
          </span>
        ))}
        {found.length === 0 ? (
          <span className="symbols-control-none" role="option" aria-selected="false" aria-disabled>
            {text.form.noSymbols}
          </span>
        ) : null}
      </span>
    </span>
  );
}

function shownNumber(value: Draft, mark: '.' | ','): string {
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return writeNumber(value, mark);
  return isUnread(value) ? value.typed : '';
}

function readDraft(typed: string, mark: '.' | ',', isWhole: boolean): Draft {
  const entry = readNumber(typed, mark);
  if (entry.kind === 'empty') return undefined;
  if (entry.kind !== 'number') return { typed };
  if (!isWhole) return entry.text;
  // A whole number with tenths stays text, so that the machine refuses what was typed and nothing else.
  return /^-?\d{1,15}$/.test(entry.text) ? Number(entry.text) : { typed };
}
