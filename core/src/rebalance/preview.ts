// SPDX-License-Identifier: Apache-2.0
// What a rebalancing portfolio would buy first, before it is started.

import { orderFault } from '../bot/order-rules.ts';
import { formatDecimal, trimDecimal } from '../decimal.ts';
import { formatNotional, formatPrice, formatQuantity, type Instrument } from '../instrument.ts';
import { formatPercent } from '../position.ts';
import { divCeil, PPM, type PriceTicks } from '../units.ts';
import { lotsForWorth, lotsWorth, ratioWorth, WORTH_SCALE } from './deal.ts';
import { rebalanceTerms, WHOLE, type RebalanceSettings } from './settings.ts';

/** One coin: decimal text in its own units. */
export interface RebalanceRow {
  readonly symbol: string;
  /** In percent: what is wanted, and what whole lots come to. */
  readonly share: string;
  readonly actualShare: string;
  readonly price: string;
  readonly quantity: string;
  readonly amount: string;
  /** Prices at which this share alone would be off by the threshold; empty text without a threshold. */
  readonly sellsAbove: string;
  readonly buysBelow: string;
  /** Why the venue would refuse the first purchase; empty text when it would not. */
  readonly fault: string;
}

export interface RebalancePreview {
  readonly rows: readonly RebalanceRow[];
  /** In the quote asset: what the purchases cost, and what stays in cash, before fees. */
  readonly spent: string;
  readonly cash: string;
  /** The fee of the first purchases, in quote, rounded up to eight decimals. */
  readonly fee: string;
}

const FEE_DECIMALS = 8;

/**
 * The first purchases of `settings` at `prices` (ticks by symbol; a symbol without one is left out). Quantities are
 * rounded down to whole lots as the portfolio does it.
 */
export function previewRebalance(
  settings: RebalanceSettings,
  instruments: readonly Instrument[],
  prices: Readonly<Record<string, PriceTicks>>,
  feeRatePpm: number,
): RebalancePreview {
  const terms = rebalanceTerms(settings);
  const investment = ratioWorth(terms.investment);
  let spent = 0n;
  const rows: RebalanceRow[] = [];
  for (const { symbol, share } of settings.targets) {
    const instrument = instruments.find((candidate) => candidate.symbol === symbol);
    const price = prices[symbol];
    if (instrument === undefined || price === undefined || price < 1) continue;
    const part = terms.shares.get(symbol) ?? 0n;
    const lots = lotsForWorth(instrument, (investment * part) / WHOLE, price);
    const amount = lotsWorth(instrument, price, lots);
    spent += amount;
    const fault = orderFault(instrument, price, lots);
    rows.push({
      symbol,
      share,
      actualShare: formatPercent(amount, investment, 2),
      price: formatPrice(instrument, price),
      quantity: formatQuantity(instrument, lots),
      amount: formatNotional(instrument, price, lots),
      sellsAbove: thresholdPrice(instrument, price, part, terms.threshold ?? 0n),
      buysBelow: thresholdPrice(instrument, price, part, -(terms.threshold ?? 0n)),
      fault: fault === null ? '' : fault.expected,
    });
  }
  const unit = 10n ** BigInt(WORTH_SCALE - FEE_DECIMALS);
  const fee = divCeil(spent * BigInt(feeRatePpm), BigInt(PPM) * unit);
  return {
    rows,
    spent: trimDecimal(formatDecimal(spent, WORTH_SCALE)),
    cash: trimDecimal(formatDecimal(investment - spent, WORTH_SCALE)),
    fee: trimDecimal(formatDecimal(fee, FEE_DECIMALS)),
  };
}

/**
 * The price at which a share s has become s ± t while everything else stood still:
 * price × (s ± t)(1 − s) / (s (1 − s ∓ t)). Empty text where no price does it.
 */
function thresholdPrice(
  instrument: Instrument,
  price: PriceTicks,
  share: bigint,
  distance: bigint,
): string {
  const reached = share + distance;
  if (distance === 0n || reached <= 0n || reached >= WHOLE || share >= WHOLE) return '';
  const ticks = (BigInt(price) * reached * (WHOLE - share)) / (share * (WHOLE - reached));
  return ticks < 1n ? '' : formatPrice(instrument, Number(ticks));
}
