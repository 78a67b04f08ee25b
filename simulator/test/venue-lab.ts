// SPDX-License-Identifier: Apache-2.0
// A venue under a clock that stands until it is moved, with everything its listeners hear.

import { Exchange, type ExchangeOptions } from '../src/exchange/exchange.ts';
import type { Account } from '../src/exchange/account.ts';
import type { Market } from '../src/exchange/market.ts';
import type { NewOrder } from '../src/exchange/venue-order.ts';
import { makeSimulatorInstrument } from '../src/instruments.ts';
import { FaultBox } from '../src/faults.ts';
import { MarketHistory } from '../src/market-data.ts';
import { BINANCE_LIMITS } from '../src/limits.ts';
import type {
  BookChange,
  ExchangeListener,
  SimulatorClock,
  SimulatorInstrument,
  TradeEvent,
} from '../src/ports.ts';

export type Payload = Readonly<Record<string, unknown>>;

export const START_MS = 1_700_000_000_000;

/** Stands still until a test moves it. */
export class StandingClock implements SimulatorClock {
  wall = START_MS;
  market = START_MS;
  wallMs(): number {
    return this.wall;
  }
  marketMs(): number {
    return this.market;
  }
  advance(ms: number): void {
    this.wall += ms;
    this.market += ms;
  }
}

/** Ticks of 0.01 and lots of 0.0001: 2000.00 is 200,000 ticks. */
export function ethUsdt(info: Payload = {}): SimulatorInstrument {
  const instrument = makeSimulatorInstrument({
    symbol: 'ETHUSDT',
    baseAsset: 'ETH',
    quoteAsset: 'USDT',
    tickSize: '0.01',
    minPrice: '0.01',
    maxPrice: '1000000',
    lotSize: '0.0001',
    minQuantity: '0.0001',
    maxQuantity: '9000',
    marketMaxQuantity: '2000',
    minNotional: '5',
    maxNotional: '9000000',
    percentPrice: ['5', '0.2', '5', '0.2'],
  });
  return { ...instrument, info: { ...instrument.info, ...info } };
}

/** Ticks of 0.00001 and lots of 0.001, so that one tick × lot is finer than eight decimals of 0.00000001. */
export function ethBtc(): SimulatorInstrument {
  return makeSimulatorInstrument({
    symbol: 'ETHBTC',
    baseAsset: 'ETH',
    quoteAsset: 'BTC',
    tickSize: '0.00001',
    minPrice: '0.00001',
    maxPrice: '922327',
    lotSize: '0.0001',
    minQuantity: '0.0001',
    maxQuantity: '100000',
    marketMaxQuantity: '2000',
    minNotional: '0.0001',
    maxNotional: '1000',
    percentPrice: ['5', '0.2', '5', '0.2'],
  });
}

export class Lab implements ExchangeListener {
  readonly clock = new StandingClock();
  readonly trades: TradeEvent[] = [];
  readonly changes: BookChange[] = [];
  readonly events: { accountId: number; payload: Payload }[] = [];
  readonly exchange: Exchange;
  readonly marketData: MarketHistory;
  readonly faults: FaultBox;
  onEvent: (accountId: number, payload: Payload) => void = () => undefined;

  constructor(options: Partial<ExchangeOptions> = {}) {
    const instruments = options.instruments ?? [ethUsdt()];
    this.marketData = new MarketHistory(instruments, this.clock);
    this.faults = new FaultBox({ seed: 'venue', nowMs: () => this.clock.wall });
    this.exchange = new Exchange({
      instruments,
      clock: this.clock,
      listener: this,
      limits: { ...BINANCE_LIMITS, isEnabled: false },
      ...options,
    });
  }

  onTrade(trade: TradeEvent): void {
    this.trades.push(trade);
    this.marketData.onTrade(trade);
  }

  onBookChange(change: BookChange): void {
    this.changes.push(change);
  }

  onUserEvent(accountId: number, payload: Payload): void {
    this.events.push({ accountId, payload });
    this.onEvent(accountId, payload);
  }

  account(deposits: Readonly<Record<string, string>> = { USDT: '10000', ETH: '10' }): Account {
    const account = this.exchange.createAccount('trader');
    for (const [asset, amount] of Object.entries(deposits)) {
      this.exchange.deposit(account.accountId, asset, amount);
    }
    this.events.length = 0;
    return account;
  }

  market(symbol = 'ETHUSDT'): Market {
    const market = this.exchange.market(symbol);
    if (market === undefined) throw new Error(`no market ${symbol}`);
    return market;
  }

  /** The market goes to a price in quote. */
  move(price: number, lots = 1000, symbol = 'ETHUSDT'): void {
    this.exchange.house.moveTo(symbol, Math.round(price * 100), lots, 'buy');
  }

  /** Events of one kind for an account since the last call, and forgets all. */
  take(kind: string): Payload[] {
    const found = this.events.filter(({ payload }) => payload['e'] === kind);
    this.events.length = 0;
    return found.map(({ payload }) => payload);
  }

  balances(account: Account): Record<string, string> {
    const shown: Record<string, string> = {};
    for (const [asset, { free, locked }] of account.balances) {
      shown[asset] = `${free} ${locked}`;
    }
    return shown;
  }
}

/** An order with the fields a test does not care for filled in. */
export function wanted(order: Partial<NewOrder> & Pick<NewOrder, 'side' | 'kind'>): NewOrder {
  return {
    timeInForce: 'GTC',
    priceTicks: 0,
    quantityLots: 0,
    quoteOrderUnits: 0n,
    stopTicks: 0,
    trailingDelta: 0,
    icebergLots: 0,
    selfTradePrevention: 'EXPIRE_MAKER',
    clientOrderId: undefined,
    strategyId: undefined,
    strategyType: undefined,
    ...order,
  };
}
