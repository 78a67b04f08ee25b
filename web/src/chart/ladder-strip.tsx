// SPDX-License-Identifier: Apache-2.0
// A deal's ladder on one line, to scale: deepest safety order on the left, take profit on the right.

import type { ReactElement } from 'react';

import type { Deal } from '../api/types.ts';
import { useLanguage } from '../language/language.tsx';
import './ladder-strip.css';

const EDGE = 2;

export function LadderStrip({ deal }: { readonly deal: Deal }): ReactElement {
  const { text, format } = useLanguage();
  // Only places on a line are worked out here, so floats are fine.
  const prices = [
    ...deal.ladder.map((step) => step.price),
    deal.takeProfitPrice,
    deal.stopLossPrice,
    deal.lastPrice,
    deal.averagePrice,
  ].flatMap((price) => (price === null ? [] : [Number(price)]));
  const least = Math.min(...prices);
  const span = Math.max(...prices) - least || 1;
  const place = (price: string): string =>
    `${EDGE + ((Number(price) - least) / span) * (100 - 2 * EDGE)}%`;
  const safetyOrders = deal.ladder.filter((step) => step.index > 0);
  const label = text.deal.safetyFilled(
    format.integer(deal.filledSafetyOrders),
    format.integer(safetyOrders.length),
  );
  const { averagePrice, lastPrice } = deal;
  return (
    <div className="ladder-strip" role="img" aria-label={label} title={label}>
      <span className="ladder-strip-line" />
      {averagePrice !== null && lastPrice !== null ? (
        <span
          className={`ladder-strip-gap ${Number(lastPrice) >= Number(averagePrice) ? 'is-profit' : 'is-loss'}`}
          style={
            Number(lastPrice) >= Number(averagePrice)
              ? { left: place(averagePrice), right: `calc(100% - ${place(lastPrice)})` }
              : { left: place(lastPrice), right: `calc(100% - ${place(averagePrice)})` }
          }
        />
      ) : null}
      {deal.ladder.map((step) => (
        <span
          key={step.index}
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
