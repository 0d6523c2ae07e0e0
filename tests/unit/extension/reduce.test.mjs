// From tab events to the few words that may be sent: what counts as a page, what is said of it, what never is.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { Reducer, keyedDigest, neighbours } from "../../../extension/reduce.js";
import { dice } from "./fakes.mjs";

const IN = "https://www.linkedin.com/in/";

function make({ allowed = () => true } = {}) {
  const sent = [];
  const reducer = new Reducer({ digest: keyedDigest(crypto.subtle), allowed, emit: (load) => sent.push(load) });
  return {
    reducer,
    sent,
    classes: () => sent.map((load) => load.page_class),
    chromium: async (url, tab = 1) => {
      await reducer.observe(tab, { url, status: "loading" }, url, 7);
      await reducer.observe(tab, { status: "complete" }, url, 8);
    },
    firefox: async (url, tab = 1) => {
      await reducer.observe(tab, { url, status: "loading" }, url, 7);
      await reducer.observe(tab, { url, status: "complete" }, url, 8);
    },
    elsewhere: async (tab = 1) => {
      await reducer.observe(tab, { status: "loading" }, undefined, 7);
      await reducer.observe(tab, { status: "complete" }, undefined, 8);
    },
  };
}

describe("one page, once", () => {
  for (const browser of ["chromium", "firefox"]) {
    it(`counts a load of ${browser} once, with the time of its first event`, async () => {
      const it = make();
      await it[browser](`${IN}ann`);
      assert.deepEqual(it.sent, [
        { platform: "linkedin", page_class: "profile", at: 7, first: true, sequential: false },
      ]);
    });
  }

  it("counts a pushState of Firefox, which is one complete with an address", async () => {
    const it = make();
    await it.firefox(`${IN}ann`);
    await it.reducer.observe(1, { url: `${IN}bob`, status: "complete" }, `${IN}bob`, 9);
    assert.equal(it.sent.length, 2);
  });

  it("counts a page whose address came with no event of its own", async () => {
    const it = make();
    await it.reducer.observe(1, { status: "complete" }, `${IN}ann`, 7);
    assert.equal(it.sent.length, 1);
  });

  it("drops a changed fragment, a reload and a replaceState that changes nothing", async () => {
    const it = make();
    await it.chromium(`${IN}ann`);
    await it.chromium(`${IN}ann#about`);
    await it.chromium(`${IN}ann`);
    await it.reducer.observe(1, { status: "loading" }, `${IN}ann`, 9);
    await it.reducer.observe(1, { status: "complete" }, `${IN}ann`, 9);
    assert.equal(it.sent.length, 1);
  });

  it("counts a page again after the tab was elsewhere, watched or not", async () => {
    const it = make();
    await it.chromium(`${IN}ann`);
    await it.elsewhere();
    await it.chromium(`${IN}ann`);
    await it.chromium("https://www.linkedin.com/feed/");
    await it.chromium(`${IN}ann`);
    assert.deepEqual(
      it.sent.map((load) => load.first),
      [true, false, false],
    );
  });

  it("tells tabs apart", async () => {
    const it = make();
    await it.chromium(`${IN}ann`, 1);
    await it.chromium(`${IN}ann`, 2);
    assert.equal(it.sent.length, 2);
  });

  it("keeps the order of observation while hashing", async () => {
    const it = make();
    const urls = Array.from({ length: 50 }, (_, n) =>
      n % 2 ? `${IN}p${n}x` : `https://www.linkedin.com/company/c${n}x`,
    );
    await Promise.all(urls.map((url, n) => it.reducer.observe(n, { url }, url, n)));
    assert.deepEqual(
      it.sent.map((load) => load.at),
      urls.map((_, n) => n),
    );
  });
});

describe("an event that cannot be worked off", () => {
  it("is counted, and the next one is looked at", async () => {
    const sent = [];
    let broken = true;
    const digest = async (text) => {
      if (broken) throw new Error("no hash today");
      return text;
    };
    const reducer = new Reducer({ digest, allowed: () => true, emit: (load) => sent.push(load) });
    await reducer.observe(1, { url: `${IN}ann` }, `${IN}ann`, 1);
    broken = false;
    await reducer.observe(1, { url: `${IN}bob` }, `${IN}bob`, 2);
    assert.deepEqual([reducer.failed, sent.length], [1, 1]);
  });
});

describe("what never leaves", () => {
  const silent = [
    "https://www.linkedin.com/login",
    "https://www.linkedin.com/messaging/thread/1",
    "https://www.linkedin.com/jobs/view/1",
    "https://www.linkedin.com/feed/",
    "https://www.linkedin.com/mypreferences",
    "https://www.facebook.com/marketplace/",
  ];
  it("counts kinds of pages that say nothing about collecting, and no more", async () => {
    const it = make();
    for (const url of silent) await it.chromium(url);
    assert.deepEqual(it.sent, []);
    assert.equal(it.reducer.privatePages, silent.length);
  });

  it("passes over other sites, other schemes and its own pages", async () => {
    const it = make();
    for (const url of [
      "https://example.org/in/ann",
      "http://www.linkedin.com/in/ann",
      "chrome-extension://abc/popup.html",
      "about:blank",
      "not a url",
    ]) {
      await it.chromium(url);
    }
    assert.deepEqual(it.sent, []);
    assert.equal(it.reducer.privatePages, 0);
  });

  it("says the same five things of every page and nothing else", async () => {
    const it = make();
    await it.chromium("https://www.facebook.com/profile.php?id=100001&name=Ann#secret");
    assert.deepEqual(Object.keys(it.sent[0]).sort(), ["at", "first", "page_class", "platform", "sequential"]);
    assert.ok(!JSON.stringify(it.sent).includes("100001"));
  });

  it("looks at nothing while the gate is closed", async () => {
    const it = make({ allowed: () => false });
    const trap = {
      get url() {
        throw new Error("was read");
      },
      get status() {
        throw new Error("was read");
      },
    };
    await it.reducer.observe(1, trap, undefined, 1);
    assert.deepEqual(it.sent, []);
  });

  it("sends nothing when the gate closes in the middle", async () => {
    let asked = 0;
    for (let closesAt = 1; closesAt <= 3; closesAt += 1) {
      asked = 0;
      const it = make({ allowed: () => ++asked < closesAt });
      await it.chromium(`${IN}ann`);
      assert.deepEqual(it.sent, [], `closed at question ${closesAt}`);
    }
  });
});

describe("first and sequential", () => {
  it("tells first visits by the page, not by its query", async () => {
    const it = make();
    await it.chromium("https://www.linkedin.com/search/results/people?keywords=a");
    await it.chromium("https://www.linkedin.com/search/results/people?keywords=b");
    assert.deepEqual(
      it.sent.map((load) => load.first),
      [true, false],
    );
  });

  it("takes the value of a parameter that names the page", async () => {
    const it = make();
    for (const id of ["7", "9", "7"])
      await it.chromium(`https://www.facebook.com/profile.php?id=${id}&x=${Math.random()}`);
    assert.deepEqual(
      it.sent.map((load) => load.first),
      [true, true, false],
    );
  });

  it("sees numbers that run, up or down, in a path or a parameter", async () => {
    for (const url of [
      (n) => `https://www.facebook.com/profile.php?id=${n}`,
      (n) => `https://x.com/nasa/status/${n}`,
      (n) => `${IN}ann-${n}`,
    ]) {
      const it = make();
      for (const n of [41, 42, 41, 40, 50, 51]) await it.chromium(url(n));
      assert.deepEqual(
        it.sent.map((load) => load.sequential),
        [false, true, true, true, false, true],
        url(0),
      );
    }
  });

  it("does not see a run where another kind of page, or another name, has the next number", async () => {
    const it = make();
    await it.chromium(`${IN}ann-1`);
    await it.chromium(`${IN}bob-2`);
    await it.chromium("https://www.linkedin.com/company/ann-3");
    assert.deepEqual(
      it.sent.map((load) => load.sequential),
      [false, false, false],
    );
  });

  it("finds neighbours for any number: one up, one down, same width", () => {
    const roll = dice(1);
    for (let round = 0; round < 500; round += 1) {
      const number = BigInt(roll(2 ** 30)) * BigInt(roll(2 ** 30)) + 1n;
      const [up, down] = neighbours(`x/${number}/members`);
      assert.equal(up, `x/${number + 1n}/members`);
      assert.equal(down.replace(/\D/g, "").padStart(1, "0"), String(number - 1n).padStart(String(number).length, "0"));
    }
    assert.deepEqual(neighbours("p/007"), ["p/008", "p/006"]);
    assert.deepEqual(neighbours("p/0"), ["p/1"]);
    assert.deepEqual(neighbours("no-number"), []);
  });

  it("remembers twenty thousand pages for `first`, and forgets the oldest beyond", async () => {
    const sent = [];
    const digest = async (text) => text;
    const reducer = new Reducer({ digest, allowed: () => true, emit: ({ first }) => sent.push(first) });
    const visit = (n) => reducer.observe(n, { url: `${IN}p${n}x` }, undefined, 1);
    for (let n = 0; n <= 20_000; n += 1) void visit(n);
    for (const n of [20_000, 1, 0]) {
      reducer.observe(n, {}, undefined, 1);
      await visit(n);
    }
    assert.deepEqual(sent.slice(-3), [false, false, true]);
  });

  it("forgets all of it when told", async () => {
    const it = make();
    await it.chromium(`${IN}ann-1`);
    it.reducer.forget();
    await it.chromium(`${IN}ann-1`);
    assert.deepEqual(
      it.sent.map((load) => load.first),
      [true, true],
    );
  });

  it("hashes under a key that is another one each time", async () => {
    const [one, other] = [keyedDigest(crypto.subtle), keyedDigest(crypto.subtle)];
    assert.equal(await one("a"), await one("a"));
    assert.notEqual(await one("a"), await other("a"));
  });
});
