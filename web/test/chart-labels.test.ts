// SPDX-License-Identifier: Apache-2.0
// Labels of the chart: none covers another, and of many those stay that one reads a grid by.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { spread, type Label } from '../src/chart/levels-primitive.ts';
import type { LevelKind } from '../src/chart/levels.ts';

const SEED = 20_261_122;
const PITCH = 18;

function label(kind: LevelKind, lineY: number): Label {
  const text = String(lineY);
  return {
    level: {
      id: `${kind} ${text}`, kind, name: text, shortName: text, price: lineY, priceText: text, quantityText: '',
    },
    lineY,
    y: lineY,
  }; // prettier-ignore
}

test('[W64] a grid of forty lines keeps its ends and what stands beside its own line', () => {
  const lines = Array.from({ length: 40 }, (_, index) =>
    label(index < 20 ? 'sell' : 'order', 20 + index * 9),
  );
  const shown = spread([...lines, label('average', 200)], 400);
  const ys = shown.map(({ lineY }) => lineY);
  assert.ok(ys.includes(20) && ys.includes(20 + 39 * 9), 'both ends have a label');
  assert.ok(shown.some(({ level }) => level.kind === 'average'));
  assert.ok(shown.some(({ level }) => level.kind === 'sell'));
  assert.ok(shown.length >= 15, `expected at least 15 labels, found ${shown.length}`);
  for (const { lineY, y } of shown) assert.ok(Math.abs(lineY - y) < PITCH, `${lineY} went to ${y}`);
});

test('[W64] few labels all stay, moved apart', () => {
  const shown = spread(
    [100, 101, 102, 103, 104].map((y) => label('waiting', y)),
    400,
  );
  assert.equal(shown.length, 5);
});

test('[W64] labels never cover each other, and stay inside the pane', () => {
  const kinds: readonly LevelKind[] = [
    'takeProfit',
    'stopLoss',
    'average',
    'order',
    'sell',
    'waiting',
  ];
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom(...kinds), fc.integer({ min: 0, max: 300 })), {
        maxLength: 60,
      }),
      (given) => {
        const shown = spread(
          given.map(([kind, y]) => label(kind, y)),
          300,
        );
        for (const [index, { y }] of shown.entries()) {
          assert.ok(y > 0 && y < 300);
          const before = shown[index - 1];
          if (before !== undefined) assert.ok(y - before.y >= PITCH - 1e-9);
        }
      },
    ),
    { seed: SEED },
  );
});
