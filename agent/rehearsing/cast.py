"""The synthetic working day: who visits what, which programs run, and what they do on the network. Data only.

Minutes count from the day's beginning, 08:00. All of it is made up; tools are named as the catalogue knows them, since
a tool is recognised by what it is and an invented one would be nobody's. Nothing lies on the disk: a tool shows itself
by its name and how it was asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class Visit:
    """Pages that the person opens by hand.

    Attributes:
        minute: When the first is opened.
        platform: Key of the platform.
        page_class: What kind of page.
        pauses: Seconds between each page and the next; one page more than pauses.
    """

    minute: int
    platform: str
    page_class: str
    pauses: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """A program that runs.

    Attributes:
        role: Who it is in this play; a key of `ROLES`.
        minute: When it starts.
        minutes: How long it runs; None: on and on, until the hold is over.
        argv: What it is started with.
        platform: The platform that it is seen to talk to; empty: none that anybody could tell.
        turns: Requests a minute there.
        answer: What the person answers once it is flagged, five minutes later; empty: nothing.
    """

    role: str
    minute: int
    minutes: int | None
    argv: tuple[str, ...]
    platform: str = ""
    turns: int = 0
    answer: str = ""


ROLES: Final = {
    "ordinary": "an ordinary script: a monthly report",
    "stopped": "a scraper that the person stops when it is flagged",
    "media": "a media downloader that takes a whole channel",
    "approved": "a tool that the compliance team has approved",
    "goes-on": "a scraper that goes on after the hold",
}

VISITS: Final = (
    Visit(6, "linkedin", "profile", (70, 190, 45)),
    Visit(31, "linkedin", "search", (40,)),
    Visit(48, "youtube", "media", (420, 615)),
    Visit(83, "facebook", "group", (150,)),
    Visit(127, "x", "post", (25, 90, 310, 55)),
    Visit(161, "youtube", "channel", (200,)),
    Visit(203, "instagram", "profile", (240, 100)),
    Visit(262, "linkedin", "people_list", (130, 75)),
    Visit(318, "tiktok", "media", (65,)),
    Visit(391, "whatsapp", "chat_app"),
)

RUNS: Final = (
    Run("ordinary", 55, 18, ("python3", "monthly-report.py")),
    Run("stopped", 96, 9, ("snscrape", "twitter-user", "somebody"), answer="stopped"),
    Run("media", 152, 34, ("yt-dlp", "https://www.youtube.com/@somebody"), "youtube", 6),
    Run("approved", 214, 48, ("wget", "--mirror", "https://archive.example/")),
    Run("goes-on", 275, None, ("scrapy", "crawl", "people")),
)


@dataclass(frozen=True, slots=True)
class Day:
    """Everything that is played."""

    visits: Sequence[Visit] = field(default=VISITS)
    runs: Sequence[Run] = field(default=RUNS)


APPROVED_FAMILY: Final = "site-mirror"
"""The family that the rehearsal's own approval is for, where the policy names a key that could sign one."""
