// SPDX-License-Identifier: Apache-2.0
// Who is logged in where, and the end of any of it.

import type { ReactElement } from 'react';

import type { ShownSession } from '../api/types.ts';
import { useLanguage } from '../language/language.tsx';
import { usePeopleLanguage } from '../language/use-people-language.ts';
import { Button } from '../parts/button.tsx';
import { Card } from '../parts/card.tsx';
import { Failed, Skeleton } from '../parts/states.tsx';
import { say } from '../parts/toasts.tsx';
import { endOneSession, endOtherSessions, useSessions } from './people-queries.ts';
import { useChange } from './use-change.ts';
import './people.css';

export function SessionsCard(): ReactElement {
  const { format } = useLanguage();
  const people = usePeopleLanguage();
  const sessions = useSessions();
  const { isBusy, run } = useChange();
  const { data } = sessions;
  const hasOthers = data?.some(({ isThis }) => !isThis) ?? false;
  return (
    <Card
      title={people.sessions}
      aside={
        hasOthers ? (
          <Button
            look="quiet"
            isBusy={isBusy}
            onClick={() =>
              run(async () => say(people.ended(format.integer(await endOtherSessions()))))
            }
          >
            {people.endOthers}
          </Button>
        ) : null
      }
    >
      <div className="card-body">
        {data === undefined ? (
          sessions.isError ? (
            <Failed error={sessions.error} onRetry={() => void sessions.refetch()} />
          ) : (
            <Skeleton rows={2} />
          )
        ) : (
          <ul className="people-rows" aria-label={people.sessions}>
            {data.map((session) => (
              <SessionRow key={session.id} session={session} />
            ))}
          </ul>
        )}
      </div>
    </Card>
  );
}

function SessionRow({ session }: { readonly session: ShownSession }): ReactElement {
  const { format } = useLanguage();
  const people = usePeopleLanguage();
  const { isBusy, run } = useChange();
  const { id, personName, how, seenAt, agent, isThis } = session;
  return (
    <li className="people-row">
      <div className="people-what">
        <p>
          {personName === '' ? people.session.link : `${personName} · ${people.session[how]}`}
          {isThis ? <span className="muted"> · {people.thisSession}</span> : null}
        </p>
        <p className="muted">
          {people.seen(format.short(seenAt))} · {browserName(agent)}
        </p>
      </div>
      {isThis ? null : (
        <Button look="quiet" isBusy={isBusy} onClick={() => run(() => endOneSession(id))}>
          {people.end}
        </Button>
      )}
    </li>
  );
}

/** The browser and the system, where its words name one that is known; else its words. */
function browserName(agent: string): string {
  const browser = /(Firefox|Edg|OPR|Chrome|Safari)\/[\d.]+/.exec(
    agent.replace(/HeadlessChrome/, 'Chrome'),
  )?.[1];
  const system = /(Windows|Macintosh|iPhone|iPad|Android|Linux)/.exec(agent)?.[1];
  if (browser === undefined || system === undefined) return agent.slice(0, 60);
  const named = { Edg: 'Edge', OPR: 'Opera' }[browser] ?? browser;
  return `${named}, ${system === 'Macintosh' ? 'macOS' : system}`;
}
