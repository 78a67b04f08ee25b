// SPDX-License-Identifier: Apache-2.0
// Orders that the policy keeps for a person: what each is, what it is worth, what holds it and how long, with a way to
// release it by passkey and one to drop it.

import type { ReactElement } from 'react';

import { useDeskFacts } from '../api/desk-facts.tsx';
import { nowFor, useEverySecond } from '../api/market-clock.ts';
import type { HeldOrder } from '../api/types.ts';
import { useLanguage } from '../language/language.tsx';
import { usePolicyLanguage } from '../language/use-policy-language.ts';
import { Button } from '../parts/button.tsx';
import { Card } from '../parts/card.tsx';
import { useSessionState } from '../people/session-state.ts';
import { inWords } from '../policy/policy-numbers.ts';
import { useHeldOrders } from '../policy/policy-queries.ts';
import { useAct } from '../policy/use-act.ts';

/** Nothing where no order waits. */
export function HeldOrdersCard(): ReactElement | null {
  const words = usePolicyLanguage();
  const held = useHeldOrders();
  if (held.data === undefined || held.data.length === 0) return null;
  return (
    <Card title={words.held}>
      <div className="card-body">
        <p className="muted">{words.heldHint}</p>
        <ul className="held-orders" aria-label={words.held}>
          {held.data.map((order) => (
            <HeldRow key={order.order} held={order} />
          ))}
        </ul>
      </div>
    </Card>
  );
}

function HeldRow({ held }: { readonly held: HeldOrder }): ReactElement {
  const words = usePolicyLanguage();
  const { format } = useLanguage();
  const act = useAct();
  const { data: session } = useSessionState();
  const role = session?.role ?? 'viewer';
  const { order, isReleased, until, line, rule, symbol } = held;
  const { instrument } = useDeskFacts();
  const left = useEverySecond(() => format.duration(Math.max(until - nowFor(until), 0)));
  return (
    <li className="held-order">
      <div>
        <p>
          <strong>{words.heldOrder(inWords(held, format))}</strong>
        </p>
        <p className="muted">
          {words.worth}{' '}
          <span className="number">
            {inWords(held, format).notional} {instrument(symbol)?.quoteAsset ?? ''}
          </span>
          , {words.heldBy} <code title={line}>{rule}</code>,{' '}
          {isReleased ? words.goodFor : words.timeLeft} <span className="number">{left}</span>
        </p>
        {isReleased ? <p className="muted">{words.isReleased}</p> : null}
        {role === 'owner' || session === undefined ? null : (
          <p className="muted">{words.heldBeyond[role]}</p>
        )}
      </div>
      <div className="policy-foot">
        {isReleased || role !== 'owner' ? null : (
          <Button
            look="primary"
            isBusy={act.isBusy}
            onClick={() => act.run({ kind: 'releaseHeld', order }, () => words.released)}
          >
            {words.release}
          </Button>
        )}
        {role === 'viewer' ? null : (
          <Button
            isBusy={act.isBusy}
            onClick={() => act.run({ kind: 'denyHeld', order }, () => words.dropped)}
          >
            {words.drop}
          </Button>
        )}
      </div>
    </li>
  );
}
