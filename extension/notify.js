// A notification of the browser when a new flag comes, for whoever allowed it on the options page. Off by default: the
// agent shows a notice on the desktop already. It says that there is a message and nothing else: a screen may be shared,
// or locked.

import { say } from "./words.js";

const KEY = "flags_told";
export const NOTIFICATION = "flag";

export class Notifier {
  /** @type {Set<string> | null} flags that need no notification any more; null until the first list came */
  #told = null;
  #edges;

  /**
   * @param {object} edges
   * @param {import("./queue.js").Area} edges.session
   * @param {(id: string, options: {type: "basic", iconUrl: string, title: string, message: string}) => void} edges.show does nothing where the person did not allow it
   */
  constructor(edges) {
    this.#edges = edges;
  }

  /** Read what an earlier life of the worker left: what was told then is not told again. */
  async open() {
    const kept = (await this.#edges.session.get(KEY))[KEY];
    if (Array.isArray(kept)) this.#told = new Set([...kept, ...(this.#told ?? [])]);
  }

  /**
   * The flags as they are now. The first list of a browser session is how things stand, not news.
   * @param {readonly {id: string, answer: string}[]} flags
   */
  flags(flags) {
    const news = flags.filter(({ id, answer }) => answer === "" && this.#told !== null && !this.#told.has(id));
    this.#told = new Set(flags.map(({ id }) => id));
    this.#edges.session.set({ [KEY]: [...this.#told] }).catch(() => undefined);
    if (news.length === 0) return;
    this.#edges.show(NOTIFICATION, {
      type: "basic",
      iconUrl: "icons/icon-128.png",
      title: say("common_message_for_you"),
      message: say("common_message_open"),
    });
  }
}
