// SPDX-License-Identifier: Apache-2.0
// What must hold of a bot of any kind over any market: all walks agree, the journal gives the same bytes, sums are
// equal, nothing is overdrawn, no order breaks a limit, and a stopped bot leaves none.

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import {
  costOf,
  createBot,
  decodeJournal,
  encodeJournal,
  heldBase,
  orderFault,
  replay,
  revenueOf,
  runBacktest,
  toScaled,
  type BacktestFill,
  type BacktestInput,
  type BacktestReport,
  type BotState,
  type Deal,
  type JournalEntry,
} from '../src/index.ts';
import { baseScale, emptyPosition, moneyScale, type Position } from '../src/position.ts';
import { heldPosition } from '../src/smart-trade/held.ts';
import {
  backtestInput,
  BOT_KINDS,
  MINUTE_MS,
  randomBot,
  randomMarket,
  randomTerms,
  type RandomBot,
} from './random-bot.ts';
import { diceOf } from './random-settings.ts';

const START_MS = 1_700_000_040_000 - (1_700_000_040_000 % (60 * MINUTE_MS));
const HISTORY = 30;
/** Decimals in which every amount of the markets is exact. */
const SCALE = 16;

/** One bot of each kind for every seed from `seed` on. */
export function checkMachines(t: TestContext, seed: number, runs: number): void {
  t.diagnostic(`seeds ${seed} to ${seed + runs - 1}`);
  const counts: Record<string, number> = {};
  const count = (name: string, by = 1): void => {
    counts[name] = (counts[name] ?? 0) + by;
  };
  for (let run = seed; run < seed + runs; run += 1) {
    for (const [index, { kind, markets }] of BOT_KINDS.entries()) {
      // Smart trades are many where each has its own desk; here one of them is enough.
      if (kind === BOT_KINDS[index - 1]?.kind && markets === 1) continue;
      const { report, input } = checkMachine(run, index);
      count(`${kind} fills`, report.fills.length);
      count(`${kind} deals`, report.deals.length);
      for (const { command } of input.commands ?? []) count(command.kind);
      count('signals', input.signals?.length);
    }
  }
  t.diagnostic(JSON.stringify(counts));
  for (const { kind } of BOT_KINDS) {
    assert.ok((counts[`${kind} fills`] ?? 0) > 2 * runs, `${kind}: the runs must trade`);
  }
  for (const name of [
    'addFunds',
    'reduceFunds',
    'closeDeal',
    'cancelDeal',
    'editDeal',
    'signals',
  ]) {
    assert.ok((counts[name] ?? 0) > runs / 20, `${name}: the runs must show it`);
  }
}

function checkMachine(
  seed: number,
  index: number,
): { readonly report: BacktestReport; readonly input: BacktestInput } {
  const random = diceOf(seed * 64 + index);
  const { kind, markets: most } = BOT_KINDS[index] ?? assert.fail();
  const terms = randomTerms(random, START_MS, 40 + random.below(120));
  const length = { startMs: START_MS, history: HISTORY, candles: terms.times.length / 4 };
  const markets = Array.from({ length: most }, (_, market) =>
    randomMarket(random, { base: `COIN${'ABC'[market] ?? ''}`, quote: 'USDT' }, length),
  );
  const bot = randomBot(random, { kind, markets, quoteAsset: 'USDT', ...terms });
  const input = backtestInput(terms, bot);
  const name = `seed ${seed}, ${kind}, ${JSON.stringify(bot.settings)}`;
  const run = new Observed(bot, input);
  const report = completed({ ...input, walk: 'every-point', onEntry: run.onEntry });
  assert.deepEqual(completed(input), report, name);
  assert.deepEqual(completed({ ...input, walk: 'matching-engine' }), report, name);
  run.checkEnd(report, name);
  return { report, input };
}

function completed(input: BacktestInput): BacktestReport {
  const result = runBacktest(input);
  assert.ok(result.kind === 'completed', JSON.stringify(result));
  return result;
}

/** Follows a run by its journal. */
class Observed {
  readonly #bot: RandomBot;
  readonly #input: BacktestInput;
  readonly #first: string;
  readonly #entries: JournalEntry[] = [];
  readonly #deals = new Map<number, Deal>();
  readonly #orderIds = new Set<string>();
  /** Lots that each order may still fill. */
  readonly #open = new Map<string, number>();
  #last: BotState | null = null;

  constructor(bot: RandomBot, input: BacktestInput) {
    this.#bot = bot;
    this.#input = input;
    this.#first = encodeJournal(
      createBot({
        botId: 'backtest',
        clientOrderIdPrefix: 'bt-',
        settings: bot.settings,
        instruments: bot.markets.map(({ instrument }) => instrument),
        feeRatePpm: Math.max(input.makerFeePpm, input.takerFeePpm),
      }),
    );
  }

  readonly onEntry = (entry: JournalEntry, state: BotState): void => {
    const { event, effects } = entry;
    this.#entries.push(entry);
    this.#last = state;
    for (const deal of [...state.deals, ...state.endedDeals]) this.#deals.set(deal.dealId, deal);
    if (event.kind === 'orderEnded' || event.kind === 'orderRejected') {
      this.#open.delete(event.clientOrderId);
    }
    if (event.kind === 'orderFilled') {
      const left = (this.#open.get(event.clientOrderId) ?? 0) - event.fill.quantity;
      if (left > 0) this.#open.set(event.clientOrderId, left);
      else this.#open.delete(event.clientOrderId);
    }
    for (const effect of effects) {
      if (effect.kind !== 'placeOrder') continue;
      const { order } = effect;
      const market = this.#bot.markets.find(({ symbol }) => symbol === order.symbol);
      assert.ok(market !== undefined);
      assert.equal(orderFault(market.instrument, order.priceTicks, order.quantity), null);
      assert.ok(!this.#orderIds.has(order.clientOrderId), `${order.clientOrderId} is new`);
      this.#orderIds.add(order.clientOrderId);
      this.#open.set(order.clientOrderId, order.quantity);
    }
  };

  checkEnd(report: BacktestReport, name: string): void {
    assert.ok(this.#last !== null, name);
    const entries = decodeJournal<JournalEntry[]>(encodeJournal(this.#entries));
    const replayed = replay(decodeJournal<BotState>(this.#first), entries);
    assert.equal(encodeJournal(replayed), encodeJournal(this.#last), `${name}: the same bytes`);
    assert.deepEqual([...this.#open.keys()], [], `${name}: a stopped bot leaves no order`);
    assert.deepEqual(this.#last.deals, [], name);
    this.#checkSums(report, name);
  }

  /** Fills are what the deals say, and no balance was ever below nothing. */
  #checkSums(report: BacktestReport, name: string): void {
    let money = toScaled(this.#input.startBalanceQuote, SCALE, 'quote');
    const coins = new Map<string, bigint>();
    for (const { instrument } of this.#bot.markets) {
      const { baseAsset } = instrument;
      coins.set(baseAsset, toScaled(this.#bot.coins[baseAsset] ?? '0', SCALE, baseAsset));
    }
    for (const fill of report.fills) {
      const { quote, base, baseAsset } = flowOf(this.#bot, fill);
      money += quote;
      coins.set(baseAsset, (coins.get(baseAsset) ?? 0n) + base);
      assert.ok(money >= 0n, `${name}: money at ${fill.time}`);
      assert.ok((coins.get(baseAsset) ?? 0n) >= 0n, `${name}: ${baseAsset} at ${fill.time}`);
    }
    for (const [dealId, deal] of this.#deals) {
      const flows = report.fills
        .filter((fill) => fill.dealId === dealId)
        .map((fill) => flowOf(this.#bot, fill));
      const { instrument, position } = deal;
      const before = positionBefore(this.#bot, deal);
      const held = heldBase(position, instrument) - heldBase(before, instrument);
      const cashOf = (one: Position): bigint =>
        revenueOf(one, instrument) - costOf(one, instrument);
      const cash = cashOf(position) - cashOf(before);
      const toScale = (amount: bigint, scale: number): bigint =>
        amount * 10n ** BigInt(SCALE - scale);
      assert.equal(
        flows.reduce((sum, { base }) => sum + base, 0n),
        toScale(held, baseScale(instrument)),
        `${name}: coins of deal ${dealId}`,
      );
      assert.equal(
        flows.reduce((sum, { quote }) => sum + quote, 0n),
        toScale(cash, moneyScale(instrument)),
        `${name}: money of deal ${dealId}`,
      );
    }
  }
}

/** The position that a deal of `bot` has before its first fill: a smart trade's of coins that are there already. */
function positionBefore({ settings }: RandomBot, { instrument }: Deal): Position {
  return settings.kind === 'smartTrade' && settings.held !== undefined
    ? heldPosition(settings.held, settings.type, instrument)
    : emptyPosition();
}

function flowOf(
  { markets }: RandomBot,
  fill: BacktestFill,
): { readonly quote: bigint; readonly base: bigint; readonly baseAsset: string } {
  const market = markets.find(({ symbol }) => symbol === fill.symbol);
  assert.ok(market !== undefined);
  const { baseAsset } = market.instrument;
  const sign = fill.side === 'buy' ? 1n : -1n;
  const commission = toScaled(fill.commission, SCALE, 'commission');
  const isBase = fill.commissionAsset === baseAsset;
  return {
    baseAsset,
    base: sign * toScaled(fill.quantity, SCALE, 'quantity') - (isBase ? commission : 0n),
    quote: -sign * toScaled(fill.volume, SCALE, 'volume') - (isBase ? 0n : commission),
  };
}
