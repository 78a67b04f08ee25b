// SPDX-License-Identifier: Apache-2.0
// One's own passkeys and recovery codes.

import { useState, type ReactElement } from 'react';

import type { Member, SessionState, ShownPasskey } from '../api/types.ts';
import { useLanguage } from '../language/language.tsx';
import { usePeopleLanguage } from '../language/use-people-language.ts';
import { Badge } from '../parts/badge.tsx';
import { Button } from '../parts/button.tsx';
import { Card } from '../parts/card.tsx';
import { CopyButton } from '../parts/copy-button.tsx';
import { DecisionDialog } from '../parts/dialog.tsx';
import { paths } from '../paths.ts';
import { isPasskeyPlace } from './ceremony.ts';
import { PasskeyForm } from './passkey-form.tsx';
import { addPasskey, logInByPasskey, makeCodes, removePasskey } from './people-queries.ts';
import { ProtectForm } from './protect-card.tsx';
import { useSessionState } from './session-state.ts';
import { useChange } from './use-change.ts';
import './people.css';

export function OwnCard({
  session,
  member,
}: {
  readonly session: SessionState;
  /** Null where the session is of the terminal. */
  readonly member: Member | null;
}): ReactElement {
  const people = usePeopleLanguage();
  if (member === null) {
    return (
      <Card title={session.isProtected ? people.you : people.protect.title}>
        <div className="card-body people-part">
          {session.isProtected ? (
            <LogInAsYourself />
          ) : (
            <>
              <p className="muted">{people.protect.text}</p>
              <ProtectForm />
            </>
          )}
        </div>
      </Card>
    );
  }
  const { person, passkeys } = member;
  return (
    <>
      <Card
        title={`${people.passkeys} · ${person.name}`}
        aside={<Badge look="off">{people.roles[person.role]}</Badge>}
      >
        <div className="card-body people-part">
          <ul className="people-rows" aria-label={people.passkeys}>
            {passkeys.map((passkey) => (
              <PasskeyRow key={passkey.credential} passkey={passkey} />
            ))}
          </ul>
          {passkeys.length === 0 ? <p className="muted">{people.noPasskeys}</p> : null}
          <AddPasskey name={person.name} />
        </div>
      </Card>
      <Codes member={member} />
    </>
  );
}

/** A session that came by a link belongs to nobody: here it becomes somebody's. */
function LogInAsYourself(): ReactElement {
  const people = usePeopleLanguage();
  const { isBusy, error, run } = useChange({ isErrorKept: true });
  const { data: session } = useSessionState();
  return (
    <>
      <p>{people.youTerminal}</p>
      {session === undefined ? null : isPasskeyPlace(session.rpId) ? (
        <div>
          <Button look="primary" isBusy={isBusy} onClick={() => run(logInByPasskey)}>
            {people.login.passkey}
          </Button>
        </div>
      ) : (
        <p>
          {people.login.wrongPlace}{' '}
          <a href={`${session.origin}${paths.people}`}>{session.origin}</a>
        </p>
      )}
      <p className="key-error" role="alert">
        {error}
      </p>
      <p className="muted">{people.youNew}</p>
    </>
  );
}

function PasskeyRow({ passkey }: { readonly passkey: ShownPasskey }): ReactElement {
  const { format } = useLanguage();
  const people = usePeopleLanguage();
  const { isBusy, run } = useChange();
  const [isAsked, setAsked] = useState(false);
  const { usedAt, createdAt, isBackedUp, name, credential } = passkey;
  const used = usedAt === null ? people.neverUsed : people.used(format.short(usedAt));
  return (
    <li className="people-row">
      <div className="people-what">
        <p>{name}</p>
        <p className="muted">
          {isBackedUp ? people.shared : people.device}, {people.made(format.short(createdAt))},{' '}
          {used}
        </p>
      </div>
      <Button look="quiet" isBusy={isBusy} onClick={() => setAsked(true)}>
        {people.removePasskey}
      </Button>
      <DecisionDialog
        title={people.removePasskeyTitle(name)}
        isOpen={isAsked}
        onClose={() => setAsked(false)}
        decision={
          <Button
            look="danger"
            onClick={() => {
              setAsked(false);
              run(() => removePasskey(credential));
            }}
          >
            {people.removePasskey}
          </Button>
        }
      >
        <p>{people.removePasskeyText}</p>
      </DecisionDialog>
    </li>
  );
}

function AddPasskey({ name }: { readonly name: string }): ReactElement {
  const people = usePeopleLanguage();
  const { isBusy, error, run } = useChange({ isErrorKept: true });
  const [isOpen, setOpen] = useState(false);
  if (!isOpen) {
    return (
      <div>
        <Button onClick={() => setOpen(true)}>{people.addPasskey}</Button>
      </div>
    );
  }
  return (
    <PasskeyForm
      action={people.addPasskey}
      isBusy={isBusy}
      error={error}
      onMake={(_, passkeyName) =>
        run(async () => {
          await addPasskey(name, passkeyName);
          setOpen(false);
        })
      }
    />
  );
}

function Codes({ member }: { readonly member: Member }): ReactElement {
  const { format } = useLanguage();
  const people = usePeopleLanguage();
  const { isBusy, run } = useChange();
  const [codes, setCodes] = useState<readonly string[]>([]);
  const left = member.recoveryCodesLeft;
  return (
    <Card
      title={people.recoveryTitle}
      aside={
        <Badge look={left === 0 ? 'needsYou' : 'off'}>
          {people.recoveryLeft(format.integer(left))}
        </Badge>
      }
    >
      <div className="card-body people-part">
        {codes.length === 0 ? (
          <>
            {left === 0 ? <p className="muted">{people.recoveryNone}</p> : null}
            <div>
              <Button
                isBusy={isBusy}
                onClick={() => run(async () => setCodes(await makeCodes(member.person.id)))}
              >
                {people.makeCodes}
              </Button>
            </div>
          </>
        ) : (
          <>
            <p>{people.codesOnce}</p>
            <div className="people-codes">
              {codes.map((code) => (
                <code key={code}>{code}</code>
              ))}
            </div>
            <div className="people-do">
              <CopyButton label={people.copyCodes} value={codes.join('\n')} />
              <Button look="primary" onClick={() => setCodes([])}>
                {people.codesKept}
              </Button>
            </div>
          </>
        )}
      </div>
    </Card>
  );
}
