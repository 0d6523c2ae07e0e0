// Today's page loads by platform, as the agent has them stored: the answer to `today` becomes bars, and is asked anew
// when something was acknowledged since, at most every two seconds.

import { platformName } from "./state.js";

/**
 * @typedef {{key: string, name: string, count: number, share: number}} Bar `share`: 0 to 1, of the longest
 */

const SOONEST_MS = 2_000;

/**
 * @param {any} document the agent's answer: `{since, platforms: [{platform, count}]}`
 * @returns {Bar[]} most first, as they came
 */
export function bars(document) {
  /** @type {{platform: string, count: number}[]} */
  const platforms = (Array.isArray(document?.platforms) ? document.platforms : []).filter(
    (/** @type {any} */ one) => typeof one?.platform === "string" && Number.isSafeInteger(one.count) && one.count > 0,
  );
  const most = Math.max(0, ...platforms.map(({ count }) => count));
  return platforms.map(({ platform, count }) => ({
    key: platform,
    name: platformName(platform),
    count,
    share: count / most,
  }));
}

export class Today {
  /** What the last answer rests on; asked again when it is another. */
  #asked = "";
  #soon = false;
  #edges;

  /**
   * @param {object} edges
   * @param {() => Promise<any>} edges.ask
   * @param {(run: () => void, ms: number) => unknown} edges.setTimer
   * @param {(bars: Bar[] | null, problem: string) => void} edges.show null: it cannot be known now, and why
   */
  constructor(edges) {
    this.#edges = edges;
  }

  /**
   * A state came: ask if there is somebody to ask and something can be different.
   * @param {import("./state.js").Snapshot} state
   */
  async look({ agent, lastAck }) {
    const rests = agent === null ? "" : `${lastAck}`;
    if (agent === null) this.#edges.show(null, "");
    if (rests === this.#asked || this.#soon) return;
    this.#asked = rests;
    if (agent === null) return;
    this.#soon = true;
    this.#edges.setTimer(() => {
      this.#soon = false;
    }, SOONEST_MS);
    try {
      this.#edges.show(bars(await this.#edges.ask()), "");
    } catch (error) {
      // The next state asks again.
      this.#asked = "";
      this.#edges.show(null, error instanceof Error ? error.message : "");
    }
  }
}
