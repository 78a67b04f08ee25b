// SPDX-License-Identifier: Apache-2.0
// On a phone: the pages that have no room in the bar below.

import type { ReactElement } from 'react';

import { useLanguage } from '../language/language.tsx';
import { Anchor } from '../parts/anchor.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { Icon } from '../parts/icon.tsx';
import { paths } from '../paths.ts';
import { PLACES, type Place } from './places.ts';
import './more-sheet.css';

export function MoreSheet({
  here,
  onClose,
}: {
  readonly here: Place | undefined;
  readonly onClose: () => void;
}): ReactElement {
  const { text } = useLanguage();
  return (
    <Dialog title={text.nav.more} isOpen onClose={onClose}>
      <nav className="more-list" aria-label={text.nav.more}>
        {PLACES.filter(({ isInBar }) => !isInBar).map((place) => (
          <Anchor
            key={place.name}
            className="more-link"
            href={paths[place.name]}
            aria-current={place === here ? 'page' : undefined}
            onClick={onClose}
          >
            <Icon name={place.icon} />
            {text.nav[place.name]}
          </Anchor>
        ))}
      </nav>
    </Dialog>
  );
}
