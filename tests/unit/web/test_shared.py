"""What the faces share: words, times, notices as HTML, bars, ports."""

from __future__ import annotations

import re
import socket
from datetime import UTC
from html.parser import HTMLParser

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from agent.consent.gate import GateReason
from agent.content.notices import LANGUAGES, render_notice
from agent.content.purposes import load_purposes
from agent.model.consent import Erasable, Ground
from agent.model.findings import CollectMode, EvidenceClass, Level, Stage
from agent.model.health import Condition
from agent.model.purposes import Act, ActKind, Channel, Mode, Strength
from agent.pages import markdown, words
from agent.pages.render import calendar, relative
from agent.pages.security import STATUS, Refusal
from agent.web.serving import serve
from agent.web.wording import REFUSED

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        ("stage", list(Stage)),
        ("level", list(Level)),
        ("evidence", list(EvidenceClass)),
        ("collect_mode", list(CollectMode)),
        ("condition", list(Condition)),
        ("counter", list(Refusal)),
        ("act", list(ActKind)),
        ("channel", list(Channel)),
        ("strength", list(Strength)),
        ("strength_short", list(Strength)),
        ("gate", list(GateReason)),
        ("erasable", list(Erasable)),
        ("erasable_means", list(Erasable)),
        ("ground", list(Ground)),
        ("language", list(LANGUAGES)),
        ("payload", [name for name in Act.__dataclass_fields__ if name != "entry"]),
    ],
)
def test_every_key_has_plain_words(kind: str, keys: list[str]) -> None:
    for key in keys:
        assert key in words.KINDS[kind]


def test_a_key_of_another_release_is_shown_without_its_marks() -> None:
    assert words.say("some_new-kind.of", "page_class") == "some new kind: of"


def test_every_refusal_has_a_status_and_says_what_to_do() -> None:
    assert set(STATUS) == set(REFUSED) == set(Refusal)
    assert all(title and text.endswith(".") for title, text in REFUSED.values())


@pytest.mark.parametrize(
    ("away", "said"),
    [
        (0, "just now"),
        (-5 * SECOND, "just now"),
        (5 * SECOND, "in a moment"),
        (-40 * SECOND, "40 seconds ago"),
        (-MINUTE, "1 minute ago"),
        (34 * MINUTE, "in 34 minutes"),
        (-HOUR, "1 hour ago"),
        (-47 * HOUR, "47 hours ago"),
        (-48 * HOUR, "2 days ago"),
        (14 * DAY, "in 14 days"),
    ],
)
def test_times_in_words(away: int, said: str) -> None:
    assert relative(1_790_000_000_000 + away, 1_790_000_000_000) == said


def test_a_date_follows_no_locale() -> None:
    assert calendar(1_790_000_000_000, UTC) == "Mon 21 Sep 2026, 14:13"


class Parsed(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [name for name, _ in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


@given(st.text(st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n"), max_size=200))
def test_no_text_of_a_notice_becomes_a_tag_of_its_own(text: str) -> None:
    parsed = Parsed(str(markdown.to_html(text)))
    assert parsed.tags <= {"h1", "h2", "h3", "h4", "h5", "h6", "p", "ul", "li", "strong", "code"}
    assert parsed.attributes == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("mode", list(Mode))
def test_the_notice_as_a_page_says_every_word_of_its_text(mode: Mode, language: str) -> None:
    purposes = list(load_purposes().values())
    text = render_notice(
        mode, language, purposes=purposes, organisation="A & B <Ltd>", contact="x@example.org", lead_days=14
    ).text
    shown = Parsed(str(markdown.to_html(text))).text
    plain = re.sub(r"[#*`]|^- ", "", text, flags=re.MULTILINE)
    assert shown.split() == plain.split()


async def test_the_page_has_one_port_on_every_loopback_address() -> None:
    serving = await serve(web.Application())
    try:
        assert serving.addresses[0] == "127.0.0.1"
        for address in serving.addresses:
            with socket.create_connection((address, serving.port), timeout=5):
                pass
    finally:
        await serving.close()


async def test_a_taken_port_says_what_to_do() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"cannot use port {port}.*Choose another port"):
            await serve(web.Application(), port)


async def test_a_port_that_somebody_else_holds_on_ipv6_is_not_shared() -> None:
    try:
        taken = socket.socket(socket.AF_INET6)
        taken.bind(("::1", 0))
    except OSError:
        pytest.skip("this system has no ::1")
    with taken:
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"uses port {port} on ::1"):
            await serve(web.Application(), port)
