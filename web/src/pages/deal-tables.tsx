// SPDX-License-Identifier: Apache-2.0
// A deal's ladder, orders and fills as tables: the exact side of what the chart draws.

import { useState, type ReactElement } from 'react';

import { useDealActions } from '../actions.ts';
import type { Deal, Order } from '../api/types.ts';
import { useLanguage } from '../language/language.tsx';
import { Button } from '../parts/button.tsx';
import { OrderState, StepState } from '../parts/deal-state.tsx';
import { Amount, NoNumber, Price, Quantity } from '../parts/numbers.tsx';
import { ShortTime } from '../parts/times.tsx';
import './deal-tables.css';

export function LadderTable({ deal }: { readonly deal: Deal }): ReactElement {
  const { text, format } = useLanguage();
  const { column } = text.deal;
  return (
    <ScrollBox label={text.deal.ladder}>
      <table className="plain-table">
        <thead>
          <tr>
            <th>{column.step}</th>
            <th>{column.state}</th>
            <th className="is-number">
              {deal.direction === 'short' ? text.deal.aboveBase : column.deviation}
            </th>
            <th className="is-number">{column.price}</th>
            <th className="is-number">{column.notional}</th>
          </tr>
        </thead>
        <tbody>
          {deal.ladder.map((step) => (
            <tr key={step.index}>
              <th scope="row">
                {step.index === 0 ? text.deal.baseStep : format.integer(step.index)}
              </th>
              <td>
                <StepState step={step} />
              </td>
              <td className="is-number" title={format.exactPercent(step.deviationPercent)}>
                {format.deviation(step.deviationPercent)}
              </td>
              <td className="is-number">
                <Price value={step.price} symbol={deal.symbol} />
              </td>
              <td className="is-number">
                <Amount value={step.notional} asset={deal.quoteAsset} hasUnit={false} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollBox>
  );
}

export function OrderTable({ deal }: { readonly deal: Deal }): ReactElement {
  const { text } = useLanguage();
  const { column } = text.deal;
  return (
    <ScrollBox label={text.deal.orders}>
      <table className="plain-table">
        <thead>
          <tr>
            <th>{column.purpose}</th>
            <th>{column.side}</th>
            <th className="is-number">{column.price}</th>
            <th className="is-number">{column.quantity}</th>
            <th className="is-number">{column.filled}</th>
            <th>{column.state}</th>
            <th className="is-number">{column.placed}</th>
            <th className="is-number">{column.ended}</th>
            <th>{column.id}</th>
          </tr>
        </thead>
        <tbody>
          {deal.orders.map((order) => (
            <tr key={order.clientOrderId}>
              <th scope="row">{text.deal.purpose[order.purpose]}</th>
              <td title={`${text.deal.orderType[order.type]} ${order.timeInForce}`}>
                {text.deal.side[order.side]}{' '}
                <span className="muted">
                  {order.type === 'limitMaker' ? text.deal.makerOnly : ''}
                  {order.timeInForce === 'GTC' ? '' : order.timeInForce}
                </span>
              </td>
              <td className="is-number">
                <Price value={order.price} symbol={deal.symbol} />
              </td>
              <td className="is-number">
                <Quantity value={order.quantity} symbol={deal.symbol} />
              </td>
              <td className="is-number">
                <Quantity value={order.filledQuantity} symbol={deal.symbol} />
              </td>
              <td title={order.reason ?? undefined}>
                <OrderState order={order} />
              </td>
              <td className="is-number">
                <ShortTime at={order.placedAt} />
              </td>
              <td className="is-number">
                {order.endedAt === null ? <NoNumber /> : <ShortTime at={order.endedAt} />}
              </td>
              <td>
                <code title={order.exchangeOrderId ?? undefined}>{order.clientOrderId}</code>{' '}
                <CancelOrder deal={deal} order={order} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollBox>
  );
}

/** Orders that a person added are cancelled one by one; the machine keeps its own. */
function CancelOrder({
  deal,
  order,
}: {
  readonly deal: Deal;
  readonly order: Order;
}): ReactElement | null {
  const { text } = useLanguage();
  const actions = useDealActions();
  const [isBusy, setBusy] = useState(false);
  const isManual = order.purpose === 'addFunds' || order.purpose === 'reduceFunds';
  if (!isManual || order.state !== 'open' || deal.closedAt !== null) return null;
  const name = text.deal.title(deal.symbol, text.deal.number(String(deal.number)));
  const { clientOrderId } = order;
  const cancel = async (): Promise<void> => {
    setBusy(true);
    await actions.ask(deal, { action: 'cancel-order', body: { clientOrderId } }, name);
    setBusy(false);
  };
  return (
    <Button look="quiet" isBusy={isBusy} onClick={() => void cancel()}>
      {text.deal.cancelOrder}
    </Button>
  );
}

export function FillTable({ deal }: { readonly deal: Deal }): ReactElement {
  const { text, format } = useLanguage();
  const { column } = text.deal;
  const purposes = new Map(deal.orders.map((order) => [order.clientOrderId, order.purpose]));
  return (
    <ScrollBox label={text.deal.fills}>
      <table className="plain-table">
        <thead>
          <tr>
            <th>{column.purpose}</th>
            <th>{column.side}</th>
            <th className="is-number">{column.price}</th>
            <th className="is-number">{column.quantity}</th>
            <th className="is-number">{column.notional}</th>
            <th className="is-number">{column.commission}</th>
            <th className="is-number">{column.time}</th>
          </tr>
        </thead>
        <tbody>
          {deal.fills.map((fill) => {
            const purpose = purposes.get(fill.clientOrderId);
            return (
              <tr key={fill.tradeId}>
                <th scope="row">
                  {purpose === undefined ? fill.clientOrderId : text.deal.purpose[purpose]}
                </th>
                <td>{text.deal.side[fill.side]}</td>
                <td className="is-number">
                  <Price value={fill.price} symbol={deal.symbol} />
                </td>
                <td className="is-number">
                  <Quantity value={fill.quantity} symbol={deal.symbol} />
                </td>
                <td className="is-number">
                  <Amount value={fill.notional} asset={deal.quoteAsset} />
                </td>
                <td className="is-number">
                  {format.exact(fill.commission)}
                  <span className="unit">{`\u00a0${fill.commissionAsset}`}</span>
                </td>
                <td className="is-number">
                  <ShortTime at={fill.time} />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </ScrollBox>
  );
}

/** A table that is wider or longer than its place. */
export function ScrollBox({
  label,
  children,
}: {
  readonly label: string;
  readonly children: ReactElement;
}): ReactElement {
  return (
    // A box that scrolls takes the focus, so that the keyboard can scroll it.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className="scroll-box" role="group" aria-label={label} tabIndex={0}>
      {children}
    </div>
  );
}
