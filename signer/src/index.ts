// SPDX-License-Identifier: Apache-2.0
// The signer's public side: the wire protocol. Its inside is for its own process only.

export * from './wire.ts';
export { signerArguments, type SignerStart } from './hardening/plan.ts';
export { WALLS, type Hardening, type Wall, type WallName } from './hardening/walls.ts';
export {
  FrameError,
  FrameLink,
  FrameReader,
  FrameWriter,
  type FrameLinkOptions,
} from './framing.ts';
export {
  parseAnswer,
  parseDecision,
  parseIntent,
  parseReceipt,
  parseSignedRequest,
} from './wire-parsers.ts';
export { WireError } from './fields.ts';
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
} from './secret-patterns.ts';
export { sealSecret, type SealedFor } from './seal-secret.ts';
