// SPDX-License-Identifier: Apache-2.0
// A grid before it is started: its lines, what it needs and buys first, and what a line earns.

import { previewGrid, type GridPreview, type GridSettings, type GridWarning } from '@kontor/core';

import type { Level } from '../../chart/levels.ts';
import type { EditorText } from '../../language/settings-languages.ts';
import {
  freeFunds, fundsOf, levelOf, writerOf,
  type Preview, type PreviewContext, type PreviewFigure,
} from './preview.ts'; // prettier-ignore

export function previewGridBot(settings: GridSettings, context: PreviewContext): Preview | null {
  const { instrument, price, market, text, format } = context;
  const result = previewGrid(settings, instrument, price, market.feeRatePpm, freeFunds(context));
  if (!result.ok) return null;
  const grid = result.preview;
  const write = writerOf(context);
  const { preview } = text;
  const funds = fundsOf(context, instrument.quoteAsset, grid.requiredQuoteAtStart);
  const range = (least: string, most: string): string =>
    least === most
      ? write.percent(least)
      : preview.lineProfitRange(write.percent(least), write.percent(most));
  const { balancing } = grid;
  const figures: PreviewFigure[] = [
    {
      id: 'lineProfit',
      name: preview.lineProfit,
      value: range(grid.profitPercentMin, grid.profitPercentMax),
    },
    {
      id: 'lineStep',
      name: preview.lineStep,
      value: range(grid.stepPercentMin, grid.stepPercentMax),
    },
    {
      id: 'lines',
      name: preview.buyAndSellLines,
      value: `${format.integer(grid.buyLines)} / ${format.integer(grid.sellLines)}`,
    },
    ...(balancing.side === ''
      ? []
      : [
          {
            id: 'balancing',
            name: balancing.side === 'buy' ? preview.buysFirst : preview.sellsFirst,
            value: `${write.quantity(balancing.quantity)} ${instrument.baseAsset}`,
            hint: write.money(balancing.value),
          },
        ]),
    ...(grid.breakEven === ''
      ? []
      : [{ id: 'breakEven', name: preview.breakEvenStart, value: write.price(grid.breakEven) }]),
    {
      id: 'lossAtLower',
      name: preview.lossAtLower,
      value: format.percent(grid.lossAtLowerPricePercent),
      hint: preview.lossAtLowerHint(write.price(grid.averageAtLowerPrice)),
    },
  ];
  return {
    symbol: instrument.symbol,
    price: write.money(grid.price),
    levels: levelsOf(settings, grid, context),
    funds,
    figures,
    table: {
      name: preview.linesTable,
      head: [
        { name: preview.column.order, isNumber: false },
        { name: preview.column.side, isNumber: false },
        { name: preview.column.price, isNumber: true },
        { name: preview.column.quantity, isNumber: true },
        { name: preview.column.value, isNumber: true },
        { name: preview.column.profit, isNumber: true },
      ],
      rows: grid.lines
        .toReversed()
        .map((line) => [
          format.integer(line.number),
          line.side === 'none' ? preview.wait : preview[line.side],
          write.price(line.price),
          line.side === 'none' ? '–' : write.quantity(line.quantity),
          line.side === 'none' ? '–' : write.amount(line.value),
          write.percent(line.profitPercent),
        ]),
    },
    warnings: [
      ...grid.warnings.map((warning) => warningText(warning, grid, text)),
      ...(settings.lowerStop === undefined ? [preview.noStop] : []),
    ],
  };
}

function levelsOf(
  settings: GridSettings,
  grid: GridPreview,
  context: PreviewContext,
): readonly Level[] {
  const { words, text } = context;
  const number = (line: { readonly number: number }): string => String(line.number);
  const fixed = (
    kind: 'stopLoss' | 'takeProfit',
    id: string,
    name: string,
    price: string | undefined,
  ): readonly Level[] => (price === undefined ? [] : [levelOf(context, kind, id, { name, price })]);
  return [
    ...grid.lines.map((line) =>
      levelOf(
        context,
        line.side === 'none' ? 'waiting' : line.side === 'buy' ? 'order' : 'sell',
        `line ${line.number}`,
        {
          name:
            line.side === 'none'
              ? text.preview.lineEmpty(number(line))
              : text.preview[line.side === 'buy' ? 'lineBuy' : 'lineSell'](number(line)),
          shortName: number(line),
          price: line.price,
          ...(line.side === 'none' ? {} : { quantity: line.quantity }),
        },
      ),
    ),
    ...(grid.breakEven === ''
      ? []
      : [
          levelOf(context, 'breakEven', 'break-even', {
            name: words.chart.breakEven,
            shortName: words.chart.breakEvenShort,
            price: grid.breakEven,
          }),
        ]),
    ...fixed('stopLoss', 'lower stop', words.chart.stopLoss, settings.lowerStop?.price),
    ...fixed('stopLoss', 'upper stop', words.chart.stopLoss, settings.upperStop?.price),
    ...fixed('takeProfit', 'take profit', words.chart.takeProfit, settings.takeProfitPrice),
  ];
}

function warningText(warning: GridWarning, grid: GridPreview, { preview }: EditorText): string {
  switch (warning) {
    case 'profitNotAboveFees':
      return preview.gridLoses;
    case 'profitBelowTwiceFees':
      return preview.gridThin;
    case 'priceBelowGrid':
      return preview.belowGrid;
    case 'priceAboveGrid':
      return preview.aboveGrid;
    case 'coinsMissing':
      return preview.coinsMissing;
    case 'fundsMissing':
      return preview.fundsMissing(grid.missing);
  }
}
