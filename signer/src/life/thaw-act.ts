// SPDX-License-Identifier: Apache-2.0
// The act by which a person lets a frozen or quarantined connection sign new risk again.

import type { ThawConnection } from '../acts/act.ts';
import type { BoundAct } from '../acts/bound-act.ts';
import type { LifeKeeper } from './keeper.ts';

/** What thawing reaches. */
export interface LifeWorld {
  readonly life: Pick<LifeKeeper, 'objectionToThaw' | 'thaw' | 'describe'>;
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
