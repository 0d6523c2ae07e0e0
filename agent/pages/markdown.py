"""The notices' small Markdown as HTML: headings, paragraphs, lists, bold, code. Nothing else, and no HTML gets through.

Every character is escaped before any mark is read, so whatever a value holds, it stays text. Links and images are left
out on purpose: a notice must be whole by itself.
"""

from __future__ import annotations

import re

from markupsafe import Markup, escape

_BOLD = re.compile(r"\*\*(.+?)\*\*")
_CODE = re.compile(r"`([^`]+)`")


def to_html(text: str, *, last: str = "") -> Markup:
    """Return `text` as HTML.

    Args:
        text: The notice.
        last: The id that the last heading of the second level gets, for a link to it; empty: none.
    """
    parts: list[str] = []
    in_list, last_part = False, -1
    for line in text.splitlines():
        item = line.startswith("- ")
        if in_list and not item:
            parts.append("</ul>")
        if item and not in_list:
            parts.append("<ul>")
        in_list = item
        if item:
            parts.append(f"<li>{_inline(line[2:])}</li>")
        elif line.startswith("#"):
            marks = len(line) - len(line.lstrip("#"))
            level = min(6, marks)
            if level == 2:
                last_part = len(parts)
            parts.append(f"<h{level}>{_inline(line[marks:].strip())}</h{level}>")
        elif line.strip():
            parts.append(f"<p>{_inline(line)}</p>")
    if in_list:
        parts.append("</ul>")
    if last and last_part >= 0:
        parts[last_part] = parts[last_part].replace("<h2>", f'<h2 id="{escape(last)}">', 1)
    return Markup("\n".join(parts))  # noqa: S704  built from escaped text and the tags above


def _inline(text: str) -> str:
    escaped = str(escape(text))
    return _CODE.sub(r"<code>\1</code>", _BOLD.sub(r"<strong>\1</strong>", escaped))
