// The port: why it does not open, in both browsers' words, and when it is tried again.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { ALARM, Connection, problemOf } from "../../../extension/connection.js";
import { FakeClock, FakePort } from "./fakes.mjs";

function make() {
  const clock = new FakeClock();
  const it = { clock, ports: [], alarm: null, heard: [], refuse: null };
  it.connection = new Connection({
    connect: () => {
      if (it.refuse) throw new Error(it.refuse);
      it.ports.push(new FakePort());
      return it.ports.at(-1);
    },
    whyClosed: (port) => port.error,
    now: clock.now,
    setTimer: clock.setTimer,
    clearTimer: clock.clearTimer,
    alarms: {
      create: (name, when) => {
        assert.equal(name, ALARM);
        assert.equal(when.delayInMinutes, when.periodInMinutes);
        it.alarm = when.periodInMinutes;
      },
      clear: () => (it.alarm = null),
    },
    onAgentUp: () => it.heard.push("up"),
    onAgentDown: () => it.heard.push("down"),
    onMessage: (message) => it.heard.push(message.kind),
    onClosed: () => it.heard.push("closed"),
  });
  it.port = () => it.ports.at(-1);
  return it;
}

describe("why the port does not open", () => {
  const words = {
    "Specified native messaging host not found.": "not_installed",
    "No such native application org.gleanwatch.relay": "not_installed",
    "Access to the native messaging host was disabled by the system administrator.": "blocked",
    "Native host has exited.": "died",
    "Error when communicating with the native messaging host.": "protocol",
    "An unexpected error occurred": "protocol",
    "Access to the specified native messaging host is forbidden.": "forbidden",
    "This extension does not have permission to use native application org.gleanwatch.relay": "forbidden",
    "": "died",
    "something new": "died",
  };
  for (const [text, problem] of Object.entries(words)) {
    it(`«${text}» is ${problem}`, () => assert.equal(problemOf(text), problem));
  }
  it("no words at all, as Firefox when the host died, is died", () => assert.equal(problemOf(undefined), "died"));

  it("is shown until the host has spoken", () => {
    const it = make();
    it.connection.start();
    it.port().die("Specified native messaging host not found.");
    assert.deepEqual([it.connection.phase, it.connection.problem], ["failed", "not_installed"]);
    it.clock.pass(250);
    assert.equal(it.connection.phase, "connecting");
    it.port().say({ kind: "agent", up: true, host_version: "0.1.0" });
    assert.deepEqual([it.connection.phase, it.connection.problem, it.connection.hostVersion], ["up", null, "0.1.0"]);
  });

  it("takes a connect that throws like a port that died", () => {
    const it = make();
    it.refuse = "Access to the specified native messaging host is forbidden.";
    it.connection.start();
    assert.equal(it.connection.problem, "forbidden");
    assert.deepEqual(it.clock.waits(), [250]);
  });
});

describe("the host's word about the agent", () => {
  it("is told on, with its reason", () => {
    const it = make();
    it.connection.start();
    it.port().say({ kind: "agent", up: false, reason: "not_running" });
    assert.deepEqual([it.connection.phase, it.connection.agentReason], ["agent_down", "not_running"]);
    it.port().say({ kind: "agent", up: true });
    it.port().say({ kind: "welcome" });
    assert.deepEqual(it.heard, ["down", "up", "welcome"]);
    assert.deepEqual(it.clock.waits(), [], "nothing runs while the port is open");
  });

  it("passes on nothing of another version or shape", () => {
    const it = make();
    it.connection.start();
    for (const bad of [{ v: 2, kind: "agent", up: true }, { v: 1 }, { v: 1, kind: 7 }])
      it.port().say({ ...bad, v: bad.v });
    for (const listener of it.port().listeners.message) for (const bad of [null, "text", 7, [], {}]) listener(bad);
    assert.equal(it.connection.misunderstood, 8);
    assert.deepEqual(it.heard, []);
  });

  it("does not hear a port that is not the one open now", () => {
    const it = make();
    it.connection.start();
    const old = it.port();
    old.die();
    it.clock.pass(250);
    old.say({ kind: "agent", up: true });
    assert.equal(it.connection.phase, "connecting");
  });
});

describe("trying again", () => {
  it("is quick at first, each wait under 30 s, then by an alarm that slows down to five minutes", () => {
    const it = make();
    it.connection.start();
    const waits = [];
    for (;;) {
      it.port().die();
      const [wait] = it.clock.waits();
      if (wait === undefined) break;
      waits.push(wait);
      it.clock.pass(wait);
    }
    assert.deepEqual(waits, [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000]);
    const slow = [];
    for (let n = 0; n < 6; n += 1) {
      slow.push(it.alarm);
      it.connection.slowRetry(it.alarm);
      it.port().die();
    }
    assert.deepEqual(slow, [0.5, 1, 2, 4, 5, 5]);
    assert.deepEqual(it.clock.waits(), []);
  });

  it("goes on slowly in the next life of the worker", () => {
    const it = make();
    it.connection.start();
    it.connection.slowRetry(4);
    it.port().die();
    assert.equal(it.alarm, 5);
    assert.deepEqual(it.clock.waits(), []);
  });

  it("ends the alarm once the host has spoken, and begins anew later", () => {
    const it = make();
    it.connection.start();
    it.connection.slowRetry(2);
    it.port().die();
    it.connection.slowRetry(4);
    it.port().say({ kind: "agent", up: false });
    assert.equal(it.alarm, null);
    it.connection.slowRetry(4);
    it.clock.pass(60_000);
    it.port().die();
    assert.deepEqual(it.clock.waits(), [250]);
  });

  it("does not hammer a host that dies at once, and is quick again after one that worked", () => {
    const it = make();
    it.connection.start();
    const next = () => {
      it.port().say({ kind: "agent", up: true });
      it.port().die();
      const [wait] = it.clock.waits();
      it.clock.pass(wait);
      return wait;
    };
    assert.deepEqual([next(), next(), next()], [250, 500, 1_000]);
    it.connection.worked();
    assert.equal(next(), 250);
  });

  it("has one port at a time", () => {
    const it = make();
    it.connection.start();
    it.connection.start();
    assert.equal(it.ports.length, 1);
    it.port().die();
    it.connection.start();
    assert.deepEqual(it.clock.waits(), [], "a try by hand replaces the one that waits");
    assert.equal(it.ports.length, 2);
  });

  it("says that nothing was sent when there is no port, or a dead one", () => {
    const it = make();
    assert.equal(it.connection.send({}), false);
    it.connection.start();
    assert.equal(it.connection.send({ a: 1 }), true);
    it.port().error = "gone";
    assert.equal(it.connection.send({ a: 2 }), false);
  });
});
