// SPDX-License-Identifier: Apache-2.0
// The entries of the log, newest first, found by number or time; each is proven in the browser on request.

import { useQuery } from '@tanstack/react-query';
import { useId, useState, type FormEvent, type ReactElement } from 'react';

import { useLanguage } from '../language/language.tsx';
import { kindText, useLogLanguage } from '../language/use-log-language.ts';
import {
  LogReadError,
  type EntryCheck,
  type LogReader,
  type ShownEntry,
} from '../log/log-reader.ts';
import { Button } from '../parts/button.tsx';
import { Card } from '../parts/card.tsx';
import { Skeleton } from '../parts/states.tsx';
import { ShortTime } from '../parts/times.tsx';

const SHOWN = 50n;

export function EntriesCard({ reader }: { readonly reader: LogReader }): ReactElement {
  const words = useLogLanguage();
  /** Below which entry the list begins; null: at the newest. */
  const [end, setEnd] = useState<bigint | null>(null);
  const [open, setOpen] = useState<bigint | null>(null);
  const top = end === null || end > reader.size ? reader.size : end;
  const from = top > SHOWN ? top - SHOWN : 0n;
  const page = useQuery({
    queryKey: ['log', 'entries', reader.verifierKey, String(from), String(top)],
    queryFn: () => reader.entries(from, top),
    structuralSharing: false,
    placeholderData: (before) => before,
  });
  return (
    <Card
      title={words.entries}
      aside={
        <span className="log-steps">
          <Button look="quiet" disabled={end === null} onClick={() => setEnd(null)}>
            {words.newest}
          </Button>
          <Button
            look="quiet"
            disabled={top >= reader.size}
            onClick={() => setEnd(top + SHOWN >= reader.size ? null : top + SHOWN)}
          >
            {words.newer}
          </Button>
          <Button look="quiet" disabled={from === 0n} onClick={() => setEnd(from)}>
            {words.older}
          </Button>
        </span>
      }
    >
      <Search
        reader={reader}
        onFound={(index) => {
          const last = reader.size - 1n;
          const shown = index > last ? last : index;
          setEnd(shown + 1n);
          setOpen(shown);
        }}
      />
      {page.isError ? (
        <p className="log-fault card-body" role="alert">
          {words.failed(page.error.message)}
        </p>
      ) : page.data === undefined ? (
        <Skeleton rows={10} />
      ) : (
        <ol className="log-list" aria-label={words.entries}>
          {page.data.toReversed().map((shown) => (
            <EntryRow
              key={String(shown.index)}
              reader={reader}
              shown={shown}
              isOpen={open === shown.index}
              onToggle={() => setOpen(open === shown.index ? null : shown.index)}
            />
          ))}
        </ol>
      )}
    </Card>
  );
}

function Search({
  reader,
  onFound,
}: {
  readonly reader: LogReader;
  readonly onFound: (index: bigint) => void;
}): ReactElement {
  const words = useLogLanguage();
  const [typed, setTyped] = useState('');
  const [fault, setFault] = useState('');
  const faultId = useId();
  const find = async (): Promise<void> => {
    const text = typed.trim();
    if (/^\d{1,15}$/.test(text)) {
      onFound(BigInt(text));
      return;
    }
    const time = Date.parse(text.replace(/^(\d{4}-\d\d-\d\d) /, '$1T'));
    if (Number.isNaN(time)) setFault(words.searchWrong);
    else onFound(await reader.indexAt(time));
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setFault('');
    find().catch((error: unknown) =>
      setFault(words.failed(error instanceof Error ? error.message : String(error))),
    );
  };
  return (
    <form className="log-search" onSubmit={submit}>
      <input
        type="search"
        aria-label={words.search}
        placeholder={words.searchHint}
        aria-invalid={fault !== ''}
        aria-describedby={fault === '' ? undefined : faultId}
        value={typed}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => setTyped(event.target.value)}
      />
      <button type="submit" className="button button-plain">
        {words.go}
      </button>
      {fault === '' ? null : (
        <p id={faultId} className="log-fault" role="alert">
          {fault}
        </p>
      )}
    </form>
  );
}

function EntryRow({
  reader,
  shown,
  isOpen,
  onToggle,
}: {
  readonly reader: LogReader;
  readonly shown: ShownEntry;
  readonly isOpen: boolean;
  readonly onToggle: () => void;
}): ReactElement {
  const { format } = useLanguage();
  const words = useLogLanguage();
  const { entry, index } = shown;
  return (
    <li className={isOpen ? 'log-entry log-entry-open' : 'log-entry'}>
      <button type="button" className="log-entry-head" aria-expanded={isOpen} onClick={onToggle}>
        <span className="number log-entry-index">{format.integer(Number(index))}</span>
        <span className="muted">{entry === null ? null : <ShortTime at={entry.t} />}</span>
        <span className="log-entry-what">
          {entry === null ? words.foreign : kindText(entry.kind, words)}
          <span className="muted"> {asideOf(shown)}</span>
        </span>
      </button>
      {isOpen ? <EntryDetails reader={reader} shown={shown} /> : null}
    </li>
  );
}

/** The fields that tell one entry from the next at a glance. */
function asideOf({ entry }: ShownEntry): string {
  return ['op', 'rule', 'note', 'conn']
    .map((name) => entry?.[name])
    .filter((value) => typeof value === 'string')
    .join(' · ');
}

function EntryDetails({
  reader,
  shown,
}: {
  readonly reader: LogReader;
  readonly shown: ShownEntry;
}): ReactElement {
  const words = useLogLanguage();
  const [isBusy, setBusy] = useState(false);
  const [found, setFound] = useState<EntryCheck | string | null>(null);
  const doing = (work: () => Promise<void>): void => {
    setBusy(true);
    work()
      .catch((error: unknown) => {
        const reason = error instanceof LogReadError ? error.message : String(error);
        setFound(words.failed(reason));
      })
      .finally(() => setBusy(false));
  };
  const check = async (): Promise<void> => setFound(await reader.check(shown.index));
  const download = async (): Promise<void> => {
    const bytes = await reader.proofFile(shown.index);
    save(`entry-${shown.index}.tlog-proof`, bytes);
  };
  return (
    <div className="log-details">
      <p className="muted">{words.details}</p>
      <pre>{prettyEntry(shown)}</pre>
      <div className="log-steps">
        <Button isBusy={isBusy} onClick={() => doing(check)}>
          {isBusy ? words.checking : words.check}
        </Button>
        <Button icon="export" look="quiet" disabled={isBusy} onClick={() => doing(download)}>
          {words.download}
        </Button>
      </div>
      <div role="status">
        {found === null ? null : typeof found === 'string' ? (
          <p className="log-fault">{found}</p>
        ) : (
          <CheckResult check={found} />
        )}
      </div>
    </div>
  );
}

/** What was verified, in words and hashes. */
export function CheckResult({ check }: { readonly check: EntryCheck }): ReactElement {
  const { format } = useLanguage();
  const words = useLogLanguage();
  const { index, size, pathLength, witnesses, unchecked, leaf, root } = check;
  return (
    <div className="log-check">
      <p className="log-proven">
        {words.checked(format.integer(Number(index)), format.integer(Number(size)))}
      </p>
      <p className="muted">
        {words.path(format.integer(pathLength))}.{' '}
        {witnesses.length === 0 ? words.cosignedByNone : words.cosignedBy(witnesses.join(', '))}
        {unchecked === 0 ? null : ` ${words.unchecked(format.integer(unchecked))}`}
      </p>
      <code>{leaf}</code>
      <code>{root}</code>
    </div>
  );
}

function prettyEntry({ entry, bytes }: ShownEntry): string {
  return entry === null
    ? new TextDecoder().decode(bytes.slice(0, 4096))
    : JSON.stringify(entry, null, 2);
}

function save(name: string, bytes: Uint8Array): void {
  const url = URL.createObjectURL(new Blob([bytes.slice()], { type: 'text/plain' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
