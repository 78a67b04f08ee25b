// SPDX-License-Identifier: Apache-2.0
// What a row opens first: a panel beside the table, with the way to the page.

import type { ReactElement, ReactNode } from 'react';

import { useLanguage } from '../language/language.tsx';
import { IconButton } from './button.tsx';
import { Icon } from './icon.tsx';
import { Anchor } from './anchor.tsx';
import { useKeys } from './keyboard.ts';
import './side-panel.css';

export interface SidePanelProps {
  readonly title: string;
  readonly href: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

export function SidePanel({ title, href, onClose, children }: SidePanelProps): ReactElement {
  const { text } = useLanguage();
  useKeys({ Escape: onClose });
  return (
    <aside className="side-panel" aria-label={title}>
      <header className="side-panel-head">
        <h2 className="cut">{title}</h2>
        <Anchor className="button button-quiet" href={href}>
          <Icon name="open" />
          {text.common.openPage}
        </Anchor>
        <IconButton icon="close" label={text.common.close} shortcut="Esc" onClick={onClose} />
      </header>
      <div className="side-panel-body">{children}</div>
    </aside>
  );
}
