// What the pop-up and the badge show, in plain words. A snapshot of the parts comes in, texts come out; the pop-up only
// lays them out. Every state says what it means and, where something can be done, what.

import { CATEGORIES } from "./answers.js";
import { PLATFORMS } from "./platforms.js";

/**
 * @typedef {object} Snapshot
 * @property {{phase: import("./connection.js").LinkPhase, problem: import("./connection.js").Problem | null, agentReason: string, hostVersion: string}} link
 * @property {import("./delivery.js").Phase} phase
 * @property {import("./delivery.js").Agent | null} agent
 * @property {import("./gate.js").Gate | null} gate
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
 *
 * `good`: all is well. `quiet`: nothing is watched, and that is as it should be. `attention`: the person can do
 * something. `trouble`: something is broken.
 * @typedef {"good" | "quiet" | "attention" | "trouble"} Tone
 * @typedef {{tone: Tone, title: string, text: string, todo: string}} Headline
 * @typedef {{label: string, value: string, hint: string}} Row
 * @typedef {{category: import("./answers.js").Category, label: string}} Choice
 * @typedef {{id: string, name: string, level: string, levelText: string, doing: string, why: string, since: string, said: string, asks: boolean, choices: Choice[]}} FlagView
 * @typedef {{headline: Headline, organisation: string, rows: Row[], flags: FlagView[], canOpenPage: boolean, canRetry: boolean}} View
 */

/** @type {Readonly<Record<import("./connection.js").Problem, Omit<Headline, "tone">>>} */
const PROBLEMS = {
  not_installed: {
    title: "Not connected: Gleanwatch is not installed here",
    text: "The browser found no Gleanwatch program on this computer, so nothing is watched.",
    todo: "Install it, or run «gleanwatch browser install», then try again. A browser from Snap or Flatpak needs that too.",
  },
  blocked: {
    title: "Not connected: blocked by your administrator",
    text: "A rule of this browser forbids the link to programs on this computer, so nothing is watched.",
    todo: "Ask whoever manages this browser to allow «org.gleanwatch.relay» (policy NativeMessagingAllowlist).",
  },
  died: {
    title: "Not connected: the link to the agent stopped",
    text: "The small program between browser and agent ended. Nothing is watched until it is back; it is tried again by itself.",
    todo: "If this stays, run «gleanwatch doctor».",
  },
  protocol: {
    title: "Not connected: the link spoke out of turn",
    text: "The browser could not read what the program on this computer said, and closed the link. Nothing is watched.",
    todo: "Run «gleanwatch browser install» to put the right program in place, then try again.",
  },
  forbidden: {
    title: "Not connected: this copy of the extension is not known",
    text: "The program on this computer accepts the extension under another identity only. Nothing is watched.",
    todo: "Load the extension from Gleanwatch's own folder or your organisation's store, or run «gleanwatch browser install».",
  },
};

/** @type {Readonly<Record<string, Omit<Headline, "tone">>>} */
const AGENT_DOWN = {
  refused: {
    title: "Not connected: the agent's address is not safe",
    text: "Something that is not your agent sits where it should be, or its folder has the wrong rights. Nothing is watched.",
    todo: "Run «gleanwatch doctor».",
  },
  lost: {
    title: "The agent went away",
    text: "Nothing is watched until it is back. What was seen before is kept here and handed over then.",
    todo: "It is tried again by itself. To start it: «gleanwatch run».",
  },
  not_running: {
    title: "The agent is not running",
    text: "Nothing is watched until it runs.",
    todo: "Start it with «gleanwatch run».",
  },
};

/** @type {Readonly<Record<string, Omit<Headline, "tone">>>} */
const GATES = {
  notice_not_shown: {
    title: "Nothing is watched yet",
    text: "First you read the notice that says what would be looked at, what is kept and what is sent.",
    todo: "It is on your page.",
  },
  notice_changed: {
    title: "Nothing is watched: the notice has changed",
    text: "Your answer was to an earlier text, so it is asked again. The new one shows what is different.",
    todo: "It is on your page.",
  },
  not_authorised: {
    title: "Nothing is watched yet",
    text: "You have been shown the notice. Watching starts only if you authorise it.",
    todo: "Answer on your page.",
  },
  not_acknowledged: {
    title: "Nothing is watched yet",
    text: "You have been shown the notice. Watching starts only after you have answered it.",
    todo: "Answer on your page.",
  },
  objected: {
    title: "Nothing is watched",
    text: "You said no, and that holds.",
    todo: "You can change your mind on your page.",
  },
  withdrawn: {
    title: "Nothing is watched",
    text: "You withdrew, and that holds.",
    todo: "You can change your mind on your page.",
  },
  not_in_use: {
    title: "Nothing is watched",
    text: "This release does not watch page loads.",
    todo: "",
  },
  language_missing: {
    title: "Nothing is watched",
    text: "The law where you work asks for the notice in a language that Gleanwatch does not have, so watching does not start.",
    todo: "",
  },
  switched_off: {
    title: "Nothing is watched",
    text: "Watching page loads is switched off for this computer.",
    todo: "",
  },
};

/** What can be said of a flag, and how an answer reads. Those of earlier releases are told and not offered. */
const ANSWERS = {
  approved: "This is approved",
  stopped: "I have stopped",
  mistaken: "This is not what it looks like",
  not_me: "That was not me",
  stopping: "I have stopped it",
  work: "This is for my work",
};
/** @type {readonly Choice[]} */
const CHOICES = CATEGORIES.map((category) => ({ category, label: ANSWERS[category] }));
/** @type {ReadonlySet<string>} Answers that say that the flag is wrong. */
const DISPUTES = new Set(["mistaken", "not_me"]);

/** @type {Readonly<Record<string, string>>} */
const LEVELS = { low: "Perhaps", medium: "Likely", high: "Almost certain" };

/** @type {Readonly<Record<string, string>>} */
const FAMILIES = {
  "scraper-framework": "A framework for collecting from web sites",
  "social-media-scraper": "A collector for social media",
  "media-downloader": "A downloader for pictures and videos",
  "site-mirror": "A copier of whole web sites",
  "browser-automation": "A remote control for a browser",
  "ai-crawler": "A crawler for AI",
  "serp-leadgen": "A collector of search results or contacts",
  "api-harvester": "A collector through a service's interface",
  "generic-http": "A general tool for web requests",
  "scraper-extension": "A collecting browser extension",
};

/** @type {Readonly<Record<string, string>>} */
const NAMES = Object.fromEntries(PLATFORMS.map(({ key, name }) => [key, name]));

/** The reasons that wait for the person. */
const ASKS = new Set(["notice_not_shown", "notice_changed", "not_acknowledged", "not_authorised"]);

/** @type {Readonly<Record<string, string>>} */
const REFUSALS = {
  store_full: "The agent's disk is full. What was seen waits here.",
  store_failed: "The agent could not write to its database. What was seen waits here.",
  unknown_version: "Extension and agent speak different versions. Update the older one.",
};

/** @type {Readonly<Record<string, string>>} */
const MODES = { personal: "Personal: nothing leaves this computer", test: "Test or demo instance" };

/**
 * A table's entry for a key that somebody else wrote; a key such as `toString` is no entry.
 * @template T
 * @param {Readonly<Record<string, T>>} table
 * @param {string} key
 * @returns {T | undefined}
 */
const lookUp = (table, key) => (Object.hasOwn(table, key) ? table[key] : undefined);

/**
 * How long ago, in words. Whole units, rounded down; the future counts as now.
 * @param {number} then milliseconds UTC
 * @param {number} now
 */
export function ago(then, now) {
  const seconds = Math.floor((now - then) / 1000);
  if (seconds < 5) return "just now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ago`;
  const days = Math.floor(seconds / 86_400);
  return days === 1 ? "1 day ago" : `${days} days ago`;
}

/**
 * @param {Snapshot} snapshot
 * @param {(at: number) => string} date writes a date in the person's own way
 * @returns {Headline}
 */
export function headline({ link, phase, gate, refusal, agent }, date) {
  if (link.phase === "failed") return { tone: "trouble", ...PROBLEMS[link.problem ?? "died"] };
  if (link.phase === "agent_down") {
    const words = lookUp(AGENT_DOWN, link.agentReason) ?? AGENT_DOWN["not_running"];
    if (words) return { tone: "trouble", ...words };
  }
  if (phase === "stopped") {
    const text =
      lookUp(REFUSALS, refusal?.reason ?? "") ?? `The agent refused to talk: ${refusal?.detail || refusal?.reason}.`;
    return {
      tone: "trouble",
      title: "Not connected: refused by the agent",
      text,
      todo: "If updating does not help, run «gleanwatch doctor».",
    };
  }
  if (gate === null)
    return {
      tone: "quiet",
      title: "Connecting …",
      text: "Nothing is watched before the agent has said that it may be.",
      todo: "",
    };
  if (refusal !== null && phase === "open") {
    const text =
      lookUp(REFUSALS, refusal.reason) ??
      "The agent refused something that was sent. It is tried three times, then dropped and counted.";
    return {
      tone: "trouble",
      title: "Watching, but not everything is stored",
      text,
      todo: "Run «gleanwatch doctor» if this stays.",
    };
  }
  if (gate.state === "open") {
    return {
      tone: "good",
      title: "Connected and watching",
      text: `Page loads on the sites below are counted, since ${date(gate.since)}. No address, title, name or content leaves the browser.`,
      todo: "",
    };
  }
  if (gate.reason === "lead_days" && gate.until !== null) {
    return {
      tone: "quiet",
      title: "Nothing is watched yet",
      text: `Monitoring by ${agent?.organisation || "your organisation"} starts on ${date(gate.until)}.`,
      todo: "The notice is on your page.",
    };
  }
  const words = lookUp(GATES, gate.reason);
  if (words)
    return {
      tone: ASKS.has(gate.reason) ? "attention" : "quiet",
      ...words,
    };
  return {
    tone: "quiet",
    title: "Nothing is watched",
    text: "The agent keeps this closed.",
    todo: "The reason is on your page.",
  };
}

/**
 * One flag as the pop-up shows it: what was seen, and either the question or the answer.
 * @param {Snapshot["flags"][number]} flag
 * @param {number} now
 * @param {boolean} onPage whether it can be answered on the page only
 * @returns {FlagView}
 */
function flagView({ id, name, family, stage, level, platforms, since, why, answer, waiting }, now, onPage) {
  const where = platforms.map((key) => lookUp(NAMES, key) ?? key).join(", ");
  const what = lookUp(FAMILIES, family) ?? "A tool";
  const doing = stage === "collecting" ? "is collecting" : "was started to collect many pages";
  const given = waiting || answer;
  const words = lookUp(ANSWERS, given) ?? given.replaceAll("_", " ");
  let said = "";
  if (waiting) said = `«${words}»: handed to the agent as soon as it takes it.`;
  else if (DISPUTES.has(answer)) said = `Disputed: you said «${words}». It says so wherever this flag is shown.`;
  else if (answer) said = `You said «${words}».`;
  return {
    id,
    name,
    level,
    levelText: lookUp(LEVELS, level) ?? level,
    doing: `${what} ${doing}${where ? ` from ${where}` : ""}.`,
    why: why ? `${why.slice(0, 1).toUpperCase()}${why.slice(1)}.` : "",
    since: since > 0 ? `Since ${ago(since, now)}` : "",
    said,
    asks: given === "",
    choices: onPage ? [] : CHOICES.filter(({ category }) => category !== given),
  };
}

/**
 * @param {Snapshot} snapshot
 * @param {number} now
 * @param {(at: number) => string} date
 * @returns {View}
 */
export function view(snapshot, now, date) {
  const { agent, link, lastAck, waiting, dropped, lost, notKept, privatePages, storageFailed } = snapshot;
  const refused = Object.values(notKept).reduce((sum, count) => sum + count, 0);
  /** @type {Row[]} */
  const rows = [
    { label: "Last acknowledged", value: lastAck === null ? "not yet" : ago(lastAck, now), hint: "" },
    {
      label: "Waiting",
      value: String(waiting),
      hint:
        waiting === 0
          ? ""
          : storageFailed
            ? "the browser cannot store them: they last as long as it keeps us running"
            : "seen, not acknowledged yet",
    },
    {
      label: "Dropped",
      value: String(dropped),
      hint: dropped === 0 ? "" : "given up: too many waited, or three tries failed",
    },
    { label: "Lost", value: String(lost), hint: lost === 0 ? "" : "not acknowledged when the browser last closed" },
  ];
  if (refused > 0)
    rows.push({
      label: "Not kept",
      value: String(refused),
      hint: `the agent left them out: ${Object.keys(notKept).sort().join(", ").replaceAll("_", " ")}`,
    });
  if (snapshot.answersGivenUp > 0)
    rows.push({
      label: "Answers not taken",
      value: String(snapshot.answersGivenUp),
      hint: "the agent refused them: answer on your page",
    });
  rows.push({
    label: "Never sent",
    value: String(privatePages),
    hint: "pages for sign-in, settings, messages, jobs, feeds: counted in memory here only",
  });
  if (snapshot.misunderstood > 0) {
    rows.push({
      label: "Not understood",
      value: String(snapshot.misunderstood),
      hint: "messages from this computer that made no sense here",
    });
  }
  if (snapshot.failed > 0)
    rows.push({ label: "Failed", value: String(snapshot.failed), hint: "page loads that we could not judge" });
  if (agent !== null && agent.version !== snapshot.extensionVersion) {
    rows.push({
      label: "Releases",
      value: `${snapshot.extensionVersion} / ${agent.version}`,
      hint: "extension and agent differ; they still understand each other",
    });
  }
  const asks = snapshot.phase === "open" || snapshot.phase === "welcome";
  return {
    headline: headline(snapshot, date),
    organisation:
      agent === null
        ? ""
        : agent.mode === "managed"
          ? `Managed by ${agent.organisation || "your organisation"}`
          : (lookUp(MODES, agent.mode) ?? ""),
    rows,
    flags: snapshot.flags.map((flag) => flagView(flag, now, snapshot.answersOnPage)),
    canOpenPage: asks,
    canRetry: link.phase === "failed",
  };
}

/**
 * What stands on the button: the number of flags that wait for an answer; «!» when something is broken or waits for the person.
 * @param {Snapshot} snapshot
 * @returns {{text: string, tone: Tone, title: string}}
 */
export function badge(snapshot) {
  const { tone, title } = headline(snapshot, String);
  if (tone === "trouble") return { text: "!", tone, title };
  const count = snapshot.flags.filter(({ answer, waiting }) => !answer && !waiting).length;
  if (count > 0) return { text: String(count), tone: "attention", title: count === 1 ? "a message for you" : `${count} messages for you` };
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
