// SPDX-License-Identifier: Apache-2.0
// What the desk says in English about opening the vault.

export const englishVault = {
  passphrase: 'Passphrase of the vault',
  passphraseHelp:
    'It is sealed in this browser to the signer; the server carries what it cannot read. Or give it in the terminal where “kontor start” runs.',
  open: 'Open the vault',
  opening: 'This takes about a second.',
  passphraseNeeded: 'Enter the passphrase.',
  wrong: 'This does not open the vault.',
  wrongPasskey: 'This passkey does not open the vault.',
  wait: (seconds: string): string => `Next try in ${seconds} s.`,
  openWith: (name: string): string => `Open with ${name}`,
  opened: 'The vault is open.',
  noSealing:
    'This browser cannot seal here. It needs an address that begins with https:// or http://localhost and X25519, which browsers know since 2025. Give the passphrase in the terminal where “kontor start” runs.',
  trust:
    'This page comes from the desk’s server. If you do not trust that machine, give the passphrase in the terminal.',
  unlockKey: 'Unlock key:',
  unlockKeyHelp: 'The terminal where Kontor was started shows the same.',
  ways: 'Also opens by',
  wayKind: { prf: 'Passkey', keyring: 'Keyring of the system', kms: 'Key service' },
  added: (date: string): string => `since ${date}`,
  takeAway: 'Take away',
  takeAwayOf: (name: string): string => `Take away ${name}`,
  takenAway: (name: string): string =>
    `The vault does not open by ${name} any more. The passphrase still opens it.`,
  addPasskey: 'Open with a passkey…',
  addTitle: 'A passkey for the vault',
  addHelp:
    'The browser makes a passkey that only opens the vault. It is an additional way: the passphrase goes on opening it, and a passkey that gets lost loses nothing.',
  name: 'Name of the passkey',
  nameHelp: 'Such as the device it is on.',
  nameWrong:
    'Take 1 to 40 letters, digits, spaces and . _ @ ( ) -, beginning with a letter or digit.',
  make: 'Make the passkey',
  cancel: 'Cancel',
  made: (name: string): string => `The vault opens by ${name} as well now.`,
  fault: {
    cancelled: 'The passkey was not shown. Try again.',
    noPrf:
      'This device gives no key with its passkeys (the extension “prf”). Take another device or browser; the passphrase goes on opening the vault.',
    place:
      'Passkeys need an address with a name, such as http://localhost, not a number. Open the desk by its name.',
    failed: 'The device made no passkey. Try again, or take another.',
  },
  start: {
    title: 'The vault is locked',
    text: 'The desk waits for it. Until it is open no key is used, nothing is signed and no bot acts; what rests at the exchange stays there.',
    openTitle: 'Open the vault',
    passkeyLater: 'You can also do this later.',
    otherWays: 'To start without a person',
    unattended:
      'An unlock file opens the vault of a machine that restarts by itself. Whoever reads that file and the data folder has the keys:',
    afterwards:
      'Then, on the page People: enrol the passkey in the signer and make recovery codes.',
    onlyOwner: 'An owner of the desk opens the vault. This page goes on by itself once it is open.',
    unknown: 'The signer cannot be asked now. This page tries again by itself.',
    openedTitle: 'The desk starts',
    opened: 'The vault is open. This page goes on by itself in a few seconds.',
    waitsFor: {
      market: 'The exchange does not answer',
      connection: 'The desk has no connection yet',
    },
    waits:
      'The desk asks again every few seconds and comes up by itself. Until then no bot acts; what rests at the exchange stays there.',
    since: (time: string): string => `In vain since ${time}:`,
  },
  banner: 'The vault is locked: nothing is signed.',
  unattendedFirst: 'A passkey can be added once the vault has a passphrase.',
};

export type VaultText = typeof englishVault;
