// SPDX-License-Identifier: Apache-2.0
// How fast the trading machine is: candles through a bot, quotes that change nothing, deals, journals.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  createBot,
  decodeJournal,
  encodeJournal,
  makeInstrument,
  makeSettings,
  priceTicks,
  replay,
  runBacktest,
  step,
  type BacktestInput,
  type BotEvent,
  type BotState,
  type Candles,
  type DcaSettings,
  type Effect,
  type GridSettings,
  type JournalEntry,
} from '../core/src/index.ts';
import type { BenchResult } from './result.ts';

const SEED = 20_221_111;
const MINUTE = 60_000;
const CANDLES = 2_000_000;
/** Walking every point on the engine is slow; a part tells the rate. */
const CANDLES_ON_ENGINE = 200_000;
const QUOTES = 10_000_000;
const DEALS = 5_000;
const REPETITIONS = 5;

const INSTRUMENT = makeInstrument({
  symbol: 'BTCUSDT',
  baseAsset: 'BTC',
  quoteAsset: 'USDT',
  tickSize: '0.01',
  lotSize: '0.00001',
  minPrice: '0.01',
  maxPrice: '1000000',
  minQuantity: '0.00001',
  maxQuantity: '9000',
  minNotional: '5',
  maxNotional: '9000000',
});

/** A bot that trades often: about one candle in forty holds a fill. */
const SETTINGS: DcaSettings = settingsOf();

/** A grid on the same candles: a hundred lines, of which most are passed every day. */
const GRID: GridSettings = makeSettings<GridSettings>('grid', {
  name: 'bench',
  symbols: ['BTCUSDT'],
  lowerPrice: '40000',
  upperPrice: '60000',
  lines: 100,
  spacing: 'geometric',
  quantityPerLine: '500',
  quantityUnit: 'quote',
});

export function run(): BenchResult[] {
  const candles = randomCandles(CANDLES);
  const { rate: fast, fills } = candlesPerSecond(candles, 'fast');
  const { rate: plain } = candlesPerSecond(candles, 'every-point');
  const part = slice(candles, CANDLES_ON_ENGINE);
  const { rate: engine } = candlesPerSecond(part, 'matching-engine');
  const grid = candlesPerSecond(candles, 'fast', GRID);
  const journal = recordDeals();
  return [
    {
      name: `core: candles through a DCA bot, trade log of ${fills} fills kept`,
      value: Math.round(fast),
      unit: 'candles/s',
      target: 1_000_000,
      higherIsBetter: true,
    },
    rateOf('core: the same, every path point walked', plain, 'candles/s'),
    rateOf('core: the same on the matching engine', engine, 'candles/s'),
    rateOf(
      `core: candles through a grid of 100 lines, ${grid.fills} fills kept`,
      grid.rate,
      'candles/s',
    ),
    {
      name: 'core: backtest of 2,000,000 candles with reading the columns from a file',
      value: Math.round(median(REPETITIONS, () => secondsFromFile(candles)) * 1000) / 1000,
      unit: 's',
      target: 2,
      higherIsBetter: false,
    },
    rateOf('core: quotes that change nothing', median(REPETITIONS, quotesPerSecond), 'quotes/s'),
    {
      name: 'core: memory taken by a quote that changes nothing',
      value: Math.round(bytesPerQuote() * 100) / 100,
      unit: 'bytes',
      higherIsBetter: false,
    },
    rateOf('core: deal events with notes', median(REPETITIONS, dealEventsPerSecond), 'events/s'),
    rateOf(
      'core: journal replay, effects compared',
      median(3, () => replayRate(journal)),
      'entries/s',
    ),
    rateOf(
      'core: journal entries encoded',
      median(3, () => encodeRate(journal)),
      'entries/s',
    ),
  ];
}

function rateOf(name: string, value: number, unit: string): BenchResult {
  return { name, value: Math.round(value), unit, higherIsBetter: true };
}

function settingsOf(): DcaSettings {
  return makeSettings<DcaSettings>('dca', {
    name: 'bench',
    symbols: ['BTCUSDT'],
    baseOrderVolume: '100',
    baseOrderType: 'market',
    safetyOrderVolume: '100',
    safetyOrderStep: '0.6',
    maxSafetyOrders: 8,
    maxActiveSafetyOrders: 3,
    volumeScale: '1.2',
    stepScale: '1.1',
    takeProfit: '0.6',
    stopLoss: '12',
    cooldownSeconds: 60,
    maxActiveDeals: 1,
  });
}

/** One-minute candles of a random walk whose steps are about those of a lively coin. */
function randomCandles(rows: number): Candles {
  let state = SEED;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
  const candles: Candles = {
    intervalMs: MINUTE,
    openTime: new Float64Array(rows),
    open: new Int32Array(rows),
    high: new Int32Array(rows),
    low: new Int32Array(rows),
    close: new Int32Array(rows),
    volume: new Float64Array(rows),
  };
  const { openTime, open, high, low, close, volume } = candles;
  let price = 5_000_000;
  for (let row = 0; row < rows; row += 1) {
    const step = (random() + random() + random() - 1.5) * 0.0016;
    // A weak pull to the middle keeps two million steps inside 32 bits.
    const next = price * (1 + step) + (5_000_000 - price) * 0.000_01;
    const first = Math.round(price);
    const last = Math.round(next);
    openTime[row] = 1_577_836_800_000 + row * MINUTE;
    open[row] = first;
    close[row] = last;
    high[row] = Math.max(first, last) + Math.round(random() * price * 0.0006);
    low[row] = Math.min(first, last) - Math.round(random() * price * 0.0006);
    volume[row] = Math.floor(random() * 1_000_000);
    price = next;
  }
  return candles;
}

function slice(candles: Candles, rows: number): Candles {
  return {
    intervalMs: candles.intervalMs,
    openTime: candles.openTime.subarray(0, rows),
    open: candles.open.subarray(0, rows),
    high: candles.high.subarray(0, rows),
    low: candles.low.subarray(0, rows),
    close: candles.close.subarray(0, rows),
    volume: candles.volume.subarray(0, rows),
  };
}

function inputOf(
  candles: Candles,
  walk: NonNullable<BacktestInput['walk']>,
  settings: BacktestInput['settings'] = SETTINGS,
): BacktestInput {
  return {
    settings,
    markets: [{ instrument: INSTRUMENT, candles }],
    path: 'low-first',
    makerFeePpm: 1000,
    takerFeePpm: 1000,
    startBalanceQuote: '100000',
    walk,
  };
}

function candlesPerSecond(
  candles: Candles,
  walk: NonNullable<BacktestInput['walk']>,
  settings: BacktestInput['settings'] = SETTINGS,
): { readonly rate: number; readonly fills: number } {
  let fills = 0;
  const rate = median(walk === 'fast' ? REPETITIONS : 3, () => {
    const started = performance.now();
    const result = runBacktest(inputOf(candles, walk, settings));
    const seconds = (performance.now() - started) / 1000;
    if (result.kind !== 'completed') throw new Error(`the backtest was ${result.kind}`);
    fills = result.fills.length;
    return candles.openTime.length / seconds;
  });
  return { rate, fills };
}

function secondsFromFile(candles: Candles): number {
  const folder = mkdtempSync(join(tmpdir(), 'kontor-bench-core-'));
  try {
    const file = join(folder, 'columns');
    const rows = candles.openTime.length;
    const columns = [
      candles.openTime,
      candles.volume,
      candles.open,
      candles.high,
      candles.low,
      candles.close,
    ];
    writeFileSync(
      file,
      Buffer.concat(columns.map((column) => Buffer.from(column.buffer, 0, column.byteLength))),
    );
    const started = performance.now();
    const { buffer, byteOffset } = readFileSync(file);
    const wide = (index: number): Float64Array =>
      new Float64Array(buffer, byteOffset + index * 8 * rows, rows);
    const narrow = (index: number): Int32Array =>
      new Int32Array(buffer, byteOffset + 16 * rows + index * 4 * rows, rows);
    const result = runBacktest(
      inputOf(
        {
          intervalMs: MINUTE,
          openTime: wide(0),
          volume: wide(1),
          open: narrow(0),
          high: narrow(1),
          low: narrow(2),
          close: narrow(3),
        },
        'fast',
      ),
    );
    if (result.kind !== 'completed') throw new Error(`the backtest was ${result.kind}`);
    return (performance.now() - started) / 1000;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A bot in the middle of a deal, and a venue that fills every order wholly at once. */
class Desk {
  readonly bot: BotState = createBot({
    botId: 'bench',
    clientOrderIdPrefix: 'k1bench-',
    settings: SETTINGS,
    instruments: [INSTRUMENT],
    feeRatePpm: 1000,
  });
  readonly journal: JournalEntry[] = [];
  readonly open: Extract<Effect, { kind: 'placeOrder' }>[] = [];
  readonly #queue: BotEvent[] = [];
  readonly #keepsJournal: boolean;
  events = 0;
  #time = 1_700_000_000_000;
  #trades = 0;

  constructor(keepsJournal: boolean) {
    this.#keepsJournal = keepsJournal;
    this.#deliver({ kind: 'command', time: this.#time, command: { kind: 'start' } });
  }

  quote(ticks: number): BotEvent {
    const quote = {
      bid: priceTicks(ticks - 1),
      ask: priceTicks(ticks + 1),
      last: priceTicks(ticks),
    };
    return { kind: 'quote', time: this.#time, symbol: 'BTCUSDT', quote };
  }

  /** Everything up to a deal with take profit and safety orders on the book. */
  openDeal(): void {
    this.#time += MINUTE;
    this.#deliver({ kind: 'timer', time: this.#time, timer: 'start:BTCUSDT' });
    this.#deliver(this.quote(5_000_000));
    this.#fill('baseOrder');
  }

  closeDeal(): void {
    this.#fill('safetyOrder');
    this.#fill('takeProfit');
  }

  #fill(purpose: string): void {
    const index = this.open.findIndex((effect) => effect.purpose === purpose);
    const order = this.open[index]?.order;
    if (order === undefined) throw new Error(`no ${purpose} is open`);
    this.open.splice(index, 1);
    this.#trades += 1;
    this.#deliver({
      kind: 'orderFilled',
      time: this.#time,
      clientOrderId: order.clientOrderId,
      fill: {
        tradeId: String(this.#trades),
        time: this.#time,
        priceTicks: order.priceTicks,
        quantity: order.quantity,
        commission: 1000n,
        commissionAsset: order.side === 'buy' ? 'BTC' : 'USDT',
        isMaker: true,
      },
    });
  }

  #deliver(event: BotEvent): void {
    this.#queue.push(event);
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      const before = this.bot.version;
      const effects = step(this.bot, next);
      this.events += 1;
      if (this.#keepsJournal && this.bot.version !== before) {
        this.journal.push({ version: this.bot.version, event: next, effects });
      }
      for (const effect of effects) this.#perform(effect);
    }
  }

  #perform(effect: Effect): void {
    if (effect.kind === 'placeOrder') {
      this.open.push(effect);
      const { clientOrderId: id } = effect.order;
      this.#queue.push({
        kind: 'orderAccepted',
        time: this.#time,
        clientOrderId: id,
        exchangeOrderId: 'x',
      });
    }
    if (effect.kind === 'cancelOrder') {
      const index = this.open.findIndex(
        ({ order }) => order.clientOrderId === effect.clientOrderId,
      );
      this.open.splice(index, 1);
      this.#queue.push({
        kind: 'orderEnded',
        time: this.#time,
        clientOrderId: effect.clientOrderId,
        end: 'cancelled',
        filledLots: 0,
      });
    }
  }
}

function quotesPerSecond(): number {
  const desk = new Desk(false);
  desk.openDeal();
  const quotes = Array.from({ length: 64 }, (_, index) => desk.quote(5_000_000 + index));
  const started = performance.now();
  for (let count = 0; count < QUOTES; count += 1) {
    const quote = quotes[count & 63];
    if (quote !== undefined) step(desk.bot, quote);
  }
  return QUOTES / ((performance.now() - started) / 1000);
}

function bytesPerQuote(): number {
  const desk = new Desk(false);
  desk.openDeal();
  const quote = desk.quote(5_000_000);
  const rounds = 1_000_000;
  for (let count = 0; count < rounds; count += 1) step(desk.bot, quote);
  const before = process.memoryUsage().heapUsed;
  for (let count = 0; count < rounds; count += 1) step(desk.bot, quote);
  return Math.max(0, process.memoryUsage().heapUsed - before) / rounds;
}

function dealEventsPerSecond(): number {
  const desk = new Desk(false);
  const started = performance.now();
  for (let deal = 0; deal < DEALS; deal += 1) {
    desk.openDeal();
    desk.closeDeal();
  }
  return desk.events / ((performance.now() - started) / 1000);
}

interface Recorded {
  readonly first: string;
  readonly entries: readonly JournalEntry[];
}

function recordDeals(): Recorded {
  const desk = new Desk(true);
  for (let deal = 0; deal < DEALS / 10; deal += 1) {
    desk.openDeal();
    desk.closeDeal();
  }
  const fresh = createBot({
    botId: 'bench',
    clientOrderIdPrefix: 'k1bench-',
    settings: SETTINGS,
    instruments: [INSTRUMENT],
    feeRatePpm: 1000,
  });
  return { first: encodeJournal(fresh), entries: desk.journal };
}

function replayRate({ first, entries }: Recorded): number {
  const initial = decodeJournal<BotState>(first);
  const started = performance.now();
  const state = replay(initial, entries);
  if (state.version !== entries.at(-1)?.version) throw new Error('the replay stopped early');
  return entries.length / ((performance.now() - started) / 1000);
}

function encodeRate({ entries }: Recorded): number {
  const started = performance.now();
  let length = 0;
  for (const entry of entries) length += encodeJournal(entry).length;
  if (length === 0) throw new Error('nothing was encoded');
  return entries.length / ((performance.now() - started) / 1000);
}

function median(repetitions: number, measure: () => number): number {
  const values = Array.from({ length: repetitions }, measure);
  return values.toSorted((left, right) => left - right)[Math.floor(repetitions / 2)] ?? 0;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const { name, value, unit } of run()) process.stdout.write(`${name}: ${value} ${unit}\n`);
}
