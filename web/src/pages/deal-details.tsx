// SPDX-License-Identifier: Apache-2.0
// What a deal has beyond what every deal has: the lines of a grid, the steps of a trade, several targets, a share.

import { Fragment, useState, type ReactElement } from 'react';

import { useDealActions } from '../actions.ts';
import type { DealRequest } from '../api/queries.ts';
import type { Deal, DealDetails } from '../api/types.ts';
import { useLanguage } from '../language/language.tsx';
import { signOf } from '../number/format.ts';
import { Badge, type BadgeLook } from '../parts/badge.tsx';
import { Card } from '../parts/card.tsx';
import { Figure, Figures } from '../parts/figure.tsx';
import { HoldButton } from '../parts/hold-button.tsx';
import { Amount, NoNumber, Price, Profit, Quantity } from '../parts/numbers.tsx';
import { LadderTable, ScrollBox } from './deal-tables.tsx';

type Of<Kind extends DealDetails['kind']> = Extract<DealDetails, { kind: Kind }>;
type Step = Of<'trade'>['steps'][number];
type Line = Of<'grid'>['lines'][number];
type Target = Of<'dca'>['takeProfits'][number];
type Waiting = Of<'dca'>['waiting'][number];

/** The card beside a deal that its kind brings along. */
export function DetailsCard({ deal }: { readonly deal: Deal }): ReactElement | null {
  const { text } = useLanguage();
  const { details } = deal;
  if (deal.kind === 'dca') {
    return (
      <>
        <Card title={text.deal.ladder}>
          <LadderTable deal={deal} />
        </Card>
        {details?.kind === 'dca' && details.takeProfits.length > 0 ? (
          <Card title={text.deal.targets}>
            <TargetTable deal={deal} targets={details.takeProfits} />
          </Card>
        ) : null}
        {details?.kind === 'dca' && details.waiting.length > 0 ? (
          <Card title={text.deal.waiting}>
            <WaitingTable deal={deal} waiting={details.waiting} />
          </Card>
        ) : null}
      </>
    );
  }
  switch (details?.kind) {
    case 'grid':
      return (
        <Card title={text.deal.lines}>
          <GridFigures deal={deal} details={details} />
          <LineTable deal={deal} lines={details.lines} />
        </Card>
      );
    case 'trade':
      return (
        <Card title={text.deal.steps}>
          <StepTable deal={deal} details={details} />
        </Card>
      );
    case 'rebalance':
      return (
        <Card title={text.deal.share}>
          <ShareFigures deal={deal} details={details} />
        </Card>
      );
    default:
      return null;
  }
}

function GridFigures({
  deal,
  details,
}: {
  readonly deal: Deal;
  readonly details: Of<'grid'>;
}): ReactElement {
  const { text, format } = useLanguage();
  return (
    <Figures label={text.deal.lines} isSmall>
      <Figure name={text.deal.gridProfit}>
        <Profit value={details.gridProfit} asset={deal.quoteAsset} />
      </Figure>
      <Figure name={text.deal.linesClosed}>{format.integer(details.linesClosed)}</Figure>
      <Figure name={text.deal.investment}>
        <Amount value={details.investment} asset={deal.quoteAsset} />
      </Figure>
      <Figure name={text.deal.coinsHeld}>
        <Quantity value={details.coins} symbol={deal.symbol} hasUnit />
      </Figure>
    </Figures>
  );
}

function LineTable({
  deal,
  lines,
}: {
  readonly deal: Deal;
  readonly lines: readonly Line[];
}): ReactElement {
  const { text, format } = useLanguage();
  const { lineColumn } = text.deal;
  return (
    <ScrollBox label={text.deal.lines}>
      <table className="plain-table">
        <thead>
          <tr>
            <th>{lineColumn.line}</th>
            <th>{lineColumn.side}</th>
            <th className="is-number">{lineColumn.price}</th>
            <th className="is-number">{lineColumn.quantity}</th>
            <th className="is-number">{lineColumn.value}</th>
            <th>{lineColumn.state}</th>
          </tr>
        </thead>
        <tbody>
          {lines.toReversed().map((line) => (
            <tr key={line.number}>
              <th scope="row">{format.integer(line.number)}</th>
              <td>{text.deal.lineSide[line.side]}</td>
              <td className="is-number">
                <Price value={line.price} symbol={deal.symbol} />
              </td>
              <td className="is-number">
                {line.side === 'none' ? (
                  <NoNumber />
                ) : (
                  <Quantity value={line.quantity} symbol={deal.symbol} />
                )}
              </td>
              <td className="is-number">
                {line.side === 'none' ? (
                  <NoNumber />
                ) : (
                  <Amount value={line.value} asset={deal.quoteAsset} hasUnit={false} />
                )}
              </td>
              <td>
                <Badge look={lineLook(line.state)}>{text.deal.lineState[line.state]}</Badge>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollBox>
  );
}

function StepTable({
  deal,
  details,
}: {
  readonly deal: Deal;
  readonly details: Of<'trade'>;
}): ReactElement {
  const { text, format } = useLanguage();
  const { stop } = details;
  const { column } = text.deal;
  return (
    <ScrollBox label={text.deal.steps}>
      <table className="plain-table">
        <thead>
          <tr>
            <th>{column.step}</th>
            <th className="is-number">{column.price}</th>
            <th className="is-number">{column.left}</th>
            <th className="is-number">{column.filled}</th>
            <th>{column.state}</th>
          </tr>
        </thead>
        <tbody>
          {details.steps.map((step) => (
            <Fragment key={`${step.purpose} ${step.number}`}>
              <tr>
                <th scope="row">{text.deal.stepName[step.purpose](format.integer(step.number))}</th>
                <td className="is-number" title={stepHint(step, text.deal)}>
                  <Price value={step.price ?? step.trigger} symbol={deal.symbol} />
                </td>
                <td className="is-number">
                  {step.quantity === null || signOf(step.quantity) === 0 ? (
                    <NoNumber />
                  ) : (
                    <Quantity value={step.quantity} symbol={deal.symbol} />
                  )}
                </td>
                <td className="is-number">
                  <Quantity value={step.filled} symbol={deal.symbol} />
                </td>
                <td>
                  <Badge look={stepLook(step.state)}>{text.deal.stepState[step.state]}</Badge>
                </td>
              </tr>
              <StepActions deal={deal} step={step} />
            </Fragment>
          ))}
          {stop.price === null ? null : (
            <tr>
              <th scope="row">{text.deal.stop}</th>
              <td className="is-number">
                <Price value={stop.price} symbol={deal.symbol} />
              </td>
              <td colSpan={3} className="muted">
                {[
                  text.deal.stopHeldBy[stop.heldBy],
                  ...(stop.isAtBreakEven ? [text.deal.atBreakEven] : []),
                  ...(stop.best === null ? [] : [text.deal.best(format.exact(stop.best))]),
                  ...(stop.breachedUntil === null
                    ? []
                    : [text.deal.breachedUntil(format.clock(stop.breachedUntil))]),
                ].join(', ')}
              </td>
            </tr>
          )}
        </tbody>
      </table>
    </ScrollBox>
  );
}

/** What a person asked for and has no order yet, each to be taken back. */
function WaitingTable({
  deal,
  waiting,
}: {
  readonly deal: Deal;
  readonly waiting: readonly Waiting[];
}): ReactElement {
  const { text, format } = useLanguage();
  const { column } = text.deal;
  return (
    <ScrollBox label={text.deal.waiting}>
      <table className="plain-table">
        <thead>
          <tr>
            <th>{column.step}</th>
            <th className="is-number">{text.deal.amount}</th>
            <th className="is-number">{column.price}</th>
          </tr>
        </thead>
        <tbody>
          {waiting.map((each) => (
            <Fragment key={each.number}>
              <tr>
                <th scope="row">{text.deal.stepName[each.purpose](format.integer(each.number))}</th>
                <td className="is-number">{`${format.exact(each.amount)}\u00a0${each.asset}`}</td>
                <td className="is-number">
                  <Price value={each.price} symbol={deal.symbol} />
                </td>
              </tr>
              <StepActions
                deal={deal}
                step={{ purpose: each.purpose, number: each.number, state: 'waiting' }}
              />
            </Fragment>
          ))}
        </tbody>
      </table>
    </ScrollBox>
  );
}

/** A target that waits can be closed at once or taken back; all else that waits can be taken back. */
function StepActions({
  deal,
  step,
}: {
  readonly deal: Deal;
  readonly step: Pick<Step, 'purpose' | 'number' | 'state'>;
}): ReactElement | null {
  const { text, format } = useLanguage();
  const actions = useDealActions();
  const [isBusy, setBusy] = useState(false);
  const isWaiting =
    step.state === 'waiting' ||
    step.state === 'placed' ||
    step.state === 'trailing' ||
    step.state === 'pausing';
  const { purpose, number } = step;
  if (!isWaiting || deal.status === 'closing') return null;
  const name = text.deal.title(deal.symbol, text.deal.number(String(deal.number)));
  const stepName = text.deal.stepName[purpose](format.integer(number));
  const ask = async (request: DealRequest): Promise<void> => {
    if (isBusy) return;
    setBusy(true);
    await actions.ask(deal, request, name);
    setBusy(false);
  };
  const hold = (label: string, request: DealRequest): ReactElement => (
    <HoldButton
      look="plain"
      label={label}
      about={stepName}
      armedLabel={text.deal.holdAgain}
      hint={text.deal.holdHintShort}
      isBusy={isBusy}
      onConfirm={() => void ask(request)}
    />
  );
  return (
    <tr className="step-actions-row">
      <td colSpan={5}>
        <span className="step-actions">
          {purpose === 'takeProfit'
            ? hold(text.deal.closeStep, { action: 'close-step', body: { step: number } })
            : null}
          {hold(text.deal.cancelStep, {
            action: 'cancel-step',
            body: { of: purpose, step: number },
          })}
        </span>
      </td>
    </tr>
  );
}

function TargetTable({
  deal,
  targets,
}: {
  readonly deal: Deal;
  readonly targets: readonly Target[];
}): ReactElement {
  const { text, format } = useLanguage();
  const { column } = text.deal;
  return (
    <ScrollBox label={text.deal.targets}>
      <table className="plain-table">
        <thead>
          <tr>
            <th>{column.step}</th>
            <th className="is-number">{text.deals.column.percent}</th>
            <th className="is-number">{column.price}</th>
            <th className="is-number">{column.quantity}</th>
            <th className="is-number">{column.filled}</th>
            <th>{column.state}</th>
          </tr>
        </thead>
        <tbody>
          {targets.map((target) => (
            <tr key={target.step}>
              <th scope="row">
                {target.step === 0
                  ? text.deal.takeProfit
                  : text.deal.stepName.takeProfit(format.integer(target.step))}
              </th>
              <td className="is-number">{format.share(target.profit)}</td>
              <td className="is-number">
                <Price value={target.trigger ?? target.price} symbol={deal.symbol} />
              </td>
              <td className="is-number">
                <Quantity value={target.quantity} symbol={deal.symbol} />
              </td>
              <td className="is-number">
                <Quantity value={target.filled} symbol={deal.symbol} />
              </td>
              <td>
                <Badge look={stepLook(target.state)}>{text.deal.stepState[target.state]}</Badge>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollBox>
  );
}

function ShareFigures({
  deal,
  details,
}: {
  readonly deal: Deal;
  readonly details: Of<'rebalance'>;
}): ReactElement {
  const { text, format } = useLanguage();
  return (
    <Figures label={text.deal.share} isSmall>
      <Figure name={text.deal.share}>
        {details.share === null ? <NoNumber /> : format.deviation(details.share)}
      </Figure>
      <Figure name={text.deal.shareWanted}>{format.deviation(details.target)}</Figure>
      <Figure name={text.deal.worth}>
        {details.worth === null ? (
          <NoNumber />
        ) : (
          <Amount value={details.worth} asset={deal.quoteAsset} />
        )}
      </Figure>
      <Figure name={text.deal.trades}>{format.integer(details.trades)}</Figure>
    </Figures>
  );
}

function stepHint(
  step: Step,
  words: { readonly best: (price: string) => string; readonly waitsFor: (price: string) => string },
): string | undefined {
  if (step.best !== null) return words.best(step.best);
  return step.trigger === null ? undefined : words.waitsFor(step.trigger);
}

function lineLook(state: Line['state']): BadgeLook {
  switch (state) {
    case 'open':
      return 'on';
    case 'placing':
    case 'cancelling':
    case 'ended':
      return 'busy';
    case 'waiting':
    case 'empty':
      return 'off';
    case 'paused':
      return 'needsYou';
  }
}

function stepLook(state: Step['state'] | Target['state']): BadgeLook {
  switch (state) {
    case 'placed':
      return 'on';
    case 'trailing':
    case 'closing':
      return 'busy';
    case 'waiting':
    case 'pending':
    case 'cancelled':
      return 'off';
    case 'filled':
    case 'partly':
    case 'done':
      return 'done';
    case 'pausing':
    case 'failed':
      return 'needsYou';
  }
}
