// SPDX-License-Identifier: Apache-2.0
// A table's order as it stands in the address: `name`, or `-realised` for descending.

export interface Sort {
  readonly column: string;
  readonly isDescending: boolean;
}

export function parseSort(text: string | null, fallback: Sort): Sort {
  if (text === null || text === '') return fallback;
  return text.startsWith('-')
    ? { column: text.slice(1), isDescending: true }
    : { column: text, isDescending: false };
}

/** Null for the order that the page has by itself. */
export function sortText(sort: Sort, fallback: Sort): string | null {
  if (sort.column === fallback.column && sort.isDescending === fallback.isDescending) return null;
  return sort.isDescending ? `-${sort.column}` : sort.column;
}
