// SPDX-License-Identifier: Apache-2.0
// What the page reads and commands. Each answer is brought up to date with what the stream said meanwhile.

import {
  useInfiniteQuery,
  useQuery,
  useQueryClient,
  type QueryClient,
  type UseInfiniteQueryResult,
  type UseQueryResult,
} from '@tanstack/react-query';
import type { BotSettings } from '@kontor/core';
import { createContext, useContext, useEffect, type Provider } from 'react';

import {
  CANDLES_KEPT, collectDeals, keys, mergeBots, mergeCandles, mergeDealRows, mergeNotes, mergeRisks, mergeRunningDeals,
  NOTES_KEPT, toDealRowPage, type DealFilter, type DealRowData, type DealRowPage,
} from './cache.ts'; // prettier-ignore
import { deleteJson, getJson, patchJson, postJson, putJson } from './client.ts';
import type { CandleRow, LiveStream } from './live.ts';
import type {
  Alarm, AlarmChannel, Alarms, Balance, CaseSummary, ForeignOrders, Bot, Candles, Conditions, Connection, Deal, DealPage, Desk, Health, Note, Orphan, Reconciliation, Risk, StreamMessage, Totals, Start, Vault, Venue, WitnessStatus,
} from './types.ts'; // prettier-ignore

const API = '/api/v1';
const WITNESSES_EVERY_MS = 10_000;
/** Deals a page of the list holds; the server may give fewer. */
const DEALS_A_PAGE = 500;
/** Pages of the list that are fetched; more deals than these hold are found by narrowing the filter. */
const PAGES_MOST = 200;
/** Running deals are shown whole, so their number has a bound too. */
const RUNNING_DEALS_MOST = 1_000;

const LiveContext = createContext<LiveStream | null>(null);

/** Hands the one stream to the hooks below. */
export const LiveProvider: Provider<LiveStream | null> = LiveContext.Provider;

export function useLive(): LiveStream {
  const live = useContext(LiveContext);
  if (live === null) throw new Error('Invariant: the page must stand inside LiveProvider');
  return live;
}

export function useDesk(): UseQueryResult<Desk> {
  const live = useLive();
  return useQuery({
    queryKey: keys.desk,
    queryFn: ({ signal }) =>
      read(live, getJson<Desk>(`${API}/desk`, signal), (desk, messages) => {
        const market = last(messages, 'market')?.market;
        return market === undefined ? desk : { ...desk, market };
      }),
  });
}

export function useHealth(): UseQueryResult<Health> {
  const live = useLive();
  return useQuery({
    queryKey: keys.health,
    queryFn: ({ signal }) =>
      read(
        live,
        getJson<Health>(`${API}/health`, signal),
        (health, messages) => last(messages, 'health')?.health ?? health,
      ),
  });
}

/** Who else signs the log does not come over the stream. */
export function useWitnesses(): UseQueryResult<WitnessStatus> {
  return useQuery({
    queryKey: ['log', 'witnesses'],
    queryFn: ({ signal }) => getJson<WitnessStatus>(`${API}/log/witnesses`, signal),
    refetchInterval: WITNESSES_EVERY_MS,
  });
}

export function useTotals(): UseQueryResult<Totals> {
  const live = useLive();
  return useQuery({
    queryKey: keys.totals,
    queryFn: ({ signal }) =>
      read(
        live,
        getJson<Totals>(`${API}/totals`, signal),
        (totals, messages) => last(messages, 'totals')?.totals ?? totals,
      ),
  });
}

export function useBalances(): UseQueryResult<readonly Balance[]> {
  const live = useLive();
  return useQuery({
    queryKey: keys.balances,
    queryFn: ({ signal }) =>
      read(
        live,
        getJson<readonly Balance[]>(`${API}/balances`, signal),
        (balances, messages) => last(messages, 'balances')?.balances ?? balances,
      ),
  });
}

export function useReconciliation(): UseQueryResult<Reconciliation> {
  const live = useLive();
  return useQuery({
    queryKey: keys.reconciliation,
    queryFn: ({ signal }) =>
      read(
        live,
        getJson<Reconciliation>(`${API}/reconciliation`, signal),
        (known, messages) => last(messages, 'reconciliation')?.reconciliation ?? known,
      ),
  });
}

/** Those that wait for a person first, then the newest. */
export function useAlarms(): UseQueryResult<Alarms> {
  const live = useLive();
  return useQuery({
    queryKey: keys.alarms,
    queryFn: ({ signal }) =>
      read(
        live,
        getJson<Alarms>(`${API}/alarms`, signal),
        (known, messages) => last(messages, 'alarms')?.alarms ?? known,
      ),
  });
}

/** A person has seen it; the list comes over the stream. */
export async function acknowledgeAlarm(client: QueryClient, id: string): Promise<void> {
  const seen = await postJson<Alarm>(`${API}/alarms/${encodeURIComponent(id)}/acknowledge`);
  client.setQueryData<Alarms>(keys.alarms, (known) => {
    if (known === undefined) return undefined;
    const alarms = known.alarms.map((alarm) => (alarm.id === seen.id ? seen : alarm));
    return { openCount: Math.max(known.openCount - 1, 0), alarms };
  });
}

/** The ways by which alarms leave the desk. */
export function useAlarmChannels(): UseQueryResult<readonly AlarmChannel[]> {
  return useQuery({
    queryKey: keys.alarmChannels,
    queryFn: ({ signal }) => getJson<readonly AlarmChannel[]>(`${API}/alarms/channels`, signal),
    refetchInterval: 10_000,
  });
}

/** Cases do not come over the stream; an alarm does, and leads here. */
export function useCases(): UseQueryResult<readonly CaseSummary[]> {
  return useQuery({
    queryKey: keys.cases,
    queryFn: ({ signal }) => getJson<readonly CaseSummary[]>(`${API}/cases`, signal),
    refetchInterval: 10_000,
  });
}

/** Orders that the desk did not make and nobody has looked at. */
export function useForeignOrders(): UseQueryResult<ForeignOrders> {
  return useQuery({
    queryKey: keys.foreignOrders,
    queryFn: ({ signal }) => getJson<ForeignOrders>(`${API}/foreign-orders`, signal),
    refetchInterval: 5_000,
  });
}

export async function refetchForeignOrders(client: QueryClient): Promise<void> {
  await client.refetchQueries({ queryKey: keys.foreignOrders });
}

const WEBHOOK = `${API}/alarms/channels/webhook`;

/** Sets the address; the answer holds the secret that is shown once. */
export async function setWebhook(client: QueryClient, url: string): Promise<string> {
  const { channel, secret } = await putJson<{
    readonly channel: AlarmChannel;
    readonly secret: string;
  }>(WEBHOOK, { url });
  client.setQueryData<readonly AlarmChannel[]>(keys.alarmChannels, [channel]);
  return secret;
}

export async function removeWebhook(client: QueryClient): Promise<void> {
  const channel = await deleteJson<AlarmChannel>(WEBHOOK);
  client.setQueryData<readonly AlarmChannel[]>(keys.alarmChannels, [channel]);
}

export async function testWebhook(): Promise<{
  readonly isTaken: boolean;
  readonly reason: string;
}> {
  return postJson(`${WEBHOOK}/test`);
}

/** What is at stake moves with every fill; whoever looks at it asks again this often. */
const RISK_EVERY_MS = 5_000;

/**
 * Limits and states of the desk and of every bot that has its own. States come over the stream; what is at stake is
 * asked for while somebody watches it.
 */
export function useRisks(isWatched = false): UseQueryResult<readonly Risk[]> {
  const live = useLive();
  return useQuery({
    queryKey: keys.risks,
    queryFn: ({ signal }) =>
      read(live, getJson<readonly Risk[]>(`${API}/risk`, signal), (risks, messages) => {
        const changed = messages.flatMap((message) =>
          message.kind === 'risk' ? ([[message.risk.scope, message.risk]] as const) : [],
        );
        return mergeRisks(risks, new Map(changed));
      }),
    refetchInterval: isWatched ? RISK_EVERY_MS : false,
  });
}

/** One scope, whether it has limits of its own or not. */
export function useRisk(scope: string): UseQueryResult<Risk> {
  const risks = useRisks();
  const known = risks.data?.find((each) => each.scope === scope);
  return useQuery({
    queryKey: [...keys.risks, scope, known?.state, known?.limits],
    queryFn: ({ signal }) => getJson<Risk>(`${API}/risk/${encodeURIComponent(scope)}`, signal),
    refetchInterval: RISK_EVERY_MS,
    placeholderData: (before) => before ?? known,
  });
}

export async function setRiskState(
  client: QueryClient,
  scope: string,
  state: Risk['state'],
): Promise<Risk> {
  return keepRisk(
    client,
    await postJson<Risk>(`${API}/risk/${encodeURIComponent(scope)}/state`, { state }),
  );
}

/** Limits that are left out are lifted. */
export async function setRiskLimits(
  client: QueryClient,
  scope: string,
  limits: Risk['limits'],
): Promise<Risk> {
  return keepRisk(
    client,
    await putJson<Risk>(`${API}/risk/${encodeURIComponent(scope)}/limits`, limits),
  );
}

function keepRisk(client: QueryClient, risk: Risk): Risk {
  client.setQueryData<readonly Risk[]>(keys.risks, (risks) =>
    risks === undefined ? undefined : mergeRisks(risks, new Map([[risk.scope, risk]])),
  );
  return risk;
}

/** Adopts an orphan or takes it off the book; the answer tells how it then stands. */
export async function decideOrphan(
  client: QueryClient,
  id: string,
  decision: 'adopt' | 'cancel',
): Promise<Orphan> {
  const decided = await postJson<Orphan>(`${API}/orphans/${encodeURIComponent(id)}/${decision}`);
  client.setQueryData<Reconciliation>(keys.reconciliation, (known) =>
    known === undefined
      ? undefined
      : {
          ...known,
          orphans: known.orphans.map((orphan) => (orphan.id === decided.id ? decided : orphan)),
        },
  );
  return decided;
}

/** The desk compares itself as soon as its bounded rate allows; what it finds comes over the stream. */
export async function sweepNow(): Promise<void> {
  await postJson(`${API}/reconciliation/sweeps`);
}

/** Connections do not come over the stream, so they are asked for again. */
export function useConnections(): UseQueryResult<readonly Connection[]> {
  return useQuery({
    queryKey: keys.connections,
    queryFn: ({ signal }) => getJson<readonly Connection[]>(`${API}/connections`, signal),
    staleTime: 10_000,
    refetchInterval: 60_000,
  });
}

/** Whether the vault is open does not come over the stream either, and somebody waits for it. */
export function useVault(): UseQueryResult<Vault> {
  return useQuery({
    queryKey: keys.vault,
    queryFn: ({ signal }) => getJson<Vault>(`${API}/vault`, signal),
    refetchInterval: 5_000,
  });
}

/** Whose answer a desk waits for that has not started. */
export function useStart(): UseQueryResult<Start> {
  return useQuery({
    queryKey: ['start'],
    queryFn: ({ signal }) => getJson<Start>(`${API}/start`, signal),
    refetchInterval: 5_000,
  });
}

/** The exchanges that a key can be for; they change only with the desk's own version. */
export function useVenues(): UseQueryResult<readonly Venue[]> {
  return useQuery({
    queryKey: ['venues'],
    queryFn: ({ signal }) => getJson<readonly Venue[]>(`${API}/venues`, signal),
  });
}

/** Has the signer make a key. */
export async function createConnection(
  client: QueryClient,
  wanted: Pick<Connection, 'name' | 'venue' | 'keyKind'> & { readonly replaces?: string },
): Promise<Connection> {
  return keepConnection(client, await postJson<Connection>(`${API}/connections`, wanted));
}

/** Hands over a secret that is sealed already. */
export async function importConnection(
  client: QueryClient,
  body: Pick<Connection, 'name' | 'venue' | 'keyKind'> & {
    readonly sealed: string;
    /** Null for a secret that both sides know. */
    readonly publicKeyPem: string | null;
    readonly replaces?: string;
  },
): Promise<Connection> {
  return keepConnection(client, await postJson<Connection>(`${API}/connections/import`, body));
}

/** Names the exchange's identifier of the key, with which the connection becomes active. */
export async function activateConnection(
  client: QueryClient,
  id: string,
  apiKey: string,
): Promise<Connection> {
  const path = `${API}/connections/${encodeURIComponent(id)}/api-key`;
  return keepConnection(client, await putJson<Connection>(path, { apiKey }));
}

/** Has the exchange asked what the key may do. A key that takes over changes more than its own entry. */
export async function checkConnection(client: QueryClient, id: string): Promise<void> {
  try {
    await postJson<Connection>(`${API}/connections/${encodeURIComponent(id)}/check`);
  } finally {
    await refetchConnections(client);
  }
}

/** Tries a key's list of addresses from the second address. */
export async function probeConnection(client: QueryClient, id: string): Promise<void> {
  try {
    await postJson<Connection>(`${API}/connections/${encodeURIComponent(id)}/probe`);
  } finally {
    await refetchConnections(client);
  }
}

/** No new risk from now on. */
export async function freezeConnection(client: QueryClient, id: string): Promise<void> {
  const path = `${API}/connections/${encodeURIComponent(id)}/freeze`;
  keepConnection(client, await postJson<Connection>(path));
}

export async function refetchConnections(client: QueryClient): Promise<void> {
  await client.invalidateQueries({ queryKey: keys.connections });
}

function keepConnection(client: QueryClient, connection: Connection): Connection {
  client.setQueryData<readonly Connection[]>(keys.connections, (known) => {
    if (known === undefined) return undefined;
    const isKnown = known.some(({ id }) => id === connection.id);
    return isKnown
      ? known.map((each) => (each.id === connection.id ? connection : each))
      : [...known, connection];
  });
  return connection;
}

export function useBots(): UseQueryResult<readonly Bot[]> {
  const live = useLive();
  return useQuery({
    queryKey: keys.bots,
    queryFn: ({ signal }) =>
      read(live, getJson<readonly Bot[]>(`${API}/bots`, signal), (bots, messages) => {
        const changed = messages.flatMap((message) =>
          message.kind === 'bot' ? ([[message.bot.id, message.bot]] as const) : [],
        );
        return mergeBots(bots, new Map(changed));
      }),
  });
}

/** All deals that are not closed, newest first, with their orders and ladders. */
export function useRunningDeals(): UseQueryResult<readonly Deal[]> {
  const live = useLive();
  return useQuery({
    queryKey: keys.runningDeals,
    queryFn: ({ signal }) =>
      read(live, readRunningDeals(signal), (deals, messages) =>
        mergeRunningDeals(deals, collectDeals(messages)),
      ),
  });
}

export function useDeal(id: string): UseQueryResult<Deal> {
  const live = useLive();
  const client = useQueryClient();
  return useQuery({
    queryKey: keys.deal(id),
    queryFn: ({ signal }) =>
      read(
        live,
        getJson<Deal>(`${API}/deals/${encodeURIComponent(id)}`, signal),
        (deal, messages) => collectDeals(messages).get(id) ?? deal,
      ),
    placeholderData: () =>
      client.getQueryData<readonly Deal[]>(keys.runningDeals)?.find((deal) => deal.id === id),
  });
}

/** The deals of `filter` as rows, newest first; the pages after the first are fetched one after another. */
export function useDealRows(filter: DealFilter): UseInfiniteQueryResult<DealRowData> {
  const live = useLive();
  const result = useInfiniteQuery<
    DealRowPage,
    Error,
    DealRowData,
    ReturnType<typeof keys.dealRows>,
    string | null
  >({
    queryKey: keys.dealRows(filter),
    queryFn: ({ signal, pageParam }): Promise<DealRowPage> =>
      read(
        live,
        getJson<DealPage>(`${API}/deals?${dealQuery(filter, pageParam)}`, signal).then(
          toDealRowPage,
        ),
        (page, messages) => {
          // Only what stands on this page is brought up to date; new deals come by the stream itself.
          const here = new Set(page.rows.map((row) => row.id));
          const changed = new Map([...collectDeals(messages)].filter(([id]) => here.has(id)));
          const data = { pages: [page], pageParams: [pageParam] };
          return mergeDealRows(data, filter, changed).pages[0] ?? page;
        },
      ),
    initialPageParam: null,
    getNextPageParam: (page, pages) => (pages.length < PAGES_MOST ? page.nextCursor : null),
  });
  const { hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = result;
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && !isFetchNextPageError) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage]);
  return result;
}

/** Ends this browser's session; its other pages hear no more either. */
export async function endSession(): Promise<void> {
  await deleteJson(`${API}/session`);
}

export function useNotes(): UseQueryResult<readonly Note[]> {
  const live = useLive();
  return useQuery({
    queryKey: keys.notes,
    queryFn: ({ signal }) =>
      read(
        live,
        getJson<readonly Note[]>(`${API}/notes?limit=${NOTES_KEPT}`, signal),
        (notes, messages) => mergeNotes(notes, collectNotes(messages)),
      ),
  });
}

/** The latest events of one bot, newest first, however busy the others are. */
export function useBotNotes(botId: string): UseQueryResult<readonly Note[]> {
  const live = useLive();
  return useQuery({
    queryKey: keys.botNotes(botId),
    queryFn: ({ signal }) =>
      read(
        live,
        getJson<readonly Note[]>(
          `${API}/notes?bot=${encodeURIComponent(botId)}&limit=${NOTES_KEPT}`,
          signal,
        ),
        (notes, messages) =>
          mergeNotes(
            notes,
            collectNotes(messages).filter((note) => note.botId === botId),
          ),
      ),
  });
}

/** The events of one deal, newest first. */
export function useDealNotes(id: string): UseQueryResult<readonly Note[]> {
  const live = useLive();
  return useQuery({
    queryKey: keys.dealNotes(id),
    queryFn: ({ signal }) =>
      read(
        live,
        getJson<readonly Note[]>(`${API}/deals/${encodeURIComponent(id)}/notes`, signal),
        (notes, messages) =>
          mergeNotes(
            notes,
            collectNotes(messages).filter((note) => note.dealId === id),
          ),
      ),
  });
}

/** Only the interval on the screen is streamed, so candles seen before are read anew. */
export function useCandles(symbol: string, interval: string): UseQueryResult<Candles> {
  const live = useLive();
  return useQuery({
    queryKey: keys.candles(symbol, interval),
    queryFn: ({ signal }) =>
      read(
        live,
        getJson<Candles>(
          `${API}/candles?${new URLSearchParams({ symbol, interval, limit: String(CANDLES_KEPT) })}`,
          signal,
        ),
        (candles, messages) => ({
          ...candles,
          candles: mergeCandles(candles.candles, collectCandles(messages, symbol, interval)),
        }),
      ),
    enabled: symbol !== '',
    staleTime: 0,
    gcTime: 60_000,
  });
}

/** Makes a stopped bot. */
export async function createBot(client: QueryClient, settings: BotSettings): Promise<Bot> {
  return keepBot(client, await postJson<Bot>(`${API}/bots`, settings));
}

/** `changes` replace fields of the settings, null takes one away; running deals keep what they began with. */
export async function editBot(client: QueryClient, id: string, changes: Changes): Promise<Bot> {
  return keepBot(client, await patchJson<Bot>(botUrl(id, 'settings'), changes));
}

/** Fields of settings by name; null takes one away. */
export type Changes = Readonly<Record<string, unknown>>;

/** What ends the deals of a bot together. */
export type BotEnding = 'stop-and-close' | 'stop-and-cancel' | 'close-all' | 'cancel-all';

export async function endDeals(client: QueryClient, id: string, ending: BotEnding): Promise<Bot> {
  return keepBot(client, await postJson<Bot>(botUrl(id, ending)));
}

export interface DealWish {
  readonly symbol: string;
  readonly skipConditions: boolean;
  readonly skipLimits: boolean;
}

/** Opens a deal now; a stopped bot stays stopped. */
export async function startDeal(client: QueryClient, id: string, wish: DealWish): Promise<Bot> {
  return keepBot(client, await postJson<Bot>(botUrl(id, 'start-deal'), wish));
}

/** Hands a bot a signal as a person. */
export async function sendSignal(client: QueryClient, id: string, signal: Changes): Promise<Bot> {
  return keepBot(client, await postJson<Bot>(botUrl(id, 'signal'), signal));
}

/** Takes a stopped bot without open deals off the desk. */
export async function removeBot(client: QueryClient, id: string): Promise<void> {
  await deleteJson(botUrl(id));
  client.setQueryData<readonly Bot[]>(keys.bots, (bots) => bots?.filter((bot) => bot.id !== id));
}

const CONDITIONS_EVERY_MS = 5_000;

/** How the conditions of a bot stand; asked for while somebody looks. */
export function useConditions(
  botId: string,
  isEnabled: boolean,
): UseQueryResult<readonly Conditions[]> {
  return useQuery({
    queryKey: keys.conditions(botId),
    queryFn: ({ signal }) => getJson<readonly Conditions[]>(botUrl(botId, 'conditions'), signal),
    enabled: isEnabled,
    refetchInterval: CONDITIONS_EVERY_MS,
  });
}

export interface ManualOrder {
  readonly amount: { readonly kind: 'quote' | 'base'; readonly value: string };
  /** It rests there; without one it trades at once. */
  readonly price?: string;
}

export type DealStep =
  | { readonly step: number }
  | {
      readonly of: 'entry' | 'takeProfit' | 'addFunds' | 'reduceFunds';
      readonly step: number;
    };

/** What may be asked of a running deal, and what goes with it. */
export type DealRequest =
  | { readonly action: 'add-funds' | 'reduce-funds'; readonly body: ManualOrder }
  | { readonly action: 'cancel-order'; readonly body: { readonly clientOrderId: string } }
  | { readonly action: 'close-step' | 'cancel-step'; readonly body: DealStep }
  | { readonly action: 'force-entry' | 'convert' };

export async function askDeal(
  client: QueryClient,
  id: string,
  request: DealRequest,
): Promise<Deal> {
  const body = 'body' in request ? request.body : undefined;
  return keepDeal(client, await postJson<Deal>(dealUrl(id, request.action), body));
}

export async function editDeal(client: QueryClient, id: string, changes: Changes): Promise<Deal> {
  return keepDeal(client, await patchJson<Deal>(dealUrl(id, 'settings'), changes));
}

function botUrl(id: string, action = ''): string {
  return `${API}/bots/${encodeURIComponent(id)}${action === '' ? '' : `/${action}`}`;
}

function dealUrl(id: string, action: string): string {
  return `${API}/deals/${encodeURIComponent(id)}/${action}`;
}

export async function startBot(client: QueryClient, id: string): Promise<Bot> {
  return keepBot(client, await postJson<Bot>(`${API}/bots/${encodeURIComponent(id)}/start`));
}

export async function stopBot(client: QueryClient, id: string): Promise<Bot> {
  return keepBot(client, await postJson<Bot>(`${API}/bots/${encodeURIComponent(id)}/stop`));
}

/** Sells the deal's coins at market. */
export async function closeDeal(client: QueryClient, id: string): Promise<Deal> {
  return keepDeal(client, await postJson<Deal>(`${API}/deals/${encodeURIComponent(id)}/close`));
}

/** Cancels the deal's orders and keeps its coins. */
export async function cancelDeal(client: QueryClient, id: string): Promise<Deal> {
  return keepDeal(client, await postJson<Deal>(`${API}/deals/${encodeURIComponent(id)}/cancel`));
}

async function read<T>(
  live: LiveStream,
  answer: Promise<T>,
  update: (answer: T, messages: readonly StreamMessage[]) => T,
): Promise<T> {
  const held = live.hold();
  try {
    return update(await answer, held.messages);
  } finally {
    held.release();
  }
}

function keepBot(client: QueryClient, bot: Bot): Bot {
  client.setQueryData<readonly Bot[]>(keys.bots, (bots) =>
    bots === undefined ? undefined : mergeBots(bots, new Map([[bot.id, bot]])),
  );
  return bot;
}

function keepDeal(client: QueryClient, deal: Deal): Deal {
  const changed = new Map([[deal.id, deal]]);
  client.setQueryData<Deal>(keys.deal(deal.id), deal);
  client.setQueryData<readonly Deal[]>(keys.runningDeals, (deals) =>
    deals === undefined ? undefined : mergeRunningDeals(deals, changed),
  );
  return deal;
}

async function readRunningDeals(signal: AbortSignal): Promise<readonly Deal[]> {
  const deals: Deal[] = [];
  let cursor: string | null = null;
  do {
    const query = dealQuery({ scope: 'open', botId: null, symbol: null }, cursor);
    const page: DealPage = await getJson<DealPage>(`${API}/deals?${query}`, signal);
    deals.push(...page.deals);
    cursor = page.nextCursor;
  } while (cursor !== null && deals.length < RUNNING_DEALS_MOST);
  return deals;
}

function dealQuery(filter: DealFilter, cursor: string | null): string {
  const query = new URLSearchParams({ status: filter.scope, limit: String(DEALS_A_PAGE) });
  if (filter.botId !== null) query.set('bot', filter.botId);
  if (filter.symbol !== null) query.set('symbol', filter.symbol);
  if (cursor !== null) query.set('cursor', cursor);
  return query.toString();
}

function last<Kind extends StreamMessage['kind']>(
  messages: readonly StreamMessage[],
  kind: Kind,
): Extract<StreamMessage, { kind: Kind }> | undefined {
  return messages.findLast(
    (message): message is Extract<StreamMessage, { kind: Kind }> => message.kind === kind,
  );
}

function collectNotes(messages: readonly StreamMessage[]): readonly Note[] {
  return messages.flatMap((message) => (message.kind === 'note' ? [message.note] : []));
}

function collectCandles(
  messages: readonly StreamMessage[],
  symbol: string,
  interval: string,
): ReadonlyMap<number, CandleRow> {
  const rows = new Map<number, CandleRow>();
  for (const message of messages) {
    if (message.kind !== 'candle') continue;
    if (message.symbol === symbol && message.interval === interval) {
      rows.set(message.candle[0], message.candle);
    }
  }
  return rows;
}
