// SPDX-License-Identifier: Apache-2.0
// Writes a backtest's report as one HTML file that needs nothing else: no network, no other file.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { assert, parsePrice, type BacktestFill, type DealView } from '@kontor/core';

import { gapText, intervalMs, isInterval, timeText } from '../candles/index.ts';
import { chartLevel, type ChartLevel } from './chart-data.ts';
import { modelCaveats, rulesOf, symbolsText, type BacktestDocument } from './document.ts';
import type { Market } from './market.ts';
import {
  addDecimals,
  groupedCount,
  shownDecimal,
  shownExact,
  shownResult,
  signOf,
} from './shown-number.ts';
import { settingsRows } from './settings-rows.ts';
import { shownDecimals, statisticsRows, type StatisticsRow } from './statistics-rows.ts';

/** A year of minutes is drawn in steps of 14; four years of them in steps of an hour, in a file of 1 to 4 MB. */
const OVERVIEW_STEPS = 40_000;
/** Deals with a finer chart of their own, and its steps. */
const DETAILED_DEALS = 200;
const DETAIL_STEPS = 300;
/** A page with more rows opens slowly; `report.json` holds all of them. */
const DEALS_LISTED = 10_000;

const style = readFileSync(new URL('./report.css', import.meta.url), 'utf8');
const script = readFileSync(new URL('./report-view.js', import.meta.url), 'utf8');

/** The report of `document`; `market` is drawn. */
export function reportHtml(document: BacktestDocument, markets: readonly Market[]): string {
  const { source, settings } = document;
  const title = `Backtest of ${settings.name} on ${symbolsText(document)} ${source.interval}`;
  const data = JSON.stringify(viewData(document, markets)).replaceAll('<', '\\u003c');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src '${hashOf(style)}'; script-src '${hashOf(script)}'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${escaped(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
${header(document)}
${keyFigures(document)}
${chartSection(document)}
${dealSection(document)}
<section aria-labelledby="statistics-title">
<h2 id="statistics-title">Statistics</h2>
<p class="muted">Amounts in ${escaped(source.quoteAsset)} are rounded to ${shownDecimals(source.quoteAsset)} decimals here; the exact value appears when the pointer rests on one, and stands in report.json.</p>
<table class="explaining"><thead><tr><th scope="col">Figure</th><th scope="col" class="number">Value</th><th scope="col">What it says</th></tr></thead><tbody>
${statisticsRows(document).map(statisticsRow).join('\n')}
</tbody></table>
</section>
<div class="columns">
${settingsSection(document)}
${sourceSection(document)}
</div>
<section aria-labelledby="model-title">
<h2 id="model-title">How fills are modelled, and what that leaves out</h2>
<ol class="caveats">
${modelCaveats(document)
  .map((caveat) => `<li>${escaped(caveat)}</li>`)
  .join('\n')}
</ol>
</section>
<footer>Kontor. Everything here is simulated; nothing was traded. All times are UTC.</footer>
</main>
<script type="application/json" id="report-data">${data}</script>
<script type="module">${script}</script>
</body>
</html>
`;
}

function header(document: BacktestDocument): string {
  const { source, statistics, settings } = document;
  const missing =
    source.gaps.missing === 0
      ? 'none missing'
      : `<span class="needs">${groupedCount(source.gaps.missing)} missing in ${groupedCount(source.gaps.count)} gaps</span>`;
  return `<header>
<h1>${escaped(settings.name)} on ${escaped(symbolsText(document))}</h1>
<p><span class="tag">Simulated</span>${timeText(statistics.startTime).slice(0, 16).replace('T', ' ')} to ${timeText(statistics.endTime).slice(0, 16).replace('T', ' ')} UTC, ${groupedCount(statistics.candles)} ${escaped(source.interval)} candles, ${missing}</p>
</header>`;
}

function keyFigures(document: BacktestDocument): string {
  const { statistics, source } = document;
  const quote = source.quoteAsset;
  const decimals = shownDecimals(quote);
  const figure = (
    name: string,
    value: string,
    below: string,
    sign: number,
    exact: string,
  ): string =>
    `<div><dt>${name}</dt><dd class="value ${signClass(sign)}" title="${escaped(exact)}">${value}</dd><dd class="muted">${escaped(below)}</dd></div>`;
  const money = (text: string): string => `${shownResult(text, decimals)} ${quote}`;
  return `<dl class="figures">
${figure('Net profit', `${shownResult(statistics.netProfitPercent, 2)} %`, money(statistics.netProfit), signOf(statistics.netProfit), `${shownExact(statistics.netProfitPercent)} %`)}
${figure('Buy and hold', `${shownResult(statistics.buyAndHoldPercent, 2)} %`, money(statistics.buyAndHoldProfit), signOf(statistics.buyAndHoldProfit), `${shownExact(statistics.buyAndHoldPercent)} %`)}
${figure('Deepest fall', `${signOf(statistics.maxDrawdown) === 0 ? '0' : '−'}${signOf(statistics.maxDrawdown) === 0 ? '' : shownDecimal(statistics.maxDrawdownPercent, 2)} %`, `${shownDecimal(statistics.maxDrawdown, decimals)} ${quote}`, -signOf(statistics.maxDrawdown), `${shownExact(statistics.maxDrawdownPercent)} %`)}
${figure('Deals won', `${groupedCount(statistics.dealsWon)} of ${groupedCount(statistics.dealsEnded)}`, `${groupedCount(statistics.dealsStarted - statistics.dealsEnded)} open at the end`, 0, `${shownExact(statistics.winRatePercent)} %`)}
${figure('Time in a deal', `${shownDecimal(statistics.exposurePercent, 2)} %`, `most in one: ${shownDecimal(statistics.mostInvested, decimals)} ${quote}`, 0, `${shownExact(statistics.exposurePercent)} %`)}
${figure('Commissions', shownDecimal(statistics.fees, decimals), `${quote} on ${groupedCount(document.fills.length)} fills`, 0, shownExact(statistics.fees))}
</dl>`;
}

function chartSection(document: BacktestDocument): string {
  const { source, statistics } = document;
  const symbols = [source, ...(document.others ?? []).map((other) => other.source)].map(
    ({ symbol }) => symbol,
  );
  const choice =
    symbols.length === 1
      ? ''
      : `<label>Price of <select id="symbol">${symbols.map((symbol) => `<option>${escaped(symbol)}</option>`).join('')}</select></label>`;
  const label = `Price of ${symbols.join(' or ')}, equity and drawdown. Net profit ${shownResult(statistics.netProfitPercent, 2)} %, deepest fall ${shownDecimal(statistics.maxDrawdownPercent, 2)} %. The table of deals holds the same.`;
  return `<section aria-label="Charts">
<div class="toolbar">${choice}<span id="range" class="range muted"></span><button type="button" id="zoom-out" aria-label="Zoom out">−</button><button type="button" id="zoom-in" aria-label="Zoom in">+</button><button type="button" id="whole">Whole period</button></div>
<div id="readout" class="readout muted" aria-live="off"></div>
<div id="charts" class="charts" tabindex="0" role="application" aria-label="${escaped(label)}">
<svg id="price" aria-hidden="true"></svg>
<svg id="equity" aria-hidden="true"></svg>
<svg id="drawdown" aria-hidden="true"></svg>
</div>
<ul class="legend">
<li><svg viewBox="0 0 12 12" aria-hidden="true"><path class="buy" d="M6 1l5 9h-10Z"/></svg>buy (large: base order)</li>
<li><svg viewBox="0 0 12 12" aria-hidden="true"><path class="won" d="M6 11l5 -9h-10Z"/></svg>take profit</li>
<li><svg viewBox="0 0 12 12" aria-hidden="true"><path class="lost" d="M1 3l2 -2l3 3l3 -3l2 2l-3 3l3 3l-2 2l-3 -3l-3 3l-2 -2l3 -3Z"/></svg>stop loss or close</li>
<li><svg viewBox="0 0 12 12" aria-hidden="true"><path class="won" d="M0 2h12v3h-12Z"/><path class="lost" d="M0 7h12v3h-12Z"/></svg>deals, where marks would overlap: won above, lost below</li>
<li><svg viewBox="0 0 12 12" aria-hidden="true"><path class="hole" d="M0 0h12v12h-12Z"/></svg>no candles in the data</li>
</ul>
<p class="muted"><span id="resolution"></span> Equity is drawn from ${groupedCount(document.equity.length)} points; the deepest fall above is measured at every close.</p>
<noscript><p class="needs">Charts and the table of deals need JavaScript, which is switched off here. The statistics below do not.</p></noscript>
</section>`;
}

function dealSection(document: BacktestDocument): string {
  const count = document.deals.length;
  const listed =
    count > DEALS_LISTED
      ? `<p class="needs">The last ${groupedCount(DEALS_LISTED)} of ${groupedCount(count)} deals are listed; report.json holds all of them.</p>`
      : '';
  return `<section aria-labelledby="deals-title">
<h2 id="deals-title">Deals</h2>
${listed}
<div id="deal" class="deal" hidden></div>
<div class="toolbar"><label>Show <select id="deal-filter"><option value="all">all deals</option><option value="won">deals won</option><option value="lost">deals lost</option><option value="open">open deals</option></select></label><span class="muted">Choose a deal to see it in the chart. Amounts and averages are rounded; the exact value appears when the pointer rests on one.</span></div>
<div class="scroll" tabindex="0" role="region" aria-label="Table of deals"><table id="deals"></table></div>
<div class="pages"><button type="button" id="previous">Previous</button><button type="button" id="next">Next</button><span id="deal-page" class="muted"></span></div>
</section>`;
}

function statisticsRow(row: StatisticsRow): string {
  return `<tr><th scope="row">${escaped(row.name)}</th><td class="number ${signClass(row.sign)}" title="${escaped(row.exact)}">${escaped(row.shown)}</td><td class="explained">${escaped(row.explanation)}</td></tr>`;
}

function settingsSection(document: BacktestDocument): string {
  const { settings, model, source, market } = document;
  const quote = source.quoteAsset;
  const rows: readonly (readonly [string, string])[] = [
    ...settingsRows(settings, quote),
    ['Start balance', `${shownExact(model.startBalance)} ${quote}`],
    ['Commission', `${ppmText(model.makerFeePpm)} % maker, ${ppmText(model.takerFeePpm)} % taker`],
    ['Path in a candle', model.path],
    ['Tick size', `${market.rules.tickSize} ${quote}`],
    ['Lot size', `${market.rules.lotSize} ${source.baseAsset}`],
    [
      'Least order value',
      market.rules.minNotional === '0' ? 'none' : `${market.rules.minNotional} ${quote}`,
    ],
  ];
  return `<section aria-labelledby="settings-title"><h2 id="settings-title">Settings</h2>${facts(rows)}</section>`;
}

function sourceSection(document: BacktestDocument): string {
  const { source, market } = document;
  const length = isInterval(source.interval) ? intervalMs(source.interval) : 0;
  const rows: readonly (readonly [string, string])[] = [
    ['File', source.file],
    ...(source.sha256 === '' ? [] : [['SHA-256', source.sha256] as const]),
    ['First candle', timeText(source.firstTime)],
    ['Last candle', timeText(source.lastTime)],
    ['Candles', groupedCount(source.candles)],
    [
      'Missing',
      source.gaps.missing === 0
        ? 'none'
        : `${groupedCount(source.gaps.missing)} in ${groupedCount(source.gaps.count)} gaps, the longest ${gapText(source.gaps.longest * length)}`,
    ],
    [
      'Prices rounded to the tick',
      market.roundedPrices === 0
        ? 'none'
        : `${groupedCount(market.roundedPrices)} of ${groupedCount(market.prices)}, to the nearest`,
    ],
    ...(source.roundedVolumes === 0
      ? []
      : [['Volumes rounded at import', groupedCount(source.roundedVolumes)] as const]),
    ...source.sources.map((one) => ['Imported from', one.name] as const),
  ];
  const gaps =
    source.longestGaps.length === 0
      ? ''
      : `<details><summary>${source.gaps.count > source.longestGaps.length ? `The ${source.longestGaps.length} longest gaps` : 'All gaps'}</summary><table><thead><tr><th scope="col">Last candle before (UTC)</th><th scope="col" class="number">Missing</th><th scope="col" class="number">Length</th></tr></thead><tbody>${source.longestGaps
          .map(
            (gap) =>
              `<tr><td>${timeText(gap.after).replace('T', ' ').replace('Z', '')}</td><td class="number">${groupedCount(gap.missing)}</td><td class="number">${gapText(gap.missing * length)}</td></tr>`,
          )
          .join('')}</tbody></table></details>`;
  return `<section aria-labelledby="source-title"><h2 id="source-title">Data</h2>${facts(rows)}${gaps}</section>`;
}

function facts(rows: readonly (readonly [string, string])[]): string {
  return `<table class="facts"><tbody>${rows
    .map(
      ([name, value]) => `<tr><th scope="row">${escaped(name)}</th><td>${escaped(value)}</td></tr>`,
    )
    .join('')}</tbody></table>`;
}

/**
 * Deals and fills are many, so they travel as lists; `report-view.js` names the entries. An amount is followed by
 * itself with all its digits.
 */
type ViewDeal = readonly [
  id: number,
  opened: number,
  closed: number,
  status: string,
  reason: string,
  sign: -1 | 0 | 1,
  safetyOrders: number,
  bought: string,
  average: string,
  averageExact: string,
  cost: string,
  costExact: string,
  profit: string,
  profitExact: string,
  percent: string,
  percentExact: string,
  takeProfit: string,
  stopLoss: string,
  symbol: string,
];

type ViewFill = readonly [
  deal: number,
  time: number,
  order: BacktestFill['order'],
  ladderIndex: number,
  maker: 0 | 1,
  ticks: number,
  quantity: string,
  volume: string,
  commission: string,
  commissionAsset: string,
];

/** What `report-view.js` reads. */
function viewData(document: BacktestDocument, markets: readonly Market[]): unknown {
  const { source, statistics, settings } = document;
  const listed = document.deals.slice(-DEALS_LISTED);
  const listedIds = new Set(listed.map((deal) => deal.dealId));
  const end = statistics.endTime + 1;
  const sources = [source, ...(document.others ?? []).map((other) => other.source)];
  const bySymbol = new Map(sources.map(({ symbol }, index) => [symbol, markets[index]]));
  return {
    symbols: sources.length,
    series: sources.map(({ symbol, baseAsset }) => {
      const market = marketOf(bySymbol, symbol);
      const { instrument } = market;
      const overview = chartLevel(market, { from: statistics.startTime, to: end }, OVERVIEW_STEPS);
      const own = listed.filter((deal) => deal.symbol === symbol);
      return {
        symbol,
        baseAsset,
        intervalMs: market.candles.intervalMs,
        priceDecimals: instrument.priceScale,
        tickUnits: instrument.tickUnits,
        overview,
        details: details(own, market, end, Math.ceil(DETAILED_DEALS / sources.length)).filter(
          (level) => level.width < overview.width,
        ),
      };
    }),
    quoteAsset: source.quoteAsset,
    start: statistics.startTime,
    end,
    maxSafetyOrders: settings.kind === 'dca' ? settings.maxSafetyOrders : 0,
    startBalance: Number(statistics.startBalance),
    equity: equityData(document),
    deals: listed.map((deal) => viewDeal(deal, document)),
    fills: document.fills
      .filter((fill) => listedIds.has(fill.dealId))
      .map((fill) => viewFill(fill, marketOf(bySymbol, fill.symbol))),
  };
}

function marketOf(bySymbol: ReadonlyMap<string, Market | undefined>, symbol: string): Market {
  const market = bySymbol.get(symbol);
  assert(market !== undefined, 'Invariant: every symbol of a run has its market');
  return market;
}

/** Finer charts for the deals one wants to look at: those open, those lost, then the longest. */
function details(
  deals: readonly DealView[],
  market: Market,
  end: number,
  most: number,
): readonly ChartLevel[] {
  const lasted = (deal: DealView): number => (deal.closedTime || end) - deal.openedTime;
  const rank = (deal: DealView): number =>
    deal.closedTime === 0 ? 0 : signOf(deal.realisedProfit) < 0 ? 1 : 2;
  return deals
    .toSorted((one, other) => rank(one) - rank(other) || lasted(other) - lasted(one))
    .slice(0, most)
    .map((deal) => {
      const margin = Math.max(lasted(deal) * 0.25, market.candles.intervalMs * 25);
      const period = {
        from: deal.openedTime - margin,
        to: (deal.closedTime || end) + margin,
      };
      return chartLevel(market, period, DETAIL_STEPS);
    });
}

function equityData(document: BacktestDocument): unknown {
  const decimals = shownDecimals(document.source.quoteAsset);
  let peak = Number(document.statistics.startBalance);
  return document.equity.map((point) => {
    const value = Number(point.equity);
    peak = Math.max(peak, value);
    return {
      time: point.time,
      value,
      shown: shownDecimal(point.equity, decimals),
      drawdown: Number((((peak - value) / peak) * 100).toFixed(4)),
    };
  });
}

function viewDeal(deal: DealView, document: BacktestDocument): ViewDeal {
  const rules = rulesOf(document, deal.symbol);
  const decimals = shownDecimals(document.source.quoteAsset);
  const isOpen = deal.closedTime === 0;
  const profit = isOpen
    ? addDecimals(deal.realisedProfit, deal.unrealisedProfit === '' ? '0' : deal.unrealisedProfit)
    : deal.realisedProfit;
  const percent = isOpen ? deal.profitPercent : deal.realisedProfitPercent;
  return [
    deal.dealId,
    deal.openedTime,
    deal.closedTime,
    statusWords(deal),
    deal.reason,
    signOf(profit),
    deal.steps.filled,
    shownDecimal(deal.boughtQuantity, decimalsOf(rules.lotSize)),
    deal.average === '' ? '–' : shownDecimal(deal.average, decimalsOf(rules.tickSize)),
    shownExact(deal.average),
    shownDecimal(deal.cost, decimals),
    shownExact(deal.cost),
    shownResult(profit, decimals),
    shownExact(profit),
    shownResult(percent, 2),
    shownExact(percent),
    shownExact(deal.takeProfit),
    shownExact(deal.stopLoss),
    deal.symbol,
  ];
}

function viewFill(fill: BacktestFill, market: Market): ViewFill {
  const price = parsePrice(market.instrument, fill.price);
  assert(price.ok, 'Invariant: a fill has a price in whole ticks');
  return [
    fill.dealId,
    fill.time,
    fill.order,
    fill.ladderIndex,
    fill.isMaker ? 1 : 0,
    price.value,
    shownDecimal(fill.quantity, market.instrument.quantityScale),
    shownExact(fill.volume),
    shownExact(fill.commission),
    fill.commissionAsset,
  ];
}

/** Decimals of a step such as `0.01`. */
function decimalsOf(step: string): number {
  return step.split('.')[1]?.length ?? 0;
}

function statusWords(deal: DealView): string {
  switch (deal.status) {
    case 'completed':
      return 'take profit';
    case 'stopLoss':
      return 'stop loss';
    case 'closed':
      return 'closed by hand';
    case 'cancelled':
      return 'cancelled';
    case 'failed':
      return 'nothing bought';
    case 'opening':
    case 'active':
    case 'closing':
    case 'cancelling':
      return 'still open';
  }
}

function ppmText(ppm: number): string {
  return String(ppm / 10_000);
}

function signClass(sign: number): string {
  return sign > 0 ? 'profit' : sign < 0 ? 'loss' : '';
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

/** Text as it may stand in HTML, between tags and in quoted attributes. */
export function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
