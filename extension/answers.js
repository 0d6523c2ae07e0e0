// Answers: what the person said of a flag, until the agent has it. An answer is posted at once and again every ten
// seconds, and after every new greeting, until `answered` says that it is over. The agent tells by the time of the press
// what came twice, so nothing here has to count.
//
// What waits lies in the browser's session storage too: it outlives the worker, and is gone when the browser exits.

/**
 * @typedef {import("./queue.js").Area} Area
 * @typedef {{finding: string, category: Category, at: number, dwell_ms: number}} Answer
 * @typedef {"approved" | "stopped" | "mistaken" | "not_me"} Category
 */

/** In the order in which they are offered. @type {readonly Category[]} */
export const CATEGORIES = ["approved", "stopped", "mistaken", "not_me"];
export const MAX_WAITING = 32;
export const AGAIN_MS = 10_000;
/** An answer that is refused for what is in it is said so often, then given up. */
const MAX_TRIES = 3;
const LONGEST_DWELL_MS = 86_400_000;
const KEY = "answers";

export class Answers {
  /** Whether the agent is a release that takes no answers from here: the person answers on the page then. */
  tooOld = false;
  /** Answers that were given up since the agent refused them three times. */
  givenUp = 0;
  /** @type {Map<string, Answer & {tries: number}>} by finding: a later answer replaces the one before */
  #waiting = new Map();
  #connected = false;
  #timer = false;
  #edges;

  /**
   * @param {object} edges
   * @param {Area} edges.session
   * @param {(message: Record<string, unknown>) => boolean} edges.send false when the port is gone
   * @param {() => number} edges.now
   * @param {(run: () => void, ms: number) => unknown} edges.setTimer
   * @param {() => void} edges.changed
   */
  constructor(edges) {
    this.#edges = edges;
  }

  /** Read what an earlier life of the worker left. */
  async open() {
    const kept = (await this.#edges.session.get(KEY))[KEY];
    for (const one of Array.isArray(kept) ? kept : []) {
      // What was pressed while this was read is newer.
      if (isAnswer(one) && !this.#waiting.has(one.finding)) this.#waiting.set(one.finding, { ...one, tries: 0 });
    }
    if (this.#connected) this.#sendAll();
  }

  /** What waits for a finding, or nothing. @param {string} finding @returns {Category | ""} */
  of(finding) {
    return this.#waiting.get(finding)?.category ?? "";
  }

  /**
   * The person pressed one of the answers.
   * @param {string} finding
   * @param {unknown} category
   * @param {unknown} dwell milliseconds for which the flag had been before them
   * @returns {boolean} whether it is an answer that can be given
   */
  give(finding, category, dwell) {
    const answer = { finding, category, at: this.#edges.now(), dwell_ms: within(dwell) };
    if (this.tooOld || !isAnswer(answer)) return false;
    if (!this.#waiting.has(finding) && this.#waiting.size >= MAX_WAITING) return false;
    this.#waiting.set(finding, { ...answer, tries: 0 });
    this.#save();
    if (this.#connected) this.#send(answer);
    this.#again();
    this.#edges.changed();
    return true;
  }

  /** The agent said welcome: everything that waits is said again. */
  connected() {
    this.#connected = true;
    this.tooOld = false;
    this.#sendAll();
  }

  /** Nobody is there to hear; everything waits. */
  disconnected() {
    this.#connected = false;
  }

  /**
   * The agent is done with an answer.
   * @param {unknown} finding
   * @param {unknown} at
   * @returns {boolean} whether that can be meant
   */
  over(finding, at) {
    if (typeof finding !== "string" || !Number.isSafeInteger(at)) return false;
    // One that was replaced meanwhile is over too, and says nothing about the one that waits.
    if (this.#waiting.get(finding)?.at === at) {
      this.#waiting.delete(finding);
      this.#save();
    }
    return true;
  }

  /**
   * The agent refused something.
   * @param {string} reason
   * @param {string} about the kind of message, empty where the agent does not say
   */
  refused(reason, about) {
    if (this.#waiting.size === 0) return;
    if (reason === "unknown_kind") {
      this.tooOld = true;
      this.#waiting.clear();
    } else if (reason === "bad_field" && about === "answer") {
      for (const [finding, waiting] of this.#waiting) {
        waiting.tries += 1;
        if (waiting.tries < MAX_TRIES) continue;
        this.#waiting.delete(finding);
        this.givenUp += 1;
      }
    } else return;
    this.#save();
  }

  #sendAll() {
    for (const { finding, category, at, dwell_ms } of this.#waiting.values())
      this.#send({ finding, category, at, dwell_ms });
    this.#again();
  }

  /** @param {Answer} answer */
  #send(answer) {
    this.#edges.send({ v: 1, kind: "answer", ...answer });
  }

  #again() {
    if (this.#timer || this.#waiting.size === 0) return;
    this.#timer = true;
    this.#edges.setTimer(() => {
      this.#timer = false;
      if (this.#connected) this.#sendAll();
      else this.#again();
    }, AGAIN_MS);
  }

  #save() {
    const kept = [...this.#waiting.values()].map(({ finding, category, at, dwell_ms }) => ({
      finding,
      category,
      at,
      dwell_ms,
    }));
    // Where the browser refuses to keep it, it lasts as long as the worker: the person is still told that it waits.
    this.#edges.session.set({ [KEY]: kept }).catch(() => undefined);
  }
}

/** @param {any} one @returns {one is Answer} */
function isAnswer(one) {
  return (
    typeof one?.finding === "string" &&
    /^[A-Za-z0-9_-]{1,64}$/.test(one.finding) &&
    CATEGORIES.includes(one.category) &&
    Number.isSafeInteger(one.at) &&
    one.at >= 0 &&
    Number.isSafeInteger(one.dwell_ms) &&
    one.dwell_ms >= 0 &&
    one.dwell_ms <= LONGEST_DWELL_MS
  );
}

/** @param {unknown} dwell */
function within(dwell) {
  return Number.isFinite(dwell) ? Math.min(LONGEST_DWELL_MS, Math.max(0, Math.round(Number(dwell)))) : 0;
}
