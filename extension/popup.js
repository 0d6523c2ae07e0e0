// The pop-up's page: takes states from the background, lays out what state.js says of them, and passes the person's
// wishes back: open my page, pause, go on, try again, what they say of a flag. Which sites the browser may show us, the
// browser itself asks about. Texts are set as text, never as markup.

import { openPort } from "./background_port.js";
import { hiddenPlatforms, originsOfPlatforms } from "./coverage.js";
import { button, element, offerRetry, part, write } from "./pages.js";
import { PLATFORMS } from "./platforms.js";
import { platformName, view } from "./state.js";
import { Today } from "./today.js";
import { fill, language, listed, many, number, say } from "./words.js";

/** @type {typeof chrome} */
const api = /** @type {any} */ (globalThis).browser ?? chrome;
const REFRESH_MS = 5_000;
const PAUSE_MINUTES = 60;

/** @type {import("./state.js").Snapshot | null} */
let latest = null;

function show() {
  if (latest === null) return;
  const focused = document.activeElement;
  const shown = view(latest, Date.now());
  const { headline, organisation, rows, flags, canOpenPage, canRetry, canPause, pausedUntil, noticeWaits } = shown;
  part("headline").dataset["tone"] = headline.tone;
  write("title", headline.title);
  write("text", headline.text);
  write("todo", headline.todo);
  write("organisation", organisation);
  write("managed", shown.managed);
  write("contact", shown.contact);
  part("rows").replaceChildren(
    ...rows
      .filter(({ quiet }) => !quiet)
      .map(({ label, value, hint }) =>
        element("div", "", element("dt", "", label), element("dd", "value", value), element("dd", "hint", hint)),
      ),
  );
  part("flags-section").hidden = flags.length === 0;
  showFlags(flags);
  const { agent, extensionVersion, missing } = latest;
  write(
    "versions",
    agent === null ? say("popup_version", extensionVersion) : say("popup_versions", extensionVersion, agent.version),
  );
  const page = /** @type {HTMLButtonElement} */ (part("open-page"));
  page.disabled = !canOpenPage;
  page.title = canOpenPage ? "" : say("popup_open_page_later");
  const trying = offerRetry("retry", latest.link.phase);
  part("read-notice").hidden = !noticeWaits;
  part("notice").hidden = noticeWaits;
  part("pause").hidden = !canPause;
  part("pause-note").hidden = !canPause;
  part("go-on").hidden = pausedUntil === null;
  part("allow").hidden = missing.length === 0;
  // One button leads: what the person can do about the state, else the way to their page.
  page.classList.toggle("primary", !noticeWaits && pausedUntil === null && !canRetry && !trying && missing.length === 0);
  write("own-sites", latest.ownSites.length === 0 ? "" : many("popup_own_sites", latest.ownSites.length));
  // A button that is gone takes nobody's place in the page with it: the one that came instead has it.
  if (focused instanceof HTMLElement && focused.hidden) part(pausedUntil !== null ? "go-on" : canOpenPage ? "open-page" : "headline").focus();
  void today.look(latest);
}

/** When each flag came before the person, for the time they had before they answered. @type {Map<string, number>} */
const shownAt = new Map();
let flagsShown = "";

/**
 * The flags are laid out anew only when they say something else: nobody's press or focus is taken away under them.
 * @param {import("./state.js").FlagView[]} flags
 */
function showFlags(flags) {
  // How long ago it was and how long is left is told anew each time, in place: it alone must not take a button away.
  const said = JSON.stringify(flags, (key, value) => (key === "since" || key === "held" ? value === "" : value));
  if (said === flagsShown) {
    for (const { id, since, held } of flags) {
      write(`since-${id}`, since);
      write(`held-${id}`, held);
    }
    return;
  }
  flagsShown = said;
  const focused = document.activeElement?.id ?? "";
  part("flags").replaceChildren(...flags.map(flagElement));
  if (focused !== "") document.getElementById(focused)?.focus();
}

/** @param {import("./state.js").FlagView} flag */
function flagElement({ id, name, level, levelText, doing, why, held, since, said, asks, choices }) {
  if (!shownAt.has(id)) shownAt.set(id, Date.now());
  const badge = element("span", "level", levelText);
  badge.dataset["level"] = level;
  const buttons = choices.map(({ category, label }) =>
    button(`${category}-${id}`, "", label, () => {
      const dwell_ms = Date.now() - (shownAt.get(id) ?? Date.now());
      background.post({ kind: "answer", finding: id, category, dwell_ms });
    }),
  );
  const answers = element("div", "answers", ...buttons);
  answers.setAttribute("role", "group");
  answers.setAttribute("aria-label", say("popup_answers_label", name));
  const change = element("details", "change", element("summary", "", say("popup_change")), answers);
  const onPage = element("p", "todo", say("popup_on_page"));
  const whyElement = element("p", "why", why);
  // The agent's own words, which it says in English.
  if (language() !== "en") whyElement.lang = "en";
  const heldElement = element("p", "held", held);
  heldElement.id = `held-${id}`;
  const sinceElement = element("p", "since", since);
  sinceElement.id = `since-${id}`;
  const status = element("p", "said", said);
  status.setAttribute("role", "status");
  return element(
    "li",
    "",
    element("div", "head", element("h3", "name", name), badge),
    element("p", "doing", doing),
    whyElement,
    heldElement,
    sinceElement,
    ...(said === "" ? [] : [status]),
    ...(buttons.length === 0 ? [onPage] : asks ? [answers] : [change]),
  );
}

/**
 * @param {import("./today.js").Bar[] | null} bars
 * @param {string} problem
 */
function showToday(bars, problem) {
  part("today").hidden = bars === null || bars.length === 0;
  part("bars").replaceChildren(
    ...(bars ?? []).map(({ name, count, share }) => {
      const site = element("th", "", name);
      site.setAttribute("scope", "row");
      const bar = element("div", "bar");
      bar.style.inlineSize = `${Math.max(2, Math.round(share * 100))}%`;
      return element("tr", "", site, element("td", "track", bar), element("td", "count", number(count)));
    }),
  );
  const open = latest?.gate?.state === "open";
  const none = say(open ? "popup_today_empty" : "popup_today_empty_closed");
  write("today-empty", bars === null ? problem || say("popup_today_away") : bars.length === 0 ? none : "");
}

async function showSites() {
  /** @param {string[]} origins */
  const granted = (origins) => api.permissions.contains({ origins });
  const hidden = await hiddenPlatforms(granted);
  const optional = PLATFORMS.filter((platform) => platform.optional);
  const added = await Promise.all(optional.map(({ match_patterns }) => granted([...match_patterns])));
  const seen = [
    ...PLATFORMS.filter((platform) => !platform.optional && !hidden.includes(platform.key)),
    ...optional.filter((_, at) => added[at]),
  ];
  write("sites", listed(seen.map(({ key }) => platformName(key))) || say("popup_sites_none"));
}

/** @param {number} minutes 0: go on now */
async function pause(minutes) {
  write("failed", "");
  try {
    await background.ask("pause", { minutes });
  } catch (error) {
    write("failed", say("popup_failed", error instanceof Error ? error.message : ""));
  }
}

/** Open a page of the extension in a tab and be gone. @param {() => Promise<unknown>} open */
async function go(open) {
  await open();
  window.close();
}
const openNotice = () => void go(() => api.tabs.create({ url: api.runtime.getURL("welcome.html") }));

fill(document);
const today = new Today({
  ask: () => background.ask("today"),
  setTimer: (run, ms) => setTimeout(run, ms),
  show: showToday,
});
const background = openPort("popup", (state) => {
  latest = state;
  show();
});
part("open-page").addEventListener("click", () => background.post({ kind: "open_page" }));
part("retry").addEventListener("click", () => background.post({ kind: "retry" }));
part("read-notice").addEventListener("click", openNotice);
part("notice").addEventListener("click", openNotice);
part("options").addEventListener("click", () => void go(() => api.runtime.openOptionsPage()));
part("pause").addEventListener("click", () => void pause(PAUSE_MINUTES));
part("go-on").addEventListener("click", () => void pause(0));
part("allow").addEventListener("click", () => {
  void api.permissions.request({ origins: originsOfPlatforms(latest?.missing ?? []) });
});
api.permissions.onAdded.addListener(() => void showSites());
api.permissions.onRemoved.addListener(() => void showSites());
setInterval(show, REFRESH_MS);
void showSites();
