// SPDX-License-Identifier: Apache-2.0
// A random bot of some kind on random markets, and what people ask of it while they go, as plain data: for a backtest,
// and for a desk that is to do the same.

import assert from 'node:assert/strict';
import {
  checkSettings,
  makeInstrument,
  parseSettings,
  priceTicks,
  runBacktest,
  type BacktestInput,
  type BacktestReport,
  type BotCommand,
  type BotSettings,
  type CandlePath,
  type Candles,
  type Instrument,
  type SignalAction,
  type TimedCommand,
  type TimedSignal,
} from '../src/index.ts';
import { randomTriggers } from './random-conditions.ts';
import { randomSettings, type Dice, type PricedSymbol, type Settings } from './random-settings.ts';

export const MINUTE_MS = 60_000;
/** The times of a candle's points within it. */
const POINTS: readonly number[] = [0, MINUTE_MS / 3, (2 * MINUTE_MS) / 3, MINUTE_MS - 1];

const TRIES_MAX = 400;
/** Bots are drawn anew until one fills so many orders. */
const FILLS_MIN = 3;
const DRAWS_MAX = 8;

/** What a bot of each kind trades on. */
export const BOT_KINDS: readonly {
  readonly kind: BotSettings['kind'];
  readonly markets: number;
}[] = [
  { kind: 'dca', markets: 1 },
  { kind: 'dca', markets: 3 },
  { kind: 'grid', markets: 1 },
  { kind: 'smartTrade', markets: 1 },
  { kind: 'smartTrade', markets: 1 },
  { kind: 'smartTrade', markets: 1 },
  { kind: 'signal', markets: 2 },
  { kind: 'rebalance', markets: 3 },
];

export interface RandomMarket {
  readonly symbol: string;
  readonly instrument: Instrument;
  /** Candles right before those that are walked. */
  readonly warmUp: Candles;
  readonly candles: Candles;
}

/** A bot with markets and money of its own. */
export interface RandomBot {
  readonly settings: BotSettings;
  readonly markets: readonly RandomMarket[];
  readonly quoteAsset: string;
  readonly quote: string;
  /** Coins there are at the start, by asset. */
  readonly coins: Readonly<Record<string, string>>;
  readonly wishes: readonly Wish[];
}

/** What is asked of a bot after everything else of the point at `time`. */
export interface Wish {
  readonly time: number;
  readonly ask:
    | {
        readonly kind: 'command';
        readonly command: BotCommand;
        /** Of one that changes settings: what a person changes in them. */
        readonly changes?: Settings;
      }
    | { readonly kind: 'signal'; readonly symbol: string; readonly given: Settings };
}

/** Where a bot trades and by which terms. */
export interface BotTerms {
  readonly feePpm: { readonly maker: number; readonly taker: number };
  readonly path: CandlePath;
  /** Of every point of its markets. */
  readonly times: readonly number[];
}

/** Fees, a path, and the times of the points of `candles` minutes from `startMs` on. */
export function randomTerms(random: Dice, startMs: number, candles: number): BotTerms {
  const fees = [
    { maker: 1_000, taker: 1_000 },
    { maker: 0, taker: 750 },
    { maker: 200, taker: 500 },
  ];
  const feePpm = fees[random.below(fees.length)] ?? { maker: 1_000, taker: 1_000 };
  const path = random.chance(0.5) ? 'low-first' : 'high-first';
  const times = Array.from({ length: candles }, (_, index) =>
    POINTS.map((offset) => startMs + index * MINUTE_MS + offset),
  ).flat();
  return { feePpm, path, times };
}

/** What a backtest of `bot` is given. */
export function backtestInput(
  terms: Pick<BotTerms, 'feePpm' | 'path'>,
  bot: RandomBot,
): BacktestInput {
  const commands: TimedCommand[] = [];
  const signals: TimedSignal[] = [];
  for (const { time, ask } of bot.wishes) {
    if (ask.kind === 'command') commands.push({ time, command: ask.command });
    else signals.push({ time, symbol: ask.symbol, signal: signalOf(ask.given) });
  }
  return {
    settings: bot.settings,
    markets: bot.markets.map(({ instrument, candles, warmUp }) => ({
      instrument,
      candles,
      warmUp,
    })),
    path: terms.path,
    makerFeePpm: terms.feePpm.maker,
    takerFeePpm: terms.feePpm.taker,
    startBalanceQuote: bot.quote,
    startBalances: bot.coins,
    commands,
    signals,
  };
}

/** Runs the backtest of `bot`; a refusal fails the test. */
export function backtestOf(
  terms: Pick<BotTerms, 'feePpm' | 'path'>,
  bot: RandomBot,
): BacktestReport {
  const result = runBacktest(backtestInput(terms, bot));
  assert.ok(result.kind === 'completed', JSON.stringify(result));
  return result;
}

interface BotFrame extends BotTerms {
  readonly kind: BotSettings['kind'];
  readonly markets: readonly RandomMarket[];
  readonly quoteAsset: string;
}

/** A bot that trades; after a few tries one that does not will do as well. */
export function randomBot(random: Dice, frame: BotFrame): RandomBot {
  for (let tries = 1; ; tries += 1) {
    const bot = anyBot(random, frame);
    if (tries === DRAWS_MAX || backtestOf(frame, bot).fills.length >= FILLS_MIN) return bot;
  }
}

function anyBot(random: Dice, frame: BotFrame): RandomBot {
  const { quoteAsset } = frame;
  const settings = validSettings(random, frame);
  const markets = frame.markets.filter(({ symbol }) => settings.symbols.includes(symbol));
  const coins: Record<string, string> = {};
  for (const { instrument, candles } of markets) {
    const price = priceOf(instrument, candles.open[0] ?? 1);
    const worth = random.chance(0.75) ? 5_000 : 0;
    coins[instrument.baseAsset] = (worth / price).toFixed(instrument.quantityScale);
  }
  const quote = String(random.chance(0.15) ? 150 + random.below(400) : 20_000);
  let bot: RandomBot = { settings, markets, quoteAsset, quote, coins, wishes: [] };
  for (const time of wishTimes(random, { ...frame, markets })) {
    const ask = time === frame.times[0] ? START : randomAsk(random, frame, bot, time);
    if (ask !== null) bot = { ...bot, wishes: [...bot.wishes, { time, ask }] };
  }
  const end = frame.times.at(-1) ?? 0;
  const stop = { kind: 'stop', deals: 'cancel' } as const;
  return {
    ...bot,
    wishes: [...bot.wishes, { time: end, ask: { kind: 'command', command: stop } }],
  };
}

const START: Wish['ask'] = { kind: 'command', command: { kind: 'start' } };

/** Whether `market` has a point at `time`, which is one of the plan's. */
export function isOpenAt({ candles }: RandomMarket, time: number): boolean {
  return candles.openTime.includes(time - (time % MINUTE_MS));
}

/** Signal bots hear something every other minute, the others are left alone for longer. */
function wishTimes(random: Dice, { kind, times, markets }: BotFrame): readonly number[] {
  const share = kind === 'signal' ? 0.12 : 0.035;
  const last = times.length - 1;
  return times.filter(
    (time, index) =>
      index === 0 ||
      (index < last && random.chance(share) && markets.some((market) => isOpenAt(market, time))),
  );
}

function validSettings(random: Dice, { kind, markets, feePpm }: BotFrame): BotSettings {
  const priced: PricedSymbol[] = markets.map(({ symbol, instrument, candles }) => ({
    symbol,
    price: priceOf(instrument, candles.open[0] ?? 1),
  }));
  const prices = Object.fromEntries(
    markets.map(({ symbol, candles }) => [symbol, priceTicks(candles.open[0] ?? 1)]),
  );
  const instruments = markets.map(({ instrument }) => instrument);
  // A close before a gap is told by a desk that trades elsewhere meanwhile, and never by a backtest.
  const mayHaveConditions = kind === 'dca' && markets.every((market) => !hasGaps(market));
  const fee = Math.max(feePpm.maker, feePpm.taker);
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const parsed = parseSettings({
      ...randomSettings(random, priced, `random ${kind}`, kind),
      ...(mayHaveConditions && random.chance(0.5) ? randomTriggers(random) : {}),
    });
    if (!parsed.ok) continue;
    const { settings } = parsed;
    const isWide = settings.symbols.length > 1 || markets.length === 1;
    if (isWide && checkSettings(settings, instruments, prices, fee).length === 0) return settings;
  }
  return assert.fail(`no settings of the kind ${kind} that could trade were found`);
}

function hasGaps({ candles: { openTime } }: RandomMarket): boolean {
  return (openTime.at(-1) ?? 0) - (openTime[0] ?? 0) !== (openTime.length - 1) * MINUTE_MS;
}

/** What a bot may be asked at `time`, given how its backtest stands there; null where nothing makes sense. */
function randomAsk(
  random: Dice,
  frame: BotFrame,
  bot: RandomBot,
  time: number,
): Wish['ask'] | null {
  const { settings, markets } = bot;
  const [first] = random.shuffled(settings.symbols);
  const symbol = first ?? '';
  const isForSignal =
    settings.kind === 'signal' ||
    (settings.kind === 'dca' &&
      [settings.startTrigger, settings.safetyOrderTrigger, settings.closeTrigger].includes(
        'signal',
      ));
  if (isForSignal && random.chance(settings.kind === 'signal' ? 0.85 : 0.6)) {
    return { kind: 'signal', symbol, given: randomSignal(random, settings, time) };
  }
  const command = (given: BotCommand): Wish['ask'] => ({ kind: 'command', command: given });
  const draw = random.below(100);
  if (draw < 8) return command({ kind: 'stop' });
  if (draw < 22) return START;
  if (draw < 26) {
    return command({ kind: 'stop', deals: random.chance(0.5) ? 'close' : 'cancel' });
  }
  if (draw < 30) {
    return command({ kind: random.chance(0.5) ? 'closeAllDeals' : 'cancelAllDeals' });
  }
  if (draw < 42 && settings.kind === 'dca' && settings.startConditions === undefined) {
    return command({
      kind: 'startDeal',
      symbol,
      skipConditions: random.chance(0.7),
      skipLimits: random.chance(0.5),
      onlyWhileRunning: false,
      conditions: 'none',
      readings: [],
    });
  }
  if (draw >= 96 && !isEdited(bot)) return editOf(random, bot, null);
  const open = backtestOf(frame, bot).deals.filter(
    ({ openedTime, closedTime }) => openedTime < time && (closedTime === 0 || closedTime > time),
  );
  const deal = open[random.below(open.length)];
  if (deal === undefined) return null;
  const { dealId } = deal;
  const market = markets.find((candidate) => candidate.symbol === deal.symbol);
  assert.ok(market !== undefined);
  if (draw < 50) return command({ kind: random.chance(0.6) ? 'closeDeal' : 'cancelDeal', dealId });
  if (draw < 82) return command(randomManual(random, market, dealId, time));
  if (draw < 88) return command({ kind: 'closeStep', dealId, step: 1 + random.below(3) });
  if (draw < 90) {
    const of = random.chance(0.5) ? 'entry' : 'takeProfit';
    return command({ kind: 'cancelStep', dealId, of, step: 1 + random.below(3) });
  }
  if (draw < 92 || isEdited(bot)) return command({ kind: 'forceEntry', dealId });
  return editOf(random, bot, dealId);
}

/** Settings are changed once: what a deal has kept of them is known then. */
function isEdited({ wishes }: RandomBot): boolean {
  return wishes.some(({ ask }) => ask.kind === 'command' && ask.changes !== undefined);
}

/** New settings for a deal, or for the bot; null where nothing of the kind may change. */
function editOf(random: Dice, bot: RandomBot, dealId: number | null): Wish['ask'] | null {
  const { settings, markets } = bot;
  const changes = changesOf(random, settings, dealId !== null);
  const parsed = parseSettings({ ...settings, ...changes });
  if (changes === null || !parsed.ok) return null;
  const instruments = markets.map(({ instrument }) => instrument);
  const changed = parsed.settings;
  return {
    kind: 'command',
    changes,
    command:
      dealId === null
        ? { kind: 'editSettings', settings: changed, instruments }
        : { kind: 'editDeal', dealId, settings: changed },
  };
}

function changesOf(random: Dice, settings: BotSettings, isOfDeal: boolean): Settings | null {
  switch (settings.kind) {
    case 'dca':
      if (settings.takeProfit === undefined || Number(settings.reinvest) > 0) return null;
      return isOfDeal || random.chance(0.5)
        ? { takeProfit: (Number(settings.takeProfit) * (0.6 + random.unit())).toFixed(2) }
        : { cooldownSeconds: random.below(300) };
    case 'grid':
      return isOfDeal ? { maxActiveBuyLines: 1 + random.below(6) } : null;
    case 'smartTrade':
      return settings.takeProfit.length === 1 && isOfDeal
        ? {
            takeProfit: [{ price: { kind: 'percent', percent: (0.1 + random.unit()).toFixed(2) } }],
          }
        : null;
    case 'signal':
      return isOfDeal ? null : { maxPositions: 1 + random.below(3), minProfit: '0.05' };
    case 'rebalance':
      return isOfDeal ? null : { minTrade: (6 + 20 * random.unit()).toFixed(2) };
  }
}

function randomManual(
  random: Dice,
  { instrument, candles }: RandomMarket,
  dealId: number,
  time: number,
): BotCommand {
  const kind = random.chance(0.6) ? 'addFunds' : 'reduceFunds';
  const row = Math.floor((time - (candles.openTime[0] ?? 0)) / MINUTE_MS);
  const ticks = candles.close[Math.max(0, row - 1)] ?? 1;
  const away = kind === 'addFunds' ? 1 - 0.006 * random.unit() : 1 + 0.006 * random.unit();
  const price = priceOf(instrument, Math.max(1, Math.round(ticks * away)));
  const value = (15 + 120 * random.unit()).toFixed(2);
  const isLimit = random.chance(0.5);
  return {
    kind,
    dealId,
    order: {
      amount: random.chance(0.8)
        ? { kind: 'quote', value }
        : {
            kind: 'base',
            value: (Number(value) / price).toFixed(Math.max(0, instrument.quantityScale)),
          },
      ...(isLimit ? { price: price.toFixed(instrument.priceScale) } : {}),
    },
  };
}

const SIGNAL_BOT_ACTIONS: readonly SignalAction[] = [
  'enterLong',
  'enterLong',
  'enterLong',
  'enterShort',
  'enterShort',
  'exitLong',
  'exitShort',
  'reverse',
];
const DCA_ACTIONS: readonly SignalAction[] = ['start', 'start', 'safetyOrder', 'close'];

function randomSignal(random: Dice, settings: BotSettings, time: number): Settings {
  const actions = settings.kind === 'signal' ? SIGNAL_BOT_ACTIONS : DCA_ACTIONS;
  return {
    action: actions[random.below(actions.length)],
    id: `${settings.name} ${time}`,
    sentTime: time,
    ...(settings.kind === 'signal' && random.chance(0.15)
      ? { size: { kind: 'position', percent: String(20 + random.below(60)) } }
      : {}),
  };
}

/** A signal without conditions beside it, as a person hands it to a bot that has none of its own. */
function signalOf(given: Settings): TimedSignal['signal'] {
  return {
    ...(given as Pick<TimedSignal['signal'], 'action'>),
    source: 'person',
    conditions: 'none',
    readings: [],
  };
}

/** A symbol, its rules, and candles of a walk that is drawn back to where it began. */
export function randomMarket(
  random: Dice,
  asset: { readonly base: string; readonly quote: string },
  length: { readonly startMs: number; readonly history: number; readonly candles: number },
): RandomMarket & { readonly after: Candles } {
  const decimals = [2, 3, 4][random.below(3)] ?? 2;
  const first = Math.round(10 ** decimals * (2 + 400 * random.unit() ** 3)) + 4_000;
  // A lot is worth less than one of the quote asset, or small orders could not be made of whole lots.
  const lotDecimals = Math.ceil(Math.log10(first / 10 ** decimals) + 1.5 * random.unit());
  const sway = 0.0015 + 0.009 * random.unit() ** 2;
  const gaps = random.chance(0.2) ? 0.03 : 0;
  const rows: number[][] = [];
  let ticks = first;
  const { history, candles: walked, startMs } = length;
  for (let index = -history; index <= walked; index += 1) {
    const gap = random.chance(0.3) ? Math.round(ticks * sway * 0.2 * random.gaussian()) : 0;
    const back = ((first - ticks) / ticks) * 0.06;
    const open = Math.max(500, ticks + gap);
    const close = Math.max(500, Math.round(open * (1 + back + sway * random.gaussian())));
    const wick = (): number => Math.floor(open * sway * random.unit());
    const high = Math.max(open, close) + wick();
    const low = Math.max(400, Math.min(open, close) - wick());
    ticks = close;
    // Now and then a recording has no candle; the first and the last that are walked are there.
    if (index > 0 && index < walked - 1 && random.chance(gaps)) continue;
    const lots = 4 + random.below(100_000);
    rows.push([startMs + index * MINUTE_MS, open, high, low, close, lots]);
  }
  const column = (from: number, to: number | undefined, place: number): Float64Array =>
    Float64Array.from(rows.slice(from, to), (row) => row[place] ?? 0);
  const columns = (from: number, to?: number): Candles => ({
    intervalMs: MINUTE_MS,
    openTime: column(from, to, 0),
    open: column(from, to, 1),
    high: column(from, to, 2),
    low: column(from, to, 3),
    close: column(from, to, 4),
    volume: column(from, to, 5),
  });
  const step = (digits: number): string => (1 / 10 ** digits).toFixed(digits);
  const symbol = `${asset.base}${asset.quote}`;
  const highest = Math.max(...rows.map((row) => row[2] ?? 0)) / 10 ** decimals;
  return {
    symbol,
    instrument: makeInstrument({
      symbol,
      baseAsset: asset.base,
      quoteAsset: asset.quote,
      tickSize: step(decimals),
      lotSize: step(lotDecimals),
      minPrice: step(decimals),
      maxPrice: highest < 1000 ? '10000' : '1000000',
      minQuantity: step(lotDecimals),
      maxQuantity: '90000000',
      minNotional: '5',
      maxNotional: '900000',
      takesPairs: true,
    }),
    warmUp: columns(0, history),
    candles: columns(history, -1),
    after: columns(-1),
  };
}

function priceOf({ tickUnits, priceScale }: Instrument, ticks: number): number {
  return (ticks * tickUnits) / 10 ** priceScale;
}
