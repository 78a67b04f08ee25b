// SPDX-License-Identifier: Apache-2.0
// Above every page: the gravest alarm that waits for a person, and how many more there are.

import type { ReactElement } from 'react';

import { useAddress } from '../address.ts';
import { useAlarms } from '../api/queries.ts';
import type { Alarm } from '../api/types.ts';
import { useLanguage } from '../language/language.tsx';
import { alarmSentence } from '../language/alarm-sentence.ts';
import { useAlarmsLanguage } from '../language/use-alarms-language.ts';
import { Anchor } from '../parts/anchor.tsx';
import { Icon } from '../parts/icon.tsx';
import { paths } from '../paths.ts';

const GRAVITY: Readonly<Record<Alarm['severity'], number>> = { critical: 2, warning: 1, notice: 0 };

export function AlarmBanner(): ReactElement | null {
  const language = useLanguage();
  const { format } = language;
  const words = useAlarmsLanguage();
  const { data } = useAlarms();
  const isThere = useAddress().path === paths.alarms;
  const open = data?.alarms.filter(({ state }) => state === 'open') ?? [];
  const [gravest] = open.toSorted(
    (left, right) => GRAVITY[right.severity] - GRAVITY[left.severity] || right.lastAt - left.lastAt,
  );
  if (gravest === undefined || data === undefined) return null;
  const more = data.openCount - 1;
  return (
    <div className={`alarm-banner alarm-banner-${gravest.severity}`} role="alert">
      <Icon name="warning" />
      <p className="alarm-banner-text">
        <strong>{words.severity[gravest.severity]}</strong> {alarmSentence(gravest, language)}
        {more > 0 ? ` ${words.more(format.integer(more))}` : null}
      </p>
      {isThere ? null : (
        <Anchor className="button button-plain" href={paths.alarms}>
          {words.show}
        </Anchor>
      )}
    </div>
  );
}
