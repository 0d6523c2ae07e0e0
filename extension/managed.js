// What whoever manages this browser has set for the extension (managed storage; managed_schema.json says it to the
// browser, docs/deploy.md to people). Each value is held against its default: one of another type is ignored and told in
// the diagnosis. Nothing here can state an act, switch a purpose on, or hide what a person is shown: the values are a
// name, a contact, and whether four conveniences are offered.

/** Every key there is, with its default. */
export const DEFAULTS = Object.freeze({
  /** Who manages this browser, as people are told. */
  organisation: "",
  /** Whom to ask. */
  contact: "",
  /** Open the welcome page at install. If not, it opens once the agent has a notice that waits for the person. */
  welcome: true,
  /** Let the person add sites of their own, which are counted here only. */
  own_sites: true,
  /** Offer to count GitHub. */
  github: true,
  /** Offer notifications of the browser. */
  notifications: true,
});
const LONGEST_TEXT = 200;

/**
 * @typedef {{organisation: string, contact: string, welcome: boolean, own_sites: boolean, github: boolean, notifications: boolean}} Settings
 * @typedef {{settings: Settings, ignored: string[]}} Managed `ignored`: names of our keys with a wrong type, and «other» for keys that are none of ours
 */

/**
 * Read what managed storage holds.
 * @param {unknown} stored
 * @returns {Managed}
 */
export function readManaged(stored) {
  /** @type {Record<string, string | boolean>} */
  const settings = { ...DEFAULTS };
  const ignored = new Set();
  for (const [key, value] of Object.entries(stored !== null && typeof stored === "object" ? stored : {})) {
    const usual = Object.hasOwn(DEFAULTS, key) ? settings[key] : undefined;
    if (usual === undefined) ignored.add("other");
    else if (typeof value !== typeof usual) ignored.add(key);
    else settings[key] = typeof value === "string" ? value.trim().slice(0, LONGEST_TEXT) : value;
  }
  return { settings: /** @type {any} */ (settings), ignored: [...ignored].sort() };
}
