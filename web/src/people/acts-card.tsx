// SPDX-License-Identifier: Apache-2.0
// Who did what on the desk, newest first.

import { useMemo, type ReactElement } from 'react';

import { useBots, useConnections } from '../api/queries.ts';
import { actSentence, type NameOf } from '../language/act-sentence.ts';
import { useLanguage } from '../language/language.tsx';
import type { PeopleText } from '../language/people-english.ts';
import { usePeopleLanguage } from '../language/use-people-language.ts';
import { Card } from '../parts/card.tsx';
import { Empty, Failed, Skeleton } from '../parts/states.tsx';
import { ShortTime } from '../parts/times.tsx';
import { usePeople, usePersonActs } from './people-queries.ts';
import './people.css';

export function ActsCard(): ReactElement {
  const people = usePeopleLanguage();
  const { name: language } = useLanguage();
  const acts = usePersonActs();
  const nameOf = useNames();
  // What went well needs no number.
  const data = acts.data?.map(({ sequence, time, name, act, about, status }) => {
    const sentence = actSentence({ act, about }, language, nameOf);
    const outcome = [
      ...(sentence === null && about !== '' ? [about] : []),
      ...(status < 400 ? [] : [people.notDone(String(status))]),
    ].join(' · ');
    return { sequence, time, name, act, about, sentence, outcome };
  });
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
            {data.map(({ sequence, time, name, act, about, sentence, outcome }) => (
              <li key={sequence} className="people-row">
                <div className="people-what">
                  <p title={`${act} ${about}`.trim()}>
                    <strong>{nameShown(name, people)}</strong> {sentence ?? <code>{act}</code>}
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

/** What people call bots, connections and each other; who is gone keeps the identifier. */
function useNames(): NameOf {
  const bots = useBots();
  const connections = useConnections();
  const people = usePeople();
  return useMemo(() => {
    const names = new Map([
      ...(bots.data ?? []).map(({ id, name }) => [id, name] as const),
      ...(connections.data ?? []).map(({ id, name }) => [id, name] as const),
      ...(people.data?.members ?? []).map(({ person }) => [person.id, person.name] as const),
    ]);
    return (id) => names.get(id);
  }, [bots.data, connections.data, people.data]);
}

/** The desk's own words for who came from the terminal. */
function nameShown(name: string, people: PeopleText): string {
  if (name === 'terminal') return people.terminalName;
  return name === 'link from the terminal' ? people.session.link : name;
}
