// What the extension's pages and the badge show, in plain words. A snapshot of the parts comes in, texts come out; the
// pages only lay them out. Every state says what it means and, where something can be done, what. The texts themselves
// are in `_locales`; here is which of them holds.

import { CATEGORIES } from "./answers.js";
import { PLATFORMS } from "./platforms.js";
import { ago, date, known, listed, many, number, say, span } from "./words.js";

/**
 * @typedef {object} Managed what whoever manages this browser has set, checked (managed.js)
 * @property {string} by the name they give themselves
 * @property {string} contact
 * @property {string} installType `admin`: they put the extension here; else `normal`, `development`, `sideload`, `other`, or empty
 * @property {boolean} ownSites whether the person may add sites of their own
 * @property {boolean} github whether counting GitHub is offered
 * @property {boolean} notifications whether notifications are offered
 * @property {string[]} ignored settings that were of the wrong type, by name; `other` for unknown ones
 *
 * @typedef {object} Snapshot
 * @property {{phase: import("./connection.js").LinkPhase, problem: import("./connection.js").Problem | null, agentReason: string, hostVersion: string}} link
 * @property {import("./delivery.js").Phase} phase
 * @property {import("./delivery.js").Agent | null} agent
 * @property {import("./gate.js").Gate | null} gate
 * @property {number} gateWords how often the agent has spoken of gates: more means that some purpose stands differently
 * @property {import("./delivery.js").Refusal | null} refusal
 * @property {(import("./delivery.js").Flag & {waiting: string})[]} flags with the answer that waits to be taken, if any
 * @property {boolean} answersOnPage whether the agent takes no answers from here
 * @property {number} answersGivenUp how many answers the agent would not take
 * @property {number | null} lastAck
 * @property {number} waiting
 * @property {number} dropped
 * @property {number} lost
 * @property {Record<string, number>} notKept
 * @property {number} privatePages
 * @property {number} misunderstood
 * @property {number} failed
 * @property {boolean} storageFailed
 * @property {string} extensionVersion
 * @property {string[]} missing keys of the required platforms that the browser hides
 * @property {import("./own_sites.js").OwnSite[]} ownSites
 * @property {string[]} ownTakenBack sites that whoever manages the browser did not allow after all
 * @property {Managed} managed
 *
 * `good`: all is well. `quiet`: nothing is watched, and that is as it should be. `attention`: the person can do
 * something. `trouble`: something is broken.
 * @typedef {"good" | "quiet" | "attention" | "trouble"} Tone
 * @typedef {{tone: Tone, title: string, text: string, todo: string}} Headline
 * @typedef {{key: string, label: string, value: string, hint: string, quiet: boolean}} Row `quiet`: nothing worth a glance
 * @typedef {{category: import("./answers.js").Category, label: string}} Choice
 * @typedef {{id: string, name: string, level: string, levelText: string, doing: string, why: string, held: string, since: string, said: string, asks: boolean, choices: Choice[]}} FlagView
 * @typedef {object} View
 * @property {Headline} headline
 * @property {string} organisation who runs the agent
 * @property {string} managed who manages this browser, where anybody does
 * @property {string} contact whom to ask, where anybody is named
 * @property {Row[]} rows
 * @property {FlagView[]} flags
 * @property {boolean} canOpenPage
 * @property {boolean} canRetry
 * @property {boolean} canPause
 * @property {number | null} pausedUntil milliseconds UTC
 * @property {boolean} noticeWaits whether there is a notice that waits to be read or answered, or can be read before watching starts
 */

/** The reasons that wait for the person. */
const ASKS = new Set(["notice_not_shown", "notice_changed", "not_acknowledged", "not_authorised"]);
/** Answers that say that the flag is wrong. */
const DISPUTES = new Set(["mistaken", "not_me"]);

/** @type {Readonly<Record<string, string>>} */
const NAMES = Object.fromEntries(PLATFORMS.map(({ key, name }) => [key, name]));

/** A platform's name; a key of a later release is shown as it is. @param {string} key */
export const platformName = (key) => (Object.hasOwn(NAMES, key) ? (NAMES[key] ?? key) : key);

/** Whether a gate waits for the person. @param {import("./gate.js").Gate | null} gate */
export const asksForNotice = (gate) => gate !== null && gate.state !== "open" && ASKS.has(gate.reason);

/** A text by a key that may not be there. @param {string} key @param {...(string | number)} values */
const sayIf = (key, ...values) => (known(key) ? say(key, ...values) : "");

/**
 * The three texts of one state.
 * @param {Tone} tone
 * @param {string} key
 * @param {...(string | number)} values
 * @returns {Headline}
 */
function told(tone, key, ...values) {
  return { tone, title: say(`${key}_title`), text: say(`${key}_text`, ...values), todo: sayIf(`${key}_todo`) };
}

/**
 * How the connection to the agent stands, where it does not: why, and what to do. One for each of the browser's five
 * errors and for each way in which the agent can be away.
 * @param {Snapshot} snapshot
 * @returns {Headline | null} null when it stands
 */
export function connectionTrouble({ link, phase, refusal }) {
  if (link.phase === "failed") return told("trouble", `state_link_${link.problem ?? "died"}`);
  if (link.phase === "agent_down") {
    const key = `state_agent_${link.agentReason}`;
    return told("trouble", known(`${key}_title`) ? key : "state_agent_not_running");
  }
  if (phase !== "stopped") return null;
  const stopped = told("trouble", "state_stopped", refusal?.detail || refusal?.reason || "");
  return { ...stopped, text: sayIf(`state_refusal_${refusal?.reason}`) || stopped.text };
}

/**
 * @param {Snapshot} snapshot
 * @returns {Headline}
 */
export function headline(snapshot) {
  const { phase, gate, refusal, agent, missing } = snapshot;
  const trouble = connectionTrouble(snapshot);
  if (trouble !== null) return trouble;
  if (gate === null) return told("quiet", "state_connecting");
  if (refusal !== null && phase === "open") {
    const refused = told("trouble", "state_not_stored");
    return { ...refused, text: sayIf(`state_refusal_${refusal.reason}`) || refused.text };
  }
  if (gate.state === "open") {
    if (missing.length > 0) return told("attention", "state_hidden", listed(missing.map(platformName)));
    return told("good", "state_open", date(gate.since));
  }
  const until = gate.until === null ? "" : date(gate.until);
  if (gate.reason === "lead_days" && until !== "") {
    const organisation = agent?.organisation ?? "";
    return told("quiet", organisation ? "state_gate_lead_days" : "state_gate_lead_days_unnamed", until, organisation);
  }
  if (gate.reason === "paused" && until !== "") return told("quiet", "state_gate_paused", until);
  const key = `state_gate_${gate.reason}`;
  if (gate.reason !== "lead_days" && gate.reason !== "paused" && known(`${key}_title`))
    return told(asksForNotice(gate) ? "attention" : "quiet", key);
  return told("quiet", "state_gate_other");
}

/**
 * One flag as the pop-up shows it: what was seen, and either the question or the answer.
 * @param {Snapshot["flags"][number]} flag
 * @param {number} now
 * @param {Snapshot} snapshot
 * @returns {FlagView}
 */
function flagView(flag, now, { agent, answersOnPage }) {
  const { id, name, family, stage, level, platforms, since, why, answer, waiting, held_until: until } = flag;
  const what = sayIf(`state_family_${family.replaceAll("-", "_")}`) || say("state_family_other");
  const doing = stage === "collecting" ? "state_doing_collecting" : "state_doing_many";
  const where = listed(platforms.map(platformName));
  const given = waiting || answer;
  const words = sayIf(`state_answer_${given}`) || given.replaceAll("_", " ");
  let said = "";
  if (waiting) said = say("state_said_waiting", words);
  else if (DISPUTES.has(answer)) said = say("state_said_disputed", words);
  else if (answer) said = say("state_said", words);
  const held = agent?.mode === "managed" && until !== null && until > now;
  return {
    id,
    name,
    level,
    levelText: sayIf(`state_level_${level}`) || level,
    doing: where === "" ? say(doing, what) : say(`${doing}_from`, what, where),
    why: why ? `${why.slice(0, 1).toUpperCase()}${why.slice(1)}.` : "",
    held: held ? say("state_flag_held", date(until), span(until - now)) : "",
    since: since > 0 ? say("state_flag_since", ago(since, now)) : "",
    said,
    asks: given === "",
    choices: answersOnPage
      ? []
      : CATEGORIES.filter((category) => category !== given).map((category) => ({
          category,
          label: say(`state_answer_${category}`),
        })),
  };
}

/**
 * The numbers, all of them; the pop-up leaves the quiet ones to the options page.
 * @param {Snapshot} snapshot
 * @param {number} now
 * @returns {Row[]}
 */
function rowsOf(snapshot, now) {
  const { agent, lastAck, waiting, dropped, lost, notKept, storageFailed, missing, managed } = snapshot;
  const notKeptReasons = Object.keys(notKept).sort();
  const refused = Object.values(notKept).reduce((sum, count) => sum + count, 0);
  /** @type {(key: string, count: number, hint?: string) => Row} */
  const counted = (key, count, hint = say(`state_row_${key}_hint`)) => ({
    key,
    label: say(`state_row_${key}`),
    value: number(count),
    hint: count === 0 ? "" : hint,
    quiet: count === 0,
  });
  return [
    {
      key: "last_ack",
      label: say("state_row_last_ack"),
      value: lastAck === null ? say("state_row_last_ack_never") : ago(lastAck, now),
      hint: "",
      quiet: false,
    },
    counted("waiting", waiting, storageFailed ? say("state_row_waiting_unstored") : say("state_row_waiting_hint")),
    counted("missing", missing.length, listed(missing.map(platformName))),
    counted("dropped", dropped),
    counted("lost", lost),
    counted(
      "not_kept",
      refused,
      listed(notKeptReasons.map((reason) => sayIf(`state_not_kept_${reason}`) || reason.replaceAll("_", " "))),
    ),
    counted("answers_given_up", snapshot.answersGivenUp),
    { ...counted("private", snapshot.privatePages), hint: say("state_row_private_hint"), quiet: true },
    counted("misunderstood", snapshot.misunderstood),
    counted("failed", snapshot.failed),
    counted("managed_ignored", managed.ignored.length, listed(managed.ignored)),
    ...(agent === null || agent.version === snapshot.extensionVersion
      ? []
      : [
          {
            key: "releases",
            label: say("state_row_releases"),
            value: `${snapshot.extensionVersion} / ${agent.version}`,
            hint: say("state_row_releases_hint"),
            quiet: false,
          },
        ]),
  ];
}

/** Who runs the agent. @param {Snapshot["agent"]} agent */
function organisationOf(agent) {
  if (agent === null) return "";
  if (agent.mode !== "managed") return sayIf(`state_mode_${agent.mode}`);
  return agent.organisation ? say("state_mode_managed", agent.organisation) : say("state_mode_managed_unnamed");
}

/** Who manages this browser. @param {Managed} managed */
function managedOf({ by, installType }) {
  if (installType === "admin") return by ? say("state_forced_by", by) : say("state_forced");
  return by ? say("state_managed_by", by) : "";
}

/**
 * @param {Snapshot} snapshot
 * @param {number} now milliseconds UTC
 * @returns {View}
 */
export function view(snapshot, now) {
  const { agent, gate, link, phase, managed } = snapshot;
  const connected = phase === "open" || phase === "welcome";
  const asks = connected && (agent?.answersQuestions ?? false);
  const contact = agent?.contact || managed.contact;
  return {
    headline: headline(snapshot),
    organisation: organisationOf(agent),
    managed: managedOf(managed),
    contact: contact ? say("state_contact", contact) : "",
    rows: rowsOf(snapshot, now),
    flags: snapshot.flags.map((flag) => flagView(flag, now, snapshot)),
    canOpenPage: connected,
    canRetry: link.phase === "failed",
    canPause: asks && gate?.state === "open",
    pausedUntil: asks && gate?.state !== "open" && gate?.reason === "paused" ? gate.until : null,
    noticeWaits: asks && (asksForNotice(gate) || gate?.reason === "lead_days"),
  };
}

/**
 * What stands on the button: the number of flags that wait for an answer; «!» when something is broken or waits for the person.
 * @param {Snapshot} snapshot
 * @returns {{text: string, tone: Tone, title: string}}
 */
export function badge(snapshot) {
  const { tone, title } = headline(snapshot);
  if (tone === "trouble") return { text: "!", tone, title };
  const count = snapshot.flags.filter(({ answer, waiting }) => !answer && !waiting).length;
  if (count > 0) return { text: number(count), tone: "attention", title: many("common_messages_for_you", count) };
  return { text: tone === "attention" ? "!" : "", tone, title };
}

/**
 * Whether a link that the agent sent is one to this computer. Anything else is not opened.
 * @param {string} url
 */
export function isLocalPage(url) {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname, username, password } = new URL(url);
  const local = hostname === "localhost" || hostname === "127.0.0.1" || hostname.endsWith(".localhost");
  return protocol === "http:" && local && username === "" && password === "";
}
