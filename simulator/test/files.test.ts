// SPDX-License-Identifier: Apache-2.0
// Market files: what is read, and what is refused with file, line and column.

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { crc32, deflateRawSync, gzipSync } from 'node:zlib';

import { inferInstrument } from '../src/instruments.ts';
import {
  candleFeed,
  MarketFileError,
  type CandleFeed,
  type MarketFeed,
} from '../src/market/feed.ts';
import { parseMarketText, readMarketFile } from '../src/market/files.ts';
import { parseSymbol, symbolFromFileName } from '../src/market/symbols.ts';

const folder = mkdtempSync(join(tmpdir(), 'kontor-market-files-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const DATA = new URL('../../../shared/data/', import.meta.url).pathname;
const BTC = { symbol: 'BTCUSDT', baseAsset: 'BTC', quoteAsset: 'USDT' };

const PLAIN = `open_time,open,high,low,close,volume
1734659400000,96980.72,97049.41,96893.48,96898.85,53.05508
1734659460000,96898.84,96898.85,96674.21,96693.88,34.15386
1734659580000,96693.88,96693.88,96693.88,96693.88,0
`;

const ARCHIVE_ROWS = [
  '1734659400000,96980.72000000,97049.41000000,96893.48000000,96898.85000000,53.05508000,1734659459999,5145.1,9,1.0,2.0,0',
  '1734659460000,96898.84000000,96898.85000000,96674.21000000,96693.88000000,34.15386000,1734659519999,3305.9,9,1.0,2.0,0',
  '1734659580000,96693.88000000,96693.88000000,96693.88000000,96693.88000000,0.00000000,1734659639999,0,0,0,0,0',
];

function parse(text: string): MarketFeed {
  return parseMarketText(text, 'prices.csv', BTC);
}

function candles(feed: MarketFeed): CandleFeed {
  assert.equal(feed.kind, 'candles');
  return feed;
}

function columns(feed: MarketFeed): unknown {
  const { openMs, open, high, low, close, volume, priceScale, quantityScale, intervalMs } =
    candles(feed);
  return [openMs, open, high, low, close, volume, priceScale, quantityScale, intervalMs];
}

test('[X100] candles read the same with and without header, in ms and in µs, with CRLF and byte order mark', () => {
  const expected = columns(parse(PLAIN));
  const archive = ARCHIVE_ROWS.join('\n');
  const header =
    'open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore\n';
  const micro = ARCHIVE_ROWS.map((row) =>
    row.replace(/^(\d{13})/, '$1000').replace(/,(\d{13}),/, ',$1999,'),
  ).join('\n');
  const forms = [
    archive,
    header + archive,
    micro,
    PLAIN.replaceAll('\n', '\r\n'),
    `\ufeff${PLAIN}`,
    PLAIN.replace(/^.*\n/, ''),
    PLAIN.replace('open_time,open,high,low,close,volume', 'Open time,Open,High,Low,Close,Volume'),
  ];
  for (const form of forms) assert.deepEqual(columns(parse(form)), expected, form.slice(0, 80));
  const feed = candles(parse(PLAIN));
  assert.equal(feed.priceScale, 2);
  assert.equal(feed.quantityScale, 5);
  assert.equal(feed.intervalMs, 60_000);
  assert.deepEqual([...feed.low], [9_689_348, 9_667_421, 9_669_388]);
  assert.deepEqual([...feed.volume], [5_305_508, 3_415_386, 0]);
});

function zipOf(
  entries: readonly { readonly name: string; readonly text: string }[],
  method: 0 | 8,
): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, text } of entries) {
    const content = Buffer.from(text);
    const packed = method === 8 ? deflateRawSync(content) : content;
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(method, 8);
    local.writeUInt32LE(crc32(content), 14);
    local.writeUInt32LE(packed.length, 18);
    local.writeUInt32LE(content.length, 22);
    local.writeUInt16LE(name.length, 26);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt16LE(method, 10);
    central.writeUInt32LE(crc32(content), 16);
    central.writeUInt32LE(packed.length, 20);
    central.writeUInt32LE(content.length, 24);
    central.writeUInt16LE(name.length, 28);
    central.writeUInt32LE(offset, 42);
    locals.push(local, Buffer.from(name), packed);
    directory.push(central, Buffer.from(name));
    offset += 30 + name.length + packed.length;
  }
  const list = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(list.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, list, end]);
}

function write(name: string, bytes: Buffer | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

test('[X101] plain, gzip and zip files read the same', async () => {
  const expected = columns(parse(PLAIN));
  const one = [{ name: 'BTCUSDT-1m.csv', text: PLAIN }];
  for (const path of [
    write('BTCUSDT-1m.csv', PLAIN),
    write('BTCUSDT-1m.csv.gz', gzipSync(PLAIN)),
    write('BTCUSDT-1m-stored.zip', zipOf(one, 0)),
    write('BTCUSDT-1m-deflated.zip', zipOf(one, 8)),
  ]) {
    const feed = await readMarketFile(path);
    assert.equal(feed.symbol, 'BTCUSDT');
    assert.deepEqual(columns(feed), expected, path);
  }
});

test('[X102] trades read from archives with and without header and from our own columns', () => {
  const forms = [
    // Binance Spot trades, futures trades, Spot aggTrades, futures aggTrades, README columns.
    '1,39432.48,0.000263,10.37,1610064000278,True,True\n2,39439.44,0.004376,172.5,1610064000310,False,True\n',
    'id,price,qty,quote_qty,time,is_buyer_maker\n1,39432.48,0.000263,10.37,1610064000278,true\n2,39439.44,0.004376,172.5,1610064000310,false\n',
    '1,39432.48,0.000263,5,5,1610064000278000,True,True\n2,39439.44,0.004376,6,6,1610064000310000,False,True\n',
    'agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker\n1,39432.48,0.000263,5,5,1610064000278,true\n2,39439.44,0.004376,6,6,1610064000310,false\n',
    'time,trade_id,price,qty,buyer_maker\n1610064000278,1,39432.48,0.000263,true\n1610064000310,2,39439.44,0.004376,false\n',
    'time,agg_id,taker_side,price,qty\n1610064000278,1,sell,39432.48,0.000263\n1610064000310,2,buy,39439.44,0.004376\n',
  ];
  for (const form of forms) {
    const feed = parse(form);
    assert.equal(feed.kind, 'trades', form);
    if (feed.kind !== 'trades') return;
    assert.deepEqual([...feed.timeMs], [1_610_064_000_278, 1_610_064_000_310], form);
    assert.deepEqual([...feed.price], [3_943_248, 3_943_944], form);
    assert.deepEqual([...feed.quantity], [263, 4376], form);
    assert.deepEqual([...feed.isBuyerMaker], [1, 0], form);
  }
});

const GOOD = '1734659400000,10,11,9,10.5,1\n';

test('[X103] a malformed row is refused with file, line, column, what was expected and what came', () => {
  const table: readonly (readonly [text: string, message: string])[] = [
    ['', 'prices.csv, line 1, column 1: expected rows, found an empty file'],
    [
      'open_time,open,high,low,close,volume\n',
      'prices.csv, line 2, column 1: expected rows, found only a header',
    ],
    [
      `${GOOD}1734659460000,NaN,11,9,10,1\n`,
      'prices.csv, line 2, column 2: open: expected a price, found "NaN"',
    ],
    [
      `${GOOD}1734659460000,10,11,9,,1\n`,
      'prices.csv, line 2, column 5: close: expected a price, found ""',
    ],
    [
      `${GOOD}1734659460000,10,11,9,-1,1\n`,
      'prices.csv, line 2, column 5: close: expected a price, found "-1"',
    ],
    [
      `${GOOD}1734659460000,0,11,9,10,1\n`,
      'prices.csv, line 2, column 2: open: expected a price above 0, found "0"',
    ],
    [
      `${GOOD}1734659460000,10,11,9,10,abc\n`,
      'prices.csv, line 2, column 6: volume: expected a number ≥ 0, found "abc"',
    ],
    [
      `${GOOD}1734659460000,10,8,9,10,1\n`,
      'prices.csv, line 2, column 3: high: expected at least the low 9, found 8',
    ],
    [
      `${GOOD}1734659460000,10,9.5,9,9,1\n`,
      'prices.csv, line 2, column 3: high: expected at least the open 10, found 9.5',
    ],
    [
      `${GOOD}1734659460000,10,11,10.2,10.5,1\n`,
      'prices.csv, line 2, column 4: low: expected at most the open 10, found 10.2',
    ],
    [
      `${GOOD}1734659460000,10,11,9,10\n`,
      'prices.csv, line 2, column 5: expected 6 columns, found 5',
    ],
    [`${GOOD}\n${GOOD}`, 'prices.csv, line 2, column 1: expected 6 columns, found 1'],
    [
      `${GOOD}${GOOD}`,
      'prices.csv, line 2, column 1: expected a time after 1734659400000, found 1734659400000',
    ],
    [
      `${GOOD}1734659,10,11,9,10,1\n`,
      'prices.csv, line 2, column 1: expected a time in ms or µs since 1970, found "1734659"',
    ],
    [
      `${GOOD}1734659460000,10,11,9,10,1\n1734659550000,10,11,9,10,1\n`,
      "prices.csv, line 3, column 1: expected a time on the file's grid of 60000 ms, found 1734659550000",
    ],
    [
      'time,bid,ask\n1,2,3\n',
      'prices.csv, line 1: expected the columns open_time,open,high,low,close,volume of candles or time,price,qty of trades, found "time,bid,ask"',
    ],
    [
      '1,2,3\n',
      'prices.csv, line 1: expected 12 or 6 columns of candles, or 6, 7 or 8 of trades, found 3: "1,2,3"',
    ],
    [
      '1,10,1,10,1610064000278,True,True\n2,10,1,10,1610064000277,True,True\n',
      'prices.csv, line 2, column 5: expected a time not before 1610064000278, found 1610064000277',
    ],
    [
      '1,10,1,10,1610064000278,True,True\n2,10,x,10,1610064000279,True,True\n',
      'prices.csv, line 2, column 3: quantity: expected a number ≥ 0, found "x"',
    ],
    [
      '1,10,1,10,1610064000278,True,True\n2,10,1,10,1610064000279,maybe,True\n',
      'prices.csv, line 2, column 6: expected true or false, found "maybe"',
    ],
    [
      'time,agg_id,taker_side,price,qty\n1610064000278,1,hold,10,1\n',
      'prices.csv, line 2, column 3: expected buy or sell, found "hold"',
    ],
  ];
  for (const [text, message] of table) {
    assert.throws(
      () => parse(text),
      (error: unknown) => {
        assert.ok(error instanceof MarketFileError);
        assert.equal(error.message, message);
        assert.equal(error.code, 'MARKET_FILE');
        return true;
      },
      text,
    );
  }
});

test('[X104] a cut or damaged archive is refused', async () => {
  const long =
    PLAIN +
    Array.from(
      { length: 5000 },
      (_, index) =>
        `${1_734_659_640_000 + index * 60_000},${90_000 + ((index * 7919) % 997)},99999,80000,90000,${index % 13}`,
    ).join('\n');
  const gz = gzipSync(long);
  const zip = zipOf([{ name: 'a.csv', text: PLAIN }], 8);
  const damaged = Buffer.from(zip);
  damaged[45] = (damaged[45] ?? 0) ^ 0xff;
  const table: readonly (readonly [name: string, bytes: Buffer, message: RegExp])[] = [
    [
      'cut.csv.gz',
      gz.subarray(0, gz.length / 2),
      /^cut\.csv\.gz, line \d{3,}, column \d: expected the rest of the gzip file, found its end$/,
    ],
    [
      'cut.zip',
      zip.subarray(0, zip.length - 30),
      /^cut\.zip: expected a zip file with its directory, found it cut off$/,
    ],
    [
      'damaged.zip',
      damaged,
      /^damaged\.zip \(a\.csv\): expected (deflated data, found it damaged|\d+ bytes with the archive's checksum, found other content)$/,
    ],
    [
      'two.zip',
      zipOf(
        [
          { name: 'a.csv', text: PLAIN },
          { name: 'b.csv', text: PLAIN },
        ],
        8,
      ),
      /^two\.zip: expected a zip with one CSV file, found 2 files$/,
    ],
  ];
  for (const [name, bytes, message] of table) {
    const path = write(name, bytes);
    await assert.rejects(readMarketFile(path, BTC), (error: unknown) => {
      assert.ok(error instanceof MarketFileError);
      assert.match(error.message, message);
      return true;
    });
  }
  await assert.rejects(
    readMarketFile(join(folder, 'absent.csv'), BTC),
    /expected a readable file, found ENOENT/,
  );
  await assert.rejects(
    readMarketFile(write('noname.csv', PLAIN)),
    /expected a file name with a symbol like BTCUSDT, found none; give SYMBOL=FILE/,
  );
});

test('[X105] symbols come from file names and texts', () => {
  const names: readonly (readonly [string, string | undefined])[] = [
    ['BTC_USDT.csv.gz', 'BTC USDT'],
    ['FILUSDT-1m-2024-10.csv.gz', 'FIL USDT'],
    ['BTCUSDT-trades-2021-01-08.zip', 'BTC USDT'],
    ['binance-XRPETH-aggtrades-20191011.csv.gz', 'XRP ETH'],
    ['BTCUSD-2017.csv.gz', 'BTC USD'],
    ['WBETH_ETH.csv', 'WBETH ETH'],
    ['1000SATSFDUSD-1m.csv', '1000SATS FDUSD'],
    ['prices.csv', undefined],
    ['quotes-2024.csv', undefined],
  ];
  for (const [name, expected] of names) {
    const found = symbolFromFileName(name);
    assert.equal(
      found === undefined ? undefined : `${found.baseAsset} ${found.quoteAsset}`,
      expected,
      name,
    );
  }
  assert.deepEqual(parseSymbol('btc/usdt'), BTC);
  assert.equal(parseSymbol('USDT'), undefined);
  assert.equal(parseSymbol('KONTOR'), undefined);
});

test('[X106] an instrument takes the data’s decimals, or Binance’s listing where the data fits it', () => {
  const listed = inferInstrument(parse(PLAIN));
  assert.equal(listed.minNotional, 50_000_000, 'BTCUSDT as Binance lists it: 5 USDT');
  const odd = parseMarketText('1734659400000,10.5,11.25,9,10.5,1.25\n', 'x.csv', {
    symbol: 'ABCETH',
    baseAsset: 'ABC',
    quoteAsset: 'ETH',
  });
  const inferred = inferInstrument(odd);
  assert.equal(inferred.priceScale, 2);
  assert.equal(inferred.quantityScale, 2);
  assert.equal(inferred.info['symbol'], 'ABCETH');
  const finer = inferInstrument(parse('1734659400000,10.123,11,9,10.5,1\n'));
  assert.equal(finer.priceScale, 3, 'BTCUSDT with finer prices than Binance lists');
});

test('[X107] numbers no instrument can carry are rounded to one that can, and counted', () => {
  const text =
    '1734659400000,13757.12345678,13758,13756,13757.5,0.00000029\n1734659460000,13757.5,13757.5,13757.5,13757.5,2e-7\n';
  const feed = candles(parse(text));
  assert.equal(feed.priceScale, 2);
  assert.equal(feed.quantityScale, 8);
  assert.equal(feed.roundedPrices, 1);
  assert.equal(feed.open[0], 1_375_712);
  assert.deepEqual([...feed.volume], [29, 20]);
  const doubles = parse('1,10,0.00031099999999999997,1,1610064000278,True,True\n');
  assert.ok(
    doubles.kind === 'trades' && doubles.quantityScale === 6 && doubles.quantity[0] === 311,
  );
});

test('[X108] candles at hand make a feed, checked like a file', () => {
  const source = { ...BTC, name: 'store', intervalMs: 60_000 };
  const row = {
    openMs: 1_734_659_400_000,
    open: '10',
    high: '11',
    low: '9',
    close: '10',
    volume: '1',
  };
  const feed = candleFeed(source, [row, { ...row, openMs: row.openMs + 120_000 }]);
  assert.equal(feed.intervalMs, 60_000);
  assert.throws(() => candleFeed(source, [row, row]), /store, row 2: expected an open time after/);
  assert.throws(
    () => candleFeed(source, [row, { ...row, openMs: row.openMs + 1 }]),
    /row 2: expected an open time on the grid of 60000 ms/,
  );
  assert.throws(
    () => candleFeed(source, [{ ...row, high: '8' }]),
    /row 1, column high: expected at least the low 9, found 8/,
  );
});

test(
  '[X109] recorded archives are read whole',
  { skip: existsSync(DATA) ? false : 'no recorded data' },
  async () => {
    const table: readonly (readonly [
      path: string,
      rows: number,
      priceScale: number,
      quantityScale: number,
    ])[] = [
      ['candles/binance-spot-1m/BTC_USDT.csv.gz', 43_246, 2, 5],
      ['candles/binance-usdm-1m-raw/FILUSDT-1m-2024-10.csv.gz', 44_640, 3, 1],
      ['ticks/binance-XRPETH-aggtrades-20191011.csv.gz', 12_477, 8, 0],
      ['ticks/binance-BTCUSDT-trades-20210108.csv.gz', 2001, 2, 6],
    ];
    for (const [path, rows, priceScale, quantityScale] of table) {
      const feed = await readMarketFile(DATA + path);
      const times = feed.kind === 'candles' ? feed.openMs : feed.timeMs;
      assert.deepEqual(
        [times.length, feed.priceScale, feed.quantityScale],
        [rows, priceScale, quantityScale],
        path,
      );
      assert.deepEqual([feed.roundedPrices, feed.roundedQuantities], [0, 0], path);
    }
  },
);
