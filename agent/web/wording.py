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
    "When you answer a flag in the pop-up": {
        "finding": "The random name of the finding that was flagged",
        "category": "Which of the four answers you pressed",
        "at": "When",
        "dwell_ms": "How many milliseconds the flag had been before you",
    },
}
"""Every field of the protocol that a browser sends, in plain words (docs/protocol.md, extension to agent)."""
