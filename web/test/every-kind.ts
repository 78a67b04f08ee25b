// SPDX-License-Identifier: Apache-2.0
// The made-up desk with a bot of every kind on it, each with a running deal, and one that waits for its conditions.

import {
  makeSettings,
  parsePrice,
  planOf,
  previewGrid,
  previewTrade,
  type BotSettings,
} from '@kontor/core';

import type { Bot, Conditions, Deal, DealDetails, GridSettings, RebalanceSettings, SignalSettings, SmartTradeSettings, DcaSettings } from '../src/api/types.ts'; // prettier-ignore
import { market, presetDraft, settingsOf } from './editor-market.ts';
import { makeFixtureData, MARKET_NOW, type FixtureData } from './fixture-data.ts';

export const GRID_BOT = '11';
export const TRADE_BOT = '12';
export const SIGNAL_BOT = '13';
export const PORTFOLIO_BOT = '14';
export const SHORT_BOT = '15';
export const WAITING_BOT = '16';

export function everyKind(seed: number): FixtureData {
  const data = makeFixtureData(seed);
  const grid = settingsOf<GridSettings>(
    'grid',
    presetDraft('grid', 'BTCUSDT', { name: 'BTC range' }),
  );
  const trade = settingsOf<SmartTradeSettings>(
    'smartTrade',
    presetDraft('smartTrade', 'ETHUSDT', {
      name: 'ETH swing',
      entries: [{ order: 'limit', price: { kind: 'percent', percent: '1' }, share: '100' }],
    }),
  );
  const signal = settingsOf<SignalSettings>(
    'signal',
    presetDraft('signal', 'SOLUSDT', { name: 'SOL alerts' }),
  );
  const portfolio = settingsOf<RebalanceSettings>(
    'rebalance',
    presetDraft('rebalance', 'BTCUSDT', { name: 'Basket' }),
  );
  const short = settingsOf<DcaSettings>(
    'dca',
    presetDraft('dca', 'XRPUSDT', { name: 'XRP short', direction: 'short' }),
  );
  const waiting = makeSettings<DcaSettings>('dca', {
    ...settingsOf<DcaSettings>('dca', presetDraft('dca', 'ETHUSDT')),
    name: 'ETH patient',
    startTrigger: 'conditions',
    startConditions: [
      { kind: 'rsi', interval: '1h', period: 14, comparison: 'below', value: '30' },
      {
        kind: 'maCross',
        interval: '4h',
        average: 'ema',
        fastPeriod: 20,
        slowPeriod: 50,
        comparison: 'crossesAbove',
      },
    ],
  });
  return {
    ...data,
    bots: [
      ...data.bots,
      bot(GRID_BOT, grid, 1),
      bot(TRADE_BOT, trade, 1),
      bot(SIGNAL_BOT, signal, 1),
      bot(PORTFOLIO_BOT, portfolio, portfolio.targets.length),
      bot(SHORT_BOT, short, 1),
      bot(WAITING_BOT, waiting, 0),
    ],
    deals: [
      deal(GRID_BOT, grid, 'BTCUSDT', 1, gridDetails(grid)),
      deal(TRADE_BOT, trade, 'ETHUSDT', 1, tradeDetails(trade)),
      deal(SIGNAL_BOT, signal, 'SOLUSDT', 1, signalDetails()),
      ...portfolio.targets.map(({ symbol, share }, index) =>
        deal(PORTFOLIO_BOT, portfolio, symbol, index + 1, {
          kind: 'rebalance',
          target: share,
          share: (Number(share) + index - 1.5).toFixed(2),
          worth: String(200 + index),
          trades: index + 1,
        }),
      ),
      shortDeal(
        deal(SHORT_BOT, short, 'XRPUSDT', 1, {
          kind: 'dca',
          settings: short,
          takeProfits: [],
          waiting: [],
        }),
      ),
      ...data.deals,
    ],
  };
}

export const CONDITIONS: readonly Conditions[] = [
  {
    symbol: 'ETHUSDT',
    action: 'start',
    isTrigger: true,
    deals: [],
    standing: 'notMet',
    closedAt: MARKET_NOW - 30 * 60_000,
    conditions: [
      {
        label: 'RSI(14)',
        interval: '1h',
        verdict: 'met',
        value: '27.3141',
        text: 'RSI(14) 1h 27.31, below 30',
        closedAt: MARKET_NOW - 30 * 60_000,
        candlesSeen: 500,
        candlesNeeded: 150,
      },
      {
        label: 'EMA(20)',
        interval: '4h',
        verdict: 'unknown',
        value: '',
        text: 'EMA(20) 4h, 24 of 500 candles seen',
        closedAt: null,
        candlesSeen: 24,
        candlesNeeded: 500,
      },
    ],
  },
];

function bot(id: string, settings: BotSettings, activeDeals: number): Bot {
  return {
    id,
    name: settings.name,
    kind: settings.kind,
    state: 'running',
    connection: 'demo',
    settings,
    createdAt: MARKET_NOW - 86_400_000,
    quoteAsset: 'USDT',
    activeDeals,
    completedDeals: 0,
    realisedProfit: activeDeals > 0 ? '3.25' : '0',
    unrealisedProfit: activeDeals > 0 ? '-1.5' : '0',
    fundsInUse: activeDeals > 0 ? '240' : '0',
    attention: null,
  };
}

function deal(
  botId: string,
  settings: BotSettings,
  symbol: string,
  number: number,
  details: DealDetails,
): Deal {
  const { instrument, last } = quoted(symbol);
  const average = (Number(last) * 1.004).toFixed(instrument.priceScale);
  return {
    id: `${botId}-${number}`,
    botId,
    botName: settings.name,
    number,
    kind: settings.kind,
    direction: 'long',
    symbol,
    quoteAsset: instrument.quoteAsset,
    baseAsset: instrument.baseAsset,
    status: 'open',
    reason: 'market',
    openedAt: MARKET_NOW - 3 * 3_600_000,
    closedAt: null,
    quantity: (100 / Number(last)).toFixed(instrument.quantityScale),
    cost: '100.4',
    averagePrice: average,
    breakEvenPrice: average,
    takeProfitPrice: null,
    stopLossPrice: null,
    lastPrice: last,
    realisedProfit: '0',
    realisedProfitPercent: '0',
    unrealisedProfit: '-0.5',
    unrealisedProfitPercent: '-0.4980',
    filledSafetyOrders: 0,
    ladder: [],
    orders: [],
    fills: [],
    details,
  };
}

/** Its base order sold, its safety orders wait above. */
function shortDeal(long: Deal): Deal {
  const { instrument, last } = quoted(long.symbol);
  const at = (factor: number): string => (Number(last) * factor).toFixed(instrument.priceScale);
  return {
    ...long,
    direction: 'short',
    takeProfitPrice: at(0.985),
    ladder: [0, 1, 2, 3].map((index) => ({
      index,
      state: index === 0 ? 'filled' : index < 3 ? 'placed' : 'waiting',
      deviationPercent: String(index * 1.2),
      price: at(1 + index * 0.012),
      quantity: '9.0',
      notional: (9 * Number(at(1 + index * 0.012))).toFixed(4),
    })),
  };
}

function gridDetails(settings: GridSettings): DealDetails {
  const { instrument, last } = quoted('BTCUSDT');
  const price = parsePrice(instrument, last);
  if (!price.ok) throw new Error(price.reason);
  const made = previewGrid(settings, instrument, price.value, market.feeRatePpm);
  if (!made.ok) throw new Error(JSON.stringify(made.errors));
  return {
    kind: 'grid',
    settings,
    lines: made.preview.lines.map(({ number, price: at, side, quantity, value }, index) => ({
      number,
      price: at,
      side,
      quantity,
      value,
      state: side === 'none' ? 'empty' : index === 2 ? 'paused' : index === 19 ? 'waiting' : 'open',
    })),
    linesClosed: 14,
    gridProfit: '3.2514',
    profitBase: '0',
    otherProfit: '-0.12',
    coins: '0.00180000',
    reserve: '0',
    investment: made.preview.investment,
    lowerStop: null,
    upperStop: null,
    takeProfit: null,
  };
}

function tradeDetails(settings: SmartTradeSettings): DealDetails {
  const { instrument, last } = quoted('ETHUSDT');
  const price = parsePrice(instrument, last);
  if (!price.ok) throw new Error(price.reason);
  const quote = { bid: price.value, ask: price.value, last: price.value };
  const plan = planOf(settings);
  const made = previewTrade({ plan, instrument, quote, feeRatePpm: market.feeRatePpm });
  return {
    kind: 'trade',
    steps: [
      ...made.entries.map((entry) => ({
        purpose: 'entry' as const,
        number: entry.number,
        order: entry.order,
        state: 'waiting' as const,
        price: entry.price,
        trigger: null,
        best: null,
        quantity: entry.quantity,
        filled: '0',
      })),
      ...made.takeProfit.map((exit) => ({
        purpose: 'takeProfit' as const,
        number: exit.number,
        order: exit.order,
        state: 'waiting' as const,
        price: exit.price,
        trigger: null,
        best: null,
        quantity: exit.quantity,
        filled: '0',
      })),
    ],
    stop: {
      price: made.stopLoss?.price ?? null,
      best: null,
      isAtBreakEven: false,
      breachedUntil: null,
      heldBy: 'desk',
    },
  };
}

function signalDetails(): DealDetails {
  const { instrument, last } = quoted('SOLUSDT');
  return {
    kind: 'trade',
    steps: [
      {
        purpose: 'entry',
        number: 1,
        order: 'market',
        state: 'filled',
        price: null,
        trigger: null,
        best: null,
        quantity: '0',
        filled: '0.530',
      },
    ],
    stop: {
      price: (Number(last) * 0.95).toFixed(instrument.priceScale),
      best: null,
      isAtBreakEven: false,
      breachedUntil: MARKET_NOW + 60_000,
      heldBy: 'exchange',
    },
  };
}

function quoted(symbol: string) {
  const instrument = market.instruments.get(symbol);
  const last = market.lastPrice(symbol);
  if (instrument === undefined || last === null) throw new Error(`expected a price of ${symbol}`);
  return { instrument, last };
}
