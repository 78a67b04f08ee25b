// SPDX-License-Identifier: Apache-2.0
// A link inside the desk: an ordinary address, followed without loading the page anew.

import { useRouter } from '@tanstack/react-router';
import type { ComponentProps, ReactElement } from 'react';

export interface AnchorProps extends Omit<ComponentProps<'a'>, 'href'> {
  readonly href: string;
}

export function Anchor({ href, onClick, children, ...rest }: AnchorProps): ReactElement {
  const router = useRouter();
  return (
    <a
      href={href}
      onClick={(event) => {
        onClick?.(event);
        if (event.defaultPrevented || event.button !== 0) return;
        // Clicks that open a tab or window belong to the browser.
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        router.history.push(href);
      }}
      {...rest}
    >
      {children}
    </a>
  );
}
