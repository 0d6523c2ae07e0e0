"""The notice says what holds, exactly: every value a person relies on is in the text and therefore in its hash."""

from __future__ import annotations

import hashlib
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.content.notices import PURPOSE_WORDS, render_notice
from agent.model.face import NoticeText
from agent.model.purposes import Mode, Purpose

MANDATORY = (Purpose.DETECT, Purpose.HEALTH)


def managed(
    *, organisation: str = "Acme", contact: str = "dpo@acme.example", lead_days: int = 14, raw_hours: int = 24,
    finding_days: int = 90, acknowledgement: bool = False,
) -> NoticeText:  # fmt: skip
    return render_notice(
        Mode.MANAGED,
        purposes=MANDATORY,
        organisation=organisation,
        contact=contact,
        lead_days=lead_days,
        raw_hours=raw_hours,
        finding_days=finding_days,
        acknowledgement=acknowledgement,
    )


def test_every_purpose_has_its_plain_words() -> None:
    assert set(PURPOSE_WORDS) == set(Purpose)


@pytest.mark.parametrize("mode", list(Mode))
def test_the_hash_is_of_exactly_the_text_that_is_shown(mode: Mode) -> None:
    notice = render_notice(mode, purposes=MANDATORY, organisation="Acme", contact="dpo@acme.example")
    assert notice.sha256 == hashlib.sha256(notice.text.encode()).hexdigest()
    assert (notice.notice, notice.language, notice.version) == (mode.value, "en", "1")
    assert notice.text.rstrip().endswith(f"Notice «{mode.value}», version 1.")


@pytest.mark.parametrize("mode", list(Mode))
def test_a_notice_tells_what_is_looked_at_kept_sent_never_seen_and_what_one_can_do(mode: Mode) -> None:
    text = render_notice(mode, purposes=MANDATORY, organisation="Acme", contact="dpo@acme.example").text
    for heading in ("looked at", "kept", "leaves this computer", "never seen", "you can do"):
        assert any(line.startswith("## ") and heading in line for line in text.splitlines()), heading
    assert "Watching starts" in text
    assert "{" not in text
    assert "---" not in text
    assert len(text.split()) < 650  # two screens at most


def test_headings_stand_apart_and_list_items_on_their_own_lines() -> None:
    lines = managed().text.splitlines()
    for before, line in itertools.pairwise(lines):
        if line.startswith("#"):
            assert before == ""
        assert ".- " not in line


def test_in_personal_mode_watching_starts_with_the_press_and_nothing_leaves() -> None:
    text = render_notice(Mode.PERSONAL, purposes=MANDATORY).text
    assert "when you press «Start watching», and not before" in text
    assert "nothing leaves this computer" in text
    assert "Only if you ask" not in text


def test_an_optional_purpose_stands_apart() -> None:
    text = render_notice(Mode.PERSONAL, purposes=tuple(Purpose)).text
    assert text.index("Longer history") > text.index("## Only if you ask for it")


def test_a_managed_notice_says_when_watching_starts_and_whether_pressing_matters() -> None:
    assert "14 days after this notice was first shown to you, whether or not you press anything" in managed().text
    assert "1 day after" in managed(lead_days=1).text
    assert "once this notice was shown to you, whether or not" in managed(lead_days=0).text
    assert "once you have pressed one of the buttons" in managed(lead_days=0, acknowledgement=True).text
    both = managed(acknowledgement=True).text
    assert "14 days" in both
    assert "whether or not" not in both


def test_a_test_instance_says_so_and_names_what_it_points_at_itself() -> None:
    text = render_notice(Mode.TEST, purposes=MANDATORY, loopback=("www.linkedin.com",)).text
    assert text.startswith("# TEST INSTANCE")
    assert "count as the real platform: www.linkedin.com" in text


@settings(max_examples=20)
@given(st.integers(0, 60), st.integers(1, 24), st.integers(1, 90), st.booleans())
def test_another_value_is_another_notice(lead: int, hours: int, days: int, acknowledgement: bool) -> None:
    chosen = managed(lead_days=lead, raw_hours=hours, finding_days=days, acknowledgement=acknowledgement)
    assert chosen == managed(lead_days=lead, raw_hours=hours, finding_days=days, acknowledgement=acknowledgement)
    different = managed(lead_days=lead + 1, raw_hours=hours, finding_days=days, acknowledgement=acknowledgement)
    assert chosen.sha256 != different.sha256
    longer = managed(lead_days=lead, raw_hours=hours + 1, finding_days=days, acknowledgement=acknowledgement)
    assert chosen.sha256 != longer.sha256


@settings(max_examples=40)
@given(st.text(min_size=1, max_size=80))
def test_a_value_cannot_add_lines_headings_or_marking(organisation: str) -> None:
    plain = managed()
    try:
        notice = managed(organisation=organisation)
    except ValueError:
        return  # nothing printable is left of it: a managed notice must say who runs it
    assert notice.text.count("\n") == plain.text.count("\n")
    assert notice.text.count("#") == plain.text.count("#")
    assert notice.text.count("**") == plain.text.count("**")
    assert "<" not in notice.text


def test_a_managed_notice_without_somebody_behind_it_is_refused() -> None:
    with pytest.raises(ValueError, match="who runs it"):
        managed(contact=" ")
    with pytest.raises(ValueError, match="retention"):
        managed(raw_hours=0)
    with pytest.raises(ValueError, match="purpose"):
        render_notice(Mode.PERSONAL, purposes=())
