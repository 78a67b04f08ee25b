// SPDX-License-Identifier: Apache-2.0
// The preview beside a form says what the trading machine says, and nothing of its own.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  parsePrice, planOf, previewGrid, previewLadder, previewRebalance, previewTrade,
  type DcaSettings, type GridSettings, type RebalanceSettings, type SignalSettings, type SmartTradeSettings,
} from '@kontor/core'; // prettier-ignore

import { marketOf } from '../src/editor/check-draft.ts';
import type { Preview } from '../src/editor/preview/preview.ts';
import { previewOf } from '../src/editor/preview/preview-of.ts';
import { english } from '../src/language/english.ts';
import { englishEditor } from '../src/language/editor-english.ts';
import { createFormat } from '../src/number/format.ts';
import { market, presetDraft, settingsOf } from './editor-market.ts';

const FREE: Readonly<Record<string, string>> = { USDT: '8000.5', BTC: '0.5' };
const NO_FUNDS = { base: 50_000_000n, quote: 800_050_000_000n };
const CONTEXT = {
  market,
  format: createFormat({ locale: 'en-GB', zone: 'utc', hours: 'h23' }),
  text: englishEditor,
  words: english,
};

function preview(
  settings: Parameters<typeof previewOf>[0],
  free: Readonly<Record<string, string>> = FREE,
  symbol = 'BTCUSDT',
): Preview {
  const made = previewOf(settings, { ...CONTEXT, symbol, free: (asset) => free[asset] ?? '0' });
  assert.ok(made);
  return made;
}

function priceOf(symbol: string) {
  const instrument = market.instruments.get(symbol);
  assert.ok(instrument);
  const price = parsePrice(instrument, market.lastPrice(symbol) ?? '');
  assert.ok(price.ok);
  return { instrument, price: price.value };
}

/** Numbers of a text without grouping, so that they can be compared with the machine's. */
const plain = (text: string | undefined): string => (text ?? '').replaceAll(',', '');

test('[W46] a DCA bot: needs, coverage, break-even, take profit, stop and every row are the machine’s', () => {
  const settings = settingsOf<DcaSettings>(
    'dca',
    presetDraft('dca', 'BTCUSDT', { stopLoss: '20', maxActiveDeals: 3 }),
  );
  const { instrument, price } = priceOf('BTCUSDT');
  const ladder = previewLadder(settings, instrument, price, market.feeRatePpm, NO_FUNDS);
  const shown = preview(settings);
  const figures = new Map(shown.figures.map((figure) => [figure.id, plain(figure.value)]));
  const last = ladder.safetyOrders.at(-1);
  assert.ok(last);
  assert.equal(figures.get('coverage'), `${Number(ladder.coverage).toFixed(2)}%`);
  assert.equal(figures.get('breakEven'), Number(last.breakEven).toFixed(2));
  assert.equal(figures.get('takeProfit'), ladder.baseOrder.takeProfit);
  assert.equal(figures.get('rise'), `${Number(last.moveToTakeProfit).toFixed(2)}%`);
  assert.equal(shown.funds.length, 1);
  const [funds] = shown.funds;
  assert.equal(funds?.asset, 'USDT');
  assert.equal(funds?.perDeal, ladder.requiredQuote);
  assert.equal(Number(funds?.required).toFixed(6), (Number(ladder.requiredQuote) * 3).toFixed(6));
  assert.equal(funds?.missing, null);
  const rows = shown.table?.rows.map((row) => [plain(row[2]), plain(row[3])]);
  const expected = [ladder.baseOrder, ...ladder.safetyOrders].map((row) => [
    row.price,
    row.quantity,
  ]);
  assert.deepEqual(rows, expected);
  const lines = shown.levels.map((level) => [level.kind, level.price]);
  for (const row of ladder.safetyOrders) {
    const kind = row.number <= settings.maxActiveSafetyOrders ? 'order' : 'waiting';
    assert.ok(
      lines.some(([of, at]) => of === kind && at === Number(row.price)),
      row.price,
    );
  }
  assert.ok(lines.some(([of, at]) => of === 'stopLoss' && at === Number(ladder.stopLoss)));
  assert.deepEqual(shown.warnings, []);
});

test('[W46] what is missing is told: funds, a take profit', () => {
  const settings = settingsOf<DcaSettings>(
    'dca',
    presetDraft('dca', 'BTCUSDT', { takeProfit: undefined, closeTimeoutSeconds: 3_600 }),
  );
  const poor = preview(settings, { USDT: '100' });
  const [funds] = poor.funds;
  assert.ok(funds?.missing);
  assert.equal(Number(funds.missing).toFixed(4), (Number(funds.required) - 100).toFixed(4));
  assert.match(
    poor.warnings[0] ?? '',
    /^[\d.]+ USDT are missing: the account has 100\.00 USDT free\./,
  );
  assert.match(poor.warnings.at(-1) ?? '', /^Without a take profit/);
  assert.match(preview(settings, {}).warnings[0] ?? '', /^The account has no free USDT\./);
});

test('[W46] a short needs coins, and covers a rise', () => {
  const settings = settingsOf<DcaSettings>(
    'dca',
    presetDraft('dca', 'BTCUSDT', { direction: 'short' }),
  );
  const { instrument, price } = priceOf('BTCUSDT');
  const ladder = previewLadder(settings, instrument, price, market.feeRatePpm, NO_FUNDS);
  const shown = preview(settings);
  assert.deepEqual(
    shown.funds.map(({ asset, required }) => [asset, required]),
    [['BTC', ladder.requiredBase]],
  );
  assert.equal(shown.figures[0]?.name, 'Covers a rise of');
});

test('[W46] a grid: lines, needs, profit a line and what it buys first are the machine’s', () => {
  const settings = settingsOf<GridSettings>('grid', presetDraft('grid', 'BTCUSDT'));
  const { instrument, price } = priceOf('BTCUSDT');
  const made = previewGrid(settings, instrument, price, market.feeRatePpm, {
    base: 0n,
    quote: 800_050_000_000n,
  });
  assert.ok(made.ok);
  const shown = preview(settings, { USDT: '8000.5' });
  assert.equal(shown.funds[0]?.required, made.preview.requiredQuoteAtStart);
  assert.deepEqual(
    shown.table?.rows.map((row) => plain(row[2])),
    made.preview.lines.toReversed().map((line) => line.price),
  );
  assert.equal(
    shown.levels.filter((level) => level.kind === 'order').length,
    made.preview.buyLines,
  );
  assert.equal(
    shown.levels.filter((level) => level.kind === 'sell').length,
    made.preview.sellLines,
  );
  const figures = new Map(shown.figures.map((figure) => [figure.id, plain(figure.value)]));
  assert.equal(figures.get('balancing'), `${made.preview.balancing.quantity} BTC`);
  assert.equal(figures.get('lines'), `${made.preview.buyLines} / ${made.preview.sellLines}`);
  assert.match(preview(settings, {}).warnings[0] ?? '', /^It cannot start with what is free/);
});

test('[W46] a smart trade: entries, targets, stop, profit and loss are the machine’s', () => {
  const settings = settingsOf<SmartTradeSettings>(
    'smartTrade',
    presetDraft('smartTrade', 'BTCUSDT'),
  );
  const { instrument, price } = priceOf('BTCUSDT');
  const quote = { bid: price, ask: price, last: price };
  const plan = planOf(settings);
  const trade = previewTrade({
    plan,
    instrument,
    quote,
    feeRatePpm: market.feeRatePpm,
    funds: NO_FUNDS,
  });
  const shown = preview(settings);
  assert.deepEqual(
    shown.table?.rows.map((row) => [plain(row[2]), plain(row[3])]),
    [
      ...trade.entries,
      ...trade.takeProfit,
      ...(trade.stopLoss === null ? [] : [trade.stopLoss]),
    ].map((each) => [each.price, each.quantity]),
  );
  assert.equal(shown.funds[0]?.required, trade.requiredQuote);
  const gain = shown.figures.find(({ id }) => id === 'gain');
  assert.match(
    gain?.value ?? '',
    new RegExp(`\\(\\+${Number(trade.profitPercent).toFixed(2)}%\\)$`),
  );
});

test('[W46] a signal bot shows the position that a signal would open now', () => {
  const settings = settingsOf<SignalSettings>('signal', presetDraft('signal', 'BTCUSDT'));
  const shown = preview(settings);
  assert.equal(shown.table?.rows[0]?.[0], 'Entry 1');
  assert.ok(shown.levels.some((level) => level.kind === 'stopLoss'));
});

test('[W46] a portfolio: first purchases, cash, and where it would trade again are the machine’s', () => {
  const settings = settingsOf<RebalanceSettings>('rebalance', presetDraft('rebalance', 'BTCUSDT'));
  const { instruments, prices } = marketOf(settings.symbols, market);
  const made = previewRebalance(settings, instruments, prices, market.feeRatePpm);
  const shown = preview(settings);
  assert.deepEqual(
    shown.table?.rows.map((row) => [row[0], plain(row[2])]),
    made.rows.map((row) => [row.symbol, row.price]),
  );
  assert.equal(shown.funds[0]?.required, settings.investment);
  assert.deepEqual(
    shown.levels.map((level) => level.price),
    [made.rows[0]?.sellsAbove, made.rows[0]?.price, made.rows[0]?.buysBelow].map(Number),
  );
});

test('[W46] without a price there is no preview', () => {
  const settings = settingsOf<DcaSettings>('dca', presetDraft('dca', 'BTCUSDT'));
  const silent = { ...market, lastPrice: () => null };
  assert.equal(
    previewOf(settings, { ...CONTEXT, market: silent, symbol: 'BTCUSDT', free: () => '0' }),
    null,
  );
});
