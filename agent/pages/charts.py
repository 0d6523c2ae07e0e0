"""A bar of proportions as SVG, drawn here: no script, no style attribute, nothing to load (our policy forbids each).

Each bar is one image with a spoken description; colours come from the style sheet by class, so that light, dark and
forced colours work. The numbers always stand beside it as text and in a table: the bar only shows their proportions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

WIDTH = 1000
HEIGHT = 16
_GAP = 3
_SHADES = 5


@dataclass(frozen=True, slots=True)
class Segment:
    """One part of a bar: its label in words and how many."""

    label: str
    count: int


def bar(segments: Sequence[Segment], scale: int, spoken: str) -> Markup:
    """Draw one bar.

    Args:
        segments: The parts, drawn from left to right; parts of 0 are left out.
        scale: The number that a bar over the whole width stands for; at least 1.
        spoken: What a screen reader says.

    Returns:
        An `<svg>` that scales with its container.
    """
    scale = max(scale, 1)
    shapes: list[str] = []
    at = 0.0
    for index, part in enumerate(s for s in segments if s.count > 0):
        wide = part.count / scale * WIDTH
        drawn = max(wide - _GAP, 2.0)
        shapes.append(
            f'<rect class="shade-{index % _SHADES + 1}" x="{at:.1f}" y="0" width="{drawn:.1f}" height="{HEIGHT}">'
            f"<title>{escape(part.label)}: {part.count}</title></rect>"
        )
        at += wide
    return Markup(  # noqa: S704  every value is a number or escaped
        f'<svg class="bar" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(spoken)}">{"".join(shapes)}</svg>'
    )
