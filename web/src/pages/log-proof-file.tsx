// SPDX-License-Identifier: Apache-2.0
// A proof that somebody brought: chosen or dropped, verified here, sent nowhere.

import { useRef, useState, type DragEvent, type ReactElement } from 'react';

import { kindText, useLogLanguage } from '../language/use-log-language.ts';
import { LogReadError, type FileCheck, type LogReader } from '../log/log-reader.ts';
import { Button } from '../parts/button.tsx';
import { Card } from '../parts/card.tsx';
import { CheckResult } from './log-entries.tsx';

const FILE_BYTES_MAX = 1024 * 1024;

export function ProofFileCard({ reader }: { readonly reader: LogReader }): ReactElement {
  const words = useLogLanguage();
  const input = useRef<HTMLInputElement>(null);
  const [found, setFound] = useState<FileCheck | string | null>(null);
  const take = async (file: File | undefined): Promise<void> => {
    if (file === undefined) return;
    if (file.size > FILE_BYTES_MAX) {
      setFound(words.fileTooLarge);
      return;
    }
    try {
      setFound(reader.checkFile(new Uint8Array(await file.arrayBuffer())));
    } catch (error) {
      setFound(words.failed(error instanceof LogReadError ? error.message : String(error)));
    }
  };
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    void take(event.dataTransfer.files[0]);
  };
  return (
    <Card title={words.file}>
      <div
        className="card-body log-file"
        onDragOver={(event) => event.preventDefault()}
        onDrop={drop}
      >
        <p className="muted">{words.fileHint}</p>
        <input
          ref={input}
          type="file"
          hidden
          aria-label={words.fileChoose}
          accept=".tlog-proof,text/plain"
          onChange={(event) => {
            void take(event.target.files?.[0]);
            event.target.value = '';
          }}
        />
        <Button onClick={() => input.current?.click()}>{words.fileChoose}</Button>
        <div role="status">
          {found === null ? null : typeof found === 'string' ? (
            <p className="log-fault">{found}</p>
          ) : (
            <FileResult check={found} />
          )}
        </div>
      </div>
    </Card>
  );
}

function FileResult({ check }: { readonly check: FileCheck }): ReactElement {
  const words = useLogLanguage();
  const { entry, fields } = check;
  return (
    <>
      <CheckResult check={check} />
      {entry === null ? (
        <p>{words.foreign}</p>
      ) : (
        <>
          <p>{kindText(entry.kind, words)}</p>
          <pre>{JSON.stringify(entry, null, 2)}</pre>
        </>
      )}
      {fields === null ? (
        <p className="muted">{words.sealed}</p>
      ) : (
        <>
          <p>{words.opened}</p>
          <pre>{JSON.stringify(fields, null, 2)}</pre>
        </>
      )}
    </>
  );
}
