// SPDX-License-Identifier: Apache-2.0
// The lives of all connections: built from the log alone, asked before every signature, and moved on by what the
// exchange says through egress. Every change is an entry first; `read` is the only way in, at the start and later.

import { formatNotional, parseDecimal, toNotional } from '../amount.ts';
import {
  unknownOrder,
  wordOfEvent,
  wordsOfAnswer,
  wordsOfTrades,
  type OrderWord,
} from '../binance/order-news.ts';
import { checkOf, parsePermissions } from '../binance/permissions.ts';
import type { KeyIntent } from '../binance/requests.ts';
import type { Entry } from '../log/intent-log.ts';
import type { OrderIntent } from '../wire.ts';
import { Holdings, type OrderNews, type Side } from './holdings.ts';
import {
  afterEvent,
  BIND_DOUBTS,
  bornLife,
  GRACE_MS_MAX,
  standingAt,
  type Check,
  type Fault,
  type LifeEvent,
  type LifeFacts,
  type Standing,
} from './state.ts';

/** An order that is unknown to the exchange so long after it was signed will not come about any more. */
const ARRIVAL_MS_MAX = 60_000;
const REASON_CHARACTERS_MAX = 300;
/**
 * Orders of a connection of which the exchange may still say something: about 70 MB. An exchange allows far fewer to be open;
 * where there are so many, what it says of them does not reach the signer.
 */
export const UNSETTLED_ORDERS_MAX = 100_000;

export interface LifeRefusal {
  readonly rule: string;
  readonly reason: string;
}

interface Life {
  facts: LifeFacts;
  readonly holdings: Holdings;
  /** Orders that may still change. */
  readonly signed: Map<string, SignedOrder>;
}

interface SignedOrder {
  readonly time: number;
  /** Where its intent stands on the log. */
  readonly intent: number;
  /** Its market and the exchange's number of it, which is unique within a market only; null until it was said. */
  number: string | null;
}

export class Lives {
  readonly #byId = new Map<string, Life>();
  /** Hears of orders of which nothing more can come. */
  onEnded: (connection: string, clientOrderId: string) => void = () => undefined;
  /** The desk's ID of an order that is this signer's own, from the exchange's; null for any other. */
  deskIdOf: (connection: string, exchangeId: string) => string | null = () => null;

  /** Takes an entry of the log; `sequence` is where it stands there. */
  read({ kind, time, fields }: Entry, sequence = 0): void {
    const connection = String(fields['connection']);
    if (kind === 'key.new' || kind === 'key.import') {
      const known = this.#byId.get(connection);
      this.#byId.set(connection, {
        facts: bornLife({
          bornAt: time,
          origin: kind === 'key.new' ? 'born' : 'imported',
          keyKind: String(fields['keyKind'] ?? 'ed25519'),
          venue: String(fields['venue'] ?? ''),
        }),
        holdings: known?.holdings ?? new Holdings(),
        signed: known?.signed ?? new Map(),
      });
      return;
    }
    const life = this.#byId.get(connection);
    if (life === undefined) return;
    switch (kind) {
      case 'intent':
        readOrder(life, { time, fields, sequence });
        if (fields['probe'] === 'second')
          life.facts = afterEvent(life.facts, { kind: 'probing', time });
        return;
      case 'answer':
        readAnswer(life, fields);
        if (fields['ended'] === 'yes') this.onEnded(connection, String(fields['clientOrderId']));
        return;
      case 'key.rotate':
        this.#rotate(life, connection, String(fields['successor']));
        return;
      default: {
        const event = eventOf(kind, time, fields);
        if (event !== null) life.facts = afterEvent(life.facts, event);
        if (event?.kind === 'retired') this.#byId.delete(connection);
      }
    }
  }

  factsOf(connection: string): LifeFacts | undefined {
    return this.#byId.get(connection)?.facts;
  }

  /** Whether so many more orders can be kept in mind until the exchange has said all of them. */
  hasRoomFor(connection: string, orders: number): boolean {
    const { size } = this.#byId.get(connection)?.signed ?? { size: 0 };
    return size + orders <= UNSETTLED_ORDERS_MAX;
  }

  /** When an order was signed that may still trade. */
  signedAt(connection: string, clientOrderId: string): number | undefined {
    return this.#byId.get(connection)?.signed.get(clientOrderId)?.time;
  }

  /** How a connection stands; undefined for one that the log does not know. */
  standing(connection: string, now: number, graceMs?: number): Standing | undefined {
    const facts = this.factsOf(connection);
    return facts === undefined ? undefined : standingAt(facts, now, graceMs);
  }

  /** Why `intent` may not be signed at `now` for what the connection's life says, or null. */
  objectionTo(intent: KeyIntent, now: number, graceMs?: number): LifeRefusal | null {
    const life = this.#byId.get(intent.connection);
    const standing = this.standing(intent.connection, now, graceMs);
    if (life === undefined || standing === undefined) {
      return { rule: 'connection-unknown', reason: 'expected a connection that the log knows' };
    }
    const { signs } = standing;
    if (signs === 'all') return null;
    const refusal = refusalOf(life.facts, standing);
    if (signs === 'nothing') return refusal;
    if (intent.kind !== 'placeOrder' && intent.kind !== 'placePair') return null;
    if (signs === 'cancels') return refusal;
    const { symbol, side, quantity } = orderOf(intent);
    if (reduces(life, intent)) return null;
    const most = life.holdings.reducible(symbol, side);
    const reason =
      `${refusal.reason}; expected a ${side} order of at most ${text(most)} in ${symbol}, which is what was opened ` +
      `through this connection and is not promised to other orders, found ${quantity}`;
    return { rule: refusal.rule, reason: reason.slice(0, REASON_CHARACTERS_MAX) };
  }

  /**
   * Whether an order only sells what was bought through its connection and is not promised to other orders. Buying back
   * what was sold is none: who holds money is in no market.
   */
  isExit(intent: KeyIntent): boolean {
    if (intent.kind !== 'placeOrder' && intent.kind !== 'placePair') return false;
    const life = this.#byId.get(intent.connection);
    return life !== undefined && orderOf(intent).side === 'sell' && reduces(life, intent);
  }

  /** Notes orders that are about to be signed, as the log will have them; the returned function takes them back. */
  reserve(entries: readonly Entry[]): () => void {
    const undo = entries.map(({ time, fields }) => {
      const life = this.#byId.get(String(fields['connection']));
      return life === undefined ? () => undefined : readOrder(life, { time, fields, sequence: 0 });
    });
    return () => {
      for (const each of undo.toReversed()) each();
    };
  }

  /** The entries that an answer of the exchange makes, which egress had from there. */
  entriesOfAnswer(
    intent: KeyIntent,
    answer: { readonly status: number; readonly body: string },
    now: number,
  ): readonly Entry[] {
    const { connection } = intent;
    const life = this.#byId.get(connection);
    if (life === undefined) return [];
    const { status, body } = answer;
    if (intent.kind === 'queryPermissions')
      return [checkEntry(connection, life.facts, answer, now)];
    if (intent.kind === 'queryFills')
      return status === 200 ? tradeEntries(life, connection, body, now) : [];
    const missing = unknownOrder(intent, status, body);
    const signed = missing === null ? undefined : life.signed.get(missing.clientOrderId);
    const isGone = missing !== null && signed !== undefined && now > signed.time + ARRIVAL_MS_MAX;
    const words = isGone ? [missing] : wordsOfAnswer(intent, status, body);
    return words.flatMap((word) => this.#orderEntries(life, connection, word, now));
  }

  /** The entries that an event of the account makes. */
  entriesOfEvent(connection: string, event: unknown, now: number): readonly Entry[] {
    const life = this.#byId.get(connection);
    const word = wordOfEvent(event);
    return life === undefined || word === null
      ? []
      : this.#orderEntries(life, connection, word, now);
  }

  /** Forgets connections that can sign nothing any more. */
  forgetEnded(now: number): void {
    for (const [connection, { facts }] of this.#byId) {
      if (now >= standingAt(facts, now, GRACE_MS_MAX).cancelsUntil + ARRIVAL_MS_MAX)
        this.#forgetOrders(connection);
    }
  }

  /**
   * The entry of an order of ours of which `word` says more than is known; none otherwise. An ID that looks like ours
   * proves nothing: it carries our tag, or the intent itself named it.
   */
  #orderEntries(life: Life, connection: string, word: OrderWord, time: number): readonly Entry[] {
    const { exchangeOrderId, symbol } = word;
    const clientOrderId = word.isDeskId
      ? word.clientOrderId
      : this.deskIdOf(connection, word.clientOrderId);
    if (clientOrderId === null || life.holdings.symbolOf(clientOrderId) !== symbol) return [];
    const signed = life.signed.get(clientOrderId);
    if (signed !== undefined && exchangeOrderId !== null)
      signed.number = `${symbol} ${exchangeOrderId}`;
    const news = newsOf(life, clientOrderId, word);
    return life.holdings.isNews(clientOrderId, news)
      ? [answerEntry(life, { connection, clientOrderId, symbol }, news, time)]
      : [];
  }

  #forgetOrders(connection: string): void {
    const life = this.#byId.get(connection);
    if (life === undefined) return;
    life.signed.clear();
    this.#byId.set(connection, { ...life, holdings: new Holdings() });
  }

  /** The successor's key takes the place of the old one; what was bought stays bought. */
  #rotate(life: Life, connection: string, successor: string): void {
    const next = this.#byId.get(successor);
    if (next === undefined) return;
    this.#byId.set(connection, { ...life, facts: { ...next.facts, frozen: life.facts.frozen } });
    this.#byId.delete(successor);
  }
}

type Placing = Extract<KeyIntent, { kind: 'placeOrder' | 'placePair' }>;

/** Of a pair only one order can trade. */
function orderOf(intent: Placing): Pick<OrderIntent, 'symbol' | 'side' | 'quantity'> {
  return intent.kind === 'placeOrder' ? intent.order : intent.takeProfit;
}

function reduces({ holdings }: Life, intent: Placing): boolean {
  const { symbol, side, quantity } = orderOf(intent);
  const wanted = parseDecimal(quantity) ?? 0n;
  return wanted > 0n && wanted <= holdings.reducible(symbol, side);
}

/** Notes an order that is signed, or about to be; the returned function takes it back. */
function readOrder(
  life: Life,
  entry: Pick<Entry, 'time' | 'fields'> & { readonly sequence: number },
): () => void {
  const { time, fields, sequence } = entry;
  const { op, symbol, side, clientOrderId, quantity: given, request } = fields;
  const quantity = parseDecimal(String(given ?? ''));
  if (op !== 'order.place' || typeof symbol !== 'string' || quantity === null)
    return () => undefined;
  const id = String(clientOrderId);
  const group = String(request ?? id);
  const undo = life.holdings.add(id, { symbol, side: sideOf(side), quantity, group });
  life.signed.set(id, { time, intent: sequence, number: null });
  return () => {
    undo();
    life.signed.delete(id);
  };
}

function eventOf(kind: Entry['kind'], time: number, fields: Entry['fields']): LifeEvent | null {
  switch (kind) {
    case 'key.active':
      return { kind: 'named', time, hash: String(fields['apiKey']) };
    case 'perm.check':
      return eventOfCheck(time, fields);
    case 'freeze':
      return { kind: 'frozen', time, cause: String(fields['cause']) };
    case 'thaw':
      return { kind: 'thawed', time };
    case 'key.retire':
      return { kind: 'retired', time };
    default:
      return null;
  }
}

/** What an entry says of the key's rights, or of its list of addresses; null where it says that nothing could be read. */
function eventOfCheck(time: number, fields: Entry['fields']): LifeEvent | null {
  const { result, reason, words } = fields;
  if (result === 'bindHolds') return { kind: 'probed', bind: { time, verdict: 'holds' } };
  if (result === 'bindNotReal') return { kind: 'probed', bind: { time, verdict: 'notReal' } };
  if (result === 'bindUnknown') {
    const known = BIND_DOUBTS.find((each) => each === reason) ?? 'otherAnswer';
    return { kind: 'doubted', doubt: { time, reason: known, words: String(words ?? '') } };
  }
  const check = checkOfFields(time, fields);
  return check === null ? null : { kind: 'checked', check };
}

/** The entry of one asking for the key's rights: passed, quarantined, or without an answer that can be read. */
function checkEntry(
  connection: string,
  facts: LifeFacts,
  { status, body }: { readonly status: number; readonly body: string },
  time: number,
): Entry {
  const reading =
    status === 200
      ? parsePermissions(body)
      : ({ ok: false, reason: `the exchange answered with HTTP ${status}` } as const);
  if (!reading.ok) {
    const fields = { connection, result: 'unreadable', reason: reading.reason };
    return { time, kind: 'perm.check', fields };
  }
  const check = checkOf(reading.permissions, facts, time);
  return {
    time,
    kind: 'perm.check',
    fields: {
      connection,
      result: check.faults.length === 0 ? 'passed' : 'quarantined',
      ip: check.isIpRestricted ? 'restricted' : 'open',
      keyCreatedAt: check.keyCreatedAt ?? undefined,
      rights: check.rights.join('+'),
      faults: check.faults.length === 0 ? undefined : check.faults.join('+'),
    },
  };
}

function checkOfFields(time: number, fields: Entry['fields']): Check | null {
  const { result, ip, keyCreatedAt, rights, faults } = fields;
  if (result === 'unreadable') return null;
  return {
    time,
    isIpRestricted: ip === 'restricted',
    keyCreatedAt: typeof keyCreatedAt === 'number' ? keyCreatedAt : null,
    rights: listOf(rights),
    // The chain vouches that these are the words that `checkEntry` wrote.
    faults: listOf(faults) as readonly Fault[],
  };
}

/** Trades count for commission only where they are all of what is known to be executed. */
function tradeEntries(
  life: Life,
  connection: string,
  body: string,
  time: number,
): readonly Entry[] {
  const ids = new Map([...life.signed].map(([id, { number }]) => [number, id]));
  return wordsOfTrades(body).flatMap(({ exchangeOrderId, symbol, executed, feeAmount }) => {
    const clientOrderId = ids.get(`${symbol} ${exchangeOrderId}`);
    if (clientOrderId === undefined) return [];
    const known = life.holdings.knownOf(clientOrderId);
    if (known === undefined || executed < known.executed) return [];
    const news = { executed, hasEnded: false, fee: { amount: feeAmount, of: executed } };
    if (!life.holdings.isNews(clientOrderId, news)) return [];
    return [answerEntry(life, { connection, clientOrderId, symbol }, news, time)];
  });
}

function newsOf(life: Life, clientOrderId: string, word: OrderWord): OrderNews {
  const { executed, hasEnded, fee } = word;
  if (fee === null) return { executed, hasEnded, fee: null };
  if (fee.kind === 'whole')
    return { executed, hasEnded, fee: { amount: fee.amount, of: executed } };
  // A trade's commission joins what is known only where it follows on it: then none is counted twice or left out.
  const known = life.holdings.knownOf(clientOrderId);
  const isNext = known !== undefined && executed - fee.quantity === known.feeOf;
  return {
    executed,
    hasEnded,
    fee: isNext ? { amount: known.feeAmount + fee.amount, of: executed } : null,
  };
}

function answerEntry(
  life: Life,
  order: { readonly connection: string; readonly clientOrderId: string; readonly symbol: string },
  { executed, hasEnded, fee }: OrderNews,
  time: number,
): Entry {
  return {
    time,
    kind: 'answer',
    fields: {
      ...order,
      intent: life.signed.get(order.clientOrderId)?.intent ?? 0,
      executed: text(executed),
      ended: hasEnded ? 'yes' : undefined,
      fee: fee === null ? undefined : text(fee.amount),
      feeOf: fee === null ? undefined : text(fee.of),
    },
  };
}

function readAnswer({ holdings, signed }: Life, fields: Entry['fields']): void {
  const clientOrderId = String(fields['clientOrderId']);
  const amount = parseDecimal(String(fields['fee'] ?? ''));
  const of = parseDecimal(String(fields['feeOf'] ?? ''));
  const settled = holdings.learn(clientOrderId, {
    executed: parseDecimal(String(fields['executed'])) ?? 0n,
    hasEnded: fields['ended'] === 'yes',
    fee: amount === null || of === null ? null : { amount, of },
  });
  for (const each of settled) signed.delete(each);
}

/** Why a connection does not sign everything, in the words for a person. */
function refusalOf(facts: LifeFacts, { state, expiresAt }: Standing): LifeRefusal {
  switch (state) {
    case 'draft':
      return {
        rule: 'connection-not-active',
        reason: "expected the exchange's identifier of the key, found none yet",
      };
    case 'probing':
      return {
        rule: 'connection-probing',
        reason:
          'expected a check of what the exchange lets the key do, found none that passed in the last 26 hours',
      };
    case 'quarantined':
      return {
        rule: 'connection-quarantined',
        reason: `expected a key as it was checked before, found ${(facts.quarantined?.faults ?? []).join(', ')}`,
      };
    case 'frozen':
      return {
        rule: 'connection-frozen',
        reason: `expected a connection that is not frozen, found it frozen (${facts.frozen?.cause ?? ''})`,
      };
    case 'active':
    case 'expiring':
    case 'expired':
    case 'retired':
      return {
        rule: 'connection-expired',
        reason: `expected a key that has not expired, found that it expired at ${new Date(expiresAt).toISOString()}`,
      };
  }
}

function sideOf(side: unknown): Side {
  return side === 'BUY' ? 'buy' : 'sell';
}

function listOf(value: unknown): readonly string[] {
  return typeof value === 'string' && value !== '' ? value.split('+') : [];
}

function text(value: bigint): string {
  return formatNotional(toNotional(value));
}
