// SPDX-License-Identifier: Apache-2.0
// A running grid as a person reads it: its lines for the chart, what they earned, and where it breaks even.

import {
  averageText,
  commonView,
  type DealStatus,
  type DealView,
  type DealWait,
} from '../bot/common-view.ts';
import { orderFor, type DealOrder } from '../bot/deal-order.ts';
import { formatNotional, formatPrice, formatQuantity, type Instrument } from '../instrument.ts';
import {
  baseScale,
  formatBase,
  formatMoney,
  lotsBase,
  moneyScale,
  power10,
  type Ratio,
} from '../position.ts';
import { divFloor, PPM, type PriceTicks } from '../units.ts';
import { buyLots, coinsOf, costOfCoins, lineNumber, sellLots, type GridDeal } from './deal.ts';
import { lineBook } from './lines.ts';
import { worthOf } from './opening.ts';

export interface GridLineView {
  readonly number: number;
  readonly price: string;
  /** `none` for a line that has nothing to trade now. */
  readonly side: 'buy' | 'sell' | 'none';
  readonly quantity: string;
  /** Price × quantity in quote. */
  readonly value: string;
  /** `waiting`: no order yet, for room on the book, for more lots, or for the other line; `paused`: after a refusal. */
  readonly state: 'placing' | 'open' | 'cancelling' | 'ended' | 'waiting' | 'paused' | 'empty';
}

/** Numbers as text; profits in quote but for `profitBase`. */
export interface GridView {
  readonly lines: readonly GridLineView[];
  readonly linesClosed: number;
  readonly gridProfit: string;
  readonly profitBase: string;
  /** Earned by sales that were no line's: balancing, and the sale at the end. */
  readonly otherProfit: string;
  /** All coins of the grid; those of no line; what they cost on average, empty without coins. */
  readonly coins: string;
  readonly reserve: string;
  readonly averageCost: string;
  /** The price at which selling everything leaves neither profit nor loss; empty without coins. */
  readonly breakEven: string;
  /** On the coins held, were they sold at the price given; empty without a price. */
  readonly unrealisedProfit: string;
  /** Worth of coins and money the grid began with. */
  readonly investment: string;
  /** Where the stops stand now: trailing moves them. */
  readonly lowerStop: string;
  readonly upperStop: string;
  readonly takeProfit: string;
}

/** `deal` line by line; with `priceTicks` also what its coins would bring now. */
export function gridView(deal: GridDeal, priceTicks?: PriceTicks): GridView {
  const { instrument, marks, profit } = deal;
  const unrealised = unrealisedProfit(deal, priceTicks);
  const price = (ticks: number | null): string =>
    ticks === null || ticks < 0 ? '' : formatPrice(instrument, ticks);
  return {
    lines: linesOf(deal),
    linesClosed: profit.lines,
    gridProfit: formatMoney(instrument, profit.quote),
    profitBase: formatBase(instrument, profit.base),
    otherProfit: formatMoney(instrument, deal.otherProfit),
    coins: formatBase(instrument, coinsOf(deal)),
    reserve: formatBase(instrument, deal.reserve.coins),
    averageCost: averageText(instrument, averageCost(deal)),
    breakEven: averageText(instrument, breakEvenOf(deal)),
    unrealisedProfit: unrealised === null ? '' : formatMoney(instrument, unrealised),
    investment: formatMoney(instrument, deal.investment),
    lowerStop: price(marks.lowerStop),
    upperStop: price(marks.upperStop),
    takeProfit: price(marks.takeProfit),
  };
}

/** `deal` as a deal of any kind is read. */
export function gridDealView(deal: GridDeal, priceTicks?: PriceTicks): DealView {
  const { instrument, phase, marks } = deal;
  const coins = coinsOf(deal);
  const lot = lotsBase(instrument, 1);
  return {
    ...commonView(deal, {
      status: statusOf(deal),
      waitingFor: waitOf(deal),
      ended: phase.kind === 'ended' ? phase : null,
      average: averageCost(deal),
      breakEven: breakEvenOf(deal),
      realised: deal.profit.quote + deal.otherProfit,
      unrealised: unrealisedProfit(deal, priceTicks),
      whole: deal.investment,
    }),
    kind: 'grid',
    baseAverage: '',
    takeProfit: marks.takeProfit === null ? '' : formatPrice(instrument, marks.takeProfit),
    stopLoss: marks.lowerStop < 0 ? '' : formatPrice(instrument, marks.lowerStop),
    heldQuantity: formatBase(instrument, coins),
    dustQuantity: formatBase(instrument, coins > 0n ? coins % lot : 0n),
    steps: {
      filled: deal.profit.lines,
      active: deal.orders.filter(({ purpose }) => purpose === 'gridLine').length,
      max: deal.cells.length,
    },
  };
}

/** Average cost of the coins in ticks; null without coins that cost anything. */
function averageCost(deal: GridDeal): Ratio | null {
  return perCoin(deal.instrument, costOfCoins(deal), coinsOf(deal) - deal.profit.base, 0);
}

/** (cost − profit) / (coins · (1 − fee)); 0 once the profit is above the cost. */
function breakEvenOf(deal: GridDeal): Ratio | null {
  const open = costOfCoins(deal) - deal.profit.quote - deal.otherProfit;
  return perCoin(deal.instrument, open > 0n ? open : 0n, coinsOf(deal), deal.feeRatePpm);
}

/** Money per coin after a fee on the sale, in ticks. */
export function perCoin(
  instrument: Instrument,
  money: bigint,
  coins: bigint,
  feeRatePpm: number,
): Ratio | null {
  if (coins <= 0n) return null;
  return {
    numerator: money * power10(baseScale(instrument) + instrument.priceScale) * BigInt(PPM),
    denominator:
      coins *
      power10(moneyScale(instrument)) *
      BigInt(instrument.tickUnits) *
      BigInt(PPM - feeRatePpm),
  };
}

function unrealisedProfit(deal: GridDeal, priceTicks: PriceTicks | undefined): bigint | null {
  if (priceTicks === undefined) return null;
  const coins = coinsOf(deal);
  const worth = worthOf(deal.instrument, coins, priceTicks);
  return divFloor(worth * BigInt(PPM - deal.feeRatePpm), BigInt(PPM)) - costOfCoins(deal);
}

function linesOf(deal: GridDeal): GridLineView[] {
  const { instrument } = deal;
  const book = lineBook(deal);
  const cells = deal.cells.filter(({ state }) => state === 'active');
  const [bottom] = cells;
  if (bottom === undefined) return [];
  const lines: GridLineView[] = [];
  const row = (index: number, ticks: number): void => {
    const above = cells.find((cell) => cell.index === index);
    const below = cells.find((cell) => cell.index === index - 1);
    const order = book.sell.get(ticks) ?? book.buy.get(ticks);
    const selling = below === undefined ? 0 : sellLots(deal, below);
    const buying = above === undefined ? 0 : buyLots(above);
    const side = order?.side ?? (selling > 0 ? 'sell' : buying > 0 ? 'buy' : 'none');
    const lots = side === 'none' ? 0 : side === 'sell' ? selling : buying;
    lines.push({
      number: lineNumber(index),
      price: formatPrice(instrument, ticks),
      side,
      quantity: formatQuantity(instrument, lots),
      value: formatNotional(instrument, ticks, lots),
      state: stateOf(deal, side, ticks, order),
    });
  };
  row(bottom.index, bottom.buyTicks);
  for (const cell of cells) row(cell.index + 1, cell.sellTicks);
  return lines;
}

function stateOf(
  deal: GridDeal,
  side: GridLineView['side'],
  ticks: number,
  order: DealOrder | undefined,
): GridLineView['state'] {
  if (side === 'none') return 'empty';
  if (order !== undefined) {
    if (order.phase.kind === 'ended') return 'ended';
    return order.isCancelling ? 'cancelling' : order.phase.kind;
  }
  const isPaused = deal.troubles.some(
    (trouble) => trouble.side === side && trouble.priceTicks === ticks,
  );
  return isPaused ? 'paused' : 'waiting';
}

function statusOf({ phase }: GridDeal): DealStatus {
  switch (phase.kind) {
    case 'opening':
      return 'opening';
    case 'running':
      return 'active';
    case 'stopping':
      return phase.action === 'stop' ? 'cancelling' : 'closing';
    case 'ended':
      return phase.outcome;
  }
}

function waitOf(deal: GridDeal): DealWait {
  const { phase } = deal;
  switch (phase.kind) {
    case 'opening':
      if (orderFor(deal, 'balancing') !== undefined) return 'baseOrder';
      if (phase.step.kind === 'blocked') return 'risk';
      if (phase.step.kind === 'waiting') return 'timer';
      return phase.step.kind === 'awaitingQuote' ? 'quote' : 'cancelConfirmation';
    case 'running':
      if (deal.orders.length > 0 || deal.troubles.length === 0) return 'market';
      // Lines whose time has come and that are not out may not be placed.
      return deal.troublesRing === null ? 'risk' : 'timer';
    case 'stopping':
      if (phase.step.kind === 'awaitingQuote') return 'quote';
      if (phase.step.kind === 'waiting') return 'timer';
      if (phase.step.kind === 'trading') return 'sale';
      return deal.orders.every((order) => order.phase.kind === 'ended')
        ? 'fills'
        : 'cancelConfirmation';
    case 'ended':
      return 'none';
  }
}
