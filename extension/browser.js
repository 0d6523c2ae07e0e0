// Which browser this is, for `hello`: a name from a short list and the major version, nothing more.

/**
 * @typedef {object} Hints
 * @property {string} userAgent
 * @property {{brand: string, version: string}[]} brands from User-Agent Client Hints; empty in Firefox
 * @property {boolean} brave
 */

/** @type {readonly [RegExp, string][]} */
const BRANDS = [
  [/edge/i, "edge"],
  [/brave/i, "brave"],
  [/vivaldi/i, "vivaldi"],
  [/opera/i, "opera"],
  [/google chrome/i, "chrome"],
  [/chromium/i, "chromium"],
];

/**
 * @param {Hints} hints
 * @returns {{browser: string, browser_version: string}}
 */
export function whichBrowser({ userAgent, brands, brave }) {
  const firefox = /Firefox\/(\d+)/.exec(userAgent)?.[1];
  if (firefox !== undefined) return { browser: "firefox", browser_version: firefox };
  const version = /Chrome\/(\d+)/.exec(userAgent)?.[1] ?? "";
  if (brave) return { browser: "brave", browser_version: version };
  const known = BRANDS.find(([pattern]) => brands.some(({ brand }) => pattern.test(brand)));
  return { browser: known?.[1] ?? "other", browser_version: version };
}
