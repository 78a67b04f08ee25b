// SPDX-License-Identifier: Apache-2.0
// The settings of every kind of bot, in English.

import type { SettingsWords } from './settings-words.ts';

const COMPARISONS = {
  below: 'below',
  above: 'above',
  crossesBelow: 'crosses below',
  crossesAbove: 'crosses above',
};
const TRENDS = {
  turnsUp: 'turns up',
  turnsDown: 'turns down',
  up: 'points up',
  down: 'points down',
};
const VOLUME_UNITS = { quote: 'in quote', base: 'in coins', percent: '% of free' };
const CONDITION_KINDS = {
  rsi: 'RSI',
  mfi: 'MFI, money flow',
  cci: 'CCI, commodity channel',
  adx: 'ADX, strength of the trend',
  ult: 'Ultimate oscillator',
  bollinger: 'Bollinger %B',
  maCross: 'Two moving averages',
  macd: 'MACD',
  stochastic: 'Stochastic',
  parabolicSar: 'Parabolic SAR',
  supertrend: 'Supertrend',
  heikinAshi: 'Heikin-Ashi candles',
  priceChange: 'Change of the price',
  technicalRating: 'Technical rating',
  volume24h: 'Volume of 24 hours',
};
const PRICE_KINDS = { price: 'at a price', percent: 'in percent' };
const SOURCES = { own: 'price I would get', bid: 'bid', ask: 'ask', last: 'last price' };

export const englishSettings: SettingsWords = {
  sections: {
    what: 'What to trade',
    buy: 'When to buy',
    sellFirst: 'When to sell',
    average: 'How to average down',
    averageUp: 'How to average up',
    sell: 'When to sell',
    buyBack: 'When to buy back',
    giveUp: 'When to give up',
    limits: 'Within which limits',
    range: 'In which range',
    lines: 'How many lines',
    move: 'When the price leaves',
    shares: 'Which share for each coin',
    when: 'When to trade',
    size: 'How much',
    signals: 'Which signals to follow',
    exits: 'When to close',
    settings: 'Settings',
    more: 'More',
  },
  kinds: {
    dca: {
      name: 'DCA bot',
      sentence: 'Buys in steps as the price falls and sells all of it a little above the average.',
    },
    grid: {
      name: 'Grid bot',
      sentence:
        'Buys and sells at evenly spaced lines and earns each time the price moves between two.',
    },
    smartTrade: {
      name: 'Smart trade',
      sentence: 'One trade you plan: how to enter, up to eight targets, and a stop that guards it.',
    },
    signal: {
      name: 'Signal bot',
      sentence: 'Opens and closes positions when signals from elsewhere tell it to.',
    },
    rebalance: {
      name: 'Portfolio',
      sentence: 'Keeps several coins at the shares you choose and trades when they drift apart.',
    },
  },
  presets: {
    'dca.calm': {
      name: 'Calm',
      sentence: 'Few deals, deep ladder: twelve orders that cover a fall of about 30%.',
    },
    'dca.steady': {
      name: 'Steady',
      sentence: 'Seven orders over a fall of about 12%, sold 1.5% above the average.',
    },
    'dca.brisk': {
      name: 'Brisk',
      sentence: 'Four orders over 3%, many small profits, and a stop loss below.',
    },
    'grid.around': {
      name: 'Around the price',
      sentence: 'Twenty lines from 8% below the price to 8% above it.',
    },
    'grid.wide': {
      name: 'Wide',
      sentence: 'Forty lines, equal in percent, from a quarter below the price to a third above.',
    },
    'smartTrade.simple': {
      name: 'Buy now, one target',
      sentence: 'Buys at market, sells at 3% profit, stops 3% below.',
    },
    'smartTrade.ladder': {
      name: 'Buy lower, three targets',
      sentence: 'A limit order 2% below the price, thirds sold at 2, 4 and 7%.',
    },
    'smartTrade.held': {
      name: 'Sell what you hold',
      sentence: 'Target and stop for coins that are in the account already.',
    },
    'signal.follow': {
      name: 'Follow both ways',
      sentence: 'Opens and closes by signals alone, with a stop 5% away as a guard.',
    },
    'signal.exits': {
      name: 'Own exits',
      sentence: 'Signals open; halves close at 1.5 and 3% profit, or at a stop 3% away.',
    },
    'rebalance.equal': {
      name: 'Equal shares',
      sentence: 'The first coins of this desk in equal parts, traded when one is 5 points off.',
    },
    'rebalance.core': {
      name: 'Half in the first coin',
      sentence: 'Half in the first coin, a fifth in cash, the rest in the others, looked at daily.',
    },
  },
  fields: {
    '*.name': { name: 'Name' },
    '*.symbols': { name: 'Instruments' },
    '*.maxSlippage': {
      name: 'Most slippage',
      help: 'How far from the best price an order at market may trade.',
    },
    '*.reserveSafetyOrders': {
      name: 'Keep money for safety orders',
      help: 'No other bot gets the money of safety orders that do not stand in the book yet. Without it more bots can run at once, and a deal may lack the money for its safety orders.',
    },
    '*.postOnly': {
      name: 'Only resting orders',
      help: 'Limit orders may only rest and pay the maker’s fee (post-only). One that would trade at once is tried again at its price after 2, 4 and 8 seconds, a take profit once; then it goes out as an ordinary limit order, so that nothing is missed for a fee.',
    },
    '*.price': { name: 'Price', choices: PRICE_KINDS },
    '*.share': { name: 'Share' },
    '*.percent': { name: 'Percent' },
    '*.source': {
      name: 'Watched price',
      help: 'Which price of the market is compared.',
      choices: SOURCES,
    },
    '*.trailing': {
      name: 'Trailing',
      help: 'Follows the best price at this distance before it acts.',
    },

    'dca.symbols': { name: 'Instruments', help: 'Each has deals of its own.' },
    'dca.direction': {
      name: 'Direction',
      choices: { long: 'Long: buy, then sell', short: 'Short: sell, then buy back' },
    },
    'dca.profitCurrency': {
      name: 'Take profit in',
      help: 'In coins: only as much is closed as returns the cost, the profit stays as coins.',
      choices: { quote: 'quote', base: 'coins' },
    },
    'dca.startTrigger': {
      name: 'A deal starts',
      choices: {
        immediately: 'at once, whenever there is room',
        conditions: 'when conditions are met',
        signal: 'on a signal',
        manually: 'when I say so',
      },
    },
    'dca.startConditions': {
      name: 'All of these hold',
      help: 'Looked at whenever a candle closes.',
      item: 'condition',
      choices: CONDITION_KINDS,
    },
    'dca.baseOrderVolume': { name: 'Base order', help: 'The first order of each deal.' },
    'dca.baseOrderVolumeType': { name: 'Base order in', choices: VOLUME_UNITS },
    'dca.baseOrderType': { name: 'Base order as', choices: { market: 'market', limit: 'limit' } },
    'dca.startDelaySeconds': {
      name: 'Delay before a deal',
      help: 'From the decision to the base order.',
    },
    'dca.cooldownSeconds': {
      name: 'Pause between deals',
      help: 'For each instrument, after a deal has closed.',
    },
    'dca.minPrice': { name: 'Only at or above' },
    'dca.maxPrice': { name: 'Only at or below' },
    'dca.minPricePercent': {
      name: 'Only at or above, in percent',
      help: 'From the price at which the bot was started.',
    },
    'dca.maxPricePercent': {
      name: 'Only at or below, in percent',
      help: 'From the price at which the bot was started.',
    },
    'dca.maxSafetyOrders': { name: 'Safety orders', help: 'Most of them in one deal.' },
    'dca.maxActiveSafetyOrders': {
      name: 'On the book at once',
      help: 'The others wait until one of these has filled.',
    },
    'dca.safetyOrderVolume': { name: 'Safety order', help: 'The first one.' },
    'dca.safetyOrderVolumeType': { name: 'Safety orders in', choices: VOLUME_UNITS },
    'dca.safetyOrderStep': {
      name: 'Step to the first',
      help: "Distance from the base order's price.",
    },
    'dca.volumeScale': { name: 'Each larger by', help: '1 keeps them equal.' },
    'dca.stepScale': { name: 'Each step wider by', help: '1 keeps them equally far apart.' },
    'dca.customSafetyOrders': {
      name: 'A ladder of my own',
      help: 'Takes the place of volume, step and scales.',
      item: 'safety order',
    },
    'dca.customSafetyOrders.deviation': { name: 'Distance from base' },
    'dca.customSafetyOrders.volume': { name: 'Volume' },
    'dca.safetyOrderTrigger': {
      name: 'Safety orders are sent',
      choices: {
        price: 'ahead, resting at their price',
        conditions: 'past their price, when conditions are met',
        signal: 'past their price, on a signal',
      },
    },
    'dca.safetyOrderConditions': {
      name: 'All of these hold',
      item: 'condition',
      choices: CONDITION_KINDS,
    },
    'dca.takeProfit': {
      name: 'Take profit',
      help: 'What is earned after both fees.',
    },
    'dca.takeProfitType': {
      name: 'In percent of',
      choices: { total: 'the whole deal', base: 'the base order' },
    },
    'dca.takeProfitSteps': {
      name: 'Several targets',
      help: 'Each sells its share; all shares make 100%.',
      item: 'target',
    },
    'dca.takeProfitSteps.profit': { name: 'Profit' },
    'dca.takeProfitSteps.share': { name: 'Share' },
    'dca.trailingDeviation': {
      name: 'Trailing',
      help: 'Past take profit, follows the best price at this distance.',
    },
    'dca.closeTrigger': {
      name: 'Also close',
      choices: {
        none: 'for no other reason',
        conditions: 'when conditions are met',
        signal: 'on a signal',
      },
    },
    'dca.closeConditions': {
      name: 'All of these hold',
      item: 'condition',
      choices: CONDITION_KINDS,
    },
    'dca.minProfitType': {
      name: 'Least profit of',
      choices: {
        total: 'the whole deal',
        base: 'the base order',
        none: 'none: close at any price',
      },
    },
    'dca.minProfit': {
      name: 'Least profit',
      help: 'Below it, conditions and signals close nothing.',
    },
    'dca.stopLoss': { name: 'Stop loss' },
    'dca.stopLossFrom': {
      name: 'Measured from',
      choices: { base: 'the base order', average: 'the average' },
    },
    'dca.stopLossTrailing': { name: 'Stop follows the price' },
    'dca.stopLossTimeoutSeconds': {
      name: 'Wait before stopping',
      help: 'The price must stay beyond the stop for so long.',
    },
    'dca.stopLossMove': {
      name: 'After a target, move the stop',
      choices: {
        never: 'not at all',
        breakEven: 'to break-even',
        firstStep: 'to the target before, once',
        secondStep: 'to the target before, twice',
      },
    },
    'dca.stopLossAction': {
      name: 'Then',
      choices: { closeDeal: 'close the deal', closeDealAndStopBot: 'close it and stop the bot' },
    },
    'dca.closeTimeoutSeconds': {
      name: 'Close after',
      help: 'At market, whatever the deal has earned by then.',
    },
    'dca.maxActiveDeals': { name: 'Deals at once' },
    'dca.maxActiveDealsPerSymbol': { name: 'Deals at once on one instrument' },
    'dca.stopAfterDeals': {
      name: 'Stop the bot after',
      help: 'So many deals since it was started.',
    },
    'dca.reinvest': {
      name: 'Reinvest',
      help: "Part of the bot's profit that enlarges its next orders.",
    },
    'dca.riskReduction': {
      name: 'Reduce after losses',
      help: "Part of the bot's loss that makes its next orders smaller.",
    },

    'grid.symbols': { name: 'Instrument' },
    'grid.lowerPrice': { name: 'Lowest line' },
    'grid.upperPrice': { name: 'Highest line' },
    'grid.startPrice': {
      name: 'Start at',
      help: 'The grid waits until the price is reached.',
    },
    'grid.initialBalancing': {
      name: 'Buy for the sell lines first',
      help: 'Without it only coins that are there already are offered.',
    },
    'grid.lines': { name: 'Lines' },
    'grid.spacing': {
      name: 'Distance between lines',
      choices: { arithmetic: 'equal in price', geometric: 'equal in percent' },
    },
    'grid.quantityPerLine': { name: 'Each line' },
    'grid.quantityUnit': { name: 'Each line in', choices: { base: 'in coins', quote: 'in quote' } },
    'grid.profitCurrency': {
      name: 'Keep the profit in',
      choices: { quote: 'quote', base: 'coins' },
    },
    'grid.maxActiveBuyLines': {
      name: 'Buy lines on the book',
      help: 'The nearest ones rest, the others wait.',
    },
    'grid.maxActiveSellLines': {
      name: 'Sell lines on the book',
      help: 'The nearest ones rest, the others wait.',
    },
    'grid.trailingUp': {
      name: 'Follow upwards',
      help: 'Above the grid the whole grid moves up, a line at a time.',
    },
    'grid.trailingDown': {
      name: 'Follow downwards',
      help: 'Below the grid the whole grid moves down, a line at a time.',
    },
    'grid.expansionUpTo': {
      name: 'Add lines above, up to',
      help: 'The grid grows instead of moving.',
    },
    'grid.expansionDownTo': {
      name: 'Add lines below, down to',
      help: 'The grid grows instead of moving.',
    },
    'grid.lowerStop': { name: 'Stop below' },
    'grid.upperStop': { name: 'Stop above' },
    '*.action': {
      name: 'Then',
      choices: {
        stop: 'stop and keep everything',
        stopAndSell: 'stop and sell the coins',
        stopAndBuy: 'stop and buy coins',
      },
    },
    'grid.takeProfitPrice': {
      name: 'Take profit at',
      help: 'There the grid sells its coins and ends.',
    },

    'smartTrade.symbols': { name: 'Instrument' },
    'smartTrade.type': {
      name: 'Trade',
      choices: {
        long: 'Buy, then sell higher',
        short: 'Sell, then buy back lower',
        sellHeld: 'Sell coins I hold',
        buyBack: 'Buy back coins I sold',
        buy: 'Only buy',
        sell: 'Only sell',
      },
    },
    'smartTrade.held': { name: 'What is there already' },
    'smartTrade.held.quantity': { name: 'Coins' },
    'smartTrade.held.price': {
      name: 'At',
      help: 'What one cost or brought; profit counts from it.',
    },
    '*.size': {
      name: 'Size',
      choices: { quote: 'in quote', base: 'in coins', balance: '% of what is free' },
    },
    '*.size.quote.amount': { name: 'Amount' },
    '*.size.base.quantity': { name: 'Coins' },
    '*.size.balance.percent': { name: 'Of what is free' },
    '*.entries': { name: 'Entries', help: 'All shares make 100%.', item: 'entry' },
    '*.entries.order': { name: 'Order', choices: { market: 'at market', limit: 'limit' } },
    '*.entries.price': {
      name: 'Limit',
      help: 'In percent: better than the market when the trade starts.',
      choices: PRICE_KINDS,
    },
    '*.entries.trigger': {
      name: 'Wait for a price',
      help: 'The order goes out only then.',
    },
    '*.entries.trigger.price': { name: 'Price', choices: PRICE_KINDS },
    '*.entries.trigger.when': {
      name: 'When the price',
      choices: {
        reaches: 'reaches it',
        atOrAbove: 'is at or above it',
        atOrBelow: 'is at or below it',
      },
    },
    '*.entries.waitSeconds': {
      name: 'Take back after',
      help: 'What has filled by then is kept.',
    },
    '*.takeProfit': { name: 'Targets', help: 'All shares make 100%.', item: 'target' },
    '*.takeProfit.price': {
      name: 'Target',
      help: 'In percent: profit after both fees.',
      choices: PRICE_KINDS,
    },
    '*.takeProfit.order': {
      name: 'Order',
      choices: { limit: 'limit, resting', market: 'at market when reached' },
    },
    '*.stopLoss': { name: 'Stop loss' },
    '*.stopLoss.price': {
      name: 'Stop',
      help: 'In percent: from the average of the position.',
      choices: PRICE_KINDS,
    },
    '*.stopLoss.order': { name: 'Order', choices: { market: 'at market', limit: 'limit' } },
    '*.stopLoss.limit': {
      name: 'Limit',
      help: "In percent: beyond the stop's own price.",
      choices: PRICE_KINDS,
    },
    '*.stopLoss.timeoutSeconds': {
      name: 'Wait before stopping',
      help: 'The price must stay beyond the stop for so long.',
    },
    '*.stopLoss.breakEven': { name: 'To break-even after the first target' },
    '*.stopLoss.placement': {
      name: 'Who holds the stop',
      choices: { desk: 'the desk watches the price', exchange: 'an order at the exchange' },
      help: 'At the exchange it protects while the desk is off. It takes one resting target, and no trailing or waiting.',
    },

    'signal.directions': {
      name: 'May open',
      choices: { long: 'long', short: 'short', both: 'both' },
    },
    'signal.onOpposite': {
      name: 'A signal the other way',
      choices: { ignore: 'is ignored', close: 'closes', reverse: 'closes and reverses' },
    },
    'signal.maxLagSeconds': { name: 'Oldest signal', help: 'Older ones are refused.' },
    'signal.acceptUntimed': {
      name: 'Follow signals without a time',
      help: 'Of webhooks that do not say when they were sent.',
    },
    'signal.duplicateSeconds': {
      name: 'Refuse the same again for',
      help: 'A signal that comes twice counts once.',
    },
    'signal.maxPriceDeviation': {
      name: 'Farthest from its price',
      help: 'Where the signal names a price: how far the market may be from it.',
    },
    'signal.cooldownSeconds': {
      name: 'Pause after a position',
      help: 'For each instrument, after it has closed.',
    },
    'signal.size': {
      name: 'Size',
      help: 'Of the first entry, and of each that is added.',
      choices: { quote: 'in quote', base: 'in coins', balance: '% of what is free' },
    },
    'signal.entryOrder': {
      name: 'Enters',
      choices: { market: 'at market', limit: 'with a limit' },
    },
    'signal.entryOffset': { name: 'Limit better than the market by' },
    'signal.entryWaitSeconds': {
      name: 'Take the limit back after',
      help: 'What has filled by then is kept.',
    },
    'signal.maxEntries': { name: 'Entries of a position', help: 'The first one included.' },
    'signal.useSignalSize': { name: "Let the signal's own size count" },
    'signal.useSignalExits': { name: "Let the signal's own exits count" },
    'signal.minProfit': {
      name: 'Close by signal only above',
      help: 'In percent after fees.',
    },
    'signal.maxPositions': { name: 'Positions at once' },
    'signal.maxInvestment': {
      name: 'Worth together at most',
      help: 'All positions and entries of the bot.',
    },

    'rebalance.targets': {
      name: 'Shares',
      help: 'What is left of 100% stays in cash.',
      item: 'coin',
    },
    'rebalance.targets.symbol': { name: 'Coin' },
    'rebalance.targets.share': { name: 'Share' },
    'rebalance.investment': { name: 'Begin with', help: 'The coins are bought for this.' },
    'rebalance.threshold': {
      name: 'When a share is off by',
      help: 'In percentage points.',
    },
    'rebalance.everyHours': { name: 'Every so many hours' },
    'rebalance.minTrade': { name: 'Least trade', help: 'Smaller differences are left alone.' },

    '*.interval': {
      name: 'Candles of',
      choices: {
        '1m': '1 minute',
        '3m': '3 minutes',
        '5m': '5 minutes',
        '15m': '15 minutes',
        '30m': '30 minutes',
        '1h': '1 hour',
        '2h': '2 hours',
        '4h': '4 hours',
        '6h': '6 hours',
        '8h': '8 hours',
        '12h': '12 hours',
        '1d': '1 day',
        '3d': '3 days',
        '1w': '1 week',
        '1M': '1 month',
      },
    },
    '*.period': { name: 'Period' },
    '*.comparison': { name: 'Is', choices: COMPARISONS },
    '*.value': { name: 'Value' },
    '*.shortPeriod': { name: 'Short period' },
    '*.middlePeriod': { name: 'Middle period' },
    '*.longPeriod': { name: 'Long period' },
    '*.bollinger.deviation': { name: 'Deviations' },
    '*.bollinger.value': { name: 'Value', help: '0 is the lower band, 1 the upper.' },
    '*.average': { name: 'Average', choices: { ema: 'exponential', sma: 'simple' } },
    '*.fastPeriod': { name: 'Fast period' },
    '*.slowPeriod': { name: 'Slow period' },
    '*.signalPeriod': { name: 'Signal period' },
    '*.macd.line': {
      name: 'The line is',
      choices: { any: 'anywhere', belowZero: 'below zero', aboveZero: 'above zero' },
    },
    '*.kPeriod': { name: 'Period of %K' },
    '*.smoothing': { name: 'Smoothing' },
    '*.dPeriod': { name: 'Period of %D' },
    '*.cross': {
      name: 'And %K',
      choices: {
        any: 'stands anywhere',
        kCrossesAboveD: 'crosses above %D',
        kCrossesBelowD: 'crosses below %D',
      },
    },
    '*.parabolicSar.step': { name: 'Step' },
    '*.maximum': { name: 'Maximum' },
    '*.trend': { name: 'Trend', choices: TRENDS },
    '*.multiplier': { name: 'Multiplier' },
    '*.candles': { name: 'Candles' },
    '*.colour': { name: 'All are', choices: { green: 'rising', red: 'falling' } },
    '*.rating': {
      name: 'Rated',
      choices: {
        buyOrStrongBuy: 'buy or strong buy',
        strongBuy: 'strong buy',
        sellOrStrongSell: 'sell or strong sell',
        strongSell: 'strong sell',
      },
    },
    '*.atLeast': { name: 'At least' },

    'risk.maxExposure': {
      name: 'At stake at most',
      help: 'Coins held, coins owed and entries that rest, together.',
      item: 'asset',
    },
    'risk.maxOpenOrders': {
      name: 'Open orders at once',
      help: 'Exits count, but are never refused.',
    },
    'risk.dailyLoss': {
      name: 'Loss of a day at most',
      help: 'What is realised counts, also by deals that run. Reached, nothing new is opened until the next day (UTC).',
      item: 'asset',
    },
    'risk.maxExposure.asset': { name: 'Asset' },
    'risk.maxExposure.amount': { name: 'Amount' },
    'risk.dailyLoss.asset': { name: 'Asset' },
    'risk.dailyLoss.amount': { name: 'Amount' },
  },
};
