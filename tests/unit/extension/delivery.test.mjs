// Delivery as docs/protocol.md says it: at least once, in order, three tries for an event that breaks the other side.
// The agent here keeps the protocol's one rule, a high-water mark per client, so «exactly once» can be checked.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { Answers } from "../../../extension/answers.js";
import { Asks } from "../../../extension/asks.js";
import { Delivery, MAX_BATCH, MAX_BATCH_BYTES, batches } from "../../../extension/delivery.js";
import { PURPOSE } from "../../../extension/gate.js";
import { Queue } from "../../../extension/queue.js";
import "./english.mjs";
import { FakeArea, FakeClock, dice, page } from "./fakes.mjs";

const OPEN = [{ purpose: PURPOSE, state: "open", since: 1, until: null, reason: "" }];
const CLOSED = [{ purpose: PURPOSE, state: "closed", since: 1, until: null, reason: "objected" }];

async function make({ bound = 5_000, session = new FakeArea() } = {}) {
  const clock = new FakeClock();
  const queue = await Queue.open({
    session,
    local: new FakeArea(),
    setTimer: clock.setTimer,
    bound,
    makeClient: () => "C".repeat(22),
  });
  const it = { clock, queue, session, sent: [], portOpen: true, pages: [], gates: [], worked: 0 };
  it.answers = new Answers({
    session,
    send: (message) => it.portOpen && it.sent.push(structuredClone(message)) > 0,
    now: clock.now,
    setTimer: clock.setTimer,
    changed: () => {},
  });
  it.hidden = [];
  it.flags = [];
  it.asks = new Asks({
    send: (message) => it.portOpen && it.sent.push(structuredClone(message)) > 0,
    setTimer: clock.setTimer,
    clearTimer: clock.clearTimer,
  });
  it.delivery = new Delivery({
    queue,
    answers: it.answers,
    asks: it.asks,
    hidden: () => it.hidden,
    send: (message) => it.portOpen && it.sent.push(structuredClone(message)) > 0,
    about: { browser: "chromium", browser_version: "156", extension_version: "0.1.0" },
    now: clock.now,
    setTimer: clock.setTimer,
    changed: () => {},
    worked: () => (it.worked += 1),
    onGate: (gate) => it.gates.push(gate.state),
    onPage: (url) => it.pages.push(url),
    onFlags: (flags) => it.flags.push(flags.map(({ id }) => id)),
  });
  it.say = (kind, fields = {}) => it.delivery.receive({ v: 1, kind, ...fields });
  it.welcome = (acked = 0) => it.say("welcome", { agent_version: "0.1.0", mode: "personal", organisation: "", acked });
  it.up = (acked = 0, gates = OPEN) => {
    it.delivery.agentUp();
    it.welcome(acked);
    it.say("gate", { gates });
  };
  it.take = () => it.sent.splice(0);
  it.seqs = () =>
    it.take().flatMap((m) => (m.kind === "load" ? [m.seq] : m.kind === "loads" ? m.loads.map((load) => load.seq) : []));
  return it;
}

describe("greeting", () => {
  it("says hello first, with what waits", async () => {
    const it = await make();
    it.up();
    it.delivery.add(page());
    it.delivery.agentDown();
    it.take();
    it.delivery.agentUp();
    assert.deepEqual(it.take(), [
      {
        v: 1,
        kind: "hello",
        client: "C".repeat(22),
        browser: "chromium",
        browser_version: "156",
        extension_version: "0.1.0",
        waiting: 1,
        dropped: 0,
        lost: 0,
        oldest_seq: 1,
      },
    ]);
  });

  it("is open only after welcome and an open gate, in this connection", async () => {
    const it = await make();
    it.say("gate", { gates: OPEN });
    assert.equal(it.delivery.open, false, "no hello yet");
    it.delivery.agentUp();
    it.say("gate", { gates: OPEN });
    assert.equal(it.delivery.open, false, "no welcome yet");
    it.welcome();
    assert.equal(it.delivery.open, false, "no gate yet");
    it.say("gate", { gates: OPEN });
    assert.equal(it.delivery.open, true);
    it.delivery.agentDown();
    assert.equal(it.delivery.open, false, "the agent is down");
    it.delivery.agentUp();
    it.welcome();
    assert.equal(it.delivery.open, false, "the old gate does not count");
  });

  it("stops, and says why, when the agent does not understand it", async () => {
    const it = await make();
    it.delivery.agentUp();
    it.say("refuse", { reason: "unknown_version", detail: "this agent speaks version 2", speaks: [2] });
    assert.equal(it.delivery.phase, "stopped");
    assert.equal(it.delivery.refusal.reason, "unknown_version");
  });

  it("greets again, thrice at most, when the agent says that it did not", async () => {
    const it = await make();
    it.delivery.agentUp();
    for (let n = 0; n < 6; n += 1) it.say("refuse", { reason: "no_hello", detail: "" });
    assert.equal(it.take().length, 3);
    assert.equal(it.delivery.phase, "stopped");
  });

  it("greets again after a pause when the agent's store was not ready", async () => {
    const it = await make();
    it.delivery.agentUp();
    it.say("refuse", { reason: "store_failed", detail: "" });
    it.take();
    it.clock.pass(30_000);
    assert.deepEqual(
      it.take().map((message) => message.kind),
      ["hello"],
    );
  });
});

describe("delivery", () => {
  it("posts at once and in the same turn stores", async () => {
    const it = await make();
    it.up();
    it.take();
    it.delivery.add(page(5));
    assert.deepEqual(it.take(), [
      {
        v: 1,
        kind: "load",
        seq: 1,
        platform: "linkedin",
        page_class: "profile",
        at: 5,
        first: true,
        sequential: false,
      },
    ]);
    assert.deepEqual(it.session.events(), ["e1"]);
  });

  it("forgets what is acknowledged and remembers when", async () => {
    const it = await make();
    it.up();
    it.delivery.add(page());
    it.delivery.add(page());
    it.clock.pass(40);
    it.say("ack", { seq: 1 });
    assert.equal(it.queue.waiting, 1);
    assert.equal(it.delivery.lastAck, it.clock.time);
    assert.equal(it.worked, 1);
  });

  it("counts what the agent did not keep, by reason", async () => {
    const it = await make();
    it.up();
    it.delivery.add(page());
    it.say("ack", { seq: 1, dropped: [{ seq: 1, reason: "gate_closed" }] });
    assert.equal(it.queue.waiting, 0);
    assert.deepEqual(it.delivery.notKept, { gate_closed: 1 });
  });

  it("replays what was not acknowledged, oldest first, after the agent was down; nobody is blamed", async () => {
    const it = await make();
    it.up();
    for (let n = 0; n < 5; n += 1) it.delivery.add(page());
    it.say("ack", { seq: 2 });
    for (let n = 0; n < 10; n += 1) {
      it.delivery.agentDown();
      it.take();
      it.up(2);
      assert.deepEqual(it.seqs(), [3, 4, 5]);
    }
    assert.equal(it.queue.dropped, 0);
  });

  it("learns from welcome what the agent already has", async () => {
    const it = await make();
    it.up();
    for (let n = 0; n < 5; n += 1) it.delivery.add(page());
    it.delivery.agentDown();
    it.take();
    it.up(4);
    assert.deepEqual(it.seqs(), [5]);
  });

  it("empties its queue when the gate closes, and keeps it when only the agent is down", async () => {
    const it = await make();
    it.up();
    it.delivery.add(page());
    it.delivery.agentDown();
    assert.equal(it.queue.waiting, 1);
    it.up(0, CLOSED);
    assert.equal(it.queue.waiting, 0);
    assert.deepEqual(it.session.events(), []);
    assert.deepEqual(it.gates, ["open", "closed"]);
  });

  for (const [how, reason, state] of [
    ["an objection", "objected", "closed"],
    ["a withdrawal", "withdrawn", "closed"],
    ["a changed notice", "notice_changed", "closed"],
    ["a policy that switches it off", "switched_off", "closed"],
    ["a disputed acknowledgement", "not_acknowledged", "waiting"],
    ["a disputed authorisation", "not_authorised", "waiting"],
    ["lead days that begin anew", "lead_days", "waiting"],
    ["a word that is not understood", "", "ajar"],
  ]) {
    const gates = [{ purpose: PURPOSE, state, since: 9, until: null, reason }];

    it(`empties its queue at once on ${how}, and sends nothing more`, async () => {
      const it = await make();
      it.up();
      it.delivery.add(page());
      it.delivery.add(page());
      it.take();
      it.say("gate", { gates });
      assert.deepEqual([it.queue.waiting, it.session.events(), it.delivery.open], [0, [], false]);
      it.say("gate", { gates: OPEN });
      it.clock.pass(60_000);
      assert.deepEqual(it.seqs(), []);
      assert.equal(it.queue.dropped, 0);
    });

    for (const worker of ["the worker that goes on", "a worker that starts anew"]) {
      for (const down of ["agentDown", "portDied"]) {
        it(`empties it at the next connection on ${how}, by ${worker}, after ${down}`, async () => {
          let it = await make();
          it.up();
          it.delivery.add(page());
          it.delivery.add(page());
          it.delivery[down]();
          if (worker === "a worker that starts anew") it = await make({ session: it.session });
          assert.equal(it.queue.waiting, 2, "nobody has said anything yet");
          it.take();
          it.up(0, gates);
          assert.deepEqual(
            it.take().map((message) => message.kind),
            ["hello"],
            "nothing else was said",
          );
          assert.deepEqual([it.queue.waiting, it.session.events()], [0, []]);
          it.say("gate", { gates: OPEN });
          assert.deepEqual(it.seqs(), []);
        });
      }
    }
  }

  it("forgets what it saw before a gate that closed and opened again while it could not be told", async () => {
    const it = await make();
    it.up();
    it.delivery.add(page(5));
    it.delivery.add(page(6));
    it.delivery.agentDown();
    it.take();
    it.up(0, [{ ...OPEN[0], since: 7 }]);
    assert.deepEqual(it.seqs(), []);
    assert.deepEqual([it.queue.waiting, it.session.events(), it.queue.dropped], [0, [], 0]);
    it.delivery.add(page(8));
    assert.deepEqual(it.seqs(), [3]);
  });

  it("keeps what it saw since the gate opened, whichever other gate changes", async () => {
    const it = await make();
    it.up();
    it.delivery.add(page(5));
    it.take();
    it.say("gate", { gates: [...OPEN, { purpose: "self.longer-history", state: "closed", since: 9, reason: "withdrawn" }] });
    assert.equal(it.queue.waiting, 1);
    assert.equal(it.delivery.open, true);
  });

  it("keeps everything and tries again, ever more slowly, when the agent cannot store", async () => {
    const it = await make();
    it.up();
    it.delivery.add(page());
    it.take();
    const pauses = [];
    for (let n = 0; n < 8; n += 1) {
      it.say("refuse", { reason: "store_full", detail: "" });
      it.say("refuse", { reason: "store_full", detail: "" });
      const [wait] = it.clock.waits().filter((ms) => ms !== 250);
      pauses.push(wait);
      it.delivery.add(page());
      assert.deepEqual(it.seqs(), [], "nothing is sent into a full disk");
      it.clock.pass(wait);
      assert.equal(it.seqs().length, n + 2);
    }
    assert.deepEqual(pauses, [1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000, 20_000]);
    assert.equal(it.queue.dropped, 0);
  });

  it("ignores what makes no sense, and counts it", async () => {
    const it = await make();
    it.up();
    it.delivery.add(page());
    for (const bad of [
      { kind: "ack" },
      { kind: "ack", seq: "1" },
      { kind: "ack", seq: -1 },
      { kind: "ack", seq: 1.5 },
      { kind: "flags", flags: 7 },
      { kind: "page", url: 7 },
      { kind: "page", url: "x".repeat(513) },
      { kind: "from-the-future" },
      { kind: "welcome", acked: 1 },
    ]) {
      it.delivery.receive({ v: 1, ...bad });
    }
    assert.equal(it.delivery.misunderstood, 9);
    assert.equal(it.queue.waiting, 1);
    assert.equal(it.delivery.open, true);
  });

  it("takes flags as text only, at most 32", async () => {
    const it = await make();
    it.up();
    it.say("flags", {
      flags: Array.from({ length: 40 }, () => ({
        id: 7,
        name: "Scrapy",
        level: "high",
        since: "x",
        platforms: ["x", 3],
      })),
    });
    assert.equal(it.delivery.flags.length, 32);
    assert.deepEqual(it.delivery.flags[0], {
      id: "",
      name: "Scrapy",
      family: "",
      stage: "",
      level: "high",
      platforms: ["x", ""],
      since: 0,
      why: "",
      answer: "",
      held_until: null,
    });
  });

  it("says the answers that wait after each greeting, and forgets those that are over", async () => {
    const it = await make();
    it.answers.give("f1", "stopped", 5);
    it.up();
    const said = () => it.take().filter(({ kind }) => kind === "answer");
    const [answer] = said();
    assert.equal(answer.finding, "f1");
    it.delivery.agentDown();
    it.up();
    assert.deepEqual(said(), [answer]);
    it.say("answered", { finding: "f1", at: answer.at, recorded: false });
    it.delivery.agentDown();
    it.up();
    assert.deepEqual(said(), []);
    assert.equal(it.delivery.misunderstood, 0);
    it.say("answered", { finding: 7 });
    assert.equal(it.delivery.misunderstood, 1);
  });

  it("takes answers while nothing may be watched, too: a flag can be older than the gate", async () => {
    const it = await make();
    it.up(0, CLOSED);
    it.take();
    it.answers.give("f1", "mistaken", 5);
    assert.deepEqual(
      it.take().map(({ kind }) => kind),
      ["answer"],
    );
  });

  it("does not blame a page load for an answer that an older agent refuses", async () => {
    const it = await make();
    it.up();
    it.answers.give("f1", "stopped", 5);
    it.delivery.add(page());
    it.say("refuse", { reason: "unknown_kind", detail: "" });
    assert.equal(it.answers.tooOld, true);
    assert.equal(it.queue.waiting, 1);
    assert.equal(it.delivery.open, true);
  });

  it("asks for the page only where there is an agent", async () => {
    const it = await make();
    assert.equal(it.delivery.askForPage(), false);
    it.up(0, CLOSED);
    it.take();
    assert.equal(it.delivery.askForPage(), true);
    assert.deepEqual(it.take(), [{ v: 1, kind: "open_page" }]);
    it.say("page", { url: "http://gw-1.localhost:1/t" });
    assert.deepEqual(it.pages, ["http://gw-1.localhost:1/t"]);
  });
});

describe("an event that breaks the other side", () => {
  it("is dropped at the third dead port, alone", async () => {
    const it = await make();
    it.up();
    it.delivery.add(page());
    for (let tries = 1; tries <= 3; tries += 1) {
      assert.equal(it.queue.waiting, 1);
      it.delivery.portDied();
      it.up();
    }
    assert.equal(it.queue.waiting, 0);
    assert.equal(it.queue.dropped, 1);
  });

  it("is found among innocent ones, none of which is lost", async () => {
    for (let poison = 1; poison <= 6; poison += 1) {
      for (const how of ["port", "refuse"]) {
        const it = await make();
        const stored = new Set();
        let mark = 0;
        it.up();
        for (let n = 0; n < 6; n += 1) it.delivery.add(page());
        for (let round = 0; round < 40 && it.queue.waiting > 0; round += 1) {
          const loads = it.take().flatMap((m) => (m.kind === "loads" ? [m.loads] : m.kind === "load" ? [[m]] : []));
          let broken = false;
          for (const list of loads) {
            if (list.some((load) => load.seq === poison)) {
              broken = true;
              break;
            }
            for (const load of list) stored.add(load.seq);
            mark = Math.max(mark, list.at(-1).seq);
            it.say("ack", { seq: mark });
          }
          if (broken && how === "refuse") it.say("refuse", { reason: "bad_field", detail: "" });
          if (broken && how === "port") {
            it.delivery.portDied();
            it.up(mark);
          }
        }
        assert.equal(it.queue.waiting, 0, `${how}, poison ${poison}`);
        assert.deepEqual(
          [...stored].sort(),
          [1, 2, 3, 4, 5, 6].filter((seq) => seq !== poison),
          how,
        );
        assert.equal(it.queue.dropped, 1);
        it.delivery.add(page());
        assert.deepEqual(it.seqs().at(-1), 7, "then all is as before");
      }
    }
  });

  it("blames nobody for a port that dies with nothing under way", async () => {
    const it = await make();
    for (let n = 0; n < 5; n += 1) {
      it.up();
      it.delivery.portDied();
    }
    it.up();
    it.delivery.add(page());
    it.say("ack", { seq: 1 });
    it.delivery.portDied();
    assert.equal(it.queue.dropped, 0);
  });

  it("blames no event for a message kind that an older agent does not know", async () => {
    const it = await make();
    it.up();
    it.delivery.add(page());
    for (let n = 0; n < 5; n += 1) it.say("refuse", { reason: "unknown_kind", detail: "" });
    assert.equal(it.queue.waiting, 1);
  });
});

describe("laws", () => {
  it("batches: all of it, in order, none too long", () => {
    for (let seed = 0; seed < 20; seed += 1) {
      const roll = dice(seed);
      const loads = Array.from({ length: roll(3_000) }, (_, n) => ({
        seq: n * 7 + 1,
        platform: "p".repeat(1 + roll(200)),
        page_class: "profile",
        at: 1,
        first: true,
        sequential: false,
      }));
      const messages = batches(loads);
      assert.deepEqual(
        messages.flatMap((m) => (m.kind === "load" ? [m.seq] : m.loads.map((load) => load.seq))),
        loads.map((load) => load.seq),
      );
      for (const message of messages) {
        assert.ok(JSON.stringify(message).length < MAX_BATCH_BYTES + 100);
        assert.ok((message.loads?.length ?? 1) <= MAX_BATCH);
      }
    }
    assert.deepEqual(batches([]), []);
  });

  it("exactly once in the agent's store, in order, through any mix of deaths, refusals and restarts of the worker", async () => {
    for (let seed = 0; seed < 150; seed += 1) {
      const roll = dice(seed);
      let it = await make();
      const stored = [];
      let mark = 0;
      let added = 0;
      const inbox = [];
      const agentTakes = () => {
        for (const message of it.take()) {
          if (message.kind === "load" || message.kind === "loads") inbox.push(message.loads ?? [message]);
        }
      };
      const commit = () => {
        for (const load of inbox.shift() ?? []) {
          if (load.seq <= mark) continue;
          mark = load.seq;
          stored.push(load.at);
        }
      };
      it.up();
      for (let step = 0; step < 100; step += 1) {
        const what = roll(12);
        if (what < 6 && it.delivery.open) it.delivery.add(page(++added));
        agentTakes();
        if (what >= 4 && what < 9) {
          commit();
          // The acknowledgement may be lost on the way: half of them are.
          if (roll(2)) it.say("ack", { seq: mark });
        } else if (what === 9) {
          inbox.length = 0;
          it.delivery.agentDown();
          it.up(mark);
        } else if (what === 10) {
          // A crash of the host after everything had reached the agent.
          while (inbox.length) commit();
          it.delivery.portDied();
          it.up(mark);
        } else if (what === 11) {
          inbox.length = 0;
          it = await make({ session: it.session });
          it.up(mark);
        }
      }
      it.delivery.agentDown();
      inbox.length = 0;
      it.up(mark);
      for (let round = 0; round < 300 && it.queue.waiting > 0; round += 1) {
        agentTakes();
        while (inbox.length) commit();
        it.say("ack", { seq: mark });
      }
      assert.equal(it.queue.waiting, 0, `seed ${seed}`);
      assert.equal(it.queue.dropped, 0, `seed ${seed}`);
      assert.deepEqual(
        stored,
        Array.from({ length: added }, (_, n) => n + 1),
        `seed ${seed}`,
      );
    }
  });
});

describe("an agent that answers questions", () => {
  const greet = (it, fields = { contact: "dpo@example.com" }) => {
    it.delivery.agentUp();
    it.say("welcome", { agent_version: "0.1.0", mode: "managed", organisation: "Example Ltd", acked: 0, ...fields });
    it.say("gate", { gates: OPEN });
  };

  it("is known by its contact, is told the coverage at each welcome and when it changes, and asked", async () => {
    const it = await make();
    greet(it);
    assert.deepEqual(it.take().slice(1), [{ v: 1, kind: "coverage", missing: [] }]);
    assert.equal(it.delivery.agent.contact, "dpo@example.com");
    it.hidden = ["x"];
    it.delivery.coverage();
    const today = it.asks.ask("today");
    assert.deepEqual(it.take(), [
      { v: 1, kind: "coverage", missing: ["x"] },
      { v: 1, ask: 1, kind: "ask", what: "today" },
    ]);
    it.say("told", { ask: 1, part: 1, parts: 1, text: '{"since":1}' });
    assert.deepEqual(await today, { since: 1 });
    it.delivery.agentDown();
    it.delivery.coverage();
    greet(it);
    assert.deepEqual(it.take().slice(1), [{ v: 1, kind: "coverage", missing: ["x"] }]);
  });

  it("of an earlier release is told and asked nothing of this, and takes page loads as ever", async () => {
    const it = await make();
    greet(it, {});
    it.hidden = ["x"];
    it.delivery.coverage();
    await assert.rejects(it.asks.ask("today"), /older release/);
    it.delivery.add(page());
    assert.deepEqual(
      it.take().map(({ kind }) => kind),
      ["hello", "load"],
    );
  });

  it("that refuses a question or the coverage says nothing of page loads by it", async () => {
    const it = await make();
    greet(it);
    it.delivery.add(page());
    const act = it.asks.ask("act", { act: "given" });
    for (const about of ["act", "coverage", "ask", "pause"]) it.say("refuse", { reason: "bad_field", detail: "", about });
    await assert.rejects(act, /did not understand/);
    it.delivery.add(page());
    assert.equal(it.delivery.refusal, null);
    assert.deepEqual(it.seqs(), [1, 2], "nothing was tried again or by itself");
    assert.equal(it.queue.dropped, 0);
  });

  it("tells of a hold, and each list of flags is passed on", async () => {
    const it = await make();
    greet(it);
    it.say("flags", { flags: [{ id: "a", held_until: 77 }, { id: "b", held_until: null }, { id: "c", held_until: -1 }] });
    assert.deepEqual(
      it.delivery.flags.map(({ held_until }) => held_until),
      [77, null, null],
    );
    assert.deepEqual(it.flags, [["a", "b", "c"]]);
  });
});
