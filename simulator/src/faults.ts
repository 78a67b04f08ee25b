// SPDX-License-Identifier: Apache-2.0
// Faults on request: what a network and an exchange do to their clients, armed by count, duration and route.

import { Random } from './market/random.ts';
import type { FaultKind, Faults } from './ports.ts';

/** What a test asks for. Everything but `kind` has a default. */
export interface FaultRequest {
  readonly kind: FaultKind;
  /** How often it strikes before it is spent; without it, as long as it lasts. */
  readonly count?: number;
  /** Wall ms after which it is over; without it, until it is spent or cleared. */
  readonly durationMs?: number;
  /** Requests or events let through first. */
  readonly skip?: number;
  /** The chance that it strikes at a request or event it fits; drawn from the seeded order. */
  readonly share?: number;
  /** Only requests with this method: `POST`, or `order.place` of the WebSocket API. */
  readonly method?: string;
  /** Only requests to this path; `*` stands for any text: `/api/v3/order*`. */
  readonly path?: string;
  /** `hang`: never answer; `answer`: send `status` and the error. */
  readonly mode?: 'hang' | 'answer';
  readonly status?: number;
  readonly code?: number;
  readonly message?: string;
  /** Of `delayEvents`: how long an event is held back. Of `reorderEvents`: how long at most. */
  readonly delayMs?: number;
  /** Of `reorderEvents`: events gathered before they come out in another order. */
  readonly window?: number;
  /** Of `clockSkew`: how far the exchange's clock is ahead of the right time, or behind it. */
  readonly skewMs?: number;
}

export interface ArmedFault extends FaultRequest {
  readonly faultId: number;
  readonly armedAtMs: number;
  /** How often it has struck. */
  readonly struck: number;
}

export const FAULT_KINDS: readonly FaultKind[] = [
  'acceptThenTimeout',
  'errorBeforeAccept',
  'errorAfterAccept',
  'dropSockets',
  'silentSockets',
  'duplicateEvents',
  'delayEvents',
  'reorderEvents',
  'clockSkew',
  'maintenance',
  'partialOutage',
];

/** One day: a clock that is wrong by more is no fault but another world. */
const SKEW_MS_MAX = 86_400_000;
const COUNT_MAX = 1_000_000;
const ARMED_MAX = 200;
const HELD_EVENTS_MAX = 10_000;
const DEFAULT_DELAY_MS = 500;
const DEFAULT_WINDOW = 3;
const WINDOW_MAX = 100;

interface Rule {
  readonly faultId: number;
  readonly request: FaultRequest;
  readonly armedAtMs: number;
  readonly path: RegExp | undefined;
  skip: number;
  struck: number;
}

type RequestVerdict = ReturnType<Faults['beforeRequest']>;

/** Calls `work` after `ms` of wall time; the function that comes back calls it off. */
export type After = (ms: number, work: () => void) => () => void;

const systemAfter: After = (ms, work) => {
  const timer = setTimeout(work, ms);
  timer.unref();
  return () => clearTimeout(timer);
};

const PASS: RequestVerdict = { kind: 'pass' };

/** What Binance answers in each case, when the request does not say otherwise. */
const ANSWERS: Readonly<
  Partial<
    Record<FaultKind, { readonly status: number; readonly code: number; readonly message: string }>
  >
> = {
  acceptThenTimeout: {
    status: 504,
    code: -1007,
    message:
      'Timeout waiting for response from backend server. Send status unknown; execution status unknown.',
  },
  errorBeforeAccept: {
    status: 503,
    code: -1008,
    message:
      'Server is currently overloaded with other requests. Please try again in a few minutes.',
  },
  errorAfterAccept: {
    status: 503,
    code: -1006,
    message: 'An unexpected response was received from the message bus. Execution status unknown.',
  },
  maintenance: { status: 503, code: -1016, message: 'This service is no longer available.' },
  partialOutage: {
    status: 500,
    code: -1001,
    message: 'Internal error; unable to process your request. Please try again.',
  },
};

export class FaultBox implements Faults {
  readonly #nowMs: () => number;
  readonly #after: After;
  readonly #random: Random;
  readonly #rules: Rule[] = [];
  #lastId = 0;
  /** Events held back for reordering, and when they must go. */
  #held: (() => void)[] = [];
  #callOffHeld: (() => void) | undefined;
  readonly #delayed = new Set<() => void>();
  readonly #timers = new Set<() => void>();
  #onDrop: () => void = () => undefined;
  #onSkew: (skewMs: number) => void = () => undefined;

  constructor(options: {
    readonly seed: string;
    readonly nowMs: () => number;
    /** Real timers by default. */
    readonly after?: After;
  }) {
    this.#nowMs = options.nowMs;
    this.#after = options.after ?? systemAfter;
    this.#random = Random.fromSeed(`${options.seed} faults`);
  }

  /** Who cuts all sockets, and who turns the clock. */
  attach(hands: { readonly drop: () => void; readonly skew: (skewMs: number) => void }): void {
    this.#onDrop = hands.drop;
    this.#onSkew = hands.skew;
  }

  /** Arms a fault, or says what is wrong with the request for it. */
  arm(
    request: FaultRequest,
  ):
    | { readonly ok: true; readonly fault: ArmedFault }
    | { readonly ok: false; readonly reason: string } {
    const reason = refuseRequest(request);
    if (reason !== undefined) return { ok: false, reason };
    this.#dropExpired();
    if (this.#rules.length >= ARMED_MAX) {
      return { ok: false, reason: `expected at most ${ARMED_MAX} armed faults` };
    }
    this.#lastId += 1;
    const rule: Rule = {
      faultId: this.#lastId,
      request,
      armedAtMs: this.#nowMs(),
      path: request.path === undefined ? undefined : pathPattern(request.path),
      skip: request.skip ?? 0,
      struck: 0,
    };
    this.#rules.push(rule);
    this.#begin(rule);
    return { ok: true, fault: describe(rule) };
  }

  list(): readonly ArmedFault[] {
    this.#dropExpired();
    return this.#rules.map(describe);
  }

  /** Disarms one fault, or all. Events it held back go out. True when there was one. */
  clear(faultId?: number): boolean {
    const before = this.#rules.length;
    for (let index = this.#rules.length - 1; index >= 0; index -= 1) {
      if (faultId === undefined || this.#rules[index]?.faultId === faultId) {
        this.#rules.splice(index, 1);
      }
    }
    if (this.#live('reorderEvents').length === 0) this.#release();
    this.#turnClock();
    return this.#rules.length < before;
  }

  /** Forgets everything and stops all timers. */
  close(): void {
    this.#rules.length = 0;
    for (const callOff of [...this.#delayed, ...this.#timers]) callOff();
    this.#callOffHeld?.();
    this.#held = [];
  }

  beforeRequest(request: { readonly method: string; readonly path: string }): RequestVerdict {
    if (this.#rules.length === 0) return PASS;
    for (const kind of ['maintenance', 'errorBeforeAccept', 'partialOutage'] as const) {
      const rule = this.#strike(kind, request);
      if (rule === undefined) continue;
      return rule.request.mode === 'hang' ? { kind: 'hang' } : answerOf(rule.request);
    }
    return PASS;
  }

  afterRequest(request: { readonly method: string; readonly path: string }): RequestVerdict {
    if (this.#rules.length === 0) return PASS;
    const timeout = this.#strike('acceptThenTimeout', request);
    if (timeout !== undefined) {
      return timeout.request.mode === 'answer' ? answerOf(timeout.request) : { kind: 'hang' };
    }
    const failed = this.#strike('errorAfterAccept', request);
    if (failed === undefined) return PASS;
    return failed.request.mode === 'hang' ? { kind: 'hang' } : answerOf(failed.request);
  }

  userEvent(deliver: () => void): void {
    if (this.#rules.length === 0 && this.#held.length === 0) {
      deliver();
      return;
    }
    const deliveries =
      this.#strike('duplicateEvents') === undefined ? [deliver] : [deliver, deliver];
    const delay = this.#strike('delayEvents');
    for (const one of deliveries) {
      if (delay === undefined) this.#order(one);
      else this.#later(one, delay.request.delayMs ?? DEFAULT_DELAY_MS);
    }
  }

  isSilent(): boolean {
    return this.#rules.length > 0 && this.#live('silentSockets').length > 0;
  }

  /** True while no new socket may open. */
  refusesSockets(): boolean {
    if (this.#rules.length === 0) return false;
    return this.#live('maintenance').length > 0 || this.#live('dropSockets').length > 0;
  }

  #begin(rule: Rule): void {
    const { kind, durationMs } = rule.request;
    if (kind === 'dropSockets') {
      rule.struck = 1;
      this.#onDrop();
      if (durationMs === undefined) this.#remove(rule);
    }
    if (kind === 'maintenance') this.#onDrop();
    if (kind === 'clockSkew') this.#turnClock();
    if (durationMs === undefined) return;
    const callOff = this.#after(durationMs, () => {
      this.#timers.delete(callOff);
      this.#dropExpired();
      this.#turnClock();
      if (this.#live('reorderEvents').length === 0) this.#release();
    });
    this.#timers.add(callOff);
  }

  #turnClock(): void {
    const skews = this.#live('clockSkew');
    this.#onSkew(skews.reduce((sum, rule) => sum + (rule.request.skewMs ?? 0), 0));
  }

  #live(kind: FaultKind): readonly Rule[] {
    const nowMs = this.#nowMs();
    return this.#rules.filter((rule) => rule.request.kind === kind && !isOver(rule, nowMs));
  }

  #dropExpired(): void {
    const nowMs = this.#nowMs();
    for (const rule of [...this.#rules]) if (isOver(rule, nowMs)) this.#remove(rule);
  }

  #remove(rule: Rule): void {
    const index = this.#rules.indexOf(rule);
    if (index !== -1) this.#rules.splice(index, 1);
  }

  /** The first live fault of a kind that strikes now, counted. */
  #strike(
    kind: FaultKind,
    request?: { readonly method: string; readonly path: string },
  ): Rule | undefined {
    for (const rule of this.#live(kind)) {
      if (request !== undefined && !fits(rule, request)) continue;
      if (rule.skip > 0) {
        rule.skip -= 1;
        continue;
      }
      const share = rule.request.share ?? (kind === 'partialOutage' ? 0.5 : 1);
      if (share < 1 && !this.#random.chance(share)) continue;
      rule.struck += 1;
      if (rule.request.count !== undefined && rule.struck >= rule.request.count) this.#remove(rule);
      return rule;
    }
    return undefined;
  }

  #later(deliver: () => void, delayMs: number): void {
    if (this.#delayed.size >= HELD_EVENTS_MAX) {
      deliver();
      return;
    }
    const callOff = this.#after(delayMs, () => {
      this.#delayed.delete(callOff);
      this.#order(deliver);
    });
    this.#delayed.add(callOff);
  }

  /** Delivers now, or gathers for another order. */
  #order(deliver: () => void): void {
    const rule = this.#strike('reorderEvents');
    if (rule === undefined) {
      this.#release();
      deliver();
      return;
    }
    this.#held.push(deliver);
    if (this.#held.length >= (rule.request.window ?? DEFAULT_WINDOW)) {
      this.#release();
      return;
    }
    this.#callOffHeld ??= this.#after(rule.request.delayMs ?? DEFAULT_DELAY_MS, () =>
      this.#release(),
    );
  }

  /** Lets the gathered events go: never in the order in which they came. */
  #release(): void {
    this.#callOffHeld?.();
    this.#callOffHeld = undefined;
    const events = this.#held;
    this.#held = [];
    if (events.length === 0) return;
    let order = this.#random.shuffled(events);
    if (events.length > 1 && order.every((event, index) => event === events[index])) {
      order = order.toReversed();
    }
    for (const deliver of order) deliver();
  }
}

function isOver(rule: Rule, nowMs: number): boolean {
  const { durationMs } = rule.request;
  return durationMs !== undefined && nowMs >= rule.armedAtMs + durationMs;
}

function describe(rule: Rule): ArmedFault {
  const { faultId, armedAtMs, struck, request } = rule;
  return { ...request, faultId, armedAtMs, struck };
}

function fits(rule: Rule, request: { readonly method: string; readonly path: string }): boolean {
  const { method } = rule.request;
  if (method !== undefined && method.toUpperCase() !== request.method.toUpperCase()) return false;
  return rule.path === undefined || rule.path.test(request.path);
}

function pathPattern(path: string): RegExp {
  const escaped = path
    .split('*')
    .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*');
  return new RegExp(`^${escaped}$`);
}

function answerOf(request: FaultRequest): RequestVerdict {
  const usual = ANSWERS[request.kind];
  return {
    kind: 'respond',
    status: request.status ?? usual?.status ?? 500,
    body: {
      code: request.code ?? usual?.code ?? -1000,
      msg:
        request.message ??
        usual?.message ??
        'An unknown error occurred while processing the request.',
    },
  };
}

function refuseRequest(request: FaultRequest): string | undefined {
  if (!FAULT_KINDS.includes(request.kind)) {
    return `kind must be one of ${FAULT_KINDS.join(', ')}, was ${request.kind}`;
  }
  return (
    outOfRange('count', request.count, 1, COUNT_MAX) ??
    outOfRange('durationMs', request.durationMs, 1, SKEW_MS_MAX) ??
    outOfRange('skip', request.skip, 0, COUNT_MAX) ??
    outOfRange('status', request.status, 400, 599) ??
    outOfRange('delayMs', request.delayMs, 0, 600_000) ??
    outOfRange('window', request.window, 2, WINDOW_MAX) ??
    outOfRange('skewMs', request.skewMs, -SKEW_MS_MAX, SKEW_MS_MAX) ??
    shareOutOfRange(request.share) ??
    (request.kind === 'clockSkew' && request.skewMs === undefined
      ? 'clockSkew needs skewMs'
      : undefined)
  );
}

function outOfRange(
  name: string,
  value: number | undefined,
  least: number,
  most: number,
): string | undefined {
  if (value === undefined) return undefined;
  if (Number.isInteger(value) && value >= least && value <= most) return undefined;
  return `${name} must be a whole number from ${least} to ${most}, was ${value}`;
}

function shareOutOfRange(share: number | undefined): string | undefined {
  if (share === undefined || (share >= 0 && share <= 1)) return undefined;
  return `share must be from 0 to 1, was ${share}`;
}
