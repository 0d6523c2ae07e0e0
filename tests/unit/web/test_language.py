"""Sentences find their way into another language with their values, and stay English where nobody translated them."""

from __future__ import annotations

import io
import subprocess
import sys
from datetime import UTC

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.pages import language, render
from agent.pages.language import SENTENCE, listed, many, telling_in, text, told, told_plain

NOW = 1_790_000_000_000
MINUTE = 60_000
BELOW = {
    "Its code: %(said)s.": "Sein Code: %(said)s.",
    "takes pages apart": "zerlegt Seiten",
    "asks search engines": "fragt Suchmaschinen",
    "connections to %(listed)s": "Verbindungen zu %(listed)s",
    "%(said)s, started by %(said_by)s": "%(said)s, gestartet von %(said_by)s",
    "another program": "einem anderen Programm",
    "a list (%(option)s)": "eine Liste (%(option)s)",
    "Left out: %(parts)s.": "Ausgelassen: %(parts)s.",
    "%(num)s %% of it": "%(num)s %% davon",
    "Nothing was sent.": "Nichts wurde gesendet.",
    "It is a test.": "Es ist ein Test.",
    "100 %% sure": "zu 100 %% sicher",
}
PLAIN = {"Erase": "Löschen", "Run by %(name)s.": "Betrieben von %(name)s."}


def a_catalogue() -> language.Catalogue:
    made = Catalog(locale="de", fuzzy=False)
    for english, german in BELOW.items():
        made.add(english, german, auto_comments=[SENTENCE])
    for english, german in PLAIN.items():
        made.add(english, german)
    made.add(("%(num)s rule", "%(num)s rules"), ("%(num)s Regel", "%(num)s Regeln"), auto_comments=[SENTENCE])
    made.add("Not yet translated", "")
    made.add(("%(num)s day ago", "%(num)s days ago"), ("vor %(num)s Tag", "vor %(num)s Tagen"))
    out = io.BytesIO()
    write_po(out, made)
    out.seek(0)
    return language.read(out, "de")


@pytest.fixture
def german(monkeypatch: pytest.MonkeyPatch) -> None:
    made = a_catalogue()
    monkeypatch.setattr(language, "catalogue", lambda _language: made)


@pytest.mark.usefixtures("german")
def test_what_is_translated_is_told_in_the_language_and_nowhere_else() -> None:
    assert text("Run by %(name)s.", name="<Acme>") == "Run by <Acme>."
    with telling_in("de"):
        assert text("Run by %(name)s.", name="<Acme>") == "Betrieben von <Acme>."
        assert text("Not yet translated") == "Not yet translated"
        assert many("%(num)s day ago", "%(num)s days ago", 1) == "vor 1 Tag"
        assert many("%(num)s day ago", "%(num)s days ago", 12345) == "vor 12\u202f345 Tagen"
        with telling_in("tlh"):
            assert text("Erase") == "Erase", "a language that we do not have is English"
        assert text("Erase") == "Löschen"
    assert text("Erase") == "Erase"


@pytest.mark.usefixtures("german")
@pytest.mark.parametrize(
    ("english", "other"),
    [
        ("takes pages apart", "zerlegt Seiten"),
        ("Its code: takes pages apart, asks search engines.", "Sein Code: zerlegt Seiten, fragt Suchmaschinen."),
        ("Its code: connections to A, B and C.", "Sein Code: Verbindungen zu A, B und C."),
        (
            "Its code: takes pages apart, started by another program.",
            "Sein Code: zerlegt Seiten, gestartet von einem anderen Programm.",
        ),
        ("Its code: a list (-r), a list (-i).", "Sein Code: eine Liste (-r), eine Liste (-i)."),
        ("Left out: takes pages apart; b.yml.", "Ausgelassen: zerlegt Seiten; b.yml."),
        ("It is a test. Nothing was sent.", "Es ist ein Test. Nichts wurde gesendet."),
        ("1 rule", "1 Regel"),
        ("1,234 rules", "1,234 Regeln"),
        ("7 % of it", "7 % davon"),
        ("100 % sure", "zu 100 % sicher"),
    ],
)
def test_a_finished_sentence_is_told_anew_with_its_values(english: str, other: str) -> None:
    with telling_in("de"):
        assert told(english) == other
        assert told_plain(english) == other
    assert told(english) == english


@pytest.mark.usefixtures("german")
def test_what_nobody_knows_is_shown_marked_as_english_and_escaped() -> None:
    with telling_in("de"):
        assert told("A <strange> thing") == '<span lang="en">A &lt;strange&gt; thing</span>'
        assert told_plain("A <strange> thing") == "A <strange> thing"
        assert (
            told("It is a test. A <strange> thing.") == '<span lang="en">It is a test. A &lt;strange&gt; thing.</span>'
        )
        assert told("") == ""
        assert told("Left out: <b>.") == "Ausgelassen: &lt;b&gt;."


@pytest.mark.usefixtures("german")
@given(st.text(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_can_be_more_than_text(said: str) -> None:
    with telling_in("de"):
        shown = str(told(said)).removeprefix('<span lang="en">').removesuffix("</span>")
    assert "<" not in shown
    assert ">" not in shown


@given(st.sampled_from(sorted(BELOW)), st.text(alphabet="abc XYZ-<>%", min_size=1, max_size=12))
def test_a_sentence_is_found_again_whatever_stands_in_its_places(english: str, value: str) -> None:
    value = value.strip(" ,;") or "x"
    values = {name: "7" if name.startswith("num") else value for name in language.PLACE.findall(english)}
    assert language._told(a_catalogue(), english % values) is not None


@pytest.mark.parametrize("code", language.LANGUAGES)
def test_a_long_sentence_is_told_quickly(code: str) -> None:
    with telling_in(code):
        assert told(("A sentence that nobody knows, and more. " * 200).strip())


@pytest.mark.parametrize(
    ("code", "day", "list_"),
    [
        ("en", "Mon 21 Sep 2026, 14:13", "A, B and C"),
        ("de", "Mo., 21. Sept. 2026, 14:13", "A, B und C"),
        ("fr", "lun. 21 sept. 2026, 14:13", "A, B et C"),
        ("es", "lun, 21 sept 2026, 14:13", "A, B y C"),
        ("nb", "man. 21. sep. 2026, 14:13", "A, B og C"),
    ],
)
def test_dates_and_lists_are_the_languages_own(code: str, day: str, list_: str) -> None:
    with telling_in(code):
        assert render.calendar(NOW, UTC) == day
        assert listed(["A", "B", "C"]) == list_
        assert listed(["A"]) == "A"
        assert language.decimal(0.5, 2) == ("0.50" if code == "en" else "0,50")


@pytest.mark.parametrize(
    ("away", "said"),
    [
        (0, "just now"), (3, "in a moment"), (-45, "45 seconds ago"), (-60, "1 minute ago"), (3600, "in 1 hour"),
        (-47 * 3600, "47 hours ago"),
        (90 * 86400, "in 90 days"), (-86400 * 2, "2 days ago"), (59 * 60, "in 59 minutes"),
    ],
)  # fmt: skip
def test_a_time_is_said_as_seen_from_now(away: int, said: str) -> None:
    assert render.relative(NOW + away * 1000, NOW) == said


def test_who_reads_english_never_pays_for_the_languages() -> None:
    said = (
        "import sys; from agent.pages import language, render; language.told('It is a test.'); language.listed(['a']);"
    )
    said += "render.calendar(0, None); sys.exit('babel' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", said], check=False, timeout=60).returncode == 0
