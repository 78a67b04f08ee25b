// SPDX-License-Identifier: Apache-2.0
// What the page works out itself: the most a bot can cost, a deal's lines on a chart, the CSV export, the order of rows.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { toDealRow } from '../src/api/cache.ts';
import type { Deal } from '../src/api/types.ts';
import { intervalFor, parseInterval } from '../src/chart/intervals.ts';
import { dealLevels, dealMarks, type LevelWords } from '../src/chart/levels.ts';
import { dealCsv } from '../src/deal-csv.ts';
import { english } from '../src/language/english.ts';
import { dealNumber, withParameters } from '../src/paths.ts';
import { parsePreferences } from '../src/preferences.ts';
import { parseSort, sortText } from '../src/sort-text.ts';
import { makeFixtureData } from './fixture-data.ts';

const data = makeFixtureData(42);
const WORDS: LevelWords = {
  text: english,
  price: (text) => text,
  quantity: (text) => text,
  time: String,
};

test('[W17] a running deal shows its orders, average, break-even, exits; a closed one its average', () => {
  const deal = data.deals.find((each) => each.id === '4-9');
  assert.ok(deal);
  const levels = dealLevels(deal, WORDS);
  assert.deepEqual(
    levels.map((level) => `${level.kind} ${level.name}`),
    [
      'average Average',
      'breakEven Break-even',
      'takeProfit Take profit',
      'order Safety 3',
      'order Safety 4',
      'order Safety 5',
      'refused Safety 6',
      'refused Safety 7',
    ],
  );
  const third = levels.find((level) => level.name === 'Safety 3');
  const step = deal.ladder.find((each) => each.index === 3);
  assert.equal(third?.priceText, step?.price);
  assert.equal(third?.quantityText, step?.quantity);
  assert.equal(third?.price, Number(step?.price));
  const closed = data.deals.find((each) => each.closedAt !== null);
  assert.ok(closed);
  assert.deepEqual(
    dealLevels(closed, WORDS).map((level) => level.kind),
    ['average'],
  );
});

test('[W17] a closing sale shows as an order, and lines of several deals are told apart', () => {
  const deal = data.deals.find((each) => each.id === '4-9');
  const model = deal?.orders[0];
  assert.ok(deal && model);
  const closing: Deal = {
    ...deal,
    orders: [
      ...deal.orders,
      { ...model, clientOrderId: 'x', purpose: 'close', side: 'sell', state: 'open' },
    ],
  };
  const levels = dealLevels(closing, WORDS, '#9 ');
  assert.ok(levels.some((level) => level.kind === 'order' && level.name === '#9 Close'));
  assert.equal(
    levels.some((level) => level.kind === 'breakEven'),
    false,
  );
});

test('[W17] every fill is a mark at its own price and time', () => {
  const deal = data.deals.find((each) => each.id === '4-9');
  assert.ok(deal);
  const marks = dealMarks(deal, WORDS);
  assert.equal(marks.length, deal.fills.length);
  assert.equal(marks[0]?.price, Number(deal.fills[0]?.price));
  assert.match(marks[0]?.label ?? '', /^Base order: Bought .* at .*/);
});

test('[W18] the CSV holds raw numbers and ISO times, one line a deal', () => {
  const rows = data.deals.slice(0, 3).map(toDealRow);
  const lines = dealCsv(rows).trimEnd().split('\r\n');
  assert.equal(lines.length, 4);
  assert.match(lines[0] ?? '', /^deal,bot,symbol,status,reason,openedAt,closedAt,/);
  const [first] = rows;
  assert.ok(lines[1]?.startsWith(`${first?.id},${first?.botName},${first?.symbol},`));
  assert.ok(lines[1]?.includes(new Date(first?.openedAt ?? 0).toISOString()));
});

test('[W18] the CSV quotes what needs it and lets no text run as a formula', () => {
  const [model] = data.deals.map(toDealRow);
  assert.ok(model);
  const named = (botName: string): string =>
    dealCsv([{ ...model, botName }])
      .split('\r\n')[1]
      ?.slice(model.id.length + 1) ?? '';
  assert.ok(named('a, b').startsWith('"a, b",'));
  assert.ok(named('say "hi"').startsWith('"say ""hi""",'));
  assert.ok(named('=HYPERLINK("x")').startsWith('"\'=HYPERLINK(""x"")",'));
  assert.ok(named('+1').startsWith("'+1,"));
  assert.ok(named('@x').startsWith("'@x,"));
  assert.ok(
    dealCsv([{ ...model, realisedProfit: '-3.5' }]).includes(',-3.5,'),
    'numbers stay numbers',
  );
});

test('[W19] an order of rows and its text in the address are one', () => {
  const fallback = { column: 'opened', isDescending: true };
  assert.deepEqual(parseSort(null, fallback), fallback);
  assert.deepEqual(parseSort('profit', fallback), { column: 'profit', isDescending: false });
  assert.deepEqual(parseSort('-profit', fallback), { column: 'profit', isDescending: true });
  assert.equal(sortText(fallback, fallback), null);
  for (const text of ['profit', '-profit', 'opened']) {
    assert.equal(sortText(parseSort(text, fallback), fallback), text);
  }
});

test('[W19] addresses keep their other parameters', () => {
  assert.equal(
    withParameters('/deals', '?scope=open&bot=1', { bot: '2' }),
    '/deals?scope=open&bot=2',
  );
  assert.equal(withParameters('/deals', '?scope=open', { scope: null }), '/deals');
  assert.equal(withParameters('/deals', '', { filter: 'a b&c' }), '/deals?filter=a+b%26c');
  assert.equal(dealNumber('12-345'), '345');
});

test('[W19] stored preferences that make no sense fall back one by one', () => {
  const fallback = { language: 'system', theme: 'system', zone: 'local', hours: 'system' };
  assert.deepEqual(parsePreferences(null), fallback);
  assert.deepEqual(parsePreferences('not json'), fallback);
  assert.deepEqual(parsePreferences('[1]'), fallback);
  assert.deepEqual(parsePreferences('{"theme":"dark","language":"fr","zone":7}'), {
    ...fallback,
    theme: 'dark',
  });
});

test('[W17] a deal gets the interval that shows it in a few hundred candles', () => {
  const hour = 3_600_000;
  assert.equal(intervalFor(hour), '1m');
  assert.equal(intervalFor(18 * hour), '5m');
  assert.equal(intervalFor(40 * 24 * hour), '4h');
  assert.equal(intervalFor(4_000 * 24 * hour), '1d');
  assert.equal(parseInterval('15m'), '15m');
  assert.equal(parseInterval('7m'), '1m');
});
