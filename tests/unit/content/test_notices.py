"""The notice says what holds, exactly: every value a person relies on is in the text and therefore in its hash."""

from __future__ import annotations

import hashlib
import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.content.notices import PLATFORMS, SUPPLEMENT_BYTES, render_notice
from agent.model.face import NoticeText
from agent.model.legal import PurposeFacts
from agent.model.purposes import Mode, Purpose, StartRule


def facts(purpose: Purpose, **changes: Any) -> PurposeFacts:
    """A purpose as the data describe it, with what a test is about changed."""
    plain: dict[str, Any] = {
        "purpose": purpose,
        "in_use": True,
        "leaves": False,
        "basis": {"default": "A6-1-a" if purpose.optional else "A6-1-f"},
        "categories": ("page-classes",),
        "recipients": ("person",),
        "retention": "longer" if purpose.optional else "observations",
        "consent_days": 365 if purpose.optional else None,
        "one_time": False,
        "dpv": ("dpv:LegalCompliance",),
    }
    return PurposeFacts(**(plain | changes))


MANDATORY = tuple(facts(p) for p in (Purpose.DETECT, Purpose.WARN, Purpose.LEDGER, Purpose.HEALTH))
ALL = (*MANDATORY, facts(Purpose.LONGER_HISTORY))


def notice(mode: Mode = Mode.MANAGED, language: str = "en", **values: Any) -> NoticeText:
    """A notice with everything in it, with what a test is about changed."""
    plain: dict[str, Any] = {
        "purposes": ALL,
        "organisation": "Acme",
        "contact": "dpo@acme.example",
        "jurisdiction": "NO",
        "authority": "Datatilsynet",
        "lead_days": 14,
    }
    return render_notice(mode, language, **(plain | values))


@pytest.mark.parametrize("mode", list(Mode))
def test_the_hash_is_of_exactly_the_text_that_is_shown(mode: Mode) -> None:
    told = notice(mode)
    assert told.sha256 == hashlib.sha256(told.text.encode()).hexdigest()
    assert (told.notice, told.language, told.version) == (mode.value, "en", "2")
    assert told.text.rstrip().endswith(f"Notice «{mode.value}», version 2.")


@pytest.mark.parametrize("mode", list(Mode))
def test_headings_stand_apart_and_list_items_on_their_own_lines(mode: Mode) -> None:
    lines = notice(mode, loopback=("www.linkedin.com",), witnesses=("w",)).text.splitlines()
    for before, line in itertools.pairwise(lines):
        if line.startswith("#"):
            assert before == ""
        assert ".- " not in line
        assert before or line


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


def test_every_platform_is_named() -> None:
    text = notice().text
    assert all(name in text for name in PLATFORMS)


def test_a_supplement_stands_after_our_text_and_leaves_it_as_it_is() -> None:
    plain, more = notice(), notice(supplement="# Hello\nSee [our page](https://acme.example/x)\n\n---\n* one")
    assert more.text.startswith(plain.text)
    assert more.text[len(plain.text) :].startswith("\n## Added by Acme\n")
    assert more.text.endswith("\n\n#### Hello\nSee our page(acme.example/x)\n\n- one\n")
    with pytest.raises(ValueError, match="longer than"):
        notice(supplement="x" * (SUPPLEMENT_BYTES + 1))


@settings(max_examples=20)
@given(st.integers(0, 60), st.integers(1, 24), st.integers(1, 90))
def test_another_value_is_another_notice(lead: int, hours: int, days: int) -> None:
    chosen = notice(lead_days=lead, raw_hours=hours, finding_days=days)
    assert chosen == notice(lead_days=lead, raw_hours=hours, finding_days=days)
    assert chosen.sha256 != notice(lead_days=lead + 1, raw_hours=hours, finding_days=days).sha256
    assert chosen.sha256 != notice(lead_days=lead, raw_hours=hours + 1, finding_days=days).sha256


def test_a_managed_notice_without_somebody_behind_it_is_refused() -> None:
    with pytest.raises(ValueError, match="who runs it"):
        notice(contact=" ")
    with pytest.raises(ValueError, match="retention"):
        notice(raw_hours=0)
    with pytest.raises(ValueError, match="purpose"):
        notice(purposes=())
    with pytest.raises(ValueError, match="«tlh»"):
        notice(language="tlh")
