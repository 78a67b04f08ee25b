// SPDX-License-Identifier: Apache-2.0
// Whether all is well, in one mark and one word.

import type { ReactElement } from 'react';

import { useStreamState } from '../api/desk-facts.tsx';
import type { StreamState } from '../api/live.ts';
import { useHealth } from '../api/queries.ts';
import type { Health } from '../api/types.ts';
import type { Catalogue } from '../language/english.ts';
import { useLanguage } from '../language/language.tsx';
import { Badge, type BadgeLook } from './badge.tsx';

export function HealthBadge(): ReactElement {
  const { text } = useLanguage();
  const state = useStreamState();
  const { data: health } = useHealth();
  const { look, name } = healthState(health, state.kind, text);
  return <Badge look={look}>{name}</Badge>;
}

/** What the desk said last counts only while it is heard. */
function healthState(
  health: Health | undefined,
  stream: StreamState['kind'],
  text: Catalogue,
): { readonly look: BadgeLook; readonly name: string } {
  if (stream === 'connecting') return { look: 'busy', name: text.health.connecting };
  if (stream === 'down') return { look: 'needsYou', name: text.health.degraded };
  if (health === undefined) return { look: 'busy', name: text.health.unknown };
  if (health.state === 'ok') return { look: 'on', name: text.health.ok };
  return { look: 'needsYou', name: text.health.degraded };
}
