// SPDX-License-Identifier: Apache-2.0
// Why a deal ended or waits: the trading machine's fixed words in the reader's language, others as they came.

import type { Catalogue } from './english.ts';

type PlainReason = {
  [Key in keyof Catalogue['reasons']]: Catalogue['reasons'][Key] extends string ? Key : never;
}[keyof Catalogue['reasons']];

/** By the reason's letters alone, so that `takeProfit`, `take profit` and `take-profit` are one. */
const PLAIN: Readonly<Record<string, PlainReason>> = {
  takeprofit: 'takeProfit',
  completed: 'takeProfit',
  trailingtakeprofit: 'trailingTakeProfit',
  closedbysignal: 'closedBySignal',
  closetimeout: 'closeTimeout',
  handedover: 'handedOver',
  thebaseordersoldtoolittletobeboughtback: 'shortTooSmall',
  closedbeforeanythingwassold: 'closedBeforeSelling',
  whatisfreeisnotknownvolumesinpercentneedit: 'fundsUnknown',
  risk: 'waitRisk',
  stoploss: 'stopLoss',
  closed: 'closedByCommand',
  closedbycommand: 'closedByCommand',
  closedbyuser: 'closedByCommand',
  cancelled: 'cancelledByCommand',
  cancelledbycommand: 'cancelledByCommand',
  cancelledbyuser: 'cancelledByCommand',
  closedbeforeanythingwasbought: 'closedBeforeBuying',
  cancelledbysomeoneelse: 'cancelledElsewhere',
  themarketdidnottakeallcoins: 'notAllTaken',
  themarketdidnottakethebalancingorder: 'balancingNotTaken',
  lowerstop: 'lowerStop',
  upperstop: 'upperStop',
  baseorderfillednothing: 'baseOrderEmpty',
  thebaseorderboughttoolittletobesold: 'baseOrderTooSmall',
  bought: 'tradeBought',
  sold: 'tradeSold',
  closedinparts: 'closedInParts',
  noentrywasfilled: 'noEntryFilled',
  noentryisleft: 'noEntryLeft',
  theentrygottoolittletobeclosed: 'entryTooSmall',
  cancelledbysignal: 'cancelledBySignal',
  itslasttakeprofitstepwascancelled: 'lastStepCancelled',
  closedbycommandbeforethepositionwasopened: 'closedBeforeOpening',
  closedbysignalbeforethepositionwasopened: 'closedBeforeOpening',
  thebotisstopped: 'botIsStopped',
  thedesktakesnonewrisk: 'noNewRisk',
  thesamesignalcamebefore: 'signalRepeated',
  thefreebalanceisnotknown: 'balanceUnknown',
  anothersignalisbeingfollowed: 'signalUnderWay',
  nopositionisopen: 'noPositionOpen',
  thetradeisbeingclosed: 'tradeClosing',
  market: 'waitMarket',
  baseorder: 'waitBaseOrder',
  quote: 'waitQuote',
  cancelconfirmation: 'waitCancel',
  fills: 'waitFills',
  sale: 'waitSale',
  timer: 'waitTimer',
};

/** The reason in the reader's language; words this page does not know stay as they are. */
export function reasonText(reason: string, text: Catalogue): string {
  const plain = PLAIN[reason.toLowerCase().replace(/[^a-z]/g, '')];
  if (plain !== undefined) return text.reasons[plain];
  const rejected = /^base order rejected: (.+)$/s.exec(reason);
  if (rejected !== null) return text.reasons.baseOrderRejected(reasonText(rejected[1] ?? '', text));
  const unfit = /^base order refused by the instrument: (.+)$/s.exec(reason);
  if (unfit !== null) return text.reasons.baseOrderUnfit(unfit[1] ?? '');
  const refused = /^(desk|policy|exchange): (.+?): (.+)$/s.exec(reason);
  if (refused !== null) {
    const [, by = '', rule = '', why = ''] = refused;
    return text.reasons.refused(refuserText(by, text), rule, why);
  }
  return reason === 'none' ? '' : reason;
}

/** `by policy`, `by the exchange`: who refused, as a sentence continues. */
export function refuserText(by: string, text: Catalogue): string {
  switch (by) {
    case 'desk':
      return text.noteWords.byDesk;
    case 'policy':
      return text.noteWords.byPolicy;
    case 'exchange':
      return text.noteWords.byExchange;
    default:
      return by;
  }
}
