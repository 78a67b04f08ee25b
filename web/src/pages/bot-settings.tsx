// SPDX-License-Identifier: Apache-2.0
// A bot's settings as answers to questions, with what they can cost in sight.

import type { ReactElement, ReactNode } from 'react';

import { useConnections } from '../api/queries.ts';
import type { Bot, DcaSettings } from '../api/types.ts';
import { useLanguage } from '../language/language.tsx';
import { mostFunds } from '../most-funds.ts';
import { Amount } from '../parts/numbers.tsx';
import './bot-settings.css';

export function BotSettings({ bot }: { readonly bot: Bot }): ReactElement {
  const { settings } = bot;
  return settings.kind === 'dca' ? (
    <DcaBotSettings bot={bot} settings={settings} />
  ) : (
    <OtherBotSettings settings={settings} />
  );
}

/** What has no arrangement of its own yet reads as it is stored. */
function OtherBotSettings({ settings }: { readonly settings: Bot['settings'] }): ReactElement {
  return (
    <div className="bot-settings">
      <Group name={settings.kind}>
        {Object.entries(settings).map(([name, value]) => (
          <Line key={name} name={name}>
            {typeof value === 'string' ? value : JSON.stringify(value)}
          </Line>
        ))}
      </Group>
    </div>
  );
}

function DcaBotSettings({
  bot,
  settings,
}: {
  readonly bot: Bot;
  readonly settings: DcaSettings;
}): ReactElement {
  const { text, format } = useLanguage();
  const { quoteAsset } = bot;
  const { group, setting } = text.bot;
  const funds = mostFunds(settings);
  const connections = useConnections();
  const connection = connections.data?.find((each) => each.id === bot.connection);
  return (
    <div className="bot-settings">
      <div className="bot-settings-cost" title={text.bot.maxFundsHint}>
        <span>{text.bot.maxFunds}</span>
        <strong>
          <Amount value={funds.all} asset={quoteAsset} />
        </strong>
        <span className="muted">
          {text.bot.perDeal(`${format.decimal(funds.perDeal, 2)} ${quoteAsset}`)}
        </span>
      </div>
      <Group name={group.buy}>
        <Line name={setting.symbols}>{settings.symbols.join(', ')}</Line>
        <Line name={setting.baseOrderVolume}>
          <Amount value={settings.baseOrderVolume} asset={quoteAsset} />
        </Line>
        <Line name={setting.baseOrderType}>{text.bot.orderType[settings.baseOrderType]}</Line>
        <Line name={setting.cooldown}>{format.duration(settings.cooldownSeconds * 1000)}</Line>
      </Group>
      <Group name={group.average}>
        <Line name={setting.maxSafetyOrders}>{format.integer(settings.maxSafetyOrders)}</Line>
        <Line name={setting.maxActiveSafetyOrders}>
          {format.integer(settings.maxActiveSafetyOrders)}
        </Line>
        <Line name={setting.safetyOrderVolume}>
          <Amount value={settings.safetyOrderVolume} asset={quoteAsset} />
        </Line>
        <Line name={setting.volumeScale}>{`× ${format.exact(settings.volumeScale)}`}</Line>
        <Line name={setting.safetyOrderStep}>{format.share(settings.safetyOrderStep)}</Line>
        <Line name={setting.stepScale}>{`× ${format.exact(settings.stepScale)}`}</Line>
      </Group>
      <Group name={group.sell}>
        <Line name={setting.takeProfit}>
          {settings.takeProfit === undefined ? '' : format.share(settings.takeProfit)}
        </Line>
      </Group>
      <Group name={group.giveUp}>
        <Line name={setting.stopLoss}>
          {settings.stopLoss === undefined ? setting.noStopLoss : format.share(settings.stopLoss)}
        </Line>
      </Group>
      <Group name={group.limits}>
        <Line name={setting.maxActiveDeals}>{format.integer(settings.maxActiveDeals)}</Line>
        <Line name={setting.maxSlippage}>{format.share(settings.maxSlippage)}</Line>
        <Line name={text.bot.connection}>{connection?.name ?? bot.connection}</Line>
      </Group>
    </div>
  );
}

function Group({
  name,
  children,
}: {
  readonly name: string;
  readonly children: ReactNode;
}): ReactElement {
  return (
    <div role="group" aria-label={name}>
      <h3>{name}</h3>
      <dl>{children}</dl>
    </div>
  );
}

function Line({
  name,
  children,
}: {
  readonly name: string;
  readonly children: ReactNode;
}): ReactElement {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
