// SPDX-License-Identifier: Apache-2.0
// A backtest's report for the terminal.

import { settingsLine } from './settings-rows.ts';
import { intervalMs, isInterval, gapText, timeText } from '../candles/index.ts';
import { modelCaveats, symbolsText, type BacktestDocument } from './document.ts';
import { groupedCount } from './shown-number.ts';
import { statisticsRows } from './statistics-rows.ts';

/** The report as lines of text. Amounts are rounded as in the page; `report.json` has all digits. */
export function reportText(document: BacktestDocument): string {
  const { source, market, settings, model } = document;
  const length = isInterval(source.interval) ? intervalMs(source.interval) : 0;
  const rows = statisticsRows(document);
  const width = Math.max(...rows.map((row) => row.name.length));
  const gaps =
    source.gaps.missing === 0
      ? 'none missing'
      : `${groupedCount(source.gaps.missing)} missing in ${groupedCount(source.gaps.count)} gaps, the longest ${gapText(source.gaps.longest * length)}`;
  return [
    `${printable(settings.name)} on ${symbolsText(document)}, simulated`,
    `${timeText(source.firstTime)} to ${timeText(source.lastTime)}, ${groupedCount(source.candles)} ${source.interval} candles, ${gaps}`,
    settingsLine(settings, source.quoteAsset),
    `commissions ${model.makerFeePpm / 10_000} % maker, ${model.takerFeePpm / 10_000} % taker; ${model.path}; tick ${market.rules.tickSize}, lot ${market.rules.lotSize}`,
    ...(market.roundedPrices === 0
      ? []
      : [
          `${groupedCount(market.roundedPrices)} of ${groupedCount(market.prices)} prices were rounded to the tick`,
        ]),
    '',
    ...rows.map((row) => `${row.name.padEnd(width)}  ${row.shown}`),
    '',
    'What the model leaves out:',
    ...modelCaveats(document).map((caveat) => `- ${caveat}`),
  ].join('\n');
}

/** A name may hold anything; a terminal must not obey it. */
function printable(text: string): string {
  return text.replaceAll(/\p{C}/gu, '\ufffd');
}
