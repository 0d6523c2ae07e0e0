"""Plain words for the keys that the rest of the house works with, so that no page ever shows a person a bare key.

A key this release does not know is shown as itself with its marks turned into spaces: an agent and its data may be one
release apart, and a page that fails over a word helps nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from agent.content import terms
from agent.model import answers
from agent.model.health import Part
from agent.model.purposes import ActKind, Mode
from agent.pages.language import text, thousands

PLATFORM: Final[Mapping[str, str]] = {
    "facebook": "Facebook",
    "instagram": "Instagram",
    "threads": "Threads",
    "whatsapp": "WhatsApp",
    "linkedin": "LinkedIn",
    "tiktok": "TikTok",
    "youtube": "YouTube",
    "x": "X",
    "github": "GitHub",
}

PAGE_CLASS: Final[Mapping[str, str]] = {
    "profile": "profiles of people",
    "people_list": "lists of people",
    "search": "search results",
    "group": "groups",
    "post": "posts",
    "media": "pictures and videos",
    "company_page": "company pages",
    "channel": "channels",
    "contact_link": "contact links",
}

FAMILY: Final[Mapping[str, str]] = {
    "scraper-framework": "framework for collecting from web sites",
    "social-media-scraper": "collector for social media",
    "media-downloader": "downloader for pictures and videos",
    "site-mirror": "copier of whole web sites",
    "browser-automation": "remote control for a browser",
    "ai-crawler": "crawler for AI",
    "serp-leadgen": "collector of search results or contacts",
    "api-harvester": "collector through a service's interface",
    "generic-http": "general tool for web requests",
    "scraper-extension": "collecting browser extension",
}

STAGE: Final[Mapping[str, str]] = {
    "installed": "Installed",
    "running": "Running",
    "collecting": "Collecting",
}

FINDING_FILTER: Final[Mapping[str, str]] = {
    "asks": "Waiting for you",
    "flagged": "Flagged",
    "open": "In use now",
    "installed": "Installed",
    "closed": "Over",
    "all": "All",
}

LEVEL: Final[Mapping[str, str]] = {
    "hidden": "Barely a sign",
    "low": "Perhaps",
    "medium": "Likely",
    "high": "Almost certain",
}

EVIDENCE: Final[Mapping[str, str]] = {
    "name": "its name",
    "package": "the package it belongs to",
    "code": "what its program uses",
    "flags": "how it was asked to work",
    "network": "whom it talks to",
    "cadence": "the pace of page loads",
    "artefact": "what it leaves behind",
    "rule": "a rule of your organisation",
}

COLLECT_MODE: Final[Mapping[str, str]] = {
    "list": "given a list to work through",
    "recursion": "following links from page to page",
    "channel": "taking a whole channel or account",
    "loop": "repeating the same request",
}

BROWSER: Final[Mapping[str, str]] = {
    "chromium": "Chromium",
    "chrome": "Chrome",
    "edge": "Edge",
    "brave": "Brave",
    "vivaldi": "Vivaldi",
    "opera": "Opera",
    "firefox": "Firefox",
    "other": "Another browser",
}

PART: Final[Mapping[str, str]] = {
    Part.PROCESSES: "Programs that start",
    Part.CONNECTIONS: "What programs do on the network",
    Part.ADDRESSES: "Which address is which platform's",
    Part.INSTALLS: "What is installed",
    Part.EXPORTS: "New tables and media",
    Part.BROWSERS: "Browsers",
    Part.RULES: "Rules of your organisation",
    Part.APPROVALS: "Approvals of your organisation",
    Part.ORGANISATION: "What your organisation adds",
    Part.STORE: "The encrypted store",
    Part.DESKTOP: "Desktop notices",
    Part.WITNESSES: "Witnesses of the record",
    Part.CATALOGUE: "The list of known tools",
    Part.BUDGET: "What the agent itself takes",
    Part.FAULTS: "Faults of the agent's own",
}

CONDITION: Final[Mapping[str, str]] = {
    "working": "Working",
    "degraded": "Limited",
    "failed": "Not working",
}

ACT: Final[Mapping[str, str]] = {
    "shown": "The notice was shown",
    "acknowledged": "I have been shown this",
    "authorised": "I authorise this",
    "objected": "I object",
    "given": "I allow this",
    "refused": "I do not allow this",
    "withdrawn": "I withdraw my consent",
    "expired": "Consent ended: its time was over",
    "answered": "Answer to a finding",
    "disputed": "That was not me",
}

OWN_ACT: Final[Mapping[str, str]] = {"acknowledged": "Start", "objected": "Do not watch"}
"""Where nobody but the person decides, the same acts start and stop."""

CHANNEL: Final[Mapping[str, str]] = {
    "page": "on this page",
    "extension": "in the browser's Gleanwatch pop-up",
    "terminal": "at a terminal",
    "desktop": "on a desktop notice",
    "self": "by this test instance itself",
    "clock": "by the clock, by nobody's press",
}

STRENGTH: Final[Mapping[str, str]] = {
    "page-link": "A session opened by a one-time link that only programs of your user on this computer can get. "
    "Nobody was asked for a password.",
    "terminal-typed": "Typed at a terminal of your user on this computer. Nobody was asked for a password.",
    "extension-press": "Pressed in the Gleanwatch pop-up of a browser of your user. Nobody was asked for a password.",
    "desktop-press": "Pressed on a desktop notice of your user. Nobody was asked for a password.",
    "none": "Nobody acted: the agent recorded it by itself.",
}

STRENGTH_SHORT: Final[Mapping[str, str]] = {
    "page-link": "A session of your user, no password asked",
    "terminal-typed": "Typed by your user, no password asked",
    "extension-press": "Pressed in a browser of your user, no password asked",
    "desktop-press": "Pressed on a notice of your user, no password asked",
    "none": "Nobody acted",
}

GATE: Final[Mapping[str, str]] = {
    "switched_off": "Off: your organisation does without it.",
    "not_in_use": "Off: nothing is done for it here.",
    "language_missing": "Off: the law here asks for a notice in a language that this release does not have. "
    "It cannot start before there is one.",
    "notice_not_shown": "Off. Read the notice first: nothing is done before it was shown to you.",
    "notice_changed": "Off: the notice has changed. Nothing is done before you have seen what is new.",
    "lead_days": "Off: the days between notice and start are not over.",
    "not_acknowledged": "Off. It starts once you have answered, whichever of the two you press.",
    "not_authorised": "Off. It starts only if you authorise it.",
    "objected": "Off, because you did not authorise it.",
    "not_given": "Off, and stays off unless you allow it.",
    "refused": "Off, because you did not allow it.",
    "withdrawn": "Off, because you withdrew your consent.",
    "expired": "Off, because the time of your consent was over.",
    "paused": "Paused by you. It goes on by itself.",
    "closed": "Off.",
}

LANGUAGE: Final[Mapping[str, str]] = {
    "en": "English",
    "de": "German",
    "fr": "French",
    "es": "Spanish",
    "nb": "Norwegian",
}

ERASABLE: Final[Mapping[str, str]] = {
    "page-loads": "Page loads",
    "findings": "Findings",
    "words": "My own words and answers",
    "record": "The content of one act",
    "all": "Everything that can go",
}

ERASABLE_MEANS: Final[Mapping[str, str]] = {
    "page-loads": "every page load that your browsers told",
    "findings": "every recognised tool, open or over, with the reasons and your answers",
    "words": "what you wrote or answered about findings",
    "record": "what you said, of which purpose and when exactly; the bare entry stays in the log",
    "all": "all of the above, except the acts that still hold and what proves the rest",
}

GROUND: Final[Mapping[str, str]] = {
    "not-needed": "It is no longer needed for what it was kept for",
    "withdrawn": "I withdrew the consent that it rests on",
    "objected": "I object to its being kept",
    "unlawful": "It should never have been kept",
    "retention": "Its time was over",
}

PAYLOAD: Final[Mapping[str, str]] = {
    "kind": "What",
    "purpose": "Purpose",
    "at": "When",
    "category": "Answer",
    "words": "Your own words",
    "finding": "Finding",
    "disputes": "Disputes entry",
    "channel": "Where",
    "control": "Button or prompt",
    "dwell_ms": "Time before the press",
    "language": "Language of the text",
    "notice_sha256": "SHA-256 of the text",
    "strength": "How sure who acted",
}
"""The fields of a receipt's payload, in the order in which they are told."""

COUNTER: Final[Mapping[str, str]] = {
    "rules.left_out": "your organisation: rules that could not be taken",
    "approvals.left_out": "your organisation: approvals that could not be taken",
    "relay.replayed": "browser: page loads sent again, already stored",
    "relay.gate_closed": "browser: page loads from when nothing was to be looked at",
    "relay.time_in_future": "browser: page loads with a time to come",
    "relay.time_too_old": "browser: page loads older than a day",
    "relay.unknown_platform": "browser: page loads of a platform this release does not know",
    "relay.unknown_class": "browser: page loads of a kind this release does not know",
    "relay.bad_field": "browser: messages with a wrong field",
    "relay.frame_too_long": "browser: messages that were too long",
    "relay.frame_empty": "browser: empty messages",
    "relay.frame_short": "browser: messages cut off",
    "relay.not_json": "browser: messages that cannot be read",
    "relay.unknown_version": "browser: messages of another protocol version",
    "relay.unknown_kind": "browser: messages of a kind this release does not know",
    "relay.no_hello": "browser: messages before a greeting",
    "relay.store_full": "browser: page loads sent back because the disk is full",
    "relay.store_failed": "browser: page loads sent back because the store failed",
    "relay.after_failure": "browser: page loads that came before the store could be used again",
    "relay.foreign_uid": "browser: connections of another user",
    "relay.session_failed": "browser: connections that failed inside",
    "relay.answer_in_future": "browser: answers with a time to come",
    "relay.answer_unknown": "browser: answers to findings that are not there any more",
    "relay.answer_late": "browser: answers sent again, or after a later one",
    "relay.questions_busy": "browser: questions asked faster than they can be answered",
    "relay.question_failed": "browser: questions that failed inside",
    "relay.answers_busy": "browser: answers sent faster than they can be kept",
    "agent.task_failed": "parts of the agent that failed once",
    "store.gates_failed": "store: changes of a gate that could not be stored at once",
    "store.sweep_failed": "store: deletions that could not be made on time",
    "relay.crowded": "browser: connections closed because too many were open",
    "relay.not_reading": "browser: connections closed because they read nothing",
    "control.answer_too_long": "terminal: answers too long to be sent",
    "control.bad_request": "terminal: requests that make no sense",
    "control.crowded": "terminal: connections closed because too many were open",
    "control.failed": "terminal: requests that failed inside",
    "control.foreign_uid": "terminal: requests of another user",
    "control.frame_empty": "terminal: empty requests",
    "control.frame_too_long": "terminal: requests that were too long",
    "control.no_request": "terminal: connections closed because nothing was asked",
    "detection.failed": "programs that could not be judged",
    "detection.left_out": "recognised programs beyond the number that is kept",
    "code.unreadable": "code: files that could not be read",
    "code.too_large": "code: files too large to be read",
    "code.too_slow": "code: files that took too long",
    "code.crashed": "code: files over which the reader stopped",
    "code.failed": "code: files that the reader could not take apart",
    "code.changed": "code: files that were replaced while they were read",
    "code.too_complex": "code: files too entangled to be taken apart",
    "inventory.listing_failed": "what is installed: lists that could not be made",
    "inventory.watching_failed": "what is installed: watching that could not begin",
    "artefacts.look_failed": "new tables and media: looks that failed",
    "artefacts.failed": "new tables and media: watching that could not begin",
    "code.no_rules": "code: files that were not held against the rules for executables",
    "web.wrong_host": "page: asked for under another name",
    "web.cross_site": "page: asked for by another site",
    "web.wrong_origin": "page: change sent by another site",
    "web.no_session": "page: opened without a session",
    "web.link_used": "page: link used twice or too old",
    "web.wrong_form_token": "page: form without its token",
    "web.bad_form": "page: form that cannot be read",
    "web.notice_changed": "page: answer to a notice that no longer holds",
    "web.words_too_long": "page: own words that were too long",
    "web.not_possible": "page: a press that could not be done",
    "web.too_many_streams": "page: too many live views",
    "web.not_found": "page: no such page",
    "web.failed": "page: failed inside",
    "web.crowded": "page: connections closed because too many were open",
}

KINDS: Final[Mapping[str, Mapping[str, str]]] = {
    "platform": PLATFORM,
    "page_class": PAGE_CLASS,
    "family": FAMILY,
    "stage": STAGE,
    "finding_filter": FINDING_FILTER,
    "level": LEVEL,
    "evidence": EVIDENCE,
    "collect_mode": COLLECT_MODE,
    "answer": answers.WORDS,
    "certainty": terms.CERTAINTY,
    "browser": BROWSER,
    "part": PART,
    "condition": CONDITION,
    "counter": COUNTER,
    "act": ACT,
    "channel": CHANNEL,
    "strength": STRENGTH,
    "strength_short": STRENGTH_SHORT,
    "gate": GATE,
    "language": LANGUAGE,
    "erasable": ERASABLE,
    "erasable_means": ERASABLE_MEANS,
    "ground": GROUND,
    "payload": PAYLOAD,
}


def say(key: str, kind: str) -> str:
    """Return the words for `key` among those of `kind` (a key of `KINDS`).

    Raises:
        KeyError: No such kind: a mistake in a template, not in data.
    """
    known = KINDS[kind].get(key)
    if known is not None:
        return text(known)
    return key.replace("_", " ").replace("-", " ").replace(".", ": ")


def done(kind: ActKind, mode: Mode) -> str:
    """Say what an act said, in the words that stood on its button."""
    if mode is not Mode.MANAGED and kind.value in OWN_ACT:
        return text(OWN_ACT[kind.value])
    return say(kind.value, "act")


def at_start(words: str) -> str:
    """Return words as they stand where a sentence begins: with a large first letter, the others as they are."""
    return words[:1].upper() + words[1:]


def counted(number: int, word: str, many: str = "") -> str:
    """Say «1 purpose», «5 purposes» in English, for the terminal and for health.

    Args:
        number: How many.
        word: The word for one.
        many: The word for several where it does not end in «s» alone.
    """
    return f"{thousands(number)} {word if number == 1 else many or word + 's'}"
