// SPDX-License-Identifier: Apache-2.0
// The questions each kind of bot asks, in the order a person thinks about them.

import type { Arrangement } from './arrangement.ts';
import { isDraftFields, isDraftList, type Draft, type DraftFields } from './draft.ts';

const hasItems = (draft: Draft): boolean => isDraftList(draft) && draft.length > 0;
const is =
  (field: string, ...values: readonly Draft[]) =>
  (draft: DraftFields): boolean =>
    values.includes(draft[field]);
const has =
  (field: string) =>
  (draft: DraftFields): boolean =>
    draft[field] !== undefined;
const isShort = is('direction', 'short');

const FIRST_CONDITION: Draft = [
  { kind: 'rsi', interval: '1h', period: 14, comparison: 'below', value: '30' },
];

const TARGET: Draft = {
  price: { kind: 'percent', percent: '3' },
  order: 'limit',
  source: 'own',
  share: '100',
};

const STOP: Draft = {
  price: { kind: 'percent', percent: '3' },
  source: 'own',
  order: 'market',
  timeoutSeconds: 0,
  breakEven: false,
  placement: 'desk',
};

export const DCA_ARRANGEMENT: Arrangement = {
  sections: [
    {
      name: 'what',
      places: [{ field: 'name' }, { field: 'symbols' }, { field: 'direction' }],
      advanced: [{ field: 'profitCurrency' }],
    },
    {
      name: (draft) => (isShort(draft) ? 'sellFirst' : 'buy'),
      places: [
        { field: 'startTrigger' },
        {
          field: 'startConditions',
          isAsked: is('startTrigger', 'conditions', 'signal'),
          suggestion: FIRST_CONDITION,
        },
        { field: 'baseOrderVolume', unitFrom: 'baseOrderVolumeType' },
        { field: 'baseOrderType' },
      ],
      advanced: [
        { field: 'startDelaySeconds' },
        {
          field: 'minPrice',
          isAsked: ({ symbols }) => !isDraftList(symbols) || symbols.length < 2,
        },
        {
          field: 'maxPrice',
          isAsked: ({ symbols }) => !isDraftList(symbols) || symbols.length < 2,
        },
        { field: 'minPricePercent', suggestion: '-10' },
        { field: 'maxPricePercent', suggestion: '10' },
      ],
    },
    {
      name: (draft) => (isShort(draft) ? 'averageUp' : 'average'),
      places: [
        { field: 'maxSafetyOrders' },
        { field: 'maxActiveSafetyOrders' },
        { field: 'safetyOrderVolume', unitFrom: 'safetyOrderVolumeType' },
        { field: 'safetyOrderStep' },
        { field: 'volumeScale' },
        { field: 'stepScale' },
      ],
      advanced: [
        {
          field: 'customSafetyOrders',
          suggestion: [{ deviation: '1', volume: '20' }],
        },
        { field: 'safetyOrderTrigger' },
        {
          field: 'safetyOrderConditions',
          isAsked: is('safetyOrderTrigger', 'conditions', 'signal'),
          suggestion: FIRST_CONDITION,
        },
      ],
    },
    {
      name: (draft) => (isShort(draft) ? 'buyBack' : 'sell'),
      places: [
        {
          field: 'takeProfit',
          isAsked: ({ takeProfitSteps }) => !hasItems(takeProfitSteps),
          suggestion: '1.5',
        },
        {
          field: 'takeProfitSteps',
          suggestion: [
            { profit: '1', share: '50' },
            { profit: '2', share: '50' },
          ],
        },
        { field: 'takeProfitType' },
        {
          field: 'trailingDeviation',
          isAsked: ({ takeProfit, takeProfitSteps }) =>
            takeProfit !== undefined || hasItems(takeProfitSteps),
          suggestion: '0.3',
        },
      ],
      advanced: [
        { field: 'closeTrigger' },
        {
          field: 'closeConditions',
          isAsked: is('closeTrigger', 'conditions', 'signal'),
          suggestion: FIRST_CONDITION,
        },
        { field: 'minProfitType', isAsked: is('closeTrigger', 'conditions', 'signal') },
        {
          field: 'minProfit',
          isAsked: (draft) =>
            is('closeTrigger', 'conditions', 'signal')(draft) &&
            !is('minProfitType', 'none')(draft),
        },
      ],
    },
    {
      name: 'giveUp',
      places: [
        { field: 'stopLoss', suggestion: '15' },
        { field: 'stopLossFrom', isAsked: has('stopLoss') },
        { field: 'stopLossAction', isAsked: has('stopLoss') },
      ],
      advanced: [
        { field: 'stopLossTrailing', isAsked: has('stopLoss') },
        { field: 'stopLossTimeoutSeconds', isAsked: has('stopLoss') },
        { field: 'stopLossMove', isAsked: has('stopLoss') },
        { field: 'closeTimeoutSeconds', suggestion: 604_800 },
      ],
    },
    {
      name: 'limits',
      places: [{ field: 'maxActiveDeals' }, { field: 'cooldownSeconds' }],
      advanced: [
        {
          field: 'maxActiveDealsPerSymbol',
          isAsked: (draft) => !is('startTrigger', 'immediately')(draft),
        },
        { field: 'stopAfterDeals', suggestion: 10 },
        { field: 'reinvest' },
        { field: 'riskReduction' },
        { field: 'reserveSafetyOrders' },
        { field: 'postOnly' },
        { field: 'maxSlippage' },
      ],
    },
  ],
};

export const GRID_ARRANGEMENT: Arrangement = {
  sections: [
    { name: 'what', places: [{ field: 'name' }, { field: 'symbols' }] },
    {
      name: 'range',
      places: [{ field: 'lowerPrice' }, { field: 'upperPrice' }],
      advanced: [{ field: 'startPrice' }, { field: 'initialBalancing' }],
    },
    {
      name: 'lines',
      places: [
        { field: 'lines' },
        { field: 'spacing' },
        { field: 'quantityPerLine', unitFrom: 'quantityUnit' },
        { field: 'profitCurrency' },
      ],
      advanced: [{ field: 'maxActiveBuyLines' }, { field: 'maxActiveSellLines' }],
    },
    {
      name: 'move',
      places: [{ field: 'trailingUp' }, { field: 'trailingDown' }],
      advanced: [{ field: 'expansionUpTo' }, { field: 'expansionDownTo' }],
    },
    {
      name: 'giveUp',
      places: [{ field: 'lowerStop' }, { field: 'upperStop' }, { field: 'takeProfitPrice' }],
      advanced: [{ field: 'postOnly' }, { field: 'maxSlippage' }],
    },
  ],
};

/** Entries, targets and stops, which smart trades and signal bots have alike. */
const PLAN_GROUPS: NonNullable<Arrangement['groups']> = {
  entries: [
    { field: 'order' },
    { field: 'price', isAsked: is('order', 'limit'), isNeeded: true },
    { field: 'share' },
    { field: 'trigger' },
    { field: 'waitSeconds', isAsked: is('order', 'limit'), suggestion: 3_600 },
  ],
  takeProfit: [
    { field: 'price' },
    { field: 'share' },
    { field: 'order' },
    { field: 'source', isAsked: is('order', 'market') },
    { field: 'trailing', isAsked: is('order', 'market'), suggestion: '0.5' },
  ],
  stopLoss: [
    { field: 'price' },
    { field: 'order' },
    { field: 'limit', isAsked: is('order', 'limit'), isNeeded: true },
    { field: 'source' },
    { field: 'trailing', suggestion: '2' },
    { field: 'timeoutSeconds' },
    { field: 'breakEven' },
    { field: 'placement' },
  ],
};

const beginsHeld = is('type', 'sellHeld', 'buyBack');
const closes = (draft: DraftFields): boolean => !is('type', 'buy', 'sell')(draft);

export const SMART_TRADE_ARRANGEMENT: Arrangement = {
  sections: [
    { name: 'what', places: [{ field: 'name' }, { field: 'symbols' }, { field: 'type' }] },
    {
      name: (draft) => (is('type', 'short', 'sell')(draft) ? 'sellFirst' : 'buy'),
      places: [
        { field: 'held', isAsked: beginsHeld, isNeeded: true },
        {
          field: 'size',
          isAsked: (draft) => !beginsHeld(draft),
          isNeeded: true,
          suggestion: { kind: 'quote', amount: '100' },
        },
        {
          field: 'entries',
          isAsked: (draft) => !beginsHeld(draft),
          suggestion: [{ order: 'market', share: '100' }],
        },
      ],
    },
    {
      name: (draft) => (is('type', 'short', 'buyBack')(draft) ? 'buyBack' : 'sell'),
      places: [
        {
          field: 'takeProfit',
          isAsked: closes,
          suggestion: [TARGET],
        },
      ],
    },
    {
      name: 'giveUp',
      places: [
        {
          field: 'stopLoss',
          isAsked: closes,
          suggestion: STOP,
        },
      ],
    },
    { name: 'limits', places: [], advanced: [{ field: 'postOnly' }, { field: 'maxSlippage' }] },
  ],
  groups: PLAN_GROUPS,
};

export const SIGNAL_ARRANGEMENT: Arrangement = {
  sections: [
    {
      name: 'what',
      places: [{ field: 'name' }, { field: 'symbols' }, { field: 'directions' }],
    },
    {
      name: 'signals',
      places: [{ field: 'onOpposite' }, { field: 'maxLagSeconds' }],
      advanced: [
        { field: 'acceptUntimed' },
        { field: 'duplicateSeconds' },
        { field: 'maxPriceDeviation', suggestion: '1' },
        { field: 'cooldownSeconds' },
      ],
    },
    {
      name: 'size',
      places: [
        { field: 'size' },
        { field: 'entryOrder' },
        { field: 'entryOffset', isAsked: is('entryOrder', 'limit') },
        { field: 'entryWaitSeconds', isAsked: is('entryOrder', 'limit') },
        { field: 'maxEntries' },
      ],
      advanced: [{ field: 'useSignalSize' }],
    },
    {
      name: 'exits',
      places: [{ field: 'takeProfit', suggestion: [TARGET] }],
      advanced: [{ field: 'useSignalExits' }, { field: 'minProfit', suggestion: '0' }],
    },
    { name: 'giveUp', places: [{ field: 'stopLoss', suggestion: STOP }] },
    {
      name: 'limits',
      places: [{ field: 'maxPositions' }, { field: 'maxInvestment', suggestion: '1000' }],
      advanced: [{ field: 'maxSlippage' }],
    },
  ],
  groups: PLAN_GROUPS,
};

export const REBALANCE_ARRANGEMENT: Arrangement = {
  sections: [
    { name: 'what', places: [{ field: 'name' }, { field: 'investment' }] },
    { name: 'shares', places: [{ field: 'targets' }] },
    {
      name: 'when',
      places: [
        { field: 'threshold', suggestion: '5' },
        { field: 'everyHours', suggestion: 24 },
      ],
    },
    {
      name: 'limits',
      places: [{ field: 'minTrade' }],
      advanced: [{ field: 'maxSlippage' }],
    },
  ],
  // Every coin with a share is traded, and no other.
  derive: (draft) => ({ ...draft, symbols: symbolsOf(draft['targets']) }),
  errorsOf: { symbols: 'targets' },
  choicesFrom: { 'targets.symbol': 'symbols' },
};

function symbolsOf(targets: Draft): readonly string[] {
  if (!isDraftList(targets)) return [];
  const symbols = targets.flatMap((target) => {
    const symbol = isDraftFields(target) ? target['symbol'] : undefined;
    return typeof symbol === 'string' ? [symbol] : [];
  });
  return [...new Set(symbols)];
}

/** By the kind's name; a kind that came later than this page has none. */
export const ARRANGEMENTS: Readonly<Record<string, Arrangement>> = {
  dca: DCA_ARRANGEMENT,
  grid: GRID_ARRANGEMENT,
  smartTrade: SMART_TRADE_ARRANGEMENT,
  signal: SIGNAL_ARRANGEMENT,
  rebalance: REBALANCE_ARRANGEMENT,
};
