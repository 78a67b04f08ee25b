// SPDX-License-Identifier: Apache-2.0
// The settings of every kind of bot, in German.

import type { SettingsWords } from './settings-words.ts';

const COMPARISONS = {
  below: 'unter',
  above: 'über',
  crossesBelow: 'kreuzt nach unten',
  crossesAbove: 'kreuzt nach oben',
};
const TRENDS = {
  turnsUp: 'dreht nach oben',
  turnsDown: 'dreht nach unten',
  up: 'zeigt nach oben',
  down: 'zeigt nach unten',
};
const VOLUME_UNITS = { quote: 'in Kurswährung', base: 'in Coins', percent: '% vom Freien' };
const CONDITION_KINDS = {
  rsi: 'RSI',
  mfi: 'MFI, Geldfluss',
  cci: 'CCI, Commodity Channel',
  adx: 'ADX, Stärke des Trends',
  ult: 'Ultimate Oscillator',
  bollinger: 'Bollinger %B',
  maCross: 'Zwei gleitende Durchschnitte',
  macd: 'MACD',
  stochastic: 'Stochastik',
  parabolicSar: 'Parabolic SAR',
  supertrend: 'Supertrend',
  heikinAshi: 'Heikin-Ashi-Kerzen',
  priceChange: 'Änderung des Preises',
  technicalRating: 'Technische Bewertung',
  volume24h: 'Umsatz von 24 Stunden',
};
const PRICE_KINDS = { price: 'zu einem Preis', percent: 'in Prozent' };
const SOURCES = {
  own: 'Preis, den ich bekäme',
  bid: 'Geldkurs',
  ask: 'Briefkurs',
  last: 'letzter Preis',
};

export const germanSettings: SettingsWords = {
  sections: {
    what: 'Was handeln',
    buy: 'Wann kaufen',
    sellFirst: 'Wann verkaufen',
    average: 'Wie nachkaufen',
    averageUp: 'Wie nachverkaufen',
    sell: 'Wann verkaufen',
    buyBack: 'Wann zurückkaufen',
    giveUp: 'Wann aufgeben',
    limits: 'In welchen Grenzen',
    range: 'In welcher Spanne',
    lines: 'Wie viele Linien',
    move: 'Wenn der Preis sie verlässt',
    shares: 'Welcher Anteil je Coin',
    when: 'Wann handeln',
    size: 'Wie viel',
    signals: 'Welchen Signalen folgen',
    exits: 'Wann schließen',
    settings: 'Einstellungen',
    more: 'Weiteres',
  },
  kinds: {
    dca: {
      name: 'DCA-Bot',
      sentence:
        'Kauft in Stufen, während der Preis fällt, und verkauft alles etwas über dem Durchschnitt.',
    },
    grid: {
      name: 'Grid-Bot',
      sentence:
        'Kauft und verkauft an gleich weit entfernten Linien und verdient, wenn der Preis zwischen zweien pendelt.',
    },
    smartTrade: {
      name: 'Smart Trade',
      sentence:
        'Ein Handel nach Plan: der Einstieg, bis zu acht Ziele und ein Stopp, der ihn absichert.',
    },
    signal: {
      name: 'Signal-Bot',
      sentence: 'Öffnet und schließt Positionen, wenn Signale von außen es sagen.',
    },
    rebalance: {
      name: 'Portfolio',
      sentence:
        'Hält mehrere Coins in den Anteilen, die Sie wählen, und handelt, wenn sie auseinanderlaufen.',
    },
  },
  presets: {
    'dca.calm': {
      name: 'Ruhig',
      sentence: 'Wenige Deals, tiefe Leiter: zwölf Orders über einen Fall von rund 30\u00a0%.',
    },
    'dca.steady': {
      name: 'Stetig',
      sentence:
        'Sieben Orders über einen Fall von rund 12\u00a0%, verkauft 1,5\u00a0% über dem Durchschnitt.',
    },
    'dca.brisk': {
      name: 'Flott',
      sentence: 'Vier Orders über 3\u00a0%, viele kleine Gewinne und ein Stop-Loss darunter.',
    },
    'grid.around': {
      name: 'Um den Preis',
      sentence: 'Zwanzig Linien von 8\u00a0% unter dem Preis bis 8\u00a0% darüber.',
    },
    'grid.wide': {
      name: 'Weit',
      sentence:
        'Vierzig Linien, gleich in Prozent, von einem Viertel unter dem Preis bis ein Drittel darüber.',
    },
    'smartTrade.simple': {
      name: 'Jetzt kaufen, ein Ziel',
      sentence: 'Kauft zum Marktpreis, verkauft bei 3\u00a0% Gewinn, stoppt 3\u00a0% darunter.',
    },
    'smartTrade.ladder': {
      name: 'Tiefer kaufen, drei Ziele',
      sentence:
        'Eine Limit-Order 2\u00a0% unter dem Preis, je ein Drittel verkauft bei 2, 4 und 7\u00a0%.',
    },
    'smartTrade.held': {
      name: 'Bestand verkaufen',
      sentence: 'Ziel und Stopp für Coins, die schon auf dem Konto sind.',
    },
    'signal.follow': {
      name: 'In beide Richtungen folgen',
      sentence: 'Öffnet und schließt nur nach Signalen, mit einem Stopp in 5\u00a0% Abstand.',
    },
    'signal.exits': {
      name: 'Eigene Ausstiege',
      sentence:
        'Signale öffnen; je die Hälfte schließt bei 1,5 und 3\u00a0% Gewinn oder am Stopp in 3\u00a0% Abstand.',
    },
    'rebalance.equal': {
      name: 'Gleiche Anteile',
      sentence:
        'Die ersten Coins dieses Desks zu gleichen Teilen, gehandelt ab 5 Punkten Abweichung.',
    },
    'rebalance.core': {
      name: 'Die Hälfte im ersten Coin',
      sentence:
        'Die Hälfte im ersten Coin, ein Fünftel in bar, der Rest in den anderen, täglich geprüft.',
    },
  },
  fields: {
    '*.name': { name: 'Name' },
    '*.symbols': { name: 'Instrumente' },
    '*.maxSlippage': {
      name: 'Höchste Abweichung',
      help: 'Wie weit vom besten Preis eine Order zum Marktpreis handeln darf.',
    },
    '*.reserveSafetyOrders': {
      name: 'Nachkauf-Geld zurückhalten',
      help: 'Geld für Nachkäufe, die noch nicht im Buch stehen, bekommt kein anderer Bot. Ohne das können mehr Bots zugleich laufen, und einem Deal kann das Geld für Nachkäufe fehlen.',
    },
    '*.postOnly': {
      name: 'Nur ruhende Orders',
      help: 'Limit-Orders dürfen nur im Buch ruhen und zahlen die Maker-Gebühr (Post-only). Eine, die sofort handeln würde, wird zu ihrem Preis nach 2, 4 und 8 Sekunden noch einmal versucht, ein Take-Profit einmal; danach geht sie als gewöhnliche Limit-Order hinaus, damit nichts einer Gebühr wegen verpasst wird.',
    },
    '*.price': { name: 'Preis', choices: PRICE_KINDS },
    '*.share': { name: 'Anteil' },
    '*.percent': { name: 'Prozent' },
    '*.source': {
      name: 'Beobachteter Preis',
      help: 'Welcher Preis des Marktes verglichen wird.',
      choices: SOURCES,
    },
    '*.trailing': {
      name: 'Nachziehen',
      help: 'Folgt dem besten Preis in diesem Abstand, bevor gehandelt wird.',
    },

    'dca.symbols': { name: 'Instrumente', help: 'Jedes hat eigene Deals.' },
    'dca.direction': {
      name: 'Richtung',
      choices: {
        long: 'Long: kaufen, dann verkaufen',
        short: 'Short: verkaufen, dann zurückkaufen',
      },
    },
    'dca.profitCurrency': {
      name: 'Gewinn in',
      help: 'In Coins: nur so viel wird geschlossen, wie die Kosten deckt, der Gewinn bleibt in Coins.',
      choices: { quote: 'Kurswährung', base: 'Coins' },
    },
    'dca.startTrigger': {
      name: 'Ein Deal beginnt',
      choices: {
        immediately: 'sofort, sobald Platz ist',
        conditions: 'wenn Bedingungen erfüllt sind',
        signal: 'auf ein Signal',
        manually: 'wenn ich es sage',
      },
    },
    'dca.startConditions': {
      name: 'All das gilt',
      help: 'Geprüft, sobald eine Kerze schließt.',
      item: 'Bedingung',
      choices: CONDITION_KINDS,
    },
    'dca.baseOrderVolume': { name: 'Basisorder', help: 'Die erste Order jedes Deals.' },
    'dca.baseOrderVolumeType': { name: 'Basisorder in', choices: VOLUME_UNITS },
    'dca.baseOrderType': {
      name: 'Basisorder als',
      choices: { market: 'Markt', limit: 'Limit' },
    },
    'dca.startDelaySeconds': {
      name: 'Verzögerung vor einem Deal',
      help: 'Von der Entscheidung bis zur Basisorder.',
    },
    'dca.cooldownSeconds': {
      name: 'Pause zwischen Deals',
      help: 'Je Instrument, nachdem ein Deal geschlossen ist.',
    },
    'dca.minPrice': { name: 'Nur ab' },
    'dca.maxPrice': { name: 'Nur bis' },
    'dca.minPricePercent': {
      name: 'Nur ab, in Prozent',
      help: 'Vom Preis, bei dem der Bot gestartet wurde.',
    },
    'dca.maxPricePercent': {
      name: 'Nur bis, in Prozent',
      help: 'Vom Preis, bei dem der Bot gestartet wurde.',
    },
    'dca.maxSafetyOrders': { name: 'Nachkauforders', help: 'Höchstens so viele in einem Deal.' },
    'dca.maxActiveSafetyOrders': {
      name: 'Zugleich im Orderbuch',
      help: 'Die übrigen warten, bis eine davon ausgeführt ist.',
    },
    'dca.safetyOrderVolume': { name: 'Nachkauforder', help: 'Die erste.' },
    'dca.safetyOrderVolumeType': { name: 'Nachkauforders in', choices: VOLUME_UNITS },
    'dca.safetyOrderStep': {
      name: 'Abstand der ersten',
      help: 'Vom Preis der Basisorder.',
    },
    'dca.volumeScale': { name: 'Jede größer um', help: 'Mit 1 sind alle gleich.' },
    'dca.stepScale': { name: 'Jeder Abstand weiter um', help: 'Mit 1 sind alle gleich weit.' },
    'dca.customSafetyOrders': {
      name: 'Eine eigene Leiter',
      help: 'Statt Volumen, Abstand und Faktoren.',
      item: 'Nachkauforder',
    },
    'dca.customSafetyOrders.deviation': { name: 'Abstand zur Basis' },
    'dca.customSafetyOrders.volume': { name: 'Volumen' },
    'dca.safetyOrderTrigger': {
      name: 'Nachkauforders werden gesendet',
      choices: {
        price: 'vorab, sie ruhen an ihrem Preis',
        conditions: 'jenseits ihres Preises, wenn Bedingungen erfüllt sind',
        signal: 'jenseits ihres Preises, auf ein Signal',
      },
    },
    'dca.safetyOrderConditions': {
      name: 'All das gilt',
      item: 'Bedingung',
      choices: CONDITION_KINDS,
    },
    'dca.takeProfit': {
      name: 'Take-Profit',
      help: 'Was nach beiden Gebühren verdient ist.',
    },
    'dca.takeProfitType': {
      name: 'In Prozent',
      choices: { total: 'des ganzen Deals', base: 'der Basisorder' },
    },
    'dca.takeProfitSteps': {
      name: 'Mehrere Ziele',
      help: 'Jedes verkauft seinen Anteil; alle Anteile ergeben 100\u00a0%.',
      item: 'Ziel',
    },
    'dca.takeProfitSteps.profit': { name: 'Gewinn' },
    'dca.takeProfitSteps.share': { name: 'Anteil' },
    'dca.trailingDeviation': {
      name: 'Nachziehen',
      help: 'Jenseits des Take-Profits: folgt dem besten Preis in diesem Abstand.',
    },
    'dca.closeTrigger': {
      name: 'Außerdem schließen',
      choices: {
        none: 'aus keinem anderen Grund',
        conditions: 'wenn Bedingungen erfüllt sind',
        signal: 'auf ein Signal',
      },
    },
    'dca.closeConditions': {
      name: 'All das gilt',
      item: 'Bedingung',
      choices: CONDITION_KINDS,
    },
    'dca.minProfitType': {
      name: 'Mindestgewinn',
      choices: {
        total: 'des ganzen Deals',
        base: 'der Basisorder',
        none: 'keiner: zu jedem Preis schließen',
      },
    },
    'dca.minProfit': {
      name: 'Mindestens',
      help: 'Darunter schließen Bedingungen und Signale nichts.',
    },
    'dca.stopLoss': { name: 'Stop-Loss' },
    'dca.stopLossFrom': {
      name: 'Gemessen von',
      choices: { base: 'der Basisorder', average: 'dem Durchschnitt' },
    },
    'dca.stopLossTrailing': { name: 'Stopp folgt dem Preis' },
    'dca.stopLossTimeoutSeconds': {
      name: 'Vor dem Stopp warten',
      help: 'So lange muss der Preis jenseits des Stopps bleiben.',
    },
    'dca.stopLossMove': {
      name: 'Nach einem Ziel den Stopp verschieben',
      choices: {
        never: 'gar nicht',
        breakEven: 'auf die Gewinnschwelle',
        firstStep: 'auf das Ziel davor, einmal',
        secondStep: 'auf das Ziel davor, zweimal',
      },
    },
    'dca.stopLossAction': {
      name: 'Dann',
      choices: {
        closeDeal: 'den Deal schließen',
        closeDealAndStopBot: 'ihn schließen und den Bot stoppen',
      },
    },
    'dca.closeTimeoutSeconds': {
      name: 'Schließen nach',
      help: 'Zum Marktpreis, was immer der Deal bis dahin verdient hat.',
    },
    'dca.maxActiveDeals': { name: 'Deals zugleich' },
    'dca.maxActiveDealsPerSymbol': { name: 'Deals zugleich je Instrument' },
    'dca.stopAfterDeals': {
      name: 'Den Bot stoppen nach',
      help: 'So vielen Deals, seit er gestartet wurde.',
    },
    'dca.reinvest': {
      name: 'Wieder anlegen',
      help: 'Teil des Gewinns, der die nächsten Orders vergrößert.',
    },
    'dca.riskReduction': {
      name: 'Nach Verlusten verkleinern',
      help: 'Teil des Verlusts, der die nächsten Orders kleiner macht.',
    },

    'grid.symbols': { name: 'Instrument' },
    'grid.lowerPrice': { name: 'Unterste Linie' },
    'grid.upperPrice': { name: 'Oberste Linie' },
    'grid.startPrice': {
      name: 'Beginnen bei',
      help: 'Das Grid wartet, bis der Preis erreicht ist.',
    },
    'grid.initialBalancing': {
      name: 'Zuerst für die Verkaufslinien kaufen',
      help: 'Sonst werden nur Coins angeboten, die schon da sind.',
    },
    'grid.lines': { name: 'Linien' },
    'grid.spacing': {
      name: 'Abstand der Linien',
      choices: { arithmetic: 'gleich im Preis', geometric: 'gleich in Prozent' },
    },
    'grid.quantityPerLine': { name: 'Jede Linie' },
    'grid.quantityUnit': {
      name: 'Jede Linie in',
      choices: { base: 'in Coins', quote: 'in Kurswährung' },
    },
    'grid.profitCurrency': {
      name: 'Gewinn behalten in',
      choices: { quote: 'Kurswährung', base: 'Coins' },
    },
    'grid.maxActiveBuyLines': {
      name: 'Kauflinien im Orderbuch',
      help: 'Die nächsten ruhen, die übrigen warten.',
    },
    'grid.maxActiveSellLines': {
      name: 'Verkaufslinien im Orderbuch',
      help: 'Die nächsten ruhen, die übrigen warten.',
    },
    'grid.trailingUp': {
      name: 'Nach oben folgen',
      help: 'Über dem Grid rückt es als Ganzes nach oben, Linie um Linie.',
    },
    'grid.trailingDown': {
      name: 'Nach unten folgen',
      help: 'Unter dem Grid rückt es als Ganzes nach unten, Linie um Linie.',
    },
    'grid.expansionUpTo': {
      name: 'Oben Linien ergänzen bis',
      help: 'Das Grid wächst, statt zu wandern.',
    },
    'grid.expansionDownTo': {
      name: 'Unten Linien ergänzen bis',
      help: 'Das Grid wächst, statt zu wandern.',
    },
    'grid.lowerStop': { name: 'Stopp darunter' },
    'grid.upperStop': { name: 'Stopp darüber' },
    '*.action': {
      name: 'Dann',
      choices: {
        stop: 'stoppen und alles behalten',
        stopAndSell: 'stoppen und die Coins verkaufen',
        stopAndBuy: 'stoppen und Coins kaufen',
      },
    },
    'grid.takeProfitPrice': {
      name: 'Take-Profit bei',
      help: 'Dort verkauft das Grid seine Coins und endet.',
    },

    'smartTrade.symbols': { name: 'Instrument' },
    'smartTrade.type': {
      name: 'Handel',
      choices: {
        long: 'Kaufen, dann höher verkaufen',
        short: 'Verkaufen, dann tiefer zurückkaufen',
        sellHeld: 'Coins verkaufen, die ich habe',
        buyBack: 'Verkaufte Coins zurückkaufen',
        buy: 'Nur kaufen',
        sell: 'Nur verkaufen',
      },
    },
    'smartTrade.held': { name: 'Was schon da ist' },
    'smartTrade.held.quantity': { name: 'Coins' },
    'smartTrade.held.price': {
      name: 'Zu',
      help: 'Was ein Coin kostete oder brachte; davon zählt der Gewinn.',
    },
    '*.size': {
      name: 'Größe',
      choices: { quote: 'in Kurswährung', base: 'in Coins', balance: '% vom Freien' },
    },
    '*.size.quote.amount': { name: 'Betrag' },
    '*.size.base.quantity': { name: 'Coins' },
    '*.size.balance.percent': { name: 'Vom Freien' },
    '*.entries': { name: 'Einstiege', help: 'Alle Anteile ergeben 100\u00a0%.', item: 'Einstieg' },
    '*.entries.order': { name: 'Order', choices: { market: 'zum Marktpreis', limit: 'Limit' } },
    '*.entries.price': {
      name: 'Limit',
      help: 'In Prozent: besser als der Markt beim Beginn des Handels.',
      choices: PRICE_KINDS,
    },
    '*.entries.trigger': {
      name: 'Auf einen Preis warten',
      help: 'Erst dann geht die Order hinaus.',
    },
    '*.entries.trigger.price': { name: 'Preis', choices: PRICE_KINDS },
    '*.entries.trigger.when': {
      name: 'Wenn der Preis',
      choices: {
        reaches: 'ihn erreicht',
        atOrAbove: 'dort oder darüber ist',
        atOrBelow: 'dort oder darunter ist',
      },
    },
    '*.entries.waitSeconds': {
      name: 'Zurücknehmen nach',
      help: 'Was bis dahin ausgeführt ist, bleibt.',
    },
    '*.takeProfit': { name: 'Ziele', help: 'Alle Anteile ergeben 100\u00a0%.', item: 'Ziel' },
    '*.takeProfit.price': {
      name: 'Ziel',
      help: 'In Prozent: Gewinn nach beiden Gebühren.',
      choices: PRICE_KINDS,
    },
    '*.takeProfit.order': {
      name: 'Order',
      choices: { limit: 'Limit, ruhend', market: 'zum Marktpreis, wenn erreicht' },
    },
    '*.stopLoss': { name: 'Stop-Loss' },
    '*.stopLoss.price': {
      name: 'Stopp',
      help: 'In Prozent: vom Durchschnitt der Position.',
      choices: PRICE_KINDS,
    },
    '*.stopLoss.order': { name: 'Order', choices: { market: 'zum Marktpreis', limit: 'Limit' } },
    '*.stopLoss.limit': {
      name: 'Limit',
      help: 'In Prozent: jenseits des Stopps selbst.',
      choices: PRICE_KINDS,
    },
    '*.stopLoss.timeoutSeconds': {
      name: 'Vor dem Stopp warten',
      help: 'So lange muss der Preis jenseits des Stopps bleiben.',
    },
    '*.stopLoss.breakEven': { name: 'Nach dem ersten Ziel auf die Gewinnschwelle' },
    '*.stopLoss.placement': {
      name: 'Wer den Stopp hält',
      choices: { desk: 'der Desk überwacht den Preis', exchange: 'eine Order an der Börse' },
      help: 'An der Börse schützt er auch, während der Desk aus ist. Dafür braucht es genau ein ruhendes Ziel, ohne Nachziehen und Warten.',
    },

    'signal.directions': {
      name: 'Darf öffnen',
      choices: { long: 'long', short: 'short', both: 'beides' },
    },
    'signal.onOpposite': {
      name: 'Ein Signal in Gegenrichtung',
      choices: { ignore: 'bleibt ohne Folge', close: 'schließt', reverse: 'schließt und dreht um' },
    },
    'signal.maxLagSeconds': { name: 'Ältestes Signal', help: 'Ältere werden abgelehnt.' },
    'signal.acceptUntimed': {
      name: 'Auch Signalen ohne Zeit folgen',
      help: 'Von Webhooks, die nicht sagen, wann sie gesendet wurden.',
    },
    'signal.duplicateSeconds': {
      name: 'Dasselbe erneut ablehnen für',
      help: 'Ein Signal, das zweimal kommt, zählt einmal.',
    },
    'signal.maxPriceDeviation': {
      name: 'Am weitesten von seinem Preis',
      help: 'Nennt das Signal einen Preis: wie weit der Markt davon entfernt sein darf.',
    },
    'signal.cooldownSeconds': {
      name: 'Pause nach einer Position',
      help: 'Je Instrument, nachdem sie geschlossen ist.',
    },
    'signal.size': {
      name: 'Größe',
      help: 'Des ersten Einstiegs und jedes weiteren.',
      choices: { quote: 'in Kurswährung', base: 'in Coins', balance: '% vom Freien' },
    },
    'signal.entryOrder': {
      name: 'Steigt ein',
      choices: { market: 'zum Marktpreis', limit: 'mit Limit' },
    },
    'signal.entryOffset': { name: 'Limit besser als der Markt um' },
    'signal.entryWaitSeconds': {
      name: 'Limit zurücknehmen nach',
      help: 'Was bis dahin ausgeführt ist, bleibt.',
    },
    'signal.maxEntries': { name: 'Einstiege je Position', help: 'Der erste zählt mit.' },
    'signal.useSignalSize': { name: 'Die Größe im Signal gelten lassen' },
    'signal.useSignalExits': { name: 'Die Ausstiege im Signal gelten lassen' },
    'signal.minProfit': {
      name: 'Auf Signal erst schließen ab',
      help: 'In Prozent nach Gebühren.',
    },
    'signal.maxPositions': { name: 'Positionen zugleich' },
    'signal.maxInvestment': {
      name: 'Zusammen höchstens wert',
      help: 'Alle Positionen und Einstiege des Bots.',
    },

    'rebalance.targets': {
      name: 'Anteile',
      help: 'Was an 100\u00a0% fehlt, bleibt in bar.',
      item: 'Coin',
    },
    'rebalance.targets.symbol': { name: 'Coin' },
    'rebalance.targets.share': { name: 'Anteil' },
    'rebalance.investment': { name: 'Beginnen mit', help: 'Dafür werden die Coins gekauft.' },
    'rebalance.threshold': {
      name: 'Wenn ein Anteil abweicht um',
      help: 'In Prozentpunkten.',
    },
    'rebalance.everyHours': { name: 'Alle so viele Stunden' },
    'rebalance.minTrade': {
      name: 'Kleinster Handel',
      help: 'Kleinere Abweichungen bleiben, wie sie sind.',
    },

    '*.interval': {
      name: 'Kerzen von',
      choices: {
        '1m': '1 Minute',
        '3m': '3 Minuten',
        '5m': '5 Minuten',
        '15m': '15 Minuten',
        '30m': '30 Minuten',
        '1h': '1 Stunde',
        '2h': '2 Stunden',
        '4h': '4 Stunden',
        '6h': '6 Stunden',
        '8h': '8 Stunden',
        '12h': '12 Stunden',
        '1d': '1 Tag',
        '3d': '3 Tagen',
        '1w': '1 Woche',
        '1M': '1 Monat',
      },
    },
    '*.period': { name: 'Periode' },
    '*.comparison': { name: 'Ist', choices: COMPARISONS },
    '*.value': { name: 'Wert' },
    '*.shortPeriod': { name: 'Kurze Periode' },
    '*.middlePeriod': { name: 'Mittlere Periode' },
    '*.longPeriod': { name: 'Lange Periode' },
    '*.bollinger.deviation': { name: 'Abweichungen' },
    '*.bollinger.value': { name: 'Wert', help: '0 ist das untere Band, 1 das obere.' },
    '*.average': { name: 'Durchschnitt', choices: { ema: 'exponentiell', sma: 'einfach' } },
    '*.fastPeriod': { name: 'Schnelle Periode' },
    '*.slowPeriod': { name: 'Langsame Periode' },
    '*.signalPeriod': { name: 'Periode der Signallinie' },
    '*.macd.line': {
      name: 'Die Linie ist',
      choices: { any: 'irgendwo', belowZero: 'unter null', aboveZero: 'über null' },
    },
    '*.kPeriod': { name: 'Periode von %K' },
    '*.smoothing': { name: 'Glättung' },
    '*.dPeriod': { name: 'Periode von %D' },
    '*.cross': {
      name: 'Und %K',
      choices: {
        any: 'steht irgendwo',
        kCrossesAboveD: 'kreuzt %D nach oben',
        kCrossesBelowD: 'kreuzt %D nach unten',
      },
    },
    '*.parabolicSar.step': { name: 'Schritt' },
    '*.maximum': { name: 'Höchstwert' },
    '*.trend': { name: 'Trend', choices: TRENDS },
    '*.multiplier': { name: 'Faktor' },
    '*.candles': { name: 'Kerzen' },
    '*.colour': { name: 'Alle sind', choices: { green: 'steigend', red: 'fallend' } },
    '*.rating': {
      name: 'Bewertung',
      choices: {
        buyOrStrongBuy: 'Kaufen oder stark kaufen',
        strongBuy: 'Stark kaufen',
        sellOrStrongSell: 'Verkaufen oder stark verkaufen',
        strongSell: 'Stark verkaufen',
      },
    },
    '*.atLeast': { name: 'Mindestens' },

    'risk.maxExposure': {
      name: 'Höchstens im Einsatz',
      help: 'Gehaltene und geschuldete Coins und ruhende Einstiege zusammen.',
      item: 'Währung',
    },
    'risk.maxOpenOrders': {
      name: 'Orders zugleich',
      help: 'Ausstiege zählen mit, werden aber nie abgelehnt.',
    },
    'risk.dailyLoss': {
      name: 'Verlust eines Tages höchstens',
      help: 'Realisiertes zählt, auch in laufenden Deals. Ist er erreicht, wird bis zum nächsten Tag (UTC) nichts Neues geöffnet.',
      item: 'Währung',
    },
    'risk.maxExposure.asset': { name: 'Währung' },
    'risk.maxExposure.amount': { name: 'Betrag' },
    'risk.dailyLoss.asset': { name: 'Währung' },
    'risk.dailyLoss.amount': { name: 'Betrag' },
  },
};
