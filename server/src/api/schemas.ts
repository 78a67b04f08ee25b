// SPDX-License-Identifier: Apache-2.0
// The shapes of the desk's HTTP API. OpenAPI and the web's types are made from these.
//
// Prices, quantities and amounts are decimal text at the instrument's own precision; times are UTC milliseconds
// on the venue's clock; percentages are decimal text without a sign for plus.

import { ORDER_PURPOSES, RISK_LIMIT_FIELDS, SETTINGS_FIELDS } from '@kontor/core';
import type * as core from '@kontor/core';
import { WALLS } from '@kontor/signer';
import type * as signer from '@kontor/signer';
import { Type, type Static, type TSchema, type TUnsafe } from 'typebox';
import { fieldsSchema, settingsSchema } from './settings-schema.ts';

export * from './people-schemas.ts';
export * from './policy-schemas.ts';

const Decimal = Type.String({ pattern: '^-?\\d+(\\.\\d+)?$', description: 'decimal text' });
const Time = Type.Number({ description: 'UTC milliseconds' });
const Nullable = <T extends Type.TSchema>(schema: T): Type.TUnion<[T, Type.TNull]> =>
  Type.Union([schema, Type.Null()]);

export const ErrorBody = Type.Object(
  {
    error: Type.String({ description: 'a code, e.g. invalid_settings' }),
    message: Type.String({ description: 'what was expected and what came' }),
    fields: Type.Optional(
      Type.Array(
        Type.Object({ field: Type.String(), expected: Type.String(), found: Type.String() }),
      ),
    ),
  },
  { $id: 'ErrorBody' },
);

export const Instrument = Type.Object(
  {
    symbol: Type.String(),
    baseAsset: Type.String(),
    quoteAsset: Type.String(),
    priceDecimals: Type.Integer(),
    quantityDecimals: Type.Integer(),
    tickSize: Decimal,
    lotSize: Decimal,
    minPrice: Decimal,
    maxPrice: Decimal,
    minQuantity: Decimal,
    maxQuantity: Decimal,
    minNotional: Decimal,
    maxNotional: Decimal,
    /** Whether a stop can stand at the exchange beside a take profit. */
    takesPairs: Type.Boolean(),
  },
  { $id: 'Instrument' },
);

/** What market the desk trades on, said plainly on every page. */
export const Market = Type.Object(
  {
    kind: Type.Union([
      Type.Literal('synthetic'),
      Type.Literal('candles'),
      Type.Literal('trades'),
      Type.Literal('paper'),
      Type.Literal('exchange'),
    ]),
    label: Type.String({ description: 'seed or file name, or the exchange' }),
    isSimulated: Type.Boolean(),
    speed: Type.Number({ description: 'market time per wall time; 1 is live, 0 is paused' }),
    marketTime: Nullable(Time),
    hasEnded: Type.Boolean({ description: 'a replay has reached its end' }),
  },
  { $id: 'Market' },
);

export const Desk = Type.Object(
  {
    name: Type.String(),
    version: Type.String(),
    market: Market,
    instruments: Type.Array(Instrument),
    quoteAsset: Type.String(),
    /** What the venue takes of every fill, as bots reckon with it. */
    feeRatePpm: Type.Integer(),
  },
  { $id: 'Desk' },
);

const WallName: TUnsafe<signer.WallName> & { readonly anyOf?: readonly object[] } = Type.Unsafe(
  Type.Union(WALLS.map((name) => Type.Literal(name))),
);

export const Hardening = Type.Object(
  {
    level: Type.Union([Type.Literal(1), Type.Literal(2), Type.Literal(3), Type.Literal(4)]),
    walls: Type.Array(
      Type.Object({
        name: WallName,
        isUp: Type.Boolean(),
        reason: Type.String({ description: 'why it is missing' }),
      }),
    ),
  },
  { $id: 'Hardening' },
);

export const ProcessHealth = Type.Object(
  {
    name: Type.Union([Type.Literal('server'), Type.Literal('signer'), Type.Literal('egress')]),
    state: Type.Union([Type.Literal('up'), Type.Literal('starting'), Type.Literal('down')]),
    pid: Nullable(Type.Integer()),
    startedAt: Nullable(Time),
    restarts: Type.Integer(),
    memoryBytes: Nullable(Type.Integer()),
    detail: Type.String(),
    hardening: Type.Optional(Hardening),
  },
  { $id: 'ProcessHealth' },
);

export const StreamHealth = Type.Object(
  {
    name: Type.Union([
      Type.Literal('market'),
      Type.Literal('account'),
      Type.Literal('reconciliation'),
    ]),
    state: Type.Union([Type.Literal('up'), Type.Literal('down')]),
    lastEventAt: Nullable(Time),
    detail: Type.String(),
  },
  { $id: 'StreamHealth' },
);

export const LogOverview = Type.Object(
  {
    origin: Nullable(Type.String({ description: 'the log’s name' })),
    verifierKey: Nullable(Type.String()),
    size: Nullable(Type.Integer({ description: 'entries under the last checkpoint' })),
    checkpointAt: Nullable(Time),
    fault: Nullable(Type.String({ description: 'why there is no checkpoint that can be read' })),
  },
  { $id: 'LogOverview' },
);

export const LogAnchor = Type.Object(
  {
    authority: Type.String(),
    url: Type.String(),
    state: Type.Union([Type.Literal('waiting'), Type.Literal('anchored'), Type.Literal('failing')]),
    size: Nullable(Type.Integer({ description: 'entries of the tree it dated last' })),
    at: Nullable(Time),
    count: Type.Integer({ description: 'anchors of this authority that lie here' }),
    isFresh: Type.Boolean(),
    reason: Type.String(),
    certificates: Type.Array(Type.Object({ subject: Type.String(), sha256: Type.String() }), {
      description: 'whom the owner trusts to say who the authority is',
    }),
  },
  { $id: 'LogAnchor' },
);

export const WitnessStatus = Type.Object(
  {
    level: Type.Union([
      Type.Literal('W0'),
      Type.Literal('W1'),
      Type.Literal('W2'),
      Type.Literal('W3'),
      Type.Literal('W4'),
    ]),
    operators: Type.Integer({ description: 'independent ones whose cosignature counts' }),
    meaning: Type.String(),
    witnesses: Type.Array(
      Type.Object({
        name: Type.String(),
        url: Type.String(),
        operator: Type.String(),
        relation: Type.Union([
          Type.Literal('own'),
          Type.Literal('person'),
          Type.Literal('network'),
        ]),
        state: Type.Union([
          Type.Literal('waiting'),
          Type.Literal('cosigned'),
          Type.Literal('silent'),
          Type.Literal('disagrees'),
        ]),
        size: Nullable(Type.Integer({ description: 'entries of the tree it signed last' })),
        cosignedAt: Nullable(Time),
        isFresh: Type.Boolean(),
        reason: Type.String(),
        keys: Type.Array(Type.String({ description: 'verifier keys that count as its own' })),
      }),
    ),
    anchors: Type.Array(LogAnchor, { description: 'who dates the log' }),
    fault: Nullable(
      Type.String({ description: 'why the list of witnesses or of authorities cannot be read' }),
    ),
    lists: Type.Object(
      { witnesses: Type.String(), authorities: Type.String() },
      {
        description:
          'the files of the data directory that say who counts; the server cannot write them',
      },
    ),
  },
  { $id: 'WitnessStatus' },
);

export const Health = Type.Object(
  {
    state: Type.Union([Type.Literal('ok'), Type.Literal('degraded')]),
    processes: Type.Array(ProcessHealth),
    streams: Type.Array(StreamHealth),
    /** Connections that stand still: while there is one, not all is well. */
    connections: Type.Array(
      Type.Object({
        name: Type.String(),
        state: Type.Union([
          Type.Literal('frozen'),
          Type.Literal('quarantined'),
          Type.Literal('expired'),
        ]),
      }),
    ),
    clockSkewMs: Nullable(Type.Number()),
    roundTripMs: Nullable(Type.Number()),
    /** Orders whose fate is being asked for, and effects not yet performed. */
    pendingEffects: Type.Integer(),
    ambiguousOrders: Type.Integer(),
    /** Orders that wait because the exchange takes only so many, and for how long it wants no requests at all. */
    heldOrders: Type.Integer(),
    blockedMs: Type.Number(),
  },
  { $id: 'Health' },
);

export const Balance = Type.Object(
  { asset: Type.String(), free: Decimal, locked: Decimal },
  { $id: 'Balance' },
);

/** The last kind is a secret of the exchange's; the others may be born in the signer. */
export const KeyKind = Type.Union(
  [
    Type.Literal('ed25519'),
    Type.Literal('rsa-2048'),
    Type.Literal('rsa-4096'),
    Type.Literal('hmac-sha256'),
  ],
  { $id: 'KeyKind' },
);

/** Whether the desk has started, and else whose answer it waits for. */
export const Start = Type.Object(
  {
    hasStarted: Type.Boolean(),
    /** Null where nothing has been asked in vain, as while a vault is locked. */
    waitsFor: Type.Union([
      Type.Object({
        /** `market`: the exchange's public market; `connection`: the signer's connections, or the demo exchange's keys. */
        what: Type.Union([Type.Literal('market'), Type.Literal('connection')]),
        /** Wall time of the first question. */
        since: Type.Integer(),
        /** What came of the last one. */
        reason: Type.String(),
      }),
      Type.Null(),
    ]),
  },
  { $id: 'Start' },
);

export const Vault = Type.Object(
  {
    isOpen: Type.Boolean(),
    /** True where a file opens it: whoever has the folder has the keys. */
    isUnattended: Type.Boolean(),
    /** 32 bytes in base64; null where a locked vault has not shown it yet. */
    importKey: Type.Union([Type.String(), Type.Null()]),
    /** 32 bytes in base64, to which the browser seals what opens the vault; another at each start of the signer. */
    unlockKey: Type.String(),
    /** Before these milliseconds have passed nothing is tried that comes from here. */
    waitMs: Type.Integer(),
    ways: Type.Array(
      Type.Object({
        id: Type.String(),
        kind: Type.Union([Type.Literal('prf'), Type.Literal('keyring'), Type.Literal('kms')]),
        name: Type.String(),
        addedAt: Type.Integer(),
        /** The passkey and what to ask it with, in base64url; null for other kinds. */
        passkey: Type.Union([
          Type.Object({ credential: Type.String(), salt: Type.String() }),
          Type.Null(),
        ]),
      }),
    ),
  },
  { $id: 'Vault' },
);

export const Venue = Type.Object(
  {
    venue: Type.String(),
    /** The desk trades there now; a key for another exchange waits in the vault. */
    isTraded: Type.Boolean(),
    hasAdapter: Type.Boolean(),
    /** Whether egress was given a second address, from which a key's list of addresses can be tried. */
    hasSecondAddress: Type.Boolean(),
    /** The kinds of keys it takes, the best first: made in the signer, or made elsewhere and handed over sealed. */
    keys: Type.Array(
      Type.Object({
        kind: KeyKind,
        from: Type.Union([Type.Literal('made'), Type.Literal('imported')]),
      }),
    ),
  },
  { $id: 'Venue' },
);

export const LifeState = Type.Union(
  [
    Type.Literal('draft'),
    Type.Literal('probing'),
    Type.Literal('active'),
    Type.Literal('expiring'),
    Type.Literal('expired'),
    Type.Literal('frozen'),
    Type.Literal('quarantined'),
    Type.Literal('retired'),
  ],
  { $id: 'LifeState' },
);

export const Connection = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    venue: Type.String(),
    state: LifeState,
    /** What the signer signs now, whatever the state is called. */
    signs: Type.Union([
      Type.Literal('all'),
      Type.Literal('reductions'),
      Type.Literal('cancels'),
      Type.Literal('nothing'),
    ]),
    /** The signer's; null before the exchange said for the first time what the key may do. */
    grade: Nullable(
      Type.Union([Type.Literal('A'), Type.Literal('B'), Type.Literal('C'), Type.Literal('D')]),
    ),
    keyKind: KeyKind,
    /** Empty for HMAC, which has no public half. */
    publicKeyPem: Type.String(),
    createdAt: Time,
    /** From then on no new risk. */
    expiresAt: Time,
    /** Until then orders that only reduce what was opened through the connection. */
    reducesUntil: Time,
    /** Until then cancels and reads; from then on nothing. */
    cancelsUntil: Time,
    /** When the exchange last said what the key may do. */
    checkedAt: Nullable(Time),
    /** Whether the exchange takes the key from listed addresses alone. */
    isIpRestricted: Nullable(Type.Boolean()),
    /** What a read from a second address last showed of that list. */
    bind: Nullable(
      Type.Object({
        verdict: Type.Union([Type.Literal('holds'), Type.Literal('notReal')]),
        seenAt: Time,
      }),
    ),
    /** A later such read that showed nothing, and what came instead. */
    bindDoubt: Nullable(
      Type.Object({
        at: Time,
        reason: Type.Union([
          Type.Literal('noAnswer'),
          Type.Literal('otherAnswer'),
          Type.Literal('ordinaryRefused'),
        ]),
        words: Type.String(),
      }),
    ),
    frozen: Nullable(Type.Object({ since: Time, cause: Type.String() })),
    quarantined: Nullable(Type.Object({ since: Time, faults: Type.Array(Type.String()) })),
    /** The connection whose key this one will replace once it is checked. */
    replaces: Nullable(Type.String()),
    /** Whether its key waits for nothing but an owner's consent (the act `takeOver`) to replace the other. */
    isReady: Type.Boolean(),
    policy: Type.Array(Type.String()),
    policyHash: Type.String(),
  },
  { $id: 'Connection' },
);

/** A bot's settings as it trades by them. */
export const DcaSettings: TUnsafe<core.DcaSettings> & { readonly $id?: string } = Type.Unsafe(
  settingsSchema('dca', SETTINGS_FIELDS.dca, 'stored', 'DcaSettings'),
);
export const GridSettings: TUnsafe<core.GridSettings> & { readonly $id?: string } = Type.Unsafe(
  settingsSchema('grid', SETTINGS_FIELDS.grid, 'stored', 'GridSettings'),
);
export const RebalanceSettings: TUnsafe<core.RebalanceSettings> & { readonly $id?: string } =
  Type.Unsafe(
    settingsSchema('rebalance', SETTINGS_FIELDS.rebalance, 'stored', 'RebalanceSettings'),
  );
export const SmartTradeSettings: TUnsafe<core.SmartTradeSettings> & { readonly $id?: string } =
  Type.Unsafe(
    settingsSchema('smartTrade', SETTINGS_FIELDS.smartTrade, 'stored', 'SmartTradeSettings'),
  );
export const SignalSettings: TUnsafe<core.SignalSettings> & { readonly $id?: string } = Type.Unsafe(
  settingsSchema('signal', SETTINGS_FIELDS.signal, 'stored', 'SignalSettings'),
);
export const BotSettings = Type.Union(
  [DcaSettings, GridSettings, RebalanceSettings, SmartTradeSettings, SignalSettings],
  {
    $id: 'BotSettings',
  },
);

/** Settings as a client gives them: what has a default may be left out. */
export const DcaSettingsGiven: TSchema = settingsSchema(
  'dca',
  SETTINGS_FIELDS.dca,
  'given',
  'DcaSettingsGiven',
);
export const GridSettingsGiven: TSchema = settingsSchema(
  'grid',
  SETTINGS_FIELDS.grid,
  'given',
  'GridSettingsGiven',
);
export const RebalanceSettingsGiven: TSchema = settingsSchema(
  'rebalance',
  SETTINGS_FIELDS.rebalance,
  'given',
  'RebalanceSettingsGiven',
);
export const SmartTradeSettingsGiven: TSchema = settingsSchema(
  'smartTrade',
  SETTINGS_FIELDS.smartTrade,
  'given',
  'SmartTradeSettingsGiven',
);
export const SignalSettingsGiven: TSchema = settingsSchema(
  'signal',
  SETTINGS_FIELDS.signal,
  'given',
  'SignalSettingsGiven',
);
export const BotSettingsGiven: TSchema = Type.Union(
  [
    DcaSettingsGiven,
    GridSettingsGiven,
    RebalanceSettingsGiven,
    SmartTradeSettingsGiven,
    SignalSettingsGiven,
  ],
  {
    $id: 'BotSettingsGiven',
  },
);

const BotKind = Type.Union([
  Type.Literal('dca'),
  Type.Literal('grid'),
  Type.Literal('rebalance'),
  Type.Literal('smartTrade'),
  Type.Literal('signal'),
]);

/** The last order of a running deal, where it was refused and nothing newer went through. */
export const Attention = Type.Object(
  {
    dealId: Type.String(),
    by: Type.Union([Type.Literal('desk'), Type.Literal('policy'), Type.Literal('exchange')]),
    rule: Type.String(),
    reason: Type.String(),
  },
  { $id: 'Attention' },
);

export const Bot = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    kind: BotKind,
    state: Type.Union([Type.Literal('running'), Type.Literal('stopped')]),
    connection: Type.String(),
    settings: BotSettings,
    createdAt: Time,
    quoteAsset: Type.String(),
    activeDeals: Type.Integer(),
    completedDeals: Type.Integer(),
    realisedProfit: Decimal,
    unrealisedProfit: Decimal,
    /** Quote spent on coins the running deals hold. */
    fundsInUse: Decimal,
    attention: Nullable(Attention),
    /** Symbols of running deals that the settings no longer name; absent without any. */
    formerSymbols: Type.Optional(Type.Array(Type.String())),
    /** Only in the answer to its making and its start: what its first deal would run into. */
    warnings: Type.Optional(Type.Array(Type.String())),
  },
  { $id: 'Bot' },
);

const Purpose: TUnsafe<core.OrderPurpose> & { readonly anyOf?: readonly object[] } = Type.Unsafe(
  Type.Union(ORDER_PURPOSES.map((purpose) => Type.Literal(purpose))),
);

const Verdict = Type.Union([Type.Literal('met'), Type.Literal('notMet'), Type.Literal('unknown')]);

/** Indicator conditions of a bot for one purpose on one symbol, at the last closed candle. */
export const Conditions = Type.Object(
  {
    symbol: Type.String(),
    action: Type.String({ description: 'start, safetyOrder or close' }),
    isTrigger: Type.Boolean({ description: 'a close that meets them is a signal by itself' }),
    deals: Type.Array(Type.Integer(), {
      description: 'running deals whose own conditions they are; none for starts',
    }),
    standing: Verdict,
    closedAt: Nullable(Time),
    conditions: Type.Array(
      Type.Object({
        label: Type.String(),
        interval: Type.String(),
        verdict: Verdict,
        value: Type.String({ description: 'empty while unknown' }),
        text: Type.String(),
        closedAt: Nullable(Time),
        candlesSeen: Type.Integer(),
        candlesNeeded: Type.Integer(),
      }),
    ),
  },
  { $id: 'Conditions' },
);

export const Order = Type.Object(
  {
    clientOrderId: Type.String(),
    exchangeOrderId: Nullable(Type.String()),
    purpose: Purpose,
    side: Type.Union([Type.Literal('buy'), Type.Literal('sell')]),
    type: Type.Union([
      Type.Literal('limit'),
      Type.Literal('limitMaker'),
      Type.Literal('stopLimit'),
    ]),
    timeInForce: Type.Union([Type.Literal('GTC'), Type.Literal('IOC'), Type.Literal('FOK')]),
    price: Decimal,
    quantity: Decimal,
    filledQuantity: Decimal,
    /** `intended`: stored, not answered yet. `ambiguous`: sent, fate unknown, being asked for. */
    state: Type.Union([
      Type.Literal('intended'),
      Type.Literal('ambiguous'),
      Type.Literal('open'),
      Type.Literal('filled'),
      Type.Literal('cancelled'),
      Type.Literal('expired'),
      Type.Literal('rejected'),
    ]),
    rejectedBy: Nullable(
      Type.Union([Type.Literal('desk'), Type.Literal('policy'), Type.Literal('exchange')]),
    ),
    rule: Nullable(Type.String()),
    reason: Nullable(Type.String()),
    placedAt: Time,
    endedAt: Nullable(Time),
  },
  { $id: 'Order' },
);

export const Fill = Type.Object(
  {
    tradeId: Type.String(),
    clientOrderId: Type.String(),
    time: Time,
    side: Type.Union([Type.Literal('buy'), Type.Literal('sell')]),
    price: Decimal,
    quantity: Decimal,
    notional: Decimal,
    commission: Decimal,
    commissionAsset: Type.String(),
  },
  { $id: 'Fill' },
);

/** One step of the safety ladder; step 0 is the base order. */
export const LadderStep = Type.Object(
  {
    index: Type.Integer(),
    state: Type.Union([
      Type.Literal('waiting'),
      Type.Literal('placed'),
      Type.Literal('filled'),
      Type.Literal('rejected'),
    ]),
    deviationPercent: Decimal,
    price: Decimal,
    quantity: Decimal,
    notional: Decimal,
  },
  { $id: 'LadderStep' },
);

/** What a running deal has beyond what every kind has. */
export const DealDetails = Type.Union(
  [
    Type.Object({
      kind: Type.Literal('dca'),
      /** What the deal goes by: the bot's may have changed since. */
      settings: DcaSettings,
      /** Nearest first, where there are several or one that moves. */
      takeProfits: Type.Array(
        Type.Object({
          step: Type.Integer({ description: 'from 1; 0 where there is only one' }),
          profit: Decimal,
          share: Decimal,
          price: Nullable(Decimal),
          quantity: Decimal,
          filled: Decimal,
          state: Type.Union([
            Type.Literal('pending'),
            Type.Literal('placed'),
            Type.Literal('trailing'),
            Type.Literal('done'),
          ]),
          /** While it trails: the best price, and where it acts behind it. */
          best: Nullable(Decimal),
          trigger: Nullable(Decimal),
        }),
      ),
      /** What a person asked for and has no order yet; `cancel-step` takes it back by its number. */
      waiting: Type.Array(
        Type.Object({
          purpose: Type.Union([Type.Literal('addFunds'), Type.Literal('reduceFunds')]),
          number: Type.Integer(),
          amount: Decimal,
          asset: Type.String(),
          price: Nullable(Decimal),
        }),
      ),
    }),
    Type.Object({
      kind: Type.Literal('grid'),
      settings: GridSettings,
      /** From the lowest up. */
      lines: Type.Array(
        Type.Object({
          number: Type.Integer(),
          price: Decimal,
          side: Type.Union([Type.Literal('buy'), Type.Literal('sell'), Type.Literal('none')]),
          quantity: Decimal,
          value: Decimal,
          state: Type.Union([
            Type.Literal('placing'),
            Type.Literal('open'),
            Type.Literal('cancelling'),
            Type.Literal('ended'),
            Type.Literal('waiting'),
            Type.Literal('paused'),
            Type.Literal('empty'),
          ]),
        }),
      ),
      linesClosed: Type.Integer({ description: 'buys and sells of lines that made a profit' }),
      gridProfit: Decimal,
      profitBase: Decimal,
      otherProfit: Decimal,
      coins: Decimal,
      reserve: Decimal,
      investment: Decimal,
      lowerStop: Nullable(Decimal),
      upperStop: Nullable(Decimal),
      takeProfit: Nullable(Decimal),
    }),
    Type.Object({
      kind: Type.Literal('trade'),
      steps: Type.Array(
        Type.Object({
          purpose: Type.Union([
            Type.Literal('entry'),
            Type.Literal('addFunds'),
            Type.Literal('takeProfit'),
            Type.Literal('reduceFunds'),
          ]),
          number: Type.Integer({ description: 'from 1, by purpose' }),
          order: Type.Union([Type.Literal('market'), Type.Literal('limit')]),
          state: Type.Union([
            Type.Literal('waiting'),
            Type.Literal('trailing'),
            Type.Literal('placed'),
            Type.Literal('pausing'),
            Type.Literal('closing'),
            Type.Literal('filled'),
            Type.Literal('partly'),
            Type.Literal('cancelled'),
            Type.Literal('failed'),
          ]),
          price: Nullable(Decimal),
          /** What an entry waits for, and the best price that trailing has seen. */
          trigger: Nullable(Decimal),
          best: Nullable(Decimal),
          /** Still to be traded; null while it is not known. */
          quantity: Nullable(Decimal),
          filled: Decimal,
        }),
      ),
      stop: Type.Object({
        price: Nullable(Decimal),
        best: Nullable(Decimal),
        isAtBreakEven: Type.Boolean(),
        /** Until when the price must stay beyond the stop. */
        breachedUntil: Nullable(Time),
        /** `exchange`: an order there acts, also while the desk is off. `desk`: the desk watches the price. */
        heldBy: Type.Union([Type.Literal('exchange'), Type.Literal('desk')]),
      }),
    }),
    Type.Object({
      kind: Type.Literal('rebalance'),
      /** In percent of the portfolio's worth, cash included: what is wanted, and what is. */
      target: Decimal,
      share: Nullable(Decimal),
      worth: Nullable(Decimal),
      trades: Type.Integer(),
    }),
  ],
  { $id: 'DealDetails' },
);

export const Deal = Type.Object(
  {
    id: Type.String({ description: '<bot id>-<number>' }),
    botId: Type.String(),
    botName: Type.String(),
    number: Type.Integer(),
    kind: BotKind,
    direction: Type.Union([Type.Literal('long'), Type.Literal('short')]),
    symbol: Type.String(),
    quoteAsset: Type.String(),
    baseAsset: Type.String(),
    status: Type.Union([
      Type.Literal('starting'),
      Type.Literal('open'),
      Type.Literal('closing'),
      Type.Literal('completed'),
      Type.Literal('cancelled'),
      Type.Literal('failed'),
    ]),
    /** What the deal waits for or why it ended, e.g. `takeProfit`, `stopLoss`, `closedByUser`. */
    reason: Type.String(),
    openedAt: Time,
    closedAt: Nullable(Time),
    quantity: Decimal,
    cost: Decimal,
    averagePrice: Nullable(Decimal),
    breakEvenPrice: Nullable(Decimal),
    takeProfitPrice: Nullable(Decimal),
    stopLossPrice: Nullable(Decimal),
    lastPrice: Nullable(Decimal),
    realisedProfit: Decimal,
    realisedProfitPercent: Decimal,
    unrealisedProfit: Decimal,
    unrealisedProfitPercent: Decimal,
    filledSafetyOrders: Type.Integer(),
    ladder: Type.Array(LadderStep),
    orders: Type.Array(Order),
    fills: Type.Array(Fill),
    /** Null once the deal is over. */
    details: Nullable(DealDetails),
  },
  { $id: 'Deal' },
);

/** A line of a deal's event stream: data; the web writes the sentence in the reader's language. */
export const Note = Type.Object(
  {
    sequence: Type.Integer(),
    botId: Type.String(),
    dealId: Type.String(),
    time: Time,
    kind: Type.String(),
    values: Type.Record(Type.String(), Type.String()),
    symbol: Type.Optional(Type.String({ description: 'of the deal, for a note of one' })),
  },
  { $id: 'Note' },
);

export const DealPage = Type.Object(
  { deals: Type.Array(Deal), nextCursor: Nullable(Type.String()), total: Type.Integer() },
  { $id: 'DealPage' },
);

/** An order of the account that this desk did not send: it is never touched. */
export const ForeignOrder = Type.Object(
  {
    symbol: Type.String(),
    clientOrderId: Type.String(),
    exchangeOrderId: Type.String(),
    side: Type.Union([Type.Literal('buy'), Type.Literal('sell')]),
    /** As the exchange writes it. */
    price: Type.String(),
    quantity: Type.String(),
    filledQuantity: Type.String(),
    placedAt: Time,
  },
  { $id: 'ForeignOrder' },
);

/** An order with this desk's tag that its store knows nothing of. */
export const Orphan = Type.Object(
  {
    ...ForeignOrder.properties,
    id: Type.String(),
    orderState: Type.Union([
      Type.Literal('open'),
      Type.Literal('filled'),
      Type.Literal('cancelled'),
      Type.Literal('expired'),
    ]),
    /** `shown`: waits for a decision. `gone`: ended before there was one. */
    state: Type.Union([
      Type.Literal('shown'),
      Type.Literal('adopted'),
      Type.Literal('cancelled'),
      Type.Literal('gone'),
    ]),
    /** Why the store knows nothing of it. */
    reason: Type.Union([
      Type.Literal('olderStore'),
      Type.Literal('unknownBot'),
      Type.Literal('unknownForm'),
      Type.Literal('unknownOrder'),
    ]),
    dealId: Nullable(Type.String({ description: 'the deal that its ID names' })),
    firstSeenAt: Time,
    updatedAt: Time,
  },
  { $id: 'Orphan' },
);

/** What comparing with the exchange found or decided: data; the web writes the sentence. */
export const Finding = Type.Object(
  {
    sequence: Type.Integer(),
    time: Time,
    lastTime: Time,
    count: Type.Integer({ description: 'how often the same was found' }),
    code: Type.String(),
    values: Type.Record(Type.String(), Type.String()),
  },
  { $id: 'Finding' },
);

export const Reconciliation = Type.Object(
  {
    sweptAt: Nullable(
      Type.Integer({ description: 'wall time of the last comparison that succeeded' }),
    ),
    fault: Nullable(Type.String({ description: 'why the last comparison failed' })),
    foreignCount: Type.Integer(),
    foreignOrders: Type.Array(ForeignOrder),
    /** Those that wait for a decision first, then the newest. */
    orphans: Type.Array(Orphan),
    findings: Type.Array(Finding),
  },
  { $id: 'Reconciliation' },
);

/** Candle rows, oldest first: `[openTime, open, high, low, close, volume]`; a missing row is a gap. */
export const Candles = Type.Object(
  {
    symbol: Type.String(),
    interval: Type.String(),
    candles: Type.Array(Type.Tuple([Time, Decimal, Decimal, Decimal, Decimal, Decimal])),
  },
  { $id: 'Candles' },
);

export const Totals = Type.Object(
  {
    quoteAsset: Type.String(),
    realisedProfit: Decimal,
    unrealisedProfit: Decimal,
    fundsInUse: Decimal,
    activeDeals: Type.Integer(),
    completedDeals: Type.Integer(),
    runningBots: Type.Integer(),
    /** Cumulative realised profit after each closed deal, oldest first, at most 500 points. */
    profitCurve: Type.Array(Type.Tuple([Time, Decimal])),
  },
  { $id: 'Totals' },
);

/** `active` everything; `reducing` only exits; `halted` nothing. */
export const RiskState = Type.Union(
  [Type.Literal('active'), Type.Literal('reducing'), Type.Literal('halted')],
  { $id: 'RiskState' },
);

export const RiskLimits: TUnsafe<core.RiskLimits> & { readonly $id?: string } = Type.Unsafe(
  fieldsSchema(RISK_LIMIT_FIELDS, 'given', 'RiskLimits'),
);

/** What the desk or one bot may have at stake, how it stands, and why. */
export const Risk = Type.Object(
  {
    scope: Type.String({ description: 'desk, or bot:<id>' }),
    limits: RiskLimits,
    state: RiskState,
    cause: Type.Union([Type.Literal('none'), Type.Literal('person'), Type.Literal('dailyLoss')]),
    values: Type.Record(Type.String(), Type.String()),
    since: Nullable(Time),
    /** When the state ends by itself. */
    until: Nullable(Time),
    exposure: Type.Array(Type.Object({ asset: Type.String(), amount: Decimal })),
    openOrders: Type.Integer(),
    /** Since midnight UTC on the venue's clock, or since a person resumed after a loss. */
    realisedToday: Type.Array(Type.Object({ asset: Type.String(), amount: Decimal })),
  },
  { $id: 'Risk' },
);

/** Something a person must know of: data; the web writes the sentence. */
export const Alarm = Type.Object(
  {
    id: Type.String(),
    kind: Type.String(),
    /** `critical`: someone may be at the account. `warning`: to be looked at today. `notice`: to be known. */
    severity: Type.Union([
      Type.Literal('notice'),
      Type.Literal('warning'),
      Type.Literal('critical'),
    ]),
    connection: Type.String({ description: 'empty where it is about none' }),
    subject: Type.String({ description: 'what it is about within its kind' }),
    facts: Type.Record(Type.String(), Type.String()),
    state: Type.Union([
      Type.Literal('open'),
      Type.Literal('acknowledged'),
      Type.Literal('resolved'),
    ]),
    raisedAt: Type.Integer({ description: 'wall time, UTC ms' }),
    lastAt: Type.Integer({ description: 'wall time, UTC ms' }),
    count: Type.Integer({ description: 'how often it was raised' }),
    acknowledgedAt: Nullable(Type.Integer()),
    acknowledgedBy: Nullable(Type.String()),
    resolvedAt: Nullable(Type.Integer()),
    isLasting: Type.Boolean({ description: 'a condition, which lasts until it is over' }),
    sentence: Type.String({ description: 'the same in one English sentence' }),
  },
  { $id: 'Alarm' },
);

export const Alarms = Type.Object(
  {
    openCount: Type.Integer({ description: 'how many wait for a person' }),
    /** Those first, then the newest. */
    alarms: Type.Array(Alarm),
  },
  { $id: 'Alarms' },
);

/** Orders of the account that this desk did not make and nobody has looked at yet. */
export const ForeignOrders = Type.Object(
  {
    connection: Type.String(),
    orders: Type.Array(Type.String({ description: 'a line for the act `ownTrade`' })),
  },
  { $id: 'ForeignOrders' },
);

/** A case in the list: a folder with what was seen. */
export const CaseSummary = Type.Object(
  {
    id: Type.String(),
    openedAt: Type.Integer(),
    connection: Type.String(),
    events: Type.Integer(),
    evidence: Type.Integer({ description: 'how many pieces there are' }),
  },
  { $id: 'CaseSummary' },
);

export const Case = Type.Object(
  {
    id: Type.String(),
    openedAt: Type.Integer(),
    folder: Type.String({ description: 'where it lies on the machine of the desk' }),
    subject: Type.Object({
      connection: Type.String(),
      name: Type.String(),
      venue: Type.String(),
      grade: Type.String(),
      keyKind: Type.String(),
      publicKeySha256: Type.String(),
      createdAt: Nullable(Type.Integer()),
      expiresAt: Nullable(Type.Integer()),
    }),
    checkpoint: Nullable(
      Type.String({ description: "of the signer's log as it stood when the case was opened" }),
    ),
    events: Type.Array(
      Type.Object({
        time: Type.Integer(),
        kind: Type.String(),
        facts: Type.Record(Type.String(), Type.String()),
      }),
    ),
    left: Type.Integer({ description: 'events and evidence beyond the bounds of a case' }),
    files: Type.Array(
      Type.Object({
        path: Type.String(),
        sha256: Type.String(),
        size: Type.Integer(),
        collectedAt: Type.Integer(),
        source: Type.String(),
      }),
    ),
    faults: Type.Array(
      Type.String({ description: 'what is not as the manifest says; none where all is' }),
    ),
  },
  { $id: 'Case' },
);

/** A way by which alarms leave the desk. */
export const AlarmChannel = Type.Object(
  {
    kind: Type.String(),
    isSet: Type.Boolean(),
    address: Nullable(Type.String({ description: 'where it leads, without what may be secret' })),
    waiting: Type.Integer({ description: 'deliveries that wait' }),
    sentAt: Nullable(Type.Integer()),
    fault: Nullable(Type.String({ description: 'why the last delivery failed' })),
  },
  { $id: 'AlarmChannel' },
);

/**
 * Live updates on `/api/v1/stream` (server-sent events). Each event has `id: <sequence>` and `data:` one of these.
 * Sequences have no holes; after one, or after `reset`, the page reads everything again.
 */
export const StreamMessage = Type.Union(
  [
    Type.Object({ kind: Type.Literal('hello'), sequence: Type.Integer() }),
    Type.Object({ kind: Type.Literal('reset') }),
    Type.Object({
      kind: Type.Literal('quote'),
      symbol: Type.String(),
      time: Time,
      bid: Decimal,
      ask: Decimal,
      last: Decimal,
    }),
    /** The running one-minute candle; pages fold longer ones from it. */
    Type.Object({
      kind: Type.Literal('candle'),
      symbol: Type.String(),
      interval: Type.String(),
      candle: Type.Tuple([Time, Decimal, Decimal, Decimal, Decimal, Decimal]),
    }),
    Type.Object({ kind: Type.Literal('bot'), bot: Bot }),
    Type.Object({ kind: Type.Literal('deal'), deal: Deal }),
    Type.Object({ kind: Type.Literal('note'), note: Note }),
    Type.Object({ kind: Type.Literal('totals'), totals: Totals }),
    Type.Object({ kind: Type.Literal('balances'), balances: Type.Array(Balance) }),
    Type.Object({ kind: Type.Literal('reconciliation'), reconciliation: Reconciliation }),
    Type.Object({ kind: Type.Literal('health'), health: Health }),
    Type.Object({ kind: Type.Literal('market'), market: Market }),
    Type.Object({ kind: Type.Literal('risk'), risk: Risk }),
    Type.Object({ kind: Type.Literal('alarms'), alarms: Alarms }),
  ],
  { $id: 'StreamMessage' },
);

export type ErrorBody = Static<typeof ErrorBody>;
export type Instrument = Static<typeof Instrument>;
export type Market = Static<typeof Market>;
export type Desk = Static<typeof Desk>;
export type Hardening = Static<typeof Hardening>;
export type ProcessHealth = Static<typeof ProcessHealth>;
export type StreamHealth = Static<typeof StreamHealth>;
export type Health = Static<typeof Health>;
export type LogOverview = Static<typeof LogOverview>;
export type LogAnchor = Static<typeof LogAnchor>;
export type WitnessStatus = Static<typeof WitnessStatus>;
export type Balance = Static<typeof Balance>;
export type Connection = Static<typeof Connection>;
export type Vault = Static<typeof Vault>;
export type Start = Static<typeof Start>;
export type RiskState = Static<typeof RiskState>;
export type RiskLimits = Static<typeof RiskLimits>;
export type Risk = Static<typeof Risk>;
export type Bot = Static<typeof Bot>;
export type Conditions = Static<typeof Conditions>;
export type Attention = Static<typeof Attention>;
export type Order = Static<typeof Order>;
export type Fill = Static<typeof Fill>;
export type LadderStep = Static<typeof LadderStep>;
export type DealDetails = Static<typeof DealDetails>;
export type Deal = Static<typeof Deal>;
export type Note = Static<typeof Note>;
export type DealPage = Static<typeof DealPage>;
export type ForeignOrder = Static<typeof ForeignOrder>;
export type Orphan = Static<typeof Orphan>;
export type Finding = Static<typeof Finding>;
export type Reconciliation = Static<typeof Reconciliation>;
export type Alarm = Static<typeof Alarm>;
export type Alarms = Static<typeof Alarms>;
export type AlarmChannel = Static<typeof AlarmChannel>;
export type Case = Static<typeof Case>;
export type ForeignOrders = Static<typeof ForeignOrders>;
export type CaseSummary = Static<typeof CaseSummary>;
export type Venue = Static<typeof Venue>;
export type Candles = Static<typeof Candles>;
export type Totals = Static<typeof Totals>;
export type StreamMessage = Static<typeof StreamMessage>;
