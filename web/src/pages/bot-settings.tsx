// SPDX-License-Identifier: Apache-2.0
// A bot's settings as answers to questions, with what they can cost in sight.

import type { ReactElement } from 'react';

import { useDeskFacts } from '../api/desk-facts.tsx';
import { useConnections } from '../api/queries.ts';
import type { Bot } from '../api/types.ts';
import { SettingsView } from '../editor/settings-view.tsx';
import { useMarket, usePreview } from '../editor/use-preview.ts';
import { useLanguage } from '../language/language.tsx';
import { useSettingsLanguage } from '../language/use-settings-language.ts';
import { Amount } from '../parts/numbers.tsx';
import './bot-settings.css';

export function BotSettings({ bot }: { readonly bot: Bot }): ReactElement {
  const { text } = useLanguage();
  const { words } = useSettingsLanguage();
  const facts = useDeskFacts();
  const connections = useConnections();
  const connection = connections.data?.find((each) => each.id === bot.connection);
  const { settings } = bot;
  const [symbol = '', second] = settings.symbols;
  const instrument = facts.instrument(symbol);
  return (
    <div className="bot-settings">
      <Costs bot={bot} />
      <SettingsView
        settings={settings}
        quoteAsset={instrument?.quoteAsset ?? bot.quoteAsset}
        baseAsset={second === undefined ? (instrument?.baseAsset ?? '') : ''}
        priceDecimals={second === undefined ? (instrument?.priceDecimals ?? 0) : 0}
      />
      <dl className="bot-settings-about">
        <div>
          <dt>{text.bot.kind}</dt>
          <dd>{words.kinds[bot.kind]?.name ?? bot.kind}</dd>
        </div>
        <div>
          <dt>{text.bot.connection}</dt>
          <dd>{connection?.name ?? bot.connection}</dd>
        </div>
      </dl>
    </div>
  );
}

/** What the bot needs at the prices now, by the machine's own preview. */
function Costs({ bot }: { readonly bot: Bot }): ReactElement {
  const { text, format } = useLanguage();
  const facts = useDeskFacts();
  const { settings } = bot;
  const market = useMarket(settings.symbols);
  const preview = usePreview(settings, settings.symbols[0] ?? '', market);
  return (
    <div className="bot-settings-cost" title={text.bot.maxFundsHint}>
      <span>{text.bot.maxFunds}</span>
      {preview === null ? (
        <span className="faint">…</span>
      ) : (
        preview.funds.map((funds) => (
          <span key={funds.asset}>
            <strong>
              <Amount value={funds.required} asset={funds.asset} />
            </strong>{' '}
            {funds.perDeal === '' ? null : (
              <span className="muted">
                {text.bot.perDeal(
                  `${format.decimal(funds.perDeal, facts.assetDecimals(funds.asset))} ${funds.asset}`,
                )}
              </span>
            )}
          </span>
        ))
      )}
    </div>
  );
}
