"""How a notice tells an organisation's own rules: at its end, whole, and so that nobody can read two things into it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.content.notices import LANGUAGES, render_notice
from agent.content.purposes import load_purposes
from agent.content.rules_notice import is_with_rules, with_rules
from agent.model.face import NoticeText
from agent.model.own_rules import OwnRule
from agent.model.purposes import Mode
from agent.pages.markdown import to_html

RULE = OwnRule(
    "3f0f4b0a-6f0e-4c1c-9a55-1f1b6b6f0c11",
    "Media comes from the **library**",
    "Ask the desk",
    "media-downloader",
    ("all of:", "  at least one of:", "    modes is «list»", "    modes is «channel»", "  not:", "    flags holds «x»"),
)
SHA = "ab" * 32


def bare(language: str = "en") -> NoticeText:
    return render_notice(
        Mode.MANAGED,
        language,
        purposes=list(load_purposes().values()),
        organisation="Acme",
        contact="dpo@acme.example",
        jurisdiction="NO",
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_notice_without_them_is_the_beginning_of_the_notice_with_them(language: str) -> None:
    notice = bare(language)
    told = with_rules(notice, [RULE], SHA, "Acme")
    assert told.text.startswith(notice.text)
    assert is_with_rules(told, notice)
    assert not is_with_rules(notice, notice)
    assert told.sha256 != notice.sha256
    assert SHA in told.text
    assert "Acme" in told.text[len(notice.text) :]


def test_what_belongs_together_can_be_read_from_the_numbers() -> None:
    after = with_rules(bare(), [RULE], SHA, "Acme").text[len(bare().text) :]
    lines = [line for line in after.splitlines() if line.startswith("- ")]
    assert lines == [
        "- **Media comes from the library** (media-downloader). Ask the desk. It matches when:",
        "- 1 all of:",
        "- 1.1 at least one of:",
        "- 1.1.1 modes is «list»",
        "- 1.1.2 modes is «channel»",
        "- 1.2 not:",
        "- 1.2.1 flags holds «x»",
    ]
    assert "<li>1.1.2 modes is «channel»</li>" in to_html(after)


def test_other_rules_are_another_text_and_none_are_none() -> None:
    notice = bare()
    one = with_rules(notice, [RULE], SHA, "Acme")
    assert with_rules(notice, [RULE], "cd" * 32, "Acme").sha256 != one.sha256
    assert with_rules(notice, [], "", "Acme") == notice


def test_a_rule_cannot_forge_a_heading_a_link_or_another_part() -> None:
    forged = replace(RULE, title="# Heading", description="## More\n\n- [x](https://e.example) <b>", condition=("#",))
    after = with_rules(bare(), [forged], SHA, "Acme").text[len(bare().text) :]
    assert [line for line in after.splitlines() if line.startswith("#")] == ["## Rules of Acme"]
    assert "https://" not in after
    assert "<b>" not in to_html(after)
