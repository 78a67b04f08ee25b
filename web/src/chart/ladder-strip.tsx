// SPDX-License-Identifier: Apache-2.0
// A deal's ladder on one line, to scale: deepest safety order on the left, take profit on the right.

import type { ReactElement } from 'react';

import type { Deal } from '../api/types.ts';
import { useStepsText } from '../language/steps-text.ts';
import './ladder-strip.css';

const EDGE = 2;

export function LadderStrip({ deal }: { readonly deal: Deal }): ReactElement {
  // Only places on a line are worked out here, so floats are fine.
  const steps = stepsOf(deal);
  const prices = [
    ...steps.map((step) => step.price),
    deal.takeProfitPrice,
    deal.stopLossPrice,
    deal.lastPrice,
    deal.averagePrice,
  ].flatMap((price) => (price === null ? [] : [Number(price)]));
  const least = Math.min(...prices);
  const span = Math.max(...prices) - least || 1;
  const place = (price: string): string =>
    `${EDGE + ((Number(price) - least) / span) * (100 - 2 * EDGE)}%`;
  const label = useStepsText()(deal);
  const { averagePrice, lastPrice } = deal;
  const isAbove = Number(lastPrice) >= Number(averagePrice);
  const isProfit = isAbove === (deal.direction === 'long');
  return (
    <div className="ladder-strip" role="img" aria-label={label} title={label}>
      <span className="ladder-strip-line" />
      {averagePrice !== null && lastPrice !== null ? (
        <span
          className={`ladder-strip-gap ${isProfit ? 'is-profit' : 'is-loss'}`}
          style={
            isAbove
              ? { left: place(averagePrice), right: `calc(100% - ${place(lastPrice)})` }
              : { left: place(lastPrice), right: `calc(100% - ${place(averagePrice)})` }
          }
        />
      ) : null}
      {steps.map((step) => (
        <span
          key={step.id}
          className={`ladder-strip-step is-${step.state}`}
          style={{ left: place(step.price) }}
        />
      ))}
      {deal.stopLossPrice === null ? null : (
        <span
          className="ladder-strip-mark is-stop-loss"
          style={{ left: place(deal.stopLossPrice) }}
        />
      )}
      {averagePrice === null ? null : (
        <span className="ladder-strip-mark is-average" style={{ left: place(averagePrice) }} />
      )}
      {deal.takeProfitPrice === null ? null : (
        <span
          className="ladder-strip-mark is-take-profit"
          style={{ left: place(deal.takeProfitPrice) }}
        />
      )}
      {lastPrice === null ? null : (
        <span className="ladder-strip-last" style={{ left: place(lastPrice) }} />
      )}
    </div>
  );
}

interface StripStep {
  readonly id: string;
  readonly price: string;
  readonly state: 'waiting' | 'placed' | 'filled' | 'rejected';
}

/** A ladder's steps, a grid's lines, a trade's entries and targets: wherever orders stand or will. */
function stepsOf(deal: Deal): readonly StripStep[] {
  const { details } = deal;
  if (details?.kind === 'grid') {
    return details.lines
      .filter((line) => line.side !== 'none')
      .map((line) => ({
        id: String(line.number),
        price: line.price,
        state: line.state === 'open' ? 'placed' : 'waiting',
      }));
  }
  if (details?.kind === 'trade') {
    return details.steps.flatMap((step) => {
      const price = step.price ?? step.trigger;
      if (price === null || step.state === 'cancelled' || step.state === 'failed') return [];
      const state =
        step.state === 'filled' ? 'filled' : step.state === 'placed' ? 'placed' : 'waiting';
      return [{ id: `${step.purpose} ${step.number}`, price, state }];
    });
  }
  return deal.ladder.map((step) => ({
    id: String(step.index),
    price: step.price,
    state: step.state,
  }));
}
