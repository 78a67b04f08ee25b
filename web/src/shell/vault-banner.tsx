// SPDX-License-Identifier: Apache-2.0
// The line about a locked vault above pages that do not open it themselves.

import type { ReactElement } from 'react';

import { useVaultLanguage } from '../language/use-vault-language.ts';
import { Anchor } from '../parts/anchor.tsx';
import { Icon } from '../parts/icon.tsx';
import { paths } from '../paths.ts';

export function VaultBanner(): ReactElement {
  const words = useVaultLanguage();
  return (
    <div className="alarm-banner alarm-banner-warning" role="status">
      <Icon name="warning" />
      <p className="alarm-banner-text">{words.banner}</p>
      <Anchor className="button button-plain" href={paths.overview}>
        {words.open}
      </Anchor>
    </div>
  );
}
