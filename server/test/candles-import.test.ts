// SPDX-License-Identifier: Apache-2.0
// Importing market data: containers, layouts, exact numbers, times, and every way a file can be wrong.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { crc32, deflateRawSync, gunzipSync, gzipSync } from 'node:zlib';

import fc from 'fast-check';

import {
  CandleError,
  candleOpenTime,
  findGaps,
  importCandles,
  intervalMs,
  loadCandles,
  parseCandleSymbol,
  readSeriesFile,
  type CandleSeries,
  type CandleSymbol,
  type ImportOptions,
  type Interval,
} from '../src/candles/index.ts';
import { DecimalReader } from '../src/candles/csv-rows.ts';

const shared = join(import.meta.dirname, '../../../shared/data');
const withShared = existsSync(shared) ? {} : { skip: 'the shared market data is not here' };
const folder = mkdtempSync(join(tmpdir(), 'kontor-candles-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const HEADER = 'open_time,open,high,low,close,volume\n';
const T = 1_704_067_200_000;
const SYMBOL = symbol('BTCUSDT');
let files = 0;

test('[K1] what a file is packed in is told by its bytes: plain, gzip, zip stored and deflated', async () => {
  const csv = `${HEADER}${T},1,2,1,2,3\n${T + 60_000},2,2,2,2,0\n`;
  const packed: Readonly<Record<string, Buffer>> = {
    plain: Buffer.from(csv),
    gzip: gzipSync(csv),
    'gzip in two members': Buffer.concat([gzipSync(csv.slice(0, 50)), gzipSync(csv.slice(50))]),
    'zip stored': zip([{ name: 'a.csv', text: csv, isDeflated: false }]),
    'zip deflated': zip([{ name: 'a.CSV', text: csv, isDeflated: true }]),
    'zip with other files': zip([
      { name: 'a.csv.CHECKSUM', text: 'x', isDeflated: false },
      { name: 'a.csv', text: csv, isDeflated: true },
    ]),
    'zip64 sizes': zip([{ name: 'a.csv', text: csv, isDeflated: true }], { isZip64: true }),
    'zip with a comment': zip([{ name: 'a.csv', text: csv, isDeflated: true }], {
      comment: 'PK\u0005\u0006 is how an end record begins',
    }),
    'Windows line ends and a byte-order mark': Buffer.from(`\ufeff${csv.replaceAll('\n', '\r\n')}`),
    'no line end at the end': Buffer.from(csv.trimEnd()),
    'blank lines': Buffer.from(`${csv}\n\n`),
  };
  for (const [name, bytes] of Object.entries(packed)) {
    const series = await read(bytes);
    assert.deepEqual([...series.columns.openTime], [T, T + 60_000], name);
    assert.deepEqual([...series.columns.close], [2, 2], name);
    assert.deepEqual([...series.columns.volume], [3, 0], name);
  }
});

test('[K2] every documented table is read the same way', async () => {
  const us = (time: number): number => time * 1000;
  const end = T + 59_999;
  const tables: Readonly<Record<string, string>> = {
    'six columns with names': `${HEADER}${T},10.5,11,10,10.25,7\n`,
    'six columns without names': `${T},10.5,11,10,10.25,7\n`,
    'columns in another order': `volume,close,low,high,open,open_time\n7,10.25,10,11,10.5,${T}\n`,
    'Binance kline': `${T},10.50000000,11.00000000,10.00000000,10.25000000,7.00000000,${end},73.5,12,3.0,31.5,0\n`,
    'Binance kline in microseconds': `${us(T)},10.5,11,10,10.25,7,${us(T) + 59_999_999},73.5,12,3.0,31.5,0\n`,
    'Binance kline with names': `open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore\n${T},10.5,11,10,10.25,7,${end},73.5,12,3.0,31.5,0\n`,
    'a file of pairs': `pair,open_time,open,high,low,close,volume\nETH_USDT,${T},1,1,1,1,1\nBTC_USDT,${T},10.5,11,10,10.25,7\n`,
  };
  for (const [name, text] of Object.entries(tables)) {
    const series = await read(text, { interval: '1m' });
    assert.equal(series.priceDecimals, 2, name);
    assert.deepEqual(rowOf(series, 0), [T, 1050, 1100, 1000, 1025, 7], name);
  }
});

test('[K2] every documented table of trades gives the same candles', async () => {
  const trades = [
    { id: 1, time: T + 5, price: '10.5', quantity: '1' },
    { id: 2, time: T + 6, price: '11', quantity: '2.5' },
    { id: 4, time: T + 59_999, price: '10', quantity: '0.5' },
    { id: 5, time: T + 120_000, price: '10.25', quantity: '3' },
  ];
  type Trade = (typeof trades)[number];
  const tables: Readonly<Record<string, readonly [string, (trade: Trade) => string]>> = {
    'aggregated, with names': [
      'time,agg_id,taker_side,price,qty\n',
      (t) => `${t.time},${t.id},sell,${t.price},${t.quantity}`,
    ],
    'single, with names': [
      'time,trade_id,price,qty,buyer_maker\n',
      (t) => `${t.time},${t.id},${t.price},${t.quantity},true`,
    ],
    'Binance trades': ['', (t) => `${t.id},${t.price},${t.quantity},9.9,${t.time},True,True`],
    'Binance trades in microseconds': [
      '',
      (t) => `${t.id},${t.price},${t.quantity},9.9,${t.time}000,True,True`,
    ],
    'Binance aggTrades': ['', (t) => `${t.id},${t.price},${t.quantity},1,2,${t.time},true,true`],
    'Binance futures trades': [
      'id,price,qty,quote_qty,time,is_buyer_maker\n',
      (t) => `${t.id},${t.price},${t.quantity},9.9,${t.time},true`,
    ],
    'Binance futures trades without names': [
      '',
      (t) => `${t.id},${t.price},${t.quantity},9.9,${t.time},true`,
    ],
    'Binance futures aggTrades': [
      'agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker\n',
      (t) => `${t.id},${t.price},${t.quantity},1,2,${t.time},true`,
    ],
    'Binance futures aggTrades without names': [
      '',
      (t) => `${t.id},${t.price},${t.quantity},1,2,${t.time},true`,
    ],
  };
  for (const [name, [header, line]] of Object.entries(tables)) {
    const series = await read(`${header}${trades.map(line).join('\n')}\n`);
    assert.equal(series.columns.openTime.length, 2, name);
    assert.deepEqual(rowOf(series, 0), [T, 1050, 1100, 1000, 1000, 40], name);
    assert.deepEqual(rowOf(series, 1), [T + 120_000, 1025, 1025, 1025, 1025, 30], name);
  }
});

test('[K3] numbers are read exactly, whatever way they are written', () => {
  const reader = new DecimalReader();
  const table: readonly (readonly [string, number, number] | readonly [string, string])[] = [
    ['0', 0, 0],
    ['0.000', 0, 0],
    ['1', 1, 0],
    ['0001.5000', 15, 1],
    ['13752.18233851', 1_375_218_233_851, 8],
    ['7.2e-7', 72, 8],
    ['1.5E+3', 1500, 0],
    ['12e0', 12, 0],
    ['0.1', 1, 1],
    ['123456789012345.', 123_456_789_012_345, 0],
    ['9007199254740991', 9_007_199_254_740_991, 0],
    ['900719925474.09910', 9_007_199_254_740_991, 4],
    ['0.00000000000001', 1, 14],
    ['9007199254740992', 'long'],
    ['0.00031099999999999997', 'long'],
    ...[
      '',
      '.',
      '.5',
      '-1',
      '+1',
      '1,5',
      'NaN',
      'Infinity',
      '1e',
      '1e999',
      '0x10',
      ' 1',
      '1 ',
      '١',
    ].map((text): readonly [string, string] => [text, 'none']),
  ];
  for (const [text, mantissa, decimals] of table) {
    const bytes = Buffer.from(text);
    const kind = reader.read(bytes, 0, bytes.length);
    if (decimals === undefined) {
      assert.equal(kind, mantissa, text);
    } else {
      assert.equal(kind, 'exact', text);
      assert.deepEqual([reader.mantissa, reader.decimals], [mantissa, decimals], text);
    }
  }
});

test('[K3] any decimal below 2^53 units reads back as itself', () => {
  fc.assert(
    fc.property(
      fc.maxSafeNat(),
      fc.integer({ min: 0, max: 15 }),
      fc.integer({ min: 0, max: 3 }),
      (units, decimals, zeros) => {
        const digits = String(units).padStart(decimals + 1, '0');
        const point = digits.length - decimals;
        const fraction = digits.slice(point) + '0'.repeat(zeros);
        const bytes = Buffer.from(
          fraction === '' ? digits : `${digits.slice(0, point)}.${fraction}`,
        );
        const reader = new DecimalReader();
        assert.equal(reader.read(bytes, 0, bytes.length), 'exact');
        assert.equal(
          BigInt(reader.mantissa) * 10n ** BigInt(decimals - reader.decimals),
          BigInt(units),
        );
      },
    ),
    { seed: 20_261_122, numRuns: 2_000 },
  );
});

test('[K3] a column becomes as fine as its finest value, and what was read before stays exact', async () => {
  const series = await read(
    `${HEADER}${T},1,2,1,2,3\n${T + 60_000},1.5,1.5,1.25,1.5,0.125\n${T + 120_000},7.2e-7,1,7.2e-7,1,1e-8\n`,
  );
  assert.equal(series.priceDecimals, 8);
  assert.equal(series.volumeDecimals, 8);
  assert.deepEqual(rowOf(series, 0), [T, 1e8, 2e8, 1e8, 2e8, 3e8]);
  assert.deepEqual(rowOf(series, 1), [T + 60_000, 1.5e8, 1.5e8, 1.25e8, 1.5e8, 12_500_000]);
  assert.deepEqual(rowOf(series, 2), [T + 120_000, 72, 1e8, 72, 1e8, 1]);
});

test('[K3] given decimals are kept to; volumes are rounded only where that was asked for', async () => {
  const text = `${HEADER}${T},1,2,1,2,3\n${T + 60_000},1,2,1,2,0.00031099999999999997\n${T + 120_000},1,2,1,2,0.0000005\n`;
  await refuses(text, { volumeDecimals: 6 }, { code: 'VALUE_WRONG', line: 3, column: 'volume' });
  await refuses(
    `${HEADER}${T},1.001,2,1,2,3\n`,
    { interval: '1m', priceDecimals: 2 },
    {
      code: 'VALUE_WRONG',
      line: 2,
      column: 'open',
      message: /at most 2 decimals, found 3/,
    },
  );
  const series = await read(text, { volumeDecimals: 6, roundVolumes: true, priceDecimals: 2 });
  assert.deepEqual([...series.columns.volume], [3_000_000, 311, 0]);
  assert.equal(series.roundedVolumes, 2);
  assert.equal(series.priceDecimals, 2);
  assert.equal(series.columns.open[0], 100);
});

test('[K4] the interval comes from close times, else from the closest candles, else from the caller', async () => {
  const rows = (step: number, count: number): string =>
    HEADER +
    Array.from({ length: count }, (_, index) => `${T + index * step},1,1,1,1,1\n`).join('');
  assert.equal((await read(rows(300_000, 3))).interval, '5m');
  assert.equal((await read(rows(604_800_000, 2))).interval, '1w');
  assert.equal((await read(`${T},1,1,1,1,1,${T + 3_599_999},1,1,1,1,0\n`)).interval, '1h');
  assert.equal((await read(rows(300_000, 3), { interval: '1m' })).interval, '1m');
  await refuses(rows(60_000, 1), {}, { code: 'INTERVAL_NEEDED', message: /--interval/ });
  await refuses(rows(420_000, 9), {}, { code: 'INTERVAL_NEEDED', message: /7 min apart/ });
  await refuses(
    rows(300_000, 100),
    { interval: '1m' },
    {
      code: 'VALUE_WRONG',
      message: /expected 1m candles, found the closest two of 100 candles 5 min apart/,
    },
  );
});

test('[K4] a week opens on Monday', () => {
  const monday = Date.UTC(2024, 0, 1);
  assert.equal(candleOpenTime('1w', monday), monday);
  assert.equal(candleOpenTime('1w', monday - 1), monday - intervalMs('1w'));
});

test('[K5] a file that is wrong is refused with its place, what was expected and what was found', async () => {
  const next = T + 60_000;
  const good = `${HEADER}${T},1,2,1,2,3\n`;
  const cases: readonly (readonly [string | Uint8Array, Refusal, ImportOptions?])[] = [
    ['', { code: 'SOURCE_EMPTY', message: /found an empty file/ }],
    ['\n\n', { code: 'SOURCE_NOT_CSV_OR_EMPTY' }],
    [HEADER, { code: 'SOURCE_EMPTY', message: /expected candles, found none/ }],
    ['time,agg_id,taker_side,price,qty\n', { code: 'SOURCE_EMPTY', message: /expected trades/ }],
    [
      Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0]),
      { code: 'SOURCE_NOT_CSV', message: /byte 0x7f at 0/ },
    ],
    [Buffer.from('open_time', 'utf16le'), { code: 'SOURCE_NOT_CSV' }],
    [Buffer.from('\ufeffopen_time', 'utf16le'), { code: 'SOURCE_NOT_CSV' }],
    [gzipSync(good).subarray(0, 40), { code: 'SOURCE_DAMAGED', message: /cut off/ }],
    [Buffer.concat([gzipSync(good), Buffer.from('rest')]), { code: 'SOURCE_DAMAGED' }],
    [
      Buffer.concat([gzipSync(good), Buffer.alloc(600)]),
      { code: 'SOURCE_DAMAGED', message: /found 600 more bytes/ },
    ],
    [broken(gzipSync(good), 20), { code: 'SOURCE_DAMAGED' }],
    [
      zip([{ name: 'a.txt', text: 'x', isDeflated: true }]),
      { code: 'SOURCE_NOT_CSV', message: /found a\.txt/ },
    ],
    [zip([]), { code: 'SOURCE_NOT_CSV', message: /an empty archive/ }],
    [
      zip([
        { name: 'a.csv', text: good, isDeflated: true },
        { name: 'b.csv', text: good, isDeflated: true },
      ]),
      { code: 'SOURCE_NOT_CSV', message: /found 2 of them/ },
    ],
    [
      zip([{ name: 'a.csv', text: good, isDeflated: true }]).subarray(0, 90),
      { code: 'SOURCE_DAMAGED', message: /no end record/ },
    ],
    [
      zip([{ name: 'a.csv', text: good, isDeflated: true }], { crc: 1 }),
      { code: 'SOURCE_DAMAGED', message: /CRC/ },
    ],
    [
      zip([{ name: 'a.csv', text: good, isDeflated: true }], { isEncrypted: true }),
      { code: 'SOURCE_DAMAGED', message: /encrypted/ },
    ],
    [
      zip([{ name: 'a.csv', text: good, isDeflated: true }], { method: 93 }),
      { code: 'SOURCE_DAMAGED', message: /found 93/ },
    ],
    [
      'date;open;high;low;close\n1;2;3;4;5\n',
      { code: 'COLUMNS_UNKNOWN', line: 1, message: /date;open/ },
    ],
    [
      'open_time,open,high,low,close,volume_usd\n',
      { code: 'COLUMNS_UNKNOWN', line: 1, message: /no column "volume"/ },
    ],
    [
      'open_time,open,open,low,close,volume\n',
      { code: 'COLUMNS_UNKNOWN', line: 1, message: /"open" twice/ },
    ],
    ['1,2,3\n', { code: 'COLUMNS_UNKNOWN', line: 1, message: /3 columns without names/ }],
    ['"1","2"\n', { code: 'COLUMNS_UNKNOWN', line: 1 }],
    [`${'1,'.repeat(20)}1\n`, { code: 'COLUMNS_UNKNOWN', line: 1, message: /at most 16 columns/ }],
    [`${HEADER}${'1'.repeat(5_000)}`, { code: 'SOURCE_NOT_CSV', message: /longer/ }],
    [
      `${good}${next},1,2,1,2\n`,
      { code: 'VALUE_WRONG', line: 3, message: /expected 6 columns as in the first line, found 5/ },
    ],
    [`${good}${next},1,2,1,2,3,4\n`, { code: 'VALUE_WRONG', line: 3, message: /found 7/ }],
    [
      `${good}${next},NaN,2,1,2,3\n`,
      {
        code: 'VALUE_WRONG',
        line: 3,
        column: 'open',
        message: /expected a price above 0, found "NaN"/,
      },
    ],
    [
      `${good}${next},,2,1,2,3\n`,
      { code: 'VALUE_WRONG', line: 3, column: 'open', message: /found ""/ },
    ],
    [`${good}${next},1,Infinity,1,2,3\n`, { code: 'VALUE_WRONG', line: 3, column: 'high' }],
    [`${good}${next},1,2,-1,2,3\n`, { code: 'VALUE_WRONG', line: 3, column: 'low' }],
    [
      `${good}${next},1,2,0,2,3\n`,
      { code: 'VALUE_WRONG', line: 3, column: 'low', message: /above 0, found "0"/ },
    ],
    [
      `${good}${next},1,2,1,2,-3\n`,
      { code: 'VALUE_WRONG', line: 3, column: 'volume', message: /at least 0, found "-3"/ },
    ],
    [
      `${good}${next},1,2,1,\u202e1,3\n`,
      { code: 'VALUE_WRONG', line: 3, column: 'close', message: /"\\u\{202e\}1"/ },
    ],
    [
      `${good}${next},1,0.9,1,1,3\n`,
      {
        code: 'VALUE_WRONG',
        line: 3,
        column: 'high',
        message: /at least open, low and close \(1, 1, 1\), found "0.9"/,
      },
    ],
    [
      `${good}${next},1,2,1.5,2,3\n`,
      { code: 'VALUE_WRONG', line: 3, column: 'low', message: /at most open, high and close/ },
    ],
    [`${good}${next},1,2,1,2.1,3\n`, { code: 'VALUE_WRONG', line: 3, column: 'high' }],
    [
      `${good}${T},1,2,1,2,3\n`,
      { code: 'TIME_ORDER', line: 3, column: 'open_time', message: /second one/ },
    ],
    [
      `${good}${T - 60_000},1,2,1,2,3\n`,
      { code: 'TIME_ORDER', line: 3, message: /times that rise/ },
    ],
    [`${good}${next}\n`, { code: 'VALUE_WRONG', line: 3, message: /found 1/ }],
    [
      `${good}${next + 1},1,2,1,2,3\n`,
      { code: 'VALUE_WRONG', line: 3, column: 'open_time', message: /at which a 1m candle opens/ },
      { interval: '1m' },
    ],
    [
      `${HEADER}\n${T},1,2,1,2,3\n${next},1,2,1,2,3\n\n${next + 90_000},1,2,1,2,3\n`,
      { code: 'VALUE_WRONG', line: 6, message: /at which a 1m candle opens/ },
    ],
    [
      `${HEADER}1514764800,1,2,1,2,3\n`,
      { code: 'VALUE_WRONG', line: 2, column: 'open_time', message: /milliseconds/ },
    ],
    [
      `${HEADER}2018-01-01,1,2,1,2,3\n`,
      { code: 'VALUE_WRONG', line: 2, column: 'open_time', message: /found "2018-01-01"/ },
    ],
    [`${good}${next}000,1,2,1,2,3\n`, { code: 'VALUE_WRONG', line: 3, message: /in milliseconds/ }],
    [
      `${HEADER}${T}000,1,2,1,2,3\n${next},1,2,1,2,3\n`,
      { code: 'VALUE_WRONG', line: 3, message: /in microseconds/ },
    ],
    [
      `${HEADER}${T}500,1,2,1,2,3\n`,
      { code: 'VALUE_WRONG', line: 2, message: /at which a 1m candle opens/ },
      { interval: '1m' },
    ],
    [
      `${T},1,1,1,1,1,${T + 59_000},1,1,1,1,0\n`,
      { code: 'VALUE_WRONG', line: 1, column: 'close_time' },
    ],
    [
      `${T},1,1,1,1,1,${T + 59_999},1,1,1,1,0\n`,
      { code: 'VALUE_WRONG', line: 1, column: 'close_time', message: /expected 5m after/ },
      { interval: '5m' },
    ],
    [
      `${HEADER}${T},9007199254740993,9007199254740993,1,1,1\n`,
      { code: 'VALUE_WRONG', line: 2, column: 'open', message: /digits that count/ },
    ],
    [
      `${good}${next},0.000000000000001,9007199254740991,0.000000000000001,1,1\n`,
      { code: 'VALUE_WRONG', line: 3, message: /below 2\^53/ },
    ],
    [
      `pair,open_time,open,high,low,close,volume\nETH_USDT,${T},1,1,1,1,1\n`,
      { code: 'SYMBOL_NEEDED', message: /BTCUSDT, found others: ETH_USDT/ },
    ],
    [
      `1,10,1,9,${T},True,True\n1,10,1,9,${T},True,True\n`,
      { code: 'TIME_ORDER', line: 2, column: 'id' },
    ],
    [
      `1,10,1,9,${T},True,True\n2,10,1,9,${T - 1},True,True\n`,
      { code: 'TIME_ORDER', line: 2, column: 'time' },
    ],
    [
      `1,10,0,9,${T},True,True\n`,
      { code: 'VALUE_WRONG', line: 1, column: 'quantity', message: /more than 0/ },
    ],
    [`x1,10,0,9,${T},True,True\n`, { code: 'COLUMNS_UNKNOWN' }],
    [
      `1,10,1,9,${T},True,True\nx,10,1,9,${T},True,True\n`,
      { code: 'VALUE_WRONG', line: 2, column: 'id' },
    ],
  ];
  const data = join(folder, 'untouched');
  await importCandles([file(`${HEADER}${T},5,5,5,5,5\n`)], data, {
    symbol: SYMBOL,
    interval: '1m',
  });
  const before = snapshot(data);
  for (const [content, refusal, options] of cases) {
    const path = file(content);
    const error = await rejection(importCandles([path], data, { symbol: SYMBOL, ...options }));
    checkRefusal(error, refusal, path);
    // A good file before the wrong one is not imported either.
    const other = file(`${HEADER}${T},1,1,1,1,1\n${next},1,1,1,1,1\n`);
    const again = await rejection(
      importCandles([other, path], data, { symbol: symbol('ETHUSDT'), ...options }),
    );
    assert.ok(again instanceof CandleError);
  }
  assert.deepEqual(snapshot(data), before);
});

test('[K5] a folder, a missing file and a name without a symbol are refused', async () => {
  const data = join(folder, 'none');
  checkRefusal(await rejection(importCandles([folder], data, { symbol: SYMBOL })), {
    code: 'SOURCE_UNREADABLE',
    message: /folder/,
  });
  checkRefusal(await rejection(importCandles([join(folder, 'absent.csv')], data)), {
    code: 'SOURCE_UNREADABLE',
    message: /ENOENT/,
  });
  checkRefusal(await rejection(importCandles([file('x')], data)), {
    code: 'SYMBOL_NEEDED',
    message: /--symbol/,
  });
  assert.equal(existsSync(data), false);
});

test('[K5] cut or changed at any byte, a packed file is refused or gives the same candles', async () => {
  const csv =
    HEADER + Array.from({ length: 40 }, (_, index) => `${T + index * 60_000},1,2,1,2,3\n`).join('');
  const expected = await read(csv);
  for (const packed of [gzipSync(csv), zip([{ name: 'a.csv', text: csv, isDeflated: true }])]) {
    for (let at = 0; at < packed.length; at += 1) {
      for (const bytes of [packed.subarray(0, at), broken(packed, at)]) {
        try {
          const series = await read(bytes);
          assert.deepEqual(series.columns, expected.columns);
        } catch (error) {
          assert.ok(error instanceof CandleError, String(error));
        }
      }
    }
  }
});

test('[K6] missing candles stay missing and are counted', async () => {
  const series = await read(
    `${HEADER}${[0, 1, 2, 5, 6, 70].map((minute) => `${T + minute * 60_000},1,1,1,1,1`).join('\n')}\n`,
  );
  const gaps = findGaps(series.columns.openTime, series.interval);
  assert.deepEqual([...gaps.after], [T + 120_000, T + 360_000]);
  assert.deepEqual([...gaps.missing], [2, 63]);
  assert.equal(series.columns.openTime.length, 6);
});

test('[K9] a minute without a trade has no candle; the candle a file cuts in two is joined', async () => {
  const header = 'time,agg_id,taker_side,price,qty\n';
  const first = file(`${header}${T},1,buy,10,1\n${T + 61_000},2,buy,11.5,1\n`);
  const second = file(
    `${header}${T + 62_000},3,buy,9000000000,0.25\n${T + 63_000},4,buy,9,1\n${T + 300_000},6,buy,10,1\n`,
  );
  const data = join(folder, 'trades');
  const [imported] = await importCandles([second, first], data, { symbol: SYMBOL });
  assert.equal(imported?.rows, 3);
  assert.deepEqual(imported.gaps, { count: 1, missing: 3, longest: 3 });
  assert.match(imported.notes.join(' '), /1 trade IDs between the first and the last/);
  const { series } = await loadCandles(data, { symbol: 'BTCUSDT', interval: '1m' });
  assert.deepEqual(rowOf(series, 1), [T + 60_000, 115, 90_000_000_000, 90, 90, 225]);
  const overlapping = file(`${header}${T},2,buy,10,1\n`);
  checkRefusal(await rejection(importCandles([first, overlapping], data, { symbol: SYMBOL })), {
    code: 'TIME_ORDER',
    message: /expected trades after those of/,
  });
});

test('[K9] candles of trades equal those of a plain second computation', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          wait: fc.integer({ min: 0, max: 200_000 }),
          price: fc.integer({ min: 1, max: 99_999 }),
          quantity: fc.integer({ min: 1, max: 9_999 }),
        }),
        { minLength: 1, maxLength: 60 },
      ),
      fc.constantFrom<Interval>('1s', '1m', '5m', '1h'),
      async (waits, interval) => {
        let time = T;
        const trades = waits.map(({ wait, price, quantity }) => {
          time += wait;
          return { time, price, quantity };
        });
        const text = trades
          .map((t, id) => `${id},${t.price / 100},${t.quantity / 10},0,${t.time},true,true`)
          .join('\n');
        const series = await read(text, { interval, priceDecimals: 2, volumeDecimals: 1 });
        const expected = candlesOf(trades, intervalMs(interval));
        assert.deepEqual(
          Array.from(series.columns.openTime, (_, row) => rowOf(series, row)),
          expected,
        );
      },
    ),
    { seed: 7, numRuns: 60 },
  );
});

test('[K13] nothing that unpacks without end is read to its end', async () => {
  const bomb = gzipSync(Buffer.alloc(8_000_000, '1'));
  await refuses(bomb, {}, { code: 'SOURCE_NOT_CSV', message: /lines of at most 1000 bytes/ });
  const lines = gzipSync(Buffer.alloc(8_000_000, '\n'));
  await refuses(
    lines,
    { maxUnpackedBytes: 5_000_000 },
    {
      code: 'SOURCE_TOO_LARGE',
      message: /at most 5000000 unpacked bytes/,
    },
  );
  const zipped = zip([{ name: 'a.csv', text: '\n'.repeat(8_000_000), isDeflated: true }]);
  await refuses(zipped, { maxUnpackedBytes: 5_000_000 }, { code: 'SOURCE_TOO_LARGE' });
});

test('[K13] an import that is called off changes nothing', async () => {
  const data = join(folder, 'aborted');
  const text =
    HEADER + Array.from({ length: 60_000 }, (_, i) => `${T + i * 60_000},1,2,1,2,3\n`).join('');
  const abort = new AbortController();
  await assert.rejects(
    importCandles([file(text)], data, {
      symbol: SYMBOL,
      signal: abort.signal,
      onProgress: () => abort.abort(),
    }),
    { name: 'AbortError' },
  );
  assert.equal(existsSync(data), false);
});

test(
  '[K6] real candles with real gaps: the long ones are those of the published list',
  withShared,
  async () => {
    const list = readFileSync(join(shared, 'candles/GAPS.csv'), 'utf8').split(/\r?\n/);
    for (const [name, missing, longest] of [
      ['BTCUSD-2018', 5_101, 67],
      ['BTCUSD-2017', 20_391, 37],
      ['BTCUSD-2016', undefined, 87_839],
    ] as const) {
      const { series } = await readSeriesFile(join(shared, `candles/bitfinex-1m/${name}.csv.gz`));
      const gaps = findGaps(series.columns.openTime, '1m');
      const long = [...gaps.missing].flatMap((count, index) =>
        count < 10
          ? []
          : [
              `candles/bitfinex-1m/${name}.csv.gz,${new Date(gaps.after[index] ?? 0).toISOString().replace('.000', '')},${count},60`,
            ],
      );
      assert.deepEqual(
        long,
        list.filter((line) => line.startsWith(`candles/bitfinex-1m/${name}.`)),
      );
      assert.equal(Math.max(...gaps.missing), longest);
      if (missing !== undefined) {
        assert.equal(
          gaps.missing.reduce((sum, count) => sum + count, 0),
          missing,
        );
      }
    }
  },
);

test(
  "[K2] Binance's real archive files, twelve columns, two months joined",
  withShared,
  async () => {
    const data = join(folder, 'archive');
    const raw = join(shared, 'candles/binance-usdm-1m-raw');
    const [imported] = await importCandles(
      [join(raw, 'FILUSDT-1m-2024-11.csv.gz'), join(raw, 'FILUSDT-1m-2024-10.csv.gz')],
      data,
    );
    assert.deepEqual(
      { rows: imported?.rows, missing: imported?.gaps.missing, decimals: imported?.priceDecimals },
      { rows: 61 * 1440, missing: 0, decimals: 3 },
    );
    // The same months, published separately with six columns, agree with the raw ones in every value.
    const [again] = await importCandles(
      ['2024-10', '2024-11'].map((month) =>
        join(shared, `candles/binance-usdm-1m/FILUSDT-1m-${month}.csv.gz`),
      ),
      data,
    );
    assert.equal(again?.rowsAdded, 0);
  },
);

test(
  '[K9] candles of real trades equal those computed from the raw recording',
  withShared,
  async () => {
    const lines = gunzipSync(
      readFileSync(join(shared, 'ticks/binance-XRPETH-aggtrades-raw-20191011.jsonl.gz')),
    )
      .toString()
      .trim()
      .split('\n');
    const trades = lines.map((line) => {
      const trade: unknown = JSON.parse(line);
      assert.ok(
        typeof trade === 'object' && trade !== null && 'T' in trade && 'p' in trade && 'q' in trade,
      );
      return {
        time: Number(trade.T),
        price: Number(String(trade.p).replace('.', '')),
        quantity: Number(String(trade.q).replace('.', '')),
      };
    });
    for (const interval of ['1m', '5m', '1h'] as const) {
      const { series } = await readSeriesFile(
        join(shared, 'ticks/binance-XRPETH-aggtrades-20191011.csv.gz'),
        { symbol: symbol('XRPETH'), interval, priceDecimals: 8, volumeDecimals: 8 },
      );
      assert.deepEqual(
        Array.from(series.columns.openTime, (_, row) => rowOf(series, row)),
        candlesOf(trades, intervalMs(interval)),
      );
    }
  },
);

interface Refusal {
  readonly code: string;
  readonly line?: number;
  readonly column?: string;
  readonly message?: RegExp;
}

function checkRefusal(error: unknown, refusal: Refusal, path?: string): void {
  assert.ok(error instanceof CandleError, `expected ${refusal.code}, found ${String(error)}`);
  const codes =
    refusal.code === 'SOURCE_NOT_CSV_OR_EMPTY'
      ? ['SOURCE_NOT_CSV', 'SOURCE_EMPTY']
      : [refusal.code];
  assert.ok(
    codes.includes(error.code),
    `expected ${refusal.code}, found ${error.code}: ${error.message}`,
  );
  if (refusal.line !== undefined) assert.equal(error.place?.line, refusal.line, error.message);
  if (refusal.column !== undefined) {
    assert.equal(error.place?.column, refusal.column, error.message);
    assert.ok(error.message.includes(`"${refusal.column}"`), error.message);
  }
  if (refusal.message !== undefined) assert.match(error.message, refusal.message);
  assert.equal(error.message.includes('\n'), false, error.message);
  if (path !== undefined) {
    const name = path.slice(path.lastIndexOf('/') + 1);
    assert.ok(error.message.startsWith(name), error.message);
  }
}

async function refuses(
  content: string | Uint8Array,
  options: ImportOptions,
  refusal: Refusal,
): Promise<void> {
  checkRefusal(await rejection(read(content, options)), refusal);
}

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  return undefined;
}

async function read(
  content: string | Uint8Array,
  options: ImportOptions = {},
): Promise<CandleSeries> {
  return (await readSeriesFile(file(content), { symbol: SYMBOL, ...options })).series;
}

function file(content: string | Uint8Array): string {
  files += 1;
  const path = join(folder, `source-${files}`);
  writeFileSync(path, content);
  return path;
}

function snapshot(data: string): Readonly<Record<string, string>> {
  const directory = join(data, 'candles');
  return Object.fromEntries(
    readdirSync(directory).map((name) => [
      name,
      createHash('sha256')
        .update(readFileSync(join(directory, name)))
        .digest('hex'),
    ]),
  );
}

function symbol(text: string): CandleSymbol {
  const parsed = parseCandleSymbol(text);
  assert.ok(parsed.ok);
  return parsed.value;
}

function rowOf(series: CandleSeries, row: number): readonly (number | undefined)[] {
  const { openTime, open, high, low, close, volume } = series.columns;
  return [openTime[row], open[row], high[row], low[row], close[row], volume[row]];
}

function candlesOf(
  trades: readonly { readonly time: number; readonly price: number; readonly quantity: number }[],
  length: number,
): readonly (readonly number[])[] {
  const candles = new Map<number, number[]>();
  for (const { time, price, quantity } of trades) {
    const openTime = time - (time % length);
    const candle = candles.get(openTime) ?? [openTime, price, price, price, price, 0];
    const [, open = 0, high = 0, low = 0, , volume = 0] = candle;
    candles.set(openTime, [
      openTime,
      open,
      Math.max(high, price),
      Math.min(low, price),
      price,
      volume + quantity,
    ]);
  }
  return [...candles.values()];
}

function broken(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 0x55;
  return copy;
}

interface ZipFile {
  readonly name: string;
  readonly text: string;
  readonly isDeflated: boolean;
}

interface ZipFaults {
  readonly crc?: number;
  readonly isEncrypted?: boolean;
  readonly method?: number;
  readonly isZip64?: boolean;
  readonly comment?: string;
}

/** A ZIP archive as common tools write it. */
function zip(entries: readonly ZipFile[], faults: ZipFaults = {}): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const { name, text, isDeflated } of entries) {
    const data = Buffer.from(text);
    const packed = isDeflated ? deflateRawSync(data) : data;
    const method = faults.method ?? (isDeflated ? 8 : 0);
    const crc = faults.crc ?? crc32(data);
    const flags = faults.isEncrypted === true ? 1 : 0;
    const local = Buffer.alloc(30 + name.length + 4);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(method, 8);
    local.writeUInt16LE(name.length, 26);
    local.writeUInt16LE(4, 28);
    local.write(name, 30, 'latin1');
    locals.push(local, packed);
    const extra = Buffer.alloc(faults.isZip64 === true ? 32 : 0);
    if (faults.isZip64 === true) {
      extra.writeUInt16LE(0x7777, 0);
      extra.writeUInt16LE(0, 2);
      extra.writeUInt16LE(1, 4);
      extra.writeUInt16LE(24, 6);
      extra.writeBigUInt64LE(BigInt(data.length), 8);
      extra.writeBigUInt64LE(BigInt(packed.length), 16);
      extra.writeBigUInt64LE(BigInt(at), 24);
    }
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(flags, 8);
    entry.writeUInt16LE(method, 10);
    entry.writeUInt32LE(crc, 16);
    entry.writeUInt32LE(faults.isZip64 === true ? 0xffffffff : packed.length, 20);
    entry.writeUInt32LE(faults.isZip64 === true ? 0xffffffff : data.length, 24);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt16LE(extra.length, 30);
    entry.writeUInt32LE(faults.isZip64 === true ? 0xffffffff : at, 42);
    directory.push(entry, Buffer.from(name, 'latin1'), extra);
    at += local.length + packed.length;
  }
  const central = Buffer.concat(directory);
  const tail: Buffer[] = [];
  if (faults.isZip64 === true) {
    const end64 = Buffer.alloc(56);
    end64.writeUInt32LE(0x06064b50, 0);
    end64.writeBigUInt64LE(BigInt(entries.length), 32);
    end64.writeBigUInt64LE(BigInt(central.length), 40);
    end64.writeBigUInt64LE(BigInt(at), 48);
    const locator = Buffer.alloc(20);
    locator.writeUInt32LE(0x07064b50, 0);
    locator.writeBigUInt64LE(BigInt(at + central.length), 8);
    tail.push(end64, locator);
  }
  const comment = Buffer.from(faults.comment ?? '', 'latin1');
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(faults.isZip64 === true ? 0xffff : entries.length, 10);
  end.writeUInt32LE(faults.isZip64 === true ? 0xffffffff : central.length, 12);
  end.writeUInt32LE(faults.isZip64 === true ? 0xffffffff : at, 16);
  end.writeUInt16LE(comment.length, 20);
  return Buffer.concat([...locals, central, ...tail, end, comment]);
}
