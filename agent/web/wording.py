"""The fixed texts of the person's pages that no template holds: refusals, answers to a press, what a browser sends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from agent.pages.security import Refusal

_NEW_LINK: Final = (
    "Press «Open my page» in the Gleanwatch pop-up of your browser, or run gleanwatch status in a terminal and open "
    "the link it prints."
)

REFUSED: Final[Mapping[Refusal, tuple[str, str]]] = {
    Refusal.WRONG_HOST: ("This is not the address of the page", f"It answers to one name only. {_NEW_LINK}"),
    Refusal.CROSS_SITE: ("Another site asked for this page", f"Only you can open it. {_NEW_LINK}"),
    Refusal.WRONG_ORIGIN: ("This did not come from the page itself", "Nothing was changed. Go back and try there."),
    Refusal.NO_SESSION: (
        "This page needs a fresh link",
        f"The agent started anew, or twelve hours went by. {_NEW_LINK}",
    ),
    Refusal.LINK_USED: (
        "This link is used up",
        f"A link opens the page once, within 60 seconds. If you did not use it yourself, somebody else may have: "
        f"stop the agent and start it again, which ends every session. {_NEW_LINK}",
    ),
    Refusal.WRONG_FORM_TOKEN: ("The form is out of date", "Nothing was changed. Load the page again and repeat it."),
    Refusal.BAD_FORM: ("The form could not be read", "Nothing was changed. Load the page again and repeat it."),
    Refusal.NOTICE_CHANGED: (
        "The notice has changed",
        "Your answer was to an earlier text, so it was not recorded. Go back, read the text that holds now, and answer "
        "again.",
    ),
    Refusal.WORDS_TOO_LONG: (
        "Your words are too long",
        "Up to 500 characters can be kept with an answer. Nothing was changed: go back, shorten them and press again.",
    ),
    Refusal.NOT_POSSIBLE: ("That could not be done", "Nothing was changed. Load the page again to see what holds now."),
    Refusal.TOO_MANY_STREAMS: (
        "Too many live views are open",
        "Close some pages of Gleanwatch and load this one again.",
    ),
    Refusal.NOT_FOUND: ("There is no such page", "It may have been deleted when its time was over."),
    Refusal.FAILED: (
        "The agent could not do that",
        "It goes on running. Run gleanwatch doctor to see what is wrong, then try again.",
    ),
}

SAID: Final[Mapping[str, str]] = {
    "acknowledged": "Recorded: you have been shown the notice.",
    "acknowledged_one": "Recorded: you have been shown what this purpose is for.",
    "authorised": "Recorded: you authorise this.",
    "authorised_one": "Recorded: you authorise this purpose.",
    "objected": "Recorded: you object.",
    "objected_one": "Recorded: you object to this purpose.",
    "given_one": "Recorded: you allow this. One press withdraws it.",
    "refused_one": "Recorded: you do not allow this. Nothing else changes by that.",
    "withdrawn_one": "Recorded: you withdrew your consent. It ended at once.",
    "started_one": "This purpose is on. One press stops it again.",
    "stopped_one": "This purpose is off. One press starts it again.",
    "disputed": "Recorded: that was not you.",
    "started": "Watching has started. One press stops it again.",
    "stopped": "Nothing is looked at any more. One press starts it again.",
    "paused": "Paused for an hour. Nothing is looked at until then; it goes on by itself.",
    "resumed": "Watching goes on.",
    "shown": "Recorded: the notice was shown to you.",
    "answered": "Recorded. You can change your answer at any time.",
    "elsewhere": "The law of that country is not shown to you any more. One press shows it again.",
    "here_again": "The law of the country that the policy names is shown again.",
    "trying": "A harmless collection has started. Its flag appears here within ten seconds.",
}
"""What the page says after a press. The key travels in the address, the text never does."""

EXTENSION_FIELDS: Final[Mapping[str, Mapping[str, str]]] = {
    "When it connects": {
        "client": "A random id made with the extension's queue; says nothing about you",
        "browser": "Which browser: Chromium, Firefox and so on",
        "browser_version": "Its major version",
        "extension_version": "The extension's release",
        "waiting": "How many page loads wait in the queue",
        "dropped": "How many it gave up",
        "lost": "How many were not stored yet when the browser last closed",
        "oldest_seq": "The lowest number that waits",
    },
    "For each page load on a watched platform": {
        "seq": "A number that rises with each page load",
        "platform": "The platform, such as LinkedIn",
        "page_class": "The kind of page, such as «profile»",
        "at": "When",
        "first": "Whether it is the first visit in this browser session",
        "sequential": "Whether its id follows the one before",
    },
    "Several page loads at once": {
        "loads": "The page loads that waited, each with the six fields above",
    },
    "When you answer a flag in the pop-up": {
        "finding": "The random name of the finding that was flagged",
        "category": "Which of the four answers you pressed",
        "at": "When",
        "dwell_ms": "How many milliseconds the flag had been before you",
    },
    "When the browser hides a watched platform from it": {
        "missing": "Which watched platforms it cannot see, such as LinkedIn",
    },
    "When a page of the extension asks for something to show": {
        "ask": "A running number, so that the answer finds its question",
        "what": "What it asks for: the notice, the purposes, today's counts or a receipt",
        "language": "In which language",
        "entry": "For a receipt: which entry of the record",
    },
    "When you press a button about a purpose": {
        "ask": "A running number, so that the answer finds its question",
        "purpose": "Which purpose; empty for every one that the organisation requires",
        "act": "What you pressed: shown, acknowledged, authorised, objected, given, refused or withdrawn",
        "notice_sha256": "The fingerprint of the text that was before you",
        "control": "Which button it was",
        "dwell_ms": "How many milliseconds the text had been before you",
    },
    "When you pause watching": {
        "ask": "A running number, so that the answer finds its question",
        "minutes": "For how many minutes; 0 to go on at once",
    },
}
"""Every field of the protocol that a browser sends, in plain words (docs/protocol.md, extension to agent)."""

AGENT_FIELDS: Final[Mapping[str, Mapping[str, str]]] = {
    "When a browser has connected": {
        "agent_version": "The agent's release",
        "mode": "Whether it runs for you alone, for an organisation, or as a test",
        "organisation": "The organisation's name; empty where there is none",
        "contact": "Whom you can ask there",
        "acked": "The number of the last page load that is stored",
    },
    "What may be looked at": {
        "gates": "One entry for each purpose, with the fields below",
        "purpose": "Which purpose",
        "state": "Whether it is open, waiting or closed",
        "since": "From when",
        "until": "When a waiting one opens by itself",
        "reason": "Why, as one of a few fixed reasons",
    },
    "That page loads are stored": {
        "seq": "The number up to which everything is stored, or was left out on purpose",
        "dropped": "What was left out: each number, and why",
        "reason": "Why one was left out, as one of a few fixed reasons",
    },
    "That a message was not taken": {
        "reason": "Why, as one of a few fixed reasons",
        "detail": "What was wrong, never with a value of it",
        "about": "Which kind of message it was",
        "speaks": "Which versions of the protocol the agent speaks",
    },
    "Flags that are open": {
        "flags": "One entry for each finding that you are warned about, with the fields below",
        "id": "The finding's random name",
        "name": "What people call the tool",
        "family": "What sort of tool it is",
        "stage": "How far it got",
        "level": "How sure we are, in words",
        "platforms": "Which platforms it talked to",
        "since": "When it was first seen",
        "why": "The strongest reason, in a sentence",
        "answer": "What you said of it",
        "held_until": "Until when nothing about it may be reported",
    },
    "That your answer is recorded": {
        "finding": "Which finding it was about",
        "at": "When you pressed",
        "recorded": "Whether it was recorded by this message",
    },
    "A link to this page": {
        "url": "An address that opens this page once, within 60 seconds",
    },
    "What a page of the extension asked for": {
        "ask": "The number of the question",
        "part": "Which part of the answer this is",
        "parts": "How many parts there are",
        "text": "The answer: the notice word for word, the purposes, today's counts by platform, a receipt, or which "
        "gates hold now",
        "error": "Instead of an answer: why there is none",
    },
    "From the relay that the browser starts": {
        "up": "Whether the agent is there",
        "host_version": "The relay's release",
        "reason": "Why the agent cannot be reached",
    },
}
"""Every field that a browser is sent, in plain words (docs/protocol.md, agent to extension and host to extension)."""

TABLES: Final[Mapping[str, tuple[str, str]]] = {
    "page_load": ("Page loads", "Deleted %(time)s after the page was opened."),
    "page_kind": ("Kinds of page", "Stays."),
    "page_quarter": ("Page loads counted by quarter of an hour", "Goes with the page loads that are counted."),
    "client": ("Browsers' extensions", "Deleted %(time)s after it last connected."),
    "finding": ("Findings", "Deleted %(time)s after it was closed."),
    "act": ("Acts: what you were shown and what you said", "Deleted when claims about it have lapsed."),
    "gate": ("Gates: when watching was allowed", "Deleted when claims about it have lapsed."),
    "notice_text": ("Notices, exactly as they were shown", "Deleted when no act names it any more."),
    "preference": ("Your own choices", "Deleted when you take it back, or erase everything; a pause, when it is over."),
    "pause": (
        "Pauses that are over: nothing that was opened in one is taken later",
        "Deleted %(time)s after it was over, or when you erase everything.",
    ),
    "ledger_entry": ("Entries of the record", "Stays. It says nothing without its content."),
    "ledger_content": (
        "Contents of entries",
        "Deleted when claims have lapsed, with its finding, or when you erase it.",
    ),
    "ledger_checkpoint": ("Signed states of the record", "Stays."),
    "ledger_cosignature": ("What witnesses signed", "Stays."),
    "ledger_log": ("Logs of the record", "Stays."),
    "ledger_key": ("The record's key", "Stays."),
    "counter": ("Counters", "Stays."),
    "row_count": ("How many rows the growing tables hold", "Stays."),
    "cursor": ("How far each part of the agent has read", "Stays."),
    "migration": ("Versions of these tables", "Stays."),
    "outbox": ("Reports that wait to be sent: none in this release", "Deleted when it is sent, or when you withdraw."),
}
"""What each table of the database is called, and when a row of it is deleted."""
