// SPDX-License-Identifier: Apache-2.0
// Both languages say everything, and nothing is said outside the catalogue.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { englishEditor } from '../src/language/editor-english.ts';
import { germanEditor } from '../src/language/editor-german.ts';
import { english } from '../src/language/english.ts';
import { german } from '../src/language/german.ts';
import { englishKeys } from '../src/language/keys-english.ts';
import { germanKeys } from '../src/language/keys-german.ts';
import { englishLog } from '../src/language/log-english.ts';
import { germanLog } from '../src/language/log-german.ts';
import { loadLanguage, toLanguage } from '../src/language/languages.ts';
import { reasonText } from '../src/language/reason.ts';

const SOURCE = fileURLToPath(new URL('../src', import.meta.url));

/** Words that are the same in both languages. */
const SAME = new Set([
  'nav.bots', 'nav.deals', 'nav.log', 'bots.title', 'bots.column.name', 'deals.title', 'deals.bot', 'deals.instrument',
  'deals.column.deal', 'deals.column.bot', 'deals.column.symbol', 'deals.column.status', 'chart.instrument',
  'chart.openPrice', 'chart.high', 'chart.takeProfitShort', 'chart.stopLossShort', 'deal.orders', 'deal.orderType.limit',
  'deal.column.purpose', 'deal.column.id', 'deal.number', 'deal.title', 'health.process.server', 'health.process.signer',
  'health.process.egress', 'bot.orderType.market', 'bot.orderType.limit', 'palette.group.bots', 'connections.policy', 'nav.policy',
  'connections.asset', 'settings.languageName.en', 'settings.languageName.de', 'settings.zoneName.utc',
  'settings.version', 'settings.desk', 'deal.direction.long', 'deal.direction.short', 
  'deal.lineSide.none', 'preview.column.order', 'preview.column.coin', 'risk.column.bot', 'settings.chartNotice', 'deals.scope.all',
]); // prettier-ignore

const PAIRS = [
  [english, german],
  [englishEditor, germanEditor],
  [englishKeys, germanKeys],
  [englishLog, germanLog],
] as const;

test('[W6] both languages have the same keys', () => {
  for (const [left, right] of PAIRS) {
    assert.deepEqual([...leaves(right).keys()].sort(), [...leaves(left).keys()].sort());
  }
});

test('[W6] no string is empty, and German is not English', () => {
  const inGerman = leaves({ ...german, ...germanEditor });
  const same: string[] = [];
  for (const [key, value] of leaves({ ...english, ...englishEditor })) {
    const other = inGerman.get(key);
    assert.equal(typeof other, typeof value, key);
    if (typeof value !== 'string' || typeof other !== 'string') continue;
    assert.notEqual(value.trim(), '', key);
    assert.notEqual(other.trim(), '', key);
    if (!SAME.has(key) && other === value) same.push(key);
  }
  assert.deepEqual(same, [], 'nothing else is the same in both languages');
});

test('[W6] sentences with parts keep every part in both languages', () => {
  const parts = ['Alpha', 'Bravo', 'Charlie', 'Delta'];
  for (const catalogue of PAIRS.flat()) {
    for (const [key, value] of leaves(catalogue)) {
      if (typeof value !== 'function' || key.startsWith('notes.')) continue;
      const length: unknown = Reflect.get(value, 'length');
      for (const count of [1, 7]) {
        const isCounted = /\bn\.(count|text)\b/.test(String(value));
        const words = parts.slice(0, Number(length));
        const given: unknown[] = words.map((part, index) =>
          isCounted && index === 0 ? { count, text: part } : part,
        );
        const said: unknown = Reflect.apply(value, null, given);
        assert.equal(typeof said, 'string', key);
        const text = String(said);
        assert.ok(!/undefined|\[object/.test(text), `${key}: ${text}`);
        for (const word of words) {
          // A sentence about one thing may name it instead of counting it.
          const mayLack = /\bbots\.(started|stopped|ended|removed)\b/.test(key);
          assert.ok(text.includes(word) || mayLack, `${key} lacks ${word}: ${text}`);
        }
      }
    }
  }
});

test('[W6] components hold no words of their own', () => {
  const found: string[] = [];
  for (const file of files(SOURCE).filter((name) => name.endsWith('.tsx'))) {
    const text = readFileSync(file, 'utf8').replace(/\/\/.*$|\/\*[\s\S]*?\*\//gm, '');
    // Text between tags, and the attributes that people hear or see.
    for (const pattern of [
      /(?<!=)>\s*([A-Z][a-z]+[^<>{}=;]*)</g,
      /\b(?:aria-label|title|placeholder|alt)="([^"]+)"/g,
    ]) {
      for (const [, words = ''] of text.matchAll(pattern)) {
        if (!/^(Kontor|kontor .*)$/.test(words.trim()))
          found.push(`${file.slice(SOURCE.length)}: ${words}`);
      }
    }
  }
  assert.deepEqual(found, []);
});

test('[W6] the language is the chosen one, in the form of the region that the browser prefers', async () => {
  assert.equal(
    toLanguage({ language: 'de', zone: 'utc', hours: 'h23' }, []).name,
    'en',
    'words that are not there yet leave the page in English',
  );
  await loadLanguage('de');
  const rows = [
    [{ language: 'system' }, ['de-AT', 'en-US'], 'de', 'de-AT'],
    [{ language: 'system' }, ['fr-FR', 'en-GB'], 'en', 'en-GB'],
    [{ language: 'system' }, ['fr-FR'], 'en', 'en'],
    [{ language: 'en' }, ['de-DE', 'en-IN'], 'en', 'en-IN'],
    [{ language: 'de' }, ['en-US'], 'de', 'de'],
    [{ language: 'system' }, ['en-US@posix', 'en-GB'], 'en', 'en-GB'],
    [{ language: 'system' }, ['de-CH@posix'], 'de', 'de'],
  ] as const;
  for (const [chosen, preferred, name, locale] of rows) {
    const language = toLanguage({ ...chosen, zone: 'utc', hours: 'h23' }, preferred);
    assert.deepEqual([language.name, language.format.locale], [name, locale]);
  }
});

test('[W163] a per cent sign stands as the language has it, in sentences as in numbers', async () => {
  await loadLanguage('de');
  const inGerman = toLanguage({ language: 'de', zone: 'utc', hours: 'h23' }, ['de-DE']);
  const inEnglish = toLanguage({ language: 'en', zone: 'utc', hours: 'h23' }, ['en-GB']);
  const reason = 'expected at most 20% of what rests within 1.5%, found 600 of 1500';
  assert.match(reasonText(reason, inGerman), /20\u00a0% dessen, was innerhalb von 1,5\u00a0% /);
  assert.deepEqual(
    [inEnglish, inGerman].map(({ format }) => format.exactPercent('0.0125')),
    ['0.0125%', '0,0125\u00a0%'],
  );
  // Sentences of the catalogues, as they are written down.
  const folder = join(SOURCE, 'language');
  const found = readdirSync(folder).flatMap((name) => {
    // What is written in the policy itself stands there as its grammar has it.
    if (name === 'policy-fault-german.ts') return [];
    const wrong = name.includes('german') ? /\d ?%/ : name.includes('english') ? /\d\s%/ : null;
    if (wrong === null) return [];
    const text = readFileSync(join(folder, name), 'utf8').replaceAll('\\u00a0', '\u00a0');
    return text.split('\n').filter((line) => wrong.test(line));
  });
  assert.deepEqual(found, []);
});

type Leaf = string | ((...given: never[]) => unknown);

function leaves(value: object, path = ''): Map<string, Leaf> {
  const found = new Map<string, Leaf>();
  for (const [key, child] of Object.entries(value)) {
    const name = path === '' ? key : `${path}.${key}`;
    if (typeof child === 'string' || typeof child === 'function') found.set(name, child);
    else for (const [inner, leaf] of leaves(child, name)) found.set(inner, leaf);
  }
  return found;
}

function files(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? files(join(folder, entry.name)) : [join(folder, entry.name)],
  );
}
