// The one file that touches the browser: it builds the parts, joins them and passes the browser's events in.
//
//   tabs.onUpdated → (gate) → own_sites.js (stays here)
//                           → reduce.js → delivery.js ⇄ queue.js
//                                             ⇅
//                        native host ⇄ connection.js ⇄ answers.js, asks.js ← pop-up, welcome, options ⇄ state.js
//
// Listeners are registered at once, as the browser demands of a worker. The gate is asked first: while it is not open
// a tab event is left alone, its address unread. What a page of ours may say is the list in `PAGE_SAYS`.

import { Answers } from "./answers.js";
import { AskError, Asks } from "./asks.js";
import { whichBrowser } from "./browser.js";
import { ALARM, Connection } from "./connection.js";
import { hiddenPlatforms } from "./coverage.js";
import { Delivery } from "./delivery.js";
import { WaitingRoom, stayedOpen } from "./gate.js";
import { readManaged } from "./managed.js";
import { NOTIFICATION, Notifier } from "./notify.js";
import { OwnSites } from "./own_sites.js";
import { Queue, randomClient } from "./queue.js";
import { Reducer, keyedDigest } from "./reduce.js";
import { asksForNotice, badge, isLocalPage } from "./state.js";
import { say } from "./words.js";

/** @type {typeof chrome} */
const api = /** @type {any} */ (globalThis).browser ?? chrome;
const HOST = "org.gleanwatch.relay";
/** A first connection that takes longer than this gets no held events. */
const HOLD_MS = 3_000;
const HOLD_EVENTS = 64;
const PAGE_ANSWER_MS = 10_000;
/** How long the welcome page waits for managed settings: where somebody put us here, they may have set some. */
const SETTINGS_MS = { usual: 1_000, managed: 20_000 };

const now = () => Date.now();
/** @type {(run: () => void, ms: number) => number} */
const setTimer = (run, ms) => self.setTimeout(run, ms);
const version = api.runtime.getManifest().version;

/** @type {Delivery | null} null until the queue has been read */
let delivery = null;
/** @type {Queue | null} */
let queue = null;
/** @type {import("./gate.js").Gate | null} the last word about the gate, over whichever connection */
let lastGate = null;
/** How often the agent has spoken of gates: each time something stands differently, ours or another. */
let gateWords = 0;
let pageAskedAt = -Infinity;
let changePending = false;
let badgeShown = "";
/** The pages of ours that are open. @type {Set<chrome.runtime.Port>} */
const pages = new Set();
const PAGE_NAMES = new Set(["popup", "welcome", "options"]);
/** The required platforms that the browser hides. @type {string[]} */
let hidden = [];
/** @type {import("./managed.js").Managed} */
let managed = readManaged(null);
/** Whether what managed storage holds has been heard in this life of the worker. */
let managedHeard = false;
/** @type {Promise<void> | null} */
let settingsRead = null;
/** How the extension came here; `admin`: whoever manages the browser put it there. */
let installType = "";
/** Whether the welcome page waits until the agent has a notice to show (managed setting `welcome`). */
let welcomeWaits = false;
const WELCOME = "welcome_waits";
/** @type {WaitingRoom<[number, chrome.tabs.OnUpdatedInfo, chrome.tabs.Tab]>} */
const waitingRoom = new WaitingRoom(HOLD_EVENTS);

const answers = new Answers({
  session: api.storage.session,
  send: (message) => connection.send(message),
  now,
  setTimer,
  changed,
});

const asks = new Asks({
  send: (message) => connection.send(message),
  setTimer,
  clearTimer: (timer) => self.clearTimeout(timer),
});

const digest = keyedDigest(crypto.subtle);
const ownSites = new OwnSites({
  local: api.storage.local,
  digest,
  allowed: () => (delivery?.open ?? false) && managed.settings.own_sites,
  may: () => (managedHeard ? managed.settings.own_sites : null),
  granted,
  giveBack: (origins) => void api.permissions.remove({ origins }).catch(() => undefined),
  dayOf,
  setTimer,
  changed,
});

const notifier = new Notifier({
  session: api.storage.session,
  // The name space is there only once the person has allowed it.
  show: (id, options) => void api.notifications?.create(id, options),
});

const reducer = new Reducer({
  digest,
  allowed: () => delivery?.open ?? false,
  emit: (load) => delivery?.add(load),
});

const connection = new Connection({
  connect: () => api.runtime.connectNative(HOST),
  // Chromium tells by lastError, Firefox by port.error.
  whyClosed: (port) => /** @type {any} */ (port).error?.message ?? api.runtime.lastError?.message,
  now,
  setTimer,
  clearTimer: (timer) => self.clearTimeout(timer),
  alarms: api.alarms,
  onAgentUp: () => delivery?.agentUp(),
  onAgentDown: () => {
    waitingRoom.close(null);
    delivery?.agentDown();
    changed();
  },
  onMessage: (message) => delivery?.receive(message),
  onClosed: () => {
    waitingRoom.close(null);
    delivery?.portDied();
    changed();
  },
});

api.tabs.onUpdated.addListener((tabId, change, tab) => {
  if (delivery?.open) look(tabId, change, tab, now());
  else waitingRoom.hold([tabId, change, tab], now());
});

api.alarms.onAlarm.addListener((alarm) => {
  if (alarm.name === ALARM) connection.slowRetry(alarm.periodInMinutes ?? 0.5);
});

api.runtime.onStartup.addListener(() => connection.start());
api.runtime.onInstalled.addListener(({ reason }) => {
  connection.start();
  if (reason === "install") void firstWelcome();
});

api.permissions.onAdded.addListener(() => void permissionsChanged());
api.permissions.onRemoved.addListener(() => void permissionsChanged());
api.storage.onChanged.addListener((_, area) => {
  if (area === "managed") void readSettings();
});
listenForClicks();

/** @typedef {Record<string, any>} Said */
/** What a page of ours may say, and what is done. @type {Readonly<Record<string, (said: Said, port: chrome.runtime.Port) => void>>} */
const PAGE_SAYS = {
  retry: () => {
    connection.start();
    // That it is tried is told: the press was heard.
    changed();
  },
  open_page: openPage,
  answer,
  ask: (said, port) => void passOn(said, port),
};

/** Questions that are answered here, and no agent hears of. @type {Readonly<Record<string, (said: Said) => Promise<unknown>>>} */
const ANSWERED_HERE = {
  own_sites_add: ({ host }) => addOwnSite(host),
  own_sites_remove: ({ host }) => ownSites.remove(host),
};

api.runtime.onConnect.addListener((port) => {
  if (!PAGE_NAMES.has(port.name)) return;
  pages.add(port);
  port.onDisconnect.addListener(() => pages.delete(port));
  port.onMessage.addListener((said) => {
    const kind = String(said?.kind);
    if (Object.hasOwn(PAGE_SAYS, kind)) PAGE_SAYS[kind]?.(said, port);
  });
  port.postMessage({ kind: "state", state: snapshot() });
});

/**
 * A page's question, on to whoever answers it and back.
 * @param {Said} said
 * @param {chrome.runtime.Port} port
 */
async function passOn({ kind, id, what, ...fields }, port) {
  /** @type {Said} */
  let told;
  try {
    const here = Object.hasOwn(ANSWERED_HERE, what) ? ANSWERED_HERE[what] : undefined;
    told = { document: await (here === undefined ? asks.ask(what, fields) : here(fields)) };
  } catch (error) {
    const { problem, message } = error instanceof AskError ? error : new AskError("broken");
    told = { problem, error: message };
  }
  // The page may be closed by now.
  if (pages.has(port)) port.postMessage({ kind: "told", id, ...told });
}

function openPage() {
  if (delivery?.askForPage()) pageAskedAt = now();
}

/** A click on the notification opens the person's page. Registered where the browser has notifications for us. */
function listenForClicks() {
  const clicked = api.notifications?.onClicked;
  if (clicked !== undefined && !clicked.hasListener(onNotificationClicked)) clicked.addListener(onNotificationClicked);
}

/** @param {string} id */
function onNotificationClicked(id) {
  if (id !== NOTIFICATION) return;
  void api.notifications.clear(id);
  openPage();
}

/** @param {string[]} origins */
function granted(origins) {
  return api.permissions.contains({ origins });
}

/** What the browser lets us see is different. */
async function permissionsChanged() {
  listenForClicks();
  await Promise.all([findHidden(), ownSites.removeHidden()]);
  changed();
}

async function findHidden() {
  const found = await hiddenPlatforms(granted);
  const other = found.join() !== hidden.join();
  hidden = found;
  if (other) delivery?.coverage();
}

/**
 * The options page has asked the browser for a site; it is added if the browser said yes.
 * @param {unknown} typed
 */
async function addOwnSite(typed) {
  // Chromium can take a minute to tell what is managed, also where nothing is, and a press must not wait for that: what
  // is added before is unsure until then.
  await Promise.race([firstSettings(), new Promise((done) => setTimer(() => done(null), SETTINGS_MS.usual))]);
  return { refused: await ownSites.add(typed) };
}

/**
 * What whoever manages this browser has set. Firefox rejects where nobody has; Chromium gives nothing, and after an
 * install takes anything between two seconds and a minute to do so. Nothing waits for it but the welcome page, and that
 * not for long.
 */
async function readSettings() {
  managed = readManaged(await api.storage.managed.get(null).catch(() => null));
  managedHeard = true;
  await ownSites.settle(managed.settings.own_sites);
  changed();
}

/** The first reading in this life of the worker. */
function firstSettings() {
  settingsRead ??= readSettings();
  return settingsRead;
}

/** How the extension came here, and whether the welcome page still waits. `getSelf` needs no permission. */
async function readOrigin() {
  const [self, kept] = await Promise.all([
    api.management.getSelf().catch(() => null),
    api.storage.local.get(WELCOME),
  ]);
  installType = self?.installType ?? "";
  welcomeWaits ||= Boolean(kept[WELCOME]);
}

/** Open the welcome page, once: at install, or when the agent has a notice for the person. */
async function firstWelcome() {
  await readOrigin();
  const patience = installType === "admin" ? SETTINGS_MS.managed : SETTINGS_MS.usual;
  await Promise.race([readSettings(), new Promise((done) => setTimer(() => done(null), patience))]);
  if (managed.settings.welcome) void api.tabs.create({ url: "welcome.html" });
  else {
    welcomeWaits = true;
    await api.storage.local.set({ [WELCOME]: true });
    // The agent may have spoken before the settings came.
    openWaitingWelcome();
  }
}

/** Open the welcome page that waits, if the last word about the gate waits for the person. */
function openWaitingWelcome() {
  if (!welcomeWaits || !asksForNotice(lastGate)) return;
  welcomeWaits = false;
  void api.storage.local.remove([WELCOME]);
  void api.tabs.create({ url: "welcome.html" });
}

/**
 * The gate is open: look at one tab event. Only its status and its address are read.
 * @param {number} tabId
 * @param {chrome.tabs.OnUpdatedInfo} change
 * @param {chrome.tabs.Tab} tab
 * @param {number} at
 */
function look(tabId, change, tab, at) {
  if (change.url === undefined && change.status === undefined) return;
  const own = ownSites.observe(tabId, change, tab.url, at);
  // Of a site of the person's own the reducer learns that the tab went elsewhere.
  if (own) void reducer.observe(tabId, {}, undefined, at);
  else void reducer.observe(tabId, change, tab.url, at);
}

/**
 * The person answered a flag in the pop-up. Only a flag that is there can be answered.
 * @param {Said} message
 */
function answer({ finding, category, dwell_ms }) {
  const flag = delivery?.flags.find(({ id }) => id === finding);
  if (flag !== undefined) answers.give(flag.id, category, dwell_ms);
}

/** @param {import("./gate.js").Gate} gate */
function onGate(gate) {
  if (!stayedOpen(lastGate, gate)) {
    reducer.forget();
    ownSites.forget();
  }
  lastGate = gate;
  gateWords += 1;
  for (const { held, at } of waitingRoom.close(gate)) look(...held, at);
  openWaitingWelcome();
}

/** The person's day, such as `2026-11-24`. @param {number} at milliseconds UTC */
function dayOf(at) {
  const day = new Date(at);
  const two = (/** @type {number} */ part) => String(part).padStart(2, "0");
  return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
}

/** @param {string} url */
function onPage(url) {
  const asked = now() - pageAskedAt < PAGE_ANSWER_MS;
  pageAskedAt = -Infinity;
  if (asked && isLocalPage(url)) void api.tabs.create({ url });
}

/** @returns {import("./state.js").Snapshot} */
function snapshot() {
  const { phase, problem, agentReason, hostVersion } = connection;
  return {
    link: { phase, problem, agentReason, hostVersion },
    phase: delivery?.phase ?? "away",
    agent: delivery?.agent ?? null,
    gate: delivery?.gate ?? null,
    gateWords,
    refusal: delivery?.refusal ?? null,
    flags: (delivery?.flags ?? []).map((flag) => ({ ...flag, waiting: answers.of(flag.id) })),
    answersOnPage: answers.tooOld,
    answersGivenUp: answers.givenUp,
    lastAck: delivery?.lastAck ?? null,
    waiting: queue?.waiting ?? 0,
    dropped: queue?.dropped ?? 0,
    lost: queue?.lost ?? 0,
    notKept: delivery?.notKept ?? {},
    privatePages: reducer.privatePages,
    misunderstood: connection.misunderstood + (delivery?.misunderstood ?? 0),
    failed: reducer.failed,
    storageFailed: queue?.storageFailed ?? false,
    extensionVersion: version,
    missing: hidden,
    ownSites: ownSites.list(now()),
    ownTakenBack: ownSites.takenBack,
    managed: {
      by: managed.settings.organisation,
      contact: managed.settings.contact,
      installType,
      ownSites: managed.settings.own_sites,
      github: managed.settings.github,
      notifications: managed.settings.notifications,
      ignored: managed.ignored,
    },
  };
}

/** Something that is shown is different. Many changes in one turn are shown once. */
function changed() {
  if (changePending) return;
  changePending = true;
  self.setTimeout(() => {
    changePending = false;
    const state = snapshot();
    for (const port of pages) port.postMessage({ kind: "state", state });
    showBadge(badge(state));
  }, 100);
}

/** @param {ReturnType<typeof badge>} shown */
function showBadge({ text, tone, title }) {
  const key = `${text}${tone}${title}`;
  if (key === badgeShown) return;
  badgeShown = key;
  void api.action.setBadgeText({ text });
  void api.action.setBadgeBackgroundColor({ color: tone === "trouble" ? "#a8201a" : "#9a5b00" });
  void api.action.setBadgeTextColor({ color: "#ffffff" });
  void api.action.setTitle({ title: say("common_button_title", title) });
}

async function begin() {
  const hints = /** @type {any} */ (navigator);
  queue = await Queue.open({
    session: api.storage.session,
    local: api.storage.local,
    setTimer,
    makeClient: () => randomClient((bytes) => crypto.getRandomValues(bytes)),
  });
  await Promise.all([answers.open(), ownSites.open(), notifier.open(), findHidden(), readOrigin()]);
  // What the browser took away while no worker lived.
  void ownSites.removeHidden();
  void firstSettings();
  delivery = new Delivery({
    queue,
    answers,
    asks,
    hidden: () => hidden,
    send: (message) => connection.send(message),
    about: {
      ...whichBrowser({
        userAgent: navigator.userAgent,
        brands: hints.userAgentData?.brands ?? [],
        brave: hints.brave !== undefined,
      }),
      extension_version: version,
    },
    now,
    setTimer,
    changed,
    worked: () => connection.worked(),
    onGate,
    onPage,
    onFlags: (flags) => notifier.flags(flags),
  });
  // The host may have spoken while the queue was being read.
  if (connection.phase === "up") delivery.agentUp();
  changed();
}

connection.start();
self.setTimeout(() => waitingRoom.close(null), HOLD_MS);
void begin();
void api.alarms.get(ALARM).then((alarm) => alarm && connection.slowRetry(alarm.periodInMinutes ?? 0.5));

// For the debugger and the end-to-end tests; no page and no other extension can reach a worker's globals.
Object.assign(globalThis, { gleanwatch: { snapshot, look } });
