// SPDX-License-Identifier: Apache-2.0
// What a number may be, in the reader's words.

import type { Field } from '@kontor/core';

import type { Format } from '../number/format.ts';
import type { EditorText } from './settings-languages.ts';

type NumberField = Extract<Field, { kind: 'decimal' | 'integer' }>;

/** A bound so wide that nobody needs to be told of it. */
const WIDE = 100_000;

/** `more than 0, at most 100`; empty for a number that may be anything. */
export function boundsText(field: NumberField, format: Format, { form }: EditorText): string {
  const number = (bound: number): string => format.exact(String(bound));
  const parts: string[] = [];
  if (field.kind === 'integer') {
    return field.most >= WIDE
      ? form.least(number(field.least))
      : form.fromTo(number(field.least), number(field.most));
  }
  const { above, least, below, most } = field;
  if (above !== undefined) parts.push(form.above(number(above)));
  if (least !== undefined) parts.push(form.least(number(least)));
  if (below !== undefined) parts.push(form.below(number(below)));
  if (most !== undefined) parts.push(form.most(number(most)));
  return parts.join(', ');
}
