// SPDX-License-Identifier: Apache-2.0
// What every field of a form needs to know of the form around it.

import { createContext, useContext, type Provider } from 'react';

import type { Arrangement } from './arrangement.ts';
import type { Draft, Path } from './draft.ts';

export interface FormContext {
  /** The first step of the path in the words of settings: the kind of bot, or `risk`. */
  readonly kind: string;
  readonly arrangement: Arrangement;
  /** What is wrong, by path as text; only what is to be shown now. */
  readonly errors: ReadonlyMap<string, readonly string[]>;
  readonly change: (path: Path, value: Draft) => void;
  /** The reader has left the field: what is wrong there may be said. */
  readonly leave: (path: Path) => void;
  /** The assets that amounts count; empty while no instrument is chosen. */
  readonly quoteAsset: string;
  readonly baseAsset: string;
  /** What volumes count that have no unit of their own beside them. */
  readonly volumeUnit: string;
  /** What may be chosen: the desk's instruments, and the assets they are traded against. */
  readonly choices: Readonly<Record<'symbols' | 'quoteAssets', readonly string[]>>;
}

const Context = createContext<FormContext | null>(null);

export const FormProvider: Provider<FormContext | null> = Context.Provider;

export function useForm(): FormContext {
  const form = useContext(Context);
  if (form === null) throw new Error('Invariant: a field must stand inside a form');
  return form;
}

/** The element that a field's label names and that takes the focus. */
export function fieldId(pathText: string): string {
  return `field-${pathText}`;
}
