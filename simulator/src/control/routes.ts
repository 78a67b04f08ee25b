// SPDX-License-Identifier: Apache-2.0
// What a test or a person may ask of a running simulator, each route with what it does and an example.

import { createPublicKey } from 'node:crypto';

import type { KeyRights, RegisteredKey } from '../auth.ts';
import type { Account } from '../exchange/account.ts';
import { queriedBody, tradeBody } from '../exchange/bodies.ts';
import type { Exchange } from '../exchange/exchange.ts';
import { unitsText } from '../exchange/market.ts';
import type { FaultBox, FaultRequest } from '../faults.ts';
import type { MarketDriver, MarketSpeed } from '../market/runner.ts';

/** What the routes act on. */
export interface ControlHands {
  readonly exchange: Exchange;
  readonly market: MarketDriver;
  readonly faults: FaultBox;
  /** Registers a key for an account, drawing what is not given. */
  registerKey(options: KeyOptions): RegisteredKey;
  /** Tells stream listeners at once all they would hear at the next beats. */
  flushStreams(): void;
  /** Writes the state file now; `undefined` when there is none. */
  saveState(): Promise<string | undefined>;
  status(): Readonly<Record<string, unknown>>;
}

export interface KeyOptions {
  readonly accountId: number;
  readonly publicKeyPem?: string;
  readonly rights?: Partial<KeyRights>;
  readonly ipAllowList?: readonly string[];
}

export interface ControlRequest {
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface ControlAnswer {
  readonly status: number;
  readonly body: unknown;
}

export interface ControlRoute {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** `:name` stands for a part of the path. */
  readonly path: string;
  readonly does: string;
  readonly example: { readonly body?: unknown; readonly answer: unknown };
  readonly handle: (
    request: ControlRequest,
    hands: ControlHands,
  ) => ControlAnswer | Promise<ControlAnswer>;
}

const STEP_POINTS_MAX = 1_000_000;
const SPEED_MAX = 1_000_000;

/** A request that cannot be done: what was expected and what came. */
class ControlRefusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'ControlRefusal';
    this.status = status;
  }
}

export function isControlRefusal(
  error: unknown,
): error is { readonly status: number; readonly message: string } {
  return error instanceof ControlRefusal;
}

const accountExample = {
  name: 'demo',
  accountId: 1,
  balances: { USDT: { free: '10000.00000000', locked: '0.00000000' } },
};
const keyExample = {
  apiKey: '…64 letters and digits…',
  keyType: 'HMAC',
  secret: '…64 letters and digits…',
};

export const CONTROL_ROUTES: readonly ControlRoute[] = [
  {
    method: 'GET',
    path: '/control/status',
    does: 'Tells what runs: the market, its time and pace, accounts, connections, armed faults.',
    example: {
      answer: { market: { kind: 'synthetic', state: 'running', speed: 1 }, accounts: ['demo'] },
    },
    handle: (_request, hands) => done(hands.status()),
  },
  {
    method: 'POST',
    path: '/control/accounts',
    does: 'Creates an account with balances and an HMAC key, or a key for `publicKeyPem`. `rights` and `ips` limit the key; without `rights` it may read and trade.',
    example: {
      body: { name: 'demo', balances: { USDT: '10000', BTC: '1' } },
      answer: { ...accountExample, key: keyExample },
    },
    handle: createAccount,
  },
  {
    method: 'GET',
    path: '/control/accounts',
    does: 'Lists the accounts with their balances; never a secret.',
    example: { answer: { accounts: [accountExample] } },
    handle: (_request, { exchange }) =>
      done({ accounts: exchange.accounts().map((account) => accountBody(account)) }),
  },
  {
    method: 'GET',
    path: '/control/accounts/:name',
    does: 'One account with its balances and the public part of its keys.',
    example: {
      answer: {
        ...accountExample,
        keys: [{ apiKey: '…', keyType: 'HMAC', rights: { reading: true } }],
      },
    },
    handle: (request, hands) => {
      const account = accountOf(request, hands);
      const keys = hands.exchange.keys
        .list()
        .filter((key) => key.accountId === account.accountId)
        .map(({ apiKey, kind, rights, ipAllowList }) => ({
          apiKey,
          keyType: kind,
          rights,
          ips: ipAllowList,
        }));
      return done({ ...accountBody(account), keys });
    },
  },
  {
    method: 'POST',
    path: '/control/accounts/:name/deposits',
    does: 'Adds to a free balance; a negative amount takes away.',
    example: { body: { asset: 'USDT', amount: '500' }, answer: accountExample },
    handle: deposit,
  },
  {
    method: 'POST',
    path: '/control/accounts/:name/keys',
    does: 'Registers another key: `publicKeyPem` (Ed25519 or RSA), or a drawn HMAC key without it. `rights` names what it may do, `ips` from where.',
    example: {
      body: {
        publicKeyPem: '-----BEGIN PUBLIC KEY-----…',
        rights: { reading: true, spotTrading: true },
        ips: ['127.0.0.1'],
      },
      answer: { apiKey: '…64 letters and digits…', keyType: 'ED25519' },
    },
    handle: (request, hands) => {
      const { accountId } = accountOf(request, hands);
      return created(registerKey(request.body, accountId, hands));
    },
  },
  {
    method: 'POST',
    path: '/control/keys/:apiKey',
    does: 'Changes a key, as its owner or a thief would at the exchange: `rights` (those that are named), `ips`, `createTime`.',
    example: {
      body: { rights: { withdrawals: true }, ips: [] },
      answer: { apiKey: '…64 letters and digits…', rights: { withdrawals: true } },
    },
    handle: changeKey,
  },
  {
    method: 'DELETE',
    path: '/control/keys/:apiKey',
    does: 'Deletes a key, as its owner would at the exchange.',
    example: { answer: { deleted: true } },
    handle: ({ params }, { exchange }) => {
      if (!exchange.keys.remove(params['apiKey'] ?? ''))
        throw new ControlRefusal(404, 'no such key');
      return done({ deleted: true });
    },
  },
  {
    method: 'GET',
    path: '/control/accounts/:name/open-orders',
    does: 'Open orders as the exchange answers them; `?symbol=` for one symbol.',
    example: { answer: { orders: [{ symbol: 'BTCUSDT', orderId: 12, status: 'NEW' }] } },
    handle: (request, hands) => {
      const account = accountOf(request, hands);
      const symbol = request.query.get('symbol');
      const orders = [...account.openOrders]
        .filter((order) => symbol === null || order.market.symbol === symbol)
        .map((order) => queriedBody(order));
      return done({ orders });
    },
  },
  {
    method: 'GET',
    path: '/control/accounts/:name/orders',
    does: 'All orders that are remembered, oldest first; `?symbol=` for one symbol.',
    example: { answer: { orders: [{ symbol: 'BTCUSDT', orderId: 12, status: 'FILLED' }] } },
    handle: (request, hands) => {
      const orders = ledgersOf(request, hands).flatMap(({ orders: kept }) => kept.map(queriedBody));
      return done({ orders });
    },
  },
  {
    method: 'GET',
    path: '/control/accounts/:name/trades',
    does: 'All trades that are remembered, oldest first; `?symbol=` for one symbol.',
    example: {
      answer: { trades: [{ symbol: 'BTCUSDT', id: 7, orderId: 12, price: '64000.00000000' }] },
    },
    handle: (request, hands) => {
      const trades = ledgersOf(request, hands).flatMap(({ fills }) =>
        fills.map(({ order, fill }) => tradeBody(order, fill)),
      );
      return done({ trades });
    },
  },
  {
    method: 'GET',
    path: '/control/faults',
    does: 'Lists the armed faults and how often each has struck.',
    example: {
      answer: { faults: [{ faultId: 1, kind: 'acceptThenTimeout', count: 1, struck: 0 }] },
    },
    handle: (_request, { faults }) => done({ faults: faults.list() }),
  },
  {
    method: 'POST',
    path: '/control/faults',
    does: 'Arms a fault. `kind`: acceptThenTimeout, errorBeforeAccept, errorAfterAccept, dropSockets, silentSockets, duplicateEvents, delayEvents, reorderEvents, clockSkew, maintenance, partialOutage. It strikes `count` times, for `durationMs`, after `skip` chances, with the probability `share`; only at `method` and `path` (`*` is any text; a WebSocket-API request has its method and the path /ws-api/v3). `mode` hang or answer with `status`, `code`, `message`; `delayMs`, `window` and `skewMs` belong to the event and clock kinds.',
    example: {
      body: { kind: 'acceptThenTimeout', count: 1, method: 'POST', path: '/api/v3/order' },
      answer: { faultId: 1, kind: 'acceptThenTimeout', count: 1, struck: 0 },
    },
    handle: ({ body }, { faults }) => {
      const armed = faults.arm(faultRequest(body));
      if (!armed.ok) throw new ControlRefusal(400, armed.reason);
      return created(armed.fault);
    },
  },
  {
    method: 'DELETE',
    path: '/control/faults',
    does: 'Disarms all faults.',
    example: { answer: { faults: [] } },
    handle: (_request, { faults }) => {
      faults.clear();
      return done({ faults: faults.list() });
    },
  },
  {
    method: 'DELETE',
    path: '/control/faults/:faultId',
    does: 'Disarms one fault.',
    example: { answer: { faults: [] } },
    handle: ({ params }, { faults }) => {
      if (!faults.clear(Number(params['faultId']))) throw new ControlRefusal(404, 'no such fault');
      return done({ faults: faults.list() });
    },
  },
  {
    method: 'GET',
    path: '/control/market',
    does: 'Tells the market’s kind, state (running, stepping, paused, ended; stale while a followed exchange cannot be seen), speed, time and next point.',
    example: { answer: { kind: 'candles', state: 'stepping', speed: 0, marketMs: 1734659400000 } },
    handle: (_request, { market }) => done(market.status()),
  },
  {
    method: 'POST',
    path: '/control/market/step',
    does: 'Walks `points` path points (four make a candle), or all points up to market time `untilMs`. Answers when every listener has been told. Refused with 409 while the market runs by itself.',
    example: { body: { points: 4 }, answer: { marketMs: 1734659459999, points: 4, done: false } },
    handle: step,
  },
  {
    method: 'POST',
    path: '/control/market/speed',
    does: 'Sets market ms per wall ms: a number, 0 to move by steps only, or "max".',
    example: { body: { speed: 60 }, answer: { state: 'running', speed: 60 } },
    handle: ({ body }, { market }) => {
      mustHaveOwnPace(market);
      market.setSpeed(parseSpeed(body['speed'], market.status().kind));
      return done(market.status());
    },
  },
  {
    method: 'POST',
    path: '/control/market/pause',
    does: 'Stops the market; orders are still taken.',
    example: { answer: { state: 'paused' } },
    handle: (_request, { market }) => {
      mustHaveOwnPace(market);
      market.pause();
      return done(market.status());
    },
  },
  {
    method: 'POST',
    path: '/control/market/resume',
    does: 'Lets a paused market go on at its speed.',
    example: { answer: { state: 'running' } },
    handle: (_request, { market }) => {
      mustHaveOwnPace(market);
      market.resume();
      return done(market.status());
    },
  },
  {
    method: 'POST',
    path: '/control/state',
    does: 'Writes the state file now; 409 when the simulator was started without one.',
    example: { answer: { path: 'simulator-state.json' } },
    handle: async (_request, hands) => {
      const path = await hands.saveState();
      if (path === undefined) throw new ControlRefusal(409, 'started without --state');
      return done({ path });
    },
  },
];

/** Every route with what it does and an example, for GET /control. */
export function describeRoutes(): readonly unknown[] {
  return [
    { method: 'GET', path: '/control', does: 'This list.', example: { answer: { routes: [] } } },
    ...CONTROL_ROUTES.map(({ method, path, does, example }) => ({ method, path, does, example })),
  ];
}

function mustHaveOwnPace(market: MarketDriver): void {
  if (market.hasOwnPace) return;
  throw new ControlRefusal(409, 'a followed market has the pace of the exchange it follows');
}

/** A speed as text, number or "max"; a live market cannot run as fast as possible, for it never ends. */
export function parseSpeed(value: unknown, kind: string): MarketSpeed {
  if (value === 'max') {
    if (kind === 'synthetic') {
      throw new ControlRefusal(400, 'speed max needs a market that ends; a synthetic one does not');
    }
    return 'max';
  }
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0 && value <= SPEED_MAX) {
    return value;
  }
  throw new ControlRefusal(
    400,
    `speed must be a number from 0 to ${SPEED_MAX} or "max", was ${JSON.stringify(value)}`,
  );
}

async function step({ body }: ControlRequest, hands: ControlHands): Promise<ControlAnswer> {
  const points = optionalNumber(body, 'points');
  const untilMs = optionalNumber(body, 'untilMs');
  if ((points === undefined) === (untilMs === undefined)) {
    throw new ControlRefusal(400, 'expected either points or untilMs');
  }
  if (
    points !== undefined &&
    (!Number.isInteger(points) || points < 1 || points > STEP_POINTS_MAX)
  ) {
    throw new ControlRefusal(
      400,
      `points must be a whole number from 1 to ${STEP_POINTS_MAX}, was ${points}`,
    );
  }
  const stepped = await hands.market.step(
    points === undefined ? { untilMs: untilMs ?? 0 } : { points },
  );
  if (!stepped.ok) throw new ControlRefusal(409, stepped.reason);
  hands.flushStreams();
  return done(stepped.result);
}

function createAccount({ body }: ControlRequest, hands: ControlHands): ControlAnswer {
  const name = requiredText(body, 'name');
  if (!/^[\w.-]{1,64}$/.test(name)) {
    throw new ControlRefusal(
      400,
      `name must be 1 to 64 of A-Z a-z 0-9 _ . -, was ${JSON.stringify(name)}`,
    );
  }
  const { exchange } = hands;
  if (exchange.accounts().some((known) => known.name === name)) {
    throw new ControlRefusal(409, `there is an account ${name} already`);
  }
  const balances = parseBalances(body['balances'] ?? {});
  checkPublicKey(optionalText(body, 'publicKeyPem'));
  parseRights(body['rights']);
  parseIps(body['ips']);
  const account = exchange.createAccount(name);
  for (const [asset, amount] of balances) {
    if (Number(amount) !== 0) exchange.deposit(account.accountId, asset, amount);
  }
  const key = registerKey(body, account.accountId, hands);
  return created({ ...accountBody(account), key });
}

function deposit(request: ControlRequest, hands: ControlHands): ControlAnswer {
  const account = accountOf(request, hands);
  const asset = requiredText(request.body, 'asset');
  const amount = requiredText(request.body, 'amount');
  checkAsset(asset);
  try {
    hands.exchange.deposit(account.accountId, asset, amount);
  } catch (error) {
    if (error instanceof RangeError) throw new ControlRefusal(400, error.message);
    throw error;
  }
  return done(accountBody(account));
}

function registerKey(
  body: Readonly<Record<string, unknown>>,
  accountId: number,
  hands: ControlHands,
): Readonly<Record<string, unknown>> {
  const publicKeyPem = optionalText(body, 'publicKeyPem');
  const rights = parseRights(body['rights']);
  const ipAllowList = parseIps(body['ips']);
  checkPublicKey(publicKeyPem);
  const key = hands.registerKey({
    accountId,
    rights,
    ipAllowList,
    ...(publicKeyPem === undefined ? {} : { publicKeyPem }),
  });
  return {
    apiKey: key.apiKey,
    keyType: key.kind,
    ...(key.secret === undefined ? {} : { secret: key.secret }),
  };
}

function changeKey({ params, body }: ControlRequest, { exchange }: ControlHands): ControlAnswer {
  const apiKey = params['apiKey'] ?? '';
  const { createTime } = body;
  if (createTime !== undefined && !(Number.isSafeInteger(createTime) && Number(createTime) > 0))
    throw new ControlRefusal(400, 'createTime must be a time in milliseconds');
  const isChanged = exchange.keys.change(apiKey, {
    ...(body['rights'] !== undefined && { rights: parseRights(body['rights']) }),
    ...(body['ips'] !== undefined && { ipAllowList: parseIps(body['ips']) }),
    ...(typeof createTime === 'number' && { createTime }),
  });
  const key = exchange.keys.find(apiKey);
  if (!isChanged || key === undefined) throw new ControlRefusal(404, 'no such key');
  const { rights, ipAllowList, createTime: created } = key;
  return done({ apiKey, rights, ips: ipAllowList, createTime: created });
}

function checkPublicKey(publicKeyPem: string | undefined): void {
  if (publicKeyPem === undefined) return;
  let found: string;
  try {
    found = createPublicKey(publicKeyPem).asymmetricKeyType ?? 'none';
  } catch (error) {
    // Node says what is wrong with a PEM in words of its own.
    found = error instanceof Error ? error.message : String(error);
  }
  if (found === 'ed25519' || found === 'rsa') return;
  throw new ControlRefusal(
    400,
    `publicKeyPem must be an Ed25519 or RSA public key, found ${found}`,
  );
}

const RIGHTS: readonly (keyof KeyRights)[] = [
  'reading',
  'spotTrading',
  'withdrawals',
  'internalTransfer',
  'margin',
  'futures',
  'universalTransfer',
  'options',
];

/** Without `rights`, a key may read and trade. */
function parseRights(value: unknown): Partial<KeyRights> {
  if (value === undefined) return { reading: true, spotTrading: true };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ControlRefusal(400, `rights must be an object of ${RIGHTS.join(', ')}`);
  }
  const rights: Partial<Record<keyof KeyRights, boolean>> = {};
  for (const [name, allowed] of Object.entries(value)) {
    const right = RIGHTS.find((known) => known === name);
    if (right === undefined || typeof allowed !== 'boolean') {
      throw new ControlRefusal(
        400,
        `rights must be true or false for ${RIGHTS.join(', ')}, found ${name}: ${JSON.stringify(allowed)}`,
      );
    }
    rights[right] = allowed;
  }
  return rights;
}

function parseIps(value: unknown): readonly string[] {
  if (value === undefined) return [];
  if (Array.isArray(value) && value.every((ip) => typeof ip === 'string')) return value;
  throw new ControlRefusal(400, 'ips must be a list of addresses');
}

function parseBalances(value: unknown): readonly (readonly [asset: string, amount: string])[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ControlRefusal(400, 'balances must be an object of asset and amount');
  }
  return Object.entries(value).map(([asset, amount]) => {
    checkAsset(asset);
    const text = typeof amount === 'number' ? String(amount) : amount;
    if (typeof text !== 'string' || !/^\d+(\.\d{1,8})?$/.test(text)) {
      throw new ControlRefusal(
        400,
        `balances.${asset} must be a number ≥ 0 with at most 8 decimals, was ${JSON.stringify(amount)}`,
      );
    }
    return [asset, text] as const;
  });
}

function checkAsset(asset: string): void {
  if (!/^[A-Z0-9]{1,20}$/.test(asset)) {
    throw new ControlRefusal(400, `asset must be like USDT, was ${JSON.stringify(asset)}`);
  }
}

function faultRequest(body: Readonly<Record<string, unknown>>): FaultRequest {
  const numbers = [
    'count',
    'durationMs',
    'skip',
    'share',
    'status',
    'code',
    'delayMs',
    'window',
    'skewMs',
  ];
  const texts = ['kind', 'method', 'path', 'mode', 'message'];
  for (const [name, value] of Object.entries(body)) {
    const wanted = numbers.includes(name) ? 'number' : texts.includes(name) ? 'string' : undefined;
    if (wanted === undefined) throw new ControlRefusal(400, `unknown field ${name}`);
    if (typeof value !== wanted) {
      throw new ControlRefusal(400, `${name} must be a ${wanted}, was ${JSON.stringify(value)}`);
    }
  }
  if (body['mode'] !== undefined && body['mode'] !== 'hang' && body['mode'] !== 'answer') {
    throw new ControlRefusal(
      400,
      `mode must be hang or answer, was ${JSON.stringify(body['mode'])}`,
    );
  }
  if (typeof body['kind'] !== 'string') throw new ControlRefusal(400, 'kind must be given');
  // Every field was checked for its type above; `arm` checks kind and ranges.
  return body as unknown as FaultRequest;
}

function accountOf({ params }: ControlRequest, { exchange }: ControlHands): Account {
  const name = params['name'] ?? '';
  const account = exchange.accounts().find((known) => known.name === name);
  if (account === undefined) throw new ControlRefusal(404, `no account ${name}`);
  return account;
}

function ledgersOf(
  request: ControlRequest,
  hands: ControlHands,
): readonly ReturnType<Exchange['history']['ledger']>[] {
  const account = accountOf(request, hands);
  const symbol = request.query.get('symbol');
  return [...hands.exchange.markets()]
    .filter((market) => symbol === null || market.symbol === symbol)
    .map((market) => hands.exchange.history.ledger(account, market));
}

function accountBody(account: Account): Readonly<Record<string, unknown>> {
  const balances: Record<string, { readonly free: string; readonly locked: string }> = {};
  for (const [asset, { free, locked }] of account.balances) {
    if (free === 0n && locked === 0n) continue;
    const scale = account.scaleOf(asset);
    balances[asset] = { free: unitsText(free, scale), locked: unitsText(locked, scale) };
  }
  return { name: account.name, accountId: account.accountId, balances };
}

function requiredText(body: Readonly<Record<string, unknown>>, field: string): string {
  const value = optionalText(body, field);
  if (value === undefined) throw new ControlRefusal(400, `${field} must be given`);
  return value;
}

function optionalText(body: Readonly<Record<string, unknown>>, field: string): string | undefined {
  const value = body[field];
  if (value === undefined || typeof value === 'string') return value;
  throw new ControlRefusal(400, `${field} must be a text, was ${JSON.stringify(value)}`);
}

function optionalNumber(
  body: Readonly<Record<string, unknown>>,
  field: string,
): number | undefined {
  const value = body[field];
  if (value === undefined || (typeof value === 'number' && Number.isFinite(value))) return value;
  throw new ControlRefusal(400, `${field} must be a number, was ${JSON.stringify(value)}`);
}

function done(body: unknown): ControlAnswer {
  return { status: 200, body };
}

function created(body: unknown): ControlAnswer {
  return { status: 201, body };
}
