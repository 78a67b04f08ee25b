// SPDX-License-Identifier: Apache-2.0
// What the desk says in English about the policy: its lines in words, what the worst day could cost, and a change of it.

import {
  orderTypeWords,
  policyWords,
  type PolicyDayFacts,
  type PolicyFloorFacts,
  type PolicyLineFacts,
} from '@kontor/core';

import type { HeldOrder } from '../api/types.ts';

export const englishPolicy = {
  title: 'Policy',
  intro: 'What your keys may sign. Everything else is refused.',
  open: 'Read or change the policy',
  inForce: 'In force',
  none: 'There is no policy',
  noneHint: 'Everything is refused until there is one.',
  locked: 'No order is signed',
  lockedHint:
    'The policy file was changed by other hands. Put the old file back, or stop the desk and take this one over with kontor policy edit.',
  worstDay: 'The worst day',
  worstDayHint:
    'What somebody who has the server in his hands could do in 24 hours, apart from what prices do by themselves.',
  pending: 'A change waits',
  pendingHint: 'It allows more and holds from this time on:',
  held: 'Orders that wait for you',
  heldHint:
    'A hold line of the policy keeps them. What you release is signed once, when it comes again: at a price worse by 1% at most, and no more of it; a buy may be worth 1% more.',
  heldOrder: ({ side, quantity, symbol, price, type, stop }: HeldOrder): string =>
    `${side === 'buy' ? 'Buy' : 'Sell'} ${quantity} ${symbol} at ${price}, kind: ${orderTypeWords(type)}${stop === null ? '' : `, from ${stop} on`}`,
  worth: 'Worth',
  heldBy: 'held by',
  timeLeft: 'time left:',
  goodFor: 'good for',
  isReleased: 'Released: it waits to come again.',
  release: 'Allow this order',
  released: 'The order is released: it is signed when it comes again.',
  drop: 'Drop',
  dropped: 'The order is dropped.',
  heldBeyond: {
    trader: 'You may drop it. To let it be signed is for an owner, with a passkey.',
    viewer: 'You may look. A trader drops it; an owner lets it be signed, with a passkey.',
  },
  giveUp: 'Give it up',
  gaveUp: 'The change is given up.',
  edit: 'Change the policy',
  tryOut: 'Try out a policy',
  tryOutHint:
    'Owners of the desk change the policy. What you write here is checked and changes nothing.',
  editHint: 'What only tightens holds at once. What loosens needs a passkey and then waits.',
  text: 'The policy file',
  reset: 'Back to the policy in force',
  change: 'Change it',
  changed: 'The policy holds from now on.',
  waits: 'The change is confirmed and waits for its time.',
  fault: (line: string, column: string, expected: string, found: string): string =>
    `Line ${line}, column ${column}: expected ${expected}, found ${found}.`,
  direction: {
    same: 'Nothing changes in what is allowed.',
    tightening: 'It only tightens: it holds at once.',
    loosening: 'It loosens, or may: a passkey confirms it, then it waits.',
  },
  delay: (minutes: string): string => `What loosens waits ${minutes} minutes.`,
  line: (line: PolicyLineFacts): string => policyWords.line(line),
  reference: (sources: string, seconds: string, agree: string | null): string =>
    policyWords.reference(sources, seconds, agree),
  floor: (floor: PolicyFloorFacts): string => policyWords.floor(floor),
  day: (day: PolicyDayFacts): string => policyWords.day(day),
  noDay: (): string => policyWords.noDay,
};

export type PolicyText = typeof englishPolicy;
