// SPDX-License-Identifier: Apache-2.0
// What a person may ask of bots and deals, and what the page says about it.

import { useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';

import { cancelDeal, closeDeal, startBot, stopBot } from './api/queries.ts';
import type { Bot, Deal } from './api/types.ts';
import { useErrorText } from './language/error-text.ts';
import { useLanguage } from './language/language.tsx';
import { say } from './parts/toasts.tsx';

export interface BotActions {
  /** One after another; resolves when all have been answered. */
  readonly start: (bots: readonly Bot[]) => Promise<void>;
  readonly stop: (bots: readonly Bot[]) => Promise<void>;
}

export function useBotActions(): BotActions {
  const client = useQueryClient();
  const { text, format } = useLanguage();
  const errorText = useErrorText();
  return useMemo(() => {
    const run = async (bots: readonly Bot[], isStart: boolean, canUndo: boolean): Promise<void> => {
      const done: Bot[] = [];
      for (const bot of bots) {
        try {
          done.push(await (isStart ? startBot : stopBot)(client, bot.id));
        } catch (error) {
          const sentence = isStart ? text.bots.notStarted : text.bots.notStopped;
          say(sentence(bot.name, errorText(error)), { look: 'failed' });
        }
      }
      const [first] = done;
      if (first === undefined) return;
      const count = { count: done.length, text: format.integer(done.length) };
      const message = (isStart ? text.bots.started : text.bots.stopped)(count, first.name);
      say(message, canUndo ? { undo: () => void run(done, !isStart, false) } : {});
    };
    return {
      start: (bots) => run(bots, true, true),
      stop: (bots) => run(bots, false, true),
    };
  }, [client, text, format, errorText]);
}

export interface DealActions {
  /** Answers whether the desk took the command. */
  readonly close: (deal: Deal, name: string) => Promise<boolean>;
  readonly cancel: (deal: Deal, name: string) => Promise<boolean>;
}

export function useDealActions(): DealActions {
  const client = useQueryClient();
  const { text } = useLanguage();
  const errorText = useErrorText();
  return {
    close: async (deal, name) => {
      try {
        await closeDeal(client, deal.id);
        say(text.deal.closing(name));
        return true;
      } catch (error) {
        say(text.deal.notClosed(name, errorText(error)), { look: 'failed' });
        return false;
      }
    },
    cancel: async (deal, name) => {
      try {
        await cancelDeal(client, deal.id);
        say(text.deal.cancelling(name));
        return true;
      } catch (error) {
        say(text.deal.notCancelled(name, errorText(error)), { look: 'failed' });
        return false;
      }
    },
  };
}
