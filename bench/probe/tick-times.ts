// SPDX-License-Identifier: Apache-2.0
// Loaded into a server (`--import …/tick-times.ts?file=FILE`): writes to FILE, every second, how long it took from each
// price that was read to the cancel that it asked for, how late the event loop was, and how many prices came.
//
// Bots without safety orders cancel for one reason only: a price at or below their stop loss. Both happen before the
// next price is read, so a cancel belongs to the last price of its symbol.

import { writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Links } from '../../server/src/link/links.ts';
import { BotRunner } from '../../server/src/runner/bot-runner.ts';

/** What the file holds; times in ms. */
export interface TickTimes {
  readonly ticks: number;
  readonly seconds: number;
  readonly times: readonly number[];
  readonly loopDelayP99: number;
}

const MOST = 200_000;
const WRITE_EVERY_MS = 1_000;

const file = new URL(import.meta.url).searchParams.get('file');
const readAt = new Map<string, number>();
const times: number[] = [];
const loop = monitorEventLoopDelay({ resolution: 1 });
let ticks = 0;
let startedAt = performance.now();

const { onTrade } = BotRunner.prototype;
Reflect.set(
  BotRunner.prototype,
  'onTrade',
  function timedTrade(this: BotRunner, ...given: Parameters<typeof onTrade>): void {
    readAt.set(given[0], performance.now());
    ticks += 1;
    onTrade.apply(this, given);
  },
);

const { submit } = Links.prototype;
Reflect.set(
  Links.prototype,
  'submit',
  function timedSubmit(this: Links, ...given: Parameters<typeof submit>): unknown {
    const result = submit.apply(this, given);
    const [intent] = given;
    if (intent.kind === 'cancelOrder' && times.length < MOST) {
      const at = readAt.get(intent.symbol);
      if (at !== undefined) times.push(performance.now() - at);
    }
    return result;
  },
);

/** What came before, while the desk was set up, does not count. */
process.on('SIGUSR2', () => {
  ticks = 0;
  times.length = 0;
  startedAt = performance.now();
  loop.reset();
  loop.enable();
});

setInterval(() => {
  if (file === null) return;
  const measured: TickTimes = {
    ticks,
    seconds: (performance.now() - startedAt) / 1000,
    times,
    loopDelayP99: loop.percentile(99) / 1e6,
  };
  writeFileSync(file, JSON.stringify(measured));
}, WRITE_EVERY_MS).unref();
