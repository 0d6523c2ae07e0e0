// What the link between browser and agent can be like: the five reasons for which a browser opens no port, the three for
// which the agent is not behind it, a refusal, the wait, and that all is well. Each with what it means, what to do and,
// where a command helps, the command. Data and one pure choice; the options page lists them all, the welcome page shows
// the one that holds.

/**
 * @typedef {object} LinkState
 * @property {string} id a value of `link.problem`, of `link.agentReason`, or one of `refused_by_agent`, `connecting`, `connected`
 * @property {"good" | "quiet" | "trouble"} tone
 * @property {string} title keys of texts
 * @property {string} means
 * @property {string} todo empty where there is nothing to do
 * @property {readonly string[]} commands to be typed at a terminal, in this order
 */

/** @type {LinkState} */
const CONNECTED = {
  id: "connected",
  tone: "good",
  title: "options_connected",
  means: "options_connected_means",
  todo: "",
  commands: [],
};

/** @type {LinkState} */
const CONNECTING = {
  id: "connecting",
  tone: "quiet",
  title: "options_connecting",
  means: "options_connecting_means",
  todo: "",
  commands: [],
};

/** No port: what the browser says of the native host. @type {readonly LinkState[]} */
export const NO_PORT = [
  {
    id: "not_installed",
    tone: "trouble",
    title: "options_not_installed",
    means: "options_not_installed_means",
    todo: "options_not_installed_todo",
    commands: ["pipx install gleanwatch", "gleanwatch setup"],
  },
  {
    id: "blocked",
    tone: "trouble",
    title: "options_blocked",
    means: "options_blocked_means",
    todo: "options_blocked_todo",
    commands: [],
  },
  {
    id: "died",
    tone: "trouble",
    title: "options_died",
    means: "options_died_means",
    todo: "options_died_todo",
    commands: ["gleanwatch doctor"],
  },
  {
    id: "protocol",
    tone: "trouble",
    title: "options_protocol",
    means: "options_protocol_means",
    todo: "options_protocol_todo",
    commands: ["gleanwatch browser install"],
  },
  {
    id: "forbidden",
    tone: "trouble",
    title: "options_forbidden",
    means: "options_forbidden_means",
    todo: "options_forbidden_todo",
    commands: ["gleanwatch browser install"],
  },
];

/** A port, and no agent behind it: what the native host says. @type {readonly LinkState[]} */
export const NO_AGENT = [
  {
    id: "not_running",
    tone: "trouble",
    title: "options_not_running",
    means: "options_not_running_means",
    todo: "options_not_running_todo",
    commands: ["gleanwatch run"],
  },
  {
    id: "lost",
    tone: "trouble",
    title: "options_lost",
    means: "options_lost_means",
    todo: "options_lost_todo",
    commands: ["gleanwatch run"],
  },
  {
    id: "refused",
    tone: "trouble",
    title: "options_refused",
    means: "options_refused_means",
    todo: "options_refused_todo",
    commands: ["gleanwatch doctor"],
  },
  {
    id: "refused_by_agent",
    tone: "trouble",
    title: "options_refused_by_agent",
    means: "options_refused_by_agent_means",
    todo: "options_refused_by_agent_todo",
    commands: ["gleanwatch doctor"],
  },
];

/** Every state, the good one first. */
export const STATES = [CONNECTED, ...NO_PORT, ...NO_AGENT];

/**
 * Which of them holds. A reason that a later release may give is the plainest of its kind.
 * @param {{link: {phase: string, problem: string | null, agentReason: string}, phase: string, gate: object | null}} state
 * @returns {LinkState}
 */
export function stateNow({ link, phase, gate }) {
  /** @param {readonly LinkState[]} among @param {string | null} id @param {string} otherwise */
  const one = (among, id, otherwise) =>
    among.find((state) => state.id === id) ?? among.find((state) => state.id === otherwise) ?? CONNECTING;
  if (link.phase === "failed") return link.problem === null ? CONNECTING : one(NO_PORT, link.problem, "died");
  if (link.phase === "agent_down") return one(NO_AGENT, link.agentReason, "not_running");
  if (phase === "stopped") return one(NO_AGENT, "refused_by_agent", "not_running");
  return gate === null ? CONNECTING : CONNECTED;
}

/** Browsers that run in a box of their own, and what works there. @type {readonly {name: string, says: string}[]} */
export const BOXED = [
  { name: "options_boxed_snap_firefox", says: "options_boxed_snap_firefox_says" },
  { name: "options_boxed_snap_chromium", says: "options_boxed_snap_chromium_says" },
  { name: "options_boxed_flatpak", says: "options_boxed_flatpak_says" },
];
