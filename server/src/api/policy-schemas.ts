// SPDX-License-Identifier: Apache-2.0
// The shapes of the API that concern the policy: what it says as data for any language, and how two of them differ.

import { Type, type Static } from 'typebox';

const Time = Type.Number({ description: 'UTC milliseconds' });
const Words = Type.Array(Type.String());
const Nullable = <T extends Type.TSchema>(schema: T): Type.TUnion<[T, Type.TNull]> =>
  Type.Union([schema, Type.Null()]);

export const PolicyLine = Type.Object(
  {
    id: Type.String(),
    /** `hold`: a person must allow it first. */
    effect: Type.Union([Type.Literal('allow'), Type.Literal('hold'), Type.Literal('deny')]),
    text: Type.String(),
    operations: Words,
    /** Null: all; likewise below. */
    symbols: Nullable(Words),
    sides: Nullable(Words),
    types: Nullable(Words),
    timesInForce: Nullable(Words),
    band: Nullable(Type.String()),
    notional: Nullable(Type.String()),
    perDay: Nullable(Type.String()),
    open: Nullable(Type.Number()),
    rate: Nullable(Type.String()),
    /** Of a hold line: how long an order waits, and a release is good. */
    expiresMs: Nullable(Type.Number()),
  },
  { $id: 'PolicyLine' },
);
export type PolicyLine = Static<typeof PolicyLine>;

export const PolicyConnection = Type.Object(
  {
    connection: Type.String(),
    reference: Nullable(
      Type.Object({
        text: Type.String(),
        sources: Words,
        maxAgeMs: Type.Number(),
        agree: Nullable(Type.String()),
      }),
    ),
    floors: Type.Array(
      Type.Object({
        text: Type.String(),
        symbols: Nullable(Words),
        minDayQuote: Nullable(Type.String()),
        maxSpread: Nullable(Type.String()),
        bookShare: Nullable(Type.Object({ share: Type.String(), within: Type.String() })),
      }),
    ),
    lines: Type.Array(PolicyLine),
    /** What 24 hours could cost within the policy, apart from what prices do by themselves; null: no limit. */
    worstDay: Type.Array(
      Type.Object({
        asset: Nullable(Type.String()),
        turnover: Nullable(Type.String()),
        loss: Nullable(Type.String()),
      }),
    ),
  },
  { $id: 'PolicyConnection' },
);
export type PolicyConnection = Static<typeof PolicyConnection>;

export const PolicyDifference = Type.Object(
  {
    direction: Type.Union([
      Type.Literal('same'),
      Type.Literal('tightening'),
      Type.Literal('loosening'),
    ]),
    changes: Type.Array(
      Type.Object({
        connection: Type.String(),
        kind: Type.Union([Type.Literal('added'), Type.Literal('removed')]),
        text: Type.String(),
      }),
    ),
    /** Why it loosens, or may. */
    reasons: Words,
  },
  { $id: 'PolicyDifference' },
);
export type PolicyDifference = Static<typeof PolicyDifference>;

export const PolicyState = Type.Object(
  {
    /** SHA-256 of the policy in force; `none` without one. */
    hash: Type.String(),
    text: Type.String(),
    /** Why no order is signed whatever the text says. */
    lock: Nullable(Type.String()),
    looseningDelayMs: Type.Number(),
    connections: Type.Array(PolicyConnection),
    /** A change that loosens and waits for its time. */
    pending: Nullable(
      Type.Object({
        hash: Type.String(),
        text: Type.String(),
        dueAt: Time,
        difference: PolicyDifference,
      }),
    ),
  },
  { $id: 'PolicyState' },
);
export type PolicyState = Static<typeof PolicyState>;

export const PolicyCheck = Type.Object(
  {
    isPolicy: Type.Boolean(),
    /** Where it is none, and what was expected there; lines and columns count from 1. */
    error: Nullable(
      Type.Object({
        line: Type.Number(),
        column: Type.Number(),
        expected: Type.String(),
        found: Type.String(),
      }),
    ),
    hash: Nullable(Type.String()),
    connections: Type.Array(PolicyConnection),
    /** How it differs from the policy in force. */
    difference: Nullable(PolicyDifference),
  },
  { $id: 'PolicyCheck' },
);
export type PolicyCheck = Static<typeof PolicyCheck>;

/** An order that a hold line keeps until a person releases it. */
export const HeldOrder = Type.Object(
  {
    order: Type.String({ description: 'Its name: h and the number of its entry on the log' }),
    connection: Type.String(),
    rule: Type.String({ description: 'The name of the hold line' }),
    line: Type.String({ description: 'The line as written' }),
    symbol: Type.String(),
    side: Type.Union([Type.Literal('buy'), Type.Literal('sell')]),
    type: Type.String(),
    timeInForce: Type.String(),
    price: Type.String(),
    stop: Nullable(Type.String()),
    quantity: Type.String(),
    notional: Type.String({ description: 'Price times quantity' }),
    clientOrderId: Type.String(),
    since: Time,
    until: Time,
    /** Released: it is signed once when it comes again. */
    isReleased: Type.Boolean(),
  },
  { $id: 'HeldOrder' },
);
export type HeldOrder = Static<typeof HeldOrder>;

export const PolicyExplanation = Type.Object(
  {
    isAllowed: Type.Boolean(),
    rule: Type.String(),
    reason: Type.String(),
    limits: Type.Array(
      Type.Object({ field: Type.String(), limit: Type.String(), used: Type.String() }),
    ),
  },
  { $id: 'PolicyExplanation' },
);
export type PolicyExplanation = Static<typeof PolicyExplanation>;
