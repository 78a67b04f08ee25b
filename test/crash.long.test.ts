// SPDX-License-Identifier: Apache-2.0
// kill -9 at every single moment at which server, signer and egress write or send during a scripted deal. Writes the
// table of results to docs/crash-points.md. With KONTOR_CRASH_STRIDE=7 only every seventh moment is tried.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ProcessName } from '../cli/src/supervisor.ts';
import { runScript, type CrashOutcome } from './crash.ts';

interface Tally {
  readonly process: ProcessName;
  readonly moments: number;
  killed: number;
  kept: number;
  same: number;
}

/** Desks that run beside each other; each waits most of its time. */
const AT_ONCE = 3;
/** From one moment that is tried to the next; 1 tries every one. */
const STRIDE = Number(process.env['KONTOR_CRASH_STRIDE'] ?? '1');

test(
  '[R10] kill -9 at every moment loses no deal and doubles no order',
  { concurrency: AT_ONCE },
  async (t) => {
    let reference: CrashOutcome | undefined;
    await t.test('without a kill', async (t) => {
      reference = await runScript(t, null);
    });
    assert.ok(reference !== undefined);
    const { moments, fills } = reference;
    const tallies: Tally[] = [];
    const failures: string[] = [];
    const runs: Promise<void>[] = [];
    for (const name of ['server', 'signer', 'egress'] as const) {
      const tally: Tally = { process: name, moments: moments[name], killed: 0, kept: 0, same: 0 };
      tallies.push(tally);
      for (let at = 1; at <= moments[name]; at += STRIDE) {
        const run = t.test(`${name} at moment ${at}`, async (t) => {
          try {
            const outcome = await runScript(t, { process: name, at });
            if (!outcome.wasKilled) return;
            tally.killed += 1;
            tally.kept += 1;
            if (JSON.stringify(outcome.fills) === JSON.stringify(fills)) tally.same += 1;
          } catch (error) {
            tally.killed += 1;
            failures.push(
              `${name} ${at}: ${error instanceof Error ? error.message : String(error)}`,
            );
            throw error;
          }
        });
        runs.push(run);
      }
    }
    await Promise.all(runs);
    writeFileSync(
      join(import.meta.dirname, '..', 'docs', 'crash-points.md'),
      table(tallies, failures),
    );
  },
);

function table(tallies: readonly Tally[], failures: readonly string[]): string {
  const rows = tallies.map(
    ({ process: name, moments, killed, kept, same }) =>
      `| ${name} | ${moments} | ${killed} | ${kept} | ${killed - kept} | ${same} |`,
  );
  return `# Crash points

Written by \`npm run test:long\` (test/crash.long.test.ts). A scripted deal (base order, safety orders, take profit) is
walked on a whole desk. In each run one process is killed with SIGKILL at one moment: before or after a commit, a write
or sync of a file, or a write to a socket. Then the script goes on, and at its end exchange and journal are compared:
every fill in both, every order known, no ID used twice, no order left open, no step of the ladder bought twice, the
deal complete, no coins left.
${STRIDE === 1 ? 'Every moment was tried.' : `One moment in ${STRIDE} was tried.`}

| process | moments | killed at | nothing lost or doubled | something lost or doubled | same fills as without a kill |
| --- | --- | --- | --- | --- | --- |
${rows.join('\n')}

${failures.length === 0 ? 'No failure.' : failures.map((failure) => `- ${failure}`).join('\n')}
`;
}
