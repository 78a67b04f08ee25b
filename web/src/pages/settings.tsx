// SPDX-License-Identifier: Apache-2.0
// How this browser shows the desk, and every key it knows.

import { useState, type ReactElement, type ReactNode } from 'react';

import { setAccess } from '../access.ts';
import { useDeskFacts } from '../api/desk-facts.tsx';
import { marketNow, useEverySecond } from '../api/market-clock.ts';
import { endSession } from '../api/queries.ts';
import { useErrorText } from '../language/error-text.ts';
import { useLanguage } from '../language/language.tsx';
import { Anchor } from '../parts/anchor.tsx';
import { Button } from '../parts/button.tsx';
import { Card } from '../parts/card.tsx';
import { Segmented } from '../parts/segmented.tsx';
import { say } from '../parts/toasts.tsx';
import { paths } from '../paths.ts';
import { choosePreferences, usePreferences } from '../preferences.ts';
import { KeyboardList } from '../shell/keyboard-list.tsx';
import './settings.css';

export function SettingsPage(): ReactElement {
  const { text, format } = useLanguage();
  const { desk } = useDeskFacts();
  const preferences = usePreferences();
  const example = useEverySecond(() => format.full(marketNow()));
  const { settings } = text;
  return (
    <div className="page-scroll settings">
      <header className="page-head">
        <h1>{settings.title}</h1>
        <span className="muted">{settings.intro}</span>
      </header>
      <Card title={settings.display}>
        <div className="card-body settings-list">
          <Choice name={settings.language}>
            <Segmented
              label={settings.language}
              value={preferences.language}
              options={[
                { value: 'system', name: settings.system },
                { value: 'en', name: settings.languageName.en },
                { value: 'de', name: settings.languageName.de },
              ]}
              onChange={(language) => choosePreferences({ language })}
            />
          </Choice>
          <Choice name={settings.theme}>
            <Segmented
              label={settings.theme}
              value={preferences.theme}
              options={[
                { value: 'system', name: settings.system },
                { value: 'dark', name: settings.themeName.dark },
                { value: 'light', name: settings.themeName.light },
              ]}
              onChange={(theme) => choosePreferences({ theme })}
            />
          </Choice>
          <Choice name={settings.zone}>
            <Segmented
              label={settings.zone}
              value={preferences.zone}
              options={[
                { value: 'local', name: settings.zoneName.local },
                { value: 'utc', name: settings.zoneName.utc },
              ]}
              onChange={(zone) => choosePreferences({ zone })}
            />
          </Choice>
          <Choice name={settings.hours}>
            <Segmented
              label={settings.hours}
              value={preferences.hours}
              options={[
                { value: 'system', name: settings.system },
                { value: 'h23', name: settings.hoursName.h23 },
                { value: 'h12', name: settings.hoursName.h12 },
              ]}
              onChange={(hours) => choosePreferences({ hours })}
            />
          </Choice>
          <Choice name={settings.example}>
            <span className="number">
              {example} · {format.decimal('1234567.89', 2)}
            </span>
          </Choice>
        </div>
      </Card>
      <Card title={settings.session}>
        <div className="card-body settings-list">
          <Choice name={settings.sessionText}>
            <LockButton />
          </Choice>
          <Choice name={text.nav.people}>
            <Anchor className="button button-plain" href={paths.people}>
              {text.nav.people}
            </Anchor>
          </Choice>
        </div>
      </Card>
      <Card title={settings.keyboard}>
        <div className="card-body">
          <KeyboardList />
        </div>
      </Card>
      <Card title={settings.about}>
        <div className="card-body settings-list">
          <Choice name={settings.desk}>{desk.name}</Choice>
          <Choice name={settings.version}>{`${desk.version} · ${settings.licence}`}</Choice>
          <Choice name="TradingView">
            <a
              className="settings-link"
              href="https://www.tradingview.com/"
              rel="noreferrer"
              target="_blank"
            >
              {settings.chartNotice}
            </a>
          </Choice>
        </div>
      </Card>
    </div>
  );
}

function LockButton(): ReactElement {
  const { text } = useLanguage();
  const errorText = useErrorText();
  const [isBusy, setBusy] = useState(false);
  const lock = async (): Promise<void> => {
    setBusy(true);
    try {
      await endSession();
      setAccess('locked');
    } catch (error) {
      setBusy(false);
      say(text.settings.notLocked(errorText(error)), { look: 'failed' });
    }
  };
  return (
    <Button isBusy={isBusy} onClick={() => void lock()}>
      {text.settings.lock}
    </Button>
  );
}

function Choice({
  name,
  children,
}: {
  readonly name: string;
  readonly children: ReactNode;
}): ReactElement {
  return (
    <div className="settings-choice">
      <span className="muted">{name}</span>
      <div>{children}</div>
    </div>
  );
}
