// Questions of the extension's pages: each gets its own answer, joined from its parts, or a plain reason why there is none.

import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";

import { AskError, Asks, TOO_LATE_MS } from "../../../extension/asks.js";
import "./english.mjs";
import { FakeClock } from "./fakes.mjs";

let clock, sent, up, asks;
beforeEach(() => {
  clock = new FakeClock();
  sent = [];
  up = true;
  asks = new Asks({
    send: (message) => up && sent.push(structuredClone(message)) > 0,
    setTimer: clock.setTimer,
    clearTimer: clock.clearTimer,
  });
  asks.connected(true);
});

const tell = (ask, document, size = 5) => {
  const text = JSON.stringify(document);
  const parts = Math.ceil(text.length / size);
  for (let part = 1; part <= parts; part++)
    asks.receive({ ask, part, parts, text: text.slice((part - 1) * size, part * size) });
};
const fails = (problem, words = /\w/) => (error) =>
  error instanceof AskError && error.problem === problem && words.test(error.message);

describe("a question", () => {
  it("is said with its number and its own fields only, and answered by the document", async () => {
    const answer = asks.ask("notice", { language: "de", url: "https://example.com", entry: 7 });
    assert.deepEqual(sent, [{ v: 1, ask: 1, kind: "ask", what: "notice", language: "de" }]);
    tell(1, { text: "Ää «notice»", version: 3 });
    assert.deepEqual(await answer, { text: "Ää «notice»", version: 3 });
    assert.deepEqual(clock.waits(), [], "nothing is left waiting");
  });

  it("keeps several apart, whichever is answered first", async () => {
    const both = Promise.all([asks.ask("today"), asks.ask("receipt", { entry: 4 })]);
    assert.deepEqual(sent[1], { v: 1, ask: 2, kind: "ask", what: "receipt", entry: 4 });
    asks.receive({ ask: 1, part: 1, parts: 2, text: '{"n":' });
    tell(2, { n: 2 });
    asks.receive({ ask: 1, part: 2, parts: 2, text: "1}" });
    assert.deepEqual(await both, [{ n: 1 }, { n: 2 }]);
  });

  it("can be an act or a pause", async () => {
    const act = { purpose: "", act: "acknowledged", notice_sha256: "a".repeat(64), control: "welcome.acknowledge" };
    void asks.ask("act", { ...act, dwell_ms: 1234.6 });
    void asks.ask("pause", { minutes: 60 });
    assert.deepEqual(sent, [
      { v: 1, ask: 1, kind: "act", ...act, dwell_ms: 1235 },
      { v: 1, ask: 2, kind: "pause", minutes: 60 },
    ]);
  });
});

describe("no answer", () => {
  it("comes with the agent's own reason", async () => {
    const answer = asks.ask("receipt", { entry: 4 });
    assert.equal(asks.receive({ ask: 1, error: "There is no such entry." }), true);
    await assert.rejects(answer, fails("refused", /^There is no such entry\.$/));
    const long = asks.ask("today");
    asks.receive({ ask: 2, error: "x".repeat(300) });
    await assert.rejects(long, fails("refused", /^x{256}$/), "and no more of it than can be shown");
  });

  it("is said after fifteen seconds, and what comes later hurts nobody", async () => {
    const answer = asks.ask("today");
    clock.pass(TOO_LATE_MS);
    await assert.rejects(answer, fails("late"));
    assert.equal(asks.receive({ ask: 1, part: 1, parts: 1, text: "{}" }), true);
    assert.equal(asks.receive({ ask: 1, part: 1, parts: 1, text: 7 }), false, "nonsense is nonsense, late or not");
  });

  it("is said to all at once when the connection dies, and nothing is asked again by itself", async () => {
    const answers = [asks.ask("today"), asks.ask("pause", { minutes: 60 })];
    asks.disconnected();
    for (const answer of answers) await assert.rejects(answer, fails("lost"));
    await assert.rejects(asks.ask("today"), fails("away"));
    asks.connected(true);
    assert.equal(sent.length, 2);
  });

  it("is said at once where nobody can answer", async () => {
    up = false;
    await assert.rejects(asks.ask("today"), fails("lost"));
    asks.connected(false);
    await assert.rejects(asks.ask("today"), fails("old", /older release/));
    assert.equal(sent.length, 0);
  });

  it("is said to the one question too many", async () => {
    for (let n = 0; n < 8; n++) void asks.ask("today");
    await assert.rejects(asks.ask("today"), fails("busy"));
    tell(3, {});
    void asks.ask("today");
    assert.equal(sent.length, 9);
  });

  it("is said where the agent would not take the message, to that kind alone", async () => {
    const [act, today] = [asks.ask("act", { act: "given" }), asks.ask("today")];
    assert.equal(asks.refused("act"), true);
    assert.equal(asks.refused("load"), false);
    await assert.rejects(act, fails("broken"));
    tell(2, { good: true });
    assert.deepEqual(await today, { good: true });
  });

  it("is said where what is asked is none of the questions", async () => {
    for (const [what, fields] of [["loads"], ["receipt", {}], ["pause", { minutes: "60" }], [7], ["__proto__"]])
      await assert.rejects(asks.ask(what, fields), fails("broken"));
    assert.equal(sent.length, 0);
  });

  it("is said where the answer makes no sense, and the message is counted", async () => {
    const broken = [
      [{ part: 2, parts: 2, text: "{}" }],
      [{ part: 1, parts: 1, text: "{" }],
      [{ part: 1, parts: 1_000_000, text: "{}" }],
      [{ part: 1, parts: 2, text: "{" }, { part: 1, parts: 2, text: "}" }],
      [{ part: 1, parts: 1, text: 7 }],
    ];
    for (const [ask, messages] of broken.entries()) {
      const answer = asks.ask("today");
      const taken = messages.map((message) => asks.receive({ ask: ask + 1, ...message }));
      assert.equal(taken.at(-1), false);
      await assert.rejects(answer, fails("broken"));
    }
    assert.equal(asks.receive({ part: 1, parts: 1, text: "{}" }), false);
  });
});
