// SPDX-License-Identifier: Apache-2.0
// New settings for a deal that runs: what may change, what must not, and what follows for its orders.

import { isSameValue } from '../settings/changed-fields.ts';
import type { Turn } from '../bot/turn.ts';
import type { FieldError } from '../settings/field.ts';
import { stepLots, timerName, type DcaDeal } from './deal.ts';
import { dcaContradictions } from './settings.ts';
import { termsOf, type DcaDealSettings, type DcaSettings } from './terms.ts';

/** What may change while a deal runs: its exits, and how far its ladder goes. */
const EDITABLE = [
  'profitCurrency',
  'maxSafetyOrders',
  'maxActiveSafetyOrders',
  'customSafetyOrders',
  'takeProfit',
  'takeProfitType',
  'takeProfitSteps',
  'trailingDeviation',
  'stopLoss',
  'stopLossFrom',
  'stopLossTrailing',
  'stopLossTimeoutSeconds',
  'stopLossMove',
  'stopLossAction',
  'closeTimeoutSeconds',
  'postOnly',
  'reserveSafetyOrders',
  'maxSlippage',
  'safetyOrderTrigger',
  'safetyOrderConditions',
  'closeTrigger',
  'closeConditions',
  'minProfitType',
  'minProfit',
] as const satisfies readonly (keyof DcaSettings)[];

type Editable = (typeof EDITABLE)[number];

/** The fields that may change while a deal runs. */
export const DCA_DEAL_FIELDS: readonly (keyof DcaSettings)[] = EDITABLE;

/** The settings of `deal` with what may change in it taken from `wanted`. */
export function editedSettings(deal: DcaDeal, wanted: DcaSettings): DcaDealSettings {
  const kept = Object.entries(deal.settings).filter(([field]) => !isEditable(field));
  const taken = Object.entries(wanted).filter(([field]) => isEditable(field));
  // Every field comes from settings of the same type.
  return Object.freeze(Object.fromEntries([...kept, ...taken])) as unknown as DcaDealSettings;
}

/** Why `deal` cannot go on by `wanted`: what the desk answers before it gives the command. */
export function editErrors(deal: DcaDeal, wanted: DcaSettings): readonly FieldError[] {
  const { phase } = deal;
  if (phase.kind !== 'holding') {
    return [{ field: 'deal', expected: 'a deal that holds a position', found: phase.kind }];
  }
  const settings = editedSettings(deal, wanted);
  const errors = [...dcaContradictions(settings)];
  if (errors.length > 0) return errors;
  return [...ladderErrors(deal, settings), ...stepErrors(deal, settings)];
}

/** Takes over `wanted`, which `editErrors` has nothing against; answers whether that changed anything. */
export function applyEdit(turn: Turn, deal: DcaDeal, wanted: DcaSettings): boolean {
  const settings = editedSettings(deal, wanted);
  const fields = EDITABLE.filter((field) => !isSameValue(settings[field], deal.settings[field]));
  if (fields.length === 0) return false;
  const before = deal.settings;
  const traded = deal.steps.map((_, index) => stepLots(deal, index));
  deal.settings = settings;
  const { takeProfits, rungs } = termsOf(settings);
  if (takeProfits.length !== deal.steps.length || takeProfits.length < 2) {
    const old = traded.some((lots) => lots > 0) ? deal.steps : [];
    deal.steps =
      takeProfits.length < 2
        ? []
        : takeProfits.map((_, index) => old[index] ?? { lots: 0, isDone: false });
  }
  if (settings.trailingDeviation !== before.trailingDeviation) deal.trailing.best = 0;
  if (!settings.stopLossTrailing) deal.stop.best = 0;
  if (settings.stopLossTimeoutSeconds !== before.stopLossTimeoutSeconds) deal.stop.until = 0;
  for (const order of deal.orders) {
    if (order.purpose === 'safetyOrder' && order.ladderIndex > rungs.length) {
      turn.cancel(deal, order);
    }
  }
  deal.safetyRetries = deal.safetyRetries.filter(({ ladderIndex }) => ladderIndex <= rungs.length);
  // What a shorter ladder takes back a longer one may place again.
  deal.nextSafetyOrder = Math.min(deal.nextSafetyOrder, rungs.length + 1);
  if (settings.closeTimeoutSeconds !== before.closeTimeoutSeconds) setCloseTimer(turn, deal);
  turn.note(deal.dealId, 'dealEdited', { fields: fields.join(', ') });
  return true;
}

/** Sets the timer that closes the deal, where it has one: at its time, or at once when that has passed. */
export function setCloseTimer(turn: Turn, deal: DcaDeal): void {
  const { closeTimeoutSeconds } = deal.settings;
  if (closeTimeoutSeconds === undefined) return;
  const due = deal.openedTime + closeTimeoutSeconds * 1000;
  turn.setTimer(timerName(deal, 'closeTimeout'), Math.max(due, turn.time + 1));
}

/** Safety orders that have been placed stay what they are. */
function ladderErrors(deal: DcaDeal, settings: DcaDealSettings): FieldError[] {
  const placed = Math.min(deal.nextSafetyOrder - 1, termsOf(deal.settings).rungs.length);
  if (settings.maxSafetyOrders < deal.filledSafetyOrders) {
    return [
      {
        field: 'maxSafetyOrders',
        expected: `at least ${deal.filledSafetyOrders}, the safety orders that have filled`,
        found: String(settings.maxSafetyOrders),
      },
    ];
  }
  const before = termsOf(deal.settings).rungs;
  const after = termsOf(settings).rungs;
  for (let index = 0; index < Math.min(placed, after.length); index += 1) {
    if (isSameValue(shown(before[index]), shown(after[index]))) continue;
    return [
      {
        field: `customSafetyOrders[${index}]`,
        expected: 'a safety order that has been placed to stay what it is',
        found: 'another deviation or volume',
      },
    ];
  }
  return [];
}

/** Steps that have closed something stay what they are. */
function stepErrors(deal: DcaDeal, settings: DcaDealSettings): FieldError[] {
  for (const [index, step] of (deal.settings.takeProfitSteps ?? []).entries()) {
    if (stepLots(deal, index) === 0 && deal.steps[index]?.isDone !== true) continue;
    if (isSameValue(settings.takeProfitSteps?.[index], step)) continue;
    return [
      {
        field: `takeProfitSteps[${index}]`,
        expected: `the step that has closed coins to stay at ${step.profit} % for ${step.share} %`,
        found: stepText(settings.takeProfitSteps?.[index]),
      },
    ];
  }
  return [];
}

function stepText(step: { readonly profit: string; readonly share: string } | undefined): string {
  return step === undefined ? 'nothing' : `${step.profit} % for ${step.share} %`;
}

function isEditable(field: string): field is Editable {
  return EDITABLE.some((name) => name === field);
}

function shown(rung: ReturnType<typeof termsOf>['rungs'][number] | undefined): unknown {
  if (rung === undefined) return null;
  const { deviation, volume } = rung;
  return [deviation.numerator, deviation.denominator, volume.numerator, volume.denominator].map(
    String,
  );
}
