"""Every sentence of every page can be translated, and what is translated fits its English."""

from __future__ import annotations

import re
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

import agent
from agent.model.approvals import Approval
from agent.model.findings import CollectMode, Evidence, EvidenceClass
from agent.model.health import Condition, Health, Part
from agent.model.organisation import Added
from agent.model.own_rules import OwnRule
from agent.model.purposes import Mode
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
    "Gleanwatch", "Acme", "dpo@acme.example", "LinkedIn", "YouTube", "Facebook", "Scrapy", "Chromium", "Firefox",
    "yt-dlp",
    "HTTrack", "Instagram", "Threads", "WhatsApp", "TikTok", "GitHub", "gleanwatch.localhost/abcdefghijklmnop/1", "X,",
    "Alphabet", "ByteDance", "Meta", "Microsoft", "Sina", "Weibo", "X Corp", "Ab3dE9", "zz81Qw", "bad field",
    "link: replayed", "auto", "Python", "requests", "Beautiful Soup",
    "The acts that still hold: without them nobody could tell that you were asked, nor what you answered.",
    "The bare entries of the log: taking one out would break the proof of all the others.",
    "TICKET-12", " und ", "scrapy", "JSON", "ZIP", "CSV", "Linux", "macOS", "Windows",
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
    # Somebody read each page in English before: no template may hold on to a language.
    for path in PATHS:
        async with inside.get(path + ("&" if "?" in path else "?") + "lang=en") as answer:
            await answer.read()
    forgotten = {}
    for path in PATHS:
        async with inside.get(path + ("&" if "?" in path else "?") + "lang=de") as answer:
            left = pseudo.narrow(await answer.text(), NAMES)
        if left:
            forgotten[path] = left
    assert forgotten == {}


def test_no_sentence_of_ours_is_put_into_another() -> None:
    # Words that stand in a sentence of another language have to be bent, which a piece cannot be.
    for package in ("agent.pages", "agent.web"):
        for file in (files(package) / "templates").iterdir():
            glued = re.findall(r"{% *trans [^%]*\b_\([^%]*%}", file.read_text("utf-8"))
            assert glued == [], file.name


def test_the_languages_files_are_in_step_with_the_sentences() -> None:
    assert translations.main([], FOLDER) == 0


def test_misuse_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert translations.main(["--wirte"], FOLDER) == 2
    assert "usage" in capsys.readouterr().err


def test_files_out_of_step_are_named_and_put_in_step_without_losing_what_was_translated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert translations.main([], tmp_path) == 1
    assert "nb.po is out of date" in capsys.readouterr().err
    old = translations.in_step(None, translations.template(), "de")
    old["Erase"].string = "Löschen"
    old.add("A sentence that is gone", "Ein Satz, der fort ist")
    (tmp_path / "de.po").write_bytes(translations.as_text(old))
    assert translations.main(["--write"], tmp_path) == 0
    assert translations.main([], tmp_path) == 0
    now = translations.read(tmp_path / "de.po", "de")
    assert now is not None
    assert now["Erase"].string == "Löschen"
    assert "A sentence that is gone" not in now
    assert now.obsolete["A sentence that is gone"].string == "Ein Satz, der fort ist"


def test_a_sentence_with_and_without_a_number_is_refused() -> None:
    with pytest.raises(ValueError, match="give a sentence"):
        list(translations.sentences("health:\n- {one: a}"))


def catalogues() -> list[tuple[str, Catalog]]:
    read = [(code, translations.read(FOLDER / f"{code}.po", code)) for code in OTHERS]
    return [(code, made) for code, made in read if made is not None]


@pytest.mark.parametrize(("code", "made"), catalogues())
def test_a_translation_has_the_places_and_marks_of_its_english(code: str, made: Catalog) -> None:
    for message in made:
        pairs = [(str(message.id), str(message.string))]
        if isinstance(message.id, tuple):
            # In the form for one thing the number may be written as a word.
            known = set(language.PLACE.findall("".join(message.id)))
            assert set(language.PLACE.findall("".join(message.string or ()))) <= known, message.id
            pairs = list(zip(message.id[1:], list(message.string or ())[1:], strict=True))
        for english, other in pairs:
            if english and other:
                assert sorted(language.PLACE.findall(other)) == sorted(language.PLACE.findall(english)), english
                assert sorted(_TAG.findall(other)) == sorted(_TAG.findall(english)), english
                places = dict.fromkeys(language.PLACE.findall(english), "")
                assert isinstance(other % places, str), f"a bare percent sign in {code}: {english}"


@pytest.mark.parametrize(("code", "made"), catalogues())
def test_a_language_has_two_forms_and_chooses_them_as_its_file_says(code: str, made: Catalog) -> None:
    assert made.num_plurals == 2
    form = eval("lambda n: int(" + made.plural_expr.strip("()") + ")")
    for number in (0, 1, 2, 5, 11, 21, 100, 1000):
        assert language.plural(code, number) == form(number)
    assert all(len(message.string or ()) == 2 for message in made if isinstance(message.id, tuple))
