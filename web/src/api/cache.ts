// SPDX-License-Identifier: Apache-2.0
// What the page knows: query keys, and how live messages change what was read before.

import type { InfiniteData, QueryClient } from '@tanstack/react-query';

import type { Batch, CandleRow } from './live.ts';
import type { Bot, Deal, DealPage, Desk, Note, Risk, StreamMessage } from './types.ts';

export type DealScope = 'open' | 'closed' | 'all';

/** What the server is asked for; finer filters work on the rows. */
export interface DealFilter {
  readonly scope: DealScope;
  readonly botId: string | null;
  readonly symbol: string | null;
}

/** A deal as a table row: without its orders, fills and ladder, so that ten thousand fit. */
export type DealRow = Omit<Deal, 'orders' | 'fills' | 'ladder' | 'details'> & {
  readonly safetyOrders: number;
  readonly hasRefusal: boolean;
};

export interface DealRowPage {
  readonly rows: readonly DealRow[];
  readonly nextCursor: string | null;
  readonly total: number;
}

export type DealRowData = InfiniteData<DealRowPage, string | null>;

/** Latest notes that the page keeps. */
export const NOTES_KEPT = 500;
/** Candles that the page asks for and keeps. */
export const CANDLES_KEPT = 1_000;

export const keys = {
  desk: ['desk'],
  health: ['health'],
  totals: ['totals'],
  balances: ['balances'],
  reconciliation: ['reconciliation'],
  risks: ['risks'],
  alarms: ['alarms'],
  alarmChannels: ['alarm-channels'],
  cases: ['cases'],
  foreignOrders: ['foreign-orders'],
  conditions: (botId: string): readonly string[] => ['conditions', botId],
  connections: ['connections'],
  vault: ['vault'],
  bots: ['bots'],
  runningDeals: ['running-deals'],
  deal: (id: string): readonly string[] => ['deal', id],
  dealRows: (filter: DealFilter): readonly [string, DealFilter] => ['deal-rows', filter],
  notes: ['notes'],
  botNotes: (botId: string): readonly string[] => ['bot-notes', botId],
  dealNotes: (id: string): readonly string[] => ['deal-notes', id],
  candles: (symbol: string, interval: string): readonly string[] => ['candles', symbol, interval],
} as const;

export function isRunning(deal: Pick<Deal, 'status'>): boolean {
  return deal.status === 'starting' || deal.status === 'open' || deal.status === 'closing';
}

export function toDealRow({
  orders,
  fills: _fills,
  ladder,
  details: _details,
  ...row
}: Deal): DealRow {
  return {
    ...row,
    safetyOrders: ladder.filter((step) => step.index > 0).length,
    hasRefusal: orders.some((order) => order.state === 'rejected'),
  };
}

export function toDealRowPage(page: DealPage): DealRowPage {
  return { rows: page.deals.map(toDealRow), nextCursor: page.nextCursor, total: page.total };
}

/** `deals` with `changed` in place; a new running deal comes first, a closed one leaves. */
export function mergeRunningDeals(
  deals: readonly Deal[],
  changed: ReadonlyMap<string, Deal>,
): readonly Deal[] {
  const kept = deals.map((deal) => changed.get(deal.id) ?? deal).filter(isRunning);
  const known = new Set(deals.map((deal) => deal.id));
  const added = [...changed.values()].filter((deal) => !known.has(deal.id) && isRunning(deal));
  if (added.length === 0) return kept;
  return [...added, ...kept].sort((left, right) => right.openedAt - left.openedAt);
}

export function mergeBots(bots: readonly Bot[], changed: ReadonlyMap<string, Bot>): readonly Bot[] {
  const known = new Set(bots.map((bot) => bot.id));
  return [
    ...bots.map((bot) => changed.get(bot.id) ?? bot),
    ...[...changed.values()].filter((bot) => !known.has(bot.id)),
  ];
}

/** `risks` with `changed` in place, the desk's own first. */
export function mergeRisks(
  risks: readonly Risk[],
  changed: ReadonlyMap<string, Risk>,
): readonly Risk[] {
  const known = new Set(risks.map(({ scope }) => scope));
  return [
    ...risks.map((risk) => changed.get(risk.scope) ?? risk),
    ...[...changed.values()].filter(({ scope }) => !known.has(scope)),
  ];
}

/** Notes newest first, each once, at most `NOTES_KEPT`. */
export function mergeNotes(notes: readonly Note[], added: readonly Note[]): readonly Note[] {
  const bySequence = new Map(notes.map((note) => [note.sequence, note]));
  for (const note of added) bySequence.set(note.sequence, note);
  return [...bySequence.values()]
    .sort((left, right) => right.sequence - left.sequence)
    .slice(0, NOTES_KEPT);
}

/** Candle rows oldest first, changed ones replaced, at most `CANDLES_KEPT`. */
export function mergeCandles(
  rows: readonly CandleRow[],
  changed: ReadonlyMap<number, CandleRow>,
): readonly CandleRow[] {
  const byTime = new Map(rows.map((row) => [row[0], row]));
  for (const [time, row] of changed) byTime.set(time, row);
  const merged = [...byTime.values()].sort((left, right) => left[0] - right[0]);
  return merged.length > CANDLES_KEPT ? merged.slice(-CANDLES_KEPT) : merged;
}

/** Deal pages with `changed` in place: rows that no longer fit the filter leave, new ones come first. */
export function mergeDealRows(
  data: DealRowData,
  filter: DealFilter,
  changed: ReadonlyMap<string, Deal>,
): DealRowData {
  const left = new Map(changed);
  let total = data.pages[0]?.total ?? 0;
  const pages = data.pages.map((page) => {
    if (!page.rows.some((row) => left.has(row.id))) return page;
    const rows: DealRow[] = [];
    for (const row of page.rows) {
      const deal = left.get(row.id);
      if (deal === undefined) {
        rows.push(row);
        continue;
      }
      left.delete(row.id);
      if (matchesFilter(deal, filter)) rows.push(toDealRow(deal));
      else total -= 1;
    }
    return { ...page, rows };
  });
  const newestKnown = data.pages[0]?.rows[0]?.openedAt ?? 0;
  // A deal older than the first row may stand on a page that is not loaded yet; it must not come twice.
  const added = [...left.values()].filter(
    (deal) => matchesFilter(deal, filter) && (deal.openedAt >= newestKnown || isComplete(data)),
  );
  total += added.length;
  const [first, ...rest] = pages;
  const isSame = added.length === 0 && pages.every((page, index) => page === data.pages[index]);
  if (first === undefined || isSame) return data;
  const firstRows = added.length === 0 ? first.rows : [...added.map(toDealRow), ...first.rows];
  return {
    ...data,
    pages: [{ ...first, rows: firstRows }, ...rest].map((page) => ({ ...page, total })),
  };
}

function isComplete(data: DealRowData): boolean {
  return data.pages.at(-1)?.nextCursor === null;
}

function matchesFilter(deal: Deal, filter: DealFilter): boolean {
  if (filter.botId !== null && deal.botId !== filter.botId) return false;
  if (filter.symbol !== null && deal.symbol !== filter.symbol) return false;
  return filter.scope === 'all' || (filter.scope === 'open') === isRunning(deal);
}

/** Puts a frame's messages into what the page has already read. What nobody has read yet is left alone. */
export function applyBatch(client: QueryClient, batch: Batch): void {
  const change = <T>(key: readonly unknown[], update: (known: T) => T): void => {
    client.setQueryData<T>(key, (known) => (known === undefined ? undefined : update(known)));
  };
  if (batch.totals !== null) client.setQueryData(keys.totals, batch.totals);
  if (batch.balances !== null) client.setQueryData(keys.balances, batch.balances);
  if (batch.reconciliation !== null) {
    client.setQueryData(keys.reconciliation, batch.reconciliation);
  }
  if (batch.risks.size > 0) {
    change<readonly Risk[]>(keys.risks, (risks) => mergeRisks(risks, batch.risks));
  }
  if (batch.alarms !== null) client.setQueryData(keys.alarms, batch.alarms);
  if (batch.health !== null) client.setQueryData(keys.health, batch.health);
  const { market } = batch;
  if (market !== null) change<Desk>(keys.desk, (desk) => ({ ...desk, market }));
  if (batch.bots.size > 0) {
    change<readonly Bot[]>(keys.bots, (bots) => mergeBots(bots, batch.bots));
  }
  if (batch.deals.size > 0) {
    change<readonly Deal[]>(keys.runningDeals, (deals) => mergeRunningDeals(deals, batch.deals));
    for (const deal of batch.deals.values()) change<Deal>(keys.deal(deal.id), () => deal);
    for (const query of client.getQueryCache().findAll({ queryKey: ['deal-rows'] })) {
      const filter = query.queryKey[1];
      if (!isDealFilter(filter)) continue;
      change<DealRowData>(query.queryKey, (data) => mergeDealRows(data, filter, batch.deals));
    }
  }
  if (batch.notes.length > 0) {
    change<readonly Note[]>(keys.notes, (notes) => mergeNotes(notes, batch.notes));
    for (const [botId, notes] of Map.groupBy(batch.notes, (note) => note.botId)) {
      change<readonly Note[]>(keys.botNotes(botId), (known) => mergeNotes(known, notes));
    }
    for (const [dealId, notes] of Map.groupBy(batch.notes, (note) => note.dealId)) {
      change<readonly Note[]>(keys.dealNotes(dealId), (known) => mergeNotes(known, notes));
    }
  }
}

/** `messages` of one kind as a map, for what came while an answer was under way. */
export function collectDeals(messages: readonly StreamMessage[]): ReadonlyMap<string, Deal> {
  const deals = new Map<string, Deal>();
  for (const message of messages)
    if (message.kind === 'deal') deals.set(message.deal.id, message.deal);
  return deals;
}

function isDealFilter(value: unknown): value is DealFilter {
  return typeof value === 'object' && value !== null && 'scope' in value && 'botId' in value;
}
