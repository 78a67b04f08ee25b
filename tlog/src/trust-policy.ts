// SPDX-License-Identifier: Apache-2.0
// Trust policies (C2SP tlog-policy): which logs are known, which witnesses, and how many of them must have cosigned.

import { equalBytes, failure, parseUtf8, success, toHex, type Result } from './bytes.ts';
import type { Cryptography } from './cryptography.ts';
import { parseVerifierKey, type NoteKey, type SignatureType } from './note.ts';

/** Thirty-two of each is what everybody may count on. */
export const POLICY_MEMBERS_MAX = 256;
const POLICY_BYTES_MAX = 1024 * 1024;

const LOG_TYPES: readonly SignatureType[] = ['ed25519', 'ml-dsa-44-cosignature'];
const WITNESS_TYPES: readonly SignatureType[] = ['ed25519-cosignature', 'ml-dsa-44-cosignature'];

export interface KnownLog {
  readonly key: NoteKey;
  readonly url: string | undefined;
}

export interface KnownWitness extends KnownLog {
  /** Of meaning within the policy only. */
  readonly name: string;
}

interface WitnessGroup {
  readonly name: string;
  readonly needed: number;
  readonly members: readonly string[];
}

export interface TrustPolicy {
  readonly logs: readonly KnownLog[];
  readonly witnesses: readonly KnownWitness[];
  readonly groups: readonly WitnessGroup[];
  /** The name of a witness or group, or `none`. */
  readonly quorum: string;
}

interface Draft {
  readonly logs: KnownLog[];
  readonly witnesses: KnownWitness[];
  readonly groups: WitnessGroup[];
  readonly names: Set<string>;
  readonly members: Set<string>;
  readonly cryptography: Pick<Cryptography, 'sha256'>;
  quorum: string | undefined;
}

export function parseTrustPolicy(
  cryptography: Pick<Cryptography, 'sha256'>,
  bytes: Uint8Array,
): Result<TrustPolicy> {
  if (bytes.length > POLICY_BYTES_MAX) {
    return failure(`a policy must have at most ${POLICY_BYTES_MAX} bytes, had ${bytes.length}`);
  }
  const control = bytes.findIndex(
    (byte) => (byte < 0x20 && byte !== 0x09 && byte !== 0x0a) || byte === 0x7f,
  );
  if (control !== -1)
    return failure(`a policy must hold no control character, byte ${control} is one`);
  // Bytes with the high bit are opaque: each becomes one character of its own.
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  const draft: Draft = {
    logs: [],
    witnesses: [],
    groups: [],
    names: new Set(),
    members: new Set(),
    cryptography,
    quorum: undefined,
  };
  for (const [place, line] of text.split('\n').entries()) {
    const items = line.split(/[ \t]+/).filter((item) => item !== '');
    const [keyword = '#'] = items;
    if (keyword.startsWith('#')) continue;
    const fault = takeLine(draft, items);
    if (fault !== undefined) return failure(`line ${place + 1}: ${fault}`);
  }
  const { logs, witnesses, groups, quorum } = draft;
  if (quorum === undefined) return failure('a policy must have a quorum line');
  return success({ logs, witnesses, groups, quorum });
}

function takeLine(draft: Draft, items: readonly string[]): string | undefined {
  const [keyword, ...rest] = items;
  switch (keyword) {
    case 'log':
      return takeLog(draft, rest);
    case 'witness':
      return takeWitness(draft, rest);
    case 'group':
      return takeGroup(draft, rest);
    case 'quorum':
      return takeQuorum(draft, rest);
    default:
      return `expected log, witness, group or quorum, found ${keyword}`;
  }
}

function takeLog(draft: Draft, items: readonly string[]): string | undefined {
  const [keyText, url, ...others] = items;
  if (keyText === undefined || others.length > 0) return 'expected log KEY [URL]';
  const key = parseKey(draft, keyText, LOG_TYPES);
  if (!key.ok) return key.reason;
  if (draft.logs.length >= POLICY_MEMBERS_MAX) return `more than ${POLICY_MEMBERS_MAX} logs`;
  draft.logs.push({ key: key.value, url });
  return undefined;
}

function takeWitness(draft: Draft, items: readonly string[]): string | undefined {
  const [name, keyText, url, ...others] = items;
  if (name === undefined || keyText === undefined || others.length > 0) {
    return 'expected witness NAME KEY [URL]';
  }
  const key = parseKey(draft, keyText, WITNESS_TYPES);
  if (!key.ok) return key.reason;
  if (draft.witnesses.length >= POLICY_MEMBERS_MAX)
    return `more than ${POLICY_MEMBERS_MAX} witnesses`;
  draft.witnesses.push({ name, key: key.value, url });
  return takeName(draft, name);
}

function takeGroup(draft: Draft, items: readonly string[]): string | undefined {
  const [name, threshold, ...members] = items;
  if (name === undefined || threshold === undefined || members.length === 0) {
    return 'expected group NAME all|any|NUMBER MEMBER…';
  }
  let needed = 0;
  if (threshold === 'all') needed = members.length;
  else if (threshold === 'any') needed = 1;
  else if (/^[1-9]\d{0,3}$/.test(threshold)) needed = Number(threshold);
  if (needed < 1 || needed > members.length) {
    return `the threshold must be all, any or 1 to ${members.length}, was ${threshold}`;
  }
  for (const member of members) {
    if (!draft.names.has(member)) return `${member} is not defined above`;
    if (draft.members.has(member)) return `${member} is a member already: no witness counts twice`;
    draft.members.add(member);
  }
  if (draft.groups.length >= POLICY_MEMBERS_MAX) return `more than ${POLICY_MEMBERS_MAX} groups`;
  draft.groups.push({ name, needed, members });
  return takeName(draft, name);
}

function takeQuorum(draft: Draft, items: readonly string[]): string | undefined {
  const [name, ...others] = items;
  if (name === undefined || others.length > 0) return 'expected quorum NAME';
  if (draft.quorum !== undefined) return 'there is a quorum line already';
  if (name !== 'none' && !draft.names.has(name)) return `${name} is not defined above`;
  draft.quorum = name;
  return undefined;
}

function takeName(draft: Draft, name: string): string | undefined {
  if (name === 'none') return 'none is no name of a witness or group';
  if (draft.names.has(name)) return `${name} is defined already`;
  draft.names.add(name);
  return undefined;
}

/** A key that no line before has, under whatever name, so that nobody counts twice and no log witnesses itself. */
function parseKey(draft: Draft, text: string, types: readonly SignatureType[]): Result<NoteKey> {
  const octets = Uint8Array.from(text, (character) => character.charCodeAt(0));
  const decoded = parseUtf8(octets);
  if (decoded === undefined) return failure("a key's name must be valid UTF-8");
  const key = parseVerifierKey(draft.cryptography, decoded);
  if (!key.ok) return key;
  if (!types.includes(key.value.type)) {
    return failure(`a key here must be of type ${types.join(' or ')}, was ${key.value.type}`);
  }
  const known = [...draft.logs, ...draft.witnesses].some((each) =>
    equalBytes(each.key.publicKey, key.value.publicKey),
  );
  return known ? failure(`the key ${toHex(key.value.id)} is here already`) : key;
}

/** Whether the witnesses with these keys are enough. */
export function isQuorumMet(policy: TrustPolicy, cosigners: readonly NoteKey[]): boolean {
  if (policy.quorum === 'none') return true;
  const met = new Set<string>();
  for (const { name, key } of policy.witnesses) {
    if (cosigners.some((each) => equalBytes(each.publicKey, key.publicKey))) met.add(name);
  }
  // A group names only what stands above it, so one pass in order decides all.
  for (const { name, needed, members } of policy.groups) {
    if (members.filter((member) => met.has(member)).length >= needed) met.add(name);
  }
  return met.has(policy.quorum);
}
