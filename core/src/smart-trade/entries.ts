// SPDX-License-Identifier: Apache-2.0
// How a trade gets its position: triggers are watched, orders placed, and tried again where the venue did not take them.

import type { DealOrder, Settlement } from '../bot/deal-order.ts';
import { slippedTicks } from '../bot/immediate.ts';
import { lotsForVolume, mostLots, orderFault, SPLIT_MAX } from '../bot/order-rules.ts';
import { postWaitMs } from '../bot/post-only.ts';
import { ABSENT_MAX, ATTEMPTS_MAX, backoffMs, EXIT_BACKOFF_MAX_MS } from '../bot/retry.ts';
import type { Turn } from '../bot/turn.ts';
import { ASSET_SCALE, formatPrice, formatQuantity, type Instrument } from '../instrument.ts';
import type { FreeFunds } from '../machine.ts';
import { entrySide, type Quote, type Side } from '../order.ts';
import {
  assetBase,
  assetMoney,
  formatMoney,
  lotsBase,
  moneyScale,
  notionalMoney,
  power10,
  type Ratio,
} from '../position.ts';
import { assert, divFloor } from '../units.ts';
import {
  entrySideOf,
  isPending,
  orderOf,
  priceFrom,
  timerName,
  type EntryPhase,
  type EntrySize,
  type EntryState,
  type EntryTrigger,
  type Market,
  type TradeDeal,
} from './deal.ts';
import {
  betterWay,
  ceilTicks,
  floorTicks,
  limitTicks,
  movedBy,
  ratioOf,
  shareOf,
  toTicks,
  weightOf,
  wholeTicks,
} from './exact.ts';
import type { EntryTerm, PriceTerm, SizeTerm, TradePlan, TriggerTerm } from './plan.ts';
import { planTerms } from './terms.ts';

/** Free money may be short by one part in so many before an entry is made smaller instead of being put off. */
const SHORTAGE_PART = 100;

/** The entries of `plan` at the market as it stands when the trade begins. */
export function beginEntries(
  plan: TradePlan,
  instrument: Instrument,
  market: Market,
): EntryState[] {
  const { entries, size } = plan;
  const side = entrySide(plan.direction);
  if (size === undefined) return [];
  const shares = sizesOf(entries, size, instrument, market.funds, side);
  return entries.map((term, index) => {
    const share = shares[index];
    assert(share !== undefined, 'Invariant: every entry has a size');
    return beginEntry(term, index + 1, share, instrument, market.quote, side);
  });
}

/** Funds that a person or a signal adds to a running trade. */
export function addedEntry(
  number: number,
  order: { readonly size: EntrySize; readonly limitTicks: number; readonly waitSeconds: number },
): EntryState {
  return {
    purpose: 'addFunds',
    number,
    order: order.limitTicks > 0 ? 'limit' : 'market',
    limitTicks: order.limitTicks,
    size: order.size,
    trigger: null,
    waitSeconds: order.waitSeconds,
    phase: { kind: 'ready' },
    lots: -1,
    filledLots: 0,
    tries: 0,
    pauses: 0,
    whenCancelled: 'again',
  };
}

/** What `term` and `share` make of an entry, seen from the market at the start of the trade. */
export function beginEntry(
  term: EntryTerm,
  number: number,
  size: EntrySize,
  instrument: Instrument,
  quote: Quote,
  side: Side,
): EntryState {
  const trigger =
    term.trigger === undefined ? null : triggerOf(term.trigger, instrument, quote, side);
  return {
    purpose: 'entry',
    number,
    order: term.order,
    limitTicks: entryLimit(term, instrument, quote, side),
    size,
    trigger,
    waitSeconds: term.waitSeconds ?? 0,
    phase: { kind: trigger === null ? 'ready' : 'armed' },
    lots: -1,
    filledLots: 0,
    tries: 0,
    pauses: 0,
    whenCancelled: 'again',
  };
}

/** The size of each entry: shares of the whole, the last one of a number of lots takes the remainder. */
export function sizesOf(
  entries: readonly EntryTerm[],
  size: SizeTerm,
  instrument: Instrument,
  funds: FreeFunds | undefined,
  side: Side,
): EntrySize[] {
  const weights = entries.map(({ share }) => weightOf(share));
  const total = weights.reduce((sum, weight) => sum + weight, 0n);
  const inLots = (lots: number): EntrySize[] => {
    let rest = lots;
    return weights.map((weight, index) => {
      const part = index === weights.length - 1 ? rest : shareOf(lots, weight, total);
      rest -= part;
      return { kind: 'lots', lots: part };
    });
  };
  const inQuote = (amount: Ratio, isMost: boolean): EntrySize[] =>
    weights.map((weight) => ({
      kind: 'budget',
      amount: { numerator: amount.numerator * weight, denominator: amount.denominator * total },
      isMost,
    }));
  switch (size.kind) {
    case 'quote':
      return inQuote(ratioOf(size.amount), false);
    case 'base':
      return inLots(lotsOf(instrument, ratioOf(size.quantity)));
    case 'balance': {
      const percent = ratioOf(size.percent);
      const part = (amount: bigint): Ratio => ({
        numerator: amount * percent.numerator,
        denominator: 100n * percent.denominator * power10(ASSET_SCALE),
      });
      return side === 'buy'
        ? inQuote(part(funds?.quote ?? 0n), true)
        : inLots(lotsOf(instrument, part(funds?.base ?? 0n)));
    }
  }
}

/** Whole lots in a quantity of coins. */
export function lotsOf(instrument: Instrument, quantity: Ratio): number {
  const lots = divFloor(
    quantity.numerator * power10(instrument.quantityScale),
    quantity.denominator * BigInt(instrument.lotUnits),
  );
  return Number(lots);
}

/** The limit of a limit entry, 0 of another. Percentages count from where the order would just rest. */
export function entryLimit(
  term: Pick<EntryTerm, 'order' | 'price'>,
  instrument: Instrument,
  quote: Quote,
  side: Side,
): number {
  if (term.order === 'market' || term.price === undefined) return 0;
  const resting = side === 'buy' ? quote.bid : quote.ask;
  return limitTicks(priceOfTerm(term.price, resting, instrument, side), side);
}

function triggerOf(
  term: TriggerTerm,
  instrument: Instrument,
  quote: Quote,
  side: Side,
): EntryTrigger {
  const source = term.source === 'own' ? (side === 'buy' ? 'ask' : 'bid') : term.source;
  const start = priceFrom(quote, source, side);
  const price = priceOfTerm(term.price, start, instrument, side);
  const isAbove = price.numerator > BigInt(start) * price.denominator;
  const fires =
    term.when === 'reaches'
      ? isAbove
        ? 'above'
        : 'below'
      : term.when === 'atOrAbove'
        ? 'above'
        : 'below';
  return {
    ticks: fires === 'above' ? ceilTicks(price) : floorTicks(price),
    fires,
    source,
    ...(term.trailing === undefined ? {} : { trailing: term.trailing }),
  };
}

function priceOfTerm(term: PriceTerm, from: number, instrument: Instrument, side: Side): Ratio {
  return term.kind === 'price'
    ? toTicks(instrument, ratioOf(term.price))
    : movedBy(wholeTicks(from), ratioOf(term.percent), betterWay(side));
}

/** The trigger price and the side it fires on that matter now, for `watchedBelow` and `watchedAbove`. */
export function entryWatch(deal: TradeDeal, entry: EntryState): { below: number; above: number } {
  const { phase, trigger } = entry;
  if (phase.kind === 'awaitingQuote') return { below: Infinity, above: -1 };
  if (trigger !== null && phase.kind === 'armed') {
    return trigger.fires === 'below'
      ? { below: trigger.ticks, above: Infinity }
      : { below: -1, above: trigger.ticks };
  }
  if (trigger !== null && phase.kind === 'trailing') {
    const turn = turnTicks(deal, trigger, phase.bestTicks);
    return entrySideOf(deal) === 'buy'
      ? { below: phase.bestTicks - 1, above: turn }
      : { below: turn, above: phase.bestTicks + 1 };
  }
  return { below: -1, above: Infinity };
}

/** Follows the triggers. Answers whether `quote` changed an entry. */
export function entriesOnQuote(turn: Turn, deal: TradeDeal, quote: Quote): boolean {
  let isChanged = false;
  for (const entry of deal.entries) {
    const { trigger, phase } = entry;
    if (trigger === null) continue;
    const ticks = priceFrom(quote, trigger.source, entrySideOf(deal));
    const next = nextPhase(deal, entry, trigger, ticks, turn.mayEnter);
    if (next === null) continue;
    isChanged = true;
    entry.phase = next;
    if (next.kind === phase.kind) continue;
    turn.note(deal.dealId, next.kind === 'trailing' ? 'entryTrailing' : 'entryTriggered', {
      ...nameOf(entry),
      price: formatPrice(deal.instrument, ticks),
    });
  }
  return isChanged;
}

/** Where a quote at `ticks` takes a triggered entry, or null where it stays. */
function nextPhase(
  deal: TradeDeal,
  entry: EntryState,
  trigger: EntryTrigger,
  ticks: number,
  mayEnter: boolean,
): EntryPhase | null {
  const { phase } = entry;
  const isBuy = entrySideOf(deal) === 'buy';
  if (phase.kind === 'armed') {
    const isReached = trigger.fires === 'below' ? ticks <= trigger.ticks : ticks >= trigger.ticks;
    if (!isReached) return null;
    if (trigger.trailing !== undefined) return { kind: 'trailing', bestTicks: ticks };
    return mayEnter ? { kind: 'ready' } : null;
  }
  if (phase.kind !== 'trailing') return null;
  if (isBuy ? ticks < phase.bestTicks : ticks > phase.bestTicks) {
    return { kind: 'trailing', bestTicks: ticks };
  }
  const level = turnTicks(deal, trigger, phase.bestTicks);
  const hasTurned = isBuy ? ticks >= level : ticks <= level;
  return hasTurned && mayEnter ? { kind: 'ready' } : null;
}

/** Where a trailing entry trades: the best price and the trailing percentage back from it. */
function turnTicks(deal: TradeDeal, trigger: EntryTrigger, bestTicks: number): number {
  const percent = ratioOf(trigger.trailing ?? '0');
  return entrySideOf(deal) === 'buy'
    ? ceilTicks(movedBy(wholeTicks(bestTicks), percent, 'up'))
    : floorTicks(movedBy(wholeTicks(bestTicks), percent, 'down'));
}

/** Places what is ready, at once where the market is known and needed, else after a fresh quote. */
export function keepEntries(turn: Turn, deal: TradeDeal, market: Market | null): void {
  if (!turn.mayEnter) return;
  for (const entry of deal.entries) {
    if (entry.phase.kind !== 'ready' && entry.phase.kind !== 'awaitingQuote') continue;
    if (entry.order === 'limit') {
      placeEntry(turn, deal, entry, entry.limitTicks, market?.funds);
    } else if (market !== null) {
      const { maxSlippage } = planTerms(deal.plan);
      const side = entrySideOf(deal);
      const limit = slippedTicks(deal.instrument, market.quote, side, maxSlippage);
      const expected = side === 'buy' ? market.quote.ask : market.quote.bid;
      measureEntry(deal.instrument, entry, limit, expected);
      placeEntry(turn, deal, entry, limit, market.funds);
    } else if (entry.phase.kind === 'ready') {
      entry.phase = { kind: 'awaitingQuote' };
      turn.requestQuote(deal.symbol);
    }
  }
}

/** Whether a quote is awaited that could bring an order now. */
export function entriesAwaitQuote(turn: Turn, deal: TradeDeal): boolean {
  return turn.mayEnter && deal.entries.some(({ phase }) => phase.kind === 'awaitingQuote');
}

/** Turns a budget into lots, once: at what the order is expected to trade at, or at its limit where it is a most. */
export function measureEntry(
  instrument: Instrument,
  entry: EntryState,
  limit: number,
  expected: number,
): void {
  if (entry.lots >= 0) return;
  const { size } = entry;
  if (size.kind === 'lots') entry.lots = size.lots;
  else entry.lots = budgetLots(instrument, size, limit, expected);
}

/** The lots of a budget. `limit` is what the venue sets aside, `expected` what will be paid. */
export function budgetLots(
  instrument: Instrument,
  size: Extract<EntrySize, { kind: 'budget' }>,
  limit: number,
  expected: number,
): number {
  const ticks = size.isMost ? limit : expected;
  if (ticks < 1) return 0;
  const atLeast = lotsForVolume(instrument, size.amount, ticks);
  return size.isMost ? mostWithin(instrument, size.amount, ticks, atLeast) : atLeast;
}

/** `lotsForVolume` rounds up: one lot less where that is too much. */
function mostWithin(instrument: Instrument, amount: Ratio, ticks: number, lots: number): number {
  const money = notionalMoney(instrument, BigInt(ticks) * BigInt(lots));
  const isWithin = money * amount.denominator <= amount.numerator * power10(moneyScale(instrument));
  return isWithin ? lots : lots - 1;
}

function placeEntry(
  turn: Turn,
  deal: TradeDeal,
  entry: EntryState,
  ticks: number,
  funds: FreeFunds | undefined,
): void {
  const { instrument } = deal;
  const side = entrySideOf(deal);
  measureEntry(instrument, entry, ticks, ticks);
  const rest = entry.lots - entry.filledLots;
  const wanted = ticks < 1 ? rest : mostLots(instrument, ticks, rest);
  const fault = orderFault(instrument, ticks, wanted);
  if (fault !== null) {
    endEntry(turn, deal, entry, `${fault.rule}: expected ${fault.expected}, found ${fault.found}`);
    return;
  }
  if (rest > SPLIT_MAX * wanted) {
    const most = formatQuantity(instrument, SPLIT_MAX * wanted);
    const found = formatQuantity(instrument, rest);
    const { baseAsset } = instrument;
    endEntry(
      turn,
      deal,
      entry,
      `expected at most ${most} ${baseAsset} in ${SPLIT_MAX} orders, found ${found} ${baseAsset}`,
    );
    return;
  }
  const affordable = funds === undefined ? rest : affordableLots(instrument, side, ticks, funds);
  // A little too little is made to fit; more than that is said, and waited for. What goes out in several orders is
  // judged as a whole: the first of them alone says nothing about the wish.
  if (
    affordable < rest &&
    (affordable < rest - rest / SHORTAGE_PART ||
      orderFault(instrument, ticks, Math.min(wanted, affordable)) !== null)
  ) {
    trouble(turn, deal, entry, shortage(instrument, side, ticks, rest, funds), true);
    return;
  }
  const lots = Math.min(wanted, affordable);
  if (affordable < rest) entry.lots = entry.filledLots + affordable;
  entry.phase = { kind: 'ordered' };
  entry.tries += 1;
  turn.place(deal, {
    purpose: entry.purpose,
    role: 'entry',
    ladderIndex: entry.number,
    attempt: entry.tries,
    side,
    timeInForce: entry.order === 'limit' ? 'GTC' : 'IOC',
    priceTicks: ticks,
    lots,
    postTries: restsOnly(deal, entry) ? (entry.postTries ?? 0) : undefined,
  });
  if (entry.order === 'limit' && entry.waitSeconds > 0) {
    turn.setTimer(waitTimer(deal, entry), turn.time + entry.waitSeconds * 1000);
  }
}

/** What a person adds at a price goes out as it was asked for. */
function restsOnly({ plan }: TradeDeal, { order, purpose }: EntryState): boolean {
  return plan.postOnly === true && order === 'limit' && purpose === 'entry';
}

/** What `funds` pay for at `ticks`. */
function affordableLots(
  instrument: Instrument,
  side: Side,
  ticks: number,
  funds: FreeFunds,
): number {
  const lots =
    side === 'buy'
      ? assetMoney(instrument, funds.quote) / notionalMoney(instrument, BigInt(ticks))
      : assetBase(instrument, funds.base) / lotsBase(instrument, 1);
  const countable = BigInt(Number.MAX_SAFE_INTEGER);
  return lots < 0n ? 0 : Number(lots > countable ? countable : lots);
}

function shortage(
  instrument: Instrument,
  side: Side,
  ticks: number,
  lots: number,
  funds: FreeFunds | undefined,
): string {
  if (side === 'buy') {
    const needed = formatMoney(instrument, notionalMoney(instrument, BigInt(ticks) * BigInt(lots)));
    const free = formatMoney(instrument, assetMoney(instrument, funds?.quote ?? 0n));
    return `insufficient funds: needed ${needed} ${instrument.quoteAsset}, free ${free}`;
  }
  const free = affordableLots(instrument, side, ticks, funds ?? { base: 0n, quote: 0n });
  return `insufficient funds: needed ${formatQuantity(instrument, lots)} ${instrument.baseAsset}, free ${formatQuantity(instrument, free)}`;
}

/** The order of an entry is settled. */
export function settleEntry(turn: Turn, deal: TradeDeal, order: DealOrder, how: Settlement): void {
  const entry = deal.entries.find(
    ({ purpose, number }) => purpose === order.purpose && number === order.ladderIndex,
  );
  assert(entry !== undefined, `Invariant: entry ${order.ladderIndex} has a state`);
  entry.filledLots += order.filledLots;
  const isTaking = how.kind === 'rejected' && how.wouldTake && order.postTries !== undefined;
  if (!isTaking) delete entry.postTries;
  if (turn.time - order.placedTime >= EXIT_BACKOFF_MAX_MS) entry.pauses = 0;
  if (entry.lots >= 0 && entry.filledLots >= entry.lots) {
    entry.phase = { kind: 'ended', how: 'filled' };
  } else if (entry.whenCancelled === 'end') {
    cancelEntry(entry);
  } else if (isTaking) {
    entry.postTries = (order.postTries ?? 0) + 1;
    entry.tries = 0;
    const waitMs = postWaitMs('entry', entry.postTries);
    entry.phase = waitMs === 0 ? { kind: 'ready' } : { kind: 'pausing', until: turn.time + waitMs };
    if (waitMs > 0) turn.setTimer(retryTimer(deal, entry), turn.time + waitMs);
  } else if (how.kind === 'rejected') {
    if (how.isAbsent && entry.tries < ABSENT_MAX) entry.phase = { kind: 'ready' };
    else trouble(turn, deal, entry, how.reason, how.mayPass);
  } else if (order.isCancelling) {
    entry.phase = { kind: entry.whenCancelled === 'rearm' ? 'armed' : 'ready' };
    entry.whenCancelled = 'again';
    entry.tries = 0;
  } else if (order.filledLots >= order.quantity) {
    // The venue takes only so much in one order; the rest goes into the next.
    entry.phase = { kind: 'ready' };
    entry.tries = 0;
  } else if (entry.order === 'market') {
    if (entry.tries < ATTEMPTS_MAX) entry.phase = { kind: 'ready' };
    else trouble(turn, deal, entry, 'the market did not take all of it', false);
  } else if (entry.tries === 1) {
    entry.phase = { kind: 'ready' };
  } else {
    trouble(turn, deal, entry, 'cancelled by someone else', false);
  }
}

/**
 * Puts the entry off; after some pauses it is given up, with what it has. Where money is missing the entry of a
 * smart trade goes on asking, while a signal is not followed long after it came.
 */
function trouble(
  turn: Turn,
  deal: TradeDeal,
  entry: EntryState,
  reason: string,
  mayPass: boolean,
): void {
  entry.tries = 0;
  entry.pauses += 1;
  // A person who adds funds means now: an addition of hours ago would come as a surprise.
  const isPatient = mayPass && deal.kind === 'smartTrade' && entry.purpose === 'entry';
  if (entry.pauses >= ATTEMPTS_MAX && !isPatient) {
    endEntry(turn, deal, entry, reason);
    return;
  }
  const until = turn.time + backoffMs(entry.pauses);
  entry.phase = { kind: 'pausing', until };
  turn.setTimer(retryTimer(deal, entry), until);
  turn.note(deal.dealId, 'dealPaused', {
    ...nameOf(entry),
    reason,
    until: String(until),
  });
}

/** The entry goes no further; what it got stays. */
function endEntry(turn: Turn, deal: TradeDeal, entry: EntryState, reason: string): void {
  entry.phase = { kind: 'ended', how: entry.filledLots > 0 ? 'partly' : 'failed' };
  turn.note(deal.dealId, 'entryEnded', {
    ...nameOf(entry),
    reason,
    filled: formatQuantity(deal.instrument, entry.filledLots),
  });
}

function cancelEntry(entry: EntryState): void {
  entry.phase = { kind: 'ended', how: entry.filledLots > 0 ? 'partly' : 'cancelled' };
}

/** Takes back an entry for good. Answers whether it was pending. */
export function dropEntry(turn: Turn, deal: TradeDeal, entry: EntryState): boolean {
  if (!isPending(entry)) return false;
  const order = orderOf(deal, entry);
  if (order === undefined) {
    cancelEntry(entry);
    return true;
  }
  if (entry.whenCancelled === 'end') return false;
  entry.whenCancelled = 'end';
  turn.cancel(deal, order);
  return true;
}

/** Answers whether `timer` is one that an entry waited for, and due. */
export function entryTimer(turn: Turn, deal: TradeDeal, timer: string): boolean {
  for (const entry of deal.entries) {
    if (timer === retryTimer(deal, entry)) {
      if (entry.phase.kind !== 'pausing' || turn.time < entry.phase.until) return false;
      entry.phase = { kind: 'ready' };
      return true;
    }
    if (timer === waitTimer(deal, entry)) {
      const order = orderOf(deal, entry);
      if (order === undefined || order.isCancelling || order.phase.kind === 'ended') return false;
      if (entry.order === 'market') return false;
      if (turn.time < order.placedTime + entry.waitSeconds * 1000) return false;
      entry.whenCancelled = 'end';
      turn.cancel(deal, order);
      return true;
    }
  }
  return false;
}

/** Entries go out at once, at the market. Answers whether any waited. */
export function forceEntries(turn: Turn, deal: TradeDeal): boolean {
  let isChanged = false;
  for (const entry of deal.entries) {
    const { phase } = entry;
    const mayBeForced =
      phase.kind === 'armed' ||
      phase.kind === 'trailing' ||
      phase.kind === 'pausing' ||
      ((phase.kind === 'ordered' || phase.kind === 'ready') && entry.order === 'limit');
    if (!mayBeForced) continue;
    isChanged = true;
    // The lots of a limit order stay; a budget not measured yet is spent at the market.
    entry.order = 'market';
    entry.limitTicks = 0;
    entry.tries = 0;
    const order = orderOf(deal, entry);
    if (order === undefined) entry.phase = { kind: 'ready' };
    else turn.cancel(deal, order);
    turn.note(deal.dealId, 'entryForced', nameOf(entry));
  }
  return isChanged;
}

function nameOf(entry: EntryState): Record<string, string> {
  return { order: entry.purpose, number: String(entry.number) };
}

function retryTimer(deal: TradeDeal, entry: EntryState): string {
  return timerName(deal, `${entry.purpose}${entry.number}`);
}

function waitTimer(deal: TradeDeal, entry: EntryState): string {
  return timerName(deal, `${entry.purpose}${entry.number}Wait`);
}
