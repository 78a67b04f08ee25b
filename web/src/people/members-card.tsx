// SPDX-License-Identifier: Apache-2.0
// The people of the desk: roles, invitations, and who leaves.

import { useState, type ReactElement } from 'react';

import type { Member, NewInvitation, OpenInvitation, People, Role } from '../api/types.ts';
import { useLanguage } from '../language/language.tsx';
import { usePeopleLanguage } from '../language/use-people-language.ts';
import { KeyField } from '../pages/key-field.tsx';
import { Button } from '../parts/button.tsx';
import { Card } from '../parts/card.tsx';
import { CopyButton } from '../parts/copy-button.tsx';
import { DecisionDialog } from '../parts/dialog.tsx';
import { Select } from '../parts/field.tsx';
import { Empty } from '../parts/states.tsx';
import { NAME_PATTERN } from './passkey-form.tsx';
import { invite, removePerson, setRole, takeBack } from './people-queries.ts';
import { useChange } from './use-change.ts';
import './people.css';

const ROLES: readonly Role[] = ['viewer', 'trader', 'owner'];

export function MembersCard({
  people,
  ownId,
}: {
  readonly people: People;
  readonly ownId: string | null;
}): ReactElement {
  const words = usePeopleLanguage();
  const { members, invitations } = people;
  return (
    <Card title={words.members}>
      <div className="card-body people-part">
        {members.length === 0 ? <Empty title={words.nobody} /> : null}
        <ul className="people-rows" aria-label={words.members}>
          {members.map((member) => (
            <MemberRow key={member.person.id} member={member} isOwn={member.person.id === ownId} />
          ))}
        </ul>
        {invitations.length === 0 ? null : (
          <>
            <h3>{words.invited}</h3>
            <ul className="people-rows" aria-label={words.invited}>
              {invitations.map((invitation) => (
                <InvitationRow key={invitation.id} invitation={invitation} />
              ))}
            </ul>
          </>
        )}
        <Invite />
      </div>
    </Card>
  );
}

function MemberRow({
  member: { person, passkeys },
  isOwn,
}: {
  readonly member: Member;
  readonly isOwn: boolean;
}): ReactElement {
  const { format } = useLanguage();
  const words = usePeopleLanguage();
  const { isBusy, run } = useChange();
  const [isAsked, setAsked] = useState(false);
  return (
    <li className="people-row">
      <div className="people-what">
        <p>
          {person.name}
          {isOwn ? <span className="muted"> · {words.isYou}</span> : null}
        </p>
        <p className="muted">
          {words.roleHelp[person.role]} · {words.passkeys}: {format.integer(passkeys.length)}
        </p>
      </div>
      <div className="people-do">
        <RoleChoice value={person.role} onChange={(role) => run(() => setRole(person.id, role))} />
        <Button look="quiet" isBusy={isBusy} onClick={() => setAsked(true)}>
          {words.remove}
        </Button>
      </div>
      <DecisionDialog
        title={words.removeTitle(person.name)}
        isOpen={isAsked}
        onClose={() => setAsked(false)}
        decision={
          <Button
            look="danger"
            onClick={() => {
              setAsked(false);
              run(() => removePerson(person.id));
            }}
          >
            {words.remove}
          </Button>
        }
      >
        <p>{words.removeText}</p>
      </DecisionDialog>
    </li>
  );
}

function InvitationRow({ invitation }: { readonly invitation: OpenInvitation }): ReactElement {
  const { format } = useLanguage();
  const words = usePeopleLanguage();
  const { isBusy, run } = useChange();
  const { id, name, role, until } = invitation;
  return (
    <li className="people-row">
      <div className="people-what">
        <p>{name}</p>
        <p className="muted">
          {words.roles[role]}, {words.invitedUntil(format.short(until))}
        </p>
      </div>
      <Button look="quiet" isBusy={isBusy} onClick={() => run(() => takeBack(id))}>
        {words.takeBack}
      </Button>
    </li>
  );
}

function Invite(): ReactElement {
  const words = usePeopleLanguage();
  const { isBusy, error, run } = useChange({ isErrorKept: true });
  const [isOpen, setOpen] = useState(false);
  const [made, setMade] = useState<NewInvitation | null>(null);
  const [name, setName] = useState('');
  const [role, setChosen] = useState<Role>('viewer');
  const [isWrong, setWrong] = useState(false);
  if (made !== null) {
    return (
      <div className="people-part">
        <p>{words.inviteLink}</p>
        <p className="people-link">
          <code>{made.link}</code> <CopyButton label={words.copyLink} value={made.link} />
        </p>
        <div>
          <Button
            onClick={() => {
              setMade(null);
              setName('');
            }}
          >
            {words.inviteNext}
          </Button>
        </div>
      </div>
    );
  }
  if (!isOpen) {
    return (
      <div>
        <Button onClick={() => setOpen(true)}>{words.invite}</Button>
      </div>
    );
  }
  const make = (): void => {
    const whose = name.trim();
    setWrong(!NAME_PATTERN.test(whose));
    if (!NAME_PATTERN.test(whose)) return;
    run(async () => setMade(await invite(whose, role)));
  };
  return (
    <form
      className="people-form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (!isBusy) make();
      }}
    >
      <KeyField label={words.name} error={isWrong ? words.tooLong : error}>
        {(ids) => (
          <input
            {...ids}
            className="control"
            type="text"
            value={name}
            autoComplete="off"
            onChange={(event) => setName(event.target.value)}
          />
        )}
      </KeyField>
      <RoleChoice value={role} onChange={setChosen} />
      <Button look="primary" isBusy={isBusy} onClick={make}>
        {words.inviteMake}
      </Button>
    </form>
  );
}

function RoleChoice({
  value,
  onChange,
}: {
  readonly value: Role;
  readonly onChange: (role: Role) => void;
}): ReactElement {
  const words = usePeopleLanguage();
  return (
    <Select
      label={words.role}
      value={value}
      options={ROLES.map((role) => ({ value: role, name: words.roles[role] }))}
      onChange={(chosen) => {
        const role = ROLES.find((one) => one === chosen);
        if (role !== undefined && role !== value) onChange(role);
      }}
    />
  );
}
