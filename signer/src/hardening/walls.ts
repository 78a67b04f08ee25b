// SPDX-License-Identifier: Apache-2.0
// The walls around a process, which of them stand, and what level they make.

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

/** The walls that a process with network can have: Node's permission model would take away what it lives by. */
export const NETWORKED_WALLS: readonly WallName[] = [
  'environment',
  'noNewPrivileges',
  'noCoreDump',
  'notDumpable',
  'landlock',
  'seccomp',
];

/** Variables that change how Node or a library behaves. */
export const MEDDLING_VARIABLE: RegExp =
  /^(?:NODE_OPTIONS|NODE_PATH|LD_.*|OPENSSL_.*|GCONV_PATH)$/i;
/** Tells a process with network that it stands behind walls and is to say which. */
export const WALLED_VARIABLE = 'KONTOR_WALLS';

export interface Wall {
  readonly name: WallName;
  readonly isUp: boolean;
  /** Why it is missing; empty where it stands. */
  readonly reason: string;
}

/**
 * 1: a process of its own. 2: also nothing from outside that changes how it runs; the signer has an empty environment
 * and Node's permission model. 3: also no new privileges, no core dump, and a memory that others of the same user
 * cannot read. 4: also Landlock and seccomp, and in the signer no native call left.
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

/** `missing` holds why, for each wall of `planned` that does not stand. */
export function hardeningOf(
  missing: ReadonlyMap<WallName, string>,
  planned: readonly WallName[] = WALLS,
): Hardening {
  let level: HardeningLevel = 1;
  for (const [next, walls] of NEEDED) {
    if (walls.some((name) => missing.has(name))) break;
    level = next;
  }
  return {
    level,
    walls: planned.map((name) => ({
      name,
      isUp: !missing.has(name),
      reason: missing.get(name) ?? '',
    })),
  };
}
