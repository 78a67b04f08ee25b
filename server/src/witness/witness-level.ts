// SPDX-License-Identifier: Apache-2.0
// How much the log's word is worth to others: who, besides the desk, has signed or dated its last trees.

import type { WitnessRelation } from './witness-list.ts';

/** W0 nobody; W1 the owner's second machine; W2 a time-stamping authority; W3 another person; W4 a public network. */
export const WITNESS_LEVELS = ['W0', 'W1', 'W2', 'W3', 'W4'] as const;
export type WitnessLevel = (typeof WITNESS_LEVELS)[number];

export interface Cosigner {
  readonly operator: string;
  readonly relation: WitnessRelation;
  /** Whether its last cosignature is young enough to count. */
  readonly isFresh: boolean;
}

/** A time-stamping authority's last word on the log. */
export interface Anchor {
  readonly authority: string;
  /** Before when its tree was there; null where it has dated none. */
  readonly at: number | null;
  readonly isFresh: boolean;
}

export interface WitnessStanding {
  readonly level: WitnessLevel;
  /** Independent operators whose cosignature counts; the owner is one, whatever his machines are called. */
  readonly operators: number;
  readonly meaning: string;
}

export function witnessStanding(
  cosigners: readonly Cosigner[],
  anchors: readonly Anchor[] = [],
): WitnessStanding {
  const standing = cosignedStanding(cosigners);
  const dated = anchors.flatMap(({ authority, at, isFresh }) =>
    isFresh && at !== null ? [`${authority} at ${new Date(at).toISOString()}`] : [],
  );
  if (dated.length === 0) return standing;
  const by = dated.join(', ');
  const { level, meaning } = standing;
  if (level !== 'W0' && level !== 'W1') {
    return { ...standing, meaning: `${meaning}; the log was dated by ${by}` };
  }
  const own = level === 'W1' ? `; and ${meaning}` : '';
  return {
    ...standing,
    level: 'W2',
    meaning: `the log was dated by ${by}: what stood in it then was there by then; that does not stop another history from being shown to others${own}`,
  };
}

function cosignedStanding(cosigners: readonly Cosigner[]): WitnessStanding {
  const fresh = cosigners.filter(({ isFresh }) => isFresh);
  const operators = new Set(
    fresh.map(({ operator, relation }) => (relation === 'own' ? '' : operator.toLowerCase())),
  ).size;
  if (fresh.length === 0) {
    return {
      level: 'W0',
      operators,
      meaning:
        'no witness has signed the log lately; it is tamper-evident to you alone, and proves nothing to others',
    };
  }
  if (fresh.some(({ relation }) => relation === 'network')) {
    return {
      level: 'W4',
      operators,
      meaning: `a public witness network has signed the log lately (${count(operators)}); nobody can be shown another history unless all of them take part`,
    };
  }
  if (fresh.some(({ relation }) => relation === 'person')) {
    return {
      level: 'W3',
      operators,
      meaning: `another person's witness has signed the log lately (${count(operators)}); nobody can be shown another history unless all of them take part`,
    };
  }
  return {
    level: 'W1',
    operators,
    meaning:
      'a second machine of yours has signed the log lately; who takes this machine cannot rewrite the log unseen by you, but to others it is your own word',
  };
}

function count(operators: number): string {
  return operators === 1 ? '1 operator' : `${operators} operators`;
}
