// The gate as it is read from a message, and the room where events wait unread for its first word.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { PURPOSE, WaitingRoom, readGate, stayedOpen } from "../../../extension/gate.js";

const gate = (state, more = {}) => ({ purpose: PURPOSE, state, since: 5, until: null, reason: "", ...more });

describe("readGate", () => {
  it("takes the gate of its own purpose", () => {
    assert.equal(readGate([gate("closed", { purpose: "other" }), gate("open")]).state, "open");
    assert.deepEqual(readGate([gate("waiting", { until: 9, reason: "lead_days" })]), {
      state: "waiting",
      since: 5,
      until: 9,
      reason: "lead_days",
    });
  });

  it("looks at its own among all nine, whatever the others are", () => {
    const others = [
      "security.jit-warning",
      "compliance.signed-report",
      "accountability.notice-consent-ledger",
      "integrity.agent-health",
      "research.tool-usage-stats",
      "product.diagnostics",
      "support.share-log-extract",
      "self.longer-history",
    ];
    for (const mine of ["open", "waiting", "closed"]) {
      for (const theirs of ["open", "waiting", "closed"]) {
        const gates = others.map((purpose) => gate(theirs, { purpose }));
        gates.splice(4, 0, gate(mine));
        assert.equal(readGate(gates).state, mine);
      }
    }
  });

  it("takes no more of a reason than a key is long", () => {
    assert.equal(readGate([gate("closed", { reason: "r".repeat(65) })]).reason.length, 64);
    assert.equal(readGate([gate("closed", { reason: 7 })]).reason, "");
  });

  it("reads everything that it does not understand as closed", () => {
    const bad = [
      undefined,
      null,
      7,
      "open",
      {},
      [],
      [null],
      [gate("OPEN")],
      [gate("open", { since: "5" })],
      [gate("open", { since: 1.5 })],
      [gate("open"), gate("open")],
      [gate("open", { purpose: "self.longer-history" })],
    ];
    for (const gates of bad) assert.equal(readGate(gates).state, "closed", JSON.stringify(gates));
  });
});

describe("a gate stayed open", () => {
  const opened = (since) => readGate([gate("open", { since })]);

  it("only when it was open before and opened at the same moment", () => {
    assert.equal(stayedOpen(opened(5), opened(5)), true);
    assert.equal(stayedOpen(opened(5), opened(9)), false, "it closed in between");
    assert.equal(stayedOpen(null, opened(5)), false);
    assert.equal(stayedOpen(readGate([gate("closed")]), opened(5)), false);
    assert.equal(stayedOpen(opened(5), readGate([gate("closed")])), false);
  });
});

describe("the waiting room", () => {
  it("gives out what happened while the gate was open, in order, and never again", () => {
    const room = new WaitingRoom(10);
    for (const at of [3, 5, 8]) room.hold(`event ${at}`, at);
    assert.deepEqual(
      room.close(readGate([gate("open")])).map(({ held }) => held),
      ["event 5", "event 8"],
    );
    room.hold("late", 9);
    assert.deepEqual(room.close(readGate([gate("open")])), []);
  });

  it("drops everything unread when the gate is not open or none comes", () => {
    for (const answer of [null, readGate([gate("waiting")]), readGate([gate("closed")])]) {
      const room = new WaitingRoom(10);
      room.hold("event", 8);
      assert.deepEqual(room.close(answer), []);
      assert.deepEqual(room.close(readGate([gate("open")])), []);
    }
  });

  it("is bounded", () => {
    const room = new WaitingRoom(2);
    for (const at of [6, 7, 8]) room.hold(at, at);
    assert.equal(room.close(readGate([gate("open")])).length, 2);
  });
});
