// SPDX-License-Identifier: Apache-2.0
// What running deals are still to need: lines, safety orders and entries that are planned and not on the book.

import type { Deal } from '../bot/step.ts';
import { rungLots, rungOf, rungTicks, stepsDone, type DcaDeal } from '../dca/deal.ts';
import { hasSignalledSafetyOrders } from '../dca/signals.ts';
import { formatDecimal, trimDecimal } from '../decimal.ts';
import { buyLots, type GridDeal } from '../grid/deal.ts';
import { moneyAt } from '../grid/ledger.ts';
import { ASSET_SCALE, type Instrument } from '../instrument.ts';
import { entrySide, type Side } from '../order.ts';
import { baseScale, lotsBase, moneyScale, power10 } from '../position.ts';
import { isPending, orderOf, type TradeDeal } from '../smart-trade/deal.ts';
import { divCeil } from '../units.ts';

/** By asset, at `ASSET_SCALE` decimals, rounded up. */
export type Planned = ReadonlyMap<string, bigint>;

/** What `deals` are still to need beyond what they hold and what their orders that are out need. */
export function plannedOf(deals: readonly Deal[]): Planned {
  const planned = new Map<string, bigint>();
  const add = (asset: string, amount: bigint, scale: number): void => {
    if (amount <= 0n) return;
    const needed = divCeil(amount, power10(scale - ASSET_SCALE));
    planned.set(asset, (planned.get(asset) ?? 0n) + needed);
  };
  for (const deal of deals) {
    const { instrument } = deal;
    const { coins, money } = needOf(deal);
    add(instrument.baseAsset, coins, baseScale(instrument));
    add(instrument.quoteAsset, money, moneyScale(instrument));
  }
  return planned;
}

/** Coins at `baseScale`, money at `moneyScale` decimals. */
interface Need {
  readonly coins: bigint;
  readonly money: bigint;
}

const NOTHING: Need = Object.freeze({ coins: 0n, money: 0n });

function needOf(deal: Deal): Need {
  switch (deal.kind) {
    case 'grid':
      return { coins: 0n, money: gridMoney(deal) };
    case 'dca':
      return ladderNeed(deal);
    case 'smartTrade':
    case 'signal':
      return entriesNeed(deal);
    case 'rebalance':
      // It plans nothing: what it wants it places at once.
      return NOTHING;
  }
}

/** The money of buy lines without an order, of a grid that is being laid out, and of coins a stop is still to buy. */
function gridMoney(deal: GridDeal): bigint {
  const { phase, instrument } = deal;
  if (phase.kind === 'stopping') return phase.budget;
  if (phase.kind === 'ended') return 0n;
  let money = phase.kind === 'opening' ? (deal.openingMoney ?? 0n) : 0n;
  for (const cell of deal.cells) money += moneyAt(instrument, cell.buyTicks, buyLots(cell));
  for (const order of deal.orders) {
    if (order.side !== 'buy' || order.purpose !== 'gridLine') continue;
    money -= moneyAt(instrument, order.priceTicks, order.quantity - order.filledLots);
  }
  return money;
}

/** The safety orders that are still to come, as long as the ladder is open and its settings want them kept. */
function ladderNeed(deal: DcaDeal): Need {
  if (deal.phase.kind !== 'holding' || stepsDone(deal) > 0) return NOTHING;
  if (!deal.settings.reserveSafetyOrders) return NOTHING;
  if (hasSignalledSafetyOrders(deal)) return NOTHING;
  const { instrument } = deal;
  const side = entrySide(deal.settings.direction);
  let need = NOTHING;
  for (const { ladderIndex, lots } of deal.safetyRetries) {
    const rung = rungOf(deal, ladderIndex);
    if (rung !== undefined) need = sum(need, needAt(instrument, side, rungTicks(deal, rung), lots));
  }
  for (let index = deal.nextSafetyOrder; ; index += 1) {
    const rung = rungOf(deal, index);
    if (rung === undefined) return need;
    const ticks = rungTicks(deal, rung);
    need = sum(need, needAt(instrument, side, ticks, rungLots(deal, rung, ticks)));
  }
}

/** Entries that wait for their price or for another try. */
function entriesNeed(deal: TradeDeal): Need {
  if (deal.phase.kind !== 'running') return NOTHING;
  const { instrument } = deal;
  const side = entrySide(deal.plan.direction);
  let need = NOTHING;
  for (const entry of deal.entries) {
    if (!isPending(entry) || orderOf(deal, entry) !== undefined) continue;
    const { size } = entry;
    const ticks = entry.limitTicks > 0 ? entry.limitTicks : (entry.trigger?.ticks ?? 0);
    const measured = entry.lots >= 0 ? entry.lots : size.kind === 'lots' ? size.lots : null;
    if (measured !== null) {
      need = sum(need, needAt(instrument, side, ticks, measured - entry.filledLots));
    } else if (size.kind === 'budget' && side === 'buy') {
      const { numerator, denominator } = size.amount;
      const money = divCeil(numerator * power10(moneyScale(instrument)), denominator);
      need = sum(need, { coins: 0n, money });
    }
  }
  return need;
}

function needAt(instrument: Instrument, side: Side, ticks: number, lots: number): Need {
  if (ticks < 1 && side === 'buy') return NOTHING;
  return side === 'buy'
    ? { coins: 0n, money: moneyAt(instrument, ticks, lots) }
    : { coins: lotsBase(instrument, lots), money: 0n };
}

function sum(left: Need, right: Need): Need {
  return { coins: left.coins + right.coins, money: left.money + right.money };
}

export interface PlannedFault {
  readonly rule: 'planned';
  readonly expected: string;
  readonly found: string;
}

/**
 * Why an entry may not use what other bots plan to use. `total` is the account's balance of `asset`, `kept` what all
 * deals hold and what others have in orders or plan of it, `needed` what the bot's orders need with this one; all at
 * `ASSET_SCALE` decimals.
 */
export function plannedFault(
  asset: string,
  amounts: { readonly total: bigint; readonly kept: bigint; readonly needed: bigint },
): PlannedFault | null {
  const { total, kept, needed } = amounts;
  const free = total > kept ? total - kept : 0n;
  if (needed <= free) return null;
  const text = (amount: bigint): string => trimDecimal(formatDecimal(amount, ASSET_SCALE));
  return {
    rule: 'planned',
    expected: `at most ${text(free)} ${asset} of ${text(total)}: other bots hold or plan to use ${text(kept)}`,
    found: `${text(needed)} ${asset} for this bot's orders`,
  };
}
