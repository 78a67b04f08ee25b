// SPDX-License-Identifier: Apache-2.0
// What the desk says in English about the life of a connection: its state, its grade, its end, and how it is frozen.

export const englishLife = {
  state: {
    draft: 'Waiting for activation',
    probing: 'Rights not checked',
    active: 'Active',
    expiring: 'Ends soon',
    expired: 'Ended',
    frozen: 'Frozen',
    quarantined: 'Quarantined',
    retired: 'Retired',
  },
  /** What is signed now, by the signer's word. */
  signs: {
    all: 'Everything the policy allows',
    reductions: 'Exits of what was opened here, cancels and reads; nothing that adds risk',
    cancels: 'Cancels and reads only',
    nothing: 'Nothing',
  },
  signsLabel: 'Signed now',
  grade: {
    A: 'A: the key was made in the vault and works from your addresses only.',
    B: 'B: the exchange knows only the public half, but the key works from every address or was made elsewhere.',
    C: 'C: the exchange knows this secret too, or the key was made elsewhere and works from every address.',
    D: 'D: refused. The exchange lets this key move money out.',
  },
  gradeUnknown: {
    own: 'At most A. The signer says it once the exchange has said what the key may do.',
    shared: 'C at most: the exchange knows this secret too.',
  },
  checked: 'Rights checked',
  neverChecked: 'not yet',
  check: 'Check the rights now',
  checkFailed: (reason: string): string => `The rights were not checked: ${reason}.`,
  addresses: 'Addresses',
  ipRestricted: 'Your list only',
  ipEvery: 'Every address',
  ipOpen: 'Every address; such a key ends after 14 days',
  bind: {
    label: 'The list tried from elsewhere',
    neverTried: 'Never tried: that the list holds is the exchange’s word alone.',
    holds: (time: string): string =>
      `Seen to hold on ${time}: the exchange refused the key from the second address.`,
    broken: 'It does not hold.',
    notReal: (time: string): string =>
      `The list of addresses is not real: on ${time} the exchange took the key from an address that must not be on the list. The key counts as one that works from every address. Look at the list on the exchange’s page, and make a new key.`,
    doubt: (time: string, reason: string): string => `The try on ${time} told nothing: ${reason}.`,
    doubts: {
      noAnswer: (_words: string): string => 'no answer came by the second address',
      otherAnswer: (words: string): string =>
        `the exchange answered neither yes nor no there (${words})`,
      ordinaryRefused: (words: string): string =>
        `right after it the exchange did not take the key from the ordinary address either (${words})`,
    },
  },
  probe: 'Try the list of addresses from elsewhere',
  probeWhat:
    'A key that is bound to your addresses must not work from others. Whether the exchange keeps to that shows only when someone tries: one read from a second address, which is a proxy that you name, between two from the ordinary one.',
  probeConsent: (name: string): string =>
    `With your consent three reads of the account go to the exchange with the key of ${name}, signed and logged as any other. They place, change and move nothing; the proxy sees the exchange’s name and never the key. If the second one is taken, the list is not real: the grade falls, the key ends 14 days after its creation, and an alarm rings. If it is refused, the list was seen to hold then, against that address. The second address must not be on the list.`,
  probeSend: 'Send the reads',
  probeFailed: (reason: string): string => `The list was not tried: ${reason}.`,
  probeHow: (file: string, example: string): string =>
    `No second address is set. On the desk’s machine write a proxy into the file ${file} beside egress.json, in the data directory’s folder config, as ${example}, and start the desk again; kontor connect probe --help says more.`,
  frozenBy: {
    person: 'a person in the desk',
    terminal: 'the terminal',
    alarm: 'an alarm',
    other: 'the desk',
  },
  frozenSince: (time: string, by: string): string =>
    `Frozen since ${time} by ${by}. Orders that rest at the exchange stay there; exits, cancels and reads go on.`,
  quarantinedSince: (time: string): string =>
    `Quarantined since ${time}: the key is not what it was when it was checked.`,
  faults: {
    withdrawals: 'The key may withdraw. Take that right away at the exchange at once.',
    internalTransfer: 'The key may transfer to other accounts. Take that right away.',
    universalTransfer: 'The key may transfer between your accounts. Take that right away.',
    unknownTransfer:
      'The key has a right to move money that this version does not know. Take it away.',
    margin: 'The key may trade on margin. Take that right away.',
    futures: 'The key may trade futures. Take that right away.',
    options: 'The key may trade options. Take that right away.',
    portfolioMargin: 'The key may trade on portfolio margin. Take that right away.',
    rightAppeared: 'The key has a right that it did not have before.',
    ipListVanished: 'The list of addresses was taken off the key.',
    createTimeChanged: 'The exchange names another time at which the key was made.',
  },
  thawHow: (command: string): string =>
    `An owner thaws it with a passkey. Without an enrolled owner stop the desk and run ${command}.`,
  thaw: 'Thaw with a passkey',
  freeze: 'Hold to freeze',
  freezeAgain: 'Press again to freeze',
  freezeWhat:
    'No new risk is signed from then on. What rests at the exchange stays; exits, cancels and reads go on.',
  notThawed: (reason: string): string => `The connection was not thawed: ${reason}.`,
  notFrozen: (reason: string): string => `The connection was not frozen: ${reason}.`,
  rotate: 'Renew the key',
  newKey: 'New key',
  rotation: 'A new key for this connection',
  rotationWhat: (name: string): string =>
    `The new key takes the place of the one of ${name} once the exchange has it, its rights are checked and, where one is enrolled, an owner has confirmed it. Bots and policy stay as they are; the old key is destroyed here. Then delete it at the exchange.`,
  rotationWaits: 'A new key waits to be registered at the exchange.',
  rotationUnconfirmed: 'A new key is named; the exchange has not confirmed it yet.',
  rotationGoOn: 'Go on with the new key',
  rotationDone: (name: string): string =>
    `The new key of ${name} is in use and the old one destroyed here. Delete the old one at the exchange.`,
  rotationChecked:
    'The key is named. It takes over once its rights are checked; where an owner is enrolled, an owner confirms that.',
  rotationReady:
    'The new key is checked and ready. Until an owner confirms it the old one stays in use. Compare its identifier and its public half with the page of your exchange: the key must stand in your own account.',
  takeOver: 'Use the new key',
  notTakenOver: (reason: string): string => `The new key did not take over: ${reason}.`,
  endsAt: {
    reductions: (time: string): string => `Exits until ${time}, then cancels and reads.`,
    cancels: (time: string): string => `Cancels and reads until ${time}, then nothing.`,
  },
};

export type LifeText = typeof englishLife;
