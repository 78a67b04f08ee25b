// SPDX-License-Identifier: Apache-2.0
// A DCA deal as a person reads it.

import {
  averageText,
  commonView,
  type DealStatus,
  type DealView,
  type DealWait,
  type TakeProfitView,
} from '../bot/common-view.ts';
import { formatPrice, formatQuantity } from '../instrument.ts';
import {
  breakEvenPrice,
  enteredMoney,
  entryAverage,
  formatAverage,
  formatBase,
  formatMoney,
  formatPercent,
  lotsBase,
  openBase,
  profitOf,
} from '../position.ts';
import { divFloor, type PriceTicks } from '../units.ts';
import { stepLots, type DcaDeal } from './deal.ts';
import { profitIfClosed, profitWhole } from './deal-profit.ts';
import { awaitsManualQuote } from './manual-orders.ts';
import { setStopPrice } from './stop-loss.ts';
import { exitPlan, exitTicks, nextTakeProfitTicks } from './take-profit.ts';
import { termsOf } from './terms.ts';

/**
 * `deal` as text; with `priceTicks` also what closing it now would bring. Profits are in quote. An ended deal's dust is
 * worth nothing.
 */
export function dcaDealView(deal: DcaDeal, priceTicks?: PriceTicks): DealView {
  const { instrument, position, phase, settings } = deal;
  const { direction } = settings;
  const average = entryAverage(position, instrument, direction);
  const isEnded = phase.kind === 'ended';
  const isClosed = isEnded && phase.outcome !== 'cancelled';
  const realised = profitOf(position, instrument, direction, 'quote');
  const unrealised =
    priceTicks === undefined || isClosed || average === null
      ? null
      : profitIfClosed(deal, priceTicks, 'quote') - realised;
  const invested = enteredMoney(position, instrument, direction);
  const takeProfit = nextTakeProfitTicks(deal);
  const base = deal.entry.kind === 'entered' ? deal.entry.average : null;
  const common = commonView(deal, {
    status: statusOf(deal),
    waitingFor: waitOf(deal),
    ended: isEnded ? phase : null,
    average,
    breakEven: average === null ? null : breakEvenPrice(average, direction, deal.feeRatePpm),
    realised,
    unrealised,
    whole: invested,
  });
  return {
    ...common,
    kind: 'dca',
    direction,
    baseAverage: averageText(instrument, base),
    takeProfit: takeProfit === null ? '' : formatPrice(instrument, takeProfit),
    takeProfits: takeProfitViews(deal),
    stopLoss: stopText(deal),
    ...(direction === 'long' ? {} : owedCoins(deal)),
    invested: direction === 'long' ? common.cost : formatMoney(instrument, invested),
    ...(settings.profitCurrency === 'base' ? { profitBase: profitBaseOf(deal) } : {}),
    steps: {
      filled: deal.filledSafetyOrders,
      active: deal.orders.filter((order) => order.purpose === 'safetyOrder').length,
      max: settings.maxSafetyOrders,
    },
  };
}

/** What a short has still to buy back, and the part of it that is less than a lot. */
function owedCoins(deal: DcaDeal): Pick<DealView, 'heldQuantity' | 'dustQuantity'> {
  const { instrument, position } = deal;
  const open = openBase(position, instrument, 'short');
  const lot = lotsBase(instrument, 1);
  return {
    heldQuantity: formatBase(instrument, open),
    dustQuantity: formatBase(instrument, open - divFloor(open, lot) * lot),
  };
}

/** What the exits have earned in coins, and in percent of the coins of the entries. */
function profitBaseOf(deal: DcaDeal): { readonly amount: string; readonly percent: string } {
  const { position, instrument, settings } = deal;
  const profit = profitOf(position, instrument, settings.direction, 'base');
  return {
    amount: formatBase(instrument, profit),
    percent: formatPercent(profit, profitWhole(deal, 'base'), 2),
  };
}

/** Where the stop acts: exact as it was set, in ticks once it has moved. */
function stopText(deal: DcaDeal): string {
  const { stop, instrument, settings } = deal;
  const price = setStopPrice(deal);
  if (price === null) return '';
  const isMoved = settings.stopLossTrailing || settings.stopLossMove !== 'never';
  return isMoved && stop.ticks > 0
    ? formatPrice(instrument, stop.ticks)
    : formatAverage(instrument, price);
}

function takeProfitViews(deal: DcaDeal): TakeProfitView[] {
  const { instrument, settings, trailing } = deal;
  const { takeProfits } = termsOf(settings);
  const plan = deal.phase.kind === 'ended' ? null : exitPlan(deal);
  return takeProfits.map(({ profit, profitText, shareText }, index) => {
    const step = takeProfits.length > 1 ? index + 1 : 0;
    const ticks = exitTicks(deal, profit);
    const isTrailing = settings.trailingDeviation !== undefined && index === takeProfits.length - 1;
    const planned = isTrailing ? plan?.trailing : plan?.orders.find((order) => order.step === step);
    const state =
      deal.steps[index]?.isDone === true && (planned?.lots ?? 0) === 0
        ? 'done'
        : isTrailing
          ? trailing.best > 0
            ? 'trailing'
            : 'pending'
          : deal.orders.some(
                (order) => order.purpose === 'takeProfit' && order.ladderIndex === step,
              )
            ? 'placed'
            : 'pending';
    return {
      step,
      profit: profitText,
      share: shareText,
      price: ticks === null ? '' : formatPrice(instrument, ticks),
      quantity: formatQuantity(instrument, planned?.lots ?? 0),
      filled: formatQuantity(instrument, step === 0 ? 0 : stepLots(deal, index)),
      state,
      ...(isTrailing && trailing.best > 0
        ? {
            best: formatPrice(instrument, trailing.best),
            trigger: formatPrice(instrument, trailing.trigger),
          }
        : {}),
    };
  });
}

function statusOf(deal: DcaDeal): DealStatus {
  const { phase } = deal;
  switch (phase.kind) {
    case 'opening':
    case 'reopening':
      return 'opening';
    case 'holding':
    case 'finishing':
      return 'active';
    case 'closing':
      return 'closing';
    case 'cancelling':
      return 'cancelling';
    case 'ended':
      return phase.outcome;
  }
}

function waitOf(deal: DcaDeal): DealWait {
  const { phase } = deal;
  switch (phase.kind) {
    case 'opening':
      return 'baseOrder';
    case 'reopening':
      return 'quote';
    case 'holding': {
      const exits = deal.orders.filter(({ purpose }) => purpose === 'takeProfit');
      if (exits.some((order) => order.phase.kind === 'ended')) return 'fills';
      if (exits.some((order) => order.isCancelling)) return 'cancelConfirmation';
      if (awaitsManualQuote(deal)) return 'quote';
      const isShort = exitPlan(deal).orders.some(
        ({ step }) => !exits.some(({ ladderIndex }) => ladderIndex === step),
      );
      if (!isShort) return 'market';
      if (deal.exitWait.kind === 'waiting') return 'timer';
      // An exit that should rest and does not may not be placed.
      return exits.length > 0 ? 'market' : 'risk';
    }
    case 'closing':
      if (phase.step.kind === 'awaitingQuote') return 'quote';
      if (phase.step.kind === 'waiting') return 'timer';
      if (phase.step.kind === 'selling') return 'sale';
      return deal.orders.length === 0 ? 'risk' : cancelWaitOf(deal);
    case 'finishing':
    case 'cancelling':
      return cancelWaitOf(deal);
    case 'ended':
      return 'none';
  }
}

function cancelWaitOf(deal: DcaDeal): DealWait {
  return deal.orders.every((order) => order.phase.kind === 'ended')
    ? 'fills'
    : 'cancelConfirmation';
}
