// SPDX-License-Identifier: Apache-2.0
// Imports files of market data into the candle store: all of them, or nothing.

import { CandleReader } from './candle-reader.ts';
import { CandleTable } from './candle-table.ts';
import {
  gapTotals,
  findGaps,
  type CandleColumns,
  type CandleSeries,
  type CandleSymbol,
  type GapTotals,
} from './candle-series.ts';
import {
  candleFilePath,
  loadCandles,
  writeCandles,
  type LoadedCandles,
  type SeriesToWrite,
} from './candle-store.ts';
import { symbolFromFileName } from './candle-symbol.ts';
import { detectLayout } from './csv-layout.ts';
import { CsvRows } from './csv-rows.ts';
import { CandleError } from './errors.ts';
import { RowReader } from './row-reader.ts';
import { atDecimals, mergeSeries } from './series-merge.ts';
import { MAX_UNPACKED_BYTES, openSourceFile } from './source-file.ts';
import { timeText } from './time-text.ts';
import { TradeReader, type TradeRange } from './trade-reader.ts';
import type { Interval } from './interval.ts';

/** Trades have no interval of their own. */
const TRADE_INTERVAL: Interval = '1m';

export interface ImportOptions {
  /** Where each file's name does not begin with its symbol, or to choose from a file of many pairs. */
  readonly symbol?: CandleSymbol;
  /** Of candles: what to expect, where the file does not show it. Of trades: what to build, else 1m. */
  readonly interval?: Interval;
  readonly priceDecimals?: number;
  readonly volumeDecimals?: number;
  readonly roundVolumes?: boolean;
  readonly maxUnpackedBytes?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ImportProgress) => void;
}

export interface ImportProgress {
  readonly file: string;
  /** Packed bytes, of this file and those before it. */
  readonly bytesRead: number;
  /** Packed bytes that this file has. */
  readonly bytes: number;
  readonly rows: number;
}

/** A file as it was read. */
export interface ReadSeries {
  readonly series: CandleSeries;
  readonly file: string;
  /** Set where the candles were built from trades. */
  readonly trades: TradeRange | undefined;
}

/** What an import did to one file of the store. */
export interface ImportedCandles extends CandleSymbol {
  readonly interval: Interval;
  readonly path: string;
  readonly rowsRead: number;
  readonly rowsAdded: number;
  readonly rows: number;
  readonly firstTime: number;
  readonly lastTime: number;
  readonly priceDecimals: number;
  readonly volumeDecimals: number;
  readonly roundedVolumes: number;
  readonly gaps: GapTotals;
  readonly files: readonly string[];
  /** What a reader should know about the data. */
  readonly notes: readonly string[];
}

/** Reads `paths` and puts their candles into the store under `dataDirectory`. Throws `CandleError`. */
export async function importCandles(
  paths: readonly string[],
  dataDirectory: string,
  options: ImportOptions = {},
): Promise<readonly ImportedCandles[]> {
  const groups = new Map<string, ReadSeries[]>();
  let bytesBefore = 0;
  for (const path of paths) {
    const read = await readSeriesFile(path, {
      ...options,
      onProgress: (progress) =>
        options.onProgress?.({ ...progress, bytesRead: bytesBefore + progress.bytesRead }),
    });
    bytesBefore += read.bytes;
    const key = `${read.series.symbol}-${read.series.interval}`;
    groups.set(key, [...(groups.get(key) ?? []), read]);
  }
  const prepared: Prepared[] = [];
  for (const reads of groups.values()) {
    options.signal?.throwIfAborted();
    prepared.push(await prepare(reads, dataDirectory));
  }
  options.signal?.throwIfAborted();
  await writeCandles(
    dataDirectory,
    prepared.flatMap(({ toWrite }) => (toWrite === undefined ? [] : [toWrite])),
  );
  return prepared.map(({ imported }) => imported);
}

/** The candles of one file, without touching the store. Throws `CandleError`. */
export async function readSeriesFile(
  path: string,
  options: ImportOptions = {},
): Promise<ReadSeries & { readonly bytes: number }> {
  const source = await openSourceFile(path, {
    maxUnpackedBytes: options.maxUnpackedBytes ?? MAX_UNPACKED_BYTES,
  });
  try {
    const symbol = options.symbol ?? symbolFromFileName(source.name);
    if (symbol === undefined) {
      throw new CandleError(
        'SYMBOL_NEEDED',
        { file: source.name },
        'expected a name that begins with its symbol, like BTCUSDT-1m-2024-01.zip; give --symbol',
      );
    }
    const rows = new CsvRows(source.name);
    const table = new CandleTable(source.name, {
      priceDecimals: options.priceDecimals,
      volumeDecimals: options.volumeDecimals,
    });
    const reader = new RowReader(rows, table, source.name, {
      roundVolumes: options.roundVolumes ?? false,
      volumeDecimals: options.volumeDecimals,
    });
    const readers: { body: CandleReader | TradeReader | undefined } = { body: undefined };
    const onRow = (): void => {
      if (readers.body === undefined) {
        const layout = detectLayout(rows, source.name);
        readers.body =
          layout.kind === 'candles'
            ? new CandleReader(reader, layout, symbol, options.interval)
            : new TradeReader(reader, layout, options.interval ?? TRADE_INTERVAL);
        if (layout.hasHeader) return;
      }
      readers.body.readRow();
    };
    for await (const chunk of source.chunks()) {
      options.signal?.throwIfAborted();
      rows.feed(chunk, onRow);
      options.onProgress?.({
        file: source.name,
        bytesRead: source.bytesRead(),
        bytes: source.bytes,
        rows: table.rows,
      });
    }
    rows.finish(onRow);
    const { body } = readers;
    if (body === undefined) {
      throw new CandleError('SOURCE_EMPTY', { file: source.name }, 'expected candles, found none');
    }
    const ending = body.finish();
    const trades = typeof ending === 'string' ? undefined : ending;
    const series: CandleSeries = {
      ...symbol,
      interval: typeof ending === 'string' ? ending : (options.interval ?? TRADE_INTERVAL),
      priceDecimals: table.priceDecimals,
      volumeDecimals: table.volumeDecimals,
      roundedVolumes: reader.roundedVolumes,
      sources: [{ name: source.name, sha256: source.sha256, rows: trades?.trades ?? table.rows }],
      columns: table.columns(),
    };
    return { series, file: source.name, trades, bytes: source.bytes };
  } finally {
    await source.close();
  }
}

interface Prepared {
  readonly imported: ImportedCandles;
  /** Undefined where the store already has all of it. */
  readonly toWrite: SeriesToWrite | undefined;
}

async function prepare(reads: readonly ReadSeries[], dataDirectory: string): Promise<Prepared> {
  const { series: read, label, notes } = joinReads(reads);
  const stored = await loadIfThere(dataDirectory, read);
  const series =
    stored === undefined
      ? read
      : mergeSeries(
          { series: stored.series, label: 'the candles already imported' },
          { series: read, label },
        );
  const rows = series.columns.openTime.length;
  const rowsBefore = stored?.series.columns.openTime.length ?? 0;
  const isKnown =
    stored !== undefined &&
    rows === rowsBefore &&
    series.sources.length === stored.series.sources.length;
  const result = isKnown ? stored.series : series;
  const { openTime } = result.columns;
  return {
    imported: {
      symbol: result.symbol,
      baseAsset: result.baseAsset,
      quoteAsset: result.quoteAsset,
      interval: result.interval,
      path: candleFilePath(dataDirectory, result),
      rowsRead: reads.reduce((sum, one) => sum + one.series.columns.openTime.length, 0),
      rowsAdded: rows - rowsBefore,
      rows,
      firstTime: openTime[0] ?? 0,
      lastTime: openTime[rows - 1] ?? 0,
      priceDecimals: result.priceDecimals,
      volumeDecimals: result.volumeDecimals,
      roundedVolumes: result.roundedVolumes,
      gaps: gapTotals(findGaps(openTime, result.interval)),
      files: reads.map((one) => one.file),
      notes,
    },
    toWrite: isKnown ? undefined : { series, replacesDigest: stored?.digest },
  };
}

interface Joined {
  readonly series: CandleSeries;
  readonly label: string;
  readonly notes: readonly string[];
}

function joinReads(reads: readonly ReadSeries[]): Joined {
  const fromTrades = reads.filter((read) => read.trades !== undefined);
  const built = joinTrades(fromTrades);
  const joined = [
    ...reads
      .filter((read) => read.trades === undefined)
      .map(({ series, file }) => ({ series, label: file })),
    ...(built === undefined ? [] : [built]),
  ].reduce((left, right) => ({ series: mergeSeries(left, right), label: left.label }));
  return { ...joined, notes: built?.notes ?? [] };
}

/** Trades go on from file to file, and so does the candle that a file's end cuts in two. */
function joinTrades(reads: readonly ReadSeries[]): Joined | undefined {
  const parts = reads
    .flatMap((read) => (read.trades === undefined ? [] : [{ ...read, trades: read.trades }]))
    .toSorted((one, other) => one.trades.firstId - other.trades.firstId);
  const [first, ...rest] = parts;
  if (first === undefined) return undefined;
  let joined = first;
  let missing = first.trades.missingIds;
  for (const part of rest) {
    if (
      part.trades.firstId <= joined.trades.lastId ||
      part.trades.firstTime < joined.trades.lastTime
    ) {
      throw new CandleError(
        'TIME_ORDER',
        { file: part.file },
        `expected trades after those of ${joined.file} (last ID ${joined.trades.lastId}, ${timeText(joined.trades.lastTime)}), found the first ID ${part.trades.firstId} of ${timeText(part.trades.firstTime)}`,
      );
    }
    missing += part.trades.missingIds + part.trades.firstId - joined.trades.lastId - 1;
    joined = { ...part, series: joinCut(joined, part) };
  }
  const { firstTime } = first.trades;
  const { lastTime } = joined.trades;
  const notes = [
    `Candles built from trades of ${timeText(firstTime)} to ${timeText(lastTime)}; the first and the last candle hold only what lies within.`,
    ...(missing === 0
      ? []
      : [`${missing} trade IDs between the first and the last are not in the files.`]),
  ];
  return { series: joined.series, label: first.file, notes };
}

function joinCut(before: ReadSeries, after: ReadSeries): CandleSeries {
  const left = { series: before.series, label: before.file };
  const right = { series: after.series, label: after.file };
  if (after.series.columns.openTime[0] !== before.series.columns.openTime.at(-1)) {
    return mergeSeries(left, right);
  }
  const priceDecimals = Math.max(before.series.priceDecimals, after.series.priceDecimals);
  const volumeDecimals = Math.max(before.series.volumeDecimals, after.series.volumeDecimals);
  const decimals = { priceDecimals, volumeDecimals };
  const columns = atDecimals(left, priceDecimals, volumeDecimals);
  const half = atDecimals(right, priceDecimals, volumeDecimals);
  const high = Float64Array.from(columns.high);
  const low = Float64Array.from(columns.low);
  const close = Float64Array.from(columns.close);
  const volume = Float64Array.from(columns.volume);
  const row = high.length - 1;
  high[row] = Math.max(high[row] ?? 0, half.high[0] ?? 0);
  low[row] = Math.min(low[row] ?? 0, half.low[0] ?? 0);
  close[row] = half.close[0] ?? 0;
  volume[row] = (volume[row] ?? 0) + (half.volume[0] ?? 0);
  if ((volume[row] ?? 0) > Number.MAX_SAFE_INTEGER) {
    throw new CandleError(
      'VALUE_WRONG',
      { file: after.file, line: 1, column: 'quantity' },
      'expected a volume below 2^53 units in one candle, found more',
    );
  }
  const whole = { ...columns, open: Float64Array.from(columns.open), high, low, close, volume };
  return mergeSeries(
    { ...left, series: { ...before.series, ...decimals, columns: whole } },
    { ...right, series: { ...after.series, ...decimals, columns: withoutFirstRow(half) } },
  );
}

function withoutFirstRow(columns: CandleColumns): CandleColumns {
  return {
    openTime: columns.openTime.subarray(1),
    open: columns.open.subarray(1),
    high: columns.high.subarray(1),
    low: columns.low.subarray(1),
    close: columns.close.subarray(1),
    volume: columns.volume.subarray(1),
  };
}

async function loadIfThere(
  dataDirectory: string,
  series: CandleSeries,
): Promise<LoadedCandles | undefined> {
  try {
    return await loadCandles(dataDirectory, series);
  } catch (error) {
    if (error instanceof CandleError && error.code === 'FILE_MISSING') return undefined;
    throw error;
  }
}
