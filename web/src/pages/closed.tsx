// SPDX-License-Identifier: Apache-2.0
// Pages in the place of a page: locked, not answering, not found, broken.

import type { ErrorComponentProps } from '@tanstack/react-router';
import { lazy, Suspense, type ReactElement, type ReactNode } from 'react';

import { useLanguage } from '../language/language.tsx';
import { Anchor } from '../parts/anchor.tsx';
import { Button } from '../parts/button.tsx';
import { paths } from '../paths.ts';
import './closed.css';

const Door = lazy(async () => ({ default: (await import('../people/door.tsx')).Door }));
const Invited = lazy(async () => ({ default: (await import('../people/door.tsx')).Invited }));

/** There is no password to ask for: the link that the command line prints opens the desk. */
export function LockedPage(): ReactElement {
  const { text } = useLanguage();
  return (
    <Alone title={text.locked.title}>
      {location.pathname === '/locked' ? <p>{text.locked.spent}</p> : null}
      <Suspense fallback={null}>
        <Door />
      </Suspense>
      <p>{text.locked.text}</p>
      <pre>kontor start</pre>
      <p>{text.locked.again}</p>
      <pre>kontor link</pre>
      <p className="faint">{text.locked.waiting}</p>
    </Alone>
  );
}

/** An invited person is a stranger still: the page stands alone. */
export function InvitedPage(): ReactElement {
  return (
    <Alone title="">
      <Suspense fallback={null}>
        <Invited />
      </Suspense>
    </Alone>
  );
}

export function UnreachablePage({ onRetry }: { readonly onRetry: () => void }): ReactElement {
  const { text } = useLanguage();
  return (
    <Alone title={text.unreachable.title}>
      <p>{text.unreachable.text}</p>
      <Button look="primary" onClick={onRetry}>
        {text.common.retry}
      </Button>
    </Alone>
  );
}

export function NotFoundPage({ what }: { readonly what: 'page' | 'bot' | 'deal' }): ReactElement {
  const { text } = useLanguage();
  const sentences = { page: text.notFound.text, bot: text.notFound.bot, deal: text.notFound.deal };
  return (
    <div className="closed">
      <h1>{text.notFound.title}</h1>
      <p className="muted">{sentences[what]}</p>
      <Anchor className="button button-plain" href={paths.overview}>
        {text.notFound.home}
      </Anchor>
    </div>
  );
}

/** A fault of ours on one page; the rest of the desk goes on. */
export function BrokenPage({ error }: ErrorComponentProps): ReactElement {
  const { text } = useLanguage();
  return (
    <div className="closed" role="alert">
      <h1>{text.failed.page}</h1>
      <p className="muted">{text.failed.pageText}</p>
      <pre>{error instanceof Error ? error.message : String(error)}</pre>
      <Button onClick={() => location.reload()}>{text.health.reload}</Button>
    </div>
  );
}

function Alone({
  title,
  children,
}: {
  readonly title: string;
  readonly children: ReactNode;
}): ReactElement {
  return (
    <main className="alone">
      <div className="alone-box">
        <p className="alone-name">Kontor</p>
        {title === '' ? null : <h1>{title}</h1>}
        {children}
      </div>
    </main>
  );
}
