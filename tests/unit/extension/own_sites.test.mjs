// Sites that the person adds: counted here, bounded, gone with the site, and never told to anybody.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { beforeEach, describe, it } from "node:test";

import { MAX_DAYS, MAX_SITES, OwnSites, hostOf, isWatched, originsOf } from "../../../extension/own_sites.js";
import { FakeArea, FakeClock } from "./fakes.mjs";

const DAY = 86_400_000;
let clock, local, open, may, hides, givenBack, sites;
const dayOf = (at) => new Date(at).toISOString().slice(0, 10);
const make = () =>
  new OwnSites({
    local,
    digest: async (text) => `hash of ${text.length} ${text}`,
    allowed: () => open,
    may: () => may,
    granted: async (origins) => !origins.some((origin) => hides.has(origin)),
    giveBack: (origins) => givenBack.push(...origins),
    dayOf,
    setTimer: clock.setTimer,
    changed: () => {},
  });
beforeEach(() => {
  clock = new FakeClock();
  local = new FakeArea();
  open = may = true;
  hides = new Set();
  givenBack = [];
  sites = make();
});
const load = async (url, { tab = 1, at = clock.now() } = {}) => {
  const mine = sites.observe(tab, { status: "loading", url }, url, at);
  sites.observe(tab, { status: "complete" }, url, at);
  await sites.settled();
  return mine;
};
const counts = () => Object.fromEntries(sites.list(clock.now()).map(({ host, today }) => [host, today]));

describe("a site", () => {
  it("is its host, without www, whatever way it is typed", () => {
    for (const typed of ["example.com", " https://www.Example.com/a?b#c ", "http://example.com:8080", "EXAMPLE.COM/x"])
      assert.equal(hostOf(typed), "example.com");
    assert.equal(hostOf("bücher.example"), "xn--bcher-kva.example");
    for (const typed of ["", "localhost", "127.0.0.1", "[::1]", "com", "*.com", "javascript:alert(1)", "a b.com", "https://*/*"])
      assert.equal(hostOf(typed), "", typed);
    assert.deepEqual(originsOf("example.com"), ["https://example.com/*", "https://www.example.com/*"]);
  });

  it("is not one that is watched anyway, or may be", async () => {
    for (const host of ["linkedin.com", "de.linkedin.com", "x.com", "github.com"]) {
      assert.equal(isWatched(host), true, host);
      assert.equal(await sites.add(host), "watched");
    }
    assert.equal(await sites.add("not a site"), "not_a_site");
    assert.equal(await sites.add(7), "not_a_site");
    assert.deepEqual(sites.list(0), []);
  });

  it("is one of at most fifty", async () => {
    for (let n = 0; n < MAX_SITES; n++) assert.equal(await sites.add(`site${n}.example`), "");
    assert.equal(await sites.add("one-more.example"), "too_many");
    assert.deepEqual(givenBack, originsOf("one-more.example"), "the browser need not show us what is not there");
    assert.equal(await sites.add("site3.example"), "", "one that is there needs no place");
    assert.equal(sites.list(0).length, MAX_SITES);
  });
});

describe("whoever may refuse it", () => {
  it("is the browser, or the person it asked", async () => {
    hides.add("https://www.example.com/*");
    assert.equal(await sites.add("example.com"), "hidden");
    assert.deepEqual(sites.list(0), []);
  });

  it("is whoever manages the browser: nothing is kept, and the browser need not show it to us", async () => {
    may = false;
    assert.equal(await sites.add("example.com"), "forbidden");
    assert.deepEqual(givenBack, originsOf("example.com"));
    assert.deepEqual([sites.list(0), local.items.size], [[], 0]);
  });

  it("may come late: a site that was added before is taken back with its counts, one that was sure is not", async () => {
    await sites.add("sure.example");
    may = null;
    assert.equal(await sites.add("example.com"), "");
    await load("https://example.com/a");
    may = false;
    await sites.settle(false);
    assert.deepEqual(Object.keys(counts()), ["sure.example"]);
    assert.deepEqual([sites.takenBack, givenBack], [["example.com"], originsOf("example.com")]);
    assert.deepEqual(Object.keys(local.items.get("own_sites")), ["sure.example"]);
  });

  it("may come after the worker that added it: that it is unsure is kept", async () => {
    may = null;
    await sites.add("example.com");
    const again = make();
    await again.settle(false);
    assert.deepEqual([again.takenBack, again.list(0)], [["example.com"], []]);
  });

  it("may come late and allow it: then it stays, whatever comes later", async () => {
    may = null;
    await sites.add("example.com");
    await sites.settle(true);
    await sites.settle(false);
    assert.deepEqual([Object.keys(counts()), sites.takenBack], [["example.com"], []]);
  });

  it("takes back nothing that the person has removed, and added again when it was sure", async () => {
    may = null;
    await sites.add("example.com");
    await sites.remove("example.com");
    may = true;
    await sites.add("example.com");
    await sites.settle(false);
    assert.deepEqual(Object.keys(counts()), ["example.com"]);
  });
});

describe("its page loads", () => {
  beforeEach(() => sites.add("example.com"));

  it("are counted once each, by day, and are nobody else's", async () => {
    assert.equal(await load("https://example.com/a"), true);
    assert.equal(await load("https://www.example.com/b"), true);
    assert.equal(await load("https://www.example.com/b#part"), true);
    assert.equal(await load("https://example.com.evil.example/"), false);
    assert.equal(await load("https://sub.example.com/"), false);
    assert.equal(sites.observe(1, { status: "complete" }, undefined, 1), false);
    assert.deepEqual(counts(), { "example.com": 2 });
    await load("https://example.com/a", { at: clock.now() + DAY });
    assert.deepEqual(sites.list(clock.now() + DAY)[0].days, [
      { day: dayOf(clock.now() + DAY), count: 1 },
      { day: dayOf(clock.now()), count: 2 },
    ]);
  });

  it("are not looked at while the gate is closed", async () => {
    open = false;
    assert.equal(await load("https://example.com/a"), true);
    assert.deepEqual(counts(), { "example.com": 0 });
  });

  it("are not counted when the gate closes while the address is hashed", async () => {
    const done = load("https://example.com/a");
    await Promise.resolve();
    await Promise.resolve();
    open = false;
    await done;
    assert.deepEqual(counts(), { "example.com": 0 });
  });

  it("count anew once the tab was elsewhere in between", async () => {
    await load("https://example.com/a");
    await load("https://elsewhere.example/");
    await load("https://example.com/a");
    assert.deepEqual(counts(), { "example.com": 2 });
  });

  it("count anew once the gate has closed in between: which page a tab was on is forgotten, the counts are not", async () => {
    await load("https://example.com/a");
    await load("https://example.com/a");
    assert.deepEqual(counts(), { "example.com": 1 });
    sites.forget();
    await load("https://example.com/a");
    assert.deepEqual(counts(), { "example.com": 2 });
  });

  it("are kept thirty days, as numbers and nothing else", async () => {
    for (let n = 0; n < MAX_DAYS + 5; n++) await load(`https://example.com/secret/${n}?q=1`, { at: clock.now() + n * DAY });
    assert.equal(sites.list(0)[0].days.length, MAX_DAYS);
    clock.pass(2_000);
    const kept = JSON.stringify(Object.fromEntries(local.items));
    assert.doesNotMatch(kept, /secret|q=1|https/);
    assert.deepEqual([...local.items.keys()], ["own_sites", "own_sites_unsure"]);
    const again = make();
    await again.open();
    assert.deepEqual(again.list(0), sites.list(0));
  });

  it("go with the site, at once", async () => {
    await load("https://example.com/a");
    await sites.remove("example.com");
    assert.deepEqual(local.items.get("own_sites"), {});
    clock.pass(5_000);
    assert.deepEqual(local.items.get("own_sites"), {});
    assert.equal(await load("https://example.com/b"), false);
  });

  it("go when the browser hides the site again", async () => {
    await sites.add("other.example");
    hides.add("https://example.com/*");
    await sites.removeHidden();
    assert.deepEqual(Object.keys(counts()), ["other.example"]);
  });

  it("wait for what is kept: nothing that is said before it was read is lost, or loses the others", async () => {
    local = new FakeArea({ own_sites: { "a.example": {}, "b.example": { "2026-01-01": 3 }, "c.example": {} } });
    sites = make();
    hides.add("https://c.example/*");
    const said = [sites.remove("a.example"), sites.add("d.example"), sites.removeHidden()];
    await Promise.all([sites.open(), ...said]);
    const left = { "b.example": { "2026-01-01": 3 }, "d.example": {} };
    assert.deepEqual(local.items.get("own_sites"), left);
    assert.deepEqual(sites.list(0).map(({ host }) => host), Object.keys(left));
  });

  it("survive a storage that was tampered with", async () => {
    local = new FakeArea({ own_sites: { "example.com": { "2026-01-01": 3, x: 1, "2026-01-02": "4" }, "<b>": {}, "a.example": 7 } });
    const again = make();
    await again.open();
    assert.deepEqual(again.list(0), [
      { host: "example.com", today: 0, days: [{ day: "2026-01-01", count: 3 }] },
      { host: "a.example", today: 0, days: [] },
    ]);
  });
});

describe("what is counted here", () => {
  it("has no way out: the module knows neither queue nor delivery nor connection, and they do not know it", () => {
    const source = (name) => readFileSync(new URL(`../../../extension/${name}.js`, import.meta.url), "utf8");
    const imports = (name) => [...source(name).matchAll(/from "\.\/(\w+)\.js"/g)].map(([, module]) => module);
    assert.deepEqual(imports("own_sites").sort(), ["classify", "new_page"]);
    for (const name of ["reduce", "queue", "delivery", "connection", "answers", "asks", "coverage"])
      assert.ok(!imports(name).includes("own_sites"), name);
  });
});
