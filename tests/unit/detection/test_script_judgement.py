"""Whole programs, judged as scripts of a person's own: what collects is flagged, ordinary work is hidden."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.content.catalogue import Catalogue
from agent.detection.identified import Identified
from agent.detection.identify.folders import Distributions
from agent.detection.identify.imports import judge
from agent.detection.identify.parse import python_code
from agent.detection.scoring import flagged, level
from agent.model.findings import Level, Stage
from tests.unit.detection.shapes import collecting, ordinary


def judged(text: str, catalogue: Catalogue, mark: str = "") -> Identified | None:
    sites: tuple[Path, ...] = ()
    return judge(python_code.read(text.encode()), "python", catalogue, Distributions(), sites, mark=mark)


def is_flagged(found: Identified | None) -> bool:
    if found is None:
        return False
    return flagged(level(found.evidence), Stage.RUNNING, found.modes, found.asks_for_many)


@pytest.mark.parametrize("name", collecting.FLAGGED)
def test_a_program_that_collects_is_flagged_by_its_code_alone(name: str, catalogue: Catalogue) -> None:
    assert is_flagged(judged(collecting.FLAGGED[name], catalogue))


@pytest.mark.parametrize("name", collecting.LISTED)
def test_a_program_that_may_collect_is_listed(name: str, catalogue: Catalogue) -> None:
    found = judged(collecting.LISTED[name], catalogue)
    assert found is not None and level(found.evidence) is not Level.HIDDEN


@pytest.mark.parametrize("name", ordinary.HIDDEN)
def test_ordinary_work_is_not_even_listed(name: str, catalogue: Catalogue) -> None:
    found = judged(ordinary.HIDDEN[name], catalogue)
    assert found is None or level(found.evidence) is Level.HIDDEN


@pytest.mark.parametrize("name", ordinary.LISTED)
def test_work_that_looks_alike_is_at_most_listed(name: str, catalogue: Catalogue) -> None:
    assert not is_flagged(judged(ordinary.LISTED[name], catalogue))
