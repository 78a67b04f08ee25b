// SPDX-License-Identifier: Apache-2.0
// A DCA deal before it is started: its ladder, what it needs, how deep it reaches, and where it would break even.

import { parsePrice, previewLadder, type DcaSettings, type LadderPreview } from '@kontor/core';

import { compareDecimals, timesDecimal } from '../../number/decimal-sum.ts';
import { marketOf } from '../check-draft.ts';
import {
  freeFunds, fundsOf, fundsWarnings, levelOf, writerOf,
  type Preview, type PreviewContext, type PreviewFigure,
} from './preview.ts'; // prettier-ignore

/** Other instruments of the bot that are looked at for the dearest deal. */
const SYMBOLS_LOOKED_AT = 20;
/** A way back to profit beyond this many percent is pointed out. */
const FAR_PERCENT = '15';

export function previewDca(settings: DcaSettings, context: PreviewContext): Preview {
  const { instrument, price, market, text, format } = context;
  const write = writerOf(context);
  const ladder = previewLadder(settings, instrument, price, market.feeRatePpm, freeFunds(context));
  const rows = [ladder.baseOrder, ...ladder.safetyOrders];
  const last = rows.at(-1) ?? ladder.baseOrder;
  const isLong = ladder.direction === 'long';
  const deals = settings.maxActiveDeals;
  const asset = isLong ? instrument.quoteAsset : instrument.baseAsset;
  const perDeal = isLong ? dearest(settings, context, ladder) : ladder.requiredBase;
  const funds = fundsOf(context, asset, timesDecimal(perDeal, deals), deals > 1 ? perDeal : '');
  const { preview } = text;
  const figures: PreviewFigure[] = [
    {
      id: 'coverage',
      name: isLong ? preview.coverage : preview.coverageUp,
      value: write.percent(ladder.coverage),
    },
    {
      id: 'breakEven',
      name: preview.breakEven,
      value: write.price(last.breakEven),
      hint: preview.breakEvenHint,
    },
    {
      id: 'takeProfit',
      name: preview.takeProfitFirst,
      value: write.price(ladder.baseOrder.takeProfit),
    },
    ...(ladder.safetyOrders.length === 0 || last.moveToTakeProfit === ''
      ? []
      : [
          {
            id: 'rise',
            name: preview.riseNeeded,
            value: write.percent(last.moveToTakeProfit),
            hint: preview.riseNeededHint,
          },
        ]),
    ...(ladder.stopLoss === undefined
      ? []
      : [{ id: 'stopLoss', name: preview.stopLoss, value: write.price(ladder.stopLoss) }]),
  ];
  const warnings = [
    ...fundsWarnings(funds, context),
    ...(ladder.safetyOrders.length < settings.maxSafetyOrders
      ? [preview.ladderCut(format.integer(ladder.safetyOrders.length + 1))]
      : []),
    ...(last.moveToTakeProfit !== '' && compareDecimals(last.moveToTakeProfit, FAR_PERCENT) > 0
      ? [preview.farTakeProfit(write.percent(last.moveToTakeProfit))]
      : []),
    ...(ladder.baseOrder.takeProfit === '' ? [preview.noTakeProfit] : []),
  ];
  return {
    symbol: instrument.symbol,
    price: write.money(ladder.baseOrder.price),
    levels: levelsOf(settings, ladder, context),
    funds,
    figures,
    table: {
      name: preview.ladderTable,
      head: [
        { name: preview.column.order, isNumber: false },
        { name: preview.column.distance, isNumber: true },
        { name: preview.column.price, isNumber: true },
        { name: preview.column.quantity, isNumber: true },
        { name: preview.column.value, isNumber: true },
        { name: preview.column.total, isNumber: true },
        { name: preview.column.average, isNumber: true },
        { name: preview.column.takeProfit, isNumber: true },
        { name: preview.column.rise, isNumber: true },
      ],
      rows: rows.map((row) => [
        row.number === 0 ? preview.base : format.integer(row.number),
        write.percent(row.deviation),
        write.price(row.price),
        write.quantity(row.quantity),
        write.amount(row.volume),
        write.amount(row.totalVolume),
        write.price(row.average),
        write.price(row.takeProfit),
        write.percent(row.moveToTakeProfit),
      ]),
    },
    warnings,
  };
}

function levelsOf(
  settings: DcaSettings,
  ladder: LadderPreview,
  context: PreviewContext,
): Preview['levels'] {
  const { words } = context;
  const { baseOrder, safetyOrders } = ladder;
  const last = safetyOrders.at(-1) ?? baseOrder;
  const rests = settings.safetyOrderTrigger === 'price' ? settings.maxActiveSafetyOrders : 0;
  const exits = baseOrder.takeProfits.length > 0 ? baseOrder.takeProfits : [];
  return [
    levelOf(context, 'order', 'base', {
      name: words.chart.base,
      price: baseOrder.price,
      quantity: baseOrder.quantity,
    }),
    ...safetyOrders.map((row) =>
      levelOf(context, row.number <= rests ? 'order' : 'waiting', `safety ${row.number}`, {
        name: words.chart.safety(String(row.number)),
        shortName: words.chart.safetyShort(String(row.number)),
        price: row.price,
        quantity: row.quantity,
      }),
    ),
    ...exits.map((exit) =>
      levelOf(context, 'takeProfit', `take profit ${exit.step}`, {
        name:
          exit.step === 0 ? words.chart.takeProfit : context.text.preview.target(String(exit.step)),
        shortName: words.chart.takeProfitShort,
        price: exit.price,
        quantity: exit.quantity,
      }),
    ),
    ...(safetyOrders.length === 0
      ? []
      : [
          levelOf(context, 'breakEven', 'break-even', {
            name: context.text.preview.breakEven,
            shortName: words.chart.breakEvenShort,
            price: last.breakEven,
          }),
        ]),
    ...(ladder.stopLoss === undefined
      ? []
      : [
          levelOf(context, 'stopLoss', 'stop', {
            name: words.chart.stopLoss,
            shortName: words.chart.stopLossShort,
            price: ladder.stopLoss,
          }),
        ]),
  ];
}

/** What a deal on the dearest of the bot's instruments needs, in their quote asset. */
function dearest(settings: DcaSettings, context: PreviewContext, own: LadderPreview): string {
  let most = own.requiredQuote;
  const others = settings.symbols.filter((symbol) => symbol !== context.symbol);
  const { instruments } = marketOf(others.slice(0, SYMBOLS_LOOKED_AT), context.market);
  for (const instrument of instruments) {
    if (instrument.quoteAsset !== context.instrument.quoteAsset) continue;
    const last = context.market.lastPrice(instrument.symbol);
    const price = last === null ? null : parsePrice(instrument, last);
    if (price?.ok !== true) continue;
    const free = freeFunds({ ...context, instrument });
    const { requiredQuote } = previewLadder(
      settings,
      instrument,
      price.value,
      context.market.feeRatePpm,
      free,
    );
    if (compareDecimals(requiredQuote, most) > 0) most = requiredQuote;
  }
  return most;
}
