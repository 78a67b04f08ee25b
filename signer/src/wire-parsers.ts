// SPDX-License-Identifier: Apache-2.0
// Parsers of every message of the wire protocol, one per direction. Each throws WireError at the first wrong field.

import { ACT_KINDS, OWNER_NAME_PATTERN, readAct } from './acts/act.ts';
import { CREDENTIAL_PATTERN, readApproval } from './acts/assertion.ts';
import { OWNERS_MAX } from './acts/owners.ts';
import { DECIMAL_PATTERN } from './amount.ts';
import { Fields } from './fields.ts';
import { FAULTS, GRADES, LIFE_STATES, SCOPES } from './life/state.ts';
import { SALT_PATTERN, WAY_CREDENTIAL_PATTERN, WAY_PATTERN, WAYS_MAX } from './vault/ways.ts';
import type {
  Answer,
  BookLevel,
  ConnectionInfo,
  Decision,
  EgressReport,
  EgressTask,
  Explanation,
  Intent,
  OrderIntent,
  HeldInfo,
  PolicyInfo,
  OwnerInfo,
  Reference,
  SignedRequest,
  VaultInfo,
  VaultWayInfo,
  WatchReferences,
} from './wire.ts';
import {
  ANSWER_BODY_BYTES_MAX,
  BOOK_LEVELS_MAX,
  ECHO_BODY_BYTES_MAX,
  KEY_KINDS,
  REFERENCE_SOURCES,
  WATCHED_SYMBOLS_MAX,
} from './wire.ts';

export const CONNECTION_PATTERN: RegExp = /^c_[A-Z2-7]{7}$/;
/** A name as people write it, in one line of a policy: no quotes, no comment sign, never like an identifier. */
export const CONNECTION_NAME_PATTERN: RegExp =
  /^(?!c_)[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,38}[A-Za-z0-9._-])?$/;
/** Lines in one batch of an edge log. */
const EDGE_LINES_MAX = 1_000_000_000;
const VENUE = /^[a-z][a-z0-9-]{0,31}$/;
const SYMBOL = /^[A-Z0-9][A-Z0-9._-]{0,29}$/;
const CLIENT_ORDER_ID = /^[A-Za-z0-9_-]{1,36}$/;
const API_KEY = /^[A-Za-z0-9]{1,128}$/;
const EXCHANGE_ID = /^(?:0|[1-9][0-9]{0,18})$/;
const PATH = /^\/[a-z0-9/]{1,80}$/i;
/** A form or query as the signer builds it: percent-encoded, so without anything that could end a line or a URL. */
const PAYLOAD = /^[A-Za-z0-9%=&._~*-]{1,4096}$/;
/** A signature in base64 or hexadecimal; RSA-4096 makes 684 characters. */
const SIGNATURE = /^[A-Za-z0-9+/=]{1,1024}$/;
const WAY_NAME = /^[\p{L}\p{N}](?:[\p{L}\p{N} ._@()'-]{0,38}[\p{L}\p{N}.)])?$/u;
const WAY_NAME_WORDS = '1 to 40 letters, digits and . _ @ ( ) -';
const WAY_WORDS = 'w_ and 7 of A-Z 2-7';
const CREDENTIAL_WORDS = 'the identifier of a credential, of at most 384 bytes';
const SALT_WORDS = '32 bytes in base64url';
/** A sealed RSA-4096 key has about 3,200 characters. */
const SEALED = /^(?:[A-Za-z0-9+/]{4}){0,2000}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const IMPORT_KEY = /^[A-Za-z0-9+/]{43}=$/;
const HASH = /^(?:[0-9a-f]{64}|none)$/;

const NONCE = /^[A-Za-z0-9_-]{22}$/;
const CHALLENGE = /^[A-Za-z0-9_-]{43}$/;
const FINGERPRINT = /^[0-9a-f]{4}(?: [0-9a-f]{4}){7}$/;

const REASON_CHARACTERS_MAX = 1_000;
const WORD_CHARACTERS_MAX = 400;
/** As the signer keeps. */
const HELD_ORDERS_MAX = 64;
/** A whole policy, and what goes with it. */
const ACT_TEXT_CHARACTERS_MAX = 262_144;
const CONNECTIONS_MAX = 1_000;
const POLICY_LINES_MAX = 2_000;
const TIMEOUT_MS_MAX = 60_000;
/** The longest policy file. */
export const POLICY_BYTES_MAX = 65_536;
const LIMITS_MAX = 100;
const REFERENCE_AGE_MS_MAX = 600_000;
const WATCH_MS_MIN = 100;

/** What the server submitted. Throws WireError. */
export function parseIntent(message: unknown): Intent {
  const fields = new Fields(message, 'intent');
  const intent = readIntent(fields);
  fields.end();
  return intent;
}

/** The `id` of a message that `parseIntent` refused, or 0. */
export function intentIdOf(message: unknown): number {
  if (typeof message !== 'object' || message === null || !('id' in message)) return 0;
  const { id } = message;
  return typeof id === 'number' && Number.isSafeInteger(id) && id > 0 ? id : 0;
}

const INTENT_KINDS = [
  'placeOrder',
  'placePair',
  'cancelOrder',
  'queryOrder',
  'identifyOrder',
  'queryOpenOrders',
  'queryFills',
  'queryAccount',
  'queryPermissions',
  'subscribe',
  'lookUp',
  'verifyTag',
  'listConnections',
  'createConnection',
  'importConnection',
  'activateConnection',
  'freezeConnection',
  'describeVault',
  'unlockVault',
  'addPasskeyWay',
  'removeVaultWay',
  'requestAct',
  'confirmAct',
  'commitEdgeLog',
  'listOwners',
  'describePolicy',
  'explainOrder',
] as const satisfies readonly Intent['kind'][];

function readIntent(fields: Fields): Intent {
  const kind = fields.oneOf('kind', INTENT_KINDS);
  const id = fields.integer('id', 1);
  switch (kind) {
    case 'listConnections':
    case 'describeVault':
    case 'listOwners':
    case 'describePolicy':
      return { kind, id };
    case 'unlockVault':
      return {
        kind,
        id,
        way: fields.nullable('way', () => way(fields)),
        sealed: sealed(fields),
      };
    case 'addPasskeyWay':
      return {
        kind,
        id,
        name: fields.text('name', WAY_NAME, WAY_NAME_WORDS),
        credential: fields.text('credential', WAY_CREDENTIAL_PATTERN, CREDENTIAL_WORDS),
        salt: fields.text('salt', SALT_PATTERN, SALT_WORDS),
        sealed: sealed(fields),
      };
    case 'removeVaultWay':
      return { kind, id, way: way(fields) };
    case 'requestAct':
      return { kind, id, act: readAct(fields.raw('act')) };
    case 'confirmAct':
      return {
        kind,
        id,
        nonce: nonce(fields),
        approval: readApproval(fields.raw('approval')),
      };
    case 'commitEdgeLog':
      return {
        kind,
        id,
        root: fields.text('root', /^[0-9a-f]{64}$/, '64 hexadecimal digits'),
        lines: fields.integer('lines', 1, EDGE_LINES_MAX),
        from: fields.integer('from', 0),
        to: fields.integer('to', fields.integer('from', 0)),
      };
    case 'createConnection':
      return {
        kind,
        id,
        name: connectionName(fields),
        venue: venue(fields),
        ...(fields.has('keyKind') && {
          keyKind: fields.oneOf('keyKind', ['ed25519', 'rsa-2048', 'rsa-4096']),
        }),
        ...replaces(fields),
      };
    case 'importConnection':
      return {
        kind,
        id,
        name: connectionName(fields),
        venue: venue(fields),
        keyKind: fields.oneOf('keyKind', KEY_KINDS),
        sealed: sealed(fields),
        publicKeyPem: fields.nullable('publicKeyPem', (name) =>
          fields.anyText(name, REASON_CHARACTERS_MAX),
        ),
        ...replaces(fields),
      };
    case 'freezeConnection':
      return {
        kind,
        id,
        connection: connection(fields),
        cause: fields.oneOf('cause', ['person', 'alarm']),
      };
    case 'activateConnection':
      return { kind, id, connection: connection(fields), apiKey: apiKey(fields) };
    case 'placeOrder':
      return { kind, id, connection: connection(fields), order: readOrder(fields.raw('order')) };
    case 'explainOrder':
      return { kind, id, connection: connection(fields), order: readOrder(fields.raw('order')) };
    case 'placePair':
      return { kind, id, connection: connection(fields), ...readPair(fields) };
    case 'cancelOrder':
    case 'queryOrder':
      return {
        kind,
        id,
        connection: connection(fields),
        symbol: symbol(fields),
        clientOrderId: clientOrderId(fields),
      };
    case 'identifyOrder':
      return {
        kind,
        id,
        connection: connection(fields),
        symbol: symbol(fields),
        exchangeOrderId: exchangeId(fields, 'exchangeOrderId'),
      };
    case 'queryOpenOrders':
      return {
        kind,
        id,
        connection: connection(fields),
        ...(fields.has('symbol') && { symbol: symbol(fields) }),
      };
    case 'queryFills':
      return {
        kind,
        id,
        connection: connection(fields),
        symbol: symbol(fields),
        ...(fields.has('fromTradeId') && { fromTradeId: exchangeId(fields, 'fromTradeId') }),
        ...(fields.has('exchangeOrderId') && {
          exchangeOrderId: exchangeId(fields, 'exchangeOrderId'),
        }),
      };
    case 'queryAccount':
    case 'queryPermissions':
    case 'subscribe':
      return { kind, id, connection: connection(fields) };
    case 'lookUp':
    case 'verifyTag':
      return { kind, id, connection: connection(fields), clientOrderId: clientOrderId(fields) };
  }
}

function readOrder(value: unknown): OrderIntent {
  const fields = new Fields(value, 'intent.order');
  const type = fields.oneOf('type', ['limit', 'limitMaker', 'market']);
  const timeInForce = fields.oneOf('timeInForce', ['GTC', 'IOC', 'FOK']);
  if (type === 'limitMaker' && timeInForce !== 'GTC') {
    throw fields.error('timeInForce', `expected GTC for a limitMaker order, found ${timeInForce}`);
  }
  const order = {
    symbol: symbol(fields),
    side: fields.oneOf('side', ['buy', 'sell']),
    type,
    timeInForce,
    ...(type !== 'market' && { price: decimal(fields, 'price') }),
    quantity: decimal(fields, 'quantity'),
    clientOrderId: clientOrderId(fields),
  };
  fields.end();
  return order;
}

/** Two orders that differ only in their prices and IDs: one request carries both. */
function readPair(
  fields: Fields,
): Pick<Extract<Intent, { kind: 'placePair' }>, 'takeProfit' | 'stopLoss'> {
  const profit = new Fields(fields.raw('takeProfit'), 'intent.takeProfit');
  const takeProfit = {
    symbol: symbol(profit),
    side: profit.oneOf('side', ['buy', 'sell']),
    type: profit.oneOf('type', ['limitMaker']),
    timeInForce: profit.oneOf('timeInForce', ['GTC']),
    price: decimal(profit, 'price'),
    quantity: decimal(profit, 'quantity'),
    clientOrderId: clientOrderId(profit),
  };
  profit.end();
  const stop = new Fields(fields.raw('stopLoss'), 'intent.stopLoss');
  const stopLoss = {
    symbol: symbol(stop),
    side: stop.oneOf('side', ['buy', 'sell']),
    type: stop.oneOf('type', ['stopLimit']),
    timeInForce: stop.oneOf('timeInForce', ['GTC']),
    price: decimal(stop, 'price'),
    stopPrice: decimal(stop, 'stopPrice'),
    quantity: decimal(stop, 'quantity'),
    clientOrderId: clientOrderId(stop),
  };
  stop.end();
  for (const name of ['symbol', 'side', 'quantity'] as const) {
    if (stopLoss[name] === takeProfit[name]) continue;
    throw stop.error(
      name,
      `expected ${takeProfit[name]} as in takeProfit, found ${stopLoss[name]}`,
    );
  }
  if (stopLoss.clientOrderId === takeProfit.clientOrderId) {
    throw stop.error(
      'clientOrderId',
      'expected another ID than that of takeProfit, found the same',
    );
  }
  return { takeProfit, stopLoss };
}

/** What the signer decided. Throws WireError. */
export function parseDecision(message: unknown): Decision {
  const fields = new Fields(message, 'decision');
  const decision = readDecision(fields);
  fields.end();
  return decision;
}

function readDecision(fields: Fields): Decision {
  const kind = fields.oneOf('kind', [
    'signed',
    'refused',
    'record',
    'tag',
    'connections',
    'vault',
    'consent',
    'performed',
    'owners',
    'noted',
    'policy',
    'explained',
  ]);
  switch (kind) {
    case 'signed':
      return {
        kind,
        id: fields.integer('id', 1),
        timestamp: fields.integer('timestamp', 0),
        recvWindow: fields.integer('recvWindow', 1),
      };
    case 'refused':
      return {
        kind,
        id: fields.integer('id', 0),
        rule: fields.anyText('rule', REASON_CHARACTERS_MAX),
        reason: fields.anyText('reason', REASON_CHARACTERS_MAX),
      };
    case 'record':
      return {
        kind,
        id: fields.integer('id', 1),
        signedAt: fields.nullable('signedAt', (name) => fields.integer(name, 0)),
      };
    case 'tag':
      return { kind, id: fields.integer('id', 1), isValid: fields.flag('isValid') };
    case 'connections':
      return {
        kind,
        id: fields.integer('id', 1),
        connections: fields.list('connections', CONNECTIONS_MAX).map(readConnectionInfo),
      };
    case 'consent':
      return {
        kind,
        id: fields.integer('id', 1),
        nonce: nonce(fields),
        text: fields.anyText('text', ACT_TEXT_CHARACTERS_MAX),
        challenge: fields.text('challenge', CHALLENGE, '32 bytes in base64url'),
        credentials: fields.list('credentials', OWNERS_MAX).map((value) => {
          if (typeof value !== 'string' || !CREDENTIAL_PATTERN.test(value)) {
            throw fields.error('credentials', 'expected identifiers of credentials');
          }
          return value;
        }),
      };
    case 'performed':
      return {
        kind,
        id: fields.integer('id', 1),
        act: fields.oneOf('act', ACT_KINDS),
        entry: fields.integer('entry', 0),
      };
    case 'policy':
      return { kind, id: fields.integer('id', 1), policy: readPolicyInfo(fields.raw('policy')) };
    case 'explained':
      return {
        kind,
        id: fields.integer('id', 1),
        explanation: readExplanation(fields.raw('explanation')),
      };
    case 'noted':
      return { kind, id: fields.integer('id', 1), entry: fields.integer('entry', 0) };
    case 'owners':
      return {
        kind,
        id: fields.integer('id', 1),
        owners: fields.list('owners', OWNERS_MAX).map(readOwnerInfo),
      };
    case 'vault':
      return { kind, id: fields.integer('id', 1), vault: readVaultInfo(fields.raw('vault')) };
  }
}

function readOwnerInfo(value: unknown): OwnerInfo {
  const fields = new Fields(value, 'decision.owners');
  const info: OwnerInfo = {
    credential: fields.text('credential', CREDENTIAL_PATTERN, 'the identifier of a credential'),
    name: fields.text('name', OWNER_NAME_PATTERN, 'the name of an owner'),
    fingerprint: fields.text('fingerprint', FINGERPRINT, 'a fingerprint'),
    rpId: fields.anyText('rpId', REASON_CHARACTERS_MAX),
    origin: fields.anyText('origin', REASON_CHARACTERS_MAX),
    enrolledAt: fields.integer('enrolledAt', 0),
  };
  fields.end();
  return info;
}

function readPolicyInfo(value: unknown): PolicyInfo {
  const fields = new Fields(value, 'decision.policy');
  const info: PolicyInfo = {
    hash: fields.text('hash', HASH, 'a SHA-256 in hexadecimal, or none'),
    text: fields.anyText('text', POLICY_BYTES_MAX),
    lock: fields.nullable('lock', (name) => fields.anyText(name, REASON_CHARACTERS_MAX)),
    pending: fields.nullable('pending', (name) => readPendingPolicy(fields.raw(name))),
    held: fields.list('held', HELD_ORDERS_MAX).map(readHeldInfo),
  };
  fields.end();
  return info;
}

function readHeldInfo(value: unknown): HeldInfo {
  const fields = new Fields(value, 'decision.policy.held');
  const word = (name: string): string => fields.anyText(name, WORD_CHARACTERS_MAX);
  const info: HeldInfo = {
    order: word('order'),
    connection: word('connection'),
    rule: word('rule'),
    symbol: word('symbol'),
    side: fields.oneOf('side', ['buy', 'sell']),
    type: word('type'),
    timeInForce: word('timeInForce'),
    price: word('price'),
    stop: fields.nullable('stop', word),
    quantity: word('quantity'),
    notional: word('notional'),
    clientOrderId: word('clientOrderId'),
    since: fields.integer('since', 0),
    until: fields.integer('until', 0),
    isReleased: fields.flag('isReleased'),
  };
  fields.end();
  return info;
}

function readPendingPolicy(value: unknown): NonNullable<PolicyInfo['pending']> {
  const fields = new Fields(value, 'decision.policy.pending');
  const pending = {
    hash: fields.text('hash', HASH, 'a SHA-256 in hexadecimal'),
    text: fields.anyText('text', POLICY_BYTES_MAX),
    dueAt: fields.integer('dueAt', 0),
  };
  fields.end();
  return pending;
}

function readExplanation(value: unknown): Explanation {
  const fields = new Fields(value, 'decision.explanation');
  const explanation: Explanation = {
    isAllowed: fields.flag('isAllowed'),
    rule: fields.anyText('rule', REASON_CHARACTERS_MAX),
    reason: fields.anyText('reason', REASON_CHARACTERS_MAX),
    limits: fields.list('limits', LIMITS_MAX).map((limit) => {
      const use = new Fields(limit, 'decision.explanation.limits');
      const read = {
        field: use.anyText('field', REASON_CHARACTERS_MAX),
        limit: use.anyText('limit', REASON_CHARACTERS_MAX),
        used: use.anyText('used', REASON_CHARACTERS_MAX),
      };
      use.end();
      return read;
    }),
  };
  fields.end();
  return explanation;
}

function readVaultInfo(value: unknown): VaultInfo {
  const fields = new Fields(value, 'decision.vault');
  const info: VaultInfo = {
    isOpen: fields.flag('isOpen'),
    isUnattended: fields.flag('isUnattended'),
    importKey: fields.nullable('importKey', (name) =>
      fields.text(name, IMPORT_KEY, '32 bytes in base64'),
    ),
    unlockKey: fields.text('unlockKey', IMPORT_KEY, '32 bytes in base64'),
    waitMs: fields.integer('waitMs', 0),
    ways: fields.list('ways', WAYS_MAX).map(readVaultWayInfo),
  };
  fields.end();
  return info;
}

function readVaultWayInfo(value: unknown): VaultWayInfo {
  const fields = new Fields(value, 'decision.vault.ways');
  const info: VaultWayInfo = {
    id: fields.text('id', WAY_PATTERN, WAY_WORDS),
    kind: fields.oneOf('kind', ['prf', 'keyring', 'kms']),
    name: fields.anyText('name', REASON_CHARACTERS_MAX),
    addedAt: fields.integer('addedAt', 0),
    passkey: fields.nullable('passkey', (name) => {
      const passkey = new Fields(fields.raw(name), 'decision.vault.ways.passkey');
      const read = {
        credential: passkey.text('credential', WAY_CREDENTIAL_PATTERN, CREDENTIAL_WORDS),
        salt: passkey.text('salt', SALT_PATTERN, SALT_WORDS),
      };
      passkey.end();
      return read;
    }),
  };
  fields.end();
  return info;
}

function way(fields: Fields): string {
  return fields.text('way', WAY_PATTERN, WAY_WORDS);
}

function sealed(fields: Fields): string {
  return fields.privateText('sealed', SEALED, 'base64 text');
}

function readConnectionInfo(value: unknown): ConnectionInfo {
  const fields = new Fields(value, 'decision.connections');
  const info: ConnectionInfo = {
    connection: connection(fields),
    name: fields.text('name', CONNECTION_NAME_PATTERN, 'the name of a connection'),
    venue: venue(fields),
    state: fields.oneOf('state', LIFE_STATES),
    signs: fields.oneOf('signs', SCOPES),
    grade: fields.nullable('grade', (name) => fields.oneOf(name, GRADES)),
    keyKind: fields.oneOf('keyKind', KEY_KINDS),
    publicKeyPem: fields.anyText('publicKeyPem', REASON_CHARACTERS_MAX),
    createdAt: fields.integer('createdAt', 0),
    expiresAt: fields.integer('expiresAt', 0),
    reducesUntil: fields.integer('reducesUntil', 0),
    cancelsUntil: fields.integer('cancelsUntil', 0),
    checkedAt: fields.nullable('checkedAt', (name) => fields.integer(name, 0)),
    isIpRestricted: fields.nullable('isIpRestricted', (name) => fields.flag(name)),
    frozen: fields.nullable('frozen', (name) => readFrozen(fields.raw(name))),
    quarantined: fields.nullable('quarantined', (name) => readQuarantined(fields.raw(name))),
    replaces: fields.nullable('replaces', (name) =>
      fields.text(name, CONNECTION_PATTERN, 'c_ and 7 of A-Z 2-7'),
    ),
    isReady: fields.flag('isReady'),
    policy: fields.list('policy', POLICY_LINES_MAX).map((line) => {
      if (typeof line !== 'string') throw fields.error('policy', 'expected lines of text');
      return line;
    }),
    policyHash: fields.text('policyHash', HASH, 'a SHA-256 in hexadecimal, or none'),
  };
  fields.end();
  return info;
}

function readFrozen(value: unknown): NonNullable<ConnectionInfo['frozen']> {
  const fields = new Fields(value, 'decision.connections.frozen');
  const frozen = {
    since: fields.integer('since', 0),
    cause: fields.anyText('cause', REASON_CHARACTERS_MAX),
  };
  fields.end();
  return frozen;
}

function readQuarantined(value: unknown): NonNullable<ConnectionInfo['quarantined']> {
  const fields = new Fields(value, 'decision.connections.quarantined');
  const quarantined = {
    since: fields.integer('since', 0),
    faults: fields.list('faults', FAULTS.length).map((given) => {
      const fault = FAULTS.find((known) => known === given);
      if (fault === undefined)
        throw fields.error('faults', `expected some of ${FAULTS.join(', ')}`);
      return fault;
    }),
  };
  fields.end();
  return quarantined;
}

/** What the signer hands to egress. Throws WireError, which never shows a payload. */
export function parseEgressTask(message: unknown): EgressTask {
  const fields = new Fields(message, 'request');
  const kind = fields.oneOf('kind', ['request', 'subscribe', 'watchReferences']);
  const task =
    kind === 'watchReferences' ? readWatch(fields, kind) : readSignedRequest(fields, kind);
  fields.end();
  return task;
}

function readWatch(fields: Fields, kind: WatchReferences['kind']): WatchReferences {
  return {
    kind,
    venue: venue(fields),
    symbols: fields.list('symbols', WATCHED_SYMBOLS_MAX).map((value) => {
      if (typeof value !== 'string' || !SYMBOL.test(value)) {
        throw fields.error('symbols', 'expected 1 to 30 of A-Z 0-9 . _ -');
      }
      return value;
    }),
    sources: fields.list('sources', REFERENCE_SOURCES.length).map((value) => {
      const source = REFERENCE_SOURCES.find((known) => known === value);
      if (source === undefined) {
        throw fields.error('sources', `expected some of ${REFERENCE_SOURCES.join(', ')}`);
      }
      return source;
    }),
    everyMs: fields.integer('everyMs', WATCH_MS_MIN, TIMEOUT_MS_MAX),
  };
}

function readSignedRequest(fields: Fields, kind: SignedRequest['kind']): SignedRequest {
  const common = {
    id: fields.integer('id', 1),
    connection: connection(fields),
    venue: venue(fields),
  };
  if (kind === 'request') {
    return {
      kind,
      ...common,
      method: fields.oneOf('method', ['GET', 'POST', 'DELETE']),
      path: fields.text('path', PATH, 'a path'),
      apiKey: apiKey(fields),
      payload: fields.privateText('payload', PAYLOAD, 'a percent-encoded form'),
      timeoutMs: fields.integer('timeoutMs', 1, TIMEOUT_MS_MAX),
      ...(fields.has('echo') && { echo: onlyTrue(fields, 'echo') }),
    };
  }
  const params = new Fields(fields.raw('params'), 'request.params');
  const read = {
    apiKey: apiKey(params),
    recvWindow: params.integer('recvWindow', 1),
    timestamp: params.integer('timestamp', 0),
    signature: params.privateText('signature', SIGNATURE, 'a signature'),
  };
  params.end();
  return { kind, ...common, params: read };
}

/** What egress says to the server. Throws WireError. */
export function parseAnswer(message: unknown): Answer {
  const fields = new Fields(message, 'answer');
  const answer = readAnswer(fields);
  fields.end();
  return answer;
}

function readAnswer(fields: Fields): Answer {
  const kind = fields.oneOf('kind', [
    'answer',
    'failed',
    'userEvent',
    'userStream',
    'egressHealth',
  ]);
  switch (kind) {
    case 'answer':
      return {
        kind,
        id: fields.integer('id', 1),
        status: fields.integer('status', 100, 999),
        body: fields.anyText('body', ANSWER_BODY_BYTES_MAX),
        sentAt: fields.integer('sentAt', 0),
        receivedAt: fields.integer('receivedAt', 0),
        ...(fields.has('usedWeight') && { usedWeight: fields.integer('usedWeight', 0) }),
        ...(fields.has('ordersIn10s') && { ordersIn10s: fields.integer('ordersIn10s', 0) }),
        ...(fields.has('ordersInDay') && { ordersInDay: fields.integer('ordersInDay', 0) }),
        ...(fields.has('retryAfterMs') && { retryAfterMs: fields.integer('retryAfterMs', 0) }),
      };
    case 'failed':
      return {
        kind,
        id: fields.integer('id', 1),
        certainty: fields.oneOf('certainty', ['notSent', 'unknown']),
        reason: fields.anyText('reason', REASON_CHARACTERS_MAX),
        ...(fields.has('retryAfterMs') && { retryAfterMs: fields.integer('retryAfterMs', 0) }),
      };
    case 'userEvent':
      return { kind, connection: connection(fields), event: fields.raw('event') };
    case 'userStream':
      return {
        kind,
        connection: connection(fields),
        state: fields.oneOf('state', ['up', 'down']),
        reason: fields.anyText('reason', REASON_CHARACTERS_MAX),
      };
    case 'egressHealth':
      return {
        kind,
        venue: venue(fields),
        clockSkewMs: fields.nullable('clockSkewMs', (name) => fields.finite(name)),
        roundTripMs: fields.nullable('roundTripMs', (name) => fields.finite(name)),
        reason: fields.anyText('reason', REASON_CHARACTERS_MAX),
      };
  }
}

/** What egress tells the signer. Throws WireError, which never shows a body. */
export function parseEgressReport(message: unknown): EgressReport {
  const fields = new Fields(message, 'report');
  const report = readEgressReport(fields);
  fields.end();
  return report;
}

function readEgressReport(fields: Fields): EgressReport {
  const kind = fields.oneOf('kind', ['receipt', 'echo', 'reference', 'accountNews']);
  switch (kind) {
    case 'receipt':
      return {
        kind,
        id: fields.integer('id', 1),
        status: fields.nullable('status', (name) => fields.integer(name, 100, 999)),
      };
    case 'echo':
      return {
        kind,
        id: fields.integer('id', 1),
        status: fields.integer('status', 100, 999),
        body: fields.anyText('body', ECHO_BODY_BYTES_MAX),
      };
    case 'accountNews':
      return { kind, connection: connection(fields), event: fields.raw('event') };
    case 'reference':
      return readReference(fields);
  }
}

function readReference(fields: Fields): Reference {
  const common = {
    kind: 'reference',
    venue: venue(fields),
    symbol: symbol(fields),
    ageMs: fields.integer('ageMs', 0, REFERENCE_AGE_MS_MAX),
  } as const;
  const source = fields.oneOf('source', REFERENCE_SOURCES);
  switch (source) {
    case 'referencePrice':
    case 'avgPrice':
      return { ...common, source, price: fields.nullable('price', () => decimal(fields, 'price')) };
    case 'bookTicker':
      return {
        ...common,
        source,
        bid: fields.nullable('bid', () => decimal(fields, 'bid')),
        ask: fields.nullable('ask', () => decimal(fields, 'ask')),
      };
    case 'dayVolume':
      return {
        ...common,
        source,
        quoteVolume: fields.text('quoteVolume', DECIMAL_PATTERN, 'a plain decimal number'),
      };
    case 'depth':
      return { ...common, source, bids: levels(fields, 'bids'), asks: levels(fields, 'asks') };
  }
}

function levels(fields: Fields, name: string): readonly BookLevel[] {
  return fields.list(name, BOOK_LEVELS_MAX).map((level): BookLevel => {
    const [price, quantity, ...rest] = Array.isArray(level) ? (level as unknown[]) : [];
    if (!isDecimal(price) || !isDecimal(quantity) || rest.length > 0) {
      throw fields.error(name, 'expected pairs of plain decimal numbers');
    }
    return [price, quantity];
  });
}

function isDecimal(value: unknown): value is string {
  return typeof value === 'string' && DECIMAL_PATTERN.test(value);
}

/** A mark that is there or is not. */
function onlyTrue(fields: Fields, name: string): true {
  if (fields.raw(name) !== true) throw fields.error(name, 'expected true or no such field');
  return true;
}

function connection(fields: Fields): string {
  return fields.text('connection', CONNECTION_PATTERN, 'c_ and 7 of A-Z 2-7');
}

function nonce(fields: Fields): string {
  return fields.text('nonce', NONCE, 'the nonce of an act');
}

function replaces(fields: Fields): { readonly replaces?: string } {
  return fields.has('replaces')
    ? { replaces: fields.text('replaces', CONNECTION_PATTERN, 'c_ and 7 of A-Z 2-7') }
    : {};
}

function connectionName(fields: Fields): string {
  return fields.text(
    'name',
    CONNECTION_NAME_PATTERN,
    '1 to 40 of letters, digits, space, "." "_" "-", beginning and ending visibly and not with "c_"',
  );
}

function venue(fields: Fields): string {
  return fields.text('venue', VENUE, '1 to 32 of a-z 0-9 -, beginning with a letter');
}

function symbol(fields: Fields): string {
  return fields.text('symbol', SYMBOL, '1 to 30 of A-Z 0-9 . _ -');
}

function clientOrderId(fields: Fields): string {
  return fields.text('clientOrderId', CLIENT_ORDER_ID, '1 to 36 of A-Z a-z 0-9 - _');
}

function apiKey(fields: Fields): string {
  return fields.privateText('apiKey', API_KEY, '1 to 128 letters and digits');
}

function exchangeId(fields: Fields, name: string): string {
  return fields.text(name, EXCHANGE_ID, 'a whole number in digits');
}

/** A decimal number above zero, as text. */
function decimal(fields: Fields, name: string): string {
  const text = fields.text(name, DECIMAL_PATTERN, 'a plain decimal number with at most 8 decimals');
  if (!/[1-9]/.test(text)) throw fields.error(name, 'expected more than zero, found zero');
  return text;
}
