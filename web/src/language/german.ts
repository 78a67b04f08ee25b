// SPDX-License-Identifier: Apache-2.0
// Every string of the desk in German. A key that english.ts has and this file lacks is a type error.

import type { Catalogue, Count } from './english.ts';
import { readingsIn } from './note-text.ts';

const plural = (count: number, one: string, many: string): string => (count === 1 ? one : many);

export const german: Catalogue = {
  nav: {
    label: 'Seiten',
    overview: 'Übersicht',
    bots: 'Bots',
    deals: 'Deals',
    connections: 'Verbindungen',
    policy: 'Policy',
    alarms: 'Alarme',
    log: 'Log',
    risk: 'Risiko',
    people: 'Personen',
    settings: 'Einstellungen',
    more: 'Mehr',
    skip: 'Zum Inhalt der Seite',
  },
  common: {
    retry: 'Noch einmal',
    close: 'Schließen',
    cancel: 'Abbrechen',
    undo: 'Rückgängig',
    copied: 'Kopiert',
    all: 'Alle',
    openPage: 'Seite öffnen',
    loading: 'Wird geladen',
    clear: 'Leeren',
    simulated: 'simuliert',
    stale: (since: string): string => `veraltet seit ${since}`,
  },
  market: {
    synthetic: 'Simulierter Markt',
    replay: 'Wiedergabe',
    paper: 'Papierhandel',
    exchange: 'Echter Markt',
    syntheticText: (label: string): string =>
      `Die Kurse macht ein Generator (${label}). Kein echtes Geld.`,
    candlesText: (label: string): string => `Aufgezeichnete Kerzen (${label}). Kein echtes Geld.`,
    tradesText: (label: string): string => `Aufgezeichnete Trades (${label}). Kein echtes Geld.`,
    paperText: (label: string): string =>
      `Echte Kurse von ${label}, simulierte Orders. Kein echtes Geld.`,
    exchangeText: (label: string): string => `Echte Orders bei ${label}.`,
    simulatedExchangeText: (label: string): string => `Simulierte Orders bei ${label}.`,
    speed: (factor: string): string => `${factor}-fach`,
    live: 'Echtzeit',
    paused: 'angehalten',
    ended: 'zu Ende',
    time: 'Marktzeit',
  },
  health: {
    title: 'Zustand',
    ok: 'Alles in Ordnung',
    degraded: 'Eingeschränkt',
    alarms: (n) => plural(n.count, `${n.text} Alarm`, `${n.text} Alarme`),
    unknown: 'Noch nicht bekannt',
    process: { server: 'Server', signer: 'Signer', egress: 'Egress' },
    stream: {
      market: 'Marktdaten',
      account: 'Kontodaten',
      reconciliation: 'Abgleich mit der Börse',
    },
    up: 'läuft',
    starting: 'startet',
    down: 'aus',
    restarts: (n: Count): string => plural(n.count, `${n.text} Neustart`, `${n.text} Neustarts`),
    walls: (level: string): string => `Wälle ${level} von 4`,
    wall: {
      environment: 'Keine Umgebungsvariablen',
      permissions: 'Rechtemodell von Node',
      noNewPrivileges: 'Keine neuen Rechte',
      noCoreDump: 'Kein Speicherabbild bei Absturz',
      notDumpable: 'Speicher für andere Programme verschlossen',
      landlock: 'Landlock: keine fremden Dateien, kein Netz',
      seccomp: 'seccomp: keine Sockets, keine Programme',
      nativeCallsDropped: 'Keine nativen Aufrufe mehr',
    },
    noEvent: 'noch nichts',
    clockSkew: 'Uhrenabweichung',
    log: 'Log, bezeugt',
    roundTrip: 'Antwortzeit',
    pending: 'Offene Aufträge an die Börse',
    ambiguous: 'Orders in Klärung',
    held: 'Orders warten auf Limits der Börse',
    blocked: (time) => `die Börse will ${time} lang keine Anfragen`,
    notCompared: 'Kein Abgleich mit der Börse möglich. Orders und Guthaben können veraltet sein.',
    connectionDown: (since: string): string =>
      `Keine Live-Daten seit ${since}. Die Zahlen sind veraltet. Verbindung wird neu aufgebaut.`,
    connecting: 'Verbindung wird aufgebaut',
    marketDown: (since: string): string =>
      `Keine Marktdaten seit ${since}. Die Kurse sind veraltet.`,
    marketNever: 'Keine Marktdaten. Es gibt noch keine Kurse.',
    accountDown: (since: string): string =>
      `Keine Kontodaten seit ${since}. Orders und Guthaben können veraltet sein.`,
    accountNever: 'Keine Kontodaten. Orders und Guthaben können veraltet sein.',
    processDown: (name: string): string => `${name} ist ausgefallen und wird neu gestartet.`,
    connection: {
      frozen: (name: string): string =>
        `Die Verbindung ${name} ist eingefroren: Sie geht kein Risiko ein.`,
      quarantined: (name: string): string =>
        `Die Verbindung ${name} ist in Quarantäne: Ihr Schlüssel ist nicht mehr, was er war.`,
      expired: (name: string): string =>
        `Die Verbindung ${name} ist abgelaufen: Sie geht kein Risiko ein.`,
    },
    updated: 'Kontor wurde aktualisiert. Diese Seite stammt aus der Version davor.',
    reload: 'Neu laden',
  },
  locked: {
    title: 'Dieser Desk ist gesperrt',
    text: 'Öffnen Sie den Link, den dieser Befehl beim Start des Desks ausgegeben hat:',
    spent: 'Dieser Link wurde schon benutzt oder ist älter als zehn Minuten.',
    again: 'Oder erzeugen Sie einen neuen Link:',
    waiting: 'Diese Seite öffnet sich von selbst, sobald der Link in diesem Browser benutzt wurde.',
  },
  unreachable: {
    title: 'Der Desk antwortet nicht',
    text: 'Läuft Kontor auf diesem Rechner? Diese Seite versucht es von selbst weiter.',
  },
  notFound: {
    title: 'Hier ist nichts',
    text: 'Diese Adresse führt zu keiner Seite des Desks.',
    bot: 'Unter dieser Adresse gibt es keinen Bot.',
    deal: 'Unter dieser Adresse gibt es keinen Deal.',
    home: 'Zur Übersicht',
  },
  failed: {
    title: 'Das konnte nicht geladen werden',
    page: 'Diese Seite ist stehen geblieben',
    pageText: 'Es wurde nichts an die Börse gesendet. Laden Sie die Seite neu.',
  },
  overview: {
    title: 'Übersicht',
    figures: 'Summen',
    realised: 'Realisierter Gewinn',
    unrealised: 'Offener Gewinn',
    fundsInUse: 'Eingesetzt',
    runningDeals: 'Laufende Deals',
    completedDeals: 'Beendete Deals',
    runningBots: 'Laufende Bots',
    curve: 'Gewinn nach jedem Deal',
    curveEmpty: 'Mit dem ersten beendeten Deal beginnt diese Kurve.',
    curveSummary: (n: Count, last: string): string =>
      plural(
        n.count,
        `${n.text} beendeter Deal, realisierter Gewinn ${last}`,
        `${n.text} beendete Deals, realisierter Gewinn ${last}`,
      ),
    deals: 'Laufende Deals',
    dealsEmpty: 'Es läuft kein Deal.',
    dealsEmptyHint: 'Ein laufender Bot eröffnet von selbst einen.',
    events: 'Neueste Ereignisse',
    eventsEmpty: 'Noch ist nichts geschehen.',
    toBots: 'Zu den Bots',
  },
  chart: {
    label: (symbol: string, interval: string): string => `Kerzen von ${symbol}, ${interval}`,
    instrument: 'Instrument',
    interval: 'Intervall',
    fit: 'Orders einpassen',
    fitHint: 'Den Ausschnitt so wählen, dass jede Order zu sehen ist',
    volume: 'Volumen',
    openPrice: 'O',
    high: 'H',
    low: 'T',
    closePrice: 'S',
    average: 'Durchschnitt',
    averageShort: 'Ø',
    breakEven: 'Gewinnschwelle',
    breakEvenShort: 'GS',
    takeProfit: 'Take-Profit',
    takeProfitShort: 'TP',
    stopLoss: 'Stop-Loss',
    stopLossShort: 'SL',
    base: 'Basis',
    safety: (index: string): string => `Nachkauf ${index}`,
    safetyShort: (index: string): string => `N${index}`,
    bought: (quantity: string, price: string): string => `${quantity} zu ${price} gekauft`,
    sold: (quantity: string, price: string): string => `${quantity} zu ${price} verkauft`,
    empty: 'Es gibt noch keine Kerzen.',
    bid: 'Geld',
    ask: 'Brief',
    last: 'Letzter',
    textVersion: 'Orders und Ausführungen stehen als Tabellen auf den Seiten von Bot und Deal.',
  },
  bots: {
    title: 'Bots',
    filter: 'Bots filtern',
    state: { running: 'Läuft', stopped: 'Gestoppt' },
    column: {
      name: 'Bot',
      state: 'Zustand',
      symbols: 'Instrumente',
      activeDeals: 'Laufend',
      completedDeals: 'Beendet',
      realised: 'Realisiert',
      unrealised: 'Offen',
      funds: 'Eingesetzt',
      created: 'Angelegt',
    },
    count: (n: Count): string => plural(n.count, `${n.text} Bot`, `${n.text} Bots`),
    selected: (n: Count): string => `${n.text} ausgewählt`,
    start: 'Starten',
    stop: 'Stoppen',
    stopHint: 'Keine neuen Deals; laufende Deals gehen bis zu ihrem Ende weiter.',
    started: (n: Count, name: string): string =>
      plural(n.count, `${name} gestartet.`, `${n.text} Bots gestartet.`),
    stopped: (n: Count, name: string): string =>
      plural(
        n.count,
        `${name} gestoppt. Laufende Deals gehen bis zu ihrem Ende weiter.`,
        `${n.text} Bots gestoppt. Laufende Deals gehen bis zu ihrem Ende weiter.`,
      ),
    formerSymbols: (symbols: string): string => `noch offen auf ${symbols}`,
    warned: (name: string, warning: string): string => `${name}: ${warning}.`,
    notStarted: (name: string, reason: string): string =>
      `${name} wurde nicht gestartet: ${reason}`,
    notStopped: (name: string, reason: string): string => `${name} wurde nicht gestoppt: ${reason}`,
    attention: 'Braucht Sie',
    more: 'Mehr',
    refused: (name: string, reason: string): string => `${name}: ${reason}`,
    startDeal: 'Jetzt einen Deal beginnen',
    dealAsked: (symbol: string): string => `Ein Deal auf ${symbol} beginnt.`,
    skipConditions: 'Auch wenn die Bedingungen nicht erfüllt sind',
    skipLimits: 'Auch jenseits der Grenzen: Zahl der Deals, Pausen, Preise',
    sendSignal: 'Signal senden',
    signalSent: 'Signal gesendet.',
    signal: 'Das Signal',
    signals: {
      enterLong: 'Long einsteigen',
      exitLong: 'Long aussteigen',
      enterShort: 'Short einsteigen',
      exitShort: 'Short aussteigen',
    },
    ending: {
      'stop-and-close': {
        name: 'Stoppen und Deals schließen',
        text: 'Keine neuen Deals. Was die laufenden halten, wird jetzt zum Marktpreis zurückgehandelt.',
      },
      'stop-and-cancel': {
        name: 'Stoppen und Deals abbrechen',
        text: 'Keine neuen Deals. Die Orders der laufenden werden storniert, ihre Coins bleiben auf dem Konto.',
      },
      'close-all': {
        name: 'Alle Deals schließen',
        text: 'Was die laufenden Deals halten, wird jetzt zum Marktpreis zurückgehandelt. Der Bot geht weiter.',
      },
      'cancel-all': {
        name: 'Alle Deals abbrechen',
        text: 'Die Orders der laufenden Deals werden storniert, ihre Coins bleiben auf dem Konto. Der Bot geht weiter.',
      },
      remove: {
        name: 'Vom Desk nehmen',
        text: 'Der Bot verlässt den Desk. Seine Deals und Ereignisse bleiben in der Geschichte.',
      },
    },
    dealsConcerned: (n: Count): string =>
      plural(
        n.count,
        `Das betrifft ${n.text} laufenden Deal.`,
        `Das betrifft ${n.text} laufende Deals.`,
      ),
    ended: {
      'stop-and-close': (n: Count, name: string): string =>
        plural(
          n.count,
          `${name}: gestoppt, die Deals werden geschlossen.`,
          `${n.text} Bots: gestoppt, die Deals werden geschlossen.`,
        ),
      'stop-and-cancel': (n: Count, name: string): string =>
        plural(
          n.count,
          `${name}: gestoppt, die Deals werden abgebrochen.`,
          `${n.text} Bots: gestoppt, die Deals werden abgebrochen.`,
        ),
      'close-all': (n: Count, name: string): string =>
        plural(
          n.count,
          `${name}: Die Deals werden geschlossen.`,
          `${n.text} Bots: Die Deals werden geschlossen.`,
        ),
      'cancel-all': (n: Count, name: string): string =>
        plural(
          n.count,
          `${name}: Die Deals werden abgebrochen.`,
          `${n.text} Bots: Die Deals werden abgebrochen.`,
        ),
    },
    removed: (n: Count, name: string): string =>
      plural(
        n.count,
        `${name} hat den Desk verlassen.`,
        `${n.text} Bots haben den Desk verlassen.`,
      ),
    kind: 'Art',
    new: 'Neuer Bot',
    edit: 'Ändern',
    copy: 'Kopieren',
    empty: 'Es gibt noch keinen Bot.',
    emptyHint:
      'Wählen Sie eine Art, sehen Sie die Vorschau an, und starten Sie ihn, wenn er Ihnen gefällt.',
    noMatch: 'Kein Bot passt zu diesem Filter.',
    clearFilter: 'Filter aufheben',
  },
  bot: {
    ladder: 'Orderleiter',
    runningDeals: 'Laufende Deals',
    noDeals: 'Es läuft kein Deal.',
    noDealsRunning: 'Den nächsten öffnet der Bot nach seinen Einstellungen.',
    noDealsStopped: 'Starten Sie den Bot, um einen zu eröffnen.',
    closedDeals: 'Beendete Deals',
    events: 'Ereignisse',
    settings: 'Einstellungen',
    kind: 'Art',
    connection: 'Verbindung',
    maxFunds: 'Kostet höchstens',
    maxFundsHint: 'Alle Orders aller Deals ausgeführt, vor Gebühren',
    perDeal: (amount: string): string => `${amount} je Deal`,
  },
  deals: {
    title: 'Deals',
    filter: 'Deals filtern',
    status: {
      starting: 'Startet',
      open: 'Offen',
      closing: 'Schließt',
      completed: 'Beendet',
      cancelled: 'Abgebrochen',
      failed: 'Gescheitert',
    },
    scope: { open: 'Laufend', closed: 'Beendet', all: 'Alle' },
    scopeLabel: 'Welche Deals',
    bot: 'Bot',
    allBots: 'Alle Bots',
    instrument: 'Instrument',
    allInstruments: 'Alle Instrumente',
    column: {
      deal: 'Deal',
      bot: 'Bot',
      symbol: 'Instrument',
      status: 'Status',
      reason: 'Grund',
      opened: 'Eröffnet',
      closed: 'Beendet',
      duration: 'Dauer',
      safety: 'Nachkäufe',
      cost: 'Einsatz',
      average: 'Durchschnitt',
      profit: 'Gewinn',
      percent: 'Gewinn %',
      takeProfit: 'Take-Profit',
    },
    count: (n: Count): string => plural(n.count, `${n.text} Deal`, `${n.text} Deals`),
    loadingCount: (part: string, whole: string): string => `${part} von ${whole} geladen`,
    shown: (part: string, whole: string): string => `${part} von ${whole} Deals`,
    tooMany: (shown: string): string =>
      `Hier stehen nur die neuesten ${shown} Deals. Wählen Sie Bot oder Instrument, um andere zu sehen.`,
    export: 'CSV-Export',
    closeText:
      'Was diese Deals halten, wird jetzt zum Marktpreis zurückgehandelt; ihre übrigen Orders werden storniert.',
    cancelText: 'Die Orders dieser Deals werden storniert, ihre Coins bleiben auf dem Konto.',
    exportHint: 'Was gefiltert ist, in dieser Reihenfolge',
    exportWait: 'Erst müssen alle Deals geladen sein',
    exported: (n: Count): string =>
      plural(n.count, `${n.text} Deal exportiert.`, `${n.text} Deals exportiert.`),
    empty: 'Noch keine Deals.',
    emptyHint: 'Ein laufender Bot eröffnet von selbst einen.',
    noMatch: 'Kein Deal passt zu diesem Filter.',
    clearFilter: 'Filter aufheben',
    views: 'Ansichten',
    saveView: 'Diese Ansicht speichern',
    viewName: 'Name der Ansicht',
    save: 'Speichern',
    deleteView: (name: string): string => `Ansicht ${name} löschen`,
    noViews: 'Noch keine gespeicherte Ansicht',
  },
  deal: {
    title: (symbol: string, number: string): string => `${symbol} Deal ${number}`,
    number: (number: string): string => `#${number}`,
    ladder: 'Nachkaufleiter',
    orders: 'Orders',
    fills: 'Ausführungen',
    events: 'Ereignisse',
    noOrders: 'Noch wurde keine Order aufgegeben.',
    noFills: 'Noch wurde nichts gekauft oder verkauft.',
    noEvents: 'Noch ist nichts geschehen.',
    quantity: 'Menge',
    cost: 'Einsatz',
    average: 'Durchschnittspreis',
    breakEven: 'Gewinnschwelle',
    takeProfit: 'Take-Profit',
    stopLoss: 'Stop-Loss',
    last: 'Letzter Kurs',
    realised: 'Realisiert',
    unrealised: 'Offen',
    opened: 'Eröffnet',
    closed: 'Beendet',
    safetyFilled: (filled: string, all: string): string => `${filled} von ${all} Nachkäufen`,
    reason: 'Grund',
    column: {
      step: 'Stufe',
      state: 'Zustand',
      deviation: 'Unter Basis',
      price: 'Preis',
      quantity: 'Menge',
      left: 'Rest',
      notional: 'Wert',
      purpose: 'Order',
      side: 'Seite',
      type: 'Art',
      filled: 'Ausgeführt',
      placed: 'Aufgegeben',
      ended: 'Beendet',
      time: 'Zeit',
      commission: 'Gebühr',
      id: 'Order-ID',
    },
    step: {
      waiting: 'Wartet',
      placed: 'Im Orderbuch',
      filled: 'Ausgeführt',
      rejected: 'Abgelehnt',
    },
    baseStep: 'Basis',
    purpose: {
      baseOrder: 'Basisorder',
      safetyOrder: 'Nachkauforder',
      takeProfit: 'Take-Profit',
      stopLoss: 'Stop-Loss',
      close: 'Schließen',
      addFunds: 'Zukauf',
      reduceFunds: 'Teilverkauf',
      entry: 'Einstieg',
      gridLine: 'Grid-Linie',
      balancing: 'Ausgleich',
      rebalance: 'Umschichtung',
    },
    side: { buy: 'Kauf', sell: 'Verkauf' },
    orderType: {
      limit: 'Limit',
      limitMaker: 'Limit, nur Maker',
      stopLimit: 'Stop-Limit an der Börse',
    },
    makerOnly: 'Maker',
    orderState: {
      intended: 'Gespeichert, ohne Antwort',
      ambiguous: 'Unklar, wird erfragt',
      open: 'Im Orderbuch',
      filled: 'Ausgeführt',
      cancelled: 'Storniert',
      expired: 'Abgelaufen',
      rejected: 'Abgelehnt',
    },
    more: 'Mehr',
    addFunds: 'Aufstocken',
    reduceFunds: 'Einen Teil schließen',
    edit: 'Ändern',
    convert: 'In einen Smart Trade verwandeln',
    convertText:
      'Der Bot überlässt diese Position einem eigenen Smart Trade mit ihrem Take-Profit und Stopp. Der Deal endet hier.',
    forceEntry: 'Jetzt einsteigen',
    forceEntryText: 'Einstiege, die auf ihren Preis warten, gehen jetzt zum Marktpreis hinaus.',
    closeStep: 'Jetzt schließen',
    cancelStep: 'Zurücknehmen',
    cancelOrder: 'Stornieren',
    asked: {
      'add-funds': (name: string): string => `${name}: wird aufgestockt.`,
      'reduce-funds': (name: string): string => `${name}: Ein Teil wird geschlossen.`,
      'cancel-order': (name: string): string => `${name}: Die Order wird storniert.`,
      'close-step': (name: string): string => `${name}: Die Stufe wird geschlossen.`,
      'cancel-step': (name: string): string => `${name}: Die Stufe wird zurückgenommen.`,
      'force-entry': (name: string): string => `${name}: steigt jetzt ein.`,
      convert: (name: string): string => `${name}: einem Smart Trade übergeben.`,
    },
    notAsked: (name: string, reason: string): string => `${name}: ${reason}`,
    edited: (name: string): string => `${name} geändert.`,
    amount: 'Betrag',
    atPrice: 'Zu einem Preis',
    atPriceHint: 'Ruht dort. Leer: sofort zum Marktpreis.',
    fundsWrong: 'Ein Betrag über null wird gebraucht.',
    priceWrong: 'Ein Preis über null oder nichts.',
    direction: { long: 'Long', short: 'Short' },
    aboveBase: 'Über Basis',
    owed: 'Zurückzukaufen',
    lines: 'Linien',
    steps: 'Stufen',
    targets: 'Ziele',
    gridProfit: 'Gewinn der Linien',
    linesClosed: 'Geschlossene Linien',
    investment: 'Einsatz',
    coinsHeld: 'Gehaltene Coins',
    trailingStop: 'Nachgezogener Stopp',
    share: 'Anteil',
    shareWanted: 'Gewünschter Anteil',
    worth: 'Wert',
    trades: 'Käufe und Verkäufe',
    lineColumn: {
      line: 'Linie',
      side: 'Seite',
      price: 'Preis',
      quantity: 'Menge',
      value: 'Wert',
      state: 'Zustand',
    },
    lineState: {
      placing: 'Wird gesetzt',
      open: 'Im Orderbuch',
      cancelling: 'Wird storniert',
      ended: 'Wird abgerechnet',
      waiting: 'Wartet',
      paused: 'Ausgesetzt',
      empty: 'Leer',
    },
    lineSide: { buy: 'Kauf', sell: 'Verkauf', none: '–' },
    waiting: 'Was wartet',
    stepName: {
      entry: (number: string): string => `Einstieg ${number}`,
      addFunds: (number: string): string => `Aufstockung ${number}`,
      takeProfit: (number: string): string => `Ziel ${number}`,
      reduceFunds: (number: string): string => `Teilausstieg ${number}`,
    },
    stepState: {
      pending: 'Wartet',
      waiting: 'Wartet',
      trailing: 'Zieht nach',
      placed: 'Im Orderbuch',
      pausing: 'Ausgesetzt',
      closing: 'Schließt',
      filled: 'Ausgeführt',
      partly: 'Teils ausgeführt',
      cancelled: 'Zurückgenommen',
      failed: 'Gescheitert',
      done: 'Ausgeführt',
    },
    stop: 'Stopp',
    atBreakEven: 'an der Gewinnschwelle',
    breachedUntil: (time: string): string => `handelt um ${time}, wenn der Preis nicht zurückkommt`,
    stopHeldBy: { exchange: 'an der Börse', desk: 'vom Desk überwacht' },
    best: (price: string): string => `bester Preis ${price}`,
    waitsFor: (price: string): string => `wartet auf ${price}`,
    linesClosedCount: (n: Count): string =>
      plural(n.count, `${n.text} Linie geschlossen`, `${n.text} Linien geschlossen`),
    targetsFilled: (filled: string, all: string): string => `${filled} von ${all} Zielen`,
    shareNow: (share: string, target: string): string => `${share} von ${target}`,
    closeAction: 'Zum Marktpreis schließen',
    closeText: (quantity: string, symbol: string): string =>
      `Verkauft ${quantity} zum Marktpreis von ${symbol} und storniert die übrigen Orders des Deals.`,
    closeShortText: (quantity: string, symbol: string): string =>
      `Kauft ${quantity} zum Marktpreis von ${symbol} zurück und storniert die übrigen Orders des Deals.`,
    cancelShortText: (quantity: string): string =>
      `Storniert die Orders des Deals. ${quantity} bleiben verkauft; der Desk beobachtet sie nicht mehr.`,
    closePrice: (price: string): string => `Der letzte Kurs ist ${price}.`,
    cancelAction: 'Deal abbrechen',
    cancelText: (quantity: string): string =>
      `Storniert die Orders des Deals; ${quantity} bleiben auf Ihrem Konto. Der Desk achtet nicht mehr auf sie.`,
    cancelTextEmpty: 'Storniert die Orders des Deals. Er hält keine Coins.',
    hold: (action: string): string => `Zum Bestätigen halten: ${action}`,
    holdHint:
      'Halten Sie die Schaltfläche oder die Eingabetaste eine Sekunde lang. Das lässt sich nicht zurücknehmen.',
    holdHintShort: 'Halten Sie einen Knopf, oder Enter darauf, eine Sekunde lang.',
    holdAgain: 'Zum Bestätigen noch einmal drücken',
    closing: (name: string): string => `${name}: wird zum Marktpreis geschlossen.`,
    cancelling: (name: string): string => `${name}: wird abgebrochen.`,
    notClosed: (name: string, reason: string): string =>
      `${name} wurde nicht geschlossen: ${reason}`,
    notCancelled: (name: string, reason: string): string =>
      `${name} wurde nicht abgebrochen: ${reason}`,
  },
  notes: {
    dealStarted: (note): string =>
      `Deal auf ${note.symbol} begonnen; der letzte Kurs ist ${note.last}.`,
    orderPlacing: (note): string => {
      switch (note.purpose) {
        case 'baseOrder':
          return `Eröffnet den Deal: Basisorder ${note.isBuy ? 'kauft' : 'verkauft'} ${note.quantity} zu ${note.isBuy ? 'höchstens' : 'mindestens'} ${note.price} (${note.volume}).`;
        case 'safetyOrder':
          return `Gibt ${note.order} auf: ${note.isBuy ? 'kauft' : 'verkauft'} ${note.quantity} zu ${note.price} (${note.volume}), falls der Kurs so weit ${note.isBuy ? 'fällt' : 'steigt'}.`;
        case 'takeProfit':
          return `Gibt ${note.order} auf: ${note.isBuy ? 'kauft' : 'verkauft'} ${note.quantity} zu ${note.price} (${note.volume})${note.isBuy ? ' zurück' : ''}.`;
        case 'stopLoss':
          return note.isBuy
            ? `Kauft am Stop-Loss zurück: ${note.quantity} zu höchstens ${note.price}.`
            : `Verkauft am Stop-Loss: ${note.quantity} zu mindestens ${note.price}.`;
        case 'close':
          return note.isBuy
            ? `Kauft ${note.quantity} zu höchstens ${note.price} zurück, weil der Deal schließt.`
            : `Verkauft ${note.quantity} zu mindestens ${note.price}, weil der Deal schließt.`;
        default:
          return `Setzt ${note.order}: ${note.isBuy ? 'kauft' : 'verkauft'} ${note.quantity} zu ${note.price} (${note.volume}).`;
      }
    },
    orderFilled: (note): string => {
      const did = note.isBuy ? 'gekauft' : 'verkauft';
      const rest = note.isPartial
        ? ` Bisher ausgeführt: ${note.filled} von ${note.orderQuantity}.`
        : '';
      return `${note.orderFirst}: ${note.quantity} zu ${note.price} für ${note.volume} ${did}.${rest}`;
    },
    orderCancelling: (note): string =>
      `Nimmt ${note.order} über ${note.quantity} zu ${note.price} aus dem Orderbuch.`,
    orderCancelled: (note): string => {
      const filled = note.hasFills ? ` ${note.filled} davon waren ausgeführt.` : '';
      if (note.isExpired) {
        return `${note.orderFirst} ist verfallen: Der Markt nahm nicht alles.${filled}`;
      }
      if (note.isAsked) {
        return `${note.orderFirst} zu ${note.price} ist aus dem Orderbuch genommen.${filled}`;
      }
      return `${note.orderFirst} zu ${note.price} wurde storniert, aber nicht vom Desk.${filled}`;
    },
    orderRejected: (note): string =>
      `${note.orderFirst} über ${note.quantity} zu ${note.price} wurde ${note.by} abgelehnt. Regel ${note.rule}: ${note.reason}`,
    averageChanged: (note): string =>
      `Der Durchschnitt ist nun ${note.average}${note.takeProfit === '' ? '' : `, Take-Profit steht damit bei ${note.takeProfit}`}. Der Deal hält ${note.held} für ${note.cost}.`,
    stopLossTriggered: (note): string =>
      `Stop-Loss: Der ${note.watched} ${note.last} liegt bei oder ${note.isShort ? 'über' : 'unter'} ${note.stopLoss}.`,
    stopLossTimedOut: (note): string =>
      `Stop-Loss: Der Kurs blieb ${note.duration} lang jenseits von ${note.stopLoss}.`,
    closeTimedOut: (note): string =>
      `Der Deal lief ${note.duration} und wird zum Marktpreis geschlossen.`,
    closeRequested: (): string => 'Sie wollten den Deal zum Marktpreis schließen.',
    cancelRequested: (): string => 'Sie wollten den Deal abbrechen und die Coins behalten.',
    dealCompleted: (note): string => {
      if (note.grid.lines !== '') {
        return `Grid beendet (${note.reason}): ${note.profit} (${note.profitPercent}) nach ${note.duration}, geschlossene Linien: ${note.grid.lines}. ${note.kept} bleiben auf dem Konto.`;
      }
      const how = {
        completed: 'Deal mit Take-Profit beendet',
        stopLoss: 'Deal am Stop-Loss geschlossen',
        closed: 'Deal wie gewünscht geschlossen',
      };
      const end = note.isUsualEnd ? how[note.outcome] : `Deal beendet (${note.reason})`;
      const coins = note.profitBase === '' ? '' : ` und ${note.profitBase}`;
      return `${end}: ${note.profit}${coins} (${note.profitPercent}) nach ${note.duration}${note.safetyOrders === '' ? '' : `, Nachkäufe: ${note.safetyOrders}`}.`;
    },
    dealCancelled: (note): string =>
      note.missing === ''
        ? `Deal abgebrochen (${note.reason}). ${note.kept} bleiben auf dem Konto.`
        : `Deal abgebrochen (${note.reason}). ${note.missing} wurden verkauft und nicht zurückgekauft.`,
    dealFailed: (note): string => `Deal gescheitert: ${note.reason}.`,
    dealPaused: (note): string => `${note.orderFirst} wartet bis ${note.until}: ${note.reason}.`,
    rebalanceStarted: (note): string =>
      `Prüft alle Anteile: Das Portfolio ist ${note.worth} wert, davon ${note.cash} bar. Der Anteil mit der größten Abweichung liegt ${note.off} Prozentpunkte daneben.`,
    rebalanceShort: (note): string =>
      `Das Portfolio hat ${note.cash} bar, im Konto sind aber nur ${note.free} frei. Mehr gibt es nicht aus.`,
    rebalancePaused: (note): string =>
      `Eine Order wurde abgelehnt, darum prüft das Portfolio wieder um ${note.until}.`,
    riskChanged: (note): string =>
      `Der Risikozustand des Desks ging von ${note.from} zu ${note.to}.`,
    signalRefused: (note): string =>
      `Einem Signal auf ${note.symbol} (${note.action}) wurde nicht gefolgt: ${note.reason}.${readingsIn(note)}`,
    safetyOrderSignalled: (note): string =>
      `Ein Signal verlangt Sicherheitsorder ${note.number}: Der Kurs hat ${note.price} hinter sich.${readingsIn(note)}`,
    closeSignalled: (note): string =>
      `Ein Signal verlangt, den Deal zu schließen; er steht bei ${note.profitPercent}.${readingsIn(note)}`,
    botStopped: (note): string => `Der Bot hält an: ${note.reason}.`,
    settingsChanged: (note): string =>
      `Einstellungen geändert (${note.fields}). Laufende Deals behalten die, mit denen sie begannen.`,
    entryTriggered: (note): string =>
      `${note.orderFirst}: Der Kurs von ${note.price} ist erreicht, die Order geht hinaus.`,
    entryTrailing: (note): string =>
      `${note.orderFirst}: Der Kurs von ${note.price} ist erreicht; ihm wird gefolgt, bis er dreht.`,
    entryForced: (note): string =>
      `${note.orderFirst} geht zum Marktpreis hinaus, wie Sie es wünschen.`,
    entryEnded: (note): string =>
      `${note.orderFirst} geht nicht weiter: ${note.reason}. Bekommen: ${note.filled}.`,
    trailingStarted: (note): string =>
      `${note.orderFirst} ist bei ${note.price} erreicht und folgt nun dem Kurs.`,
    takeProfitTriggered: (note): string =>
      `${note.orderFirst} ist bei ${note.price} erreicht und handelt sofort.`,
    stopMoved: (note): string =>
      `Der Stop-Loss rückt auf ${note.stopLoss}, denn Take-Profit wurde erreicht.`,
    stopBreached: (note): string =>
      `Der Kurs ${note.price} hat den Stop-Loss von ${note.stopLoss} erreicht. Er greift um ${note.until}, wenn der Kurs nicht zurückkehrt.`,
    stopRecovered: (note): string =>
      `Der Kurs ist auf ${note.price} zurückgekehrt: Der Stop-Loss von ${note.stopLoss} wartet wieder.`,
    stopTakenByExchange: (note): string =>
      `Stop-Loss: Der Kurs hat ${note.stopLoss} erreicht, und die Order, die an der Börse lag, greift, zu ${note.price} oder besser.`,
    stopWatchedByDesk: (note): string =>
      `Der Stop-Loss von ${note.stopLoss} liegt nicht an der Börse: ${note.reason}. Der Desk überwacht ihn und versucht es um ${note.until} wieder.`,
    stepCancelled: (note): string => `Sie haben ${note.order} gestrichen.`,
    stepClosing: (note): string => `Sie wollten ${note.order} zum Marktpreis schließen.`,
    dealEdited: (note): string => `Sie haben den laufenden Deal geändert: ${note.fields}.`,
    commandRefused: (note): string => `Nicht ausgeführt (${note.command}): ${note.reason}.`,
    signalTaken: (note): string => `Einem Signal auf ${note.symbol} wird gefolgt: ${note.action}.`,
    gridLaid: ({ price, grid }): string =>
      `Das Grid steht bei ${price}: ${grid.buyLines} Kauflinien, ${grid.sellLines} Verkaufslinien, die Linie bei ${grid.emptyLine} ist leer. Es hält ${grid.coins}; seine Kauflinien brauchen ${grid.money}.`,
    gridLineClosed: ({ number, profit, grid }): string =>
      `Linie ${number} geschlossen: zu ${grid.sellPrice} verkauft, ${profit}${grid.profitBase === '' ? '' : ` und ${grid.profitBase}`} nach Gebühren; zurückgekauft wird zu ${grid.buyPrice}. Geschlossene Linien bisher: ${grid.lines}.`,
    gridMoved: ({ grid }): string =>
      `Das Grid ${grid.isTrailing ? 'folgt dem Kurs' : 'erweitert sich'} nach ${grid.isUp ? 'oben' : 'unten'}: Seine Linien stehen jetzt von ${grid.lowest} bis ${grid.highest}.`,
    gridStopReached: ({ last, price, grid }): string => {
      const what = {
        lowerStop: 'Unterer Stopp',
        upperStop: 'Oberer Stopp',
        takeProfit: 'Take-Profit',
      };
      const then = {
        stop: 'das Grid endet und behält, was es hält',
        stopAndSell: 'das Grid endet und verkauft seine Coins',
        stopAndBuy: 'das Grid endet und kauft Coins für sein Geld',
      };
      return `${what[grid.stop]} bei ${price}: Der letzte Kurs ist ${last}, ${then[grid.action]}.`;
    },
  },
  noteWords: {
    baseOrder: 'Basisorder',
    safetyOrder: 'Nachkauforder',
    safetyOrderNumber: (number: string): string => `Nachkauforder ${number}`,
    takeProfit: 'Take-Profit',
    stopLoss: 'Stop-Loss-Order',
    close: 'Schlussorder',
    addFunds: 'Zukauf',
    reduceFunds: 'Teilverkauf',
    entry: 'Einstiegsorder',
    gridLine: 'Grid-Linie',
    gridLineNumber: (number: string): string => `Grid-Linie ${number}`,
    takeProfitNumber: (number: string): string => `Take-Profit ${number}`,
    entryNumber: (number: string): string => `Einstieg ${number}`,
    balancing: 'Ausgleichsorder',
    rebalance: 'Umschichtungsorder',
    actionStart: 'Start eines Deals',
    actionEnterLong: 'kaufen',
    actionExitLong: 'Kaufposition schließen',
    actionEnterShort: 'zuerst verkaufen',
    actionExitShort: 'zurückkaufen',
    actionReverse: 'Position drehen',
    actionDisable: 'Bot anhalten',
    commandAddFunds: 'aufstocken',
    commandReduceFunds: 'einen Teil schließen',
    commandCancelOrder: 'Order stornieren',
    commandCloseStep: 'Stufe schließen',
    commandCancelStep: 'zurücknehmen',
    commandForceEntry: 'jetzt einsteigen',
    commandEditDeal: 'Deal ändern',
    commandEditSettings: 'Einstellungen ändern',
    commandHandOver: 'Deal umwandeln',
    actionSafetyOrder: 'nächste Sicherheitsorder',
    actionClose: 'Schließen von Deals',
    riskActive: 'aktiv',
    riskReducing: 'abbauend',
    riskHalted: 'angehalten',
    watchedLast: 'letzte Kurs',
    watchedBid: 'Geldkurs',
    watchedAsk: 'Briefkurs',
    unknownOrder: 'Order',
    byDesk: 'vom Desk',
    byPolicy: 'von der Policy',
    byExchange: 'von der Börse',
  },
  reasons: {
    takeProfit: 'Take-Profit erreicht',
    trailingTakeProfit: 'Take-Profit erreicht, und der Kurs kam zurück',
    closedBySignal: 'durch ein Signal geschlossen',
    closeTimeout: 'seine Zeit war um',
    handedOver: 'als Smart Trade weitergeführt',
    shortTooSmall: 'die Basisorder verkaufte zu wenig, um es zurückzukaufen',
    closedBeforeSelling: 'geschlossen, bevor etwas verkauft war',
    fundsUnknown: 'was frei ist, ist nicht bekannt, und Volumen in Prozent brauchen es',
    waitRisk: 'wartet auf den Risikozustand',
    stopLoss: 'Stop-Loss ausgelöst',
    closedByCommand: 'von Ihnen geschlossen',
    cancelledByCommand: 'von Ihnen abgebrochen',
    closedBeforeBuying: 'geschlossen, bevor etwas gekauft war',
    cancelledElsewhere: 'von jemand anderem storniert',
    notAllTaken: 'der Markt nahm nicht alle Coins',
    balancingNotTaken: 'der Markt nahm die Ausgleichsorder nicht',
    lowerStop: 'unterer Stopp erreicht',
    upperStop: 'oberer Stopp erreicht',
    baseOrderEmpty: 'die Basisorder wurde nicht ausgeführt',
    baseOrderTooSmall: 'die Basisorder kaufte zu wenig, um es zu verkaufen',
    baseOrderRejected: (reason: string): string => `die Basisorder wurde abgelehnt (${reason})`,
    baseOrderUnfit: (reason: string): string =>
      `die Basisorder passt nicht in die Grenzen des Instruments (${reason})`,
    gridEnded: (reason) => `das Grid ist beendet: ${reason}`,
    refused: (by: string, rule: string, reason: string): string =>
      `${by} abgelehnt, Regel ${rule}: ${reason}`,
    tradeBought: 'gekauft',
    tradeSold: 'verkauft',
    closedInParts: 'in Teilen geschlossen',
    noEntryFilled: 'kein Einstieg wurde ausgeführt',
    noEntryLeft: 'kein Einstieg steht mehr aus',
    entryTooSmall: 'der Einstieg bekam zu wenig, um es zu schließen',
    cancelledBySignal: 'durch ein Signal abgebrochen',
    lastStepCancelled: 'die letzte Take-Profit-Stufe wurde gestrichen',
    closedBeforeOpening: 'geschlossen, bevor die Position eröffnet war',
    botIsStopped: 'der Bot ist angehalten',
    noNewRisk: 'der Desk geht kein neues Risiko ein',
    signalRepeated: 'dasselbe Signal kam schon',
    balanceUnknown: 'das freie Guthaben ist nicht bekannt',
    signalUnderWay: 'einem anderen Signal wird gerade gefolgt',
    noPositionOpen: 'keine Position ist offen',
    tradeClosing: 'der Trade wird gerade geschlossen',
    waitMarket: 'wartet auf den Markt',
    waitBaseOrder: 'wartet auf die Basisorder',
    waitQuote: 'wartet auf einen Kurs',
    waitCancel: 'wartet auf Stornierungen',
    waitFills: 'wartet auf Ausführungen',
    waitSale: 'wartet auf den Verkauf',
    waitTimer: 'wartet vor dem nächsten Versuch',
  },
  refusal: {
    by: {
      desk: 'Vom Desk abgelehnt',
      policy: 'Von der Policy abgelehnt',
      exchange: 'Von der Börse abgelehnt',
    },
    unknownBy: 'Abgelehnt',
    rule: 'Regel',
    reason: 'Grund',
    toPass: 'Abhilfe',
    hint: {
      notional: 'Machen Sie die Order kleiner oder erhöhen Sie die Wertgrenze in der Policy-Zeile.',
      perDay: 'Warten Sie, bis der Tag der Policy um ist, oder erhöhen Sie die Tagesgrenze.',
      band: 'Der Preis lag zu weit vom Referenzkurs. Warten Sie auf einen ruhigeren Markt oder weiten Sie das Band der Policy.',
      openOrders:
        'Stornieren Sie eine offene Order oder erhöhen Sie deren Höchstzahl in der Policy.',
      rate: 'Warten Sie einen Moment. Es geht durch, wenn weniger Orders zugleich gesendet werden.',
      hold: 'Geben Sie die Order auf der Seite Policy frei: Sie wird signiert, wenn der Bot es wieder versucht.',
      allow: 'Ergänzen Sie in der Policy der Verbindung eine allow-Zeile für diese Art von Order.',
      deny: 'Eine deny-Zeile verbietet diese Order. Sie geht erst durch, wenn es diese Zeile nicht mehr gibt.',
      expired: 'Die Verbindung ist abgelaufen. Legen Sie unter Verbindungen eine neue an.',
      reference:
        'Der Signer hatte keinen frischen Referenzkurs. Es geht durch, sobald wieder Marktdaten kommen.',
      balance: 'Zahlen Sie mehr von diesem Asset ein oder machen Sie die Order kleiner.',
      reserved:
        'Diese Coins gehören zu anderen laufenden Deals: Warten Sie, bis einer endet, zahlen Sie mehr ein oder machen Sie die Order kleiner.',
      minNotional: 'Machen Sie die Order größer: Sie lag unter dem Mindestwert der Börse.',
      maxSize: 'Machen Sie die Order kleiner: Sie lag über der größten Order der Börse.',
      lotSize: 'Geben Sie eine Menge in ganzen Schritten der Losgröße an.',
      tickSize: 'Geben Sie einen Preis in ganzen Schritten der Tickgröße an.',
      percentPrice: 'Der Preis lag für diese Börse zu weit vom Markt. Geben Sie einen näheren an.',
      makerOnly: 'Die Order wäre sofort ausgeführt worden. Weiter weg vom Markt geht sie durch.',
      tooManyOrders:
        'Stornieren Sie eine offene Order dieses Instruments: Mehr erlaubt die Börse nicht.',
      clock:
        'Die Börse fand die Order älter als die 2 s, für die sie signiert ist, oder aus der Zukunft. Stellen Sie die Uhr dieses Rechners und prüfen Sie, ob die Leitung langsam ist: kontor doctor zeigt beides. Die 2 s bleiben so kurz, damit eine gestohlene Anfrage nicht länger gilt.',
      notActive:
        'Nennen Sie die Kennung des Schlüssels bei der Börse, damit die Verbindung aktiv wird.',
      frozen:
        'Die Verbindung ist eingefroren und eröffnet kein neues Risiko. Ein Eigentümer taut sie auf der Seite Verbindungen auf.',
      quarantined:
        'Die Börse sagt über den Schlüssel anderes als zuvor. Die Seite Verbindungen nennt, was.',
      unchecked:
        'Die Börse hat noch nicht gesagt, was der Schlüssel darf. Lassen Sie ihn auf der Seite Verbindungen prüfen.',
      log: 'Der Signer konnte sein Log nicht schreiben, oder sein Verzeichnis ist voll. Sehen Sie nach Ordner und Platte des Signers.',
      again:
        'Nichts zu tun: Die Börse hat nichts erreicht, und der Desk entscheidet von selbst neu.',
      exchangeKey: 'Die Börse kennt den Schlüssel nicht. Prüfen Sie die Verbindung.',
      desk: 'Der Desk fand diese Order schon vor dem Senden falsch. Ändern Sie die Einstellung, die der Grund nennt.',
      policy: 'Ändern Sie die Order oder die Policy-Zeile, die die Regel nennt.',
      exchange: 'Ändern Sie, was der Grund nennt, oder fragen Sie die Börse nach diesem Code.',
    },
  },
  conditions: {
    title: 'Bedingungen',
    none: 'Es wird noch nichts beobachtet.',
    noneHint: 'Bedingungen werden geprüft, sobald der Bot läuft und Kerzen gelesen sind.',
    action: {
      start: 'für den Beginn',
      safetyOrder: 'für eine Nachkauforder',
      close: 'zum Schließen',
    },
    standing: { met: 'Alle erfüllt', notMet: 'Nicht alle erfüllt', unknown: 'Noch nicht bekannt' },
    verdict: { met: 'Erfüllt', notMet: 'Nicht erfüllt' },
    warming: (seen: string, needed: string): string => `${seen} von ${needed} Kerzen gesehen`,
    column: {
      condition: 'Bedingung',
      value: 'Jetzt',
      verdict: 'Ergebnis',
      closed: 'Kerze geschlossen',
    },
  },
  risk: {
    title: 'Risiko',
    deskTitle: 'Der Desk',
    stopEntries: 'Einstiege stoppen',
    stopEntriesHint:
      'Eine Sekunde halten: Einstiege werden storniert, Ausstiege bleiben. Drücken: mehr dazu.',
    deskState: { active: 'Handelt', reducing: 'Baut nur ab', halted: 'Angehalten' },
    botState: { active: 'Aktiv', reducing: 'Baut nur ab', halted: 'Angehalten' },
    reducingText:
      'Nur abbauen: Orders, die eine Position öffnen oder vergrößern, werden storniert und abgelehnt. Take-Profits und Stopps gehen weiter.',
    haltedText:
      'Angehalten: Es wird nichts mehr gesendet. Ausstiege, die an der Börse ruhen, bleiben dort.',
    change: { active: 'Weiter handeln', reducing: 'Nur abbauen', halted: 'Anhalten' },
    changed: {
      active: 'Der Handel geht weiter.',
      reducing: 'Ab jetzt wird nur abgebaut: Einstiege werden storniert.',
      halted: 'Angehalten: Es wird nichts mehr gesendet.',
    },
    notChanged: (reason: string): string => `Der Risikozustand wurde nicht geändert: ${reason}`,
    byPerson: 'durch Sie',
    byLoss: (loss: string, limit: string): string =>
      `der heutige Verlust von ${loss} hat seine Grenze von ${limit} erreicht`,
    until: (time: string): string => `Bis ${time}`,
    toLimits: 'Grenzen',
    exposure: 'Im Einsatz',
    orders: 'Offene Orders',
    today: 'Heute realisiert',
    noLimit: 'ohne Grenze',
    limitOf: (limit: string): string => `von höchstens ${limit}`,
    lossLimit: (limit: string): string => `Verlust höchstens ${limit}`,
    edit: 'Grenzen ändern',
    saveLimits: 'Grenzen speichern',
    limitsSaved: 'Grenzen geändert.',
    limitsNotSaved: (reason: string): string => `Die Grenzen wurden nicht geändert: ${reason}`,
    bots: 'Bots mit eigenen Grenzen',
    noBots: 'Kein Bot hat eigene Grenzen.',
    noBotsHint: 'Die Grenzen des Desks gelten für alle. Die eines Bots stehen auf seiner Seite.',
    column: {
      bot: 'Bot',
      state: 'Zustand',
      exposure: 'Im Einsatz',
      orders: 'Offene Orders',
      today: 'Heute realisiert',
    },
  },
  connections: {
    title: 'Verbindungen',
    venue: 'Börse',
    publicKey: 'Öffentlicher Schlüssel',
    publicKeyHint: 'Die private Hälfte liegt versiegelt im Tresor; nichts gibt sie heraus.',
    policy: 'Policy',
    policyHint: 'Wie sie in der Policy-Datei steht. Der Signer unterschreibt nichts anderes.',
    policyHash: 'SHA-256 der Policy-Datei',
    noPolicy: 'Keine Zeile der Policy nennt diese Verbindung; für sie wird nichts unterschrieben.',
    created: 'Angelegt',
    expires: 'Läuft ab',
    expiresIn: (n: Count): string =>
      n.count === 0
        ? 'weniger als ein Tag'
        : plural(n.count, `noch ${n.text} Tag`, `noch ${n.text} Tage`),
    expiredAgo: (n: Count): string =>
      n.count === 0
        ? 'vor weniger als einem Tag abgelaufen'
        : plural(n.count, `vor ${n.text} Tag abgelaufen`, `vor ${n.text} Tagen abgelaufen`),
    balances: 'Guthaben',
    asset: 'Asset',
    free: 'Frei',
    locked: 'In Orders',
    balancesEmpty: 'Das Konto ist leer.',
    empty: 'Es gibt noch keine Verbindung.',
    emptyHint: 'Mit „Neue Verbindung“ anlegen; ein Desk mit Demokonto legt beim Start eine an.',
    copyKey: 'Öffentlichen Schlüssel kopieren',
    copyHash: 'Prüfsumme kopieren',
  },
  settings: {
    title: 'Einstellungen',
    intro: 'Nur in diesem Browser gespeichert.',
    display: 'Darstellung',
    language: 'Sprache',
    theme: 'Farben',
    zone: 'Zeitzone',
    hours: 'Stunden',
    system: 'Wie das System',
    languageName: { en: 'English', de: 'Deutsch' },
    themeName: { dark: 'Dunkel', light: 'Hell' },
    zoneName: { local: 'Dieses Rechners', utc: 'UTC' },
    hoursName: { h23: '24 Stunden', h12: '12 Stunden' },
    example: 'Beispiel',
    session: 'Dieser Browser',
    sessionText:
      'Der Handel läuft weiter; der nächste Besuch braucht einen Passkey oder einen Link von „kontor link“.',
    lock: 'Desk sperren',
    notLocked: (reason) => `Der Desk wurde nicht gesperrt: ${reason}.`,
    keyboard: 'Tastatur',
    about: 'Über Kontor',
    version: 'Version',
    desk: 'Desk',
    licence: 'Apache-Lizenz 2.0',
    chartNotice: 'TradingView Lightweight Charts™, Copyright © 2025 TradingView, Inc.',
  },
  keys: {
    title: 'Tastatur',
    open: 'Liste der Tasten',
    andThen: 'dann',
    group: {
      everywhere: 'Überall',
      lists: 'In Listen',
      chart: 'Am Chart',
      decide: 'Zum Entscheiden',
    },
    palette: 'Befehl suchen',
    help: 'Diese Liste',
    goOverview: 'Zur Übersicht',
    goBots: 'Zu den Bots',
    goDeals: 'Zu den Deals',
    goConnections: 'Zu den Verbindungen',
    goAlarms: 'Zu den Alarmen',
    goPeople: 'Zu den Personen',
    goLog: 'Zum Log',
    goRisk: 'Zum Risiko',
    goSettings: 'Zu den Einstellungen',
    down: 'Nächste Zeile',
    up: 'Vorige Zeile',
    openRow: 'Zeile daneben öffnen, noch einmal als Seite',
    select: 'Zeile auswählen',
    selectAll: 'Alle auswählen',
    newBot: 'Neuer Bot',
    filter: 'Filtern',
    saveForm: 'Anlegen oder speichern, was im Formular steht',
    close: 'Offenes schließen',
    interval: 'Kürzeres oder längeres Intervall',
    fit: 'Orders einpassen',
    hold: 'Zum Bestätigen halten',
  },
  palette: {
    title: 'Befehle',
    placeholder: 'Seite, Bot, Deal oder Befehl suchen',
    empty: 'Nichts gefunden.',
    group: {
      pages: 'Seiten',
      bots: 'Bots',
      deals: 'Laufende Deals',
      instruments: 'Instrumente',
      actions: 'Befehle',
    },
    newBot: 'Neuer Bot',
    startBot: (name: string): string => `${name} starten`,
    stopBot: (name: string): string => `${name} stoppen`,
    chartOf: (symbol: string): string => `Chart von ${symbol}`,
    theme: (name: string): string => `Farben: ${name}`,
    language: (name: string): string => `Sprache: ${name}`,
    keyboard: 'Liste der Tasten zeigen',
  },
  table: {
    selectRow: (name: string): string => `${name} auswählen`,
    selectAll: 'Alle auswählen',
  },
  error: {
    unreachable: 'der Desk antwortet nicht',
    timeout: 'der Desk hat zu lange für die Antwort gebraucht',
    locked: 'der Desk ist gesperrt',
    notFound: 'das gibt es nicht mehr',
    unknown: 'der Desk hat mit einem Fehler geantwortet',
  },
};
