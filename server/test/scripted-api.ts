// SPDX-License-Identifier: Apache-2.0
// The HTTP application over a scripted desk: the routes as they are, asked without a socket or over one.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { FreeFunds } from '@kontor/core';
import type { PublicMarket } from '@kontor/exchange';
import { AlarmBook } from '../src/alarms/alarm-book.ts';
import { CaseBook } from '../src/cases/case-book.ts';
import { Notifier } from '../src/alarms/notifier.ts';
import { Webhook } from '../src/alarms/webhook.ts';
import { alarmsOf } from '../src/api/alarm-routes.ts';
import type { KeyDesk } from '../src/api/connection-routes.ts';
import type { PolicyDesk } from '../src/api/policy-routes.ts';
import type { VaultAnswer, VaultDesk, VaultRequest } from '../src/api/vault-routes.ts';
import { buildApp, type RequestsPerMinute } from '../src/api/app.ts';
import { LiveHub } from '../src/api/live.ts';
import type { Health, Start } from '../src/api/schemas.ts';
import type { PeopleDesk } from '../src/api/people-routes.ts';
import { Access } from '../src/people/access.ts';
import { Ceremonies, type Site } from '../src/people/ceremonies.ts';
import { PeopleBook } from '../src/people/people-book.ts';
import { RecoveryCodes } from '../src/people/recovery-codes.ts';
import { Sessions } from '../src/people/sessions.ts';
import type { BotActions } from '../src/bot-actions.ts';
import { Desk } from '../src/desk.ts';
import { createLogger } from '../src/log.ts';
import { CandleFeed } from '../src/market/candle-feed.ts';
import { MarketHub } from '../src/market/market-hub.ts';
import { ReconciliationView } from '../src/reconcile/view.ts';
import { systemTime } from '../src/time.ts';
import { ConditionHub } from '../src/runner/condition-hub.ts';
import { DealProjection } from '../src/runner/deal-projection.ts';
import { ProfitBook } from '../src/runner/profit-book.ts';
import { PublicLog } from '../src/witness/public-log.ts';
import { AnchorDesk } from '../src/witness/anchor-desk.ts';
import { WitnessDesk } from '../src/witness/witness-desk.ts';
import { connectionInfo } from './connection-info.ts';
import { ScriptedCandles } from './scripted-candles.ts';
import { CONNECTION, INSTRUMENT, SYMBOL } from './scripted-exchange.ts';
import { quoteAt, ScriptedDesk, type ScriptedDeskOptions } from './scripted-desk.ts';

export const TERMINAL_TOKEN = 'the-terminal-of-the-test';

/** A whole minute. */
const MARKET_START = 1_699_999_980_000;

type App = Awaited<ReturnType<typeof buildApp>>;

/** An open vault with a passphrase, and nothing else that opens it. */
export const VAULT: NonNullable<Awaited<ReturnType<VaultDesk['vault']>>> = {
  isOpen: true,
  isUnattended: false,
  importKey: `${'A'.repeat(43)}=`,
  unlockKey: `${'B'.repeat(43)}=`,
  waitMs: 0,
  ways: [],
};

export interface ScriptedApi {
  readonly desk: ScriptedDesk;
  readonly app: App;
  readonly sessions: Sessions;
  readonly live: LiveHub;
  readonly people: PeopleDesk;
  /** What was asked of the signer about acts, and what it answers. */
  readonly actRequests: unknown[];
  actAnswer: Awaited<ReturnType<PeopleDesk['act']>>;
  owners: Awaited<ReturnType<PeopleDesk['owners']>>;
  readonly actions: BotActions;
  readonly alarms: AlarmBook;
  readonly cases: CaseBook;
  readonly fatal: unknown[];
  /** Closed minutes of the market, for conditions. */
  readonly candles: ScriptedCandles;
  hasEnded: boolean;
  /** Comparisons with the exchange that have failed in a row. */
  failedInARow: number;
  /** What was asked of the signer about keys, and what it answers. */
  readonly keyRequests: Parameters<KeyDesk['change']>[0][];
  keyAnswer: Awaited<ReturnType<KeyDesk['change']>>;
  probeAnswer: Awaited<ReturnType<KeyDesk['probe']>>;
  hasSecondAddress: boolean;
  vault: Awaited<ReturnType<VaultDesk['vault']>>;
  policyInfo: Awaited<ReturnType<PolicyDesk['policy']>>;
  explanation: Awaited<ReturnType<PolicyDesk['explain']>>;
  /** What the signer answers to what opens the vault, and what it was asked. */
  vaultAnswer: VaultAnswer;
  readonly vaultRequests: VaultRequest[];
  marketState: 'up' | 'down';
  /** Connections that stand still. */
  troubled: Health['connections'];
  /** The lines of the connection's policy. */
  policy: readonly string[];
  /** What every bot may use. */
  funds: FreeFunds | null;
  /** Asks as the terminal does; the body is read as JSON. */
  ask(
    method: 'GET' | 'PATCH' | 'POST' | 'PUT' | 'DELETE',
    url: string,
    body?: unknown,
  ): Promise<ApiAnswer>;
  close(): Promise<void>;
}

export interface ApiAnswer {
  readonly status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- what a test reads from it, it checks
  readonly body: any;
}

/** A market that always says the same; its stream is up and silent unless told otherwise. */
function quietMarket(onState: (say: (state: 'up' | 'down') => void) => void): PublicMarket {
  return {
    instruments: async () => [INSTRUMENT],
    candles: async () => [[1_700_000_000_000, '1', '2', '0.5', '1.5', '10']],
    quote: async () => ({ time: 1_700_000_000_000, quote: quoteAt(200_000) }),
    open(_symbols, _interval, listener) {
      onState((state) => listener.onState(state, 'scripted'));
      listener.onTrade(SYMBOL, 1_700_000_000_000, quoteAt(200_000));
      return { close: () => undefined };
    },
  };
}

/** Bounds that a test reaches sooner. */
export interface ApiBounds {
  readonly botsMax?: number;
  readonly requestsPerMinute?: RequestsPerMinute;
  readonly site?: Site;
  readonly trustedProxy?: string;
  /** The desk waits for its vault. */
  readonly isStarting?: boolean;
  readonly waitsFor?: Start['waitsFor'];
  /** Whether strangers may read the log's public half. */
  readonly isLogPublic?: boolean;
}

/** Where the pages are, unless a test says otherwise. */
const SITE: Site = { origin: 'http://localhost:4180', rpId: 'localhost' };

export async function openApi(
  options: ScriptedDeskOptions = {},
  {
    botsMax,
    requestsPerMinute,
    site = SITE,
    trustedProxy,
    isLogPublic = false,
    isStarting = false,
    waitsFor = null,
  }: ApiBounds = {},
): Promise<ScriptedApi> {
  const desk = await new ScriptedDesk(options).start();
  let say: (state: 'up' | 'down') => void = () => undefined;
  const hub = new MarketHub(
    quietMarket((given) => (say = given)),
    desk.clock,
    {
      onTrade: () => undefined,
      onQuote: () => undefined,
      onCandle: () => undefined,
      onState: () => undefined,
      onQuoteMissing: () => undefined,
    },
  );
  await hub.open([SYMBOL]);
  const fatal: unknown[] = [];
  const sessions = new Sessions(desk.store, TERMINAL_TOKEN);
  const candles = new ScriptedCandles(SYMBOL, MARKET_START, [2000, 2001]);
  const feed = new CandleFeed({
    source: candles,
    clock: desk.clock,
    instrument: (symbol) => hub.instruments.get(symbol),
  });
  candles.onTold((symbol, interval, row, isClosed) =>
    feed.onStreamed(symbol, interval, row, isClosed),
  );
  const conditions = new ConditionHub({
    feed,
    clock: desk.clock,
    instrument: (symbol) => hub.instruments.get(symbol),
    quote: (symbol) => hub.quote(symbol),
    state: (botId) => desk.runner.bots.get(botId)?.state,
    deliver: (botId, event) => desk.runner.deliver(botId, event),
    onTrouble: (symbol, reason) => assert.fail(`${symbol}: ${reason}`),
  });
  desk.onChanged = (botId) => conditions.refresh(botId);
  conditions.start([]);
  const shown = new Desk({
    version: '0.0.0-test',
    dataDirectory: desk.directory,
    symbols: [SYMBOL],
    feeRatePpm: 0,
    store: desk.store,
    runner: desk.runner,
    ...(botsMax === undefined ? {} : { botsMax }),
    orders: desk.orders,
    hub,
    projection: new DealProjection(desk.store, {
      onEnded: () => undefined,
      onRealised: () => undefined,
    }),
    profits: new ProfitBook(desk.store),
    reconciliation: new ReconciliationView(desk),
    conditions,
    now: () => desk.clock.now(),
    funds: () => api.funds,
    market: () => ({
      kind: 'candles',
      label: 'scripted',
      isSimulated: true,
      speed: 1,
      marketTime: 1_700_000_000_000,
      hasEnded: api.hasEnded,
    }),
    balances: () => [{ asset: 'USDT', free: '100.00', locked: '0.00' }],
    connections: async () => [
      connectionInfo(1, {
        connection: CONNECTION,
        name: 'demo',
        venue: 'demo',
        checkedAt: 1,
        policy: api.policy,
      }),
    ],
    account: () => ({ state: 'up', reason: 'subscribed', lastEventAt: null }),
    comparison: () => ({ sweptAt: 1, fault: null, failedInARow: api.failedInARow }),
    processes: () => [],
    marketUnseen: () => null,
    troubled: () => api.troubled,
    exchangeClock: () => ({ skewMs: 0, roundTripMs: 1 }),
  });
  const live = new LiveHub(shown, (session) => sessions.goesOn(session));
  const cases = new CaseBook(desk.directory, () => Date.now());
  const alarms: AlarmBook = new AlarmBook({
    store: desk.store,
    now: () => Date.now(),
    onRaised: (alarm) => notifier.enqueue(alarm),
    onChanged: () => live.put('alarms', { kind: 'alarms', alarms: alarmsOf(alarms) }),
    log: () => undefined,
  });
  const webhook = new Webhook(desk.store, () => Date.now());
  const notifier = new Notifier({
    store: desk.store,
    time: systemTime,
    channels: [webhook],
    onStanding: () => undefined,
    onChanged: () => undefined,
  });
  const publicLog = new PublicLog(desk.directory);
  const anchors = new AnchorDesk({
    dataDirectory: desk.directory,
    log: publicLog,
    logKeys: () => publicLog.keys(),
    time: systemTime,
    onStale: () => undefined,
    onError: () => undefined,
  });
  const witnesses = new WitnessDesk({
    dataDirectory: desk.directory,
    log: publicLog,
    logKeys: () => publicLog.keys(),
    time: systemTime,
    anchors: () => anchors.status(),
    raise: () => undefined,
    onAgreed: () => undefined,
    onSilence: () => undefined,
    onError: () => undefined,
  });
  const book = new PeopleBook(desk.store);
  const scriptedPeople: PeopleDesk = {
    book,
    codes: new RecoveryCodes(desk.store),
    ceremonies: new Ceremonies(() => scriptedPeople.site()),
    access: new Access(sessions, book),
    site: () => site,
    act: async (request) => {
      api.actRequests.push(request);
      return api.actAnswer;
    },
    owners: async () => api.owners,
  };
  const app = await buildApp({
    ...(trustedProxy === undefined ? {} : { trustedProxy }),
    desk: shown,
    isStarting: () => isStarting,
    waitsFor: () => waitsFor,
    live,
    sessions,
    people: scriptedPeople,
    policy: {
      policy: async () => api.policyInfo,
      explain: async () => api.explanation,
    },
    vault: {
      vault: async () => api.vault,
      changeVault: async (request) => {
        api.vaultRequests.push(request);
        return api.vaultAnswer;
      },
    },
    alarms: {
      book: alarms,
      notifier,
      webhook,
      cases,
      unreviewed: () => ({ connection: CONNECTION, orders: [] }),
    },
    log: publicLog,
    commitEdgeLog: async ({ lines }) => ({ ok: true, entry: lines }),
    isLogPublic,
    witnesses,
    anchors,
    risk: desk.risk,
    keys: {
      change: async (request) => {
        api.keyRequests.push(request);
        return api.keyAnswer;
      },
      check: async (connection) => {
        const known = api.keyAnswer.ok
          ? api.keyAnswer.connections.find((each) => each.connection === connection)
          : undefined;
        return known === undefined
          ? { ok: false, reason: 'the exchange answered with HTTP 503' }
          : { ok: true, connection: known };
      },
      probe: async () => api.probeAnswer,
      hasSecondAddress: () => api.hasSecondAddress,
      venue: 'demo',
    },
    webDirectory: join(desk.directory, 'web'),
    metrics: async () => 'kontor_test 1\n',
    logger: createLogger(join(desk.directory, 'run', 'server.log')),
    version: '0.0.0-test',
    ...(requestsPerMinute === undefined ? {} : { requestsPerMinute }),
    onFatal: (error) => fatal.push(error),
  });
  let state: 'up' | 'down' = 'down';
  const api: ScriptedApi = {
    desk,
    app,
    sessions,
    live,
    people: scriptedPeople,
    actRequests: [],
    troubled: [],
    actAnswer: { kind: 'refused', rule: null, reason: 'the signer is not running' },
    owners: [],
    actions: shown.actions,
    alarms,
    cases,
    fatal,
    candles,
    hasEnded: false,
    failedInARow: 0,
    keyRequests: [],
    keyAnswer: { ok: false, reason: 'the signer is not running' },
    probeAnswer: { ok: false, reason: 'no connection: the proxy: ECONNREFUSED' },
    hasSecondAddress: false,
    vault: null,
    policyInfo: null,
    explanation: { ok: false, reason: 'scripted' },
    vaultAnswer: { ok: false, reason: 'the test has set no answer' },
    vaultRequests: [],
    funds: null,
    policy: ['default deny'],
    get marketState() {
      return state;
    },
    set marketState(next) {
      state = next;
      say(next);
    },
    async ask(method, url, body) {
      const answer = await app.inject({
        method,
        url,
        headers: {
          host: '127.0.0.1:4180',
          authorization: `Bearer ${TERMINAL_TOKEN}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
      });
      const isJson = answer.headers['content-type']?.includes('json') ?? false;
      return { status: answer.statusCode, body: isJson ? answer.json() : answer.body };
    },
    async close() {
      live.close();
      conditions.close();
      feed.close();
      hub.close();
      await app.close();
      await notifier.close();
      await desk.close();
    },
  };
  api.marketState = 'up';
  await app.ready();
  assert.equal(fatal.length, 0);
  return api;
}
