// SPDX-License-Identifier: Apache-2.0
// The tag behind the IDs of a desk's orders at the exchange: the desk knows its orders without it.
//
// The signer puts it there and alone can tell whether it is right; here it is only taken off.

/** A desk's own ID begins with its mark; behind it stands the tag of eight characters. */
const TAGGED = /^(k1[0-9a-v]{4}[0-9a-z_-]*)_[0-9a-v]{8}$/;

/**
 * The ID by which a desk knows an order of `venueId`; IDs that no desk made stay as they are.
 * @example deskOrderId('k1abcd1-1-1_0123abcd') === 'k1abcd1-1-1'
 */
export function deskOrderId(venueId: string): string {
  return TAGGED.exec(venueId)?.[1] ?? venueId;
}
