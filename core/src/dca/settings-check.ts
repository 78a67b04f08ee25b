// SPDX-License-Identifier: Apache-2.0
// Whether a DCA bot's settings can trade: every order of a deal held against the venue's limits at a price.

import { orderFault, slippedBuy } from '../bot/order-rules.ts';
import { formatNotional, formatPrice, formatQuantity, type Instrument } from '../instrument.ts';
import type { FieldError } from '../settings/field.ts';
import { divCeil, type PriceTicks } from '../units.ts';
import { rungLots, rungTicks, type DcaDeal } from './deal.ts';
import { wantedBaseOrder } from './entry-orders.ts';
import { NO_FUNDS, triggerTicks } from './ladder.ts';
import { fillEntry, paperDeal } from './paper-deal.ts';
import { setStopPrice } from './stop-loss.ts';
import { exitPlan, exitTicks, openLots } from './take-profit.ts';
import { termsOf, type DcaDealSettings } from './terms.ts';

/**
 * Whether `settings` can trade on `instruments` at `prices` (ticks by symbol): every order the ladder would place keeps
 * the venue's limits, and what the base order moves can be closed at each take profit and at stop loss. Volumes in
 * percent of what is free are known only when a deal starts and are not looked at here.
 */
export function checkDcaSettings(
  settings: DcaDealSettings,
  instruments: readonly Instrument[],
  prices: Readonly<Record<string, PriceTicks>>,
  feeRatePpm: number,
): readonly FieldError[] {
  const errors: FieldError[] = [];
  for (const symbol of settings.symbols) {
    const instrument = instruments.find((candidate) => candidate.symbol === symbol);
    const price = prices[symbol];
    if (instrument === undefined || price === undefined || !(price >= instrument.minTicks)) {
      errors.push({
        field: 'symbols',
        expected: 'symbols the venue trades, each with a price',
        found: symbol,
      });
      continue;
    }
    if (price > 0) checkSymbol(errors, settings, instrument, price, feeRatePpm);
  }
  return errors;
}

function checkSymbol(
  errors: FieldError[],
  settings: DcaDealSettings,
  instrument: Instrument,
  price: PriceTicks,
  feeRatePpm: number,
): void {
  if (settings.baseOrderVolumeType === 'percent') return;
  const quote = { bid: price, ask: price, last: price };
  const base = wantedBaseOrder(settings, instrument, quote, NO_FUNDS);
  const fault =
    orderFault(instrument, price, base.lots) ?? orderFault(instrument, base.priceTicks, base.lots);
  if (fault !== null) {
    errors.push({
      field: 'baseOrderVolume',
      expected: `${instrument.symbol}: ${fault.expected}`,
      found: fault.found,
    });
    return;
  }
  const deal = paperDeal(settings, instrument, feeRatePpm, NO_FUNDS);
  fillEntry(deal, { priceTicks: price, lots: base.lots });
  if (deal.entry.kind !== 'entered') {
    errors.push({
      field: 'baseOrderVolume',
      expected: `${instrument.symbol}: coins left after the fee`,
      found: formatQuantity(instrument, base.lots),
    });
    return;
  }
  if (checkExits(errors, deal)) checkStop(errors, deal);
  if (settings.safetyOrderVolumeType !== 'percent') checkRungs(errors, deal);
}

/** Answers whether each take profit could be placed for the base order alone. */
function checkExits(errors: FieldError[], deal: DcaDeal): boolean {
  const { instrument, settings } = deal;
  const { takeProfits } = termsOf(settings);
  const plan = exitPlan(deal);
  const planned = [...plan.orders, ...(plan.trailing === null ? [] : [plan.trailing])];
  const isLong = settings.direction === 'long';
  for (const [index, { profit, share }] of takeProfits.entries()) {
    const step = takeProfits.length > 1 ? index + 1 : 0;
    if (planned.some((order) => order.step === step)) continue;
    const ticks = exitTicks(deal, profit) ?? 0;
    const lots = Number((BigInt(openLots(deal)) * share.numerator) / (100n * share.denominator));
    const fault = orderFault(instrument, ticks, lots);
    const isPrice = fault?.rule === 'maxPrice' || fault?.rule === 'minPrice';
    errors.push({
      field: isPrice
        ? step === 0
          ? 'takeProfit'
          : `takeProfitSteps[${index}].profit`
        : step === 0
          ? 'baseOrderVolume'
          : `takeProfitSteps[${index}].share`,
      expected: `${instrument.symbol}: a base order whose coins can be ${isLong ? 'sold' : 'bought back'} at take profit (${fault?.expected ?? 'each step by itself'})`,
      found: fault?.found ?? formatQuantity(instrument, lots),
    });
    return false;
  }
  return true;
}

function checkStop(errors: FieldError[], deal: DcaDeal): void {
  const { instrument, settings } = deal;
  const stop = setStopPrice(deal);
  if (stop === null) return;
  const { maxSlippage: slip } = termsOf(settings);
  const isLong = settings.direction === 'long';
  const worst = isLong
    ? Number(
        divCeil(
          stop.numerator * (100n * slip.denominator - slip.numerator),
          stop.denominator * 100n * slip.denominator,
        ),
      )
    : slippedBuy(instrument, triggerTicks(stop, 'short'), slip);
  const fault = orderFault(instrument, worst, openLots(deal));
  if (fault === null) return;
  errors.push({
    field: fault.rule === 'maxPrice' ? 'stopLoss' : 'baseOrderVolume',
    expected: `${instrument.symbol}: a base order whose coins can be ${isLong ? 'sold' : 'bought back'} at stop loss (${fault.expected})`,
    found: fault.found,
  });
}

function checkRungs(errors: FieldError[], deal: DcaDeal): void {
  const { instrument, settings } = deal;
  const isLong = settings.direction === 'long';
  const isCustom = settings.customSafetyOrders !== undefined;
  for (const [index, rung] of termsOf(settings).rungs.entries()) {
    const ticks = rungTicks(deal, rung);
    const lots = rungLots(deal, rung, ticks);
    const fault = orderFault(instrument, ticks, lots);
    if (fault !== null) {
      const isPrice = fault.rule === 'minPrice' || fault.rule === 'maxPrice';
      errors.push({
        field: isCustom
          ? `customSafetyOrders[${index}].${isPrice ? 'deviation' : 'volume'}`
          : isPrice
            ? 'safetyOrderStep'
            : 'safetyOrderVolume',
        expected: `${instrument.symbol}: ${fault.expected}`,
        found: `safety order ${index + 1} of ${formatQuantity(instrument, lots)} at ${formatPrice(instrument, ticks)} (${formatNotional(instrument, ticks, lots)})`,
      });
      return;
    }
    const stop = settings.stopLossFrom === 'average' ? setStopPrice(deal) : null;
    const stopTicks = stop === null ? null : triggerTicks(stop, settings.direction);
    if (stopTicks !== null && (isLong ? stopTicks >= ticks : stopTicks <= ticks)) {
      errors.push({
        field: 'stopLoss',
        expected: `${instrument.symbol}: a stop beyond safety order ${index + 1} at ${formatPrice(instrument, ticks)} when it is reached`,
        found: formatPrice(instrument, stopTicks),
      });
      return;
    }
    fillEntry(deal, { priceTicks: ticks, lots });
  }
}
