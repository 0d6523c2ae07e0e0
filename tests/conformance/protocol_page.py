"""Reads `docs/protocol.md` as data: for every message its fields, in the order of the table, and its example.

Used by the conformance tests and by `tests/unit/test_docs.py`, so that the page is what is tested and not a copy of it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parents[2] / "docs" / "protocol.md"

_SECTION = re.compile(r"^## (?P<title>.+)$", re.MULTILINE)
_MESSAGE = re.compile(r"^### `(?P<kind>\w+)`(?P<body>.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
_ROW = re.compile(r"^\| `(?P<field>\w+)` \| (?P<type>[^|]*) \| (?P<meaning>.*) \|$", re.MULTILINE)
_EXAMPLE = re.compile(r"^```json\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the page.

    Attributes:
        section: The heading it stands under, such as `Extension → agent`.
        kind: Its `kind`.
        fields: Names of the table's rows, in order; `v` and `kind` are not among them.
        meanings: The whole row's text by field.
        example: The example, decoded.
    """

    section: str
    kind: str
    fields: tuple[str, ...]
    meanings: dict[str, str]
    example: dict[str, Any]


def text() -> str:
    """The page."""
    return PAGE.read_text("utf-8")


def section(title: str) -> str:
    """The text below the heading that begins with `title`, up to the next heading of its rank."""
    whole = text()
    heads = list(_SECTION.finditer(whole))
    for number, head in enumerate(heads):
        if head["title"].startswith(title):
            end = heads[number + 1].start() if number + 1 < len(heads) else len(whole)
            return whole[head.end() : end]
    raise AssertionError(f"docs/protocol.md has no section «{title}» any more")


def messages(title: str) -> dict[str, Message]:
    """Every message below one heading, by kind."""
    found: dict[str, Message] = {}
    for match in _MESSAGE.finditer(section(title)):
        body = match["body"]
        rows = list(_ROW.finditer(body))
        examples = _EXAMPLE.findall(body)
        assert len(examples) == 1, f"`{match['kind']}` has {len(examples)} examples in docs/protocol.md, not one"
        found[match["kind"]] = Message(
            title,
            match["kind"],
            tuple(row["field"] for row in rows),
            {row["field"]: f"{row['type']} {row['meaning']}" for row in rows},
            json.loads(examples[0]),
        )
    return found
