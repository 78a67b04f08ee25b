// SPDX-License-Identifier: Apache-2.0
// Parsers of every message of the wire protocol, one per direction. Each throws WireError at the first wrong field.

import { DECIMAL_PATTERN } from './amount.ts';
import { Fields } from './fields.ts';
import type {
  Answer,
  ConnectionInfo,
  Decision,
  Intent,
  OrderIntent,
  Receipt,
  SignedRequest,
  VaultInfo,
} from './wire.ts';
import { ANSWER_BODY_BYTES_MAX, KEY_KINDS } from './wire.ts';

export const CONNECTION_PATTERN: RegExp = /^c_[A-Z2-7]{7}$/;
/** A name as people write it, in one line of a policy: no quotes, no comment sign, never like an identifier. */
export const CONNECTION_NAME_PATTERN: RegExp =
  /^(?!c_)[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,38}[A-Za-z0-9._-])?$/;
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
/** A sealed RSA-4096 key has about 3,200 characters. */
const SEALED = /^(?:[A-Za-z0-9+/]{4}){0,2000}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const IMPORT_KEY = /^[A-Za-z0-9+/]{43}=$/;
const HASH = /^(?:[0-9a-f]{64}|none)$/;

const REASON_CHARACTERS_MAX = 1_000;
const CONNECTIONS_MAX = 1_000;
const POLICY_LINES_MAX = 2_000;
const TIMEOUT_MS_MAX = 60_000;

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
  'listConnections',
  'createConnection',
  'importConnection',
  'activateConnection',
  'describeVault',
] as const satisfies readonly Intent['kind'][];

function readIntent(fields: Fields): Intent {
  const kind = fields.oneOf('kind', INTENT_KINDS);
  const id = fields.integer('id', 1);
  switch (kind) {
    case 'listConnections':
    case 'describeVault':
      return { kind, id };
    case 'createConnection':
      return {
        kind,
        id,
        name: connectionName(fields),
        venue: venue(fields),
        ...(fields.has('keyKind') && {
          keyKind: fields.oneOf('keyKind', ['ed25519', 'rsa-2048', 'rsa-4096']),
        }),
      };
    case 'importConnection':
      return {
        kind,
        id,
        name: connectionName(fields),
        venue: venue(fields),
        keyKind: fields.oneOf('keyKind', KEY_KINDS),
        sealed: fields.privateText('sealed', SEALED, 'base64 text'),
        publicKeyPem: fields.nullable('publicKeyPem', (name) =>
          fields.anyText(name, REASON_CHARACTERS_MAX),
        ),
      };
    case 'activateConnection':
      return { kind, id, connection: connection(fields), apiKey: apiKey(fields) };
    case 'placeOrder':
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
  const kind = fields.oneOf('kind', ['signed', 'refused', 'record', 'connections', 'vault']);
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
    case 'connections':
      return {
        kind,
        id: fields.integer('id', 1),
        connections: fields.list('connections', CONNECTIONS_MAX).map(readConnectionInfo),
      };
    case 'vault':
      return { kind, id: fields.integer('id', 1), vault: readVaultInfo(fields.raw('vault')) };
  }
}

function readVaultInfo(value: unknown): VaultInfo {
  const fields = new Fields(value, 'decision.vault');
  const info: VaultInfo = {
    isOpen: fields.flag('isOpen'),
    isUnattended: fields.flag('isUnattended'),
    importKey: fields.nullable('importKey', (name) =>
      fields.text(name, IMPORT_KEY, '32 bytes in base64'),
    ),
  };
  fields.end();
  return info;
}

function readConnectionInfo(value: unknown): ConnectionInfo {
  const fields = new Fields(value, 'decision.connections');
  const info: ConnectionInfo = {
    connection: connection(fields),
    name: fields.text('name', CONNECTION_NAME_PATTERN, 'the name of a connection'),
    venue: venue(fields),
    state: fields.oneOf('state', ['created', 'active', 'expired']),
    keyKind: fields.oneOf('keyKind', KEY_KINDS),
    publicKeyPem: fields.anyText('publicKeyPem', REASON_CHARACTERS_MAX),
    createdAt: fields.integer('createdAt', 0),
    expiresAt: fields.integer('expiresAt', 0),
    policy: fields.list('policy', POLICY_LINES_MAX).map((line) => {
      if (typeof line !== 'string') throw fields.error('policy', 'expected lines of text');
      return line;
    }),
    policyHash: fields.text('policyHash', HASH, 'a SHA-256 in hexadecimal, or none'),
  };
  fields.end();
  return info;
}

/** What the signer hands to egress. Throws WireError, which never shows a payload. */
export function parseSignedRequest(message: unknown): SignedRequest {
  const fields = new Fields(message, 'request');
  const request = readSignedRequest(fields);
  fields.end();
  return request;
}

function readSignedRequest(fields: Fields): SignedRequest {
  const kind = fields.oneOf('kind', ['request', 'subscribe']);
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

/** What egress tells the signer. Throws WireError. */
export function parseReceipt(message: unknown): Receipt {
  const fields = new Fields(message, 'receipt');
  const receipt: Receipt = {
    kind: fields.oneOf('kind', ['receipt']),
    id: fields.integer('id', 1),
    status: fields.nullable('status', (name) => fields.integer(name, 100, 999)),
  };
  fields.end();
  return receipt;
}

function connection(fields: Fields): string {
  return fields.text('connection', CONNECTION_PATTERN, 'c_ and 7 of A-Z 2-7');
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
