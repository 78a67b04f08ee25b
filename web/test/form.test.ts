// SPDX-License-Identifier: Apache-2.0
// Drafts of settings: presets that can be started, what is sent, and what is wrong said in the reader's language.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { CONDITION_FIELD, parseSettings, SETTINGS_FIELDS, type BotKind } from '@kontor/core';

import { fieldAt, fieldsOf, sentDraft } from '../src/editor/arrangement.ts';
import {
  draftAt, emptyDraft, emptyFields, isDraftFields, pathText, toDraft, toPath, withDraft,
  type Draft, type DraftFields,
} from '../src/editor/draft.ts'; // prettier-ignore
import { presetsOf } from '../src/editor/presets.ts';
import { fieldErrorText, isToldSentence } from '../src/language/field-error-text.ts';
import { englishEditor } from '../src/language/editor-english.ts';
import { germanEditor } from '../src/language/editor-german.ts';
import { createFormat } from '../src/number/format.ts';
import { arrangementOf, checked, data, presetDraft, presetMarket } from './editor-market.ts';

const KINDS = Object.keys(SETTINGS_FIELDS) as readonly BotKind[];
const ENGLISH = {
  format: createFormat({ locale: 'en-GB', zone: 'utc', hours: 'h23' }),
  text: englishEditor,
};
const GERMAN = {
  format: createFormat({ locale: 'de-DE', zone: 'utc', hours: 'h23' }),
  text: germanEditor,
};

for (const kind of KINDS) {
  test(`[W44] every preset of ${kind} can be started as it is, on every instrument`, () => {
    assert.ok(presetsOf(kind).length > 0);
    for (const { symbol } of data.desk.instruments) {
      for (const { id, make } of presetsOf(kind)) {
        const draft: DraftFields = { ...make(presetMarket(symbol)), name: 'Tried' };
        // What is held is for the reader to say.
        const held = id === 'smartTrade.held' ? { held: { quantity: '30', price: '1.5' } } : {};
        const { errors } = checked(kind, { ...draft, ...held });
        assert.deepEqual(errors, [], `${id} on ${symbol}`);
      }
    }
  });
}

test('[W43] what is not asked is not sent, and what follows is worked out', () => {
  const dca = presetDraft('dca', 'BTCUSDT', {
    startConditions: [toDraft({ kind: 'rsi', interval: '1h' })],
    takeProfitSteps: [
      { profit: '1', share: '50' },
      { profit: '2', share: '50' },
    ],
    stopLossTimeoutSeconds: 60,
  });
  const sent = sentDraft(fieldsOf('dca'), arrangementOf('dca'), dca);
  for (const field of ['startConditions', 'takeProfit', 'stopLossTimeoutSeconds', 'minProfit']) {
    assert.equal(field in sent, false, field);
  }
  assert.ok('takeProfitSteps' in sent);
  const portfolio = sentDraft(fieldsOf('rebalance'), arrangementOf('rebalance'), {
    targets: [{ symbol: 'BTCUSDT' }, { symbol: 'ETHUSDT' }, { symbol: 'BTCUSDT' }, {}],
  });
  assert.deepEqual(portfolio['symbols'], ['BTCUSDT', 'ETHUSDT']);
  const trade = sentDraft(fieldsOf('smartTrade'), arrangementOf('smartTrade'), {
    type: 'long',
    entries: [
      { order: 'market', price: { kind: 'percent', percent: '1' }, waitSeconds: 5, share: '100' },
    ],
  });
  assert.deepEqual(trade['entries'], [{ order: 'market', share: '100' }]);
});

test('[W43] a path leads to its field and its value, through lists, groups and variants', () => {
  const path = toPath('takeProfit[1].price.percent');
  assert.deepEqual(path, ['takeProfit', 1, 'price', 'percent']);
  assert.equal(pathText(path), 'takeProfit[1].price.percent');
  const draft: DraftFields = { takeProfit: [{}, { price: { kind: 'percent', percent: '3' } }] };
  assert.equal(draftAt(draft, path), '3');
  assert.equal(fieldAt(fieldsOf('smartTrade'), draft, path)?.kind, 'decimal');
  assert.equal(fieldAt(fieldsOf('smartTrade'), draft, toPath('takeProfit[1].price.price')), null);
  assert.equal(fieldAt(fieldsOf('smartTrade'), draft, toPath('nothing.here')), null);
  const changed = withDraft(draft, path, '4');
  assert.equal(draftAt(changed, path), '4');
  assert.equal(draftAt(draft, path), '3', 'the draft before is untouched');
  assert.equal(draftAt(withDraft(draft, path, undefined), path), undefined);
});

test('[W43] what a new field begins with is what the machine would take', () => {
  for (const [kind, variant] of Object.entries(CONDITION_FIELD.variants)) {
    const parsed = parseSettings({
      kind: 'dca',
      ...presetDraft('dca', 'BTCUSDT', { startTrigger: 'conditions' }),
      startConditions: [{ kind, ...emptyFields(variant) }],
    });
    assert.ok(parsed.ok, `${kind}: ${JSON.stringify(parsed)}`);
  }
  const first = emptyDraft(CONDITION_FIELD);
  assert.ok(isDraftFields(first));
  assert.equal(first['kind'], 'rsi');
});

interface Wrong {
  readonly kind: BotKind;
  readonly changes: DraftFields;
  readonly field: string;
  readonly english: string;
  readonly german: string;
}

const WRONG: readonly Wrong[] = [
  { kind: 'dca', changes: { baseOrderVolume: undefined }, field: 'baseOrderVolume', english: 'This is needed.', german: 'Das wird gebraucht.' },
  { kind: 'dca', changes: { baseOrderVolume: '-1' }, field: 'baseOrderVolume', english: 'A number, more than 0.', german: 'Eine Zahl, mehr als 0.' },
  { kind: 'dca', changes: { volumeScale: '11.5' }, field: 'volumeScale', english: 'A number, at least 0.1, at most 10.', german: 'Eine Zahl, mindestens 0,1, höchstens 10.' },
  { kind: 'dca', changes: { volumeScale: '1.12345' }, field: 'volumeScale', english: 'At most 4 digits after the point.', german: 'Höchstens 4 Stellen nach dem Komma.' },
  { kind: 'dca', changes: { takeProfit: { typed: '1,500' } }, field: 'takeProfit', english: 'This could be 1500 or 1.500. Write it without grouping.', german: 'Eine Zahl, mehr als 0, höchstens 1.000.' },
  { kind: 'dca', changes: { takeProfit: { typed: 'x' } }, field: 'takeProfit', english: 'A number is needed here.', german: 'Hier wird eine Zahl gebraucht.' },
  { kind: 'dca', changes: { maxActiveDeals: { typed: '1.5' } }, field: 'maxActiveDeals', english: 'A whole number from 1 to 199.', german: 'Eine ganze Zahl von 1 bis 199.' },
  { kind: 'dca', changes: { name: 'x'.repeat(81) }, field: 'name', english: '1 to 80 characters.', german: '1 bis 80 Zeichen.' },
  { kind: 'dca', changes: { symbols: [] }, field: 'symbols', english: '1 to 200 instruments.', german: '1 bis 200 Instrumente.' },
  { kind: 'dca', changes: { symbols: ['DOGEUSDT'] }, field: 'symbols', english: 'This desk does not trade DOGEUSDT.', german: 'Dieses Desk handelt DOGEUSDT nicht.' },
  { kind: 'dca', changes: { maxActiveSafetyOrders: 9 }, field: 'maxActiveSafetyOrders', english: 'From 1 to 6: not more than there are safety orders.', german: 'Von 1 bis 6: nicht mehr, als es Nachkauforders gibt.' },
  { kind: 'dca', changes: { startTrigger: 'conditions' }, field: 'startConditions', english: 'At least one condition.', german: 'Mindestens eine Bedingung.' },
  { kind: 'dca', changes: { startTrigger: 'conditions', startConditions: [{ kind: 'maCross', interval: '1h', average: 'ema', fastPeriod: 50, slowPeriod: 20, comparison: 'above' }] }, field: 'startConditions[0].fastPeriod', english: 'Less than 20.', german: 'Weniger als 20.' },
  { kind: 'dca', changes: { maxSafetyOrders: 40, stepScale: '1.5' }, field: 'safetyOrderStep', english: 'The last safety order would stand ', german: 'Die letzte Nachkauforder stünde ' },
  { kind: 'dca', changes: { stopLoss: '2' }, field: 'stopLoss', english: 'The stop would act before the last safety order, which stands ', german: 'Der Stopp käme vor der letzten Nachkauforder, die ' },
  { kind: 'dca', changes: { takeProfit: undefined }, field: 'takeProfit', english: 'A take profit is needed, or another way', german: 'Ein Take-Profit wird gebraucht oder ein anderes Ende' },
  { kind: 'dca', changes: { takeProfit: undefined, takeProfitSteps: [{ profit: '1', share: '30' }, { profit: '2', share: '50' }] }, field: 'takeProfitSteps', english: 'All shares together must make 100%. These make 80%.', german: 'Alle Anteile zusammen müssen 100 % ergeben. Diese ergeben 80 %.' },
  { kind: 'dca', changes: { takeProfit: undefined, takeProfitSteps: [{ profit: '2', share: '50' }, { profit: '1', share: '50' }] }, field: 'takeProfitSteps[1].profit', english: 'Each target must be farther than the one before.', german: 'Jedes Ziel muss weiter entfernt sein als das davor.' },
  { kind: 'dca', changes: { trailingDeviation: '5' }, field: 'trailingDeviation', english: 'Less than 1.5%.', german: 'Weniger als 1,5 %.' },
  { kind: 'dca', changes: { minPrice: '10', maxPrice: '9' }, field: 'maxPrice', english: 'More than 10.', german: 'Mehr als 10.' },
  { kind: 'dca', changes: { baseOrderVolume: '1' }, field: 'baseOrderVolume', english: 'BTCUSDT needs a value of at least 5. This comes to ', german: 'BTCUSDT verlangt einen Wert von mindestens 5. Hier sind es ' },
  { kind: 'dca', changes: { safetyOrderVolume: '1' }, field: 'safetyOrderVolume', english: 'BTCUSDT needs a value of at least 5. Safety order 1 comes to ', german: 'BTCUSDT verlangt einen Wert von mindestens 5. Bei Nachkauforder 1 sind es ' },
  { kind: 'dca', changes: { baseOrderVolumeType: 'percent', baseOrderVolume: '80', safetyOrderVolumeType: 'percent', safetyOrderVolume: '10' }, field: 'safetyOrderVolume', english: 'Shares may make at most 100%. These make ', german: 'Anteile ergeben höchstens 100 %. Diese ergeben ' },
  { kind: 'grid', changes: { upperPrice: '10' }, field: 'upperPrice', english: 'A price above 86,', german: 'Ein Preis über 86.' },
  { kind: 'grid', changes: { trailingDown: true }, field: 'trailingDown', english: 'Only with lines that are equal in coins.', german: 'Nur mit Linien, die in Coins gleich sind.' },
  { kind: 'grid', changes: { lines: 200 }, field: 'lines', english: 'Between two lines -', german: 'Zwischen zwei Linien blieben nach Gebühren -' },
  { kind: 'grid', changes: { quantityPerLine: '1' }, field: 'quantityPerLine', english: 'BTCUSDT needs a value of at least 5. Line 1 comes to ', german: 'BTCUSDT verlangt einen Wert von mindestens 5. Bei Linie 1 sind es ' },
  { kind: 'grid', changes: { lowerStop: { price: '99000', action: 'stop' } }, field: 'lowerStop.price', english: 'A price below ', german: 'Ein Preis unter ' },
  { kind: 'smartTrade', changes: { entries: [{ order: 'limit', share: '100' }] }, field: 'entries[0].price', english: 'A limit order needs a price.', german: 'Eine Limit-Order braucht einen Preis.' },
  { kind: 'smartTrade', changes: { takeProfit: [{ price: { kind: 'percent', percent: '3' }, order: 'limit', source: 'own', share: '40' }] }, field: 'takeProfit[0].share', english: 'All shares together must make 100%. These make 40%.', german: 'Alle Anteile zusammen müssen 100 % ergeben. Diese ergeben 40 %.' },
  { kind: 'smartTrade', changes: { stopLoss: { price: { kind: 'percent', percent: '3' }, breakEven: true } }, field: 'stopLoss.breakEven', english: 'Needs at least two targets', german: 'Braucht mindestens zwei Ziele' },
  { kind: 'smartTrade', changes: { size: { kind: 'quote', amount: '1' } }, field: 'size', english: 'BTCUSDT needs a value of at least 5. This comes to ', german: 'BTCUSDT verlangt einen Wert von mindestens 5. Hier sind es ' },
  { kind: 'smartTrade', changes: { stopLoss: { price: { kind: 'price', price: '99000.123' } } }, field: 'stopLoss.price.price', english: 'The exchange takes prices in steps of 0.01.', german: 'Die Börse nimmt Preise in Schritten von 0,01.' },
  { kind: 'signal', changes: { takeProfit: [{ price: { kind: 'price', price: '100' }, share: '100' }] }, field: 'takeProfit[0].price', english: 'In percent only', german: 'Nur in Prozent' },
  { kind: 'signal', changes: { onOpposite: 'reverse' }, field: 'onOpposite', english: 'Only where both directions may be opened.', german: 'Nur, wenn beide Richtungen geöffnet werden dürfen.' },
  { kind: 'rebalance', changes: { threshold: undefined }, field: 'threshold', english: 'A threshold or a number of hours is needed.', german: 'Eine Schwelle oder eine Zahl von Stunden wird gebraucht.' },
  { kind: 'rebalance', changes: { investment: '15' }, field: 'investment', english: 'BTCUSDT needs a value of at least 5. Its share comes to ', german: 'BTCUSDT verlangt einen Wert von mindestens 5. Sein Anteil ergibt ' },
  { kind: 'rebalance', changes: { targets: [{ symbol: 'BTCUSDT', share: '60' }, { symbol: 'BTCUSDT', share: '40' }] }, field: 'targets[1].symbol', english: 'Each coin once.', german: 'Jeder Coin nur einmal.' },
  { kind: 'rebalance', changes: { targets: [{ symbol: 'BTCUSDT', share: '60' }, { symbol: 'ETHUSDT', share: '50' }] }, field: 'targets', english: 'Shares may make at most 100%. These make 110%.', german: 'Anteile ergeben höchstens 100 %. Diese ergeben 110 %.' },
]; // prettier-ignore

test('[W45] what is wrong is said at its field, in both languages', () => {
  const failed: string[] = [];
  for (const { kind, changes, field, english, german } of WRONG) {
    const draft = Object.fromEntries(
      Object.entries({ ...presetDraft(kind, 'BTCUSDT'), ...changes }).filter(
        ([, value]) => value !== undefined,
      ),
    );
    const found = checked(kind, draft);
    const error = found.errors.find((each) => each.field === field);
    const what = `${kind} ${JSON.stringify(changes)}`;
    if (error === undefined) {
      failed.push(`${what}: no error at ${field} but ${JSON.stringify(found.errors)}`);
      continue;
    }
    const path = toPath(field);
    const wrong = {
      error,
      field: fieldAt(fieldsOf(kind), draft, path),
      draft: draftAt(draft, path) as Draft,
    };
    const said = [ENGLISH, GERMAN].map((speaker) =>
      fieldErrorText(wrong, speaker).replaceAll('\u00a0', ' '),
    );
    if (said[0]?.startsWith(english) !== true) failed.push(`${what}: ${said[0]} (${english})`);
    if (said[1]?.startsWith(german) !== true) failed.push(`${what}: ${said[1]} (${german})`);
  }
  assert.deepEqual(failed, []);
});

test('[W45] a sentence that the page does not know is said as it came', () => {
  const error = { field: 'name', expected: 'something newer', found: '7' };
  assert.equal(isToldSentence(error.expected), false);
  assert.equal(
    fieldErrorText({ error, field: null, draft: undefined }, ENGLISH),
    'Expected something newer, found 7.',
  );
});
