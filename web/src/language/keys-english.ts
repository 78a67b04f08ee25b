// SPDX-License-Identifier: Apache-2.0
// What the desk says in English about keys and the vault.

export const englishKeys = {
  newConnection: 'New connection',
  step: (at: string, of: string): string => `Step ${at} of ${of}`,
  choose: 'Exchange and key',
  onlyOwner: 'Keys are for owners of the desk: what you enter here will be refused.',
  venue: 'Exchange',
  venueName: {
    binance: 'Binance Spot',
    demo: 'Kontor’s demo exchange',
    'paper-binance': 'Kontor’s paper exchange',
  },
  otherVenue: (venue: string): string =>
    `This desk trades at ${venue}. A key for another exchange is kept in the vault and waits for a desk that trades there; here nothing is signed with it, and its rights cannot be checked.`,
  /** The desk's own exchange is made up. */
  noRealDesk:
    'This version of Kontor starts desks for its demo exchange and for paper trading, none with real money yet.',
  elsewhere: 'Waits for its exchange',
  name: 'Name',
  nameHelp: 'What the policy file calls this connection.',
  nameWrong:
    'Take 1 to 40 letters without accents, digits, spaces, “.”, “_” or “-”, beginning with a letter or digit, not with “c_”, and without a space at the end.',
  nameTaken: (name: string): string => `A connection called ${name} exists already.`,
  kind: 'Kind of key',
  /** By where a key comes from and its kind, as the desk names both. */
  kinds: {
    'made ed25519': {
      name: 'Ed25519',
      grade: 'Recommended · grade A or B',
      what: 'Made in the signer; the exchange learns the public half only. Grade A once the exchange binds it to your addresses, B until then.',
    },
    'made rsa-2048': {
      name: 'RSA, 2,048 bits',
      grade: 'Grade A or B',
      what: 'As Ed25519, for exchanges that do not take that. While it is made the signer signs nothing, for about a second.',
    },
    'imported ed25519': {
      name: 'Ed25519 key of your own',
      grade: 'Grade B or C',
      what: 'Made elsewhere and handed over as a sealed file. Only where you have such a key already: every other copy of it can sign, too.',
    },
    'imported rsa-2048': {
      name: 'RSA key of your own, 2,048 bits',
      grade: 'Grade B or C',
      what: 'As an Ed25519 key of your own.',
    },
    'imported hmac-sha256': {
      name: 'HMAC secret',
      grade: 'Grade C',
      what: 'Made by the exchange, which knows it too, and in a browser and a clipboard before it is here. Only where nothing else is taken.',
    },
  },
  make: 'Make the key',
  next: 'Next',
  back: 'Back',
  secretTitle: 'Seal the secret',
  fingerprint: 'Fingerprint of the import key',
  fingerprintHelp: (command: string): string =>
    `Run ${command} in the terminal of the desk and compare: only this vault can open what is sealed to this key.`,
  fingerprintSame: 'The terminal shows the same fingerprint.',
  fingerprintNeeded: 'Compare the fingerprint first.',
  pageTrust:
    'This page comes from the desk’s server. If you do not trust that machine, seal in the terminal instead:',
  copyCommand: 'Copy the command',
  secret: 'Secret of the exchange',
  secretHelp: 'It is sealed in this browser. The server carries what it cannot read.',
  secretWrong: 'Take the secret as the exchange shows it: 16 to 512 characters without spaces.',
  secretAgain: 'The field was emptied; enter the secret once more to try again.',
  privateFile: 'File of the private key',
  privateFileHelp:
    'PKCS #8 in PEM, without a passphrase (it begins with “BEGIN PRIVATE KEY”). It is read and sealed in this browser; the server carries what it cannot read.',
  privateFileNeeded: 'Choose the file of the private key.',
  privateFileWrong:
    'That file holds no private key in PKCS #8 without a passphrase. Make one of it with: openssl pkcs8 -topk8 -nocrypt.',
  privateFileSealed: 'Sealed. Now destroy every other copy of the private key.',
  publicHalf: 'Its public half',
  publicHalfHelp:
    'As the exchange has it, in PEM. The signer takes the key only if the two belong together.',
  publicHalfWrong: 'Enter the public key in PEM: it begins with “BEGIN PUBLIC KEY”.',
  clipboard: 'Sealed. Now empty your clipboard, it may still hold the secret.',
  seal: 'Seal and hand over',
  noSealing:
    'This browser cannot seal here. It needs an address that begins with https:// or http://localhost and X25519, which browsers know since 2025. Seal in the terminal instead:',
  notSealed:
    'The browser could not seal the secret; nothing was sent. Seal in the terminal instead.',
  registerTitle: 'Register the key at the exchange',
  identifyTitle: 'Name the API key',
  publicKey: 'Public key',
  publicKeyHelp: 'No secret: this half goes to the exchange.',
  copyPublicKey: 'Copy the public key',
  steps: {
    create: 'At Binance open Profile, API Management, and choose “Create API”.',
    createElsewhere: 'Create an API key at the exchange, with a public key of your own.',
    paste: 'Choose “Self-generated” and paste the public key.',
    permissions:
      'Allow reading and “Enable Spot & Margin Trading”, nothing else. Never allow withdrawals.',
    permissionsElsewhere: 'Allow reading and spot trading, nothing else. Never allow withdrawals.',
    addresses:
      'Restrict access to trusted IPs: the public address of the machine that the desk runs on.',
    identifier: 'Enter the API key that the exchange shows now.',
  },
  apiKey: 'API key',
  apiKeyHelp: 'The identifier of the key, 64 letters and digits. It is no secret.',
  apiKeyLength: (found: string): string =>
    `Take the API key as the exchange shows it: 64 letters and digits. This has ${found} characters.`,
  apiKeyLetters:
    'Take the API key as the exchange shows it: 64 letters and digits. There are other characters among these.',
  apiKeyIsSecret: 'That is the secret. Enter the API key, which stands beside it at the exchange.',
  activate: 'Activate',
  activated: (name: string): string => `${name} is named.`,
  later: 'Later',
  goOn: 'Go on with the activation',
  doneTitle: 'The key is named',
  unconfirmed:
    'The exchange has not confirmed the key yet. If that lasts, compare the API key with what the exchange shows.',
  nameAnew: 'Enter another API key',
  done: 'The desk asks the exchange now what this key may do. As soon as that is in order the signer signs what the policy file allows for the connection, and nothing else.',
  donePolicy:
    'No line of the policy names it yet, so nothing is signed for it, not even the question what it may do. Write its lines on the page of the policy; edited by hand, the file would be locked.',
  toPolicy: 'To the policy',
  toConnections: 'To the connections',
  notThere: 'There is no such connection any more.',
  keyKind: 'Key',
  keyKindName: {
    ed25519: 'Ed25519',
    'rsa-2048': 'RSA, 2,048 bits',
    'rsa-4096': 'RSA, 4,096 bits',
    'hmac-sha256': 'HMAC secret',
  },
  grade: 'Grade',
  vault: 'Vault',
  vaultState: { open: 'Open', locked: 'Locked', unattended: 'Open, unattended' },
  vaultOpen: 'It opens with a passphrase. The key files alone open nothing.',
  vaultUnattended:
    'An unlock file opens the vault without a question: whoever reads the data folder, or wherever that file lies, has the keys.',
  vaultPassphrase: 'For a passphrase instead, stop the desk and run:',
  vaultLockedTitle: 'The vault is locked: nothing is signed',
  vaultLocked:
    'Orders, exits, stop losses and reading the account all wait. Prices are followed, and what rests at the exchange stays there.',
  vaultUnknown: 'The signer cannot be asked now; it is being started again.',
  refused: {
    nameInUse: (name: string): string => `The name ${name} is in use by a live connection.`,
    tooMany: (most: string): string => `There are ${most} connections already, which is the most.`,
    keyInUse: (holder: string): string =>
      `This key is in the vault already, or was before (${holder}). Make a new one at the exchange.`,
    notOpened:
      'The vault could not open it: it was sealed to another import key, or changed on the way. Compare the fingerprint.',
    notASecret: (least: string, most: string): string =>
      `The vault took it for no secret: ${least} to ${most} printable characters are needed.`,
    noRoom: (code: string): string => `There is no room for the key on the disk (${code}).`,
    noSuch: (connection: string): string => `There is no connection ${connection}.`,
    locked: 'The vault is locked. Give the passphrase in the terminal where the desk was started.',
    notRunning: 'The signer is not running now. Try again in a moment.',
  },
};

export type KeysText = typeof englishKeys;
