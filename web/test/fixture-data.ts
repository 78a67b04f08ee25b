// SPDX-License-Identifier: Apache-2.0
// A made-up desk: four instruments, six bots, their deals of some days, always the same for the same seed.

import { makeSettings } from '@kontor/core';
import type { Balance, Bot, Connection, DcaSettings, Deal, Desk, Fill, Health, Instrument, LadderStep, Note, Order, Reconciliation, Risk, Totals } from '../src/api/types.ts'; // prettier-ignore

export type CandleRow = readonly [number, string, string, string, string, string];

export interface FixtureData {
  readonly desk: Desk;
  readonly health: Health;
  readonly balances: readonly Balance[];
  readonly reconciliation: Reconciliation;
  /** The desk's own, and of one bot. */
  readonly risk: readonly Risk[];
  readonly connections: Connection[];
  readonly bots: Bot[];
  /** Newest first. */
  readonly deals: Deal[];
  /** Newest first. */
  readonly notes: Note[];
  /** One-minute candles by symbol, oldest first. */
  readonly candles: ReadonlyMap<string, CandleRow[]>;
}

/** Now on the fixture's market clock. */
export const MARKET_NOW: number = Date.UTC(2026, 10, 20, 14, 30);
const MINUTE_MS = 60_000;

/** An orphan that waits, one that is done with, a stranger's order, and findings of every weight. */
const RECONCILIATION: Reconciliation = {
  sweptAt: MARKET_NOW,
  fault: null,
  foreignCount: 1,
  foreignOrders: [
    {
      symbol: 'BTCUSDT',
      clientOrderId: 'web_0815',
      exchangeOrderId: '91',
      side: 'sell',
      price: '99000',
      quantity: '0.01',
      filledQuantity: '0',
      placedAt: MARKET_NOW - MINUTE_MS,
    },
  ],
  orphans: [
    {
      id: '2',
      symbol: 'BTCUSDT',
      clientOrderId: 'k1abcd9-7-3',
      exchangeOrderId: '90',
      side: 'buy',
      price: '87000.5',
      quantity: '0.012',
      filledQuantity: '0.002',
      placedAt: MARKET_NOW - 5 * MINUTE_MS,
      orderState: 'open',
      state: 'shown',
      reason: 'olderStore',
      dealId: '9-7',
      firstSeenAt: MARKET_NOW - MINUTE_MS,
      updatedAt: MARKET_NOW - MINUTE_MS,
    },
    {
      id: '1',
      symbol: 'BTCUSDT',
      clientOrderId: 'k1abcd9-7-2',
      exchangeOrderId: '89',
      side: 'sell',
      price: '90000',
      quantity: '0.01',
      filledQuantity: '0',
      placedAt: MARKET_NOW - 9 * MINUTE_MS,
      orderState: 'cancelled',
      state: 'cancelled',
      reason: 'olderStore',
      dealId: '9-7',
      firstSeenAt: MARKET_NOW - 8 * MINUTE_MS,
      updatedAt: MARKET_NOW - 7 * MINUTE_MS,
    },
  ],
  findings: [
    {
      sequence: 3,
      time: MARKET_NOW - MINUTE_MS,
      lastTime: MARKET_NOW,
      count: 4,
      code: 'balanceUnexplained',
      values: { asset: 'USDT', expected: '100', found: '60', difference: '-40' },
    },
    {
      sequence: 2,
      time: MARKET_NOW - 2 * MINUTE_MS,
      lastTime: MARKET_NOW - 2 * MINUTE_MS,
      count: 1,
      code: 'transfer',
      values: { asset: 'USDT', amount: '25.5' },
    },
    {
      sequence: 1,
      time: MARKET_NOW - 3 * MINUTE_MS,
      lastTime: MARKET_NOW - 3 * MINUTE_MS,
      count: 1,
      code: 'somethingNewer',
      values: { asset: 'USDT' },
    },
  ],
};
/** The desk within its limits, and a bot that lost too much today. */
const RISK: readonly Risk[] = [
  {
    scope: 'desk',
    limits: {
      maxExposure: [{ asset: 'USDT', amount: '6000' }],
      maxOpenOrders: 120,
      dailyLoss: [{ asset: 'USDT', amount: '150' }],
    },
    state: 'active',
    cause: 'none',
    values: {},
    since: null,
    until: null,
    exposure: [{ asset: 'USDT', amount: '3415.2284' }],
    openOrders: 34,
    realisedToday: [{ asset: 'USDT', amount: '11.4271' }],
  },
  {
    scope: 'bot:3',
    limits: { maxExposure: [], dailyLoss: [{ asset: 'USDT', amount: '20' }] },
    state: 'reducing',
    cause: 'dailyLoss',
    values: { asset: 'USDT', limit: '20', loss: '21.0342' },
    since: MARKET_NOW - 40 * MINUTE_MS,
    until: Date.UTC(2026, 10, 21),
    exposure: [{ asset: 'USDT', amount: '180.11' }],
    openOrders: 3,
    realisedToday: [{ asset: 'USDT', amount: '-21.0342' }],
  },
];
const CANDLES = 4 * 1440;
const FEE = 0.001;

interface Walk {
  readonly symbol: string;
  readonly baseAsset: string;
  readonly priceDecimals: number;
  readonly quantityDecimals: number;
  readonly start: number;
  readonly volatility: number;
  readonly volume: number;
}

const WALKS: readonly Walk[] = [
  { symbol: 'BTCUSDT', baseAsset: 'BTC', priceDecimals: 2, quantityDecimals: 5, start: 94_180, volatility: 0.00035, volume: 14 },
  { symbol: 'ETHUSDT', baseAsset: 'ETH', priceDecimals: 2, quantityDecimals: 4, start: 3_312, volatility: 0.00045, volume: 160 },
  { symbol: 'SOLUSDT', baseAsset: 'SOL', priceDecimals: 2, quantityDecimals: 3, start: 187.4, volatility: 0.0006, volume: 900 },
  { symbol: 'XRPUSDT', baseAsset: 'XRP', priceDecimals: 4, quantityDecimals: 1, start: 2.3145, volatility: 0.0007, volume: 60_000 },
]; // prettier-ignore

type Settings = DcaSettings;
type Given = Partial<Omit<Settings, 'kind'>>;

const COMMON = {
  baseOrderType: 'market',
  maxSlippage: '1',
  cooldownSeconds: 120,
} as const;

const GIVEN: readonly { readonly id: string; readonly settings: Given; readonly trouble?: true; readonly isStopped?: true }[] = [
  { id: '1', settings: { ...COMMON, name: 'BTC steady', symbols: ['BTCUSDT'], baseOrderVolume: '120', safetyOrderVolume: '120', safetyOrderStep: '0.6', maxSafetyOrders: 6, maxActiveSafetyOrders: 3, volumeScale: '1.2', stepScale: '1.15', takeProfit: '0.8', stopLoss: '9', maxActiveDeals: 1 } },
  { id: '2', settings: { ...COMMON, name: 'ETH ladder', symbols: ['ETHUSDT'], baseOrderVolume: '80', safetyOrderVolume: '100', safetyOrderStep: '0.5', maxSafetyOrders: 8, maxActiveSafetyOrders: 4, volumeScale: '1.35', stepScale: '1.2', takeProfit: '0.6', maxActiveDeals: 1 } },
  { id: '3', settings: { ...COMMON, name: 'SOL quick', symbols: ['SOLUSDT'], baseOrderVolume: '60', safetyOrderVolume: '60', safetyOrderStep: '0.4', maxSafetyOrders: 4, maxActiveSafetyOrders: 2, volumeScale: '1.1', stepScale: '1', takeProfit: '0.5', stopLoss: '4.5', maxActiveDeals: 1, cooldownSeconds: 30 } },
  { id: '4', trouble: true, settings: { ...COMMON, name: 'XRP deep', symbols: ['XRPUSDT'], baseOrderVolume: '50', safetyOrderVolume: '75', safetyOrderStep: '0.7', maxSafetyOrders: 7, maxActiveSafetyOrders: 7, volumeScale: '1.5', stepScale: '1.3', takeProfit: '1.2', maxActiveDeals: 1 } },
  { id: '5', settings: { ...COMMON, name: 'Majors basket, slow and wide for the weekend', symbols: ['BTCUSDT', 'ETHUSDT', 'SOLUSDT'], baseOrderVolume: '40', safetyOrderVolume: '40', safetyOrderStep: '1.1', maxSafetyOrders: 5, maxActiveSafetyOrders: 2, volumeScale: '1.25', stepScale: '1.3', takeProfit: '1.4', maxActiveDeals: 3 } },
  { id: '6', isStopped: true, settings: { ...COMMON, name: 'XRP rest', symbols: ['XRPUSDT'], baseOrderVolume: '25', safetyOrderVolume: '25', safetyOrderStep: '1', maxSafetyOrders: 3, maxActiveSafetyOrders: 1, volumeScale: '1', stepScale: '1', takeProfit: '2', maxActiveDeals: 1 } },
]; // prettier-ignore

const BOTS = GIVEN.map((bot) => ({
  ...bot,
  settings: makeSettings<Settings>('dca', { ...COMMON, ...bot.settings }),
}));

/** The desk for `seed`; with `dealCount` its closed deals are copied until there are that many in all. */
export function makeFixtureData(seed: number, dealCount = 0): FixtureData {
  const random = makeRandom(seed);
  const instruments = WALKS.map(toInstrument);
  const candles = new Map(WALKS.map((walk) => [walk.symbol, makeCandles(walk, random)]));
  const notes: Note[] = [];
  const deals: Deal[] = [];
  for (const bot of BOTS) {
    let number = 0;
    for (const symbol of bot.settings.symbols) {
      const rows = candles.get(symbol) ?? [];
      const found = trade({
        bot,
        symbol,
        rows,
        firstNumber: number + 1,
        notes,
        until: bot.isStopped === true ? Math.floor(rows.length * 0.6) : rows.length,
      });
      number += found.length;
      deals.push(...found);
    }
  }
  deals.sort((left, right) => right.openedAt - left.openedAt);
  notes.sort((left, right) => left.time - right.time);
  const ordered = notes.map((note, index) => ({ ...note, sequence: index + 1 })).toReversed();
  if (dealCount > deals.length) multiply(deals, dealCount);
  return {
    desk: {
      name: 'Workshop',
      version: '0.1.0',
      market: {
        kind: 'synthetic',
        label: `seed ${seed}`,
        isSimulated: true,
        speed: 1,
        marketTime: MARKET_NOW,
        hasEnded: false,
      },
      instruments,
      quoteAsset: 'USDT',
      feeRatePpm: 1_000,
    },
    health: makeHealth(),
    reconciliation: RECONCILIATION,
    balances: [
      { asset: 'USDT', free: '8123.44180000', locked: '1876.12000000' },
      { asset: 'BTC', free: '0.00000123', locked: '0.01284000' },
      { asset: 'ETH', free: '0.00004100', locked: '0.18220000' },
      { asset: 'SOL', free: '0.00080000', locked: '1.28800000' },
      { asset: 'XRP', free: '0.04000000', locked: '118.60000000' },
    ],
    risk: RISK,
    connections: makeConnections(),
    bots: BOTS.map((bot) => toBot(bot, deals)),
    deals,
    notes: ordered,
    candles,
  };
}

export function makeTotals(data: Pick<FixtureData, 'deals' | 'bots'>): Totals {
  const closed = data.deals.filter((deal) => deal.closedAt !== null).toReversed();
  closed.sort((left, right) => (left.closedAt ?? 0) - (right.closedAt ?? 0));
  let sum = 0;
  const curve = closed.map((deal): [number, string] => {
    sum += Number(deal.realisedProfit);
    return [deal.closedAt ?? 0, sum.toFixed(8)];
  });
  const open = data.deals.filter((deal) => deal.closedAt === null);
  return {
    quoteAsset: 'USDT',
    realisedProfit: sum.toFixed(8),
    unrealisedProfit: total(open, (deal) => deal.unrealisedProfit),
    fundsInUse: total(open, (deal) => deal.cost),
    activeDeals: open.length,
    completedDeals: closed.length,
    runningBots: data.bots.filter((bot) => bot.state === 'running').length,
    profitCurve: curve.slice(-500),
  };
}

/** The running deal as it stands at another price. */
export function atPrice(deal: Deal, price: number): Deal {
  const quantity = Number(deal.quantity);
  const cost = Number(deal.cost);
  const profit = quantity * price * (1 - FEE) - cost;
  return {
    ...deal,
    lastPrice: price.toFixed(walkOf(deal.symbol).priceDecimals),
    unrealisedProfit: profit.toFixed(8),
    unrealisedProfitPercent: cost === 0 ? '0' : ((profit / cost) * 100).toFixed(4),
  };
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function makeRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function walkOf(symbol: string): Walk {
  const walk = WALKS.find((each) => each.symbol === symbol);
  if (walk === undefined) throw new Error(`expected a symbol of the fixture, found ${symbol}`);
  return walk;
}

function toInstrument(walk: Walk): Instrument {
  return {
    symbol: walk.symbol,
    baseAsset: walk.baseAsset,
    quoteAsset: 'USDT',
    priceDecimals: walk.priceDecimals,
    quantityDecimals: walk.quantityDecimals,
    tickSize: (10 ** -walk.priceDecimals).toFixed(walk.priceDecimals),
    lotSize: (10 ** -walk.quantityDecimals).toFixed(walk.quantityDecimals),
    minPrice: (10 ** -walk.priceDecimals).toFixed(walk.priceDecimals),
    maxPrice: '1000000',
    minQuantity: (10 ** -walk.quantityDecimals).toFixed(walk.quantityDecimals),
    maxQuantity: '9000000',
    minNotional: '5',
    maxNotional: '9000000',
    takesPairs: true,
  };
}

function makeCandles(walk: Walk, random: () => number): CandleRow[] {
  const rows: CandleRow[] = [];
  const gauss = (): number => random() + random() + random() + random() - 2;
  let close = walk.start;
  let drift = 0;
  for (let index = 0; index < CANDLES; index += 1) {
    // A pull back to the start keeps the walk near its price for days.
    drift =
      drift * 0.985 +
      gauss() * walk.volatility * 0.12 +
      ((walk.start - close) / walk.start) * 0.0004;
    const open = close;
    close = open * (1 + drift + gauss() * walk.volatility);
    const high = Math.max(open, close) * (1 + random() * walk.volatility * 0.6);
    const low = Math.min(open, close) * (1 - random() * walk.volatility * 0.6);
    const price = (value: number): string => value.toFixed(walk.priceDecimals);
    rows.push([
      MARKET_NOW - (CANDLES - 1 - index) * MINUTE_MS,
      price(open),
      price(high),
      price(low),
      price(close),
      (walk.volume * (0.3 + random() * random() * 3)).toFixed(walk.quantityDecimals),
    ]);
  }
  return rows;
}

interface Trading {
  readonly bot: (typeof BOTS)[number];
  readonly symbol: string;
  readonly rows: readonly CandleRow[];
  readonly firstNumber: number;
  readonly notes: Note[];
  readonly until: number;
}

interface OpenDeal {
  readonly id: string;
  readonly number: number;
  readonly openedAt: number;
  readonly basePrice: number;
  readonly ladder: LadderStep[];
  readonly orders: Order[];
  readonly fills: Fill[];
  cost: number;
  quantity: number;
  takeProfit: number;
  filledSafetyOrders: number;
}

/** Trades the candles roughly the way a DCA bot does; enough for a desk to look lived in. */
function trade({ bot, symbol, rows, firstNumber, notes, until }: Trading): Deal[] {
  const walk = walkOf(symbol);
  const { settings } = bot;
  const done: Deal[] = [];
  let open: OpenDeal | null = null;
  let mayOpenAt = rows[1500 + firstNumber * 30]?.[0] ?? 0;
  const price = (value: number): string => value.toFixed(walk.priceDecimals);
  const quantity = (value: number): string => value.toFixed(walk.quantityDecimals);
  const lots = (value: number): number =>
    Math.ceil(value * 10 ** walk.quantityDecimals) / 10 ** walk.quantityDecimals;
  const stopLoss = settings.stopLoss === undefined ? null : Number(settings.stopLoss);

  const note = (
    deal: { id: string },
    time: number,
    kind: string,
    values: Record<string, string>,
  ): void => {
    notes.push({ sequence: 0, botId: bot.id, dealId: deal.id, time, kind, values });
  };
  const orderValues = (order: Order, index: number): Record<string, string> => ({
    order: order.purpose,
    ...(order.purpose === 'safetyOrder' ? { number: String(index) } : {}),
    clientOrderId: order.clientOrderId,
    side: order.side,
    price: order.price,
    quantity: order.quantity,
    volume: (Number(order.price) * Number(order.quantity)).toFixed(6),
  });
  const place = (
    deal: OpenDeal,
    time: number,
    purpose: Order['purpose'],
    at: number,
    size: number,
    index = 0,
  ): Order => {
    const order: Order = {
      clientOrderId: `${bot.id}-${deal.number}-${deal.orders.length + 1}`,
      exchangeOrderId: String(480_000_000 + deal.number * 1000 + deal.orders.length),
      purpose,
      side: purpose === 'baseOrder' || purpose === 'safetyOrder' ? 'buy' : 'sell',
      type: 'limit',
      timeInForce:
        purpose === 'baseOrder' || purpose === 'close' || purpose === 'stopLoss' ? 'IOC' : 'GTC',
      price: price(at),
      quantity: quantity(size),
      filledQuantity: quantity(0),
      state: 'open',
      rejectedBy: null,
      rule: null,
      reason: null,
      placedAt: time,
      endedAt: null,
    };
    deal.orders.push(order);
    note(deal, time, 'orderPlacing', orderValues(order, index));
    return order;
  };
  const change = (deal: OpenDeal, order: Order, fields: Partial<Order>): void => {
    deal.orders[deal.orders.findIndex((each) => each.clientOrderId === order.clientOrderId)] = {
      ...order,
      ...fields,
    };
  };
  const fill = (deal: OpenDeal, time: number, order: Order, index = 0): void => {
    const size = Number(order.quantity);
    const notional = size * Number(order.price);
    const commission = order.side === 'buy' ? size * FEE : notional * FEE;
    change(deal, order, { state: 'filled', filledQuantity: order.quantity, endedAt: time });
    deal.fills.push({
      tradeId: String(91_000_000 + deal.number * 100 + deal.fills.length),
      clientOrderId: order.clientOrderId,
      time,
      side: order.side,
      price: order.price,
      quantity: order.quantity,
      notional: notional.toFixed(8),
      commission: commission.toFixed(8),
      commissionAsset: order.side === 'buy' ? walk.baseAsset : 'USDT',
    });
    note(deal, time, 'orderFilled', {
      ...orderValues(order, index),
      tradeId: String(91_000_000 + deal.number * 100 + deal.fills.length - 1),
      commission: commission.toFixed(8),
      commissionAsset: order.side === 'buy' ? walk.baseAsset : 'USDT',
      liquidity: order.timeInForce === 'IOC' ? 'taker' : 'maker',
      filled: order.quantity,
      orderQuantity: order.quantity,
    });
    if (order.side === 'buy') {
      deal.cost += notional;
      deal.quantity += size * (1 - FEE);
    }
  };
  const cancel = (deal: OpenDeal, time: number, order: Order, index = 0): void => {
    note(deal, time, 'orderCancelling', orderValues(order, index));
    change(deal, order, { state: 'cancelled', endedAt: time });
    note(deal, time, 'orderCancelled', {
      ...orderValues(order, index),
      end: 'cancelled',
      filled: quantity(0),
      asked: 'yes',
    });
  };
  const renewTakeProfit = (deal: OpenDeal, time: number): void => {
    const average = deal.cost / deal.quantity;
    deal.takeProfit = (average * (1 + Number(settings.takeProfit) / 100)) / (1 - FEE);
    note(deal, time, 'averageChanged', {
      average: average.toFixed(walk.priceDecimals + 2),
      breakEven: (average / (1 - FEE)).toFixed(walk.priceDecimals + 2),
      takeProfit: price(deal.takeProfit),
      held: deal.quantity.toFixed(8),
      cost: deal.cost.toFixed(6),
    });
    const resting = deal.orders.find(
      (order) => order.purpose === 'takeProfit' && order.state === 'open',
    );
    if (resting !== undefined) cancel(deal, time, resting);
    const size =
      Math.floor(deal.quantity * 10 ** walk.quantityDecimals) / 10 ** walk.quantityDecimals;
    place(deal, time, 'takeProfit', deal.takeProfit, size);
  };
  const placeSafetyOrders = (deal: OpenDeal, time: number): void => {
    for (const [place_, step] of deal.ladder.entries()) {
      if (
        deal.ladder.filter((each) => each.state === 'placed').length >=
        settings.maxActiveSafetyOrders
      )
        return;
      if (step.state !== 'waiting') continue;
      const order = place(
        deal,
        time,
        'safetyOrder',
        Number(step.price),
        Number(step.quantity),
        step.index,
      );
      const isRefused = bot.trouble === true && step.index >= 6;
      deal.ladder[place_] = { ...step, state: isRefused ? 'rejected' : 'placed' };
      if (!isRefused) continue;
      const refusal =
        step.index === 6
          ? {
              rejectedBy: 'policy' as const,
              rule: 'allow demo-xrp: notional',
              reason: `expected notional of at most 500 USDT, found ${Number(step.notional).toFixed(2)}`,
            }
          : {
              rejectedBy: 'exchange' as const,
              rule: '-2010',
              reason: 'Account has insufficient balance for requested action.',
            };
      change(deal, order, { ...refusal, state: 'rejected', exchangeOrderId: null, endedAt: time });
      note(deal, time, 'orderRejected', {
        ...orderValues(order, step.index),
        by: refusal.rejectedBy,
        rule: refusal.rule,
        reason: refusal.reason,
      });
    }
  };
  const end = (
    deal: OpenDeal,
    time: number,
    exit: { at: number; purpose: 'takeProfit' | 'stopLoss' },
  ): void => {
    const resting = deal.orders.find(
      (order) => order.purpose === 'takeProfit' && order.state === 'open',
    );
    let sold = resting;
    if (exit.purpose === 'stopLoss') {
      if (resting !== undefined) cancel(deal, time, resting);
      sold = place(deal, time, 'stopLoss', exit.at, Number(resting?.quantity ?? deal.quantity));
    }
    if (sold === undefined) return;
    fill(deal, time, sold);
    for (const order of deal.orders.filter((each) => each.state === 'open')) {
      cancel(deal, time, order, deal.ladder.find((step) => step.price === order.price)?.index ?? 0);
    }
    const revenue = Number(sold.quantity) * Number(sold.price) * (1 - FEE);
    const profit = revenue - deal.cost;
    const percent = ((profit / deal.cost) * 100).toFixed(4);
    const isTakeProfit = exit.purpose === 'takeProfit';
    note(deal, time, 'dealCompleted', {
      outcome: isTakeProfit ? 'completed' : 'stopLoss',
      reason: isTakeProfit ? 'take profit' : 'stop loss',
      symbol,
      bought: quantity(deal.quantity),
      sold: sold.quantity,
      cost: deal.cost.toFixed(6),
      revenue: revenue.toFixed(6),
      profit: profit.toFixed(6),
      profitPercent: percent,
      kept: '0',
      safetyOrders: String(deal.filledSafetyOrders),
      seconds: String(Math.floor((time - deal.openedAt) / 1000)),
    });
    done.push(
      toDeal(deal, {
        status: 'completed',
        reason: isTakeProfit ? 'take profit' : 'stop loss',
        closedAt: time,
        profit: profit.toFixed(8),
        percent,
      }),
    );
    open = null;
    mayOpenAt = time + settings.cooldownSeconds * 1000 + MINUTE_MS * 7;
  };
  const toDeal = (
    deal: OpenDeal,
    end_: {
      status: Deal['status'];
      reason: string;
      closedAt: number | null;
      profit: string;
      percent: string;
    },
  ): Deal => {
    const average = deal.cost / deal.quantity;
    const isOver = end_.closedAt !== null;
    return {
      id: deal.id,
      botId: bot.id,
      botName: settings.name,
      number: deal.number,
      kind: 'dca',
      direction: 'long',
      symbol,
      quoteAsset: 'USDT',
      baseAsset: walk.baseAsset,
      status: end_.status,
      reason: end_.reason,
      openedAt: deal.openedAt,
      closedAt: end_.closedAt,
      quantity: isOver ? '0' : deal.quantity.toFixed(8),
      cost: deal.cost.toFixed(6),
      averagePrice: average.toFixed(walk.priceDecimals + 2),
      breakEvenPrice: (average / (1 - FEE)).toFixed(walk.priceDecimals + 2),
      takeProfitPrice: price(deal.takeProfit),
      stopLossPrice: stopLoss === null ? null : price(deal.basePrice * (1 - stopLoss / 100)),
      lastPrice: null,
      realisedProfit: isOver ? end_.profit : '0',
      realisedProfitPercent: isOver ? end_.percent : '0',
      unrealisedProfit: '0',
      unrealisedProfitPercent: '0',
      filledSafetyOrders: deal.filledSafetyOrders,
      ladder: isOver
        ? deal.ladder.map((step) =>
            step.state === 'placed' ? { ...step, state: 'waiting' } : step,
          )
        : deal.ladder,
      orders: deal.orders,
      fills: deal.fills,
      details: isOver
        ? null
        : { kind: 'dca', settings: bot.settings, takeProfits: [], waiting: [] },
    };
  };
  const start = (time: number, at: number): OpenDeal => {
    const number = firstNumber + done.length;
    const deal: OpenDeal = {
      id: `${bot.id}-${number}`,
      number,
      openedAt: time,
      basePrice: at,
      ladder: [],
      orders: [],
      fills: [],
      cost: 0,
      quantity: 0,
      takeProfit: 0,
      filledSafetyOrders: 0,
    };
    note(deal, time, 'dealStarted', { symbol, bid: price(at), ask: price(at), last: price(at) });
    const size = lots(Number(settings.baseOrderVolume) / at);
    const base = place(deal, time, 'baseOrder', at, size);
    fill(deal, time + 180, base);
    deal.ladder.push({
      index: 0,
      state: 'filled',
      deviationPercent: '0',
      price: price(at),
      quantity: quantity(size),
      notional: (size * at).toFixed(6),
    });
    let deviation = 0;
    let step = Number(settings.safetyOrderStep);
    let volume = Number(settings.safetyOrderVolume);
    for (let index = 1; index <= settings.maxSafetyOrders; index += 1) {
      deviation += step;
      const rung = at * (1 - deviation / 100);
      const rungSize = lots(volume / rung);
      deal.ladder.push({
        index,
        state: 'waiting',
        deviationPercent: deviation.toFixed(4),
        price: price(rung),
        quantity: quantity(rungSize),
        notional: (rungSize * rung).toFixed(6),
      });
      step *= Number(settings.stepScale);
      volume *= Number(settings.volumeScale);
    }
    renewTakeProfit(deal, time + 200);
    placeSafetyOrders(deal, time + 220);
    return deal;
  };

  for (const row of rows.slice(0, until)) {
    const [time, openText, highText, lowText] = row;
    if (open === null) {
      if (time < mayOpenAt) continue;
      open = start(time + 4_000, Number(openText));
      continue;
    }
    const deal: OpenDeal = open;
    for (const [place_, step] of deal.ladder.entries()) {
      if (step.state !== 'placed' || Number(lowText) >= Number(step.price)) continue;
      const order = deal.orders.find(
        (each) =>
          each.purpose === 'safetyOrder' && each.state === 'open' && each.price === step.price,
      );
      if (order === undefined) continue;
      fill(deal, time + 21_000, order, step.index);
      deal.ladder[place_] = { ...step, state: 'filled' };
      deal.filledSafetyOrders += 1;
      renewTakeProfit(deal, time + 21_100);
      placeSafetyOrders(deal, time + 21_200);
    }
    if (Number(highText) > deal.takeProfit) {
      end(deal, time + 42_000, { at: deal.takeProfit, purpose: 'takeProfit' });
    } else if (stopLoss !== null && Number(lowText) < deal.basePrice * (1 - stopLoss / 100)) {
      end(deal, time + 42_000, { at: Number(lowText), purpose: 'stopLoss' });
    }
  }
  const left = open;
  if (left !== null && bot.isStopped !== true) {
    const last = Number(rows.at(-1)?.[4] ?? 0);
    done.push(
      atPrice(
        toDeal(left, {
          status: 'open',
          reason: 'market',
          closedAt: null,
          profit: '0',
          percent: '0',
        }),
        last,
      ),
    );
  }
  return done;
}

function toBot(bot: (typeof BOTS)[number], deals: readonly Deal[]): Bot {
  const own = deals.filter((deal) => deal.botId === bot.id);
  const open = own.filter((deal) => deal.closedAt === null);
  return {
    id: bot.id,
    name: bot.settings.name,
    kind: 'dca',
    state: bot.isStopped === true ? 'stopped' : 'running',
    connection: 'demo',
    settings: bot.settings,
    createdAt: Date.now() - 6 * 86_400_000,
    quoteAsset: 'USDT',
    activeDeals: open.length,
    completedDeals: own.length - open.length,
    realisedProfit: total(own, (deal) => deal.realisedProfit),
    unrealisedProfit: total(open, (deal) => deal.unrealisedProfit),
    fundsInUse: total(open, (deal) => deal.cost),
    attention: bot.trouble === true ? refusalIn(open) : null,
  };
}

/** What the desk makes of the last refused order of running deals. */
function refusalIn(deals: readonly Deal[]): Bot['attention'] {
  for (const { id, orders } of deals) {
    const order = orders.findLast(({ state }) => state === 'rejected');
    if (order === undefined) continue;
    const { rejectedBy, rule, reason } = order;
    return { dealId: id, by: rejectedBy ?? 'desk', rule: rule ?? '', reason: reason ?? '' };
  }
  return null;
}

function total(deals: readonly Deal[], read: (deal: Deal) => string): string {
  return deals.reduce((sum, deal) => sum + Number(read(deal)), 0).toFixed(8);
}

function multiply(deals: Deal[], count: number): void {
  const closed = deals.filter((deal) => deal.closedAt !== null);
  for (let index = 0; deals.length < count; index += 1) {
    const model = closed[index % closed.length];
    if (model === undefined) throw new Error('the fixture must have closed deals to copy');
    const number = 10_000 + index;
    const shift = (Math.floor(index / closed.length) + 1) * 3 * 86_400_000 + index * 1_000;
    deals.push({
      ...model,
      id: `${model.botId}-${number}`,
      number,
      openedAt: model.openedAt - shift,
      closedAt: (model.closedAt ?? 0) - shift,
    });
  }
  deals.sort((left, right) => right.openedAt - left.openedAt);
}

function makeHealth(): Health {
  const startedAt = Date.now() - 3 * 3_600_000;
  return {
    state: 'ok',
    processes: [
      { name: 'server', state: 'up', pid: 4101, startedAt, restarts: 0, memoryBytes: 141_557_760, detail: '' },
      { name: 'signer', state: 'up', pid: 4102, startedAt, restarts: 0, memoryBytes: 58_720_256, detail: 'no network' },
      { name: 'egress', state: 'up', pid: 4103, startedAt, restarts: 1, memoryBytes: 73_400_320, detail: '' },
    ],
    streams: [
      { name: 'market', state: 'up', lastEventAt: Date.now() - 1_000, detail: '' },
      { name: 'account', state: 'up', lastEventAt: Date.now() - 9_000, detail: '' },
      { name: 'reconciliation', state: 'up', lastEventAt: Date.now() - 12_000, detail: '' },
    ],
    clockSkewMs: 2,
    roundTripMs: 14,
    pendingEffects: 0,
    ambiguousOrders: 0,
    heldOrders: 0,
    blockedMs: 0,
    connections: [],
  }; // prettier-ignore
}

/** Of a key that was checked and stands well. */
const LIFE = {
  signs: 'all',
  grade: 'A',
  reducesUntil: Date.now() + 97 * 86_400_000,
  cancelsUntil: Date.now() + 100 * 86_400_000,
  checkedAt: Date.now() - 600_000,
  isIpRestricted: true,
  bind: null,
  bindDoubt: null,
  frozen: null,
  quarantined: null,
  replaces: null,
  isReady: false,
} as const;

function makeConnections(): Connection[] {
  const day = 86_400_000;
  const key = (body: string): string =>
    `-----BEGIN PUBLIC KEY-----\n${body}\n-----END PUBLIC KEY-----\n`;
  return [
    {
      id: 'demo',
      name: 'Demo account',
      venue: 'binance',
      state: 'active',
      ...LIFE,
      keyKind: 'ed25519',
      publicKeyPem: key('MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE='),
      createdAt: Date.now() - 12 * day - 3_600_000,
      expiresAt: Date.now() + 78 * day - 3_600_000,
      policy: [
        'connection demo exchange=simulator account=spot',
        'deny   op=withdraw,transfer,convert,margin,subaccount,keys,session.logon',
        'allow  id=demo-btc op=order.place symbol=BTCUSDT side=BUY,SELL type=LIMIT band=2.0% notional<=500 USDT per-day<=5000 USDT open<=20 rate<=10/10s',
        'allow  id=demo-xrp op=order.place symbol=XRPUSDT side=BUY,SELL type=LIMIT band=2.0% notional<=500 USDT per-day<=5000 USDT open<=20 rate<=10/10s',
        'allow  op=order.cancel,read.* rate<=60/60s',
        'default deny',
      ],
      policyHash: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    },
    {
      id: 'spot-eu',
      name: 'Spot account',
      venue: 'binance',
      state: 'active',
      ...LIFE,
      keyKind: 'ed25519',
      publicKeyPem: key('MCowBQYDK2VwAyEA7hEp2AqWmJHS7p0Yb2yXzUJr1CqT3o4mBvJ6zr2yI1c='),
      createdAt: Date.now() - 81 * day,
      expiresAt: Date.now() + 9 * day + 3_600_000,
      policy: [
        'connection spot-eu exchange=binance account=spot',
        'allow  op=read.* rate<=60/60s',
        'default deny',
      ],
      policyHash: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    },
    {
      id: 'new',
      name: 'Second account',
      venue: 'binance',
      state: 'draft',
      ...LIFE,
      signs: 'nothing',
      grade: null,
      checkedAt: null,
      isIpRestricted: null,
      bind: null,
      bindDoubt: null,
      keyKind: 'ed25519',
      publicKeyPem: key('MCowBQYDK2VwAyEAq0m8rX1pYwWgqV1Q0sX0cJ3n9m2e8bV1mG8y4n7tQ0E='),
      createdAt: Date.now() - 60_000,
      expiresAt: Date.now() + 90 * day - 60_000,
      policy: [],
      policyHash: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    },
  ];
}
