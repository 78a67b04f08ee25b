// SPDX-License-Identifier: Apache-2.0
// kill -9 at a seeded sample of the moments at which server, signer and egress write or send. All of them:
// crash.long.test.ts, whose table is docs/crash-points.md.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runScript, type CrashOutcome } from './crash.ts';

const SEED = 20_261_122;
const SAMPLE = { server: 4, signer: 2, egress: 2 } as const;

test(`[R10] kill -9 at a sample of moments loses no deal and doubles no order (seed ${SEED})`, async (t) => {
  let reference: CrashOutcome | undefined;
  await t.test('without a kill', async (t) => {
    reference = await runScript(t, null);
    assert.ok(reference.fills.length >= 4, `the script fills ${reference.fills.length} orders`);
    t.diagnostic(`moments: ${JSON.stringify(reference.moments)}`);
  });
  let state = SEED;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  for (const process of ['server', 'signer', 'egress'] as const) {
    for (let index = 0; index < SAMPLE[process]; index += 1) {
      const at = 1 + Math.floor(random() * (reference?.moments[process] ?? 1));
      await t.test(`${process} at moment ${at}`, async (t) => {
        const outcome = await runScript(t, { process, at });
        assert.ok(outcome.wasKilled, 'the process was never killed');
        assert.deepEqual(outcome.fills, reference?.fills);
      });
    }
  }
});
