// SPDX-License-Identifier: Apache-2.0
// The rules of the rebalancing portfolio: asks all prices, sells what is too much, then buys what is too little.

import type { DealOrder, Settlement } from '../bot/deal-order.ts';
import { mostLots, orderFault, slippedBuy, slippedSell } from '../bot/order-rules.ts';
import type { BotRules, BotStateBase, KindCommand, QuoteEvent, SignalEvent } from '../bot/state.ts';
import { backoffMs } from '../bot/retry.ts';
import type { Turn } from '../bot/turn.ts';
import { formatDecimal, trimDecimal } from '../decimal.ts';
import { ASSET_SCALE, formatQuantity } from '../instrument.ts';
import { NO_DEAL } from '../machine.ts';
import type { Quote } from '../order.ts';
import {
  costOf,
  emptyPosition,
  formatBase,
  formatMoney,
  formatPercent,
  heldBase,
  heldLots,
  power10,
  realisedProfit,
  revenueOf,
} from '../position.ts';
import { assert, divCeil, PPM, type TimeMs } from '../units.ts';
import {
  cashFlow,
  coinsWorth,
  lotsForWorth,
  lotsWorth,
  ratioWorth,
  WORTH_SCALE,
  type RebalanceDeal,
} from './deal.ts';
import { rebalanceTerms, WHOLE, type RebalanceSettings } from './settings.ts';

export type RoundReason = 'start' | 'threshold' | 'calendar' | 'retry';

/** A fresh quote of one symbol, as the round uses it. */
export interface RoundQuote {
  readonly symbol: string;
  readonly quote: Quote;
}

export type Round =
  | { readonly kind: 'idle' }
  /** Fresh prices of all coins are awaited. */
  | {
      readonly kind: 'quoting';
      readonly reason: RoundReason;
      readonly quotes: readonly RoundQuote[];
    }
  | { readonly kind: 'selling'; readonly quotes: readonly RoundQuote[] }
  | { readonly kind: 'buying'; readonly quotes: readonly RoundQuote[] }
  /** The last round could not do all it wanted. */
  | { readonly kind: 'waiting'; readonly until: TimeMs };

/** Between `below` and `above` (last price, ticks) of every coin no share can be off by the threshold. */
export interface Band {
  readonly symbol: string;
  readonly below: number;
  readonly above: number;
}

export interface RebalanceBotState extends BotStateBase<RebalanceDeal> {
  readonly kind: 'rebalance';
  settings: RebalanceSettings;
  round: Round;
  /** Rounds that traded. */
  rounds: number;
  /** Rounds in a row that met a refusal. */
  troubles: number;
  hasTrouble: boolean;
  bands: readonly Band[];
  /** What ended deals have brought to the cash, at `WORTH_SCALE` decimals. */
  settledCash: bigint;
}

const CALENDAR_TIMER = 'rebalance:calendar';
const RETRY_TIMER = 'rebalance:retry';
const HOUR_MS = 3_600_000;
/** Sales of one coin in a row before the next ones wait. */
const CLOSE_ATTEMPTS = 4;

/** What a stopped portfolio without coins has beside the state of every bot. */
export function rebalanceBotParts(
  settings: RebalanceSettings,
): Omit<RebalanceBotState, keyof BotStateBase<RebalanceDeal>> &
  Pick<RebalanceBotState, 'kind' | 'settings'> {
  return {
    kind: 'rebalance',
    settings,
    round: { kind: 'idle' },
    rounds: 0,
    troubles: 0,
    hasTrouble: false,
    bands: [],
    settledCash: 0n,
  };
}

export const rebalanceRules: BotRules<RebalanceBotState, RebalanceDeal> = {
  onQuote,
  onSignal(_state: RebalanceBotState, _turn: Turn, _event: SignalEvent): boolean {
    return false;
  },
  onTimer,
  onCommand,
  onFilled(): void {
    // Nothing is decided before an order has left the book: all of them are immediate.
  },
  onSettled,
  onDealEnded(state: RebalanceBotState, _turn: Turn, deal: RebalanceDeal): void {
    state.settledCash += cashFlow(deal);
  },
  onRisk,
  watchedBelow(state: RebalanceBotState, symbol: string): number {
    if (awaitsQuote(state, symbol)) return Infinity;
    if (state.round.kind !== 'idle' || !state.isRunning) return -1;
    return state.bands.find((band) => band.symbol === symbol)?.below ?? -1;
  },
  watchedAbove(state: RebalanceBotState, symbol: string): number {
    if (state.round.kind !== 'idle' || !state.isRunning) return Infinity;
    return state.bands.find((band) => band.symbol === symbol)?.above ?? Infinity;
  },
};

/** The portfolio's cash: what it began with and what trading made of it, at `WORTH_SCALE` decimals. */
export function portfolioCash(state: RebalanceBotState): bigint {
  const { investment } = rebalanceTerms(state.settings);
  let cash = ratioWorth(investment) + state.settledCash;
  for (const deal of state.deals) cash += cashFlow(deal);
  return cash;
}

function awaitsQuote(state: RebalanceBotState, symbol: string): boolean {
  const { round } = state;
  if (round.kind === 'quoting' && !round.quotes.some((known) => known.symbol === symbol)) {
    return true;
  }
  return state.deals.some(
    ({ symbol: traded, phase }) =>
      traded === symbol && phase.kind === 'closing' && phase.step === 'awaitingQuote',
  );
}

function onQuote(state: RebalanceBotState, turn: Turn, event: QuoteEvent): boolean {
  const { symbol, quote } = event;
  let isChanged = false;
  for (const deal of state.deals) {
    if (deal.symbol !== symbol || deal.phase.kind !== 'closing') continue;
    if (deal.phase.step === 'awaitingQuote' && sellOut(state, turn, deal, quote)) isChanged = true;
  }
  const { round } = state;
  if (round.kind === 'quoting' && !round.quotes.some((known) => known.symbol === symbol)) {
    const quotes = [...round.quotes, { symbol, quote }];
    state.round = { ...round, quotes };
    if (state.deals.every((deal) => quotes.some((known) => known.symbol === deal.symbol))) {
      decide(state, turn, round.reason, quotes, event.funds?.quote ?? null);
    }
    return true;
  }
  if (round.kind !== 'idle' || !state.isRunning || !turn.mayEnter) return isChanged;
  const band = state.bands.find((candidate) => candidate.symbol === symbol);
  if (band === undefined || (quote.last > band.below && quote.last < band.above)) return isChanged;
  startRound(state, turn, 'threshold');
  return true;
}

function onTimer(state: RebalanceBotState, turn: Turn, timer: string): boolean {
  if (timer === CALENDAR_TIMER) {
    if (!state.isRunning) return false;
    setCalendar(state, turn);
    if (state.round.kind === 'idle' && turn.mayEnter) startRound(state, turn, 'calendar');
    return true;
  }
  if (timer === RETRY_TIMER) {
    if (state.round.kind !== 'waiting' || turn.time < state.round.until) return false;
    state.round = { kind: 'idle' };
    if (state.isRunning && turn.mayEnter) startRound(state, turn, 'retry');
    return true;
  }
  const deal = state.deals.find((candidate) => closeTimer(candidate) === timer);
  if (deal?.phase.kind !== 'closing' || deal.phase.step !== 'waiting') return false;
  if (turn.time < deal.phase.until) return false;
  askToSellOut(turn, deal, 0);
  return true;
}

function onCommand(state: RebalanceBotState, turn: Turn, command: KindCommand): boolean {
  switch (command.kind) {
    case 'start':
      if (state.isRunning) return false;
      state.isRunning = true;
      setCalendar(state, turn);
      if (state.round.kind === 'waiting') state.round = { kind: 'idle' };
      if (state.round.kind === 'idle' && turn.mayEnter) startRound(state, turn, 'start');
      return true;
    case 'stop':
      if (!state.isRunning && command.deals === undefined) return false;
      stop(state);
      if (command.deals !== undefined) endAll(state, turn, command.deals);
      return true;
    case 'closeDeal':
    case 'cancelDeal': {
      const deal = state.deals.find((candidate) => candidate.dealId === command.dealId);
      if (deal?.phase.kind !== 'holding') return false;
      // A portfolio that gives up one coin would buy it again at its next look.
      stop(state);
      endDeal(turn, deal, command.kind === 'closeDeal' ? 'close' : 'cancel');
      return true;
    }
    case 'editSettings':
      return editSettings(state, turn, command.settings);
    default:
      return false;
  }
}

function editSettings(state: RebalanceBotState, turn: Turn, settings: { kind: string }): boolean {
  if (!isRebalance(settings)) return false;
  const isSame =
    settings.symbols.length === state.settings.symbols.length &&
    settings.symbols.every((symbol) => state.settings.symbols.includes(symbol));
  // Another set of coins is another portfolio: its deals and instruments are fixed while it lives.
  if (!isSame) return false;
  state.settings = settings;
  for (const deal of state.deals) deal.share = shareOf(settings, deal.symbol);
  state.bands = [];
  if (state.isRunning) {
    setCalendar(state, turn);
    if (state.round.kind === 'idle' && turn.mayEnter) startRound(state, turn, 'start');
  }
  return true;
}

function isRebalance(settings: { kind: string }): settings is RebalanceSettings {
  return settings.kind === 'rebalance';
}

function stop(state: RebalanceBotState): void {
  state.isRunning = false;
  if (state.round.kind === 'quoting' || state.round.kind === 'waiting') {
    state.round = { kind: 'idle' };
  }
}

function onRisk(state: RebalanceBotState, turn: Turn): void {
  if (!turn.mayEnter) {
    if (state.round.kind === 'quoting' || state.round.kind === 'waiting') {
      state.round = { kind: 'idle' };
    }
    return;
  }
  for (const deal of state.deals) {
    if (deal.phase.kind === 'closing' && deal.phase.step === 'awaitingQuote') {
      turn.requestQuote(deal.symbol);
    }
  }
  if (state.isRunning && state.round.kind === 'idle') startRound(state, turn, 'start');
}

function startRound(state: RebalanceBotState, turn: Turn, reason: RoundReason): void {
  for (const symbol of state.settings.symbols) {
    if (state.deals.some((deal) => deal.symbol === symbol)) continue;
    const instrument = state.instruments.find((candidate) => candidate.symbol === symbol);
    assert(instrument !== undefined, `Invariant: ${symbol} has an instrument`);
    const dealId = state.nextDealId;
    state.nextDealId += 1;
    state.deals.push({
      kind: 'rebalance',
      dealId,
      symbol,
      instrument,
      feeRatePpm: state.feeRatePpm,
      openedTime: turn.time,
      phase: { kind: 'holding' },
      position: emptyPosition(),
      orders: [],
      orderCount: 0,
      share: shareOf(state.settings, symbol),
      trades: 0,
    });
  }
  state.hasTrouble = false;
  state.round = { kind: 'quoting', reason, quotes: [] };
  for (const deal of state.deals) turn.requestQuote(deal.symbol);
}

function shareOf(settings: RebalanceSettings, symbol: string): bigint {
  const share = rebalanceTerms(settings).shares.get(symbol);
  assert(share !== undefined, `Invariant: ${symbol} has a target`);
  return share;
}

/** All prices are known: nothing to do, or sales, or purchases. */
function decide(
  state: RebalanceBotState,
  turn: Turn,
  reason: RoundReason,
  quotes: readonly RoundQuote[],
  freeQuote: bigint | null,
): void {
  const terms = rebalanceTerms(state.settings);
  const cash = portfolioCash(state);
  const worth = portfolioWorth(state, quotes);
  const off = worst(state, quotes, worth);
  const values = {
    reason,
    worth: worthText(worth),
    cash: worthText(cash),
    off: trimDecimal(formatDecimal(off, 2)),
  };
  if (reason === 'threshold' && (terms.threshold === null || off < terms.threshold)) {
    finish(state, quotes);
    return;
  }
  if (freeQuote !== null && freeQuote * power10(WORTH_SCALE - ASSET_SCALE) < cash) {
    turn.note(NO_DEAL, 'rebalanceShort', {
      ...values,
      free: trimDecimal(formatDecimal(freeQuote, ASSET_SCALE)),
    });
  }
  turn.note(NO_DEAL, 'rebalanceStarted', values);
  state.rounds += 1;
  let isSelling = false;
  for (const deal of state.deals) {
    if (deal.phase.kind === 'holding' && sellSurplus(state, turn, deal, quotes, worth)) {
      isSelling = true;
    }
  }
  state.round = { kind: 'selling', quotes };
  if (!isSelling) buy(state, turn, quotes, freeQuote);
}

function sellSurplus(
  state: RebalanceBotState,
  turn: Turn,
  deal: RebalanceDeal,
  quotes: readonly RoundQuote[],
  worth: bigint,
): boolean {
  if (!turn.mayExit) return false;
  const { minTrade, maxSlippage } = rebalanceTerms(state.settings);
  const { bid } = quoteOf(quotes, deal.symbol);
  const surplus = coinsWorth(deal, bid) - (worth * deal.share) / WHOLE;
  if (surplus < ratioWorth(minTrade)) return false;
  const limit = slippedSell(deal.instrument, bid, maxSlippage);
  const wanted = Math.min(
    lotsForWorth(deal.instrument, surplus, bid),
    heldLots(deal.position, deal.instrument),
  );
  const lots = mostLots(deal.instrument, limit, wanted);
  if (orderFault(deal.instrument, limit, lots) !== null) return false;
  turn.place(deal, {
    purpose: 'rebalance',
    role: 'exit',
    side: 'sell',
    timeInForce: 'IOC',
    priceTicks: limit,
    lots,
  });
  return true;
}

/** Buys what is too little, the largest lack first, with no more than the cash there is. */
function buy(
  state: RebalanceBotState,
  turn: Turn,
  quotes: readonly RoundQuote[],
  freeQuote: bigint | null,
): void {
  const { minTrade, maxSlippage } = rebalanceTerms(state.settings);
  const worth = portfolioWorth(state, quotes);
  let cash = portfolioCash(state);
  if (freeQuote !== null) {
    const free = freeQuote * power10(WORTH_SCALE - ASSET_SCALE);
    if (free < cash) cash = free;
  }
  const lacking = state.deals
    .filter(({ phase }) => phase.kind === 'holding')
    .map((deal) => {
      const { bid } = quoteOf(quotes, deal.symbol);
      return { deal, lack: (worth * deal.share) / WHOLE - coinsWorth(deal, bid) };
    })
    .filter(({ lack }) => lack >= ratioWorth(minTrade))
    .toSorted((a, b) =>
      a.lack === b.lack ? a.deal.dealId - b.deal.dealId : a.lack < b.lack ? 1 : -1,
    );
  let isBuying = false;
  for (const { deal, lack } of turn.mayEnter ? lacking : []) {
    const { instrument } = deal;
    const { ask } = quoteOf(quotes, deal.symbol);
    const limit = slippedBuy(instrument, ask, maxSlippage);
    // At the worst price, and with a fee that may be taken in quote, the cash must still be enough.
    const affordable = lotsForWorth(
      instrument,
      (cash * BigInt(PPM)) / BigInt(PPM + deal.feeRatePpm),
      limit,
    );
    const wanted = Math.min(lotsForWorth(instrument, lack, ask), affordable);
    const lots = mostLots(instrument, limit, wanted);
    if (orderFault(instrument, limit, lots) !== null) continue;
    cash -= divCeil(
      lotsWorth(instrument, limit, lots) * BigInt(PPM + deal.feeRatePpm),
      BigInt(PPM),
    );
    turn.place(deal, {
      purpose: 'rebalance',
      role: 'entry',
      side: 'buy',
      timeInForce: 'IOC',
      priceTicks: limit,
      lots,
    });
    isBuying = true;
  }
  state.round = { kind: 'buying', quotes };
  if (!isBuying) endRound(state, turn, quotes);
}

function onSettled(
  state: RebalanceBotState,
  turn: Turn,
  deal: RebalanceDeal,
  order: DealOrder,
  how: Settlement,
): void {
  if (order.filledLots > 0) deal.trades += 1;
  if (how.kind === 'rejected') state.hasTrouble = true;
  if (deal.phase.kind === 'closing') {
    soldOut(turn, deal, how);
  } else if (deal.phase.kind === 'cancelling' && deal.orders.length === 0) {
    end(turn, deal, 'cancelled', 'cancelled by command');
  }
  const { round } = state;
  if (round.kind !== 'selling' && round.kind !== 'buying') return;
  const isOut = state.deals.some(({ orders }) =>
    orders.some(({ purpose }) => purpose === 'rebalance'),
  );
  if (isOut) return;
  if (round.kind === 'selling' && state.isRunning) buy(state, turn, round.quotes, null);
  else endRound(state, turn, round.quotes);
}

function endRound(state: RebalanceBotState, turn: Turn, quotes: readonly RoundQuote[]): void {
  if (!state.hasTrouble || !state.isRunning) {
    state.troubles = 0;
    finish(state, quotes);
    return;
  }
  state.troubles += 1;
  const until = turn.time + backoffMs(state.troubles);
  state.round = { kind: 'waiting', until };
  turn.setTimer(RETRY_TIMER, until);
  turn.note(NO_DEAL, 'rebalancePaused', { until: String(until) });
}

function finish(state: RebalanceBotState, quotes: readonly RoundQuote[]): void {
  state.round = { kind: 'idle' };
  state.bands = bandsOf(state, quotes);
}

/**
 * How far every price may move before a share can be off by the threshold. When all prices stay within a factor
 * 1 ± b a share s moves by at most b / (2 (1 − b)), so a margin m is kept by b = 2m / (1 + 2m). Where lots or the
 * least trade leave a share off already, a quarter of the threshold is the margin.
 */
function bandsOf(state: RebalanceBotState, quotes: readonly RoundQuote[]): readonly Band[] {
  const { threshold } = rebalanceTerms(state.settings);
  if (threshold === null) return [];
  const off = worst(state, quotes, portfolioWorth(state, quotes));
  const least = threshold / 4n;
  const margin = threshold - off > least ? threshold - off : least;
  const numerator = 2n * margin;
  const denominator = WHOLE + 2n * margin;
  return quotes.map(({ symbol, quote }) => {
    const last = BigInt(quote.last);
    const reach = Number((last * numerator) / denominator);
    const ticks = Math.max(1, reach);
    return { symbol, below: Math.max(0, quote.last - ticks), above: quote.last + ticks };
  });
}

/** The largest distance of a share from its target, in hundredths of a percent. */
function worst(state: RebalanceBotState, quotes: readonly RoundQuote[], worth: bigint): bigint {
  if (worth <= 0n) return 0n;
  let off = 0n;
  for (const deal of state.deals) {
    if (deal.phase.kind !== 'holding') continue;
    const { bid } = quoteOf(quotes, deal.symbol);
    const difference = (coinsWorth(deal, bid) * WHOLE) / worth - deal.share;
    const distance = difference < 0n ? -difference : difference;
    if (distance > off) off = distance;
  }
  return off;
}

function portfolioWorth(state: RebalanceBotState, quotes: readonly RoundQuote[]): bigint {
  let worth = portfolioCash(state);
  for (const deal of state.deals) worth += coinsWorth(deal, quoteOf(quotes, deal.symbol).bid);
  return worth;
}

function quoteOf(quotes: readonly RoundQuote[], symbol: string): Quote {
  const known = quotes.find((candidate) => candidate.symbol === symbol);
  assert(known !== undefined, `Invariant: the round knows the price of ${symbol}`);
  return known.quote;
}

function setCalendar(state: RebalanceBotState, turn: Turn): void {
  const { everyHours } = state.settings;
  if (everyHours !== undefined) turn.setTimer(CALENDAR_TIMER, turn.time + everyHours * HOUR_MS);
}

function endAll(
  state: RebalanceBotState,
  turn: Turn,
  how: 'close' | 'cancel',
  symbol?: string,
): void {
  for (const deal of state.deals) {
    if (deal.phase.kind !== 'holding') continue;
    if (symbol === undefined || deal.symbol === symbol) endDeal(turn, deal, how);
  }
}

function endDeal(turn: Turn, deal: RebalanceDeal, how: 'close' | 'cancel'): void {
  turn.note(deal.dealId, how === 'close' ? 'closeRequested' : 'cancelRequested', {});
  if (how === 'cancel') {
    deal.phase = { kind: 'cancelling' };
    if (deal.orders.length === 0) end(turn, deal, 'cancelled', 'cancelled by command');
    return;
  }
  deal.phase = { kind: 'closing', attempt: 0, step: 'cancelling', until: 0 };
  if (deal.orders.length === 0) askToSellOut(turn, deal, 0);
}

function askToSellOut(turn: Turn, deal: RebalanceDeal, attempt: number): void {
  if (heldLots(deal.position, deal.instrument) < Math.max(1, deal.instrument.minLots)) {
    end(turn, deal, 'closed', 'closed by command');
    return;
  }
  deal.phase = { kind: 'closing', attempt, step: 'awaitingQuote', until: 0 };
  turn.requestQuote(deal.symbol);
}

/** Sells all coins of `deal` within slippage of the bid. Answers whether the quote changed anything. */
function sellOut(state: RebalanceBotState, turn: Turn, deal: RebalanceDeal, quote: Quote): boolean {
  const { phase, instrument } = deal;
  assert(phase.kind === 'closing', 'Invariant: the deal is closing');
  if (!turn.mayExit || quote.bid < instrument.minTicks) return false;
  const { maxSlippage } = rebalanceTerms(state.settings);
  const limit = Math.min(quote.bid, slippedSell(instrument, quote.bid, maxSlippage));
  const lots = mostLots(instrument, limit, heldLots(deal.position, instrument));
  if (orderFault(instrument, limit, lots) !== null) {
    end(turn, deal, 'closed', 'closed by command');
    return true;
  }
  deal.phase = { kind: 'closing', attempt: phase.attempt + 1, step: 'selling', until: 0 };
  turn.place(deal, {
    purpose: 'close',
    role: 'exit',
    side: 'sell',
    timeInForce: 'IOC',
    priceTicks: limit,
    lots,
  });
  return true;
}

function soldOut(turn: Turn, deal: RebalanceDeal, how: Settlement): void {
  const { phase } = deal;
  if (phase.kind !== 'closing' || deal.orders.length > 0) return;
  const isSpent = how.kind === 'rejected' || phase.attempt >= CLOSE_ATTEMPTS;
  if (!isSpent || heldLots(deal.position, deal.instrument) < Math.max(1, deal.instrument.minLots)) {
    askToSellOut(turn, deal, phase.attempt);
    return;
  }
  const until = turn.time + backoffMs(1);
  deal.phase = { ...phase, attempt: 0, step: 'waiting', until };
  turn.setTimer(closeTimer(deal), until);
  turn.note(deal.dealId, 'dealPaused', {
    order: 'close',
    reason: how.kind === 'rejected' ? how.reason : 'the market did not take all coins',
    until: String(until),
  });
}

function end(
  turn: Turn,
  deal: RebalanceDeal,
  outcome: 'closed' | 'cancelled',
  reason: string,
): void {
  const { instrument, position } = deal;
  deal.phase = { kind: 'ended', time: turn.time, outcome, reason };
  const cost = costOf(position, instrument);
  const profit = realisedProfit(position, instrument);
  turn.note(deal.dealId, outcome === 'cancelled' ? 'dealCancelled' : 'dealCompleted', {
    outcome,
    reason,
    symbol: deal.symbol,
    bought: formatQuantity(instrument, position.boughtLots),
    sold: formatQuantity(instrument, position.soldLots),
    cost: formatMoney(instrument, cost),
    revenue: formatMoney(instrument, revenueOf(position, instrument)),
    profit: formatMoney(instrument, profit),
    profitPercent: formatPercent(profit, cost, 2),
    kept: formatBase(instrument, heldBase(position, instrument)),
    safetyOrders: '0',
    seconds: String(Math.floor((turn.time - deal.openedTime) / 1000)),
  });
}

function closeTimer(deal: RebalanceDeal): string {
  return `deal:${deal.dealId}:close`;
}

function worthText(worth: bigint): string {
  return trimDecimal(formatDecimal(worth, WORTH_SCALE));
}
