// SPDX-License-Identifier: Apache-2.0
// How the server takes the signer through a probe from the second address.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConnectionInfo, ProbeStep } from '@kontor/signer';
import { probeAddress, type Probed } from '../src/connections/address-probe.ts';
import type { Outcome } from '../src/link/links.ts';
import { connectionInfo } from './connection-info.ts';

const CONNECTION = 'c_ABCDEF2';
const START = 1_793_491_200_000;
const INFO = connectionInfo(START, { connection: CONNECTION, checkedAt: START });
const EARLY: Outcome = { kind: 'refused', rule: 'address-probe', reason: 'too early' };
const LOST: Outcome = {
  ...{ kind: 'failed', certainty: 'notSent', signedUntil: 0 },
  reason: 'no connection: the proxy: ECONNREFUSED',
};

function answered(status: number): Outcome {
  return { kind: 'answered', status, body: '{}', signedUntil: 0, pace: { orderCounts: [] } };
}

/** Gives the steps these outcomes in turn; what the signer has concluded shows after so many looks. */
async function probe(
  outcomes: readonly Outcome[],
  found: Partial<ConnectionInfo>,
  looks = 0,
): Promise<{ readonly asked: readonly ProbeStep[]; readonly probed: Probed }> {
  const asked: ProbeStep[] = [];
  let looked = 0;
  const probed = await probeAddress(
    {
      links: {
        submit: async (intent) => {
          assert.ok(intent.kind === 'probeAddress' && intent.connection === CONNECTION);
          asked.push(intent.step);
          return outcomes[asked.length - 1] ?? assert.fail('one step too many');
        },
      },
      time: { now: () => START, pause: async () => undefined },
      connections: async () => {
        looked += 1;
        return [looked > looks ? { ...INFO, ...found } : INFO];
      },
      signal: new AbortController().signal,
    },
    CONNECTION,
  );
  return { asked, probed };
}

test('[Y231] the steps follow each other, and the signer’s word is waited for', async () => {
  const bind = { verdict: 'holds', seenAt: START } as const;
  const { asked, probed } = await probe([answered(200), answered(401), answered(200)], { bind }, 3);
  assert.deepEqual(asked, ['before', 'second', 'after']);
  assert.deepEqual(probed, { ok: true, connection: { ...INFO, bind } });
});

test('[Y231] a read that was taken needs no third one; a step that is early is asked for again', async () => {
  const bind = { verdict: 'notReal', seenAt: START } as const;
  const { asked, probed } = await probe([answered(200), EARLY, EARLY, answered(200)], { bind });
  assert.deepEqual(asked, ['before', 'second', 'second', 'second']);
  assert.ok(probed.ok && probed.connection.bind?.verdict === 'notReal');
});

test('[Y231] where the ordinary way fails, nothing is sent by the second address', async () => {
  for (const [first, reason] of [
    [answered(401), /HTTP 401 to the read from the ordinary address/],
    [LOST, /ECONNREFUSED/],
    [EARLY, /too early/],
  ] as const) {
    const { asked, probed } = await probe([first], {});
    assert.deepEqual(asked, ['before']);
    assert.ok(!probed.ok);
    assert.match(probed.reason, reason);
  }
});

test('[Y231] what keeps the second read from going out is told in egress’s words, also where the signer is silent', async () => {
  const bindDoubt = { at: START, reason: 'noAnswer', words: 'no answer' } as const;
  for (const found of [{ bindDoubt }, {}]) {
    const { asked, probed } = await probe([answered(200), LOST], found);
    assert.deepEqual(asked, ['before', 'second']);
    assert.deepEqual(probed, { ok: false, reason: 'no connection: the proxy: ECONNREFUSED' });
  }
  const old = { verdict: 'holds', seenAt: START - 60_000 } as const;
  const early = Array.from({ length: 21 }, () => EARLY);
  const silent = await probe([answered(200), answered(500), ...early], { bind: old });
  assert.ok(!silent.probed.ok, 'what was seen earlier is no word on this');
});
