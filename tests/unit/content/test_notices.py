"""The notice says what holds, exactly, in five languages: every value a person relies on is in its text and its hash.

Besides: an organisation's supplement leaves our text as it is and cannot pass for it, and every language has the same
words, values and structure, so that nobody is told less because of the language they read.
"""

from __future__ import annotations

import hashlib
import itertools
import re
import string
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

import agent.content.notices as module
from agent.content.jurisdictions import REFERENCES, load_jurisdictions
from agent.content.notices import (
    LANGUAGES,
    PLATFORMS,
    SUPPLEMENT_BYTES,
    best_language,
    difference,
    purpose_words,
    render_notice,
    said,
)
from agent.content.purposes import basis_for, load_purposes
from agent.model.face import NoticeText
from agent.model.purposes import Mode, Purpose, StartRule
from agent.pages.language import telling_in
from agent.pages.language import text as say

FOLDER = Path(module.__file__).parent / "notices"
FACTS = load_purposes()
USED = tuple(facts for facts in FACTS.values() if facts.in_use)
TIMES = {"raw_hours": 24, "finding_days": 90, "claims_years": 3}
VERSION = "4"


def notice(mode: Mode = Mode.MANAGED, language: str = "en", **values: Any) -> NoticeText:
    """A notice with everything in it, with what a test is about changed."""
    plain: dict[str, Any] = {
        "purposes": USED,
        "organisation": "Acme",
        "contact": "dpo@acme.example",
        "jurisdiction": "NO",
        "authority": "Datatilsynet",
        "lead_days": 14,
    }
    return render_notice(mode, language, **(plain | values))


@cache
def words_of(language: str) -> dict[str, Any]:
    """One language's words file."""
    loaded: dict[str, Any] = yaml.safe_load((FOLDER / f"words.{language}.yaml").read_text(encoding="utf-8"))
    return loaded


def texts_of(language: str) -> dict[str, str]:
    """One language's texts, by name."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted((FOLDER / language).iterdir())}


def sections(text: str) -> dict[str, str]:
    """A text by its headings."""
    parts = re.split(r"^## (.*)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


# What every notice is.


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("mode", list(Mode))
def test_the_hash_is_of_exactly_the_text_that_is_shown(mode: Mode, language: str) -> None:
    told = notice(mode, language)
    assert told.sha256 == hashlib.sha256(told.text.encode()).hexdigest()
    assert (told.notice, told.language, told.version) == (mode.value, language, VERSION)
    assert f"{mode.value}" in told.text.splitlines()[-1]
    assert told.text.endswith(f" {VERSION}.\n")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("mode", list(Mode))
def test_headings_stand_apart_and_list_items_on_their_own_lines(mode: Mode, language: str) -> None:
    text = notice(mode, language, loopback=("www.linkedin.com",), witnesses=("w",)).text
    for before, line in itertools.pairwise(text.splitlines()):
        if line.startswith("#"):
            assert before == ""
        assert ".- " not in line
        assert before or line
    assert "{" not in text
    assert "---" not in text
    assert "  " not in text


def test_a_notice_tells_what_is_looked_at_kept_sent_never_seen_and_what_one_can_do() -> None:
    for mode in Mode:
        text = notice(mode).text
        for heading in ("for", "looked at", "kept", "leaves this computer", "never seen", "receipt", "you can do"):
            assert any(heading in title for title in sections(text)), heading
        for command in ("gleanwatch consent erase", "receipt", "starts"):
            assert command in text
        assert len(text.split()) < 1350


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("mode", list(Mode))
def test_sentences_are_short(mode: Mode, language: str) -> None:
    text = re.sub(r"[*`#]|^- ", "", notice(mode, language).text, flags=re.MULTILINE)
    sentences = [re.findall(r"\w[\w'’.@/-]*", part) for part in re.split(r"[.!?]\s|\n", text)]
    counts = [len(words) for words in sentences if words]
    assert sum(counts) / len(counts) <= 20
    assert max(counts) <= 45


def test_a_managed_notice_without_somebody_behind_it_is_refused() -> None:
    with pytest.raises(ValueError, match="who runs it"):
        notice(contact=" ")
    with pytest.raises(ValueError, match="retention"):
        notice(raw_hours=0)
    with pytest.raises(ValueError, match="purpose"):
        notice(purposes=())
    with pytest.raises(ValueError, match="«tlh»"):
        notice(language="tlh")


# Purposes, each told apart.


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("mode", list(Mode))
def test_each_purpose_in_use_is_told_apart_and_no_other(mode: Mode, language: str) -> None:
    text = notice(mode, language, purposes=tuple(FACTS.values())).text
    items = [line for line in text.splitlines() if line.startswith("- **")]
    for purpose, words in purpose_words(language).items():
        mine = [line for line in items if line.startswith(f"- **{words.title}.** {words.meaning}")]
        assert len(mine) == FACTS[purpose].in_use
        for line in mine:
            assert all(said(language, "category", key) in line for key in FACTS[purpose].categories)
            assert all(said(language, "recipient", key) in line for key in FACTS[purpose].recipients)
            assert said(language, "retention", FACTS[purpose].retention, **TIMES) in line


@pytest.mark.parametrize("language", LANGUAGES)
def test_optional_purposes_stand_apart_from_the_mandatory_ones_and_last(language: str) -> None:
    text, words = notice(language=language).text, purpose_words(language)
    by_heading = list(sections(text).values())
    optional = [body for body in by_heading if f"**{words[Purpose.LONGER_HISTORY].title}.**" in body]
    assert optional == by_heading[-1:]
    assert not any(words[f.purpose].title in optional[0] for f in USED if not f.purpose.optional)
    assert said(language, "basis", "A6-1-a") in notice(language=language, basis={Purpose.LONGER_HISTORY: "A6-1-a"}).text
    without = notice(language=language, purposes=[f for f in USED if not f.purpose.optional]).text
    assert len(sections(without)) == len(by_heading) - 1


def test_refusing_has_no_effect_and_nobody_can_list_it() -> None:
    optional = list(sections(notice().text).values())[-1]
    assert "off until you switch them on" in optional
    assert "Refusing has no effect on your work" in optional
    assert "nobody can list who refused" in optional
    assert "90 days instead of 24 hours, for your own page only" in optional
    assert "Switching it off deletes the older ones" in optional
    assert "90 days instead of 6 hours" in notice(raw_hours=6).text


def test_nothing_that_is_in_use_leaves_the_laptop_since_the_notice_says_so() -> None:
    """When this fails, «What leaves this computer» must be rewritten in every language before anything else."""
    assert [facts.purpose for facts in FACTS.values() if facts.in_use and facts.leaves] == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("place", ["NO", "GB", "US-NY", "IN", "CH", "AR"])
def test_the_legal_basis_of_each_purpose_is_named(place: str, language: str) -> None:
    basis = {facts.purpose: basis_for(facts, place) for facts in USED}
    text = notice(language=language, jurisdiction=place, basis=basis).text
    for facts in USED:
        title = purpose_words(language)[facts.purpose].title
        line = next(line for line in text.splitlines() if line.startswith(f"- **{title}."))
        assert said(language, "basis", basis[facts.purpose]) in line


def test_a_legal_basis_that_this_release_does_not_know_is_named_by_its_code() -> None:
    assert "Legal basis: xx-new." in notice(basis={Purpose.DETECT: "xx-new"}).text


# What an instance's rules say.


def test_in_personal_mode_watching_starts_with_the_press_and_nothing_leaves() -> None:
    text = notice(Mode.PERSONAL, organisation="", contact="", jurisdiction="", authority="").text
    assert "when you press «Start watching», and not before" in text
    assert "nothing it keeps leaves this computer" in text
    assert "Legal basis" not in text


def test_a_managed_notice_says_when_watching_starts_and_whether_pressing_matters() -> None:
    assert "14 days after this notice was first shown to you, whether or not you press anything" in notice().text
    assert "1 day after" in notice(lead_days=1).text
    assert "once this notice was shown to you, whether or not" in notice(lead_days=0).text
    waits = notice(start=StartRule.ACKNOWLEDGED)
    assert "14 days after" in waits.text
    assert "once you have pressed one of the buttons" in waits.text
    assert "whether or not" not in waits.text
    asks = notice(start=StartRule.AUTHORISED)
    assert "only if you have pressed «I authorise this»" in asks.text
    assert "do not rest on your consent" not in asks.text
    assert "take your authorisation back" in asks.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_start_rule_is_another_text_in_every_language(language: str) -> None:
    texts = {
        (start, days): notice(language=language, start=start, lead_days=days).text
        for start in StartRule
        for days in (0, 1, 14)
    }
    assert len(set(texts.values())) == len(texts)
    for (start, days), text in texts.items():
        counted = words_of(language)["units"]["days_after" if language != "de" else "days"][days != 1].format(n=days)
        assert (f" {counted}" in text) is (days > 0)
        assert (said(language, "press", "authorise") in text) is (start is StartRule.AUTHORISED)
        assert said(language, "press", "shown") in text


def test_the_record_and_the_objection_are_told_truly() -> None:
    text = notice().text
    assert "everything seen for that purpose stays on this computer" in text
    assert "when it is answered or when you take it back" in text
    assert "If somebody put back a whole older copy, that would not be seen" in text
    witnessed = notice(witnesses=("auditor.example/w1",)).text
    assert "its length and fingerprint go to: auditor.example/w1" in witnessed
    assert "would not be seen" not in witnessed


def test_a_test_instance_says_so_and_names_what_it_points_at_itself() -> None:
    text = notice(Mode.TEST, loopback=("www.linkedin.com",)).text
    assert text.startswith("# TEST INSTANCE")
    assert "count as the real platform: www.linkedin.com" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_names_every_platform_and_every_value(language: str) -> None:
    references = {key: f"REF-{key}" for key in sorted(REFERENCES)}
    text = notice(
        language=language,
        lead_days=13,
        raw_hours=7,
        finding_days=61,
        claims_years=11,
        references=references,
        witnesses=("auditor.example/w1",),
        loopback=("www.linkedin.com",),
    ).text
    units = words_of(language)["units"]
    for value in (
        *PLATFORMS,
        *references.values(),
        *(said(language, "reference", key) for key in references),
        "Acme",
        "dpo@acme.example",
        "Datatilsynet",
        said(language, "jurisdiction", "NO"),
        "auditor.example/w1",
        "www.linkedin.com",
        units["hours"][1].format(n=7),
        units["days"][1].format(n=61),
        units["years"][1].format(n=11),
        units["days"][1].format(n=90),
    ):
        assert value in text, value


VALUES: dict[str, st.SearchStrategy[Any]] = {
    "organisation": st.sampled_from(["Acme", "Acme Ltd", "Bcme"]),
    "contact": st.sampled_from(["dpo@acme.example", "b@acme.example"]),
    "address": st.sampled_from(["", "1 Example Street", "2 Example Street"]),
    "jurisdiction": st.sampled_from(["NO", "SE", "Narnia"]),
    "authority": st.sampled_from(["Datatilsynet", "ICO"]),
    "lead_days": st.integers(0, 60),
    "start": st.sampled_from(list(StartRule)),
    "raw_hours": st.integers(1, 24),
    "finding_days": st.integers(1, 90),
    "claims_years": st.integers(1, 10),
    "platforms": st.sampled_from([PLATFORMS, PLATFORMS[:3], PLATFORMS[1:]]),
    "references": st.dictionaries(st.sampled_from(sorted(REFERENCES)), st.sampled_from(["R1", "R2"])),
    "witnesses": st.sampled_from([(), ("w1",), ("w1", "w2")]),
    "basis": st.dictionaries(st.just(USED[1].purpose), st.sampled_from(["b1", "b2"])),
    "purposes": st.sampled_from([USED, USED[:2], USED[1:]]),
    "supplement": st.sampled_from(["", "More.", "Less."]),
}


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(LANGUAGES), st.fixed_dictionaries(VALUES), st.data())
def test_another_value_is_another_notice(language: str, values: dict[str, Any], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(VALUES)))
    other = data.draw(VALUES[name].filter(lambda drawn: drawn != values[name]))
    chosen = notice(language=language, **values)
    assert chosen == notice(language=language, **values)
    assert chosen.sha256 != notice(language=language, **(values | {name: other})).sha256


@settings(max_examples=60, deadline=None)
@given(st.text(min_size=1, max_size=80), st.sampled_from(["organisation", "authority", "jurisdiction"]))
def test_a_value_cannot_add_lines_headings_or_marking(value: str, name: str) -> None:
    plain = notice()
    try:
        told = notice(**{name: value})
    except ValueError:
        return  # nothing printable is left of it: a managed notice must say who runs it
    assert plain.text.count("\n") - told.text.count("\n") in (0, 1)  # an empty one is left out
    assert told.text.count("#") == plain.text.count("#")
    assert told.text.count("`") == plain.text.count("`")
    assert "<" not in told.text


# The organisation's own words.

MARKS = st.lists(
    st.sampled_from([*"#*-_=+~`<>[]()!|:.\\/& \t1aZ", "\n", "\n# ", "\n- ", "\n1. ", "**", "\u202e", "\x0b", "\u2028"]),
    max_size=40,
).map("".join)


def test_a_supplement_stands_after_our_text_and_leaves_it_as_it_is() -> None:
    plain, more = notice(), notice(supplement="# Hello\nSee [our page](https://acme.example/x)\n\n---\n* one **two**")
    assert more.text.startswith(plain.text)
    assert more.text[len(plain.text) :].startswith("\n## Added by Acme\nAcme wrote what follows.")
    assert more.text.endswith("\n\n#### Hello\nSee our page(acme.example/x)\n\n- one **two**\n")
    assert notice(supplement=" \n---\n\n#\n").text == plain.text


@settings(max_examples=150, deadline=None)
@given(MARKS, st.sampled_from(LANGUAGES))
def test_a_supplement_cannot_look_like_our_text(supplement: str, language: str) -> None:
    plain, more = notice(language=language).text, notice(language=language, supplement=supplement).text
    assert more.startswith(plain)
    added = more[len(plain) :]
    assert re.findall(r"^#{1,3} .*$", added, re.MULTILINE) == re.findall(r"^## .*$", added, re.MULTILINE)
    assert len(re.findall(r"^## ", added, re.MULTILINE)) == bool(added)
    assert "://" not in added
    # As a terminal reads it: nothing but paragraphs, lists, bold and small headings.
    tokens = MarkdownIt().enable("strikethrough").enable("table").parse(added)
    kinds = {token.type for token in itertools.chain(tokens, *(token.children or () for token in tokens))}
    assert not kinds & {"hr", "fence", "code_block", "html_block", "html_inline", "link_open", "image", "table_open"}
    assert not kinds & {"code_inline", "blockquote_open", "s_open"}
    assert [token.tag for token in tokens if token.type == "heading_open"][:1] in ([], ["h2"])
    assert {token.tag for token in tokens if token.type == "heading_open"} <= {"h2", "h4"}
    assert sum(token.tag == "h2" for token in tokens if token.type == "heading_open") <= 1


def test_a_supplement_is_bounded_and_somebody_s() -> None:
    assert notice(supplement="x" * SUPPLEMENT_BYTES)
    with pytest.raises(ValueError, match="longer than"):
        notice(supplement="é" * (SUPPLEMENT_BYTES // 2 + 1))
    with pytest.raises(ValueError, match="somebody"):
        notice(Mode.PERSONAL, organisation="", supplement="Hello")


# What changed.


def test_a_change_is_shown_with_its_neighbours_and_nothing_else() -> None:
    before, after = notice(raw_hours=24).text, notice(raw_hours=12).text
    lines = difference(before, after)
    assert ("-", "- The five facts of a page load: **24 hours**.") in lines
    assert ("+", "- The five facts of a page load: **12 hours**.") in lines
    assert (" ", "…") in lines
    assert len(lines) < len(after.splitlines())
    assert difference(before, before) == []


LINES = st.lists(st.sampled_from(["a", "b", "c", "", "d"]), max_size=30)


@given(LINES, LINES)
def test_no_new_or_gone_line_is_left_out_of_a_difference(before: list[str], after: list[str]) -> None:
    old, new = "\n".join(before), "\n".join(after)
    lines = difference(old, new)
    shown_old, shown_new = iter(old.splitlines()), iter(new.splitlines())
    # Every line that is shown stands in its text, in order; a left-out stretch has the same length in both.
    assert all(line in shown_new for mark, line in lines if mark != "-" and line != "…")
    assert all(line in shown_old for mark, line in lines if mark != "+" and line != "…")
    gained = sum(mark == "+" for mark, _ in lines) - sum(mark == "-" for mark, _ in lines)
    assert gained == len(new.splitlines()) - len(old.splitlines())
    assert (lines == []) is (old.splitlines() == new.splitlines())


def test_a_long_unchanged_stretch_becomes_one_line() -> None:
    same = [str(n) for n in range(20)]
    lines = difference("\n".join(["x", *same, "y"]), "\n".join(["X", *same, "Y"]))
    assert [line for mark, line in lines if mark == " "] == ["0", "1", "…", "18", "19"]


# Words, and the languages against each other.


def keys_of(value: object, path: str = "") -> set[str]:
    """Every key of a nested mapping, with its path."""
    if not isinstance(value, dict):
        return {path}
    return {key for name, inner in value.items() for key in keys_of(inner, f"{path}/{name}")}


def at(value: Any, path: str) -> Any:
    """What stands at a path of `keys_of`."""
    for name in path.strip("/").split("/"):
        value = value[name]
    return value


def variables(text: object) -> set[str]:
    """The `{values}` of one or more texts."""
    texts = text if isinstance(text, list) else [text]
    return {name for each in texts for _, name, _, _ in string.Formatter().parse(str(each)) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_words_with_the_same_values(language: str) -> None:
    english, other = words_of("en"), words_of(language)
    assert other["language"] == language
    assert str(other["version"]) == VERSION
    assert keys_of(other) == keys_of(english)
    for path in keys_of(english):
        assert variables(at(other, path)) == variables(at(english, path)), path
        assert at(other, path), path


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_texts_versions_values_and_branches(language: str) -> None:
    english, other = texts_of("en"), texts_of(language)
    assert set(other) == set(english)
    for name, text in other.items():
        for pattern in (r"{%.*?%}", r"(?m)^##? |^- "):
            assert re.findall(pattern, text) == re.findall(pattern, english[name]), name
        for pattern in (r"{{ *[\w.]+", r"`[^`]+`"):
            assert sorted(re.findall(pattern, text)) == sorted(re.findall(pattern, english[name])), name
        if name in {mode.value for mode in Mode}:
            assert text.startswith(f"---\nnotice: {name}\nlanguage: {language}\nversion: {VERSION}\n---\n")
    assert {path.name for path in FOLDER.iterdir()} == {*LANGUAGES, *(f"words.{one}.yaml" for one in LANGUAGES)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_key_that_our_data_use_has_words(language: str) -> None:
    words = words_of(language)
    for facts in FACTS.values():
        assert set(facts.basis.values()) <= set(words["basis"])
        assert set(facts.categories) <= set(words["category"])
        assert set(facts.recipients) <= set(words["recipient"])
        assert facts.retention in words["retention"]
    assert set(words["reference"]) == REFERENCES
    for code in load_jurisdictions():
        assert said(language, "jurisdiction", code) != code
    assert set(purpose_words(language)) == set(Purpose)
    assert all(title.title and title.meaning.endswith(".") for title in purpose_words(language).values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_with_every_field_is_called_as_the_pages_call_it(language: str) -> None:
    with telling_in(language):
        name = say("My data")
    assert said(language, "press", "fields") == name
    assert name in notice(Mode.MANAGED, language).text
    assert name in notice(Mode.PERSONAL, language).text


def test_what_a_person_can_add_or_pause_is_told() -> None:
    for mode in (Mode.MANAGED, Mode.PERSONAL):
        told = sections(notice(mode).text)
        assert "that count never leaves the browser" in told["What is looked at"]
        assert "nor added by you" in told["What is never seen"]
        assert "ause" in told["What you can do"]


def test_the_words_of_two_languages_differ() -> None:
    for one, other in itertools.combinations(LANGUAGES, 2):
        for group in ("basis", "category", "press", "reference"):
            mine, theirs = words_of(one)[group], words_of(other)[group]
            assert [key for key in mine if mine[key] == theirs[key]] == []


@pytest.mark.parametrize(
    ("language", "one", "many"),
    [
        ("en", "1 year", "3 years"),
        ("de", "1 Jahr", "3 Jahre"),
        ("fr", "1 an", "3 ans"),
        ("es", "1 año", "3 años"),
        ("nb", "1 år", "3 år"),
    ],
)
def test_a_number_is_said_with_its_unit(language: str, one: str, many: str) -> None:
    assert said(language, "retention", "claims", raw_hours=1, finding_days=1, claims_years=1) == one
    assert said(language, "retention", "claims", raw_hours=1, finding_days=1, claims_years=3) == many


def test_german_counts_in_the_right_case() -> None:
    text = notice(language="de").text
    assert "14 Tage, nachdem" in text
    assert "nach 365 Tagen von selbst" in text


def test_a_key_without_words_is_said_as_it_stands() -> None:
    assert said("en", "basis", "xx-new") == "xx-new"
    assert said("de", "category", "brand-new") == "brand-new"
    assert said("en", "recipient", "organisation", organisation="Acme") == "Acme"
    assert said("en", "recipient", "organisation") == "the organisation"
    assert said("de-AT", "jurisdiction", "NO") == "Norwegen"
    assert said("de", "jurisdiction", "US-SD") == "Vereinigte Staaten (US-SD)"
    assert said("tlh", "jurisdiction", "NO") == "Norway"
    with pytest.raises(KeyError):
        said("en", "no-such-group", "x")


def test_names_are_joined_as_the_language_does() -> None:
    assert "Facebook and X." in notice(platforms=("Facebook", "X")).text
    assert "Facebook e Instagram." in notice(language="es", platforms=("Facebook", "Instagram")).text
    assert "Facebook y YouTube." in notice(language="es", platforms=("Facebook", "YouTube")).text
    assert "Facebook und Instagram." in notice(language="de", platforms=("Facebook", "Instagram")).text


@pytest.mark.parametrize(
    ("wanted", "offered", "best"),
    [
        (["de-AT", "en"], LANGUAGES, "de"),
        (["nn-NO"], LANGUAGES, "nb"),
        (["no"], LANGUAGES, "nb"),
        (["fr_CA.UTF-8"], LANGUAGES, "fr"),
        (["tlh", "ES;q=0.5"], LANGUAGES, "es"),
        (["tlh"], LANGUAGES, "en"),
        ([], ["nb", "en"], "nb"),
        (["nb"], ["en", "no"], "no"),
        (["C.UTF-8", ""], LANGUAGES, "en"),
    ],
)
def test_the_best_language_is_the_first_wanted_one_that_is_there(
    wanted: list[str], offered: list[str], best: str
) -> None:
    assert best_language(wanted, offered) == best
