// SPDX-License-Identifier: Apache-2.0
// Times: relative, with the exact time on hover.

import type { ReactElement } from 'react';

import { marketNow, nowFor, useEverySecond } from '../api/market-clock.ts';
import { useLanguage } from '../language/language.tsx';

/** How long ago. */
export function Ago({ at }: { readonly at: number }): ReactElement {
  const { format } = useLanguage();
  const label = useEverySecond(() => format.relative(at, nowFor(at)));
  return (
    <time className="number" dateTime={new Date(at).toISOString()} title={format.full(at)}>
      {label}
    </time>
  );
}

/** Day and time, for table rows that are compared with each other. */
export function ShortTime({ at }: { readonly at: number }): ReactElement {
  const { format } = useLanguage();
  return (
    <time className="number" dateTime={new Date(at).toISOString()} title={format.full(at)}>
      {format.short(at)}
    </time>
  );
}

/** How long something took, or has taken so far on the market's clock. */
export function Duration({
  from,
  to,
}: {
  readonly from: number;
  readonly to: number | null;
}): ReactElement {
  const { format } = useLanguage();
  const label = useEverySecond(() => format.duration((to ?? marketNow()) - from));
  return <span className="number">{label}</span>;
}
