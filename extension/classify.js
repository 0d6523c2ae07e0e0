// What kind of page an address is. Reads the data of platforms.js; an address goes in, a platform key and a page class
// come out, together with what tells this page from its neighbours (`identity`), which reduce.js hashes at once and
// nobody keeps. The Python twin is agent/content/platforms.py; a test holds the two together.

import { PLATFORMS } from "./platforms.js";

/**
 * @typedef {{page_class: string, path: string, needs_param: string | null}} Rule
 * @typedef {object} Platform
 * @property {string} key
 * @property {string} name
 * @property {boolean} optional
 * @property {readonly string[]} page_hosts
 * @property {string | null} host_pattern
 * @property {readonly string[]} match_patterns
 * @property {Readonly<Record<string, string>>} host_rules
 * @property {boolean} locale_prefix
 * @property {readonly Rule[]} rules
 *
 * @typedef {{platform: string, page_class: string, needs_param: string | null}} Verdict
 */

const PRINTABLE = /^[!-~]+$/;
const LOCALE = /^\/[a-z]{2}([_-][a-z]{2})?(?=\/|$)/i;

/** @type {ReadonlyMap<string, RegExp>} */
const COMPILED = new Map(
  PLATFORMS.flatMap((platform) => [...platform.rules.map((rule) => rule.path), platform.host_pattern ?? ""]).map(
    (source) => [source, new RegExp(source, "i")],
  ),
);

/** @param {string} source */
const compiled = (source) => COMPILED.get(source) ?? new RegExp(source, "i");

/**
 * Drop doubled slashes, one trailing slash and, where asked, a first segment such as /en or /pt-br.
 * @param {string} path
 * @param {boolean} localePrefix
 */
export function normalisePath(path, localePrefix) {
  path = path.replace(/\/{2,}/g, "/");
  if (path.length > 1 && path.endsWith("/")) path = path.slice(0, -1);
  if (localePrefix) path = path.replace(LOCALE, "");
  return path || "/";
}

/**
 * @param {string} host
 * @param {readonly Platform[]} platforms
 */
function platformOf(host, platforms) {
  return platforms.find(
    (platform) =>
      platform.page_hosts.includes(host) ||
      (platform.host_pattern !== null && compiled(platform.host_pattern).test(host)),
  );
}

/**
 * Reduce an address to a platform and a page class.
 * @param {string} host without a port
 * @param {string} path as URL.pathname gives it
 * @param {(name: string) => boolean} hasParam whether a query parameter is there and has a value
 * @param {readonly Platform[]} [platforms]
 * @returns {Verdict | null} null when it is not a page of a watched platform
 */
export function classify(host, path, hasParam, platforms = PLATFORMS) {
  if (!PRINTABLE.test(path)) return null;
  host = host.toLowerCase();
  const platform = platformOf(host, platforms);
  if (platform === undefined) return null;
  const whole = Object.hasOwn(platform.host_rules, host) ? platform.host_rules[host] : undefined;
  if (whole !== undefined) return { platform: platform.key, page_class: whole, needs_param: null };
  const normal = normalisePath(path, platform.locale_prefix);
  const rule = platform.rules.find(
    (rule) => (rule.needs_param === null || hasParam(rule.needs_param)) && compiled(rule.path).test(normal),
  );
  return { platform: platform.key, page_class: rule?.page_class ?? "other", needs_param: rule?.needs_param ?? null };
}

/**
 * Judge a whole address. `identity` tells this page from others of its kind: the normalised path and, where the rule
 * names a parameter (`watch?v=`, `profile.php?id=`), that parameter's value. Everything else of the address is dropped.
 * @param {string} address
 * @returns {{platform: string, page_class: string, identity: string} | null}
 */
export function classifyAddress(address) {
  if (!URL.canParse(address)) return null;
  const url = new URL(address);
  if (url.protocol !== "https:") return null;
  const verdict = classify(url.hostname, url.pathname, (name) => Boolean(url.searchParams.get(name)));
  if (verdict === null) return null;
  const value = verdict.needs_param === null ? "" : `?${url.searchParams.get(verdict.needs_param)}`;
  return {
    platform: verdict.platform,
    page_class: verdict.page_class,
    identity: `${verdict.platform}${normalisePath(url.pathname, false)}${value}`,
  };
}
