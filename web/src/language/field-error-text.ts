// SPDX-License-Identifier: Apache-2.0
// What is wrong with a field, in the reader's words. The machine says what it expected and found in fixed sentences;
// those this page knows are said in the reader's language, others as they came.

import type { Field, FieldError } from '@kontor/core';

import { isUnread, type Draft } from '../editor/draft.ts';
import type { Format } from '../number/format.ts';
import { decimalMark, readNumber, writeNumber } from '../number/number-entry.ts';
import { boundsText } from './bounds-text.ts';
import type { EditorText } from './settings-languages.ts';

export interface WrongField {
  readonly error: FieldError;
  /** Its description and what stands in it; null where the form has no such field. */
  readonly field: Field | null;
  readonly draft: Draft;
}

interface Speaker {
  readonly format: Format;
  readonly text: EditorText;
}

type Sentence = (parts: readonly string[], found: string, speaker: Speaker) => string;

export function fieldErrorText({ error, field, draft }: WrongField, speaker: Speaker): string {
  const { text, format } = speaker;
  const { wrong } = text;
  if (isUnread(draft) && (field?.kind === 'decimal' || field?.kind === 'integer')) {
    const mark = decimalMark(format.locale);
    const entry = readNumber(draft.typed, mark);
    if (entry.kind === 'ambiguous') {
      const [whole, part] = entry.readings;
      return wrong.ambiguous(writeNumber(whole, mark), writeNumber(part, mark));
    }
    return entry.kind === 'number' ? ownRule(field, speaker, entry.text) : wrong.notNumber;
  }
  if (field !== null && isParsersOwn(error, field)) {
    if (draft === undefined || draft === '') return wrong.needed;
    return ownRule(field, speaker, typeof draft === 'string' ? draft : '');
  }
  for (const [pattern, sentence] of SENTENCES) {
    const match = pattern.exec(error.expected);
    if (match !== null) {
      return sentence(
        match.slice(1).map((part) => part ?? ''),
        error.found,
        speaker,
      );
    }
  }
  return wrong.other(error.expected, error.found);
}

/** Whether the parser of single fields refused the value, by the field's own description. */
function isParsersOwn({ expected }: FieldError, field: Field): boolean {
  // A number may be within the field's own bounds and still be more than another field allows.
  if (field.kind === 'integer') return expected === ownBounds(field);
  // Which symbols there are is not the field's own rule but the desk's.
  if (field.kind === 'symbols' && expected.startsWith('one of ')) return false;
  return /^(a decimal number as text,|a whole number from -?\d+ to -?\d+$|true or false$|one of |a list of|\d+ to \d+ different symbols$|a text of 1 to |an object$)/.test(
    expected,
  );
}

function ownBounds({ least, most }: { readonly least: number; readonly most: number }): string {
  return `a whole number from ${least} to ${most}`;
}

function ownRule(field: Field, speaker: Speaker, value: string): string {
  const { wrong } = speaker.text;
  const number = (count: number): string => speaker.format.integer(count);
  switch (field.kind) {
    case 'decimal': {
      const decimals = value.split('.')[1]?.replace(/0+$/, '').length ?? 0;
      if (decimals > field.decimals) return wrong.decimals(number(field.decimals));
      return wrong.bounds(boundsText(field, speaker.format, speaker.text));
    }
    case 'integer':
      return wrong.whole(number(field.least), number(field.most));
    case 'text':
      return wrong.text(number(field.lengthMax));
    case 'symbols':
      return field.most === 1
        ? wrong.oneSymbol
        : wrong.symbols(number(field.least), number(field.most));
    case 'list':
      return wrong.entries(number(field.least), number(field.most));
    case 'choice':
    case 'boolean':
    case 'variant':
    case 'group':
      return wrong.choice;
  }
}

/** Numbers inside the machine's sentences, in the reader's notation. */
function told(part: string, { format }: Speaker): string {
  return part.replace(
    /(-?\d+(?:\.\d+)?)( ?%)?/g,
    (_found, number: string, percent: string | undefined) =>
      percent === undefined ? format.exact(number) : format.exactPercent(number),
  );
}

const LIMIT = '(a (price|quantity|value) of at (least|most) (\\S+))';

/** `a value of at least 5` in the reader's words. */
function limitText(what: string, which: string, limit: string, speaker: Speaker): string {
  const { limit: words } = speaker.text.wrong;
  const name = `${which}${what.charAt(0).toUpperCase()}${what.slice(1)}`;
  const shown = told(limit, speaker);
  switch (name) {
    case 'leastPrice':
      return words.leastPrice(shown);
    case 'mostPrice':
      return words.mostPrice(shown);
    case 'leastQuantity':
      return words.leastQuantity(shown);
    case 'mostQuantity':
      return words.mostQuantity(shown);
    case 'leastValue':
      return words.leastValue(shown);
    default:
      return words.mostValue(shown);
  }
}

/** The value among `safety order 2 of 0.01 at 90 (0.9)` or `0.9 (0.01 at 90)`. */
function valueIn(found: string): string {
  return /^\S+ (?:order )?.*\(([^()]*)\)$/.exec(found)?.[1] ?? found;
}

const plainWords =
  (
    key: keyof {
      [K in keyof EditorText['wrong'] as EditorText['wrong'][K] extends string ? K : never]: K;
    },
  ): Sentence =>
  (_parts, _found, { text }) =>
    text.wrong[key];

const withPart =
  (key: 'priceAbove' | 'priceBelow' | 'moreThan' | 'lessThan' | 'noPrice', place = 0): Sentence =>
  (parts, _found, speaker) =>
    speaker.text.wrong[key](told(parts[place] ?? '', speaker));

const withFound =
  (
    key: 'ladderTooDeep' | 'stopInsideLadder' | 'linesLose' | 'shares' | 'sharesAtMost',
    place: number | null = null,
  ): Sentence =>
  (parts, found, speaker) =>
    speaker.text.wrong[key](told(place === null ? found : (parts[place] ?? ''), speaker));

/** Read from the top; the first that fits is said. */
const SENTENCES: readonly (readonly [RegExp, Sentence])[] = [
  [
    new RegExp(`^(\\S+): ${LIMIT}$`),
    ([symbol = '', , what = '', which = '', limit = ''], found, speaker) => {
      const { wrong } = speaker.text;
      const limits = limitText(what, which, limit, speaker);
      const rung = /^safety order (\d+) of (\S+) at (\S+) \((\S+)\)$/.exec(found);
      const line = /^line (\d+) buys .* \((\S+)\)$/.exec(found);
      const share = /^\S+ \((\S+) at \S+\)$/.exec(found);
      if (rung !== null) {
        const [, number = '', lots = '', price = '', value = ''] = rung;
        const shown = what === 'price' ? price : what === 'quantity' ? lots : value;
        return wrong.safetyOrderLimit(symbol, limits, number, told(shown, speaker));
      }
      if (line !== null) {
        return wrong.lineLimit(symbol, limits, line[1] ?? '', told(line[2] ?? '', speaker));
      }
      const value = share === null ? found : (found.split(' ')[0] ?? found);
      return wrong.exchangeLimit(symbol, limits, told(value, speaker));
    },
  ],
  [
    new RegExp(`^(\\S+): \\S+ % of it to be ${LIMIT}$`),
    ([symbol = '', , what = '', which = '', limit = ''], found, speaker) =>
      speaker.text.wrong.shareLimit(
        symbol,
        limitText(what, which, limit, speaker),
        told(valueIn(found), speaker),
      ),
  ],
  [
    new RegExp(`^(\\S+): (?:a base order whose coins can be .+ \\(|what line .+, )${LIMIT}\\)?$`),
    ([symbol = '', , what = '', which = '', limit = ''], found, speaker) =>
      speaker.text.wrong.unsellable(
        symbol,
        limitText(what, which, limit.replace(/\)$/, ''), speaker),
        told(valueIn(found), speaker),
      ),
  ],
  [
    /^(\S+): (?:coins left after the fee|at least one lot of .+ after the fee)$/,
    ([symbol = ''], _found, { text }) => text.wrong.feeTakesAll(symbol),
  ],
  [
    /^(?:symbols the venue trades, each|a symbol the venue trades,) with a price$/,
    (_parts, found, { text }) => text.wrong.noPrice(found),
  ],
  [/^one of [A-Z0-9, ]+$/, (_parts, found, { text }) => text.wrong.unknownSymbol(found)],
  [/^a last safety order less than 100 % below/, withFound('ladderTooDeep')],
  [/^more than the deviation of the last safety order \((.+)\)$/, withFound('stopInsideLadder', 0)],
  [/^\S+: a stop beyond safety order \d+ at (\S+) when it is reached$/, withPart('priceBelow')],
  [
    /^a whole number from (\d+) to (\d+)$/,
    ([least = '', most = ''], _found, { text }) => text.wrong.activeOrders(least, most),
  ],
  [/^at most (100 %) for all orders of a deal together$/, withFound('sharesAtMost')],
  [
    /^shares that (?:sum to|make) 100/,
    (_parts, found, speaker) => speaker.text.wrong.shares(sharesFound(found, speaker)),
  ],
  [/^shares of at most 100 % together$/, withFound('sharesAtMost')],
  [/^nothing while there are steps$/, plainWords('takeProfitOnce')],
  [/^a take profit, or a close trigger/, plainWords('endNeeded')],
  [/^nothing without a take profit$/, plainWords('needsTakeProfit')],
  [/ without a stop loss$/, plainWords('needsStopLoss')],
  [/^never, or at least \d+ take-profit steps$/, plainWords('needsMoreTargets')],
  [
    /^(?:more than that of the (?:step|safety order) before|a price beyond that of step)/,
    plainWords('farther'),
  ],
  [/^less than 100 for a short/, plainWords('shortBelowAll')],
  [/^less than the last take profit \((.+?)\)/, withPart('lessThan')],
  [/^at least \d+, the most safety orders of a deal$/, plainWords('ownLadderTooShort')],
  [/^at least one condition while/, plainWords('conditionsNeeded')],
  [/^no conditions while/, plainWords('conditionsNotAllowed')],
  [/^1 while deals start immediately/, plainWords('onlyOneAtOnce')],
  [/^more than \S+ \((.+)\)$/, withPart('moreThan')],
  [/^less than the (?:slow|middle|long) period of (\d+)$/, withPart('lessThan')],
  [/^at most the maximum of (\S+)$/, withPart('lessThan')],
  [/^one symbol; several have no price in common/, plainWords('oneInstrument')],
  [/^a price above .*?\(?([\d.]+)\)?$/, withPart('priceAbove')],
  [/^a price below .*?\(?([\d.]+)\)?$/, withPart('priceBelow')],
  [
    /^a multiple of the tick size (\S+),/,
    (parts, _found, speaker) => speaker.text.wrong.tick(told(parts[0] ?? '', speaker)),
  ],
  [/^off, or a quantity per line in quote$/, plainWords('needsQuoteLines')],
  [/^off, or a quantity per line in base$/, plainWords('needsBaseLines')],
  [/^lines at least a tick apart$/, plainWords('linesTooClose')],
  [
    /^lines so far apart that their profit is above the fees/,
    (_parts, found, speaker) =>
      speaker.text.wrong.linesLose(told(/^(\S+ %)/.exec(found)?.[1] ?? found, speaker)),
  ],
  [
    /^an expansion of at most (\d+) more lines$/,
    (parts, _found, { text }) => text.wrong.expansion(parts[0] ?? ''),
  ],
  [/^each of the symbols once$/, plainWords('eachOnce')],
  [/^a share for /, plainWords('eachOnce')],
  [/^a threshold or everyHours$/, plainWords('thresholdOrHours')],
  [/^symbols with the same quote asset$/, plainWords('sameQuote')],
  [/^a (?:limit )?price for a limit order$/, plainWords('limitNeedsPrice')],
  [/^no (?:limit )?price for a market order/, plainWords('marketNeedsNone')],
  [/^nothing: a market order does not rest$/, plainWords('restsNot')],
  [/^a market order for (?:a step|an entry) that trails$/, plainWords('trailingNeedsMarket')],
  [/^trailing on the last step only$/, plainWords('trailingLastOnly')],
  [/^at least two take-profit steps/, plainWords('breakEvenNeedsTwo')],
  [/^none: a trade of the type/, plainWords('typeClosesNothing')],
  [/^a take profit or a stop loss$/, plainWords('targetOrStop')],
  [/^an entry for the type/, plainWords('entryNeeded')],
  [/^(?:a size for the type|what is held, and what it cost)/, plainWords('needed')],
  [/^a percentage$/, plainWords('percentOnly')],
  [/^at least maxLagSeconds \((\d+)\)/, withPart('moreThan')],
  [/^ignore or close where only one direction/, plainWords('needsBothDirections')],
];

/** The sum that `found` tells, or its parts: `30 + 30` as `30 + 30 %`. */
function sharesFound(found: string, speaker: Speaker): string {
  return told(found.includes('%') ? found : `${found} %`, speaker);
}

/** Whether a sentence of the machine has one in the reader's language. */
export function isToldSentence(expected: string): boolean {
  return SENTENCES.some(([pattern]) => pattern.test(expected));
}
