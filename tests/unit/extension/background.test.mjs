// The background as a whole, between stand-ins for the browser and for the agent: what leaves it, whatever is in managed
// storage and whatever sites the person adds. Every message to the native host is looked at.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { PURPOSE } from "../../../extension/gate.js";
import "./english.mjs";
import { FakeArea, FakePort, dice } from "./fakes.mjs";

const event = () => {
  const listeners = new Set();
  return {
    addListener: (listener) => listeners.add(listener),
    hasListener: (listener) => listeners.has(listener),
    fire: (...values) => [...listeners].forEach((listener) => listener(...values)),
  };
};
const settled = async () => {
  for (let n = 0; n < 20; n++) await new Promise((done) => setImmediate(done));
};
/** Hashing takes its time. */
const until = async (look) => {
  for (let n = 0; n < 2_000 && !look(); n++) await new Promise((done) => setTimeout(done, 1));
  assert.ok(look(), "it never came");
};

let lives = 0;
/** One life of the worker, with an agent whose gate is open. */
async function live({ managed = {}, kept = {}, installType = "normal", hides = [], gate = "open", reason = "", ask = true, reading = null } = {}) {
  const native = new FakePort();
  const it = { native, tabs: [], notified: [], hides: new Set(hides), badge: "" };
  const session = new FakeArea();
  const read = session.get.bind(session);
  session.get = async (keys) => (await reading, read(keys));
  const chrome = {
    i18n: undefined,
    runtime: {
      getManifest: () => ({ version: "0.1.0" }),
      connectNative: () => native,
      onStartup: event(),
      onInstalled: event(),
      onConnect: event(),
    },
    management: { getSelf: async () => ({ installType }) },
    permissions: {
      contains: async ({ origins }) => !origins.some((origin) => it.hides.has(origin)),
      remove: async ({ origins }) => origins.forEach((origin) => it.hides.add(origin)),
      onAdded: event(),
      onRemoved: event(),
    },
    storage: {
      session,
      local: new FakeArea(kept),
      managed: { get: () => (managed === null ? Promise.reject(new Error("no manifest")) : Promise.resolve(managed)) },
      onChanged: event(),
    },
    alarms: { get: async () => undefined, create: () => {}, clear: () => {}, onAlarm: event() },
    action: {
      setBadgeText: ({ text }) => (it.badge = text),
      setBadgeBackgroundColor: () => {},
      setBadgeTextColor: () => {},
      setTitle: () => {},
    },
    tabs: { onUpdated: event(), create: async ({ url }) => it.tabs.push(url) },
    notifications: ask && {
      create: (id, options) => it.notified.push({ id, ...options }),
      clear: async () => {},
      onClicked: event(),
    },
  };
  // A life that nobody looks at any more keeps no process waiting for its timers: one of them runs for twenty seconds.
  const self = { setTimeout: (run, ms) => setTimeout(run, ms).unref(), clearTimeout };
  Object.assign(globalThis, { chrome, self });
  await import(`../../../extension/background.js?life=${++lives}`);
  it.chrome = chrome;
  it.page = (name = "options") => {
    const page = { name, heard: [], onMessage: event(), onDisconnect: event() };
    page.postMessage = (message) => page.heard.push(structuredClone(message));
    chrome.runtime.onConnect.fire(page);
    page.say = (message) => page.onMessage.fire(message);
    page.state = () => page.heard.findLast(({ kind }) => kind === "state").state;
    page.ask = async (what, fields) => {
      const id = 100 + page.heard.length;
      page.say({ kind: "ask", id, what, ...fields });
      const told = () => page.heard.find((one) => one.kind === "told" && one.id === id);
      await until(told);
      return told().document;
    };
    page.add = async (host) => (await page.ask("own_sites_add", { host })).refused;
    return page;
  };
  it.load = (url, tab = 1) => {
    chrome.tabs.onUpdated.fire(tab, { status: "loading", url }, { url });
    chrome.tabs.onUpdated.fire(tab, { status: "complete" }, { url });
  };
  await settled();
  it.gate = (state, why = "") =>
    native.say({ kind: "gate", gates: [{ purpose: PURPOSE, state, since: 1, until: null, reason: why }] });
  native.say({ kind: "agent", up: true, host_version: "0.1.0" });
  native.say({ kind: "welcome", agent_version: "0.1.0", mode: "personal", organisation: "", contact: "", acked: 0 });
  it.gate(gate, reason);
  await settled();
  it.kinds = () => native.sent.map(({ kind }) => kind);
  return it;
}

describe("sites of the person's own", () => {
  it("are counted here and nothing of them is ever said to anybody", async () => {
    const it = await live();
    const page = it.page();
    assert.equal(await page.add("news.example"), "");
    for (let n = 0; n < 5; n++) it.load(`https://www.news.example/article/${n}`);
    it.load("https://www.linkedin.com/in/ada-amber-0");
    it.load("https://news.example/after");
    it.load("https://www.linkedin.com/in/ada-amber-0");
    await until(() => it.kinds().length === 4 && it.page().state().ownSites[0].today === 6);
    assert.deepEqual(it.kinds(), ["hello", "coverage", "load", "load"], "the same page after another site is new");
    assert.doesNotMatch(JSON.stringify(it.native.sent), /news|article|example/);
    assert.doesNotMatch(JSON.stringify([...it.chrome.storage.session.items]), /news|article/);
    assert.equal(it.page().state().ownSites[0].today, 6);
  });

  it("leave every other site as it was: an address that comes with no event of its own is looked at, too", async () => {
    const it = await live();
    const seen = (...change) => it.chrome.tabs.onUpdated.fire(1, ...change);
    seen({ status: "complete" }, { url: "https://www.linkedin.com/in/ada-amber-0" });
    await until(() => it.kinds().includes("load"));
  });

  it("are not counted while the gate is closed, nor added where the browser hides them or the manager says no", async () => {
    const it = await live({ hides: ["https://hidden.example/*"] });
    const page = it.page();
    const said = [];
    for (const host of ["hidden.example", "news.example", "linkedin.com", 7]) said.push(await page.add(host));
    assert.deepEqual(said, ["hidden", "", "watched", "not_a_site"]);
    it.gate("closed", "objected");
    it.load("https://news.example/a");
    await settled();
    assert.deepEqual(
      it.page().state().ownSites.map(({ host, today }) => [host, today]),
      [["news.example", 0]],
    );
    const managed = await live({ managed: { own_sites: false } });
    assert.equal(await managed.page().add("news.example"), "forbidden");
    assert.deepEqual(managed.page().state().ownSites, []);
    assert.ok(managed.hides.has("https://news.example/*"), "what the browser allowed for it is given back");
  });

  it("forget which page a tab was on when the gate closes, and go with a permission that went while nobody looked", async () => {
    const kept = { own_sites: { "news.example": {}, "hidden.example": {} } };
    const it = await live({ kept, hides: ["https://hidden.example/*"] });
    assert.deepEqual(Object.keys(it.chrome.storage.local.items.get("own_sites")), ["news.example"]);
    it.load("https://news.example/a");
    await until(() => it.page().state().ownSites[0].today === 1);
    it.gate("closed", "paused");
    it.gate("open");
    it.load("https://news.example/a");
    await until(() => it.page().state().ownSites[0].today === 2);
  });

  it("are gone when the person or the browser takes them away", async () => {
    const it = await live();
    for (const host of ["a.example", "b.example", "c.example"]) await it.page().add(host);
    await it.page().ask("own_sites_remove", { host: "a.example" });
    it.hides.add("https://b.example/*");
    it.chrome.permissions.onRemoved.fire({ origins: ["https://b.example/*"] });
    await settled();
    assert.deepEqual(Object.keys(it.chrome.storage.local.items.get("own_sites")), ["c.example"]);
  });
});

describe("tab events", () => {
  const ADA = "https://www.linkedin.com/in/ada-amber-0";
  const unread = new Proxy({}, { get: () => assert.fail("it was read") });
  const connected = async (gate, event) => {
    let read;
    const it = await live({ reading: new Promise((done) => (read = done)) });
    it.chrome.tabs.onUpdated.fire(1, ...event);
    assert.deepEqual(it.kinds(), [], "what waits is still being read: nobody was greeted");
    read();
    await settled();
    assert.deepEqual(it.kinds(), ["hello"], "the host had spoken before");
    it.native.say({ kind: "welcome", agent_version: "0.1.0", mode: "personal", organisation: "", contact: "", acked: 0 });
    it.gate(gate);
    return it;
  };

  it("that woke the worker are looked at once the agent has said that its gate was open then", async () => {
    const it = await connected("open", [{ status: "loading", url: ADA }, { url: ADA }]);
    await until(() => it.kinds().includes("load"));
  });

  it("that woke the worker are dropped unread where the gate is closed, and are not there when it opens", async () => {
    const it = await connected("closed", [unread, unread]);
    it.gate("open");
    it.load(ADA, 2);
    await until(() => it.kinds().includes("load"));
    await settled();
    assert.equal(it.kinds().filter((kind) => kind === "load").length, 1);
  });

  it("are not even read while the gate is closed", async () => {
    const it = await live({ kept: { own_sites: { "news.example": {} } }, gate: "closed", reason: "objected" });
    it.chrome.tabs.onUpdated.fire(1, unread, unread);
  });
});

describe("managed storage", () => {
  it("never states an act, whatever is in it: only a page that the person uses does", async () => {
    const roll = dice(3);
    const values = [true, false, "", "given", "acknowledged", 1, null, [], { act: "given" }, ["security.detect-bulk-collection"]];
    const keys = ["organisation", "contact", "welcome", "own_sites", "github", "notifications", "act", "acts", "purpose"];
    keys.push("consent", "gate", "acknowledged", "control", "notice_sha256", "pause", "kind");
    for (let n = 0; n < 12; n++) {
      const managed = Object.fromEntries(keys.filter(() => roll(3) > 0).map((key) => [key, values[roll(values.length)]]));
      const it = await live({ managed, installType: "admin", gate: "closed", reason: "notice_not_shown" });
      it.chrome.runtime.onInstalled.fire({ reason: "install" });
      it.chrome.storage.onChanged.fire({}, "managed");
      it.page("popup");
      await settled();
      assert.deepEqual(it.kinds(), ["hello", "coverage"]);
      it.gate("closed", "notice_changed");
      await settled();
      assert.deepEqual(it.kinds(), ["hello", "coverage"]);
      assert.equal(it.page().state().gate.state, "closed");
      assert.deepEqual(it.tabs, ["welcome.html"], "and the notice is always shown, once");
    }
  });

  it("that does not exist changes nothing", async () => {
    const it = await live({ managed: null });
    it.chrome.runtime.onInstalled.fire({ reason: "install" });
    it.chrome.runtime.onInstalled.fire({ reason: "update" });
    await settled();
    assert.deepEqual(it.tabs, ["welcome.html"]);
    assert.deepEqual(it.page().state().managed.ignored, []);
  });

  it("that allows no sites of the person's own stops the counting of those that are there", async () => {
    const it = await live({ managed: { own_sites: false }, kept: { own_sites: { "news.example": {} } } });
    it.load("https://news.example/a");
    it.load("https://www.linkedin.com/in/ada-amber-0", 2);
    await until(() => it.kinds().includes("load"));
    await settled();
    assert.equal(it.page().state().ownSites[0].today, 0);
  });

  it("may let the welcome page wait for a notice that waits for the person", async () => {
    const it = await live({ managed: { welcome: false } });
    it.chrome.runtime.onInstalled.fire({ reason: "install" });
    await settled();
    assert.deepEqual(it.tabs, []);
    it.gate("closed", "notice_not_shown");
    it.gate("closed", "notice_not_shown");
    assert.deepEqual(it.tabs, ["welcome.html"]);
    assert.equal(it.chrome.storage.local.items.has("welcome_waits"), false);
  });
});

describe("managed storage that comes late", () => {
  it("lets the welcome page wait, but not past a notice that waits for the person already", async () => {
    let arrive;
    const managed = new Promise((done) => (arrive = done));
    const it = await live({ managed, gate: "closed", reason: "notice_not_shown" });
    it.chrome.runtime.onInstalled.fire({ reason: "install" });
    await settled();
    assert.deepEqual(it.tabs, []);
    arrive({ welcome: false });
    await settled();
    assert.deepEqual(it.tabs, ["welcome.html"]);
    assert.equal(it.chrome.storage.local.items.has("welcome_waits"), false);
  });
});

describe("managed storage that has not been read yet", () => {
  it("does not hold a press up, and takes back what it then forbids: the page hears of it", async () => {
    let arrive;
    const it = await live({ managed: new Promise((done) => (arrive = done)) });
    assert.equal(await it.page().add("news.example"), "");
    it.load("https://news.example/a");
    await until(() => it.page().state().ownSites[0].today === 1);
    arrive({ own_sites: false });
    await settled();
    assert.deepEqual([it.page().state().ownSites, it.page().state().ownTakenBack], [[], ["news.example"]]);
    assert.ok(it.hides.has("https://news.example/*"));
    assert.doesNotMatch(JSON.stringify([...it.chrome.storage.local.items, ...it.native.sent]), /news/);
    assert.equal(await it.page().add("news.example"), "hidden", "the browser would have to be asked anew");
  });

  it("lets stay what it then allows", async () => {
    let arrive;
    const it = await live({ managed: new Promise((done) => (arrive = done)) });
    assert.equal(await it.page().add("news.example"), "");
    arrive({});
    await settled();
    assert.deepEqual(it.page().state().ownSites.map(({ host }) => host), ["news.example"]);
    assert.deepEqual(it.page().state().ownTakenBack, []);
  });
});

describe("a page of ours", () => {
  it("is answered by the agent, and told in words where it is not", async () => {
    const it = await live();
    const page = it.page("welcome");
    page.say({ kind: "ask", id: 9, what: "today", url: "https://example.com" });
    assert.deepEqual(it.native.sent.at(-1), { v: 1, ask: 1, kind: "ask", what: "today" });
    it.native.say({ kind: "told", ask: 1, part: 1, parts: 1, text: '{"since":1}' });
    page.say({ kind: "ask", id: 10, what: "loads" });
    page.say({ kind: "hello" });
    page.say(null);
    await settled();
    const told = page.heard.filter(({ kind }) => kind === "told");
    assert.deepEqual(told[0], { kind: "told", id: 9, document: { since: 1 } });
    assert.deepEqual([told[1].id, told[1].problem], [10, "broken"]);
    assert.match(told[1].error, /\w/);
    assert.deepEqual(it.kinds(), ["hello", "coverage", "ask"]);
  });

  it("hears that the agent spoke of gates, though its own stands as it did", async () => {
    const it = await live();
    const before = it.page().state();
    it.gate("open");
    const after = it.page().state();
    assert.deepEqual(after.gate, before.gate);
    assert.equal(after.gateWords, before.gateWords + 1);
  });

  it("opens the agent's link once, when it was asked for a moment ago, and only one that stays on this computer", async (t) => {
    const local = "http://gw-1.localhost:8123/t/x";
    const it = await live();
    const page = it.page("popup");
    const link = (url) => it.native.say({ kind: "page", url });
    link(local);
    assert.deepEqual(it.tabs, [], "nobody asked");
    page.say({ kind: "open_page" });
    link("https://example.com/");
    link(local);
    assert.deepEqual(it.tabs, [], "the answer led away from here, and there is one answer to a press");
    page.say({ kind: "open_page" });
    link(local);
    link(local);
    assert.deepEqual(it.tabs, [local]);
    page.say({ kind: "open_page" });
    const late = Date.now() + 10_000;
    t.mock.method(Date, "now", () => late);
    link(local);
    assert.deepEqual(it.tabs, [local], "too late: the person is elsewhere by now");
  });

  it("that could ask nobody leaves no press behind for a link that comes later", async () => {
    const it = await live();
    it.native.say({ kind: "agent", up: false, reason: "lost" });
    it.page("popup").say({ kind: "open_page" });
    it.native.say({ kind: "page", url: "http://127.0.0.1:1/t" });
    assert.deepEqual(it.tabs, []);
  });

  it("that has closed meanwhile is told nothing more", async () => {
    const it = await live();
    const page = it.page();
    page.say({ kind: "ask", id: 9, what: "today" });
    page.onDisconnect.fire();
    const heard = page.heard.length;
    it.native.say({ kind: "told", ask: 1, part: 1, parts: 1, text: "{}" });
    await settled();
    assert.equal(page.heard.length, heard);
  });

  it("gives answers to flags that are there, and to no others", async () => {
    const it = await live();
    const page = it.page("popup");
    it.native.say({ kind: "flags", flags: [{ id: "f1" }] });
    page.say({ kind: "answer", finding: "f2", category: "stopped", dwell_ms: 1 });
    page.say({ kind: "answer", category: "stopped", dwell_ms: 1 });
    page.say({ kind: "answer", finding: "f1", category: "stopped", dwell_ms: 1 });
    const said = it.native.sent.filter(({ kind }) => kind === "answer");
    assert.deepEqual(said.map(({ finding, category }) => [finding, category]), [["f1", "stopped"]]);
  });

  it("that is none of ours hears nothing", async () => {
    const it = await live();
    assert.deepEqual(it.page("stranger").heard, []);
  });
});

describe("what the person is told", () => {
  const flag = (id, answer = "") => ({ id, name: "Scrapy", family: "", stage: "", level: "", platforms: [], since: 1, why: "", answer });

  it("is a notification without a name, whose click opens the page, where they allowed it", async () => {
    const it = await live();
    it.native.say({ kind: "flags", flags: [] });
    it.native.say({ kind: "flags", flags: [flag("a")] });
    assert.equal(it.notified.length, 1);
    assert.doesNotMatch(JSON.stringify(it.notified), /Scrapy/);
    it.chrome.notifications.onClicked.fire("flag");
    assert.equal(it.kinds().at(-1), "open_page");
    it.chrome.notifications.onClicked.fire("another");
    assert.equal(it.kinds().filter((kind) => kind === "open_page").length, 1, "a click on that one, and no other");
    const quiet = await live({ ask: null });
    quiet.native.say({ kind: "flags", flags: [] });
    quiet.native.say({ kind: "flags", flags: [flag("a")] });
    assert.deepEqual(quiet.notified, []);
  });

  it("is lost coverage when the browser hides a site, and the agent is told by platform", async () => {
    const it = await live();
    it.hides.add("https://*.linkedin.com/*");
    it.chrome.permissions.onRemoved.fire({ origins: ["https://*.linkedin.com/*"] });
    await settled();
    assert.deepEqual(it.native.sent.at(-1), { v: 1, kind: "coverage", missing: ["linkedin"] });
    assert.deepEqual(it.page().state().missing, ["linkedin"]);
    it.hides.clear();
    it.chrome.permissions.onAdded.fire({});
    it.chrome.permissions.onAdded.fire({});
    await settled();
    assert.deepEqual(
      it.native.sent.filter(({ kind }) => kind === "coverage").map(({ missing }) => missing),
      [[], ["linkedin"], []],
    );
  });
});
