// SPDX-License-Identifier: Apache-2.0
// Puts the server together: the only place that makes adapters, opens files and decides who talks to whom.

import { hash, randomBytes } from 'node:crypto';
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
import { AlarmBook } from './alarms/alarm-book.ts';
import { CanaryWatch } from './alarms/canary-watch.ts';
import { ConnectionFreeze } from './alarms/connection-freeze.ts';
import { ForeignWatch } from './alarms/foreign-watch.ts';
import { HeldWatch } from './alarms/held-watch.ts';
import { keyPageOf } from './alarms/key-page.ts';
import { Notifier } from './alarms/notifier.ts';
import { OwnTrades } from './alarms/own-trades.ts';
import { StreamGap } from './alarms/stream-gap.ts';
import { VenueConditions } from './alarms/venue-conditions.ts';
import { Webhook } from './alarms/webhook.ts';
import { CaseBook, type CaseSubject, type Evidence } from './cases/case-book.ts';
import { alarmsOf } from './api/alarm-routes.ts';
import { buildApp } from './api/app.ts';
import { LiveHub } from './api/live.ts';
import type { Market, ProcessHealth, Start } from './api/schemas.ts';
import { Sessions } from './people/sessions.ts';
import type { ServerConfig } from './config.ts';
import { readDemoMarket, registerDemoKey, type DemoMarketStatus } from './demo-account.ts';
import { Desk, type AccountStatus } from './desk.ts';
import { LifeWatch } from './connections/life-watch.ts';
import { EarlyPauses } from './early-pause.ts';
import { Links, type LinkListener, type PeerName } from './link/links.ts';
import { VaultWatch } from './link/standstill.ts';
import type { Logger } from './log.ts';
import { CandleFeed } from './market/candle-feed.ts';
import { createMarketClock } from './market/market-clock.ts';
import { MarketHub } from './market/market-hub.ts';
import { createMetrics } from './metrics.ts';
import { BalanceBook } from './reconcile/balances.ts';
import { FindingBook } from './reconcile/findings.ts';
import { OrderIds } from './reconcile/order-ids.ts';
import { OrderTags } from './reconcile/order-tags.ts';
import { OrphanBook } from './reconcile/orphans.ts';
import { Reconciler } from './reconcile/reconcile.ts';
import { ReservedFunds } from './reconcile/reserved-funds.ts';
import { Access } from './people/access.ts';
import { Ceremonies, type Site } from './people/ceremonies.ts';
import { listenBeyond, type OuterListener } from './people/outer-listener.ts';
import { PeopleBook } from './people/people-book.ts';
import { RecoveryCodes } from './people/recovery-codes.ts';
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
import { AnchorDesk } from './witness/anchor-desk.ts';
import { PublicLog } from './witness/public-log.ts';
import { WitnessDesk } from './witness/witness-desk.ts';

/** How egress begins when an account stream ended without a word. */
const SILENT_STREAM = 'no sign of life';
const SUBSCRIBE_RETRY_MS_MIN = 250;
const SUBSCRIBE_RETRY_MS_MAX = 30_000;
const MARKET_STATUS_MS = 1_000;
/** How often risk states that end by themselves are looked at. */
const RISK_TICK_MS = 1_000;
const START_RETRY_MS_MIN = 200;
const START_RETRY_MS_MAX = 5_000;
/** After so long in vain the pages are served all the same, and say what does not answer. */
const START_IN_VAIN_MS = 2_000;
/** As long bots wait for the first check of what their key may do; the signer refuses their orders until it passed. */
const START_CHECK_MS_MAX = 3_000;
/** So many reports of the supervisor in a row, one a second, may show a peer that runs and has no link. */
const REPORTS_APART_MAX = 5;

export interface DeskAddress {
  readonly url: string;
  readonly link: string;
}

export interface Server {
  attach(peer: PeerName, socket: Socket): void;
  setProcesses(processes: readonly ProcessHealth[]): void;
  /**
   * Starts everything; resolves with the address once the whole desk is served. Where a person is needed before that,
   * as for a locked vault, or the exchange does not answer, `onServed` hears the address earlier.
   */
  start(onServed?: (address: DeskAddress) => void): Promise<DeskAddress>;
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
  const people = new PeopleBook(store);
  const { listening = {} } = config;
  let site: Site = siteOf(listening.origin ?? `http://localhost:${config.port}`);
  let outer: OuterListener | null = null;
  const stop = new AbortController();
  /** Between tries of what peers and exchange have not done yet. */
  const pauses = new EarlyPauses(time);
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
  /** Whether egress was given a proxy to try keys from another address. */
  let hasSecondAddress = false;
  /** The account event that is being read. */
  let atHand: Evidence | null = null;
  let ownInfo: ConnectionInfo | null = null;
  let demo: DemoMarketStatus | null = null;
  let isRunning = false;
  /** Until then the pages serve only what a start may wait for. */
  let isStarting = true;
  let waitsFor: Start['waitsFor'] = null;
  let served: Promise<string> | null = null;

  const listener: LinkListener = {
    onAccountEvent(from, event) {
      if (canaries.has(from)) canaries.onEvent(from, event);
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
      const text = JSON.stringify(event);
      atHand = { source: 'stream', text };
      reconciler.onAccountEvent(parsed, text);
      atHand = null;
    },
    onAccountStream(from, state, reason) {
      if (from !== connection || canaries.has(from)) canaries.onStream(from, state);
      if (from !== connection) return;
      account = { ...account, state, reason };
      logger.info({ state, reason }, 'account stream');
      if (state === 'up') {
        findings.settle('streamDown', 'account');
        streamGap.onUp();
        reconciler.request('stream');
      } else {
        findings.add('streamDown', { reason }, 'account');
        streamGap.onDown(reason, reason.startsWith(SILENT_STREAM));
        void subscribe();
      }
    },
    onEgressHealth(health) {
      exchangeClock = { skewMs: health.clockSkewMs, roundTripMs: health.roundTripMs };
      ({ hasSecondAddress } = health);
    },
    onCondition: (condition) => venueConditions.onCondition(condition),
    onHosts: (hosts) => venueConditions.onHosts(hosts),
    onKeyRefused: (from) => life.onKeyRefused(from),
    onPeer(peer, state, reason) {
      logger.info({ peer, state, reason }, 'link');
      if (peer === 'egress' && state === 'up') venueConditions.onEgressUp();
      if (peer === 'egress' && state === 'down') {
        onAccountLost(`egress: ${reason}`);
        canaries.onEgressLost();
      }
      if (state === 'up' && isRunning) {
        void subscribe();
        pauses.endAll();
      }
    },
    onHeld: () => heldOrders.onHeld(),
    onRefused: (rule) => vaultWatch.onRefused(rule),
    // Only the supervisor can join the processes anew, and it does so when this one is gone.
    onBroken: (peer, reason) =>
      onFatal(new Error(`${peer} does not speak the protocol of this version: ${reason}`)),
  };
  const links = new Links(listener, undefined, time);
  const vaultWatch = new VaultWatch({
    time,
    vault: () => links.vault(),
    alarms: {
      raise: (alarm) => alarms.raise(alarm),
      resolve: (kind, about, subject) => alarms.resolve(kind, about, subject),
    },
    onOpened() {
      logger.info('the vault is open');
      goOn();
      if (world === undefined) void life.goOn(START_CHECK_MS_MAX);
    },
  });
  const life: LifeWatch = new LifeWatch({
    links,
    alarms: {
      raise: (alarm) => alarms.raise(alarm),
      resolve: (kind, about, subject) => alarms.resolve(kind, about, subject),
      resolveOthers: (kind, about, subject) => alarms.resolveOthers(kind, about, subject),
      resolveGone: (kinds, listed) => alarms.resolveGone(kinds, listed),
    },
    time,
    venue: config.venue,
    connection: () => connection,
    onChanged() {
      logger.info({ connection, risk: life.risk }, 'the connection stands otherwise');
      risk.alignAll();
      if (isRunning) goOn();
    },
    log: (message, facts) => logger.info(facts, message),
  });

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
  const webhook = new Webhook(store, time.now);
  const alarms: AlarmBook = new AlarmBook({
    store,
    now: time.now,
    onRaised: (alarm) => notifier.enqueue(alarm),
    onChanged: () => live.put('alarms', { kind: 'alarms', alarms: alarmsOf(alarms) }),
    log: ({ kind, severity, connection: about, facts }) =>
      logger.warn({ kind, severity, connection: about, ...facts }, 'alarm'),
  });
  const notifier = new Notifier({
    store,
    time,
    channels: [webhook],
    onStanding(channel, reason) {
      if (reason === null) alarms.resolve('notificationFailed', '', channel);
      else {
        const facts = { channel, reason };
        alarms.raise({ kind: 'notificationFailed', severity: 'warning', subject: channel, facts });
      }
    },
    onChanged: () => live.put('alarms', { kind: 'alarms', alarms: alarmsOf(alarms) }),
  });
  const publicLog = new PublicLog(config.dataDirectory);
  const anchors = new AnchorDesk({
    dataDirectory: config.dataDirectory,
    log: publicLog,
    logKeys: () => publicLog.keys(),
    time,
    onStale(name, isStale, reason) {
      if (!isStale) alarms.resolve('anchorStale', '', name);
      else {
        const facts = { name, reason };
        alarms.raise({ kind: 'anchorStale', severity: 'warning', subject: name, facts });
      }
    },
    onError: (error) => logger.warn({ reason: messageOf(error) }, 'the log was not dated'),
  });
  const witnesses = new WitnessDesk({
    dataDirectory: config.dataDirectory,
    log: publicLog,
    logKeys: () => publicLog.keys(),
    time,
    anchors: () => anchors.status(),
    raise({ kind, witness, ...facts }) {
      alarms.raise({
        kind: kind === 'split' ? 'splitView' : 'logRolledBack',
        // A witness's bare word is worth a look; what bears the log's own signature is a fact.
        severity: facts.evidence === null ? 'warning' : 'critical',
        subject: witness,
        facts: { ...facts, name: witness, evidence: facts.evidence ?? 'none' },
      });
    },
    onAgreed: (witness) => alarms.resolve('logRolledBack', '', witness),
    onSilence(witness, isSilent, reason) {
      if (!isSilent) alarms.resolve('witnessSilent', '', witness);
      else {
        const facts = { name: witness, reason };
        alarms.raise({ kind: 'witnessSilent', severity: 'warning', subject: witness, facts });
      }
    },
    onError: (error) => logger.warn({ reason: messageOf(error) }, 'the witnesses were not asked'),
  });
  const streamGap = new StreamGap({ time, alarms, connection: () => connection });
  const freeze = new ConnectionFreeze({
    store,
    time,
    async freeze(id) {
      const frozen = await links.connections({
        kind: 'freezeConnection',
        connection: id,
        cause: 'alarm',
      });
      if (frozen.ok) await life.refresh();
      return frozen;
    },
    name: (id) => (id === ownInfo?.connection ? ownInfo.name : id),
    connections: listConnections,
    onThawed: (id) => watch.onThawed(id),
    log: (message, fields) => logger.warn(fields, message),
  });
  const cases = new CaseBook(config.dataDirectory, time.now, world?.drawText);
  const canaries = new CanaryWatch({
    time,
    alarms,
    cases,
    connections: () => required({ kind: 'listConnections' }),
    subscribe: (id) => links.submit({ kind: 'subscribe', connection: id }),
    own: () => connection,
    onUnwatched(reason) {
      if (reason === '') logger.info('a canary is watched');
      else logger.warn({ reason }, 'a canary is not watched');
    },
  });
  const venueConditions = new VenueConditions(alarms);
  const heldOrders: HeldWatch = new HeldWatch({ time, alarms, policy: () => links.policy() });
  const watch = new ForeignWatch({
    store,
    alarms,
    cases,
    freeze,
    connection: () => connection,
    subject: caseSubject,
    keyPage: () => keyPageOf(config.venue),
    now: time.now,
  });
  const ownTrades = new OwnTrades((request) => links.act(request), watch);
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
    connectionRisk: () => life.risk,
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
      (effect.role === 'exit' ? null : life.entryDenial()) ??
      freeze.denial(bot.connection, effect.role) ??
      risk.denial(bot, effect, later) ??
      reserved.denial(bot, effect, later),
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
    onFinding(code, values) {
      findings.add(code, values, values['clientOrderId'] ?? values['about'] ?? null);
      if (code !== 'orderCancelledByOthers') return;
      const evidence = atHand === null ? [] : [atHand];
      watch.onCancelledByOthers(values, reconciler.isOlderStore, evidence);
    },
    untilHeard: (clientOrderId) => reconciler.untilHeard(clientOrderId),
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
    tags: new OrderTags({ connection: () => connection, links, ids, store, orders: () => orders }),
    watch,
    pairs: async () => (await publicMarket.pairs?.()) ?? [],
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
    troubled: () => life.troubled,
    balances: () => balances.list(),
    connections: listConnections,
    account: () => account,
    comparison: () => reconciler.status,
    processes: () => processes,
    exchangeClock: () => exchangeClock,
  });
  const live = new LiveHub(desk, (session) => sessions.goesOn(session));
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

  function onAccountLost(reason: string, isSilent = false): void {
    account = { ...account, state: 'down', reason };
    streamGap.onDown(reason, isSilent);
  }

  function caseSubject(): CaseSubject {
    const { publicKeyPem = '' } = ownInfo ?? {};
    return {
      connection,
      name: ownInfo?.name ?? config.connectionName,
      venue: config.venue,
      grade: ownInfo?.grade ?? '',
      keyKind: ownInfo?.keyKind ?? '',
      publicKeySha256: publicKeyPem === '' ? '' : hash('sha256', publicKeyPem, 'hex'),
      createdAt: ownInfo?.createdAt ?? null,
      expiresAt: ownInfo?.expiresAt ?? null,
    };
  }

  /** The signer signs again what it refused: nothing waits any longer for that. */
  function goOn(): void {
    pauses.endAll();
    orders.goOn();
    reconciler.goOn();
  }

  /** A person has consented to something, as to a thaw: what it changes counts at once. */
  function onAct(): void {
    freeze.look();
    void listConnections();
  }

  /** The stream answers and tells nothing: it is opened anew, and the earlier one ends once the new one is up. */
  function resubscribe(reason: string): void {
    onAccountLost(reason, true);
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
        await pauses.pause(pause, stop.signal).catch(() => undefined);
      }
    } finally {
      isSubscribing = false;
    }
  }

  async function listConnections(): Promise<readonly ConnectionInfo[]> {
    const infos = await life.refresh();
    ownInfo = infos.find((info) => info.connection === connection) ?? ownInfo;
    return infos;
  }

  /** This desk's connection; on the demo exchange it is made and registered where there is none. */
  async function openConnection(): Promise<string> {
    const existing = (await required({ kind: 'listConnections' })).find(
      ({ name, venue, replaces }) =>
        name === config.connectionName && venue === config.venue && replaces === null,
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
    if (info.state === 'draft' && config.market.control !== undefined) {
      const apiKey = await registerDemoKey(
        config.market.control,
        config.connectionName,
        info.publicKeyPem,
      );
      await required({ kind: 'activateConnection', connection: info.connection, apiKey });
    }
    ownInfo = info;
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
  async function patiently<T>(
    what: 'market' | 'connection',
    onServed: (address: DeskAddress) => void,
    work: () => Promise<T>,
  ): Promise<T> {
    const begun = { since: time.now(), monotonic: time.monotonic() };
    for (let pause = START_RETRY_MS_MIN; ; pause = Math.min(pause * 2, START_RETRY_MS_MAX)) {
      try {
        return await work();
      } catch (error) {
        if (stop.signal.aborted || error instanceof StoreError) throw error;
        if (isLasting(error)) throw new Refusal(`${what}: ${messageOf(error)}`, { cause: error });
        const reason = messageOf(error);
        logger.warn({ what, reason }, 'not ready yet; trying again');
        waitsFor = vaultWatch.isLocked ? null : { what, since: begun.since, reason };
        const isLong = time.monotonic() - begun.monotonic >= START_IN_VAIN_MS;
        if (isLong && world === undefined && served === null) onServed(await openPages());
        await pauses.pause(pause, stop.signal);
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

  /** The address of the pages, which are served from the first call on. */
  async function openPages(): Promise<DeskAddress> {
    served ??= servePages();
    const url = await served;
    return { url, link: `${site.origin}/login?token=${sessions.createLink()}` };
  }

  /** The connection, which a locked vault keeps from being made: then a person is let in to open it. */
  async function connectionOrHelp(onServed: (address: DeskAddress) => void): Promise<string> {
    try {
      return await openConnection();
    } catch (error) {
      if (world === undefined && served === null && !isLasting(error)) {
        const vault = await links.vault();
        if (vault?.isOpen === false) onServed(await openPages());
      }
      throw error;
    }
  }

  async function servePages(): Promise<string> {
    app = await buildApp({
      desk,
      isStarting: () => isStarting,
      waitsFor: () => waitsFor,
      live,
      sessions,
      people: {
        book: people,
        codes: new RecoveryCodes(store),
        ceremonies: new Ceremonies(() => site),
        access: new Access(sessions, people),
        site: () => site,
        act: async (request) => {
          const answer = await ownTrades.act(request);
          if (answer.kind === 'performed') onAct();
          return answer;
        },
        owners: () => links.owners(),
      },
      ...(listening.behindProxy === undefined ? {} : { trustedProxy: listening.behindProxy }),
      risk,
      keys: {
        change: async (request) => {
          const result = await links.connections(request);
          if (result.ok) await life.refresh();
          return result;
        },
        check: (id) => life.check(id),
        probe: (id) => life.probe(id),
        hasSecondAddress: () => hasSecondAddress,
        venue: config.venue,
      },
      policy: {
        policy: () => links.policy(),
        explain: (connection, order) => links.explain(connection, order),
      },
      vault: {
        vault: () => links.vault(),
        changeVault: async (request) => {
          const result = await links.changeVault(request);
          if (result.ok) void vaultWatch.look();
          return result;
        },
      },
      alarms: {
        book: alarms,
        notifier,
        webhook,
        cases,
        unreviewed: (limit) => ({ connection, orders: watch.unreviewed(limit) }),
      },
      log: publicLog,
      commitEdgeLog: (batch) => links.commitEdgeLog(batch),
      isLogPublic: config.publicLog === true,
      witnesses,
      anchors,
      webDirectory: config.webDirectory,
      metrics: () => metrics.text(),
      logger,
      version: config.version,
      onFatal,
    });
    const url = await app.listen({ host: '127.0.0.1', port: config.port });
    if (listening.origin === undefined) {
      // A name, since passkeys are bound to one; it is this machine's in every browser.
      site = siteOf(`http://localhost:${new URL(url).port}`);
    }
    const { routing } = app;
    outer = await listenBeyond(listening, (request, response) => routing(request, response));
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

    async start(onServed = () => undefined) {
      if (world === undefined) forgetOldBackups();
      await patiently('market', onServed, () => hub.open(config.symbols));
      connection = await patiently('connection', onServed, () => connectionOrHelp(onServed));
      // No command may come before the orders it speaks of are known: pages are served last.
      const alive = runner.load();
      balances.load();
      if (world === undefined) await life.start(START_CHECK_MS_MAX);
      await reconciler.askSigner();
      for (const order of alive) orders.takeUp(order);
      if (world === undefined) await openPages();
      isStarting = false;
      waitsFor = null;
      // What needs no key waits for none.
      notifier.wake(0);
      freeze.start();
      if (world === undefined) {
        witnesses.start();
        anchors.start();
      }
      const { control } = config.market;
      if (control !== undefined) {
        await pollDemoMarket(control);
        timers.push(time.every(MARKET_STATUS_MS, () => void pollDemoMarket(control)));
      }
      // The bots act once it is known how their orders stand, or once waiting longer would do more harm.
      const vault = world === undefined ? await links.vault() : null;
      const wasLocked = vault?.isOpen === false;
      // Who opens the vault comes by the pages, and needs to know where they are.
      if (wasLocked) onServed(await openPages());
      else if (vault?.isOpen === true) vaultWatch.onFoundOpen();
      await reconciler.start();
      if (wasLocked) await life.goOn(START_CHECK_MS_MAX);
      stop.signal.throwIfAborted();
      isRunning = true;
      // A simulation has no canaries, and its clock no use for their timer.
      if (world === undefined) canaries.start();
      if (world === undefined) heldOrders.start();
      runner.start();
      risk.start();
      timers.push(time.every(RISK_TICK_MS, () => risk.tick()));
      makeFirstBots();
      conditions.start(runner.bots.keys());
      hub.catchUp();
      void subscribe();
      return world === undefined ? openPages() : { url: '', link: '' };
    },

    async close() {
      if (stop.signal.aborted) return;
      stop.abort();
      for (const cancel of timers) cancel();
      hub.close();
      life.close();
      vaultWatch.close();
      conditions.close();
      candleFeed.close();
      live.close();
      streamGap.close();
      canaries.close();
      heldOrders.close();
      freeze.close();
      const isQuiet = Promise.all([
        orders.close(),
        reconciler.close(),
        notifier.close(),
        witnesses.close(),
        anchors.close(),
      ]);
      links.close();
      await isQuiet;
      runner.close();
      await outer?.close();
      await app?.close();
      rmSync(terminalFile(config.dataDirectory), { force: true });
      store.close();
    },
  };
}

function siteOf(origin: string): Site {
  return { origin, rpId: new URL(origin).hostname };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
