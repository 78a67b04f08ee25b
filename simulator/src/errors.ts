// SPDX-License-Identifier: Apache-2.0
// The venue's refusals: error codes, their texts and the HTTP status each one travels with.

/** Why a request was not done, as the wire tells it. */
export interface Refusal {
  readonly code: number;
  readonly message: string;
  readonly httpStatus: number;
  /** The `data` object of half-done cancel-replaces and of bans. */
  readonly data?: Readonly<Record<string, unknown>>;
  /** For a `Retry-After` header. */
  readonly retryAfterSeconds?: number;
}

/** A value, or why there is none. */
export type Outcome<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: Refusal };

/** The documented names of every code this venue answers with. */
export const ERROR_NAMES: Readonly<Record<number, string>> = {
  [-1000]: 'UNKNOWN',
  [-1002]: 'UNAUTHORIZED',
  [-1003]: 'TOO_MANY_REQUESTS',
  [-1006]: 'UNEXPECTED_RESP',
  [-1007]: 'TIMEOUT',
  [-1008]: 'SERVER_BUSY',
  [-1013]: 'INVALID_MESSAGE',
  [-1014]: 'UNKNOWN_ORDER_COMPOSITION',
  [-1015]: 'TOO_MANY_ORDERS',
  [-1020]: 'UNSUPPORTED_OPERATION',
  [-1021]: 'INVALID_TIMESTAMP',
  [-1022]: 'INVALID_SIGNATURE',
  [-1034]: 'TOO_MANY_CONNECTIONS',
  [-1100]: 'ILLEGAL_CHARS',
  [-1101]: 'TOO_MANY_PARAMETERS',
  [-1102]: 'MANDATORY_PARAM_EMPTY_OR_MALFORMED',
  [-1104]: 'UNREAD_PARAMETERS',
  [-1105]: 'PARAM_EMPTY',
  [-1106]: 'PARAM_NOT_REQUIRED',
  [-1108]: 'PARAM_OVERFLOW',
  [-1111]: 'BAD_PRECISION',
  [-1115]: 'INVALID_TIF',
  [-1116]: 'INVALID_ORDER_TYPE',
  [-1117]: 'INVALID_SIDE',
  [-1120]: 'BAD_INTERVAL',
  [-1121]: 'BAD_SYMBOL',
  [-1122]: 'INVALID_SYMBOLSTATUS',
  [-1127]: 'MORE_THAN_XX_HOURS',
  [-1128]: 'OPTIONAL_PARAMS_BAD_COMBO',
  [-1130]: 'INVALID_PARAMETER',
  [-1131]: 'BAD_RECV_WINDOW',
  [-1134]: 'BAD_STRATEGY_TYPE',
  [-1135]: 'INVALID_JSON',
  [-1136]: 'INVALID_NEW_ORDER_RESP_TYPE',
  [-1139]: 'INVALID_TICKER_TYPE',
  [-1145]: 'INVALID_CANCEL_RESTRICTIONS',
  [-1151]: 'DUPLICATE_SYMBOLS',
  [-1158]: 'OCO_ORDER_TYPE_REJECTED',
  [-1160]: 'OCO_ICEBERGQTY_TIMEINFORCE',
  [-1165]: 'BUY_OCO_LIMIT_MUST_BE_BELOW',
  [-1166]: 'SELL_OCO_LIMIT_MUST_BE_ABOVE',
  [-1168]: 'BOTH_OCO_ORDERS_CANNOT_BE_LIMIT',
  [-1194]: 'INVALID_TIME_UNIT',
  [-1196]: 'BUY_OCO_STOP_LOSS_MUST_BE_ABOVE',
  [-1197]: 'SELL_OCO_STOP_LOSS_MUST_BE_BELOW',
  [-1198]: 'BUY_OCO_TAKE_PROFIT_MUST_BE_BELOW',
  [-1199]: 'SELL_OCO_TAKE_PROFIT_MUST_BE_ABOVE',
  [-1220]: 'SYMBOL_DOES_NOT_MATCH_STATUS',
  [-2010]: 'NEW_ORDER_REJECTED',
  [-2011]: 'CANCEL_REJECTED',
  [-2013]: 'NO_SUCH_ORDER',
  [-2014]: 'BAD_API_KEY_FMT',
  [-2015]: 'REJECTED_MBX_KEY',
  [-2021]: 'Order cancel-replace partially failed',
  [-2022]: 'Order cancel-replace failed',
  [-2035]: 'SUBSCRIPTION_ACTIVE',
  [-2036]: 'SUBSCRIPTION_INACTIVE',
  [-2038]: 'ORDER_AMEND_REJECTED',
  [-2039]: 'CLIENT_ORDER_ID_INVALID',
  [-2042]: 'MAXIMUM_SUBSCRIPTION_IDS',
  [-2043]: 'NO_REFERENCE_PRICE',
  [-4056]: 'KEY_KIND_NOT_SUPPORTED',
};

/** A refusal with HTTP status 400 unless another one is named. */
export function refusal(code: number, message: string, httpStatus = 400): Refusal {
  return { code, message, httpStatus };
}

/** `refusal` as an outcome. */
export function refuse(
  code: number,
  message: string,
  httpStatus = 400,
): { readonly ok: false; readonly refusal: Refusal } {
  return { ok: false, refusal: refusal(code, message, httpStatus) };
}

export function missing(name: string): Refusal {
  return refusal(
    -1102,
    `Mandatory parameter '${name}' was not sent, was empty/null, or malformed.`,
  );
}

export function missingEither(one: string, other: string): Refusal {
  return refusal(-1102, `Param '${one}' or '${other}' must be sent, but both were empty/null!`);
}

export function notRequired(name: string): Refusal {
  return refusal(-1106, `Parameter '${name}' sent when not required.`);
}

export function invalidData(name: string): Refusal {
  return refusal(-1130, `Data sent for parameter '${name}' is not valid.`);
}

export function illegalCharacters(name: string, range: string): Refusal {
  return refusal(
    -1100,
    `Illegal characters found in parameter '${name}'; legal range is '${range}'.`,
  );
}

export function filterFailure(filter: string): Refusal {
  return refusal(-1013, `Filter failure: ${filter}`);
}

export const INVALID_SYMBOL: Refusal = refusal(-1121, 'Invalid symbol.');
export const UNKNOWN_ORDER: Refusal = refusal(-2011, 'Unknown order sent.');
export const NO_SUCH_ORDER: Refusal = refusal(-2013, 'Order does not exist.');
export const DUPLICATE_ORDER: Refusal = refusal(-2010, 'Duplicate order sent.');
export const INSUFFICIENT_BALANCE: Refusal = refusal(
  -2010,
  'Account has insufficient balance for requested action.',
);
export const WOULD_TAKE: Refusal = refusal(-2010, 'Order would immediately match and take.');
export const WOULD_TRIGGER: Refusal = refusal(-2010, 'Order would trigger immediately.');
export const BAD_PRICE_RELATION: Refusal = refusal(
  -2010,
  'The relationship of the prices for the orders is not correct.',
);
export const OPTIONAL_COMBINATION: Refusal = refusal(
  -1128,
  'Combination of optional parameters invalid.',
);
export const REJECTED_KEY: Refusal = refusal(
  -2015,
  'Invalid API-key, IP, or permissions for action.',
  401,
);
