// SPDX-License-Identifier: Apache-2.0
// Runs seeds by hand, and as a worker the seeds it is sent:
//
//   node test/simulation/main.ts --seed 17              one run; says what was broken, if anything
//   node test/simulation/main.ts --seed 17 --trace      with its whole story
//   node test/simulation/main.ts --seed 17 --shrink     what of its plan is needed for the failure
//   node test/simulation/main.ts --from 1 --runs 1000   many, on --workers 2; one line for each that fails

import { createHash } from 'node:crypto';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort } from 'node:worker_threads';
import { planOf, type Plan } from './plan.ts';
import { failureLine, runSeeds, totalsOf, type SeedRequest } from './seeds.ts';
import { shrink } from './shrink.ts';
import { happeningText, runPlan, type RunResult } from './world.ts';

if (isMainThread) process.exitCode = await main();
else {
  parentPort?.on('message', (request: SeedRequest) => {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    void answer(request).then((result) => parentPort?.postMessage(result));
  });
}

async function answer({ seed, isTold }: SeedRequest): Promise<RunResult> {
  if (!isTold) return runPlan(planOf(seed));
  const hash = createHash('sha256');
  let lines = 0;
  const tell = (line: string): void => {
    hash.update(`${line}\n`);
    lines += 1;
  };
  const result = await runPlan(planOf(seed), { tell });
  return { ...result, story: `${lines} lines, ${hash.digest('hex')}` };
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' },
      trace: { type: 'boolean', default: false },
      shrink: { type: 'boolean', default: false },
      from: { type: 'string', default: '1' },
      runs: { type: 'string', default: '100' },
      workers: { type: 'string', default: '2' },
    },
  });
  if (values.seed === undefined) {
    return runMany(Number(values.from), Number(values.runs), Number(values.workers));
  }
  const plan = planOf(Number(values.seed));
  if (values.shrink) return showSmallest(plan);
  const result = await runPlan(plan, values.trace ? { tell: say } : {});
  say(failureLine(result));
  if (result.violation !== null) say(result.violation.message);
  return result.violation === null ? 0 : 1;
}

async function runMany(from: number, runs: number, workers: number): Promise<number> {
  const startedAt = performance.now();
  const results = await runSeeds({
    from,
    runs,
    workers,
    onResult: (result) => {
      if (result.violation !== null) say(failureLine(result));
    },
  });
  const seconds = (performance.now() - startedAt) / 1000;
  const failed = results.filter(({ violation }) => violation !== null).length;
  say(JSON.stringify(totalsOf(results)));
  say(
    `${runs} runs, ${failed} failed, ${seconds.toFixed(0)} s, ${(runs / seconds).toFixed(1)} runs/s`,
  );
  return failed === 0 ? 0 : 1;
}

async function showSmallest(plan: Plan): Promise<number> {
  const { violation } = await runPlan(plan);
  if (violation === null) {
    say(`seed ${plan.seed} holds`);
    return 0;
  }
  say(`${violation.rule}: ${violation.message}`);
  const smallest = await shrink(plan, violation.rule, (candidate) => runPlan(candidate), say);
  for (const settings of smallest.firstBots) say(`bot ${JSON.stringify(settings)}`);
  for (const happening of smallest.happenings) {
    say(`${(happening.at / 1000).toFixed(3).padStart(9)}  ${happeningText(happening)}`);
  }
  await runPlan(smallest, { tell: say });
  return 1;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
