// SPDX-License-Identifier: Apache-2.0
// A trade as a person reads it: the deal as every kind shows it, and its steps with their prices.

import { commonView, type DealStatus, type DealView, type DealWait } from '../bot/common-view.ts';
import { leavesLots } from '../bot/deal-order.ts';
import { formatPrice, formatQuantity } from '../instrument.ts';
import {
  baseScale,
  breakEvenPrice,
  enteredMoney,
  entryAverage,
  exitedMoney,
  moneyScale,
  openBase,
  power10,
  profitOf,
} from '../position.ts';
import { divCeil, divFloor, PPM, type PriceTicks } from '../units.ts';
import {
  hasEntered,
  isLive,
  isPending,
  leftOf,
  orderOf,
  stopOrder,
  type EntryState,
  type ExitState,
  type TradeDeal,
} from './deal.ts';

/** `deal` as text; with `priceTicks` also what closing would bring now. */
export function tradeDealView(deal: TradeDeal, priceTicks?: PriceTicks): DealView {
  const { instrument, position, phase, plan } = deal;
  const { direction } = plan;
  const average = entryAverage(position, instrument, direction);
  const isEnded = phase.kind === 'ended';
  // A trade that only enters closes nothing and earns nothing.
  const realised = plan.endsWithEntry ? 0n : profitOf(position, instrument, direction, 'quote');
  const isClosed = isEnded && (phase.outcome !== 'cancelled' || plan.endsWithEntry);
  const unrealised =
    priceTicks === undefined || isClosed ? null : closingResult(deal, priceTicks) - realised;
  const target = deal.exits.find((exit) => exit.purpose === 'takeProfit' && isLive(exit));
  const steps = deal.exits.filter(({ purpose }) => purpose === 'takeProfit');
  return {
    ...commonView(deal, {
      status: statusOf(deal),
      waitingFor: waitOf(deal),
      ended: isEnded ? phase : null,
      average,
      breakEven: average === null ? null : breakEvenPrice(average, direction, deal.feeRatePpm),
      realised,
      unrealised,
      whole: enteredMoney(position, instrument, direction),
    }),
    kind: deal.kind,
    baseAverage: '',
    takeProfit:
      target === undefined || target.ticks === 0 || isEnded
        ? ''
        : formatPrice(instrument, target.ticks),
    stopLoss: deal.stop.ticks === 0 || isEnded ? '' : formatPrice(instrument, deal.stop.ticks),
    steps: {
      filled: steps.filter(({ phase: step }) => step.kind === 'done').length,
      active: isEnded ? 0 : steps.filter((exit) => isLive(exit) && leftOf(deal, exit) > 0).length,
      max: steps.length,
    },
  };
}

/** What the trade would end with were its position closed at `priceTicks` after the fee, rounded down. */
function closingResult(deal: TradeDeal, priceTicks: PriceTicks): bigint {
  const { instrument, position, plan } = deal;
  const { direction } = plan;
  const open = openBase(position, instrument, direction);
  const whole = BigInt(PPM);
  const rest = BigInt(PPM - deal.feeRatePpm);
  const worth =
    open * BigInt(priceTicks) * BigInt(instrument.tickUnits) * power10(moneyScale(instrument));
  const unit = power10(baseScale(instrument) + instrument.priceScale);
  const entered = enteredMoney(position, instrument, direction);
  const exited = exitedMoney(position, instrument, direction);
  return direction === 'long'
    ? exited + divFloor(worth * rest, unit * whole) - entered
    : entered - exited - divCeil(worth * whole, unit * rest);
}

function statusOf(deal: TradeDeal): DealStatus {
  const { phase } = deal;
  switch (phase.kind) {
    case 'running':
      return hasEntered(deal) ? 'active' : 'opening';
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

function waitOf(deal: TradeDeal): DealWait {
  const { phase } = deal;
  switch (phase.kind) {
    case 'running':
      return runningWait(deal);
    case 'closing':
      if (phase.step.kind === 'awaitingQuote') return 'quote';
      if (phase.step.kind === 'waiting') return 'timer';
      if (phase.step.kind === 'clearing') return cancelWait(deal);
      return phase.limitTicks > 0 ? 'market' : 'sale';
    case 'finishing':
    case 'cancelling':
      return cancelWait(deal);
    case 'ended':
      return 'none';
  }
}

function runningWait(deal: TradeDeal): DealWait {
  const kinds = new Set<string>();
  for (const { phase } of [...deal.entries, ...deal.exits]) kinds.add(phase.kind);
  if (deal.orders.some(({ isCancelling }) => isCancelling)) return cancelWait(deal);
  if (kinds.has('awaitingQuote')) return 'quote';
  if (kinds.has('closing')) return 'sale';
  if (kinds.has('pausing')) return 'timer';
  if (kinds.has('ready')) return 'risk';
  return 'market';
}

function cancelWait(deal: TradeDeal): DealWait {
  return deal.orders.every((order) => order.phase.kind === 'ended')
    ? 'fills'
    : 'cancelConfirmation';
}

/** One step of a trade as text; prices are empty where there is none. */
export interface TradeStepView {
  readonly purpose: EntryState['purpose'] | ExitState['purpose'];
  /** From 1, by purpose. */
  readonly number: number;
  readonly order: 'market' | 'limit';
  readonly state:
    | 'waiting'
    | 'trailing'
    | 'placed'
    | 'pausing'
    | 'closing'
    | 'filled'
    | 'partly'
    | 'cancelled'
    | 'failed';
  /** Limit price of an entry, target of an exit. */
  readonly price: string;
  /** What an entry waits for. */
  readonly trigger: string;
  /** The best price that trailing has seen. */
  readonly best: string;
  /** Still to be traded; empty while it is not known. */
  readonly quantity: string;
  readonly filled: string;
}

/** Everything that a trade's own page shows beside its `DealView`. */
export interface TradeView {
  readonly direction: 'long' | 'short';
  readonly steps: readonly TradeStepView[];
  readonly stopLoss: {
    readonly price: string;
    /** The price that a trailing stop follows. */
    readonly best: string;
    readonly isAtBreakEven: boolean;
    /** Until when the price must stay beyond the stop; 0 while it is not. */
    readonly breachedUntil: number;
    /** Who holds the stop now: an order at the exchange, or the desk, which watches the price. */
    readonly heldBy: 'exchange' | 'desk';
  };
}

/** The steps and the stop of `deal`. */
export function tradeView(deal: TradeDeal): TradeView {
  const { stop, plan, instrument } = deal;
  return {
    direction: plan.direction,
    steps: [
      ...deal.entries.map((entry) => entryView(deal, entry)),
      ...deal.exits
        .filter(({ phase }) => phase.kind !== 'removed')
        .map((exit) => exitView(deal, exit)),
    ],
    stopLoss: {
      price: stop.ticks === 0 ? '' : formatPrice(instrument, stop.ticks),
      best:
        stop.bestTicks === 0 || plan.stopLoss?.trailing === undefined
          ? ''
          : formatPrice(instrument, stop.bestTicks),
      isAtBreakEven: plan.stopLoss?.breakEven === true && stop.hasStepFilled,
      breachedUntil: stop.breachedUntil,
      heldBy: stopOrder(deal)?.phase.kind === 'open' ? 'exchange' : 'desk',
    },
  };
}

function entryView(deal: TradeDeal, entry: EntryState): TradeStepView {
  const { instrument } = deal;
  const { phase, trigger } = entry;
  const filled = entry.filledLots + (orderOf(deal, entry)?.filledLots ?? 0);
  return {
    purpose: entry.purpose,
    number: entry.number,
    order: entry.order,
    state: entryStep(entry),
    price: entry.limitTicks === 0 ? '' : formatPrice(instrument, entry.limitTicks),
    trigger: trigger === null ? '' : formatPrice(instrument, trigger.ticks),
    best: phase.kind === 'trailing' ? formatPrice(instrument, phase.bestTicks) : '',
    quantity:
      entry.lots < 0
        ? ''
        : formatQuantity(instrument, isPending(entry) ? Math.max(0, entry.lots - filled) : 0),
    filled: formatQuantity(instrument, filled),
  };
}

function entryStep({ phase }: EntryState): TradeStepView['state'] {
  switch (phase.kind) {
    case 'armed':
    case 'ready':
    case 'awaitingQuote':
      return 'waiting';
    case 'trailing':
    case 'pausing':
      return phase.kind;
    case 'ordered':
      return 'placed';
    case 'ended':
      return phase.how;
  }
}

function exitView(deal: TradeDeal, exit: ExitState): TradeStepView {
  const { instrument } = deal;
  const order = orderOf(deal, exit);
  return {
    purpose: exit.purpose,
    number: exit.number,
    order: exit.order,
    state: exitStep(deal, exit),
    price: exit.ticks === 0 ? '' : formatPrice(instrument, exit.ticks),
    trigger: '',
    best: exit.phase.kind === 'trailing' ? formatPrice(instrument, exit.phase.bestTicks) : '',
    quantity: formatQuantity(instrument, isLive(exit) ? leftOf(deal, exit) : 0),
    filled: formatQuantity(instrument, exit.filledLots + (order?.filledLots ?? 0)),
  };
}

function exitStep(deal: TradeDeal, exit: ExitState): TradeStepView['state'] {
  const order = orderOf(deal, exit);
  switch (exit.phase.kind) {
    case 'open':
      return order !== undefined && leavesLots(order) > 0 ? 'placed' : 'waiting';
    case 'trailing':
    case 'pausing':
    case 'closing':
    case 'cancelled':
      return exit.phase.kind;
    case 'removed':
      return 'cancelled';
    case 'done':
      return 'filled';
  }
}
