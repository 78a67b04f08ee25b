// SPDX-License-Identifier: Apache-2.0
// The signer: takes intents, decides, records, signs, and hands the requests on. It knows no sockets.

import { strict as assert } from 'node:assert';
import { createPublicKey, createSecretKey, hash } from 'node:crypto';
import {
  draftRequest,
  signedRequest,
  type KeyIntent,
  type RequestDraft,
} from './binance/requests.ts';
import { Consent, type Asked } from './acts/consent.ts';
import { credentialFingerprint } from './acts/cose.ts';
import { Owners } from './acts/owners.ts';
import type { Clock } from './clock.ts';
import type { Connection, Connections } from './connections.ts';
import { LifeKeeper } from './life/keeper.ts';
import { Lives } from './life/lives.ts';
import {
  CLOSING_MS,
  GRACE_MS_MAX,
  gradeOf,
  KEY_LIFE_MS,
  lesser,
  type Standing,
} from './life/state.ts';
import { ensurePrivateDirectory } from './disk.ts';
import { factsOf, loggedFields, loggedParts } from './facts.ts';
import { WireError } from './fields.ts';
import {
  LogError,
  type Entry,
  type IntentLog,
  type PastEntry,
  type Recorded,
} from './log/intent-log.ts';
import { birthOf, KeyRing, type KeyRingPorts } from './key-ring.ts';
import type { PolicyApproved } from './policy/approval.ts';
import type { PolicyEvaluator, PolicySubject, RequestFacts } from './policy/evaluator.ts';
import { OpenOrders } from './policy/history.ts';
import { secondsOf } from './policy/held-acts.ts';
import { heldEntry, heldInfo, HeldOrders, HELD_ORDERS_MAX } from './policy/held-orders.ts';
import type { PolicyRule } from './policy/grammar.ts';
import { PolicyHistory, PolicyInForce, readPolicyFile } from './policy/in-force.ts';
import { References } from './policy/references.ts';
import { DESK_ID_CHARACTERS_MAX, isTagged, taggedId, untaggedId } from './order-tag.ts';
import { requestHash, sign, signatureText } from './sign.ts';
import { SignedOrders, SIGNED_ORDERS_MAX } from './signed-orders.ts';
import { VaultError } from './vault/file.ts';
import { answerVault, type VaultAnswer, type VaultIntent } from './vault/vault-intents.ts';
import { bornKey, readKey, toPem, type Key } from './vault/keys.ts';
import { IMPORT_INFO, importContext, openSealed } from './vault/sealed-import.ts';
import {
  REQUEST_TIMEOUT_MS,
  type ConnectionInfo,
  type Decision,
  type Intent,
  type KeyKind,
  type EgressReport,
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
const MINUTE_MS = 60_000;
/** Counters look back a day, and a minute for their rounding. */
const COUNTED_MS: number = 86_400_000 + 2 * MINUTE_MS;
/** How long after its end a connection's orders can be looked up. */
const LOOK_UP_GRACE_MS: number = 7 * 86_400_000;
/** How long the ID of an order is remembered: as long as a key can live and be asked about. */
const REMEMBERED_MS: number = KEY_LIFE_MS + GRACE_MS_MAX + CLOSING_MS + LOOK_UP_GRACE_MS;
/** How the IDs of orders are tagged; entries of before there were tags have none. */
const TAG_VERSION = 1;
/** An order may wait so long for the first word of its market rather than be refused. */
const HOLD_MS = 1_000;
/** Orders that wait at once; further ones are refused. */
const HELD_MAX = 256;
const REASON_CHARACTERS_MAX = 300;
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

/** An order that waits for the first word of its market. */
interface Held {
  readonly intent: KeyIntent;
  readonly venue: string;
  readonly symbol: string;
  /** On the window clock. */
  readonly until: number;
}

/** A request that egress has and has not reported on. */
interface InFlight {
  readonly intent: KeyIntent;
  /** On the window clock. */
  readonly since: number;
  /** Unix time at which it was signed. */
  readonly timestamp: number;
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

/** The exchange's answer to a request, as egress had it from there: the server had no hand in it. */
export interface EchoedAnswer {
  readonly intent: KeyIntent;
  /** When it was signed, Unix time in ms. */
  readonly timestamp: number;
  readonly status: number;
  /** Empty where it was too long. */
  readonly body: string;
}

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
  readonly #inFlight = new Map<number, InFlight>();
  #held: readonly Held[] = [];
  readonly #echoReaders: ((answer: EchoedAnswer) => void)[] = [];
  #refusalMinute = 0;
  #edgeMinute = 0;
  #edgeBatches = 0;
  #refusalsInMinute = 0;
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
      hasOwner: () => state.owners.all().length > 0,
    });
    this.readEchoes(({ intent, ...answer }) => this.#keeper.onAnswer(intent, answer));
    state.lives.deskIdOf = (connection, exchangeId) => this.#deskIdOf(connection, exchangeId);
    state.lives.onEnded = (connection, id) => void this.#policy.close(connection, id);
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
    if (allowed.length > 0) this.#signAll(allowed);
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
    }
  }

  get #policy(): PolicyEvaluator {
    return this.#rules.evaluator;
  }

  #subjectOf(connection: string): PolicySubject | undefined {
    return this.#connections.get(connection);
  }

  /** A loosening whose time has come holds from here on. What the disk does not take now is tried again. */
  #applyDuePolicy(): void {
    const now = { wall: Math.max(this.#clock.wall(), 0), window: this.#clock.window() };
    try {
      this.#rules.applyDue((connection) => this.#subjectOf(connection), now);
    } catch (error) {
      if (!(error instanceof LogError) && !isSystemError(error)) throw error;
    }
  }

  /** Judges waiting orders anew. */
  #retry(isMeant: (held: Held) => boolean): void {
    if (!this.#held.some(isMeant)) return;
    const meant = this.#held.filter(isMeant);
    this.#held = this.#held.filter((held) => !isMeant(held));
    const allowed: Allowed[] = [];
    for (const { intent, until } of meant) this.#judge(intent, allowed, until);
    if (allowed.length > 0) this.#signAll(allowed);
  }

  /** Keeps an order for a moment; false where it has waited long enough or too many wait. */
  #hold(intent: KeyIntent, venue: string, heldUntil: number | null, now: number): boolean {
    const until = heldUntil ?? now + HOLD_MS;
    const [first] = loggedParts(intent);
    const symbol = first['symbol'];
    if (now >= until || this.#held.length >= HELD_MAX || typeof symbol !== 'string') return false;
    this.#held = [...this.#held, { intent, venue, symbol, until }];
    if (heldUntil === null) {
      this.#ports.after(HOLD_MS, () => {
        const window = this.#clock.window();
        this.#retry((held) => held.until <= window);
      });
    }
    return true;
  }

  /** An order that is cancelled or asked about while it waits is refused: it must not come to be afterwards. */
  #dropHeld(connection: string, clientOrderId: string): void {
    const isMeant = ({ intent }: Held): boolean =>
      intent.connection === connection && orderIdsOf(intent).includes(clientOrderId);
    const meant = this.#held.filter(isMeant);
    this.#held = this.#held.filter((held) => !isMeant(held));
    for (const { intent } of meant) {
      const reason = 'expected a price of its market first, found it cancelled or asked about';
      this.#refuse(intent.id, 'reference', reason, loggedFields(intent));
    }
  }

  /** Hands every answer of the exchange that is echoed to `reader`, as long as the signer lives. */
  readEchoes(reader: (answer: EchoedAnswer) => void): void {
    this.#echoReaders.push(reader);
  }

  /** An echo of what is not under way is nobody's: its request was given up. */
  #onEcho({ id, status, body }: Extract<EgressReport, { kind: 'echo' }>): void {
    const asked = this.#inFlight.get(id);
    if (asked === undefined) return;
    const { intent, timestamp } = asked;
    for (const reader of this.#echoReaders) reader({ intent, timestamp, status, body });
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
        if (intent.kind === 'cancelOrder') this.#dropHeld(intent.connection, intent.clientOrderId);
        this.#judge(intent, allowed, null);
        return;
    }
  }

  /** `heldUntil`: how long an order may wait that waits already; null for one that came now. */
  #judge(intent: KeyIntent, allowed: Allowed[], heldUntil: number | null): void {
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
    const standing = this.#standingOf(connection, reading.wall);
    if (reading.wall >= standing.cancelsUntil) this.#connections.forgetKey(intent.connection);
    const objection = this.#lives.objectionTo(
      intent,
      reading.wall,
      this.#policy.graceMs(connection),
    );
    if (objection !== null) return refuse(objection.rule, objection.reason);
    if (connection.replaces !== null && orderIdsOf(intent).length > 0) {
      return refuse(
        'connection-waiting',
        'expected a key in use, found a new one that has not taken over',
      );
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
    if (this.#inFlight.has(intent.id) || this.#held.some((held) => held.intent.id === intent.id)) {
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
    const facts = parts.map(factsOf);
    if (this.#rules.lock !== null && ids.length > 0) {
      return refuse('policy-unattested', this.#rules.lock);
    }
    for (const part of facts) this.#policy.want(connection, part, reading.window);
    const verdict = this.#policy.judgeAll(connection, facts, build, reading.window);
    if (!verdict.ok) {
      const { mayCome, hold, part } = verdict;
      if (hold !== null) {
        return this.#keepForPerson(intent, hold, parts[part] ?? logged, reading);
      }
      if (mayCome && this.#hold(intent, connection.venue, heldUntil, reading.window)) return;
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
        rule: rules[index],
        held: releases[index] ?? undefined,
        policy: this.#policy.hash,
        request: requestHash(approved.request.text),
      },
    }));
    const unreserve = this.#lives.reserve(entries);
    allowed.push({
      intent,
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
      if (!held.hasRoom(window)) {
        return refuse(`expected fewer than ${HELD_ORDERS_MAX} orders that wait for a person`);
      }
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

  #recordHeld(entry: Entry): void {
    const [recorded] = this.#log.append([entry]);
    assert(recorded !== undefined, 'Invariant: what was appended is recorded');
    const { sequence } = recorded;
    this.#policy.held.read({ ...recorded.entry, sequence }, this.#clock.window());
  }

  /** Signs what was allowed before anything changes by which it was judged, or the key that it is for. */
  #settle(allowed: Allowed[]): void {
    if (allowed.length > 0) this.#signAll(allowed.splice(0));
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
    for (const { entry, sequence } of recorded) this.#lives.read(entry, sequence);
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

  /** One entry for a batch of lines, at a bounded rate: the log is for the use of keys first. */
  #commitEdgeLog(intent: Extract<Intent, { kind: 'commitEdgeLog' }>): void {
    const time = this.#clock.wall();
    const minute = Math.floor(time / MINUTE_MS);
    if (minute !== this.#edgeMinute) {
      this.#edgeMinute = minute;
      this.#edgeBatches = 0;
    }
    const { id, root, lines, from, to } = intent;
    if (this.#edgeBatches >= EDGE_BATCHES_PER_MINUTE) {
      const reason = `expected at most ${EDGE_BATCHES_PER_MINUTE} batches of edge log lines a minute, found one more`;
      return this.#refuse(id, 'capacity', reason, { op: intent.kind });
    }
    try {
      const fields = { root, lines, from, to };
      const [recorded] = this.#log.append([{ time, kind: 'edgelog.batch', fields }]);
      assert(recorded !== undefined, 'Invariant: what was appended is recorded');
      this.#edgeBatches += 1;
      this.#ports.decide({ kind: 'noted', id, entry: recorded.sequence });
    } catch (error) {
      if (!(error instanceof LogError)) throw error;
      this.#ports.decide({ kind: 'refused', id, rule: 'log', reason: error.message });
    }
  }

  #lookUp({ id, connection, clientOrderId }: Extract<Intent, { kind: 'lookUp' }>): void {
    this.#dropHeld(connection, clientOrderId);
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
    const key = this.#ring.vault.orderTags;
    if (key === null) {
      return this.#refuse(id, 'locked', LOCKED_REASON, { op: 'verifyTag', connection });
    }
    const isValid =
      isTagged(key, connection, clientOrderId) ||
      this.#orders.isUntagged(connection, clientOrderId);
    this.#ports.decide({ kind: 'tag', id, isValid });
  }

  /** The desk's ID of an order of this signer's; null for any other, and for all while the vault is locked. */
  #deskIdOf(connection: string, exchangeId: string): string | null {
    if (this.#orders.isUntagged(connection, exchangeId)) return exchangeId;
    const key = this.#ring.vault.orderTags;
    return key === null ? null : untaggedId(key, connection, exchangeId);
  }

  /** Orders of before there were tags are at the exchange under the desk's own ID. */
  #exchangeIdOf(connection: string, clientOrderId: string): string {
    const key = this.#ring.vault.orderTags;
    assert(key !== null, 'Invariant: requests are built while the vault is open');
    return this.#orders.isUntagged(connection, clientOrderId)
      ? clientOrderId
      : taggedId(key, connection, clientOrderId);
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
      if (error instanceof LogError) return refuse('log', error.message);
      if (isSystemError(error))
        return refuse('disk', `expected a disk that works, found ${error.code}`);
      throw error;
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
    const now = { wall: this.#clock.wall(), window: this.#clock.window() };
    const held = this.#policy.held
      .list(this.#policy.hash, now.window)
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
    const facts = factsOf(loggedFields({ kind: 'placeOrder', id, connection, order }));
    const window = this.#clock.window();
    this.#policy.want(known, facts, window);
    const explanation = this.#policy.explain(known, facts, window);
    this.#ports.decide({ kind: 'explained', id, explanation });
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
    const objection = this.#objectionToNew(intent, now);
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
      const { replaces = null } = intent;
      const request = { name, venue, keyKind, createdAt: now, replaces };
      return this.#connections.add(this.#ring.vault, made, request, (connection) => {
        const birth = birthOf(connection, kind);
        this.#log.append([birth]);
        this.#lives.read(birth);
      });
    } finally {
      made.secret.fill(0);
    }
  }

  /** Why the connection cannot be made, or null. A successor bears the name of the one whose key it replaces. */
  #objectionToNew(
    intent: Extract<Intent, { kind: 'createConnection' | 'importConnection' }>,
    now: number,
  ): string | null {
    const { name, venue, replaces } = intent;
    if (replaces === undefined) return this.#connections.objectionTo(name, now);
    const old = this.#connections.get(replaces);
    if (old === undefined)
      return `expected a connection to replace the key of, found none named ${replaces}`;
    if (old.replaces !== null)
      return 'expected a connection in use, found the successor of another';
    if (old.name !== name || old.venue !== venue)
      return `expected ${old.name} at ${old.venue}, as the connection is called, found ${name} at ${venue}`;
    const earlier = this.#connections.successorOf(replaces);
    if (earlier !== undefined) this.#retire(earlier, now);
    return this.#connections.objectionTo(null, now);
  }

  #retire(connection: Connection, now: number): void {
    const fields = { connection: connection.connection };
    const entry: Entry = { time: now, kind: 'key.retire', fields };
    this.#log.append([entry]);
    this.#lives.read(entry);
    this.#connections.retire(this.#ring.vault, connection);
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

  #answerVault(intent: VaultIntent): void {
    const { id } = intent;
    let answer: VaultAnswer;
    try {
      answer = answerVault(this.#ring, intent);
    } catch (error) {
      if (intent.kind === 'unlockVault') throw error;
      if (error instanceof LogError) {
        return this.#refuse(id, 'log', error.message, loggedFields(intent));
      }
      if (!isSystemError(error)) throw error;
      const reason = `expected room for the key, found ${error.code}`;
      return this.#refuse(id, 'disk', reason, loggedFields(intent));
    }
    if (answer.ok) this.#ports.decide({ kind: 'vault', id, vault: answer.vault });
    else this.#refuse(id, answer.rule, answer.reason, loggedFields(intent));
  }

  #activate(
    intent: Extract<Intent, { kind: 'activateConnection' }>,
    now: number,
  ): Connection | string {
    const known = this.#connections.get(intent.connection);
    if (known === undefined) return `expected a connection, found none named ${intent.connection}`;
    if (now >= this.#standingOf(known, now).expiresAt)
      return 'expected a key that has not expired, found one that has: replace it by a new one';
    if (this.#ring.vault.fingerprintOf(createSecretKey(intent.apiKey, 'utf8')) === known.keyId) {
      return "expected the exchange's identifier of the key, found the secret itself: replace it at the exchange, it was on the way here in the clear";
    }
    const fields = { connection: known.connection, apiKey: hash('sha256', intent.apiKey, 'hex') };
    const entry: Entry = { time: now, kind: 'key.active', fields };
    this.#log.append([entry]);
    this.#lives.read(entry);
    const active = this.#connections.activate(known, intent.apiKey);
    this.#keeper.onNamed(active);
    return active;
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
  /** Orders that may be open. */
  readonly open = new OpenOrders();
  readonly orders = new SignedOrders();
  readonly #connections = new Set<string>();
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
    const isEnd = kind === 'answer' && fields['ended'] === 'yes';
    if (isEnd) this.open.remove(connection, String(fields['clientOrderId']));
    // An intent counts whether or not its signature was noted: the crash may have come in between.
    if (kind !== 'intent') return;
    const { clientOrderId } = fields;
    if (
      fields['op'] === 'order.place' &&
      typeof clientOrderId === 'string' &&
      time + REMEMBERED_MS > this.#now
    ) {
      this.#connections.add(connection);
      if (fields['tag'] === TAG_VERSION) this.orders.add(connection, clientOrderId, time);
      else this.orders.addUntagged(connection, clientOrderId, time);
      this.open.add(connection, clientOrderId, factsOf(fields));
    }
    if (time > this.#now - COUNTED_MS)
      this.recent.push({ connection, facts: factsOf(fields), time });
  }

  /** Drops the IDs of connections that can neither sign nor be asked about any more. */
  forgetEnded(lives: Lives): void {
    for (const connection of this.#connections) {
      // A policy may leave up to as long.
      const standing = lives.standing(connection, this.#now, GRACE_MS_MAX);
      if (standing === undefined || this.#now >= standing.cancelsUntil + LOOK_UP_GRACE_MS)
        this.orders.forget(connection);
    }
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

function isSystemError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string';
}
