// SPDX-License-Identifier: Apache-2.0
// How far a deal has come, in the terms of its kind.

import { useCallback } from 'react';

import type { Deal } from '../api/types.ts';
import { useLanguage } from './language.tsx';

export function useStepsText(): (deal: Deal) => string {
  const { text, format } = useLanguage();
  return useCallback(
    (deal: Deal): string => {
      const { details } = deal;
      switch (details?.kind) {
        case 'grid':
          return text.deal.linesClosedCount({
            count: details.linesClosed,
            text: format.integer(details.linesClosed),
          });
        case 'trade': {
          const targets = details.steps.filter((step) => step.purpose === 'takeProfit');
          const filled = targets.filter((step) => step.state === 'filled').length;
          return text.deal.targetsFilled(format.integer(filled), format.integer(targets.length));
        }
        case 'rebalance':
          return text.deal.shareNow(
            details.share === null ? '–' : format.deviation(details.share),
            format.deviation(details.target),
          );
        default:
          return text.deal.safetyFilled(
            format.integer(deal.filledSafetyOrders),
            format.integer(deal.ladder.filter((step) => step.index > 0).length),
          );
      }
    },
    [text, format],
  );
}
