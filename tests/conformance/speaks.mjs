// The extension's end of the protocol for test_protocol_examples.py: takes the examples of docs/protocol.md on stdin,
// as {host, agent}, lists of messages, lets the shipped connection.js and delivery.js hear them in that order, and
// prints what the extension said itself and whether anything was not understood.

import { readFileSync } from "node:fs";

import { Answers } from "../../extension/answers.js";
import { Asks } from "../../extension/asks.js";
import { Connection } from "../../extension/connection.js";
import { Delivery } from "../../extension/delivery.js";
import { Queue } from "../../extension/queue.js";
import { FakeArea, FakeClock, FakePort, page } from "../unit/extension/fakes.mjs";

const { host, agent, client } = JSON.parse(readFileSync(0, "utf8"));
const clock = new FakeClock();
const port = new FakePort();
const pages = [];
const queue = await Queue.open({
  session: new FakeArea(),
  local: new FakeArea(),
  setTimer: clock.setTimer,
  makeClient: () => client,
});
const connection = new Connection({
  connect: () => port,
  whyClosed: () => undefined,
  now: clock.now,
  setTimer: clock.setTimer,
  clearTimer: clock.clearTimer,
  alarms: { create: () => {}, clear: () => {} },
  onAgentUp: () => delivery.agentUp(),
  onAgentDown: () => delivery.agentDown(),
  onMessage: (message) => delivery.receive(message),
  onClosed: () => delivery.portDied(),
});
const answers = new Answers({
  session: new FakeArea(),
  send: (message) => connection.send(message),
  now: () => over.at,
  setTimer: clock.setTimer,
  changed: () => {},
});
const asks = new Asks({
  send: (message) => connection.send(message),
  setTimer: clock.setTimer,
  clearTimer: clock.clearTimer,
});
const delivery = new Delivery({
  queue,
  answers,
  asks,
  hidden: () => ["linkedin"],
  send: (message) => connection.send(message),
  about: { browser: "chromium", browser_version: "156", extension_version: "0.1.0" },
  now: clock.now,
  setTimer: clock.setTimer,
  changed: () => {},
  worked: () => {},
  onGate: () => {},
  onPage: (url) => pages.push(url),
  onFlags: () => {},
});

// Pressed at the moment that the example's `answered` names, so that it is this answer that is over.
const over = agent.find(({ kind }) => kind === "answered");

connection.start();
for (const message of host) port.say(message);
const reason = connection.agentReason;
const greeting = agent.filter(({ kind }) => kind === "welcome" || kind === "gate");
// Seen while the gate of the examples was open: anything older would be forgotten.
const seen = greeting.find(({ kind }) => kind === "gate").gates[0].since;
const greet = () => {
  port.say({ kind: "agent", up: true, host_version: "0.1.0" });
  for (const message of greeting) port.say(message);
};
greet();
delivery.add(page(seen));
// What waited while the agent was away comes as `loads`.
port.say({ kind: "agent", up: false, host_version: "0.1.0", reason: "lost" });
delivery.add(page(seen));
greet();
answers.give(over.finding, "stopped", 3_200);
delivery.askForPage();
// Asked until the number that the example of `told` answers comes up: that is the one that is answered.
const told = [];
const { ask: number } = agent.find(({ kind }) => kind === "told");
const act = { purpose: "", act: "acknowledged", notice_sha256: "0".repeat(64), control: "welcome.acknowledge" };
const questions = [
  ["pause", { minutes: 60 }],
  ["act", { ...act, dwell_ms: 1 }],
  ["notice", { language: "de" }],
  ["purposes", { language: "de" }],
  ["receipt", { entry: 3 }],
];
for (let asked = 1; asked <= number; asked++) {
  const [what, fields] = questions[(number - asked) % questions.length];
  asks.ask(what, fields).then(
    (document) => told.push(document),
    () => {},
  );
  if (asked < number) port.say({ kind: "told", ask: asked, error: "Not the one." });
}
for (const message of agent.filter((message) => !greeting.includes(message))) port.say(message);

await new Promise((done) => setImmediate(done));
process.stdout.write(
  JSON.stringify({
    said: port.sent,
    misunderstood: connection.misunderstood + delivery.misunderstood,
    reason,
    host_version: connection.hostVersion,
    agent: delivery.agent,
    gate: delivery.gate,
    not_kept: delivery.notKept,
    refusal: delivery.refusal,
    flags: delivery.flags,
    waiting_answers: [answers.of(over.finding)].filter((category) => category !== ""),
    pages,
    told,
  }),
);
