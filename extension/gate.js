// The gate: whether anything may be looked at now. The agent says so, per purpose, over the connection that is open
// now; without that word the gate is closed. Plain data in, plain data out.

/** The one purpose that the extension serves. */
export const PURPOSE = "security.detect-bulk-collection";

/**
 * @typedef {object} Gate
 * @property {"open" | "waiting" | "closed"} state
 * @property {number} since milliseconds UTC
 * @property {number | null} until when a waiting gate opens by itself
 * @property {string} reason a key such as `notice_not_shown`
 */

/**
 * Read the `gates` of a `gate` message. What is not understood is a closed gate, never an open one.
 * @param {unknown} gates
 * @returns {Gate}
 */
export function readGate(gates) {
  const mine = Array.isArray(gates) ? gates.filter((gate) => gate?.purpose === PURPOSE) : [];
  const { state, since, until, reason } = mine.length === 1 ? mine[0] : {};
  const known = (state === "open" || state === "waiting" || state === "closed") && Number.isSafeInteger(since);
  if (!known) return { state: "closed", since: 0, until: null, reason: "not_understood" };
  return {
    state,
    since,
    until: Number.isSafeInteger(until) ? until : null,
    reason: typeof reason === "string" ? reason.slice(0, 64) : "",
  };
}

/**
 * Whether a gate is open and has been without a break since an earlier word about it. Only then may what was seen under
 * that earlier word be kept: when it closed and opened again while nobody could tell us, what went before is over.
 * @param {Gate | null} before
 * @param {Gate} gate
 */
export function stayedOpen(before, gate) {
  return before?.state === "open" && gate.state === "open" && gate.since === before.since;
}

/**
 * Events that woke the worker arrive before the agent could be asked. They are held, unread, for a moment; only if the
 * gate turns out to have been open when they happened are they looked at, else they are dropped unread.
 * @template Held
 */
export class WaitingRoom {
  /** @type {{at: number, held: Held}[]} */
  #room = [];
  #open = true;
  #bound;

  /** @param {number} bound how many are held at most; the rest is dropped unread */
  constructor(bound) {
    this.#bound = bound;
  }

  /**
   * @param {Held} held
   * @param {number} at
   */
  hold(held, at) {
    if (this.#open && this.#room.length < this.#bound) this.#room.push({ at, held });
  }

  /**
   * Close the room for good and give out what happened while the gate was open.
   * @param {Gate | null} gate null: no gate will come
   * @returns {{at: number, held: Held}[]}
   */
  close(gate) {
    const room = this.#room;
    this.#room = [];
    this.#open = false;
    return gate?.state === "open" ? room.filter(({ at }) => at >= gate.since) : [];
  }
}
