// SPDX-License-Identifier: Apache-2.0
// An order that was refused: who refused it, by which rule, and what would make it pass.

import type { ReactElement } from 'react';

import type { Order } from '../api/types.ts';
import { useLanguage } from '../language/language.tsx';
import { reasonText } from '../language/reason.ts';
import { refusalHint } from '../language/refusal.ts';
import { Price, Quantity } from '../parts/numbers.tsx';
import { ShortTime } from '../parts/times.tsx';
import './refusal-note.css';

export function RefusalNote({
  order,
  symbol,
}: {
  readonly order: Order;
  readonly symbol: string;
}): ReactElement {
  const language = useLanguage();
  const { text } = language;
  const hint = refusalHint({ by: order.rejectedBy, rule: order.rule, reason: order.reason });
  return (
    <div className="refusal" role="note">
      <p className="refusal-head">
        <strong>
          {order.rejectedBy === null ? text.refusal.unknownBy : text.refusal.by[order.rejectedBy]}
        </strong>
        <span className="muted">
          {text.deal.purpose[order.purpose]} ·{' '}
          <Quantity value={order.quantity} symbol={symbol} hasUnit />
          {' @ '}
          <Price value={order.price} symbol={symbol} /> · <ShortTime at={order.placedAt} />
        </span>
      </p>
      <dl>
        <dt>{text.refusal.rule}</dt>
        <dd>
          <code>{order.rule ?? '–'}</code>
        </dd>
        <dt>{text.refusal.reason}</dt>
        <dd>{order.reason === null ? '–' : reasonText(order.reason, language)}</dd>
        <dt>{text.refusal.toPass}</dt>
        <dd>{text.refusal.hint[hint]}</dd>
      </dl>
    </div>
  );
}
