// When a page asks the agent anew, what it says where that fails, and that it leaves alone what was said of a press.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { beforeEach, test } from "node:test";

import { AskError } from "../../../extension/asks.js";
import { Loader } from "../../../extension/loader.js";
import "./english.mjs";
import { FakeClock } from "./fakes.mjs";

const state = (more = {}) => ({ link: { phase: "up" }, phase: "welcome", gate: null, agent: {}, ...more });
let clock, fails, loads, shown, loader;
beforeEach(() => {
  [clock, fails, loads, shown] = [new FakeClock(), null, 0, []];
  loader = new Loader({
    load: async () => {
      loads += 1;
      if (fails !== null) throw new AskError(fails);
    },
    show: () => shown.push(loader.problem),
    setTimer: clock.setTimer,
  });
});

test("a state is asked about once, another one anew, and one without an agent not at all", async () => {
  for (const [now, askable] of [[state(), false], [state(), true], [state(), true], [state({ phase: "open" }), true]])
    loader.look(now, askable);
  await loader.settled();
  assert.equal(loads, 2);
});

test("another purpose that stands differently is asked about, though our own gate stays as it is", async () => {
  loader.look(state({ gateWords: 1 }), true);
  loader.look(state({ gateWords: 2 }), true);
  await loader.settled();
  assert.equal(loads, 2);
});

test("a failure is shown and tried again, by itself and with the next state, until it works", async () => {
  fails = "late";
  loader.look(state(), true);
  await loader.settled();
  assert.deepEqual(shown, [new AskError("late").message]);
  loader.look(state(), true);
  await loader.settled();
  assert.equal(loads, 2, "the same state is asked about again");
  clock.pass(6_000);
  await loader.settled();
  fails = null;
  clock.pass(6_000);
  await loader.settled();
  assert.deepEqual([loads, loader.problem], [4, ""]);
  clock.pass(60_000);
  assert.equal(loads, 4);
});

test("where nobody is there any more, the state says so and nothing is tried", async () => {
  fails = "lost";
  loader.look(state(), true);
  loader.look(state(), false);
  await loader.settled();
  clock.pass(60_000);
  await loader.settled();
  assert.deepEqual([loads, loader.problem], [1, ""]);
});

test("after a press what stands is asked anew, but not where the answer to the press was cut off", async () => {
  loader.look(state(), true);
  for (const problem of ["lost", "late", "away"]) loader.pressed(new AskError(problem));
  await loader.settled();
  assert.equal(loads, 1);
  loader.look(state(), true);
  loader.pressed();
  loader.pressed(new AskError("refused"));
  await loader.settled();
  assert.equal(loads, 4);
});

test("neither page says of a press what is meant of a loading", () => {
  for (const page of ["welcome.js", "options.js"]) {
    const source = readFileSync(new URL(`../../../extension/${page}`, import.meta.url), "utf8");
    assert.match(source, /new Loader\(\{ load: \(\) => desk\.load\(language\), show,/, page);
    assert.doesNotMatch(source, /desk\.load\([^)]*\)\)?\s*\.then/, page);
  }
});
