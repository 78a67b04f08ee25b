// SPDX-License-Identifier: Apache-2.0
// Numbers and times in the reader's locale. Decimal text is never turned into a float on its way to the page.

/** Quote assets that count in cents; others are shown at their instrument's precision. */
const CENT_ASSETS: ReadonlySet<string> = new Set([
  'USDT', 'USDC', 'FDUSD', 'TUSD', 'BUSD', 'DAI', 'USD', 'EUR', 'GBP', 'CHF', 'AUD',
]); // prettier-ignore

const DECIMAL = /^-?\d+(\.\d+)?$/;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

export interface FormatChoice {
  readonly locale: string;
  readonly zone: 'local' | 'utc';
  readonly hours: 'system' | 'h23' | 'h12';
}

export type TickSize = 'year' | 'month' | 'day' | 'minute' | 'second';

/** How the page writes numbers and times. Numbers come as decimal text. */
export interface Format {
  readonly locale: string;
  /** `text` rounded (half away from zero) to exactly `decimals` decimals. */
  decimal(text: string, decimals: number): string;
  /** As `decimal`, with a plus sign for what is above zero. */
  signed(text: string, decimals: number): string;
  /** At least `decimals` decimals, and every further digit that `text` has. */
  atLeast(text: string, decimals: number): string;
  /** All digits that `text` has, trailing zeros dropped. */
  exact(text: string): string;
  /** `text` per cent, signed: `+1.52%`. */
  percent(text: string): string;
  /** A setting in per cent, unsigned, with up to four decimals: `1.5%`. */
  share(text: string): string;
  /** A distance in per cent, unsigned, at two decimals: `12.31%`. */
  deviation(text: string): string;
  /** `text` per cent with all its digits: `0.0125%`. */
  exactPercent(text: string): string;
  integer(value: number): string;
  bytes(value: number): string;
  milliseconds(value: number): string;
  multiple(value: number): string;
  /** Time of day to the second. */
  clock(timeMs: number): string;
  /** Day and month, hour and minute. */
  short(timeMs: number): string;
  /** The exact time, with its zone. */
  full(timeMs: number): string;
  date(timeMs: number): string;
  /** A mark on a chart's time axis. */
  tick(timeMs: number, size: TickSize): string;
  relative(timeMs: number, nowMs: number): string;
  duration(lengthMs: number): string;
}

/** Decimals at which an amount of `asset` is shown; `priceDecimals` is the instrument's. */
export function amountDecimals(asset: string, priceDecimals: number): number {
  return CENT_ASSETS.has(asset) ? 2 : priceDecimals;
}

/** -1, 0 or 1. */
export function signOf(text: string): -1 | 0 | 1 {
  if (!/[1-9]/.test(text)) return 0;
  return text.startsWith('-') ? -1 : 1;
}

/** Number of digits behind the point once trailing zeros are gone. */
export function decimalsOf(text: string): number {
  const fraction = text.split('.')[1] ?? '';
  return fraction.replace(/0+$/, '').length;
}

export function createFormat({ locale, zone, hours }: FormatChoice): Format {
  const timeZone = zone === 'utc' ? { timeZone: 'UTC' } : {};
  const hourCycle = hours === 'system' ? {} : { hourCycle: hours };
  const numbers = new Map<string, Intl.NumberFormat>();
  const number = (key: string, options: Intl.NumberFormatOptions): Intl.NumberFormat => {
    const known = numbers.get(key);
    if (known !== undefined) return known;
    const made = new Intl.NumberFormat(locale, options);
    numbers.set(key, made);
    return made;
  };
  const time = (options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat =>
    new Intl.DateTimeFormat(locale, { ...options, ...timeZone, ...hourCycle });
  const clock = time({ hour: '2-digit', minute: '2-digit', second: '2-digit' });
  const short = time({ day: '2-digit', month: 'short', hour: '2-digit', minute: '2-digit' });
  const full = time({
    year: 'numeric', month: 'short', day: '2-digit',
    hour: '2-digit', minute: '2-digit', second: '2-digit', timeZoneName: 'short',
  }); // prettier-ignore
  const date = time({ year: 'numeric', month: 'short', day: '2-digit' });
  const ticks: Readonly<Record<TickSize, Intl.DateTimeFormat>> = {
    year: time({ year: 'numeric' }),
    month: time({ month: 'short' }),
    day: time({ day: 'numeric', month: 'short' }),
    minute: time({ hour: '2-digit', minute: '2-digit' }),
    second: clock,
  };
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style: 'short' });
  const unit = (value: number, name: string, digits = 0): string =>
    number(`unit ${name} ${digits}`, {
      style: 'unit', unit: name, unitDisplay: 'short', maximumFractionDigits: digits,
    }).format(value); // prettier-ignore
  const fixed = (text: string, decimals: number, sign: 'negative' | 'exceptZero'): string => {
    // What is not zero never reads as zero: it takes two significant digits instead.
    const vanishes = signOf(text) !== 0 && leadingZeros(text) >= decimals + 1;
    return number(`fixed ${decimals} ${sign} ${vanishes}`, {
      signDisplay: sign,
      ...(vanishes
        ? { maximumSignificantDigits: 2 }
        : { minimumFractionDigits: decimals, maximumFractionDigits: decimals }),
    }).format(numeric(text));
  };

  return {
    locale,
    decimal: (text, decimals) => fixed(text, decimals, 'negative'),
    signed: (text, decimals) => fixed(text, decimals, 'exceptZero'),
    atLeast: (text, decimals) =>
      number(`at least ${decimals}`, {
        minimumFractionDigits: decimals,
        maximumFractionDigits: 40,
      }).format(numeric(text)),
    exact: (text) => number('exact', { maximumFractionDigits: 40 }).format(numeric(text)),
    percent: (text) =>
      number('percent', {
        style: 'percent',
        minimumFractionDigits: 2,
        maximumFractionDigits: 2,
        signDisplay: 'exceptZero',
      }).format(numeric(text, -2)),
    share: (text) =>
      number('share', { style: 'percent', maximumFractionDigits: 4 }).format(numeric(text, -2)),
    deviation: (text) =>
      number('deviation', {
        style: 'percent',
        minimumFractionDigits: 2,
        maximumFractionDigits: 2,
      }).format(numeric(text, -2)),
    exactPercent: (text) =>
      number('exact percent', { style: 'percent', maximumFractionDigits: 40 }).format(
        numeric(text, -2),
      ),
    integer: (value) => number('integer', { maximumFractionDigits: 0 }).format(value),
    bytes: (value) => unit(value / 1_048_576, 'megabyte'),
    milliseconds: (value) => unit(value, 'millisecond'),
    multiple: (value) => number('multiple', { maximumFractionDigits: 2 }).format(value),
    clock: (timeMs) => clock.format(timeMs),
    short: (timeMs) => short.format(timeMs),
    full: (timeMs) => full.format(timeMs),
    date: (timeMs) => date.format(timeMs),
    tick: (timeMs, size) => ticks[size].format(timeMs),
    relative: (timeMs, nowMs) => {
      const past = timeMs - nowMs;
      const size = Math.abs(past);
      if (size < 45_000) return relative.format(Math.trunc(past / 1000), 'second');
      if (size < 45 * MINUTE_MS) return relative.format(Math.round(past / MINUTE_MS), 'minute');
      if (size < 22 * HOUR_MS) return relative.format(Math.round(past / HOUR_MS), 'hour');
      return relative.format(Math.round(past / DAY_MS), 'day');
    },
    duration: (lengthMs) => {
      const size = Math.max(0, lengthMs);
      if (size < MINUTE_MS) return unit(Math.round(size / 1000), 'second');
      if (size < HOUR_MS) return unit(Math.round(size / MINUTE_MS), 'minute');
      if (size < DAY_MS) return unit(size / HOUR_MS, 'hour', 1);
      return unit(size / DAY_MS, 'day', 1);
    },
  };
}

/** Zeros from the units digit on before the first other digit: 0 for 1.2, 1 for 0.5, 3 for 0.004. */
function leadingZeros(text: string): number {
  const [whole = '', fraction = ''] = text.replace('-', '').split('.');
  if (/[1-9]/.test(whole)) return 0;
  return 1 + (/^0*/.exec(fraction)?.[0].length ?? 0);
}

/**
 * Decimal text as Intl takes it, times 10^exponent. Intl reads a numeric string as an exact number, which is
 * what the cast says; text that is no decimal stops here instead of showing NaN.
 */
function numeric(text: string, exponent = 0): `${number}` {
  if (!DECIMAL.test(text)) throw new RangeError(`expected decimal text, found "${text}"`);
  return (exponent === 0 ? text : `${text}e${exponent}`) as `${number}`;
}
