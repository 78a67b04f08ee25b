// SPDX-License-Identifier: Apache-2.0
// Core's descriptions of settings as schemas of the API.

import { describeBounds, type Field, type Fields } from '@kontor/core';
import { Type, type TObject, type TSchema } from 'typebox';

/** `stored`: every default is filled in. `given`: fields with a default may be left out. */
export type SettingsForm = 'stored' | 'given';

const DECIMAL = '^-?\\d+(\\.\\d+)?$';

/** The schema of settings of `kind`; the core's parser says what a schema cannot. */
export function settingsSchema(
  kind: string,
  fields: Fields,
  form: SettingsForm,
  id: string,
): TObject {
  const tag = Type.Literal(kind);
  const mayBeAbsent = form === 'given' && kind === 'dca';
  return Type.Object(
    { kind: mayBeAbsent ? Type.Optional(tag) : tag, ...propertiesOf(fields, form) },
    { $id: id, additionalProperties: false },
  );
}

/** The schema of values that `fields` describe. */
export function fieldsSchema(fields: Fields, form: SettingsForm, id: string): TObject {
  return Type.Object(propertiesOf(fields, form), { $id: id, additionalProperties: false });
}

function propertiesOf(fields: Fields, form: SettingsForm): Record<string, TSchema> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, field]) => {
      const mayBeAbsent =
        ('optional' in field && field.optional === true) ||
        (form === 'given' && 'default' in field);
      const schema = schemaOf(field, form);
      return [name, mayBeAbsent ? Type.Optional(schema) : schema];
    }),
  );
}

function schemaOf(field: Field, form: SettingsForm): TSchema {
  switch (field.kind) {
    case 'text':
      return Type.String({ minLength: 1, maxLength: field.lengthMax });
    case 'decimal': {
      const bounds = describeBounds(field);
      const unit = field.unit === 'none' || field.unit === 'scale' ? '' : ` in ${field.unit}`;
      return Type.String({
        pattern: DECIMAL,
        description: `decimal text${unit}${bounds === '' ? '' : `, ${bounds}`}`,
      });
    }
    case 'integer':
      return Type.Integer({ minimum: field.least, maximum: field.most });
    case 'boolean':
      return Type.Boolean();
    case 'choice':
      return Type.Union(
        field.choices.map((choice) => Type.Literal(choice)),
        field.typeName === undefined ? {} : { title: field.typeName },
      );
    case 'symbols':
      return Type.Array(Type.String(), { minItems: field.least, maxItems: field.most });
    case 'group':
      return Type.Object(propertiesOf(field.fields, form), { additionalProperties: false });
    case 'list':
      return Type.Array(schemaOf(field.item, form), {
        minItems: field.least,
        maxItems: field.most,
      });
    case 'variant':
      return Type.Union(
        Object.entries(field.variants).map(([kind, fields]) =>
          Type.Object(
            { kind: Type.Literal(kind), ...propertiesOf(fields, form) },
            { additionalProperties: false },
          ),
        ),
        titleOf(field.typeName, form),
      );
  }
}

/** Values with defaults are of another type as they are given than as they are stored. */
function titleOf(typeName: string | undefined, form: SettingsForm): { readonly title?: string } {
  if (typeName === undefined) return {};
  return { title: form === 'given' ? `${typeName}Given` : typeName };
}
