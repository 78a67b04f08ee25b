// SPDX-License-Identifier: Apache-2.0
// The signer's public side: the wire protocol. Its inside is for its own process only.

export * from './wire.ts';
export {
  keptEnvironment,
  networkedArguments,
  signerArguments,
  toolArguments,
  type NetworkedStart,
  type SignerStart,
} from './hardening/plan.ts';
export { closeOwnMemory } from './peers/own-memory.ts';
export { settleNetworked } from './hardening/settle.ts';
export { WALLS, type Hardening, type Wall, type WallName } from './hardening/walls.ts';
export {
  FrameError,
  FrameLink,
  FrameReader,
  FrameWriter,
  type FrameLinkOptions,
} from './framing.ts';
export { parseEgressReport, parseIntent } from './wire-parsers.ts';
export { parseAnswer, parseDecision, parseEgressTask } from './peers/wire-peers.ts';
export { WireError } from './fields.ts';
export { DECIMAL_PATTERN as REFERENCE_DECIMAL, parseDecimal } from './amount.ts';
export { comparePolicies, type LineChange, type PolicyComparison } from './policy/compare.ts';
export { describePolicyError, parsePolicy, type ParsedPolicy } from './policy/grammar.ts';
export {
  overviewOf,
  type ConnectionOverview,
  type LineOverview,
  type PolicyOverview,
} from './peers/policy-overview.ts';
export { POLICY_CHARACTERS_MAX } from './acts/act.ts';
export {
  BLOCK_BYTES,
  BLOCK_STEP,
  blockHash,
  blockSeed,
  ENCODING_NAMES,
  openPatterns,
  patternsOf,
  sealPatterns,
  SECRET_BYTES_MIN,
  stretchHmac,
  type BlockSeed,
  type SecretPattern,
  type Stretch,
} from './tool/secret-patterns.ts';
export { encryptAge } from './tool/age.ts';
export { sealSecret, type SealedFor } from './seal-secret.ts';
export { wayLine } from './vault/way-line.ts';
