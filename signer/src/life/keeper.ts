// SPDX-License-Identifier: Apache-2.0
// Moves the lives of connections on: reads what the exchange answers, freezes, thaws, and lets a new key take over. Each
// change is on the log before it counts, except that what only tightens counts even where the log takes nothing.

import type { KeyIntent } from '../binance/requests.ts';
import type { Clock } from '../clock.ts';
import { publicKeyHash, type Connection, type Connections } from '../connections.ts';
import type { Disk } from '../disk.ts';
import { LogError, type Entry, type IntentLog } from '../log/intent-log.ts';
import type { Vault } from '../vault/vault.ts';
import { readFreezeFile, removeFreezeFile } from './freeze-file.ts';
import { AddressProbes, type ProbeIntent } from './address-probe.ts';
import type { Lives } from './lives.ts';
import { cannotBeAsked, isHouse, mayBeThawed, mayTakeOver } from './state.ts';

export interface KeeperPorts {
  readonly directory: string;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly log: IntentLog;
  readonly lives: Lives;
  readonly connections: Connections;
  readonly vault: Vault;
  /** Whether a key of another account comes into use by a person's word alone: since there was an owner to ask. */
  readonly needsConsent: () => boolean;
  readonly say: (sentence: string) => void;
}

export type FreezeCause = 'person' | 'terminal' | 'alarm';

export class LifeKeeper {
  readonly #ports: KeeperPorts;
  /** What holds although the log did not take it, by connection and kind: it goes there before anything else does. */
  readonly #owed = new Map<string, Entry>();
  readonly #probes = new AddressProbes();

  constructor(ports: KeeperPorts) {
    this.#ports = ports;
  }

  /** Takes an answer of the exchange that egress had from there. `timestamp`: when its request was signed. */
  onAnswer(
    intent: KeyIntent,
    answer: { readonly status: number; readonly body: string; readonly timestamp: number },
  ): void {
    const { lives } = this.#ports;
    const { connection } = intent;
    if (intent.kind === 'probeAddress') {
      this.#onProbed(this.#probes.onAnswer(intent, answer, this.#bothNow()));
      return;
    }
    if (intent.kind === 'queryPermissions') {
      // What was asked with an earlier identifier says nothing of this one.
      const named = lives.factsOf(connection)?.named ?? null;
      if (named === null || named.at > answer.timestamp) return;
      this.#onCheck(connection, lives.entriesOfAnswer(intent, answer, this.#now()));
      return;
    }
    this.#follow(lives.entriesOfAnswer(intent, answer, this.#now()));
  }

  /** A request has ended, perhaps without an answer. */
  onReceipt(intent: KeyIntent): void {
    if (intent.kind === 'probeAddress')
      this.#onProbed(this.#probes.onNoAnswer(intent, this.#now()));
  }

  /** Why a step of a probe may not be taken now, or null. */
  objectionToProbe(intent: ProbeIntent): string | null {
    const facts = this.#ports.lives.factsOf(intent.connection);
    return facts === undefined
      ? 'expected a connection that the log knows'
      : this.#probes.objectionTo(intent, facts, this.#bothNow());
  }

  /** A step of a probe is about to be signed; the returned function takes it back. */
  beginProbe(intent: ProbeIntent): () => void {
    this.#probes.begin(intent, this.#ports.clock.window());
    return () => this.#probes.abandon(intent);
  }

  /** Takes an event of the account that egress had from the exchange. */
  onEvent(connection: string, event: unknown): void {
    this.#follow(this.#ports.lives.entriesOfEvent(connection, event, this.#now()));
  }

  /** Freezes a connection at once; says why it cannot, or null. */
  freeze(connection: string, cause: FreezeCause): string | null {
    const { lives } = this.#ports;
    const facts = lives.factsOf(connection);
    if (facts === undefined) return `expected a connection, found none named ${connection}`;
    const fault =
      facts.frozen === null
        ? this.#tighten([{ time: this.#now(), kind: 'freeze', fields: { connection, cause } }])
        : this.#payOwed();
    return fault === null ? null : `it is frozen, but the log did not take it: ${fault}`;
  }

  /** Does what the freeze file says, if there is one. */
  obeyFreezeFile(): void {
    this.#payOwed();
    const { disk, directory, connections, say, lives } = this.#ports;
    const order = readFreezeFile(disk, directory);
    if (order === null) return;
    const meant = connections
      .all()
      .filter(
        ({ connection, name }) =>
          order.kind === 'all' || order.names.includes(connection) || order.names.includes(name),
      );
    const isKnown = (word: string): boolean =>
      meant.some(({ connection, name }) => connection === word || name === word);
    // A name that nothing bears was meant for something: better too much stands still than too little.
    const isMistaken = order.kind === 'named' && !order.names.every(isKnown);
    const frozen = isMistaken ? connections.all() : meant;
    const fresh = frozen.filter(({ connection }) => lives.factsOf(connection)?.frozen === null);
    const faults = frozen.map(({ connection }) => this.freeze(connection, 'terminal'));
    if (faults.some((fault) => fault !== null)) return;
    removeFreezeFile(disk, directory);
    if (fresh.length > 0) say(`Frozen from the terminal: ${fresh.map(nameOf).join(', ')}.`);
  }

  /** Why a connection cannot be thawed now, or null. */
  objectionToThaw(connection: string): string | null {
    return objectionToThaw(this.#ports.lives, connection);
  }

  /** What a person should know before thawing a connection, in lines. */
  describe(connection: string): readonly string[] {
    const { lives, connections } = this.#ports;
    const facts = lives.factsOf(connection);
    const known = connections.get(connection);
    if (facts === undefined || known === undefined) return [];
    const { frozen, quarantined } = facts;
    return [
      `name: ${known.name}`,
      `venue: ${known.venue}`,
      ...(frozen === null ? [] : [`frozen: since ${dateOf(frozen.since)} by ${frozen.cause}`]),
      ...(quarantined === null
        ? []
        : [`quarantined: since ${dateOf(quarantined.since)} for ${quarantined.faults.join(', ')}`]),
    ];
  }

  /** Thaws a connection that has no objection. Throws LogError where the log takes nothing. */
  thaw(connection: string, time: number): void {
    this.#record([{ time, kind: 'thaw', fields: { connection } }]);
  }

  /** Why a person must come before the key in use is called `apiKey`, or null: it could be that of another account. */
  objectionToNaming(
    { connection, apiKey: before, replaces, venue }: Connection,
    apiKey: string,
  ): string | null {
    const { lives, needsConsent } = this.#ports;
    const isUsed = isHouse(venue) || lives.factsOf(connection)?.hasPassed === true;
    if (before === null || before === apiKey || replaces !== null || !isUsed || !needsConsent())
      return null;
    return "expected the exchange's identifier that the key is in use under, found another: renew the key, which an owner confirms";
  }

  /** A key was named: where the exchange has no way to ask for its rights, a successor takes over at once. */
  onNamed(connection: Connection): void {
    if (cannotBeAsked(connection.venue)) this.#takeOverUnasked(connection.connection);
  }

  /** Whether a successor's key waits for nothing but the consent of an owner. */
  isReady({ connection, replaces }: Connection): boolean {
    const facts = this.#ports.lives.factsOf(connection);
    return (
      replaces !== null &&
      facts !== undefined &&
      this.#ports.needsConsent() &&
      mayTakeOver(facts, this.#now())
    );
  }

  /** Why no new key can take the place of a connection's own now, or null. */
  objectionToTakeOver(connection: string): string | null {
    const { connections } = this.#ports;
    const next = connections.successorOf(connection);
    if (connections.get(connection) === undefined || next === undefined)
      return 'expected a connection with a new key that waits, found none of this name';
    if (!this.isReady(next))
      return 'expected a new key that the exchange has confirmed, found one that is not checked: have its rights checked first';
    // What is destroyed must have its successor at hand.
    if (connections.keyOf(next.connection) === undefined)
      return 'expected an open vault that has the new key, found it locked';
    return null;
  }

  /** What a person compares with the exchange's page before a new key takes over, in lines. */
  describeTakeOver(connection: string): readonly string[] {
    const { connections, lives } = this.#ports;
    const old = connections.get(connection);
    const next = connections.successorOf(connection);
    if (old === undefined || next === undefined) return [];
    const origin = lives.factsOf(next.connection)?.origin;
    return [
      `name: ${old.name}`,
      `venue: ${old.venue}`,
      `old key: ${fingerprintOf(old)}`,
      `old key at the exchange: ${old.apiKey ?? 'not named'}`,
      `new key: ${fingerprintOf(next)}`,
      `new key at the exchange: ${next.apiKey ?? 'not named'}`,
      `new key was: ${origin === 'born' ? 'made in this vault' : 'made elsewhere and taken in'}`,
      `new key waits as: ${next.connection}`,
    ];
  }

  /** Lets the new key take over to which nothing objects. Throws LogError where the log takes nothing. */
  takeOver(connection: string, time: number): void {
    const { connections } = this.#ports;
    const old = connections.get(connection);
    const next = connections.successorOf(connection);
    if (old !== undefined && next !== undefined) this.#replace(old, next, time);
  }

  #onCheck(connection: string, entries: readonly Entry[]): void {
    const { lives, say } = this.#ports;
    const [entry] = entries;
    if (entry === undefined) return;
    if (entry.fields['result'] !== 'quarantined') {
      this.#follow(entries);
      if (lives.factsOf(connection)?.passed?.time === entry.time) this.#takeOverUnasked(connection);
      return;
    }
    const before = lives.factsOf(connection)?.quarantined ?? null;
    this.#tighten(entries);
    if (before !== null) return;
    const known = this.#ports.connections.get(connection);
    const name = known === undefined ? connection : nameOf(known);
    say(`${name} is quarantined: ${String(entry.fields['faults'])}.`);
  }

  #onProbed(entry: Entry | null): void {
    if (entry === null) return;
    if (entry.fields['result'] !== 'bindNotReal') return this.#follow([entry]);
    this.#tighten([entry]);
    const { connections, say } = this.#ports;
    const connection = String(entry.fields['connection']);
    const known = connections.get(connection);
    say(
      `The exchange took a read with the key of ${known === undefined ? connection : nameOf(known)} from an address that must not be on its list: the list does not hold.`,
    );
  }

  /** A successor's key that was checked takes over by itself only where there never was an owner to ask. */
  #takeOverUnasked(successor: string): void {
    const { connections, needsConsent } = this.#ports;
    const next = connections.get(successor);
    if (next === undefined || next.replaces === null || needsConsent()) return;
    const old = connections.get(next.replaces);
    if (old === undefined) return;
    try {
      this.#replace(old, next, this.#now());
    } catch (error) {
      // Then the old key stays in use; the next check tries again.
      if (!(error instanceof LogError)) throw error;
    }
  }

  /** Puts a successor's key in the place of the old one, which is destroyed. */
  #replace(old: Connection, next: Connection, time: number): void {
    const { connections, lives, vault, say } = this.#ports;
    const fields = { connection: old.connection, successor: next.connection };
    this.#record([{ time, kind: 'key.rotate', fields }]);
    connections.takeOver(vault, old, next);
    const standing = lives.standing(old.connection, this.#now());
    const until = standing === undefined ? '' : new Date(standing.expiresAt).toISOString();
    say(
      `${nameOf(old)} has its new key, which lasts until ${until}. The old key is destroyed here; delete it at the exchange too.`,
    );
  }

  /** Notes what happened without waiting for the disk. What the log does not take is as if it had not been heard. */
  #follow(entries: readonly Entry[]): void {
    if (entries.length === 0) return;
    try {
      this.#ports.log.follow(entries);
    } catch (error) {
      if (error instanceof LogError) return;
      throw error;
    }
    for (const entry of entries) this.#ports.lives.read(entry);
  }

  #record(entries: readonly Entry[]): void {
    this.#append(entries);
    for (const entry of entries) this.#ports.lives.read(entry);
  }

  /** What only tightens holds whether or not the log takes it; returns why it did not. */
  #tighten(entries: readonly Entry[]): string | null {
    let fault: string | null = null;
    try {
      this.#append(entries);
    } catch (error) {
      if (!(error instanceof LogError)) throw error;
      fault = error.message;
      for (const entry of entries) {
        const key = `${String(entry.fields['connection'])} ${entry.kind}`;
        // A connection was frozen when it was frozen first, and its rights are as they were seen last.
        if (entry.kind !== 'freeze' || !this.#owed.has(key)) this.#owed.set(key, entry);
      }
    }
    for (const entry of entries) this.#ports.lives.read(entry);
    return fault;
  }

  /** Puts on the log what it did not take before; returns why it still does not. */
  #payOwed(): string | null {
    if (this.#owed.size === 0) return null;
    try {
      this.#append([]);
      return null;
    } catch (error) {
      if (error instanceof LogError) return error.message;
      throw error;
    }
  }

  /** What is owed comes first, so that the log has everything in its order. */
  #append(entries: readonly Entry[]): void {
    this.#ports.log.append([...this.#owed.values(), ...entries]);
    this.#owed.clear();
  }

  #bothNow(): { readonly time: number; readonly window: number } {
    return { time: this.#now(), window: this.#ports.clock.window() };
  }

  #now(): number {
    return Math.max(this.#ports.clock.wall(), 0);
  }
}

/** Why nobody may thaw a connection now, or null. */
export function objectionToThaw(lives: Lives, connection: string): string | null {
  const facts = lives.factsOf(connection);
  if (facts === undefined) return 'expected a connection, found none of this name';
  if (facts.frozen === null && facts.quarantined === null)
    return 'expected a connection that is frozen or quarantined, found one that is neither';
  if (mayBeThawed(facts)) return null;
  const found = (facts.checked ?? facts.quarantined)?.faults.join(', ') ?? '';
  return `expected a key without forbidden rights, found ${found}: take them away at the exchange and have it checked again`;
}

function dateOf(time: number): string {
  return new Date(time).toISOString();
}

/** As the log's line of the key's birth has it. */
function fingerprintOf({ keyKind, publicKeyPem }: Connection): string {
  return publicKeyPem === ''
    ? `${keyKind}, a secret without a public half`
    : `${keyKind}, SHA-256 of its public half ${publicKeyHash(publicKeyPem)}`;
}

function nameOf({ name, connection }: Connection): string {
  return `${name} (${connection})`;
}
