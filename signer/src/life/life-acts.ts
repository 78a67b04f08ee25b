// SPDX-License-Identifier: Apache-2.0
// The acts by which a person lets a frozen or quarantined connection sign new risk again, and a new key take the place of
// the one in use.

import type { TakeOver, ThawConnection } from '../acts/act.ts';
import type { BoundAct } from '../acts/bound-act.ts';
import type { LifeKeeper } from './keeper.ts';

/** What these acts reach. */
export interface LifeWorld {
  readonly life: Pick<
    LifeKeeper,
    | 'objectionToThaw'
    | 'thaw'
    | 'describe'
    | 'objectionToTakeOver'
    | 'takeOver'
    | 'describeTakeOver'
  >;
}

export function thawConnection({ connection }: ThawConnection, { life }: LifeWorld): BoundAct {
  return {
    needsConsent: true,
    lines: [
      'act: thaw a connection, which then signs new risk again',
      `connection: ${connection}`,
      ...life.describe(connection),
    ],
    objection: () => life.objectionToThaw(connection),
    perform: ({ entry: { time } }) => life.thaw(connection, time),
  };
}

export function takeOver({ connection }: TakeOver, { life }: LifeWorld): BoundAct {
  return {
    needsConsent: true,
    lines: [
      'act: use the new key of a connection, and destroy the old one',
      `connection: ${connection}`,
      ...life.describeTakeOver(connection),
    ],
    objection: () => life.objectionToTakeOver(connection),
    perform: ({ entry: { time } }) => life.takeOver(connection, time),
  };
}
