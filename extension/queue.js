// The queue: every page load stays here until the agent has acknowledged it. It lives in memory and, one key per
// event, in the browser's session storage (memory too, but it outlives the worker; gone when the browser exits).
// Storage is read once, when the worker starts, and written without being waited for: an event is posted first.
//
// In local storage, which survives the browser, lies one small record of two numbers: how many events are unacknowledged
// (so that the next session can say how many were lost) and how many lost ones are not reported yet. No event data.

/**
 * @typedef {import("./reduce.js").Reduced & {seq: number}} Load
 * @typedef {{load: Load, tries: number}} Entry
 *
 * @typedef {object} Area the part of a browser storage area that is used
 * @property {(keys: null | string) => Promise<Record<string, any>>} get
 * @property {(items: Record<string, any>) => Promise<void>} set
 * @property {(keys: string[]) => Promise<void>} remove
 */

export const MAX_WAITING = 5_000;
export const MAX_TRIES = 3;
const COUNTER = "unacknowledged";
/** How long to wait before the counter on disk is brought up to date: an event acknowledged sooner costs no write. */
const COUNTER_DELAY_MS = 250;

/** @param {number} seq */
const keyOf = (seq) => `e${seq}`;

/** 22 characters of base64url: 128 random bits. @param {(bytes: Uint8Array<ArrayBuffer>) => Uint8Array} fill */
export function randomClient(fill) {
  return btoa(String.fromCharCode(...fill(new Uint8Array(16))))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .slice(0, 22);
}

export class Queue {
  /** How many events this client gave up: the bound was reached, or three tries failed. */
  dropped = 0;
  /** How many were unacknowledged when the browser last exited. */
  lost = 0;
  /** Whether the browser refused to store something: then a restart of the worker would lose what waits. */
  storageFailed = false;
  /** @type {Map<number, Entry>} in rising order of seq */
  #entries = new Map();
  #next = 1;
  #counterOnDisk = 0;
  #lostOnDisk = 0;
  #counterTimer = false;
  #session;
  #local;
  #setTimer;
  #bound;

  /**
   * @param {string} client
   * @param {object} edges
   * @param {Area} edges.session
   * @param {Area} edges.local
   * @param {(run: () => void, ms: number) => unknown} edges.setTimer
   * @param {number} [edges.bound]
   */
  constructor(client, { session, local, setTimer, bound = MAX_WAITING }) {
    this.client = client;
    this.#session = session;
    this.#local = local;
    this.#setTimer = setTimer;
    this.#bound = bound;
  }

  /**
   * Open the queue that this browser session has, or make a new one together with its client id.
   * @param {ConstructorParameters<typeof Queue>[1] & {makeClient: () => string}} edges
   * @returns {Promise<Queue>}
   */
  static async open(edges) {
    const [stored, disk] = await Promise.all([edges.session.get(null), edges.local.get(COUNTER)]);
    const record = disk[COUNTER] ?? {};
    const [waiting, lost] = [count(record.waiting), count(record.lost)];
    if (typeof stored["client"] === "string") {
      const queue = new Queue(stored["client"], edges);
      queue.#restore(stored);
      queue.#counterOnDisk = waiting;
      queue.#lostOnDisk = lost;
      return queue;
    }
    const queue = new Queue(edges.makeClient(), edges);
    queue.lost = waiting + lost;
    queue.#lostOnDisk = queue.lost;
    queue.#save({ client: queue.client, lost: queue.lost, dropped: 0 });
    if (queue.lost > 0) queue.#saveCounter(0);
    return queue;
  }

  /** @param {Record<string, any>} stored */
  #restore(stored) {
    this.dropped = count(stored["dropped"]);
    this.lost = count(stored["lost"]);
    const entries = Object.entries(stored)
      .filter(([key]) => /^e\d+$/.test(key))
      .map(([, entry]) => entry);
    entries.sort((one, other) => one.load.seq - other.load.seq);
    for (const entry of entries) this.#entries.set(entry.load.seq, entry);
    this.#next = (entries.at(-1)?.load.seq ?? 0) + 1;
  }

  get waiting() {
    return this.#entries.size;
  }

  /** The lowest waiting sequence number, 0 when none. */
  get oldest() {
    return this.#entries.keys().next().value ?? 0;
  }

  /** Everything that waits, oldest first. @returns {IterableIterator<Entry>} */
  entries() {
    return this.#entries.values();
  }

  /**
   * Take a page load in. Nothing is awaited: the number is given and the caller may post at once.
   * @param {import("./reduce.js").Reduced} reduced
   * @returns {Load}
   */
  add(reduced) {
    const load = { seq: this.#next++, ...reduced };
    this.#entries.set(load.seq, { load, tries: 0 });
    return load;
  }

  /**
   * Store what `add` took in. Separate from it so that posting comes first.
   * @param {Load} load
   */
  persist(load) {
    const items = /** @type {Record<string, any>} */ ({ [keyOf(load.seq)]: this.#entries.get(load.seq) });
    if (this.#entries.size > this.#bound) {
      this.#forget([this.oldest]);
      this.dropped += 1;
      items["dropped"] = this.dropped;
    }
    this.#save(items);
    this.#counterSoon();
  }

  /**
   * Forget everything up to `seq`: it is durably stored, or deliberately not kept.
   * @param {number} seq
   * @returns {number} how many were forgotten
   */
  acknowledge(seq) {
    // Only `seq` and not more: a number that was never given out must not make later events look already stored.
    const done = [];
    for (const waiting of this.#entries.keys()) {
      if (waiting > seq) break;
      done.push(waiting);
    }
    this.#forget(done);
    return done.length;
  }

  /**
   * Go on above what the agent already has of this client, so that no number is used twice after the worker restarted.
   * @param {number} acked
   */
  continueAfter(acked) {
    this.#next = Math.max(this.#next, acked + 1);
  }

  /**
   * Count a failed try of one event; the third drops it.
   * @param {number} seq
   * @returns {boolean} whether it was dropped
   */
  failed(seq) {
    const entry = this.#entries.get(seq);
    if (entry === undefined) return false;
    entry.tries += 1;
    if (entry.tries < MAX_TRIES) {
      this.#save({ [keyOf(seq)]: entry });
      return false;
    }
    this.#forget([seq]);
    this.dropped += 1;
    this.#save({ dropped: this.dropped });
    return true;
  }

  /** Forget everything: the gate has closed. Not counted as dropped, since nothing was to be kept. */
  empty() {
    this.emptyBefore(Infinity);
  }

  /**
   * Forget what was seen before the gate opened: it closed in between, and that was the moment to forget it, had there
   * been a connection to say so. Not counted as dropped or lost.
   * @param {number} since milliseconds UTC
   */
  emptyBefore(since) {
    const over = [...this.#entries.values()].filter(({ load }) => load.at < since).map(({ load }) => load.seq);
    if (over.length === 0) return;
    this.#forget(over);
    // At once: a browser that exits now has lost nothing that was still to be sent.
    this.#saveCounter(this.#entries.size);
  }

  /** The agent has been told how many were lost: the next session must not tell it again. */
  lostReported() {
    if (this.#lostOnDisk === 0) return;
    this.#lostOnDisk = 0;
    this.#saveCounter(this.#counterOnDisk);
  }

  /** @param {number[]} seqs */
  #forget(seqs) {
    if (seqs.length === 0) return;
    for (const seq of seqs) this.#entries.delete(seq);
    this.#session.remove(seqs.map(keyOf)).catch(() => this.#refused());
    this.#counterSoon();
  }

  /** @param {Record<string, any>} items */
  #save(items) {
    this.#session.set(items).catch(() => this.#refused());
  }

  #refused() {
    this.storageFailed = true;
  }

  #counterSoon() {
    if (this.#counterTimer || this.#entries.size === this.#counterOnDisk) return;
    this.#counterTimer = true;
    const oldest = this.oldest;
    this.#setTimer(() => {
      this.#counterTimer = false;
      // While acknowledgements flow the number is out of date before it is written; wait until it stands still.
      if (this.oldest !== oldest && this.#entries.size > 0) this.#counterSoon();
      else if (this.#entries.size !== this.#counterOnDisk) this.#saveCounter(this.#entries.size);
    }, COUNTER_DELAY_MS);
  }

  /** @param {number} waiting */
  #saveCounter(waiting) {
    this.#counterOnDisk = waiting;
    this.#local.set({ [COUNTER]: { waiting, lost: this.#lostOnDisk } }).catch(() => this.#refused());
  }
}

/** @param {unknown} value */
function count(value) {
  return Number.isSafeInteger(value) && Number(value) > 0 ? Number(value) : 0;
}
