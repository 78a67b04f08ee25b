// SPDX-License-Identifier: Apache-2.0
// What a person must know of now: alarms, stored first, then told on every page and by every channel.
//
// An alarm that is raised again about the same event is counted, not written again; it ends when a person acknowledges
// it. One about a condition lasts until the condition is over, acknowledged or not, and is one however often it is said.

import { randomUUID } from 'node:crypto';
import { numberOf, textOf, type Row, type Store } from '../store/store.ts';

/** What there is to be alarmed about; `isLasting` marks a condition, which ends when it is over. */
export const ALARM_KINDS = {
  /** An order of the account that this desk did not send. */
  foreignOrder: { isLasting: false },
  /** A trade of the account that no order of this desk made. */
  foreignTrade: { isLasting: false },
  /** An order that bears this desk's mark under a tag that the signer did not make. */
  forgedTag: { isLasting: false },
  /** Someone other than the desk took one of its orders off the book. */
  cancelledByOthers: { isLasting: false },
  /** A balance that fills, trades of others and transfers do not explain. */
  balanceUnexplained: { isLasting: false },
  /** The account stream is silent or gone: what happens there is seen later. */
  streamGap: { isLasting: true },
  /** Two sources of the exchange contradict each other. */
  sourcesDisagree: { isLasting: true },
  /** A host of the exchange shows a certificate of an authority by which it is not known: nothing is sent there. */
  issuerRefused: { isLasting: true },
  /** Two prices of a market are further apart than the policy lets them be. */
  pricesDisagree: { isLasting: true },
  /** No price of a market comes while orders are in it. */
  pricesSilent: { isLasting: true },
  /** What the exchange says comes later than it says that it was so. */
  dataLate: { isLasting: true },
  /** A channel does not take what it is to tell. */
  notificationFailed: { isLasting: true },
  /** A connection's 90 days end soon, or have ended. */
  connectionExpiring: { isLasting: true },
  connectionExpired: { isLasting: true },
  /** The rights of a key are not what they were, or more than it may have. */
  rightsChanged: { isLasting: true },
  /** A key works from an address that is not on its list. */
  bindNotReal: { isLasting: true },
  /** What a key may do could not be asked for some time. */
  rightsUnknown: { isLasting: true },
  /** A connection signs no entries. */
  connectionFrozen: { isLasting: true },
  /** The log was shown to others otherwise than here. */
  splitView: { isLasting: false },
  /** A witness has seen more of the log than there is now. */
  logRolledBack: { isLasting: true },
  /** The log's witnesses do not answer. */
  witnessSilent: { isLasting: true },
  /** A time-stamping authority has dated nothing for days. */
  anchorStale: { isLasting: true },
  /** The policy keeps an order until a person releases it. */
  orderHeld: { isLasting: true },
  /** A key that exists only to be stolen was used. */
  canaryUsed: { isLasting: false },
  /** The account of such a key cannot be watched. */
  canaryUnwatched: { isLasting: true },
  /** Nobody has opened the vault for minutes. */
  vaultLocked: { isLasting: true },
  /** A copy of the desk's pages stands at another site. */
  clonedSite: { isLasting: false },
} as const satisfies Readonly<Record<string, { readonly isLasting: boolean }>>;

export type AlarmKind = keyof typeof ALARM_KINDS;

/** `critical`: someone may be at the account. `warning`: to be looked at today. `notice`: to be known. */
export type AlarmSeverity = 'notice' | 'warning' | 'critical';

export type AlarmState = 'open' | 'acknowledged' | 'resolved';

export interface Alarm {
  readonly id: string;
  readonly kind: AlarmKind;
  readonly severity: AlarmSeverity;
  /** '' where it is about none. */
  readonly connection: string;
  /** What it is about within its kind. */
  readonly subject: string;
  readonly facts: Readonly<Record<string, string>>;
  readonly state: AlarmState;
  /** Wall time of the first and of the last time it was raised. */
  readonly raisedAt: number;
  readonly lastAt: number;
  readonly count: number;
  readonly acknowledgedAt: number | null;
  readonly acknowledgedBy: string | null;
  readonly resolvedAt: number | null;
  readonly isLasting: boolean;
}

export interface NewAlarm {
  readonly kind: AlarmKind;
  readonly severity: AlarmSeverity;
  readonly connection?: string;
  /** Raised again about the same, it is counted. */
  readonly subject?: string;
  readonly facts: Readonly<Record<string, string>>;
}

export type Acknowledgement =
  | { readonly ok: true; readonly alarm: Alarm }
  | { readonly ok: false; readonly kind: 'unknown' | 'decided'; readonly reason: string };

export interface AlarmPorts {
  readonly store: Store;
  /** Wall time. */
  readonly now: () => number;
  /** In the transaction that writes an alarm which is to be told: new, or graver than before. */
  readonly onRaised: (alarm: Alarm) => void;
  /** What pages show has changed. */
  readonly onChanged: () => void;
  readonly log: (alarm: Alarm) => void;
}

/** Alarms that are kept; the oldest that are over go first. */
const KEPT_MAX = 2_000;
/** Alarms of one kind that are open at once; what comes on top is counted under one more. */
const OPEN_OF_KIND_MAX = 100;
const OVERFLOW_SUBJECT = 'more';
const FACTS_MAX = 24;
const FACT_CHARACTERS_MAX = 300;
const GRAVITY: Readonly<Record<AlarmSeverity, number>> = { notice: 0, warning: 1, critical: 2 };
/** What may still be counted up: a condition also when a person knows of it. */
const STANDING = "state = 'open' OR (state = 'acknowledged' AND is_lasting = 1)";

export class AlarmBook {
  readonly #ports: AlarmPorts;

  constructor(ports: AlarmPorts) {
    this.#ports = ports;
  }

  /** Writes an alarm down, or counts an event where it stands already, and returns it as it then is. */
  raise(raised: NewAlarm): Alarm {
    const { store, now } = this.#ports;
    const { kind, severity, connection = '', subject = '' } = raised;
    const facts = JSON.stringify(bounded(raised.facts));
    let isTold = false;
    const alarm = store.transaction((): Alarm => {
      const known =
        this.#standing(kind, connection, subject) ??
        (this.#isFull(kind) ? this.#standing(kind, '', OVERFLOW_SUBJECT) : undefined);
      if (known !== undefined) {
        const isCounted = !ALARM_KINDS[kind].isLasting || textOf(known, 'subject') !== subject;
        const isGraver = GRAVITY[severity] > GRAVITY[toSeverity(textOf(known, 'severity'))];
        store.run(
          'UPDATE alarms SET last_at = ?, count = count + ?, facts = ?, severity = ? WHERE alarm_id = ?',
          now(),
          isCounted ? 1 : 0,
          facts,
          isGraver ? severity : textOf(known, 'severity'),
          textOf(known, 'alarm_id'),
        );
        const counted = this.#read(textOf(known, 'alarm_id'));
        if (isGraver) this.#ports.onRaised(counted);
        isTold = isGraver;
        return counted;
      }
      const isFull = this.#isFull(kind);
      const id = randomUUID();
      store.run(
        `INSERT INTO alarms (alarm_id, kind, severity, connection, subject, facts, state, is_lasting, raised_at, last_at, count)
         VALUES (?, ?, ?, ?, ?, ?, 'open', ?, ?, ?, 1)`,
        id,
        kind,
        severity,
        isFull ? '' : connection,
        isFull ? OVERFLOW_SUBJECT : subject,
        facts,
        ALARM_KINDS[kind].isLasting ? 1 : 0,
        now(),
        now(),
      );
      this.#dropOld();
      const made = this.#read(id);
      this.#ports.onRaised(made);
      isTold = true;
      return made;
    });
    if (isTold) this.#ports.log(alarm);
    this.#ports.onChanged();
    return alarm;
  }

  /** A person has seen it. */
  acknowledge(id: string, by: string): Acknowledgement {
    const { store, now } = this.#ports;
    const row = store.get('SELECT state FROM alarms WHERE alarm_id = ?', id);
    if (row === undefined) {
      return { ok: false, kind: 'unknown', reason: `there is no alarm ${id}` };
    }
    if (row['state'] !== 'open') {
      const reason = `the alarm is ${String(row['state'])} already`;
      return { ok: false, kind: 'decided', reason };
    }
    store.run(
      "UPDATE alarms SET state = 'acknowledged', acknowledged_at = ?, acknowledged_by = ? WHERE alarm_id = ?",
      now(),
      by,
      id,
    );
    this.#ports.onChanged();
    return { ok: true, alarm: this.#read(id) };
  }

  /** A condition is over, or an event has been accounted for; what does not stand is left as it is. */
  resolve(kind: AlarmKind, connection = '', subject: string | null = ''): void {
    const { store, now } = this.#ports;
    const changed = store.run(
      `UPDATE alarms SET state = 'resolved', resolved_at = ?1
       WHERE kind = ?2 AND connection = ?3 AND (?4 IS NULL OR subject = ?4) AND (${STANDING})`,
      now(),
      kind,
      connection,
      subject,
    );
    if (changed > 0) this.#ports.onChanged();
  }

  /** Of the alarms about a condition only the one about `subject` goes on, if it stands. */
  resolveOthers(kind: AlarmKind, connection: string, subject: string): void {
    const { store, now } = this.#ports;
    const changed = store.run(
      `UPDATE alarms SET state = 'resolved', resolved_at = ?
       WHERE kind = ? AND connection = ? AND subject != ? AND (${STANDING})`,
      now(),
      kind,
      connection,
      subject,
    );
    if (changed > 0) this.#ports.onChanged();
  }

  /** Of these kinds only what is about one of `connections`, or about none, goes on. */
  resolveGone(kinds: readonly AlarmKind[], connections: readonly string[]): void {
    const { store, now } = this.#ports;
    const changed = store.run(
      `UPDATE alarms SET state = 'resolved', resolved_at = ?
       WHERE kind IN (SELECT value FROM json_each(?)) AND connection != ''
         AND connection NOT IN (SELECT value FROM json_each(?)) AND (${STANDING})`,
      now(),
      JSON.stringify(kinds),
      JSON.stringify(connections),
    );
    if (changed > 0) this.#ports.onChanged();
  }

  /** What the alarms of a kind are about that stand. */
  standing(kind: AlarmKind, connection: string): readonly string[] {
    return this.#ports.store
      .all(
        `SELECT subject FROM alarms WHERE kind = ? AND connection = ? AND (${STANDING})`,
        kind,
        connection,
      )
      .map((row) => textOf(row, 'subject'));
  }

  get(id: string): Alarm | null {
    const row = this.#ports.store.get('SELECT * FROM alarms WHERE alarm_id = ?', id);
    return row === undefined ? null : toAlarm(row);
  }

  /** Those that nobody has acknowledged first, then the newest. */
  list(limit: number): readonly Alarm[] {
    return this.#ports.store
      .all(
        "SELECT * FROM alarms ORDER BY state = 'open' DESC, last_at DESC, rowid DESC LIMIT ?",
        limit,
      )
      .flatMap((row) => toAlarm(row) ?? []);
  }

  /** How many wait for a person. */
  get openCount(): number {
    const row = this.#ports.store.get("SELECT count(*) AS open FROM alarms WHERE state = 'open'");
    return row === undefined ? 0 : numberOf(row, 'open');
  }

  #standing(kind: AlarmKind, connection: string, subject: string): Row | undefined {
    return this.#ports.store.get(
      `SELECT alarm_id, severity, subject FROM alarms WHERE kind = ? AND connection = ? AND subject = ? AND (${STANDING})`,
      kind,
      connection,
      subject,
    );
  }

  #isFull(kind: AlarmKind): boolean {
    const row = this.#ports.store.get(
      `SELECT count(*) AS standing FROM alarms WHERE kind = ? AND (${STANDING})`,
      kind,
    );
    return row !== undefined && numberOf(row, 'standing') >= OPEN_OF_KIND_MAX;
  }

  #read(id: string): Alarm {
    const alarm = this.get(id);
    if (alarm === null) throw new Error('Invariant: an alarm that was written is there');
    return alarm;
  }

  #dropOld(): void {
    this.#ports.store.run(
      `DELETE FROM alarms WHERE NOT (${STANDING}) AND rowid <= (SELECT max(rowid) FROM alarms) - ?`,
      KEPT_MAX,
    );
  }
}

function bounded(facts: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(facts)
      .slice(0, FACTS_MAX)
      .map(([name, value]) => [name, value.slice(0, FACT_CHARACTERS_MAX)]),
  );
}

function toSeverity(text: string): AlarmSeverity {
  return text === 'critical' || text === 'warning' ? text : 'notice';
}

function isKind(text: string): text is AlarmKind {
  return Object.hasOwn(ALARM_KINDS, text);
}

/** Null for an alarm that another version of the desk raised and this one does not know. */
function toAlarm(row: Row): Alarm | null {
  const kind = textOf(row, 'kind');
  if (!isKind(kind)) return null;
  const facts: Alarm['facts'] = JSON.parse(textOf(row, 'facts'));
  const state = textOf(row, 'state');
  return {
    id: textOf(row, 'alarm_id'),
    kind,
    severity: toSeverity(textOf(row, 'severity')),
    connection: textOf(row, 'connection'),
    subject: textOf(row, 'subject'),
    facts,
    state: state === 'acknowledged' || state === 'resolved' ? state : 'open',
    raisedAt: numberOf(row, 'raised_at'),
    lastAt: numberOf(row, 'last_at'),
    count: numberOf(row, 'count'),
    acknowledgedAt: timeOrNull(row, 'acknowledged_at'),
    acknowledgedBy: row['acknowledged_by'] === null ? null : textOf(row, 'acknowledged_by'),
    resolvedAt: timeOrNull(row, 'resolved_at'),
    isLasting: ALARM_KINDS[kind].isLasting,
  };
}

function timeOrNull(row: Row, column: string): number | null {
  return row[column] === null ? null : numberOf(row, column);
}
