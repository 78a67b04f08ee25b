// SPDX-License-Identifier: Apache-2.0
// What opens the vault, and what waits while it is locked.

import type { ReactElement } from 'react';

import { useVault } from '../api/queries.ts';
import { useKeysLanguage } from '../language/use-keys-language.ts';
import { useVaultLanguage } from '../language/use-vault-language.ts';
import { Badge } from '../parts/badge.tsx';
import { Card } from '../parts/card.tsx';
import { Icon } from '../parts/icon.tsx';
import { Skeleton } from '../parts/states.tsx';
import { useMay } from '../people/use-may.ts';
import { VaultUnlock } from './vault-unlock.tsx';
import { VaultWays } from './vault-ways.tsx';
import './keys.css';

/** Nothing while the vault is open. */
export function LockedVaultNote(): ReactElement | null {
  const keys = useKeysLanguage();
  const words = useVaultLanguage();
  const isOwner = useMay('owner');
  const vault = useVault();
  if (vault.data === undefined || vault.data.isOpen) return null;
  return (
    <div className="vault-locked" role="alert">
      <Icon name="warning" />
      <div>
        <p className="vault-locked-title">{keys.vaultLockedTitle}</p>
        <p>{keys.vaultLocked}</p>
        {isOwner ? <VaultUnlock vault={vault.data} /> : <p>{words.start.onlyOwner}</p>}
      </div>
    </div>
  );
}

export function VaultCard(): ReactElement {
  const keys = useKeysLanguage();
  const isOwner = useMay('owner');
  const { data, isError } = useVault();
  if (data === undefined) {
    return (
      <Card title={keys.vault}>
        {isError ? <p className="card-body muted">{keys.vaultUnknown}</p> : <Skeleton rows={3} />}
      </Card>
    );
  }
  const state = !data.isOpen ? 'locked' : data.isUnattended ? 'unattended' : 'open';
  return (
    <Card
      title={keys.vault}
      aside={<Badge look={state === 'open' ? 'on' : 'needsYou'}>{keys.vaultState[state]}</Badge>}
    >
      <div className="card-body keys-part">
        {state === 'open' ? <p className="muted">{keys.vaultOpen}</p> : null}
        {state === 'unattended' ? (
          <>
            <p className="needs-you">{keys.vaultUnattended}</p>
            <p className="muted">
              {keys.vaultPassphrase} <code>kontor vault passphrase</code>
            </p>
          </>
        ) : null}
        {isOwner ? <VaultWays vault={data} /> : null}
      </div>
    </Card>
  );
}
