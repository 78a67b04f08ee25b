// SPDX-License-Identifier: Apache-2.0
// A desk to test the page against: serves web/dist and the HTTP API with the fixture's data, and does on request
// what a real one does only on bad days.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

import {
  checkSettings, makeInstrument, parseFields, parsePrice, parseSettings, RISK_LIMIT_FIELDS,
  type BotSettings, type FieldError, type PriceTicks,
} from '@kontor/core'; // prettier-ignore

import type {
  AlarmChannel,
  Alarms,
  Bot,
  CaseSummary,
  ForeignOrders,
  Candles,
  Conditions,
  Connection,
  Deal,
  Orphan,
  Risk,
  StreamMessage,
  Vault,
  Venue,
  WitnessStatus,
} from '../src/api/types.ts';
import {
  atPrice,
  makeFixtureData,
  makeTotals,
  type CandleRow,
  type FixtureData,
} from './fixture-data.ts';
import { answerPeople, fixturePeople, type FixturePeople } from './fixture-people.ts';

const DIST = fileURLToPath(new URL('../dist', import.meta.url));
/** What the desk's real server sends with the page. */
const CSP =
  "default-src 'self'; style-src 'self' 'sha256-3pRED1tOXas1FXFoPb9TGCjmYe9XQsmO9OV23khV2nY=' " +
  "'sha256-nzTgYzXYDNe6BAHiiI7NNlfK8n/auuOAhh2t92YvuXo='";
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};
const INTERVALS: Readonly<Record<string, number>> = {
  '1m': 1, '5m': 5, '15m': 15, '1h': 60, '4h': 240, '1d': 1440,
}; // prettier-ignore

const BOT_ACTIONS = [
  'stop-and-close', 'stop-and-cancel', 'close-all', 'cancel-all', 'start-deal', 'signal',
] as const; // prettier-ignore
const DEAL_ACTIONS = [
  'add-funds', 'reduce-funds', 'cancel-order', 'close-step', 'cancel-step', 'force-entry', 'convert', 'settings',
] as const; // prettier-ignore

interface Stream {
  readonly response: ServerResponse;
  readonly interval: string;
}

/** An open vault that a file opens. */
export const VAULT: Vault = {
  isOpen: true,
  isUnattended: true,
  importKey: 'hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=',
  unlockKey: '3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNrfx+FG+IK08=',
  waitMs: 0,
  ways: [],
};

const VENUES: readonly Venue[] = [
  {
    venue: 'binance',
    isTraded: true,
    hasAdapter: true,
    hasSecondAddress: true,
    keys: [
      { kind: 'ed25519', from: 'made' },
      { kind: 'rsa-2048', from: 'made' },
      { kind: 'ed25519', from: 'imported' },
      { kind: 'hmac-sha256', from: 'imported' },
    ],
  },
];

export class FixtureServer {
  readonly data: FixtureData;
  /** What `desk` answers; another process may have taken the place of the first. */
  desk: FixtureData['desk'];
  reconciliation: FixtureData['reconciliation'];
  alarms: Alarms = { openCount: 0, alarms: [] };
  cases: readonly CaseSummary[] = [];
  foreignOrders: ForeignOrders = { connection: 'c_ABCDEF2', orders: [] };
  alarmChannels: readonly AlarmChannel[] = [
    { kind: 'webhook', isSet: false, address: null, waiting: 0, sentAt: null, fault: null },
  ];
  readonly people: FixturePeople = fixturePeople(Date.now());
  /** What the vault answers; null as when the signer is not running. */
  vault: Vault | null = VAULT;
  /** What is said to what would open the vault; null where it does. */
  vaultRefusal: { readonly status: number; readonly error: string } | null = null;
  /** Whether a key in waiting takes over once it is checked. */
  takesOver = false;
  /** What keeps a probe from the second address from going out. */
  probeFault: string | null = null;
  /** The log's files by their path below `/log/`; none where there is no log yet. */
  logFiles: ReadonlyMap<string, Uint8Array> = new Map();
  witnesses: WitnessStatus = {
    level: 'W0',
    operators: 0,
    meaning: '',
    anchors: [],
    witnesses: [],
    fault: null,
    lists: { witnesses: 'trust/witnesses.json', authorities: 'trust/anchors.json' },
  };
  /** Scopes with limits or a state of their own, the desk first. */
  readonly risk: Risk[];
  /** What the desk finds wrong with settings beyond what the page can know. */
  refusedFields: readonly FieldError[] = [];
  /** How conditions stand, of whichever bot trades the symbol on them. */
  conditions: readonly Conditions[] = [];
  /** Why the desk refuses what is asked at a path. */
  readonly refusals = new Map<string, string>();
  /** What further paths answer, by method and path; the body is read as JSON. */
  readonly answers = new Map<string, (body: unknown) => unknown>();
  /** What was sent last, by method and path. */
  readonly bodies = new Map<string, unknown>();
  /** Requests answered, by method and path. */
  readonly requests = new Map<string, number>();
  isLocked = false;
  /** The desk waits for its vault, as before a first connection. */
  isStarting = false;
  /** The exchanges that keys can be for. */
  venues: readonly Venue[] = VENUES;
  /** Streams are refused and requests are cut, as when the process is gone. */
  isDown = false;
  /** Paths (without the prefix) answered with an error 500. */
  readonly failing = new Set<string>();
  readonly #server: Server;
  readonly #streams = new Set<Stream>();
  #sequence = 0;
  #port = 0;

  constructor(data: FixtureData) {
    this.data = data;
    this.desk = data.desk;
    this.reconciliation = data.reconciliation;
    this.risk = [...data.risk];
    this.#server = createServer((request, response) => {
      void this.#answer(request, response);
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get streamCount(): number {
    return this.#streams.size;
  }

  async start(port = 0): Promise<string> {
    await new Promise<void>((resolve) => {
      this.#server.listen(port, '127.0.0.1', resolve);
    });
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('expected a TCP address');
    this.#port = address.port;
    return this.url;
  }

  async stop(): Promise<void> {
    this.dropStreams();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  /** Sends `message` to every page that listens, under the next number. */
  push(message: StreamMessage): void {
    this.#sequence += 1;
    for (const stream of this.#streams) write(stream, this.#sequence, message);
  }

  /** Loses `count` messages, as a page sees it. */
  skip(count: number): void {
    this.#sequence += count;
  }

  dropStreams(): void {
    for (const stream of this.#streams) stream.response.destroy();
    this.#streams.clear();
  }

  /** Moves `symbol` to `price`: quote, running candle, and the deals that hold it. */
  move(symbol: string, price: number): void {
    const instrument = this.data.desk.instruments.find((each) => each.symbol === symbol);
    const rows = this.data.candles.get(symbol);
    const last = rows?.at(-1);
    if (instrument === undefined || rows === undefined || last === undefined) {
      throw new Error(`expected a symbol of the fixture, found ${symbol}`);
    }
    const text = (value: number): string => value.toFixed(instrument.priceDecimals);
    const tick = Number(instrument.tickSize);
    const candle: CandleRow = [
      last[0],
      last[1],
      text(Math.max(Number(last[2]), price)),
      text(Math.min(Number(last[3]), price)),
      text(price),
      last[5],
    ];
    rows[rows.length - 1] = candle;
    this.push({
      kind: 'quote',
      symbol,
      time: last[0] + 30_000,
      bid: text(price - tick),
      ask: text(price + tick),
      last: text(price),
    });
    this.push({ kind: 'candle', symbol, interval: '1m', candle });
    for (const [index, deal] of this.data.deals.entries()) {
      if (deal.closedAt !== null || deal.symbol !== symbol) continue;
      const moved = atPrice(deal, price);
      this.data.deals[index] = moved;
      this.push({ kind: 'deal', deal: moved });
    }
    this.push({ kind: 'totals', totals: makeTotals(this.data) });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.url);
    const name = `${request.method} ${url.pathname}`;
    this.requests.set(name, (this.requests.get(name) ?? 0) + 1);
    const bot = url.searchParams.get('bot');
    if (bot !== null) this.requests.set(`${name}?bot=${bot}`, 1);
    if (this.isDown) {
      request.socket.destroy();
      return;
    }
    const logFile = this.logFiles.get(url.pathname.slice('/log/'.length));
    if (url.pathname.startsWith('/log/')) {
      response.writeHead(logFile === undefined ? 404 : 200, { 'cache-control': 'no-store' });
      response.end(logFile);
      return;
    }
    const isDoor = url.pathname.startsWith('/auth');
    const method = request.method ?? '';
    const asked = isDoor ? url.pathname.slice(1) : url.pathname.slice('/api/v1/'.length);
    const given = isDoor || this.isLocked ? undefined : this.answers.get(`${method} /${asked}`);
    if (given !== undefined) {
      const body = method === 'GET' ? null : await bodyOf(request);
      this.bodies.set(`${method} /${asked}`, body);
      sendJson(response, given(body));
      return;
    }
    const answer = this.isLocked && !isDoor ? undefined : answerPeople(this.people, method, asked);
    if (answer !== undefined) {
      if (method !== 'GET' && answer.status < 400) {
        this.bodies.set(`${method} /${asked}`, await bodyOf(request));
      }
      response.writeHead(answer.status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(answer.body));
      return;
    }
    if (!url.pathname.startsWith('/api/v1/')) {
      await sendFile(url.pathname, response);
      return;
    }
    const path = `/${asked}`;
    if (this.isLocked) {
      sendError(response, 401, 'locked', 'expected the cookie of an open session, found none');
    } else if (this.isStarting && path !== '/vault') {
      sendError(response, 503, 'starting', 'expected a desk that has started');
    } else if (this.failing.has(path)) {
      sendError(response, 500, 'internal', `the fixture fails ${path}`);
    } else if (request.method !== 'GET') {
      this.#command(path, request.method ?? '', await bodyOf(request), response);
    } else {
      this.#read(path, url.searchParams, request, response);
    }
  }

  #read(
    path: string,
    query: URLSearchParams,
    request: IncomingMessage,
    response: ServerResponse,
  ): void {
    const [, first = '', id = '', part = ''] = path.split('/').map(decodeURIComponent);
    switch (id === '' ? first : `${first}/:id${part === '' ? '' : `/${part}`}`) {
      case 'desk':
        return sendJson(response, this.desk);
      case 'health':
        return sendJson(response, this.data.health);
      case 'totals':
        return sendJson(response, makeTotals(this.data));
      case 'balances':
        return sendJson(response, this.data.balances);
      case 'reconciliation':
        return sendJson(response, this.reconciliation);
      case 'alarms':
        return sendJson(response, this.alarms);
      case 'cases':
        return sendJson(response, this.cases);
      case 'foreign-orders':
        return sendJson(response, this.foreignOrders);
      case 'alarms/:id':
        return sendJson(response, this.alarmChannels);
      case 'log':
        return sendJson(response, { checkpointAt: Date.now() - 5_000 });
      case 'log/:id':
        return sendJson(response, this.witnesses);
      case 'risk':
        return sendJson(response, this.risk);
      case 'risk/:id':
        return sendJson(response, this.risk.find((each) => each.scope === id) ?? noRisk(id));
      case 'connections':
        return sendJson(response, this.data.connections);
      case 'venues':
        return sendJson(response, this.venues);
      case 'vault':
        return this.vault === null
          ? sendError(response, 503, 'signer_unavailable', 'the signer is not running')
          : sendJson(response, this.vault);
      case 'bots':
        return sendJson(response, this.data.bots);
      case 'deals':
        return sendJson(response, this.#dealPage(query));
      case 'notes':
        return sendJson(
          response,
          this.data.notes
            .filter(({ botId }) => (query.get('bot') ?? botId) === botId)
            .slice(0, Number(query.get('limit') ?? 100)),
        );
      case 'candles':
        return sendJson(response, this.#candles(query));
      case 'stream':
        return this.#open(query.get('interval') ?? '1m', request, response);
      case 'bots/:id':
        return sendFound(
          response,
          this.data.bots.find((bot) => bot.id === id),
        );
      case 'bots/:id/conditions':
        return sendJson(
          response,
          this.conditions.filter((each) => this.#trades(id, each.symbol)),
        );
      case 'deals/:id':
        return sendFound(
          response,
          this.data.deals.find((deal) => deal.id === id),
        );
      case 'deals/:id/notes':
        return sendJson(
          response,
          this.data.notes.filter((note) => note.dealId === id),
        );
      default:
        return sendError(response, 404, 'not_found', `no such path: ${path}`);
    }
  }

  #changeVault(
    method: string,
    what: string,
    way: string,
    body: unknown,
    response: ServerResponse,
  ): void {
    const { vault, vaultRefusal } = this;
    if (vault === null) return sendError(response, 503, 'signer_unavailable', 'no signer');
    if (vaultRefusal !== null)
      return sendError(response, vaultRefusal.status, vaultRefusal.error, 'because');
    if (method === 'DELETE')
      this.vault = { ...vault, ways: vault.ways.filter(({ id }) => id !== way) };
    else if (what === 'unlock') this.vault = { ...vault, isOpen: true };
    else {
      // The page's own form.
      const { name, credential, salt } = body as {
        readonly name: string;
        readonly credential: string;
        readonly salt: string;
      };
      const added = { id: 'w_ABCDEF2', kind: 'prf', name, addedAt: 1_760_000_000_000 } as const;
      this.vault = { ...vault, ways: [...vault.ways, { ...added, passkey: { credential, salt } }] };
    }
    return sendJson(response, this.vault);
  }

  #command(path: string, method: string, body: unknown, response: ServerResponse): void {
    const [, first = '', id = '', action = ''] = path.split('/').map(decodeURIComponent);
    this.bodies.set(`${method} ${path}`, body);
    const reason = this.refusals.get(path);
    if (reason !== undefined) return sendError(response, 409, 'refused', reason);
    if (method === 'DELETE' && first === 'session') {
      this.isLocked = true;
      this.dropStreams();
      response.writeHead(204);
      response.end();
      return;
    }
    if (first === 'vault') return this.#changeVault(method, id, action, body, response);
    if (method === 'POST' && first === 'bots' && id === '') return this.#createBot(body, response);
    if (method === 'PATCH' && first === 'bots' && action === 'settings') {
      return this.#editBot(id, body, response);
    }
    if (method === 'DELETE' && first === 'bots') return this.#removeBot(id, response);
    if (first === 'bots' && (BOT_ACTIONS as readonly string[]).includes(action)) {
      return sendFound(
        response,
        this.data.bots.find((each) => each.id === id),
      );
    }
    if (first === 'deals' && (DEAL_ACTIONS as readonly string[]).includes(action)) {
      return sendFound(
        response,
        this.data.deals.find((each) => each.id === id),
      );
    }
    if (first === 'connections' && action === 'probe') {
      if (this.probeFault !== null) return sendError(response, 502, 'not_probed', this.probeFault);
      const found = this.data.connections.find((each) => each.id === id);
      return sendFound(response, found);
    }
    if (first === 'connections' && (action === 'check' || action === 'freeze'))
      return this.#useConnection(id, action, response);
    if (first === 'connections') return this.#changeConnections(method, id, body, response);
    if (first === 'risk') return this.#setRisk(id, action, body, response);
    if (first === 'bots' && (action === 'start' || action === 'stop')) {
      const index = this.data.bots.findIndex((each) => each.id === id);
      const bot = this.data.bots[index];
      if (bot === undefined) return sendFound(response, undefined);
      const changed: Bot = { ...bot, state: action === 'start' ? 'running' : 'stopped' };
      this.data.bots[index] = changed;
      this.push({ kind: 'bot', bot: changed });
      return sendJson(response, changed);
    }
    if (first === 'deals' && (action === 'close' || action === 'cancel')) {
      const index = this.data.deals.findIndex((each) => each.id === id);
      const deal = this.data.deals[index];
      if (deal === undefined) return sendFound(response, undefined);
      if (deal.closedAt !== null)
        return sendError(response, 409, 'deal_ended', `deal ${id} has ended`);
      const changed: Deal = {
        ...deal,
        status: 'closing',
        reason: action === 'close' ? 'sale' : 'cancelConfirmation',
      };
      this.data.deals[index] = changed;
      this.push({ kind: 'deal', deal: changed });
      return sendJson(response, changed);
    }
    if (first === 'alarms' && id === 'channels') {
      const [channel] = this.alarmChannels;
      if (channel === undefined) return sendFound(response, undefined);
      if (method === 'POST') return sendJson(response, { isTaken: true, reason: '' });
      const isSet = method === 'PUT';
      const next = { ...channel, isSet, address: isSet ? 'https://example.com' : null };
      this.alarmChannels = [next];
      const secret = 'the-secret-of-the-webhook';
      return sendJson(response, isSet ? { channel: next, secret } : next);
    }
    if (first === 'alarms' && action === 'acknowledge') {
      const seen = this.alarms.alarms.find((each) => each.id === id);
      if (seen === undefined) return sendFound(response, undefined);
      return sendJson(response, { ...seen, state: 'acknowledged', acknowledgedAt: Date.now() });
    }
    if (first === 'reconciliation') return sendJson(response, { ok: true });
    if (first === 'orphans' && (action === 'adopt' || action === 'cancel')) {
      const orphan = this.reconciliation.orphans.find((each) => each.id === id);
      if (orphan === undefined) return sendFound(response, undefined);
      const decided: Orphan =
        action === 'adopt'
          ? { ...orphan, state: 'adopted' }
          : { ...orphan, state: 'cancelled', orderState: 'cancelled' };
      this.reconciliation = {
        ...this.reconciliation,
        orphans: this.reconciliation.orphans.map((each) => (each.id === id ? decided : each)),
      };
      return sendJson(response, decided);
    }
    return sendError(response, 404, 'not_found', `no such path: ${path}`);
  }

  /** The exchange finds every key in order, and a key in waiting takes over where the test wants it. */
  #useConnection(id: string, action: 'check' | 'freeze', response: ServerResponse): void {
    const known = this.data.connections;
    const index = known.findIndex((each) => each.id === id);
    const connection = known[index];
    if (connection === undefined) return sendFound(response, undefined);
    const used: Connection =
      action === 'check'
        ? { ...connection, checkedAt: Date.now() }
        : {
            ...connection,
            state: 'frozen',
            signs: 'reductions',
            frozen: { since: Date.now(), cause: 'person' },
          };
    known[index] = used;
    if (this.takesOver && connection.replaces !== null) known.splice(index, 1);
    sendJson(response, used);
  }

  /** As the signer takes them; what is sealed only the real one can open. */
  #changeConnections(method: string, id: string, body: unknown, response: ServerResponse): void {
    const known = this.data.connections;
    if (method === 'PUT') {
      const index = known.findIndex((each) => each.id === id);
      const connection = known[index];
      if (connection === undefined) return sendFound(response, undefined);
      const active: Connection = { ...connection, state: 'active', signs: 'all' };
      known[index] = active;
      return sendJson(response, active);
    }
    const [model] = known;
    const text = (field: string): string => String(Reflect.get(Object(body), field));
    const keyKind = (['ed25519', 'rsa-2048', 'rsa-4096', 'hmac-sha256'] as const).find(
      (kind) => kind === text('keyKind'),
    );
    if (model === undefined || keyKind === undefined) {
      return sendError(response, 400, 'invalid_request', 'keyKind: expected a kind of key');
    }
    const made: Connection = {
      ...model,
      id: `c_${'A'.repeat(6)}${String.fromCharCode(65 + known.length)}`,
      name: text('name'),
      venue: text('venue'),
      state: 'draft',
      signs: 'nothing',
      grade: null,
      checkedAt: null,
      replaces: Reflect.has(Object(body), 'replaces') ? text('replaces') : null,
      keyKind,
      publicKeyPem: keyKind === 'hmac-sha256' ? '' : model.publicKeyPem,
      policy: [],
    };
    known.push(made);
    sendJson(response, made, 201);
  }

  #createBot(body: unknown, response: ServerResponse): void {
    const made = this.#settings(body);
    if (!made.ok) return sendWrongFields(response, 'invalid_settings', made.errors);
    const id = String(Math.max(0, ...this.data.bots.map((bot) => Number(bot.id))) + 1);
    const bot = stoppedBot(id, made.settings, this.data.desk.market.marketTime ?? 0);
    this.data.bots.push(bot);
    this.push({ kind: 'bot', bot });
    sendJson(response, bot, 201);
  }

  #editBot(id: string, body: unknown, response: ServerResponse): void {
    const index = this.data.bots.findIndex((each) => each.id === id);
    const bot = this.data.bots[index];
    if (bot === undefined) return sendFound(response, undefined);
    const made = this.#settings(withChanges(bot.settings, body));
    if (!made.ok) return sendWrongFields(response, 'invalid_settings', made.errors);
    const changed: Bot = { ...bot, settings: made.settings, name: made.settings.name };
    this.data.bots[index] = changed;
    this.push({ kind: 'bot', bot: changed });
    sendJson(response, changed);
  }

  /** As the desk reads settings: parsed, and held against the exchange's limits at the price now. */
  #settings(
    body: unknown,
  ):
    | { readonly ok: true; readonly settings: BotSettings }
    | { readonly ok: false; readonly errors: readonly FieldError[] } {
    const parsed = parseSettings(body);
    if (!parsed.ok) return parsed;
    const prices: Record<string, PriceTicks> = {};
    const instruments = this.data.desk.instruments
      .filter(({ symbol }) => parsed.settings.symbols.includes(symbol))
      .map(makeInstrument);
    for (const instrument of instruments) {
      const last = this.data.candles.get(instrument.symbol)?.at(-1)?.[4];
      const price = last === undefined ? null : parsePrice(instrument, last);
      if (price?.ok === true) prices[instrument.symbol] = price.value;
    }
    const errors = [
      ...this.refusedFields,
      ...checkSettings(parsed.settings, instruments, prices, this.data.desk.feeRatePpm),
    ];
    return errors.length > 0 ? { ok: false, errors } : { ok: true, settings: parsed.settings };
  }

  #removeBot(id: string, response: ServerResponse): void {
    const index = this.data.bots.findIndex((each) => each.id === id);
    if (index < 0) return sendFound(response, undefined);
    this.data.bots.splice(index, 1);
    response.writeHead(204);
    response.end();
  }

  #trades(botId: string, symbol: string): boolean {
    const bot = this.data.bots.find((each) => each.id === botId);
    return bot?.settings.symbols.includes(symbol) === true;
  }

  #setRisk(scope: string, action: string, body: unknown, response: ServerResponse): void {
    const index = this.risk.findIndex((each) => each.scope === scope);
    const known = this.risk[index] ?? noRisk(scope);
    let changed: Risk = known;
    if (action === 'limits') {
      const parsed = parseFields(RISK_LIMIT_FIELDS, body, 'limits');
      if (!parsed.ok) return sendWrongFields(response, 'invalid_limits', parsed.errors);
      changed = { ...known, limits: parsed.value };
    } else {
      const state: unknown = Reflect.get(Object(body), 'state');
      if (state !== 'active' && state !== 'reducing' && state !== 'halted') {
        return sendError(response, 400, 'invalid_request', 'expected a risk state');
      }
      changed = { ...known, state, cause: state === 'active' ? 'none' : 'person', values: {} };
    }
    if (index < 0) this.risk.push(changed);
    else this.risk[index] = changed;
    this.push({ kind: 'risk', risk: changed });
    sendJson(response, changed);
  }

  #dealPage(query: URLSearchParams): unknown {
    const status = query.get('status') ?? 'all';
    const found = this.data.deals.filter((deal) => {
      if (query.has('bot') && deal.botId !== query.get('bot')) return false;
      if (query.has('symbol') && deal.symbol !== query.get('symbol')) return false;
      return status === 'all' || (status === 'open') === (deal.closedAt === null);
    });
    const from = Number(query.get('cursor') ?? 0);
    const limit = Math.min(Number(query.get('limit') ?? 50), 500);
    const deals = found.slice(from, from + limit);
    return {
      deals,
      nextCursor: from + limit < found.length ? String(from + limit) : null,
      total: found.length,
    };
  }

  #candles(query: URLSearchParams): Candles {
    const symbol = query.get('symbol') ?? '';
    const interval = query.get('interval') ?? '1m';
    const minutes = INTERVALS[interval] ?? 1;
    const rows = gather(this.data.candles.get(symbol) ?? [], minutes);
    return { symbol, interval, candles: rows.slice(-Number(query.get('limit') ?? 500)) };
  }

  #open(interval: string, request: IncomingMessage, response: ServerResponse): void {
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'content-security-policy': CSP,
    });
    const stream: Stream = { response, interval };
    this.#streams.add(stream);
    request.on('close', () => this.#streams.delete(stream));
    write(stream, this.#sequence, { kind: 'hello', sequence: this.#sequence });
    for (const { symbol, tickSize, priceDecimals } of this.data.desk.instruments) {
      const last = this.data.candles.get(symbol)?.at(-1);
      if (last === undefined) continue;
      const price = Number(last[4]);
      this.push({
        kind: 'quote',
        symbol,
        time: last[0] + 30_000,
        bid: (price - Number(tickSize)).toFixed(priceDecimals),
        ask: (price + Number(tickSize)).toFixed(priceDecimals),
        last: last[4],
      });
    }
  }
}

/** One-minute rows as rows of `minutes`. */
function gather(rows: readonly CandleRow[], minutes: number): readonly CandleRow[] {
  if (minutes === 1) return rows;
  const step = minutes * 60_000;
  const gathered: CandleRow[] = [];
  for (const row of rows) {
    const time = Math.floor(row[0] / step) * step;
    const last = gathered.at(-1);
    if (last === undefined || last[0] !== time) {
      gathered.push([time, row[1], row[2], row[3], row[4], row[5]]);
      continue;
    }
    gathered[gathered.length - 1] = [
      time,
      last[1],
      Number(row[2]) > Number(last[2]) ? row[2] : last[2],
      Number(row[3]) < Number(last[3]) ? row[3] : last[3],
      row[4],
      String(Number((Number(last[5]) + Number(row[5])).toFixed(8))),
    ];
  }
  return gathered;
}

function write(stream: Stream, sequence: number, message: StreamMessage): void {
  stream.response.write(`id: ${sequence}\ndata: ${JSON.stringify(message)}\n\n`);
}

/** `settings` with the fields of `changes` in place of their own; null takes one away. */
function withChanges(settings: object, changes: unknown): unknown {
  const merged = new Map<string, unknown>(Object.entries(settings));
  for (const [field, value] of Object.entries(Object(changes))) {
    if (value === null) merged.delete(field);
    else merged.set(field, value);
  }
  return Object.fromEntries(merged);
}

/** What a request brought, as JSON; undefined without a body. */
async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const part of request) text += String(part);
  return text === '' ? undefined : JSON.parse(text);
}

function noRisk(scope: string): Risk {
  return {
    scope,
    limits: { maxExposure: [], dailyLoss: [] },
    state: 'active',
    cause: 'none',
    values: {},
    since: null,
    until: null,
    exposure: [],
    openOrders: 0,
    realisedToday: [],
  };
}

function stoppedBot(id: string, settings: BotSettings, createdAt: number): Bot {
  return {
    id,
    name: settings.name,
    kind: settings.kind,
    state: 'stopped',
    connection: 'demo',
    settings,
    createdAt,
    quoteAsset: 'USDT',
    activeDeals: 0,
    completedDeals: 0,
    realisedProfit: '0',
    unrealisedProfit: '0',
    fundsInUse: '0',
    attention: null,
  };
}

function sendWrongFields(
  response: ServerResponse,
  error: string,
  fields: readonly FieldError[],
): void {
  const message = fields
    .map(({ field, expected, found }) => `${field}: expected ${expected}, found ${found}`)
    .join('; ');
  response.writeHead(400, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ error, message, fields }));
}

function sendJson(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body));
}

function sendFound(response: ServerResponse, body: unknown): void {
  if (body === undefined) sendError(response, 404, 'not_found', 'expected a known id');
  else sendJson(response, body);
}

function sendError(response: ServerResponse, status: number, error: string, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ error, message }));
}

/** A file of the built page; any other path is the page itself, which finds its way by the address. */
async function sendFile(path: string, response: ServerResponse): Promise<void> {
  const safe = normalize(decodeURIComponent(path)).replace(/^(\.\.(\/|$))+/, '');
  const name = extname(safe) === '' ? 'index.html' : safe;
  try {
    const body = await readFile(join(DIST, name));
    response.writeHead(200, {
      'content-type': TYPES[extname(name)] ?? 'application/octet-stream',
      'content-security-policy': CSP,
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    });
    response.end(body);
  } catch {
    response.writeHead(404, { 'content-type': 'text/plain' });
    response.end('not found');
  }
}

/** `node web/test/fixture-server.ts [port]`: the desk to look at while working on it; it moves by itself. */
if (import.meta.main) {
  const server = new FixtureServer(makeFixtureData(42));
  const url = await server.start(Number(process.argv[2] ?? 4173));
  process.stdout.write(`${url}\n`);
  let step = 0;
  setInterval(() => {
    step += 1;
    for (const instrument of server.data.desk.instruments) {
      const close = Number(server.data.candles.get(instrument.symbol)?.at(-1)?.[4] ?? 1);
      server.move(instrument.symbol, close * (1 + Math.sin(step / 7 + close) * 0.0002));
    }
  }, 500);
}
