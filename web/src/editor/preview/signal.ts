// SPDX-License-Identifier: Apache-2.0
// A position of a signal bot, were a signal to come now.

import { signalPlan, type SignalSettings } from '@kontor/core';

import { tradePreview } from './smart-trade.ts';
import type { Preview, PreviewContext } from './preview.ts';

export function previewSignal(settings: SignalSettings, context: PreviewContext): Preview {
  const direction = settings.directions === 'short' ? 'short' : 'long';
  return tradePreview(signalPlan(settings, direction), context, {});
}
