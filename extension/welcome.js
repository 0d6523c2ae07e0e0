// The welcome page: takes states from the background and words from the agent, lays them out, and passes what the person
// says back. What is offered comes from purposes.js, what is said to the agent from consent.js, what is wrong with the
// link from diagnosis.js; here is only the page. Texts are set as text, never as markup.

import { openPort } from "./background_port.js";
import { ConsentDesk, NotSeen, languageFor, onRecord, readable, standOf } from "./consent.js";
import { originsOfPlatforms } from "./coverage.js";
import { stateNow } from "./diagnosis.js";
import { grouped } from "./difference.js";
import { Loader } from "./loader.js";
import { layOut } from "./notice.js";
import { button, element, offerRetry, part, renew, write } from "./pages.js";
import { PLATFORMS } from "./platforms.js";
import { cardElement, cardsOf, choiceButtons, noticeChoices, wordsOn } from "./purposes.js";
import { date, fill, languageName, listed, say } from "./words.js";

/** @type {typeof chrome} */
const api = /** @type {any} */ (globalThis).browser ?? chrome;
/** For so long the text was on the screen before it counts as shown, as on the local page. */
const SHOWN_MS = 2_000;
/** How finely the watch over the text follows how much of it is on the screen. */
const SHARES = Array.from({ length: 101 }, (_, at) => at / 100);
/** The page has one first heading; the notice's stand two below. */
const NOTICE_DOWN = 2;

let language = languageFor(api.i18n.getUILanguage());
/** @type {import("./state.js").Snapshot | null} */
let state = null;
let laidOut = "";
/** @type {(() => void) | null} ends the watch over the text that is laid out */
let unwatch = null;

const background = openPort("welcome", (now) => {
  state = now;
  loader.look(now, askable());
  show();
});
const desk = new ConsentDesk({ ask: background.ask, now: () => Date.now(), page: "welcome" });
const loader = new Loader({ load: () => desk.load(language), show, setTimer: (run, ms) => setTimeout(run, ms) });

/** Whether there is an agent that answers questions. */
function askable() {
  return state !== null && stateNow(state).tone === "good" && (state.agent?.answersQuestions ?? false);
}

/** @param {string} text */
const tell = (text) => write("said", text);

/**
 * Record an act.
 * @param {import("./purposes.js").ActKind} act
 * @param {string} purpose
 * @param {string} words what stood on the button
 */
async function press(act, purpose, words) {
  // The watch over the text hears of it a moment later than the eye.
  if (onScreen(part("notice"))) desk.visible(desk.notice?.difference === null || endOnScreen());
  try {
    const entries = await desk.act(act, purpose);
    tell(say(entries.length > 0 ? "welcome_recorded_says" : "welcome_recorded_none", words, date(Date.now())));
    loader.pressed();
  } catch (error) {
    if (error instanceof NotSeen) return showText();
    tell(/** @type {Error} */ (error).message);
    loader.pressed(error);
  }
}

/** @param {HTMLElement} node */
function onScreen(node) {
  const { top, bottom } = node.getBoundingClientRect();
  const seen = Math.min(bottom, window.innerHeight) - Math.max(top, 0);
  return !document.hidden && !node.hidden && readable(seen, bottom - top, window.innerHeight);
}

/** Whether the end of the notice is on the screen, which has no height of its own. */
function endOnScreen() {
  const top = part("notice").lastElementChild?.getBoundingClientRect().top ?? -1;
  return top >= 0 && top <= window.innerHeight;
}

/** Nobody answers what was not before them: the text is brought onto the screen, and the next press counts. */
function showText() {
  part("notice-part").scrollIntoView();
  part("notice-title").focus({ preventScroll: true });
  tell(say("welcome_read_first"));
}

/**
 * Ask for a receipt and hand it to the browser as a file.
 * @param {number} entry
 */
async function saveReceipt(entry) {
  try {
    const { receipt } = await background.ask("receipt", { entry });
    const address = URL.createObjectURL(new Blob([receipt], { type: "application/json" }));
    const link = document.createElement("a");
    link.href = address;
    link.download = `receipt-${entry}.json`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
    tell(say("welcome_receipt_saved", link.download));
  } catch (error) {
    tell(/** @type {Error} */ (error).message);
  }
}

function show() {
  showTrouble();
  showWho();
  showNotice();
  showChoice();
  showPurposes();
  if (state === null) return;
  const { extensionVersion, agent } = state;
  write("versions", agent ? say("common_versions", extensionVersion, agent.version) : say("common_version", extensionVersion));
}

function showTrouble() {
  if (state === null) return;
  const link = stateNow(state);
  const old = link.tone === "good" && state.agent !== null && !state.agent.answersQuestions;
  const trying = offerRetry("retry", state.link.phase);
  part("trouble").hidden = link.tone !== "trouble" && !old && !trying;
  part("loading").hidden = desk.notice !== null && loader.problem === "";
  write("loading", loader.problem || say("welcome_loading"));
  part("notice-part").hidden = desk.notice === null && !part("trouble").hidden;
  part("trouble-page").hidden = !old;
  write("trouble-title", say(old ? "welcome_old" : link.title));
  write("trouble-means", say(old ? "welcome_old_means" : link.means));
  write("trouble-todo", old || link.todo === "" ? "" : say(link.todo));
  renew("trouble-commands", old ? [] : link.commands, () =>
    (old ? [] : link.commands).map((command) => element("li", "", element("code", "", command))),
  );
}

function showWho() {
  const told = desk.notice ?? state?.agent ?? null;
  const organisation = told?.organisation ?? "";
  write(
    "who",
    told === null
      ? say("welcome_who_unknown")
      : told.mode === "managed"
        ? organisation
          ? say("welcome_who_managed", organisation)
          : say("welcome_who_managed_unnamed")
        : say(told.mode === "test" ? "welcome_who_test" : "welcome_who_personal"),
  );
  write("contact", told?.contact ? say("welcome_who_contact", told.contact) : "");
}

function showNotice() {
  const { notice } = desk;
  if (notice === null) return;
  renew("languages", [notice.languages, notice.language], () =>
    notice.languages.map((code) => {
      const made = button(`language-${code}`, "", languageName(code), () => {
        language = code;
        loader.load();
      });
      made.lang = code;
      made.setAttribute("aria-pressed", String(code === notice.language));
      return made;
    }),
  );
  showChanges(notice);
  const round = `${notice.sha256} ${desk.rounds}`;
  if (laidOut === round) return;
  laidOut = round;
  const article = part("notice");
  article.lang = notice.language;
  article.hidden = false;
  article.replaceChildren(layOut(notice.text, NOTICE_DOWN));
  const end = element("div", "");
  article.append(end);
  write("hash", notice.sha256);
  part("fingerprint").hidden = false;
  unwatch?.();
  // Where something is new it may stand anywhere: then the text was shown once its end was reached.
  unwatch = whenSeen(notice.difference === null ? [article] : [article, end]);
}

/**
 * What is different from the text that was answered last.
 * @param {import("./consent.js").Notice} notice
 */
function showChanges({ difference, language: spoken }) {
  const groups = grouped(difference ?? []);
  part("changed").hidden = groups.length === 0;
  renew("diff", [groups, spoken], () =>
    groups.flatMap(({ heading, lines }) => {
      const list = element("ul", "", ...lines.map((line) => changedLine(line, spoken)));
      if (heading === "") return [list];
      const title = element("h4", "", heading);
      title.lang = spoken;
      return [title, list];
    }),
  );
}

/**
 * One line that is new or gone. Told thrice, and not by colour: by a word for those who listen, a sign, and marks on
 * the words that differ.
 * @param {import("./difference.js").Line} line
 * @param {string} spoken the notice's language
 */
function changedLine({ mark, parts }, spoken) {
  const added = mark === "+";
  const sign = element("span", "sign", added ? "+" : "−");
  sign.setAttribute("aria-hidden", "true");
  const kind = element("span", "unseen", `${say(added ? "welcome_changed_new" : "welcome_changed_gone")} `);
  const words = parts.map(([text, differs]) => (differs ? element(added ? "ins" : "del", "", text) : text));
  const said = element("span", "", ...words);
  said.lang = spoken;
  return element("li", added ? "new" : "old", sign, element("div", "", kind, said));
}

/**
 * Reports the notice as shown once a person had it in front of them: visible page, text on the screen for two seconds.
 * @param {HTMLElement[]} parts all of which must have been on the screen
 * @returns {() => void} ends it
 */
function whenSeen(parts) {
  const unseen = new Set(parts);
  /** @type {Set<Element>} */
  const there = new Set();
  let timer = 0;
  const check = () => {
    clearTimeout(timer);
    if (document.hidden || there.size === 0) return;
    desk.visible(unseen.size === 0);
    if (unseen.size > 0) return;
    timer = setTimeout(() => {
      end();
      desk.seen().then(() => loader.load(), (/** @type {Error} */ error) => tell(error.message));
    }, SHOWN_MS);
  };
  const [article] = parts;
  const watcher = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting, intersectionRect, boundingClientRect } of entries) {
      // The end has no height: it is there or not.
      const enough =
        target !== article || readable(intersectionRect.height, boundingClientRect.height, window.innerHeight);
      if (!isIntersecting || !enough) {
        there.delete(target);
        continue;
      }
      there.add(target);
      if (!document.hidden) unseen.delete(/** @type {HTMLElement} */ (target));
    }
    check();
  }, { threshold: SHARES });
  const end = () => {
    clearTimeout(timer);
    watcher.disconnect();
    document.removeEventListener("visibilitychange", check);
  };
  for (const one of parts) watcher.observe(one);
  document.addEventListener("visibilitychange", check);
  return end;
}

function showChoice() {
  const { notice, views } = desk;
  part("choice").hidden = notice === null || !askable();
  if (notice === null) return;
  const managed = notice.mode === "managed";
  const choices = noticeChoices(views, notice.mode);
  const { tone, says, means } = standOf(notice, choices);
  write("choice-title", say(managed ? "welcome_answer" : "welcome_choice"));
  part("state").className = `pill is-${tone}`;
  write("state", say({ on: "common_on", waiting: "common_not_yet", off: "common_off" }[tone]));
  write("choice-says", says);
  write("choice-means", means);
  renew("choices", [choices, notice.press, notice.language], () => [
    choiceButtons(choices, say("welcome_about_notice"), "notice", notice.press, notice.language, (act) => {
      const pressed = choices.find((choice) => choice.act === act);
      void press(act, "", pressed ? wordsOn(pressed, notice.press) : "");
    }),
  ]);
  const missing = state?.missing ?? [];
  part("hidden-sites").hidden = missing.length === 0;
  write("hidden-says", say("common_platforms_hidden", listed(namesOf(missing))));
  const standing = onRecord(views);
  part("recorded").hidden = standing.length === 0;
  renew("recorded-list", [standing, notice.language], () => [
    element("ul", "receipts", ...standing.map((one) => receiptRow(one, notice.language))),
  ]);
}

/**
 * @param {{entry: number, title: string}} one
 * @param {string} spoken the language of its title
 */
function receiptRow({ entry, title }, spoken) {
  const name = element("span", "", title);
  name.lang = spoken;
  const save = button(`receipt-${entry}`, "small", say("welcome_receipt"), () => void saveReceipt(entry));
  save.setAttribute("aria-label", say("welcome_receipt_about", title));
  return element("li", "", name, save);
}

/** @param {readonly string[]} keys */
const namesOf = (keys) => PLATFORMS.filter(({ key }) => keys.includes(key)).map(({ name }) => name);

function showPurposes() {
  const { notice, views } = desk;
  part("purposes").hidden = notice === null;
  if (notice === null) return;
  const managed = notice.mode === "managed";
  const { organisation } = notice;
  const { mandatory, optional } = cardsOf(views, notice.mode);
  const paper = { language: notice.language, names: notice.press };
  write(
    "purposes-lead",
    !managed
      ? say("welcome_purposes_personal")
      : organisation
        ? say("welcome_purposes_managed", organisation)
        : say("welcome_purposes_managed_unnamed"),
  );
  renew("mandatory", [mandatory, paper], () => mandatory.map((card) => cardElement(card, { ...paper, press: null })));
  part("optional-part").hidden = optional.length === 0;
  write("optional-lead", say(managed ? "welcome_optional_private" : "welcome_optional_lead"));
  renew("optional", [optional, paper, askable()], () =>
    optional.map((card) =>
      cardElement(card, {
        ...paper,
        press: askable()
          ? (act, purpose) => {
              const choice = card.choices.find((one) => one.act === act) ?? { act, press: "withdraw" };
              void press(act, purpose, wordsOn(choice, notice.press));
            }
          : null,
      }),
    ),
  );
}

fill(document);
write("seen-loads", say("welcome_seen_loads", listed(PLATFORMS.filter(({ optional }) => !optional).map(({ name }) => name))));
part("retry").addEventListener("click", () => background.post({ kind: "retry" }));
for (const id of ["open-page", "trouble-page"])
  part(id).addEventListener("click", () => background.post({ kind: "open_page" }));
part("allow").addEventListener("click", () => {
  void api.permissions.request({ origins: originsOfPlatforms(state?.missing ?? []) });
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && askable()) loader.load();
});
