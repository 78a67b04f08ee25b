// SPDX-License-Identifier: Apache-2.0
// The signer's public side: the wire protocol. Its inside is for its own process only.

export * from './wire.ts';
