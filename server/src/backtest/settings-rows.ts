// SPDX-License-Identifier: Apache-2.0
// The settings of a bot as the report prints them: what each is called, and what it says.

import { SETTINGS_FIELDS, type BotSettings, type DcaSettings, type Fields } from '@kontor/core';
import { groupedCount } from './shown-number.ts';

/** Names and values; `quote` is the asset that amounts are in. */
export function settingsRows(
  settings: BotSettings,
  quote: string,
): readonly (readonly [string, string])[] {
  const told = settings.kind === 'dca' ? dcaRows(settings, quote) : [];
  const known: readonly string[] = settings.kind === 'dca' ? DCA_TOLD : ['name'];
  return [['Name', settings.name], ...told, ...otherRows(settings, known)];
}

/** The settings in one line of text. */
export function settingsLine(settings: BotSettings, quote: string): string {
  if (settings.kind !== 'dca') {
    return settingsRows(settings, quote)
      .slice(1)
      .map(([name, value]) => `${name.toLowerCase()} ${value}`)
      .join(', ');
  }
  const stop =
    settings.stopLoss === undefined ? 'no stop loss' : `stop loss ${settings.stopLoss} %`;
  return `${settings.baseOrderVolume} ${quote} at first, then up to ${settings.maxSafetyOrders} safety orders from ${settings.safetyOrderVolume} (volume × ${settings.volumeScale}), ${settings.safetyOrderStep} % apart (× ${settings.stepScale}), ${takeProfitText(settings)}, ${stop}`;
}

/** What `dcaRows` tells; everything else is told where it is not the default. */
const DCA_TOLD = [
  'name',
  'symbols',
  'baseOrderVolume',
  'baseOrderType',
  'safetyOrderVolume',
  'safetyOrderStep',
  'maxSafetyOrders',
  'maxActiveSafetyOrders',
  'volumeScale',
  'stepScale',
  'takeProfit',
  'takeProfitSteps',
  'stopLoss',
  'cooldownSeconds',
  'maxActiveDeals',
  'maxSlippage',
];

function dcaRows(settings: DcaSettings, quote: string): readonly (readonly [string, string])[] {
  return [
    ['Base order', `${settings.baseOrderVolume} ${quote}, ${settings.baseOrderType}`],
    [
      'Safety orders',
      `${settings.maxSafetyOrders}, at most ${settings.maxActiveSafetyOrders} at once`,
    ],
    [
      'First safety order',
      `${settings.safetyOrderVolume} ${quote}, ${settings.safetyOrderStep} % below`,
    ],
    ['Each further one', `volume × ${settings.volumeScale}, step × ${settings.stepScale}`],
    ['Take profit', takeProfitText(settings)],
    [
      'Stop loss',
      settings.stopLoss === undefined ? 'none' : `${settings.stopLoss} % below the base order`,
    ],
    ['Wait between deals', `${groupedCount(settings.cooldownSeconds)} s`],
    ['Deals at once', `1 (${settings.maxActiveDeals} in the settings, one symbol here)`],
    ['Most slippage', `${settings.maxSlippage} %`],
  ];
}

function takeProfitText({ takeProfit, takeProfitSteps, takeProfitType }: DcaSettings): string {
  const whole = takeProfitType === 'total' ? 'everything moved' : 'the base order';
  if (takeProfit !== undefined) return `take profit ${takeProfit} % of ${whole}, after commissions`;
  if (takeProfitSteps === undefined) return 'no take profit';
  return takeProfitSteps
    .map(({ profit, share }) => `take profit ${profit} % for ${share} % of the position`)
    .join('; ');
}

function otherRows(
  settings: BotSettings,
  told: readonly string[],
): readonly (readonly [string, string])[] {
  const fields: Fields = SETTINGS_FIELDS[settings.kind];
  return Object.entries(settings).flatMap(([name, value]: [string, unknown]) => {
    const field = fields[name];
    if (field === undefined || told.includes(name)) return [];
    const isDefault = 'default' in field && JSON.stringify(field.default) === JSON.stringify(value);
    const isShown = settings.kind !== 'dca' || !isDefault;
    return isShown ? [[words(name), valueText(value)] as const] : [];
  });
}

/** `maxSlippage` as 'Max slippage'. */
function words(name: string): string {
  const spaced = name.replace(
    /([a-z])([A-Z0-9])/g,
    (_, left: string, right: string) => `${left} ${right.toLowerCase()}`,
  );
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

function valueText(value: unknown): string {
  if (Array.isArray(value)) return value.map(valueText).join('; ');
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([key, part]: [string, unknown]) => `${words(key).toLowerCase()} ${valueText(part)}`)
    .join(', ');
}
