// SPDX-License-Identifier: Apache-2.0
// The candle store: file format, merging, atomic writes, export.

import assert from 'node:assert/strict';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { mkdir, readFile, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gunzipSync } from 'node:zlib';

import fc from 'fast-check';

import {
  CANDLE_ERROR_CODES,
  CandleError,
  decimalFormatter,
  exportCsv,
  importCandles,
  listCandles,
  loadCandleFile,
  loadCandles,
  parseCandleSymbol,
  parseSeriesName,
  parseTime,
  readSeriesFile,
  sliceColumns,
  writeCandles,
  type CandleSeries,
} from '../src/candles/index.ts';
import { encodeCandleFile } from '../src/candles/candle-file.ts';
import { formatDecimal, trimDecimal } from '@kontor/core';

const shared = join(import.meta.dirname, '../../../shared/data');
const withShared = existsSync(shared) ? {} : { skip: 'the shared market data is not here' };
const folder = mkdtempSync(join(tmpdir(), 'kontor-store-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const HEADER = 'open_time,open,high,low,close,volume\n';
const T = 1_704_067_200_000;
const NAME = { symbol: 'BTCUSDT', interval: '1m' } as const;
let count = 0;

test('[K7] a file holds what was imported, and its columns lie in the bytes as they were read', async () => {
  const data = fresh();
  await add(data, 'BTCUSDT-a.csv', [row(0, '1.25', 3), row(1, '1.5', 0), row(4, '1', 2.5)]);
  const { series } = await loadCandles(data, NAME);
  assert.deepEqual([...series.columns.openTime], [T, T + 60_000, T + 240_000]);
  assert.deepEqual([...series.columns.open], [125, 150, 100]);
  assert.deepEqual([...series.columns.volume], [30, 0, 25]);
  assert.ok(series.columns.open instanceof Int32Array);
  const buffers = new Set(Object.values(series.columns).map((column) => column.buffer));
  assert.equal(buffers.size, 1);
  assert.deepEqual(
    series.sources.map(({ name, rows }) => ({ name, rows })),
    [{ name: 'BTCUSDT-a.csv', rows: 3 }],
  );
  assert.match(series.sources[0]?.sha256 ?? '', /^[0-9a-f]{64}$/);
});

test('[K7] prices beyond 32 bits are kept in 64', async () => {
  const data = fresh();
  await add(data, 'BTCUSDT-a.csv', [row(0, '98765.43210987', 1), row(1, '0.00000001', 1)]);
  const { series } = await loadCandles(data, NAME);
  assert.ok(series.columns.open instanceof Float64Array);
  assert.deepEqual([...series.columns.open], [9_876_543_210_987, 1]);
});

test('[K7] any series written is the series read, and the same bytes every time', async () => {
  const candle = fc.record({
    step: fc.integer({ min: 1, max: 5 }),
    prices: fc.array(fc.integer({ min: 1, max: 2 ** 40 }), { minLength: 4, maxLength: 4 }),
    volume: fc.maxSafeNat(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(candle, { minLength: 1, maxLength: 30 }), async (candles) => {
      let time = T;
      const sorted = candles.map(({ step, prices, volume }) => {
        time += step * 60_000;
        const [low = 1, open = 1, close = 1, high = 1] = prices.toSorted((a, b) => a - b);
        return { time, open, high, low, close, volume };
      });
      const series: CandleSeries = {
        symbol: 'BTCUSDT',
        baseAsset: 'BTC',
        quoteAsset: 'USDT',
        interval: '1m',
        priceDecimals: 3,
        volumeDecimals: 2,
        roundedVolumes: 0,
        sources: [],
        columns: {
          openTime: Float64Array.from(sorted, (one) => one.time),
          open: Float64Array.from(sorted, (one) => one.open),
          high: Float64Array.from(sorted, (one) => one.high),
          low: Float64Array.from(sorted, (one) => one.low),
          close: Float64Array.from(sorted, (one) => one.close),
          volume: Float64Array.from(sorted, (one) => one.volume),
        },
      };
      const data = fresh();
      const [written] = await writeCandles(data, [{ series, replacesDigest: undefined }]);
      assert.ok(written);
      const loaded = await loadCandles(data, NAME);
      assert.deepEqual(loaded.series.columns, series.columns);
      assert.equal(loaded.digest, written.digest);
      assert.deepEqual(
        Buffer.concat(encodeCandleFile(loaded.series).parts),
        readFileSync(written.path),
      );
    }),
    { seed: 11, numRuns: 40 },
  );
});

test('[K7] a file changed at any byte, cut or lengthened is refused, and never touched', async () => {
  const data = fresh();
  const path = await add(data, 'BTCUSDT-a.csv', [row(0, '1', 3), row(1, '2', 1), row(9, '3', 1)]);
  const right = await readFile(path);
  for (let at = 0; at <= right.length; at += 1) {
    const changed = Buffer.from(right);
    if (at < right.length) changed[at] = (changed[at] ?? 0) ^ 1;
    for (const bytes of at === right.length
      ? [Buffer.concat([right, Buffer.alloc(8)])]
      : [changed, right.subarray(0, at)]) {
      await writeFile(path, bytes);
      await assert.rejects(loadCandles(data, NAME), { code: 'FILE_DAMAGED' });
    }
  }
  // Importing on top of a damaged file neither repairs nor replaces it.
  await truncate(path, 100);
  await assert.rejects(add(data, 'BTCUSDT-b.csv', [row(0, '1', 3)]), { code: 'FILE_DAMAGED' });
  assert.equal(readFileSync(path).length, 100);
});

test('[K7] a file with a right digest around impossible candles is refused', async () => {
  const right = await readSeries([row(0, '5', 3), row(1, '5', 1)]);
  const wrong: readonly ((columns: CandleSeries['columns']) => void)[] = [
    (columns) => void (columns.high[1] = 4),
    (columns) => void (columns.low[1] = 6),
    (columns) => void (columns.low[1] = 0),
    (columns) => void (columns.volume[1] = -1),
    (columns) => void (columns.volume[1] = 0.5),
    (columns) => void (columns.volume[1] = Number.NaN),
    (columns) => void (columns.openTime[1] = T),
    (columns) => void (columns.openTime[1] = T + 1),
    (columns) => void (columns.openTime[0] = T - 1),
  ];
  for (const spoil of wrong) {
    const series = structuredClone(right);
    spoil(series.columns);
    const path = join(folder, 'forged.candles');
    writeFileSync(path, Buffer.concat(encodeCandleFile(series).parts));
    await assert.rejects(loadCandleFile(path), { code: 'FILE_DAMAGED' }, spoil.toString());
  }
});

test('[K8] adjacent and interleaved periods are joined, whatever their order', async () => {
  const parts = [
    ['BTCUSDT-1.csv', [row(0, '1', 1), row(1, '2.5', 1)]],
    ['BTCUSDT-2.csv', [row(2, '3.125', 1), row(5, '4', 0.5)]],
    ['BTCUSDT-3.csv', [row(1, '2.5', 1), row(4, '5', 1)]],
  ] as const;
  const files: Buffer[] = [];
  for (const order of [
    [0, 1, 2],
    [2, 0, 1],
    [1, 2, 0],
  ]) {
    const data = fresh();
    let path = '';
    for (const index of order) {
      const [name, rows] = parts[index] ?? ['', []];
      path = await add(data, name, rows);
    }
    files.push(readFileSync(path));
    const { series } = await loadCandles(data, NAME);
    assert.deepEqual(
      Array.from(series.columns.openTime, (time) => (time - T) / 60_000),
      [0, 1, 2, 4, 5],
    );
    assert.deepEqual([...series.columns.open], [1_000, 2_500, 3_125, 5_000, 4_000]);
    assert.deepEqual([...series.columns.volume], [10, 10, 10, 10, 5]);
    assert.equal(series.sources.length, 3);
  }
  assert.deepEqual(files[1], files[0]);
  assert.deepEqual(files[2], files[0]);
});

test('[K8] importing the same file again changes nothing', async () => {
  const data = fresh();
  const rows = [row(0, '1', 1), row(1, '2', 1)];
  const path = await add(data, 'BTCUSDT-1.csv', rows);
  const before = readFileSync(path);
  await add(data, 'BTCUSDT-1.csv', rows);
  assert.deepEqual(readFileSync(path), before);
});

test('[K8] overlapping candles that differ are refused with the first difference', async () => {
  const data = fresh();
  const path = await add(data, 'BTCUSDT-1.csv', [row(0, '1', 1), row(1, '2', 1), row(2, '3', 1)]);
  const before = readFileSync(path);
  for (const [rows, message] of [
    [
      [row(1, '2', 1), row(2, '3.5', 1)],
      /^BTCUSDT-2\.csv, column "open": expected the candle of 2024-01-01T00:02:00Z to be as in the candles already imported \(3\), found 3\.5; nothing was changed$/,
    ],
    [[row(0, '1', 1.5)], /column "volume".* \(1\), found 1\.5;/],
  ] as const) {
    await assert.rejects(add(data, 'BTCUSDT-2.csv', rows), { code: 'OVERLAP_DIFFERS', message });
  }
  assert.deepEqual(readFileSync(path), before);
  await assert.rejects(
    importCandles(
      [source('BTCUSDT-3.csv', [row(7, '1', 1)]), source('BTCUSDT-4.csv', [row(7, '2', 1)])],
      data,
      { interval: '1m' },
    ),
    { code: 'OVERLAP_DIFFERS', message: /as in BTCUSDT-3\.csv/ },
  );
  assert.deepEqual(readFileSync(path), before);
});

test('[K10] a write that fails leaves the files as they were and no temporary ones', async () => {
  const data = fresh();
  const path = await add(data, 'BTCUSDT-1.csv', [row(0, '1', 1)]);
  const before = readFileSync(path);
  const series = await readSeries([row(3, '1', 1)]);
  // A folder stands where the second of two files should go: found when both are already written aside.
  await mkdir(join(data, 'candles', 'ETHUSDT-1m.candles'));
  const loaded = await loadCandles(data, NAME);
  await assert.rejects(
    writeCandles(data, [
      { series, replacesDigest: loaded.digest },
      { series: { ...series, symbol: 'ETHUSDT' }, replacesDigest: undefined },
    ]),
    (error) => error instanceof CandleError,
  );
  assert.deepEqual(readFileSync(path), before);
  assert.deepEqual(readdirSync(join(data, 'candles')), [
    'BTCUSDT-1m.candles',
    'ETHUSDT-1m.candles',
  ]);
});

test('[K10] a store that cannot be written says so', async () => {
  const blocked = join(folder, 'a file');
  writeFileSync(blocked, '');
  await assert.rejects(add(join(blocked, 'data'), 'BTCUSDT-1.csv', [row(0, '1', 1)]), (error) => {
    assert.ok(error instanceof CandleError);
    assert.ok(['STORE_UNWRITABLE', 'FILE_DAMAGED'].includes(error.code), error.message);
    return true;
  });
});

test('[K10] of two imports at once the second does not undo the first', async () => {
  const data = fresh();
  await add(data, 'BTCUSDT-1.csv', [row(0, '1', 1)]);
  const loaded = await loadCandles(data, NAME);
  const path = await add(data, 'BTCUSDT-2.csv', [row(1, '1', 1)]);
  const before = readFileSync(path);
  const series = await readSeries([row(3, '1', 1)]);
  for (const replacesDigest of [loaded.digest, undefined]) {
    await assert.rejects(writeCandles(data, [{ series, replacesDigest }]), {
      code: 'FILE_CHANGED',
    });
  }
  assert.deepEqual(readFileSync(path), before);
  assert.deepEqual(readdirSync(join(data, 'candles')), ['BTCUSDT-1m.candles']);
});

test('[K10] what a killed import left behind is removed by a later one, once it is old', async () => {
  const data = fresh();
  const path = await add(data, 'BTCUSDT-1.csv', [row(0, '1', 1)]);
  const old = `${path}.1.tmp`;
  const young = `${path}.2.tmp`;
  writeFileSync(old, 'half');
  writeFileSync(young, 'half');
  await utimes(old, 0, 0);
  await add(data, 'BTCUSDT-2.csv', [row(1, '1', 1)]);
  assert.deepEqual([existsSync(old), existsSync(young)], [false, true]);
  assert.equal((await listCandles(data)).length, 1);
});

test('[K11] exported candles read back as the same candles', async () => {
  const data = fresh();
  await add(data, 'BTCUSDT-1.csv', [row(0, '7.2e-7', 1), row(1, '20.50', 0.001), row(9, '3', 7)]);
  const { series } = await loadCandles(data, NAME);
  const csv = [...exportCsv(series)].join('');
  assert.equal(
    csv,
    `${HEADER}${T},0.00000072,0.00000072,0.00000072,0.00000072,1\n${T + 60_000},20.5,20.5,20.5,20.5,0.001\n${T + 540_000},3,3,3,3,7\n`,
  );
  const again = fresh();
  const path = join(folder, 'BTCUSDT-again.csv');
  writeFileSync(path, csv);
  await importCandles([path], again);
  const read = (await loadCandles(again, NAME)).series;
  assert.deepEqual({ ...read, sources: [] }, { ...series, sources: [] });
  assert.equal([...exportCsv(read)].join(''), csv);
  const part = [...exportCsv(series, { from: T + 1, to: T + 540_000 })].join('');
  assert.equal(part, `${HEADER}${T + 60_000},20.5,20.5,20.5,20.5,0.001\n`);
});

test('[K11] every number is written exactly', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.integer({ min: 0, max: 15 }), (units, decimals) => {
      assert.equal(
        decimalFormatter(decimals)(units),
        trimDecimal(formatDecimal(BigInt(units), decimals)),
      );
    }),
    { seed: 5, numRuns: 5_000 },
  );
});

test('[K11] a range is cut without copying, from its first time to before its last', async () => {
  const { columns } = await readSeries([row(0, '1', 1), row(1, '2', 1), row(4, '3', 1)]);
  const times = (from: number, to: number): readonly number[] =>
    Array.from(sliceColumns(columns, T + from, T + to).openTime, (time) => (time - T) / 60_000);
  assert.deepEqual(times(0, 240_001), [0, 1, 4]);
  assert.deepEqual(times(0, 240_000), [0, 1]);
  assert.deepEqual(times(1, 60_001), [1]);
  assert.deepEqual(times(60_001, 239_999), []);
  assert.deepEqual(times(500_000, 0), []);
  assert.equal(sliceColumns(columns, T, Infinity).open.buffer, columns.open.buffer);
});

test('[K12] the list reads headers only, and shows a file that is no candle file as such', async () => {
  const data = fresh();
  assert.deepEqual(await listCandles(data), []);
  const path = await add(data, 'BTCUSDT-1.csv', [row(0, '1', 1), row(5, '1', 1)]);
  const bytes = await readFile(path);
  // The last byte belongs to a column: the list does not notice, loading does.
  bytes[bytes.length - 1] = 1;
  await writeFile(path, bytes);
  await writeFile(join(data, 'candles', 'ETHUSDT-1m.candles'), 'junk');
  await writeFile(join(data, 'candles', 'notes.txt'), 'mine');
  const [first, second, ...none] = await listCandles(data);
  assert.ok(first?.ok);
  assert.deepEqual(first.header.gaps, { count: 1, missing: 4, longest: 4 });
  assert.equal(first.header.rows, 2);
  assert.ok(second?.ok === false);
  assert.match(second.reason, /ETHUSDT-1m\.candles: expected/);
  assert.equal(none.length, 0);
  await assert.rejects(loadCandles(data, NAME), { code: 'FILE_DAMAGED' });
});

test('[K12] a renamed file and an absent one are told apart', async () => {
  const data = fresh();
  const path = await add(data, 'BTCUSDT-1.csv', [row(0, '1', 1)]);
  await writeFile(join(data, 'candles', 'ETHUSDT-1m.candles'), await readFile(path));
  await assert.rejects(loadCandles(data, { symbol: 'ETHUSDT', interval: '1m' }), {
    code: 'FILE_DAMAGED',
    message: /renamed/,
  });
  await assert.rejects(loadCandles(data, { symbol: 'XRPUSDT', interval: '1m' }), {
    code: 'FILE_MISSING',
    message: /kontor candles list/,
  });
});

test('[K12] files are private to their owner', async () => {
  const data = fresh();
  const path = await add(data, 'BTCUSDT-1.csv', [row(0, '1', 1)]);
  assert.equal(statSync(path).mode & 0o077, 0);
});

test('[K14] symbols and series are named strictly', () => {
  const split = (text: string): string => {
    const parsed = parseCandleSymbol(text);
    return parsed.ok ? `${parsed.value.baseAsset}+${parsed.value.quoteAsset}` : 'refused';
  };
  assert.deepEqual(
    ['BTCUSDT', 'BTCFDUSD', 'BTC_USDT', 'BTC/PLN', 'ETHBTC', '1000CATUSDT', 'BTCUSD'].map(split),
    ['BTC+USDT', 'BTC+FDUSD', 'BTC+USDT', 'BTC+PLN', 'ETH+BTC', '1000CAT+USDT', 'BTC+USD'],
  );
  for (const text of ['', 'btcusdt', 'USDT', 'BTC', 'A/B/C', '../x', '/USDT', 'BTC/', 'BTC USDT']) {
    assert.equal(split(text), 'refused', text);
  }
  assert.deepEqual(parseSeriesName('BTCUSDT-1m'), {
    ok: true,
    value: { symbol: 'BTCUSDT', interval: '1m' },
  });
  for (const text of ['BTCUSDT', 'BTCUSDT-1M', '../BTCUSDT-1m', 'BTCUSDT-1m/..', 'BTCUSDT-7m']) {
    assert.equal(parseSeriesName(text).ok, false, text);
  }
});

test('[K14] times are read in UTC, and days that do not exist are refused', () => {
  const table: Readonly<Record<string, number | undefined>> = {
    '2018-01-31': Date.UTC(2018, 0, 31),
    '2018-01-31T12:30': Date.UTC(2018, 0, 31, 12, 30),
    '2018-01-31 12:30:05Z': Date.UTC(2018, 0, 31, 12, 30, 5),
    '1514764800000': 1_514_764_800_000,
    '2018-02-30': undefined,
    '2018-1-1': undefined,
    '2018-01-01T25:00': undefined,
    yesterday: undefined,
    '1514764800': undefined,
  };
  for (const [text, expected] of Object.entries(table)) {
    const parsed = parseTime(text);
    assert.equal(parsed.ok ? parsed.value : undefined, expected, text);
  }
});

test('[K15] every error code is explained in SPEC.md, and no other', () => {
  const spec = readFileSync(join(import.meta.dirname, '../SPEC.md'), 'utf8');
  const section = /^## Candles$[^]*?(?=^## |$(?![^]))/m.exec(spec)?.[0] ?? '';
  const listed = [...section.matchAll(/^- `([A-Z_]+)`:/gm)].map((match) => match[1] ?? '');
  assert.deepEqual(listed.toSorted(), [...CANDLE_ERROR_CODES].toSorted());
});

test(
  '[K11] real candles: exported they are the published file, imported again the same bytes',
  withShared,
  async () => {
    const published = join(shared, 'candles/bitfinex-1m/BTCUSD-2017.csv.gz');
    const { series } = await readSeriesFile(published);
    const csv = [...exportCsv(series)].join('');
    assert.ok(csv === gunzipSync(readFileSync(published)).toString());
    const path = join(folder, 'BTCUSD-2017.csv');
    writeFileSync(path, csv);
    const again = (await readSeriesFile(path)).series;
    const bytes = (one: CandleSeries): Buffer =>
      Buffer.concat(encodeCandleFile({ ...one, sources: [] }).parts);
    assert.ok(bytes(again).equals(bytes(series)));
  },
);

function fresh(): string {
  count += 1;
  return join(folder, `data-${count}`);
}

function row(minute: number, price: string, volume: number): string {
  return `${T + minute * 60_000},${price},${price},${price},${price},${volume}\n`;
}

function source(name: string, rows: readonly string[]): string {
  const path = join(folder, name);
  writeFileSync(path, HEADER + rows.join(''));
  return path;
}

async function add(data: string, name: string, rows: readonly string[]): Promise<string> {
  const [imported] = await importCandles([source(name, rows)], data, { interval: '1m' });
  assert.ok(imported);
  return imported.path;
}

async function readSeries(rows: readonly string[]): Promise<CandleSeries> {
  const read = await readSeriesFile(source('BTCUSDT-read.csv', rows), { interval: '1m' });
  return read.series;
}
