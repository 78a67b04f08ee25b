// SPDX-License-Identifier: Apache-2.0
// Puts the simulator together: market, exchange, servers, faults and state, and starts and stops it.

import { randomBytes } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

import { assert } from '@kontor/core';
import type { KeyKind, RegisteredKey } from './auth.ts';
import { SimulationClock, systemWallClock, type WallClock } from './clock.ts';
import type { ControlHands, KeyOptions } from './control/routes.ts';
import { createControlServer } from './control/server.ts';
import { Exchange } from './exchange/exchange.ts';
import { FaultBox } from './faults.ts';
import { BINANCE_LIMITS, RequestLimits } from './limits.ts';
import { MarketFileError } from './market/feed.ts';
import { prepareMarket, type MarketOptions, type OpenableMarket } from './market/opening.ts';
import { Random } from './market/random.ts';
import type { CandlePath } from './market/replay.ts';
import {
  MarketRunner,
  type MarketDriver,
  type MarketSpeed,
  type StepResult,
} from './market/runner.ts';
import { MarketStateError, type MarketHands, type MarketKind } from './market/source.ts';
import { MarketHistory } from './market-data.ts';
import type { ExchangeListener, TradeEvent } from './ports.ts';
import { createRestServer } from './rest/server.ts';
import {
  makeState,
  readState,
  StateFileError,
  StateKeeper,
  type SimulatorState,
} from './snapshot.ts';
import { BINANCE_STREAM_RULES, StreamServer } from './streams/server.ts';
import { createWsApiServer, type WsApiServer } from './ws-api/server.ts';

export interface AccountOptions {
  readonly name: string;
  /** Amounts as decimal text by asset. */
  readonly balances?: Readonly<Record<string, string>>;
  /** Ed25519 or RSA; without it the account gets an HMAC key. */
  readonly publicKeyPem?: string;
}

/** Everything has a default: a made-up market at wall speed on free loopback ports. */
export interface SimulatorOptions {
  readonly host?: string;
  readonly port?: number;
  readonly controlPort?: number;
  readonly market?: MarketOptions;
  readonly speed?: MarketSpeed;
  readonly path?: CandlePath;
  readonly startMs?: number;
  readonly history?: number;
  /** Drawn when left out; a state file's counts before it. */
  readonly seed?: string;
  readonly accounts?: readonly AccountOptions[];
  readonly makerFeePpm?: number;
  readonly takerFeePpm?: number;
  /** False: an account without a public key of its own gets no key. */
  readonly hasKeys?: boolean;
  /** False lifts all rate limits. */
  readonly isLimited?: boolean;
  /** On a followed market: users trade no more than what was traded or quoted there. */
  readonly fillsByVolume?: boolean;
  readonly statePath?: string;
  readonly wall?: WallClock;
  /** Hears what the exchange tells, after the simulator's own listeners. */
  readonly listener?: ExchangeListener;
  /** Hears of saves that failed. */
  readonly onError?: (error: unknown) => void;
  /** Gives up a start that waits for the exchange to follow. */
  readonly stop?: AbortSignal;
  /** Hears why the exchange to follow cannot be reached, and when it is tried again. */
  readonly onWaiting?: (reason: string, pauseMs: number) => void;
}

export interface SimulatorAccount {
  readonly name: string;
  readonly apiKey: string;
  /** Of an HMAC key. */
  readonly secret: string | undefined;
  readonly keyType: KeyKind;
}

export interface RunningSimulator {
  /** `http://127.0.0.1:PORT` */
  readonly rest: string;
  /** `ws://127.0.0.1:PORT`, to be followed by `/ws/…` or `/stream?streams=…` */
  readonly streams: string;
  /** `ws://127.0.0.1:PORT/ws-api/v3` */
  readonly wsApi: string;
  /** `http://127.0.0.1:PORT`, to be followed by `/control…` */
  readonly control: string;
  readonly accounts: readonly SimulatorAccount[];
  readonly market: {
    readonly kind: MarketKind;
    readonly seed: string;
    readonly symbols: readonly string[];
  };
  readonly exchange: Exchange;
  readonly faults: FaultBox;
  readonly marketData: MarketHistory;
  /** As the control route `step`. */
  step(to: { readonly points: number } | { readonly untilMs: number }): Promise<StepResult>;
  status(): Readonly<Record<string, unknown>>;
  /** Saves, says farewell, closes. Resolves when all sockets are closed. */
  stop(): Promise<void>;
}

/** The simulator cannot start: a port is taken, a file is bad, an option does not fit. */
export class SimulatorError extends Error {
  readonly code: 'MARKET' | 'STATE' | 'LISTEN' | 'ACCOUNT';

  constructor(
    code: 'MARKET' | 'STATE' | 'LISTEN' | 'ACCOUNT',
    message: string,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
    this.name = 'SimulatorError';
    this.code = code;
  }
}

const DEFAULT_HOST = '127.0.0.1';
const LISTEN_WITHIN_MS = 10_000;
/** Farewells get this long to leave before sockets are cut. */
const FAREWELL_MS = 200;
const KEY_LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Starts a simulator in this process. Throws SimulatorError; then nothing was changed and nothing is left open. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<RunningSimulator> {
  const saved = loadState(options.statePath);
  const seed = options.seed ?? saved?.seed ?? randomBytes(4).toString('hex');
  const wall = options.wall ?? systemWallClock;
  const stop = new AbortController();
  options.stop?.addEventListener('abort', () => stop.abort(), { once: true });
  const market = await openableMarket(options, { seed, wall, stop: stop.signal });
  const simulator = new Simulator(options, { saved, seed, wall, market, stop });
  try {
    simulator.openAccounts();
    await simulator.listen();
  } catch (error) {
    await simulator.abandon();
    throw error;
  }
  return simulator;
}

function loadState(path: string | undefined): SimulatorState | undefined {
  if (path === undefined) return undefined;
  try {
    return readState(path);
  } catch (error) {
    if (error instanceof StateFileError) {
      throw new SimulatorError('STATE', error.message, { cause: error });
    }
    throw error;
  }
}

async function openableMarket(
  options: SimulatorOptions,
  parts: { readonly seed: string; readonly wall: WallClock; readonly stop: AbortSignal },
): Promise<OpenableMarket> {
  try {
    const prepared = await prepareMarket({
      market: options.market ?? { kind: 'synthetic' },
      path: options.path ?? 'low-first',
      startMs: options.startMs,
      history: options.history,
      ...parts,
      ...(options.onWaiting === undefined ? {} : { onWaiting: options.onWaiting }),
    });
    if (prepared.ok) return prepared.market;
    throw new SimulatorError('MARKET', prepared.reason);
  } catch (error) {
    if (error instanceof MarketFileError) {
      throw new SimulatorError('MARKET', error.message, { cause: error });
    }
    throw error;
  }
}

interface Parts {
  readonly saved: SimulatorState | undefined;
  readonly seed: string;
  readonly wall: WallClock;
  readonly market: OpenableMarket;
  /** Ends what a followed market waits for. */
  readonly stop: AbortController;
}

class Simulator implements RunningSimulator {
  readonly exchange: Exchange;
  readonly faults: FaultBox;
  readonly marketData: MarketHistory;
  readonly market: RunningSimulator['market'];
  rest = '';
  streams = '';
  wsApi = '';
  control = '';
  accounts: readonly SimulatorAccount[] = [];
  readonly #options: SimulatorOptions;
  readonly #source: OpenableMarket['source'];
  readonly #clock: SimulationClock;
  readonly #runner: MarketDriver;
  readonly #streamServer: StreamServer;
  readonly #wsApiServer: WsApiServer;
  readonly #server: Server;
  readonly #controlServer: Server;
  readonly #keeper: StateKeeper | undefined;
  readonly #keyRandom: Random;
  readonly #upgraded = new Set<Duplex>();
  readonly #limits: RequestLimits;
  readonly #stop: AbortController;
  #isEndTold = false;
  #stopping: Promise<void> | undefined;

  constructor(options: SimulatorOptions, parts: Parts) {
    const { saved, seed, wall, market } = parts;
    this.#options = options;
    this.#stop = parts.stop;
    this.#source = market.source;
    if (saved !== undefined) restoreSource(market, saved);
    this.#clock = new SimulationClock(wall, saved?.marketMs ?? market.startMs);
    this.market = {
      kind: market.source.kind,
      seed,
      symbols: market.instruments.map(({ symbol }) => symbol),
    };
    const clock = this.#clock;
    this.faults = new FaultBox({ seed, nowMs: () => clock.steadyMs() });
    this.marketData = new MarketHistory(market.instruments, clock, market.data ?? saved?.data);
    const limitOptions = { ...BINANCE_LIMITS, isEnabled: options.isLimited ?? true };
    this.#limits = new RequestLimits(limitOptions, () => clock.wallMs());
    this.exchange = this.#openExchange(parts, limitOptions);
    const hands: MarketHands = {
      house: this.exchange.house,
      tape: (symbol) => this.marketData.symbol(symbol).tape,
    };
    const runner =
      market.followed === undefined
        ? new MarketRunner({
            source: market.source,
            clock,
            hands,
            speed: options.speed ?? 1,
            afterPoint: (marketMs) => this.#afterPoint(marketMs),
          })
        : undefined;
    this.#runner = runner ?? mustBeFollowed(market);
    this.#streamServer = new StreamServer({
      data: this.marketData,
      book: {
        depth: (symbol, side, limit) => this.exchange.market(symbol)?.depth(side, limit) ?? [],
        lastUpdateId: (symbol) => this.exchange.lastUpdateId(symbol),
      },
      faults: this.faults,
      marketMs: () => clock.marketMs(),
      steadyMs: () => clock.steadyMs(),
      rules: { ...BINANCE_STREAM_RULES, areMessagesLimited: options.isLimited ?? true },
      mayConnect: (address) => this.#limits.connect(address, 0) === undefined,
      ...(market.followed === undefined
        ? {}
        : { completeMs: (symbol: string) => market.followed?.completeMs(symbol) ?? 0 }),
    });
    const venue = {
      exchange: this.exchange,
      marketData: this.marketData,
      faults: this.faults,
      clock,
      limits: this.#limits,
      ...(market.followed === undefined
        ? {}
        : { olderKlines: market.followed.olderKlines.bind(market.followed) }),
    };
    this.#wsApiServer = createWsApiServer(venue);
    this.#server = createRestServer(venue);
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      this.#upgrade(request, socket, head);
    });
    this.#controlServer = createControlServer(this.#controlHands());
    this.faults.attach({
      drop: () => {
        for (const socket of this.#upgraded) socket.destroy();
      },
      skew: (skewMs) => clock.setSkew(skewMs, market.source.isLive),
    });
    this.#keyRandom =
      saved === undefined ? Random.fromSeed(`${seed} keys`) : new Random(saved.keyRandom);
    this.#keeper =
      options.statePath === undefined
        ? undefined
        : new StateKeeper({
            path: options.statePath,
            capture: () => this.#capture(),
            onError: options.onError ?? (() => undefined),
          });
    if (saved === undefined) {
      market.open(hands);
      if (market.source.isLive) runner?.open(market.instruments.length);
    }
    market.followed?.wire({
      ...hands,
      clock,
      onTrade: (trade, aggregate) => {
        this.#streamServer.onTrade(trade, aggregate);
        this.#keeper?.markDirty();
        options.listener?.onTrade(trade);
      },
      afterPoint: (marketMs) => this.#afterPoint(marketMs),
    });
  }

  /** Opens the accounts that are not there yet. */
  openAccounts(): void {
    for (const { name, balances, publicKeyPem } of this.#options.accounts ?? []) {
      if (this.exchange.accounts().some((account) => account.name === name)) continue;
      const { accountId } = this.exchange.createAccount(name);
      this.#fund(accountId, name, balances ?? {});
      if (publicKeyPem === undefined && this.#options.hasKeys === false) continue;
      this.#registerKey({
        accountId,
        rights: { reading: true, spotTrading: true },
        ...(publicKeyPem === undefined ? {} : { publicKeyPem }),
      });
    }
    const names = new Map(this.exchange.accounts().map(({ accountId, name }) => [accountId, name]));
    const secrets = new Map(
      this.exchange.keys.snapshot().map(({ apiKey, secret }) => [apiKey, secret]),
    );
    this.accounts = this.exchange.keys.list().map(({ apiKey, accountId, kind }) => ({
      name: names.get(accountId) ?? '',
      apiKey,
      secret: secrets.get(apiKey),
      keyType: kind,
    }));
  }

  async listen(): Promise<void> {
    const host = this.#options.host ?? DEFAULT_HOST;
    const port = await listenOn(this.#server, host, this.#options.port ?? 0);
    const controlPort = await listenOn(
      this.#controlServer,
      DEFAULT_HOST,
      this.#options.controlPort ?? 0,
    );
    const name = host.includes(':') ? `[${host}]` : host;
    this.rest = `http://${name}:${port}`;
    this.streams = `ws://${name}:${port}`;
    this.wsApi = `ws://${name}:${port}/ws-api/v3`;
    this.control = `http://${DEFAULT_HOST}:${controlPort}`;
    if (this.#keeper !== undefined) {
      try {
        await this.#keeper.save();
      } catch (error) {
        if (!(error instanceof StateFileError)) throw error;
        throw new SimulatorError('STATE', error.message, { cause: error });
      }
      this.#keeper.start();
    }
    this.#runner.start();
  }

  /** Closes what a failed start has opened. */
  async abandon(): Promise<void> {
    this.#stop.abort();
    this.faults.close();
    this.#streamServer.close();
    this.#wsApiServer.close();
    await Promise.all([closeServer(this.#server), closeServer(this.#controlServer)]);
  }

  async step(to: { readonly points: number } | { readonly untilMs: number }): Promise<StepResult> {
    const stepped = await this.#runner.step(to);
    if (!stepped.ok) throw new RangeError(stepped.reason);
    this.#streamServer.flush();
    return stepped.result;
  }

  status(): Readonly<Record<string, unknown>> {
    return {
      market: this.#runner.status(),
      seed: this.market.seed,
      symbols: this.market.symbols,
      wallMs: this.#clock.wallMs(),
      accounts: this.exchange.accounts().map(({ name }) => name),
      sockets: this.#upgraded.size,
      streamConnections: this.#streamServer.connections,
      faults: this.faults.list(),
      state: this.#options.statePath ?? null,
    };
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#end();
    return this.#stopping;
  }

  async #end(): Promise<void> {
    this.#stop.abort();
    this.#runner.stop();
    this.faults.close();
    try {
      await this.#keeper?.close();
    } finally {
      this.#streamServer.close();
      this.#wsApiServer.close();
      const closed = Promise.all([closeServer(this.#server), closeServer(this.#controlServer)]);
      const cut = setTimeout(() => {
        for (const socket of this.#upgraded) socket.destroy();
      }, FAREWELL_MS);
      await closed;
      clearTimeout(cut);
    }
  }

  #openExchange(parts: Parts, limits: typeof BINANCE_LIMITS): Exchange {
    const { makerFeePpm, takerFeePpm, listener } = this.#options;
    const exchangeOptions = {
      instruments: parts.market.instruments,
      clock: this.#clock,
      limits,
      ...(makerFeePpm === undefined ? {} : { makerFeePpm }),
      ...(takerFeePpm === undefined ? {} : { takerFeePpm }),
      fillsByVolume: this.#options.fillsByVolume ?? false,
      hasUserTrades: this.#source.hasUserTrades,
      listener: {
        onTrade: (trade) => {
          if (this.#source.hasUserTrades || isPrint(trade)) {
            const completed = this.marketData.onTrade(trade);
            this.#source.onTrade(trade);
            this.#streamServer.onTrade(trade, completed);
          }
          this.#keeper?.markDirty();
          listener?.onTrade(trade);
        },
        onBookChange: (change) => {
          this.#streamServer.onBookChange(change);
          this.#keeper?.markDirty();
          listener?.onBookChange(change);
        },
        onUserEvent: (accountId, payload) => {
          this.#keeper?.markDirty();
          this.#wsApiServer.onUserEvent(accountId, payload);
          listener?.onUserEvent(accountId, payload);
        },
      } satisfies ExchangeListener,
    };
    if (parts.saved === undefined) return new Exchange(exchangeOptions);
    return Exchange.restore(parts.saved.exchange, exchangeOptions);
  }

  #fund(accountId: number, name: string, balances: Readonly<Record<string, string>>): void {
    for (const [asset, amount] of Object.entries(balances)) {
      try {
        this.exchange.deposit(accountId, asset, amount);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        throw new SimulatorError('ACCOUNT', `account ${name}, ${asset}: ${error.message}`, {
          cause: error,
        });
      }
    }
  }

  #registerKey(key: KeyOptions): RegisteredKey {
    this.#keeper?.markDirty();
    try {
      return this.exchange.registerKey({
        ...key,
        draw: (length) =>
          Array.from({ length }, () =>
            KEY_LETTERS.charAt(this.#keyRandom.below(KEY_LETTERS.length)),
          ).join(''),
      });
    } catch (error) {
      if (key.publicKeyPem === undefined) throw error;
      const found = error instanceof Error ? error.message : String(error);
      throw new SimulatorError(
        'ACCOUNT',
        `expected an Ed25519 or RSA public key in PEM form: ${found}`,
        { cause: error },
      );
    }
  }

  #afterPoint(marketMs: number): void {
    // Candles have ended once every symbol has come to this moment.
    const isMomentOver = this.#source.nextMs() !== marketMs;
    this.#streamServer.afterPoint(isMomentOver ? marketMs : null);
    this.#keeper?.markDirty();
    if (this.#isEndTold || this.#source.nextMs() !== undefined) return;
    // No later point will show that the last candles are over.
    this.#isEndTold = true;
    this.#streamServer.afterPoint(marketMs + 1);
  }

  #controlHands(): ControlHands {
    return {
      exchange: this.exchange,
      market: this.#runner,
      faults: this.faults,
      registerKey: (key) => this.#registerKey(key),
      flushStreams: () => this.#streamServer.flush(),
      saveState: async () => {
        await this.#keeper?.save();
        return this.#options.statePath;
      },
      status: () => this.status(),
    };
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (this.faults.refusesSockets()) {
      socket.end(
        'HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n',
      );
      return;
    }
    this.#upgraded.add(socket);
    socket.on('close', () => this.#upgraded.delete(socket));
    // A client that goes away in the middle of a write is no fault of ours.
    socket.on('error', () => undefined);
    if (this.#streamServer.handleUpgrade(request, socket, head)) return;
    if (this.#wsApiServer.upgrade(request, socket, head)) return;
    socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  }

  #capture(): SimulatorState {
    return makeState({
      savedAtMs: this.#clock.steadyMs(),
      marketMs: this.#clock.marketMs(),
      seed: this.market.seed,
      keyRandom: this.#keyRandom.state(),
      market: { kind: this.#source.kind, state: this.#source.snapshot() },
      // A followed market begins with fresh candles.
      data: this.#source.kind === 'follow' ? [] : this.marketData.snapshot(),
      exchange: this.exchange.snapshot(),
    });
  }
}

/** A trade of the market itself, with no order of anybody's. */
function isPrint({ buyerOrderId, sellerOrderId }: TradeEvent): boolean {
  return buyerOrderId === 0 && sellerOrderId === 0;
}

function mustBeFollowed({ followed }: OpenableMarket): MarketDriver {
  assert(followed !== undefined, 'Invariant: a market is walked or followed');
  return followed;
}

function restoreSource(market: OpenableMarket, saved: SimulatorState): void {
  if (saved.market.kind !== market.source.kind) {
    throw new SimulatorError(
      'STATE',
      `expected the state of a ${market.source.kind} market, found one of ${saved.market.kind}`,
    );
  }
  try {
    market.restore(saved.market.state);
  } catch (error) {
    if (!(error instanceof MarketStateError)) throw error;
    throw new SimulatorError('STATE', error.message, { cause: error });
  }
}

function listenOn(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => fail('no answer'), LISTEN_WITHIN_MS);
    const fail = (found: string): void => {
      clearTimeout(timer);
      reject(
        new SimulatorError('LISTEN', `expected ${host} port ${port} to be free, found ${found}`),
      );
    };
    server.once('error', (error) => fail('code' in error ? String(error.code) : error.message));
    server.listen(port, host, () => {
      clearTimeout(timer);
      resolve(boundPort(server.address()));
    });
  });
}

function boundPort(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    if (!server.listening) {
      resolve();
      return;
    }
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
