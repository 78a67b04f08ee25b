// SPDX-License-Identifier: Apache-2.0
// The passkeys whose consent the signer takes, which it keeps itself.

import type { ReactElement } from 'react';

import type { Member, SignerOwner } from '../api/types.ts';
import { useLanguage } from '../language/language.tsx';
import { usePeopleLanguage } from '../language/use-people-language.ts';
import { Badge } from '../parts/badge.tsx';
import { Button } from '../parts/button.tsx';
import { Card } from '../parts/card.tsx';
import { Skeleton } from '../parts/states.tsx';
import { say } from '../parts/toasts.tsx';
import { performAct } from './consent.ts';
import { useSignerOwners } from './people-queries.ts';
import { useSessionState } from './session-state.ts';
import { useChange } from './use-change.ts';
import { useMay } from './use-may.ts';
import './people.css';

export function ApprovalsCard({ member }: { readonly member: Member | null }): ReactElement {
  const people = usePeopleLanguage();
  const owners = useSignerOwners();
  const { data: session } = useSessionState();
  const { isBusy, run } = useChange();
  const { data } = owners;
  const known = new Set(data?.map(({ credential }) => credential));
  const own = (member?.passkeys ?? []).filter(({ credential }) => !known.has(credential));
  return (
    <Card title={people.approvals}>
      <div className="card-body people-part">
        <p className="muted">{people.approvalsText}</p>
        {data === undefined ? (
          owners.isError ? (
            <p className="needs-you">{people.signerAway}</p>
          ) : (
            <Skeleton rows={1} />
          )
        ) : (
          <ul className="people-rows" aria-label={people.approvals}>
            {data.map((owner) => (
              <OwnerRow key={owner.credential} owner={owner} />
            ))}
          </ul>
        )}
        {data?.length === 0 ? <p className="needs-you">{people.approvalsNone}</p> : null}
        <div className="people-do">
          {member === null || session === undefined
            ? null
            : own.map(({ credential, name, publicKey, rpId }) => (
                <Button
                  key={credential}
                  isBusy={isBusy}
                  onClick={() =>
                    run(async () => {
                      const act = {
                        ...{ kind: 'enrolOwner', credential, publicKey, rpId },
                        name: ownerName(member.person.name, name),
                        origin: session.origin,
                      };
                      if ((await performAct(act)) === 'performed') say(people.enrolled);
                    })
                  }
                >
                  {people.enrol(name)}
                </Button>
              ))}
        </div>
      </div>
    </Card>
  );
}

function OwnerRow({ owner }: { readonly owner: SignerOwner }): ReactElement {
  const { format } = useLanguage();
  const people = usePeopleLanguage();
  const { isBusy, run } = useChange();
  const isOwner = useMay('owner');
  const { credential, name, fingerprint, enrolledAt } = owner;
  return (
    <li className="people-row">
      <div className="people-what">
        <p>
          {name} <Badge look="on">{people.approves}</Badge>
        </p>
        <p className="muted">
          {people.fingerprint} <code>{fingerprint}</code>, {people.made(format.short(enrolledAt))}
        </p>
      </div>
      {isOwner ? (
        <Button
          look="quiet"
          isBusy={isBusy}
          onClick={() => run(() => performAct({ kind: 'removeOwner', credential }))}
        >
          {people.unenrol}
        </Button>
      ) : null}
    </li>
  );
}

/** The signer's name for a passkey: the person and the device, in its letters and length. */
function ownerName(person: string, passkey: string): string {
  return `${person} - ${passkey}`.slice(0, 60).replace(/[^\p{L}\p{N}.)]+$/u, '');
}
