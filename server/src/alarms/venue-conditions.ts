// SPDX-License-Identifier: Apache-2.0
// What egress finds wrong with the exchange it talks to, as alarms that last as long.

import type { Answer, VenueCondition } from '@kontor/signer';
import type { AlarmBook, AlarmKind, AlarmSeverity } from './alarm-book.ts';

type Condition = Extract<Answer, { kind: 'condition' }>;

const ALARM_OF: Readonly<Record<VenueCondition, readonly [kind: AlarmKind, AlarmSeverity]>> = {
  // Either the exchange has changed who vouches for it, or somebody stands in between; nothing can be cancelled.
  issuerRefused: ['issuerRefused', 'critical'],
  pricesDisagree: ['pricesDisagree', 'warning'],
  pricesSilent: ['pricesSilent', 'warning'],
  dataLate: ['dataLate', 'warning'],
};
/** These egress knows only while it runs: a new one tells anew what is so. */
const FORGOTTEN: readonly AlarmKind[] = ['pricesDisagree', 'pricesSilent', 'dataLate'];

export class VenueConditions {
  readonly #alarms: Pick<AlarmBook, 'raise' | 'resolve' | 'standing'>;

  constructor(alarms: Pick<AlarmBook, 'raise' | 'resolve' | 'standing'>) {
    this.#alarms = alarms;
  }

  onCondition({ condition, venue, subject, isOver, facts }: Condition): void {
    const [kind, severity] = ALARM_OF[condition];
    const about = subjectOf(venue, subject);
    if (isOver) this.#alarms.resolve(kind, '', about);
    else this.#alarms.raise({ kind, severity, subject: about, facts: { ...facts, venue } });
  }

  /** An issuer is refused until a connection passes: of a host that nobody connects to any more none ever will. */
  onHosts(hosts: Extract<Answer, { kind: 'hosts' }>['hosts']): void {
    const given = new Set(hosts.map(({ venue, host }) => subjectOf(venue, host)));
    for (const subject of this.#alarms.standing('issuerRefused', '')) {
      if (!given.has(subject)) this.#alarms.resolve('issuerRefused', '', subject);
    }
  }

  /** What still lasts follows over the new link. */
  onEgressUp(): void {
    for (const kind of FORGOTTEN) this.#alarms.resolve(kind, '', null);
  }
}

function subjectOf(venue: string, about: string): string {
  return about === '' ? venue : `${venue} ${about}`;
}
