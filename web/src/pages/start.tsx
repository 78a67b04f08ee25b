// SPDX-License-Identifier: Apache-2.0
// The page of a desk that has not started yet. Its vault is locked: who is new makes a passkey, then the vault is opened,
// and the desk goes on by itself. Or somebody does not answer: the page says who, and since when.

import { lazy, Suspense, useEffect, type ReactElement, type ReactNode } from 'react';

import { setStepUp } from '../api/client.ts';
import { useStart, useVault } from '../api/queries.ts';
import type { SessionState, Start, Vault } from '../api/types.ts';
import { useLanguage } from '../language/language.tsx';
import { usePeopleLanguage } from '../language/use-people-language.ts';
import { useVaultLanguage } from '../language/use-vault-language.ts';
import { Failed, Skeleton } from '../parts/states.tsx';
import { Toasts } from '../parts/toasts.tsx';
import { TooltipProvider } from '../parts/tooltip.tsx';
import { stepUp, useOpenQuestion } from '../people/consent.ts';
import { ProtectForm } from '../people/protect-card.tsx';
import { useSessionState } from '../people/session-state.ts';
import { VaultUnlock } from './vault-unlock.tsx';
import './closed.css';
import './start.css';

const ConsentDialog = lazy(async () => ({
  default: (await import('../people/consent-dialog.tsx')).ConsentDialog,
}));

export function StartPage(): ReactElement {
  const { start } = useVaultLanguage();
  const vault = useVault();
  const session = useSessionState();
  const question = useOpenQuestion();
  useEffect(() => setStepUp(stepUp), []);
  const isOpen = vault.data?.isOpen === true;
  const waitsFor = useStart().data?.waitsFor ?? null;
  if (waitsFor !== null) return <WaitingPage waitsFor={waitsFor} />;
  return (
    <TooltipProvider>
      <main className="alone start">
        <div className="alone-box">
          <p className="alone-name">Kontor</p>
          <h1>{isOpen ? start.openedTitle : start.title}</h1>
          <p>{isOpen ? start.opened : start.text}</p>
          {isOpen ? null : vault.data === undefined || session.data === undefined ? (
            session.isError ? (
              <Failed error={session.error} onRetry={() => void session.refetch()} />
            ) : vault.isError ? (
              <p className="needs-you">{start.unknown}</p>
            ) : (
              <Skeleton rows={4} />
            )
          ) : (
            <Steps vault={vault.data} session={session.data} />
          )}
        </div>
      </main>
      {question === null ? null : (
        <Suspense fallback={null}>
          <ConsentDialog />
        </Suspense>
      )}
      <Toasts />
    </TooltipProvider>
  );
}

function WaitingPage({
  waitsFor: { what, since, reason },
}: {
  readonly waitsFor: NonNullable<Start['waitsFor']>;
}): ReactElement {
  const { start } = useVaultLanguage();
  const { format } = useLanguage();
  return (
    <main className="alone start">
      <div className="alone-box">
        <p className="alone-name">Kontor</p>
        <h1>{start.waitsFor[what]}</h1>
        <p>{start.waits}</p>
        <p className="muted">{start.since(format.full(since))}</p>
        <pre>{reason}</pre>
      </div>
    </main>
  );
}

function Steps({
  vault,
  session,
}: {
  readonly vault: Vault;
  readonly session: SessionState;
}): ReactElement {
  const { start } = useVaultLanguage();
  const { protect } = usePeopleLanguage();
  if (session.role !== 'owner') return <p className="needs-you">{start.onlyOwner}</p>;
  const isNew = !session.isProtected && session.person === null;
  return (
    <>
      {isNew ? (
        <Step number={1} title={protect.title} text={`${protect.text} ${start.passkeyLater}`}>
          <ProtectForm />
        </Step>
      ) : null}
      <Step number={isNew ? 2 : null} title={start.openTitle} text={null}>
        <VaultUnlock vault={vault} />
      </Step>
      {isNew ? <p className="muted">{start.afterwards}</p> : null}
      <details>
        <summary>{start.otherWays}</summary>
        <p>{start.unattended}</p>
        <pre>kontor start --unlock-file FILE</pre>
      </details>
    </>
  );
}

function Step({
  number,
  title,
  text,
  children,
}: {
  readonly number: number | null;
  readonly title: string;
  readonly text: string | null;
  readonly children: ReactNode;
}): ReactElement {
  return (
    <section className="start-step" aria-label={title}>
      <h2>
        {number === null ? null : <span className="start-number">{number}</span>}
        {title}
      </h2>
      {text === null ? null : <p className="muted">{text}</p>}
      {children}
    </section>
  );
}
