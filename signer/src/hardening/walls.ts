// SPDX-License-Identifier: Apache-2.0
// The walls around the signer, which of them stand, and what level they make.

/** In the order in which they are built. */
export const WALLS = [
  'environment',
  'permissions',
  'noNewPrivileges',
  'noCoreDump',
  'notDumpable',
  'landlock',
  'seccomp',
  'nativeCallsDropped',
] as const;

export type WallName = (typeof WALLS)[number];

export interface Wall {
  readonly name: WallName;
  readonly isUp: boolean;
  /** Why it is missing; empty where it stands. */
  readonly reason: string;
}

/**
 * 1: a process of its own, without network code. 2: also Node's permission model and an empty environment. 3: also no
 * new privileges, no core dump, and a memory that others of the same user cannot read. 4: also Landlock and seccomp,
 * and no native call left.
 */
export type HardeningLevel = 1 | 2 | 3 | 4;

export interface Hardening {
  readonly level: HardeningLevel;
  readonly walls: readonly Wall[];
}

const NEEDED: readonly (readonly [level: HardeningLevel, walls: readonly WallName[]])[] = [
  [2, ['environment', 'permissions']],
  [3, ['noNewPrivileges', 'noCoreDump', 'notDumpable']],
  [4, ['landlock', 'seccomp', 'nativeCallsDropped']],
];

/** `missing` holds why, for each wall that does not stand. */
export function hardeningOf(missing: ReadonlyMap<WallName, string>): Hardening {
  let level: HardeningLevel = 1;
  for (const [next, walls] of NEEDED) {
    if (walls.some((name) => missing.has(name))) break;
    level = next;
  }
  return {
    level,
    walls: WALLS.map((name) => ({
      name,
      isUp: !missing.has(name),
      reason: missing.get(name) ?? '',
    })),
  };
}
