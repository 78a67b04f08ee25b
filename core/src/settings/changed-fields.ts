// SPDX-License-Identifier: Apache-2.0
// What differs between two settings. A journal brings settings back with their keys in another order, and a replay must
// come to the same answer.

/** Whether two values of plain data are equal; the order of keys does not matter. */
export function isSameValue(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (typeof left !== 'object' || typeof right !== 'object') return false;
  if (left === null || right === null || Array.isArray(left) !== Array.isArray(right)) return false;
  const entries = Object.entries(left);
  const others = new Map<string, unknown>(Object.entries(right));
  return (
    entries.length === others.size &&
    entries.every(([name, value]) => others.has(name) && isSameValue(value, others.get(name)))
  );
}

/** The fields in which `after` differs from `before`, sorted. */
export function changedFields<S extends object>(before: S, after: S): (keyof S & string)[] {
  const old = new Map<string, unknown>(Object.entries(before));
  const fresh = new Map<string, unknown>(Object.entries(after));
  const names = new Set([...old.keys(), ...fresh.keys()]);
  // Keys of settings are fields of settings.
  return [...(names as Set<keyof S & string>)]
    .filter((name) => !isSameValue(old.get(name), fresh.get(name)))
    .toSorted();
}
