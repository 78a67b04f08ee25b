// SPDX-License-Identifier: Apache-2.0
// A grid before it starts: its lines for the chart, what it needs, what must be balanced, and what a line earns.

import { trimDecimal } from '../decimal.ts';
import { commissionOf } from '../dca/ladder.ts';
import { formatNotional, formatPrice, formatQuantity, type Instrument } from '../instrument.ts';
import type { FreeFunds } from '../machine.ts';
import type { Quote } from '../order.ts';
import {
  addFill,
  assetBase,
  costOf,
  emptyPosition,
  formatAverage,
  formatBase,
  formatMoney,
  formatPercent,
  heldBase,
  lotsBase,
} from '../position.ts';
import type { FieldError } from '../settings/field.ts';
import { priceTicks, quantityLots, type PriceTicks } from '../units.ts';
import { lineNumber, MAX_LINES_EXPANDED } from './deal.ts';
import { formatStep, lineTicks } from './lattice.ts';
import { moneyAt } from './ledger.ts';
import { fundingOf, worthOf, type Funding } from './opening.ts';
import { lotsForCoins, planGrid, type GridPlan } from './plan.ts';
import { gridContradictions } from './settings.ts';
import { cycleProfit, formatProfitPercent } from './profit.ts';
import { compareRatios, gridTermsOf, lotsAt, type GridSettings } from './terms.ts';
import { perCoin } from './view.ts';

export interface GridPreviewLine {
  /** From 1 at the lower price; below 0 for lines that expansion may add beneath it. */
  readonly number: number;
  readonly price: string;
  readonly side: 'buy' | 'sell' | 'none';
  readonly quantity: string;
  /** Price × quantity in quote. */
  readonly value: string;
  /** Profit in percent, net of fees, of buying here and selling one line up; empty for the highest line. */
  readonly profitPercent: string;
}

export type GridWarning =
  /** A line loses money for certain: its distance to the next is not above the fees. */
  | 'profitNotAboveFees'
  /** A line earns less than the fees that it pays. */
  | 'profitBelowTwiceFees'
  /** The price is outside the lines: the grid would only buy, or only sell. */
  | 'priceBelowGrid'
  | 'priceAboveGrid'
  /** Coins are missing for the sell lines and balancing is off. */
  | 'coinsMissing'
  | 'fundsMissing';

/** Numbers as text; amounts in quote unless their name says otherwise. */
export interface GridPreview {
  readonly symbol: string;
  readonly price: string;
  readonly lines: readonly GridPreviewLine[];
  readonly buyLines: number;
  readonly sellLines: number;
  /** Number of the line that has no order at first. */
  readonly emptyLine: number;
  /** Distance of two lines: a price, or a ratio. */
  readonly step: string;
  readonly stepPercentMin: string;
  readonly stepPercentMax: string;
  readonly profitPercentMin: string;
  readonly profitPercentMax: string;
  /** What buy and sell lines need at the start, and both together at the price. */
  readonly requiredQuote: string;
  readonly requiredBase: string;
  readonly investment: string;
  /** The balancing order at the best price: nothing for '0'. `side` is empty then. */
  readonly balancing: {
    readonly side: 'buy' | 'sell' | '';
    readonly quantity: string;
    readonly value: string;
  };
  /** Quote that is needed with the balancing buy. */
  readonly requiredQuoteAtStart: string;
  /** Why it cannot start with the funds given; empty where it can, or where none were given. */
  readonly missing: string;
  /** Right after the start: the price at which selling everything returns what was paid; empty without coins. */
  readonly breakEven: string;
  /** With every buy line filled: coins, their average cost, and the loss at the lower price in percent of the cost. */
  readonly coinsAtLowerPrice: string;
  readonly averageAtLowerPrice: string;
  readonly lossAtLowerPricePercent: string;
  /** Quote that expansion may need beyond `requiredQuote`; '0' without expansion. */
  readonly expansionQuote: string;
  readonly warnings: readonly GridWarning[];
}

export type GridPreviewResult =
  | { readonly ok: true; readonly preview: GridPreview }
  | { readonly ok: false; readonly errors: readonly FieldError[] };

/**
 * The grid that `settings` would start at `price`, with the best prices a tick to either side. `funds` are what the
 * account has free; without them all coins must be bought. Settings that the venue would refuse or that lose money are
 * shown as they come out; only what cannot be counted is refused here.
 */
export function previewGrid(
  settings: GridSettings,
  instrument: Instrument,
  price: PriceTicks,
  feeRatePpm: number,
  funds?: FreeFunds,
): GridPreviewResult {
  const errors = uncountable(settings, instrument);
  if (errors.length > 0) return { ok: false, errors };
  return { ok: true, preview: countedPreview(settings, instrument, price, feeRatePpm, funds) };
}

function countedPreview(
  settings: GridSettings,
  instrument: Instrument,
  price: PriceTicks,
  feeRatePpm: number,
  funds: FreeFunds | undefined,
): GridPreview {
  const plan = planGrid(settings, instrument, price, feeRatePpm);
  const { lattice, lines } = gridTermsOf(settings, instrument);
  const quote = {
    bid: priceTicks(Math.max(price - 1, 1)),
    ask: priceTicks(price + 1),
    last: price,
  };
  const free = funds === undefined ? 0n : assetBase(instrument, funds.base);
  const balancing = balancingOf(settings, instrument, plan, quote.ask, free, feeRatePpm);
  const seed = { dealId: 0, symbol: instrument.symbol, instrument, settings, feeRatePpm };
  const funding = fundingOf(seed, quote, funds);
  const profits = plan.cells.map(({ buyTicks, sellTicks }) =>
    cycleProfit(buyTicks, sellTicks, feeRatePpm),
  );
  const steps = plan.cells.map(({ buyTicks, sellTicks }) => cycleProfit(buyTicks, sellTicks, 0));
  const least = profits.toSorted(compareRatios)[0];
  const most = profits.toSorted(compareRatios).at(-1);
  const leastStep = steps.toSorted(compareRatios)[0];
  const mostStep = steps.toSorted(compareRatios).at(-1);
  const percent = (ratio: Parameters<typeof formatProfitPercent>[0] | undefined): string =>
    ratio === undefined ? '' : formatProfitPercent(ratio);
  const startCost = balancing.cost + worthOf(instrument, balancing.taken, price);
  const start = perCoin(instrument, startCost, balancing.coins + balancing.taken, feeRatePpm);
  const low = atLowerPrice(instrument, plan, balancing, startCost, feeRatePpm);
  return {
    symbol: instrument.symbol,
    price: formatPrice(instrument, price),
    lines: lines.map((ticks, index) => lineRow(instrument, plan, ticks, index, feeRatePpm)),
    buyLines: plan.emptyLine,
    sellLines: plan.cells.length - plan.emptyLine,
    emptyLine: lineNumber(plan.emptyLine),
    step: trimDecimal(
      formatStep(
        lattice,
        instrument,
        settings.spacing === 'geometric' ? 12 : instrument.priceScale + 6,
      ),
    ),
    stepPercentMin: percent(leastStep),
    stepPercentMax: percent(mostStep),
    profitPercentMin: percent(least),
    profitPercentMax: percent(most),
    requiredQuote: formatMoney(instrument, plan.money),
    requiredBase: formatBase(instrument, plan.coins),
    investment: formatMoney(instrument, plan.money + worthOf(instrument, plan.coins, price)),
    balancing: shownBalancing(instrument, plan, balancing, funding, quote),
    requiredQuoteAtStart: formatMoney(instrument, plan.money + balancing.cost),
    missing: funding.ok ? '' : funding.reason,
    breakEven: start === null ? '' : formatAverage(instrument, start),
    coinsAtLowerPrice: formatBase(instrument, low.coins),
    averageAtLowerPrice: low.average,
    lossAtLowerPricePercent: low.lossPercent,
    expansionQuote: formatMoney(instrument, expansionMoney(settings, instrument)),
    warnings: warningsOf(settings, plan, {
      price,
      isLoss: least !== undefined && least.numerator <= 0n,
      isThin:
        least !== undefined &&
        // Twice the fee of a round trip, in percent: 4 · ppm / 10,000.
        compareRatios(least, { numerator: 2n * BigInt(feeRatePpm), denominator: 10_000n }) < 0,
      lacksCoins: !settings.initialBalancing && funds !== undefined && free < plan.coins,
      lacksFunds: !funding.ok,
    }),
  };
}

function shownBalancing(
  instrument: Instrument,
  plan: GridPlan,
  balancing: Balancing,
  funding: Funding,
  quote: Quote,
): GridPreview['balancing'] {
  if (balancing.lots > 0) {
    return {
      side: 'buy',
      quantity: formatQuantity(instrument, balancing.lots),
      value: formatNotional(instrument, quote.ask, balancing.lots),
    };
  }
  const sold = funding.ok && funding.coins > plan.coins ? funding.coins - plan.coins : 0n;
  return {
    side: sold > 0n ? 'sell' : '',
    quantity: formatBase(instrument, sold),
    value: formatMoney(instrument, worthOf(instrument, sold, quote.bid)),
  };
}

interface Balancing {
  readonly lots: number;
  /** Money at `moneyScale` decimals; coins got, and coins of the account that are used, at `baseScale` decimals. */
  readonly cost: bigint;
  readonly coins: bigint;
  readonly taken: bigint;
}

function balancingOf(
  settings: GridSettings,
  instrument: Instrument,
  plan: GridPlan,
  ask: number,
  free: bigint,
  feeRatePpm: number,
): Balancing {
  const taken = free < plan.coins ? free : plan.coins;
  if (!settings.initialBalancing) return { lots: 0, cost: 0n, coins: 0n, taken: plan.coins };
  const wanted = lotsForCoins(instrument, plan.coins - taken, feeRatePpm);
  if (wanted === 0 || taken >= lotsBase(instrument, plan.sellLots)) {
    return { lots: 0, cost: 0n, coins: 0n, taken };
  }
  const least = Math.max(wanted, instrument.minLots, Math.ceil(instrument.minNotional / ask));
  const position = emptyPosition();
  addFill(position, instrument, 'buy', {
    priceTicks: priceTicks(ask),
    quantity: quantityLots(least),
    ...commissionOf(instrument, 'buy', { priceTicks: ask, lots: least }, feeRatePpm),
  });
  return {
    lots: least,
    cost: costOf(position, instrument),
    coins: heldBase(position, instrument),
    taken,
  };
}

function atLowerPrice(
  instrument: Instrument,
  plan: GridPlan,
  balancing: Balancing,
  startCost: bigint,
  feeRatePpm: number,
): { readonly coins: bigint; readonly average: string; readonly lossPercent: string } {
  const position = emptyPosition();
  for (const { buyTicks, lots, hasCoins } of plan.cells) {
    if (hasCoins) continue;
    addFill(position, instrument, 'buy', {
      priceTicks: priceTicks(buyTicks),
      quantity: quantityLots(lots),
      ...commissionOf(instrument, 'buy', { priceTicks: buyTicks, lots }, feeRatePpm),
    });
  }
  const coins = heldBase(position, instrument) + balancing.coins + balancing.taken;
  const cost = costOf(position, instrument) + startCost;
  const average = perCoin(instrument, cost, coins, 0);
  const lowest = plan.cells[0]?.buyTicks ?? 0;
  const worth = worthOf(instrument, coins, lowest);
  return {
    coins,
    average: average === null ? '' : formatAverage(instrument, average),
    lossPercent: formatPercent(worth - cost, cost, 2),
  };
}

function lineRow(
  instrument: Instrument,
  plan: GridPlan,
  ticks: number,
  index: number,
  feeRatePpm: number,
): GridPreviewLine {
  const cell = plan.cells[index];
  const side = index === plan.emptyLine ? 'none' : index < plan.emptyLine ? 'buy' : 'sell';
  const lots = side === 'none' ? 0 : ((side === 'buy' ? cell : plan.cells[index - 1])?.lots ?? 0);
  return {
    number: lineNumber(index),
    price: formatPrice(instrument, ticks),
    side,
    quantity: formatQuantity(instrument, lots),
    value: formatNotional(instrument, ticks, lots),
    profitPercent:
      cell === undefined
        ? ''
        : formatProfitPercent(cycleProfit(cell.buyTicks, cell.sellTicks, feeRatePpm)),
  };
}

/** Money for every buy line that expansion may add, at `moneyScale` decimals. */
function expansionMoney(settings: GridSettings, instrument: Instrument): bigint {
  const { lattice, expansionUp, expansionDown } = gridTermsOf(settings, instrument);
  const ratio = (ticks: number): { numerator: bigint; denominator: bigint } => ({
    numerator: BigInt(ticks),
    denominator: 1n,
  });
  let money = 0n;
  const add = (ticks: number): void => {
    money += moneyAt(instrument, ticks, lotsAt(settings, instrument, ticks));
  };
  const room = MAX_LINES_EXPANDED - settings.lines;
  for (let count = 1; expansionDown !== null && count <= room; count += 1) {
    const ticks = lineTicks(lattice, -count);
    if (ticks < 1 || compareRatios(ratio(ticks), expansionDown) < 0) break;
    add(ticks);
  }
  for (let count = 0; expansionUp !== null && count < room; count += 1) {
    const next = lineTicks(lattice, settings.lines + count);
    if (compareRatios(ratio(next), expansionUp) > 0) break;
    add(lineTicks(lattice, settings.lines - 1 + count));
  }
  return money;
}

/** What keeps the numbers of a preview from being computed at all. */
function uncountable(settings: GridSettings, instrument: Instrument): readonly FieldError[] {
  const contradictions = gridContradictions(settings);
  if (contradictions.length > 0) return contradictions;
  const { lines } = gridTermsOf(settings, instrument);
  const lots = lines.map((ticks) => lotsAt(settings, instrument, ticks));
  const errors: FieldError[] = [];
  if (lines.some((ticks) => ticks < 1 || ticks > instrument.maxTicks)) {
    errors.push({
      field: 'upperPrice',
      expected: `prices from ${formatPrice(instrument, 1)} to ${formatPrice(instrument, instrument.maxTicks)}`,
      found: `${settings.lowerPrice} to ${settings.upperPrice}`,
    });
  }
  if (lots.some((count) => count > instrument.maxLots)) {
    errors.push({
      field: 'quantityPerLine',
      expected: `a quantity of at most ${formatQuantity(instrument, instrument.maxLots)} per line`,
      found: settings.quantityPerLine,
    });
  }
  return errors;
}

function warningsOf(
  settings: GridSettings,
  plan: GridPlan,
  facts: {
    readonly price: number;
    readonly isLoss: boolean;
    readonly isThin: boolean;
    readonly lacksCoins: boolean;
    readonly lacksFunds: boolean;
  },
): GridWarning[] {
  const warnings: GridWarning[] = [];
  if (facts.isLoss) warnings.push('profitNotAboveFees');
  else if (facts.isThin) warnings.push('profitBelowTwiceFees');
  const lowest = plan.cells[0]?.buyTicks ?? 0;
  const highest = plan.cells.at(-1)?.sellTicks ?? 0;
  if (facts.price < lowest && settings.startPrice === undefined) warnings.push('priceBelowGrid');
  if (facts.price > highest && settings.startPrice === undefined) warnings.push('priceAboveGrid');
  if (facts.lacksCoins) warnings.push('coinsMissing');
  else if (facts.lacksFunds) warnings.push('fundsMissing');
  return warnings;
}
