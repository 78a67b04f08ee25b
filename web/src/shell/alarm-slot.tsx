// SPDX-License-Identifier: Apache-2.0
// Where alarms show around every page. The banner and its words are fetched with the first alarm.

import { lazy, Suspense, type ReactElement } from 'react';

import { useAlarms } from '../api/queries.ts';
import { useLanguage } from '../language/language.tsx';
import './alarm-banner.css';

const Banner = lazy(async () => ({ default: (await import('./alarm-banner.tsx')).AlarmBanner }));

export function AlarmSlot(): ReactElement | null {
  const { data } = useAlarms();
  if (data === undefined || data.openCount === 0) return null;
  return (
    <Suspense fallback={null}>
      <Banner />
    </Suspense>
  );
}

/** How many alarms wait, beside the way to them. */
export function AlarmCount(): ReactElement | null {
  const { format } = useLanguage();
  const { data } = useAlarms();
  if (data === undefined || data.openCount === 0) return null;
  return <span className="alarm-count number">{format.integer(data.openCount)}</span>;
}
