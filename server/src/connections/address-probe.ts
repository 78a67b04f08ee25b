// SPDX-License-Identifier: Apache-2.0
// Takes the signer through the steps of a probe from the second address. It decides nothing: what the exchange's answers
// prove the signer reads from its own copies, and says with the connection.

import type { ConnectionInfo, ProbeStep } from '@kontor/signer';
import type { Links, Outcome } from '../link/links.ts';
import type { Time } from '../time.ts';

export interface ProbePorts {
  readonly links: Pick<Links, 'submit'>;
  readonly time: Pick<Time, 'now' | 'pause'>;
  /** How the signer's connections stand now. */
  readonly connections: () => Promise<readonly ConnectionInfo[]>;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
}

export type Probed =
  | { readonly ok: true; readonly connection: ConnectionInfo }
  | { readonly ok: false; readonly rule?: string; readonly reason: string };

/** The signer's rule by which a step is too early, or no step at all. */
const TOO_EARLY = 'address-probe';
/** How long the signer may take to read a copy of the answer that the desk has already. */
const TRIES = 20;
const PAUSE_MS = 25;
/** Clocks of two processes of one machine, and rounding. */
const SLACK_MS = 1_000;

/** Sends one read by the second address between two by the ordinary way, and tells how the connection then stands. */
export async function probeAddress(ports: ProbePorts, connection: string): Promise<Probed> {
  const { time, signal } = ports;
  const before = await ports.links.submit({ kind: 'probeAddress', connection, step: 'before' });
  if (before.kind !== 'answered') return faultOf(before);
  if (before.status !== 200) {
    const reason = `the exchange answered HTTP ${before.status} to the read from the ordinary address, so that nothing was sent from the second one`;
    return { ok: false, reason };
  }
  const asked = time.now();
  const second = await stepOn(ports, connection, 'second');
  if (second.kind === 'refused') return faultOf(second);
  if (second.kind === 'answered' && second.status !== 200) await stepOn(ports, connection, 'after');
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const infos = await ports.connections();
    const info = infos.find((each) => each.connection === connection);
    const seenAt = Math.max(info?.bind?.seenAt ?? 0, info?.bindDoubt?.at ?? 0);
    if (info !== undefined && seenAt >= asked - SLACK_MS) {
      return second.kind === 'failed' ? faultOf(second) : { ok: true, connection: info };
    }
    await time.pause(PAUSE_MS, signal);
  }
  return second.kind === 'failed'
    ? faultOf(second)
    : { ok: false, reason: 'the exchange said nothing that the signer could read' };
}

/** The answer to the step before reaches signer and desk by two ways: the signer may have its own a moment later. */
async function stepOn(
  { links, time, signal }: ProbePorts,
  connection: string,
  step: ProbeStep,
): Promise<Outcome> {
  for (let attempt = 0; ; attempt += 1) {
    const outcome = await links.submit({ kind: 'probeAddress', connection, step });
    const isEarly = outcome.kind === 'refused' && outcome.rule === TOO_EARLY;
    if (!isEarly || attempt >= TRIES) return outcome;
    await time.pause(PAUSE_MS, signal);
  }
}

function faultOf(outcome: Exclude<Outcome, { kind: 'answered' }>): Probed {
  return outcome.kind === 'refused'
    ? { ok: false, rule: outcome.rule, reason: outcome.reason }
    : { ok: false, reason: outcome.reason };
}
