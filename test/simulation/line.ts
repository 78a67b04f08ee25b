// SPDX-License-Identifier: Apache-2.0
// Everything between the server's links and the exchange, in process: a signer that builds the real requests, an egress
// that sends them, and a network that is slow, loses things and brings them late. What is told to the server is true.

import {
  FRAME_BYTES_MAX,
  parseIntent,
  REQUEST_TIMEOUT_MS,
  type Answer,
  type ConnectionInfo,
  type Decision,
  type Intent,
} from '@kontor/signer';
import type { PeerName } from '../../server/src/link/links.ts';
import { draftRequest, restText, type KeyIntent } from '../../signer/src/binance/requests.ts';
import type { Random } from '../../simulator/src/market/random.ts';
import { Pipe } from './pipe.ts';
import type { SimulatedVenue, VenueAnswer, VenueRequest } from './venue.ts';
import type { VirtualTime } from './virtual-time.ts';

const CONNECTION = 'c_SIMULAT';
const VENUE = 'demo';
/** From the signer to egress. */
const PASS_ON_MS = 0.5;
/** As egress asks its streams for signs of life, and the exchange for its time. */
const STREAM_LOOK_MS = 5_000;
const STREAM_SILENCE_MS = 30_000;
const CLOCK_LOOK_MS = 60_000;
/** So long egress waits for a subscription to be confirmed. */
const CONFIRM_MS = 5_000;

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
  /** The server sends a piece to a peer: calls `pass` unless it dies before. */
  onServerWrites(pass: () => void): void;
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
  /** Gives the server its end of a new pipe to `peer`. */
  readonly attach: (peer: PeerName, pipe: Pipe) => void;
}

interface Stream {
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
  readonly #up = { signer: true, egress: true };
  /** Counts the lives of each: what was under way in an earlier one is gone. */
  readonly #lives = { signer: 0, egress: 0 };
  readonly #pipes = new Map<PeerName, Pipe>();
  #toEgressDue = 0;
  #end: LineEnd | null = null;
  #stream: Stream | null = null;
  #streamDue = 0;
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
    this.#time.every(STREAM_LOOK_MS, () => this.#lookAtStream());
    this.#time.every(CLOCK_LOOK_MS, () => this.#lookAtClock());
  }

  /** A server process begins: it gets a pipe to each peer that is there. */
  connect(end: LineEnd): void {
    this.#end = end;
    for (const peer of ['egress', 'signer'] as const) if (this.#up[peer]) this.#join(peer);
  }

  /** The server process is gone: the signer is restarted with it, and nobody hears the account's stream. */
  disconnect(): void {
    this.#end = null;
    this.#pipes.clear();
    this.#stopStream();
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
    if (peer === 'egress') this.#stopStream();
    this.#pipes.get(peer)?.break();
    this.#pipes.delete(peer);
    if (peer === 'egress') this.bringDown('signer');
  }

  bringUp(peer: PeerName): void {
    if (this.#up[peer]) return;
    this.#up[peer] = true;
    this.#join(peer);
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
        this.#answer({ kind: 'userEvent', connection: CONNECTION, event: JSON.parse(text) });
      });
    });
  }

  #join(peer: PeerName): void {
    const end = this.#end;
    if (end === null) return;
    const pipe = new Pipe({
      time: this.#time,
      random: this.#random,
      isServerAlive: end.isAlive,
      onServerWrites: (pass) => this.#watcher.onServerWrites(pass),
      toPeerBytesMax: FRAME_BYTES_MAX.intent,
      toServerBytesMax: peer === 'signer' ? FRAME_BYTES_MAX.decision : FRAME_BYTES_MAX.answer,
      onMessage: (message) => this.#judge(parseIntent(message)),
    });
    this.#pipes.set(peer, pipe);
    end.attach(peer, pipe);
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
  #judge(intent: Intent): void {
    const { id } = intent;
    if (intent.kind === 'lookUp') {
      const signedAt = this.#signedAt.get(intent.clientOrderId) ?? null;
      this.#decide({ kind: 'record', id, signedAt });
      return;
    }
    if (intent.kind === 'verifyTag') {
      this.#decide({ kind: 'tag', id, isValid: true });
      return;
    }
    if (!isKeyIntent(intent)) {
      this.#decide({ kind: 'connections', id, connections: [this.#info()] });
      return;
    }
    if (this.refusals.share > 0 && this.#random.chance(this.refusals.share)) {
      const { rule } = this.refusals;
      this.#watcher.tell(() => `signer refuses ${describe(intent)}: ${rule}`);
      this.#decide({ kind: 'refused', id, rule, reason: 'expected less' });
      return;
    }
    if (this.#dies(intent, 'atSigner')) return;
    this.#watcher.onIntent(intent);
    const timestamp = this.#wallMs();
    for (const clientOrderId of orderIdsOf(intent)) {
      if (this.#signedAt.has(clientOrderId)) {
        const reason = `expected a new clientOrderId, found ${clientOrderId} signed already`;
        this.#decide({ kind: 'refused', id, rule: 'duplicate', reason });
        return;
      }
      this.#signedAt.set(clientOrderId, timestamp);
    }
    const draft = draftRequest(intent, { venue: VENUE, apiKey: 'desk', timestamp });
    this.#decide({ kind: 'signed', id, timestamp, recvWindow: draft.recvWindow });
    const life = this.#lives.egress;
    this.#toEgressDue = Math.max(
      this.#time.now + PASS_ON_MS * this.#random.unit(),
      this.#toEgressDue + 0.001,
    );
    this.#time.at(this.#toEgressDue, () => {
      if (!this.#up.egress || this.#lives.egress !== life) return;
      // A signer that dies now is too late; an egress takes the request along.
      this.#dies(intent, 'signed');
      if (this.#lives.egress !== life) return;
      if (draft.endpoint.kind === 'subscribe') {
        this.#openStream(intent);
        return;
      }
      const { method, path } = draft.endpoint;
      this.#exchange(intent, { method, path, query: restText(draft.parameters) });
    });
  }

  /** At egress: sends a request once, and says what can honestly be said of it. */
  #exchange(intent: KeyIntent, request: VenueRequest): void {
    const { id } = intent;
    const sentAt = this.#wallMs();
    const life = this.#lives.egress;
    const fate = this.#networkFate(intent);
    let isDone = false;
    const finish = (answer: Answer): void => {
      if (isDone || this.#lives.egress !== life) return;
      isDone = true;
      cancelTimeout();
      this.#answer(answer);
    };
    const fail = (certainty: 'notSent' | 'unknown', reason: string): void =>
      finish({ kind: 'failed', id, certainty, reason });
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
        if (!isDone && this.#lives.egress === life) this.#dies(intent, 'answered');
        const { status, body } = answer;
        finish({ kind: 'answer', id, status, body, sentAt, receivedAt: this.#wallMs() });
      });
    });
  }

  #openStream(intent: KeyIntent): void {
    const { id } = intent;
    const sentAt = this.#wallMs();
    const life = this.#lives.egress;
    const end = this.#end;
    const fail = (ms: number, certainty: 'notSent' | 'unknown', reason: string): void => {
      this.#time.after(ms, () => {
        if (this.#lives.egress === life) this.#answer({ kind: 'failed', id, certainty, reason });
      });
    };
    this.#time.after(this.#networkMs() + this.#networkMs(), () => {
      if (this.#lives.egress !== life) return;
      const answer = this.#venue.faults.isSilent()
        ? ({ kind: 'hang' } as const)
        : this.#venue.subscribe();
      this.#watcher.onAnswered(intent, answer);
      if (answer.kind === 'hang') {
        fail(CONFIRM_MS, 'unknown', 'expected the subscription to be confirmed');
        return;
      }
      const { status, body } = answer;
      if (body === '') {
        fail(1, 'notSent', 'the connection failed');
        return;
      }
      this.#answer({ kind: 'answer', id, status, body, sentAt, receivedAt: this.#wallMs() });
      // A stream that was asked for by a server that is gone ends at once.
      if (status !== 200 || this.#end !== end || end === null) return;
      if (this.#stream !== null) this.#stream.isOver = true;
      this.#stream = { lastSignMs: this.#time.now, isOver: false };
      this.#tellStream('up', 'subscribed');
    });
  }

  /** A stream that was up has ended. */
  #endStream(reason: string): void {
    if (this.#stream === null) return;
    this.#stopStream();
    this.#watcher.tell(() => `account stream ends: ${reason}`);
    this.#tellStream('down', reason);
  }

  #stopStream(): void {
    if (this.#stream !== null) this.#stream.isOver = true;
    this.#stream = null;
  }

  #tellStream(state: 'up' | 'down', reason: string): void {
    this.#answer({ kind: 'userStream', connection: CONNECTION, state, reason });
  }

  #lookAtStream(): void {
    const stream = this.#stream;
    if (stream === null) return;
    if (!this.#venue.faults.isSilent()) stream.lastSignMs = this.#time.now;
    else if (this.#time.now - stream.lastSignMs >= STREAM_SILENCE_MS) {
      this.#endStream(`no sign of life for ${STREAM_SILENCE_MS} ms`);
    }
  }

  #lookAtClock(): void {
    const clockSkewMs = Math.round(this.#venue.skewMs - this.#wallOffset());
    this.#answer({
      kind: 'egressHealth',
      venue: VENUE,
      clockSkewMs,
      roundTripMs: 30,
      reason: '',
      hasSecondAddress: false,
    });
  }

  /** Over the pipe from the signer to the server. */
  #decide(decision: Decision): void {
    this.#pipes.get('signer')?.tell(decision);
  }

  /** Over the pipe from egress to the server. */
  #answer(answer: Answer): void {
    this.#pipes.get('egress')?.tell(answer);
  }

  #wallMs(): number {
    return Math.floor(this.#time.now + this.#wallOffset());
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
      signs: 'all',
      grade: 'A',
      keyKind: 'ed25519',
      publicKeyPem: '',
      createdAt: 0,
      expiresAt: Number.MAX_SAFE_INTEGER,
      reducesUntil: Number.MAX_SAFE_INTEGER,
      cancelsUntil: Number.MAX_SAFE_INTEGER,
      checkedAt: null,
      isIpRestricted: null,
      bind: null,
      bindDoubt: null,
      frozen: null,
      quarantined: null,
      replaces: null,
      isReady: false,
      isCanary: false,
      policy: [],
      policyHash: 'none',
    };
  }
}

function isKeyIntent(intent: Intent): intent is KeyIntent {
  return ![
    'lookUp',
    'listConnections',
    'createConnection',
    'importConnection',
    'activateConnection',
    'describeVault',
    'freezeConnection',
  ].includes(intent.kind);
}

/** The IDs of the orders that `intent` would place. */
export function orderIdsOf(intent: KeyIntent): readonly string[] {
  if (intent.kind === 'placeOrder') return [intent.order.clientOrderId];
  if (intent.kind !== 'placePair') return [];
  return [intent.takeProfit.clientOrderId, intent.stopLoss.clientOrderId];
}

export function describe(intent: KeyIntent): string {
  switch (intent.kind) {
    case 'placeOrder': {
      const { side, symbol, quantity, price, timeInForce, clientOrderId } = intent.order;
      return `${clientOrderId} ${side} ${quantity} ${symbol} at ${price ?? ''} ${timeInForce}`;
    }
    case 'placePair': {
      const { side, symbol, quantity, price, clientOrderId } = intent.takeProfit;
      const stop = intent.stopLoss;
      return `${clientOrderId} ${side} ${quantity} ${symbol} at ${price ?? ''}, stop ${stop.clientOrderId} at ${stop.stopPrice}`;
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
    case 'probeAddress':
    case 'subscribe':
      return intent.kind;
  }
}
