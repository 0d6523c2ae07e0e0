// Answers: said at once, again until they are over, never twice in a way that matters, bounded, and gone with the browser.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { AGAIN_MS, Answers, CATEGORIES, MAX_WAITING } from "../../../extension/answers.js";
import { FakeArea, FakeClock, dice } from "./fakes.mjs";

function make(session = new FakeArea()) {
  const clock = new FakeClock();
  const it = { clock, session, sent: [], portOpen: true, changes: 0 };
  it.answers = new Answers({
    session,
    send: (message) => it.portOpen && it.sent.push(structuredClone(message)) > 0,
    now: clock.now,
    setTimer: clock.setTimer,
    changed: () => (it.changes += 1),
  });
  it.take = () => it.sent.splice(0);
  return it;
}

describe("an answer", () => {
  it("is sent at once, with when it was pressed and how long the flag had been there", () => {
    const it = make();
    it.answers.connected();
    assert.equal(it.answers.give("f1", "stopped", 3_200.4), true);
    assert.deepEqual(it.take(), [
      { v: 1, kind: "answer", finding: "f1", category: "stopped", at: it.clock.time, dwell_ms: 3_200 },
    ]);
    assert.equal(it.answers.of("f1"), "stopped");
    assert.equal(it.changes, 1);
  });

  it("is sent again every ten seconds until it is over, and not once more", () => {
    const it = make();
    it.answers.connected();
    it.answers.give("f1", "approved", 0);
    const [first] = it.take();
    it.clock.pass(3 * AGAIN_MS);
    assert.deepEqual(it.take(), [first, first, first]);
    assert.equal(it.answers.over("f1", first.at), true);
    it.clock.pass(3 * AGAIN_MS);
    assert.deepEqual(it.take(), []);
    assert.equal(it.answers.of("f1"), "");
    assert.deepEqual(it.clock.waits(), []);
  });

  it("waits while nobody is there, and is said after the next greeting", () => {
    const it = make();
    it.answers.give("f1", "mistaken", 0);
    it.clock.pass(5 * AGAIN_MS);
    assert.deepEqual(it.take(), []);
    it.answers.connected();
    assert.deepEqual(
      it.take().map(({ category }) => category),
      ["mistaken"],
    );
    it.answers.disconnected();
    it.clock.pass(5 * AGAIN_MS);
    assert.deepEqual(it.take(), []);
  });

  it("replaces the one before, whose end says nothing about it", () => {
    const it = make();
    it.answers.connected();
    it.answers.give("f1", "approved", 0);
    const [first] = it.take();
    it.clock.pass(5);
    it.answers.give("f1", "not_me", 0);
    it.answers.over("f1", first.at);
    assert.equal(it.answers.of("f1"), "not_me");
    it.answers.over("f1", it.clock.time);
    assert.equal(it.answers.of("f1"), "");
  });

  it("outlives the worker in session storage, which is gone with the browser", async () => {
    const session = new FakeArea();
    const before = make(session);
    before.answers.give("f1", "stopped", 7);
    const after = make(session);
    await after.answers.open();
    assert.equal(after.answers.of("f1"), "stopped");
    after.answers.connected();
    const [sent] = after.take();
    assert.deepEqual([sent.at, sent.dwell_ms], [before.clock.time, 7]);
    after.answers.over("f1", sent.at);
    assert.deepEqual((await session.get("answers")).answers, []);
  });

  it("is what was pressed last, also where storage was still being read", async () => {
    const session = new FakeArea();
    make(session).answers.give("f1", "stopped", 7);
    const after = make(session);
    const opening = after.answers.open();
    after.answers.give("f1", "mistaken", 1);
    await opening;
    assert.equal(after.answers.of("f1"), "mistaken");
  });

  it("still works where the browser refuses to keep it", () => {
    const session = new FakeArea();
    session.full = true;
    const it = make(session);
    it.answers.give("f1", "stopped", 0);
    assert.equal(it.answers.of("f1"), "stopped");
  });
});

describe("what is no answer", () => {
  it("is not taken: another word, another id, more than can wait", () => {
    const it = make();
    for (const [finding, category] of [
      ["f1", "sonnet"],
      ["f1", undefined],
      ["", "stopped"],
      ["a/b", "stopped"],
      ["x".repeat(65), "stopped"],
      [7, "stopped"],
    ])
      assert.equal(it.answers.give(finding, category, 0), false);
    for (let n = 0; n < MAX_WAITING; n += 1) assert.equal(it.answers.give(`f${n}`, "stopped", 0), true);
    assert.equal(it.answers.give("one-too-many", "stopped", 0), false);
    assert.equal(it.answers.give("f1", "not_me", 0), true);
  });

  it("is not read back from storage either", async () => {
    const it = make(
      new FakeArea({ answers: [null, 7, { finding: "f1", category: "sonnet", at: 1, dwell_ms: 1 }, { finding: "f2" }] }),
    );
    await it.answers.open();
    it.answers.connected();
    assert.deepEqual(it.take(), []);
    const other = make(new FakeArea({ answers: "text" }));
    await other.answers.open();
  });

  it("has a dwell within its bounds, whatever was measured", () => {
    const it = make();
    it.answers.connected();
    for (const [said, sent] of [
      [-5, 0],
      [Number.NaN, 0],
      ["text", 0],
      [1e12, 86_400_000],
    ]) {
      it.answers.give("f1", "stopped", said);
      assert.equal(it.take().at(-1).dwell_ms, sent);
    }
  });
});

describe("a refusal", () => {
  it("of the kind says that the agent is too old: nothing waits any more, the page takes it", () => {
    const it = make();
    it.answers.connected();
    it.answers.give("f1", "stopped", 0);
    it.answers.refused("unknown_kind", "");
    assert.equal(it.answers.tooOld, true);
    assert.equal(it.answers.of("f1"), "");
    assert.equal(it.answers.give("f1", "stopped", 0), false);
    // Another agent may be there after the next greeting.
    it.answers.connected();
    assert.equal(it.answers.give("f1", "stopped", 0), true);
  });

  it("of an answer for what is in it gives it up at the third time; a full disk or a bad page load never does", () => {
    const it = make();
    it.answers.connected();
    it.answers.give("f1", "stopped", 0);
    for (let n = 0; n < 9; n += 1) it.answers.refused("store_full", "answer");
    for (let n = 0; n < 9; n += 1) it.answers.refused("bad_field", "load");
    it.answers.refused("bad_field", "answer");
    it.answers.refused("bad_field", "answer");
    assert.equal(it.answers.of("f1"), "stopped");
    it.answers.refused("bad_field", "answer");
    assert.equal(it.answers.of("f1"), "");
    assert.equal(it.answers.givenUp, 1);
  });

  it("that comes while nothing waits means somebody else", () => {
    const it = make();
    it.answers.refused("unknown_kind", "");
    assert.equal(it.answers.tooOld, false);
  });
});

it("whatever is lost on the way, the agent ends up with the last word on each finding, recorded once", async () => {
  for (let seed = 1; seed <= 60; seed += 1) {
    const roll = dice(seed);
    const session = new FakeArea();
    let it = make(session);
    /** The agent: keeps the time of the answer that stands, and what is on record. */
    const stands = new Map();
    const record = [];
    const hear = () => {
      for (const message of it.take()) {
        if (roll(3) === 0) continue; // lost on the way there
        const known = stands.get(message.finding);
        if (known === undefined || known.at < message.at) {
          stands.set(message.finding, message);
          record.push(`${message.finding} ${message.at}`);
        }
        if (roll(3) > 0) it.answers.over(message.finding, message.at); // else lost on the way back
      }
    };
    const last = new Map();
    it.answers.connected();
    for (let step = 0; step < 40; step += 1) {
      const what = roll(6);
      if (what <= 1) {
        const finding = `f${roll(3)}`;
        const category = CATEGORIES[roll(4)];
        it.clock.pass(1);
        it.answers.give(finding, category, 0);
        last.set(finding, category);
      } else if (what === 2) it.answers.disconnected();
      else if (what === 3) it.answers.connected();
      else if (what === 4) {
        const { time } = it.clock;
        it = make(session); // the worker was ended
        it.clock.time = time;
        await it.answers.open();
        it.answers.connected();
      }
      it.clock.pass(roll(12_000));
      hear();
    }
    it.answers.connected();
    for (let n = 0; n < 30; n += 1) {
      it.clock.pass(AGAIN_MS);
      hear();
    }
    assert.deepEqual(
      Object.fromEntries([...stands].map(([finding, { category }]) => [finding, category])),
      Object.fromEntries([...last]),
    );
    assert.equal(new Set(record).size, record.length, `recorded twice with seed ${seed}`);
  }
});
