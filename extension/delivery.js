// Delivery: what is said to the agent and when (docs/protocol.md). A page load is given its number and posted in one
// breath, then stored; it is forgotten when the agent acknowledges it. What an old connection did not acknowledge is
// sent again, oldest first, once the new one has said `welcome` and `gate`.
//
// An event that breaks the other side would be replayed for ever. So when the port dies, or the agent refuses, with
// several events under way, the next connection sends those one at a time: then exactly one is to blame, and the third
// blame drops it. That the agent alone went away is nobody's fault and counts nothing.

import { readGate } from "./gate.js";

/**
 * @typedef {import("./queue.js").Queue} Queue
 * @typedef {import("./queue.js").Load} Load
 * @typedef {import("./gate.js").Gate} Gate
 * @typedef {Record<string, any>} Message
 * @typedef {{version: string, mode: string, organisation: string, contact: string, answersQuestions: boolean}} Agent
 * @typedef {{id: string, name: string, family: string, stage: string, level: string, platforms: string[], since: number, why: string, answer: string, held_until: number | null}} Flag
 * @typedef {{reason: string, detail: string}} Refusal
 *
 * `away`: no agent. `greeting`: hello said. `welcome`: no gate yet, or none open. `open`: the gate is open.
 * `stopped`: the agent does not understand us; nothing more is said over this connection.
 * @typedef {"away" | "greeting" | "welcome" | "open" | "stopped"} Phase
 */

export const VERSION = 1;
export const MAX_BATCH = 500;
/** Below the limit of 65,536 bytes a frame, with room for what surrounds the list. */
export const MAX_BATCH_BYTES = 60_000;
const MAX_FLAGS = 32;
const MAX_GREETINGS = 3;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 20_000;
const TEMPORARY = new Set(["store_full", "store_failed"]);
/** Refusals that some other message than a page load can have caused, or that say nothing about one event. */
const NOBODYS_FAULT = new Set(["unknown_kind", "unknown_version", "no_hello"]);
/** Messages whose refusal says nothing about page loads. */
const APART = new Set(["answer", "coverage", "ask", "act", "pause"]);

/**
 * Cut what waits into messages of at most 500 events and 60,000 bytes, in order.
 * @param {Iterable<Load>} loads
 * @returns {Message[]}
 */
export function batches(loads) {
  /** @type {Load[][]} */
  const lists = [];
  let bytes = Infinity;
  for (const load of loads) {
    // Plain ASCII, so that characters are bytes; one more for the comma.
    const size = JSON.stringify(load).length + 1;
    if (bytes + size > MAX_BATCH_BYTES || (lists.at(-1)?.length ?? 0) >= MAX_BATCH) {
      lists.push([]);
      bytes = 0;
    }
    lists.at(-1)?.push(load);
    bytes += size;
  }
  return lists.map((list) =>
    list.length === 1 ? { v: VERSION, kind: "load", ...list[0] } : { v: VERSION, kind: "loads", loads: list },
  );
}

export class Delivery {
  /** @type {Phase} */
  phase = "away";
  /** @type {Agent | null} */
  agent = null;
  /** @type {Gate | null} the gate as this connection said it; null until it has */
  gate = null;
  /** @type {Flag[]} */
  flags = [];
  /** @type {Refusal | null} the last refusal, until something is acknowledged */
  refusal = null;
  /** @type {number | null} when something was last acknowledged, milliseconds UTC */
  lastAck = null;
  /** @type {Record<string, number>} what the agent did not keep, by reason */
  notKept = {};
  /** Messages from the agent that made no sense. */
  misunderstood = 0;

  #greetings = 0;
  /** The highest number posted over this connection. */
  #posted = 0;
  /** Up to here events are sent one at a time. */
  #careful = 0;
  #pause = FIRST_PAUSE_MS;
  #paused = false;
  #edges;

  /**
   * @param {object} edges
   * @param {Queue} edges.queue
   * @param {(message: Message) => boolean} edges.send false when the port is gone
   * @param {Message} edges.about `browser`, `browser_version` and `extension_version` of `hello`
   * @param {() => number} edges.now
   * @param {(run: () => void, ms: number) => unknown} edges.setTimer for less than 30 s only: a worker does not live longer
   * @param {import("./answers.js").Answers} edges.answers what the person said of flags, until the agent has it
   * @param {import("./asks.js").Asks} edges.asks questions of the extension's pages
   * @param {() => readonly string[]} edges.hidden the required platforms that the browser hides
   * @param {() => void} edges.changed something that the pop-up shows is different
   * @param {() => void} edges.worked an event was acknowledged: the connection is good
   * @param {(gate: Gate) => void} edges.onGate
   * @param {(url: string) => void} edges.onPage the one-time link that was asked for
   * @param {(flags: readonly Flag[]) => void} edges.onFlags
   */
  constructor(edges) {
    this.#edges = edges;
  }

  /** Whether page loads may be looked at now. */
  get open() {
    return this.phase === "open";
  }

  /** The host has a connection to the agent: introduce ourselves. */
  agentUp() {
    this.#leave();
    this.#greetings = 0;
    this.#greet();
  }

  /** The agent went away and the host is still there. Nobody's fault; everything waits. */
  agentDown() {
    this.#leave();
    this.#edges.changed();
  }

  /** The port died. If something was under way, it may be what killed it. */
  portDied() {
    if (this.phase !== "away") this.#blame();
    this.#leave();
    this.#edges.changed();
  }

  /**
   * Take in a page load: number, post, store, in this order and without waiting in between.
   * @param {import("./reduce.js").Reduced} reduced
   */
  add(reduced) {
    const { queue, send } = this.#edges;
    const load = queue.add(reduced);
    if (this.open && !this.#paused && this.#careful === 0) {
      if (send({ v: VERSION, kind: "load", ...load })) this.#posted = load.seq;
    }
    queue.persist(load);
    if (this.#careful !== 0) this.#flush();
    this.#edges.changed();
  }

  /** What the browser hides is different. An agent of an earlier release does not know the message. */
  coverage() {
    if (this.agent?.answersQuestions)
      this.#edges.send({ v: VERSION, kind: "coverage", missing: [...this.#edges.hidden()] });
  }

  /** Ask for a link to the person's page. @returns {boolean} whether there is anybody to ask */
  askForPage() {
    return (this.phase === "open" || this.phase === "welcome") && this.#edges.send({ v: VERSION, kind: "open_page" });
  }

  /**
   * Take in a message of the agent. Unknown kinds and fields are left alone.
   * @param {Message} message
   */
  receive(message) {
    const understood = this.#understand(message);
    if (!understood) this.misunderstood += 1;
    this.#edges.changed();
  }

  /** @param {Message} message */
  #understand(message) {
    switch (message["kind"]) {
      case "welcome":
        return this.#welcome(message);
      case "gate":
        return this.#onGate(message);
      case "ack":
        return this.#onAck(message);
      case "refuse":
        return this.#onRefuse(message);
      case "flags":
        return this.#onFlags(message);
      case "answered":
        return this.#edges.answers.over(message["finding"], message["at"]);
      case "told":
        return this.#edges.asks.receive(message);
      case "page":
        return this.#onPage(message);
      default:
        return message["kind"] === "pong";
    }
  }

  #greet() {
    const { queue, about, send } = this.#edges;
    this.phase = "greeting";
    this.#greetings += 1;
    send({
      v: VERSION,
      kind: "hello",
      client: queue.client,
      ...about,
      waiting: queue.waiting,
      dropped: queue.dropped,
      lost: queue.lost,
      oldest_seq: queue.oldest,
    });
    this.#edges.changed();
  }

  /** @param {Message} message */
  #welcome(message) {
    const { agent_version, mode, organisation, contact, acked } = message;
    if (this.phase !== "greeting" || !isCount(acked)) return false;
    this.agent = {
      version: text(agent_version),
      mode: text(mode),
      organisation: text(organisation),
      contact: text(contact),
      // This field came with the questions: an agent that does not say it does not know them.
      answersQuestions: typeof contact === "string",
    };
    this.refusal = null;
    this.phase = "welcome";
    this.#edges.queue.acknowledge(acked);
    this.#edges.queue.continueAfter(acked);
    this.#edges.queue.lostReported();
    this.coverage();
    this.#edges.asks.connected(this.agent.answersQuestions);
    this.#edges.answers.connected();
    return true;
  }

  /** @param {Message} message */
  #onGate(message) {
    if (this.phase !== "welcome" && this.phase !== "open") return false;
    this.gate = readGate(message["gates"]);
    this.phase = this.gate.state === "open" ? "open" : "welcome";
    if (this.open) {
      this.#edges.queue.emptyBefore(this.gate.since);
    } else {
      this.#edges.queue.empty();
      this.#careful = 0;
    }
    this.#edges.onGate(this.gate);
    this.#flush();
    return true;
  }

  /** @param {Message} message */
  #onAck(message) {
    const { seq, dropped } = message;
    if (!isCount(seq)) return false;
    const { queue, now, worked } = this.#edges;
    for (const one of Array.isArray(dropped) ? dropped : []) {
      const reason = text(one?.reason);
      this.notKept[reason] = (this.notKept[reason] ?? 0) + 1;
    }
    if (queue.acknowledge(seq) > 0) {
      this.refusal = null;
      this.#pause = FIRST_PAUSE_MS;
      worked();
    }
    this.lastAck = now();
    if (this.#careful !== 0) this.#flush();
    return true;
  }

  /** @param {Message} message */
  #onRefuse(message) {
    const reason = text(message["reason"]);
    const about = text(message["about"]);
    this.#edges.answers.refused(reason, about);
    this.#edges.asks.refused(about);
    const refusal = { reason, detail: text(message["detail"]) };
    if (APART.has(about)) {
      if (about === "answer") this.refusal = refusal;
      return true;
    }
    this.refusal = refusal;
    if (TEMPORARY.has(reason)) this.#pauseThenResend();
    else if (reason === "no_hello" && this.#greetings < MAX_GREETINGS) this.#greet();
    else if (reason === "unknown_version" || this.phase === "greeting") this.phase = "stopped";
    else if (!NOBODYS_FAULT.has(reason) && this.#blame()) this.#flush();
    return true;
  }

  /** @param {Message} message */
  #onFlags(message) {
    if (!Array.isArray(message["flags"])) return false;
    this.flags = message["flags"].slice(0, MAX_FLAGS).map((flag) => ({
      id: text(flag?.id),
      name: text(flag?.name),
      family: text(flag?.family),
      stage: text(flag?.stage),
      level: text(flag?.level),
      platforms: Array.isArray(flag?.platforms) ? flag.platforms.map(text) : [],
      since: isCount(flag?.since) ? flag.since : 0,
      why: text(flag?.why),
      answer: text(flag?.answer),
      held_until: isCount(flag?.held_until) ? flag.held_until : null,
    }));
    this.#edges.onFlags(this.flags);
    return true;
  }

  /** @param {Message} message */
  #onPage(message) {
    const { url } = message;
    if (typeof url !== "string" || url.length > 512) return false;
    this.#edges.onPage(url);
    return true;
  }

  /** Send what waits: everything, or the one event that is being tried by itself. */
  #flush() {
    if (!this.open || this.#paused) return;
    const { queue, send } = this.#edges;
    if (this.#careful !== 0 && queue.oldest !== 0 && queue.oldest <= this.#careful) {
      if (queue.oldest <= this.#posted) return;
      const [suspect] = queue.entries();
      if (suspect && send({ v: VERSION, kind: "load", ...suspect.load })) this.#posted = suspect.load.seq;
      return;
    }
    this.#careful = 0;
    const waiting = [...queue.entries()].map((entry) => entry.load).filter((load) => load.seq > this.#posted);
    for (const message of batches(waiting)) {
      if (!send(message)) return;
      this.#posted = (message["loads"]?.at(-1) ?? message).seq;
    }
  }

  /**
   * Something under way was refused or killed the port. With one under way, it is counted against that one; with more,
   * they are tried one at a time from now on.
   * @returns {boolean} whether anything was under way
   */
  #blame() {
    const { queue } = this.#edges;
    const underWay = [];
    for (const { load } of queue.entries()) {
      if (load.seq > this.#posted) break;
      underWay.push(load.seq);
    }
    this.#posted = 0;
    const [first] = underWay;
    if (first === undefined) return false;
    this.#careful = Math.max(this.#careful, underWay.at(-1) ?? first);
    if (underWay.length === 1) queue.failed(first);
    return true;
  }

  /** The agent could not store now. Everything is kept and sent again after a pause that grows up to 20 s. */
  #pauseThenResend() {
    if (this.#paused) return;
    this.#paused = true;
    this.#edges.setTimer(() => {
      this.#paused = false;
      this.#posted = 0;
      if (this.phase === "greeting") this.#greet();
      else this.#flush();
    }, this.#pause);
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE_MS);
  }

  /** Nothing of the old connection holds any more, least of all its gate. */
  #leave() {
    this.phase = "away";
    this.agent = null;
    this.gate = null;
    this.flags = [];
    this.#edges.answers.disconnected();
    this.#edges.asks.disconnected();
    this.#posted = 0;
  }
}

/** @param {unknown} value @returns {value is number} */
function isCount(value) {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/** @param {unknown} value */
function text(value) {
  return typeof value === "string" ? value.slice(0, 256) : "";
}
