// SPDX-License-Identifier: Apache-2.0
// Whether all is well, in one mark and one word.

import type { ReactElement } from 'react';

import { useStreamState } from '../api/desk-facts.tsx';
import type { StreamState } from '../api/live.ts';
import { useAlarms, useHealth } from '../api/queries.ts';
import type { Alarms, Health } from '../api/types.ts';
import type { Language } from '../language/languages.ts';
import { useLanguage } from '../language/language.tsx';
import { Badge, type BadgeLook } from './badge.tsx';

export function HealthBadge(): ReactElement {
  const language = useLanguage();
  const state = useStreamState();
  const { data: health } = useHealth();
  const { data: alarms } = useAlarms();
  const { look, name } = healthState(health, alarms, state.kind, language);
  return <Badge look={look}>{name}</Badge>;
}

/** What the desk said last counts only while it is heard, and all is well only where no alarm says otherwise. */
function healthState(
  health: Health | undefined,
  alarms: Alarms | undefined,
  stream: StreamState['kind'],
  { text, format }: Language,
): { readonly look: BadgeLook; readonly name: string } {
  if (stream === 'connecting') return { look: 'busy', name: text.health.connecting };
  if (stream === 'down') return { look: 'needsYou', name: text.health.degraded };
  if (alarms !== undefined && alarms.openCount > 0) {
    const count = { count: alarms.openCount, text: format.integer(alarms.openCount) };
    return { look: 'needsYou', name: text.health.alarms(count) };
  }
  if (health === undefined || alarms === undefined)
    return { look: 'busy', name: text.health.unknown };
  if (health.state !== 'ok' || alarms.alarms.some(isStanding))
    return { look: 'needsYou', name: text.health.degraded };
  return { look: 'on', name: text.health.ok };
}

/** A person has seen it, and what it tells of is not over. */
function isStanding({ state, isLasting, severity }: Alarms['alarms'][number]): boolean {
  return state === 'acknowledged' && isLasting && severity !== 'notice';
}
