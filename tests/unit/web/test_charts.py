"""The chart: it holds its numbers, stays in its frame, stays small, and brings nothing that our policy forbids."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.pages import charts

COLUMNS = 24
COUNTS = st.lists(st.integers(0, 10**7), min_size=COLUMNS, max_size=COLUMNS).map(tuple)
STACKS = st.lists(COUNTS, max_size=charts.SLOTS).map(
    lambda layers: [charts.Series(slot, counts) for slot, counts in enumerate(layers)]
)
TITLES = [f"{hour:02d}:00" for hour in range(COLUMNS)]
BLOCK = re.compile(r"M([\d.]+) ([\d.]+)h([\d.]+)V([\d.]+)h-([\d.]+)z")


def blocks(drawn: str) -> list[list[tuple[float, ...]]]:
    """Return for each layer its blocks: left, top, width, bottom, width again."""
    return [
        [tuple(map(float, block)) for block in BLOCK.findall(path)]
        for path in re.findall(r'<path fill="url\(#w\d\)" d="([^"]*)"', drawn)
    ]


@given(STACKS)
def test_every_count_above_nothing_is_one_block_in_the_frame(series: list[charts.Series]) -> None:
    layers = blocks(charts.columns(series, TITLES, "spoken"))
    assert [len(layer) for layer in layers] == [sum(count > 0 for count in one.counts) for one in series]
    for x, top, wide, bottom, back in (block for layer in layers for block in layer):
        assert 0 <= x <= x + wide <= charts.WIDTH + 0.1
        assert wide == back
        assert -0.1 <= top <= bottom <= charts.HEIGHT


@given(STACKS)
def test_heights_are_in_proportion_and_layers_lie_on_each_other(series: list[charts.Series]) -> None:
    layers = blocks(charts.columns(series, TITLES, "spoken"))
    most = max((sum(counts) for counts in zip(*(one.counts for one in series), strict=True)), default=0)
    for column in range(COLUMNS):
        floor = float(charts.HEIGHT)
        for one, layer in zip(series, layers, strict=True):
            if one.counts[column]:
                place = sum(count > 0 for count in one.counts[:column])
                _x, top, _wide, bottom, _back = layer[place]
                assert bottom == floor
                # A unit up or down for whole units; at the very top a stack has no more room than there is.
                exact = one.counts[column] / most * charts.HEIGHT
                assert top == 0 or bottom - top == pytest.approx(exact, abs=1.01)
                floor = top


@given(st.text(max_size=40))
def test_no_words_become_markup_and_nothing_is_there_that_the_policy_forbids(words: str) -> None:
    drawn = str(charts.columns([charts.Series(0, (3,))], [words], words)) + str(charts.swatch(3))
    for forbidden in ("<script", " style=", "<style", " on", "href", "http", "data:", "<image", "<foreignObject"):
        assert forbidden not in re.sub(r"<title>.*?</title>|aria-label=\"[^\"]*\"", "", drawn, flags=re.DOTALL)
    tags = set(re.findall(r"<([a-zA-Z]+)", drawn))
    assert tags <= {"svg", "defs", "pattern", "rect", "path", "title"}


def test_it_is_well_formed_and_a_full_day_of_nine_platforms_is_small() -> None:
    series = [charts.Series(slot, tuple(1000 + slot * hour for hour in range(COLUMNS))) for slot in range(charts.SLOTS)]
    drawn = charts.columns(series, [f"{title}: LinkedIn 1 000, X 20" for title in TITLES], "spoken")
    root = ElementTree.fromstring(str(drawn))
    assert root.get("role") == "img"
    assert root.get("aria-label") == "spoken"
    assert len(drawn.encode()) < 12_000


def test_no_two_platforms_share_a_texture() -> None:
    """Forced colours leave one colour: what tells layers apart then is their texture."""
    drawn = str(charts.columns([charts.Series(slot, (1,)) for slot in range(charts.SLOTS)], ["a"], "b"))
    textures = re.findall(r'<pattern id="w\d".*?<path d="([^"]*)"/></pattern>', drawn)
    assert len(textures) == len(set(textures)) == charts.SLOTS


def test_counts_that_do_not_fit_the_columns_are_refused() -> None:
    with pytest.raises(ValueError, match="2 columns have titles and 1 have counts"):
        charts.columns([charts.Series(0, (1,))], ["a", "b"], "spoken")
