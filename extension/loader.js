// When a page of ours asks the agent what is told and what stands: at every state that can mean another answer, after a
// press, and again where it failed. Why it failed stands beside what could not be loaded; what was said of a press is
// never written over by it.
//
//   state → look → load → show
//   press → pressed(error?) ↗    ↘ problem, and once more in a while

import { AskError } from "./asks.js";

const AGAIN_MS = 5_000;
/** Problems after which an act may be on record all the same, or nobody is there to ask what is. */
const CUT_OFF = new Set(["lost", "late", "away"]);

export class Loader {
  /** Why the last loading failed; empty where it did not. */
  problem = "";
  /** What the state was when the agent was asked last. */
  #askedFor = "";
  #again = false;
  #askable = false;
  /** One question after the other: what is loaded later is newer. @type {Promise<void>} */
  #tail = Promise.resolve();
  #edges;

  /**
   * @param {object} edges
   * @param {() => Promise<void>} edges.load
   * @param {() => void} edges.show lays out what is loaded, or the problem
   * @param {(run: () => void, ms: number) => unknown} edges.setTimer
   */
  constructor(edges) {
    this.#edges = edges;
  }

  /**
   * A state came: ask, where there is somebody to ask and the answer can be another.
   * @param {import("./state.js").Snapshot} now
   * @param {boolean} askable whether there is an agent that answers questions
   */
  look(now, askable) {
    this.#askable = askable;
    if (!askable) {
      this.#askedFor = "";
      this.problem = "";
      return;
    }
    const key = JSON.stringify([now.link.phase, now.phase, now.gate, now.gateWords, now.agent]);
    if (key === this.#askedFor) return;
    this.#askedFor = key;
    this.load();
  }

  /** Ask anew what is told and what stands. */
  load() {
    const { load, show } = this.#edges;
    this.#tail = this.#tail
      .then(load)
      .then(
        () => {
          this.problem = "";
        },
        (/** @type {Error} */ error) => this.#failed(error),
      )
      .then(show);
  }

  /**
   * The person pressed something: what stands is asked anew, unless the answer to the press was cut off. Then the next
   * state asks.
   * @param {unknown} [error] why the press failed
   */
  pressed(error) {
    if (error instanceof AskError && CUT_OFF.has(error.problem)) this.#askedFor = "";
    else this.load();
  }

  /** Settles when every question so far is done with. */
  settled() {
    return this.#tail;
  }

  /** @param {Error} error */
  #failed(error) {
    this.#askedFor = "";
    if (!this.#askable) return;
    this.problem = error.message;
    if (this.#again) return;
    this.#again = true;
    this.#edges.setTimer(() => {
      this.#again = false;
      if (this.#askable && this.problem !== "") this.load();
    }, AGAIN_MS);
  }
}
