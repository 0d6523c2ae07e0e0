// The states of the link: each snapshot has exactly one, and each says what it means and what to do.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { BOXED, NO_AGENT, NO_PORT, STATES, stateNow } from "../../../extension/diagnosis.js";

const MESSAGES = JSON.parse(readFileSync(new URL("../../../extension/_locales/en/messages.json", import.meta.url), "utf8"));

const snapshot = (link, phase = "away", gate = null) => ({
  link: { phase: "up", problem: null, agentReason: "", ...link },
  phase,
  gate,
});

test("each reason of a browser for no port is a state of its own", () => {
  for (const problem of ["not_installed", "blocked", "died", "protocol", "forbidden"])
    assert.equal(stateNow(snapshot({ phase: "failed", problem })).id, problem);
  assert.equal(NO_PORT.length, 5);
});

test("each reason of the host for no agent is a state of its own", () => {
  for (const agentReason of ["not_running", "refused", "lost"])
    assert.equal(stateNow(snapshot({ phase: "agent_down", agentReason })).id, agentReason);
});

test("a refusal, the wait and a working link are told apart", () => {
  assert.equal(stateNow(snapshot({}, "stopped")).id, "refused_by_agent");
  assert.equal(stateNow(snapshot({}, "greeting")).id, "connecting");
  assert.equal(stateNow(snapshot({ phase: "failed" })).id, "connecting");
  assert.equal(stateNow(snapshot({}, "open", { state: "open" })).id, "connected");
  assert.equal(stateNow(snapshot({}, "welcome", { state: "closed" })).id, "connected");
});

test("a reason of a later release is told as the plainest of its kind", () => {
  assert.equal(stateNow(snapshot({ phase: "failed", problem: "toString" })).id, "died");
  assert.equal(stateNow(snapshot({ phase: "agent_down", agentReason: "asleep" })).id, "not_running");
});

test("every state has its texts, and where something is broken says what to do", () => {
  for (const { title, means, todo, tone } of STATES) {
    for (const key of [title, means, ...(todo === "" ? [] : [todo])]) assert.ok(MESSAGES[key]?.message, key);
    assert.equal(tone === "trouble", todo !== "", title);
  }
  for (const { name, says } of BOXED) for (const key of [name, says]) assert.ok(MESSAGES[key]?.message, key);
  assert.equal(new Set(STATES.map(({ id }) => id)).size, STATES.length);
  assert.ok(NO_AGENT.every(({ commands }) => commands.length > 0));
});
