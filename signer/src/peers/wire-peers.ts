// SPDX-License-Identifier: Apache-2.0
// Parsers of what server and egress are told, by the signer and by each other; the signer itself runs none of them. Each
// throws WireError at the first wrong field.

import { ACT_KINDS, OWNER_NAME_PATTERN } from '../acts/act.ts';
import { CREDENTIAL_PATTERN } from '../acts/assertion.ts';
import { OWNERS_MAX } from '../acts/owners.ts';
import { readObject, type Fields } from '../fields.ts';
import { BIND_DOUBTS, FAULTS, GRADES, LIFE_STATES, SCOPES } from '../life/state.ts';
import { SALT_PATTERN, WAY_CREDENTIAL_PATTERN, WAY_PATTERN, WAYS_MAX } from '../vault/ways.ts';
import {
  apiKey,
  connection,
  CONNECTION_NAME_PATTERN,
  CONNECTION_PATTERN,
  CONNECTION_WORDS,
  CREDENTIAL_WORDS,
  nonce,
  POLICY_BYTES_MAX,
  SALT_WORDS,
  SYMBOL_PATTERN,
  SYMBOL_WORDS,
  TEXT_CHARACTERS_MAX,
  venue,
  WAY_WORDS,
} from '../wire-fields.ts';
import {
  ANSWER_BODY_BYTES_MAX,
  CONDITION_FACT_CHARACTERS_MAX,
  CONDITION_FACTS_MAX,
  HELD_ORDERS_MAX,
  KEY_KINDS,
  PRICE_SOURCES,
  REFERENCE_SOURCES,
  VENUE_CONDITIONS,
  VENUE_HOSTS_MAX,
  WATCHED_SYMBOLS_MAX,
  type Answer,
  type ConnectionInfo,
  type Decision,
  type EgressTask,
  type Explanation,
  type HeldInfo,
  type LimitUse,
  type OwnerInfo,
  type PolicyInfo,
  type PriceAgreement,
  type SignedRequest,
  type VaultInfo,
  type VaultWayInfo,
  type WatchReferences,
} from '../wire.ts';

const PATH = /^\/[a-z0-9/]{1,80}$/i;
/** A form or query as the signer builds it: percent-encoded, so without anything that could end a line or a URL. */
const PAYLOAD = /^[A-Za-z0-9%=&._~*-]{1,4096}$/;
/** A signature in base64 or hexadecimal; RSA-4096 makes 684 characters. */
const SIGNATURE = /^[A-Za-z0-9+/=]{1,1024}$/;
const IMPORT_KEY = /^[A-Za-z0-9+/]{43}=$/;
const HASH = /^(?:[0-9a-f]{64}|none)$/;
const CHALLENGE = /^[A-Za-z0-9_-]{43}$/;
const FINGERPRINT = /^[0-9a-f]{4}(?: [0-9a-f]{4}){7}$/;
const WORD_CHARACTERS_MAX = 400;
/** A whole policy, and what goes with it. */
const ACT_TEXT_CHARACTERS_MAX = 262_144;
const CONNECTIONS_MAX = 1_000;
const POLICY_LINES_MAX = 2_000;
const TIMEOUT_MS_MAX = 60_000;
/** Any text at all. */
const ANY = /^/;
const LIMITS_MAX = 100;
const WATCH_MS_MIN = 100;

/** What the signer decided. Throws WireError. */
export function parseDecision(message: unknown): Decision {
  return readObject(message, 'decision', readDecision);
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
  // An intent whose ID could not be read is refused under 0.
  const id = fields.integer('id', kind === 'refused' ? 0 : 1);
  switch (kind) {
    case 'signed': {
      const timestamp = fields.integer('timestamp', 0);
      return { kind, id, timestamp, recvWindow: fields.integer('recvWindow', 1) };
    }
    case 'refused':
      return { kind, id, rule: text(fields, 'rule'), reason: text(fields, 'reason') };
    case 'record':
      return { kind, id, signedAt: fields.nullable('signedAt', (name) => fields.integer(name, 0)) };
    case 'tag':
      return { kind, id, isValid: fields.flag('isValid') };
    case 'connections': {
      const connections = fields.objects('connections', CONNECTIONS_MAX, readConnectionInfo);
      return { kind, id, connections };
    }
    case 'consent':
      return {
        kind,
        id,
        nonce: nonce(fields),
        text: fields.anyText('text', ACT_TEXT_CHARACTERS_MAX),
        challenge: fields.text('challenge', CHALLENGE, '32 bytes in base64url'),
        credentials: fields.texts(
          'credentials',
          OWNERS_MAX,
          CREDENTIAL_PATTERN,
          'identifiers of credentials',
        ),
      };
    case 'performed':
      return { kind, id, act: fields.oneOf('act', ACT_KINDS), entry: fields.integer('entry', 0) };
    case 'policy':
      return { kind, id, policy: fields.object('policy', readPolicyInfo) };
    case 'explained':
      return { kind, id, explanation: fields.object('explanation', readExplanation) };
    case 'noted':
      return { kind, id, entry: fields.integer('entry', 0) };
    case 'owners':
      return { kind, id, owners: fields.objects('owners', OWNERS_MAX, readOwnerInfo) };
    case 'vault':
      return { kind, id, vault: fields.object('vault', readVaultInfo) };
  }
}

function readOwnerInfo(fields: Fields): OwnerInfo {
  return {
    credential: fields.text('credential', CREDENTIAL_PATTERN, 'the identifier of a credential'),
    name: fields.text('name', OWNER_NAME_PATTERN, 'the name of an owner'),
    fingerprint: fields.text('fingerprint', FINGERPRINT, 'a fingerprint'),
    rpId: text(fields, 'rpId'),
    origin: text(fields, 'origin'),
    enrolledAt: fields.integer('enrolledAt', 0),
  };
}

function readPolicyInfo(fields: Fields): PolicyInfo {
  return {
    hash: fields.text('hash', HASH, 'a SHA-256 in hexadecimal, or none'),
    text: fields.anyText('text', POLICY_BYTES_MAX),
    lock: fields.nullable('lock', (name) => text(fields, name)),
    pending: fields.nullable('pending', (name) => fields.object(name, readPendingPolicy)),
    held: fields.objects('held', HELD_ORDERS_MAX, readHeldInfo),
  };
}

function readHeldInfo(fields: Fields): HeldInfo {
  const word = (name: string): string => fields.anyText(name, WORD_CHARACTERS_MAX);
  return {
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
}

function readPendingPolicy(fields: Fields): NonNullable<PolicyInfo['pending']> {
  return {
    hash: fields.text('hash', HASH, 'a SHA-256 in hexadecimal'),
    text: fields.anyText('text', POLICY_BYTES_MAX),
    dueAt: fields.integer('dueAt', 0),
  };
}

function readExplanation(fields: Fields): Explanation {
  return {
    isAllowed: fields.flag('isAllowed'),
    rule: text(fields, 'rule'),
    reason: text(fields, 'reason'),
    limits: fields.objects('limits', LIMITS_MAX, readLimitUse),
  };
}

function readLimitUse(fields: Fields): LimitUse {
  return { field: text(fields, 'field'), limit: text(fields, 'limit'), used: text(fields, 'used') };
}

function readVaultInfo(fields: Fields): VaultInfo {
  return {
    isOpen: fields.flag('isOpen'),
    isUnattended: fields.flag('isUnattended'),
    importKey: fields.nullable('importKey', (name) =>
      fields.text(name, IMPORT_KEY, '32 bytes in base64'),
    ),
    unlockKey: fields.text('unlockKey', IMPORT_KEY, '32 bytes in base64'),
    waitMs: fields.integer('waitMs', 0),
    ways: fields.objects('ways', WAYS_MAX, readVaultWayInfo),
  };
}

function readVaultWayInfo(fields: Fields): VaultWayInfo {
  return {
    id: fields.text('id', WAY_PATTERN, WAY_WORDS),
    kind: fields.oneOf('kind', ['prf', 'keyring', 'kms']),
    name: text(fields, 'name'),
    addedAt: fields.integer('addedAt', 0),
    passkey: fields.nullable('passkey', (name) =>
      fields.object(name, (passkey) => ({
        credential: passkey.text('credential', WAY_CREDENTIAL_PATTERN, CREDENTIAL_WORDS),
        salt: passkey.text('salt', SALT_PATTERN, SALT_WORDS),
      })),
    ),
  };
}

function readConnectionInfo(fields: Fields): ConnectionInfo {
  return {
    connection: connection(fields),
    name: fields.text('name', CONNECTION_NAME_PATTERN, 'the name of a connection'),
    venue: venue(fields),
    state: fields.oneOf('state', LIFE_STATES),
    signs: fields.oneOf('signs', SCOPES),
    grade: fields.nullable('grade', (name) => fields.oneOf(name, GRADES)),
    keyKind: fields.oneOf('keyKind', KEY_KINDS),
    publicKeyPem: text(fields, 'publicKeyPem'),
    createdAt: fields.integer('createdAt', 0),
    expiresAt: fields.integer('expiresAt', 0),
    reducesUntil: fields.integer('reducesUntil', 0),
    cancelsUntil: fields.integer('cancelsUntil', 0),
    checkedAt: fields.nullable('checkedAt', (name) => fields.integer(name, 0)),
    isIpRestricted: fields.nullable('isIpRestricted', (name) => fields.flag(name)),
    bind: fields.nullable('bind', (name) => fields.object(name, readBind)),
    bindDoubt: fields.nullable('bindDoubt', (name) => fields.object(name, readBindDoubt)),
    frozen: fields.nullable('frozen', (name) => fields.object(name, readFrozen)),
    quarantined: fields.nullable('quarantined', (name) => fields.object(name, readQuarantined)),
    replaces: fields.nullable('replaces', (name) =>
      fields.text(name, CONNECTION_PATTERN, CONNECTION_WORDS),
    ),
    isReady: fields.flag('isReady'),
    isCanary: fields.nullable('isCanary', (name) => fields.flag(name)),
    policy: fields.texts('policy', POLICY_LINES_MAX, ANY, 'lines of text'),
    policyHash: fields.text('policyHash', HASH, 'a SHA-256 in hexadecimal, or none'),
  };
}

function readBind(fields: Fields): NonNullable<ConnectionInfo['bind']> {
  return {
    verdict: fields.oneOf('verdict', ['holds', 'notReal']),
    seenAt: fields.integer('seenAt', 0),
  };
}

function readBindDoubt(fields: Fields): NonNullable<ConnectionInfo['bindDoubt']> {
  return {
    at: fields.integer('at', 0),
    reason: fields.oneOf('reason', BIND_DOUBTS),
    words: text(fields, 'words'),
  };
}

function readFrozen(fields: Fields): NonNullable<ConnectionInfo['frozen']> {
  return {
    since: fields.integer('since', 0),
    cause: text(fields, 'cause'),
  };
}

function readQuarantined(fields: Fields): NonNullable<ConnectionInfo['quarantined']> {
  return { since: fields.integer('since', 0), faults: fields.someOf('faults', FAULTS) };
}

/** What the signer hands to egress. Throws WireError, which never shows a payload. */
export function parseEgressTask(message: unknown): EgressTask {
  return readObject(message, 'request', (fields) => {
    const kind = fields.oneOf('kind', ['request', 'subscribe', 'watchReferences']);
    return kind === 'watchReferences' ? readWatch(fields, kind) : readSignedRequest(fields, kind);
  });
}

function readWatch(fields: Fields, kind: WatchReferences['kind']): WatchReferences {
  return {
    kind,
    venue: venue(fields),
    symbols: fields.texts('symbols', WATCHED_SYMBOLS_MAX, SYMBOL_PATTERN, SYMBOL_WORDS),
    sources: fields.someOf('sources', REFERENCE_SOURCES),
    everyMs: fields.integer('everyMs', WATCH_MS_MIN, TIMEOUT_MS_MAX),
    agreement: fields.nullable('agreement', (name) => fields.object(name, readAgreement)),
  };
}

function readAgreement(fields: Fields): PriceAgreement {
  return {
    sources: fields.someOf('sources', PRICE_SOURCES),
    millionths: fields.integer('millionths', 0),
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
      ...(fields.has('secondAddress') && { secondAddress: onlyTrue(fields, 'secondAddress') }),
    };
  }
  const params = fields.object('params', (given) => ({
    apiKey: apiKey(given),
    recvWindow: given.integer('recvWindow', 1),
    timestamp: given.integer('timestamp', 0),
    signature: given.privateText('signature', SIGNATURE, 'a signature'),
  }));
  return { kind, ...common, params };
}

/** What egress says to the server. Throws WireError. */
export function parseAnswer(message: unknown): Answer {
  return readObject(message, 'answer', readAnswer);
}

function readAnswer(fields: Fields): Answer {
  const kind = fields.oneOf('kind', [
    'answer',
    'failed',
    'userEvent',
    'userStream',
    'egressHealth',
    'hosts',
    'condition',
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
        reason: text(fields, 'reason'),
        ...(fields.has('retryAfterMs') && { retryAfterMs: fields.integer('retryAfterMs', 0) }),
      };
    case 'userEvent':
      return { kind, connection: connection(fields), event: fields.raw('event') };
    case 'userStream':
      return {
        kind,
        connection: connection(fields),
        state: fields.oneOf('state', ['up', 'down']),
        reason: text(fields, 'reason'),
      };
    case 'egressHealth':
      return {
        kind,
        venue: venue(fields),
        clockSkewMs: fields.nullable('clockSkewMs', (name) => fields.finite(name)),
        roundTripMs: fields.nullable('roundTripMs', (name) => fields.finite(name)),
        reason: text(fields, 'reason'),
        hasSecondAddress: fields.flag('hasSecondAddress'),
      };
    case 'hosts': {
      const hosts = fields.objects('hosts', VENUE_HOSTS_MAX, (each) => ({
        venue: venue(each),
        host: each.anyText('host', CONDITION_FACT_CHARACTERS_MAX),
      }));
      return { kind, hosts };
    }
    case 'condition':
      return {
        kind,
        venue: venue(fields),
        condition: fields.oneOf('condition', VENUE_CONDITIONS),
        subject: fields.anyText('subject', CONDITION_FACT_CHARACTERS_MAX),
        isOver: fields.flag('isOver'),
        facts: textFacts(fields),
      };
  }
}

function textFacts(fields: Fields): Readonly<Record<string, string>> {
  const value = fields.raw('facts');
  const expected = `expected an object of at most ${CONDITION_FACTS_MAX} short texts`;
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw fields.error('facts', expected);
  const facts = Object.entries(value).map(([name, text]: [string, unknown]): [string, string] => {
    const isShort = typeof text === 'string' && text.length <= CONDITION_FACT_CHARACTERS_MAX;
    if (!isShort || !/^[a-zA-Z]{1,32}$/.test(name)) throw fields.error('facts', expected);
    return [name, text];
  });
  if (facts.length > CONDITION_FACTS_MAX) throw fields.error('facts', expected);
  return Object.fromEntries(facts);
}

/** A mark that is there or is not. */
function onlyTrue(fields: Fields, name: string): true {
  if (fields.raw(name) !== true) throw fields.error(name, 'expected true or no such field');
  return true;
}

function text(fields: Fields, name: string): string {
  return fields.anyText(name, TEXT_CHARACTERS_MAX);
}
