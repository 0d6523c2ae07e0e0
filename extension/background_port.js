// A page's end of the port to the background: states come in, wishes go out, and a question comes back as a promise.
// The browser ends a worker that has nothing to do, and the port with it; then a new one is opened, which wakes it.
//
//   const background = openPort("options", (state) => show(state));
//   background.post({ kind: "retry" });
//   const { gates } = await background.ask("pause", { minutes: 60 });

import { AskError } from "./asks.js";

/** @type {typeof chrome} */
const api = /** @type {any} */ (globalThis).browser ?? chrome;
const AGAIN_MS = 1_000;

/**
 * @typedef {object} BackgroundPort
 * @property {(what: string, fields?: import("./asks.js").Fields) => Promise<any>} ask rejected with an AskError
 * @property {(message: Record<string, unknown>) => void} post
 */

/**
 * @param {"popup" | "welcome" | "options"} name
 * @param {(state: import("./state.js").Snapshot) => void} onState told at once and at each change
 * @returns {BackgroundPort}
 */
export function openPort(name, onState) {
  /** @type {Map<number, {done: (document: any) => void, failed: (error: AskError) => void}>} */
  const waiting = new Map();
  /** @type {chrome.runtime.Port | null} */
  let port = null;
  let next = 1;

  /** @returns {chrome.runtime.Port} */
  const opened = () => {
    if (port !== null) return port;
    const made = api.runtime.connect({ name });
    made.onMessage.addListener((message) => {
      if (message?.kind === "state") onState(message.state);
      if (message?.kind !== "told") return;
      const question = waiting.get(message.id);
      waiting.delete(message.id);
      if (message.problem === undefined) question?.done(message.document);
      else question?.failed(new AskError(message.problem, message.error));
    });
    made.onDisconnect.addListener(() => {
      port = null;
      for (const { failed } of waiting.values()) failed(new AskError("lost"));
      waiting.clear();
      setTimeout(openAgain, AGAIN_MS);
    });
    port = made;
    return made;
  };
  const openAgain = () => {
    // An extension that was updated or removed under its open page has no background any more.
    if (api.runtime?.id !== undefined) opened();
  };

  opened();
  return {
    ask: (what, fields = {}) =>
      new Promise((done, failed) => {
        const id = next++;
        waiting.set(id, { done, failed });
        opened().postMessage({ ...fields, kind: "ask", id, what });
      }),
    post: (message) => opened().postMessage(message),
  };
}
