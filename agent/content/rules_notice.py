"""The part of a notice that tells of an organisation's own rules (DESIGN 3.15).

It stands after everything else, so that the notice without it is the beginning of the notice with it: whoever was shown
the one was shown all of the other, and rules that are added later are read by themselves. Its text holds the rules'
fingerprint: other rules are another text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from agent.content.notices import plain_line, words_of
from agent.model.face import NoticeText
from agent.model.own_rules import OwnRule


def with_rules(notice: NoticeText, rules: Sequence[OwnRule], sha256: str, organisation: str) -> NoticeText:
    """Return a notice with the organisation's rules told at its end; the notice itself where there are none.

    Args:
        notice: The notice without them.
        rules: The rules.
        sha256: Their fingerprint.
        organisation: Whose they are, as the notice names it.
    """
    if not rules:
        return notice
    words = words_of(notice.language).own_rules
    lines = [
        f"## {words.heading.format(organisation=plain_line(organisation))}",
        words.lead.format(organisation=plain_line(organisation)),
        "",
    ]
    for rule in rules:
        lines.append(f"- **{_bold(rule.title)}** ({rule.family}). {_sentence(rule.description)} {words.when}")
        lines += [f"- {line}" for line in _numbered(rule.condition)]
    lines += ["", words.fingerprint.format(sha256=sha256)]
    text = notice.text + "\n" + "\n".join(lines) + "\n"
    return replace(notice, text=text, sha256=hashlib.sha256(text.encode()).hexdigest())


def is_with_rules(notice: NoticeText, bare: NoticeText) -> bool:
    """Say whether a text is another one with an organisation's rules at its end, whichever they are."""
    heading = words_of(bare.language).own_rules.heading.partition("{organisation}")
    after = notice.text[len(bare.text) :]
    return (
        notice.language == bare.language
        and notice.text.startswith(bare.text)
        and after.startswith(f"\n## {heading[0]}")
        and after.split("\n")[1].endswith(heading[2])
    )


def _numbered(condition: Sequence[str]) -> list[str]:
    """Return the lines of a condition with numbers for their depth, which every way of showing a notice keeps.

    Args:
        condition: Line by line, inner lines indented by two spaces.
    """
    told = []
    at: list[int] = []
    for line in condition:
        depth = min((len(line) - len(line.lstrip(" "))) // 2, len(at))
        at = [*at[:depth], at[depth] + 1 if depth < len(at) else 1]
        told.append(f"{'.'.join(map(str, at))} {plain_line(line.strip())}")
    return told


def _bold(text: str) -> str:
    return plain_line(text).replace("*", "").lstrip("#- ")


def _sentence(text: str) -> str:
    plain = plain_line(" ".join(text.split())).lstrip("#- ")
    return plain if plain.endswith((".", "!", "?")) else f"{plain}."
