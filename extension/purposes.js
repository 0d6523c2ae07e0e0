// What the extension's pages offer about each purpose: whether it is on and why, what stands on record, and what can be
// pressed. The agent tells the purposes in the person's language (`purposes`) and what the notice calls its buttons
// (`notice`); here they become cards, by the same rules as on the local page (agent/web/purposes.py): a choice never has
// a louder side, taking back is one press like giving, and a button that the notice names carries the notice's words.
//
//   PurposeView[] → cardsOf → Card (plain data) → cardElement → a section whose buttons call `press`

import { button, element } from "./pages.js";
import { date, listed, say } from "./words.js";

/**
 * @typedef {"shown" | "acknowledged" | "authorised" | "objected" | "given" | "refused" | "withdrawn"} ActKind
 * @typedef {"personal" | "managed" | "test"} Mode
 *
 * One purpose as the agent tells it (agent/model/consent.py). Times are milliseconds UTC.
 * @typedef {object} PurposeView
 * @property {string} purpose
 * @property {boolean} optional
 * @property {boolean} in_use
 * @property {{state: string, since: number, until: number | null, reason: string}} gate
 * @property {{kind: string, at: number, channel: string} | null} standing
 * @property {string} title
 * @property {string} meaning
 * @property {string} basis
 * @property {string[]} categories
 * @property {string[]} recipients
 * @property {string} retention
 * @property {number | null} expires_at
 * @property {boolean} held
 *
 * One button: the act that it records, and whose words stand on it: `press` is a key of the notice's buttons, `say` one
 * of our own texts.
 * @typedef {{act: ActKind, press: string} | {act: ActKind, say: string}} Choice
 *
 * @typedef {object} Card
 * @property {PurposeView} view
 * @property {"on" | "waiting" | "off"} tone
 * @property {string} state whether it is on, and if not, when it will be and why
 * @property {string} standing what the person last said and still holds, empty where they said nothing
 * @property {Choice[]} choices
 *
 * @typedef {{mandatory: Card[], optional: Card[], unused: PurposeView[], unread: boolean}} Cards
 *
 * What a card needs to be laid out: the language of the agent's words, the notice's names of its buttons, and what a
 * press does. Without `press` no button is made.
 * @typedef {{language: string, names: Readonly<Record<string, string>>, press: ((act: ActKind, purpose: string) => void) | null}} Desk
 */

/** Reasons of a gate that waits until the person has read the notice or answered it. */
const ASKS = new Set(["notice_not_shown", "notice_changed", "not_acknowledged", "not_authorised"]);
/** Those of them where the notice that holds was not shown yet. */
const UNREAD = new Set(["notice_not_shown", "notice_changed"]);

/** Why a purpose is off, by the reason of its gate. @type {Readonly<Record<string, string>>} */
export const OFF = {
  switched_off: "common_off_switched_off",
  not_in_use: "common_off_not_in_use",
  language_missing: "common_off_language_missing",
  notice_not_shown: "common_off_notice_not_shown",
  notice_changed: "common_off_notice_changed",
  lead_days: "common_off_lead_days",
  not_acknowledged: "common_off_not_acknowledged",
  not_authorised: "common_off_not_authorised",
  objected: "common_off_objected",
  not_given: "common_off_not_given",
  refused: "common_off_refused",
  withdrawn: "common_off_withdrawn",
  expired: "common_off_expired",
  paused: "common_off_paused",
};

/** What the person said, by the kind of act. `$1` is when. @type {Readonly<Record<string, string>>} */
export const SAID = {
  acknowledged: "common_said_acknowledged",
  authorised: "common_said_authorised",
  objected: "common_said_objected",
  given: "common_said_given",
  refused: "common_said_refused",
  withdrawn: "common_said_withdrawn",
  expired: "common_said_expired",
};

/** Where nobody but the person decides, the same acts start and stop. @type {Readonly<Record<string, string>>} */
export const SAID_FREELY = { acknowledged: "common_said_started", objected: "common_said_stopped" };

/** What the record calls the button behind each act, after the name of the page. @type {Readonly<Record<ActKind, string>>} */
const CONTROLS = {
  shown: "show",
  acknowledged: "acknowledge",
  authorised: "authorise",
  objected: "object",
  given: "allow",
  refused: "refuse",
  withdrawn: "withdraw",
};

/**
 * The id of a button as the record keeps it, such as `welcome.acknowledge`.
 * @param {string} page
 * @param {ActKind} act
 */
export const controlOf = (page, act) => `${page}.${CONTROLS[act]}`;

/** @param {ActKind} act @param {string} press @returns {Choice} */
const named = (act, press) => ({ act, press });
/** @returns {Choice[]} */
const shownPair = () => [named("acknowledged", "shown"), named("objected", "object")];
/** @returns {Choice[]} */
const authorisePair = () => [named("authorised", "authorise"), named("objected", "not_authorise")];

/**
 * Whether a mandatory purpose waits for the person's authorisation here.
 * @param {PurposeView} view
 * @param {Mode} mode
 */
function needsAuthorisation({ optional, standing, gate }, mode) {
  if (optional || mode !== "managed") return false;
  return standing?.kind === "authorised" || gate.reason === "not_authorised" || gate.reason === "objected";
}

/**
 * The buttons under the notice, which speak of every purpose that rests on it together.
 * @param {readonly PurposeView[]} views
 * @param {Mode} mode
 * @returns {Choice[]}
 */
export function noticeChoices(views, mode) {
  if (views.some(({ gate }) => gate.reason === "language_missing")) return [];
  const mandatory = views.filter(({ in_use, optional }) => in_use && !optional);
  if (mode === "managed") return mandatory.some((view) => needsAuthorisation(view, mode)) ? authorisePair() : shownPair();
  if (mandatory.some(({ gate }) => gate.state === "open")) return [named("objected", "stop")];
  return [named("acknowledged", "start"), named("objected", "not_start")];
}

/**
 * What can be pressed now about one purpose: both sides where nothing stands on record, else the way back.
 * @param {PurposeView} view
 * @param {Mode} mode
 * @returns {Choice[]}
 */
function choicesOf(view, mode) {
  const told = view.standing?.kind;
  const on = view.gate.state === "open";
  if (view.optional) {
    const [allow, withdraw] = [named("given", "agree"), named("withdrawn", "withdraw")];
    if (told === "given") return on ? [withdraw] : [allow, withdraw];
    return told === "refused" || told === "withdrawn" ? [allow] : [allow, named("refused", "refuse")];
  }
  const holds = ASKS.has(view.gate.reason) ? undefined : told; // what was said was said to an earlier notice
  if (mode !== "managed") {
    /** @type {Choice} */
    const start = { act: "acknowledged", say: "common_start" };
    if (on) return [{ act: "objected", say: "common_stop" }];
    return holds === "objected" ? [start] : [start, { act: "objected", say: "common_do_not_start" }];
  }
  if (holds === "acknowledged" || holds === "authorised") return [named("objected", "object")];
  if (needsAuthorisation(view, mode)) return holds === "objected" ? authorisePair().slice(0, 1) : authorisePair();
  return holds === "objected" ? [named("acknowledged", "take_back")] : shownPair();
}

/**
 * @param {PurposeView} view
 * @param {Mode} mode
 */
function stateOf({ gate }, mode) {
  if (gate.state === "open") return gate.since > 0 ? say("common_on_since", date(gate.since)) : say("common_on_now");
  if (gate.reason === "paused" && gate.until !== null) return say("common_paused_until", date(gate.until));
  if (gate.until !== null) return say("common_starts_at", date(gate.until));
  if (mode !== "managed" && gate.reason === "not_acknowledged") return say("common_off_until_you_start");
  if (mode !== "managed" && gate.reason === "objected") return say("common_off_you_stopped");
  return say((Object.hasOwn(OFF, gate.reason) ? OFF[gate.reason] : undefined) ?? "common_off_closed");
}

/**
 * @param {PurposeView} view
 * @param {Mode} mode
 */
function standingOf({ standing, optional }, mode) {
  if (standing === null) return optional ? say("common_said_nothing_optional") : say("common_said_nothing");
  if (standing.channel === "self") return say("common_said_by_itself", date(standing.at));
  const free = mode === "managed" ? undefined : SAID_FREELY[standing.kind];
  const key = free ?? (Object.hasOwn(SAID, standing.kind) ? SAID[standing.kind] : undefined);
  return key === undefined ? "" : say(key, date(standing.at));
}

/**
 * Sort purposes into those that rest on a notice, those that rest on consent, and those for which nothing is done here.
 * @param {readonly PurposeView[]} views
 * @param {Mode} mode
 * @returns {Cards}
 */
export function cardsOf(views, mode) {
  const used = views.filter(({ in_use }) => in_use);
  const unread = used.some(({ optional, gate }) => !optional && UNREAD.has(gate.reason));
  const cards = used.map((view) => {
    const { gate, optional } = view;
    const waits = gate.state !== "open" && ((!optional && ASKS.has(gate.reason)) || gate.until !== null);
    return {
      view,
      tone: /** @type {Card["tone"]} */ (gate.state === "open" ? "on" : waits ? "waiting" : "off"),
      state: stateOf(view, mode),
      standing: standingOf(view, mode),
      choices: unread || gate.reason === "language_missing" ? [] : choicesOf(view, mode),
    };
  });
  return {
    mandatory: cards.filter(({ view }) => !view.optional),
    optional: cards.filter(({ view }) => view.optional),
    unused: views.filter(({ in_use }) => !in_use),
    unread,
  };
}

/**
 * The words on a button.
 * @param {Choice} choice
 * @param {Readonly<Record<string, string>>} names what the notice calls its buttons
 */
export function wordsOn(choice, names) {
  if ("say" in choice) return say(choice.say);
  return names[choice.press] ?? choice.press.replaceAll("_", " ");
}

/** @param {string} text */
const capital = (text) => text.slice(0, 1).toLocaleUpperCase() + text.slice(1);

/**
 * Buttons of one choice: same size, same look, none of them pressed beforehand.
 * @param {readonly Choice[]} choices
 * @param {string} about what they speak of, for those who hear the page
 * @param {string} name part of each button's id
 * @param {Desk["names"]} names
 * @param {string} language of the notice's words
 * @param {(act: ActKind) => void} press
 */
export function choiceButtons(choices, about, name, names, language, press) {
  const buttons = choices.map((choice) => {
    const made = button(`${choice.act}-${name}`, "", wordsOn(choice, names), () => press(choice.act));
    if ("press" in choice) made.lang = language;
    return made;
  });
  const group = element("div", "choices", ...buttons);
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", about);
  return group;
}

/**
 * The switch of an optional purpose, and beside it, of the same size, what else can be said. On is given; pressed again
 * it is withdrawn.
 * @param {Card} card
 * @param {Desk} desk
 * @param {string} slug
 * @param {(act: ActKind) => void} press
 */
function switchOf({ view, choices }, { names, language }, slug, press) {
  const on = view.standing?.kind === "given" && view.gate.state === "open";
  const words = element("span", "", wordsOn(named("given", "agree"), names));
  words.lang = language;
  const made = button(`switch-${slug}`, "toggle", "", () => press(on ? "withdrawn" : "given"));
  made.append(element("span", "track"), words);
  made.setAttribute("role", "switch");
  made.setAttribute("aria-checked", String(on));
  const group = choiceButtons(
    choices.filter(({ act }) => act !== "given"),
    view.title,
    slug,
    names,
    language,
    press,
  );
  group.prepend(made);
  return group;
}

/**
 * One purpose on its card.
 * @param {Card} card
 * @param {Desk} desk
 * @returns {HTMLElement}
 */
export function cardElement(card, desk) {
  const { view, tone, state, standing } = card;
  const slug = view.purpose.replace(/[^a-z-]/g, "-");
  /** In the agent's words, so in the notice's language. @param {string} tag @param {string} text */
  const told = (tag, text) => {
    const made = element(tag, "", text);
    made.lang = desk.language;
    return made;
  };
  /** @param {string} term @param {Node} value */
  const fact = (term, value) => element("div", "", element("dt", "", say(term)), element("dd", "", value));
  const categories = element("ul", "", ...view.categories.map((one) => told("li", capital(one))));

  const title = told("h3", view.title);
  title.id = `title-${slug}`;
  const words = { on: "common_on", waiting: "common_not_yet", off: "common_off" }[tone];
  const made = element(
    "section",
    "purpose",
    element("div", "purpose-head", title, element("span", `pill is-${tone}`, say(words))),
    told("p", view.meaning),
    element("p", "purpose-state", state, view.expires_at === null ? "" : ` ${say("common_ends_at", date(view.expires_at))}`),
  );
  made.setAttribute("aria-labelledby", title.id);
  made.id = `purpose-${slug}`;
  if (view.held) made.append(element("p", "held-back", say("common_held")));
  if (desk.press !== null) {
    const { press } = desk;
    /** @param {ActKind} act */
    const pressed = (act) => press(act, view.purpose);
    const buttons = view.optional
      ? card.choices.length > 0 && switchOf(card, desk, slug, pressed)
      : card.choices.length > 0 && choiceButtons(card.choices, view.title, slug, desk.names, desk.language, pressed);
    made.append(element("div", "purpose-answer", element("p", "quiet", standing), ...(buttons ? [buttons] : [])));
  }
  const more = element(
    "details",
    "",
    element("summary", "", say("common_details")),
    element(
      "dl",
      "purpose-facts",
      fact("common_basis", told("span", capital(view.basis))),
      fact("common_looked_at", categories),
      fact("common_seen_by", told("span", capital(listed(view.recipients)))),
      fact("common_kept_for", told("span", capital(view.retention))),
    ),
  );
  more.id = `more-${slug}`;
  made.append(more);
  return made;
}
