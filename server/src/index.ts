// SPDX-License-Identifier: Apache-2.0
// What other packages use of the server.

export * from './backtest/index.ts';
export * from './candles/index.ts';
export type * as api from './api/schemas.ts';
export { listeningFault, type Listening } from './people/listening.ts';
export { Secret } from './secret.ts';
export { StoreError } from './store/errors.ts';
export { Store } from './store/store.ts';
export {
  authorityListPath,
  parseAuthorityList,
  readAuthorityList,
  type TimeAuthority,
} from './witness/anchor-list.ts';
export { ANCHOR_FRESH_MS } from './witness/anchor-desk.ts';
export { certificateNames } from './witness/certificate-names.ts';
export { formerListPath, listPath, TRUST_FOLDER, type ListName } from './witness/list-file.ts';
export { COSIGNATURE_FRESH_MS } from './witness/witness-desk.ts';
export {
  WITNESS_LEVELS,
  witnessStanding,
  type Anchor,
  type Cosigner,
  type WitnessStanding,
} from './witness/witness-level.ts';
export { trustPolicyText } from './witness/trust-policy-text.ts';
export {
  parseWitnessList,
  readWitnessList,
  witnessListPath,
  WITNESS_RELATIONS,
  type KnownWitness,
  type WitnessRelation,
} from './witness/witness-list.ts';
export { readTerminalFile, type TerminalAccess } from './terminal-file.ts';
