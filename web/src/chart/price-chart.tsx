// SPDX-License-Identifier: Apache-2.0
// Live candles with levels and fills. The chart is drawn by lightweight-charts; this file keeps it fed.

import {
  CandlestickSeries, ColorType, createChart, CrosshairMode, HistogramSeries, LineStyle, TickMarkType,
  type CandlestickData, type HistogramData, type IChartApi, type ISeriesApi, type Time, type UTCTimestamp,
  type WhitespaceData,
} from 'lightweight-charts'; // prettier-ignore
import { useEffect, useRef, useState, type ReactElement } from 'react';

import { useDeskFacts } from '../api/desk-facts.tsx';
import type { CandleRow } from '../api/live.ts';
import { useCandles } from '../api/queries.ts';
import { useLanguage } from '../language/language.tsx';
import type { Language } from '../language/languages.ts';
import type { TickSize } from '../number/format.ts';
import { useIsPhone } from '../parts/media.ts';
import { Empty, Failed } from '../parts/states.tsx';
import { useChartColors, type ChartColors } from './chart-colors.ts';
import { INTERVAL_MS, type Interval } from './intervals.ts';
import { LevelsPrimitive } from './levels-primitive.ts';
import type { Level, Mark } from './levels.ts';
import './price-chart.css';

/** A stretch of time; `to` is null while it goes on. */
export interface ChartSpan {
  readonly from: number;
  readonly to: number | null;
}

export interface PriceChartProps {
  readonly symbol: string;
  readonly interval: Interval;
  readonly levels: readonly Level[];
  readonly marks: readonly Mark[];
  readonly isFitted: boolean;
  /** The time that is shown first; without it the newest candles. */
  readonly span?: ChartSpan | null;
}

type CandlePoint = CandlestickData<UTCTimestamp> | WhitespaceData<UTCTimestamp>;

interface Chart {
  readonly api: IChartApi;
  readonly candles: ISeriesApi<'Candlestick'>;
  readonly volume: ISeriesApi<'Histogram'>;
  readonly levels: LevelsPrimitive;
}

/** Candles missing in a row that are still drawn as a gap; longer holes close up. */
const GAP_MOST = 300;
/** Room on the right where labels stand beside the candles, not over them. */
const LABEL_ROOM_PX = 208;
const LABEL_ROOM_PHONE_PX = 118;
/** Candles shown before and after a deal at least, and in all: a young deal is not blown up. */
const SPAN_MARGIN = 16;
const SPAN_LEAST = 90;

const TICK_SIZES: Readonly<Record<TickMarkType, TickSize>> = {
  [TickMarkType.Year]: 'year',
  [TickMarkType.Month]: 'month',
  [TickMarkType.DayOfMonth]: 'day',
  [TickMarkType.Time]: 'minute',
  [TickMarkType.TimeWithSeconds]: 'second',
};

export function PriceChart(props: PriceChartProps): ReactElement {
  const { symbol, interval } = props;
  const language = useLanguage();
  const { text, format } = language;
  const facts = useDeskFacts();
  const colors = useChartColors();
  const isPhone = useIsPhone();
  const candles = useCandles(symbol, interval);
  const box = useRef<HTMLDivElement>(null);
  const legend = useRef<HTMLDivElement>(null);
  const [chart, setChart] = useState<Chart | null>(null);
  const [hovered, setHovered] = useState<{ label: string; x: number; y: number } | null>(null);
  const decimals = facts.priceDecimals(symbol);
  const quantityDecimals = facts.quantityDecimals(symbol);
  const rows = candles.data?.candles;

  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const made = makeChart(element);
    setChart(made);
    return () => {
      setChart(null);
      made.api.remove();
    };
  }, []);

  useEffect(() => {
    if (chart !== null) {
      applyLook(chart, { language, colors, decimals, isPhone });
    }
  }, [chart, language, colors, decimals, isPhone]);

  const drawn = useRef<{ readonly key: string; readonly rows: readonly CandleRow[] } | null>(null);
  const shown = useRef<string | null>(null);
  const span = props.span ?? null;
  useEffect(() => {
    if (chart === null) {
      // A chart made anew has none of the rows.
      drawn.current = null;
      shown.current = null;
      return;
    }
    if (rows === undefined) return;
    const key = `${symbol} ${interval}`;
    const known = drawn.current?.key === key ? drawn.current.rows : null;
    drawn.current = { key, rows };
    if (known === null || !updateTail(chart, known, rows, interval)) {
      chart.candles.setData(withGaps(rows, interval));
      chart.volume.setData(rows.map(toVolume));
    }
    // Another chart, or the time to show became known: later the reader's own view stays.
    const view = `${key} ${span?.from} ${span?.to}`;
    if (shown.current === view || rows.length === 0) return;
    shown.current = view;
    showSpan(chart, rows, span, isPhone);
  }, [chart, rows, symbol, interval, span, isPhone]);

  const times = useRef<readonly number[]>([]);
  useEffect(() => {
    if (chart === null) return;
    times.current = rows?.map((row) => row[0] / 1000) ?? [];
    chart.levels.show({
      levels: props.levels,
      marks: props.marks,
      isFitted: props.isFitted,
      isNarrow: isPhone,
      colors,
      fontFamily: getComputedStyle(document.body).fontFamily,
      times: times.current,
    });
  }, [chart, rows, props.levels, props.marks, props.isFitted, colors, isPhone]);

  useEffect(() => {
    if (chart === null) return undefined;
    const byTime = new Map(rows?.map((row) => [row[0] / 1000, row]) ?? []);
    const show = (row: CandleRow | undefined): void => {
      if (legend.current === null) return;
      legend.current.textContent =
        row === undefined ? '' : legendText(row, language, decimals, quantityDecimals, isPhone);
    };
    show(rows?.at(-1));
    const onMove: Parameters<IChartApi['subscribeCrosshairMove']>[0] = (event) => {
      show((typeof event.time === 'number' ? byTime.get(event.time) : undefined) ?? rows?.at(-1));
      const placed = chart.levels.markById(event.hoveredInfo?.objectId ?? event.hoveredObjectId);
      setHovered((known) =>
        placed === null
          ? null
          : known?.label === placed.mark.label
            ? known
            : { label: placed.mark.label, x: placed.x, y: placed.y },
      );
    };
    chart.api.subscribeCrosshairMove(onMove);
    return () => chart.api.unsubscribeCrosshairMove(onMove);
  }, [chart, rows, language, decimals, quantityDecimals, isPhone]);

  return (
    <div className="price-chart">
      <div
        className="price-chart-canvas"
        ref={box}
        role="figure"
        aria-label={`${text.chart.label(symbol, interval)}. ${text.chart.textVersion}`}
      />
      <div className="price-chart-legend number" ref={legend} aria-hidden="true" />
      {hovered === null ? null : (
        <div
          className="price-chart-hint"
          style={{ left: Math.max(8, hovered.x - 120), top: hovered.y + 14 }}
        >
          {hovered.label}
        </div>
      )}
      {candles.isError && rows === undefined ? (
        <div className="price-chart-over">
          <Failed error={candles.error} onRetry={() => void candles.refetch()} />
        </div>
      ) : null}
      {rows?.length === 0 ? (
        <div className="price-chart-over">
          <Empty title={text.chart.empty} />
        </div>
      ) : null}
      <span className="hidden-text">{format.integer(rows?.length ?? 0)}</span>
    </div>
  );
}

function makeChart(element: HTMLElement): Chart {
  const api = createChart(element, {
    autoSize: true,
    crosshair: { mode: CrosshairMode.Normal },
    handleScale: { axisPressedMouseMove: true },
  });
  const candles = api.addSeries(CandlestickSeries, { priceLineStyle: LineStyle.Dotted });
  const volume = api.addSeries(HistogramSeries, {
    priceScaleId: 'volume',
    priceLineVisible: false,
    lastValueVisible: false,
    priceFormat: { type: 'volume' },
  });
  api.priceScale('volume').applyOptions({ scaleMargins: { top: 0.86, bottom: 0 } });
  const levels = new LevelsPrimitive();
  candles.attachPrimitive(levels);
  return { api, candles, volume, levels };
}

function applyLook(
  chart: Chart,
  {
    language,
    colors,
    decimals,
    isPhone,
  }: {
    readonly language: Language;
    readonly colors: ChartColors;
    readonly decimals: number;
    readonly isPhone: boolean;
  },
): void {
  const { format } = language;
  chart.api.applyOptions({
    layout: {
      background: { type: ColorType.Solid, color: colors.surface },
      textColor: colors.muted,
      fontSize: 11,
      fontFamily: getComputedStyle(document.body).fontFamily,
      attributionLogo: true,
    },
    grid: { vertLines: { color: colors.grid }, horzLines: { color: colors.grid } },
    crosshair: {
      vertLine: { color: colors.faint, labelBackgroundColor: colors['line-strong'] },
      horzLine: { color: colors.faint, labelBackgroundColor: colors['line-strong'] },
    },
    rightPriceScale: {
      borderColor: colors.line,
      scaleMargins: { top: 0.1, bottom: 0.16 },
      minimumWidth: isPhone ? 56 : 72,
    },
    timeScale: {
      borderColor: colors.line,
      timeVisible: true,
      secondsVisible: false,
      rightOffsetPixels: isPhone ? LABEL_ROOM_PHONE_PX : LABEL_ROOM_PX,
      minBarSpacing: 1,
      tickMarkFormatter: (time: Time, type: TickMarkType) =>
        typeof time === 'number' ? format.tick(time * 1000, TICK_SIZES[type]) : null,
    },
    localization: {
      locale: format.locale,
      timeFormatter: (time: Time) => (typeof time === 'number' ? format.short(time * 1000) : ''),
    },
  });
  chart.candles.applyOptions({
    upColor: colors.surface,
    downColor: colors['candle-down'],
    borderUpColor: colors['candle-up'],
    borderDownColor: colors['candle-down'],
    wickUpColor: colors['candle-up'],
    wickDownColor: colors['candle-down'],
    priceLineColor: colors.muted,
    priceFormat: {
      type: 'custom',
      minMove: 10 ** -decimals,
      formatter: (price: number) => format.decimal(price.toFixed(decimals), decimals),
    },
  });
  chart.volume.applyOptions({ color: colors.volume });
}

/** Draws only what changed at the end; false when more than that changed. */
function updateTail(
  chart: Chart,
  known: readonly CandleRow[],
  rows: readonly CandleRow[],
  interval: Interval,
): boolean {
  const last = known.at(-1);
  const first = known[0];
  if (last === undefined || first === undefined) return false;
  const from = rows.findLastIndex((row) => row[0] === last[0]);
  // The kept window slides by a few candles; what it left on the chart does no harm.
  const newFirst = rows[0]?.[0] ?? 0;
  if (from < 0 || newFirst < first[0]) return false;
  const shift = known.findIndex((row) => row[0] === newFirst);
  if (shift < 0) return false;
  for (let index = 0; index < from; index += 1)
    if (rows[index] !== known[index + shift]) return false;
  const changed = rows.slice(from);
  for (const [offset, row] of changed.entries()) {
    if (offset === 0 && row === last) continue;
    const before = rows[from + offset - 1];
    if (before !== undefined && row[0] - before[0] > INTERVAL_MS[interval]) return false;
    chart.candles.update(toCandle(row));
    chart.volume.update(toVolume(row));
  }
  return true;
}

function showSpan(
  chart: Chart,
  rows: readonly CandleRow[],
  span: ChartSpan | null,
  isPhone: boolean,
): void {
  const scale = chart.api.timeScale();
  const first = rows[0];
  if (first === undefined) return;
  if (span === null || (span.to !== null && span.to < first[0])) {
    scale.applyOptions({ barSpacing: isPhone ? 4 : 6 });
    scale.resetTimeScale();
    return;
  }
  const last = rows.length - 1;
  const found = rows.findIndex((row) => row[0] >= span.from);
  const from = found < 0 ? last : found;
  const to = span.to === null ? last : rows.findLastIndex((row) => row[0] <= (span.to ?? 0));
  const margin = Math.max(SPAN_MARGIN, (to - from) * 0.15);
  const left = Math.max(0, Math.min(from - margin, to - SPAN_LEAST));
  // Labels stand to the right of the last candle: as many bars as their room is wide.
  const widthPx = Math.max(1, scale.width());
  const roomPx = isPhone ? LABEL_ROOM_PHONE_PX : LABEL_ROOM_PX;
  const right = span.to === null ? to : to + margin;
  const room = ((right - left) * roomPx) / Math.max(1, widthPx - roomPx);
  scale.setVisibleLogicalRange({ from: left, to: right + room });
}

function withGaps(rows: readonly CandleRow[], interval: Interval): CandlePoint[] {
  const step = INTERVAL_MS[interval];
  const points: CandlePoint[] = [];
  let before: number | null = null;
  for (const row of rows) {
    const missing = before === null ? 0 : Math.round((row[0] - before) / step) - 1;
    if (before !== null && missing > 0 && missing <= GAP_MOST) {
      for (let index = 1; index <= missing; index += 1) {
        points.push({ time: seconds(before + index * step) });
      }
    }
    points.push(toCandle(row));
    before = row[0];
  }
  return points;
}

function toCandle(row: CandleRow): CandlestickData<UTCTimestamp> {
  return {
    time: seconds(row[0]),
    open: Number(row[1]),
    high: Number(row[2]),
    low: Number(row[3]),
    close: Number(row[4]),
  };
}

function toVolume(row: CandleRow): HistogramData<UTCTimestamp> {
  return { time: seconds(row[0]), value: Number(row[5]) };
}

/** The chart's times are seconds, branded by its types. */
function seconds(timeMs: number): UTCTimestamp {
  return Math.floor(timeMs / 1000) as UTCTimestamp;
}

function legendText(
  row: CandleRow,
  { text, format }: Language,
  decimals: number,
  quantityDecimals: number,
  isShort: boolean,
): string {
  const [, open, high, low, close, volume] = row;
  const price = (value: string): string => format.decimal(value, decimals);
  const parts = [
    `${text.chart.openPrice} ${price(open)}`,
    `${text.chart.high} ${price(high)}`,
    `${text.chart.low} ${price(low)}`,
    `${text.chart.closePrice} ${price(close)}`,
  ];
  if (!isShort) {
    parts.push(`${text.chart.volume} ${format.decimal(volume, Math.min(quantityDecimals, 2))}`);
  }
  return parts.join('   ');
}
