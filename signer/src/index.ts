// SPDX-License-Identifier: Apache-2.0
// The signer's public side: the wire protocol. Its inside is for its own process only.

export * from './wire.ts';
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
