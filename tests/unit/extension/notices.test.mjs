// What comes to the person by itself: today's numbers, a notification, what the browser hides.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { hiddenPlatforms, originsOfPlatforms } from "../../../extension/coverage.js";
import { Notifier } from "../../../extension/notify.js";
import { Today, bars } from "../../../extension/today.js";
import "./english.mjs";
import { FakeArea, FakeClock } from "./fakes.mjs";

describe("today", () => {
  it("is bars, each a share of the longest; what makes no sense is left out", () => {
    const platforms = [
      { platform: "linkedin", count: 40 },
      { platform: "a_later_one", count: 10 },
      { platform: "x", count: 0 },
      { platform: 7, count: 1 },
      null,
    ];
    assert.deepEqual(bars({ platforms }), [
      { key: "linkedin", name: "LinkedIn", count: 40, share: 1 },
      { key: "a_later_one", name: "a_later_one", count: 10, share: 0.25 },
    ]);
    for (const odd of [null, {}, { platforms: 7 }]) assert.deepEqual(bars(odd), []);
  });

  it("is asked when something was acknowledged since, at most every two seconds, and only where somebody is there", async () => {
    const clock = new FakeClock();
    let asked = 0;
    const shown = [];
    const today = new Today({
      ask: async () => ({ platforms: [{ platform: "x", count: ++asked }] }),
      setTimer: clock.setTimer,
      show: (list, problem) => shown.push(list?.[0].count ?? problem),
    });
    const agent = {};
    await today.look({ agent: null, lastAck: null });
    assert.deepEqual(shown, [""]);
    for (const lastAck of [null, null, 5, 6]) await today.look({ agent, lastAck });
    assert.equal(asked, 1);
    clock.pass(2_000);
    for (const lastAck of [6, 6]) await today.look({ agent, lastAck });
    assert.deepEqual(shown, ["", 1, 2]);
  });

  it("says why it cannot be known", async () => {
    const shown = [];
    const clock = new FakeClock();
    const ask = () => Promise.reject(new Error("The agent is older."));
    await new Today({ ask, setTimer: clock.setTimer, show: (...all) => shown.push(all) }).look({ agent: {}, lastAck: 1 });
    assert.deepEqual(shown, [[null, "The agent is older."]]);
  });
});

describe("bars that failed", () => {
  it("are asked for again with the next state, though nothing was acknowledged since", async () => {
    const [clock, shown] = [new FakeClock(), []];
    let fails = true;
    const ask = async () => {
      if (fails) throw new Error("no");
      return { platforms: [] };
    };
    const today = new Today({ ask, setTimer: clock.setTimer, show: (...all) => shown.push(all) });
    await today.look({ agent: {}, lastAck: 1 });
    fails = false;
    clock.pass(2_000);
    await today.look({ agent: {}, lastAck: 1 });
    assert.deepEqual(shown, [[null, "no"], [[], ""]]);
  });
});

describe("a notification", () => {
  const flag = (id, answer = "") => ({ id, answer, name: "Scrapy" });
  const make = (session, shown) => new Notifier({ session, show: (id, options) => shown.push({ id, ...options }) });

  it("comes with a flag that is new, once, and names nothing", async () => {
    const shown = [];
    const notifier = make(new FakeArea(), shown);
    await notifier.open();
    notifier.flags([flag("old")]);
    assert.equal(shown.length, 0, "how things stand is no news");
    notifier.flags([flag("new"), flag("old")]);
    notifier.flags([flag("new", "stopped"), flag("old")]);
    notifier.flags([flag("answered elsewhere", "mistaken")]);
    assert.equal(shown.length, 1);
    assert.match(shown[0].title, /message for you/i);
    assert.doesNotMatch(JSON.stringify(shown), /scrapy/i);
  });

  it("does not come again after the worker was restarted", async () => {
    const [session, shown] = [new FakeArea(), []];
    const first = make(session, shown);
    await first.open();
    first.flags([]);
    first.flags([flag("a")]);
    const second = make(session, shown);
    await second.open();
    second.flags([flag("a")]);
    second.flags([flag("a"), flag("b")]);
    assert.equal(shown.length, 2);
  });
});

describe("coverage", () => {
  it("names the required platforms of which anything is hidden", async () => {
    const hides = (...hidden) => async (origins) => !origins.some((origin) => hidden.includes(origin));
    assert.deepEqual(await hiddenPlatforms(hides()), []);
    assert.deepEqual(await hiddenPlatforms(hides("https://m.tiktok.com/*", "https://*.linkedin.com/*")), ["linkedin", "tiktok"]);
    assert.deepEqual(await hiddenPlatforms(hides("https://github.com/*")), [], "an optional one is nobody's loss");
    assert.deepEqual(originsOfPlatforms(["linkedin"]), ["https://*.linkedin.com/*"]);
  });
});
