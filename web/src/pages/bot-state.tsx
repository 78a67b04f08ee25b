// SPDX-License-Identifier: Apache-2.0
// Whether a bot runs, and whether it needs a person.

import type { ReactElement } from 'react';

import type { Bot } from '../api/types.ts';
import { useLanguage } from '../language/language.tsx';
import { refusalText } from '../language/reason.ts';
import { Badge } from '../parts/badge.tsx';

export function BotState({ bot }: { readonly bot: Bot }): ReactElement {
  const language = useLanguage();
  const { text } = language;
  if (bot.attention !== null) {
    return (
      <span title={refusalText(bot.attention, language)}>
        <Badge look="needsYou">{text.bots.attention}</Badge>
      </span>
    );
  }
  return <Badge look={bot.state === 'running' ? 'on' : 'off'}>{text.bots.state[bot.state]}</Badge>;
}
