// What the pop-up says: for every state a text that tells what it means, and what to do where something can be done.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { badge, connectionTrouble, isLocalPage, view } from "../../../extension/state.js";
import { date } from "../../../extension/words.js";
import "./english.mjs";

const good = {
  link: { phase: "up", problem: null, agentReason: "", hostVersion: "0.1.0" },
  phase: "open",
  agent: { version: "0.1.0", mode: "personal", organisation: "", contact: "", answersQuestions: true },
  gate: { state: "open", since: 5, until: null, reason: "" },
  refusal: null,
  flags: [],
  answersOnPage: false,
  answersGivenUp: 0,
  lastAck: 1_000,
  waiting: 0,
  dropped: 0,
  lost: 0,
  notKept: {},
  privatePages: 0,
  misunderstood: 0,
  failed: 0,
  storageFailed: false,
  extensionVersion: "0.1.0",
  missing: [],
  ownSites: [],
  managed: {
    by: "",
    contact: "",
    installType: "normal",
    ownSites: true,
    github: true,
    notifications: true,
    ignored: [],
  },
};
const example = { version: "0.1.0", mode: "managed", organisation: "Example Ltd", contact: "", answersQuestions: true };
const away = { phase: "away", agent: null, gate: null };
const failed = (problem) => ({ ...good, ...away, link: { ...good.link, phase: "failed", problem } });
const down = (agentReason) => ({ ...good, ...away, link: { ...good.link, phase: "agent_down", agentReason } });
const gated = (state, reason, until = null) => ({
  ...good,
  phase: "welcome",
  gate: { state, since: 5, until, reason },
});
const flag = (fields = {}) => ({
  id: "a",
  name: "Scrapy",
  family: "scraper-framework",
  stage: "collecting",
  level: "high",
  platforms: ["linkedin"],
  since: 1_000,
  why: "started by the name of Scrapy",
  answer: "",
  waiting: "",
  held_until: null,
  ...fields,
});
const show = (snapshot) => view(snapshot, 2_000);

describe("the headline", () => {
  it("is good only while everything is", () => {
    assert.equal(show(good).headline.tone, "good");
    assert.equal(badge(good).text, "");
  });

  it("has its own words and a thing to do for each of the five browser errors and for each way the agent is away", () => {
    const states = [
      ...["not_installed", "blocked", "died", "protocol", "forbidden"].map(failed),
      ...["not_running", "refused", "lost"].map(down),
    ];
    const titles = new Set();
    for (const state of states) {
      const { headline, canOpenPage } = show(state);
      assert.equal(headline.tone, "trouble");
      assert.ok(headline.todo.length > 0);
      assert.match(headline.text, /nothing is watched/i);
      assert.equal(canOpenPage, false);
      assert.equal(badge(state).text, "!");
      assert.deepEqual(connectionTrouble(state), headline);
      titles.add(headline.title);
    }
    assert.equal(titles.size, states.length);
    assert.equal(show(failed("died")).canRetry, true);
    assert.equal(show(down("a reason of a later release")).headline.tone, "trouble");
  });

  it("says that nothing is watched until the notice is read, and offers the page", () => {
    const state = gated("closed", "notice_not_shown");
    const { headline, canOpenPage } = show(state);
    assert.match(headline.title, /nothing is watched/i);
    assert.match(headline.text, /notice/);
    assert.equal(canOpenPage, true);
    assert.equal(badge(state).text, "!");
  });

  it("names the organisation and the day", () => {
    const state = {
      ...gated("waiting", "lead_days", 77),
      agent: example,
    };
    assert.ok(show(state).headline.text.includes(`Example Ltd starts on ${date(77)}`));
    assert.equal(show(state).noticeWaits, true, "it can be read before anything starts");
    const unnamed = { ...state, agent: { ...example, organisation: "" } };
    assert.match(show(unnamed).headline.text, /your organisation starts on/);
    assert.match(show(state).organisation, /Example Ltd/);
    assert.equal(badge(state).text, "");
  });

  it("says what the agent waits for, for each of its reasons, and asks only where the person can do something", () => {
    const reasons = {
      notice_not_shown: "!",
      notice_changed: "!",
      not_acknowledged: "!",
      not_authorised: "!",
      objected: "",
      switched_off: "",
      not_in_use: "",
      language_missing: "",
      withdrawn: "",
    };
    const texts = new Set();
    for (const [reason, text] of Object.entries(reasons)) {
      const state = gated("closed", reason);
      assert.equal(badge(state).text, text, reason);
      texts.add(show(state).headline.text);
      assert.equal(show(state).noticeWaits, text === "!", reason);
    }
    assert.equal(texts.size, Object.keys(reasons).length, "each has its own words");
  });

  it("has words for every closed gate, known or not", () => {
    for (const reason of ["objected", "withdrawn", "switched_off", "not_given", "not_understood", "toString", ""]) {
      const { headline } = show(gated("closed", reason));
      assert.match(headline.title, /nothing is watched/i, reason);
      assert.equal(typeof headline.text, "string", reason);
    }
  });

  it("tells when the agent cannot store, and when the releases do not understand each other", () => {
    assert.match(show({ ...good, refusal: { reason: "store_full", detail: "" } }).headline.text, /disk is full/);
    assert.match(
      show({ ...good, ...away, phase: "stopped", refusal: { reason: "unknown_version", detail: "" } }).headline.text,
      /Update/,
    );
  });

  it("is attention, not trouble, while the browser hides a site", () => {
    const { headline, rows } = show({ ...good, missing: ["linkedin", "x"] });
    assert.equal(headline.tone, "attention");
    assert.match(headline.text, /LinkedIn and X/);
    const row = rows.find(({ key }) => key === "missing");
    assert.deepEqual([row.value, row.hint, row.quiet], ["2", "LinkedIn and X", false]);
    assert.equal(show({ ...gated("closed", "objected"), missing: ["x"] }).headline.tone, "quiet");
  });

  it("says until when the person paused, without reproach and without a badge", () => {
    const state = gated("waiting", "paused", 99_000);
    const { headline, pausedUntil, canPause } = show(state);
    assert.deepEqual([headline.tone, pausedUntil, canPause], ["quiet", 99_000, false]);
    assert.ok(headline.text.includes(date(99_000)));
    assert.match(headline.text, /not reported/);
    assert.equal(badge(state).text, "");
    assert.deepEqual([show(good).canPause, show(good).pausedUntil], [true, null]);
  });

  it("offers nothing that an agent of an earlier release does not know", () => {
    const agent = { ...good.agent, answersQuestions: false };
    for (const state of [good, gated("closed", "notice_not_shown"), gated("waiting", "paused", 5)]) {
      const { canPause, pausedUntil, noticeWaits, canOpenPage } = show({ ...state, agent });
      assert.deepEqual([canPause, pausedUntil, noticeWaits, canOpenPage], [false, null, false, true]);
    }
  });

  it("is quiet while it connects", () =>
    assert.equal(show({ ...good, ...away, link: { ...good.link, phase: "connecting" } }).headline.tone, "quiet"));
});

describe("the numbers", () => {
  it("show what waits, was dropped and was lost, and explain what is not nought", () => {
    const rows = Object.fromEntries(
      show({ ...good, waiting: 3, dropped: 2, lost: 1, privatePages: 4, notKept: { gate_closed: 5 } }).rows.map(
        (row) => [row.label, row],
      ),
    );
    assert.deepEqual(
      ["Last acknowledged", "Waiting", "Dropped", "Lost", "Not kept", "Never sent"].map((label) => rows[label].value),
      ["just now", "3", "2", "1", "5", "4"],
    );
    for (const label of ["Waiting", "Dropped", "Lost", "Not kept"]) assert.ok(rows[label].hint.length > 0, label);
    assert.match(rows["Not kept"].hint, /^seen while watching was not allowed$/);
  });

  it("show what went wrong only when something did", () => {
    const labels = (snapshot) => show(snapshot).rows.filter((row) => !row.quiet).map((row) => row.label);
    assert.deepEqual(labels(good), ["Last acknowledged"]);
    assert.deepEqual(
      labels({ ...good, misunderstood: 1, failed: 1 }).filter((label) => !labels(good).includes(label)),
      ["Not understood", "Failed"],
    );
  });

  it("say when the releases differ", () => {
    assert.ok(!show(good).rows.some((row) => row.label === "Releases"));
    assert.ok(show({ ...good, extensionVersion: "0.2.0" }).rows.some((row) => row.value === "0.2.0 / 0.1.0"));
  });
});

describe("the badge", () => {
  it("counts the flags that wait for an answer, and trouble comes before them", () => {
    assert.equal(badge({ ...good, flags: [flag(), flag()] }).text, "2");
    assert.equal(badge({ ...good, flags: [flag(), flag({ answer: "stopped" }), flag({ waiting: "stopped" })] }).text, "1");
    assert.equal(badge({ ...good, flags: [flag({ answer: "mistaken" })] }).text, "");
    assert.equal(badge({ ...failed("died"), flags: [flag()] }).text, "!");
  });

  it("says no more than that there is a message: screens are shared", () => {
    const { title } = badge({ ...good, flags: [flag()] });
    assert.equal(title, "a message for you");
  });
});

describe("a flag", () => {
  const shown = (fields, rest = {}) => show({ ...good, ...rest, flags: [flag(fields)] }).flags[0];

  it("says what was seen and asks, with four answers", () => {
    const { doing, why, asks, said, choices, since, levelText } = shown();
    assert.equal(doing, "A framework for collecting from web sites is collecting from LinkedIn.");
    assert.equal(why, "Started by the name of Scrapy.");
    assert.equal(since, "First seen just now.");
    assert.equal(levelText, "Almost certain");
    assert.deepEqual([asks, said], [true, ""]);
    assert.deepEqual(
      choices.map(({ label }) => label),
      ["This is approved", "I have stopped", "This is not what it looks like", "That was not me"],
    );
  });

  it("shows what was said and what waits to be taken, and offers the other answers", () => {
    assert.deepEqual(
      [shown({ answer: "approved" }), shown({ waiting: "stopped" }), shown({ answer: "approved", waiting: "stopped" })].map(
        ({ asks, said, choices }) => [asks, said, choices.length],
      ),
      [
        [false, "You said «This is approved».", 3],
        [false, "«I have stopped»: handed to the agent as soon as it takes it.", 3],
        [false, "«I have stopped»: handed to the agent as soon as it takes it.", 3],
      ],
    );
  });

  it("says how long it stays here, where somebody would be told after that", () => {
    const held = { held_until: 2_000 + 23 * 3_600_000 + 60_000 };
    const { held: text } = shown(held, { agent: example });
    assert.match(text, /between you and this computer/);
    assert.match(text, /23 hours left/);
    assert.ok(text.includes(date(held.held_until)));
    assert.equal(shown(held).held, "", "in personal mode nothing ever leaves");
    assert.equal(shown({ held_until: 1_999 }, { agent: example }).held, "");
    assert.equal(shown({}, { agent: example }).held, "");
  });

  it("that is disputed says so", () => {
    for (const answer of ["mistaken", "not_me"]) assert.match(shown({ answer }).said, /^Disputed: you said «/);
    assert.doesNotMatch(shown({ answer: "stopped" }).said, /Disputed/);
  });

  it("with an answer of an earlier release, or of a later one, is told in words", () => {
    assert.equal(shown({ answer: "work" }).said, "You said «This is for my work».");
    assert.equal(shown({ answer: "lent_it" }).said, "You said «lent it».");
    assert.equal(shown({ answer: "toString" }).said, "You said «toString».");
  });

  it("is answered on the page where the agent is too old to take it here", () => {
    assert.deepEqual(shown({}, { answersOnPage: true }).choices, []);
  });

  it("of a family, a level or a platform that this release does not know is still said", () => {
    const { doing, levelText } = shown({ family: "x", level: "sure", platforms: ["myspace"], stage: "running" });
    assert.equal(doing, "A tool was started to collect many pages from myspace.");
    assert.equal(levelText, "sure");
  });
});

describe("a link from the agent", () => {
  it("is opened only when it leads to this computer", () => {
    for (const url of ["http://gw-abc.localhost:8123/t/x", "http://127.0.0.1:1/", "http://localhost/"])
      assert.ok(isLocalPage(url), url);
    for (const url of [
      "https://evil.example/",
      "http://localhost.evil.example/",
      "http://evil.example/?gw.localhost",
      "javascript:alert(1)",
      "file:///etc/passwd",
      "http://user@localhost/",
      "chrome://settings",
      "",
      "nonsense",
    ])
      assert.ok(!isLocalPage(url), url);
  });
});

describe("who is behind it", () => {
  const managed = (fields) => show({ ...good, managed: { ...good.managed, ...fields } });

  it("is named: who runs the agent, who manages the browser, whom to ask", () => {
    assert.match(show({ ...good, agent: example }).organisation, /Managed by Example Ltd/);
    assert.equal(managed({}).managed, "");
    assert.match(managed({ installType: "admin" }).managed, /put the extension here/);
    assert.match(managed({ installType: "admin", by: "Example Ltd" }).managed, /^Example Ltd manages .* put the extension/);
    assert.equal(managed({ by: "Example Ltd" }).managed, "Example Ltd manages this browser.");
    assert.match(managed({ contact: "it@example.com" }).contact, /it@example\.com/);
    const agent = { ...example, contact: "dpo@example.com" };
    const both = { ...good, agent, managed: { ...good.managed, contact: "it@example.com" } };
    assert.match(show(both).contact, /dpo@example\.com/, "who is responsible comes first");
  });

  it("changes nothing of what is shown or asked", () => {
    for (const reason of ["notice_not_shown", "objected"]) {
      const state = gated("closed", reason);
      const set = { by: "Example Ltd", contact: "x", installType: "admin", ignored: ["welcome"] };
      const [plain, forced] = [show(state), show({ ...state, managed: { ...good.managed, ...set } })];
      assert.deepEqual(forced.headline, plain.headline);
      assert.equal(forced.noticeWaits, plain.noticeWaits);
    }
  });
});
