// SPDX-License-Identifier: Apache-2.0
// A portfolio before it is started: what it buys first, what stays in cash, and at which prices it would trade again.

import { previewRebalance, type RebalanceSettings } from '@kontor/core';

import { marketOf } from '../check-draft.ts';
import {
  fundsOf, fundsWarnings, levelOf, writerOf,
  type Preview, type PreviewContext, type PreviewFigure,
} from './preview.ts'; // prettier-ignore

export function previewPortfolio(settings: RebalanceSettings, context: PreviewContext): Preview {
  const { market, instrument, text, format } = context;
  const { instruments, prices } = marketOf(settings.symbols, market);
  const found = previewRebalance(settings, instruments, prices, market.feeRatePpm);
  const write = writerOf(context);
  const { preview } = text;
  const funds = fundsOf(context, instrument.quoteAsset, settings.investment);
  const figures: PreviewFigure[] = [
    { id: 'spent', name: preview.spent, value: write.money(found.spent) },
    { id: 'cash', name: preview.cash, value: write.money(found.cash) },
    { id: 'fee', name: preview.fee, value: write.money(found.fee) },
  ];
  const shown = found.rows.find((row) => row.symbol === context.symbol);
  const price = (symbol: string, value: string): string => {
    const own = instruments.find((each) => each.symbol === symbol);
    return value === '' ? '–' : format.decimal(value, own?.priceScale ?? 8);
  };
  return {
    symbol: instrument.symbol,
    price: write.money(market.lastPrice(context.symbol) ?? ''),
    levels:
      shown === undefined
        ? []
        : [
            ...(shown.sellsAbove === ''
              ? []
              : [
                  levelOf(context, 'sell', 'above', {
                    name: preview.sellsAbove,
                    price: shown.sellsAbove,
                  }),
                ]),
            levelOf(context, 'order', 'first', {
              name: preview.firstPurchase,
              price: shown.price,
              quantity: shown.quantity,
            }),
            ...(shown.buysBelow === ''
              ? []
              : [
                  levelOf(context, 'waiting', 'below', {
                    name: preview.buysBelow,
                    price: shown.buysBelow,
                  }),
                ]),
          ],
    funds,
    figures,
    table: {
      name: preview.sharesTable,
      head: [
        { name: preview.column.coin, isNumber: false },
        { name: preview.column.share, isNumber: true },
        { name: preview.column.price, isNumber: true },
        { name: preview.column.quantity, isNumber: true },
        { name: preview.column.value, isNumber: true },
        { name: preview.buysBelow, isNumber: true },
        { name: preview.sellsAbove, isNumber: true },
      ],
      rows: found.rows.map((row) => [
        row.symbol,
        format.deviation(row.actualShare),
        price(row.symbol, row.price),
        format.exact(row.quantity),
        write.amount(row.amount),
        price(row.symbol, row.buysBelow),
        price(row.symbol, row.sellsAbove),
      ]),
    },
    warnings: fundsWarnings(funds, context),
  };
}
