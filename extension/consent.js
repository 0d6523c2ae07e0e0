// The two pages' conversation with the agent about notice and consent: what is told, and what the person says to it.
//
//   load(language) → `notice` and `purposes` → notice, views
//   seen() → the text is before the person: `shown`, once for each text
//   act(kind, purpose) → `shown` if that is missing, then the act, with the text's fingerprint, the button and the time
//                        between → the entries of the record
//
// Nothing is decided here and nothing repeated: an act that failed is told, and what stands is asked anew.

import { PURPOSE } from "./gate.js";
import { controlOf } from "./purposes.js";
import { date, say } from "./words.js";

/**
 * The notice as the agent tells it (docs/protocol.md).
 * @typedef {object} Notice
 * @property {string} language
 * @property {string} text
 * @property {string} sha256
 * @property {string[]} languages
 * @property {import("./purposes.js").Mode} mode
 * @property {string} organisation
 * @property {string} contact
 * @property {[string, string][] | null} difference mark (`+`, `-`, space) and line, against what was answered last
 * @property {{purpose: string, state: string, since: number, until: number | null, reason: string}[]} gates
 * @property {Record<string, string>} press what the notice calls its buttons
 *
 * @typedef {import("./purposes.js").PurposeView & {standing: {entry: number | null} | null}} RecordedView
 */

/** Acts that allow something: they need a text that lay before the person. A no never does. */
const ALLOWS = new Set(["acknowledged", "authorised", "given"]);

/** Why a gate is closed until the text has been shown. */
const UNSHOWN = new Set(["notice_not_shown", "notice_changed"]);

/** Pressed before the text was on the screen. */
export class NotSeen extends Error {}

export class ConsentDesk {
  /** @type {Notice | null} */
  notice = null;
  /** @type {RecordedView[]} */
  views = [];
  /** When the text that is told now came before the person, milliseconds UTC. @type {number | null} */
  #since = null;
  /** Whether all of it that must be seen has been. */
  #whole = false;
  /** The fingerprint of the text for which `shown` is on record, or on its way. */
  #shown = "";
  /** Whether the agent counts that text as shown. */
  #counted = false;
  /** How often the text has to come before the person: one more each time the record of it was disputed. */
  rounds = 1;
  #edges;

  /**
   * @param {object} edges
   * @param {import("./background_port.js").BackgroundPort["ask"]} edges.ask
   * @param {() => number} edges.now
   * @param {"welcome" | "options"} edges.page which page's buttons these are
   */
  constructor(edges) {
    this.#edges = edges;
  }

  /**
   * Ask what is told now.
   * @param {string} language what the agent does not have it tells in its own best one
   */
  async load(language) {
    /** @type {Notice} */
    const notice = await this.#edges.ask("notice", { language });
    const { purposes } = await this.#edges.ask("purposes", { language: notice.language });
    if (notice.sha256 !== this.notice?.sha256) this.#unseen();
    const asked = notice.gates.some(({ purpose, reason }) => purpose === PURPOSE && UNSHOWN.has(reason));
    if (this.#shown !== notice.sha256) this.#counted = false;
    else if (!asked) this.#counted = true;
    else if (this.#counted) this.#again();
    this.notice = notice;
    this.views = purposes;
  }

  /** What was on record as shown is not any more: the person said that it was not. */
  #again() {
    this.#shown = "";
    this.#counted = false;
    this.#unseen();
    this.rounds += 1;
  }

  #unseen() {
    this.#since = null;
    this.#whole = false;
  }

  /**
   * The text, or what is said of it, is before the person: from now on the time runs.
   * @param {boolean} [whole] whether they have had all of it that they must: where something is new, up to its end
   */
  visible(whole = true) {
    this.#since ??= this.#edges.now();
    this.#whole ||= whole;
  }

  /** The person had the text before them. On record once; the agent adds nothing for the same text. */
  async seen() {
    const { notice } = this;
    if (notice === null || this.#shown === notice.sha256) return;
    this.#shown = notice.sha256;
    try {
      await this.#say("shown", "");
    } catch (error) {
      this.#shown = "";
      throw error;
    }
  }

  /**
   * @param {import("./purposes.js").ActKind} act
   * @param {string} purpose empty for every one that rests on the notice
   * @returns {Promise<number[]>} the entries that were made; none where this stood already
   * @throws {NotSeen} It would allow something, and the text was not on the screen yet.
   */
  async act(act, purpose) {
    if (!this.#whole && ALLOWS.has(act)) throw new NotSeen();
    // The welcome page has the text itself: who presses with the text on the screen has been shown it, however quickly.
    if (this.#edges.page === "welcome" && this.#whole) await this.seen();
    return this.#say(act, purpose);
  }

  /**
   * @param {import("./purposes.js").ActKind} act
   * @param {string} purpose
   * @returns {Promise<number[]>}
   */
  async #say(act, purpose) {
    const { ask, now, page } = this.#edges;
    const dwell_ms = this.#since === null ? 0 : now() - this.#since;
    const notice_sha256 = this.notice?.sha256 ?? "";
    const { entries } = await ask("act", { act, purpose, notice_sha256, control: controlOf(page, act), dwell_ms });
    return entries;
  }
}

/**
 * Whether watching is on, in one sentence, and what the buttons beside it mean.
 * @param {Notice} notice
 * @param {readonly import("./purposes.js").Choice[]} choices
 * @returns {{tone: "on" | "waiting" | "off", says: string, means: string}}
 */
export function standOf({ gates, mode }, choices) {
  const gate = gates.find(({ purpose }) => purpose === PURPOSE);
  const managed = mode === "managed";
  const means = !managed
    ? ""
    : say(choices.some(({ act }) => act === "authorised") ? "welcome_choice_authorise" : "welcome_choice_managed");
  if (gate === undefined) return { tone: "off", says: say("common_off_closed"), means };
  const { state, since, until, reason } = gate;
  if (state === "open")
    return managed
      ? { tone: "on", says: say("welcome_on_since", date(since)), means }
      : { tone: "on", says: say("welcome_choice_open", date(since)), means: say("welcome_choice_done") };
  if (reason === "language_missing") return { tone: "off", says: say("welcome_language_missing"), means: "" };
  if (reason === "paused" && until !== null)
    return { tone: "waiting", says: say("welcome_choice_paused", date(until)), means };
  if (until !== null) return { tone: "waiting", says: say("welcome_starts", date(until)), means };
  if (managed) return { tone: "waiting", says: say("welcome_nothing_yet"), means };
  return reason === "objected"
    ? { tone: "off", says: say("welcome_choice_stopped"), means }
    : { tone: "waiting", says: say("welcome_choice_personal"), means };
}

/**
 * What stands on record and has a receipt: an act of this person about a purpose in use.
 * @param {readonly RecordedView[]} views
 * @returns {{entry: number, title: string, kind: string}[]}
 */
export function onRecord(views) {
  return views.flatMap(({ in_use, standing, title }) =>
    in_use && standing !== null && standing.entry !== null ? [{ entry: standing.entry, title, kind: standing.kind }] : [],
  );
}

/**
 * Whether enough of the text is on the screen to be read: 200 pixels or a third of the window, or all of a shorter text.
 * @param {number} seen its height on the screen, in pixels
 * @param {number} height its whole height
 * @param {number} windowHeight
 */
export const readable = (seen, height, windowHeight) =>
  seen > 0 && Math.ceil(seen) >= Math.min(200, windowHeight / 3, height);

/**
 * The language to ask for, by the browser's: its first part, and for Norwegian the one that we have.
 * @param {string} browsers such as `de-AT` or `no`
 */
export function languageFor(browsers) {
  const language = browsers.toLowerCase().split(/[-_]/)[0] ?? "";
  return language === "no" || language === "nn" ? "nb" : language;
}
