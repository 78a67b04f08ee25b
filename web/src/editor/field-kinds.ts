// SPDX-License-Identifier: Apache-2.0
// Descriptions of fields by how a form shows them: in one control, or in several.

import type { Field } from '@kontor/core';

export type GroupField = Extract<Field, { kind: 'group' }>;
export type ListField = Extract<Field, { kind: 'list' }>;
export type VariantField = Extract<Field, { kind: 'variant' }>;
export type SimpleField = Exclude<Field, GroupField | ListField | VariantField>;

export function isSimple(field: Field): field is SimpleField {
  return field.kind !== 'group' && field.kind !== 'list' && field.kind !== 'variant';
}
