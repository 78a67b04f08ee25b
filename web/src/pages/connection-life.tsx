// SPDX-License-Identifier: Apache-2.0
// How a connection stands by the signer's word: what is signed, how safe the key is, when it ends, and what a person may
// do about it: check, freeze, thaw, renew.

import { shellWord } from '@kontor/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState, type ReactElement, type ReactNode } from 'react';

import { checkConnection, freezeConnection, refetchConnections } from '../api/queries.ts';
import type { Connection } from '../api/types.ts';
import { useLanguage } from '../language/language.tsx';
import { useErrorText } from '../language/error-text.ts';
import { faultSentence, useLifeLanguage } from '../language/use-life-language.ts';
import { Anchor } from '../parts/anchor.tsx';
import { Button } from '../parts/button.tsx';
import { HoldButton } from '../parts/hold-button.tsx';
import { say } from '../parts/toasts.tsx';
import { newConnectionPath, renewKeyPath } from '../paths.ts';
import { performAct } from '../people/consent.ts';
import { useMay } from '../people/use-may.ts';
import { AddressProbe, useBindText } from './address-probe.tsx';
import { useElsewhere } from './use-elsewhere.ts';
import { UseNewKey } from './use-new-key.tsx';
import './connections.css';

const OPEN_KEY_LIFE_MS = 14 * 86_400_000;

export function ConnectionLife({
  connection,
  successor,
}: {
  readonly connection: Connection;
  /** The key that is to replace this one, if there is one. */
  readonly successor: Connection | null;
}): ReactElement {
  const { format } = useLanguage();
  const life = useLifeLanguage();
  const bindText = useBindText(connection);
  const isTrader = useMay('trader');
  const { bind, checkedAt, isIpRestricted, signs, state } = connection;
  return (
    <>
      <Troubles connection={connection} />
      <dl className="connection-facts">
        <Fact name={life.signsLabel}>{life.signs[signs]}</Fact>
        <Fact name={life.checked}>
          {checkedAt === null ? life.neverChecked : format.full(checkedAt)}
        </Fact>
        {isIpRestricted === null ? null : (
          <Fact name={life.addresses}>
            {isIpRestricted
              ? life.ipRestricted
              : isShortLived(connection)
                ? life.ipOpen
                : life.ipEvery}
          </Fact>
        )}
        {isIpRestricted === true || bind !== null ? (
          <Fact name={life.bind.label}>{bindText}</Fact>
        ) : null}
      </dl>
      {successor === null ? null : successor.isReady ? (
        <UseNewKey connection={connection.id} />
      ) : (
        <p className="needs-you">
          {successor.state === 'draft' ? life.rotationWaits : life.rotationUnconfirmed}{' '}
          <Anchor className="button button-plain" href={newConnectionPath(successor.id)}>
            {life.rotationGoOn}
          </Anchor>
        </p>
      )}
      <Hands connection={connection} hasSuccessor={successor !== null} />
      {isIpRestricted === true && isTrader && state !== 'draft' ? (
        <AddressProbe connection={connection} />
      ) : null}
    </>
  );
}

/** The grade in words; before the first check only what the kind of key allows. */
export function useGradeText({ grade, keyKind }: Connection): string {
  const life = useLifeLanguage();
  if (grade !== null) return life.grade[grade];
  return keyKind === 'hmac-sha256' ? life.gradeUnknown.shared : life.gradeUnknown.own;
}

function Fact({
  name,
  children,
}: {
  readonly name: string;
  readonly children: ReactNode;
}): ReactElement {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Troubles({ connection }: { readonly connection: Connection }): ReactElement | null {
  const { format } = useLanguage();
  const life = useLifeLanguage();
  const { bind, frozen, quarantined, state, signs, reducesUntil, cancelsUntil } = connection;
  const lines: string[] = [];
  if (bind?.verdict === 'notReal') lines.push(life.bind.notReal(format.full(bind.seenAt)));
  if (quarantined !== null) {
    lines.push(life.quarantinedSince(format.full(quarantined.since)));
    lines.push(...quarantined.faults.map((fault) => faultSentence(fault, life)));
  }
  if (frozen !== null) {
    const by = isKnownCause(frozen.cause) ? life.frozenBy[frozen.cause] : life.frozenBy.other;
    lines.push(life.frozenSince(format.full(frozen.since), by));
  }
  if (state === 'expired' && signs === 'reductions')
    lines.push(life.endsAt.reductions(format.full(reducesUntil)));
  if (state === 'expired' && signs === 'cancels')
    lines.push(life.endsAt.cancels(format.full(cancelsUntil)));
  if (frozen !== null || quarantined !== null)
    lines.push(life.thawHow(`kontor vault thaw ${shellWord(connection.name)}`));
  if (lines.length === 0) return null;
  return (
    <div className="needs-you connection-troubles" role="status">
      {lines.map((line) => (
        <p key={line}>{line}</p>
      ))}
    </div>
  );
}

/** Whether the key ends early because it works from every address; a desk's own exchange has keys that do not. */
function isShortLived({ createdAt, expiresAt }: Connection): boolean {
  return expiresAt - createdAt <= OPEN_KEY_LIFE_MS;
}

function isKnownCause(cause: string): cause is 'person' | 'terminal' | 'alarm' {
  return cause === 'person' || cause === 'terminal' || cause === 'alarm';
}

function Hands({
  connection,
  hasSuccessor,
}: {
  readonly connection: Connection;
  readonly hasSuccessor: boolean;
}): ReactElement | null {
  const client = useQueryClient();
  const life = useLifeLanguage();
  const errorText = useErrorText();
  const [isBusy, setBusy] = useState(false);
  const { id, state, frozen, quarantined, name, venue } = connection;
  const elsewhere = useElsewhere(venue);
  const isOwner = useMay('owner');
  const isTrader = useMay('trader');
  if (state === 'draft' || !isTrader) return null;
  const run = (work: () => Promise<unknown>, failed: (reason: string) => string): void => {
    setBusy(true);
    work()
      .catch((error: unknown) => say(failed(errorText(error)), { look: 'failed' }))
      .finally(() => setBusy(false));
  };
  return (
    <div className="connection-hands">
      {elsewhere === null ? (
        <Button
          look="plain"
          isBusy={isBusy}
          onClick={() => run(() => checkConnection(client, id), life.checkFailed)}
        >
          {life.check}
        </Button>
      ) : null}
      {hasSuccessor || !isOwner ? null : (
        <Anchor className="button button-plain" href={renewKeyPath(id)}>
          {life.rotate}
        </Anchor>
      )}
      {frozen === null && quarantined === null ? (
        <HoldButton
          label={life.freeze}
          about={name}
          armedLabel={life.freezeAgain}
          hint={life.freezeWhat}
          isBusy={isBusy}
          onConfirm={() => run(() => freezeConnection(client, id), life.notFrozen)}
        />
      ) : !isOwner ? null : (
        <Button
          look="plain"
          isBusy={isBusy}
          onClick={() =>
            run(async () => {
              await performAct({ kind: 'thawConnection', connection: id });
              await refetchConnections(client);
            }, life.notThawed)
          }
        >
          {life.thaw}
        </Button>
      )}
    </div>
  );
}
