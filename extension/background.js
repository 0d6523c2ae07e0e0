// The one file that touches the browser: it builds the parts, joins them and passes the browser's events in.
//
//   tabs.onUpdated → (gate) → reduce.js → delivery.js ⇄ queue.js
//                                             ⇅
//                        native host ⇄ connection.js ⇄ answers.js ← pop-up ⇄ state.js
//
// Listeners are registered at once, as the browser demands of a worker. The gate is asked first: while it is not open
// a tab event is left alone, its address unread.

import { Answers } from "./answers.js";
import { whichBrowser } from "./browser.js";
import { ALARM, Connection } from "./connection.js";
import { Delivery } from "./delivery.js";
import { WaitingRoom, stayedOpen } from "./gate.js";
import { Queue, randomClient } from "./queue.js";
import { Reducer, keyedDigest } from "./reduce.js";
import { badge, isLocalPage } from "./state.js";

/** @type {typeof chrome} */
const api = /** @type {any} */ (globalThis).browser ?? chrome;
const HOST = "org.gleanwatch.relay";
/** A first connection that takes longer than this gets no held events. */
const HOLD_MS = 3_000;
const HOLD_EVENTS = 64;
const PAGE_ANSWER_MS = 10_000;

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
let pageAskedAt = -Infinity;
let changePending = false;
let badgeShown = "";
/** @type {Set<chrome.runtime.Port>} */
const popups = new Set();
/** @type {WaitingRoom<[number, chrome.tabs.OnUpdatedInfo, chrome.tabs.Tab]>} */
const waitingRoom = new WaitingRoom(HOLD_EVENTS);

const answers = new Answers({
  session: api.storage.session,
  send: (message) => connection.send(message),
  now,
  setTimer,
  changed,
});

const reducer = new Reducer({
  digest: keyedDigest(crypto.subtle),
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
api.runtime.onInstalled.addListener(() => connection.start());

api.runtime.onConnect.addListener((port) => {
  if (port.name !== "popup") return;
  popups.add(port);
  port.onDisconnect.addListener(() => popups.delete(port));
  port.onMessage.addListener((message) => {
    if (message?.kind === "retry") connection.start();
    if (message?.kind === "answer") answer(message);
    if (message?.kind === "open_page" && delivery?.askForPage()) pageAskedAt = now();
  });
  port.postMessage(snapshot());
});

/**
 * The gate is open: look at one tab event. Only its status and its address are read.
 * @param {number} tabId
 * @param {chrome.tabs.OnUpdatedInfo} change
 * @param {chrome.tabs.Tab} tab
 * @param {number} at
 */
function look(tabId, change, tab, at) {
  if (change.url === undefined && change.status === undefined) return;
  void reducer.observe(tabId, change, tab.url, at);
}

/**
 * The person answered a flag in the pop-up. Only a flag that is there can be answered.
 * @param {{finding?: unknown, category?: unknown, dwell_ms?: unknown}} message
 */
function answer({ finding, category, dwell_ms }) {
  const flag = delivery?.flags.find(({ id }) => id === finding);
  if (flag !== undefined) answers.give(flag.id, category, dwell_ms);
}

/** @param {import("./gate.js").Gate} gate */
function onGate(gate) {
  if (!stayedOpen(lastGate, gate)) reducer.forget();
  lastGate = gate;
  for (const { held, at } of waitingRoom.close(gate)) look(...held, at);
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
  };
}

/** Something that is shown is different. Many changes in one turn are shown once. */
function changed() {
  if (changePending) return;
  changePending = true;
  self.setTimeout(() => {
    changePending = false;
    const state = snapshot();
    for (const port of popups) port.postMessage(state);
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
  void api.action.setTitle({ title: `Gleanwatch: ${title}` });
}

async function begin() {
  const hints = /** @type {any} */ (navigator);
  queue = await Queue.open({
    session: api.storage.session,
    local: api.storage.local,
    setTimer,
    makeClient: () => randomClient((bytes) => crypto.getRandomValues(bytes)),
  });
  await answers.open();
  delivery = new Delivery({
    queue,
    answers,
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
