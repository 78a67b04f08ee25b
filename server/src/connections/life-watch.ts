// SPDX-License-Identifier: Apache-2.0
// Watches how the signer lets each connection be used: has the keys' rights checked, reminds of the end, raises alarms,
// and keeps bots from asking for what would be refused. It decides nothing: the signer does.

import { daysLeft, type RiskState } from '@kontor/core';
import type { ConnectionInfo } from '@kontor/signer';
import type { AlarmBook, AlarmKind, AlarmSeverity } from '../alarms/alarm-book.ts';
import type { Health } from '../api/schemas.ts';
import type { Links, Outcome } from '../link/links.ts';
import type { CancelTimer, Time } from '../time.ts';
import { probeAddress } from './address-probe.ts';

export interface LifeWatchPorts {
  readonly links: Pick<Links, 'submit' | 'connections'>;
  readonly alarms: Pick<AlarmBook, 'raise' | 'resolve' | 'resolveOthers' | 'resolveGone'>;
  readonly time: Time;
  /** The exchange that this desk trades at; keys for others cannot be asked about. */
  readonly venue: string;
  /** The connection that the bots trade through; '' before it is known. */
  readonly connection: () => string;
  /** The bots' connection may be used otherwise than before. */
  readonly onChanged: () => void;
  readonly log: (message: string, facts: Readonly<Record<string, string>>) => void;
}

export type Checked =
  | { readonly ok: true; readonly connection: ConnectionInfo }
  | { readonly ok: false; readonly rule?: string; readonly reason: string };

/** What is told of a connection's key, and over once the connection is gone. */
const TOLD_OF_KEYS = [
  'rightsChanged',
  'bindNotReal',
  'rightsUnknown',
  'connectionFrozen',
  'connectionExpired',
  'connectionExpiring',
] as const satisfies readonly AlarmKind[];
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** The signer's rule where no line of the policy speaks of what is asked, and what a person does about it. */
const NOTHING_ALLOWS = 'default deny';
const ADVICE = '; write one on the page Policy or with kontor policy edit';
/** How often the signer is asked how its connections stand. */
const LOOK_MS = 15_000;
/** A check that brought nothing is asked for again after this. */
const CHECK_RETRY_MS = 5 * 60_000;
/** After a key was refused its rights are asked for at once, but not more often than this. */
const CHECK_AFTER_REFUSAL_MS = 60_000;
/** How long the signer may take to read a copy of the answer that the desk has already. */
const READ_TRIES = 20;
const READ_PAUSE_MS = 25;
/** A key whose rights could not be checked for so long is a matter for a person. */
const UNCHECKED_MS_MAX = 5 * 60_000;
/** Days before the end at which a person is reminded, and how gravely. */
const REMINDERS: readonly (readonly [days: number, severity: AlarmSeverity])[] = [
  [1, 'critical'],
  [3, 'warning'],
  [7, 'warning'],
  [14, 'notice'],
];

export class LifeWatch {
  readonly #ports: LifeWatchPorts;
  readonly #stop = new AbortController();
  readonly #checkedAt = new Map<string, number>();
  /** Connections of which the signer refused to ask. */
  readonly #refused = new Set<string>();
  readonly #told = new Map<string, string>();
  readonly #uncheckedSince = new Map<string, number>();
  #listed: ReadonlySet<string> = new Set();
  #hasListed = false;
  #own: ConnectionInfo | null = null;
  #troubled: Health['connections'] = [];
  #cancelTimer: CancelTimer = () => undefined;

  constructor(ports: LifeWatchPorts) {
    this.#ports = ports;
  }

  /** Has the keys' rights checked, waits for that at most so long, and keeps looking from then on. */
  async start(waitMs: number): Promise<void> {
    await this.#lookFor(waitMs);
    this.#cancelTimer = this.#ports.time.every(LOOK_MS, () => void this.#look());
  }

  /**
   * The signer signs again what it refused, as after its vault was opened: what could not be asked of a key is asked
   * now. Waits for that at most so long.
   */
  async goOn(waitMs: number): Promise<void> {
    for (const connection of this.#refused) this.#checkedAt.delete(connection);
    this.#refused.clear();
    await this.#lookFor(waitMs);
  }

  close(): void {
    this.#stop.abort();
    this.#cancelTimer();
  }

  /** Asks the exchange what a key may do. The signer reads the answer itself; this tells how it then stands. */
  async check(connection: string): Promise<Checked> {
    const { links, time, venue } = this.#ports;
    const asked = time.now();
    this.#checkedAt.set(connection, asked);
    const found = (await this.refresh()).find((each) => each.connection === connection);
    if (found !== undefined && found.venue !== venue)
      return { ok: false, rule: 'venue', reason: elsewhere(found.venue, venue) };
    const outcome = await links.submit({ kind: 'queryPermissions', connection });
    const fault = faultOf(outcome);
    if (outcome.kind === 'refused') this.#refused.add(connection);
    else this.#refused.delete(connection);
    // The signer has its copy of the answer from egress, perhaps a moment later than the desk has its own.
    for (let attempt = 0; attempt < READ_TRIES; attempt += 1) {
      const infos = await this.refresh();
      const info =
        infos.find((each) => each.connection === connection) ??
        // A successor that was in order has taken the place of the connection it replaced.
        infos.find((each) => each.checkedAt !== null && each.checkedAt >= asked);
      if (fault !== null) return fault;
      if (info !== undefined && info.checkedAt !== null && info.checkedAt >= asked - 1_000)
        return { ok: true, connection: info };
      await time.pause(READ_PAUSE_MS, this.#stop.signal);
    }
    return { ok: false, reason: 'the exchange said nothing of the key that can be read' };
  }

  /** Has a read sent from a second address; tells how the signer then lets the key be used. */
  probe(connection: string): Promise<Checked> {
    const { links, time } = this.#ports;
    const connections = (): Promise<readonly ConnectionInfo[]> => this.refresh();
    return probeAddress({ links, time, connections, signal: this.#stop.signal }, connection);
  }

  /** Asks the signer how its connections stand, and tells what has changed. */
  async refresh(): Promise<readonly ConnectionInfo[]> {
    const result = await this.#ports.links.connections({ kind: 'listConnections' });
    if (!result.ok) return [];
    this.#forgetGone(result.connections.map(({ connection }) => connection));
    for (const info of result.connections) this.#tell(info);
    this.#troubled = result.connections.flatMap(troubleOf);
    this.#takeOwn(result.connections);
    return result.connections;
  }

  /** The exchange refused a key: what it may do has perhaps changed. */
  onKeyRefused(connection: string): void {
    const { time, log } = this.#ports;
    const last = this.#checkedAt.get(connection) ?? Number.NEGATIVE_INFINITY;
    if (time.now() - last < CHECK_AFTER_REFUSAL_MS) return;
    log('the exchange refused the key; asking what it may do', { connection });
    void this.check(connection).catch(() => undefined);
  }

  /** Why an entry would be refused by the signer for what the connection is, or null. */
  entryDenial(): { readonly rule: string; readonly reason: string } | null {
    const own = this.#own;
    if (own === null || own.signs === 'all') return null;
    const reason = `the connection ${own.name} signs no new risk: it is ${own.state}`;
    return { rule: `connection: ${own.state}`, reason };
  }

  /** Connections that stand still, whichever of them bots trade through. */
  get troubled(): Health['connections'] {
    return this.#troubled;
  }

  /**
   * What the connection leaves of the bots' risk. A frozen one leaves resting orders where they are: they hold coins
   * that somebody else at the account could take. One that has ended takes its entries off the book.
   */
  get risk(): RiskState {
    const own = this.#own;
    if (own === null || own.signs === 'all') return 'active';
    if (own.signs === 'reductions') return own.state === 'expired' ? 'reducing' : 'active';
    return 'halted';
  }

  #takeOwn(infos: readonly ConnectionInfo[]): void {
    const before = `${this.#own?.state} ${this.#own?.signs}`;
    const own = infos.find(({ connection }) => connection === this.#ports.connection());
    if (own === undefined) return;
    this.#own = own;
    if (`${own.state} ${own.signs}` !== before) this.#ports.onChanged();
  }

  async #lookFor(waitMs: number): Promise<void> {
    const patience = new AbortController();
    const wait = this.#ports.time.pause(waitMs, patience.signal).catch(() => undefined);
    await Promise.race([this.#look(), wait]);
    patience.abort();
  }

  async #look(): Promise<void> {
    const { time, venue } = this.#ports;
    try {
      for (const info of await this.refresh()) {
        if (info.venue !== venue || info.state === 'draft' || info.signs === 'nothing') continue;
        if (this.#isDue(info, time.now())) await this.check(info.connection);
      }
    } catch {
      // The desk stops.
    }
  }

  #isDue({ connection, checkedAt }: ConnectionInfo, now: number): boolean {
    const asked = this.#checkedAt.get(connection) ?? Number.NEGATIVE_INFINITY;
    if (now - asked < CHECK_RETRY_MS) return false;
    return checkedAt === null || now - checkedAt >= HOUR_MS || now < checkedAt;
  }

  /** A key that was retired is no danger any more, also where that was done while the desk stood still. */
  #forgetGone(listed: readonly string[]): void {
    const gone = [...this.#listed].filter((each) => !listed.includes(each));
    if (this.#hasListed && gone.length === 0 && listed.length === this.#listed.size) return;
    this.#hasListed = true;
    this.#listed = new Set(listed);
    for (const key of this.#told.keys())
      if (gone.some((each) => key.endsWith(` ${each}`))) this.#told.delete(key);
    this.#ports.alarms.resolveGone(TOLD_OF_KEYS, listed);
  }

  #tell(info: ConnectionInfo): void {
    // A successor is not in use yet.
    if (info.replaces !== null) return;
    this.#tellRights(info);
    this.#tellBind(info);
    // Nobody here can ask about a key for another exchange, and nothing is traded with it.
    if (info.venue === this.#ports.venue) this.#tellUnchecked(info);
    this.#tellFrozen(info);
    this.#tellEnd(info);
  }

  #tellRights({ connection, name, quarantined, grade }: ConnectionInfo): void {
    const reason = quarantined?.faults.join(', ') ?? '';
    this.#raise('rightsChanged', connection, reason, () => ({
      severity: 'critical',
      facts: { name, reason, grade: grade ?? '' },
    }));
  }

  #tellBind({ connection, name, bind }: ConnectionInfo): void {
    const sign = bind?.verdict === 'notReal' ? String(bind.seenAt) : '';
    this.#raise('bindNotReal', connection, sign, () => ({ severity: 'critical', facts: { name } }));
  }

  #tellUnchecked({ connection, name, state }: ConnectionInfo): void {
    const { time } = this.#ports;
    if (state !== 'probing') this.#uncheckedSince.delete(connection);
    else if (!this.#uncheckedSince.has(connection))
      this.#uncheckedSince.set(connection, time.monotonic());
    const since = this.#uncheckedSince.get(connection);
    const isLong = since !== undefined && time.monotonic() - since >= UNCHECKED_MS_MAX;
    this.#raise('rightsUnknown', connection, isLong ? 'unknown' : '', () => ({
      severity: 'warning',
      facts: { name },
    }));
  }

  #tellFrozen({ connection, name, frozen }: ConnectionInfo): void {
    // What froze it by an alarm tells of it there, and with more.
    if (frozen?.cause === 'alarm') return;
    const sign = frozen === null ? '' : `${frozen.since} ${frozen.cause}`;
    this.#raise('connectionFrozen', connection, sign, () => ({
      severity: 'warning',
      facts: { name, reason: `by ${frozen?.cause === 'terminal' ? 'the terminal' : 'a person'}` },
    }));
  }

  #tellEnd({ connection, name, expiresAt, state }: ConnectionInfo): void {
    const left = expiresAt - this.#ports.time.now();
    const hasEnded = left <= 0 && state !== 'draft';
    this.#raise('connectionExpired', connection, hasEnded ? 'ended' : '', () => ({
      severity: 'critical',
      facts: { name },
    }));
    const reminder = hasEnded ? undefined : REMINDERS.find(([days]) => left <= days * DAY_MS);
    const sign = reminder === undefined ? '' : String(reminder[0]);
    this.#raise('connectionExpiring', connection, sign, () => ({
      severity: reminder?.[1] ?? 'notice',
      facts: { name, days: String(daysLeft(expiresAt, this.#ports.time.now()) ?? 0) },
    }));
  }

  /** Raises what stands now and ends what stood before; `sign` is '' where there is nothing. */
  #raise(
    kind: (typeof TOLD_OF_KEYS)[number],
    connection: string,
    sign: string,
    alarm: () => {
      readonly severity: AlarmSeverity;
      readonly facts: Readonly<Record<string, string>>;
    },
  ): void {
    const key = `${kind} ${connection}`;
    if ((this.#told.get(key) ?? null) === sign) return;
    this.#told.set(key, sign);
    const { alarms } = this.#ports;
    if (sign === '') return alarms.resolve(kind, connection, null);
    // The same that was told before a restart still stands; anything else about this is over.
    alarms.resolveOthers(kind, connection, sign);
    alarms.raise({ kind, connection, subject: sign, ...alarm() });
  }
}

function troubleOf({ name, state, replaces }: ConnectionInfo): Health['connections'] {
  if (replaces !== null) return [];
  return state === 'frozen' || state === 'quarantined' || state === 'expired'
    ? [{ name, state }]
    : [];
}

/** Why a key for `of` cannot be asked about by a desk that trades at `venue`. */
function elsewhere(of: string, venue: string): string {
  return `expected a key for ${venue}, where this desk trades, found one for ${of}: it is kept in the vault and waits for a desk that trades there`;
}

function faultOf(outcome: Outcome): Extract<Checked, { ok: false }> | null {
  switch (outcome.kind) {
    case 'refused':
      return {
        ok: false,
        rule: outcome.rule,
        reason: outcome.rule === NOTHING_ALLOWS ? `${outcome.reason}${ADVICE}` : outcome.reason,
      };
    case 'failed':
      return { ok: false, reason: outcome.reason };
    case 'answered':
      return outcome.status === 200
        ? null
        : { ok: false, reason: `the exchange answered with HTTP ${outcome.status}` };
  }
}
