// SPDX-License-Identifier: Apache-2.0
// Parsers of what the signer is told, by the server and by egress. Each throws WireError at the first wrong field.

import { readAct } from './acts/act.ts';
import { readApproval } from './acts/assertion.ts';
import { DECIMAL_PATTERN } from './amount.ts';
import { readObject, type Fields } from './fields.ts';
import { SALT_PATTERN, WAY_CREDENTIAL_PATTERN, WAY_PATTERN } from './vault/ways.ts';
import {
  apiKey,
  connection,
  CONNECTION_NAME_PATTERN,
  CONNECTION_WORDS,
  CONNECTION_PATTERN,
  CREDENTIAL_WORDS,
  decimal,
  nonce,
  SALT_WORDS,
  symbol,
  TEXT_CHARACTERS_MAX,
  venue,
  WAY_WORDS,
} from './wire-fields.ts';
import {
  BOOK_LEVELS_MAX,
  CONDITION_FACT_CHARACTERS_MAX,
  ECHO_BODY_BYTES_MAX,
  KEY_KINDS,
  PROBE_STEPS,
  REFERENCE_SOURCES,
  type BookLevel,
  type EgressReport,
  type Intent,
  type OrderIntent,
  type Reference,
} from './wire.ts';

/** Lines in one batch of an edge log. */
const EDGE_LINES_MAX = 1_000_000_000;
const HOST = /^[a-z0-9.:_-]{1,253}$/;
const CLIENT_ORDER_ID = /^[A-Za-z0-9_-]{1,36}$/;
const EXCHANGE_ID = /^(?:0|[1-9][0-9]{0,18})$/;
const WAY_NAME = /^[\p{L}\p{N}](?:[\p{L}\p{N} ._@()'-]{0,38}[\p{L}\p{N}.)])?$/u;
const WAY_NAME_WORDS = '1 to 40 letters, digits and . _ @ ( ) -';
/** A sealed RSA-4096 key has about 3,200 characters. */
const SEALED = /^(?:[A-Za-z0-9+/]{4}){0,2000}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const REFERENCE_AGE_MS_MAX = 600_000;

/** What the server submitted. Throws WireError. */
export function parseIntent(message: unknown): Intent {
  return readObject(message, 'intent', readIntent);
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
  'probeAddress',
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
      return { kind, id, act: fields.object('act', readAct) };
    case 'confirmAct':
      return { kind, id, nonce: nonce(fields), approval: fields.object('approval', readApproval) };
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
        ...(fields.has('isCanary') && { isCanary: fields.flag('isCanary') }),
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
          fields.anyText(name, TEXT_CHARACTERS_MAX),
        ),
        ...replaces(fields),
        ...(fields.has('isCanary') && { isCanary: fields.flag('isCanary') }),
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
    case 'explainOrder':
      return { kind, id, connection: connection(fields), order: fields.object('order', readOrder) };
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
    case 'probeAddress': {
      const step = fields.oneOf('step', PROBE_STEPS);
      return { kind, id, connection: connection(fields), step };
    }
    case 'lookUp':
    case 'verifyTag':
      return { kind, id, connection: connection(fields), clientOrderId: clientOrderId(fields) };
  }
}

function readOrder(fields: Fields): OrderIntent {
  const type = fields.oneOf('type', ['limit', 'limitMaker', 'market']);
  const timeInForce = fields.oneOf('timeInForce', ['GTC', 'IOC', 'FOK']);
  if (type === 'limitMaker' && timeInForce !== 'GTC') {
    throw fields.error('timeInForce', `expected GTC for a limitMaker order, found ${timeInForce}`);
  }
  return {
    symbol: symbol(fields),
    side: fields.oneOf('side', ['buy', 'sell']),
    type,
    timeInForce,
    ...(type !== 'market' && { price: decimal(fields, 'price') }),
    quantity: decimal(fields, 'quantity'),
    clientOrderId: clientOrderId(fields),
  };
}

/** Two orders that differ only in their prices and IDs: one request carries both. */
function readPair(
  fields: Fields,
): Pick<Extract<Intent, { kind: 'placePair' }>, 'takeProfit' | 'stopLoss'> {
  const takeProfit = fields.object('takeProfit', (profit) => ({
    ...readLeg(profit),
    type: profit.oneOf('type', ['limitMaker']),
  }));
  const stopLoss = fields.object('stopLoss', (stop) => ({
    ...readLeg(stop),
    type: stop.oneOf('type', ['stopLimit']),
    stopPrice: decimal(stop, 'stopPrice'),
  }));
  for (const name of ['symbol', 'side', 'quantity'] as const) {
    if (stopLoss[name] === takeProfit[name]) continue;
    const expected = `expected ${takeProfit[name]} as in takeProfit, found ${stopLoss[name]}`;
    throw fields.error(`stopLoss.${name}`, expected);
  }
  if (stopLoss.clientOrderId === takeProfit.clientOrderId) {
    const expected = 'expected another ID than that of takeProfit, found the same';
    throw fields.error('stopLoss.clientOrderId', expected);
  }
  return { takeProfit, stopLoss };
}

function readLeg(fields: Fields) {
  return {
    symbol: symbol(fields),
    side: fields.oneOf('side', ['buy', 'sell']),
    timeInForce: fields.oneOf('timeInForce', ['GTC']),
    price: decimal(fields, 'price'),
    quantity: decimal(fields, 'quantity'),
    clientOrderId: clientOrderId(fields),
  };
}

/** What egress tells the signer. Throws WireError, which never shows a body. */
export function parseEgressReport(message: unknown): EgressReport {
  return readObject(message, 'report', readEgressReport);
}

function readEgressReport(fields: Fields): EgressReport {
  const kind = fields.oneOf('kind', ['receipt', 'echo', 'reference', 'accountNews', 'issuer']);
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
    case 'issuer':
      return {
        kind,
        venue: venue(fields),
        host: fields.text('host', HOST, 'a host'),
        verdict: fields.oneOf('verdict', ['met', 'refused']),
        issuers: fields.anyText('issuers', CONDITION_FACT_CHARACTERS_MAX),
      };
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

function way(fields: Fields): string {
  return fields.text('way', WAY_PATTERN, WAY_WORDS);
}

function sealed(fields: Fields): string {
  return fields.privateText('sealed', SEALED, 'base64 text');
}

function replaces(fields: Fields): { readonly replaces?: string } {
  return fields.has('replaces')
    ? { replaces: fields.text('replaces', CONNECTION_PATTERN, CONNECTION_WORDS) }
    : {};
}

function connectionName(fields: Fields): string {
  return fields.text(
    'name',
    CONNECTION_NAME_PATTERN,
    '1 to 40 of letters, digits, space, "." "_" "-", beginning and ending visibly and not with "c_"',
  );
}

function clientOrderId(fields: Fields): string {
  return fields.text('clientOrderId', CLIENT_ORDER_ID, '1 to 36 of A-Z a-z 0-9 - _');
}

function exchangeId(fields: Fields, name: string): string {
  return fields.text(name, EXCHANGE_ID, 'a whole number in digits');
}
