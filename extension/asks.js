// Questions of the extension's own pages, on their way to the agent and back. Each gets a number; the agent's answer
// comes as the text of one document, in parts, which are joined here; or as one sentence that says why there is none.
//
//   page → background → Asks.ask → `ask`, `act` or `pause` → agent → `told`, in parts → Asks.receive → the document
//
// A question that nobody answers in fifteen seconds, or whose connection dies, fails with a text for the person. Nothing
// is asked again by itself: an act that may or may not have been recorded is looked up, not repeated.

import { say } from "./words.js";

export const TOO_LATE_MS = 15_000;
/** More than any page asks at once; the agent takes no more either. */
const MAX_UNDER_WAY = 8;
/** A notice has three parts, a receipt two. */
const MAX_PARTS = 100;
const TEXTS = new Set(["notice", "purposes", "today", "receipt"]);
const LONGEST_DWELL_MS = 86_400_000;

/**
 * `away`: nobody is there to ask. `old`: the agent is a release that is asked on its own page only. `late`: no answer.
 * `lost`: the connection died. `busy`: too much at once. `refused`: the agent says why not. `broken`: it makes no sense.
 * @typedef {"away" | "old" | "late" | "lost" | "busy" | "refused" | "broken"} AskProblem
 *
 * @typedef {Record<string, unknown>} Fields
 * @typedef {object} UnderWay
 * @property {string} kind `ask`, `act` or `pause`
 * @property {string[]} parts
 * @property {unknown} timer
 * @property {(document: any) => void} done
 * @property {(error: AskError) => void} failed
 */

/** Why a question has no answer, in words for the person. */
export class AskError extends Error {
  /**
   * @param {AskProblem} problem
   * @param {string} [words] the agent's own
   */
  constructor(problem, words = "") {
    super(words || say(`common_ask_${problem}`));
    this.problem = problem;
  }
}

export class Asks {
  /** @type {Map<number, UnderWay>} */
  #underWay = new Map();
  #next = 1;
  /** @type {AskProblem | null} why nothing can be asked now */
  #closed = /** @type {AskProblem | null} */ ("away");
  #edges;

  /**
   * @param {object} edges
   * @param {(message: Record<string, unknown>) => boolean} edges.send false when the port is gone
   * @param {(run: () => void, ms: number) => unknown} edges.setTimer
   * @param {(timer: any) => void} edges.clearTimer
   */
  constructor(edges) {
    this.#edges = edges;
  }

  /** The agent said welcome. @param {boolean} answers whether it is a release that answers questions */
  connected(answers) {
    this.#closed = answers ? null : "old";
  }

  /** Nobody is there any more: what was under way has no answer. */
  disconnected() {
    this.#closed = "away";
    for (const ask of [...this.#underWay.keys()]) this.#end(ask)?.failed(new AskError("lost"));
  }

  /**
   * @param {unknown} what `notice`, `purposes`, `today`, `receipt`, `act` or `pause`
   * @param {Fields} [fields] as docs/protocol.md has them
   * @returns {Promise<any>} the agent's document; rejected with an AskError
   */
  ask(what, fields = {}) {
    const message = messageOf(what, fields);
    if (message === null) return Promise.reject(new AskError("broken"));
    if (this.#closed !== null) return Promise.reject(new AskError(this.#closed));
    if (this.#underWay.size >= MAX_UNDER_WAY) return Promise.reject(new AskError("busy"));
    const ask = this.#next++;
    return new Promise((done, failed) => {
      const timer = this.#edges.setTimer(() => this.#end(ask)?.failed(new AskError("late")), TOO_LATE_MS);
      this.#underWay.set(ask, { kind: String(message["kind"]), parts: [], timer, done, failed });
      if (!this.#edges.send({ v: 1, ask, ...message })) this.#end(ask)?.failed(new AskError("lost"));
    });
  }

  /**
   * Take in a `told`. One that nobody waits for any more is nothing wrong: it came late.
   * @param {Record<string, unknown>} message
   * @returns {boolean} whether that can be meant
   */
  receive({ ask, part, parts, text, error }) {
    if (typeof ask !== "number") return false;
    const waiting = this.#underWay.get(ask);
    if (typeof error === "string") {
      this.#end(ask)?.failed(new AskError("refused", error.slice(0, 256)));
      return true;
    }
    const fits = typeof text === "string" && Number.isSafeInteger(parts) && Number(parts) <= MAX_PARTS;
    if (waiting === undefined) return fits;
    // Parts come in their order over the one connection: another order is another answer.
    if (!fits || part !== waiting.parts.length + 1 || Number(part) > Number(parts)) {
      this.#end(ask)?.failed(new AskError("broken"));
      return false;
    }
    waiting.parts.push(text);
    if (part !== parts) return true;
    this.#end(ask);
    try {
      waiting.done(JSON.parse(waiting.parts.join("")));
      return true;
    } catch {
      waiting.failed(new AskError("broken"));
      return false;
    }
  }

  /**
   * The agent would not take a message: whatever of this kind is under way gets no answer.
   * @param {string} about the kind
   * @returns {boolean} whether it is one of ours
   */
  refused(about) {
    if (about !== "ask" && about !== "act" && about !== "pause") return false;
    for (const [ask, { kind }] of [...this.#underWay])
      if (kind === about) this.#end(ask)?.failed(new AskError("broken"));
    return true;
  }

  /** @param {number} ask */
  #end(ask) {
    const waiting = this.#underWay.get(ask);
    if (waiting === undefined) return undefined;
    this.#underWay.delete(ask);
    this.#edges.clearTimer(waiting.timer);
    return waiting;
  }
}

/**
 * A question as docs/protocol.md writes it: only its fields, each of the right kind. What they may say, the agent judges.
 * @param {unknown} what
 * @param {Fields} fields
 * @returns {Record<string, unknown> | null}
 */
function messageOf(what, { language, entry, purpose, act, notice_sha256, control, dwell_ms, minutes }) {
  if (typeof what === "string" && TEXTS.has(what)) {
    const asked = { kind: "ask", what };
    if (what === "receipt") return Number.isSafeInteger(entry) ? { ...asked, entry } : null;
    return what === "today" ? asked : { ...asked, language: text(language).slice(0, 32) };
  }
  if (what === "pause") return Number.isSafeInteger(minutes) ? { kind: "pause", minutes } : null;
  if (what !== "act") return null;
  const dwell = Number.isFinite(dwell_ms) ? Math.min(LONGEST_DWELL_MS, Math.max(0, Math.round(Number(dwell_ms)))) : 0;
  return {
    kind: "act",
    purpose: text(purpose),
    act: text(act),
    notice_sha256: text(notice_sha256),
    control: text(control),
    dwell_ms: dwell,
  };
}

/** @param {unknown} value */
function text(value) {
  return typeof value === "string" ? value : "";
}
