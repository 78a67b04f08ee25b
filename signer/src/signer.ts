// SPDX-License-Identifier: Apache-2.0
// The signer: takes intents, decides, records, signs, and hands the requests on. It knows no sockets.

import { strict as assert } from 'node:assert';
import { createPublicKey, createSecretKey, hash } from 'node:crypto';
import { join } from 'node:path';
import {
  draftRequest,
  signedRequest,
  type KeyIntent,
  type RequestDraft,
} from './binance/requests.ts';
import type { Clock } from './clock.ts';
import {
  CONNECTION_LIFE_MS,
  expiresAt,
  isExpired,
  type Connection,
  type Connections,
} from './connections.ts';
import { ensurePrivateDirectory, readFile, type Disk } from './disk.ts';
import { factsOf, loggedFields, loggedParts } from './facts.ts';
import { WireError } from './fields.ts';
import {
  LogError,
  type Entry,
  type IntentLog,
  type PastEntry,
  type Recorded,
} from './intent-log.ts';
import { birthOf, KeyRing, type KeyRingPorts } from './key-ring.ts';
import type { PolicyApproved } from './policy/approval.ts';
import { PolicyEvaluator, type RequestFacts } from './policy/evaluator.ts';
import { describePolicyError, parsePolicy, POLICY_BYTES_MAX } from './policy/grammar.ts';
import { requestHash, sign, signatureText } from './sign.ts';
import { SignedOrders, SIGNED_ORDERS_MAX } from './signed-orders.ts';
import { VaultError } from './vault/file.ts';
import { bornKey, readKey, toPem, type Key } from './vault/keys.ts';
import { IMPORT_INFO, importContext, openSealed } from './vault/sealed-import.ts';
import {
  REQUEST_TIMEOUT_MS,
  type ConnectionInfo,
  type Decision,
  type Intent,
  type KeyKind,
  type Receipt,
  type SignedRequest,
} from './wire.ts';
import { intentIdOf, parseIntent } from './wire-parsers.ts';

/** Requests that egress has not reported on. More means that it does not keep up. */
const IN_FLIGHT_MAX = 1_024;
/** A request without a receipt is forgotten after this: egress would have given up on it long ago. */
const IN_FLIGHT_MS_MAX: number = REQUEST_TIMEOUT_MS + 20_000;
/** Refusals beyond this rate are counted and not written one by one: refusing must not fill the disk. */
const REFUSALS_LOGGED_PER_MINUTE = 600;
const MINUTE_MS = 60_000;
/** Counters look back a day, and a minute for their rounding. */
const COUNTED_MS: number = 86_400_000 + 2 * MINUTE_MS;
/** How long after its end a connection's orders can be looked up. */
const LOOK_UP_GRACE_MS: number = 7 * 86_400_000;
const REASON_CHARACTERS_MAX = 300;
const LOCKED_REASON =
  'expected an open vault, found it locked: give the passphrase where the desk was started';

export class PolicyFileError extends Error {
  readonly code = 'policy.syntax';

  constructor(message: string) {
    super(message);
    this.name = 'PolicyFileError';
  }
}

export interface SignerPorts extends KeyRingPorts {
  /** Takes a decision to the server. */
  readonly decide: (decision: Decision) => void;
  /** Takes a signed request to egress. */
  readonly forward: (request: SignedRequest) => void;
  /** Whether egress takes more requests now. */
  readonly hasRoom: () => boolean;
}

/** A request that the policy allowed and that waits for its entry on disk. */
interface Allowed {
  readonly intent: KeyIntent;
  readonly approved: PolicyApproved<RequestDraft>;
  /** One for each order in it, at least one. */
  readonly entries: readonly Entry[];
  /** Undoes everything that allowing it has changed. */
  readonly release: () => void;
}

type Refusal = Extract<Decision, { kind: 'refused' }>;

export class Signer {
  readonly #ports: SignerPorts;
  readonly #ring: KeyRing;
  readonly #clock: Clock;
  readonly #log: IntentLog;
  readonly #policy: PolicyEvaluator;
  readonly #connections: Connections;
  readonly #orders: SignedOrders;
  readonly #inFlight = new Map<number, number>();
  #refusalMinute = 0;
  #refusalsInMinute = 0;
  #refusalsUnlogged = 0;

  private constructor(
    ports: SignerPorts,
    ring: KeyRing,
    state: { readonly policy: PolicyEvaluator; readonly orders: SignedOrders },
  ) {
    this.#ports = ports;
    this.#ring = ring;
    this.#clock = ring.clock;
    this.#log = ring.log;
    this.#policy = state.policy;
    this.#connections = ring.connections;
    this.#orders = state.orders;
  }

  /**
   * Opens the data directory: the policy, then the log with everything that counts, then the vault, which may stay
   * locked. Throws an Error with a code and a message for people when any of them is not as it must be.
   */
  static open(directory: string, ports: SignerPorts, unlockFile: string | null = null): Signer {
    const { disk, time } = ports;
    const now = Math.floor(time.wall());
    ensurePrivateDirectory(disk, directory);
    const policy = openPolicy(disk, join(directory, 'policy'));
    const past = new Past(now);
    const ring = KeyRing.open(directory, ports, unlockFile, {
      onEntry: (entry) => past.read(entry),
    });
    const { log, connections, vault } = ring;
    for (const { connection, facts, time: at } of past.recent) {
      const known = connections.get(connection);
      if (known !== undefined) policy.recount(known, facts, at);
    }
    const note = {
      note: 'start',
      policy: policy.hash,
      cut: log.cutBytes > 0 ? log.cutBytes : undefined,
      vault: vault.isOpen ? 'open' : 'locked',
    };
    log.append([{ time: now, kind: 'note', fields: note }]);
    return new Signer(ports, ring, { policy, orders: past.orders });
  }

  /** What opens the vault. */
  get ring(): KeyRing {
    return this.#ring;
  }

  /** Takes intents that came together; those that are allowed share one sync of the log. */
  process(messages: readonly unknown[]): void {
    const allowed: Allowed[] = [];
    for (const message of messages) this.#take(message, allowed);
    if (allowed.length > 0) this.#signAll(allowed);
  }

  onReceipt(receipt: Receipt): void {
    this.#inFlight.delete(receipt.id);
  }

  #take(message: unknown, allowed: Allowed[]): void {
    let intent: Intent;
    try {
      intent = parseIntent(message);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#refuse(intentIdOf(message), 'intent', error.message, { op: 'unknown' });
      return;
    }
    switch (intent.kind) {
      case 'listConnections':
        this.#answerWith(intent.id, this.#connections.all());
        return;
      case 'lookUp':
        this.#lookUp(intent);
        return;
      case 'describeVault':
        this.#describeVault(intent.id);
        return;
      case 'createConnection':
      case 'importConnection':
      case 'activateConnection':
        this.#changeConnections(intent);
        return;
      case 'placeOrder':
      case 'placePair':
      case 'cancelOrder':
      case 'queryOrder':
      case 'identifyOrder':
      case 'queryOpenOrders':
      case 'queryFills':
      case 'queryAccount':
      case 'queryPermissions':
      case 'subscribe':
        this.#judge(intent, allowed);
        return;
    }
  }

  #judge(intent: KeyIntent, allowed: Allowed[]): void {
    const logged = loggedFields(intent);
    const refuse = (rule: string, reason: string): void =>
      this.#refuse(intent.id, rule, reason, logged);
    if (!this.#ring.vault.isOpen) return refuse('locked', LOCKED_REASON);
    const reading = this.#clock.read(this.#log.lastUse);
    if (!reading.ok) return refuse('clock', reading.reason);
    const connection = this.#connections.get(intent.connection);
    if (connection === undefined) {
      return refuse(
        'connection-unknown',
        `expected a connection, found none named ${intent.connection}`,
      );
    }
    if (isExpired(connection, reading.wall)) {
      this.#connections.forgetKey(intent.connection);
      return refuse('connection-expired', expiryReason(connection));
    }
    const { apiKey } = connection;
    if (apiKey === null) {
      return refuse(
        'connection-not-active',
        "expected the exchange's identifier of the key, found none yet",
      );
    }
    if (this.#isBusy(reading.window)) {
      return refuse('busy', 'expected egress to take more requests, found it behind');
    }
    if (this.#inFlight.has(intent.id)) {
      return refuse('intent', `intent.id: expected a new one, found ${intent.id} under way`);
    }
    const ids = orderIdsOf(intent);
    const used = ids.find((id) => this.#orders.timeOf(intent.connection, id) !== undefined);
    if (used !== undefined) {
      return refuse('duplicate', `expected a new clientOrderId, found ${used} signed already`);
    }
    if (!this.#orders.hasRoomFor(ids.length)) {
      return refuse(
        'capacity',
        `expected fewer than ${SIGNED_ORDERS_MAX} orders in 90 days, found as many`,
      );
    }
    const build = (): RequestDraft =>
      draftRequest(intent, { venue: connection.venue, apiKey, timestamp: reading.wall });
    const parts = loggedParts(intent);
    const verdict = this.#policy.judgeAll(connection, parts.map(factsOf), build, reading.window);
    if (!verdict.ok) {
      return this.#refuse(intent.id, verdict.rule, verdict.reason, parts[verdict.part] ?? logged);
    }
    const { approved, rules } = verdict;
    for (const id of ids) this.#orders.add(intent.connection, id, reading.wall);
    this.#inFlight.set(intent.id, reading.window);
    allowed.push({
      intent,
      approved,
      entries: parts.map((fields, index) => ({
        time: reading.wall,
        kind: 'intent',
        fields: {
          ...fields,
          rule: rules[index],
          policy: this.#policy.hash,
          request: requestHash(approved.request.text),
        },
      })),
      release: () => {
        verdict.release();
        this.#inFlight.delete(intent.id);
        for (const id of ids) this.#orders.remove(intent.connection, id);
      },
    });
  }

  /** Records all, then signs all, then lets go of all: nothing leaves that is not on disk. */
  #signAll(allowed: readonly Allowed[]): void {
    let recorded: readonly Recorded[];
    try {
      recorded = this.#log.append(allowed.flatMap(({ entries }) => entries));
    } catch (error) {
      // Newest first, as the counters want it.
      for (const { release } of allowed.toReversed()) release();
      return this.#refuseUnlogged(allowed, error);
    }
    const signed: {
      readonly draft: RequestDraft;
      readonly signature: string;
      readonly entry: Entry;
    }[] = [];
    let next = 0;
    for (const { approved, intent, entries } of allowed) {
      const key = this.#connections.keyOf(intent.connection);
      const proof = recorded[next];
      next += entries.length;
      if (key === undefined || proof === undefined)
        throw new Error('Invariant: every approval has its key and entry');
      const signature = sign(approved, proof, key);
      const fields = {
        connection: intent.connection,
        intent: proof.sequence,
        signature: hash('sha256', signature, 'hex'),
      };
      signed.push({
        draft: approved.request,
        signature: signatureText(signature, key),
        entry: { ...proof.entry, kind: 'signed', fields },
      });
    }
    try {
      this.#log.follow(signed.map(({ entry }) => entry));
    } catch (error) {
      // The intents are on disk, so they count as signed; the signatures end here.
      for (const { id } of allowed.map(({ intent }) => intent)) this.#inFlight.delete(id);
      return this.#refuseUnlogged(allowed, error);
    }
    for (const { draft, signature } of signed) {
      const { timestamp, recvWindow } = draft;
      this.#ports.decide({ kind: 'signed', id: draft.intent.id, timestamp, recvWindow });
      this.#ports.forward(signedRequest(draft, signature));
    }
  }

  #refuseUnlogged(allowed: readonly Allowed[], error: unknown): void {
    if (!(error instanceof LogError)) throw error;
    for (const { intent } of allowed) {
      this.#ports.decide({ kind: 'refused', id: intent.id, rule: 'log', reason: error.message });
    }
  }

  #lookUp({ id, connection, clientOrderId }: Extract<Intent, { kind: 'lookUp' }>): void {
    const known = this.#connections.get(connection);
    if (known === undefined) {
      const reason = `expected a connection, found none named ${connection}`;
      return this.#refuse(id, 'connection-unknown', reason, { op: 'lookUp', connection });
    }
    if (this.#clock.wall() >= expiresAt(known) + LOOK_UP_GRACE_MS) {
      this.#orders.forget(connection);
      return this.#refuse(id, 'connection-expired', expiryReason(known), {
        op: 'lookUp',
        connection,
      });
    }
    const signedAt = this.#orders.timeOf(connection, clientOrderId) ?? null;
    this.#ports.decide({ kind: 'record', id, signedAt });
  }

  #changeConnections(
    intent: Extract<
      Intent,
      { kind: 'createConnection' | 'importConnection' | 'activateConnection' }
    >,
  ): void {
    const logged = loggedFields(intent);
    if (!this.#ring.vault.isOpen) return this.#refuse(intent.id, 'locked', LOCKED_REASON, logged);
    const reading = this.#clock.read(this.#log.lastUse);
    if (!reading.ok) return this.#refuse(intent.id, 'clock', reading.reason, logged);
    try {
      const changed =
        intent.kind === 'activateConnection'
          ? this.#activate(intent, reading.wall)
          : this.#add(intent, reading.wall);
      if (typeof changed === 'string') this.#refuse(intent.id, 'connections', changed, logged);
      else this.#answerWith(intent.id, [changed]);
    } catch (error) {
      if (error instanceof LogError) this.#refuse(intent.id, 'log', error.message, logged);
      else if (error instanceof VaultError) {
        this.#refuse(intent.id, 'connections', error.message, logged);
      } else if (isSystemError(error)) {
        this.#refuse(intent.id, 'disk', `expected room for the key, found ${error.code}`, logged);
      } else throw error;
    }
  }

  #add(
    intent: Extract<Intent, { kind: 'createConnection' | 'importConnection' }>,
    now: number,
  ): Connection | string {
    const { name, venue, keyKind = 'ed25519' } = intent;
    const objection = this.#connections.objectionTo(name, now);
    if (objection !== null) return objection;
    let made: Key & { readonly secret: Buffer };
    if (intent.kind === 'importConnection') made = this.#openImport(intent);
    // The wire's parser lets no other kind be born.
    else made = bornKey(keyKind as Exclude<KeyKind, 'hmac-sha256'>);
    try {
      const kind = intent.kind === 'importConnection' ? 'key.import' : 'key.new';
      const double = this.#ring.holderOf(made);
      if (double !== null)
        return `expected a key that is used nowhere else, found the key of ${double}`;
      const request = { name, venue, keyKind, createdAt: now };
      return this.#connections.add(this.#ring.vault, made, request, (connection) =>
        this.#log.append([birthOf(connection, kind)]),
      );
    } finally {
      made.secret.fill(0);
    }
  }

  /** The key in a sealed import, checked against the public half that the user stated. */
  #openImport(
    intent: Extract<Intent, { kind: 'importConnection' }>,
  ): Key & { readonly secret: Buffer } {
    const { name, venue, keyKind, sealed, publicKeyPem } = intent;
    const importKey = this.#ring.vault.own('import');
    assert(importKey !== null, 'Invariant: imports are for an open vault');
    const secret = openSealed(Buffer.from(sealed, 'base64'), importKey, {
      info: Buffer.from(IMPORT_INFO),
      associated: importContext(name, venue, keyKind),
    });
    try {
      const key = readKey(keyKind, secret);
      if (normalPem(publicKeyPem) !== key.publicKeyPem) {
        throw new VaultError(
          'vault.other',
          keyKind === 'hmac-sha256'
            ? 'expected no public half with an HMAC secret, found one'
            : 'expected the public half of the sealed key, found another or none',
        );
      }
      return { ...key, secret };
    } catch (error) {
      secret.fill(0);
      throw error;
    }
  }

  #describeVault(id: number): void {
    const { vault } = this.#ring;
    const importKey = vault.importPoint()?.toString('base64') ?? null;
    const { isOpen, isUnattended } = vault;
    this.#ports.decide({ kind: 'vault', id, vault: { isOpen, isUnattended, importKey } });
  }

  #activate(
    intent: Extract<Intent, { kind: 'activateConnection' }>,
    now: number,
  ): Connection | string {
    const known = this.#connections.get(intent.connection);
    if (known === undefined) return `expected a connection, found none named ${intent.connection}`;
    if (isExpired(known, now)) return expiryReason(known);
    if (this.#ring.vault.fingerprintOf(createSecretKey(intent.apiKey, 'utf8')) === known.keyId) {
      return "expected the exchange's identifier of the key, found the secret itself: replace it at the exchange, it was on the way here in the clear";
    }
    const fields = { connection: known.connection, apiKey: hash('sha256', intent.apiKey, 'hex') };
    this.#log.append([{ time: now, kind: 'key.active', fields }]);
    return this.#connections.activate(known, intent.apiKey);
  }

  #answerWith(id: number, connections: readonly Connection[]): void {
    const now = this.#clock.wall();
    const infos = connections.map((connection): ConnectionInfo => ({
      connection: connection.connection,
      name: connection.name,
      venue: connection.venue,
      state: stateOf(connection, now),
      keyKind: connection.keyKind,
      publicKeyPem: connection.publicKeyPem,
      createdAt: connection.createdAt,
      expiresAt: expiresAt(connection),
      policy: this.#policy.linesFor(connection),
      policyHash: this.#policy.hash,
    }));
    this.#ports.decide({ kind: 'connections', id, connections: infos });
  }

  #isBusy(now: number): boolean {
    if (this.#inFlight.size >= IN_FLIGHT_MAX) {
      for (const [id, since] of this.#inFlight) {
        if (since < now - IN_FLIGHT_MS_MAX) this.#inFlight.delete(id);
      }
    }
    return this.#inFlight.size >= IN_FLIGHT_MAX || !this.#ports.hasRoom();
  }

  #refuse(id: number, rule: string, reason: string, logged: Entry['fields']): void {
    const refusal: Refusal = {
      kind: 'refused',
      id,
      rule,
      reason: reason.slice(0, REASON_CHARACTERS_MAX),
    };
    this.#logRefusal(refusal, logged);
    this.#ports.decide(refusal);
  }

  /** A refusal needs no entry to be valid: where the log takes none, it stands all the same. */
  #logRefusal({ rule, reason }: Refusal, logged: Entry['fields']): void {
    const time = this.#clock.wall();
    const minute = Math.floor(time / MINUTE_MS);
    if (minute !== this.#refusalMinute) {
      this.#refusalMinute = minute;
      this.#refusalsInMinute = 0;
    }
    this.#refusalsInMinute += 1;
    if (this.#refusalsInMinute > REFUSALS_LOGGED_PER_MINUTE) {
      this.#refusalsUnlogged += 1;
      return;
    }
    const unlogged = this.#refusalsUnlogged > 0 ? this.#refusalsUnlogged : undefined;
    const fields = { ...logged, rule, reason, policy: this.#policy.hash, unlogged };
    try {
      this.#log.follow([{ time: Math.max(time, 0), kind: 'refused', fields }]);
      this.#refusalsUnlogged = 0;
    } catch (error) {
      if (!(error instanceof LogError)) throw error;
      this.#refusalsUnlogged += 1;
    }
  }
}

/** What the log of earlier runs says that still matters. */
class Past {
  readonly births = new Map<string, number>();
  readonly orders = new SignedOrders();
  /** Requests that may still weigh on a counter, old to new. */
  readonly recent: {
    readonly connection: string;
    readonly facts: RequestFacts;
    readonly time: number;
  }[] = [];
  readonly #now: number;

  constructor(now: number) {
    this.#now = now;
  }

  read({ kind, time, fields }: PastEntry): void {
    const { connection } = fields;
    if (typeof connection !== 'string') return;
    if (kind === 'key.new' || kind === 'key.import') this.births.set(connection, time);
    // An intent counts whether or not its signature was noted: the crash may have come in between.
    if (kind !== 'intent') return;
    const birth = this.births.get(connection) ?? time;
    const { clientOrderId } = fields;
    if (
      fields['op'] === 'order.place' &&
      typeof clientOrderId === 'string' &&
      birth + CONNECTION_LIFE_MS + LOOK_UP_GRACE_MS > this.#now
    ) {
      this.orders.add(connection, clientOrderId, time);
    }
    if (time > this.#now - COUNTED_MS)
      this.recent.push({ connection, facts: factsOf(fields), time });
  }
}

/** The IDs under which the exchange would keep the orders of `intent`. */
function orderIdsOf(intent: KeyIntent): readonly string[] {
  if (intent.kind === 'placeOrder') return [intent.order.clientOrderId];
  if (intent.kind !== 'placePair') return [];
  return [intent.takeProfit.clientOrderId, intent.stopLoss.clientOrderId];
}

/** A public key as PEM in the form that this signer writes; empty where there is none or it is no key. */
function normalPem(pem: string | null): string {
  if (pem === null) return '';
  try {
    return toPem(createPublicKey(pem));
  } catch {
    return 'no key';
  }
}

function openPolicy(disk: Disk, path: string): PolicyEvaluator {
  const bytes = readFile(disk, path, { bytesMax: POLICY_BYTES_MAX, others: 'read' });
  if (bytes === null) return new PolicyEvaluator(null, path);
  const parsed = parsePolicy(bytes);
  if (!parsed.ok) throw new PolicyFileError(describePolicyError(path, parsed.error));
  return new PolicyEvaluator(parsed.policy, path);
}

function stateOf(connection: Connection, now: number): ConnectionInfo['state'] {
  if (isExpired(connection, now)) return 'expired';
  return connection.apiKey === null ? 'created' : 'active';
}

function expiryReason(connection: Connection): string {
  const end = new Date(expiresAt(connection)).toISOString();
  return `expected a connection of at most 90 days, found that ${connection.name} expired at ${end}`;
}

function isSystemError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string';
}
