// Every text that a person reads in the extension, in the browser's language: from `_locales/*/messages.json`, through
// the browser's own look-up, which falls back to English. Numbers, dates and lists are written by Intl in the same
// language, so that no sentence is half in one and half in another.
//
//   say("popup_open_page")                → a text; say("popup_since", when) fills $1
//   many("popup_pages", 3)                → «popup_pages_one» or «popup_pages_other», as the language counts; $1 is the number
//   <h2 data-say="popup_today"></h2>      → fill(document) puts the text in, `data-say-label` an aria-label

/**
 * @typedef {object} Speech where texts come from
 * @property {(key: string, values: string[]) => string} getMessage empty for a key that is not there
 * @property {() => string} getUILanguage such as `nb` or `en-GB`
 */

/** @type {Speech | undefined} */
const browsers = (/** @type {any} */ (globalThis).browser ?? /** @type {any} */ (globalThis).chrome)?.i18n;
/** @type {Speech} */
let speech = browsers ?? { getMessage: () => "", getUILanguage: () => "en" };
/** What is written with, made when first needed. @type {{date: Intl.DateTimeFormat, time: Intl.DateTimeFormat, day: Intl.DateTimeFormat, number: Intl.NumberFormat, list: Intl.ListFormat, plural: Intl.PluralRules, past: Intl.RelativeTimeFormat, locale: string} | null} */
let pens = null;

/** Take texts from elsewhere than the browser: Node has none. @param {Speech} other */
export function speakWith(other) {
  speech = other;
  pens = null;
}

/**
 * A text by its key. A key that is not there is shown as it is: a test finds it before a person does.
 * @param {string} key
 * @param {...(string | number)} values for `$1` to `$9`
 * @returns {string}
 */
export function say(key, ...values) {
  return speech.getMessage(key, values.map(String)) || key;
}

/** Whether there is a text for a key that somebody else wrote. @param {string} key */
export function known(key) {
  return /^[a-z0-9_]{1,80}$/.test(key) && speech.getMessage(key, []) !== "";
}

/**
 * A text that depends on how many. `$1` is the number, as the language writes it.
 * @param {string} key without its ending `_one` or `_other`
 * @param {number} count
 * @param {...(string | number)} values for `$2` to `$9`
 */
export function many(key, count, ...values) {
  return say(`${key}_${made().plural.select(count) === "one" ? "one" : "other"}`, number(count), ...values);
}

/** The language that the texts are in, such as `en`: not the browser's, where it has one that we do not have. */
export function language() {
  return say("common_language");
}

/** @param {number} value */
export const number = (value) => made().number.format(value);
/** Day and time. @param {number} at milliseconds UTC */
export const date = (at) => made().date.format(at);
/** The time of day. @param {number} at milliseconds UTC */
export const time = (at) => made().time.format(at);
/** The day alone. @param {number} at milliseconds UTC */
export const day = (at) => made().day.format(at);
/** @type {readonly [Unit, number][]} */
const UNITS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];
/** @typedef {"day" | "hour" | "minute" | "second"} Unit */

/** The largest whole unit that fits, rounded down. @param {number} ms @returns {[Unit, number]} */
function inUnits(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [unit, size] = UNITS.find(([, size]) => seconds >= size) ?? ["second", 1];
  return [unit, Math.floor(seconds / size)];
}

/**
 * How long ago, in words. Whole units, rounded down; the future counts as now.
 * @param {number} then milliseconds UTC
 * @param {number} now
 */
export function ago(then, now) {
  const [unit, count] = inUnits(now - then);
  return unit === "second" && count < 5 ? say("common_just_now") : made().past.format(-count, unit);
}

/** How long, such as «23 hours». Whole units, rounded down. @param {number} ms */
export function span(ms) {
  const [unit, count] = inUnits(ms);
  return new Intl.NumberFormat(made().locale, { style: "unit", unit, unitDisplay: "long" }).format(count);
}

/** «A, B and C». @param {readonly string[]} names */
export const listed = (names) => made().list.format(names);
/** The name of a language, such as «Deutsch» for `de`, as it calls itself. @param {string} code */
export function languageName(code) {
  try {
    return new Intl.DisplayNames([code], { type: "language" }).of(code) ?? code;
  } catch {
    return code;
  }
}

function made() {
  if (pens !== null) return pens;
  const [spoken, shown] = [language(), speech.getUILanguage().replace("_", "-")];
  // `en-GB` writes dates otherwise than `en`, so the browser's is taken where it is the same language.
  const locale = Intl.DateTimeFormat.supportedLocalesOf(shown).length > 0 && shown.split("-")[0] === spoken ? shown : spoken;
  pens = {
    date: new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" }),
    time: new Intl.DateTimeFormat(locale, { timeStyle: "short" }),
    day: new Intl.DateTimeFormat(locale, { dateStyle: "medium" }),
    number: new Intl.NumberFormat(locale),
    list: new Intl.ListFormat(locale, { type: "conjunction" }),
    plural: new Intl.PluralRules(locale),
    past: new Intl.RelativeTimeFormat(locale),
    locale,
  };
  return pens;
}

/**
 * Put the texts into a page, and say which language it is in.
 * @param {Document} page
 */
export function fill(page) {
  page.documentElement.lang = language();
  for (const node of page.querySelectorAll("[data-say]")) node.textContent = say(node.getAttribute("data-say") ?? "");
  for (const node of page.querySelectorAll("[data-say-label]"))
    node.setAttribute("aria-label", say(node.getAttribute("data-say-label") ?? ""));
}
