// SPDX-License-Identifier: Apache-2.0
// The signer: takes intents, decides, records, signs, and hands the requests on. It knows no sockets.

import { strict as assert } from 'node:assert';
import { draftRequest, type KeyIntent, type RequestDraft } from './binance/requests.ts';
import { Consent, type Asked } from './acts/consent.ts';
import { credentialFingerprint } from './acts/cose.ts';
import { Owners } from './acts/owners.ts';
import type { Clock } from './clock.ts';
import { ConnectionChanges } from './connection-changes.ts';
import type { Connection, Connections } from './connections.ts';
import { LifeKeeper } from './life/keeper.ts';
import { Lives, type LifeRefusal } from './life/lives.ts';
import { gradeOf, lesser, type Standing } from './life/state.ts';
import { ensurePrivateDirectory, isSystemError } from './disk.ts';
import { factsOf, loggedFields, loggedParts } from './facts.ts';
import { WireError } from './fields.ts';
import { LogError, type Entry, type IntentLog } from './log/intent-log.ts';
import { KeyRing, type KeyRingPorts } from './key-ring.ts';
import { LOOK_UP_GRACE_MS, Past, TAG_VERSION } from './past.ts';
import { PerMinute } from './per-minute.ts';
import type { PolicyEvaluator, PolicySubject } from './policy/evaluator.ts';
import { secondsOf } from './policy/held-acts.ts';
import {
  HELD_PER_CONNECTION_MAX,
  heldEntry,
  heldInfo,
  HeldOrders,
  type HeldOrder,
} from './policy/held-orders.ts';
import type { PolicyRule } from './policy/grammar.ts';
import { PolicyHistory, PolicyInForce, readPolicyFile } from './policy/in-force.ts';
import { References } from './policy/references.ts';
import { WaitingOrders, WAITING_MS, type WaitingOrder } from './policy/waiting-orders.ts';
import { DESK_ID_CHARACTERS_MAX } from './order-tag.ts';
import { requestHash, signAll, type Allowed } from './sign.ts';
import { type SignedOrders, SIGNED_ORDERS_MAX } from './signed-orders.ts';
import { VaultError } from './vault/file.ts';
import { answerVault, type VaultAnswer, type VaultIntent } from './vault/vault-intents.ts';
import {
  HELD_ORDERS_MAX,
  REQUEST_TIMEOUT_MS,
  type ConnectionInfo,
  type Decision,
  type Intent,
  type EgressReport,
  type IssuerReport,
  type EgressTask,
} from './wire.ts';
import { intentIdOf, parseIntent } from './wire-parsers.ts';

/** Requests that egress has not reported on. More means that it does not keep up. */
const IN_FLIGHT_MAX = 1_024;
/** A request without a receipt is forgotten after this: egress would have given up on it long ago. */
const IN_FLIGHT_MS_MAX: number = REQUEST_TIMEOUT_MS + 20_000;
/** Refusals beyond this rate are counted and not written one by one: refusing must not fill the disk. */
const REFUSALS_LOGGED_PER_MINUTE = 600;
/** Edge logs arrive in batches of minutes. */
const EDGE_BATCHES_PER_MINUTE = 60;
/** Issuers of certificates that are noted from one start to the next: egress must not fill the log. */
const ISSUER_NOTES_MAX = 64;
const REASON_CHARACTERS_MAX = 300;
const UNNAMED_REASON = "expected the exchange's identifier of the key, found none yet";
const FORGOTTEN_REASON =
  'expected a key in use, found that it had ended when the clock was last looked at: restart the desk';
const LOCKED_REASON =
  'expected an open vault, found it locked: give the passphrase where the desk was started';

export interface SignerPorts extends KeyRingPorts {
  /** Takes a decision to the server. */
  readonly decide: (decision: Decision) => void;
  /** Takes a signed request, or what is to be watched, to egress. */
  readonly forward: (task: EgressTask) => void;
  /** Whether egress takes more requests now. */
  readonly hasRoom: () => boolean;
  /** Runs `run` once, so many ms from now. */
  readonly after: (ms: number, run: () => void) => void;
}

/** A request that egress has and has not reported on. */
interface InFlight {
  readonly intent: KeyIntent;
  /** On the window clock. */
  readonly since: number;
  /** Unix time at which it was signed. */
  readonly timestamp: number;
}

type Refusal = Extract<Decision, { kind: 'refused' }>;

export class Signer {
  readonly #ports: SignerPorts;
  readonly #ring: KeyRing;
  readonly #clock: Clock;
  readonly #log: IntentLog;
  readonly #rules: PolicyInForce;
  readonly #connections: Connections;
  readonly #orders: SignedOrders;
  readonly #owners: Owners;
  readonly #consent: Consent;
  readonly #lives: Lives;
  readonly #keeper: LifeKeeper;
  readonly #changes: ConnectionChanges;
  #issuerNotes = 0;
  readonly #inFlight = new Map<number, InFlight>();
  readonly #waiting = new WaitingOrders();
  readonly #refusals = new PerMinute(REFUSALS_LOGGED_PER_MINUTE);
  readonly #edgeBatches = new PerMinute(EDGE_BATCHES_PER_MINUTE);
  #refusalsUnlogged = 0;

  private constructor(
    ports: SignerPorts,
    ring: KeyRing,
    state: {
      readonly directory: string;
      readonly rules: PolicyInForce;
      readonly orders: SignedOrders;
      readonly owners: Owners;
      readonly lives: Lives;
    },
  ) {
    this.#ports = ports;
    this.#ring = ring;
    this.#clock = ring.clock;
    this.#log = ring.log;
    this.#rules = state.rules;
    this.#connections = ring.connections;
    this.#orders = state.orders;
    this.#owners = state.owners;
    this.#lives = state.lives;
    const { disk, say } = ports;
    this.#keeper = new LifeKeeper({
      directory: state.directory,
      disk,
      say,
      clock: this.#clock,
      log: this.#log,
      lives: state.lives,
      connections: this.#connections,
      vault: ring.vault,
      needsConsent: () => state.owners.hasEver,
    });
    this.#changes = new ConnectionChanges(ring, state.lives, this.#keeper);
    state.lives.deskIdOf = (connection, exchangeId) => this.#deskIdOf(connection, exchangeId);
    state.lives.onEnded = (connection, id) => this.#policy.close(connection, id);
    const append = (entries: readonly Entry[]): void => void this.#log.append(entries);
    this.#consent = new Consent(state.directory, {
      disk,
      say,
      clock: this.#clock,
      log: this.#log,
      world: {
        life: this.#keeper,
        owners: state.owners,
        append,
        say,
        rules: this.#rules,
        subjectOf: (connection) => this.#subjectOf(connection),
        window: () => this.#clock.window(),
        answerHeld: (entry) => this.#recordHeld(entry),
      },
    });
  }

  /**
   * Opens the data directory: the policy, then the log with everything that counts, then the vault, which may stay
   * locked. Throws an Error with a code and a message for people when any of them is not as it must be.
   */
  static open(
    directory: string,
    ports: SignerPorts,
    unlockFile: string | null = null,
    publicDirectory?: string,
  ): Signer {
    const { disk, time } = ports;
    const now = Math.floor(time.wall());
    ensurePrivateDirectory(disk, directory);
    const file = readPolicyFile(disk, directory);
    const history = new PolicyHistory();
    const past = new Past(now);
    const owners = new Owners();
    const held = new HeldOrders();
    const lives = new Lives();
    const ring = KeyRing.open(directory, ports, unlockFile, {
      publicDirectory,
      onEntry: (entry) => {
        past.read(entry);
        history.read(entry);
        owners.read(entry);
        held.read(entry);
        lives.read(entry, entry.sequence);
      },
    });
    const { log, connections, vault } = ring;
    lives.forgetEnded(now);
    past.forgetEnded(lives);
    const { clock } = ring;
    const rules = PolicyInForce.open(
      { disk, directory, append: (entries) => void log.append(entries) },
      file,
      history,
      { wall: now, window: clock.window() },
      {
        references: new References((watch) => ports.forward(watch)),
        subjects: connections.all(),
        held,
      },
    );
    const policy = rules.evaluator;
    for (const { connection, facts, time: at } of past.recent) {
      const known = connections.get(connection);
      if (known !== undefined) policy.recount(known, facts, at);
    }
    past.open.each((connection, _id, facts) => {
      const known = connections.get(connection);
      if (known !== undefined) policy.reopen(known, facts);
    });
    if (rules.lock !== null) ports.say(`No order is signed: ${rules.lock}.`);
    const note = {
      note: 'start',
      policy: policy.hash,
      cut: log.cutBytes > 0 ? log.cutBytes : undefined,
      vault: vault.isOpen ? 'open' : 'locked',
    };
    log.append([{ time: now, kind: 'note', fields: note }]);
    return new Signer(ports, ring, { directory, rules, orders: past.orders, owners, lives });
  }

  /** What opens the vault. */
  get ring(): KeyRing {
    return this.#ring;
  }

  /** Takes intents that came together; those that are allowed share one sync of the log. */
  process(messages: readonly unknown[]): void {
    this.#keeper.obeyFreezeFile();
    this.#applyDuePolicy();
    const allowed: Allowed[] = [];
    for (const message of messages) this.#take(message, allowed);
    this.#settle(allowed);
  }

  /** What must be done in time though nobody asks: a loosening that is due. */
  passTime(): void {
    this.#applyDuePolicy();
  }

  /** Before the process ends: leaves on the log what the next start goes on from, where it takes entries. */
  rest(): void {
    try {
      this.#rules.noteLeft(this.#now);
    } catch (error) {
      if (!(error instanceof LogError)) throw error;
    }
  }

  /** Takes what egress says. */
  onReport(report: EgressReport): void {
    switch (report.kind) {
      case 'receipt':
        this.#inFlight.delete(report.id);
        return;
      case 'echo':
        this.#onEcho(report);
        return;
      case 'accountNews':
        this.#keeper.onEvent(report.connection, report.event);
        return;
      case 'reference':
        this.#policy.references.take(report, this.#clock.window());
        this.#retry(({ venue, symbol }) => venue === report.venue && symbol === report.symbol);
        return;
      case 'issuer':
        this.#noteIssuer(report);
        return;
    }
  }

  /** Who vouched for an exchange is told later by nobody else. */
  #noteIssuer({ venue, host, verdict, issuers }: IssuerReport): void {
    if (this.#issuerNotes >= ISSUER_NOTES_MAX) return;
    this.#issuerNotes += 1;
    const fields = { note: `issuer.${verdict}`, venue, host, issuers };
    try {
      this.#log.append([{ time: Math.max(this.#clock.wall(), 0), kind: 'note', fields }]);
    } catch (error) {
      if (!(error instanceof LogError)) throw error;
      this.#ports.say(`Who vouches for ${host} was not noted: ${error.message}.`);
    }
  }

  get #policy(): PolicyEvaluator {
    return this.#rules.evaluator;
  }

  /** Both clocks, right or wrong. */
  get #now(): { readonly wall: number; readonly window: number } {
    return { wall: Math.max(this.#clock.wall(), 0), window: this.#clock.window() };
  }

  /** Why no order is signed whatever the policy says, or null. */
  get #lockRefusal(): LifeRefusal | null {
    const { lock } = this.#rules;
    return lock === null ? null : { rule: 'policy-unattested', reason: lock };
  }

  #subjectOf(connection: string): PolicySubject | undefined {
    return this.#connections.get(connection);
  }

  /** A loosening whose time has come holds from here on. What the disk does not take now is tried again. */
  #applyDuePolicy(): void {
    try {
      this.#rules.applyDue((connection) => this.#subjectOf(connection), this.#now);
    } catch (error) {
      if (!(error instanceof LogError) && !isSystemError(error)) throw error;
    }
  }

  /** Judges waiting orders anew. */
  #retry(isMeant: (order: WaitingOrder) => boolean): void {
    const allowed: Allowed[] = [];
    for (const { intent, until } of this.#waiting.take(isMeant))
      this.#judge(intent, allowed, until);
    this.#settle(allowed);
  }

  /** Keeps an order for a moment; false where it has waited long enough or too many wait. */
  #wait(intent: KeyIntent, venue: string, waitedUntil: number | null, now: number): boolean {
    if (!this.#waiting.add(intent, venue, waitedUntil, now)) return false;
    if (waitedUntil === null) {
      this.#ports.after(WAITING_MS, () => {
        const window = this.#clock.window();
        this.#retry(({ until }) => until <= window);
      });
    }
    return true;
  }

  /** An order that is cancelled or asked about while it waits is refused: it must not come to be afterwards. */
  #dropWaiting(connection: string, clientOrderId: string): void {
    const dropped = this.#waiting.take(
      ({ intent }) =>
        intent.connection === connection && orderIdsOf(intent).includes(clientOrderId),
    );
    for (const { intent } of dropped) {
      const reason = 'expected a price of its market first, found it cancelled or asked about';
      this.#refuse(intent.id, 'reference', reason, loggedFields(intent));
    }
  }

  /** The exchange's own answer, with which the server had nothing to do. Of what is not under way it is nobody's. */
  #onEcho({ id, status, body }: Extract<EgressReport, { kind: 'echo' }>): void {
    const asked = this.#inFlight.get(id);
    if (asked === undefined) return;
    const { intent, timestamp } = asked;
    this.#keeper.onAnswer(intent, { timestamp, status, body });
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
      case 'verifyTag':
        this.#verifyTag(intent);
        return;
      case 'describeVault':
      case 'unlockVault':
      case 'addPasskeyWay':
      case 'removeVaultWay':
        this.#answerVault(intent);
        return;
      case 'requestAct':
        this.#settle(allowed);
        this.#answerAct(intent, () => this.#consent.request(intent.act));
        return;
      case 'confirmAct':
        this.#settle(allowed);
        this.#answerAct(intent, () => this.#consent.confirm(intent.nonce, intent.approval));
        return;
      case 'commitEdgeLog':
        this.#commitEdgeLog(intent);
        return;
      case 'listOwners':
        this.#answerWithOwners(intent.id);
        return;
      case 'describePolicy':
        this.#describePolicy(intent.id);
        return;
      case 'explainOrder':
        this.#explain(intent);
        return;
      case 'createConnection':
      case 'importConnection':
      case 'activateConnection':
        this.#settle(allowed);
        this.#changeConnections(intent);
        return;
      case 'freezeConnection':
        this.#settle(allowed);
        this.#freeze(intent);
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
        if (intent.kind === 'cancelOrder')
          this.#dropWaiting(intent.connection, intent.clientOrderId);
        this.#judge(intent, allowed, null);
        return;
    }
  }

  /** `waitedUntil`: how long an order may wait that waits already; null for one that came now. */
  #judge(intent: KeyIntent, allowed: Allowed[], waitedUntil: number | null): void {
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
    const { cancelsUntil } = this.#standingOf(connection, reading.wall);
    if (reading.wall >= cancelsUntil) this.#connections.forgetKey(intent.connection);
    const objection = this.#objectionToUse(intent, connection, reading.wall);
    if (objection !== null) return refuse(objection.rule, objection.reason);
    const { apiKey } = connection;
    const key = this.#connections.keyOf(intent.connection);
    if (apiKey === null || key === undefined) return refuse('connection-expired', FORGOTTEN_REASON);
    if (this.#isBusy(reading.window)) {
      return refuse('busy', 'expected egress to take more requests, found it behind');
    }
    if (this.#inFlight.has(intent.id) || this.#waiting.has(intent.id)) {
      return refuse('intent', `intent.id: expected a new one, found ${intent.id} under way`);
    }
    const ids = orderIdsOf(intent);
    const used = ids.find((id) => this.#orders.timeOf(intent.connection, id) !== undefined);
    if (used !== undefined) {
      return refuse('duplicate', `expected a new clientOrderId, found ${used} signed already`);
    }
    const long = ids.find((id) => id.length > DESK_ID_CHARACTERS_MAX);
    if (long !== undefined) {
      return refuse(
        'intent',
        `clientOrderId: expected at most ${DESK_ID_CHARACTERS_MAX} characters, so that its tag fits, found ${long.length}`,
      );
    }
    if (!this.#orders.hasRoomFor(ids.length)) {
      return refuse(
        'capacity',
        `expected fewer than ${SIGNED_ORDERS_MAX} orders in 90 days, found as many`,
      );
    }
    const build = (): RequestDraft =>
      draftRequest(intent, { venue: connection.venue, apiKey, timestamp: reading.wall }, (id) =>
        this.#exchangeIdOf(intent.connection, id),
      );
    const parts = loggedParts(intent);
    const isExit = this.#isExit(intent, connection);
    const facts = parts.map((fields) => ({ ...factsOf(fields), isExit }));
    const lock = ids.length > 0 ? this.#lockRefusal : null;
    if (lock !== null) return refuse(lock.rule, lock.reason);
    for (const part of facts) this.#policy.want(connection, part, reading.window);
    const verdict = this.#policy.judgeAll(connection, facts, build, reading.window);
    if (!verdict.ok) {
      const { mayCome, hold, part } = verdict;
      if (hold !== null) {
        return this.#keepForPerson(intent, hold, parts[part] ?? logged, reading);
      }
      if (mayCome && this.#wait(intent, connection.venue, waitedUntil, reading.window)) return;
      return this.#refuse(intent.id, verdict.rule, verdict.reason, parts[verdict.part] ?? logged);
    }
    const { approved, rules, releases } = verdict;
    for (const id of ids) this.#orders.add(intent.connection, id, reading.wall);
    this.#inFlight.set(intent.id, { intent, since: reading.window, timestamp: reading.wall });
    const entries = parts.map((fields, index): Entry => ({
      time: reading.wall,
      kind: 'intent',
      fields: {
        ...fields,
        tag: ids.length > 0 ? TAG_VERSION : undefined,
        sentAs: this.#sentAs(intent.connection, ids[index]),
        rule: rules[index],
        held: releases[index] ?? undefined,
        policy: this.#policy.hash,
        request: requestHash(approved.request.text),
      },
    }));
    const unreserve = this.#lives.reserve(entries);
    allowed.push({
      key,
      approved,
      entries,
      release: () => {
        verdict.release();
        unreserve();
        this.#inFlight.delete(intent.id);
        for (const id of ids) this.#orders.remove(intent.connection, id);
      },
    });
  }

  /** Asked only where it makes a difference: it takes looking through all open orders of a market. */
  #isExit(intent: KeyIntent, connection: Connection): boolean {
    return this.#policy.hasFloors(connection) && this.#lives.isExit(intent);
  }

  /** What the state of a connection says against `intent`, whatever the policy says. */
  #objectionToUse(intent: KeyIntent, connection: Connection, now: number): LifeRefusal | null {
    const graceMs = this.#policy.graceMs(connection);
    const objection = this.#lives.objectionTo(intent, now, graceMs);
    if (objection !== null) return objection;
    if (connection.replaces !== null && orderIdsOf(intent).length > 0) {
      const reason = 'expected a key in use, found a new one that has not taken over';
      return { rule: 'connection-waiting', reason };
    }
    return connection.apiKey === null
      ? { rule: 'connection-not-active', reason: UNNAMED_REASON }
      : null;
  }

  /** Refuses an order until a person releases one like it: what asks again and again is kept once. */
  #keepForPerson(
    intent: KeyIntent,
    rule: PolicyRule,
    fields: Entry['fields'],
    { wall, window }: { readonly wall: number; readonly window: number },
  ): void {
    const { held, hash: policy } = this.#policy;
    const facts = factsOf(fields);
    const refuse = (reason: string): void =>
      this.#refuse(intent.id, `hold: ${rule.id}`, reason, fields);
    const question = { connection: intent.connection, rule: rule.id, policy, facts };
    let order = held.find(question, window);
    if (order?.state === 'dropped') {
      return refuse('expected another order, found one like it that a person has dropped');
    }
    if (order === undefined) {
      const others = held.inPlace(intent.connection, policy, window);
      if (others.length >= HELD_PER_CONNECTION_MAX) {
        return refuse(
          `${crowdOf(others)}; the first of them goes by itself in ${firstEnd(others, window)}`,
        );
      }
      if (others.length === HELD_PER_CONNECTION_MAX - 1) this.#tellCrowd(intent.connection);
      try {
        this.#recordHeld(heldEntry({ fields, rule, policy }, wall));
      } catch (error) {
        if (!(error instanceof LogError)) throw error;
        return this.#refuse(intent.id, 'log', error.message, fields);
      }
      order = held.find(question, window);
      assert(order !== undefined, 'Invariant: an order that was just kept waits');
    }
    refuse(
      `expected a person to allow it first: it waits as ${order.order} for ${secondsOf(order.until - window)}; ` +
        'release it on the page Policy and it is signed when it comes again',
    );
  }

  #tellCrowd(connection: string): void {
    const name = this.#connections.get(connection)?.name ?? '';
    this.#ports.say(
      `${HELD_PER_CONNECTION_MAX} orders of ${name} (${connection}) wait for a person, and no more are kept: look at the page Policy.`,
    );
  }

  #recordHeld(entry: Entry): void {
    const [recorded] = this.#log.append([entry]);
    assert(recorded !== undefined, 'Invariant: what was appended is recorded');
    const { sequence } = recorded;
    this.#policy.held.read({ ...recorded.entry, sequence }, this.#clock.window());
  }

  /** Signs what was allowed before anything changes by which it was judged, or the key that it is for. */
  #settle(allowed: Allowed[]): void {
    if (allowed.length === 0) return;
    signAll(allowed.splice(0), {
      log: this.#log,
      onRecorded: ({ entry, sequence }) => this.#lives.read(entry, sequence),
      onLost: (id) => void this.#inFlight.delete(id),
      decide: this.#ports.decide,
      forward: this.#ports.forward,
    });
  }

  /** One entry for a batch of lines, at a bounded rate: the log is for the use of keys first. */
  #commitEdgeLog(intent: Extract<Intent, { kind: 'commitEdgeLog' }>): void {
    const time = this.#clock.wall();
    const { id, root, lines, from, to } = intent;
    if (!this.#edgeBatches.take(time)) {
      const reason = `expected at most ${EDGE_BATCHES_PER_MINUTE} batches of edge log lines a minute, found one more`;
      return this.#refuse(id, 'capacity', reason, { op: intent.kind });
    }
    try {
      const fields = { root, lines, from, to };
      const [recorded] = this.#log.append([{ time, kind: 'edgelog.batch', fields }]);
      assert(recorded !== undefined, 'Invariant: what was appended is recorded');
      this.#ports.decide({ kind: 'noted', id, entry: recorded.sequence });
    } catch (error) {
      if (!(error instanceof LogError)) throw error;
      this.#ports.decide({ kind: 'refused', id, rule: 'log', reason: error.message });
    }
  }

  #lookUp({ id, connection, clientOrderId }: Extract<Intent, { kind: 'lookUp' }>): void {
    this.#dropWaiting(connection, clientOrderId);
    const known = this.#connections.get(connection);
    if (known === undefined) {
      const reason = `expected a connection, found none named ${connection}`;
      return this.#refuse(id, 'connection-unknown', reason, { op: 'lookUp', connection });
    }
    const { expiresAt, cancelsUntil } = this.#standingOf(known, this.#clock.wall());
    if (this.#clock.wall() >= cancelsUntil + LOOK_UP_GRACE_MS) {
      this.#orders.forget(connection);
      const end = new Date(expiresAt).toISOString();
      const reason = `expected a key that has not expired, found that ${known.name} expired at ${end}`;
      return this.#refuse(id, 'connection-expired', reason, { op: 'lookUp', connection });
    }
    const signedAt =
      this.#orders.timeOf(connection, clientOrderId) ??
      // One that rests for longer than IDs are remembered is known as long as it may trade.
      this.#lives.signedAt(connection, clientOrderId) ??
      null;
    this.#ports.decide({ kind: 'record', id, signedAt });
  }

  #verifyTag({ id, connection, clientOrderId }: Extract<Intent, { kind: 'verifyTag' }>): void {
    const tags = this.#ring.vault.orderTags;
    if (tags === null) {
      return this.#refuse(id, 'locked', LOCKED_REASON, { op: 'verifyTag', connection });
    }
    const isValid =
      tags.isTagged(connection, clientOrderId) ||
      this.#orders.isUntagged(connection, clientOrderId);
    this.#ports.decide({ kind: 'tag', id, isValid });
  }

  /** The desk's ID of an order of this signer's; null for any other, and for all while the vault is locked. */
  #deskIdOf(connection: string, exchangeId: string): string | null {
    if (this.#orders.isUntagged(connection, exchangeId)) return exchangeId;
    return this.#ring.vault.orderTags?.untaggedId(connection, exchangeId) ?? null;
  }

  /** What a new order is called at the exchange, so that the log can say so of it. */
  #sentAs(connection: string, id: string | undefined): string | undefined {
    return id === undefined ? undefined : this.#exchangeIdOf(connection, id);
  }

  /** Orders of before there were tags are at the exchange under the desk's own ID. */
  #exchangeIdOf(connection: string, clientOrderId: string): string {
    const tags = this.#ring.vault.orderTags;
    assert(tags !== null, 'Invariant: requests are built while the vault is open');
    return this.#orders.isUntagged(connection, clientOrderId)
      ? clientOrderId
      : tags.taggedId(connection, clientOrderId);
  }

  #answerAct(
    intent: Extract<Intent, { kind: 'requestAct' | 'confirmAct' }>,
    ask: () => Asked,
  ): void {
    const { id } = intent;
    const refuse = (rule: string, reason: string): void =>
      this.#refuse(id, rule, reason, { op: intent.kind });
    let asked: Asked;
    try {
      asked = ask();
    } catch (error) {
      const { rule, reason } = refusalOf(error, 'a disk that works');
      return refuse(rule, reason);
    }
    switch (asked.kind) {
      case 'ask':
        return this.#ports.decide({ ...asked, kind: 'consent', id });
      case 'done':
        return this.#ports.decide({ ...asked, kind: 'performed', id });
      case 'refused':
        return refuse(asked.rule, asked.reason);
    }
  }

  #describePolicy(id: number): void {
    const { text, lock, pending } = this.#rules;
    const waits =
      pending === null
        ? null
        : { hash: pending.policy.hash, text: pending.text, dueAt: pending.dueAt };
    const now = this.#now;
    const held = this.#policy.held
      .list(this.#policy.hash, now.window)
      .slice(0, HELD_ORDERS_MAX)
      .map((order) => heldInfo(order, now));
    const policy = { hash: this.#policy.hash, text, lock, pending: waits, held };
    this.#ports.decide({ kind: 'policy', id, policy });
  }

  /** What the policy would say to an order now, without signing or counting it. */
  #explain(intent: Extract<Intent, { kind: 'explainOrder' }>): void {
    const { id, connection, order } = intent;
    const known = this.#connections.get(connection);
    if (known === undefined) {
      const reason = `expected a connection, found none named ${connection}`;
      return this.#refuse(id, 'connection-unknown', reason, loggedFields(intent));
    }
    const placed = { kind: 'placeOrder', id, connection, order } as const;
    const facts = { ...factsOf(loggedFields(placed)), isExit: this.#isExit(placed, known) };
    const window = this.#clock.window();
    this.#policy.want(known, facts, window);
    const explanation = this.#policy.explain(known, facts, window);
    // What no policy can allow comes first; the limits are told all the same.
    const objection = this.#objectionToUse(placed, known, this.#clock.wall()) ?? this.#lockRefusal;
    this.#ports.decide({
      kind: 'explained',
      id,
      explanation: {
        ...explanation,
        ...(objection !== null && { ...objection, isAllowed: false }),
      },
    });
  }

  #answerWithOwners(id: number): void {
    const owners = this.#owners.all().map(({ credential, name, key, rpId, origin, enrolledAt }) => {
      const fingerprint = credentialFingerprint(key);
      return { credential, name, fingerprint, rpId, origin, enrolledAt };
    });
    this.#ports.decide({ kind: 'owners', id, owners });
  }

  /** Freezing only tightens: it takes neither an open vault nor a clock that is right. */
  #freeze(intent: Extract<Intent, { kind: 'freezeConnection' }>): void {
    const fault = this.#keeper.freeze(intent.connection, intent.cause);
    const known = this.#connections.get(intent.connection);
    if (fault === null && known !== undefined) return this.#answerWith(intent.id, [known]);
    const reason = fault ?? `expected a connection, found none named ${intent.connection}`;
    this.#refuse(intent.id, 'connections', reason, loggedFields(intent));
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
          ? this.#changes.name(intent, reading.wall)
          : this.#changes.add(intent, reading.wall);
      if (typeof changed === 'string') this.#refuse(intent.id, 'connections', changed, logged);
      else this.#answerWith(intent.id, [changed]);
    } catch (error) {
      const { rule, reason } = refusalOf(error, 'room for the key');
      this.#refuse(intent.id, rule, reason, logged);
    }
  }

  #answerVault(intent: VaultIntent): void {
    const { id } = intent;
    let answer: VaultAnswer;
    try {
      answer = answerVault(this.#ring, intent);
    } catch (error) {
      if (intent.kind === 'unlockVault') throw error;
      const { rule, reason } = refusalOf(error, 'room for the key');
      return this.#refuse(id, rule, reason, loggedFields(intent));
    }
    if (answer.ok) this.#ports.decide({ kind: 'vault', id, vault: answer.vault });
    else this.#refuse(id, answer.rule, answer.reason, loggedFields(intent));
  }

  #answerWith(id: number, connections: readonly Connection[]): void {
    const now = this.#clock.wall();
    const infos = connections.map((connection): ConnectionInfo => {
      const { state, signs, expiresAt, reducesUntil, cancelsUntil } = this.#standingOf(
        connection,
        now,
      );
      const facts = this.#lives.factsOf(connection.connection);
      return {
        connection: connection.connection,
        name: connection.name,
        venue: connection.venue,
        state,
        signs,
        grade: facts === undefined ? null : gradeOf(facts),
        keyKind: connection.keyKind,
        publicKeyPem: connection.publicKeyPem,
        createdAt: connection.createdAt,
        expiresAt,
        reducesUntil,
        cancelsUntil,
        checkedAt: facts?.checked?.time ?? null,
        isIpRestricted: facts?.checked?.isIpRestricted ?? null,
        frozen: facts?.frozen ?? null,
        quarantined: facts?.quarantined ?? null,
        replaces: connection.replaces,
        isReady: this.#keeper.isReady(connection),
        policy: this.#policy.linesFor(connection),
        policyHash: this.#policy.hash,
      };
    });
    this.#ports.decide({ kind: 'connections', id, connections: infos });
  }

  /** Asserts that the log knows the connection: the file of connections agrees with it. */
  #standingOf(known: Connection, now: number): Standing {
    const standing = this.#lives.standing(known.connection, now, this.#policy.graceMs(known));
    assert(standing !== undefined, 'Invariant: every connection has its birth on the log');
    // A crash between the log and the file of connections: the key wants its name once more.
    const isUnnamed = known.apiKey === null && standing.signs !== 'nothing';
    if (isUnnamed) return { ...standing, state: 'draft', signs: 'nothing' };
    // The key of a successor is asked about, and trades nothing before it is in use.
    return known.replaces === null
      ? standing
      : { ...standing, signs: lesser(standing.signs, 'cancels') };
  }

  #isBusy(now: number): boolean {
    if (this.#inFlight.size >= IN_FLIGHT_MAX) {
      for (const [id, { since }] of this.#inFlight) {
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
    if (!this.#refusals.take(time)) {
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

/** The IDs under which the exchange would keep the orders of `intent`. */
function orderIdsOf(intent: KeyIntent): readonly string[] {
  if (intent.kind === 'placeOrder') return [intent.order.clientOrderId];
  if (intent.kind !== 'placePair') return [];
  return [intent.takeProfit.clientOrderId, intent.stopLoss.clientOrderId];
}

/** What log, vault or disk did not take, as a refusal; throws what is nothing of theirs. */
function refusalOf(error: unknown, expected: string): LifeRefusal {
  if (error instanceof LogError) return { rule: 'log', reason: error.message };
  if (error instanceof VaultError) return { rule: 'connections', reason: error.message };
  if (!isSystemError(error)) throw error;
  return { rule: 'disk', reason: `expected ${expected}, found ${error.code}` };
}

/** Who takes the places of a connection, so that a person sees what fills them. */
function crowdOf(held: readonly HeldOrder[]): string {
  const counts = new Map<string, number>();
  for (const { facts } of held) {
    const symbol = facts.symbol ?? '';
    counts.set(symbol, (counts.get(symbol) ?? 0) + 1);
  }
  const [most = ['', 0]] = [...counts].sort(([, left], [, right]) => right - left);
  return (
    `expected fewer than ${HELD_PER_CONNECTION_MAX} orders of this connection that wait for a person, ` +
    `found ${held.length}, ${most[1]} of them in ${most[0]}: release or drop some on the page Policy`
  );
}

function firstEnd(held: readonly HeldOrder[], now: number): string {
  return secondsOf(Math.min(...held.map(({ until }) => until)) - now);
}
