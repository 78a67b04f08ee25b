// SPDX-License-Identifier: Apache-2.0
// How what a DCA bot has earned or lost so far changes the size of its next deal's orders.

import { formatDecimal, toScaled, trimDecimal } from '../decimal.ts';
import { ASSET_SCALE, type Instrument } from '../instrument.ts';
import type { Quote } from '../order.ts';
import { baseScale, moneyScale, power10, profitOf } from '../position.ts';
import { divFloor, priceTicks } from '../units.ts';
import type { DcaDeal } from './deal.ts';
import { checkDcaSettings } from './settings-check.ts';
import { termsOf, type DcaDealSettings, type DcaSettings } from './terms.ts';

/** Decimals in which a bot's profit is summed: exact for every instrument. */
export const PROFIT_SCALE = 24;
const PERCENT_SCALE = 6;

/** `profit` and what `deal` has earned, in the asset the deal was to earn. */
export function addProfit(profit: bigint, deal: DcaDeal): bigint {
  const { instrument, position, settings } = deal;
  const { direction, profitCurrency } = settings;
  const scale = profitCurrency === 'quote' ? moneyScale(instrument) : baseScale(instrument);
  const earned = profitOf(position, instrument, direction, profitCurrency);
  return profit + earned * power10(PROFIT_SCALE - scale);
}

/**
 * The settings of the bot's next deal: every order's volume larger or smaller by the same amount. A reduction goes
 * no further than the venue's limits allow at the price of `quote`.
 */
export function adjustedSettings(
  bot: {
    readonly settings: DcaSettings;
    readonly profit: bigint;
    readonly feeRatePpm: number;
  },
  instrument: Instrument,
  quote: Quote,
): DcaDealSettings {
  const { settings } = bot;
  const amount = adjustment(settings, bot.profit);
  if (amount === 0n) return settings;
  const changed = withAdjustment(settings, amount);
  const fits = (candidate: DcaDealSettings): boolean => {
    const { symbol } = instrument;
    const single = { ...candidate, symbols: [symbol] };
    const prices = { [symbol]: priceTicks(quote.ask) };
    return checkDcaSettings(single, [instrument], prices, bot.feeRatePpm).length === 0;
  };
  if (amount > 0n || fits(changed)) return changed;
  // The deepest reduction that fits lies between none and the one wanted.
  let [fit, unfit] = [0n, -amount];
  while (unfit - fit > 1n) {
    const middle = (fit + unfit) / 2n;
    if (fits(withAdjustment(settings, -middle))) fit = middle;
    else unfit = middle;
  }
  return fit === 0n ? settings : withAdjustment(settings, -fit);
}

/**
 * What `profit` adds to each order of the next deal, at `ASSET_SCALE` decimals, rounded down: a share of it, spread
 * evenly over the base order and all safety orders. Reinvesting never goes below what is set, reducing never above.
 */
export function adjustment(settings: DcaSettings, profit: bigint): bigint {
  const share = profit > 0n ? settings.reinvest : settings.riskReduction;
  const percent = toScaled(share, PERCENT_SCALE, 'share');
  if (percent === 0n) return 0n;
  const orders = BigInt(1 + termsOf(settings).rungs.length);
  return divFloor(
    profit * percent,
    orders * 100n * power10(PERCENT_SCALE) * power10(PROFIT_SCALE - ASSET_SCALE),
  );
}

function withAdjustment(settings: DcaSettings, amount: bigint): DcaDealSettings {
  const volumeAdjustment = trimDecimal(formatDecimal(amount, ASSET_SCALE));
  return { ...settings, volumeAdjustment };
}
