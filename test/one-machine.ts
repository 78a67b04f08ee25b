// SPDX-License-Identifier: Apache-2.0
// Holds a desk against backtests: the same bots on the same candles fill the same orders.

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { trimDecimal, type BacktestFill, type BacktestReport, type DealView } from '@kontor/core';
import type { api } from '@kontor/server';
import { deferrer, temporaryDirectory } from './harness.ts';
import { runLive, runPaper, type BotRecord, type DeskRecord } from './one-machine-desk.ts';
import { backtestOf, type RandomBot } from '../core/test/random-bot.ts';
import { planOf, type Plan } from './one-machine-plan.ts';

/** Fills by kind of bot. */
export type Counts = Record<string, number>;

/** Runs the desk of `seed` live, or on paper, and as backtests, and fails where they differ. */
export async function checkDesk(
  t: TestContext,
  desk: 'live' | 'paper',
  seed: number,
  candles: number,
): Promise<Counts> {
  return checkPlan(t, desk, planOf(seed, candles));
}

/** As `checkDesk`, of a desk that is planned already. */
export async function checkPlan(
  t: TestContext,
  desk: 'live' | 'paper',
  plan: Plan,
): Promise<Counts> {
  const defer = deferrer(t);
  const run = desk === 'live' ? runLive : runPaper;
  const live = await run(plan, temporaryDirectory(defer), defer);
  const counts: Counts = {};
  for (const [index, bot] of plan.bots.entries()) {
    const record = live.bots[index];
    assert.ok(record !== undefined);
    const report = backtestOf(plan, bot);
    compareBot(plan, bot, report, record);
    compareMoney(bot, report, live);
    counts[bot.settings.kind] = (counts[bot.settings.kind] ?? 0) + report.fills.length;
  }
  assert.deepEqual(live.openOrders, [], 'a stopped bot leaves no order');
  return counts;
}

function compareBot(
  { seed }: Plan,
  { settings }: RandomBot,
  report: BacktestReport,
  record: BotRecord,
): void {
  const name = `seed ${seed}, ${settings.kind}: ${JSON.stringify(settings)}`;
  assert.deepEqual(record.fills.map(liveFill), report.fills.map(backtestFill), name);
  assert.deepEqual(
    record.deals.toSorted((a, b) => a.number - b.number).map(liveDeal),
    report.deals.toSorted((a, b) => a.dealId - b.dealId).map(backtestDeal),
    name,
  );
}

/** What the exchange holds in the end is what the backtest's wallets hold. */
function compareMoney(bot: RandomBot, report: BacktestReport, { balances }: DeskRecord): void {
  const total = (asset: string): bigint => {
    const balance = balances[asset];
    return balance === undefined ? 0n : scaled(balance.free, 8) + scaled(balance.locked, 8);
  };
  let worth = total(bot.quoteAsset) * 10n ** 8n;
  for (const { instrument, candles } of bot.markets) {
    const { tickUnits, priceScale, baseAsset } = instrument;
    const close = BigInt(candles.close.at(-1) ?? 0) * BigInt(tickUnits);
    worth += total(baseAsset) * close * 10n ** BigInt(8 - priceScale);
  }
  assert.equal(worth, scaled(report.statistics.endEquity, 16), bot.settings.kind);
}

function scaled(text: string, scale: number): bigint {
  const [whole = '0', fraction = ''] = text.split('.');
  return BigInt(whole + fraction.padEnd(scale, '0'));
}

function liveFill({ time, dealId, values }: api.Note): readonly unknown[] {
  return [
    time,
    Number(dealId.split('-')[1]),
    values['order'],
    Number(values['number'] ?? '0'),
    values['side'],
    values['price'],
    values['quantity'],
    values['commission'],
    values['commissionAsset'],
    values['liquidity'],
  ];
}

function backtestFill(fill: BacktestFill): readonly unknown[] {
  return [
    fill.time,
    fill.dealId,
    fill.order,
    fill.ladderIndex,
    fill.side,
    fill.price,
    fill.quantity,
    fill.commission,
    fill.commissionAsset,
    fill.isMaker ? 'maker' : 'taker',
  ];
}

function liveDeal(deal: api.Deal): Readonly<Record<string, unknown>> {
  return {
    number: deal.number,
    symbol: deal.symbol,
    openedAt: deal.openedAt,
    closedAt: deal.closedAt ?? 0,
    cost: trimDecimal(deal.cost),
    averagePrice: deal.averagePrice ?? '',
    realisedProfit: trimDecimal(deal.realisedProfit),
    reason: deal.reason,
  };
}

function backtestDeal(view: DealView): Readonly<Record<string, unknown>> {
  return {
    number: view.dealId,
    symbol: view.symbol,
    openedAt: view.openedTime,
    closedAt: view.closedTime,
    cost: trimDecimal(view.cost),
    averagePrice: view.average,
    realisedProfit: view.realisedProfit === '' ? '0' : trimDecimal(view.realisedProfit),
    reason: view.reason,
  };
}
