// SPDX-License-Identifier: Apache-2.0
// People: one's own passkeys, the others and their roles, sessions, what the signer takes consent from.

import type { ReactElement } from 'react';

import { usePeopleLanguage } from '../language/use-people-language.ts';
import { Failed, Skeleton } from '../parts/states.tsx';
import { ActsCard } from '../people/acts-card.tsx';
import { ApprovalsCard } from '../people/approvals-card.tsx';
import { MembersCard } from '../people/members-card.tsx';
import { NextSteps } from '../people/next-steps.tsx';
import { OwnCard } from '../people/own-card.tsx';
import { usePeople } from '../people/people-queries.ts';
import { useSessionState } from '../people/session-state.ts';
import { SessionsCard } from '../people/sessions-card.tsx';
import '../people/people.css';

export function PeoplePage(): ReactElement {
  const words = usePeopleLanguage();
  const session = useSessionState();
  const people = usePeople();
  return (
    <div className="page-scroll people-page">
      <header className="page-head">
        <h1>{words.title}</h1>
        <span className="muted">{words.intro}</span>
      </header>
      {session.data === undefined || people.data === undefined ? (
        session.isError || people.isError ? (
          <Failed
            error={session.error ?? people.error}
            onRetry={() => void Promise.all([session.refetch(), people.refetch()])}
          />
        ) : (
          <Skeleton rows={6} />
        )
      ) : (
        <Cards session={session.data} people={people.data} />
      )}
    </div>
  );
}

function Cards({
  session,
  people,
}: {
  readonly session: NonNullable<ReturnType<typeof useSessionState>['data']>;
  readonly people: NonNullable<ReturnType<typeof usePeople>['data']>;
}): ReactElement {
  const ownId = session.person?.id ?? null;
  const own = people.members.find(({ person }) => person.id === ownId) ?? null;
  const isOwner = session.role === 'owner';
  return (
    <>
      {isOwner && own !== null ? <NextSteps member={own} /> : null}
      <OwnCard session={session} member={own} />
      {isOwner && session.isProtected ? <MembersCard people={people} ownId={ownId} /> : null}
      {session.isProtected ? <ApprovalsCard member={isOwner ? own : null} /> : null}
      <SessionsCard />
      {isOwner ? <ActsCard /> : null}
    </>
  );
}
