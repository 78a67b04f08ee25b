// SPDX-License-Identifier: Apache-2.0
// The transparency log's public API: trees, tiles, notes, checkpoints, proofs, witnesses, audits, entries. Pure: no
// input or output, no clock, no chance, no cryptographic library of its own. Node's is at @kontor/tlog/node.

export { createAppender, restoreAppender, type Appender, type Resource } from './appender.ts';
export { auditLog, type AuditOptions, type AuditProblem, type AuditReport } from './audit.ts';
export { toHex, type Failure, type Result } from './bytes.ts';
export {
  CLAIMED_FIELDS,
  claimedTime,
  claimFault,
  claimSentence,
  EDGE_LEAF_BYTES,
  EDGE_SALT_BYTES,
  judgeOrderClaim,
  ORDER_KINDS,
  type ClaimedField,
  type ClaimVerdict,
  type LogScope,
  type OrderClaim,
  type ReadEntry,
} from './claim.ts';
export {
  cosignatureTime,
  openCheckpoint,
  parseCheckpointText,
  parseSignedCheckpoint,
  signCheckpoint,
  subtreeMessage,
  toCheckpointText,
  verifyCosignatures,
  type Checkpoint,
  type Cosignature,
  type SignedCheckpoint,
} from './checkpoint.ts';
export { verifyEd25519, type Cryptography, type Sign } from './cryptography.ts';
export {
  commitTo,
  isEntryKind,
  judgeLogEntry,
  LOG_ENTRY_BYTES_MAX,
  opensCommitment,
  parseCanonicalJson,
  parseEntry,
  successorOrigin,
  toCanonicalJson,
  toEntryBytes,
  type EntryKind,
  type Json,
  type JsonObject,
  type LogEntry,
} from './entry.ts';
export {
  consistencyRanges,
  inclusionRanges,
  isSubtree,
  rootByInclusion,
  treeHasher,
  verifyConsistency,
  verifyInclusion,
  verifySubtreeConsistency,
  verifySubtreeInclusion,
  type LeafRange,
  type ProofVerdict,
  type TreeHasher,
} from './merkle.ts';
export {
  NOTE_BYTES_MAX,
  NOTE_SIGNATURES_MAX,
  noteKey,
  openNote,
  parseNote,
  parseVerifierKey,
  signNote,
  toNote,
  toVerifierKey,
  type NoteKey,
  type NoteSignature,
  type SignatureType,
  type SignedNote,
  type VerifiedSignature,
} from './note.ts';
export {
  checkOpening,
  parseProofExtra,
  toProofExtra,
  type Opening,
  type ProofExtra,
} from './proof-extra.ts';
export {
  parseProofFile,
  toProofFile,
  verifyProofFile,
  type ProofFile,
  type ProvenEntry,
} from './proof-file.ts';
export {
  proveConsistency,
  proveInclusion,
  readEntry,
  rootFromTiles,
  tilesForConsistency,
  tilesForInclusion,
  type InclusionProof,
  type Tree,
} from './prove.ts';
export {
  edgeTiles,
  hashRanges,
  parseEntryBundle,
  parseTilePath,
  readTile,
  tilePath,
  tilesOf,
  toEntryBundle,
  type Tile,
  type TileReader,
} from './tile.ts';
export { isQuorumMet, parseTrustPolicy, type TrustPolicy } from './trust-policy.ts';
export {
  compareViews,
  mayFollow,
  reconcileStores,
  verifyForkEvidence,
  type Bridge,
  type ForkEvidence,
  type ViewComparison,
} from './views.ts';
export {
  ADD_CHECKPOINT_BYTES_MAX,
  answerAccepted,
  decideAddCheckpoint,
  monitorPath,
  parseAddCheckpoint,
  readWitnessAnswer,
  toAddCheckpoint,
  type AddCheckpointRequest,
  type WitnessAnswer,
  type WitnessDecision,
  type WitnessedLog,
  type WitnessRecord,
  type WitnessReply,
  type WitnessSigner,
} from './witness.ts';
