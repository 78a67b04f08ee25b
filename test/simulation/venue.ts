// SPDX-License-Identifier: Apache-2.0
// The simulator's exchange, market and faults, put together without sockets and on virtual time.

import assert from 'node:assert/strict';
import type { Instrument } from '@kontor/core';
import { SimulationClock } from '../../simulator/src/clock.ts';
import type { Account } from '../../simulator/src/exchange/account.ts';
import { Exchange } from '../../simulator/src/exchange/exchange.ts';
import type { VenueFill, VenueOrder } from '../../simulator/src/exchange/venue-order.ts';
import { FaultBox } from '../../simulator/src/faults.ts';
import { defaultInstruments } from '../../simulator/src/instruments.ts';
import { BINANCE_LIMITS, RequestLimits } from '../../simulator/src/limits.ts';
import { candleFeed } from '../../simulator/src/market/feed.ts';
import { ReplaySource } from '../../simulator/src/market/replay.ts';
import type { MarketHands, MarketSource } from '../../simulator/src/market/source.ts';
import { SyntheticSource } from '../../simulator/src/market/synthetic.ts';
import { MarketHistory } from '../../simulator/src/market-data.ts';
import type { SimulatorInstrument, TradeEvent } from '../../simulator/src/ports.ts';
import type { Venue } from '../../simulator/src/rest/endpoint.ts';
import { REST_ROUTES } from '../../simulator/src/rest/endpoints.ts';
import { errorBody, serve } from '../../simulator/src/rest/gate.ts';
import { parseForm } from '../../simulator/src/rest/parameters.ts';
import type { MarketPlan } from './market-plan.ts';
import type { VirtualTime } from './virtual-time.ts';

export const API_KEY = 'desk';
const DESK_ADDRESS = '192.0.2.1';
const PERSON_ADDRESS = '192.0.2.2';
export const ACCOUNT_EVENTS_PATH = '/ws-api/v3';
/** Whoever quotes far from the price while the market stands still. */
const FAR_MAKER_ID = 4;
const SUBSCRIBE = 'userDataStream.subscribe.signature';

export interface VenueListener {
  onTrade(trade: TradeEvent): void;
  /** A payload of the account's stream. */
  onUserEvent(payload: Readonly<Record<string, unknown>>): void;
  /** Every socket is cut. */
  onDrop(): void;
  /** A fault has struck a request. */
  onTrouble(): void;
}

export interface VenueRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly query: string;
}

export type VenueAnswer =
  | { readonly kind: 'answer'; readonly status: number; readonly body: string }
  /** Nothing will ever come back. */
  | { readonly kind: 'hang' };

export class SimulatedVenue {
  readonly exchange: Exchange;
  readonly account: Account;
  readonly faults: FaultBox;
  readonly data: MarketHistory;
  readonly instruments: readonly SimulatorInstrument[];
  /** When the market began, in wall time and in its own. */
  readonly startWallMs: number;
  readonly startMarketMs: number;
  readonly #time: VirtualTime;
  readonly #listener: VenueListener;
  readonly #clock: SimulationClock;
  readonly #source: MarketSource;
  readonly #hands: MarketHands;
  readonly #venue: Venue;
  #isFrozen = false;

  constructor(options: {
    readonly seed: string;
    readonly time: VirtualTime;
    readonly market: MarketPlan;
    readonly feePpm: number;
    readonly listener: VenueListener;
  }) {
    const { seed, time, market, listener } = options;
    this.#time = time;
    this.#listener = listener;
    this.startWallMs = time.now;
    this.instruments = instrumentsOf(market);
    const { source, startMs } = openSource(seed, market, this.instruments, time.now);
    this.#source = source;
    this.startMarketMs = startMs;
    this.#clock = new SimulationClock({ nowMs: () => time.now }, startMs);
    const clock = this.#clock;
    if (source.isLive) {
      clock.flow({ fromMs: startMs, speed: 1, limitMs: Number.POSITIVE_INFINITY });
    }
    this.faults = new FaultBox({
      seed,
      nowMs: () => clock.steadyMs(),
      after: (ms, work) => time.after(ms, work),
    });
    this.faults.attach({
      drop: listener.onDrop,
      skew: (skewMs) => clock.setSkew(skewMs, source.isLive),
    });
    this.data = new MarketHistory(this.instruments, clock);
    this.exchange = new Exchange({
      instruments: this.instruments,
      clock,
      limits: BINANCE_LIMITS,
      makerFeePpm: options.feePpm,
      takerFeePpm: options.feePpm,
      listener: {
        onTrade: (trade) => {
          this.data.onTrade(trade);
          source.onTrade(trade);
          listener.onTrade(trade);
        },
        onBookChange: () => undefined,
        onUserEvent: (accountId, payload) => {
          if (accountId === this.account.accountId) listener.onUserEvent(payload);
        },
      },
    });
    this.#hands = {
      house: this.exchange.house,
      tape: (symbol) => this.data.symbol(symbol).tape,
    };
    this.account = this.exchange.createAccount('desk');
    this.exchange.registerKey({
      accountId: this.account.accountId,
      apiKey: API_KEY,
      // Signatures are the signer's own matter and tested there; requests come as those of a session that has
      // proved itself.
      secret: 'unused',
      rights: { reading: true, spotTrading: true },
    });
    this.#venue = {
      exchange: this.exchange,
      marketData: this.data,
      faults: this.faults,
      clock,
      limits: new RequestLimits(BINANCE_LIMITS, () => clock.wallMs()),
    };
  }

  get isLive(): boolean {
    return this.#source.isLive;
  }

  get marketMs(): number {
    return this.#clock.marketMs();
  }

  /** How far the exchange's clock is off. */
  get skewMs(): number {
    return this.#clock.wallMs() - this.#clock.steadyMs();
  }

  /** The account is funded, and the market begins to move. */
  open(balances: Readonly<Record<string, string>>, historyMinutes: number): void {
    for (const [asset, amount] of Object.entries(balances)) this.deposit(asset, amount);
    if (this.#source instanceof SyntheticSource) {
      this.#source.preload(this.#hands, this.startMarketMs, historyMinutes);
      for (const _ of this.instruments) this.#walk();
    } else if (this.#source instanceof ReplaySource) {
      this.#source.preload(this.#hands);
      for (const { symbol } of this.instruments) {
        const { lastTicks } = this.#hands.tape(symbol);
        if (lastTicks > 1) this.#hands.house.moveTo(symbol, lastTicks, 0, 'buy');
      }
    }
    this.#planWalk();
  }

  /** The market stands still from now on; there is always a price to trade at, if a bad one. */
  freeze(): void {
    this.#isFrozen = true;
    if (!this.isLive) return;
    for (const market of this.exchange.markets()) {
      const { maxLots, maxNotional } = market.instrument;
      for (const [side, factor] of [
        ['buy', 0.95],
        ['sell', 1.05],
      ] as const) {
        const ticks = Math.max(2, Math.round(market.lastTicks * factor));
        const lots = Math.min(maxLots, Math.floor(maxNotional / ticks));
        this.exchange.house.place(market.symbol, side, 'limit', ticks, lots, FAR_MAKER_ID);
      }
    }
  }

  /** A request of the desk as egress sends it. */
  request(request: VenueRequest): VenueAnswer {
    const before = this.faults.beforeRequest(request);
    const answer = before.kind === 'pass' ? this.#handle(request, DESK_ADDRESS) : answerOf(before);
    const after = before.kind === 'pass' ? this.faults.afterRequest(request) : before;
    if (after.kind === 'pass') return answer;
    this.#listener.onTrouble();
    return answerOf(after);
  }

  /** A request of a person at the exchange's own pages, where our faults are not felt. */
  byHand(method: VenueRequest['method'], path: string, parameters: Record<string, string>): string {
    const query = new URLSearchParams({
      ...parameters,
      timestamp: String(this.#clock.wallMs()),
    }).toString();
    const answer = this.#handle({ method, path, query }, PERSON_ADDRESS);
    return answer.kind === 'answer' ? `${answer.status} ${answer.body}` : 'no answer';
  }

  /** Whether a subscription to the account's events is taken now. */
  subscribe(): VenueAnswer {
    const call = { method: SUBSCRIBE, path: ACCOUNT_EVENTS_PATH };
    if (this.faults.refusesSockets()) return { kind: 'answer', status: 503, body: '' };
    const before = this.faults.beforeRequest(call);
    if (before.kind !== 'pass') return answerOf(before);
    const after = this.faults.afterRequest(call);
    if (after.kind !== 'pass') return answerOf(after);
    const body = { id: 'subscribe', status: 200, result: { subscriptionId: 0 } };
    return { kind: 'answer', status: 200, body: JSON.stringify(body) };
  }

  /** Adds to the free balance; a negative amount takes away. False where too little is there. */
  deposit(asset: string, amount: string): boolean {
    try {
      this.exchange.deposit(this.account.accountId, asset, amount);
      return true;
    } catch (error) {
      if (error instanceof RangeError) return false;
      throw error;
    }
  }

  orders(): readonly VenueOrder[] {
    return [...this.exchange.markets()].flatMap(
      (market) => this.exchange.history.ledger(this.account, market).orders,
    );
  }

  fills(): readonly { readonly order: VenueOrder; readonly fill: VenueFill }[] {
    return [...this.exchange.markets()].flatMap(
      (market) => this.exchange.history.ledger(this.account, market).fills,
    );
  }

  instrument(symbol: string): Instrument {
    const found = this.instruments.find((instrument) => instrument.symbol === symbol);
    assert.ok(found !== undefined, `${symbol} is not traded here`);
    return found;
  }

  #handle(request: VenueRequest, address: string): VenueAnswer {
    const endpoint = REST_ROUTES.get(`${request.method} ${request.path}`);
    assert.ok(endpoint !== undefined, `${request.method} ${request.path} is no request`);
    const { limits } = this.#venue;
    const parameters = parseForm(request.query, '');
    const limited = limits.charge(address, endpoint.weight(parameters));
    const result =
      limited === undefined
        ? serve(this.#venue, endpoint, parameters, { apiKey: API_KEY, address, payload: null })
        : ({ ok: false, refusal: limited } as const);
    assert.ok(!(result instanceof Promise), `${request.path} is answered at once`);
    if (result.ok) return { kind: 'answer', status: 200, body: JSON.stringify(result.body) };
    const { refusal } = result;
    const body = errorBody(refusal, refusal.code <= -2000);
    return { kind: 'answer', status: refusal.httpStatus, body: JSON.stringify(body) };
  }

  #planWalk(): void {
    const nextMs = this.#source.nextMs();
    if (nextMs === undefined) return;
    const due = this.startWallMs + (nextMs - this.startMarketMs);
    this.#time.at(due, () => {
      if (this.#isFrozen) return;
      this.#walk();
      this.#planWalk();
    });
  }

  #walk(): void {
    const nextMs = this.#source.nextMs();
    if (nextMs === undefined) return;
    this.#clock.moveTo(nextMs);
    const marketMs = this.#source.isLive ? this.#clock.marketMs() : nextMs;
    this.#source.advance(this.#hands, marketMs);
  }
}

function answerOf(
  verdict: { readonly kind: 'hang' } | { readonly kind: 'respond'; status: number; body: unknown },
): VenueAnswer {
  if (verdict.kind === 'hang') return { kind: 'hang' };
  return { kind: 'answer', status: verdict.status, body: JSON.stringify(verdict.body) };
}

function instrumentsOf(market: MarketPlan): readonly SimulatorInstrument[] {
  return market.symbols.map((symbol) => {
    const found = defaultInstruments.find((instrument) => instrument.symbol === symbol);
    assert.ok(found !== undefined, `the simulator does not list ${symbol}`);
    return found;
  });
}

function openSource(
  seed: string,
  market: MarketPlan,
  instruments: readonly SimulatorInstrument[],
  wallMs: number,
): { readonly source: MarketSource; readonly startMs: number } {
  if (market.kind === 'synthetic') {
    const { pairs } = market;
    const source = new SyntheticSource({ seed, startMs: wallMs, pairs, instruments });
    return { source, startMs: wallMs };
  }
  const feeds = market.feeds.map(({ symbol, rows }) => {
    const instrument = instruments.find((known) => known.symbol === symbol);
    assert.ok(instrument !== undefined);
    const { baseAsset, quoteAsset } = instrument;
    const { intervalMs } = market;
    return candleFeed({ symbol, baseAsset, quoteAsset, name: symbol, intervalMs }, rows);
  });
  const { path, startMs } = market;
  const earlier = market.feeds.map(({ rows }) => rows.filter(({ openMs }) => openMs < startMs));
  const history = Math.max(...earlier.map(({ length }) => length));
  const made = ReplaySource.create({ feeds, instruments, path, startMs, history });
  assert.ok(made.ok, made.ok ? '' : made.reason);
  return { source: made.source, startMs: made.source.startMs };
}
