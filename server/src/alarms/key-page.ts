// SPDX-License-Identifier: Apache-2.0
// Where a person deletes a key by hand: exchanges let no key delete itself.

const PAGES: ReadonlyMap<string, string> = new Map([
  ['binance', 'https://www.binance.com/en/my/settings/api-management'],
  ['binance-testnet', 'https://testnet.binance.vision/'],
]);

/** The page of a venue on which its keys are deleted; null where none is known. */
export function keyPageOf(venue: string): string | null {
  return PAGES.get(venue) ?? null;
}
