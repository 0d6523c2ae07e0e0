// From «something changed in a tab» to the few words that may be sent: platform, page class, when, first visit or not,
// whether ids run in sequence. An address comes in with the browser's event, is hashed under a key that exists only in
// this worker's memory and is made anew each time, and is forgotten before the next event is looked at.
//
// What is remembered, all of it in memory only: per tab one hash (to tell a new page from an echo of the last one), a
// bounded set of page hashes (for `first`), and per kind of page the hashes that its two neighbours by number would
// have (for `sequential`). No address, no id and no number is kept.

import { classifyAddress } from "./classify.js";
import { NewPages, trim } from "./new_page.js";
import { SENDABLE } from "./platforms.js";

/**
 * @typedef {object} Reduced
 * @property {string} platform
 * @property {string} page_class
 * @property {number} at milliseconds UTC, when the browser reported it
 * @property {boolean} first
 * @property {boolean} sequential
 *
 * @typedef {import("./new_page.js").Change} Change
 * @typedef {import("./new_page.js").Digest} Digest
 */

/** How many pages `first` remembers: enough for a long day, small enough to be nothing. */
const MAX_SEEN = 20_000;
const LAST_NUMBER = /^(.*?)(\d{1,24})(\D*)$/;

/**
 * HMAC-SHA-256 under a key that cannot be read out and dies with the worker.
 * @param {SubtleCrypto} subtle
 * @returns {Digest}
 */
export function keyedDigest(subtle) {
  const key = subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const encoder = new TextEncoder();
  return async (text) => {
    const mac = new Uint8Array(await subtle.sign("HMAC", await key, encoder.encode(text)), 0, 12);
    return btoa(String.fromCharCode(...mac));
  };
}

/**
 * The identities that this page's neighbours by number would have: the last number in it one higher and one lower.
 * @param {string} identity
 * @returns {string[]} empty when there is no number in it
 */
export function neighbours(identity) {
  const found = LAST_NUMBER.exec(identity);
  if (found === null) return [];
  const [, before = "", digits = "", after = ""] = found;
  const number = BigInt(digits);
  return [number + 1n, number - 1n]
    .filter((next) => next >= 0n)
    .map((next) => before + next.toString().padStart(digits.length, "0") + after);
}

export class Reducer {
  /** Pages of kinds that are never sent, since the worker started. Shown in the pop-up, kept nowhere. */
  privatePages = 0;
  /** Events that could not be worked off; the ones after them are. */
  failed = 0;
  /** @type {Set<string>} */
  #seen = new Set();
  /** @type {Map<string, string[]>} */
  #expected = new Map();
  /** @type {Promise<void>} */
  #tail = Promise.resolve();
  #pages;
  #digest;
  #allowed;
  #emit;

  /**
   * @param {object} edges
   * @param {Digest} edges.digest
   * @param {() => boolean} edges.allowed whether the gate is open; asked again after every wait
   * @param {(load: Reduced) => void} edges.emit takes what may be sent, in the order of observation
   */
  constructor({ digest, allowed, emit }) {
    this.#digest = digest;
    this.#pages = new NewPages(digest);
    this.#allowed = allowed;
    this.#emit = emit;
  }

  /**
   * Look at one tab event. Events are worked off one after the other, so that order holds across the hashing.
   * @param {number} tabId
   * @param {Change} change
   * @param {string | undefined} tabUrl the tab's address; the browser leaves it out for sites that are not watched
   * @param {number} at
   * @returns {Promise<void>} settles when this event is done with
   */
  observe(tabId, change, tabUrl, at) {
    const step = () => this.#step(tabId, change, tabUrl, at);
    this.#tail = this.#tail.then(step).catch(() => {
      this.failed += 1;
    });
    return this.#tail;
  }

  /** Forget everything about pages: the gate has closed. */
  forget() {
    this.#pages.clear();
    this.#seen.clear();
    this.#expected.clear();
  }

  /**
   * @param {number} tabId
   * @param {Change} change
   * @param {string | undefined} tabUrl
   * @param {number} at
   */
  async #step(tabId, change, tabUrl, at) {
    if (!this.#allowed()) return;
    const address = await this.#pages.address(tabId, change, tabUrl);
    if (address === null || !this.#allowed()) return;
    const page = classifyAddress(address);
    if (page === null) return;
    if (!SENDABLE.has(page.page_class)) {
      this.privatePages += 1;
      return;
    }
    const hash = await this.#digest(page.identity);
    if (!this.#allowed()) return;
    const kind = `${page.platform}/${page.page_class}`;
    const first = !this.#seen.has(hash);
    const sequential = this.#expected.get(kind)?.includes(hash) ?? false;
    this.#seen.add(hash);
    trim(this.#seen, MAX_SEEN);
    this.#emit({ platform: page.platform, page_class: page.page_class, at, first, sequential });
    // After the event has gone: what would make the next one sequential.
    this.#expected.set(kind, await Promise.all(neighbours(page.identity).map(this.#digest)));
  }
}
