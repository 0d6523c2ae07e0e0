// Stand-ins for the two browser objects that Node does not have, a storage area and a native port, and a clock whose
// timers run when told. The real ones are exercised in tests/e2e with real browsers.

/** A storage area in memory. Values are copied in and out, as a browser does. */
export class FakeArea {
  constructor(items = {}) {
    this.items = new Map(Object.entries(structuredClone(items)));
    this.writes = 0;
    this.full = false;
  }

  async get(keys) {
    const wanted = keys === null ? [...this.items.keys()] : [keys].filter((key) => this.items.has(key));
    return structuredClone(Object.fromEntries(wanted.map((key) => [key, this.items.get(key)])));
  }

  set(items) {
    this.writes += 1;
    if (this.full) return Promise.reject(new Error("QuotaExceeded"));
    for (const [key, value] of Object.entries(structuredClone(items))) this.items.set(key, value);
    return Promise.resolve();
  }

  async remove(keys) {
    for (const key of keys) this.items.delete(key);
  }

  events() {
    return [...this.items.keys()].filter((key) => /^e\d+$/.test(key));
  }
}

/** Time that passes when told to. */
export class FakeClock {
  constructor() {
    this.time = 1_000_000;
    this.timers = new Map();
    this.next = 1;
    this.now = () => this.time;
    this.setTimer = (run, ms) => {
      this.timers.set(this.next, { run, at: this.time + ms });
      return this.next++;
    };
    this.clearTimer = (id) => this.timers.delete(id);
  }

  pass(ms) {
    const end = this.time + ms;
    for (;;) {
      const due = [...this.timers]
        .filter(([, timer]) => timer.at <= end)
        .sort(([, one], [, other]) => one.at - other.at)[0];
      if (due === undefined) break;
      this.timers.delete(due[0]);
      this.time = due[1].at;
      due[1].run();
    }
    this.time = end;
  }

  /** Milliseconds until each timer that is set. */
  waits() {
    return [...this.timers.values()].map((timer) => timer.at - this.time);
  }
}

/** A native messaging port whose other end is the test. */
export class FakePort {
  constructor() {
    this.sent = [];
    this.listeners = { message: [], disconnect: [] };
    this.onMessage = { addListener: (listener) => this.listeners.message.push(listener) };
    this.onDisconnect = { addListener: (listener) => this.listeners.disconnect.push(listener) };
  }

  postMessage(message) {
    if (this.error !== undefined) throw new Error("disconnected port");
    this.sent.push(structuredClone(message));
  }

  disconnect() {}

  say(message) {
    for (const listener of this.listeners.message) listener({ v: 1, ...message });
  }

  die(words = "Native host has exited.") {
    this.error = words;
    for (const listener of this.listeners.disconnect) listener(this);
  }
}

/** Random numbers that are the same in every run: a failing property can be looked at again. */
export function dice(seed) {
  let state = seed >>> 0;
  return (sides) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * sides);
  };
}

export const page = (at = 1) => ({ platform: "linkedin", page_class: "profile", at, first: true, sequential: false });
