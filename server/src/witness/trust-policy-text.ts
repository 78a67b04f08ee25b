// SPDX-License-Identifier: Apache-2.0
// The trust policy (C2SP tlog-policy) that a desk hands to others: its log's key, its witnesses, and how many of the
// independent operators must have cosigned. Who reads it may write a stricter one.

import { toVerifierKey, type NoteKey } from '@kontor/tlog';
import type { Witness } from './witness-list.ts';

export function trustPolicyText(
  logKeys: readonly NoteKey[],
  witnesses: readonly Witness[],
): string {
  const lines = ['# Which log this is, and whose cosignatures its proofs need.'];
  for (const key of logKeys) lines.push(`log ${toVerifierKey(key)}`);
  const members = new Map<string, string[]>();
  for (const { name, keys, url, operator, relation } of witnesses) {
    const owner = relation === 'own' ? '' : operator.toLowerCase();
    const list = members.get(owner) ?? [];
    members.set(owner, list);
    for (const [place, key] of keys.entries()) {
      const member = `${name}.${place + 1}`;
      lines.push(`witness ${member} ${toVerifierKey(key)} ${url}`);
      list.push(member);
    }
  }
  const groups = [...members.values()].map((list, place) => {
    const group = `operator-${place + 1}`;
    lines.push(`group ${group} any ${list.join(' ')}`);
    return group;
  });
  if (groups.length === 0) return [...lines, 'quorum none', ''].join('\n');
  // More than half: two quorums share an operator, who has signed one history.
  const needed = Math.floor(groups.length / 2) + 1;
  return [...lines, `group operators ${needed} ${groups.join(' ')}`, 'quorum operators', ''].join(
    '\n',
  );
}
