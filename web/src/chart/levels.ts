// SPDX-License-Identifier: Apache-2.0
// What a deal shows on a chart: its orders and prices as lines, its fills as marks.

import type { Deal } from '../api/types.ts';
import type { Catalogue } from '../language/english.ts';

export type LevelKind =
  'order' | 'sell' | 'waiting' | 'refused' | 'takeProfit' | 'stopLoss' | 'average' | 'breakEven';

/** A horizontal line. Charts plot floats; the texts beside the line are made from decimal text. */
export interface Level {
  readonly id: string;
  readonly kind: LevelKind;
  readonly price: number;
  readonly name: string;
  readonly shortName: string;
  readonly quantityText: string;
  readonly priceText: string;
}

export interface Mark {
  readonly id: string;
  readonly timeMs: number;
  readonly price: number;
  readonly side: 'buy' | 'sell';
  readonly label: string;
}

export interface LevelWords {
  readonly text: Catalogue;
  readonly price: (text: string) => string;
  readonly quantity: (text: string) => string;
  readonly time: (timeMs: number) => string;
}

/**
 * Lines of a running deal; one that is over keeps only its average. Where deals share a chart, `prefix` tells
 * them apart (`shortPrefix` where there is little room) and break-even, which stands close to the average, is left to their own pages.
 */
export function dealLevels(
  deal: Deal,
  words: LevelWords,
  prefix = '',
  shortPrefix: string = prefix,
): readonly Level[] {
  const { text } = words;
  const levels: Level[] = [];
  const add = (
    kind: LevelKind,
    id: string,
    names: { readonly name: string; readonly shortName?: string },
    price: string | null,
    quantity = '',
  ): void => {
    if (price === null) return;
    levels.push({
      id: `${deal.id} ${id}`,
      kind,
      price: Number(price),
      name: prefix + names.name,
      shortName: shortPrefix + (names.shortName ?? names.name),
      quantityText: quantity === '' ? '' : words.quantity(quantity),
      priceText: words.price(price),
    });
  };
  add(
    'average',
    'average',
    { name: text.chart.average, shortName: text.chart.averageShort },
    deal.averagePrice,
  );
  if (deal.closedAt !== null) return levels;
  if (prefix === '')
    add(
      'breakEven',
      'break-even',
      { name: text.chart.breakEven, shortName: text.chart.breakEvenShort },
      deal.breakEvenPrice,
    );
  // The targets of a trade have lines of their own.
  const hasTargets = deal.details?.kind === 'trade';
  add(
    'takeProfit',
    'take-profit',
    { name: text.chart.takeProfit, shortName: text.chart.takeProfitShort },
    hasTargets ? null : deal.takeProfitPrice,
    deal.quantity,
  );
  add(
    'stopLoss',
    'stop-loss',
    { name: text.chart.stopLoss, shortName: text.chart.stopLossShort },
    deal.stopLossPrice,
  );
  for (const step of deal.ladder) {
    if (step.state === 'filled') continue;
    const kind =
      step.state === 'placed' ? 'order' : step.state === 'rejected' ? 'refused' : 'waiting';
    const index = String(step.index);
    const names =
      step.index === 0
        ? { name: text.chart.base }
        : { name: text.chart.safety(index), shortName: text.chart.safetyShort(index) };
    add(kind, `step ${index}`, names, step.price, step.quantity);
  }
  addDetails(deal, text, add);
  for (const order of deal.orders) {
    const isOut =
      order.state === 'open' || order.state === 'intended' || order.state === 'ambiguous';
    if (!isOut || (order.purpose !== 'close' && order.purpose !== 'stopLoss')) continue;
    add(
      'order',
      order.clientOrderId,
      { name: text.deal.purpose[order.purpose] },
      order.price,
      order.quantity,
    );
  }
  return levels;
}

/** Lines of a grid, and entries and targets of a trade that are still to come. */
function addDetails(
  deal: Deal,
  text: Catalogue,
  add: (
    kind: LevelKind,
    id: string,
    names: { readonly name: string; readonly shortName?: string },
    price: string | null,
    quantity?: string,
  ) => void,
): void {
  const { details } = deal;
  if (details?.kind === 'grid') {
    for (const line of details.lines) {
      const name = `${text.deal.lineSide[line.side]} ${line.number}`;
      const isOut = line.state === 'open' || line.state === 'placing';
      const kind = !isOut ? 'waiting' : line.side === 'buy' ? 'order' : 'sell';
      if (line.side === 'none') continue;
      add(
        kind,
        `line ${line.number}`,
        { name, shortName: String(line.number) },
        line.price,
        line.quantity,
      );
    }
    add(
      'stopLoss',
      'upper stop',
      { name: text.chart.stopLoss, shortName: text.chart.stopLossShort },
      details.upperStop,
    );
  }
  if (details?.kind === 'trade') {
    for (const step of details.steps) {
      const isDone =
        step.state === 'filled' || step.state === 'cancelled' || step.state === 'failed';
      if (isDone || step.purpose === 'reduceFunds') continue;
      const name = text.deal.stepName[step.purpose](String(step.number));
      const kind =
        step.purpose === 'takeProfit'
          ? 'takeProfit'
          : step.state === 'placed'
            ? 'order'
            : 'waiting';
      add(
        kind,
        `${step.purpose} ${step.number}`,
        { name },
        step.price ?? step.trigger,
        step.quantity ?? '',
      );
    }
  }
  if (details?.kind === 'dca') {
    for (const target of details.takeProfits.slice(1)) {
      if (target.state === 'done') continue;
      const name = text.deal.stepName.takeProfit(String(target.step));
      add(
        'takeProfit',
        `target ${target.step}`,
        { name, shortName: text.chart.takeProfitShort },
        target.price,
        target.quantity,
      );
    }
  }
}

export function dealMarks(deal: Deal, words: LevelWords): readonly Mark[] {
  const purposes = new Map(deal.orders.map((order) => [order.clientOrderId, order.purpose]));
  return deal.fills.map((fill) => {
    const purpose = purposes.get(fill.clientOrderId);
    const sentence = words.text.chart[fill.side === 'buy' ? 'bought' : 'sold'](
      words.quantity(fill.quantity),
      words.price(fill.price),
    );
    const name = purpose === undefined ? '' : `${words.text.deal.purpose[purpose]}: `;
    return {
      id: `${deal.id} ${fill.tradeId}`,
      timeMs: fill.time,
      price: Number(fill.price),
      side: fill.side,
      label: `${name}${sentence}, ${words.time(fill.time)}`,
    };
  });
}
