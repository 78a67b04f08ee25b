// SPDX-License-Identifier: Apache-2.0
// Whether a key's list of addresses is real: one read from an address that is not on it, between two from the ordinary one.
// The exchange's own answers decide, which come from egress; the server only asks for one step after the other.

import { readProbe } from '../binance/permissions.ts';
import type { KeyIntent } from '../binance/requests.ts';
import type { Entry } from '../log/intent-log.ts';
import type { BindDoubt, LifeFacts } from './state.ts';

export type ProbeIntent = Extract<KeyIntent, { kind: 'probeAddress' }>;
type Step = ProbeIntent['step'];

/** From one step's answer to the next step: what the exchange says of a key must not have changed meanwhile. */
const STEP_MS_MAX = 10_000;
/** A step without a word from egress is forgotten after this: egress would have given up on it long ago. */
const ANSWER_MS_MAX = 30_000;
/** Between two probes of one connection. An exchange may count what it refuses. */
const PAUSE_MS = 60_000;

interface Round {
  readonly step: Step;
  /** The request that egress has, or null once it is answered as it must be for the next step. */
  readonly asked: number | null;
  /** On the window clock. */
  readonly since: number;
}

/** Now, on both clocks. */
interface ProbeTime {
  readonly time: number;
  readonly window: number;
}

const BEFORE: Readonly<Record<Step, Step | null>> = {
  before: null,
  second: 'before',
  after: 'second',
};

export class AddressProbes {
  readonly #rounds = new Map<string, Round>();

  /** Why a step may not be taken now, or null. */
  objectionTo(
    { connection, step }: ProbeIntent,
    facts: LifeFacts,
    { time, window }: ProbeTime,
  ): string | null {
    if (facts.checked?.isIpRestricted !== true) {
      return 'expected a key that the exchange says is bound to addresses, found one that it lets work from every address, or that was not checked';
    }
    const round = this.#roundOf(connection, window);
    if (step === 'before') {
      if (round !== undefined) return 'expected no probe of this connection under way, found one';
      const sinceMs = Math.abs(time - (facts.probedAt ?? Number.NEGATIVE_INFINITY));
      return sinceMs >= PAUSE_MS
        ? null
        : `expected ${PAUSE_MS / 1_000} s between two probes of a connection, found ${Math.floor(sinceMs / 1_000)} s`;
    }
    return round?.step === BEFORE[step] && round.asked === null
      ? null
      : `expected the step ${String(BEFORE[step])} answered within ${STEP_MS_MAX / 1_000} s, found none`;
  }

  /** A step is signed. */
  begin({ id, connection, step }: ProbeIntent, window: number): void {
    this.#rounds.set(connection, { step, asked: id, since: window });
  }

  /** A step did not leave the signer. */
  abandon({ connection }: ProbeIntent): void {
    this.#rounds.delete(connection);
  }

  /** The entry that the exchange's answer to a step makes; null while there is nothing to say yet. */
  onAnswer(
    { id, connection, step }: ProbeIntent,
    { status, body }: { readonly status: number; readonly body: string },
    { time, window }: ProbeTime,
  ): Entry | null {
    if (this.#rounds.get(connection)?.asked !== id) return null;
    this.#rounds.delete(connection);
    const { found, words } = readProbe(status, body);
    if (step === 'second' && found === 'taken') return holding(connection, 'bindNotReal', time);
    const isAsHoped = found === (step === 'second' ? 'refused' : 'taken');
    if (!isAsHoped) {
      // Before the second address was used at all there is nothing that anybody would wonder about later.
      if (step === 'before') return null;
      const reason = step === 'second' ? 'otherAnswer' : 'ordinaryRefused';
      return doubting(connection, { reason, words }, time);
    }
    if (step === 'after') return holding(connection, 'bindHolds', time);
    this.#rounds.set(connection, { step, asked: null, since: window });
    return null;
  }

  /** The entry of a step that ended without an answer; null where it had one. */
  onNoAnswer({ id, connection, step }: ProbeIntent, time: number): Entry | null {
    if (this.#rounds.get(connection)?.asked !== id) return null;
    this.#rounds.delete(connection);
    if (step === 'before') return null;
    const reason = step === 'second' ? 'noAnswer' : 'ordinaryRefused';
    return doubting(connection, { reason, words: 'no answer' }, time);
  }

  #roundOf(connection: string, window: number): Round | undefined {
    const round = this.#rounds.get(connection);
    if (round === undefined) return undefined;
    const msMax = round.asked === null ? STEP_MS_MAX : ANSWER_MS_MAX;
    if (window - round.since <= msMax) return round;
    this.#rounds.delete(connection);
    return undefined;
  }
}

function holding(connection: string, result: 'bindHolds' | 'bindNotReal', time: number): Entry {
  return { time, kind: 'perm.check', fields: { connection, result } };
}

function doubting(
  connection: string,
  { reason, words }: { readonly reason: BindDoubt; readonly words: string },
  time: number,
): Entry {
  const fields = { connection, result: 'bindUnknown', reason, words };
  return { time, kind: 'perm.check', fields };
}
