// SPDX-License-Identifier: Apache-2.0
// What happens when someone else acts at the account: an alarm, a freeze of new entries, a case with the evidence.
//
// Orders of others that were there when the desk first compared itself with the account belong to its owner's life
// before the desk; those that a person has marked as his own too. All others are unreviewed until somebody looks.

import type { ListedOrder, ReportedTrade } from '@kontor/exchange';
import type { CaseBook, CaseEvent, CaseSubject, Evidence } from '../cases/case-book.ts';
import { numberOf, textOf, type Store } from '../store/store.ts';
import type { AlarmBook, AlarmKind, AlarmSeverity } from './alarm-book.ts';
import type { ConnectionFreeze } from './connection-freeze.ts';

/** `before`: rested there when the desk came. `owned`: a person says it is his. */
export type ForeignState = 'before' | 'unreviewed' | 'owned';

/** An order or trade of the account that this desk did not make. */
export interface ForeignReport {
  /** `forged`: it bears this desk's mark under a tag that the signer did not make. */
  readonly origin: 'foreign' | 'forged';
  readonly order: ListedOrder;
  readonly trade: ReportedTrade | null;
  readonly evidence: Evidence;
}

export interface ForeignPorts {
  readonly store: Store;
  readonly alarms: AlarmBook;
  readonly cases: CaseBook;
  readonly freeze: ConnectionFreeze;
  readonly connection: () => string;
  /** What a case says about the account. */
  readonly subject: () => CaseSubject;
  /** Where a person deletes the key; null where no page is known. */
  readonly keyPage: () => string | null;
  /** Wall time. */
  readonly now: () => number;
}

/** Orders that are remembered; the oldest of a person's own go first, then those of before, which may rest still. */
const ORDERS_MAX = 20_000;
const META_BASELINE = 'foreignBaseline';
const META_CASE = 'openCase';

export class ForeignWatch {
  readonly #ports: ForeignPorts;

  constructor(ports: ForeignPorts) {
    this.#ports = ports;
  }

  /** The desk has seen the account for the first time: what rests there now was there before. */
  onFirstSight(orders: readonly ListedOrder[]): void {
    const { store, connection } = this.#ports;
    const key = `${META_BASELINE} ${connection()}`;
    if (store.meta(key) !== undefined) return;
    store.transaction(() => {
      for (const order of orders) this.#remember(order, 'before');
      store.setMeta(key, String(this.#ports.now()));
    });
  }

  /** An order or a trade of somebody else was seen, for the first time or again. */
  onForeign(report: ForeignReport): void {
    const { order, trade, origin } = report;
    const known = this.#stateOf(order);
    if (known === 'before' || known === 'owned') return;
    if (known === undefined) this.#remember(order, 'unreviewed');
    else if (trade === null) return;
    const kind: AlarmKind =
      origin === 'forged' ? 'forgedTag' : trade === null ? 'foreignOrder' : 'foreignTrade';
    const facts = { ...orderFacts(order), ...tradeFacts(trade), source: report.evidence.source };
    this.#react(kind, facts, [report.evidence]);
  }

  /**
   * Someone else took an order of ours off the book; `end` is how the exchange calls it. Of a store that was put back to
   * an earlier day the desk itself may have been that someone.
   */
  onCancelledByOthers(
    values: Readonly<Record<string, string>>,
    isOlderStore: boolean,
    evidence: readonly Evidence[] = [],
  ): void {
    // The exchange itself lets orders expire; a cancel needs someone who may trade.
    if (values['end'] === 'cancelled' && !isOlderStore)
      this.#react('cancelledByOthers', values, evidence);
    else this.#tell('cancelledByOthers', 'warning', values);
  }

  /** A balance that nothing explains. Coins may come and go for reasons that no trade shows: it freezes nothing. */
  onUnexplained(
    values: Readonly<Record<string, string>>,
    wasWatched: boolean,
    evidence: readonly Evidence[],
  ): void {
    const isLoss = values['difference']?.startsWith('-') === true;
    const severity = isLoss && wasWatched ? 'critical' : isLoss ? 'warning' : 'notice';
    const { alarms, connection } = this.#ports;
    const subject = values['asset'] ?? '';
    const facts = { ...values };
    alarms.raise({
      kind: 'balanceUnexplained',
      severity,
      connection: connection(),
      subject,
      facts,
    });
    this.#note({ kind: 'balanceUnexplained', facts }, evidence);
  }

  /** The exchange contradicts itself, or what reaches the desk is not what it said. */
  onDisagreement(
    values: Readonly<Record<string, string>>,
    evidence: readonly Evidence[] = [],
  ): void {
    const { alarms, connection } = this.#ports;
    alarms.raise({
      kind: 'sourcesDisagree',
      severity: 'critical',
      connection: connection(),
      facts: values,
    });
    this.#note({ kind: 'sourcesDisagree', facts: values }, evidence);
  }

  onAgreement(): void {
    const { alarms, connection } = this.#ports;
    alarms.resolve('sourcesDisagree', connection());
  }

  /** Orders of others that nobody has looked at yet, as lines for the act `ownTrade`, the oldest first. */
  unreviewed(limit: number): readonly string[] {
    return this.#unreviewed(limit).map(({ line }) => line);
  }

  /** A person has consented that the orders of these lines are his own. Returns how many of them there were. */
  markOwned(lines: readonly string[]): number {
    const { store, alarms, connection } = this.#ports;
    const meant = this.#unreviewed(ORDERS_MAX).filter(({ line }) => lines.includes(line));
    store.transaction(() => {
      for (const { rowid } of meant) {
        store.run("UPDATE foreign_orders SET state = 'owned' WHERE rowid = ?", rowid);
      }
    });
    if (this.unreviewed(1).length === 0) {
      for (const kind of ['foreignOrder', 'foreignTrade', 'forgedTag'] as const) {
        alarms.resolve(kind, connection());
      }
    }
    this.#note({ kind: 'ownTrade', facts: { orders: String(meant.length) } }, []);
    return meant.length;
  }

  #unreviewed(limit: number): readonly { readonly rowid: number; readonly line: string }[] {
    return this.#ports.store
      .all(
        "SELECT rowid, * FROM foreign_orders WHERE connection = ? AND state = 'unreviewed' ORDER BY rowid LIMIT ?",
        this.#ports.connection(),
        limit,
      )
      .map((row) => {
        const of = (column: string): string => textOf(row, column);
        const line = `${of('side')} ${of('quantity')} ${of('symbol')} at ${of('price')}, order ${of('exchange_order_id')}`;
        return { rowid: numberOf(row, 'rowid'), line };
      });
  }

  /** A person has thawed the connection: what comes from now on is another incident. */
  onThawed(connection: string): void {
    const { store, alarms } = this.#ports;
    this.#note({ kind: 'thawed', facts: {} }, []);
    store.run('DELETE FROM meta WHERE key = ?', `${META_CASE} ${connection}`);
    alarms.resolve('connectionFrozen', connection);
  }

  #react(
    kind: AlarmKind,
    facts: Readonly<Record<string, string>>,
    evidence: readonly Evidence[],
  ): void {
    const { freeze, connection } = this.#ports;
    const id = connection();
    // First what protects, then what tells, then what proves.
    const isNew = freeze.freeze(id, kind);
    this.#tell(kind, 'critical', facts);
    this.#note({ kind, facts }, evidence);
    if (!isNew) return;
    const { name } = this.#ports.subject();
    const reason = 'someone else seems to be at work at the account';
    this.#tell('connectionFrozen', 'critical', { name, reason });
  }

  #tell(kind: AlarmKind, severity: AlarmSeverity, facts: Readonly<Record<string, string>>): void {
    const { alarms, connection, store } = this.#ports;
    const caseId = store.meta(`${META_CASE} ${connection()}`);
    alarms.raise({
      kind,
      severity,
      connection: connection(),
      facts: {
        ...facts,
        ...(severity === 'critical' ? this.#keyPage() : {}),
        ...(caseId === undefined ? {} : { case: caseId }),
      },
    });
  }

  #keyPage(): Readonly<Record<string, string>> {
    const page = this.#ports.keyPage();
    return page === null ? {} : { keyPage: page };
  }

  /** Writes into the open case, or opens one. A disk that takes no case must not keep an alarm from being told. */
  #note(event: Omit<CaseEvent, 'time'>, evidence: readonly Evidence[]): void {
    const { store, cases, connection, subject, now, alarms } = this.#ports;
    const key = `${META_CASE} ${connection()}`;
    const isAfterthought = event.kind === 'thawed' || event.kind === 'ownTrade';
    try {
      const known = store.meta(key);
      const noted = { time: now(), ...event };
      if (known !== undefined && cases.add(known, noted, evidence)) return;
      // None is open, or its folder is gone: with another disk, or by somebody's hand.
      if (isAfterthought) return;
      const opened = cases.open(subject());
      if (opened === null) return;
      store.setMeta(key, opened);
      cases.add(opened, noted, evidence);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) throw error;
      const reason = `the case was not written: ${String(error.code)}`;
      alarms.raise({
        kind: 'notificationFailed',
        severity: 'warning',
        subject: 'cases',
        facts: { channel: 'cases', reason },
      });
    }
  }

  #stateOf({ symbol, exchangeOrderId }: ListedOrder): ForeignState | undefined {
    const row = this.#ports.store.get(
      'SELECT state FROM foreign_orders WHERE connection = ? AND symbol = ? AND exchange_order_id = ?',
      this.#ports.connection(),
      symbol,
      exchangeOrderId,
    );
    if (row === undefined) return undefined;
    const state = textOf(row, 'state');
    return state === 'before' || state === 'owned' ? state : 'unreviewed';
  }

  #remember(order: ListedOrder, state: ForeignState): void {
    const { store, connection, now } = this.#ports;
    store.run(
      `INSERT OR IGNORE INTO foreign_orders (connection, symbol, exchange_order_id, client_order_id, side, price, quantity, state, seen_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      connection(),
      order.symbol,
      order.exchangeOrderId,
      order.venueClientOrderId,
      order.side,
      order.price,
      order.quantity,
      state,
      now(),
    );
    const row = store.get('SELECT count(*) AS count FROM foreign_orders');
    const tooMany = (row === undefined ? 0 : numberOf(row, 'count')) - ORDERS_MAX;
    if (tooMany <= 0) return;
    store.run(
      `DELETE FROM foreign_orders WHERE rowid IN
         (SELECT rowid FROM foreign_orders ORDER BY state = 'unreviewed', state = 'before', rowid LIMIT ?)`,
      tooMany,
    );
  }
}

function orderFacts(order: ListedOrder): Record<string, string> {
  const { symbol, side, price, quantity, filledQuantity, state } = order;
  return {
    symbol,
    side,
    price,
    quantity,
    filled: filledQuantity,
    state,
    clientOrderId: order.venueClientOrderId,
    exchangeOrderId: order.exchangeOrderId,
    at: new Date(order.updateTime).toISOString(),
  };
}

function tradeFacts(trade: ReportedTrade | null): Record<string, string> {
  if (trade === null) return {};
  const { tradeId, price, quantity } = trade;
  return { tradeId, tradePrice: price, tradeQuantity: quantity };
}
