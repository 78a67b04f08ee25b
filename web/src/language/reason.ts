// SPDX-License-Identifier: Apache-2.0
// Why something was refused, ended or waits: the fixed sentences of the desk in the reader's language with their
// values, others as they came.

import type { Catalogue } from './english.ts';
import type { Language } from './languages.ts';

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

/** Who refused, by which rule (some have colons of their own), and why. */
const REFUSED =
  /^(desk|policy|exchange): (.+?: (?:notional|per-day|rate)|risk: \S+: \w+|.+?): (.+)$/s;

/** The reason in the reader's language; words this page does not know stay as they are. */
export function reasonText(reason: string, language: Language): string {
  const { text, format } = language;
  const plain = PLAIN[reason.toLowerCase().replace(/[^a-z]/g, '')];
  if (plain !== undefined && !/\d/.test(reason)) return text.reasons[plain];
  const told = (part: string): string =>
    part.replace(
      /(?<![\w.:/-])(-?\d+(?:\.\d+)?)(?:( ?%)|(?![\w.:/-]))/g,
      (_found, number: string, percent: string | undefined) =>
        percent === undefined ? format.exact(number) : format.exactPercent(number),
    );
  const ended = /^the grid has ended: (.+)$/s.exec(reason);
  if (ended !== null) return text.reasons.gridEnded(reasonText(ended[1] ?? '', language));
  const rejected = /^base order rejected: (.+)$/s.exec(reason);
  if (rejected !== null) {
    return text.reasons.baseOrderRejected(reasonText(rejected[1] ?? '', language));
  }
  const unfit = /^base order refused by the instrument: (.+)$/s.exec(reason);
  if (unfit !== null) return text.reasons.baseOrderUnfit(reasonText(unfit[1] ?? '', language));
  const refused = REFUSED.exec(reason);
  if (refused !== null) {
    const [, by = '', rule = '', why = ''] = refused;
    return refusalText({ by, rule, reason: why }, language);
  }
  const known = language.tellReason(reason, told);
  if (known !== null) return known;
  return reason === 'none' ? '' : reason;
}

/** A refusal in one sentence: by whom, by which rule, why. */
export function refusalText(
  { by, rule, reason }: { readonly by: string; readonly rule: string; readonly reason: string },
  language: Language,
): string {
  const { text } = language;
  return text.reasons.refused(refuserText(by, text), rule, reasonText(reason, language));
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
