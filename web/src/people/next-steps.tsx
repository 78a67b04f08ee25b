// SPDX-License-Identifier: Apache-2.0
// What an owner still has to set up, in its order; gone once all of it is done.

import type { ReactElement } from 'react';

import type { Member } from '../api/types.ts';
import { usePeopleLanguage } from '../language/use-people-language.ts';
import { Card } from '../parts/card.tsx';
import { useSignerOwners } from './people-queries.ts';
import './people.css';

export function NextSteps({ member }: { readonly member: Member }): ReactElement | null {
  const { next } = usePeopleLanguage();
  const { data: owners } = useSignerOwners();
  if (owners === undefined) return null;
  const credentials = new Set(owners.map(({ credential }) => credential));
  const steps = [
    { text: next.passkey, isDone: member.passkeys.length > 0 },
    {
      text: next.approval,
      isDone: member.passkeys.some(({ credential }) => credentials.has(credential)),
    },
    { text: next.codes, isDone: member.recoveryCodesLeft > 0 },
  ];
  if (steps.every(({ isDone }) => isDone)) return null;
  return (
    <Card title={next.title}>
      <ol className="card-body people-steps">
        {steps.map(({ text, isDone }) => (
          <li key={text} className={isDone ? 'muted' : ''}>
            {text}
            {isDone ? ` ${next.done}` : ''}
          </li>
        ))}
      </ol>
    </Card>
  );
}
