// SPDX-License-Identifier: Apache-2.0
// The pages that stand in the rail, and on a phone in the bar below or behind its last button.

import type { IconName } from '../parts/icon.tsx';

export interface Place {
  readonly name:
    | 'overview'
    | 'bots'
    | 'deals'
    | 'connections'
    | 'alarms'
    | 'log'
    | 'risk'
    | 'people'
    | 'settings';
  readonly icon: IconName;
  readonly key: string;
  /** Of the few that stand in a phone's bar: what is looked at many times a day. */
  readonly isInBar: boolean;
}

export const PLACES: readonly Place[] = [
  { name: 'overview', icon: 'overview', key: 'g o', isInBar: true },
  { name: 'bots', icon: 'bots', key: 'g b', isInBar: true },
  { name: 'deals', icon: 'deals', key: 'g d', isInBar: true },
  { name: 'connections', icon: 'connections', key: 'g c', isInBar: false },
  { name: 'alarms', icon: 'warning', key: 'g a', isInBar: true },
  { name: 'log', icon: 'log', key: 'g l', isInBar: false },
  { name: 'risk', icon: 'shield', key: 'g r', isInBar: false },
  { name: 'people', icon: 'people', key: 'g p', isInBar: false },
  { name: 'settings', icon: 'settings', key: 'g s', isInBar: false },
];
