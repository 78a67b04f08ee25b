// SPDX-License-Identifier: Apache-2.0
// A chart with what stands above it: instrument, prices now, interval, and whether orders are fitted.

import { useMemo, useState, type ReactElement } from 'react';

import { useAddress } from '../address.ts';
import { useDeskFacts } from '../api/desk-facts.tsx';
import { marketNow } from '../api/market-clock.ts';
import { useCandles } from '../api/queries.ts';
import { useQuote } from '../api/quotes.ts';
import type { Deal } from '../api/types.ts';
import { useLanguage } from '../language/language.tsx';
import { Select } from '../parts/field.tsx';
import { useKeys } from '../parts/keyboard.ts';
import { useIsPhone } from '../parts/media.ts';
import { NoNumber, Price } from '../parts/numbers.tsx';
import { Segmented, ToggleButton } from '../parts/segmented.tsx';
import { INTERVALS, intervalFor, parseInterval, type Interval } from './intervals.ts';
import { dealLevels, dealMarks, type Level, type LevelWords } from './levels.ts';
import { PriceChart, type ChartSpan } from './price-chart.tsx';
import './chart-panel.css';

export interface ChartPanelProps {
  readonly symbol: string;
  /** With more than one, the reader chooses. */
  readonly symbols: readonly string[];
  readonly onSymbol: (symbol: string) => void;
  /** Their orders, prices and fills are drawn; deals of other instruments are left out. */
  readonly deals: readonly Deal[];
  /** Lines beside those of the deals, such as a preview's. */
  readonly levels?: readonly Level[];
  readonly isFittedFirst: boolean;
  /** Shown until the reader chooses another. */
  readonly firstInterval?: Interval;
  /** The time that is shown first, in an interval that suits it; without it the newest candles. */
  readonly span?: ChartSpan | null;
}

const NO_LEVELS: readonly Level[] = [];

/** Longest name of a bot in a label, and in one on a narrow chart. */
const NAME_CHARACTERS_MAX = 14;
const SHORT_NAME_CHARACTERS_MAX = 6;

export function ChartPanel({
  symbol,
  symbols,
  onSymbol,
  deals,
  levels: moreLevels = NO_LEVELS,
  isFittedFirst,
  firstInterval,
  span = null,
}: ChartPanelProps): ReactElement {
  const { text, format } = useLanguage();
  const facts = useDeskFacts();
  const address = useAddress();
  const isPhone = useIsPhone();
  const [isFitted, setFitted] = useState(isFittedFirst);
  const asked = address.parameter('interval');
  // The interval is fitted once: it must not change under the reader as the deal grows older.
  const spanFrom = span?.from ?? null;
  const spanTo = span?.to ?? null;
  const fitting = useMemo(
    () => (spanFrom === null ? null : intervalFor((spanTo ?? marketNow()) - spanFrom)),
    [spanFrom, spanTo],
  );
  const interval = asked === null ? (fitting ?? firstInterval ?? '1m') : parseInterval(asked);

  const choose = (next: Interval): void => address.change({ interval: next });
  const shift = (step: number): void => {
    const next = INTERVALS[INTERVALS.indexOf(interval) + step];
    if (next !== undefined) choose(next);
  };
  useKeys({ '[': () => shift(-1), ']': () => shift(1), f: () => setFitted(!isFitted) });

  const priceDecimals = facts.priceDecimals(symbol);
  const quantityDecimals = facts.quantityDecimals(symbol);
  const { levels, marks } = useMemo(() => {
    const words: LevelWords = {
      text,
      price: (value) => format.decimal(value, priceDecimals),
      quantity: (value) => format.decimal(value, quantityDecimals),
      time: (timeMs) => format.short(timeMs),
    };
    const own = deals.filter((deal) => deal.symbol === symbol);
    const prefix = (deal: Deal, characters: number): string => {
      if (own.length === 1) return '';
      const number = text.deal.number(String(deal.number));
      const ofBot = own.filter(({ botId }) => botId === deal.botId).length;
      if (ofBot === own.length) return `${number} `;
      const bot = shortened(deal.botName, characters);
      return ofBot === 1 ? `${bot}: ` : `${bot} ${number}: `;
    };
    return {
      levels: [
        ...own.flatMap((deal) =>
          dealLevels(
            deal,
            words,
            prefix(deal, NAME_CHARACTERS_MAX),
            prefix(deal, SHORT_NAME_CHARACTERS_MAX),
          ),
        ),
        ...moreLevels,
      ],
      marks: own.flatMap((deal) => dealMarks(deal, words)),
    };
  }, [deals, moreLevels, symbol, text, format, priceDecimals, quantityDecimals]);

  return (
    <div className="chart-panel">
      <header className="chart-panel-head">
        {symbols.length > 1 ? (
          <Select
            label={text.chart.instrument}
            value={symbol}
            options={symbols.map((each) => ({ value: each, name: each }))}
            onChange={onSymbol}
          />
        ) : (
          <h2 className="chart-panel-symbol">{symbol}</h2>
        )}
        <QuoteLine symbol={symbol} interval={interval} />
        <span className="chart-panel-space" />
        {isPhone ? (
          <Select
            label={text.chart.interval}
            value={interval}
            options={INTERVALS.map((each) => ({ value: each, name: each }))}
            onChange={(value) => choose(parseInterval(value))}
          />
        ) : (
          <Segmented
            label={text.chart.interval}
            value={interval}
            options={INTERVALS.map((each) => ({ value: each, name: each }))}
            onChange={choose}
          />
        )}
        <ToggleButton icon="fit" isOn={isFitted} onChange={setFitted} title={text.chart.fitHint}>
          {text.chart.fit}
        </ToggleButton>
      </header>
      <PriceChart
        symbol={symbol}
        interval={interval}
        levels={levels}
        marks={marks}
        isFitted={isFitted}
        span={span}
      />
    </div>
  );
}

/** Last, bid and ask, as the stream brings them. */
function QuoteLine({
  symbol,
  interval,
}: {
  readonly symbol: string;
  readonly interval: Interval;
}): ReactElement {
  const { text } = useLanguage();
  const quote = useQuote(symbol);
  const candles = useCandles(symbol, interval);
  // Until the market moves, the last price is where the last candle stands.
  const last = quote?.last ?? candles.data?.candles.at(-1)?.[4] ?? null;
  return (
    <dl className="quote-line">
      <div className="quote-line-last">
        <dt className="hidden-text">{text.chart.last}</dt>
        <dd>
          <Price value={last} symbol={symbol} hasUnit />
        </dd>
      </div>
      <div className="quote-line-side">
        <dt>{text.chart.bid}</dt>
        <dd>{quote === null ? <NoNumber /> : <Price value={quote.bid} symbol={symbol} />}</dd>
      </div>
      <div className="quote-line-side">
        <dt>{text.chart.ask}</dt>
        <dd>{quote === null ? <NoNumber /> : <Price value={quote.ask} symbol={symbol} />}</dd>
      </div>
    </dl>
  );
}

/** A bot's name short enough for the labels of the chart. */
function shortened(name: string, most: number): string {
  const characters = Array.from(name);
  return characters.length <= most
    ? name
    : `${characters
        .slice(0, most - 1)
        .join('')
        .trimEnd()}…`;
}
