// SPDX-License-Identifier: Apache-2.0
// A connection from the choice of its key to its activation. What stands in the address survives a reload; a secret
// stands nowhere but in its field until it is sealed.

import { useQueryClient } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';

import { useAddress } from '../address.ts';
import { useConnections, useVenues } from '../api/queries.ts';
import type { Connection } from '../api/types.ts';
import { useLanguage } from '../language/language.tsx';
import { useKeysLanguage } from '../language/use-keys-language.ts';
import { useLifeLanguage } from '../language/use-life-language.ts';
import { Anchor } from '../parts/anchor.tsx';
import { Card } from '../parts/card.tsx';
import { Empty, Failed, Skeleton } from '../parts/states.tsx';
import { newConnectionPath, paths } from '../paths.ts';
import { useMay } from '../people/use-may.ts';
import { KeyActivation } from './key-activation.tsx';
import { ChooseKey, type KeyChoice } from './key-choice.tsx';
import { SealSecret } from './key-secret.tsx';
import { LockedVaultNote } from './vault-card.tsx';
import './keys.css';

export function NewConnectionPage(): ReactElement {
  const { text } = useLanguage();
  const keys = useKeysLanguage();
  const life = useLifeLanguage();
  const address = useAddress();
  const replaces = address.parameter('replaces');
  const id = address.parameter('connection');
  const { data: known } = useConnections();
  const made = known?.find((each) => each.id === id);
  const isRenewal = replaces !== null || (made !== undefined && made.replaces !== null);
  const isOwner = useMay('owner');
  return (
    <div className="page-scroll keys-page">
      <header className="page-head">
        <Anchor className="crumb cut" href={paths.connections}>
          {text.connections.title}
        </Anchor>
        <span className="faint">/</span>
        <h1>{isRenewal ? life.newKey : keys.newConnection}</h1>
      </header>
      <LockedVaultNote />
      {isOwner ? null : <p className="needs-you">{keys.onlyOwner}</p>}
      <Steps id={id} replaces={replaces} />
    </div>
  );
}

function Steps({
  id,
  replaces,
}: {
  readonly id: string | null;
  /** The connection whose key is to be replaced. */
  readonly replaces: string | null;
}): ReactElement {
  const client = useQueryClient();
  const address = useAddress();
  const keys = useKeysLanguage();
  const connections = useConnections();
  const venues = useVenues();
  const [choice, setChoice] = useState<KeyChoice | null>(null);
  const [isSealing, setSealing] = useState(false);
  const life = useLifeLanguage();
  const renewed = useRenewed(id, connections.data);
  const [secretDigest, setSecretDigest] = useState<string | null>(null);
  if (connections.data === undefined || venues.data === undefined) {
    return connections.isError || venues.isError ? (
      <Failed
        error={connections.error ?? venues.error}
        onRetry={() => void Promise.all([connections.refetch(), venues.refetch()])}
      />
    ) : (
      <Skeleton rows={10} />
    );
  }
  const goOn = (made: Connection): void => address.go(newConnectionPath(made.id));
  if (id !== null) {
    const connection = connections.data.find((each) => each.id === id);
    if (connection === undefined || connection.state === 'expired') {
      return <Empty title={renewed === null ? keys.notThere : life.rotationDone(renewed)} />;
    }
    return (
      <StepCard
        title={connection.state === 'draft' ? activationTitle(connection, keys) : keys.doneTitle}
        at={isImported(connection, choice) ? 3 : 2}
        of={isImported(connection, choice) ? 3 : 2}
      >
        <KeyActivation key={id} connection={connection} secretDigest={secretDigest} />
      </StepCard>
    );
  }
  const replaced = connections.data.find((each) => each.id === replaces) ?? null;
  if (replaces !== null && replaced === null) return <Empty title={keys.notThere} />;
  if (isSealing && choice !== null) {
    return (
      <StepCard title={keys.secretTitle} at={2} of={3}>
        <SealSecret
          client={client}
          choice={choice}
          replaces={replaces}
          onBack={() => setSealing(false)}
          onSealed={(made, digest) => {
            setSecretDigest(digest);
            goOn(made);
          }}
        />
      </StepCard>
    );
  }
  return (
    <StepCard
      title={replaced === null ? keys.choose : life.rotation}
      at={1}
      of={choice?.from === 'imported' ? 3 : 2}
    >
      <ChooseKey
        client={client}
        known={connections.data}
        venues={venues.data}
        replaced={replaced}
        choice={choice}
        onChoice={setChoice}
        onSecret={() => setSealing(true)}
        onMade={goOn}
      />
    </StepCard>
  );
}

/** The connection whose key the one of `id` has replaced while this page was open. */
function useRenewed(
  id: string | null,
  connections: readonly Connection[] | undefined,
): string | null {
  const [waiting, setWaiting] = useState<Connection | null>(null);
  const seen = connections?.find((each) => each.id === id && each.replaces !== null) ?? null;
  if (seen !== null && seen.id !== waiting?.id) setWaiting(seen);
  return seen === null && waiting?.id === id ? waiting.name : null;
}

function isImported({ keyKind }: Connection, choice: KeyChoice | null): boolean {
  return keyKind === 'hmac-sha256' || choice?.from === 'imported';
}

function activationTitle(connection: Connection, keys: ReturnType<typeof useKeysLanguage>): string {
  return connection.keyKind === 'hmac-sha256' ? keys.identifyTitle : keys.registerTitle;
}

function StepCard({
  title,
  at,
  of,
  children,
}: {
  readonly title: string;
  readonly at: number;
  readonly of: number;
  readonly children: ReactElement;
}): ReactElement {
  const { format } = useLanguage();
  const keys = useKeysLanguage();
  return (
    <Card
      title={title}
      aside={<span className="muted">{keys.step(format.integer(at), format.integer(of))}</span>}
    >
      <div className="card-body keys-step">{children}</div>
    </Card>
  );
}
