// SPDX-License-Identifier: Apache-2.0
// Views that the reader saved, in this browser's storage.

export interface SavedView {
  readonly name: string;
  /** The parameters of the address, without the question mark. */
  readonly search: string;
}

const STORAGE_KEY = 'kontor.views';
const VIEWS_MOST = 50;

export function readViews(page: string): readonly SavedView[] {
  try {
    return parseViews(localStorage.getItem(`${STORAGE_KEY}.${page}`));
  } catch {
    return [];
  }
}

export function writeViews(page: string, views: readonly SavedView[]): void {
  try {
    localStorage.setItem(`${STORAGE_KEY}.${page}`, JSON.stringify(views.slice(-VIEWS_MOST)));
  } catch {
    // A browser that stores nothing keeps the views until the page is left.
  }
}

function parseViews(text: string | null): readonly SavedView[] {
  const found: unknown = text === null ? [] : JSON.parse(text);
  if (!Array.isArray(found)) return [];
  return found.flatMap((view: unknown) =>
    typeof view === 'object' &&
    view !== null &&
    'name' in view &&
    'search' in view &&
    typeof view.name === 'string' &&
    typeof view.search === 'string'
      ? [{ name: view.name, search: view.search }]
      : [],
  );
}
