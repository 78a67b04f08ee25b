// SPDX-License-Identifier: Apache-2.0
// The desk's addresses. They are meant to be shared and survive a reload.

export const paths = {
  overview: '/',
  bots: '/bots',
  deals: '/deals',
  connections: '/connections',
  alarms: '/alarms',
  log: '/log',
  policy: '/policy',
  people: '/people',
  risk: '/risk',
  settings: '/settings',
} as const;

export function botPath(id: string): string {
  return `/bots/${encodeURIComponent(id)}`;
}

export function editBotPath(id: string): string {
  return `${botPath(id)}/edit`;
}

/** Where a bot is made: of `kind`, or of one that is still to be chosen. */
export function newBotPath(kind: string | null): string {
  return kind === null ? '/bots/new' : `/bots/new?kind=${encodeURIComponent(kind)}`;
}

export function copyBotPath(id: string): string {
  return `/bots/new?copy=${encodeURIComponent(id)}`;
}

export function dealPath(id: string): string {
  return `/deals/${encodeURIComponent(id)}`;
}

export function editDealPath(id: string): string {
  return `${dealPath(id)}/edit`;
}

/** Where a connection is made, or the one with `id` made ready. */
export function newConnectionPath(id: string | null): string {
  const path = `${paths.connections}/new`;
  return id === null ? path : `${path}?connection=${encodeURIComponent(id)}`;
}

/** Where the connection with `id` gets another key. */
export function renewKeyPath(id: string): string {
  return `${paths.connections}/new?replaces=${encodeURIComponent(id)}`;
}

/** The overview with the chart of `symbol`. */
export function chartPath(symbol: string): string {
  return `/?symbol=${encodeURIComponent(symbol)}`;
}

/** The number in a deal's ID, which is `<bot id>-<number>`. */
export function dealNumber(id: string): string {
  return id.slice(id.lastIndexOf('-') + 1);
}

/** An address of this page with some parameters changed; null removes one. */
export function withParameters(
  path: string,
  search: string,
  changes: Readonly<Record<string, string | null>>,
): string {
  const parameters = new URLSearchParams(search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === '') parameters.delete(name);
    else parameters.set(name, value);
  }
  const text = parameters.toString();
  return text === '' ? path : `${path}?${text}`;
}
