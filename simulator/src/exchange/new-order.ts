// SPDX-License-Identifier: Apache-2.0
// From the texts of a request to an order in whole numbers: characters, precision, required and surplus fields.

import {
  filterFailure,
  illegalCharacters,
  invalidData,
  missing,
  missingEither,
  notRequired,
  OPTIONAL_COMBINATION,
  refusal,
  refuse,
  type Outcome,
  type Refusal,
} from '../errors.ts';
import type { Market } from './market.ts';
import {
  ENGINE_STP,
  isMarketKind,
  isStop,
  type NewOrder,
  type OrderKind,
  type StpMode,
  type WireSide,
  type WireTimeInForce,
} from './venue-order.ts';

/** The fields of one order as the wire had them; undefined where none was sent. */
export interface OrderFields {
  readonly side: string | undefined;
  readonly type: string | undefined;
  readonly timeInForce: string | undefined;
  readonly quantity: string | undefined;
  readonly quoteOrderQty: string | undefined;
  readonly price: string | undefined;
  readonly stopPrice: string | undefined;
  readonly trailingDelta: string | undefined;
  readonly icebergQty: string | undefined;
  readonly clientOrderId: string | undefined;
  readonly strategyId: string | undefined;
  readonly strategyType: string | undefined;
  readonly selfTradePreventionMode: string | undefined;
  readonly pegPriceType: string | undefined;
}

/** What the wire calls each field of the order; legs of lists carry prefixes. */
export type FieldNames = Readonly<Record<keyof OrderFields, string>>;

export const PLAIN_NAMES: FieldNames = fieldNames('');

const DECIMAL_RANGE = '^([0-9]{1,20})(\\.[0-9]{1,20})?$';
const INTEGER_RANGE = '^[0-9]{1,20}$';
const CLIENT_ID_RANGE = '^[a-zA-Z0-9-_]{1,36}$';
const DECIMAL = /^([0-9]{1,20})(?:\.([0-9]{1,20}))?$/;
const INTEGER = /^[0-9]{1,20}$/;
const CLIENT_ID = /^[a-zA-Z0-9_-]{1,36}$/;
/** Decimals of prices and quantities on the wire. */
const WIRE_SCALE = 8;
const STRATEGY_TYPE_MIN = 1_000_000;

const UNSUPPORTED: Readonly<Record<OrderKind, string>> = {
  LIMIT: 'Limit orders',
  LIMIT_MAKER: 'Limit maker orders',
  MARKET: 'Market orders',
  STOP_LOSS: 'Stop loss orders',
  STOP_LOSS_LIMIT: 'Stop loss limit orders',
  TAKE_PROFIT: 'Take profit orders',
  TAKE_PROFIT_LIMIT: 'Take profit limit orders',
};

/** Field names of a leg: `legNames('pendingAbove')` has `pendingAbovePrice`. */
export function legNames(prefix: string): FieldNames {
  return fieldNames(prefix);
}

/** The order that `fields` ask for on `market`. Filters of value and count are checked elsewhere. */
export function parseNewOrder(
  market: Market,
  fields: OrderFields,
  names: FieldNames,
): Outcome<NewOrder> {
  const broken = checkEnums(fields, names) ?? checkPresence(fields, names);
  if (broken !== undefined) return { ok: false, refusal: broken };
  const kind = fields.type as OrderKind;
  const reader = new FieldReader(market, names);
  const priceTicks = reader.price('price', fields.price);
  const stopTicks = reader.price('stopPrice', fields.stopPrice);
  const quantityLots = reader.quantity('quantity', fields.quantity);
  const quoteOrderUnits = reader.quoteAmount('quoteOrderQty', fields.quoteOrderQty);
  const icebergLots = reader.quantity('icebergQty', fields.icebergQty);
  const trailingDelta = reader.integer('trailingDelta', fields.trailingDelta);
  const strategyId = reader.optionalInteger('strategyId', fields.strategyId);
  const strategyType = reader.optionalInteger('strategyType', fields.strategyType);
  const clientOrderId = reader.clientOrderId('clientOrderId', fields.clientOrderId);
  const mode = selfTradePrevention(market, fields.selfTradePreventionMode);
  const problem =
    reader.refusal ??
    checkStrategyType(strategyType, names) ??
    (mode.ok ? undefined : mode.refusal) ??
    checkIceberg(fields, icebergLots, quantityLots, names) ??
    checkSupport(market, kind, fields);
  if (problem !== undefined || !mode.ok) {
    return { ok: false, refusal: problem ?? invalidData('selfTradePreventionMode') };
  }
  return {
    ok: true,
    value: {
      side: fields.side as WireSide,
      kind,
      timeInForce: (fields.timeInForce as WireTimeInForce | undefined) ?? 'GTC',
      priceTicks,
      quantityLots,
      quoteOrderUnits,
      stopTicks,
      trailingDelta,
      icebergLots,
      selfTradePrevention: mode.value,
      clientOrderId,
      strategyId,
      strategyType,
    },
  };
}

/** A new quantity for an open order. */
export function parseNewQuantity(market: Market, text: string): Outcome<number> {
  const reader = new FieldReader(market, { ...PLAIN_NAMES, quantity: 'newQty' });
  const lots = reader.quantity('quantity', text);
  return reader.refusal === undefined
    ? { ok: true, value: lots }
    : { ok: false, refusal: reader.refusal };
}

export function isClientOrderId(text: string): boolean {
  return CLIENT_ID.test(text);
}

export function illegalClientOrderId(name: string): Refusal {
  return illegalCharacters(name, CLIENT_ID_RANGE);
}

/** Reads the numbers of one order and keeps the first refusal. */
class FieldReader {
  refusal: Refusal | undefined;
  readonly #market: Market;
  readonly #names: FieldNames;

  constructor(market: Market, names: FieldNames) {
    this.#market = market;
    this.#names = names;
  }

  price(field: keyof OrderFields, text: string | undefined): number {
    if (text === undefined) return 0;
    const { tickUnits, priceScale } = this.#market.instrument;
    const value = this.#decimal(field, text);
    if (value === 0n) this.#fail(refusal(-1013, 'Invalid price.'));
    return this.#steps(value, tickUnits, priceScale, 'PRICE_FILTER');
  }

  quantity(field: keyof OrderFields, text: string | undefined): number {
    if (text === undefined) return 0;
    const { lotUnits, quantityScale } = this.#market.instrument;
    const value = this.#decimal(field, text);
    if (value === 0n && field !== 'icebergQty') this.#fail(refusal(-1013, 'Invalid quantity.'));
    return this.#steps(value, lotUnits, quantityScale, 'LOT_SIZE');
  }

  quoteAmount(field: keyof OrderFields, text: string | undefined): bigint {
    if (text === undefined) return 0n;
    const value = this.#decimal(field, text);
    if (value === 0n) this.#fail(refusal(-1013, 'Invalid quote order qty.'));
    return value * 10n ** BigInt(this.#market.quoteScale - WIRE_SCALE);
  }

  integer(field: keyof OrderFields, text: string | undefined): number {
    return this.optionalInteger(field, text) ?? 0;
  }

  optionalInteger(field: keyof OrderFields, text: string | undefined): number | undefined {
    if (text === undefined) return undefined;
    if (!INTEGER.test(text)) {
      this.#fail(illegalCharacters(this.#names[field], INTEGER_RANGE));
      return undefined;
    }
    const value = Number(text);
    if (!Number.isSafeInteger(value)) {
      this.#fail(refusal(-1108, `Parameter '${this.#names[field]}' overflowed.`));
    }
    return value;
  }

  clientOrderId(field: keyof OrderFields, text: string | undefined): string | undefined {
    if (text !== undefined && !CLIENT_ID.test(text)) {
      this.#fail(illegalClientOrderId(this.#names[field]));
    }
    return text;
  }

  /** `text` at the wire's scale; 1n where it fails, so that no second refusal follows. */
  #decimal(field: keyof OrderFields, text: string): bigint {
    const match = DECIMAL.exec(text);
    if (match === null) {
      this.#fail(illegalCharacters(this.#names[field], DECIMAL_RANGE));
      return 1n;
    }
    const fraction = match[2] ?? '';
    if (fraction.length > WIRE_SCALE && /[1-9]/.test(fraction.slice(WIRE_SCALE))) {
      this.#fail(refusal(-1111, `Parameter '${this.#names[field]}' has too much precision.`));
      return 1n;
    }
    return BigInt((match[1] ?? '0') + fraction.padEnd(WIRE_SCALE, '0').slice(0, WIRE_SCALE));
  }

  #steps(value: bigint, units: number, scale: number, filter: string): number {
    const step = BigInt(units) * 10n ** BigInt(WIRE_SCALE - scale);
    const steps = Number(value / step);
    if (value % step !== 0n || !Number.isSafeInteger(steps)) this.#fail(filterFailure(filter));
    return steps;
  }

  #fail(reason: Refusal): void {
    this.refusal ??= reason;
  }
}

function checkEnums(fields: OrderFields, names: FieldNames): Refusal | undefined {
  if (fields.side === undefined) return missing(names.side);
  if (fields.type === undefined) return missing(names.type);
  if (fields.side !== 'BUY' && fields.side !== 'SELL') return refusal(-1117, 'Invalid side.');
  if (!Object.hasOwn(UNSUPPORTED, fields.type)) return refusal(-1116, 'Invalid orderType.');
  const { timeInForce } = fields;
  if (timeInForce !== undefined && !['GTC', 'IOC', 'FOK'].includes(timeInForce)) {
    return refusal(-1115, 'Invalid timeInForce.');
  }
  return undefined;
}

/** Each kind has fields it needs and fields it must not have. */
function checkPresence(fields: OrderFields, names: FieldNames): Refusal | undefined {
  const kind = fields.type as OrderKind;
  const isLimit = kind === 'LIMIT' || kind === 'STOP_LOSS_LIMIT' || kind === 'TAKE_PROFIT_LIMIT';
  const hasPrice = isLimit || kind === 'LIMIT_MAKER';
  if (isLimit && fields.timeInForce === undefined) return missing(names.timeInForce);
  if (kind === 'MARKET') {
    if (fields.quantity === undefined && fields.quoteOrderQty === undefined) {
      return missingEither(names.quantity, names.quoteOrderQty);
    }
    if (fields.quantity !== undefined && fields.quoteOrderQty !== undefined) {
      return OPTIONAL_COMBINATION;
    }
  } else if (fields.quantity === undefined) {
    return missing(names.quantity);
  } else if (fields.quoteOrderQty !== undefined) {
    return notRequired(names.quoteOrderQty);
  }
  if (hasPrice && fields.price === undefined && fields.pegPriceType === undefined) {
    return missing(names.price);
  }
  if (!hasPrice && fields.price !== undefined) return notRequired(names.price);
  if (!isLimit && kind !== 'LIMIT_MAKER' && fields.timeInForce !== undefined) {
    return notRequired(names.timeInForce);
  }
  if (kind === 'LIMIT_MAKER' && fields.timeInForce !== undefined) {
    return notRequired(names.timeInForce);
  }
  const hasTrigger = fields.stopPrice !== undefined || fields.trailingDelta !== undefined;
  if (isStop(kind) && !hasTrigger) return missingEither(names.stopPrice, names.trailingDelta);
  if (!isStop(kind) && fields.stopPrice !== undefined) return notRequired(names.stopPrice);
  if (!isStop(kind) && fields.trailingDelta !== undefined) return notRequired(names.trailingDelta);
  if (isMarketKind(kind) && fields.icebergQty !== undefined) return notRequired(names.icebergQty);
  return undefined;
}

function checkStrategyType(
  strategyType: number | undefined,
  names: FieldNames,
): Refusal | undefined {
  return strategyType !== undefined && strategyType < STRATEGY_TYPE_MIN
    ? refusal(-1134, `\`${names.strategyType}\` was less than ${STRATEGY_TYPE_MIN}.`)
    : undefined;
}

function checkIceberg(
  fields: OrderFields,
  icebergLots: number,
  quantityLots: number,
  names: FieldNames,
): Refusal | undefined {
  if (icebergLots === 0) return undefined;
  const { timeInForce } = fields;
  if (timeInForce !== undefined && timeInForce !== 'GTC') {
    return refusal(
      -1160,
      `Parameter '${names.icebergQty}' is not supported if \`${names.timeInForce}\` is not GTC.`,
    );
  }
  return icebergLots > quantityLots ? refusal(-1013, 'IcebergQty exceeds QTY.') : undefined;
}

function checkSupport(market: Market, kind: OrderKind, fields: OrderFields): Refusal | undefined {
  const { info } = market;
  const types = info['orderTypes'];
  const text =
    Array.isArray(types) && !types.includes(kind)
      ? `${UNSUPPORTED[kind]} are not supported for this symbol.`
      : fields.icebergQty !== undefined && info['icebergAllowed'] === false
        ? 'Iceberg orders are not supported for this symbol.'
        : fields.trailingDelta !== undefined && info['allowTrailingStop'] === false
          ? 'Trailing stop orders are not supported for this symbol.'
          : fields.quoteOrderQty !== undefined && info['quoteOrderQtyMarketAllowed'] === false
            ? 'Quote order qty market orders are not support for this symbol.'
            : fields.pegPriceType !== undefined
              ? 'Pegged orders are not supported for this symbol.'
              : undefined;
  return text === undefined ? undefined : refusal(-1013, text);
}

function selfTradePrevention(market: Market, text: string | undefined): Outcome<StpMode> {
  const mode = text ?? String(market.info['defaultSelfTradePreventionMode']);
  const allowed = market.info['allowedSelfTradePreventionModes'];
  if (!isStpMode(mode)) return { ok: false, refusal: invalidData('selfTradePreventionMode') };
  if (text !== undefined && Array.isArray(allowed) && !allowed.includes(mode)) {
    return refuse(-1013, 'This symbol does not allow the specified self-trade prevention mode.');
  }
  return { ok: true, value: mode };
}

function isStpMode(text: string): text is StpMode {
  return Object.hasOwn(ENGINE_STP, text);
}

function fieldNames(prefix: string): FieldNames {
  const name = (field: string): string =>
    prefix === '' ? field : prefix + field.charAt(0).toUpperCase() + field.slice(1);
  return {
    side: name('side'),
    type: name('type'),
    timeInForce: name('timeInForce'),
    quantity: name('quantity'),
    quoteOrderQty: name('quoteOrderQty'),
    price: name('price'),
    stopPrice: name('stopPrice'),
    trailingDelta: name('trailingDelta'),
    icebergQty: name('icebergQty'),
    clientOrderId: prefix === '' ? 'newClientOrderId' : name('clientOrderId'),
    strategyId: name('strategyId'),
    strategyType: name('strategyType'),
    selfTradePreventionMode: 'selfTradePreventionMode',
    pegPriceType: name('pegPriceType'),
  };
}
