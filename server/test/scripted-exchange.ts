// SPDX-License-Identifier: Apache-2.0
// The far end of the server's links for tests: real sockets and real frames, a signer and an exchange that answer as
// the test's script says, and otherwise as they should.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatQuantity, makeInstrument, type Instrument } from '@kontor/core';
import {
  FRAME_BYTES_MAX,
  FrameReader,
  FrameWriter,
  parseIntent,
  RECV_WINDOW_MS,
  type Answer,
  type Decision,
  type Intent,
} from '@kontor/signer';
import type { Links, PeerName } from '../src/link/links.ts';
import { connectionInfo } from './connection-info.ts';

export const CONNECTION = 'c_KONTOR2';
export const SYMBOL = 'ETHUSDT';
export const INSTRUMENT: Instrument = makeInstrument({
  symbol: SYMBOL,
  baseAsset: 'ETH',
  quoteAsset: 'USDT',
  tickSize: '0.01',
  lotSize: '0.0001',
  minPrice: '0.01',
  maxPrice: '1000000',
  minQuantity: '0.0001',
  maxQuantity: '9000',
  minNotional: '5',
  maxNotional: '9000000',
});

const ACTIVE_CONNECTION = connectionInfo(1, {
  connection: CONNECTION,
  name: 'demo',
  venue: 'demo',
  checkedAt: 1,
});

const TRADES_PER_PAGE = 1_000;

type Place = Extract<Intent, { kind: 'placeOrder' }>;
type OfKind<K extends Intent['kind']> = Extract<Intent, { kind: K }>;

interface PlacedByOthers {
  readonly side: 'buy' | 'sell';
  readonly price: string;
  readonly lots: number;
}

/** Two orders of one list. */
export interface BookedPair {
  readonly takeProfit: BookedOrder;
  readonly stopLoss: BookedOrder;
}

/** The answer about a list, of what it says about each of its orders. */
export function listOf(reports: readonly string[]): string {
  return `{"orderListId":7,"contingencyType":"OCO","orderReports":[${reports.join(',')}]}`;
}

/** An order as the exchange has it. */
export class BookedOrder {
  readonly orderId: number;
  readonly clientOrderId: string;
  readonly side: 'buy' | 'sell';
  readonly price: string;
  readonly lots: number;
  readonly acceptedAt: number;
  readonly fills: { readonly tradeId: number; readonly lots: number; readonly time: number }[] = [];
  status: 'NEW' | 'PARTIALLY_FILLED' | 'FILLED' | 'CANCELED' | 'EXPIRED' = 'NEW';
  updatedAt: number;
  /** The order that ends with this one. */
  partner: BookedOrder | null = null;

  constructor(intent: Place, orderId: number, time: number) {
    this.orderId = orderId;
    this.clientOrderId = intent.order.clientOrderId;
    this.side = intent.order.side;
    this.price = intent.order.price ?? '';
    this.lots = Math.round(Number(intent.order.quantity) * 10_000);
    this.acceptedAt = time;
    this.updatedAt = time;
  }

  get filledLots(): number {
    return this.fills.reduce((sum, { lots }) => sum + lots, 0);
  }

  get isOpen(): boolean {
    return this.status === 'NEW' || this.status === 'PARTIALLY_FILLED';
  }

  /** The answer to placing it, with the fills it has by now. */
  placed(): string {
    return JSON.stringify({
      symbol: SYMBOL,
      orderId: this.orderId,
      orderListId: -1,
      clientOrderId: this.clientOrderId,
      transactTime: this.acceptedAt,
      price: this.price,
      origQty: formatQuantity(INSTRUMENT, this.lots),
      executedQty: formatQuantity(INSTRUMENT, this.filledLots),
      status: this.status,
      fills: this.fills.map((fill) => ({
        price: this.price,
        qty: formatQuantity(INSTRUMENT, fill.lots),
        commission: '0.00000000',
        commissionAsset: 'USDT',
        tradeId: fill.tradeId,
      })),
    });
  }

  queried(): string {
    return JSON.stringify({
      symbol: SYMBOL,
      orderId: this.orderId,
      clientOrderId: this.clientOrderId,
      side: this.side.toUpperCase(),
      price: this.price,
      origQty: formatQuantity(INSTRUMENT, this.lots),
      executedQty: formatQuantity(INSTRUMENT, this.filledLots),
      status: this.status,
      time: this.acceptedAt,
      updateTime: this.updatedAt,
    });
  }

  cancelled(): string {
    return JSON.stringify({
      symbol: SYMBOL,
      orderId: this.orderId,
      origClientOrderId: this.clientOrderId,
      clientOrderId: 'cancel-of-it',
      executedQty: formatQuantity(INSTRUMENT, this.filledLots),
      status: this.status,
      transactTime: this.updatedAt,
    });
  }

  /** One page of its trades: from an ID on, or the newest. */
  trades(fromTradeId?: string): string {
    const page =
      fromTradeId === undefined
        ? this.fills.slice(-TRADES_PER_PAGE)
        : this.fills.filter(({ tradeId }) => tradeId >= Number(fromTradeId));
    return JSON.stringify(
      page.slice(0, TRADES_PER_PAGE).map((fill) => ({
        symbol: SYMBOL,
        id: fill.tradeId,
        orderId: this.orderId,
        price: this.price,
        qty: formatQuantity(INSTRUMENT, fill.lots),
        commission: '0.00000000',
        commissionAsset: 'USDT',
        time: fill.time,
        isMaker: true,
      })),
    );
  }

  /** The `executionReport` of the order as it is now; `fill` is the trade that it reports, if any. */
  report(fill?: { readonly tradeId: number; readonly lots: number }): Record<string, unknown> {
    return {
      e: 'executionReport',
      E: this.updatedAt,
      s: SYMBOL,
      c: this.clientOrderId,
      C: '',
      S: this.side.toUpperCase(),
      p: this.price,
      q: formatQuantity(INSTRUMENT, this.lots),
      x: fill === undefined ? (this.isOpen ? 'NEW' : this.status) : 'TRADE',
      X: this.status,
      i: this.orderId,
      t: fill?.tradeId ?? -1,
      l: formatQuantity(INSTRUMENT, fill?.lots ?? 0),
      L: this.price,
      n: '0.00000000',
      N: fill === undefined ? null : 'USDT',
      z: formatQuantity(INSTRUMENT, this.filledLots),
      T: this.updatedAt,
      O: this.acceptedAt,
      m: true,
    };
  }
}

/** Signer, egress and exchange in one, as `Links` sees them. */
export class ScriptedExchange {
  readonly #links: Pick<Links, 'attach'>;
  readonly #sockets = new Map<
    PeerName,
    { readonly socket: Socket; readonly writer: FrameWriter }
  >();
  readonly #scripts = new Map<Intent['kind'], ((intent: Intent) => void)[]>();
  readonly orders = new Map<string, BookedOrder>();
  /** Orders under an ID that another one has, too. */
  readonly namesakes: BookedOrder[] = [];
  /** What the account holds: free amounts, nothing locked. */
  readonly balances = new Map([['USDT', '100']]);
  /** Orders on symbols that the desk does not trade, as rows of the list. */
  readonly elsewhere: Record<string, unknown>[] = [];
  /** Every intent that came, in order. */
  readonly intents: Intent[] = [];
  /** When an order of this ID was signed. */
  readonly signedAt = new Map<string, number>();
  /** IDs at the exchange that the signer did not make. */
  readonly forged = new Set<string>();
  /** Takes an intent before any other script; true when it has dealt with it. */
  intercept: (intent: Intent) => boolean = () => false;
  /** Market time: the exchange's own clock. */
  time = 1_700_000_000_000;
  #ids = 0;

  constructor(links: Pick<Links, 'attach'>) {
    this.#links = links;
  }

  /** Makes a link to the server, as the supervisor does. */
  async join(peer: PeerName): Promise<void> {
    const [near, far] = await socketPair();
    this.#sockets.get(peer)?.socket.destroy();
    const isSigner = peer === 'signer';
    this.#sockets.set(peer, {
      socket: far,
      writer: new FrameWriter(far, isSigner ? FRAME_BYTES_MAX.decision : FRAME_BYTES_MAX.answer),
    });
    far.on('error', () => undefined);
    const reader = new FrameReader(FRAME_BYTES_MAX.intent, (frame) =>
      this.#onIntent(parseIntent(frame)),
    );
    far.on('data', (bytes: Buffer) => reader.push(bytes));
    this.#links.attach(peer, near);
  }

  /** Takes over everything that `earlier` had: what a desk finds that starts again. */
  goOnFrom(earlier: ScriptedExchange): void {
    for (const [id, order] of earlier.orders) this.orders.set(id, order);
    for (const [id, time] of earlier.signedAt) this.signedAt.set(id, time);
    for (const [asset, free] of earlier.balances) this.balances.set(asset, free);
    this.namesakes.push(...earlier.namesakes);
    this.elsewhere.push(...earlier.elsewhere);
    this.time = earlier.time;
    this.#ids = earlier.#ids;
  }

  async joinAll(): Promise<void> {
    await this.join('signer');
    await this.join('egress');
  }

  /** A peer dies. */
  cut(peer: PeerName): void {
    this.#sockets.get(peer)?.socket.destroy();
    this.#sockets.delete(peer);
  }

  close(): void {
    for (const peer of ['signer', 'egress'] as const) this.cut(peer);
  }

  /** The next intent of this kind is answered by `script` alone. Several queue up. */
  once<K extends Intent['kind']>(kind: K, script: (intent: OfKind<K>) => void): void {
    const scripts = this.#scripts.get(kind) ?? [];
    // The list is kept by kind, so what is handed to a script is of its kind.
    scripts.push(script as (intent: Intent) => void);
    this.#scripts.set(kind, scripts);
  }

  sent<K extends Intent['kind']>(kind: K): readonly OfKind<K>[] {
    return this.intents.filter((intent): intent is OfKind<K> => intent.kind === kind);
  }

  /** Orders that were sent, by ID; an ID sent twice is there twice. */
  placedIds(): readonly string[] {
    return this.sent('placeOrder').map(({ order }) => order.clientOrderId);
  }

  decide(decision: Decision): void {
    this.#sockets.get('signer')?.writer.write(decision);
  }

  tell(answer: Answer): void {
    this.#sockets.get('egress')?.writer.write(answer);
  }

  /** Bytes that are no frame. */
  babble(peer: PeerName): void {
    this.#sockets.get(peer)?.socket.write(Buffer.alloc(64, 0xff));
  }

  /** The signer signs; `ageMs` ago by its own account. */
  sign(intent: Intent, ageMs = 0): void {
    const timestamp = Date.now() - ageMs;
    if (intent.kind === 'placeOrder') this.signedAt.set(intent.order.clientOrderId, timestamp);
    if (intent.kind === 'placePair') {
      this.signedAt.set(intent.takeProfit.clientOrderId, timestamp);
      this.signedAt.set(intent.stopLoss.clientOrderId, timestamp);
    }
    this.decide({ kind: 'signed', id: intent.id, timestamp, recvWindow: RECV_WINDOW_MS });
  }

  refuse(intent: Intent, rule: string, reason = 'by the script'): void {
    this.decide({ kind: 'refused', id: intent.id, rule, reason });
  }

  answer(intent: Intent, status: number, body: string): void {
    const now = Date.now();
    this.tell({ kind: 'answer', id: intent.id, status, body, sentAt: now, receivedAt: now });
  }

  /** An answer of the exchange that is an error with a code. */
  answerError(intent: Intent, status: number, code: number, msg = 'by the script'): void {
    this.answer(intent, status, JSON.stringify({ code, msg }));
  }

  fail(intent: Intent, certainty: 'notSent' | 'unknown'): void {
    this.tell({ kind: 'failed', id: intent.id, certainty, reason: 'by the script' });
  }

  event(event: Record<string, unknown>): void {
    this.tell({ kind: 'userEvent', connection: CONNECTION, event });
  }

  /** The exchange takes the order into its book. */
  accept(intent: Place): BookedOrder {
    const { clientOrderId } = intent.order;
    assert.ok(!this.orders.has(clientOrderId), `${clientOrderId} reached the exchange twice`);
    const order = new BookedOrder(intent, this.#nextId(), this.#tick());
    this.orders.set(clientOrderId, order);
    return order;
  }

  /** The exchange takes both orders of a list. */
  acceptPair(intent: OfKind<'placePair'>): BookedPair {
    const { connection, takeProfit, stopLoss } = intent;
    const place = { kind: 'placeOrder', id: intent.id, connection } as const;
    const { stopPrice: _, ...stop } = stopLoss;
    const profit = this.accept({ ...place, order: takeProfit });
    const other = this.accept({ ...place, order: { ...stop, type: 'limit' } });
    profit.partner = other;
    other.partner = profit;
    return { takeProfit: profit, stopLoss: other };
  }

  /** An order that this desk did not send: a person's, or one from another life of the desk. */
  byOthers(
    clientOrderId: string,
    { side = 'buy', price = '1990.00', lots = 100 }: Partial<PlacedByOthers> = {},
  ): BookedOrder {
    const order = new BookedOrder(
      {
        kind: 'placeOrder',
        id: 1,
        connection: CONNECTION,
        order: {
          symbol: SYMBOL,
          side,
          type: 'limit',
          timeInForce: 'GTC',
          price,
          quantity: formatQuantity(INSTRUMENT, lots),
          clientOrderId,
        },
      },
      this.#nextId(),
      this.#tick(),
    );
    if (this.orders.has(clientOrderId)) this.namesakes.push(order);
    else this.orders.set(clientOrderId, order);
    return order;
  }

  /** All orders there are. */
  get all(): readonly BookedOrder[] {
    return [...this.orders.values(), ...this.namesakes];
  }

  /** A part of `order` trades. Returns the report of it, which the caller may send. */
  fill(order: BookedOrder, lots: number): Record<string, unknown> {
    assert.ok(order.isOpen && order.filledLots + lots <= order.lots);
    const time = this.#tick();
    const fill = { tradeId: this.#nextId(), lots, time };
    order.fills.push(fill);
    order.updatedAt = time;
    order.status = order.filledLots === order.lots ? 'FILLED' : 'PARTIALLY_FILLED';
    return order.report(fill);
  }

  end(order: BookedOrder, status: 'CANCELED' | 'EXPIRED'): Record<string, unknown> {
    assert.ok(order.isOpen);
    order.status = status;
    order.updatedAt = this.#tick();
    return order.report();
  }

  #onIntent(intent: Intent): void {
    this.intents.push(intent);
    if (this.intercept(intent)) return;
    const script = this.#scripts.get(intent.kind)?.shift();
    if (script !== undefined) script(intent);
    else this.behave(intent);
  }

  /** What signer and exchange do when nothing is wrong. */
  behave(intent: Intent): void {
    if (intent.kind === 'lookUp') {
      const signedAt = this.signedAt.get(intent.clientOrderId) ?? null;
      this.decide({ kind: 'record', id: intent.id, signedAt });
      return;
    }
    if (intent.kind === 'verifyTag') {
      const isValid = !this.forged.has(intent.clientOrderId);
      this.decide({ kind: 'tag', id: intent.id, isValid });
      return;
    }
    if (intent.kind === 'listConnections') {
      this.decide({ kind: 'connections', id: intent.id, connections: [ACTIVE_CONNECTION] });
      return;
    }
    if (intent.kind === 'describePolicy') {
      const policy = { hash: 'none', text: '', lock: null, pending: null, held: [] };
      this.decide({ kind: 'policy', id: intent.id, policy });
      return;
    }
    if (intent.kind === 'describeVault') {
      const key = Buffer.alloc(32).toString('base64');
      const vault = {
        isOpen: true, isUnattended: true, importKey: key, unlockKey: key, waitMs: 0, ways: [],
      }; // prettier-ignore
      this.decide({ kind: 'vault', id: intent.id, vault });
      return;
    }
    this.sign(intent);
    this.#perform(intent);
  }

  #perform(intent: Intent): void {
    switch (intent.kind) {
      case 'placeOrder':
        this.answer(intent, 200, this.accept(intent).placed());
        return;
      case 'placePair': {
        const { takeProfit, stopLoss } = this.acceptPair(intent);
        this.answer(intent, 200, listOf([stopLoss.placed(), takeProfit.placed()]));
        return;
      }
      case 'queryOrder': {
        const order = this.orders.get(intent.clientOrderId);
        if (order === undefined) this.answerError(intent, 400, -2013, 'Order does not exist.');
        else this.answer(intent, 200, order.queried());
        return;
      }
      case 'cancelOrder': {
        const order = this.orders.get(intent.clientOrderId);
        if (order?.isOpen !== true) {
          this.answerError(intent, 400, -2011, 'Unknown order sent.');
          return;
        }
        this.end(order, 'CANCELED');
        const { partner } = order;
        if (partner?.isOpen !== true) {
          this.answer(intent, 200, order.cancelled());
          return;
        }
        this.end(partner, 'CANCELED');
        this.answer(intent, 200, listOf([partner.cancelled(), order.cancelled()]));
        return;
      }
      case 'queryFills': {
        if (intent.exchangeOrderId === undefined) {
          this.answer(intent, 200, JSON.stringify(this.#tradesFrom(intent.fromTradeId)));
          return;
        }
        const order = this.all.find(({ orderId }) => String(orderId) === intent.exchangeOrderId);
        this.answer(intent, 200, order?.trades(intent.fromTradeId) ?? '[]');
        return;
      }
      case 'queryOpenOrders': {
        const open = this.all.filter(({ isOpen }) => isOpen).map((order) => order.queried());
        const rows = [...open, ...this.elsewhere.map((row) => JSON.stringify(row))];
        this.answer(intent, 200, `[${rows.join(',')}]`);
        return;
      }
      case 'identifyOrder': {
        const order = this.all.find(({ orderId }) => String(orderId) === intent.exchangeOrderId);
        if (order === undefined) this.answerError(intent, 400, -2013, 'Order does not exist.');
        else this.answer(intent, 200, order.queried());
        return;
      }
      case 'subscribe':
        this.answer(intent, 200, '{}');
        this.tell({
          kind: 'userStream',
          connection: CONNECTION,
          state: 'up',
          reason: 'subscribed',
        });
        return;
      case 'queryAccount':
        this.answer(
          intent,
          200,
          JSON.stringify({
            updateTime: this.time,
            balances: [...this.balances].map(([asset, free]) => ({ asset, free, locked: '0' })),
          }),
        );
        return;
      case 'queryPermissions':
        this.answer(
          intent,
          200,
          JSON.stringify({
            ipRestrict: true,
            enableReading: true,
            enableSpotAndMarginTrading: true,
          }),
        );
        return;
      default:
        assert.fail(`no script for ${intent.kind}`);
    }
  }

  /** All trades of the account on the symbol, from an ID on or the newest. */
  #tradesFrom(fromTradeId?: string): readonly unknown[] {
    const trades = this.all
      .flatMap((order): { readonly id: number }[] => JSON.parse(order.trades('0')))
      .toSorted((a, b) => a.id - b.id);
    if (fromTradeId === undefined) return trades.slice(-TRADES_PER_PAGE);
    return trades.filter(({ id }) => id >= Number(fromTradeId)).slice(0, TRADES_PER_PAGE);
  }

  #nextId(): number {
    this.#ids += 1;
    return this.#ids;
  }

  #tick(): number {
    this.time += 1;
    return this.time;
  }
}

/** Two ends of one Unix socket. */
async function socketPair(): Promise<readonly [near: Socket, far: Socket]> {
  const directory = mkdtempSync(join(tmpdir(), 'kontor-pair-'));
  const server = createServer();
  try {
    const path = join(directory, 's');
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const far = new Promise<Socket>((resolve) => server.once('connection', resolve));
    const near = await new Promise<Socket>((resolve, reject) => {
      const socket = connect(path);
      socket.once('connect', () => resolve(socket));
      socket.once('error', reject);
    });
    return [near, await far];
  } finally {
    server.close();
    rmSync(directory, { recursive: true, force: true });
  }
}
