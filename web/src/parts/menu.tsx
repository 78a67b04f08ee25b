// SPDX-License-Identifier: Apache-2.0
// A menu of further actions behind one button.

import { DropdownMenu } from 'radix-ui';
import type { ReactElement } from 'react';

import { Icon } from './icon.tsx';
import './views-menu.css';

export interface MenuAction {
  readonly name: string;
  readonly onSelect: () => void;
  readonly isDisabled?: boolean;
  /** Ends something that cannot be brought back. */
  readonly isDanger?: boolean;
}

export function ActionMenu({
  label,
  actions,
}: {
  readonly label: string;
  /** Groups are set apart by a line. */
  readonly actions: readonly (readonly MenuAction[])[];
}): ReactElement | null {
  const groups = actions.filter((group) => group.length > 0);
  if (groups.length === 0) return null;
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger className="button button-plain">
        {label}
        <Icon name="chevron" />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align="end" sideOffset={4} collisionPadding={8}>
          {groups.map((group, index) => (
            <DropdownMenu.Group key={group[0]?.name}>
              {index === 0 ? null : <DropdownMenu.Separator className="menu-line" />}
              {group.map((action) => (
                <DropdownMenu.Item
                  key={action.name}
                  className={action.isDanger === true ? 'menu-item menu-item-danger' : 'menu-item'}
                  disabled={action.isDisabled === true}
                  onSelect={action.onSelect}
                >
                  {action.name}
                </DropdownMenu.Item>
              ))}
            </DropdownMenu.Group>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
