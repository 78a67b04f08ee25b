// SPDX-License-Identifier: Apache-2.0
// The arithmetic of deals against recorded answers of a live desk, where the recordings are at hand.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { lotsForVolume } from '../src/bot/order-rules.ts';
import { profitIfClosed } from '../src/dca/deal-profit.ts';
import { NO_FUNDS } from '../src/dca/ladder.ts';
import { paperDeal } from '../src/dca/paper-deal.ts';
import { termsOf } from '../src/dca/terms.ts';
import {
  addFill,
  ASSET_SCALE,
  averageTicks,
  costOf,
  divHalfEven,
  emptyPosition,
  formatDecimal,
  formatMoney,
  heldLots,
  makeInstrument,
  parseSettings,
  parsePrice,
  parseQuantity,
  priceTicks,
  quantityLots,
  profitGoal,
  rungPrice,
  stopLossPrice,
  takeProfitTicks,
  toScaled,
  trimDecimal,
  type DcaSettings,
  type Instrument,
  type Position,
  type Ratio,
} from '../src/index.ts';

const FILE = fileURLToPath(
  new URL('../../../shared/data/threecommas/recordings.jsonl.gz', import.meta.url),
);
const isHere = existsSync(FILE);
/** The desk's demo accounts pay 0.1 % in the quote asset. */
const FEE_PPM = 1000;
const FULL_SIZE = 'take profit at full size';
/** Take profits of two deals placed while several safety orders were filling: for less than was bought by then. */
const PARTIAL_EXITS = 4;
/** Decimals that hold every recorded sum. */
const SUM_SCALE = 12;

type Json = Readonly<Record<string, unknown>>;

function instrumentOf(pair: string): Instrument {
  const base = pair.slice(pair.indexOf('_') + 1);
  const isEther = base === 'ETH';
  return makeInstrument({
    symbol: `${base}USDT`,
    baseAsset: base,
    quoteAsset: 'USDT',
    tickSize: isEther ? '0.01' : '0.00001',
    lotSize: isEther ? '0.0001' : '1',
    minPrice: isEther ? '0.01' : '0.00001',
    maxPrice: '100000',
    minQuantity: isEther ? '0.0001' : '1',
    maxQuantity: '9000000',
    minNotional: '1',
    maxNotional: '9000000',
  });
}

/** What a rule said in how many cases, and where it was wrong. */
class Tally {
  readonly rows = new Map<string, { agree: number; tried: number; wrong: string[] }>();

  add(rule: string, found: string, recorded: string, where: string): void {
    const row = this.rows.get(rule) ?? { agree: 0, tried: 0, wrong: [] };
    this.rows.set(rule, row);
    row.tried += 1;
    if (found === recorded) row.agree += 1;
    else row.wrong.push(`${where}: found ${found}, recorded ${recorded}`);
  }
}

interface RecordedFill {
  readonly time: string;
  readonly order: string;
  readonly amount: string;
  readonly total: string;
}

interface TakeProfit {
  readonly time: string;
  readonly price: string;
  readonly amount: string;
}

interface Placing {
  readonly number: number;
  readonly price: string;
  readonly amount: string;
  readonly adjustment: string;
}

class RecordedDeal {
  readonly json: Json;
  readonly instrument: Instrument;
  readonly fills: RecordedFill[] = [];
  readonly takeProfits: TakeProfit[] = [];
  readonly safetyOrders: Placing[] = [];
  baseOrder: Placing | null = null;

  constructor(json: Json) {
    this.json = json;
    this.instrument = instrumentOf(this.text('pair'));
    const events = [...((json['bot_events'] as Json[] | undefined) ?? [])].map((event) => ({
      message: String(event['message']),
      time: String(event['created_at']),
    }));
    events.sort((left, right) => (left.time < right.time ? -1 : 1));
    for (const { message, time } of events) this.#read(message, time);
  }

  text(field: string): string {
    return String(this.json[field]);
  }

  get name(): string {
    return `deal ${this.text('id')}`;
  }

  #read(message: string, time: string): void {
    const executed =
      /^(Base order|Averaging order \(\d+ out of \d+\)) executed\. .*Size: ([\d.]+) USDT \(([\d.]+) \w+\)/.exec(
        message,
      );
    if (executed !== null) {
      const [, order = '', total = '', amount = ''] = executed;
      this.fills.push({ time, order, amount, total });
      return;
    }
    const profit =
      /^Placing TakeProfit trade\. +Price: ([\d.]+) USDT Size: [\d.]+ USDT \(([\d.]+) /.exec(
        message,
      );
    if (profit !== null) {
      this.takeProfits.push({ time, price: profit[1] ?? '', amount: profit[2] ?? '' });
      return;
    }
    const placing =
      /^Placing (?:base order|averaging order \((\d+) out of \d+\))\. Price: (\S+)(?: USDT)? Size: ([\d.]+) USDT (?:\((Risk reduction|Reinvested) ([\d.]+) USDT\) )?\(([\d.]+) /.exec(
        message,
      );
    if (placing === null) return;
    const [, number = '0', shownPrice = '', size = '', kind, adjusted = '0', amount = ''] = placing;
    // A market order shows no price, but what it was sized with: size / amount.
    const price =
      shownPrice === 'market' ? exactQuotient(size, amount, this.instrument) : shownPrice;
    const adjustment = kind === 'Risk reduction' ? `-${adjusted}` : adjusted;
    const order = { number: Number(number), price, amount, adjustment };
    if (order.number === 0) this.baseOrder = order;
    else if (shownPrice !== 'market') this.safetyOrders.push(order);
  }
}

function exactQuotient(size: string, amount: string, instrument: Instrument): string {
  const ticks = toScaled(size, 12, 'size') * 10n ** BigInt(instrument.priceScale);
  const whole = divHalfEven(ticks, toScaled(amount, 12, 'amount'));
  return formatDecimal(whole, instrument.priceScale);
}

function ticksOf(instrument: Instrument, text: string): number {
  const parsed = parsePrice(instrument, text);
  assert.ok(parsed.ok, `${text} is a price of ${instrument.symbol}`);
  return parsed.value;
}

function lotsOf(instrument: Instrument, text: string): number {
  const parsed = parseQuantity(instrument, text);
  assert.ok(parsed.ok, `${text} is a quantity of ${instrument.symbol}`);
  return parsed.value;
}

/** What recorded fills make of a position: the average in ticks of the deal's instrument, and its sums. */
interface Bought {
  readonly average: Ratio;
  readonly cost: string;
  readonly lots: number;
  /** Both as they were booked, on an instrument with finer ticks where that was needed. */
  readonly position: Position;
  readonly booked: Instrument;
}

/**
 * Buys whose totals include the fee. Where the fee fits the decimals in which commissions are held it is booked
 * as one; else (ether: nine decimals) it is part of the price, on an instrument with finer ticks.
 */
function boughtBy(deal: RecordedDeal, fills: readonly RecordedFill[]): Bought {
  const { instrument } = deal;
  const isFine = instrument.priceScale + instrument.quantityScale + 3 <= ASSET_SCALE;
  const finer = isFine ? 0 : 3;
  const booked: Instrument = { ...instrument, priceScale: instrument.priceScale + finer };
  const scale = booked.priceScale + booked.quantityScale;
  const position = emptyPosition();
  for (const fill of fills) {
    const lots = BigInt(lotsOf(instrument, fill.amount));
    const total = toScaled(fill.total, SUM_SCALE, 'total');
    const unit = 10n ** BigInt(SUM_SCALE - scale);
    const net = isFine ? (total * 1_000_000n) / BigInt(1_000_000 + FEE_PPM) : total;
    const commission = total - net;
    assert.equal(net % unit, 0n, `${deal.name}: a whole number of ticks × lots`);
    assert.equal(commission % 10n ** BigInt(SUM_SCALE - ASSET_SCALE), 0n);
    // A market order may have traded at two prices: as many lots as needed are booked one tick higher.
    const higher = (net / unit) % lots;
    const ticks = net / unit / lots;
    for (const [quantity, price, fee] of [
      [lots - higher, ticks, commission],
      [higher, ticks + 1n, 0n],
    ] as const) {
      addFill(position, booked, 'buy', {
        priceTicks: priceTicks(Number(price)),
        quantity: quantityLots(Number(quantity)),
        commission: fee / 10n ** BigInt(SUM_SCALE - ASSET_SCALE),
        commissionAsset: 'USDT',
      });
    }
  }
  const average = averageTicks(position, booked);
  assert.ok(average !== null);
  return {
    average: {
      numerator: average.numerator,
      denominator: average.denominator * 10n ** BigInt(finer),
    },
    cost: formatMoney(booked, costOf(position, booked)),
    lots: heldLots(position, booked),
    position,
    booked,
  };
}

function settingsOf(deal: RecordedDeal): DcaSettings {
  const parsed = parseSettings({
    name: deal.text('bot_name'),
    symbols: [deal.instrument.symbol],
    baseOrderVolume: deal.text('base_order_volume'),
    baseOrderType: 'market',
    safetyOrderVolume: deal.text('safety_order_volume'),
    safetyOrderStep: deal.text('safety_order_step_percentage'),
    maxSafetyOrders: Number(deal.json['max_safety_orders']),
    maxActiveSafetyOrders: Math.max(1, Number(deal.json['active_safety_orders_count'])),
    volumeScale: deal.text('martingale_volume_coefficient'),
    stepScale: deal.text('martingale_step_coefficient'),
    takeProfit: deal.text('take_profit'),
    ...(Number(deal.json['stop_loss_percentage']) > 0
      ? { stopLoss: deal.text('stop_loss_percentage') }
      : {}),
    cooldownSeconds: 0,
    maxActiveDeals: 1,
  });
  assert.ok(parsed.ok, parsed.ok ? '' : `${deal.name}: ${JSON.stringify(parsed.errors)}`);
  assert.ok(parsed.settings.kind === 'dca');
  return parsed.settings;
}

function readDeals(): RecordedDeal[] {
  const deals = new Map<string, RecordedDeal>();
  for (const line of gunzipSync(readFileSync(FILE)).toString('utf8').trim().split('\n')) {
    const { body } = JSON.parse(line) as { readonly body: unknown };
    for (const item of Array.isArray(body) ? (body as unknown[]) : [body]) {
      if (typeof item !== 'object' || item === null || !('deal_has_error' in item)) continue;
      const deal = new RecordedDeal(item);
      // One answer per state of a deal; one with events says more than one without.
      const key = `${deal.text('id')} ${deal.text('updated_at')}`;
      const known = deals.get(key);
      if (known === undefined || known.fills.length === 0) deals.set(key, deal);
    }
  }
  return [...deals.values()];
}

/** The executed orders behind a take profit: those before it, and one whose message came late. */
function fillsBehind(deal: RecordedDeal, takeProfit: TakeProfit): readonly RecordedFill[] | null {
  const before = deal.fills.filter((fill) => fill.time <= takeProfit.time).length;
  for (let count = before; count <= deal.fills.length; count += 1) {
    const fills = deal.fills.slice(0, count);
    let lots = 0;
    for (const fill of fills) lots += lotsOf(deal.instrument, fill.amount);
    if (lots === lotsOf(deal.instrument, takeProfit.amount)) return fills;
  }
  return null;
}

/** A sum at the eight decimals in which messages and profits are shown. */
function shownSum(text: string): string {
  const sum = toScaled(text, SUM_SCALE, 'sum');
  const shown = divHalfEven(sum, 10n ** BigInt(SUM_SCALE - ASSET_SCALE));
  return trimDecimal(formatDecimal(shown, ASSET_SCALE));
}

/** Average as text with as many decimals as the record has, half-even. */
function averageLike(instrument: Instrument, average: Ratio, recorded: string): string {
  const decimals = recorded.includes('.') ? recorded.length - recorded.indexOf('.') - 1 : 0;
  const scaled = divHalfEven(
    average.numerator * BigInt(instrument.tickUnits) * 10n ** BigInt(decimals),
    average.denominator * 10n ** BigInt(instrument.priceScale),
  );
  return trimDecimal(formatDecimal(scaled, decimals));
}

function tallyDeal(tally: Tally, deal: RecordedDeal): void {
  const { instrument, name } = deal;
  const terms = termsOf(settingsOf(deal));
  const recordedBase = deal.text('base_order_average_price');
  const { baseOrder } = deal;
  if (baseOrder !== null) {
    const volume = adjusted(terms.baseVolume, baseOrder.adjustment);
    const lots = lotsForVolume(instrument, volume, ticksOf(instrument, baseOrder.price));
    tally.add(
      'base order amount',
      String(lots),
      String(lotsOf(instrument, baseOrder.amount)),
      name,
    );
  }
  tallyAdjustments(tally, deal);
  const baseFill = deal.fills.find((fill) => fill.order === 'Base order');
  if (baseFill === undefined) return;
  const base = boughtBy(deal, [baseFill]).average;
  tally.add('base order average', averageLike(instrument, base, recordedBase), recordedBase, name);
  for (const placed of deal.safetyOrders) {
    const rung = terms.rungs[placed.number - 1];
    assert.ok(rung !== undefined);
    const ticks = rungPrice(base, rung.deviation, 'long');
    tally.add('safety order price', String(ticks), String(ticksOf(instrument, placed.price)), name);
    const lots = lotsForVolume(instrument, adjusted(rung.volume, placed.adjustment), ticks);
    tally.add('safety order amount', String(lots), String(lotsOf(instrument, placed.amount)), name);
  }
  const bought = boughtBy(deal, deal.fills);
  const recordedAverage = deal.text('bought_average_price');
  tally.add(
    'average price',
    averageLike(instrument, bought.average, recordedAverage),
    trimDecimal(recordedAverage),
    name,
  );
  tally.add('bought volume', shownSum(bought.cost), shownSum(deal.text('bought_volume')), name);
  for (const takeProfit of deal.takeProfits) {
    const fills = fillsBehind(deal, takeProfit);
    if (fills === null) {
      tally.add(FULL_SIZE, 'no', 'yes', `${name} at ${takeProfit.time}`);
      continue;
    }
    const held = boughtBy(deal, fills);
    const profit = terms.takeProfits[0]?.profit;
    assert.ok(profit !== undefined);
    const goal = profitGoal(held.average, held.average, profit, 'long');
    const ticks = takeProfitTicks(goal, FEE_PPM, 'long');
    const recorded = ticksOf(instrument, takeProfit.price);
    const amount = lotsOf(instrument, takeProfit.amount);
    tally.add(FULL_SIZE, 'yes', 'yes', name);
    tally.add('take profit price', String(ticks), String(recorded), name);
    tally.add('take profit amount', String(held.lots), String(amount), name);
  }
}

/** Reinvesting and risk reduction change every order of a deal by the same amount, whatever its volume. */
function tallyAdjustments(tally: Tally, { baseOrder, safetyOrders, name }: RecordedDeal): void {
  const [first, ...others] = [...(baseOrder === null ? [] : [baseOrder]), ...safetyOrders];
  if (first === undefined) return;
  for (const { adjustment } of others) {
    if (adjustment === '0' && first.adjustment === '0') continue;
    tally.add('reinvested in each order', adjustment, first.adjustment, name);
  }
}

function tallyRecord(tally: Tally, deal: RecordedDeal): void {
  const { instrument, name } = deal;
  const terms = termsOf(settingsOf(deal));
  const stop = deal.json['stop_loss_price'];
  if (typeof stop === 'string' && terms.stopLoss !== null && Number(stop) > 0) {
    const price = toScaled(deal.text('base_order_average_price'), 18, 'base average');
    const base = {
      numerator: price * 10n ** BigInt(instrument.priceScale),
      denominator: 10n ** 18n * BigInt(instrument.tickUnits),
    };
    tally.add(
      'stop loss price',
      averageLike(instrument, stopLossPrice(base, terms.stopLoss, 'long'), stop),
      trimDecimal(stop),
      name,
    );
  }
  if (deal.json['finished?'] !== true) {
    tallyRunning(tally, deal);
    return;
  }
  const cost = toScaled(deal.text('bought_volume'), SUM_SCALE, 'bought_volume');
  const profit = toScaled(deal.text('sold_volume'), SUM_SCALE, 'sold_volume') - cost;
  tally.add(
    'final profit',
    shownSum(formatDecimal(profit, SUM_SCALE)),
    shownSum(deal.text('final_profit')),
    name,
  );
  // Two decimals; the desk rounds them half away from zero.
  const hundredths = (20_000n * (profit < 0n ? -profit : profit) + cost) / (2n * cost);
  const percent = trimDecimal(formatDecimal(hundredths, 2));
  const signed = profit < 0n && hundredths > 0n ? `-${percent}` : percent;
  tally.add(
    'final profit percentage',
    signed,
    trimDecimal(deal.text('final_profit_percentage')),
    name,
  );
}

/** What a running deal would bring at the price recorded beside it, after the fee of the sale. */
function tallyRunning(tally: Tally, deal: RecordedDeal): void {
  const amount = deal.text('bought_amount');
  if (!(Number(amount) > 0)) return;
  const whole = { time: '', order: 'all', amount, total: deal.text('bought_volume') };
  const { position, booked } = boughtBy(deal, [whole]);
  const running = paperDeal(settingsOf(deal), booked, FEE_PPM, NO_FUNDS);
  Object.assign(running.position, position);
  const price = ticksOf(booked, deal.text('current_price'));
  tally.add(
    'profit of a running deal',
    shownSum(formatMoney(booked, profitIfClosed(running, price, 'quote'))),
    trimDecimal(deal.text('actual_profit')),
    deal.name,
  );
}

function adjusted(volume: Ratio, adjustment: string): Ratio {
  return {
    numerator:
      volume.numerator * 10n ** 8n + toScaled(adjustment, 8, 'adjustment') * volume.denominator,
    denominator: volume.denominator * 10n ** 8n,
  };
}

test(
  '[D38, D76] the arithmetic agrees with every recorded deal',
  { skip: isHere ? false : 'the recordings are not at hand' },
  (t) => {
    const tally = new Tally();
    const deals = readDeals();
    for (const deal of deals) {
      tallyDeal(tally, deal);
      tallyRecord(tally, deal);
    }
    t.diagnostic(
      `${deals.length} recorded states of ${new Set(deals.map((deal) => deal.text('id'))).size} deals`,
    );
    for (const [rule, { agree, tried, wrong }] of tally.rows) {
      t.diagnostic(`${rule.padEnd(26)} ${agree} / ${tried}`);
      for (const line of wrong) t.diagnostic(`  ${line}`);
      assert.equal(tried - agree, rule === FULL_SIZE ? PARTIAL_EXITS : 0, rule);
      assert.ok(tried >= 6, `${rule} was tried`);
    }
    assert.equal(tally.rows.size, 14);
  },
);
