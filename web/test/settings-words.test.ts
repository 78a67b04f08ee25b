// SPDX-License-Identifier: Apache-2.0
// Every field of every kind of bot has its name, its help and its choices in both languages, and a place in its form.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { RISK_LIMIT_FIELDS, SETTINGS_FIELDS, type Field, type Fields } from '@kontor/core';

import { completeArrangement, type Arrangement } from '../src/editor/arrangement.ts';
import { ARRANGEMENTS } from '../src/editor/arrangements.ts';
import { presetsOf } from '../src/editor/presets.ts';
import { englishSettings } from '../src/language/settings-english.ts';
import { germanSettings } from '../src/language/settings-german.ts';
import {
  choiceWord, fieldWords, findFieldWords,
  type FieldWords, type SettingsWords,
} from '../src/language/settings-words.ts'; // prettier-ignore

const LANGUAGES: readonly (readonly [string, SettingsWords])[] = [
  ['English', englishSettings],
  ['German', germanSettings],
];

/** Words that are the same in both languages. */
const SAME = new Set([
  'Name', 'Instrument', 'Order', 'RSI', 'MACD', 'Supertrend', 'Bollinger %B', 'Parabolic SAR', 'Limit', 'Trend',
  'limit', 'Coin', 'long', 'short', 'Smart Trade', 'Portfolio', '1 minute', 'Ultimate Oscillator', 'Coins', 'MFI', 'MA',
]); // prettier-ignore

const KINDS = Object.entries(SETTINGS_FIELDS) as readonly (readonly [
  keyof typeof SETTINGS_FIELDS,
  Fields,
])[];

interface Described {
  readonly path: readonly string[];
  readonly field: Field;
}

/** Every field that `fields` describe, at any depth; variants by each of their kinds. */
function described(fields: Fields, path: readonly string[]): Described[] {
  return Object.entries(fields).flatMap(([name, field]) => {
    const at = [...path, name];
    return [{ path: at, field }, ...within(field, at)];
  });
}

function within(field: Field, at: readonly string[]): Described[] {
  switch (field.kind) {
    case 'group':
      return described(field.fields, at);
    case 'list':
      return within(field.item, at);
    case 'variant':
      return Object.entries(field.variants).flatMap(([kind, inside]) =>
        described(inside, [...at, kind]),
      );
    default:
      return [];
  }
}

function choicesOf(field: Field): readonly string[] {
  if (field.kind === 'choice') return field.choices;
  if (field.kind === 'variant') return Object.keys(field.variants);
  return field.kind === 'list' ? choicesOf(field.item) : [];
}

const ALL: readonly Described[] = [
  ...KINDS.flatMap(([kind, fields]) => described(fields, [kind])),
  ...described(RISK_LIMIT_FIELDS, ['risk']),
];

for (const [language, words] of LANGUAGES) {
  test(`[W42] every field has a name in ${language}, and every choice of it a word`, () => {
    assert.ok(ALL.length > 150, 'the machine describes its fields');
    const missing: string[] = [];
    for (const { path, field } of ALL) {
      const name = path.join('.');
      const found = findFieldWords(words, path);
      if (found === null || found.name.trim() === '') {
        missing.push(name);
        continue;
      }
      if (found.help?.trim() === '') missing.push(`${name}: help`);
      for (const choice of choicesOf(field)) {
        if ((found.choices?.[choice] ?? '').trim() === '') missing.push(`${name}: ${choice}`);
      }
      const isList = field.kind === 'list' && (found.item ?? '').trim() === '';
      if (isList) missing.push(`${name}: item`);
    }
    assert.deepEqual(missing, []);
  });

  test(`[W42] every kind of bot, question and preset has its words in ${language}`, () => {
    for (const [kind] of KINDS) {
      assert.ok((words.kinds[kind]?.name ?? '') !== '', kind);
      assert.match(words.kinds[kind]?.sentence ?? '', /\.$/, kind);
      for (const { id } of presetsOf(kind)) {
        assert.ok((words.presets[id]?.name ?? '') !== '', id);
        assert.match(words.presets[id]?.sentence ?? '', /\.$/, id);
      }
    }
    for (const [name, title] of Object.entries(words.sections)) assert.ok(title !== '', name);
  });
}

test('[W42] no words are left over, and both languages name the same', () => {
  assert.deepEqual(
    Object.keys(germanSettings.fields).sort(),
    Object.keys(englishSettings.fields).sort(),
  );
  assert.deepEqual(
    Object.keys(germanSettings.presets).sort(),
    Object.keys(englishSettings.presets).sort(),
  );
  const used = new Set<FieldWords | null>(
    ALL.map(({ path }) => findFieldWords(englishSettings, path)),
  );
  const idle = Object.entries(englishSettings.fields).filter(([, each]) => !used.has(each));
  assert.deepEqual(
    idle.map(([key]) => key),
    [],
  );
  for (const [key, each] of Object.entries(englishSettings.fields)) {
    const german = germanSettings.fields[key];
    assert.deepEqual(
      Object.keys(german?.choices ?? {}).sort(),
      Object.keys(each.choices ?? {}).sort(),
      key,
    );
    assert.equal(german?.help === undefined, each.help === undefined, key);
    if (!SAME.has(each.name)) assert.notEqual(german?.name, each.name, key);
  }
});

test('[W42] the longest path decides, and what has no words is called by its own name', () => {
  assert.equal(
    fieldWords(englishSettings, ['dca', 'startConditions', 'rsi', 'period']).name,
    'Period',
  );
  assert.equal(
    fieldWords(englishSettings, ['dca', 'startConditions', 'bollinger', 'value']).help,
    '0 is the lower band, 1 the upper.',
  );
  const unknown = fieldWords(englishSettings, ['dca', 'somethingNewer']);
  assert.equal(unknown.name, 'Something newer');
  assert.equal(choiceWord(unknown, 'twoWords'), 'Two words');
});

test('[W43] every field of every kind has exactly one place among the questions', () => {
  for (const [kind, fields] of KINDS) {
    const given: Arrangement | undefined = ARRANGEMENTS[kind];
    assert.ok(given, `${kind} is arranged`);
    const complete = completeArrangement(fields, given);
    assert.equal(complete, given, `${kind} leaves nothing to the end`);
    const placed = complete.sections.flatMap(({ places, advanced = [] }) =>
      [...places, ...advanced].flatMap(({ field, unitFrom }) =>
        unitFrom === undefined ? [field] : [field, unitFrom],
      ),
    );
    assert.equal(new Set(placed).size, placed.length, `${kind} asks twice`);
    const derived = Object.keys(complete.errorsOf ?? {});
    assert.deepEqual([...placed, ...derived].sort(), Object.keys(fields).sort(), kind);
    for (const [path, places] of Object.entries(complete.groups ?? {})) {
      const found = ALL.find((each) => each.path.join('.') === `${kind}.${path}`);
      if (found === undefined) continue;
      const inside = found.field.kind === 'list' ? found.field.item : found.field;
      assert.ok(inside.kind === 'group', path);
      assert.deepEqual(
        places.map(({ field }) => field).sort(),
        Object.keys(inside.fields).sort(),
        `${kind}.${path}`,
      );
    }
  }
});

test('[W43] a kind that nobody arranged shows what must be said first, and the rest folded', () => {
  const fields: Fields = {
    name: { kind: 'text', lengthMax: 80 },
    mood: { kind: 'choice', choices: ['calm', 'wild'], default: 'calm' },
    extra: { kind: 'decimal', unit: 'none', decimals: 2, optional: true },
    size: { kind: 'decimal', unit: 'quote', decimals: 8, above: 0 },
  };
  const { sections } = completeArrangement(fields, null);
  assert.deepEqual(sections, [
    {
      name: 'settings',
      places: [{ field: 'name' }, { field: 'size' }],
      advanced: [{ field: 'mood' }, { field: 'extra' }],
    },
  ]);
  const some = completeArrangement(fields, {
    sections: [{ name: 'what', places: [{ field: 'name' }] }],
  });
  assert.deepEqual(some.sections.at(-1), {
    name: 'more',
    places: [],
    advanced: [{ field: 'mood' }, { field: 'extra' }, { field: 'size' }],
  });
});
