// SPDX-License-Identifier: Apache-2.0
// How a risk state looks.

import type { Risk } from '../api/types.ts';
import type { BadgeLook } from './badge.tsx';

export function riskLook(state: Risk['state']): BadgeLook {
  return state === 'active' ? 'on' : 'needsYou';
}
