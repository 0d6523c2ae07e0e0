"""Every sentence of every page can be translated, and what is translated fits its English."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

import agent
from agent.model.approvals import Approval
from agent.model.consent import Erasable
from agent.model.findings import CollectMode, Evidence, EvidenceClass
from agent.model.health import Condition, Health, Part
from agent.model.organisation import Added
from agent.model.own_rules import OwnRule
from agent.model.purposes import ActKind, Channel, Gate, GateState, Mode, Purpose
from agent.pages import language
from agent.settings.policy import Monitoring, Organisation, Policy, flattened
from agent.web import translations
from tests.unit.web import pseudo
from tests.unit.web.fake_face import MINUTE, NOW, FakeFace, fill
from tests.unit.web.served import Page

FOLDER = Path(agent.__file__).parent / "content" / "translations"
OTHERS = [code for code in language.LANGUAGES if code != "en"]
_TAG = re.compile(r"</?[a-z][^>]*>")

# Names, and what the stand-in agent makes up by itself.
NAMES = (
    "Gleanwatch", "Acme", "dpo@acme.example", "LinkedIn", "YouTube", "Facebook", "Scrapy", "Chromium", "Firefox", "yt-dlp",
    "HTTrack", "Instagram", "Threads", "WhatsApp", "TikTok", "GitHub", "gleanwatch.localhost/abcdefghijklmnop/1", "X,",
    "Alphabet", "ByteDance", "Meta", "Microsoft", "Sina", "Weibo", "X Corp", "Ab3dE9", "zz81Qw", "bad field",
    "link: replayed", "auto", "Python", "requests", "Beautiful Soup",
    "The acts that still hold: without them nobody could tell that you were asked, nor what you answered.",
    "The bare entries of the log: taking one out would break the proof of all the others.", "TICKET-12", " und ", "scrapy", "JSON", "ZIP", "CSV", "Linux", "macOS", "Windows",
)  # fmt: skip


def busy(mode: Mode) -> FakeFace:
    """Return an agent with something to say on every page."""
    face = FakeFace(mode)
    fill(face)
    # A notice in another language than the page: so its words are told from the page's own.
    face.offered = ("nb",)
    evidence = (
        Evidence(EvidenceClass.PACKAGE, "catalogue.entry-point", "its code belongs to scrapy", 0.9),
        Evidence(EvidenceClass.NETWORK, "network.platform", "connections to LinkedIn and YouTube", 0.6),
        Evidence(EvidenceClass.FLAGS, "catalogue.mode", "asked for many: recursion (-r), list (-i)", 0.4),
        Evidence(EvidenceClass.CADENCE, "cadence.window", "31 page loads on LinkedIn: rate, even, distinct", 0.3),
    )
    lowered = "it runs on a build machine"
    names = {"f2": "A Python script using requests and Beautiful Soup"}
    face.found = [
        replace(f, name=names.get(f.id, f.name), evidence=evidence, lowered=lowered, modes=(CollectMode.LIST,))
        for f in face.found
    ]
    face.health = (
        Health(Part.PROCESSES, Condition.DEGRADED, "polling every second", "most programs that run for less than 1 s"),
        Health(Part.BROWSERS, Condition.WORKING, "2 connected"),
        Health(Part.STORE, Condition.WORKING, "encrypted; its key is in the system's key store"),
        Health(Part.INSTALLS, Condition.FAILED, "watching folders", "", "Restart the agent."),
    )
    if mode is Mode.MANAGED:
        rule = OwnRule("id", "A rule", "A reason.", "media-downloader", ("at least one of:", "  modes is «list»"))
        approval = Approval("scraper-framework", "linkedin", NOW + 60 * MINUTE, "TICKET-12", "compliance.acme.example")
        face.adds = Added(rules=(rule,), since=NOW - 5 * MINUTE, approvals=(approval,))
        face.policy_values = flattened(
            Policy(organisation=Organisation("Acme", "dpo@acme.example"), monitoring=Monitoring("NO"))
        )
    return face


@pytest.fixture
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tell German in wide letters."""
    made = pseudo.catalogue()
    monkeypatch.setattr(language, "catalogue", lambda _language: made)


PATHS = (
    "/", "/findings", "/findings?show=all", "/findings/f1", "/findings/f2", "/findings/f4", "/data", "/data/page_load",
    "/data/finding", "/consent", "/notice", "/history", "/history?check=3", "/history/3/dispute", "/receipts/3",
    "/ledger", "/settings", "/organisation", "/health", "/why", "/reports", "/erase", "/erase?what=record&entry=3",
    "/erase?what=all&ground=withdrawn", "/no-such-page",
)  # fmt: skip


@pytest.mark.usefixtures("wide")
@pytest.mark.parametrize("face", [busy(Mode.PERSONAL), busy(Mode.MANAGED), busy(Mode.TEST)], ids=lambda f: f.mode.value)
async def test_no_page_says_anything_that_cannot_be_translated(inside: Page) -> None:
    async with inside.post("/act", inside.act("acknowledged", language="nb")) as answer:
        assert answer.status == 303
    forgotten = {}
    for path in PATHS:
        async with inside.get(path + ("&" if "?" in path else "?") + "lang=de") as answer:
            left = pseudo.narrow(await answer.text(), NAMES)
        if left:
            forgotten[path] = left
    assert forgotten == {}
