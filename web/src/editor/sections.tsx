// SPDX-License-Identifier: Apache-2.0
// A form's questions, one card each, with what few people change folded away.

import type { Field, Fields } from '@kontor/core';
import type { ReactElement } from 'react';

import { useLanguage } from '../language/language.tsx';
import { useSettingsLanguage } from '../language/use-settings-language.ts';
import { Icon } from '../parts/icon.tsx';
import type { Place, Section } from './arrangement.ts';
import { isOptional, type Draft, type DraftFields } from './draft.ts';
import { FieldRows } from './fields.tsx';
import { useForm } from './form-context.ts';

export function FormSections({
  fields,
  values,
}: {
  readonly fields: Fields;
  readonly values: DraftFields;
}): ReactElement {
  const { arrangement } = useForm();
  return (
    <>
      {arrangement.sections.map((section, index) => (
        // Sections are few and fixed, and two may bear the same name.
        // oxlint-disable-next-line react/no-array-index-key
        <FormSection key={index} section={section} fields={fields} values={values} />
      ))}
    </>
  );
}

function FormSection({
  section,
  fields,
  values,
}: {
  readonly section: Section;
  readonly fields: Fields;
  readonly values: DraftFields;
}): ReactElement {
  const { kind } = useForm();
  const { words, text } = useSettingsLanguage();
  const { format } = useLanguage();
  const { advanced = [] } = section;
  const name = typeof section.name === 'function' ? section.name(values) : section.name;
  const asked = advanced.filter(
    ({ field, isAsked }) => field in fields && isAsked?.(values) !== false,
  );
  const setCount = asked.filter((place) => isSet(place, fields, values)).length;
  const at = { path: [], words: [kind] };
  return (
    <section className="form-section" aria-label={words.sections[name]}>
      <h2>{words.sections[name]}</h2>
      <FieldRows fields={fields} values={values} places={section.places} at={at} />
      {asked.length === 0 ? null : (
        // What is set is in sight from the start; later the reader folds.
        <details className="form-folded" open={section.places.length === 0 && asked.length < 3}>
          <summary>
            <Icon name="chevron" />
            {text.form.advanced}
            {setCount === 0 ? null : (
              <span className="faint">
                {text.form.advancedSet({ count: setCount, text: format.integer(setCount) })}
              </span>
            )}
          </summary>
          <FieldRows fields={fields} values={values} places={asked} at={at} />
        </details>
      )}
    </section>
  );
}

/** Whether a folded field says something else than it would by itself. */
function isSet(place: Place, fields: Fields, values: DraftFields): boolean {
  const field: Field | undefined = fields[place.field];
  const value: Draft = values[place.field];
  if (field === undefined || value === undefined) return false;
  if (isOptional(field)) return true;
  return 'default' in field && JSON.stringify(field.default) !== JSON.stringify(value);
}
