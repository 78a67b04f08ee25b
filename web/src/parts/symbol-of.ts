// SPDX-License-Identifier: Apache-2.0
// Which instrument an event is about: its own word, its deal's, or its bot's when the bot has only one.

import { useCallback, useMemo } from 'react';

import { useBots, useRunningDeals } from '../api/queries.ts';
import type { Note } from '../api/types.ts';

export function useSymbolOf(): (note: Note) => string {
  const deals = useRunningDeals();
  const bots = useBots();
  const byDeal = useMemo(
    () => new Map(deals.data?.map((deal) => [deal.id, deal.symbol]) ?? []),
    [deals.data],
  );
  const byBot = useMemo(
    () =>
      new Map(
        bots.data?.flatMap((bot) => {
          const [only, second] = bot.settings.symbols;
          return only !== undefined && second === undefined ? [[bot.id, only] as const] : [];
        }) ?? [],
      ),
    [bots.data],
  );
  return useCallback(
    (note) => note.values['symbol'] ?? byDeal.get(note.dealId) ?? byBot.get(note.botId) ?? '',
    [byDeal, byBot],
  );
}
