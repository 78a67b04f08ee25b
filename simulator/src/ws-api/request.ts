// SPDX-License-Identifier: Apache-2.0
// From a text frame to a request: its ID, its method, its parameters and what a signature is over.

import { refusal, type Refusal } from '../errors.ts';
import { Parameters } from '../rest/parameters.ts';

export type RequestId = string | number | null;

export interface WsRequest {
  readonly id: RequestId;
  readonly method: string;
  readonly values: Map<string, string>;
}

const INVALID_JSON = refusal(-1135, 'Invalid JSON Request');
const ID = /^[a-zA-Z0-9-_]{0,36}$/;

/** A number as it was written: its text is what a signature covers. */
class NumberText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export function parseRequest(
  text: string,
):
  | { readonly ok: true; readonly request: WsRequest }
  | { readonly ok: false; readonly id: RequestId; readonly refusal: Refusal } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text, keepNumberText);
  } catch {
    return { ok: false, id: null, refusal: INVALID_JSON };
  }
  if (!isRecord(parsed)) return { ok: false, id: null, refusal: INVALID_JSON };
  const id = readId(parsed['id']);
  if (id === undefined) {
    return {
      ok: false,
      id: null,
      refusal: refusal(
        -1100,
        "Illegal characters found in parameter 'id'; legal range is '^[a-zA-Z0-9-_]{0,36}$'.",
      ),
    };
  }
  const { method, params } = parsed;
  if (typeof method !== 'string') {
    return {
      ok: false,
      id,
      refusal: refusal(
        -1102,
        "Mandatory parameter 'method' was not sent, was empty/null, or malformed.",
      ),
    };
  }
  if (params !== undefined && params !== null && !isRecord(params)) {
    return { ok: false, id, refusal: INVALID_JSON };
  }
  const values = new Map<string, string>();
  for (const [name, value] of Object.entries(params ?? {})) {
    if (value !== null) values.set(name, toText(value));
  }
  const bare = method.startsWith('v3/') ? method.slice(3) : method;
  return { ok: true, request: { id, method: bare, values } };
}

/** The parameters in order of their names, without the signature. */
export function signedPayload(values: ReadonlyMap<string, string>): string {
  return Array.from(values)
    .filter(([name]) => name !== 'signature')
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

export function toParameters(values: Map<string, string>): Parameters {
  return new Parameters(values);
}

/** The reviver's third argument holds the source of what it is called for. */
function keepNumberText(_name: string, value: unknown, ...[context]: readonly unknown[]): unknown {
  if (typeof value !== 'number') return value;
  const hasSource = typeof context === 'object' && context !== null && 'source' in context;
  return new NumberText(hasSource ? String(context.source) : String(value));
}

function toText(value: unknown): string {
  if (value instanceof NumberText) return value.text;
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  return JSON.stringify(value, (_name, item: unknown) =>
    item instanceof NumberText ? Number(item.text) : item,
  );
}

function readId(value: unknown): RequestId | undefined {
  if (value === undefined || value === null) return null;
  if (value instanceof NumberText) return Number(value.text);
  return typeof value === 'string' && ID.test(value) ? value : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof NumberText)
  );
}
