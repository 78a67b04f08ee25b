// SPDX-License-Identifier: Apache-2.0
// Who did what on the desk, newest first.

import type { ReactElement } from 'react';

import { usePeopleLanguage } from '../language/use-people-language.ts';
import { Card } from '../parts/card.tsx';
import { Empty, Failed, Skeleton } from '../parts/states.tsx';
import { ShortTime } from '../parts/times.tsx';
import { usePersonActs } from './people-queries.ts';
import './people.css';

export function ActsCard(): ReactElement {
  const people = usePeopleLanguage();
  const acts = usePersonActs();
  // What went well needs no number.
  const data = acts.data?.map(({ about, status, ...rest }) => ({
    ...rest,
    outcome: [about, ...(status < 400 ? [] : [people.notDone(String(status))])]
      .filter((part) => part !== '')
      .join(' · '),
  }));
  return (
    <Card title={people.acts}>
      <div className="card-body">
        {data === undefined ? (
          acts.isError ? (
            <Failed error={acts.error} onRetry={() => void acts.refetch()} />
          ) : (
            <Skeleton rows={3} />
          )
        ) : data.length === 0 ? (
          <Empty title={people.noActs} />
        ) : (
          <ul className="people-rows" aria-label={people.acts}>
            {data.map(({ sequence, time, name, act, outcome }) => (
              <li key={sequence} className="people-row">
                <div className="people-what">
                  <p>
                    {name}: <code>{act}</code>
                  </p>
                  {outcome === '' ? null : <p className="muted">{outcome}</p>}
                </div>
                <ShortTime at={time} />
              </li>
            ))}
          </ul>
        )}
      </div>
    </Card>
  );
}
