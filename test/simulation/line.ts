// SPDX-License-Identifier: Apache-2.0
// Everything between the server and the exchange, in process: the links, a signer that builds the real requests, an
// egress that sends them, and a network that is slow, loses things and brings them late.
//
// What the server is told follows the rules of `server/src/link/links.ts`; what an outcome claims is true.

import {
  RECV_WINDOW_MS,
  REQUEST_TIMEOUT_MS,
  type ConnectionInfo,
  type Decision,
  type Intent,
} from '@kontor/signer';
import type { ServerLinks } from '../../server/src/compose.ts';
import type { LinkListener, Outcome, PeerName, Unnumbered } from '../../server/src/link/links.ts';
import type { CancelTimer } from '../../server/src/time.ts';
import { draftRequest, restText, type KeyIntent } from '../../signer/src/binance/requests.ts';
import type { Random } from '../../simulator/src/market/random.ts';
import type { SimulatedVenue, VenueAnswer, VenueRequest } from './venue.ts';
import type { VirtualTime } from './virtual-time.ts';

export const CONNECTION = 'connection-1';
const VENUE = 'demo';
/** As the real links wait. */
const DECISION_MS = 10_000;
const ANSWER_MS = 30_000;
const PASSED_ON_MS = 1_000;
/** As egress asks its streams for signs of life. */
const STREAM_LOOK_MS = 5_000;
const STREAM_SILENCE_MS = 30_000;

/** What a bad network does to the requests of one stretch of time; shares are chances. */
export interface NetworkTrouble {
  /** No connection comes about: the request is certainly not sent. */
  readonly connectFails: number;
  /** The request never arrives, and nobody says so. */
  readonly requestLost: number;
  /** It arrives, and its answer does not. */
  readonly answerLost: number;
  /** The connection breaks after the request was sent; it arrives or not. */
  readonly reset: number;
  /** Extra delay of requests and answers, at most, each way. */
  readonly lateMs: number;
}

export const CALM: NetworkTrouble = {
  connectFails: 0,
  requestLost: 0,
  answerLost: 0,
  reset: 0,
  lateMs: 0,
};

/** A point on the way of a request. */
export type LinePoint = 'atSigner' | 'signed' | 'sent' | 'answered';

/** Something that goes wrong with the next `count` requests of a kind, whenever they come. */
export interface LineStrike {
  readonly on: KeyIntent['kind'] | 'any';
  readonly skip: number;
  readonly count: number;
  readonly what:
    | { readonly kind: 'connectFails' | 'requestLost' | 'answerLost' | 'reset' }
    | { readonly kind: 'late'; readonly ms: number }
    | {
        readonly kind: 'peerDies';
        readonly peer: PeerName;
        readonly point: LinePoint;
        readonly ms: number;
      };
}

/** What the world wants to know of the line. */
export interface LineWatcher {
  /** Just before the server hands an intent over; may throw to crash the server there. */
  beforeSend(): void;
  afterSend(): void;
  onIntent(intent: KeyIntent): void;
  onAnswered(intent: KeyIntent, answer: VenueAnswer): void;
  /** Something has gone wrong just now. */
  onTrouble(): void;
  /** A peer is to die, and to come back after `ms`. */
  onPeerDies(peer: PeerName, ms: number): void;
  tell(what: () => string): void;
}

/** One server process, as the line sees it. */
export interface LineEnd {
  readonly isAlive: () => boolean;
  readonly listener: LinkListener;
}

interface Pending {
  readonly end: LineEnd;
  readonly settle: (result: Outcome | Decision) => void;
  isSettled: boolean;
  signedUntil: number | null;
  cancelTimer: CancelTimer;
}

/** A pipe: what is sent arrives in order. */
class Lane {
  readonly #time: VirtualTime;
  readonly #random: Random;
  #lastDue = 0;

  constructor(time: VirtualTime, random: Random) {
    this.#time = time;
    this.#random = random;
  }

  send(work: () => void): void {
    const { now } = this.#time;
    const isSlow = this.#random.chance(0.01);
    const ms = this.#random.unit() * (isSlow ? 150 : 0.6);
    this.#lastDue = Math.max(now + 0.02 + ms, this.#lastDue + 0.001);
    this.#time.at(this.#lastDue, work);
  }
}

interface Stream {
  readonly end: LineEnd;
  lastSignMs: number;
  isOver: boolean;
}

export class Line {
  readonly #time: VirtualTime;
  readonly #venue: SimulatedVenue;
  readonly #random: Random;
  readonly #watcher: LineWatcher;
  readonly #wallOffset: () => number;
  /** The signer's own record, which survives everything. */
  readonly #signedAt = new Map<string, number>();
  readonly #pending = new Set<Pending>();
  readonly #up = { signer: true, egress: true };
  /** Counts the lives of each: what was under way in an earlier one is gone. */
  readonly #lives = { signer: 0, egress: 0 };
  readonly #toSigner: Lane;
  readonly #toEgress: Lane;
  readonly #decisions: Lane;
  readonly #answers: Lane;
  #end: LineEnd | null = null;
  #stream: Stream | null = null;
  #nextId = 1;
  trouble: NetworkTrouble = CALM;
  #strikes: { readonly strike: LineStrike; skip: number; left: number }[] = [];
  /** The chance that the policy refuses a request, and which rule it then names. */
  refusals: { readonly share: number; readonly rule: string } = { share: 0, rule: '' };

  constructor(options: {
    readonly time: VirtualTime;
    readonly venue: SimulatedVenue;
    readonly random: Random;
    readonly watcher: LineWatcher;
    /** How far the wall clock of the desk's machine is off. */
    readonly wallOffset: () => number;
  }) {
    this.#time = options.time;
    this.#venue = options.venue;
    this.#random = options.random;
    this.#watcher = options.watcher;
    this.#wallOffset = options.wallOffset;
    const lane = (): Lane => new Lane(options.time, options.random);
    this.#toSigner = lane();
    this.#toEgress = lane();
    this.#decisions = lane();
    this.#answers = lane();
    this.#time.every(STREAM_LOOK_MS, () => this.#lookAtStream());
  }

  /** The links of a server process that begins. */
  connect(end: LineEnd): ServerLinks {
    this.#end = end;
    return {
      attach: () => undefined,
      isUp: (peer) => this.#up[peer],
      submit: (intent) => this.#submit(end, intent),
      signedAt: async (_connection, clientOrderId) => {
        const result = await this.#send(end, (pending) => {
          const signedAt = this.#signedAt.get(clientOrderId) ?? null;
          this.#decide(pending, { kind: 'record', id: 0, signedAt });
        });
        return result.kind === 'record' ? result.signedAt : undefined;
      },
      connections: async () => {
        const result = await this.#send(end, (pending) =>
          this.#decide(pending, { kind: 'connections', id: 0, connections: [this.#info()] }),
        );
        if (result.kind === 'connections') return { ok: true, connections: result.connections };
        return { ok: false, reason: 'reason' in result ? result.reason : result.kind };
      },
      close: () => undefined,
    };
  }

  /** The server process is gone: nobody hears its answers, and what the signer had not read is lost with it. */
  disconnect(end: LineEnd): void {
    for (const pending of this.#pending) if (pending.end === end) pending.cancelTimer();
    for (const pending of [...this.#pending])
      if (pending.end === end) this.#pending.delete(pending);
    if (this.#end === end) this.#end = null;
    this.#endStream(null);
    // The signer is restarted with the server.
    this.#lives.signer += 1;
  }

  arm(strike: LineStrike): void {
    this.#strikes.push({ strike, skip: strike.skip, left: strike.count });
  }

  /** Nothing goes wrong any more. */
  mend(): void {
    this.trouble = CALM;
    this.refusals = { share: 0, rule: '' };
    this.#strikes = [];
  }

  /** A peer dies; with egress goes the signer. */
  bringDown(peer: PeerName): void {
    if (!this.#up[peer]) return;
    this.#up[peer] = false;
    this.#lives[peer] += 1;
    const end = this.#end;
    for (const pending of [...this.#pending]) {
      if (peer === 'egress' || pending.signedUntil === null) {
        this.#settle(pending, unknown(`the ${peer} stopped`, pending.signedUntil));
      } else {
        pending.cancelTimer();
        pending.cancelTimer = this.#time.after(PASSED_ON_MS, () =>
          this.#settle(pending, unknown(`the ${peer} stopped`, pending.signedUntil)),
        );
      }
    }
    if (peer === 'egress') this.#endStream(null);
    if (end !== null) this.#call(end, () => end.listener.onPeer(peer, 'down', 'closed'));
    if (peer === 'egress') this.bringDown('signer');
  }

  bringUp(peer: PeerName): void {
    if (this.#up[peer]) return;
    this.#up[peer] = true;
    const end = this.#end;
    if (end !== null) this.#call(end, () => end.listener.onPeer(peer, 'up', 'connected'));
  }

  /** Every socket to the exchange is cut. */
  dropSockets(): void {
    this.#endStream('the venue closed it with code 1006');
  }

  /** The exchange tells the account something. */
  onUserEvent(payload: Readonly<Record<string, unknown>>): void {
    const stream = this.#stream;
    if (stream === null) return;
    const text = JSON.stringify(payload);
    this.#venue.faults.userEvent(() => {
      if (this.#venue.faults.isSilent() || stream.isOver) return;
      stream.lastSignMs = this.#time.now;
      // One socket: events arrive in the order in which the exchange sent them.
      this.#streamDue = Math.max(this.#time.now + this.#networkMs(), this.#streamDue + 0.001);
      this.#time.at(this.#streamDue, () => {
        if (stream.isOver) return;
        this.#toServer(stream.end, () =>
          stream.end.listener.onAccountEvent(CONNECTION, JSON.parse(text)),
        );
      });
    });
  }

  #streamDue = 0;

  async #submit(end: LineEnd, intent: Unnumbered<Intent>): Promise<Outcome> {
    const result = await this.#send(end, (pending) => this.#judge(pending, intent));
    switch (result.kind) {
      case 'refused':
      case 'answered':
      case 'failed':
        return result;
      case 'signed':
      case 'record':
      case 'connections':
        return unknown(`the signer answered ${result.kind}`, null);
    }
  }

  #send(end: LineEnd, atSigner: (pending: Pending) => void): Promise<Outcome | Decision> {
    if (!end.isAlive()) return new Promise(() => undefined);
    this.#watcher.beforeSend();
    const sent = this.#sendNow(end, atSigner);
    this.#watcher.afterSend();
    return sent;
  }

  #sendNow(end: LineEnd, atSigner: (pending: Pending) => void): Promise<Outcome | Decision> {
    if (!this.#up.signer) {
      const reason = 'the signer is not running';
      return Promise.resolve({ kind: 'failed', certainty: 'notSent', reason, signedUntil: null });
    }
    return new Promise((resolve) => {
      const pending: Pending = {
        end,
        settle: resolve,
        isSettled: false,
        signedUntil: null,
        cancelTimer: this.#time.after(DECISION_MS, () =>
          this.#settle(pending, unknown('the signer did not decide in time', null)),
        ),
      };
      this.#pending.add(pending);
      const life = this.#lives.signer;
      this.#toSigner.send(() => {
        if (this.#up.signer && this.#lives.signer === life) atSigner(pending);
      });
    });
  }

  /** The strike that hits this request now, if any; spent by it. */
  #struck(
    intent: KeyIntent,
    fits: (what: LineStrike['what']) => boolean,
  ): LineStrike['what'] | undefined {
    for (const armed of this.#strikes) {
      const { on, what } = armed.strike;
      if ((on !== 'any' && on !== intent.kind) || !fits(what)) continue;
      if (armed.skip > 0) {
        armed.skip -= 1;
        continue;
      }
      armed.left -= 1;
      if (armed.left <= 0) this.#strikes = this.#strikes.filter((other) => other !== armed);
      this.#watcher.tell(() => `line: ${JSON.stringify(what)} at ${describe(intent)}`);
      this.#watcher.onTrouble();
      return what;
    }
    return undefined;
  }

  /** Whether the signer or egress dies here, and with it what is under way. */
  #dies(intent: KeyIntent, point: LinePoint): boolean {
    const what = this.#struck(intent, (each) => each.kind === 'peerDies' && each.point === point);
    if (what?.kind !== 'peerDies') return false;
    this.#watcher.onPeerDies(what.peer, what.ms);
    return true;
  }

  /** What the network does to this request. */
  #networkFate(intent: KeyIntent): {
    readonly connectFails: boolean;
    readonly requestLost: boolean;
    readonly answerLost: boolean;
    readonly reset: boolean;
    readonly lateMs: number;
  } {
    const what = this.#struck(intent, (each) => each.kind !== 'peerDies');
    const { trouble } = this;
    const happens = (kind: 'connectFails' | 'requestLost' | 'answerLost' | 'reset'): boolean => {
      const isChance = trouble[kind] > 0 && this.#random.chance(trouble[kind]);
      return isChance || what?.kind === kind;
    };
    return {
      connectFails: happens('connectFails'),
      requestLost: happens('requestLost'),
      answerLost: happens('answerLost'),
      reset: happens('reset'),
      lateMs: what?.kind === 'late' ? what.ms : 0,
    };
  }

  /** At the signer: refuses, or records, builds and hands on. */
  #judge(pending: Pending, unnumbered: Unnumbered<Intent>): void {
    const id = this.#nextId++;
    // The spread of a union loses its tag.
    const intent = { ...unnumbered, id } as Intent;
    if (!isKeyIntent(intent)) {
      this.#decide(pending, { kind: 'refused', id, rule: 'intent', reason: intent.kind });
      return;
    }
    if (this.refusals.share > 0 && this.#random.chance(this.refusals.share)) {
      const { rule } = this.refusals;
      this.#watcher.tell(() => `signer refuses ${describe(intent)}: ${rule}`);
      this.#decide(pending, { kind: 'refused', id, rule, reason: 'expected less' });
      return;
    }
    if (this.#dies(intent, 'atSigner')) return;
    this.#watcher.onIntent(intent);
    const timestamp = Math.floor(this.#time.now + this.#wallOffset());
    if (intent.kind === 'placeOrder') {
      const { clientOrderId } = intent.order;
      if (this.#signedAt.has(clientOrderId)) {
        const reason = `expected a new clientOrderId, found ${clientOrderId} signed already`;
        this.#decide(pending, { kind: 'refused', id, rule: 'duplicate', reason });
        return;
      }
      this.#signedAt.set(clientOrderId, timestamp);
    }
    const draft = draftRequest(intent, { venue: VENUE, apiKey: 'desk', timestamp });
    const { recvWindow } = draft;
    this.#decide(pending, { kind: 'signed', id, timestamp, recvWindow });
    const life = this.#lives.egress;
    this.#toEgress.send(() => {
      if (!this.#up.egress || this.#lives.egress !== life) return;
      // A signer that dies now is too late; an egress takes the request along.
      this.#dies(intent, 'signed');
      if (this.#lives.egress !== life) return;
      if (draft.endpoint.kind === 'subscribe') {
        this.#openStream(pending, intent);
        return;
      }
      const { method, path } = draft.endpoint;
      this.#exchange(pending, intent, { method, path, query: restText(draft.parameters) });
    });
  }

  /** At egress: sends a request once, and says what can honestly be said of it. */
  #exchange(pending: Pending, intent: KeyIntent, request: VenueRequest): void {
    const sentAt = this.#time.now;
    const life = this.#lives.egress;
    const fate = this.#networkFate(intent);
    let isDone = false;
    const finish = (outcome: () => Outcome): void => {
      if (isDone) return;
      isDone = true;
      cancelTimeout();
      if (this.#lives.egress !== life) return;
      this.#toServer(pending.end, () => this.#settle(pending, outcome()));
    };
    const fail = (certainty: 'notSent' | 'unknown', reason: string): void =>
      finish(() => ({ kind: 'failed', certainty, reason, signedUntil: pending.signedUntil }));
    const cancelTimeout = this.#time.after(REQUEST_TIMEOUT_MS, () =>
      fail('unknown', `no answer: expected an answer within ${REQUEST_TIMEOUT_MS} ms`),
    );
    if (fate.connectFails) {
      this.#watcher.tell(() => `network: no connection for ${describe(intent)}`);
      this.#time.after(this.#networkMs(), () => fail('notSent', 'no connection: ECONNREFUSED'));
      return;
    }
    if (fate.reset) {
      this.#watcher.tell(() => `network: reset under ${describe(intent)}`);
      this.#time.after(this.#networkMs(), () => fail('unknown', 'no answer: ECONNRESET'));
      if (this.#random.chance(0.3)) return;
    }
    if (fate.requestLost) {
      this.#watcher.tell(() => `network: lost ${describe(intent)}`);
      return;
    }
    const isAbandoned = this.#dies(intent, 'sent') || fate.reset;
    // What left before a connection broke may lie in a buffer on the way.
    const heldMs = isAbandoned && this.#random.chance(0.5) ? 5_500 : fate.lateMs;
    this.#time.after(this.#networkMs() + heldMs * this.#random.unit(), () => {
      const answer = this.#venue.request(request);
      this.#watcher.onAnswered(intent, answer);
      if (answer.kind === 'hang') return;
      if (fate.answerLost) {
        this.#watcher.tell(() => `network: lost the answer to ${describe(intent)}`);
        return;
      }
      this.#time.after(this.#networkMs(), () => {
        if (!isDone) this.#dies(intent, 'answered');
        finish(() => ({
          kind: 'answered',
          status: answer.status,
          body: answer.body,
          signedUntil:
            pending.signedUntil ?? Math.floor(sentAt + this.#wallOffset()) + RECV_WINDOW_MS,
        }));
      });
    });
  }

  #openStream(pending: Pending, intent: KeyIntent): void {
    const { end } = pending;
    const sentAt = this.#time.now;
    const life = this.#lives.egress;
    this.#time.after(this.#networkMs() + this.#networkMs(), () => {
      if (this.#lives.egress !== life) return;
      const answer = this.#venue.faults.isSilent()
        ? { kind: 'hang' as const }
        : this.#venue.subscribe();
      this.#watcher.onAnswered(intent, answer);
      const isRefused = answer.kind === 'answer' && answer.body === '';
      if (answer.kind === 'hang' || isRefused) {
        const reason = isRefused
          ? 'the connection failed'
          : 'expected the subscription to be confirmed';
        this.#time.after(isRefused ? 1 : 5_000, () => {
          if (this.#lives.egress !== life) return;
          const certainty = isRefused ? 'notSent' : 'unknown';
          this.#toServer(end, () =>
            this.#settle(pending, {
              kind: 'failed',
              certainty,
              reason,
              signedUntil: pending.signedUntil,
            }),
          );
        });
        return;
      }
      if (answer.status === 200) {
        if (this.#stream !== null) this.#stream.isOver = true;
        this.#stream = { end, lastSignMs: this.#time.now, isOver: false };
      }
      const isHeard = end.isAlive();
      if (!isHeard) this.#endStream(null);
      this.#toServer(end, () => {
        const signedUntil =
          pending.signedUntil ?? Math.floor(sentAt + this.#wallOffset()) + RECV_WINDOW_MS;
        const { status, body } = answer;
        this.#settle(pending, { kind: 'answered', status, body, signedUntil });
        if (status === 200) end.listener.onAccountStream(CONNECTION, 'up', 'subscribed');
      });
    });
  }

  /** `reason` null: nobody is told, since those who would be are gone. */
  #endStream(reason: string | null): void {
    const stream = this.#stream;
    if (stream === null) return;
    stream.isOver = true;
    this.#stream = null;
    if (reason === null) return;
    this.#watcher.tell(() => `account stream ends: ${reason}`);
    this.#toServer(stream.end, () =>
      stream.end.listener.onAccountStream(CONNECTION, 'down', reason),
    );
  }

  #lookAtStream(): void {
    const stream = this.#stream;
    if (stream === null) return;
    if (!this.#venue.faults.isSilent()) stream.lastSignMs = this.#time.now;
    else if (this.#time.now - stream.lastSignMs >= STREAM_SILENCE_MS) {
      this.#endStream(`no sign of life for ${STREAM_SILENCE_MS} ms`);
    }
  }

  #decide(pending: Pending, decision: Decision): void {
    const life = this.#lives.signer;
    this.#decisions.send(() => {
      if (this.#lives.signer !== life || pending.isSettled) return;
      if (decision.kind !== 'signed') {
        this.#settle(pending, decision);
        return;
      }
      pending.signedUntil = decision.timestamp + decision.recvWindow;
      pending.cancelTimer();
      pending.cancelTimer = this.#time.after(ANSWER_MS, () =>
        this.#settle(pending, unknown('egress did not answer in time', pending.signedUntil)),
      );
      if (!this.#up.egress) {
        this.#settle(pending, unknown('egress is not running', pending.signedUntil));
      }
    });
  }

  /** Over the pipe from egress to the server. */
  #toServer(end: LineEnd, work: () => void): void {
    const life = this.#lives.egress;
    this.#answers.send(() => {
      if (this.#lives.egress === life) this.#call(end, work);
    });
  }

  #call(end: LineEnd, work: () => void): void {
    if (end.isAlive()) this.#time.enter(work);
  }

  #settle(pending: Pending, result: Outcome | Decision): void {
    if (pending.isSettled || !this.#pending.has(pending)) return;
    pending.isSettled = true;
    pending.cancelTimer();
    this.#pending.delete(pending);
    this.#call(pending.end, () => pending.settle(result));
  }

  /** One way to the exchange or back. */
  #networkMs(): number {
    const { lateMs } = this.trouble;
    const usual = 2 + 60 * this.#random.unit() ** 3;
    const isStuck = this.#random.chance(0.004);
    const late = lateMs > 0 ? lateMs * this.#random.unit() ** 2 : 0;
    return usual + late + (isStuck ? 2_000 * this.#random.unit() : 0);
  }

  #info(): ConnectionInfo {
    return {
      connection: CONNECTION,
      name: VENUE,
      venue: VENUE,
      state: 'active',
      publicKeyPem: '',
      createdAt: 0,
      expiresAt: Number.MAX_SAFE_INTEGER,
      policy: [],
      policyHash: 'none',
    };
  }
}

function isKeyIntent(intent: Intent): intent is KeyIntent {
  return !['lookUp', 'listConnections', 'createConnection', 'activateConnection'].includes(
    intent.kind,
  );
}

export function describe(intent: KeyIntent): string {
  switch (intent.kind) {
    case 'placeOrder': {
      const { side, symbol, quantity, price, timeInForce, clientOrderId } = intent.order;
      return `${clientOrderId} ${side} ${quantity} ${symbol} at ${price ?? ''} ${timeInForce}`;
    }
    case 'cancelOrder':
    case 'queryOrder':
      return `${intent.kind} ${intent.clientOrderId}`;
    case 'identifyOrder':
      return `identifyOrder ${intent.exchangeOrderId}`;
    case 'queryFills':
      return `queryFills ${intent.symbol} ${intent.exchangeOrderId ?? ''}`;
    case 'queryOpenOrders':
    case 'queryAccount':
    case 'queryPermissions':
    case 'subscribe':
      return intent.kind;
  }
}

function unknown(reason: string, signedUntil: number | null): Outcome {
  return { kind: 'failed', certainty: 'unknown', reason, signedUntil };
}
