// SPDX-License-Identifier: Apache-2.0
// The exchange accounts: public key, what the signer may sign for each, when it expires.

import { daysLeft } from '@kontor/core';
import type { ReactElement } from 'react';

import { useBalances, useConnections } from '../api/queries.ts';
import type { Connection } from '../api/types.ts';
import { useEverySecond } from '../api/market-clock.ts';
import { useLanguage } from '../language/language.tsx';
import type { Language } from '../language/languages.ts';
import { useKeysLanguage } from '../language/use-keys-language.ts';
import { useLifeLanguage } from '../language/use-life-language.ts';
import { usePolicyLanguage } from '../language/use-policy-language.ts';
import { Anchor } from '../parts/anchor.tsx';
import { Badge, type BadgeLook } from '../parts/badge.tsx';
import { Card } from '../parts/card.tsx';
import { CopyButton } from '../parts/copy-button.tsx';
import { Holding } from '../parts/numbers.tsx';
import { Empty, Failed, Skeleton } from '../parts/states.tsx';
import { newConnectionPath, paths } from '../paths.ts';
import { useMay } from '../people/use-may.ts';
import { ConnectionLife, useGradeText } from './connection-life.tsx';
import { ReconciliationCard } from './reconciliation.tsx';
import { LockedVaultNote, VaultCard } from './vault-card.tsx';
import { useElsewhere, venueName } from './use-elsewhere.ts';
import './connections.css';

const DAY_MS = 86_400_000;
/** From here on an expiry needs the reader. */
const SOON_DAYS = 14;

export function ConnectionsPage(): ReactElement {
  const { text } = useLanguage();
  const keys = useKeysLanguage();
  const connections = useConnections();
  const isOwner = useMay('owner');
  return (
    <div className="page-scroll">
      <header className="page-head">
        <h1>{text.connections.title}</h1>
        <span className="page-head-space" />
        {isOwner ? (
          <Anchor className="button button-primary" href={newConnectionPath(null)}>
            {keys.newConnection}
          </Anchor>
        ) : null}
      </header>
      <LockedVaultNote />
      <div className="connections-grid">
        <div className="connections-main">
          {connections.data === undefined ? (
            connections.isError ? (
              <Failed error={connections.error} onRetry={() => void connections.refetch()} />
            ) : (
              <Skeleton rows={28} />
            )
          ) : connections.data.length === 0 ? (
            <Empty title={text.connections.empty} hint={text.connections.emptyHint} />
          ) : (
            connections.data
              .filter(({ replaces }) => replaces === null)
              .map((connection) => (
                <ConnectionCard
                  key={connection.id}
                  connection={connection}
                  successor={
                    connections.data.find(({ replaces }) => replaces === connection.id) ?? null
                  }
                />
              ))
          )}
          <ReconciliationCard />
        </div>
        <div className="connections-aside">
          <VaultCard />
          <BalancesCard />
        </div>
      </div>
    </div>
  );
}

function ConnectionCard({
  connection,
  successor,
}: {
  readonly connection: Connection;
  readonly successor: Connection | null;
}): ReactElement {
  const { text, format } = useLanguage();
  const policyWords = usePolicyLanguage();
  const keys = useKeysLanguage();
  const life = useLifeLanguage();
  const grade = useGradeText(connection);
  const elsewhere = useElsewhere(connection.venue);
  return (
    <Card
      title={connection.name}
      aside={
        elsewhere !== null && connection.state === 'probing' ? (
          <Badge look="off">{keys.elsewhere}</Badge>
        ) : (
          <Badge look={stateLook(connection.state)}>{life.state[connection.state]}</Badge>
        )
      }
    >
      <div className="card-body connection">
        <dl className="connection-facts">
          <div>
            <dt>{text.connections.venue}</dt>
            <dd>{venueName(connection.venue, keys)}</dd>
          </div>
          <div>
            <dt>{keys.keyKind}</dt>
            <dd>{keys.keyKindName[connection.keyKind]}</dd>
          </div>
          <div>
            <dt>{text.connections.created}</dt>
            <dd className="number">{format.date(connection.createdAt)}</dd>
          </div>
          <div>
            <dt>{text.connections.expires}</dt>
            <dd className="number">
              {format.date(connection.expiresAt)} <Expiry at={connection.expiresAt} />
            </dd>
          </div>
          <div className="connection-grade">
            <dt>{keys.grade}</dt>
            <dd>{grade}</dd>
          </div>
        </dl>
        {elsewhere === null ? null : <p className="needs-you">{elsewhere}</p>}
        <ConnectionLife connection={connection} successor={successor} />
        {connection.state === 'draft' ? (
          <Anchor
            className="button button-plain connection-go-on"
            href={newConnectionPath(connection.id)}
          >
            {keys.goOn}
          </Anchor>
        ) : null}
        {connection.publicKeyPem === '' ? null : (
          <div>
            <h3>
              {text.connections.publicKey}
              <CopyButton label={text.connections.copyKey} value={connection.publicKeyPem} />
            </h3>
            <p className="muted">{text.connections.publicKeyHint}</p>
            <pre className="connection-text">{connection.publicKeyPem.trim()}</pre>
          </div>
        )}
        <div>
          <h3>{text.connections.policy}</h3>
          <p className="muted">
            {connection.policy.length === 0
              ? text.connections.noPolicy
              : text.connections.policyHint}
          </p>
          {connection.policy.length === 0 ? null : (
            <pre className="connection-text">{connection.policy.join('\n')}</pre>
          )}
          <p className="connection-hash">
            <span className="muted">{text.connections.policyHash}</span>
            <code>{connection.policyHash}</code>
            <CopyButton label={text.connections.copyHash} value={connection.policyHash} />
          </p>
          <p>
            <Anchor className="button button-plain" href={paths.policy}>
              {policyWords.open}
            </Anchor>
          </p>
        </div>
      </div>
    </Card>
  );
}

function Expiry({ at }: { readonly at: number }): ReactElement {
  const language = useLanguage();
  const words = useEverySecond(() => expiryText(at, Date.now(), language));
  const when = useEverySecond(() => (at - Date.now() < SOON_DAYS * DAY_MS ? 'soon' : 'later'));
  return when === 'soon' ? (
    <Badge look="needsYou">{words}</Badge>
  ) : (
    <span className="muted">({words})</span>
  );
}

function expiryText(at: number, now: number, { text, format }: Language): string {
  const days = daysLeft(at, now);
  if (days === null) {
    const ago = Math.floor((now - at) / DAY_MS);
    return text.connections.expiredAgo({ count: ago, text: format.integer(ago) });
  }
  return text.connections.expiresIn({ count: days, text: format.integer(days) });
}

function BalancesCard(): ReactElement {
  const { text } = useLanguage();
  const balances = useBalances();
  return (
    <Card title={text.connections.balances}>
      {balances.data === undefined ? (
        balances.isError ? (
          <Failed error={balances.error} onRetry={() => void balances.refetch()} />
        ) : (
          <Skeleton rows={4} />
        )
      ) : balances.data.length === 0 ? (
        <Empty title={text.connections.balancesEmpty} />
      ) : (
        <table className="plain-table">
          <thead>
            <tr>
              <th>{text.connections.asset}</th>
              <th className="is-number">{text.connections.free}</th>
              <th className="is-number">{text.connections.locked}</th>
            </tr>
          </thead>
          <tbody>
            {balances.data.map((balance) => (
              <tr key={balance.asset}>
                <th scope="row">{balance.asset}</th>
                <td className="is-number">
                  <Holding value={balance.free} asset={balance.asset} />
                </td>
                <td className="is-number">
                  <Holding value={balance.locked} asset={balance.asset} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Card>
  );
}

function stateLook(state: Connection['state']): BadgeLook {
  switch (state) {
    case 'active':
      return 'on';
    case 'draft':
    case 'probing':
      return 'busy';
    case 'expiring':
    case 'expired':
    case 'frozen':
    case 'quarantined':
    case 'retired':
      return 'needsYou';
  }
}
