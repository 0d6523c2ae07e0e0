// Sites that the person adds: their page loads are counted per site and day, in this browser, and nowhere else, for
// ever. Nothing of them goes to reduce.js, queue.js or delivery.js; this file has no way to say anything to anybody. It
// counts only while the agent's gate is open, as for every other site.
//
//   tabs.onUpdated → (gate) → observe → is it one of mine? → one more for that site and day → storage.local
//
// Kept: at most 50 sites with at most 30 days each, a number a day. Removed with the site.
//
// Whoever manages the browser may allow none. Chromium can take a minute to say so, and a press does not wait for that:
// such a site is added, marked as unsure on disk too, and taken back with its counts if the settings then forbid it.

import { classifyAddress } from "./classify.js";
import { NewPages } from "./new_page.js";

/**
 * @typedef {Record<string, number>} Days counts by day, such as `2026-11-24`
 * @typedef {{host: string, today: number, days: {day: string, count: number}[]}} OwnSite `days` newest first
 * @typedef {"" | "not_a_site" | "watched" | "too_many" | "forbidden" | "hidden"} Refused why a site was not added, each with its
 *   text `options_own_…`; `forbidden`: by whoever manages the browser, `hidden`: by the browser, or the person asked by it
 */

export const MAX_SITES = 50;
export const MAX_DAYS = 30;
const KEY = "own_sites";
const UNSURE = "own_sites_unsure";
const SAVE_MS = 1_000;
const HOST = /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/;

/**
 * The site that a person means: `https://www.Example.com/page` and `example.com` are both `example.com`.
 * @param {string} typed
 * @returns {string} empty when it is none
 */
export function hostOf(typed) {
  const text = typed.trim();
  const address = /^https?:\/\//i.test(text) ? text : `https://${text}`;
  if (!URL.canParse(address)) return "";
  const host = new URL(address).hostname.replace(/^www\./, "");
  return HOST.test(host) ? host : "";
}

/** What the browser is asked for, for one site: itself and its «www.», nothing below. @param {string} host */
export const originsOf = (host) => [`https://${host}/*`, `https://www.${host}/*`];

/** Whether a site is watched anyway, or can be as one of the optional ones. @param {string} host */
export const isWatched = (host) =>
  classifyAddress(`https://${host}/`) !== null || classifyAddress(`https://www.${host}/`) !== null;

/**
 * What is known without asking anybody.
 * @param {string} host
 * @param {readonly string[]} known the sites that are there
 * @returns {Refused}
 */
export function unfit(host, known) {
  if (host === "") return "not_a_site";
  if (isWatched(host)) return "watched";
  return known.length >= MAX_SITES && !known.includes(host) ? "too_many" : "";
}

export class OwnSites {
  /** Sites that were taken back in this life of the worker. @type {string[]} */
  takenBack = [];
  /** @type {Map<string, Days>} in the order in which they were added */
  #sites = new Map();
  /** Sites that were added before anybody knew whether they may be. @type {Set<string>} */
  #unsure = new Set();
  /** @type {Promise<void>} */
  #tail = Promise.resolve();
  #saving = false;
  /** What is kept is read once; what the person says of these sites waits for it. @type {Promise<void> | null} */
  #opened = null;
  #pages;
  #edges;

  /**
   * @param {object} edges
   * @param {import("./queue.js").Area} edges.local
   * @param {import("./new_page.js").Digest} edges.digest
   * @param {() => boolean} edges.allowed whether the gate is open; asked again after every wait
   * @param {() => boolean | null} edges.may whether whoever manages the browser lets sites be added; null while nobody knows
   * @param {(origins: string[]) => Promise<boolean>} edges.granted whether the browser lets us see them
   * @param {(origins: string[]) => void} edges.giveBack tells the browser that we need not see them any more
   * @param {(at: number) => string} edges.dayOf the person's day as `2026-11-24`
   * @param {(run: () => void, ms: number) => unknown} edges.setTimer
   * @param {() => void} edges.changed
   */
  constructor(edges) {
    this.#edges = edges;
    this.#pages = new NewPages(edges.digest);
  }

  /** Read what is kept, once. */
  open() {
    this.#opened ??= this.#read();
    return this.#opened;
  }

  async #read() {
    const [sites, unsure] = await Promise.all([this.#edges.local.get(KEY), this.#edges.local.get(UNSURE)]);
    for (const [host, days] of Object.entries(sites[KEY] ?? {}).slice(0, MAX_SITES))
      if (HOST.test(host)) this.#sites.set(host, cleaned(days));
    for (const host of Array.isArray(unsure[UNSURE]) ? unsure[UNSURE] : []) if (this.#sites.has(host)) this.#unsure.add(host);
    this.#edges.changed();
  }

  /** @param {number} now @returns {OwnSite[]} */
  list(now) {
    const today = this.#edges.dayOf(now);
    return [...this.#sites].map(([host, days]) => ({
      host,
      today: days[today] ?? 0,
      days: Object.keys(days)
        .sort()
        .reverse()
        .map((day) => ({ day, count: days[day] ?? 0 })),
    }));
  }

  /**
   * Add a site that the person has let the browser show us.
   * @param {unknown} typed
   * @returns {Promise<Refused>}
   */
  async add(typed) {
    await this.open();
    const host = typeof typed === "string" ? hostOf(typed) : "";
    if (host === "" || isWatched(host)) return unfit(host, []);
    if (!(await this.#edges.granted(originsOf(host)))) return "hidden";
    if (this.#sites.has(host)) return "";
    // Nothing is waited for from here on: what holds now holds when it is added.
    const may = this.#edges.may();
    const refused = may === false ? "forbidden" : unfit(host, [...this.#sites.keys()]);
    if (refused !== "") {
      this.#edges.giveBack(originsOf(host));
      return refused;
    }
    this.#sites.set(host, {});
    if (may === null) this.#unsure.add(host);
    this.#save();
    return "";
  }

  /** Whoever manages the browser has been heard: what was added before stays, or is taken back. @param {boolean} may */
  async settle(may) {
    await this.open();
    if (this.#unsure.size === 0) return;
    const unsure = [...this.#unsure];
    this.#unsure.clear();
    if (!may)
      for (const host of unsure) {
        this.#sites.delete(host);
        this.#edges.giveBack(originsOf(host));
        this.takenBack.push(host);
      }
    this.#save();
  }

  /** Forget a site and all that was counted of it, at once. @param {unknown} host */
  async remove(host) {
    await this.open();
    if (typeof host !== "string" || !this.#sites.delete(host)) return;
    this.#unsure.delete(host);
    this.#save();
  }

  /** Remove the sites that the browser hides now. */
  async removeHidden() {
    await this.open();
    for (const host of [...this.#sites.keys()])
      if (!(await this.#edges.granted(originsOf(host)))) await this.remove(host);
  }

  /**
   * Look at one tab event, if it is of one of these sites.
   * @param {number} tabId
   * @param {import("./new_page.js").Change} change
   * @param {string | undefined} tabUrl
   * @param {number} at
   * @returns {boolean} whether it is: then it is nobody else's
   */
  observe(tabId, change, tabUrl, at) {
    const host = this.#sites.size === 0 ? "" : hostOf(change.url ?? tabUrl ?? "");
    const mine = this.#sites.has(host);
    if (!mine) this.#pages.left(tabId);
    else
      this.#tail = this.#tail
        .then(async () => {
          if (!this.#edges.allowed()) return;
          const address = await this.#pages.address(tabId, change, tabUrl);
          if (address !== null && this.#edges.allowed()) this.#count(host, at);
        })
        .catch(() => undefined);
    return mine;
  }

  /** Forget which page each tab was on: the gate has closed. What was counted stays. */
  forget() {
    this.#pages.clear();
  }

  /** Settles when every event so far is done with. */
  settled() {
    return this.#tail;
  }

  /**
   * @param {string} host
   * @param {number} at
   */
  #count(host, at) {
    const days = this.#sites.get(host);
    if (days === undefined) return;
    const day = this.#edges.dayOf(at);
    days[day] = (days[day] ?? 0) + 1;
    for (const old of Object.keys(days).sort().reverse().slice(MAX_DAYS)) delete days[old];
    this.#edges.changed();
    if (this.#saving) return;
    this.#saving = true;
    this.#edges.setTimer(() => {
      this.#saving = false;
      this.#save();
    }, SAVE_MS);
  }

  #save() {
    // Where the browser refuses to keep it, it lasts as long as the worker.
    const [sites, unsure] = [Object.fromEntries(this.#sites), [...this.#unsure]];
    this.#edges.local.set({ [KEY]: sites, [UNSURE]: unsure }).catch(() => undefined);
    this.#edges.changed();
  }
}

/** @param {unknown} days @returns {Days} */
function cleaned(days) {
  return Object.fromEntries(
    Object.entries(days ?? {})
      .filter(([day, count]) => /^\d{4}-\d\d-\d\d$/.test(day) && Number.isSafeInteger(count) && count > 0)
      .sort()
      .slice(-MAX_DAYS),
  );
}
