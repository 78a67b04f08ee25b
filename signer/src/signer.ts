// SPDX-License-Identifier: Apache-2.0
// The signer: takes intents, decides, records, signs, and hands the requests on. It knows no sockets.

import { strict as assert } from 'node:assert';
import { draftRequest, type KeyIntent, type RequestDraft } from './binance/requests.ts';
import { Consent, type Asked } from './acts/consent.ts';
import { Owners } from './acts/owners.ts';
import { Answers } from './answers.ts';
import type { Clock } from './clock.ts';
import { ConnectionChanges } from './connection-changes.ts';
import { ConnectionUse } from './connection-use.ts';
import type { Connections } from './connections.ts';
import { LifeKeeper } from './life/keeper.ts';
import { Lives, UNSETTLED_ORDERS_MAX } from './life/lives.ts';
import { ensurePrivateDirectory, isSystemError } from './disk.ts';
import { factsOf, loggedFields, loggedParts } from './facts.ts';
import { RequestsInFlight } from './in-flight.ts';
import { WireError } from './fields.ts';
import { LogError, type Entry, type IntentLog } from './log/intent-log.ts';
import { KeyRing, type KeyRingPorts } from './key-ring.ts';
import { Past, TAG_VERSION } from './past.ts';
import { PerMinute } from './per-minute.ts';
import type { PolicyEvaluator, PolicySubject } from './policy/evaluator.ts';
import { OrdersForPerson } from './policy/orders-for-person.ts';
import { HeldOrders } from './policy/held-orders.ts';
import { PolicyHistory, PolicyInForce, readPolicyFile } from './policy/in-force.ts';
import { References } from './policy/references.ts';
import { WaitingOrders, WAITING_MS, type WaitingOrder } from './policy/waiting-orders.ts';
import { OrderNames, orderIdsOf } from './order-names.ts';
import { DESK_ID_CHARACTERS_MAX } from './order-tag.ts';
import { refusalOf, Refusals, type Refuse } from './refusals.ts';
import { requestHash, signAll, type Allowed } from './sign.ts';
import { type SignedOrders, SIGNED_ORDERS_MAX } from './signed-orders.ts';
import {
  answerVault,
  LOCKED_REASON,
  type VaultAnswer,
  type VaultIntent,
} from './vault/vault-intents.ts';
import {
  type Decision,
  type Intent,
  type EgressReport,
  type IssuerReport,
  type EgressTask,
} from './wire.ts';
import { intentIdOf, parseIntent } from './wire-parsers.ts';

/** Edge logs arrive in batches of minutes. */
const EDGE_BATCHES_PER_MINUTE = 60;
/** Issuers of certificates that are noted one by one: egress must not fill the log, nor may who shows it many of them. */
const ISSUERS_PER_MINUTE = { met: 16, refused: 4 } as const;
const FORGOTTEN_REASON =
  'expected a key in use, found that it had ended when the clock was last looked at: restart the desk';

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

export class Signer {
  readonly #ports: SignerPorts;
  readonly #ring: KeyRing;
  readonly #clock: Clock;
  readonly #log: IntentLog;
  readonly #rules: PolicyInForce;
  readonly #connections: Connections;
  readonly #orders: SignedOrders;
  readonly #names: OrderNames;
  readonly #use: ConnectionUse;
  readonly #refuse: Refuse;
  readonly #answers: Answers;
  readonly #forPerson: OrdersForPerson;
  readonly #consent: Consent;
  readonly #lives: Lives;
  readonly #keeper: LifeKeeper;
  readonly #changes: ConnectionChanges;
  readonly #issuers = {
    met: new PerMinute(ISSUERS_PER_MINUTE.met),
    refused: new PerMinute(ISSUERS_PER_MINUTE.refused),
  };
  #issuersUnlogged = 0;
  readonly #inFlight = new RequestsInFlight();
  readonly #waiting = new WaitingOrders();
  readonly #edgeBatches = new PerMinute(EDGE_BATCHES_PER_MINUTE);

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
    this.#lives = state.lives;
    const { rules, orders, owners, lives } = state;
    const { disk, say, decide } = ports;
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
    const names = new OrderNames(orders, () => ring.vault.orderTags);
    const use = new ConnectionUse({ lives, keeper: this.#keeper, rules });
    const policyHash = (): string => rules.evaluator.hash;
    const { refuse } = new Refusals({ clock: this.#clock, log: this.#log, policyHash, decide });
    this.#names = names;
    this.#use = use;
    this.#refuse = refuse;
    this.#answers = new Answers({
      ...{ ring, rules, lives, owners, orders, names, use, decide, refuse },
      keeper: this.#keeper,
    });
    this.#forPerson = new OrdersForPerson({
      log: this.#log,
      rules,
      window: () => this.#clock.window(),
      nameOf: (connection) => this.#connections.get(connection)?.name ?? '',
      say,
      refuse,
    });
    lives.deskIdOf = (connection, exchangeId) => names.deskIdOf(connection, exchangeId);
    lives.onEnded = (connection, id) => this.#policy.close(connection, id);
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
        answerHeld: (entry) => this.#forPerson.record(entry),
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
    const { recent, open } = past.takeCounted();
    for (const { connection, facts, time: at } of recent) {
      const known = connections.get(connection);
      if (known !== undefined) policy.recount(known, facts, at);
    }
    open.each((connection, _id, facts) => {
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
        this.#onReceipt(report.id);
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
    const time = Math.max(this.#clock.wall(), 0);
    if (!this.#issuers[verdict].take(time)) {
      this.#issuersUnlogged += 1;
      return;
    }
    const unlogged = this.#issuersUnlogged > 0 ? this.#issuersUnlogged : undefined;
    const fields = { note: `issuer.${verdict}`, venue, host, issuers, unlogged };
    try {
      this.#log.append([{ time, kind: 'note', fields }]);
      this.#issuersUnlogged = 0;
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

  #onReceipt(id: number): void {
    const asked = this.#inFlight.end(id);
    if (asked !== undefined) this.#keeper.onReceipt(asked.intent);
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
        this.#answers.connections(intent.id, this.#connections.all());
        return;
      case 'lookUp':
        this.#dropWaiting(intent.connection, intent.clientOrderId);
        this.#answers.lookUp(intent);
        return;
      case 'verifyTag':
        this.#answers.verifyTag(intent);
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
        this.#answers.owners(intent.id);
        return;
      case 'describePolicy':
        this.#answers.policy(intent.id);
        return;
      case 'explainOrder':
        this.#answers.explain(intent);
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
      case 'probeAddress':
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
    const { cancelsUntil } = this.#use.standingOf(connection, reading.wall);
    if (reading.wall >= cancelsUntil) this.#connections.forgetKey(intent.connection);
    const objection = this.#use.objectionTo(intent, connection, reading.wall);
    if (objection !== null) return refuse(objection.rule, objection.reason);
    const { apiKey } = connection;
    const key = this.#connections.keyOf(intent.connection);
    if (apiKey === null || key === undefined) return refuse('connection-expired', FORGOTTEN_REASON);
    if (!this.#inFlight.hasRoom(reading.window) || !this.#ports.hasRoom()) {
      return refuse('busy', 'expected egress to take more requests, found it behind');
    }
    if (this.#inFlight.get(intent.id) !== undefined || this.#waiting.has(intent.id)) {
      return refuse('intent', `intent.id: expected a new one, found ${intent.id} under way`);
    }
    const ids = orderIdsOf(intent);
    const used = ids.find(
      (id) =>
        this.#orders.timeOf(intent.connection, id) !== undefined ||
        this.#lives.signedAt(intent.connection, id) !== undefined,
    );
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
    if (ids.length > 0 && !this.#lives.hasRoomFor(intent.connection, ids.length)) {
      return refuse(
        'capacity',
        `expected fewer than ${UNSETTLED_ORDERS_MAX} orders of which the exchange has not said what became, found as many: have it asked for them`,
      );
    }
    const build = (): RequestDraft =>
      draftRequest(intent, { venue: connection.venue, apiKey, timestamp: reading.wall }, (id) =>
        this.#names.exchangeIdOf(intent.connection, id),
      );
    const parts = loggedParts(intent);
    const isExit = this.#use.isExit(intent, connection);
    const facts = parts.map((fields) => ({ ...factsOf(fields), isExit }));
    const lock = ids.length > 0 ? this.#use.lock : null;
    if (lock !== null) return refuse(lock.rule, lock.reason);
    for (const part of facts) this.#policy.want(connection, part, reading.window);
    const verdict = this.#policy.judge(connection, facts, build, reading.window);
    if (!verdict.ok) {
      const { mayCome, hold, part } = verdict;
      if (hold !== null) {
        return this.#forPerson.keep(intent, hold, parts[part] ?? logged, reading);
      }
      if (mayCome && this.#wait(intent, connection.venue, waitedUntil, reading.window)) return;
      return this.#refuse(intent.id, verdict.rule, verdict.reason, parts[verdict.part] ?? logged);
    }
    const { approved, rules, releases } = verdict;
    for (const id of ids) this.#orders.add(intent.connection, id, reading.wall);
    this.#inFlight.add({ intent, since: reading.window, timestamp: reading.wall });
    // What a new order is called at the exchange, so that the log can say so of it.
    const sentAs = ids.map((id) => this.#names.exchangeIdOf(intent.connection, id));
    const entries = parts.map((fields, index): Entry => ({
      time: reading.wall,
      kind: 'intent',
      fields: {
        ...fields,
        tag: ids.length > 0 ? TAG_VERSION : undefined,
        sentAs: sentAs[index],
        rule: rules[index],
        held: releases[index] ?? undefined,
        policy: this.#policy.hash,
        request: requestHash(approved.request.text),
      },
    }));
    const unreserve = this.#lives.reserve(entries);
    const unprobe =
      intent.kind === 'probeAddress' ? this.#keeper.beginProbe(intent) : () => undefined;
    allowed.push({
      key,
      approved,
      entries,
      release: () => {
        verdict.release();
        unreserve();
        unprobe();
        this.#inFlight.end(intent.id);
        for (const id of ids) this.#orders.remove(intent.connection, id);
      },
    });
  }

  /** Signs what was allowed before anything changes by which it was judged, or the key that it is for. */
  #settle(allowed: Allowed[]): void {
    if (allowed.length === 0) return;
    signAll(allowed.splice(0), {
      log: this.#log,
      onRecorded: ({ entry, sequence }) => this.#lives.read(entry, sequence),
      onLost: (id) => void this.#inFlight.end(id),
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

  /** Freezing only tightens: it takes neither an open vault nor a clock that is right. */
  #freeze(intent: Extract<Intent, { kind: 'freezeConnection' }>): void {
    const fault = this.#keeper.freeze(intent.connection, intent.cause);
    const known = this.#connections.get(intent.connection);
    if (fault === null && known !== undefined) return this.#answers.connections(intent.id, [known]);
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
      else this.#answers.connections(intent.id, [changed]);
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
}
