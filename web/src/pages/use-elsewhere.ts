// SPDX-License-Identifier: Apache-2.0
// Of a key for another exchange than the one that this desk trades at: that it waits, and for what.

import { useVenues } from '../api/queries.ts';
import type { Venue } from '../api/types.ts';
import type { KeysText } from '../language/keys-english.ts';
import { useKeysLanguage } from '../language/use-keys-language.ts';

/** What to know of a key for `venue`; null where the desk trades there, or while that is not known. */
export function useElsewhere(venue: string): string | null {
  const keys = useKeysLanguage();
  const { data } = useVenues();
  return elsewhereText(venue, data ?? [], keys);
}

export function elsewhereText(
  venue: string,
  venues: readonly Venue[],
  keys: KeysText,
): string | null {
  const traded = venues.find(({ isTraded }) => isTraded);
  if (traded === undefined || traded.venue === venue) return null;
  const waits = keys.otherVenue(venueName(traded.venue, keys));
  return traded.hasAdapter ? waits : `${waits} ${keys.noRealDesk}`;
}

/** The exchange’s own spelling where the page knows it. */
export function venueName(venue: string, { venueName: names }: KeysText): string {
  const known: Readonly<Record<string, string>> = names;
  return known[venue] ?? venue;
}
