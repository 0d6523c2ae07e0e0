// The one port to the native host: opening it, knowing why it does not open, trying again. Messages pass through
// unread, except the host's own `agent` message, which says whether the agent is behind it.
//
// While the port is open the browser keeps the worker alive and nothing here runs. When it dies, quick retries by timer
// come first; a worker does not live past 30 s, so the slow ones are a repeating alarm, whose period carries the
// back-off from one life of the worker to the next.

/**
 * The five reasons that browsers give, and one for what they do not explain.
 * @typedef {"not_installed" | "blocked" | "died" | "protocol" | "forbidden"} Problem
 *
 * `connecting`: port open, host silent so far. `up`: agent there. `agent_down`: host there, agent not.
 * `failed`: no port.
 * @typedef {"connecting" | "up" | "agent_down" | "failed"} LinkPhase
 *
 * @typedef {object} Port the part of a runtime port that is used
 * @property {(message: object) => void} postMessage
 * @property {() => void} disconnect
 * @property {{addListener(listener: (message: any) => void): void}} onMessage
 * @property {{addListener(listener: (port: any) => void): void}} onDisconnect
 *
 * @typedef {object} Alarms
 * @property {(name: string, when: {delayInMinutes: number, periodInMinutes: number}) => unknown} create
 * @property {(name: string) => unknown} clear
 */

export const ALARM = "reconnect";
const QUICK_MS = [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000];
const SLOWEST_MINUTES = 5;
/** A connection that lived this long was a good one: after it the back-off begins anew. */
const GOOD_MS = 10_000;

/** Chromium's and Firefox's own words. @type {readonly [RegExp, Problem][]} */
const WORDS = [
  [/host not found|no such native application/i, "not_installed"],
  [/disabled by the system administrator|blocked by policy/i, "blocked"],
  [/forbidden|does not have permission/i, "forbidden"],
  [/error when communicating|unexpected error|native application tried to send|invalid/i, "protocol"],
];

/**
 * Why the browser says that it closed the port.
 * @param {string | undefined} words `runtime.lastError` or `port.error`; Firefox says nothing when the host died
 * @returns {Problem}
 */
export function problemOf(words) {
  return WORDS.find(([pattern]) => pattern.test(words ?? ""))?.[1] ?? "died";
}

export class Connection {
  /** @type {LinkPhase} */
  phase = "failed";
  /** @type {Problem | null} */
  problem = null;
  /** What the host says of the agent when it is down: `not_running`, `refused`, `lost`. */
  agentReason = "";
  hostVersion = "";
  /** Messages from the other side that made no sense. */
  misunderstood = 0;

  /** @type {Port | null} */
  #port = null;
  #openedAt = 0;
  #quick = 0;
  /** Minutes of the slow retry that is running, 0 when none. */
  #slow = 0;
  /** @type {unknown} */
  #timer = null;
  #edges;

  /**
   * @param {object} edges
   * @param {() => Port} edges.connect
   * @param {(port: Port) => string | undefined} edges.whyClosed
   * @param {() => number} edges.now
   * @param {(run: () => void, ms: number) => unknown} edges.setTimer
   * @param {(timer: any) => void} edges.clearTimer
   * @param {Alarms} edges.alarms
   * @param {() => void} edges.onAgentUp
   * @param {() => void} edges.onAgentDown
   * @param {(message: Record<string, any>) => void} edges.onMessage
   * @param {() => void} edges.onClosed
   */
  constructor(edges) {
    this.#edges = edges;
  }

  /** Open the port unless it is open. */
  start() {
    if (this.#port !== null) return;
    this.#edges.clearTimer(this.#timer);
    this.#timer = null;
    this.phase = "connecting";
    this.agentReason = "";
    this.#openedAt = this.#edges.now();
    try {
      const port = this.#edges.connect();
      this.#port = port;
      port.onMessage.addListener((message) => this.#receive(port, message));
      port.onDisconnect.addListener(() => this.#closed(port, this.#edges.whyClosed(port)));
    } catch (error) {
      this.#closed(this.#port, String(error));
    }
  }

  /**
   * A slow retry was set in this life of the worker or an earlier one; it may be its turn now.
   * @param {number} minutes its period
   */
  slowRetry(minutes) {
    if (this.phase === "up" || this.phase === "agent_down") return;
    this.#slow = Math.max(this.#slow, minutes);
    this.start();
  }

  /** An event was acknowledged: this connection is good, a later failure is a new story. */
  worked() {
    this.#quick = 0;
  }

  /**
   * @param {object} message
   * @returns {boolean} false when there is no port
   */
  send(message) {
    const port = this.#port;
    if (port === null) return false;
    try {
      port.postMessage(message);
      return true;
    } catch {
      // The port died a moment ago and its event has not arrived yet; it will, and everything is kept until then.
      return false;
    }
  }

  /**
   * @param {Port} port
   * @param {unknown} message
   */
  #receive(port, message) {
    if (port !== this.#port) return;
    const plain = /** @type {Record<string, any> | null} */ (
      message !== null && typeof message === "object" ? message : null
    );
    if (plain === null || plain["v"] !== 1 || typeof plain["kind"] !== "string") {
      this.misunderstood += 1;
      return;
    }
    if (plain["kind"] !== "agent") {
      this.#edges.onMessage(plain);
      return;
    }
    if (this.problem !== null || this.#slow !== 0) this.#edges.alarms.clear(ALARM);
    this.problem = null;
    this.#slow = 0;
    this.hostVersion = String(plain["host_version"] ?? "").slice(0, 32);
    this.agentReason = plain["up"] === true ? "" : String(plain["reason"] ?? "").slice(0, 32);
    this.phase = plain["up"] === true ? "up" : "agent_down";
    if (this.phase === "up") this.#edges.onAgentUp();
    else this.#edges.onAgentDown();
  }

  /**
   * @param {Port | null} port
   * @param {string | undefined} words
   */
  #closed(port, words) {
    if (port !== this.#port) return;
    this.#port = null;
    this.phase = "failed";
    this.problem = problemOf(words);
    if (this.#edges.now() - this.#openedAt >= GOOD_MS) this.#quick = 0;
    this.#edges.onClosed();
    this.#retryLater();
  }

  #retryLater() {
    const quick = QUICK_MS[this.#quick];
    if (this.#slow === 0 && quick !== undefined) {
      this.#quick += 1;
      this.#timer = this.#edges.setTimer(() => this.start(), quick);
      return;
    }
    this.#slow = this.#slow === 0 ? 0.5 : Math.min(this.#slow * 2, SLOWEST_MINUTES);
    this.#edges.alarms.create(ALARM, { delayInMinutes: this.#slow, periodInMinutes: this.#slow });
  }
}
