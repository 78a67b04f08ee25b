// SPDX-License-Identifier: Apache-2.0
// A smart trade whose decisions would go on and on.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Turn } from '../src/bot/turn.ts';
import { priceTicks, step } from '../src/index.ts';
import { advanceTrade, tradeTimer } from '../src/smart-trade/flow.ts';
import { tradeBot } from './trade-script.ts';

test('[P49] decisions that do not come to rest are said, and taken up again five seconds later', () => {
  const state = tradeBot();
  const quote = { bid: priceTicks(9_999), ask: priceTicks(10_000), last: priceTicks(10_000) };
  step(state, { kind: 'command', time: 1_000, command: { kind: 'start' } });
  step(state, { kind: 'quote', time: 1_000, symbol: 'COINUSDT', quote });
  const [deal] = state.deals;
  assert.ok(deal !== undefined);
  // The entry failed: the trade looks at what is left, and then ends. That is a decision more than allowed here.
  deal.orders = [];
  for (const entry of deal.entries) entry.phase = { kind: 'ended', how: 'failed' };
  const turn = new Turn(2_000, 'k-', 'active');
  advanceTrade(turn, deal, null, 1);
  assert.equal(deal.phase.kind, 'running');
  const said = turn.effects.flatMap((effect) => (effect.kind === 'notify' ? [effect.note] : []));
  assert.deepEqual(
    said.map(({ kind, values }) => [kind, values['until']]),
    [['dealPaused', '7000']],
  );
  assert.match(said[0]?.values['reason'] ?? '', /did not come to rest within 1 decisions/);
  assert.equal(tradeTimer(new Turn(6_999, 'k-', 'active'), deal, 'deal:1:refit'), false);
  const later = new Turn(7_000, 'k-', 'active');
  assert.equal(tradeTimer(later, deal, 'deal:1:refit'), true);
  assert.equal(deal.phase.kind, 'ended');
});
