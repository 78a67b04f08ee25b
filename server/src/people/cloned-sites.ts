// SPDX-License-Identifier: Apache-2.0
// Copies of the desk's pages that stand elsewhere, to catch those who log in there. The pages of a desk with a name of its
// own load a style that names a picture by its whole address. A copied style still does, and a browser that shows the
// copy says for which site it asks. That finds copies made file by file; who passes the desk's own answers on, or cuts the
// style out, is not found. Passkeys are bound to the name and are of no use to a copy anyway.

import type { NewAlarm } from '../alarms/alarm-book.ts';

export const DOOR_STYLE = '/door.css';
export const DOOR_PICTURE = '/door.gif';

export interface ClonedSitesPorts {
  /** Under which origin browsers know the desk. */
  readonly origin: () => string;
  readonly raise: (alarm: NewAlarm) => unknown;
  /** A clock that only goes forward, in milliseconds. */
  readonly now: () => number;
}

/** Anybody can name any site, so that only so many are told of in a day; one more says that there are others. */
const SITES_A_DAY_MAX = 5;
/** Of one network: who sets up a copy could name others first, so that no place is left for his own. */
const SITES_OF_NETWORK_MAX = 2;
const DAY_MS = 24 * 60 * 60_000;
/** The same site is counted again after this. */
const AGAIN_MS = 60 * 60_000;
const REFERER_CHARACTERS_MAX = 2_000;
const ORIGIN_CHARACTERS_MAX = 200;
const OTHERS = 'more';
const LOCAL = /^(localhost|127\.0\.0\.1|\[::1\])$/;

export class ClonedSites {
  readonly #ports: ClonedSitesPorts;
  /** When each was told of last, and from which network first; at most one more than a day may bring. */
  readonly #told = new Map<string, { readonly at: number; readonly network: string }>();

  constructor(ports: ClonedSitesPorts) {
    this.#ports = ports;
  }

  /** The style, for a page that is asked for at `host`; null where there is no name that a copy could lack. */
  styleFor(host: string): string | null {
    const own = new URL(this.#ports.origin());
    if (LOCAL.test(own.hostname) || host !== own.host) return null;
    return `html::after{content:"";position:fixed;top:-9px;left:-9px;width:1px;height:1px;pointer-events:none;background-image:url("${own.origin}${DOOR_PICTURE}")}\n`;
  }

  /** The picture was asked for from a network, by a page of the site that `referer` names. */
  seen(referer: string | undefined, network: string): void {
    const site = siteOf(referer);
    const own = new URL(this.#ports.origin());
    if (site === null || site === own.origin || LOCAL.test(own.hostname)) return;
    const now = this.#ports.now();
    for (const [told, { at }] of this.#told) if (now - at >= DAY_MS) this.#told.delete(told);
    const subject = this.#told.has(site) || this.#hasRoomFor(network) ? site : OTHERS;
    const known = this.#told.get(subject);
    if (known !== undefined && now - known.at < AGAIN_MS) return;
    this.#told.set(subject, { at: now, network: known?.network ?? network });
    this.#ports.raise({
      kind: 'clonedSite',
      severity: 'warning',
      subject,
      facts: { site: subject === OTHERS ? '' : site },
    });
  }

  #hasRoomFor(network: string): boolean {
    const named = [...this.#told].filter(([site]) => site !== OTHERS);
    const ofNetwork = named.filter(([, told]) => told.network === network);
    return named.length < SITES_A_DAY_MAX && ofNetwork.length < SITES_OF_NETWORK_MAX;
  }
}

/** The origin that a browser names; null where it is none, or too long to be one. */
function siteOf(referer: string | undefined): string | null {
  if (referer === undefined || referer.length > REFERER_CHARACTERS_MAX) return null;
  const url = URL.parse(referer);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) return null;
  return url.origin.length <= ORIGIN_CHARACTERS_MAX ? url.origin : null;
}
