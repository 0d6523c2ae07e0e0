// Tells a new page from an echo of the one before. A page is new when its address, without the fragment, is not the one
// that this tab showed before. Chromium reports a load, and a pushState, as `loading` with the address and then
// `complete` without one; Firefox reports a load with an address in both, a pushState as `complete` with one. A reload
// is no new page: Chromium reports it exactly like a replaceState that changes nothing, which some sites do at every
// scroll.
//
// Per tab one keyed hash is remembered, in memory, under a key that dies with the worker. No address is kept.

/**
 * @typedef {{url?: string | undefined, status?: string | undefined}} Change the part of a tab event that is looked at
 * @typedef {(text: string) => Promise<string>} Digest a keyed hash as short text
 */

const MAX_TABS = 1_000;

/**
 * Forget the oldest entries of a set or map (both keep the order of insertion) beyond a bound.
 * @param {{size: number, keys(): Iterator<any>, delete(key: any): boolean}} collection
 * @param {number} bound
 */
export function trim(collection, bound) {
  while (collection.size > bound) collection.delete(collection.keys().next().value);
}

export class NewPages {
  /** @type {Map<number, string>} */
  #tabs = new Map();
  #digest;

  /** @param {Digest} digest */
  constructor(digest) {
    this.#digest = digest;
  }

  /**
   * @param {number} tabId
   * @param {Change} change
   * @param {string | undefined} tabUrl the tab's address; the browser leaves it out for sites that it hides from us
   * @returns {Promise<string | null>} the address to judge, or null
   */
  async address(tabId, change, tabUrl) {
    if (tabUrl === undefined && change.url === undefined) {
      this.left(tabId);
      return null;
    }
    const address = change.url ?? (change.status === "complete" ? tabUrl : undefined);
    if (address === undefined) return null;
    const hashSign = address.indexOf("#");
    const page = await this.#digest(hashSign < 0 ? address : address.slice(0, hashSign));
    const echo = this.#tabs.get(tabId) === page;
    this.#tabs.delete(tabId);
    this.#tabs.set(tabId, page);
    trim(this.#tabs, MAX_TABS);
    return echo ? null : address;
  }

  /** A tab went elsewhere: when it comes back, its page is new again. @param {number} tabId */
  left(tabId) {
    this.#tabs.delete(tabId);
  }

  /** Forget every tab. */
  clear() {
    this.#tabs.clear();
  }
}
