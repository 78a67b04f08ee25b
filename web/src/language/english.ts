// SPDX-License-Identifier: Apache-2.0
// Every string of the desk in English. This file gives the catalogue its shape; german.ts must match it.

import { readingsIn, type NoteSentences } from './note-text.ts';
import type { RefusalHints } from './refusal.ts';

const plural = (count: number, one: string, many: string): string => (count === 1 ? one : many);

/** A count and how it is written in the reader's locale. */
export interface Count {
  readonly count: number;
  readonly text: string;
}

export const english = {
  nav: {
    label: 'Pages',
    overview: 'Overview',
    bots: 'Bots',
    deals: 'Deals',
    connections: 'Connections',
    settings: 'Settings',
    skip: 'Skip to the page',
  },
  common: {
    retry: 'Try again',
    close: 'Close',
    cancel: 'Cancel',
    undo: 'Undo',
    copied: 'Copied',
    all: 'All',
    openPage: 'Open page',
    loading: 'Loading',
    clear: 'Clear',
    simulated: 'simulated',
    stale: (since: string): string => `stale since ${since}`,
  },
  market: {
    synthetic: 'Simulated market',
    replay: 'Replay',
    paper: 'Paper',
    exchange: 'Live market',
    syntheticText: (label: string): string =>
      `Prices are made by a generator (${label}). No real money.`,
    candlesText: (label: string): string => `Recorded candles (${label}). No real money.`,
    tradesText: (label: string): string => `Recorded trades (${label}). No real money.`,
    paperText: (label: string): string =>
      `Live prices of ${label}, simulated orders. No real money.`,
    exchangeText: (label: string): string => `Real orders at ${label}.`,
    simulatedExchangeText: (label: string): string => `Simulated orders at ${label}.`,
    speed: (factor: string): string => `${factor}× speed`,
    live: 'live speed',
    paused: 'paused',
    ended: 'ended',
    time: 'Market time',
  },
  health: {
    title: 'Health',
    ok: 'All well',
    degraded: 'Degraded',
    unknown: 'Not known yet',
    process: { server: 'Server', signer: 'Signer', egress: 'Egress' },
    stream: { market: 'Market stream', account: 'Account stream' },
    up: 'up',
    starting: 'starting',
    down: 'down',
    restarts: (n: Count): string => plural(n.count, `${n.text} restart`, `${n.text} restarts`),
    noEvent: 'no event yet',
    clockSkew: 'Clock skew',
    roundTrip: 'Round trip',
    pending: 'Pending effects',
    ambiguous: 'Orders being asked for',
    connectionDown: (since: string): string =>
      `No live data since ${since}. Numbers are stale. Connecting again.`,
    connecting: 'Connecting to the desk',
    marketDown: (since: string): string =>
      `The market stream is down since ${since}. Prices are stale.`,
    marketNever: 'The market stream is down. There are no prices yet.',
    accountDown: (since: string): string =>
      `The account stream is down since ${since}. Orders and balances may be stale.`,
    accountNever: 'The account stream is down. Orders and balances may be stale.',
    processDown: (name: string): string => `${name} is down and being started again.`,
    updated: 'Kontor was updated. This page is from the version before.',
    reload: 'Reload',
  },
  locked: {
    title: 'This desk is locked',
    text: 'Open the link that this command printed when the desk started:',
    spent: 'This link was used already, or it is older than ten minutes.',
    again: 'Or make a new link:',
    waiting: 'This page opens by itself as soon as the link was used in this browser.',
  },
  unreachable: {
    title: 'The desk does not answer',
    text: 'Is Kontor running on this machine? This page tries again by itself.',
  },
  notFound: {
    title: 'Nothing is here',
    text: 'This address does not lead to a page of the desk.',
    bot: 'There is no bot with this address.',
    deal: 'There is no deal with this address.',
    home: 'Go to the overview',
  },
  failed: {
    title: 'This could not be loaded',
    page: 'This page stopped working',
    pageText: 'Nothing was sent to the exchange. Load the page again to go on.',
  },
  overview: {
    title: 'Overview',
    figures: 'Totals',
    realized: 'Realised profit',
    unrealized: 'Unrealised profit',
    fundsInUse: 'Funds in use',
    runningDeals: 'Running deals',
    completedDeals: 'Completed deals',
    runningBots: 'Running bots',
    curve: 'Profit after each deal',
    curveEmpty: 'The first closed deal starts this curve.',
    curveSummary: (n: Count, last: string): string =>
      plural(
        n.count,
        `${n.text} closed deal, realised profit ${last}`,
        `${n.text} closed deals, realised profit ${last}`,
      ),
    deals: 'Running deals',
    dealsEmpty: 'No deal is running.',
    dealsEmptyHint: 'A running bot opens one by itself.',
    events: 'Latest events',
    eventsEmpty: 'Nothing has happened yet.',
    toBots: 'Go to the bots',
  },
  chart: {
    label: (symbol: string, interval: string): string => `Candles of ${symbol}, ${interval}`,
    instrument: 'Instrument',
    interval: 'Interval',
    fit: 'Fit orders',
    fitHint: 'Scale the chart so that every order is in sight',
    volume: 'Volume',
    openPrice: 'O',
    high: 'H',
    low: 'L',
    closePrice: 'C',
    average: 'Average',
    averageShort: 'Avg',
    breakEven: 'Break-even',
    breakEvenShort: 'BE',
    takeProfit: 'Take profit',
    takeProfitShort: 'TP',
    stopLoss: 'Stop loss',
    stopLossShort: 'SL',
    base: 'Base',
    safety: (index: string): string => `Safety ${index}`,
    safetyShort: (index: string): string => `S${index}`,
    bought: (quantity: string, price: string): string => `Bought ${quantity} at ${price}`,
    sold: (quantity: string, price: string): string => `Sold ${quantity} at ${price}`,
    empty: 'There are no candles yet.',
    bid: 'Bid',
    ask: 'Ask',
    last: 'Last',
    textVersion: 'Orders and fills stand in tables on the pages of the bot and the deal.',
  },
  bots: {
    title: 'Bots',
    filter: 'Filter bots',
    state: { running: 'Running', stopped: 'Stopped' },
    column: {
      name: 'Bot',
      state: 'State',
      symbols: 'Instruments',
      activeDeals: 'Running',
      completedDeals: 'Completed',
      realized: 'Realised',
      unrealized: 'Unrealised',
      funds: 'In use',
      created: 'Created',
    },
    count: (n: Count): string => plural(n.count, `${n.text} bot`, `${n.text} bots`),
    selected: (n: Count): string => `${n.text} selected`,
    start: 'Start',
    stop: 'Stop',
    stopHint: 'No new deals; running deals go on to their end.',
    started: (n: Count, name: string): string =>
      plural(n.count, `${name} started.`, `${n.text} bots started.`),
    stopped: (n: Count, name: string): string =>
      plural(
        n.count,
        `${name} stopped. Running deals go on to their end.`,
        `${n.text} bots stopped. Running deals go on to their end.`,
      ),
    notStarted: (name: string, reason: string): string => `${name} was not started: ${reason}`,
    notStopped: (name: string, reason: string): string => `${name} was not stopped: ${reason}`,
    attention: 'Needs you',
    empty: 'There is no bot yet.',
    emptyHint: 'Make the first one in the terminal:',
    noMatch: 'No bot matches this filter.',
    clearFilter: 'Clear the filter',
  },
  bot: {
    ladder: 'Order ladder',
    runningDeals: 'Running deals',
    noDeals: 'No deal is running.',
    noDealsRunning: 'The next one opens as soon as the bot may buy.',
    noDealsStopped: 'Start the bot to open one.',
    closedDeals: 'Closed deals',
    events: 'Events',
    settings: 'Settings',
    kind: 'Kind',
    connection: 'Connection',
    maxFunds: 'Can cost at most',
    maxFundsHint: 'All orders of all deals filled, before fees',
    perDeal: (amount: string): string => `${amount} a deal`,
  },
  deals: {
    title: 'Deals',
    filter: 'Filter deals',
    status: {
      starting: 'Starting',
      open: 'Open',
      closing: 'Closing',
      completed: 'Completed',
      cancelled: 'Cancelled',
      failed: 'Failed',
    },
    scope: { open: 'Running', closed: 'Closed', all: 'All' },
    scopeLabel: 'Which deals',
    bot: 'Bot',
    allBots: 'All bots',
    instrument: 'Instrument',
    allInstruments: 'All instruments',
    column: {
      deal: 'Deal',
      bot: 'Bot',
      symbol: 'Instrument',
      status: 'Status',
      reason: 'Reason',
      opened: 'Opened',
      closed: 'Closed',
      duration: 'Length',
      safety: 'Safety',
      cost: 'Cost',
      average: 'Average',
      profit: 'Profit',
      percent: 'Profit %',
      takeProfit: 'Take profit',
    },
    count: (n: Count): string => plural(n.count, `${n.text} deal`, `${n.text} deals`),
    loadingCount: (part: string, whole: string): string => `Loading ${part} of ${whole}`,
    shown: (part: string, whole: string): string => `${part} of ${whole} deals`,
    tooMany: (shown: string): string =>
      `Only the newest ${shown} deals are here. Narrow by bot or instrument to see others.`,
    export: 'Export CSV',
    exportHint: 'What is filtered, in this order',
    exportWait: 'All deals must be loaded first',
    exported: (n: Count): string =>
      plural(n.count, `${n.text} deal exported.`, `${n.text} deals exported.`),
    empty: 'No deals yet.',
    emptyHint: 'A running bot opens one by itself.',
    noMatch: 'No deal matches this filter.',
    clearFilter: 'Clear the filter',
    views: 'Views',
    saveView: 'Save this view',
    viewName: 'Name of the view',
    save: 'Save',
    deleteView: (name: string): string => `Delete the view ${name}`,
    noViews: 'No saved view yet',
  },
  deal: {
    title: (symbol: string, number: string): string => `${symbol} deal ${number}`,
    number: (number: string): string => `#${number}`,
    ladder: 'Safety ladder',
    orders: 'Orders',
    fills: 'Fills',
    events: 'Events',
    noOrders: 'No order was placed yet.',
    noFills: 'Nothing was bought or sold yet.',
    noEvents: 'Nothing has happened yet.',
    quantity: 'Quantity',
    cost: 'Cost',
    average: 'Average price',
    breakEven: 'Break-even',
    takeProfit: 'Take profit',
    stopLoss: 'Stop loss',
    last: 'Last price',
    realized: 'Realised',
    unrealized: 'Unrealised',
    opened: 'Opened',
    closed: 'Closed',
    safetyFilled: (filled: string, all: string): string => `${filled} of ${all} safety orders`,
    reason: 'Reason',
    column: {
      step: 'Step',
      state: 'State',
      deviation: 'Below base',
      price: 'Price',
      quantity: 'Quantity',
      notional: 'Value',
      purpose: 'Order',
      side: 'Side',
      type: 'Type',
      filled: 'Filled',
      placed: 'Placed',
      ended: 'Ended',
      time: 'Time',
      commission: 'Commission',
      id: 'Order ID',
    },
    step: { waiting: 'Waiting', placed: 'On the book', filled: 'Filled', rejected: 'Refused' },
    baseStep: 'Base',
    purpose: {
      baseOrder: 'Base order',
      safetyOrder: 'Safety order',
      takeProfit: 'Take profit',
      stopLoss: 'Stop loss',
      close: 'Close',
      addFunds: 'Added funds',
      reduceFunds: 'Partial exit',
      entry: 'Entry',
      gridLine: 'Grid line',
      balancing: 'Balancing',
      rebalance: 'Rebalancing',
    },
    side: { buy: 'Buy', sell: 'Sell' },
    orderType: { limit: 'Limit', limitMaker: 'Limit, maker only' },
    makerOnly: 'maker',
    orderState: {
      intended: 'Stored, not answered',
      ambiguous: 'Unclear, being asked for',
      open: 'On the book',
      filled: 'Filled',
      cancelled: 'Cancelled',
      expired: 'Expired',
      rejected: 'Refused',
    },
    closeAction: 'Close at market',
    closeText: (quantity: string, symbol: string): string =>
      `Sells ${quantity} at the market price of ${symbol} and cancels the deal's other orders.`,
    closePrice: (price: string): string => `The last price is ${price}.`,
    cancelAction: 'Cancel deal',
    cancelText: (quantity: string): string =>
      `Cancels the deal's orders and keeps ${quantity} in your account. The desk no longer watches these coins.`,
    cancelTextEmpty: "Cancels the deal's orders. It holds no coins.",
    hold: (action: string): string => `Hold to confirm: ${action}`,
    holdHint: 'Hold the button, or hold Enter, for one second. This cannot be undone.',
    holdAgain: 'Press once more to confirm',
    closing: (name: string): string => `${name}: closing at market.`,
    cancelling: (name: string): string => `${name}: cancelling.`,
    notClosed: (name: string, reason: string): string => `${name} was not closed: ${reason}`,
    notCancelled: (name: string, reason: string): string => `${name} was not cancelled: ${reason}`,
  },
  notes: {
    dealStarted: (note): string =>
      `Deal started on ${note.symbol}: the bot may buy, and the last price is ${note.last}.`,
    orderPlacing: (note): string => {
      switch (note.purpose) {
        case 'baseOrder':
          return `Opens the deal: base order to buy ${note.quantity} at ${note.price} or better (${note.volume}).`;
        case 'safetyOrder':
          return `Places ${note.order}: buys ${note.quantity} at ${note.price} (${note.volume}) should the price fall there.`;
        case 'takeProfit':
          return `Places take profit: sells ${note.quantity} at ${note.price} (${note.volume}).`;
        case 'stopLoss':
          return `Sells at stop loss: ${note.quantity} at ${note.price} or better.`;
        case 'close':
          return `Sells ${note.quantity} at ${note.price} or better, as you asked to close.`;
        default:
          return `Places ${note.order}: ${note.isBuy ? 'buys' : 'sells'} ${note.quantity} at ${note.price} (${note.volume}).`;
      }
    },
    orderFilled: (note): string => {
      const did = note.isBuy ? 'bought' : 'sold';
      const rest = note.isPartial ? ` Filled so far: ${note.filled} of ${note.orderQuantity}.` : '';
      return `${note.orderFirst} ${did} ${note.quantity} at ${note.price} for ${note.volume}.${rest}`;
    },
    orderCancelling: (note): string =>
      `Takes ${note.order} of ${note.quantity} at ${note.price} off the book.`,
    orderCancelled: (note): string => {
      const filled = note.hasFills ? ` ${note.filled} of it had been filled.` : '';
      if (note.isExpired)
        return `${note.orderFirst} expired: the market did not take all of it.${filled}`;
      if (note.isAsked) return `${note.orderFirst} at ${note.price} is off the book.${filled}`;
      return `${note.orderFirst} at ${note.price} was cancelled, but not by the desk.${filled}`;
    },
    orderRejected: (note): string =>
      `${note.orderFirst} of ${note.quantity} at ${note.price} was refused ${note.by}. Rule ${note.rule}: ${note.reason}`,
    averageChanged: (note): string =>
      `The average is now ${note.average}${note.takeProfit === '' ? '' : `, so take profit stands at ${note.takeProfit}`}. The deal holds ${note.held} for ${note.cost}.`,
    stopLossTriggered: (note): string =>
      `Stop loss: the last price ${note.last} is at or below ${note.stopLoss}.`,
    stopLossTimedOut: (note): string =>
      `Stop loss: the price has stayed beyond ${note.stopLoss} for ${note.duration}.`,
    closeTimedOut: (note): string =>
      `The deal has run for ${note.duration} and is closed at market.`,
    closeRequested: (): string => 'You asked to close the deal at market.',
    cancelRequested: (): string => 'You asked to cancel the deal and keep its coins.',
    dealCompleted: (note): string => {
      if (note.grid.lines !== '') {
        return `Grid ended (${note.reason}): ${note.profit} (${note.profitPercent}) after ${note.duration}, closed lines: ${note.grid.lines}. ${note.kept} stay in the account.`;
      }
      const how = {
        completed: 'Deal completed at take profit',
        stopLoss: 'Deal closed at stop loss',
        closed: 'Deal closed as you asked',
      };
      return `${how[note.outcome]}: ${note.profit} (${note.profitPercent}) after ${note.duration}${note.safetyOrders === '' ? '' : `, safety orders used: ${note.safetyOrders}`}.`;
    },
    dealCancelled: (note): string =>
      `Deal cancelled (${note.reason}). ${note.kept} stay in the account.`,
    dealFailed: (note): string => `Deal failed: ${note.reason}.`,
    dealPaused: (note): string => `${note.orderFirst} waits until ${note.until}: ${note.reason}.`,
    rebalanceStarted: (note): string =>
      `Looks at all shares: the portfolio is worth ${note.worth}, ${note.cash} of it in cash. The share that is farthest off is off by ${note.off} percentage points.`,
    rebalanceShort: (note): string =>
      `The portfolio's cash is ${note.cash}, but the account has only ${note.free} free. It buys for no more than that.`,
    rebalancePaused: (note): string =>
      `An order was refused, so the portfolio looks again at ${note.until}.`,
    riskChanged: (note): string => `The desk's risk state went from ${note.from} to ${note.to}.`,
    signalRefused: (note): string =>
      `A signal to ${note.action} on ${note.symbol} was not followed: ${note.reason}.${readingsIn(note)}`,
    safetyOrderSignalled: (note): string =>
      `A signal asks for safety order ${note.number}: the price has passed ${note.price}.${readingsIn(note)}`,
    closeSignalled: (note): string =>
      `A signal asks to close the deal, which stands at ${note.profitPercent}.${readingsIn(note)}`,
    botStopped: (note): string => `The bot stopped: ${note.reason}.`,
    settingsChanged: (note): string =>
      `Settings changed (${note.fields}). Running deals keep those they started with.`,
    entryTriggered: (note): string =>
      `${note.orderFirst}: the price of ${note.price} is reached, so it goes out.`,
    entryTrailing: (note): string =>
      `${note.orderFirst}: the price of ${note.price} is reached and now followed until it turns.`,
    entryForced: (note): string => `${note.orderFirst} goes out at the market, as you asked.`,
    entryEnded: (note): string =>
      `${note.orderFirst} goes no further: ${note.reason}. It got ${note.filled}.`,
    trailingStarted: (note): string =>
      `${note.orderFirst} is reached at ${note.price} and now follows the price.`,
    takeProfitTriggered: (note): string =>
      `${note.orderFirst} is reached at ${note.price} and trades at once.`,
    stopMoved: (note): string =>
      `The stop loss moves to ${note.stopLoss}, as take profit was taken.`,
    stopBreached: (note): string =>
      `The price ${note.price} has reached the stop loss of ${note.stopLoss}. It acts at ${note.until} unless the price comes back.`,
    stopRecovered: (note): string =>
      `The price came back to ${note.price}: the stop loss of ${note.stopLoss} waits again.`,
    stepCancelled: (note): string => `You cancelled ${note.order}.`,
    stepClosing: (note): string => `You asked to close ${note.order} at the market.`,
    dealEdited: (note): string => `You changed the running deal: ${note.fields}.`,
    commandRefused: (note): string => `Not done (${note.command}): ${note.reason}.`,
    signalTaken: (note): string => `A signal to ${note.action} on ${note.symbol} is followed.`,
    gridLaid: ({ price, grid }): string =>
      `The grid stands at ${price}: ${grid.buyLines} buy lines, ${grid.sellLines} sell lines, the line at ${grid.emptyLine} is empty. It holds ${grid.coins}; its buy lines need ${grid.money}.`,
    gridLineClosed: ({ number, profit, grid }): string =>
      `Line ${number} closed: bought for ${grid.buyPrice}, sold at ${grid.sellPrice}, ${profit}${grid.profitBase === '' ? '' : ` and ${grid.profitBase}`} net of fees. Closed lines so far: ${grid.lines}.`,
    gridMoved: ({ grid }): string =>
      `The grid ${grid.isTrailing ? 'follows the price' : 'expands'} ${grid.isUp ? 'up' : 'down'}: its lines now stand from ${grid.lowest} to ${grid.highest}.`,
    gridStopReached: ({ last, price, grid }): string => {
      const what = {
        lowerStop: 'Lower stop',
        upperStop: 'Upper stop',
        takeProfit: 'Take profit',
      };
      const then = {
        stop: 'the grid stops and keeps what it holds',
        stopAndSell: 'the grid stops and sells its coins',
        stopAndBuy: 'the grid stops and buys coins for its money',
      };
      return `${what[grid.stop]} at ${price}: the last price is ${last}, so ${then[grid.action]}.`;
    },
  } satisfies NoteSentences as NoteSentences,
  noteWords: {
    baseOrder: 'base order',
    safetyOrder: 'safety order',
    safetyOrderNumber: (number: string): string => `safety order ${number}`,
    takeProfit: 'take profit',
    stopLoss: 'stop-loss order',
    close: 'closing order',
    addFunds: 'added funds',
    reduceFunds: 'partial exit',
    entry: 'entry order',
    gridLine: 'grid line',
    gridLineNumber: (number: string): string => `grid line ${number}`,
    takeProfitNumber: (number: string): string => `take profit ${number}`,
    entryNumber: (number: string): string => `entry ${number}`,
    balancing: 'balancing order',
    rebalance: 'rebalancing order',
    actionStart: 'start a deal',
    actionEnterLong: 'buy',
    actionExitLong: 'close the long position',
    actionEnterShort: 'sell first',
    actionExitShort: 'buy back',
    actionReverse: 'reverse the position',
    actionDisable: 'stop the bot',
    actionSafetyOrder: 'place a safety order',
    actionClose: 'close deals',
    riskActive: 'active',
    riskReducing: 'reducing',
    riskHalted: 'halted',
    unknownOrder: 'order',
    byDesk: 'by the desk',
    byPolicy: 'by policy',
    byExchange: 'by the exchange',
  },
  reasons: {
    takeProfit: 'take profit reached',
    stopLoss: 'stop loss hit',
    closedByCommand: 'closed by you',
    cancelledByCommand: 'cancelled by you',
    closedBeforeBuying: 'closed before anything was bought',
    cancelledElsewhere: 'cancelled by someone else',
    notAllTaken: 'the market did not take all coins',
    balancingNotTaken: 'the market did not take the balancing order',
    lowerStop: 'lower stop reached',
    upperStop: 'upper stop reached',
    baseOrderEmpty: 'the base order filled nothing',
    baseOrderTooSmall: 'the base order bought too little to be sold',
    baseOrderRejected: (reason: string): string => `the base order was refused (${reason})`,
    baseOrderUnfit: (reason: string): string =>
      `the base order does not fit the instrument's limits (${reason})`,
    refused: (by: string, rule: string, reason: string): string =>
      `refused ${by}, rule ${rule}: ${reason}`,
    waitMarket: 'waits for the market',
    waitBaseOrder: 'waits for the base order',
    waitQuote: 'waits for a price',
    waitCancel: 'waits for cancels',
    waitFills: 'waits for fills',
    waitSale: 'waits for the sale',
    waitTimer: 'waits before the next try',
  },
  refusal: {
    by: {
      desk: 'Refused by the desk',
      policy: 'Refused by policy',
      exchange: 'Refused by the exchange',
    },
    unknownBy: 'Refused',
    rule: 'Rule',
    reason: 'Reason',
    toPass: 'To make it pass',
    hint: {
      notional: 'Make the order smaller, or raise the notional limit in the policy line.',
      perDay: 'Wait until the day of the policy is over, or raise its daily limit.',
      band: 'The price was too far from the reference. Wait until the market is calmer, or widen the band in the policy.',
      openOrders: 'Cancel an open order, or raise the number of open orders in the policy.',
      rate: 'Wait a moment. It passes when fewer orders are sent at once.',
      allow: 'Add an allow line for this kind of order to the policy of the connection.',
      deny: 'A deny line forbids this order. It passes only when that line is gone.',
      expired: 'The connection has expired. Make a new one under Connections.',
      reference: 'The signer had no fresh reference price. It passes once the market stream is up.',
      balance: 'Put more of this asset into the account, or make the order smaller.',
      reserved:
        'Other running deals hold these coins: wait for one to end, put more into the account, or make the order smaller.',
      minNotional: "Make the order larger: it was below the exchange's least order value.",
      maxSize: "Make the order smaller: it was above the exchange's largest order.",
      lotSize: "Give a quantity in whole steps of the exchange's lot size.",
      tickSize: "Give a price in whole steps of the exchange's tick size.",
      percentPrice:
        'The price was too far from the market for this exchange. Give one that is closer.',
      makerOnly:
        'The order would have traded at once. It passes at a price further from the market.',
      tooManyOrders: 'Cancel an open order of this instrument: the exchange allows no more.',
      clock: "Set this machine's clock right: the exchange found the request too old or too new.",
      notActive:
        "Name the exchange's identifier of the key, so that the connection becomes active.",
      log: "The signer could not write its log, or its record is full. Look at the signer's folder and disk.",
      again: 'Nothing to do: nothing reached the exchange, and the desk decides anew by itself.',
      exchangeKey: 'The exchange does not know the key. Check the connection.',
      desk: 'The desk found this order wrong before it was sent. Change the setting that the reason names.',
      policy: 'Change the order or the policy line that the rule names.',
      exchange: 'Change what the reason names, or ask the exchange about this code.',
    } satisfies RefusalHints as RefusalHints,
  },
  connections: {
    title: 'Connections',
    state: { created: 'Waiting for activation', active: 'Active', expired: 'Expired' },
    venue: 'Exchange',
    publicKey: 'Public key',
    publicKeyHint: 'The private half never leaves the signer.',
    policy: 'Policy',
    policyHint: 'As written in the policy file. The signer signs nothing else.',
    policyHash: 'SHA-256 of the policy file',
    noPolicy: 'No policy line names this connection, so nothing is signed for it.',
    created: 'Created',
    expires: 'Expires',
    expiresIn: (n: Count): string => plural(n.count, `${n.text} day left`, `${n.text} days left`),
    expiresToday: 'expires today',
    expiredAgo: (n: Count): string =>
      plural(n.count, `expired ${n.text} day ago`, `expired ${n.text} days ago`),
    balances: 'Balances',
    asset: 'Asset',
    free: 'Free',
    locked: 'In orders',
    balancesEmpty: 'The account holds nothing.',
    empty: 'There is no connection yet.',
    emptyHint: 'A desk with a demo account makes one when it starts.',
    copyKey: 'Copy the public key',
    copyHash: 'Copy the hash',
  },
  settings: {
    title: 'Settings',
    intro: 'Kept in this browser only.',
    display: 'Display',
    language: 'Language',
    theme: 'Theme',
    zone: 'Time zone',
    hours: 'Hours',
    system: 'As the system',
    languageName: { en: 'English', de: 'Deutsch' },
    themeName: { dark: 'Dark', light: 'Light' },
    zoneName: { local: 'Of this machine', utc: 'UTC' },
    hoursName: { h23: '24 hours', h12: '12 hours' },
    example: 'Example',
    keyboard: 'Keyboard',
    about: 'About',
    version: 'Version',
    desk: 'Desk',
    licence: 'Apache License 2.0',
    chartNotice: 'TradingView Lightweight Charts™, Copyright © 2025 TradingView, Inc.',
  },
  keys: {
    title: 'Keyboard',
    open: 'Keyboard list',
    andThen: 'then',
    group: {
      everywhere: 'Everywhere',
      lists: 'In lists',
      chart: 'On the chart',
      decide: 'To decide',
    },
    palette: 'Find a command',
    help: 'This list',
    goOverview: 'Go to the overview',
    goBots: 'Go to the bots',
    goDeals: 'Go to the deals',
    goConnections: 'Go to the connections',
    goSettings: 'Go to the settings',
    down: 'Next row',
    up: 'Row before',
    openRow: 'Open the row beside, again for its page',
    select: 'Select the row',
    selectAll: 'Select all',
    filter: 'Filter',
    close: 'Close what is open',
    interval: 'Shorter or longer interval',
    fit: 'Fit orders',
    hold: 'Hold to confirm',
  },
  palette: {
    title: 'Commands',
    placeholder: 'Find a page, a bot, a deal or a command',
    empty: 'Nothing matches.',
    group: {
      pages: 'Pages',
      bots: 'Bots',
      deals: 'Running deals',
      instruments: 'Instruments',
      actions: 'Commands',
    },
    startBot: (name: string): string => `Start ${name}`,
    stopBot: (name: string): string => `Stop ${name}`,
    chartOf: (symbol: string): string => `Chart of ${symbol}`,
    theme: (name: string): string => `Theme: ${name}`,
    language: (name: string): string => `Language: ${name}`,
    keyboard: 'Show the keyboard list',
  },
  table: {
    selectRow: (name: string): string => `Select ${name}`,
    selectAll: 'Select all',
  },
  error: {
    unreachable: 'the desk does not answer',
    timeout: 'the desk took too long to answer',
    locked: 'the desk is locked',
    unknown: 'the desk answered with an error',
  },
};

/** The shape that every language fills. */
export type Catalogue = typeof english;
