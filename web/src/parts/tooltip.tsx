// SPDX-License-Identifier: Apache-2.0
// A hint beside a control, on hover and on focus.

import { Tooltip as Radix } from 'radix-ui';
import type { ReactElement, ReactNode } from 'react';

import './tooltip.css';

export function TooltipProvider({ children }: { readonly children: ReactNode }): ReactElement {
  return (
    <Radix.Provider delayDuration={300} skipDelayDuration={200}>
      {children}
    </Radix.Provider>
  );
}

export interface TooltipProps {
  readonly hint: ReactNode;
  readonly side?: 'top' | 'right' | 'bottom' | 'left';
  /** One element that takes a ref. */
  readonly children: ReactElement;
}

export function Tooltip({ hint, side = 'bottom', children }: TooltipProps): ReactElement {
  return (
    <Radix.Root>
      <Radix.Trigger asChild>{children}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content className="tooltip" side={side} sideOffset={4} collisionPadding={8}>
          {hint}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
