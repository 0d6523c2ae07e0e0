// The pop-up's page: takes snapshots from the background, lays out what state.js says of them, and passes four wishes
// back: open my page, try again, what the person says of a flag, and which sites the browser may show us (that one the
// browser itself asks about).
// Texts are set as text, never as markup.

import { PLATFORMS } from "./platforms.js";
import { view } from "./state.js";

/** @type {typeof chrome} */
const api = /** @type {any} */ (globalThis).browser ?? chrome;
const REFRESH_MS = 5_000;

const dates = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
/** @param {number} at */
const date = (at) => dates.format(at);

const REQUIRED = PLATFORMS.filter((platform) => !platform.optional);
const OPTIONAL = PLATFORMS.filter((platform) => platform.optional);
const OPTIONAL_ORIGINS = OPTIONAL.flatMap((platform) => platform.match_patterns);
const OPTIONAL_NAMES = OPTIONAL.map((platform) => platform.name).join(", ");

/**
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id
 */
const part = (id) => /** @type {T} */ (document.getElementById(id));

/**
 * @param {string} tag
 * @param {string} className
 * @param {string} text
 * @param {readonly HTMLElement[]} [children]
 */
function element(tag, className, text, children = []) {
  const made = document.createElement(tag);
  if (className !== "") made.className = className;
  made.append(text, ...children);
  return made;
}

/** @type {import("./state.js").Snapshot | null} */
let latest = null;

function show() {
  if (latest === null) return;
  const { headline, organisation, rows, flags, canOpenPage, canRetry } = view(latest, Date.now(), date);
  part("headline").dataset["tone"] = headline.tone;
  // The headline is announced by screen readers: it is touched only when it says something else.
  for (const [id, text] of [
    ["title", headline.title],
    ["text", headline.text],
    ["todo", headline.todo],
    ["organisation", organisation],
  ]) {
    const node = part(id ?? "");
    if (node.textContent !== text) node.textContent = text ?? "";
  }
  part("rows").replaceChildren(
    ...rows.map((row) =>
      element("div", "", "", [
        element("dt", "", row.label),
        element("dd", "value", row.value),
        element("dd", "hint", row.hint),
      ]),
    ),
  );
  part("flags-section").hidden = flags.length === 0;
  showFlags(flags);
  part("versions").textContent =
    `Extension ${latest.extensionVersion}${latest.agent ? ` · Agent ${latest.agent.version}` : ""}`;
  const page = part("open-page");
  /** @type {HTMLButtonElement} */ (page).disabled = !canOpenPage;
  page.title = canOpenPage ? "" : "Possible as soon as the agent is connected";
  part("retry").hidden = !canRetry;
}

/** When each flag came before the person, for the time they had before they answered. @type {Map<string, number>} */
const shownAt = new Map();
let flagsShown = "";

/**
 * The flags are laid out anew only when they say something else: nobody's press or focus is taken away under them.
 * @param {import("./state.js").FlagView[]} flags
 */
function showFlags(flags) {
  // How long ago it was is told anew each time, in place: it alone must not take a button away.
  const said = JSON.stringify(flags, (key, value) => (key === "since" ? undefined : value));
  if (said === flagsShown) {
    for (const { id, since } of flags) part(`since-${id}`).textContent = since;
    return;
  }
  flagsShown = said;
  const focused = document.activeElement?.id ?? "";
  part("flags").replaceChildren(...flags.map(flagElement));
  if (focused !== "") document.getElementById(focused)?.focus();
}

/** @param {import("./state.js").FlagView} flag */
function flagElement({ id, name, level, levelText, doing, why, since, said, asks, choices }) {
  if (!shownAt.has(id)) shownAt.set(id, Date.now());
  const badge = element("span", "level", levelText);
  badge.dataset["level"] = level;
  const buttons = choices.map(({ category, label }) => {
    const button = element("button", "", label);
    button.id = `${category}-${id}`;
    button.setAttribute("type", "button");
    button.addEventListener("click", () => {
      const dwell_ms = Date.now() - (shownAt.get(id) ?? Date.now());
      background.postMessage({ kind: "answer", finding: id, category, dwell_ms });
    });
    return button;
  });
  const answers = element("div", "answers", "", buttons);
  answers.setAttribute("role", "group");
  answers.setAttribute("aria-label", `What do you say of ${name}?`);
  const change = element("details", "change", "", [element("summary", "", "Change your answer"), answers]);
  const onPage = element("p", "todo", "Answer on your page: the agent is too old to take it here.");
  const sinceElement = element("p", "since", since);
  sinceElement.id = `since-${id}`;
  const status = element("p", "said", said);
  status.setAttribute("role", "status");
  return element("li", "", "", [
    element("div", "head", "", [element("span", "name", name), badge]),
    element("p", "doing", doing),
    element("p", "why", why),
    sinceElement,
    ...(said === "" ? [] : [status]),
    ...(buttons.length === 0 ? [onPage] : asks ? [answers] : [change]),
  ]);
}

async function showSites() {
  const granted = await Promise.all(
    REQUIRED.map((platform) => api.permissions.contains({ origins: [...platform.match_patterns] })),
  );
  const missing = REQUIRED.filter((_, index) => !granted[index]);
  const optional = await api.permissions.contains({ origins: [...OPTIONAL_ORIGINS] });
  const names = REQUIRED.filter((_, index) => granted[index]).map((platform) => platform.name);
  part("sites").textContent = [...names, ...(optional ? [OPTIONAL_NAMES] : [])].join(" · ") || "None";
  part("missing").hidden = missing.length === 0;
  part("missing").textContent =
    `The browser hides these from Gleanwatch: ${missing.map((platform) => platform.name).join(", ")}.`;
  const allow = part("allow");
  allow.hidden = missing.length === 0;
  allow.onclick = () =>
    api.permissions.request({ origins: missing.flatMap((platform) => platform.match_patterns) }).then(showSites);
  const github = part("github");
  github.hidden = false;
  github.textContent = optional ? `Stop counting ${OPTIONAL_NAMES}` : `Count ${OPTIONAL_NAMES} too`;
  github.onclick = () =>
    (optional
      ? api.permissions.remove({ origins: OPTIONAL_ORIGINS })
      : api.permissions.request({ origins: OPTIONAL_ORIGINS })
    ).then(showSites);
}

const background = api.runtime.connect({ name: "popup" });
background.onMessage.addListener((snapshot) => {
  latest = snapshot;
  show();
});
part("open-page").addEventListener("click", () => background.postMessage({ kind: "open_page" }));
part("retry").addEventListener("click", () => background.postMessage({ kind: "retry" }));
setInterval(show, REFRESH_MS);
void showSites();
