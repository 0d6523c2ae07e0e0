// The options page: lays out what the background, the agent and the browser say of consent, sites, notifications and the
// link, and passes the person's presses to whoever they are for: acts and the pause to the agent, permissions to the
// browser, own sites to the background. Texts are set as text, never as markup.

import { openPort } from "./background_port.js";
import { ConsentDesk, languageFor, standOf } from "./consent.js";
import { BOXED, STATES, stateNow } from "./diagnosis.js";
import { Loader } from "./loader.js";
import { hostOf, originsOf, unfit } from "./own_sites.js";
import { button, element, offerRetry, part, renew, write } from "./pages.js";
import { PLATFORMS } from "./platforms.js";
import { cardElement, cardsOf, wordsOn } from "./purposes.js";
import { platformName, view } from "./state.js";
import { date, day, fill, listed, number, say } from "./words.js";

/** @type {typeof chrome} */
const api = /** @type {any} */ (globalThis).browser ?? chrome;
const REFRESH_MS = 5_000;
const PAUSE_MINUTES = 60;
const OPTIONAL = PLATFORMS.filter(({ optional }) => optional);
/** @type {chrome.permissions.Permissions} */
const NOTIFY = { permissions: ["notifications"] };

const language = languageFor(api.i18n.getUILanguage());
/** @type {import("./state.js").Snapshot | null} */
let state = null;
/** Keys of the optional platforms that the browser lets us see. @type {string[]} */
let granted = [];
let notifying = false;
/** How many sites the page has said were taken back. */
let toldTakenBack = 0;

const background = openPort("options", (now) => {
  state = now;
  loader.look(now, askable());
  show();
});
const desk = new ConsentDesk({ ask: background.ask, now: () => Date.now(), page: "options" });
const loader = new Loader({ load: () => desk.load(language), show, setTimer: (run, ms) => setTimeout(run, ms) });

/** Whether there is an agent that answers questions. */
function askable() {
  return state !== null && stateNow(state).tone === "good" && (state.agent?.answersQuestions ?? false);
}

/** @param {string} text @param {boolean} [done] */
function tell(text, done = true) {
  part("said").className = done ? "said" : "said not-done";
  write("said", text);
}

/** @param {unknown} error */
const failed = (error) => tell(error instanceof Error ? error.message : String(error), false);

/**
 * Record an act.
 * @param {import("./purposes.js").ActKind} act
 * @param {string} purpose
 * @param {string} words what stood on the button
 */
async function press(act, purpose, words) {
  try {
    await desk.act(act, purpose);
    tell(say("options_recorded", words));
    loader.pressed();
  } catch (error) {
    failed(error);
    loader.pressed(error);
  }
}

/** @param {number} minutes 0: go on at once */
async function pause(minutes) {
  try {
    await background.ask("pause", { minutes });
    tell("");
  } catch (error) {
    failed(error);
  }
}

function show() {
  if (state === null) return;
  showManaged(state);
  showConsent(state);
  showSites(state);
  showOwn(state);
  showNotifications(state);
  showDiagnosis(state);
}

/** @param {import("./state.js").Snapshot} now */
function showManaged(now) {
  const { managed, contact, canOpenPage } = view(now, Date.now());
  const forced = now.managed.installType === "admin";
  const by = now.managed.by;
  write("managed", forced ? (by ? say("options_managed_forced", by) : say("options_managed_forced_unnamed")) : managed);
  write("about-managed", managed || say("options_managed_nobody"));
  write("about-contact", contact);
  const { extensionVersion, agent } = now;
  write("version", agent ? say("common_versions", extensionVersion, agent.version) : say("common_version", extensionVersion));
  for (const id of ["open-page", "open-history"])
    /** @type {HTMLButtonElement} */ (part(id)).disabled = !canOpenPage;
}

/** @param {import("./state.js").Snapshot} now */
function showConsent(now) {
  const { notice, views } = desk;
  const there = askable() && notice !== null;
  const old = now.agent !== null && !now.agent.answersQuestions;
  const { canPause, pausedUntil } = view(now, Date.now());
  part("pause-part").hidden = !canPause && pausedUntil === null;
  write("pause", say(pausedUntil === null ? "options_pause" : "options_go_on"));
  part("pause").onclick = () => void pause(pausedUntil === null ? PAUSE_MINUTES : 0);
  write("pause-says", pausedUntil === null ? say("options_pause_says") : say("options_paused_says", date(pausedUntil)));
  part("cards").hidden = !there;
  part("state").hidden = !there;
  if (!there || notice === null) {
    part("read").hidden = true;
    write("consent-note", loader.problem || (stateNow(now).id === "connecting" ? "" : say(old ? "welcome_old_means" : "options_consent_away")));
    return;
  }
  const managed = notice.mode === "managed";
  const { organisation } = notice;
  const shown = notice.press["shown"] ?? "";
  const { mandatory, optional, unused, unread } = cardsOf(views, notice.mode);
  const { tone } = standOf(notice, []);
  part("state").className = `pill is-${tone}`;
  write("state", say({ on: "common_on", waiting: "common_not_yet", off: "common_off" }[tone]));
  write("consent-note", loader.problem || (unread ? say("options_consent_unread") : ""));
  part("read").hidden = !unread;
  write("mandatory-title", say(managed ? "options_mandatory_managed" : "options_mandatory_personal"));
  write(
    "mandatory-says",
    !managed
      ? say("options_mandatory_personal_says")
      : organisation
        ? say("options_mandatory_managed_says", organisation, shown)
        : say("options_mandatory_managed_says_unnamed", shown),
  );
  write("optional-says", say(managed ? "welcome_optional_private" : "welcome_optional_lead"));
  const paper = { language: notice.language, names: notice.press };
  for (const [id, cards] of /** @type {const} */ ([["mandatory", mandatory], ["optional", optional]])) {
    renew(id, [cards, paper], () =>
      cards.map((card) =>
        cardElement(card, {
          ...paper,
          press: (act, purpose) => {
            const choice = card.choices.find((one) => one.act === act) ?? { act, press: "withdraw" };
            void press(act, purpose, wordsOn(choice, notice.press));
          },
        }),
      ),
    );
  }
  part("optional-part").hidden = optional.length === 0;
  part("unused-part").hidden = unused.length === 0;
  renew("unused", [unused, paper], () =>
    unused.map(({ title }) => {
      const item = element("li", "", title);
      item.lang = notice.language;
      return item;
    }),
  );
  if (!document.hidden) desk.visible();
}

/**
 * One site with what the browser lets us see of it.
 * @param {import("./classify.js").Platform} platform
 * @param {boolean} seen
 * @param {boolean} removable
 */
function siteRow({ key, match_patterns, optional }, seen, removable) {
  const site = platformName(key);
  const origins = [...match_patterns];
  const row = element("li", "", element("span", "name", site));
  if (optional) row.append(element("span", `pill is-${seen ? "on" : "off"}`, say(seen ? "common_on" : "common_off")));
  else row.append(element("span", `pill is-${seen ? "on" : "trouble"}`, say(seen ? "options_site_seen" : "options_site_hidden")));
  if (!seen || removable) {
    const made = button(`site-${key}`, "small", say(seen ? "options_site_stop" : "options_site_allow"), () => {
      // Asked for at once: the browser takes it from a press only.
      void (seen ? api.permissions.remove({ origins }) : api.permissions.request({ origins })).catch(failed);
    });
    made.setAttribute("aria-label", say(seen ? "options_site_stop_about" : "options_site_allow_about", site));
    row.append(made);
  }
  if (!seen && !optional) row.append(element("p", "quiet more", say("options_site_hidden_says")));
  return row;
}

/** @param {import("./state.js").Snapshot} now */
function showSites({ missing, managed }) {
  const required = PLATFORMS.filter(({ optional }) => !optional);
  renew("required", missing, () => required.map((platform) => siteRow(platform, !missing.includes(platform.key), false)));
  const offered = OPTIONAL.filter(({ key }) => managed.github || granted.includes(key));
  part("optional-sites-part").hidden = offered.length === 0;
  renew("optional-sites", [offered.map(({ key }) => key), granted], () =>
    offered.map((platform) => siteRow(platform, granted.includes(platform.key), true)),
  );
}

/** @param {import("./state.js").Snapshot} now */
function showOwn({ ownSites, ownTakenBack, managed }) {
  // What the person has they can delete, whatever the manager says of new ones.
  part("own-form").hidden = !managed.ownSites;
  if (ownTakenBack.length > toldTakenBack) write("own-said", say("options_own_taken_back", listed(ownTakenBack)));
  toldTakenBack = ownTakenBack.length;
  part("own-part").hidden = !managed.ownSites && ownSites.length === 0 && part("own-said").textContent === "";
  part("own-none").hidden = ownSites.length > 0;
  renew("own", ownSites, () =>
    ownSites.map(({ host, today, days }) => {
      const remove = button(`remove-${host}`, "small", say("options_own_remove"), () => {
        void api.permissions.remove({ origins: originsOf(host) }).catch(failed);
        background.ask("own_sites_remove", { host }).then(() => write("own-said", say("options_own_removed", host)), failed);
      });
      remove.setAttribute("aria-label", say("options_own_remove_about", host));
      const row = element("li", "", element("span", "name", host), element("span", "", say("options_own_today", number(today))), remove);
      if (days.length === 0) return row;
      const lines = days.map((one) => {
        const when = element("th", "", day(Date.parse(`${one.day}T12:00`)));
        when.setAttribute("scope", "row");
        return element("tr", "", when, element("td", "", number(one.count)));
      });
      const fold = element(
        "details",
        "",
        element("summary", "", say("options_own_days")),
        element("table", "", element("tbody", "", ...lines)),
      );
      fold.id = `days-${host}`;
      row.append(fold);
      return row;
    }),
  );
}

/** @param {SubmitEvent} event */
function addOwn(event) {
  event.preventDefault();
  const input = /** @type {HTMLInputElement} */ (part("own-host"));
  const host = hostOf(input.value);
  const refused = unfit(host, state?.ownSites.map((site) => site.host) ?? []);
  if (refused !== "") {
    write("own-said", say(`options_own_${refused}`));
    input.focus();
    return;
  }
  // Asked for at once: the browser takes it from a press only. What became of it, the background says.
  api.permissions
    .request({ origins: originsOf(host) })
    .then(() => background.ask("own_sites_add", { host }))
    .then(({ refused }) => {
      if (refused === "") input.value = "";
      write("own-said", refused === "" ? say("options_own_added", host) : say(`options_own_${refused}`));
    })
    .catch(failed);
}

/** @param {import("./state.js").Snapshot} now */
function showNotifications({ managed }) {
  const offered = managed.notifications || notifying;
  part("notifications").hidden = part("to-notifications").hidden = !offered;
  part("notify").setAttribute("aria-checked", String(notifying));
}

/** @param {import("./state.js").Snapshot} now */
function showDiagnosis(now) {
  const current = stateNow(now);
  write("now", `${say("options_now")}: ${say(current.title)}`);
  const listed = current.id === "connecting" ? [current, ...STATES] : STATES;
  renew("states", current.id, () =>
    listed.map(({ id, title, means, todo, tone, commands }) => {
      const isNow = id === current.id;
      const name = element("summary", "", say(title));
      if (isNow) name.append(element("span", `pill is-${{ good: "on", quiet: "off", trouble: "trouble" }[tone]}`, say("options_now")));
      const fold = element(
        "details",
        "",
        name,
        element(
          "div",
          "inside",
          element("p", "", say(means)),
          element("p", "todo", todo === "" ? "" : say(todo)),
          ...(commands.length === 0
            ? []
            : [element("ol", "commands", ...commands.map((command) => element("li", "", element("code", "", command))))]),
        ),
      );
      fold.id = `state-${id}`;
      if (isNow) fold.setAttribute("open", "");
      return element("li", isNow ? `is-now${tone === "trouble" ? " is-bad" : ""}` : "", fold);
    }),
  );
  const { rows } = view(now, Date.now());
  offerRetry("retry", now.link.phase);
  const unknown = say("options_unknown");
  const figures = [
    { label: say("options_extension_version"), value: now.extensionVersion, hint: "" },
    { label: say("options_host_version"), value: now.link.hostVersion || unknown, hint: "" },
    { label: say("options_agent_version"), value: now.agent?.version || unknown, hint: "" },
    ...rows,
  ];
  renew("rows", figures, () =>
    figures.map(({ label, value, hint }) =>
      element("div", "", element("dt", "", label), element("dd", "", value), ...(hint ? [element("dd", "hint", hint)] : [])),
    ),
  );
}

/** What the browser grants is asked of the browser. */
async function askBrowser() {
  const seen = await Promise.all(
    OPTIONAL.map(({ match_patterns }) => api.permissions.contains({ origins: [...match_patterns] })),
  );
  granted = OPTIONAL.filter((_, at) => seen[at]).map(({ key }) => key);
  notifying = await api.permissions.contains(NOTIFY);
  show();
}

fill(document);
part("boxed").append(
  ...BOXED.flatMap(({ name, says }) => [element("dt", "", say(name)), element("dd", "quiet", say(says))]),
);
part("retry").addEventListener("click", () => background.post({ kind: "retry" }));
for (const id of ["open-page", "open-history"])
  part(id).addEventListener("click", () => background.post({ kind: "open_page" }));
part("own-form").addEventListener("submit", addOwn);
part("notify").addEventListener("click", () => {
  void (notifying ? api.permissions.remove(NOTIFY) : api.permissions.request(NOTIFY)).catch(failed);
});
api.permissions.onAdded.addListener(() => void askBrowser());
api.permissions.onRemoved.addListener(() => void askBrowser());
document.addEventListener("visibilitychange", () => {
  if (document.hidden || !askable()) return;
  show(); // what is there lies before the person from now on; asking what stands takes a moment
  loader.load();
});
setInterval(show, REFRESH_MS);
void askBrowser();
