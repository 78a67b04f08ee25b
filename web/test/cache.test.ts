// SPDX-License-Identifier: Apache-2.0
// How live messages change what the page has read.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  mergeBots, mergeCandles, mergeDealRows, mergeNotes, mergeRunningDeals, NOTES_KEPT, toDealRow, toDealRowPage,
  type DealFilter, type DealRowData,
} from '../src/api/cache.ts'; // prettier-ignore
import { foldCandles } from '../src/api/candle-book.ts';
import type { CandleRow } from '../src/api/live.ts';
import type { Deal, Note } from '../src/api/types.ts';
import { makeFixtureData } from './fixture-data.ts';

const data = makeFixtureData(42);
const ALL: DealFilter = { scope: 'all', botId: null, symbol: null };
const OPEN: DealFilter = { scope: 'open', botId: null, symbol: null };

test('[W14] a changed deal stays where it is, a closed one leaves the running deals, a new one comes first', () => {
  const running = data.deals.filter((deal) => deal.closedAt === null);
  const [first, second] = running;
  assert.ok(first && second);
  const fresh: Deal = { ...first, id: '9-1', openedAt: first.openedAt + 1 };
  const merged = mergeRunningDeals(
    running,
    byId([
      { ...second, unrealisedProfit: '9' },
      { ...first, status: 'completed', closedAt: 1 },
      fresh,
    ]),
  );
  assert.equal(merged[0]?.id, '9-1');
  assert.equal(merged.find((deal) => deal.id === second.id)?.unrealisedProfit, '9');
  assert.equal(
    merged.some((deal) => deal.id === first.id),
    false,
  );
  assert.equal(merged.length, running.length);
});

test('[W14] rows of the deal list follow the filter they were read by', () => {
  const open = data.deals.filter((deal) => deal.closedAt === null);
  const before = pages(open);
  const [first] = open;
  assert.ok(first);
  const closed = mergeDealRows(
    before,
    OPEN,
    byId([{ ...first, status: 'completed', closedAt: 5 }]),
  );
  assert.equal(closed.pages[0]?.total, open.length - 1);
  assert.equal(rowIds(closed).includes(first.id), false);
  const fresh = mergeDealRows(
    before,
    OPEN,
    byId([{ ...first, id: '9-9', openedAt: first.openedAt + 9 }]),
  );
  assert.equal(rowIds(fresh)[0], '9-9');
  assert.equal(fresh.pages[0]?.total, open.length + 1);
  const other = mergeDealRows(
    before,
    { ...OPEN, botId: '1' },
    byId([{ ...first, id: '8-1', botId: '8' }]),
  );
  assert.equal(rowIds(other).includes('8-1'), false, 'another bot’s deal does not enter');
  assert.equal(other, before, 'what does not concern the list leaves it as it is');
});

test('[W14] a deal that may stand on a page not yet loaded does not come twice', () => {
  const [newest, ...rest] = data.deals;
  assert.ok(newest);
  const half = pages(rest.slice(0, 10), 'more');
  const late = rest[20];
  assert.ok(late);
  assert.equal(rowIds(mergeDealRows(half, ALL, byId([late]))).includes(late.id), false);
  assert.equal(rowIds(mergeDealRows(half, ALL, byId([newest])))[0], newest.id);
});

test('[W14] a table row carries what the table shows and not the rest', () => {
  const deal = data.deals.find((each) => each.orders.some((order) => order.state === 'rejected'));
  assert.ok(deal);
  const row = toDealRow(deal);
  assert.equal(row.hasRefusal, true);
  assert.equal(row.safetyOrders, deal.ladder.length - 1);
  assert.equal('orders' in row || 'fills' in row || 'ladder' in row, false);
});

test('[W14] notes are newest first, each once, and not more than the page keeps', () => {
  const known = data.notes.slice(0, 3);
  const again = known[1];
  assert.ok(again);
  const merged = mergeNotes(known, [note(1_000_000), again, note(1_000_001)]);
  assert.deepEqual(
    merged.map((each) => each.sequence),
    [1_000_001, 1_000_000, ...known.map((each) => each.sequence)],
  );
  assert.equal(
    mergeNotes(
      [],
      Array.from({ length: 900 }, (_, index) => note(index)),
    ).length,
    NOTES_KEPT,
  );
});

test('[W14] a changed bot keeps its place, a new one goes to the end', () => {
  const [first] = data.bots;
  assert.ok(first);
  const merged = mergeBots(
    data.bots,
    new Map([
      [first.id, { ...first, state: 'stopped' }],
      ['99', { ...first, id: '99' }],
    ]),
  );
  assert.equal(merged[0]?.state, 'stopped');
  assert.equal(merged.at(-1)?.id, '99');
});

test('[W15] a running candle is replaced, the next one appended', () => {
  const rows: CandleRow[] = [row(0, '1'), row(60_000, '2')];
  const merged = mergeCandles(
    rows,
    new Map([
      [60_000, row(60_000, '3')],
      [120_000, row(120_000, '4')],
    ]),
  );
  assert.deepEqual(
    merged.map((each) => each[4]),
    ['1', '3', '4'],
  );
});

test('[W15] longer candles grow by one-minute candles, volume counted once', () => {
  const FIVE = 300_000;
  const read: CandleRow[] = [[0, '10', '12', '9', '11', '100']];
  // 00:02 was running when the candles were read: its volume counts from here on.
  let state = foldCandles(read, FIVE, minutes([120_000, '11', '13', '10.5', '12', '7.5']), null);
  assert.deepEqual(state.rows.at(-1), [0, '10', '13', '9', '12', '100.0']);
  state = foldCandles(
    state.rows,
    FIVE,
    minutes([120_000, '11', '13', '8', '9', '9.25']),
    state.counted,
  );
  assert.deepEqual(state.rows.at(-1), [0, '10', '13', '8', '9', '101.75']);
  state = foldCandles(
    state.rows,
    FIVE,
    minutes([180_000, '9', '9.5', '9', '9.2', '4']),
    state.counted,
  );
  assert.deepEqual(state.rows.at(-1), [0, '10', '13', '8', '9.2', '105.75']);
  state = foldCandles(
    state.rows,
    FIVE,
    minutes([240_000, '9', '9', '9', '9', '1'], [300_000, '9', '9.9', '8.9', '9.4', '2']),
    state.counted,
  );
  assert.deepEqual(
    state.rows.map((each) => each[5]),
    ['106.75', '2'],
  );
  assert.deepEqual(state.rows.at(-1), [300_000, '9', '9.9', '8.9', '9.4', '2']);
  assert.equal(state.hasHole, false);
});

test('[W15] minutes missing from the stream are a hole', () => {
  const read: CandleRow[] = [[0, '10', '12', '9', '11', '100']];
  const first = foldCandles(read, 300_000, minutes([60_000, '1', '1', '1', '1', '1']), null);
  assert.equal(first.hasHole, false);
  const next = foldCandles(
    first.rows,
    300_000,
    minutes([240_000, '1', '1', '1', '1', '1']),
    first.counted,
  );
  assert.equal(next.hasHole, true);
});

function byId(deals: readonly Deal[]): ReadonlyMap<string, Deal> {
  return new Map(deals.map((deal) => [deal.id, deal]));
}

function pages(deals: readonly Deal[], nextCursor: string | null = null): DealRowData {
  return {
    pages: [toDealRowPage({ deals: [...deals], nextCursor, total: deals.length })],
    pageParams: [null],
  };
}

function rowIds(rows: DealRowData): readonly string[] {
  return rows.pages.flatMap((page) => page.rows.map((each) => each.id));
}

function note(sequence: number): Note {
  return {
    sequence,
    botId: '1',
    dealId: '1-1',
    time: sequence,
    kind: 'closeRequested',
    values: {},
  };
}

function row(time: number, close: string): CandleRow {
  return [time, '1', '5', '0', close, '1'];
}

function minutes(...rows: readonly CandleRow[]): ReadonlyMap<number, CandleRow> {
  return new Map(rows.map((each) => [each[0], each]));
}
