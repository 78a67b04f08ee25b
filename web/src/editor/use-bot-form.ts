// SPDX-License-Identifier: Apache-2.0
// A form's state: what is typed, what is wrong with it, what may be said about it now, and that none of it is lost.

import type { BotKind, BotSettings, FieldError } from '@kontor/core';
import { useCallback, useDeferredValue, useEffect, useMemo, useRef, useState } from 'react';

import { fieldErrorText } from '../language/field-error-text.ts';
import { useLanguage } from '../language/language.tsx';
import { useSettingsLanguage } from '../language/use-settings-language.ts';
import {
  completeArrangement,
  fieldAt,
  fieldsOf,
  withFields,
  type Arrangement,
} from './arrangement.ts';
import { ARRANGEMENTS } from './arrangements.ts';
import { checkDraft, type CheckedDraft, type Market } from './check-draft.ts';
import { useMarket } from './use-preview.ts';
import { dropDraft, keepDraft, readDraft } from './draft-keep.ts';
import {
  draftAt,
  isDraftList,
  pathText,
  toPath,
  withDraft,
  type Draft,
  type DraftFields,
  type Path,
} from './draft.ts';

export interface BotForm {
  readonly kind: BotKind;
  readonly arrangement: Arrangement;
  readonly draft: DraftFields;
  readonly checked: CheckedDraft;
  readonly symbols: readonly string[];
  readonly market: Market;
  /** What is wrong and may be said now, by path. */
  readonly errors: ReadonlyMap<string, readonly string[]>;
  /** What is wrong at fields that the form does not show. */
  readonly otherErrors: readonly string[];
  /** All that is wrong, said or not. */
  readonly faultCount: number;
  /** Since when something typed is kept, in wall time; null while nothing is. */
  readonly keptSince: number | null;
  /** What the form began with, as JSON. */
  readonly base: string;
  readonly change: (path: Path, value: Draft) => void;
  readonly leave: (path: Path) => void;
  /** Puts another draft in the place of what is typed; answers what was there. */
  readonly replace: (draft: DraftFields) => DraftFields;
  /** The settings if they may be sent; otherwise everything that is wrong is shown from now on. */
  readonly attempt: () => BotSettings | null;
  /** The desk refused these fields of what was sent. */
  readonly refuse: (errors: readonly FieldError[]) => void;
  /** Nothing typed needs to be kept any more. */
  readonly settle: () => void;
}

export interface BotFormOptions {
  /** The fields that are asked; all without it. */
  readonly only?: readonly string[];
  /** Whether the settings are held against the exchange's limits at the price now, as for a new deal. */
  readonly isForNewDeals: boolean;
}

const NO_ERRORS: readonly FieldError[] = [];
const ALL_FIELDS: BotFormOptions = { isForNewDeals: true };

/** `name` tells drafts apart; `base` is what the form shows while nothing was typed. */
export function useBotForm(
  kind: BotKind,
  name: string,
  base: DraftFields,
  options: BotFormOptions = ALL_FIELDS,
): BotForm {
  const language = useLanguage();
  const settingsLanguage = useSettingsLanguage();
  const arrangement = useMemo(
    () =>
      withFields(
        completeArrangement(fieldsOf(kind), ARRANGEMENTS[kind] ?? null),
        options.only ?? null,
      ),
    [kind, options.only],
  );
  const baseText = useMemo(() => JSON.stringify(base), [base]);
  const [typed, setTyped] = useState(() => readDraft(name));
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
  const [isAttempted, setAttempted] = useState(false);
  const [refused, setRefused] = useState(NO_ERRORS);
  const draft = typed?.draft ?? base;

  const latest = useRef({ draft, base: typed?.base ?? baseText });
  useEffect(() => {
    latest.current = { draft, base: typed?.base ?? baseText };
  }, [draft, typed, baseText]);
  const keep = useCallback(
    (next: DraftFields): void => {
      const kept = { draft: next, base: latest.current.base, changedAt: Date.now() };
      latest.current = { draft: next, base: kept.base };
      setTyped(kept);
      keepDraft(name, kept);
    },
    [name],
  );
  const change = useCallback(
    (path: Path, value: Draft): void => {
      // Read at the moment of the change: two changes in one event must both count.
      const next = withDraft(latest.current.draft, path, value);
      setRefused(NO_ERRORS);
      setTouched((known) => new Set([...known, pathText(path)]));
      keep(next as DraftFields);
    },
    [keep],
  );
  const leave = useCallback((path: Path): void => {
    setTouched((known) =>
      known.has(pathText(path)) ? known : new Set([...known, pathText(path)]),
    );
  }, []);

  const symbols = useMemo(() => {
    const sent = arrangement.derive === undefined ? draft : arrangement.derive(draft);
    const chosen = sent['symbols'];
    return isDraftList(chosen)
      ? chosen.filter((each): each is string => typeof each === 'string')
      : [];
  }, [arrangement, draft]);
  const market = useMarket(symbols);
  // Typing comes first; what follows from it may be drawn a moment later.
  const shown = useDeferredValue(draft);
  const checked = useMemo(
    () => checkDraft(kind, arrangement, shown, options.isForNewDeals ? market : null),
    [kind, arrangement, shown, market, options.isForNewDeals],
  );

  const faults = useMemo(() => [...checked.errors, ...refused], [checked.errors, refused]);
  const { errors, otherErrors } = useMemo(
    () =>
      sortErrors({
        kind,
        arrangement,
        draft: shown,
        faults,
        touched,
        isAttempted,
        language,
        text: settingsLanguage.text,
      }),
    [kind, arrangement, shown, faults, touched, isAttempted, language, settingsLanguage],
  );

  const attempt = (): BotSettings | null => {
    const now = checkDraft(
      kind,
      arrangement,
      latest.current.draft,
      options.isForNewDeals ? market : null,
    );
    setAttempted(true);
    return now.errors.length === 0 ? now.settings : null;
  };
  const reset = (): void => {
    setTouched(new Set());
    setAttempted(false);
    setRefused(NO_ERRORS);
  };
  return {
    kind,
    arrangement,
    draft,
    checked,
    symbols,
    market,
    errors,
    otherErrors,
    faultCount: faults.length,
    keptSince: typed?.changedAt ?? null,
    base: typed?.base ?? baseText,
    change,
    leave,
    replace: (next) => {
      const before = latest.current.draft;
      keep(next);
      reset();
      return before;
    },
    attempt,
    refuse: (found) => {
      setAttempted(true);
      setRefused(found);
    },
    settle: () => {
      dropDraft(name);
      setTyped(null);
      reset();
    },
  };
}

interface SortedErrors {
  readonly errors: ReadonlyMap<string, readonly string[]>;
  readonly otherErrors: readonly string[];
}

/** Each error at the field it belongs to, in the reader's words; what may not be said yet is left out. */
function sortErrors(given: {
  readonly kind: BotKind;
  readonly arrangement: Arrangement;
  readonly draft: DraftFields;
  readonly faults: readonly FieldError[];
  readonly touched: ReadonlySet<string>;
  readonly isAttempted: boolean;
  readonly language: ReturnType<typeof useLanguage>;
  readonly text: ReturnType<typeof useSettingsLanguage>['text'];
}): SortedErrors {
  const { kind, arrangement, draft, touched, isAttempted, language, text } = given;
  const errors = new Map<string, string[]>();
  const otherErrors: string[] = [];
  for (const error of given.faults) {
    const { place, isShown } = placeOf(arrangement, draft, error.field);
    const path = toPath(place);
    const field = fieldAt(fieldsOf(kind), draft, path);
    const value = draftAt(draft, path);
    // An empty field that nobody has been to yet is no mistake so far.
    if (!isAttempted && value === undefined && !touched.has(place)) continue;
    const message = fieldErrorText(
      { error, field, draft: value },
      { format: language.format, text },
    );
    if (!isShown || (field === null && !place.endsWith('.kind'))) otherErrors.push(message);
    else errors.set(place, [...(errors.get(place) ?? []), message]);
  }
  return { errors, otherErrors };
}

/** Where an error of `field` is said: at the field itself, at the one it stands beside, or nowhere in the form. */
function placeOf(
  arrangement: Arrangement,
  draft: DraftFields,
  field: string,
): { readonly place: string; readonly isShown: boolean } {
  const place = arrangement.errorsOf?.[field] ?? field;
  const [first] = toPath(place);
  for (const { places, advanced = [] } of arrangement.sections) {
    for (const each of [...places, ...advanced]) {
      if (each.field !== first && each.unitFrom !== first) continue;
      const isShown = each.isAsked?.(draft) !== false;
      return { place: each.unitFrom === first ? each.field : place, isShown };
    }
  }
  return { place, isShown: false };
}
