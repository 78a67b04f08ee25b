// SPDX-License-Identifier: Apache-2.0
// Seals a secret to the vault's import key, and what opens the vault to the signer of this hour: HPKE (RFC 9180), base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256,
// AES-256-GCM, by Web Crypto alone. It runs where the secret is typed, never in the signer's process, which alone can
// open it.

const KEM = suite('KEM', [0x00, 0x20]);
const HPKE = suite('HPKE', [0x00, 0x20, 0x00, 0x01, 0x00, 0x02]);
const HASH_BYTES = 32;
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const EMPTY = new Uint8Array(0);
const IMPORT_INFO = bytes('kontor-import/v1');
const UNLOCK_INFO = bytes('kontor-unlock/v1');

export interface SealedFor {
  /** The import key's 32 public bytes. */
  readonly importKey: Uint8Array<ArrayBuffer>;
  readonly name: string;
  readonly venue: string;
  readonly keyKind: string;
}

/** `secret` in base64, to be opened by the signer alone and only for this connection. */
export async function sealSecret(secret: Uint8Array<ArrayBuffer>, to: SealedFor): Promise<string> {
  const additional = `${to.name}\n${to.venue}\n${to.keyKind}`;
  return seal(secret, { point: to.importKey, info: IMPORT_INFO, additional });
}

/** What `sealToOpen` seals for. */
export type OpeningPurpose =
  | { readonly kind: 'passphrase' }
  | { readonly kind: 'way'; readonly way: string }
  | { readonly kind: 'addPasskey'; readonly credential: string; readonly salt: string };

/** What opens the vault, in base64, for the signer that told `unlockKey` and for this purpose alone. */
export function sealToOpen(
  secret: Uint8Array<ArrayBuffer>,
  unlockKey: Uint8Array<ArrayBuffer>,
  purpose: OpeningPurpose,
): Promise<string> {
  return seal(secret, { point: unlockKey, info: UNLOCK_INFO, additional: purposeText(purpose) });
}

function purposeText(purpose: OpeningPurpose): string {
  switch (purpose.kind) {
    case 'passphrase':
      return 'passphrase';
    case 'way':
      return `way\n${purpose.way}`;
    case 'addPasskey':
      return `add passkey\n${purpose.credential}\n${purpose.salt}`;
  }
}

async function seal(
  secret: Uint8Array<ArrayBuffer>,
  to: {
    readonly point: Uint8Array<ArrayBuffer>;
    readonly info: Uint8Array<ArrayBuffer>;
    readonly additional: string;
  },
): Promise<string> {
  const { subtle } = crypto;
  const recipient = await subtle.importKey('raw', to.point, 'X25519', false, []);
  const ephemeral = await subtle.generateKey('X25519', false, ['deriveBits']);
  if (!('privateKey' in ephemeral)) throw new Error('expected a pair of keys, found one');
  const point = new Uint8Array(await subtle.exportKey('raw', ephemeral.publicKey));
  const shared = new Uint8Array(
    await subtle.deriveBits({ name: 'X25519', public: recipient }, ephemeral.privateKey, 256),
  );
  const prk = await extract(KEM, EMPTY, 'eae_prk', shared);
  const kemSecret = await expand(KEM, prk, 'shared_secret', joined(point, to.point), HASH_BYTES);
  const schedule = joined(
    Uint8Array.of(0),
    await extract(HPKE, EMPTY, 'psk_id_hash', EMPTY),
    await extract(HPKE, EMPTY, 'info_hash', to.info),
  );
  const root = await extract(HPKE, kemSecret, 'secret', EMPTY);
  const key = await expand(HPKE, root, 'key', schedule, KEY_BYTES);
  const iv = await expand(HPKE, root, 'base_nonce', schedule, NONCE_BYTES);
  const additionalData = bytes(to.additional);
  const aes = await subtle.importKey('raw', key, 'AES-GCM', false, ['encrypt']);
  const sealed = await subtle.encrypt({ name: 'AES-GCM', iv, additionalData }, aes, secret);
  for (const used of [shared, prk, kemSecret, root, key]) used.fill(0);
  return btoa(String.fromCharCode(...point, ...new Uint8Array(sealed)));
}

async function hmac(
  key: Uint8Array<ArrayBuffer>,
  text: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  // HMAC pads its key with zeros, so that one zero byte is as good as the empty key, which Web Crypto refuses.
  const raw = key.length === 0 ? new Uint8Array(HASH_BYTES) : key;
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const made = await crypto.subtle.importKey('raw', raw, algorithm, false, ['sign']);
  return new Uint8Array(await crypto.subtle.sign('HMAC', made, text));
}

function extract(
  suiteId: Uint8Array<ArrayBuffer>,
  salt: Uint8Array<ArrayBuffer>,
  label: string,
  input: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  return hmac(salt, joined(bytes('HPKE-v1'), suiteId, bytes(label), input));
}

/** One block of HKDF-Expand: no output here is longer than a hash. */
async function expand(
  suiteId: Uint8Array<ArrayBuffer>,
  prk: Uint8Array<ArrayBuffer>,
  label: string,
  info: Uint8Array<ArrayBuffer>,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const labelled = joined(Uint8Array.of(0, length), bytes('HPKE-v1'), suiteId, bytes(label), info);
  return (await hmac(prk, joined(labelled, Uint8Array.of(1)))).slice(0, length);
}

function suite(name: string, ids: readonly number[]): Uint8Array<ArrayBuffer> {
  return joined(bytes(name), Uint8Array.from(ids));
}

function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let position = 0;
  for (const part of parts) {
    whole.set(part, position);
    position += part.length;
  }
  return whole;
}

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
