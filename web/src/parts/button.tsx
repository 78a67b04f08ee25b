// SPDX-License-Identifier: Apache-2.0
// Buttons: at most one primary one in sight.

import type { ComponentProps, ReactElement } from 'react';

import { Icon, type IconName } from './icon.tsx';
import { Tooltip } from './tooltip.tsx';
import './button.css';

export type ButtonLook = 'primary' | 'plain' | 'quiet' | 'danger';

export interface ButtonProps extends Omit<ComponentProps<'button'>, 'type' | 'className'> {
  readonly look?: ButtonLook;
  readonly icon?: IconName;
  readonly isBusy?: boolean;
}

export function Button({
  look = 'plain',
  icon,
  isBusy = false,
  disabled,
  children,
  ...rest
}: ButtonProps): ReactElement {
  return (
    <button
      type="button"
      className={`button button-${look}`}
      disabled={disabled === true || isBusy}
      aria-busy={isBusy}
      {...rest}
    >
      {icon === undefined ? null : <Icon name={icon} />}
      <span className="button-text">{children}</span>
    </button>
  );
}

export interface IconButtonProps extends Omit<ComponentProps<'button'>, 'type' | 'className'> {
  readonly icon: IconName;
  readonly label: string;
  readonly shortcut?: string;
}

/** A button that shows only an icon; its label is its hint and its name. */
export function IconButton({ icon, label, shortcut, ...rest }: IconButtonProps): ReactElement {
  return (
    <Tooltip
      hint={
        <>
          {label}
          {shortcut === undefined ? null : <kbd>{shortcut}</kbd>}
        </>
      }
    >
      <button
        type="button"
        className="button button-quiet button-icon"
        aria-label={label}
        {...rest}
      >
        <Icon name={icon} />
      </button>
    </Tooltip>
  );
}
