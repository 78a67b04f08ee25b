// SPDX-License-Identifier: Apache-2.0
// How a grid comes to stand: coins and money are brought to where its lines need them, then the lines are laid out.

import { orderFor, leavesLots, type DealOrder, type Settlement } from '../bot/deal-order.ts';
import { immediateOrder } from '../bot/immediate.ts';
import { orderFault, slippedBuy } from '../bot/order-rules.ts';
import { ABSENT_MAX, ATTEMPTS_MAX, backoffMs } from '../bot/retry.ts';
import { orderName, type Turn } from '../bot/turn.ts';
import { ASSET_SCALE, formatPrice, type Instrument } from '../instrument.ts';
import type { FreeFunds } from '../machine.ts';
import type { Quote } from '../order.ts';
import {
  assetMoney,
  baseScale,
  emptyPosition,
  formatBase,
  formatMoney,
  lotsBase,
  moneyScale,
  notionalMoney,
  power10,
} from '../position.ts';
import { assert, divCeil, divFloor, PPM } from '../units.ts';
import { orderLots, type GridDeal, type OpeningStep } from './deal.ts';
import { bookedOf, moneyAt, supply } from './ledger.ts';
import { lotsForCoins, planGrid, type GridPlan } from './plan.ts';
import { gridTermsOf, type GridSettings } from './terms.ts';
import { newCell, setMarks } from './window.ts';

export interface GridSeed {
  readonly dealId: number;
  readonly symbol: string;
  readonly instrument: Instrument;
  readonly settings: GridSettings;
  readonly feeRatePpm: number;
}

/** What is missing to start, in words a person can act on; or the coins of the account that the grid takes over. */
export type Funding =
  { readonly ok: true; readonly coins: bigint } | { readonly ok: false; readonly reason: string };

/** The price a grid is laid out at: the last one, but no farther than the best prices. */
export function layoutTicks(quote: Quote): number {
  return Math.min(Math.max(quote.last, quote.bid), quote.ask);
}

/**
 * Whether `funds` suffice for the grid of `seed` at `quote`. Without knowledge of funds no coin counts as there, and
 * money is not asked about.
 */
export function fundingOf(seed: GridSeed, quote: Quote, funds: FreeFunds | undefined): Funding {
  const { instrument, settings, feeRatePpm } = seed;
  const plan = planGrid(settings, instrument, layoutTicks(quote), feeRatePpm);
  if (funds === undefined) {
    if (settings.initialBalancing || plan.sellLots === 0) return { ok: true, coins: 0n };
    const needed = `${formatBase(instrument, lotsBase(instrument, plan.sellLots))} ${instrument.baseAsset}`;
    return { ok: false, reason: `${needed} are needed, and what the account holds is not known` };
  }
  const freeCoins = scaled(funds.base, baseScale(instrument));
  const freeMoney = assetMoney(instrument, funds.quote);
  const taken = freeCoins < plan.coins ? freeCoins : plan.coins;
  const lacking = plan.coins - taken;
  const sellsCoins = lotsBase(instrument, plan.sellLots);
  if (!settings.initialBalancing) {
    if (freeCoins >= sellsCoins && freeMoney >= plan.money) return { ok: true, coins: taken };
    return refusal(instrument, plan, { coins: freeCoins, money: freeMoney }, 0n, false);
  }
  if (lacking > 0n) {
    const lots = lotsForCoins(instrument, lacking, feeRatePpm);
    const buying = moneyAt(instrument, quote.ask, lots);
    if (freeMoney >= plan.money + buying) return { ok: true, coins: taken };
    return refusal(instrument, plan, { coins: freeCoins, money: freeMoney }, buying, true);
  }
  if (freeMoney >= plan.money) return { ok: true, coins: taken };
  const extra = coinsForMoney(instrument, plan.money - freeMoney, quote, settings, feeRatePpm);
  if (extra !== null && freeCoins >= plan.coins + extra) {
    return { ok: true, coins: plan.coins + extra };
  }
  return refusal(instrument, plan, { coins: freeCoins, money: freeMoney }, 0n, true);
}

/** A deal that is about to be balanced, with `coins` of the account taken over at the price of `quote`. */
export function openDeal(turn: Turn, seed: GridSeed, quote: Quote, coins: bigint): GridDeal {
  const { instrument, settings } = seed;
  const position = emptyPosition();
  const value = worthOf(instrument, coins, layoutTicks(quote));
  const deal: GridDeal = {
    kind: 'grid',
    dealId: seed.dealId,
    symbol: seed.symbol,
    instrument,
    settings,
    feeRatePpm: seed.feeRatePpm,
    openedTime: turn.time,
    phase: {
      kind: 'opening',
      step: { kind: 'awaitingQuote' },
      attempt: 0,
      pauses: 0,
      hasSold: false,
    },
    position,
    orders: [],
    orderCount: 0,
    cells: [],
    reserve: { coins, cost: value },
    booked: bookedOf(position, instrument),
    takenOver: coins,
    takenOverValue: value,
    profit: { quote: 0n, base: 0n, lines: 0 },
    otherProfit: 0n,
    openingMoney: planGrid(settings, instrument, layoutTicks(quote), seed.feeRatePpm).money,
    investment: 0n,
    shift: 0,
    marks: {
      lowerStop: -1,
      nextDown: -1,
      upperStop: null,
      takeProfit: null,
      nextUp: null,
      release: null,
    },
    troubles: [],
    troublesRing: null,
  };
  setMarks(deal);
  turn.note(deal.dealId, 'dealStarted', {
    symbol: deal.symbol,
    bid: formatPrice(instrument, quote.bid),
    ask: formatPrice(instrument, quote.ask),
    last: formatPrice(instrument, quote.last),
  });
  return deal;
}

/** Asks for a quote once nothing is out that the new lines do not want. */
export function prepare(turn: Turn, deal: GridDeal): void {
  const { phase } = deal;
  assert(phase.kind === 'opening', 'Invariant: the grid is being laid out');
  if (orderFor(deal, 'balancing') !== undefined) return;
  if (deal.orders.some((order) => order.isCancelling || order.phase.kind === 'ended')) return;
  if (phase.step.kind === 'awaitingQuote' || phase.step.kind === 'waiting') return;
  if (phase.step.kind === 'blocked' && !turn.mayEnter) return;
  step(deal, { kind: 'awaitingQuote' });
  turn.requestQuote(deal.symbol);
}

/**
 * Brings coins and money to where the lines need them, or lays the lines out when they are there. Answers whether the
 * grid runs now.
 */
export function layOut(
  turn: Turn,
  deal: GridDeal,
  quote: Quote,
  funds: FreeFunds | undefined,
): boolean {
  const { phase, settings, instrument, feeRatePpm } = deal;
  assert(phase.kind === 'opening', 'Invariant: the grid is being laid out');
  const plan = planGrid(settings, instrument, layoutTicks(quote), feeRatePpm);
  if (cancelStrays(turn, deal, plan)) {
    step(deal, { kind: 'cancelling' });
    return false;
  }
  const { coins } = deal.reserve;
  const isBalanced = coins >= lotsBase(instrument, plan.sellLots) || !settings.initialBalancing;
  if (!isBalanced) {
    const lots = lotsForCoins(instrument, plan.coins - coins, feeRatePpm);
    const order = atLeast(instrument, quote, settings, lots);
    if (order !== null) {
      if (turn.mayEnter) placeBalancing(turn, deal, 'buy', order);
      else step(deal, { kind: 'blocked' });
      return false;
    }
  } else if (funds !== undefined && settings.initialBalancing && !phase.hasSold && turn.mayExit) {
    const order = saleForMoney(deal, plan, quote, funds);
    if (order !== null) {
      deal.phase = { ...phase, hasSold: true };
      placeBalancing(turn, deal, 'sell', order);
      return false;
    }
  }
  lay(turn, deal, plan, quote);
  return true;
}

/** A balancing order has left the list: what it did not bring is tried again at a fresh quote. */
export function settleBalancing(
  turn: Turn,
  deal: GridDeal,
  order: DealOrder,
  how: Settlement,
): void {
  const { phase } = deal;
  if (phase.kind !== 'opening') return;
  const isSpent =
    phase.attempt >= ATTEMPTS_MAX ||
    (how.kind === 'rejected' && !(how.isAbsent && phase.attempt < ABSENT_MAX));
  if (!isSpent || order.filledLots >= order.quantity) {
    step(deal, { kind: 'cancelling' });
    return;
  }
  const pauses = phase.pauses + 1;
  const until = turn.time + backoffMs(pauses);
  deal.phase = { ...phase, attempt: 0, pauses, step: { kind: 'waiting', until } };
  turn.setTimer(openingTimer(deal), until);
  turn.note(deal.dealId, 'dealPaused', {
    ...orderName(order),
    reason: how.kind === 'rejected' ? how.reason : 'the market did not take the balancing order',
    until: String(until),
  });
}

export function openingTimer(deal: GridDeal): string {
  return `deal:${deal.dealId}:opening`;
}

/** Cancels line orders that no cell of `plan` wants as they are. Answers whether there were any. */
function cancelStrays(turn: Turn, deal: GridDeal, plan: GridPlan): boolean {
  let hasStrays = false;
  for (const order of deal.orders) {
    if (order.purpose !== 'gridLine') continue;
    const isWanted = plan.cells.some(
      (cell) =>
        (order.side === 'sell') === cell.hasCoins &&
        fitsLine(deal.instrument, order, cell, cell.lots),
    );
    if (isWanted) continue;
    hasStrays = true;
    turn.cancel(deal, order);
  }
  return hasStrays;
}

/** Whether `order` can go on as the order of a line of `cell`. */
export function fitsLine(
  instrument: Instrument,
  order: DealOrder,
  cell: { readonly buyTicks: number; readonly sellTicks: number },
  lots: number,
): boolean {
  const priceTicks = order.side === 'buy' ? cell.buyTicks : cell.sellTicks;
  if (order.priceTicks !== priceTicks || order.isCancelling) return false;
  const leaves = leavesLots(order);
  return leaves <= lots && orderLots(instrument, priceTicks, lots - leaves) === 0;
}

function lay(turn: Turn, deal: GridDeal, plan: GridPlan, quote: Quote): void {
  const { instrument } = deal;
  deal.cells = plan.cells.map((cell) =>
    newCell(cell.index, cell.buyTicks, cell.sellTicks, cell.lots),
  );
  let notional = 0n;
  for (const [index, cell] of deal.cells.entries()) {
    if (plan.cells[index]?.hasCoins !== true) {
      notional += BigInt(cell.buyTicks) * BigInt(cell.lots);
      continue;
    }
    // A cell above the price is a cell with coins; those that are missing at an edit it does without.
    cell.boughtLots = cell.lots;
    supply(deal, cell, cell.lots);
    const buyingBack = moneyAt(instrument, cell.buyTicks, cell.lots);
    cell.owed = cell.cost > buyingBack ? cell.cost : buyingBack;
  }
  deal.phase = { kind: 'running' };
  setMarks(deal);
  const money = notionalMoney(instrument, notional);
  let coins = deal.reserve.coins;
  for (const cell of deal.cells) coins += lotsBase(instrument, cell.heldLots);
  deal.investment = money + worthOf(instrument, coins, layoutTicks(quote));
  const empty = plan.cells[plan.emptyLine]?.buyTicks ?? plan.cells.at(-1)?.sellTicks ?? 0;
  turn.note(deal.dealId, 'gridLaid', {
    price: formatPrice(instrument, layoutTicks(quote)),
    buyLines: String(plan.emptyLine),
    sellLines: String(plan.cells.length - plan.emptyLine),
    emptyLine: formatPrice(instrument, empty),
    coins: formatBase(instrument, coins),
    money: formatMoney(instrument, money),
  });
}

/** An immediate buy of `lots`, or of the least that the venue takes where that is more; null where it takes none. */
function atLeast(
  instrument: Instrument,
  quote: Quote,
  settings: GridSettings,
  lots: number,
): { readonly priceTicks: number; readonly lots: number } | null {
  const { maxSlippage } = gridTermsOf(settings, instrument);
  const priceTicks = slippedBuy(instrument, quote.ask, maxSlippage);
  const least = Math.max(
    lots,
    1,
    instrument.minLots,
    Math.ceil(instrument.minNotional / Math.min(priceTicks, quote.ask)),
  );
  return immediateOrder(instrument, quote, 'buy', maxSlippage, least);
}

/** The sale of coins beyond those of the sell lines that brings the money the buy lines lack. */
function saleForMoney(
  deal: GridDeal,
  plan: GridPlan,
  quote: Quote,
  funds: FreeFunds,
): { readonly priceTicks: number; readonly lots: number } | null {
  const { instrument, settings, feeRatePpm } = deal;
  let money = plan.money;
  for (const order of deal.orders) {
    if (order.side === 'buy') money -= moneyAt(instrument, order.priceTicks, leavesLots(order));
  }
  const short = money - assetMoney(instrument, funds.quote);
  const surplus = deal.reserve.coins - plan.coins;
  if (short <= 0n || surplus <= 0n) return null;
  const coins = coinsForMoney(instrument, short, quote, settings, feeRatePpm);
  const sold = coins === null || coins > surplus ? surplus : coins;
  const lots = Number(sold / lotsBase(instrument, 1));
  const { maxSlippage } = gridTermsOf(settings, instrument);
  return immediateOrder(instrument, quote, 'sell', maxSlippage, lots);
}

function placeBalancing(
  turn: Turn,
  deal: GridDeal,
  side: 'buy' | 'sell',
  order: { readonly priceTicks: number; readonly lots: number },
): void {
  const { phase } = deal;
  assert(phase.kind === 'opening', 'Invariant: the grid is being laid out');
  deal.phase = { ...phase, attempt: phase.attempt + 1, step: { kind: 'trading' } };
  turn.place(deal, {
    purpose: 'balancing',
    role: side === 'buy' ? 'entry' : 'exit',
    attempt: phase.attempt + 1,
    side,
    timeInForce: 'IOC',
    priceTicks: order.priceTicks,
    lots: order.lots,
  });
}

/** Whole lots whose immediate sale surely brings `money`, as coins; null at a price without worth. */
function coinsForMoney(
  instrument: Instrument,
  money: bigint,
  quote: Quote,
  settings: GridSettings,
  feeRatePpm: number,
): bigint | null {
  const { maxSlippage } = gridTermsOf(settings, instrument);
  const worst = slippedSellTicks(quote.bid, maxSlippage);
  if (worst < 1n) return null;
  const perLot = notionalMoney(instrument, worst) * BigInt(PPM - feeRatePpm);
  const lots = divCeil(money * BigInt(PPM), perLot);
  if (orderFault(instrument, Number(worst), Number(lots)) !== null) return null;
  return lots * lotsBase(instrument, 1);
}

function slippedSellTicks(
  bid: number,
  slippage: { readonly numerator: bigint; readonly denominator: bigint },
): bigint {
  const hundred = 100n * slippage.denominator;
  return divFloor(BigInt(bid) * (hundred - slippage.numerator), hundred);
}

function refusal(
  instrument: Instrument,
  plan: GridPlan,
  free: { readonly coins: bigint; readonly money: bigint },
  buying: bigint,
  mayBalance: boolean,
): Funding {
  const { baseAsset, quoteAsset } = instrument;
  const needed = plan.money + buying;
  const parts: string[] = [];
  if (free.money < needed) {
    const missing = formatMoney(instrument, needed - free.money);
    parts.push(
      `${missing} ${quoteAsset} are missing: needed ${formatMoney(instrument, needed)}, free ${formatMoney(instrument, free.money)}`,
    );
  }
  const coins = lotsBase(instrument, plan.sellLots);
  if (!mayBalance && free.coins < coins) {
    const missing = formatBase(instrument, coins - free.coins);
    parts.push(
      `${missing} ${baseAsset} are missing: needed ${formatBase(instrument, coins)}, free ${formatBase(instrument, free.coins)}`,
    );
  }
  return { ok: false, reason: parts.join('; ') };
}

/** What `coins` at `baseScale` decimals are worth at `ticks`, at `moneyScale` decimals, rounded down. */
export function worthOf(instrument: Instrument, coins: bigint, ticks: number): bigint {
  return divFloor(
    coins * BigInt(ticks) * BigInt(instrument.tickUnits) * power10(moneyScale(instrument)),
    power10(baseScale(instrument) + instrument.priceScale),
  );
}

function scaled(amount: bigint, scale: number): bigint {
  return amount * power10(scale - ASSET_SCALE);
}

function step(deal: GridDeal, next: OpeningStep): void {
  assert(deal.phase.kind === 'opening', 'Invariant: the grid is being laid out');
  deal.phase = { ...deal.phase, step: next };
}
