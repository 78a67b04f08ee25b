// SPDX-License-Identifier: Apache-2.0
// Finds what of a failing plan is needed for its failure: drops happenings and bots as long as it still fails alike.

import type { Plan } from './plan.ts';
import type { RunResult } from './world.ts';

/** `plan` with as little in it as still breaks `rule`; `tell` hears of each step. */
export async function shrink(
  plan: Plan,
  rule: string,
  run: (plan: Plan) => Promise<RunResult>,
  tell: (line: string) => void,
): Promise<Plan> {
  const isFailing = async (candidate: Plan): Promise<boolean> =>
    (await run(candidate)).violation?.rule === rule;
  let smallest = plan;
  for (;;) {
    const before = sizeOf(smallest);
    smallest = await dropParts(smallest, 'happenings', isFailing);
    smallest = await dropParts(smallest, 'firstBots', isFailing);
    tell(`${smallest.happenings.length} happenings and ${smallest.firstBots.length} bots are left`);
    if (sizeOf(smallest) === before) return smallest;
  }
}

/** Drops halves, then quarters, and so on down to single entries. */
async function dropParts(
  plan: Plan,
  part: 'happenings' | 'firstBots',
  isFailing: (plan: Plan) => Promise<boolean>,
): Promise<Plan> {
  let kept = plan;
  for (
    let length = Math.ceil(plan[part].length / 2);
    length >= 1;
    length = Math.floor(length / 2)
  ) {
    for (let at = 0; at < kept[part].length;) {
      const rest: readonly unknown[] = kept[part].toSpliced(at, length);
      const candidate: Plan = { ...kept, [part]: rest };
      if (await isFailing(candidate)) kept = candidate;
      else at += length;
    }
  }
  return kept;
}

function sizeOf(plan: Plan): number {
  return plan.happenings.length + plan.firstBots.length;
}
