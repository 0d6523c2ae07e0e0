// The queue: one key an event, numbers never used twice, bounded with a visible count, and what a closed browser lost.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { MAX_TRIES, Queue, randomClient } from "../../../extension/queue.js";
import { FakeArea, FakeClock, dice, page } from "./fakes.mjs";

function browser({ session = new FakeArea(), local = new FakeArea(), clock = new FakeClock(), bound = 5_000 } = {}) {
  let made = 0;
  return {
    session,
    local,
    clock,
    open: () => Queue.open({ session, local, setTimer: clock.setTimer, bound, makeClient: () => `client-${++made}` }),
  };
}

const put = (queue, at = 1) => {
  const load = queue.add(page(at));
  queue.persist(load);
  return load.seq;
};
const seqs = (queue) => [...queue.entries()].map((entry) => entry.load.seq);

describe("the queue", () => {
  it("makes its client once and keeps it beside the events, over a restart of the worker", async () => {
    const { open, session } = browser();
    const queue = await open();
    put(queue, 11);
    put(queue, 12);
    const again = await open();
    assert.equal(again.client, queue.client);
    assert.deepEqual([...again.entries()], [...queue.entries()]);
    assert.equal(put(again), 3);
    assert.deepEqual(session.events().sort(), ["e1", "e2", "e3"]);
  });

  it("gives a number before anything is awaited", async () => {
    const { open } = browser();
    const queue = await open();
    assert.deepEqual([queue.add(page()).seq, queue.add(page()).seq], [1, 2]);
  });

  it("forgets, in storage too, up to what was acknowledged and no further", async () => {
    const { open, session } = browser();
    const queue = await open();
    for (let n = 0; n < 5; n += 1) put(queue);
    assert.equal(queue.acknowledge(3), 3);
    assert.equal(queue.acknowledge(3), 0);
    assert.deepEqual(seqs(queue), [4, 5]);
    assert.deepEqual(session.events(), ["e4", "e5"]);
  });

  it("goes on above what the agent already has", async () => {
    const { open } = browser();
    const queue = await open();
    queue.continueAfter(40);
    assert.equal(put(queue), 41);
    queue.continueAfter(7);
    assert.equal(put(queue), 42);
  });

  it("drops the oldest beyond its bound, and says how many", async () => {
    const { open, session } = browser({ bound: 3 });
    const queue = await open();
    for (let n = 0; n < 5; n += 1) put(queue);
    assert.deepEqual(seqs(queue), [3, 4, 5]);
    assert.equal(queue.dropped, 2);
    assert.equal(session.events().length, 3);
    assert.equal((await open()).dropped, 2);
  });

  it("remembers tries over a restart and drops at the third", async () => {
    const { open, session } = browser();
    let queue = await open();
    put(queue);
    put(queue);
    for (let tries = 1; tries < MAX_TRIES; tries += 1) {
      assert.equal(queue.failed(1), false);
      queue = await open();
      assert.equal([...queue.entries()][0].tries, tries);
    }
    assert.equal(queue.failed(1), true);
    assert.deepEqual(seqs(queue), [2]);
    assert.deepEqual(session.events(), ["e2"]);
    assert.equal((await open()).dropped, 1);
    assert.equal(queue.failed(99), false);
  });

  it("empties without a trace when the gate closes, and does not call that dropped", async () => {
    const { open, session, local, clock } = browser();
    const queue = await open();
    for (let n = 0; n < 5; n += 1) put(queue);
    clock.pass(1_000);
    queue.empty();
    clock.pass(1_000);
    assert.deepEqual([queue.waiting, queue.dropped, session.events()], [0, 0, []]);
    assert.equal((await browser({ local }).open()).lost, 0);
  });

  it("forgets what was seen before the gate opened again, and keeps what was seen since", async () => {
    const { open, session, local } = browser();
    const queue = await open();
    for (const at of [3, 9, 4, 10]) put(queue, at);
    queue.emptyBefore(9);
    assert.deepEqual(seqs(queue), [2, 4]);
    assert.deepEqual(session.events(), ["e2", "e4"]);
    assert.equal(queue.dropped, 0);
    assert.equal((await browser({ local }).open()).lost, 2);
  });

  it("has lost nothing when the browser exits in the very moment after the gate closed", async () => {
    const first = browser();
    const queue = await first.open();
    for (let n = 0; n < 5; n += 1) put(queue);
    first.clock.pass(1_000);
    queue.empty();
    assert.equal((await browser({ local: first.local }).open()).lost, 0);
  });

  it("goes on, and says so, when the browser refuses to store", async () => {
    const { open, session } = browser();
    const queue = await open();
    session.full = true;
    put(queue);
    await Promise.resolve();
    await Promise.resolve();
    assert.equal(queue.storageFailed, true);
    assert.equal(queue.waiting, 1);
  });
});

describe("what a closed browser lost", () => {
  it("is reported by the next session, once it has been told no more", async () => {
    const first = browser();
    const queue = await first.open();
    for (let n = 0; n < 4; n += 1) put(queue);
    queue.acknowledge(1);
    first.clock.pass(1_000);
    const second = browser({ local: first.local });
    const next = await second.open();
    assert.equal(next.lost, 3);
    assert.notEqual(next.waiting, 3);
    const third = browser({ local: first.local });
    const untold = await third.open();
    assert.equal(untold.lost, 3, "nobody was told yet");
    untold.lostReported();
    assert.equal((await third.open()).lost, 3, "this session still shows it");
    assert.equal((await browser({ local: first.local }).open()).lost, 0);
  });

  it("is still to be told after a restart of the worker, and told once", async () => {
    const first = browser();
    const queue = await first.open();
    for (let n = 0; n < 3; n += 1) put(queue);
    first.clock.pass(1_000);
    const second = browser({ local: first.local });
    await second.open();
    const again = await second.open();
    put(again);
    second.clock.pass(1_000);
    assert.equal((await browser({ local: new FakeArea(Object.fromEntries(second.local.items)) }).open()).lost, 4);
    again.lostReported();
    assert.equal((await browser({ local: second.local }).open()).lost, 1);
  });

  it("keeps two numbers on disk and nothing of any event", async () => {
    const { open, local, clock } = browser();
    put(await open());
    clock.pass(1_000);
    assert.deepEqual(Object.fromEntries(local.items), { unacknowledged: { waiting: 1, lost: 0 } });
  });

  it("writes nothing to disk for an event that is acknowledged soon", async () => {
    const { open, local, clock } = browser();
    const queue = await open();
    for (let n = 0; n < 100; n += 1) {
      const seq = put(queue);
      clock.pass(20);
      queue.acknowledge(seq);
    }
    clock.pass(10_000);
    assert.equal(local.writes, 0);
    assert.deepEqual(clock.waits(), []);
  });
});

describe("laws", () => {
  it("memory, storage and a reopened queue agree after any history", async () => {
    for (let seed = 0; seed < 60; seed += 1) {
      const roll = dice(seed);
      const world = browser({ bound: 1 + roll(20) });
      let queue = await world.open();
      let highest = 0;
      for (let step = 0; step < 120; step += 1) {
        const what = roll(10);
        if (what < 6) {
          const seq = put(queue, step);
          assert.ok(seq > highest, `seed ${seed}: ${seq} was given out before`);
          highest = seq;
        } else if (what < 8 && queue.waiting > 0) {
          queue.acknowledge(queue.oldest + roll(5));
        } else if (what === 8) {
          queue.failed(queue.oldest);
        } else {
          world.clock.pass(roll(500));
          queue = await world.open();
          queue.continueAfter(highest);
        }
        assert.ok(queue.waiting <= 20);
      }
      const again = await world.open();
      assert.deepEqual([...again.entries()], [...queue.entries()], `seed ${seed}`);
      assert.equal(again.dropped, queue.dropped);
    }
  });

  it("clients are 22 characters of base64url and differ", () => {
    const made = new Set(Array.from({ length: 200 }, () => randomClient((bytes) => crypto.getRandomValues(bytes))));
    assert.equal(made.size, 200);
    for (const client of made) assert.match(client, /^[A-Za-z0-9_-]{22}$/);
  });
});
