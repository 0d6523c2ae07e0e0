"""A chart of stacked columns as SVG, drawn here: no script, no style attribute, nothing to load.

Numbers go in by column and series; out comes one image that stretches with its container and holds no text of its own,
so that what is read around it keeps its size on a narrow screen. One path a series keeps it small: a day of nine
platforms is some four kilobytes, whatever the counts. Each series has a slot, and a slot has a colour and a texture of
its own (the style sheet fills both in), so that colour alone never tells two of them apart; in forced colours the
texture stays. The numbers always stand beside it in a table: the chart only shows their proportions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup, escape

WIDTH: Final = 960
HEIGHT: Final = 180
SLOTS: Final = 9
_GAP: Final = 6
_LINES: Final = 3
_TEXTURES: Final = (
    "",
    "M0 2h8M0 6h8",
    "M0 2h4",
    "M0 4h8",
    "M4 0v8",
    "M0 2h4M4 6h4",
    "M0 4h8M4 0v8",
    "M1 2h2M5 6h2",
    "M0 1h8M0 3h8M0 5h8M0 7h8",
)
"""What lies over the colour of each slot, in a square of eight units; the first is plain."""


@dataclass(frozen=True, slots=True)
class Series:
    """One layer of the stack.

    Attributes:
        slot: Which colour and texture, 0 to 8.
        counts: How many in each column, none below 0.
    """

    slot: int
    counts: tuple[int, ...]


def columns(series: Sequence[Series], titles: Sequence[str], spoken: str) -> Markup:
    """Draw stacked columns.

    Args:
        series: The layers, the lowest first, each with one count for every column.
        titles: What each column says under a mouse; as many as there are columns, at least one.
        spoken: What a screen reader says of the whole.

    Returns:
        An `<svg>` with its textures.

    Raises:
        ValueError: A series has not as many counts as there are columns.
    """
    wide = WIDTH / len(titles)
    heights = [sum(layer) for layer in zip(*(one.counts for one in series), strict=True)] or [0] * len(titles)
    if len(heights) != len(titles):
        raise ValueError(f"{len(titles)} columns have titles and {len(heights)} have counts")
    most = max(1, *heights)
    floor = [HEIGHT] * len(titles)
    layers: list[str] = []
    for one in series:
        path: list[str] = []
        for index, count in enumerate(one.counts):
            if count:
                # Whole units keep it small, and nothing that was counted is too low to be seen.
                top = max(0, floor[index] - max(1, round(count / most * HEIGHT)))
                x, drawn = _short(index * wide + _GAP / 2), _short(wide - _GAP)
                path.append(f"M{x} {top}h{drawn}V{floor[index]}h-{drawn}z")
                floor[index] = top
        layers.append(f'<path fill="url(#w{one.slot % SLOTS})" d="{"".join(path)}"/>')
    lines = "".join(f"M0 {_short(HEIGHT * n / _LINES)}H{WIDTH}" for n in range(_LINES + 1))
    under = "".join(
        f'<path class="hit" d="M{_short(index * wide)} 0h{_short(wide)}v{HEIGHT}h-{_short(wide)}z">'
        f"<title>{escape(title)}</title></path>"
        for index, title in enumerate(titles)
    )
    return Markup(  # noqa: S704  every value is a number or escaped
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(spoken)}"><defs>{_textures(one.slot % SLOTS for one in series)}</defs>'
        f'<path class="grid" d="{lines}"/>{"".join(layers)}{under}</svg>'
    )


def swatch(slot: int) -> Markup:
    """Draw the small square that says which layer is whose; it uses the textures of the chart on the same page."""
    return Markup(  # noqa: S704  a number
        f'<svg class="swatch" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">'
        f'<rect width="16" height="16" rx="3" fill="url(#w{slot % SLOTS})"/></svg>'
    )


def _textures(slots: Iterable[int]) -> str:
    return "".join(
        f'<pattern id="w{slot}" class="w{slot}" width="8" height="8" patternUnits="userSpaceOnUse">'
        f'<rect width="8" height="8"/><path d="{_TEXTURES[slot]}"/></pattern>'
        for slot in dict.fromkeys(slots)
    )


def _short(number: float) -> str:
    """Write a length with at most one digit after the point."""
    return f"{number:.1f}".removesuffix(".0")
