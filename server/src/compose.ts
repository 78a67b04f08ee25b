// SPDX-License-Identifier: Apache-2.0
// Puts the server together: the only place that makes adapters, opens files and decides who talks to whom.

import { randomBytes } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { parseSettings } from '@kontor/core';
import {
  binanceAnswers,
  binancePublicMarket,
  VenueError,
  type AccountEvent,
  type PublicMarket,
} from '@kontor/exchange';
import type { ConnectionInfo } from '@kontor/signer';
import { buildApp } from './api/app.ts';
import { LiveHub } from './api/live.ts';
import type { Market, ProcessHealth } from './api/schemas.ts';
import { Sessions } from './api/sessions.ts';
import type { ServerConfig } from './config.ts';
import { readDemoMarket, registerDemoKey, type DemoMarketStatus } from './demo-account.ts';
import { Desk, type AccountStatus } from './desk.ts';
import { Links, type LinkListener, type PeerName } from './link/links.ts';
import type { Logger } from './log.ts';
import { CandleFeed } from './market/candle-feed.ts';
import { createMarketClock } from './market/market-clock.ts';
import { MarketHub } from './market/market-hub.ts';
import { createMetrics } from './metrics.ts';
import { BalanceBook } from './reconcile/balances.ts';
import { FindingBook } from './reconcile/findings.ts';
import { OrderIds } from './reconcile/order-ids.ts';
import { OrphanBook } from './reconcile/orphans.ts';
import { Reconciler } from './reconcile/reconcile.ts';
import { ReservedFunds } from './reconcile/reserved-funds.ts';
import { ReconciliationView } from './reconcile/view.ts';
import { BotRunner } from './runner/bot-runner.ts';
import { RiskDesk } from './risk/risk-desk.ts';
import { riskOf } from './api/risk-routes.ts';
import { ConditionHub } from './runner/condition-hub.ts';
import { DealProjection } from './runner/deal-projection.ts';
import { OrderDesk } from './runner/order-desk.ts';
import { ProfitBook } from './runner/profit-book.ts';
import { isLasting, Refusal, signerRefusal } from './refusal.ts';
import { Secret } from './secret.ts';
import { StoreError } from './store/errors.ts';
import { Store } from './store/store.ts';
import { terminalFile, writeTerminalFile } from './terminal-file.ts';
import { systemTime, type CancelTimer, type Time } from './time.ts';

const SUBSCRIBE_RETRY_MS_MIN = 250;
const SUBSCRIBE_RETRY_MS_MAX = 30_000;
const MARKET_STATUS_MS = 1_000;
/** How often risk states that end by themselves are looked at. */
const RISK_TICK_MS = 1_000;
const START_RETRY_MS_MIN = 200;
const START_RETRY_MS_MAX = 5_000;
/** So many reports of the supervisor in a row, one a second, may show a peer that runs and has no link. */
const REPORTS_APART_MAX = 5;

export interface Server {
  attach(peer: PeerName, socket: Socket): void;
  setProcesses(processes: readonly ProcessHealth[]): void;
  /** Starts everything; resolves with the address once pages are served. */
  start(): Promise<{ readonly url: string; readonly link: string }>;
  close(): Promise<void>;
  /** What the pages talk to. */
  readonly desk: Desk;
  readonly runner: BotRunner;
  readonly orders: OrderDesk;
  readonly risk: RiskDesk;
}

/** What a simulation of the whole system puts around the server, which then serves no pages. */
export interface ServerWorld {
  readonly time: Time;
  readonly store: Store;
  readonly market: PublicMarket;
  /** Letters and digits that are random to everyone but the simulation. */
  readonly drawText: (length: number) => string;
}

/** The server of `config`. `onFatal` is told when it must not go on. */
export function createServer(
  config: ServerConfig,
  logger: Logger,
  onFatal: (error: unknown) => void,
  world?: ServerWorld,
): Server {
  const time = world?.time ?? systemTime;
  const store = world?.store ?? new Store(join(config.dataDirectory, 'server', 'desk.db'));
  const terminal = new Secret(randomBytes(24).toString('base64url'));
  const sessions = new Sessions(store, terminal.reveal());
  const stop = new AbortController();
  const clock = createMarketClock(
    config.market.kind === 'candles' || config.market.kind === 'trades' ? 'events' : 'wall',
    time.now,
  );
  let processes: readonly ProcessHealth[] = [];
  const apart = new Map<PeerName, number>();
  let connection = '';
  let account: AccountStatus = { state: 'down', reason: 'not subscribed yet', lastEventAt: null };
  let exchangeClock: { skewMs: number | null; roundTripMs: number | null } = {
    skewMs: null,
    roundTripMs: null,
  };
  let demo: DemoMarketStatus | null = null;
  let isRunning = false;

  const listener: LinkListener = {
    onAccountEvent(from, event) {
      if (from !== connection) return;
      account = { ...account, lastEventAt: time.now() };
      let parsed: AccountEvent;
      try {
        parsed = binanceAnswers.accountEvent(event, instrument);
      } catch (error) {
        if (!(error instanceof VenueError)) throw error;
        // It may have been about an order of ours: what cannot be read is asked for.
        logger.warn(
          { reason: error.message },
          'an account event cannot be read; asking about all orders',
        );
        orders.reconcile();
        return;
      }
      orders.onAccountEvent(parsed);
      reconciler.onAccountEvent(parsed);
    },
    onAccountStream(from, state, reason) {
      if (from !== connection) return;
      account = { ...account, state, reason };
      logger.info({ state, reason }, 'account stream');
      if (state === 'up') {
        findings.settle('streamDown', 'account');
        reconciler.request('stream');
      } else {
        findings.add('streamDown', { reason }, 'account');
        void subscribe();
      }
    },
    onEgressHealth(health) {
      exchangeClock = { skewMs: health.clockSkewMs, roundTripMs: health.roundTripMs };
    },
    onPeer(peer, state, reason) {
      logger.info({ peer, state, reason }, 'link');
      if (peer === 'egress' && state === 'down')
        account = { ...account, state: 'down', reason: `egress: ${reason}` };
      if (state === 'up' && isRunning) void subscribe();
    },
    // Only the supervisor can join the processes anew, and it does so when this one is gone.
    onBroken: (peer, reason) =>
      onFatal(new Error(`${peer} does not speak the protocol of this version: ${reason}`)),
  };
  const links = new Links(listener, undefined, time);

  const publicMarket =
    world?.market ??
    binancePublicMarket({ rest: config.market.rest, streams: config.market.streams });
  const hub = new MarketHub(
    publicMarket,
    clock,
    {
      onTrade(symbol, time, quote) {
        runner.onTrade(symbol, time, quote);
        putQuote(symbol, time);
      },
      onQuote: (symbol) => putQuote(symbol, clock.now()),
      onCandle(symbol, interval, candle, isClosed) {
        candleFeed.onStreamed(symbol, interval, candle, isClosed);
        live.put(`candle ${symbol} ${candle[0]}`, {
          kind: 'candle',
          symbol,
          interval,
          candle: [...candle],
        });
      },
      onState(state, reason) {
        logger.info({ state, reason }, 'market stream');
        if (state === 'up') candleFeed.onStreamUp();
      },
      onQuoteMissing(symbol, error) {
        logger.warn({ symbol, reason: String(error) }, 'no quote; asking again');
        if (!isLasting(error)) return;
        findings.add('questionRefused', { about: symbol, reason: messageOf(error) }, symbol);
      },
    },
    time,
  );
  const instrument = (symbol: string) => hub.instruments.get(symbol);
  /** What bots with indicator conditions listen to. */
  const candleFeed = new CandleFeed({ source: publicMarket, clock, instrument, time });
  const conditions = new ConditionHub({
    feed: candleFeed,
    clock,
    instrument,
    quote: (symbol) => hub.quote(symbol),
    state: (botId) => runner.bots.get(botId)?.state,
    deliver: (botId, event) => runner.deliver(botId, event),
    onTrouble: (symbol, reason) => logger.warn({ symbol, reason }, 'conditions wait for candles'),
  });
  const findings = new FindingBook(
    store,
    () => clock.now(),
    ({ code, values }) => {
      logger.info({ code, ...values }, 'reconciliation');
      live.reconciliationChanged();
    },
  );
  const ids = new OrderIds(store, world?.drawText);
  const reserved = new ReservedFunds({
    balances: { list: () => balances.list(), total: (asset) => balances.total(asset) },
    bots: () => runner.bots,
    instrument,
  });
  const balances = new BalanceBook({
    store,
    instrument,
    monotonic: time.monotonic,
    onChanged: () => live.balancesChanged(),
    onExplained: (difference) => findings.add('balanceExplained', { ...difference }),
  });
  const profits = new ProfitBook(store);
  const projection = new DealProjection(store, {
    onEnded: ({ botId, time, profit }) => profits.add(botId, time, profit),
    onRealised: (change) => risk.onRealised(change),
  });
  const risk: RiskDesk = new RiskDesk({
    store,
    now: () => clock.now(),
    bots: () => runner.bots,
    instrument,
    quoteAssets: () =>
      new Set(Array.from(hub.instruments.values(), ({ quoteAsset }) => quoteAsset)),
    setRisk: (botId, state) =>
      runner.deliver(botId, {
        kind: 'command',
        time: clock.now(),
        command: { kind: 'setRisk', risk: state },
      }),
    onChanged: ({ scope, state, cause }) => {
      logger.info({ scope, state, cause }, 'risk');
      live.put(`risk ${scope}`, { kind: 'risk', risk: riskOf(risk, scope) });
    },
  });
  const runner: BotRunner = new BotRunner({
    store,
    clock,
    connection: () => connection,
    feeRatePpm: config.feeRatePpm,
    instrument,
    projection,
    ids,
    place: (botId, order, haste) => orders.place(botId, order, haste),
    placePair: (botId, takeProfit, stopLoss) => orders.placePair(botId, takeProfit, stopLoss),
    cancel: (clientOrderId) => orders.cancel(clientOrderId),
    funds: (botId, symbol) => reserved.free(botId, symbol),
    denial: (bot, effect, later) =>
      risk.denial(bot, effect, later) ?? reserved.denial(bot, effect, later),
    risk: (botId) => risk.effective(botId),
    freshQuote: (symbol) => hub.freshQuote(symbol),
    onChanged(botId, notes) {
      conditions.refresh(botId);
      live.botChanged(botId);
      for (const note of notes) live.addNote(note);
    },
    onFill: (symbol, side, fill) => balances.onFill(symbol, side, fill),
    onFatal,
    time,
  });
  const metrics = createMetrics({
    activeDeals: () =>
      [...runner.bots.values()].reduce((sum, { state }) => sum + state.deals.length, 0),
    waitingEvents: () => runner.waiting,
    ambiguousOrders: () => orders.ambiguous,
    unwrittenRefusals: () => desk.actions.refusals.unwritten,
    heldOrders: () => orders.held.orders,
    blockedSeconds: () => orders.held.blockedMs / 1_000,
    isProcessMeasured: world === undefined,
  });
  const orders: OrderDesk = new OrderDesk({
    connection: () => connection,
    links,
    parser: binanceAnswers,
    instrument,
    marketNow: () => clock.now(),
    deliver: (botId, event) => runner.deliver(botId, event),
    onDoubt: (order) =>
      store.run(
        "UPDATE orders SET state = 'ambiguous', signed_until = ? WHERE client_order_id = ? AND state IN ('intended', 'ambiguous')",
        order.signedUntil,
        order.request.clientOrderId,
      ),
    onAnswered: (verdict, seconds) => metrics.orderAnswered(verdict, seconds),
    onFinding: (code, values) =>
      findings.add(code, values, values['clientOrderId'] ?? values['about'] ?? null),
    isMarketTimeReal: clock.runsByItself,
    orderLimits: () => publicMarket.orderLimits?.() ?? [],
    log: (level, message, fields) => logger[level](fields, message),
    time,
  });
  const orphans = new OrphanBook(store);
  const reconciler: Reconciler = new Reconciler({
    connection: () => connection,
    links,
    parser: binanceAnswers,
    instrument,
    symbols: () => config.symbols,
    store,
    ids,
    findings,
    orphans,
    balances,
    orders,
    bots: () => [...runner.bots.values()].map(({ state }) => state),
    revive: (clientOrderId, exchangeOrderId) => runner.revive(clientOrderId, exchangeOrderId),
    renewOrderIds: () => runner.renewOrderIds(),
    adopt: (botId, dealId, order) => runner.adopt(botId, dealId, order),
    marketNow: () => clock.now(),
    isStreamUp: () => account.state === 'up',
    resubscribe,
    onChanged: () => live.reconciliationChanged(),
    time,
  });
  const desk = new Desk({
    version: config.version,
    dataDirectory: config.dataDirectory,
    symbols: config.symbols,
    feeRatePpm: config.feeRatePpm,
    store,
    runner,
    funds: (botId, symbol) => reserved.free(botId, symbol),
    orders,
    hub,
    projection,
    profits,
    reconciliation: new ReconciliationView({ reconciler, orphans, findings }),
    conditions,
    now: () => clock.now(),
    market,
    marketUnseen: () => demo?.unseen ?? null,
    balances: () => balances.list(),
    connections: listConnections,
    account: () => account,
    comparison: () => reconciler.status,
    processes: () => processes,
    exchangeClock: () => exchangeClock,
  });
  const live = new LiveHub(desk);
  const timers: CancelTimer[] = [];
  let app: Awaited<ReturnType<typeof buildApp>> | null = null;
  let isSubscribing = false;

  function putQuote(symbol: string, time: number): void {
    const message = desk.quoteMessage(symbol, time);
    if (message !== null) live.put(`quote ${symbol}`, message);
  }

  function market(): Market {
    const { kind, label } = config.market;
    return {
      kind,
      label,
      isSimulated: kind !== 'exchange',
      speed: demo?.speed ?? 1,
      marketTime: clock.now() === 0 ? null : clock.now(),
      hasEnded: demo?.hasEnded ?? false,
    };
  }

  /** The stream answers and tells nothing: it is opened anew, and the earlier one ends once the new one is up. */
  function resubscribe(reason: string): void {
    account = { ...account, state: 'down', reason };
    void subscribe();
  }

  /** Asks for the account's own events until they come. */
  async function subscribe(): Promise<void> {
    if (isSubscribing) return;
    isSubscribing = true;
    let pause = SUBSCRIBE_RETRY_MS_MIN;
    try {
      while (!stop.signal.aborted && account.state === 'down') {
        if (links.isUp('signer') && links.isUp('egress')) {
          const outcome = await links.submit({ kind: 'subscribe', connection });
          if (outcome.kind === 'refused') {
            account = { ...account, reason: `${outcome.rule}: ${outcome.reason}` };
          } else if (outcome.kind === 'failed') {
            account = { ...account, reason: outcome.reason };
          } else if (outcome.status !== 200) {
            account = {
              ...account,
              reason: `HTTP ${outcome.status} ${outcome.body.slice(0, 200)}`,
            };
          }
          pause = Math.min(pause * 2, SUBSCRIBE_RETRY_MS_MAX);
        }
        await time.pause(pause, stop.signal).catch(() => undefined);
      }
    } finally {
      isSubscribing = false;
    }
  }

  async function listConnections(): Promise<readonly ConnectionInfo[]> {
    const result = await links.connections({ kind: 'listConnections' });
    return result.ok ? result.connections : [];
  }

  /** This desk's connection; on the demo exchange it is made and registered where there is none. */
  async function openConnection(): Promise<string> {
    const existing = (await required({ kind: 'listConnections' })).find(
      ({ name, venue }) => name === config.connectionName && venue === config.venue,
    );
    const info =
      existing ??
      (
        await required({
          kind: 'createConnection',
          name: config.connectionName,
          venue: config.venue,
        })
      ).find(({ name }) => name === config.connectionName);
    if (info === undefined) throw new Error('the signer made no connection');
    if (info.state === 'created' && config.market.control !== undefined) {
      const apiKey = await registerDemoKey(
        config.market.control,
        config.connectionName,
        info.publicKeyPem,
      );
      await required({ kind: 'activateConnection', connection: info.connection, apiKey });
    }
    return info.connection;
  }

  async function required(
    request: Parameters<Links['connections']>[0],
  ): Promise<readonly ConnectionInfo[]> {
    const result = await links.connections(request);
    if (!result.ok) throw signerRefusal(request.kind, result.rule ?? null, result.reason);
    return result.connections;
  }

  /**
   * Runs `work` until it succeeds: peers and exchange may still be on their way up, however long that takes. A
   * refusal that no waiting changes ends the start with its reason. Each try has the time limits of what it asks.
   */
  async function patiently<T>(what: string, work: () => Promise<T>): Promise<T> {
    for (let pause = START_RETRY_MS_MIN; ; pause = Math.min(pause * 2, START_RETRY_MS_MAX)) {
      try {
        return await work();
      } catch (error) {
        if (stop.signal.aborted || error instanceof StoreError) throw error;
        if (isLasting(error)) throw new Refusal(`${what}: ${messageOf(error)}`, { cause: error });
        logger.warn({ what, reason: String(error) }, 'not ready yet; trying again');
        await time.pause(pause, stop.signal);
      }
    }
  }

  function makeFirstBots(): void {
    if (store.meta('firstBotsMade') !== undefined) return;
    const settings = config.firstBots.map((given) => {
      const parsed = parseSettings(given);
      if (!parsed.ok) throw new Error(`firstBots: ${JSON.stringify(parsed.errors)}`);
      return parsed.settings;
    });
    runner.createStarted(settings, () => store.setMeta('firstBotsMade', String(settings.length)));
  }

  async function pollDemoMarket(control: string): Promise<void> {
    try {
      demo = await readDemoMarket(control);
    } catch (error) {
      logger.warn({ reason: String(error) }, 'the demo market does not say how it is');
    }
  }

  async function servePages(): Promise<string> {
    app = await buildApp({
      desk,
      live,
      sessions,
      risk,
      keys: { change: (request) => links.connections(request), vault: () => links.vault() },
      webDirectory: config.webDirectory,
      metrics: () => metrics.text(),
      logger,
      version: config.version,
      onFatal,
    });
    const url = await app.listen({ host: '127.0.0.1', port: config.port });
    writeTerminalFile(config.dataDirectory, { url, token: terminal });
    return url;
  }

  /** Copies whose command died before it took them away. */
  function forgetOldBackups(): void {
    const directory = join(config.dataDirectory, 'run');
    for (const name of readdirSync(directory)) {
      if (/^backup-.*\.db/.test(name)) rmSync(join(directory, name), { force: true });
    }
  }

  return {
    desk,
    runner,
    orders,
    risk,
    attach: (peer, socket) => links.attach(peer, socket),
    setProcesses(reports) {
      processes = reports;
      for (const { name, state } of reports) {
        if (name === 'server') continue;
        const isApart = state === 'up' && !links.isUp(name);
        const seen = isApart ? (apart.get(name) ?? 0) + 1 : 0;
        apart.set(name, seen);
        if (seen < REPORTS_APART_MAX) continue;
        onFatal(new Error(`${name} runs, but the link to it is gone; only a new start joins them`));
        return;
      }
    },

    async start() {
      if (world === undefined) forgetOldBackups();
      await patiently('market', () => hub.open(config.symbols));
      connection = await patiently('connection', openConnection);
      // No command may come before the orders it speaks of are known: pages are served last.
      const alive = runner.load();
      balances.load();
      await reconciler.askSigner();
      for (const order of alive) orders.takeUp(order);
      const url = world === undefined ? await servePages() : '';
      // The bots act once it is known how their orders stand, or once waiting longer would do more harm.
      await reconciler.start();
      stop.signal.throwIfAborted();
      isRunning = true;
      runner.start();
      risk.start();
      timers.push(time.every(RISK_TICK_MS, () => risk.tick()));
      makeFirstBots();
      conditions.start(runner.bots.keys());
      hub.catchUp();
      void subscribe();
      const { control } = config.market;
      if (control !== undefined) {
        await pollDemoMarket(control);
        timers.push(time.every(MARKET_STATUS_MS, () => void pollDemoMarket(control)));
      }
      return { url, link: `${url}/login?token=${sessions.createLink()}` };
    },

    async close() {
      if (stop.signal.aborted) return;
      stop.abort();
      for (const cancel of timers) cancel();
      hub.close();
      conditions.close();
      candleFeed.close();
      live.close();
      const isQuiet = Promise.all([orders.close(), reconciler.close()]);
      links.close();
      await isQuiet;
      runner.close();
      await app?.close();
      rmSync(terminalFile(config.dataDirectory), { force: true });
      store.close();
    },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
