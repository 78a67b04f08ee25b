// SPDX-License-Identifier: Apache-2.0
// Reads what Binance says of a key (`GET /sapi/v1/account/apiRestrictions`) and finds what speaks against it.
//
// Every field that decides must be there: a right that is not named is not taken as missing. Fields that are not known
// are noted, and one that speaks of withdrawing or transferring counts as that right.

import {
  isHouse,
  type Check,
  type Drift,
  type Fault,
  type ForbiddenRight,
  type LifeFacts,
} from '../life/state.ts';

/** The exchange's names of the rights that no key may have. */
const FORBIDDEN: Readonly<Record<string, ForbiddenRight>> = {
  enableWithdrawals: 'withdrawals',
  enableInternalTransfer: 'internalTransfer',
  permitsUniversalTransfer: 'universalTransfer',
  enableMargin: 'margin',
  enableFutures: 'futures',
  enableVanillaOptions: 'options',
};
/** Newer than the others and therefore not in every answer. */
const FORBIDDEN_WHERE_NAMED: Readonly<Record<string, ForbiddenRight>> = {
  enablePortfolioMarginTrading: 'portfolioMargin',
};
/** Rights that a desk needs: they may appear, since its owner is asked to give them. */
const NEEDED: readonly string[] = ['enableReading', 'enableSpotAndMarginTrading'];
const OTHER: readonly string[] = ['ipRestrict', 'createTime', 'tradingAuthorityExpirationTime'];
const FIELDS_MAX = 64;
const NAME = /^[A-Za-z][A-Za-z0-9]{0,47}$/;
const TRANSFER = /withdraw|transfer/i;

/** What the exchange said, before it is compared with what it said earlier. */
export interface Permissions {
  readonly isIpRestricted: boolean;
  readonly keyCreatedAt: number | null;
  readonly rights: readonly string[];
  readonly forbidden: readonly Fault[];
}

export type PermissionsReading =
  | { readonly ok: true; readonly permissions: Permissions }
  | { readonly ok: false; readonly reason: string };

/** The exchange's answer in `body`, or what is wrong with it. */
export function parsePermissions(body: string): PermissionsReading {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return fault('expected a JSON object, found other text');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return fault('expected a JSON object, found another value');
  const fields = new Map<string, unknown>(Object.entries(value));
  if (fields.size > FIELDS_MAX)
    return fault(`expected at most ${FIELDS_MAX} fields, found ${fields.size}`);
  for (const name of ['ipRestrict', ...NEEDED, ...Object.keys(FORBIDDEN)]) {
    if (typeof fields.get(name) !== 'boolean')
      return fault(`${name}: expected true or false, found something else or nothing`);
  }
  const createTime = fields.get('createTime');
  if (createTime !== undefined && !(Number.isSafeInteger(createTime) && Number(createTime) > 0))
    return fault('createTime: expected a time in milliseconds, found something else');
  const named = { ...FORBIDDEN, ...FORBIDDEN_WHERE_NAMED };
  const rights: string[] = [];
  const forbidden: Fault[] = [];
  for (const [name, given] of fields) {
    if (OTHER.includes(name) || given === false) continue;
    if (!NAME.test(name)) return fault('expected names of rights, found another field');
    const right = named[name];
    // What is neither true nor false is no right that this version can read: noted as if it were given.
    if (right !== undefined) forbidden.push(right);
    else if (!NEEDED.includes(name) && TRANSFER.test(name)) forbidden.push('unknownTransfer');
    rights.push(name);
  }
  return {
    ok: true,
    permissions: {
      isIpRestricted: fields.get('ipRestrict') === true,
      keyCreatedAt: typeof createTime === 'number' ? createTime : null,
      rights: rights.toSorted(),
      forbidden: [...new Set(forbidden)],
    },
  };
}

/** HTTP's words for "you may not", with which the exchange refuses a key, its address or its rights. */
const REFUSED_STATUSES: readonly number[] = [400, 401, 403];
/** "Invalid API-key, IP, or permissions for action": which of them it is, other requests must tell. */
const REFUSED_KEY_CODE = -2015;

/** What the exchange said to one read: whether it took the key, refused it, or said something else, in words. */
export function readProbe(
  status: number,
  body: string,
): { readonly found: 'taken' | 'refused' | 'other'; readonly words: string } {
  const said = objectIn(body);
  const code = said !== null && Number.isSafeInteger(said['code']) ? Number(said['code']) : null;
  const words = `HTTP ${status}${code === null ? '' : `, code ${code}`}`;
  if (status === 200) {
    // Of an answer too long for a copy the status alone is known; a page for people is no answer to the key.
    const isAccount = body === '' || Array.isArray(said?.['balances']);
    return isAccount
      ? { found: 'taken', words }
      : { found: 'other', words: `${words}, without an account` };
  }
  const isRefused = REFUSED_STATUSES.includes(status) && code === REFUSED_KEY_CODE;
  return { found: isRefused ? 'refused' : 'other', words };
}

function objectIn(body: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}

/** The check that `permissions` make of a connection whose earlier checks are in `facts`. */
export function checkOf(permissions: Permissions, facts: LifeFacts, time: number): Check {
  const { isIpRestricted, keyCreatedAt, rights, forbidden } = permissions;
  const faults = [...forbidden, ...driftsOf(permissions, facts)];
  return { time, isIpRestricted, keyCreatedAt, rights, faults };
}

function driftsOf(permissions: Permissions, facts: LifeFacts): readonly Drift[] {
  const { named, proven, venue } = facts;
  const passed = facts.passed ?? proven.get(named?.hash ?? '');
  if (passed === undefined) return [];
  const drifts: Drift[] = [];
  const isNew = (right: string): boolean =>
    !passed.rights.includes(right) && !NEEDED.includes(right);
  if (permissions.rights.some(isNew)) drifts.push('rightAppeared');
  if (passed.isIpRestricted && !permissions.isIpRestricted) drifts.push('ipListVanished');
  if (!isHouse(venue) && passed.keyCreatedAt !== permissions.keyCreatedAt)
    drifts.push('createTimeChanged');
  return drifts;
}

function fault(reason: string): PermissionsReading {
  return { ok: false, reason };
}
