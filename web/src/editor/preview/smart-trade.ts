// SPDX-License-Identifier: Apache-2.0
// A smart trade before it is opened: its entries, targets and stop, what it needs, and what it can win and lose.

import {
  heldPosition, parsePrice, planOf, previewTrade,
  type ExitPreview, type Position, type PriceTicks, type Quote, type SmartTradeSettings, type TradePlan, type TradePreview,
} from '@kontor/core'; // prettier-ignore

import { latestQuote } from '../../api/quotes.ts';
import type { Level } from '../../chart/levels.ts';
import {
  freeFunds, fundsOf, fundsWarnings, levelOf, writerOf,
  type Preview, type PreviewContext, type PreviewFigure,
} from './preview.ts'; // prettier-ignore

export function previewSmartTrade(settings: SmartTradeSettings, context: PreviewContext): Preview {
  const { instrument } = context;
  const { held, type } = settings;
  const position = held === undefined ? {} : { position: heldPosition(held, type, instrument) };
  return tradePreview(planOf(settings), context, position);
}

/** The preview of any plan, which signal bots have too. */
export function tradePreview(
  plan: TradePlan,
  context: PreviewContext,
  given: { readonly position?: Position },
): Preview {
  const { instrument, market, text } = context;
  const trade = previewTrade({
    plan,
    instrument,
    quote: quoteOf(context),
    feeRatePpm: market.feeRatePpm,
    funds: freeFunds(context),
    ...given,
  });
  const write = writerOf(context);
  const { preview } = text;
  const funds = [
    ...fundsOf(context, instrument.quoteAsset, trade.requiredQuote),
    ...fundsOf(context, instrument.baseAsset, trade.requiredBase),
  ];
  const signed = (exit: Pick<ExitPreview, 'profit' | 'profitPercent'>): string =>
    `${context.format.signed(exit.profit, 2)} ${instrument.quoteAsset} (${context.format.percent(exit.profitPercent)})`;
  const figures: PreviewFigure[] = [
    { id: 'average', name: preview.entryAverage, value: write.price(trade.average) },
    { id: 'breakEven', name: preview.breakEvenTrade, value: write.price(trade.breakEven) },
    ...(trade.takeProfit.length === 0
      ? []
      : [{ id: 'gain', name: preview.gain, value: signed(trade) }]),
    ...(trade.stopLoss === null
      ? []
      : [{ id: 'risk', name: preview.risk, value: signed(trade.stopLoss) }]),
    ...(trade.riskReward === ''
      ? []
      : [
          {
            id: 'ratio',
            name: preview.riskReward,
            value: `${context.format.exact(trade.riskReward)} : 1`,
          },
        ]),
  ];
  return {
    symbol: instrument.symbol,
    price: write.money(context.market.lastPrice(context.symbol) ?? ''),
    levels: levelsOf(trade, context),
    funds,
    figures,
    table: {
      name: preview.stepsTable,
      head: [
        { name: preview.column.step, isNumber: false },
        { name: preview.column.order, isNumber: false },
        { name: preview.column.price, isNumber: true },
        { name: preview.column.quantity, isNumber: true },
        { name: preview.column.value, isNumber: true },
        { name: preview.column.profit, isNumber: true },
      ],
      rows: [
        ...trade.entries.map((entry) => [
          preview.entryNumber(String(entry.number)),
          preview.orderType[entry.order],
          write.price(entry.price),
          write.quantity(entry.quantity),
          write.amount(entry.volume),
          '–',
        ]),
        ...trade.takeProfit.map((exit) => exitRow(exit, preview.target(String(exit.number)))),
        ...(trade.stopLoss === null ? [] : [exitRow(trade.stopLoss, preview.stop)]),
      ],
    },
    warnings: [
      ...fundsWarnings(funds, context),
      ...(plan.stopLoss === undefined && !plan.endsWithEntry ? [preview.noStopTrade] : []),
    ],
  };

  function exitRow(exit: ExitPreview, name: string): readonly string[] {
    return [
      name,
      preview.orderType[exit.order],
      write.price(exit.price),
      write.quantity(exit.quantity),
      write.amount(exit.volume),
      signed(exit),
    ];
  }
}

function levelsOf(trade: TradePreview, context: PreviewContext): readonly Level[] {
  const { words, text } = context;
  const { preview } = text;
  const single = (kind: 'average' | 'breakEven', name: string, short: string, price: string) =>
    price === '' ? [] : [levelOf(context, kind, kind, { name, shortName: short, price })];
  return [
    ...trade.entries.flatMap((entry) => [
      levelOf(context, trade.direction === 'long' ? 'order' : 'sell', `entry ${entry.number}`, {
        name: preview.entryNumber(String(entry.number)),
        shortName: preview.entryShort(String(entry.number)),
        price: entry.price,
        quantity: entry.quantity,
      }),
      ...(entry.trigger === '' || entry.trigger === entry.price
        ? []
        : [
            levelOf(context, 'waiting', `trigger ${entry.number}`, {
              name: preview.trigger(String(entry.number)),
              shortName: preview.entryShort(String(entry.number)),
              price: entry.trigger,
            }),
          ]),
    ]),
    ...(trade.entries.length > 1
      ? single('average', words.chart.average, words.chart.averageShort, trade.average)
      : []),
    ...single('breakEven', words.chart.breakEven, words.chart.breakEvenShort, trade.breakEven),
    ...trade.takeProfit.map((exit) =>
      levelOf(context, 'takeProfit', `target ${exit.number}`, {
        name: preview.target(String(exit.number)),
        shortName: words.chart.takeProfitShort,
        price: exit.price,
        quantity: exit.quantity,
      }),
    ),
    ...(trade.stopLoss === null
      ? []
      : [
          levelOf(context, 'stopLoss', 'stop', {
            name: words.chart.stopLoss,
            shortName: words.chart.stopLossShort,
            price: trade.stopLoss.price,
            quantity: trade.stopLoss.quantity,
          }),
        ]),
  ];
}

function quoteOf({ symbol, instrument, price }: PreviewContext): Quote {
  const quote = latestQuote(symbol);
  const ticks = (text: string | undefined): PriceTicks => {
    const parsed = text === undefined ? null : parsePrice(instrument, text);
    return parsed?.ok === true ? parsed.value : price;
  };
  return { bid: ticks(quote?.bid), ask: ticks(quote?.ask), last: price };
}
