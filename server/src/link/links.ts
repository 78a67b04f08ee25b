// SPDX-License-Identifier: Apache-2.0
// The server's two links: intents go to the signer, answers and account events come from egress.
//
// Both peers may die and come back on a new socket. An intent whose fate is not known when its link breaks ends as
// `failed` with what can honestly be said about it: `notSent` or `unknown`.

import { randomInt } from 'node:crypto';
import type { Socket } from 'node:net';
import {
  FRAME_BYTES_MAX,
  FrameReader,
  FrameWriter,
  RECV_WINDOW_MS,
  parseAnswer,
  parseDecision,
  type Answer,
  type ConnectionInfo,
  type Decision,
  type Intent,
  type Explanation,
  type OrderIntent,
  type OwnerInfo,
  type PolicyInfo,
  type VaultInfo,
} from '@kontor/signer';
import type { PaceNews } from '../runner/order-pace.ts';
import { systemTime, type CancelTimer, type Time } from '../time.ts';

/** What became of an intent that goes on to the exchange. */
export type Outcome =
  | { readonly kind: 'refused'; readonly rule: string; readonly reason: string }
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly body: string;
      readonly signedUntil: number;
      readonly pace: PaceNews;
    }
  | {
      readonly kind: 'failed';
      /** `notSent`: the exchange never saw it. `unknown`: it may have. */
      readonly certainty: 'notSent' | 'unknown';
      readonly reason: string;
      /** After this wall time the exchange no longer takes it; null when it may never have been signed. */
      readonly signedUntil: number | null;
      readonly pace?: PaceNews;
    };

/** An intent without its ID: the links number them. */
export type Unnumbered<T> = T extends { readonly id: number } ? Omit<T, 'id'> : never;

/** What the signer says to an act. `rule` is null where it could not be asked. */
export type ActAnswer =
  | Extract<Decision, { kind: 'consent' | 'performed' }>
  | { readonly kind: 'refused'; readonly rule: string | null; readonly reason: string };

export type PeerName = 'signer' | 'egress';

export interface LinkListener {
  onAccountEvent(connection: string, event: unknown): void;
  onAccountStream(connection: string, state: 'up' | 'down', reason: string): void;
  onEgressHealth(health: Extract<Answer, { kind: 'egressHealth' }>): void;
  /** The hosts that egress was given. */
  onHosts?(hosts: Extract<Answer, { kind: 'hosts' }>['hosts']): void;
  /** Something is wrong with the venue, or no longer. */
  onCondition(condition: Extract<Answer, { kind: 'condition' }>): void;
  /** A peer is there (again), or gone. */
  onPeer(peer: PeerName, state: 'up' | 'down', reason: string): void;
  /** The exchange did not take a key for what it was asked. */
  onKeyRefused?(connection: string): void;
  /** The signer refused something under this rule. */
  onRefused?(rule: string): void;
  /** The policy keeps an order until a person releases it. */
  onHeld?(): void;
  /** A peer said something that is not in the protocol. Its link is down; nobody will make another one. */
  onBroken(peer: PeerName, reason: string): void;
}

/** How long the links wait; the tests are less patient. */
export interface LinkPatience {
  readonly decisionMs: number;
  readonly answerMs: number;
  /** How long an answer may take that was under way when the signer died. */
  readonly passedOnMs: number;
}

const PATIENCE: LinkPatience = { decisionMs: 10_000, answerMs: 30_000, passedOnMs: 1_000 };
const PENDING_MAX = 10_000;
/** How the signer names the line that keeps an order for a person. */
const HOLD_RULE = 'hold: ';

interface Pending {
  readonly intent: Intent;
  signedUntil: number | null;
  cancelTimer: CancelTimer;
  readonly settle: (result: Outcome | Decision) => void;
}

interface Peer {
  readonly socket: Socket;
  readonly writer: FrameWriter;
}

export class Links {
  readonly #listener: LinkListener;
  readonly #patience: LinkPatience;
  readonly #time: Time;
  readonly #pending = new Map<number, Pending>();
  readonly #peers = new Map<PeerName, Peer>();
  // Old answers must never meet new intents, also across restarts: numbering starts anywhere.
  #nextId: number = randomInt(2 ** 47);

  constructor(listener: LinkListener, patience: LinkPatience = PATIENCE, time: Time = systemTime) {
    this.#listener = listener;
    this.#patience = patience;
    this.#time = time;
  }

  /** Takes over `socket` as the way to `peer`; an earlier one is closed and its open intents end. */
  attach(peer: PeerName, socket: Socket): void {
    this.#detach(peer, 'replaced by a new link');
    const writer = new FrameWriter(socket, FRAME_BYTES_MAX.intent);
    this.#peers.set(peer, { socket, writer });
    const decisions: Decision[] = [];
    const answers: Answer[] = [];
    const reader =
      peer === 'signer'
        ? new FrameReader(FRAME_BYTES_MAX.decision, (frame) => decisions.push(parseDecision(frame)))
        : new FrameReader(FRAME_BYTES_MAX.answer, (frame) => answers.push(parseAnswer(frame)));
    const isCurrent = (): boolean => this.#peers.get(peer)?.socket === socket;
    socket.on('data', (bytes: Buffer) => {
      if (!isCurrent()) return;
      let fault: unknown = null;
      try {
        reader.push(bytes);
      } catch (error) {
        fault = error;
      }
      // What came whole before the fault still counts; a fault of ours in handling it is no fault of the peer.
      for (const decision of decisions.splice(0)) this.#onDecision(decision);
      for (const answer of answers.splice(0)) this.#onAnswer(answer);
      if (fault === null) return;
      const reason = fault instanceof Error ? fault.message : String(fault);
      this.#detach(peer, `broke the protocol: ${reason}`);
      this.#listener.onBroken(peer, reason);
    });
    const lost = (reason: string): void => {
      if (isCurrent()) this.#detach(peer, reason);
    };
    socket.on('error', (error) => lost(error.message));
    socket.on('close', () => lost('closed'));
    this.#listener.onPeer(peer, 'up', 'connected');
  }

  isUp(peer: PeerName): boolean {
    return this.#peers.has(peer);
  }

  /** Submits an intent that ends at the exchange. Never rejects. */
  async submit(intent: Unnumbered<Intent>): Promise<Outcome> {
    const result = await this.#send(intent);
    if (result.kind === 'refused' && result.rule.startsWith(HOLD_RULE)) this.#listener.onHeld?.();
    if (result.kind === 'answered' && isKeyRefused(result)) {
      const isAsked = intent.kind === 'queryPermissions' || intent.kind === 'probeAddress';
      if (!isAsked && 'connection' in intent) this.#listener.onKeyRefused?.(intent.connection);
    }
    switch (result.kind) {
      case 'refused':
      case 'answered':
      case 'failed':
        return result;
      case 'signed':
      case 'record':
      case 'tag':
      case 'connections':
      case 'vault':
      case 'consent':
      case 'performed':
      case 'owners':
      case 'noted':
      case 'policy':
      case 'explained':
        return {
          kind: 'failed',
          certainty: 'unknown',
          reason: `the signer answered ${result.kind}`,
          signedUntil: null,
        };
    }
  }

  /** When the signer signed an order of this ID; null: it never did; undefined: it cannot be asked now. */
  async signedAt(connection: string, clientOrderId: string): Promise<number | null | undefined> {
    const result = await this.#send({ kind: 'lookUp', connection, clientOrderId });
    return result.kind === 'record' ? result.signedAt : undefined;
  }

  /** Whether the signer made the ID under which the exchange has an order; undefined: it cannot be asked now. */
  async verifyTag(connection: string, clientOrderId: string): Promise<boolean | undefined> {
    const result = await this.#send({ kind: 'verifyTag', connection, clientOrderId });
    return result.kind === 'tag' ? result.isValid : undefined;
  }

  /** The signer's connections, or why it does not say. */
  async connections(
    request: Unnumbered<
      Extract<
        Intent,
        {
          kind:
            | 'listConnections'
            | 'createConnection'
            | 'importConnection'
            | 'activateConnection'
            | 'freezeConnection';
        }
      >
    >,
  ): Promise<
    | { readonly ok: true; readonly connections: readonly ConnectionInfo[] }
    /** `rule` is the signer's where it decided; without one it could not be asked. */
    | { readonly ok: false; readonly rule?: string; readonly reason: string }
  > {
    const result = await this.#send(request);
    if (result.kind === 'connections') return { ok: true, connections: result.connections };
    return {
      ok: false,
      ...(result.kind === 'refused' ? { rule: result.rule } : {}),
      reason: 'reason' in result ? result.reason : `the signer answered ${result.kind}`,
    };
  }

  /** Asks for an act that a person must consent to, or brings the consent. */
  async act(
    request: Unnumbered<Extract<Intent, { kind: 'requestAct' | 'confirmAct' }>>,
  ): Promise<ActAnswer> {
    const result = await this.#send(request);
    if (result.kind === 'consent' || result.kind === 'performed') return result;
    const reason = 'reason' in result ? result.reason : `the signer answered ${result.kind}`;
    return { kind: 'refused', rule: result.kind === 'refused' ? result.rule : null, reason };
  }

  /** Whose consent the signer takes; null when it cannot be asked now. */
  async owners(): Promise<readonly OwnerInfo[] | null> {
    const result = await this.#send({ kind: 'listOwners' });
    return result.kind === 'owners' ? result.owners : null;
  }

  /** Puts the root of a batch of edge log lines into the log; the number of its entry, or why there is none. */
  async commitEdgeLog(
    batch: Omit<Extract<Intent, { kind: 'commitEdgeLog' }>, 'kind' | 'id'>,
  ): Promise<
    { readonly ok: true; readonly entry: number } | { readonly ok: false; readonly reason: string }
  > {
    const result = await this.#send({ kind: 'commitEdgeLog', ...batch });
    if (result.kind === 'noted') return { ok: true, entry: result.entry };
    const reason = 'reason' in result ? result.reason : `the signer answered ${result.kind}`;
    return { ok: false, reason };
  }

  /** The policy as it stands; null when the signer cannot be asked now. */
  async policy(): Promise<PolicyInfo | null> {
    const result = await this.#send({ kind: 'describePolicy' });
    return result.kind === 'policy' ? result.policy : null;
  }

  /** What the policy would say to an order now, or why that cannot be told. */
  async explain(
    connection: string,
    order: OrderIntent,
  ): Promise<
    | { readonly ok: true; readonly explanation: Explanation }
    | { readonly ok: false; readonly reason: string }
  > {
    const result = await this.#send({ kind: 'explainOrder', connection, order });
    if (result.kind === 'explained') return { ok: true, explanation: result.explanation };
    const reason = 'reason' in result ? result.reason : `the signer answered ${result.kind}`;
    return { ok: false, reason };
  }

  /** How the vault is; null when the signer cannot be asked now. */
  async vault(): Promise<VaultInfo | null> {
    const result = await this.#send({ kind: 'describeVault' });
    return result.kind === 'vault' ? result.vault : null;
  }

  /** Opens the vault or changes what opens it, by what is sealed to the signer. */
  async changeVault(
    request: Unnumbered<
      Extract<Intent, { kind: 'unlockVault' | 'addPasskeyWay' | 'removeVaultWay' }>
    >,
  ): Promise<
    | { readonly ok: true; readonly vault: VaultInfo }
    | { readonly ok: false; readonly rule?: string; readonly reason: string }
  > {
    const result = await this.#send(request);
    if (result.kind === 'vault') return { ok: true, vault: result.vault };
    return {
      ok: false,
      ...(result.kind === 'refused' ? { rule: result.rule } : {}),
      reason: 'reason' in result ? result.reason : `the signer answered ${result.kind}`,
    };
  }

  close(): void {
    for (const peer of [...this.#peers.keys()]) this.#detach(peer, 'the server stops');
  }

  #send(intent: Unnumbered<Intent>): Promise<Outcome | Decision> {
    const peer = this.#peers.get('signer');
    if (peer === undefined) return Promise.resolve(notSent('the signer is not running'));
    if (this.#pending.size >= PENDING_MAX)
      return Promise.resolve(notSent(`${PENDING_MAX} requests are waiting already`));
    const id = this.#nextId++;
    // The spread of a union loses its tag; the parser on the signer's side is the judge of the form.
    const numbered = { ...intent, id } as Intent;
    return new Promise((resolve) => {
      const settle = (result: Outcome | Decision): void => {
        const entry = this.#pending.get(id);
        if (entry === undefined) return;
        entry.cancelTimer();
        this.#pending.delete(id);
        resolve(result);
      };
      const cancelTimer = this.#time.after(this.#patience.decisionMs, () =>
        settle(unknown('the signer did not decide in time', null)),
      );
      this.#pending.set(id, { intent: numbered, signedUntil: null, cancelTimer, settle });
      if (!peer.writer.write(numbered)) settle(notSent('the link to the signer is full'));
    });
  }

  #onDecision(decision: Decision): void {
    const entry = this.#pending.get(decision.id);
    if (entry === undefined) return;
    if (decision.kind !== 'signed') {
      if (decision.kind === 'refused') this.#listener.onRefused?.(decision.rule);
      entry.settle(decision.kind === 'refused' ? forPeople(decision) : decision);
      return;
    }
    entry.signedUntil = decision.timestamp + decision.recvWindow;
    entry.cancelTimer();
    entry.cancelTimer = this.#time.after(this.#patience.answerMs, () =>
      entry.settle(unknown('egress did not answer in time', entry.signedUntil)),
    );
    if (!this.#peers.has('egress'))
      entry.settle(unknown('egress is not running', entry.signedUntil));
  }

  #onAnswer(answer: Answer): void {
    switch (answer.kind) {
      case 'answer': {
        const entry = this.#pending.get(answer.id);
        // The answer may overtake the decision: two links, two orders of arrival. It was signed before it was sent.
        entry?.settle({
          kind: 'answered',
          status: answer.status,
          body: answer.body,
          signedUntil: entry.signedUntil ?? answer.sentAt + RECV_WINDOW_MS,
          pace: paceNewsOf(answer),
        });
        return;
      }
      case 'failed': {
        const entry = this.#pending.get(answer.id);
        entry?.settle({
          kind: 'failed',
          certainty: answer.certainty,
          reason: answer.reason,
          signedUntil: entry.signedUntil,
          pace: paceNewsOf(answer),
        });
        return;
      }
      case 'userEvent':
        this.#listener.onAccountEvent(answer.connection, answer.event);
        return;
      case 'userStream':
        this.#listener.onAccountStream(answer.connection, answer.state, answer.reason);
        return;
      case 'egressHealth':
        this.#listener.onEgressHealth(answer);
        return;
      case 'hosts':
        this.#listener.onHosts?.(answer.hosts);
        return;
      case 'condition':
        this.#listener.onCondition(answer);
        return;
    }
  }

  #detach(peer: PeerName, reason: string): void {
    const old = this.#peers.get(peer);
    if (old === undefined) return;
    this.#peers.delete(peer);
    old.socket.destroy();
    const doubt = (entry: Pending): Outcome =>
      unknown(`the ${peer} stopped: ${reason}`, entry.signedUntil);
    for (const entry of [...this.#pending.values()]) {
      if (peer === 'egress' || entry.signedUntil === null) {
        entry.settle(doubt(entry));
      } else {
        // Signed, but perhaps not passed on any more: an answer that egress owes comes soon or never.
        entry.cancelTimer();
        entry.cancelTimer = this.#time.after(this.#patience.passedOnMs, () =>
          entry.settle(doubt(entry)),
        );
      }
    }
    this.#listener.onPeer(peer, 'down', reason);
  }
}

/** Binance's words for a key that is unknown, or not allowed from here or for this. */
function isKeyRefused({ status, body }: Extract<Outcome, { kind: 'answered' }>): boolean {
  return (status === 400 || status === 401) && /"code":\s*-201[45]\b/.test(body);
}

function paceNewsOf(answer: Extract<Answer, { kind: 'answer' | 'failed' }>): PaceNews {
  const counts =
    answer.kind === 'failed'
      ? []
      : [
          { windowMs: 10_000, count: answer.ordersIn10s },
          { windowMs: 86_400_000, count: answer.ordersInDay },
        ];
  return {
    ...(answer.retryAfterMs !== undefined && { retryAfterMs: answer.retryAfterMs }),
    orderCounts: counts.flatMap(({ windowMs, count }) =>
      count === undefined ? [] : [{ windowMs, count }],
    ),
  };
}

/** Where something asked is not as it should be, its field is named as people name it, without the way to it. */
function forPeople<T extends { readonly rule: string; readonly reason: string }>(refusal: T): T {
  if (refusal.rule !== 'intent') return refusal;
  return { ...refusal, reason: refusal.reason.replace(/^intent\.(?:act\.)?/, '') };
}

function notSent(reason: string): Outcome {
  return { kind: 'failed', certainty: 'notSent', reason, signedUntil: null };
}

function unknown(reason: string, signedUntil: number | null): Outcome {
  return { kind: 'failed', certainty: 'unknown', reason, signedUntil };
}
