// SPDX-License-Identifier: Apache-2.0
// How the state of a deal, an order or a ladder step looks.

import type { ReactElement } from 'react';

import type { DealRow } from '../api/cache.ts';
import type { Deal, LadderStep, Order } from '../api/types.ts';
import { useLanguage } from '../language/language.tsx';
import { Badge, type BadgeLook } from './badge.tsx';

/** A ladder step stands refused: the deal is not as deep as its settings say. */
export function hasOpenRefusal(deal: Pick<Deal, 'ladder' | 'closedAt'>): boolean {
  return deal.closedAt === null && deal.ladder.some((step) => step.state === 'rejected');
}

export function dealLook(deal: Pick<Deal, 'status' | 'ladder' | 'closedAt'>): BadgeLook {
  return hasOpenRefusal(deal) ? 'needsYou' : statusLook(deal.status);
}

export function DealStatus({ status }: { readonly status: DealRow['status'] }): ReactElement {
  const { text } = useLanguage();
  return <Badge look={statusLook(status)}>{text.deals.status[status]}</Badge>;
}

export function OrderState({ order }: { readonly order: Order }): ReactElement {
  const { text } = useLanguage();
  return <Badge look={orderLook(order.state)}>{text.deal.orderState[order.state]}</Badge>;
}

export function StepState({ step }: { readonly step: LadderStep }): ReactElement {
  const { text } = useLanguage();
  return <Badge look={stepLook(step.state)}>{text.deal.step[step.state]}</Badge>;
}

function statusLook(status: Deal['status']): BadgeLook {
  switch (status) {
    case 'open':
      return 'on';
    case 'starting':
    case 'closing':
      return 'busy';
    case 'completed':
      return 'done';
    case 'cancelled':
      return 'off';
    case 'failed':
      return 'needsYou';
  }
}

function orderLook(state: Order['state']): BadgeLook {
  switch (state) {
    case 'open':
      return 'on';
    case 'intended':
      return 'busy';
    case 'ambiguous':
    case 'rejected':
      return 'needsYou';
    case 'filled':
      return 'done';
    case 'cancelled':
    case 'expired':
      return 'off';
  }
}

function stepLook(state: LadderStep['state']): BadgeLook {
  switch (state) {
    case 'placed':
      return 'on';
    case 'filled':
      return 'done';
    case 'waiting':
      return 'off';
    case 'rejected':
      return 'needsYou';
  }
}
