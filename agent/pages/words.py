"""Plain words for the keys that the rest of the house works with, so that no page ever shows a person a bare key.

A key this release does not know is shown as itself with its marks turned into spaces: an agent and its data may be one
release apart, and a page that fails over a word helps nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

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
}

COLLECT_MODE: Final[Mapping[str, str]] = {
    "list": "given a list to work through",
    "recursion": "following links from page to page",
    "channel": "taking a whole channel or account",
    "loop": "repeating the same request",
}

ANSWER: Final[Mapping[str, str]] = {
    "stopping": "I have stopped it",
    "work": "This is for my work",
    "not_me": "That was not me",
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
    "processes": "Programs that start",
    "store": "The encrypted store",
    "browser": "Browsers",
    "browsers": "Browsers",
    "installs": "What is installed",
    "inventory": "What is installed",
    "link": "Connection to browsers",
    "detection": "Recognition",
    "notices": "Desktop notices",
    "desktop": "Desktop notices",
    "keys": "Keys",
    "catalogue": "The list of known tools",
}

CONDITION: Final[Mapping[str, str]] = {
    "working": "Working",
    "degraded": "Limited",
    "failed": "Not working",
}

COUNTER: Final[Mapping[str, str]] = {
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
    "relay.foreign_uid": "browser: connections of another user",
    "relay.session_failed": "browser: connections that failed inside",
    "web.wrong_host": "page: asked for under another name",
    "web.cross_site": "page: asked for by another site",
    "web.wrong_origin": "page: change sent by another site",
    "web.no_session": "page: opened without a session",
    "web.link_used": "page: link used twice or too old",
    "web.wrong_form_token": "page: form without its token",
    "web.bad_form": "page: form that cannot be read",
    "web.notice_changed": "page: answer to a notice that no longer holds",
    "web.too_many_streams": "page: too many live views",
    "web.not_found": "page: no such page",
    "web.failed": "page: failed inside",
}

KINDS: Final[Mapping[str, Mapping[str, str]]] = {
    "platform": PLATFORM,
    "page_class": PAGE_CLASS,
    "family": FAMILY,
    "stage": STAGE,
    "level": LEVEL,
    "evidence": EVIDENCE,
    "collect_mode": COLLECT_MODE,
    "answer": ANSWER,
    "browser": BROWSER,
    "part": PART,
    "condition": CONDITION,
    "counter": COUNTER,
}


def say(key: str, kind: str) -> str:
    """Return the words for `key` among those of `kind` (a key of `KINDS`).

    Raises:
        KeyError: No such kind: a mistake in a template, not in data.
    """
    known = KINDS[kind].get(key)
    if known is not None:
        return known
    return key.replace("_", " ").replace("-", " ").replace(".", ": ")


def listed(words: list[str]) -> str:
    """Say words as «A, B and C»."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"
