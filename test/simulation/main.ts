// SPDX-License-Identifier: Apache-2.0
// Runs seeds by hand:
//
//   node test/simulation/main.ts --seed 17              one run; says what was broken, if anything
//   node test/simulation/main.ts --seed 17 --trace      with its whole story
//   node test/simulation/main.ts --from 1 --runs 1000   many, one line for each that fails

import { parseArgs } from 'node:util';
import { planOf } from './plan.ts';
import { runPlan } from './world.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    trace: { type: 'boolean', default: false },
    from: { type: 'string', default: '1' },
    runs: { type: 'string', default: '1' },
  },
});

const from = Number(values.seed ?? values.from);
const runs = values.seed === undefined ? Number(values.runs) : 1;
const startedAt = performance.now();
let failed = 0;
const totals: Record<string, number> = {};
for (let seed = from; seed < from + runs; seed += 1) {
  const result = await runPlan(
    planOf(seed),
    values.trace ? (line) => process.stdout.write(`${line}\n`) : undefined,
  );
  for (const [name, count] of Object.entries(result.counts)) {
    totals[name] = (totals[name] ?? 0) + count;
  }
  totals['happenings'] = (totals['happenings'] ?? 0) + result.happenings;
  if (result.violation === null) continue;
  failed += 1;
  const { rule, message, at } = result.violation;
  process.stdout.write(
    `seed ${seed}: ${rule} at ${(at / 1000).toFixed(1)} s: ${message.split('\n', 3).join(' | ').slice(0, 400)}\n`,
  );
}
const seconds = (performance.now() - startedAt) / 1000;
process.stdout.write(
  `${runs} runs, ${failed} failed, ${seconds.toFixed(1)} s, ${(runs / seconds).toFixed(2)} runs/s ${JSON.stringify(totals)}\n`,
);
