"""Where the demonstration's browser goes: the way of somebody who looks at a few people, at a person's pace.

A stop is an address on the invented site under the name it is browsed as, and the sentence that the screen shows. Some
stops are there for what Gleanwatch does *not* keep: a feed says nothing about collecting, a site that is not watched is
never seen at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from agent.demo.site import person

LINKEDIN: Final = "https://www.linkedin.com"
INSIDE: Final = "document.querySelector('a.next').click()"


@dataclass(frozen=True, slots=True)
class Stop:
    """One stop.

    Attributes:
        url: The address to load; empty to press the link to the next person, which moves without a page load.
        text: What the screen says.
    """

    url: str
    text: str


def tour() -> Iterator[Stop]:
    """Yield stops for as long as somebody asks."""
    number = 0
    while True:
        yield Stop(f"{LINKEDIN}/feed/", "browser opened the feed: says nothing of collecting, not kept")
        yield Stop(f"{LINKEDIN}/search/results/people?page={number % 40 + 1}", "browser searched for people")
        yield Stop(f"{LINKEDIN}/in/{person(number).slug}", "browser opened a profile")
        yield Stop("", "browser went on to a profile inside the page")
        yield Stop(f"{LINKEDIN}/posts/{number}", "browser opened a post")
        yield Stop(f"{LINKEDIN}/company/quiet-harbour/people", "browser opened a list of people")
        yield Stop("https://social.example/in/somebody", "browser opened a site that is not watched: never seen")
        yield Stop(f"{LINKEDIN}/in/{person(number + 7).slug}", "browser opened a profile")
        yield Stop("https://www.instagram.com/quiet.harbour/", "browser opened a profile on Instagram")
        yield Stop(f"{LINKEDIN}/company/quiet-harbour/", "browser opened a company page")
        number += 11
