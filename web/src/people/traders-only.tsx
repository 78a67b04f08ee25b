// SPDX-License-Identifier: Apache-2.0
// Around the pages that only change things: who may only look is led to the page that shows the same.

import { Navigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';

import { useMay } from './use-may.ts';

export function TradersOnly({
  instead,
  children,
}: {
  readonly instead: string;
  readonly children: ReactNode;
}): ReactNode {
  const isTrader = useMay('trader');
  return isTrader ? children : <Navigate to={instead} replace />;
}
